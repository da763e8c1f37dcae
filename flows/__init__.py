"""Prefect flows: the only place that imports prefect. From here nothing calls home, and no log names a person."""

from inspection import offline, privacy

offline.silence()
privacy.guard_logs()
