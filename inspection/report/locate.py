"""From a call to its sound, by the stored tables and the configured roots."""

from __future__ import annotations

import logging

from inspection.errors import InspectionError
from inspection.report.span import Span
from inspection.settings import Settings
from inspection.speech.decode import Audio, decode
from inspection.speech.join import join

log = logging.getLogger(__name__)


class Recordings:
    """Callable from a call id to what was heard of it, or None: what `write_day` takes as `recording`.

    A call of several recordings is put together as it was for listening. One whose recordings are gone, changed,
    forbidden or unreachable is None: its page is written without sound.
    """

    def __init__(self, span: Span, settings: Settings) -> None:
        from inspection.intake.parts import parts_of
        from inspection.intake.recordings import archive

        heard = span.table("audio").select("call_id", "audio_sha256").collect()
        calls = parts_of(span.table("recordings").collect()).join(heard, on=["call_id", "audio_sha256"], how="semi")
        self._calls = {row["call_id"]: row for row in calls.iter_rows(named=True)}
        self._read = archive(settings).read

    def __call__(self, call_id: str) -> Audio | None:
        call = self._calls.get(call_id)
        if call is None:
            return None
        try:
            if call["parts"]:
                return join(call["parts"], self._read, sha256=call["audio_sha256"])
            return decode(self._read(call["location"]), name=call["location"])
        except (InspectionError, OSError) as error:
            log.warning("call %s: its recording is not on its page: %s", call_id, type(error).__name__)
            return None
