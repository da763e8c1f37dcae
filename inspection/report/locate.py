"""From a call to its recording, by the stored tables and the configured roots."""

from __future__ import annotations

from pathlib import Path

from inspection.errors import IntakeError
from inspection.report.span import Span
from inspection.settings import Settings


class Recordings:
    """Callable from a call id to a readable path, or None: what `write_day` takes as `recording_path`.

    A remote recording is copied to the cache first. One that is gone, forbidden or unreachable is None: its page is
    written without sound.
    """

    def __init__(self, span: Span, settings: Settings) -> None:
        from inspection.intake.recordings import archive

        heard = span.table("audio").select("call_id", "audio_sha256")
        found = span.table("recordings").select("call_id", "audio_sha256", "location")
        matched = found.join(heard, on=["call_id", "audio_sha256"], how="semi").sort("call_id", "location").collect()
        self._locations = dict(matched.unique("call_id", keep="first").select("call_id", "location").iter_rows())
        self._archive = archive(settings)

    def __call__(self, call_id: str) -> Path | None:
        location = self._locations.get(call_id)
        if location is None:
            return None
        try:
            return self._archive.local_copy(location)
        except (IntakeError, OSError):
            return None
