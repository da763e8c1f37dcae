"""From a call to its recording, by the stored tables and the configured roots."""

from __future__ import annotations

from pathlib import Path

import polars as pl

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

        heard = span.table("audio").select("call_id", heard="audio_sha256")
        found = span.table("recordings").filter(pl.col("call_id").is_not_null()).join(heard, on="call_id", how="left")
        other = pl.col("audio_sha256").ne_missing(pl.col("heard"))  # the recording that was listened to comes first
        first = found.sort("call_id", other, "location").group_by("call_id", maintain_order=True).first()
        self._locations = dict(first.select("call_id", "location").collect().iter_rows())
        self._archive = archive(settings)

    def __call__(self, call_id: str) -> Path | None:
        location = self._locations.get(call_id)
        if location is None:
            return None
        try:
            return self._archive.local_copy(location)
        except (IntakeError, OSError):
            return None
