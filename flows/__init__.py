"""Prefect flows: the only place that imports prefect. Whoever imports it from here, nothing calls home."""

from inspection import offline

offline.silence()
