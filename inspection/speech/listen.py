"""The path of many calls through the models: decoded and prepared ahead, recognised together, stored one by one.

    for progress in make_transcripts(calls, engines, settings, store): ...
    heard = listen(calls, engines, settings, store)      # the same, and the frames of all of the calls

A thread decodes and prepares the next calls while the model works on the last ones; a bounded queue between them keeps
the memory flat however long the day is. A call that fails becomes a skip and the others go on.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from inspection.errors import InspectionError
from inspection.progress import report
from inspection.settings import SpeechSettings
from inspection.speech.decode import RATE_HZ, Audio, Unheard, decode, sha256_of
from inspection.speech.hear import Heard, hear
from inspection.speech.join import join
from inspection.speech.models import Engines
from inspection.speech.prepare import Prepared, finish, prepare
from inspection.speech.transcripts import TranscriptStore
from inspection.tables import SKIPS, conform

log = logging.getLogger(__name__)

GROUP_SPEECH_S = 1200
"""A group is also full with this much speech, so that long calls need no more memory than short ones."""


@dataclass(frozen=True)
class Limits:
    """Which recordings are listened to at all; see RecordingSettings."""

    min_ms: int = 1_000
    max_ms: int = 3 * 3600 * 1000


@dataclass(frozen=True)
class Progress:
    """How far a batch of calls is. `skips`: rows of SKIPS that came up since the last one."""

    done: int
    total: int
    skips: tuple[dict[str, Any], ...] = ()


def listen(
    calls: pl.DataFrame,
    engines: Engines,
    settings: SpeechSettings,
    store: TranscriptStore,
    *,
    limits: Limits = Limits(),
    read: Callable[[str], bytes] | None = None,
) -> Heard:
    """Makes the transcripts that are missing, then loads all: turns, words, acoustics, audio and skips of the calls.

    `calls` needs call_id, recording_id, location and audio_sha256, and may carry the columns of ATTEMPTS that help to
    tell the roles (agent_kind, agent_channel, institution), and `parts`, where several recordings make up a call (see
    inspection.speech.join). `read` gets the bytes of a location; by default it is a
    path. Raises SpeechError when a model is missing or a transcript cannot be written.
    """
    skips: list[dict[str, Any]] = []
    for progress in make_transcripts(calls, engines, settings, store, limits=limits, read=read):
        report("listen", progress.done, progress.total)
        skips.extend(progress.skips)
    left_out = conform(pl.DataFrame(skips, schema=SKIPS), SKIPS, table="skips")
    heard = hear(calls.join(left_out, on="call_id", how="anti"), store, engines.fingerprint, settings)
    return heard.with_skips(left_out)


def make_transcripts(
    calls: pl.DataFrame,
    engines: Engines,
    settings: SpeechSettings,
    store: TranscriptStore,
    *,
    limits: Limits = Limits(),
    read: Callable[[str], bytes] | None = None,
) -> Iterator[Progress]:
    """Listens to the recordings that have no transcript yet; yields after each group of calls."""
    wanted = _without_transcript(calls, engines, store, settings.calls_per_batch)
    done = calls.height - len(wanted)
    yield Progress(done, calls.height)
    if not wanted:
        return
    engines.recogniser  # noqa: B018  a missing model is told before the first call is decoded
    for group in _groups(_prepared_ahead(wanted, engines, settings, limits, read or _read_path)):
        skips = [skip for call in group for skip in ([call.skip] if call.skip else [])]
        skips += _recognise([call for call in group if call.prepared is not None], engines, store)
        done += len(group)
        yield Progress(done, calls.height, tuple(skips))


@dataclass(frozen=True)
class _Call:
    """A call on its way: prepared, or skipped. Calls of the same `group` are recognised together.

    Each step makes a new one, so that the list of a day's calls never holds their sound.
    """

    row: dict[str, Any]
    group: int
    prepared: Prepared | None = None
    skip: dict[str, Any] | None = None

    def skipped(self, reason: str, detail: str) -> dict[str, Any]:
        return {
            "call_id": self.row["call_id"],
            "recording_id": self.row.get("recording_id"),
            "stage": "speech",
            "reason": reason,
            "detail": detail,
        }

    def failed(self, error: Exception) -> dict[str, Any]:
        """A bug or a library's failure on this recording: told without a word of what was said."""
        log.error("call %s: listening failed: %s", self.row["call_id"], type(error).__name__, exc_info=error)
        return self.skipped("speech_error", type(error).__name__)


def _without_transcript(calls: pl.DataFrame, engines: Engines, store: TranscriptStore, size: int) -> list[_Call]:
    """One call for each recording still to be heard, in the order of the calls.

    Groups are counted over all recordings, also those that have a transcript: whoever goes on after an interruption
    hears each call in the same company, so that even the last digit of a probability is the same.
    """
    unhashed = calls.filter(pl.col("audio_sha256").is_null())
    hashed = calls.filter(pl.col("audio_sha256").is_not_null()).unique(
        "audio_sha256", keep="first", maintain_order=True
    )
    rows = pl.concat([hashed, unhashed]).to_dicts()
    return [
        _Call(row, place // size)
        for place, row in enumerate(rows)
        if not (sha := row["audio_sha256"]) or not store.has(sha, engines.fingerprint)
    ]


def _prepared_ahead(
    calls: list[_Call],
    engines: Engines,
    settings: SpeechSettings,
    limits: Limits,
    read: Callable[[str], bytes],
) -> Iterator[_Call]:
    """The calls, prepared by a thread that is at most one group ahead."""
    ready: queue.Queue[_Call | BaseException | None] = queue.Queue(maxsize=settings.calls_per_batch)
    stopped = threading.Event()

    def put(item: _Call | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.2)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for call in calls:
                if stopped.is_set():
                    return
                put(_prepare(call, engines, settings, limits, read))
            put(None)
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            put(error)

    thread = threading.Thread(target=work, name="prepare-calls", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _prepare(
    call: _Call, engines: Engines, settings: SpeechSettings, limits: Limits, read: Callable[[str], bytes]
) -> _Call:
    row = call.row
    try:
        audio = _decoded(row, limits, read)
        return replace(call, prepared=prepare(audio, lambda: engines.diarizer, settings))
    except Unheard as error:
        return replace(call, skip=call.skipped(error.reason, error.detail))
    except FileNotFoundError:
        return replace(call, skip=call.skipped("recording_missing", "the recording has gone since the intake"))
    except PermissionError:
        return replace(call, skip=call.skipped("recording_unreadable", "the recording may not be read"))
    except InspectionError:
        raise
    except Exception as error:
        return replace(call, skip=call.failed(error))


def _decoded(row: dict[str, Any], limits: Limits, read: Callable[[str], bytes]) -> Audio:
    bounds = {"min_ms": limits.min_ms, "max_ms": limits.max_ms}
    if parts := row.get("parts"):
        return join(parts, read, sha256=row["audio_sha256"], **bounds)
    data = read(row["location"])
    if row["audio_sha256"] and sha256_of(data) != row["audio_sha256"]:
        raise Unheard("recording_growing", "its bytes have changed since the intake")
    return decode(data, name=row["location"], **bounds)


def _groups(calls: Iterator[_Call]) -> Iterator[list[_Call]]:
    """Calls of one group together, or fewer where there is much speech in them."""
    group: list[_Call] = []
    speech_s = 0.0
    for call in calls:
        if group and (call.group != group[0].group or speech_s >= GROUP_SPEECH_S):
            yield group
            group, speech_s = [], 0.0
        group.append(call)
        speech_s += sum(map(len, call.prepared.clips)) / RATE_HZ if call.prepared else 0
    if group:
        yield group


def _recognise(group: list[_Call], engines: Engines, store: TranscriptStore) -> list[dict[str, Any]]:
    """Transcribes and stores a group; where that fails, each call alone, so that only the cause is skipped."""
    clips = [clip for call in group for clip in call.prepared.clips]
    try:
        words = engines.recogniser(clips) if clips else []
        place = 0
        for call in group:
            its_clips = len(call.prepared.clips)
            store.add(finish(call.prepared, words[place : place + its_clips], engines.fingerprint))
            place += its_clips
    except InspectionError:
        raise
    except Exception as error:
        if len(group) == 1:
            return [group[0].failed(error)]
        return [skip for call in group for skip in _recognise([call], engines, store)]
    return []


def _read_path(location: str) -> bytes:
    return Path(location).read_bytes()
