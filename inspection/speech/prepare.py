"""One recording made ready for the recogniser, and its words made into a transcript.

    prepared = prepare(audio, diarize, settings)       # who speaks when, and the clips to be recognised
    transcript = finish(prepared, words, fingerprint)  # one row of TRANSCRIPT

Channel first: on two real channels the channel is the speaker and no diarizer runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inspection.settings import SpeechSettings
from inspection.speech import activity, channels
from inspection.speech.channels import FRAME, FRAME_MS
from inspection.speech.decode import RATE_HZ, Audio
from inspection.speech.diarize import Diarizer, voices
from inspection.speech.guards import over_speech, spoken_words
from inspection.speech.transcribe import Word
from inspection.speech.transcripts import TRANSCRIPT

FAINT_SPEECH_MS = 200
"""Less speech than this on a channel is a click or a breath that the voice detector took for a word."""


@dataclass(frozen=True)
class Prepared:
    """A recording ready to be recognised.

    `clips[i]` are the samples of `places[i]`; `facts` are the transcript's columns that are known before any word.
    The whole samples are no longer held: what waits for the recogniser is the speech alone.
    """

    clips: tuple[np.ndarray, ...]
    places: tuple[activity.Clip, ...]
    speech: tuple[tuple[tuple[int, int], ...], ...]  # spans in ms, of voice 0 and 1
    facts: dict[str, Any]


def prepare(audio: Audio, diarizer: Callable[[], Diarizer], settings: SpeechSettings) -> Prepared:
    """Voice activity, channel checks, diarization where there is only one wire, and the clips.

    `diarizer` is called only where one is needed, so that a day of stereo calls never loads it.
    """
    wires = _listen_to_wires(audio)
    if wires.layout == "stereo":
        heard, owned, echo = _by_channel(wires)
    else:
        heard, owned, echo = *_by_diarizer(wires, diarizer), False
    heard, owned = (frames & _enough(frames) for frames in (heard, owned))
    flags = [*audio.flags, *wires.flags, *(["crosstalk"] if echo else [])]
    flags += channels.sound_flags(wires.samples, wires.level, wires.speech)
    flags += ["one_speaker"] if heard.any() and not heard.any(axis=1).all() else []
    length = audio.samples.shape[1]
    spans, owns = ([activity.spans(frames[voice], length) for voice in (0, 1)] for frames in (heard, owned))
    places = [
        clip
        for voice in (0, 1)
        for clip in activity.clips(
            voice,
            owns[voice],
            wires.of(voice, wires.level),
            length=length,
            max_s=settings.longest_clip_s,
            pack=not settings.windows_fit_clips,
        )
    ]
    facts = {
        "audio_sha256": audio.sha256,
        "duration_ms": audio.duration_ms,
        "channels": audio.channels,
        "codec": audio.codec,
        "sample_rate_hz": audio.sample_rate_hz,
        "layout": wires.layout,
        "quality_flags": flags,
        "speech": _rows(spans),
        "exclusive": [] if wires.layout == "stereo" else _rows(owns),
        "levels": [row for voice in (0, 1) for row in _levels(voice, wires.of(voice, wires.level), owned[voice])],
    }
    clips = tuple(np.concatenate([wires.of(clip.voice)[start:end] for start, end in clip.pieces]) for clip in places)
    return Prepared(clips, tuple(places), tuple(tuple(_in_ms(span) for span in some) for some in spans), facts)


@dataclass(frozen=True)
class _Wires:
    """What is on the wires: samples (wires, n); level, probability and speech (wires, frames)."""

    samples: np.ndarray
    level: np.ndarray
    probability: np.ndarray
    speech: np.ndarray
    layout: str
    flags: list[str]

    def of(self, voice: int, rows: np.ndarray | None = None) -> np.ndarray:
        """The row of the wire on which a voice is heard."""
        return (self.samples if rows is None else rows)[voice if self.layout == "stereo" else 0]


def _listen_to_wires(audio: Audio) -> _Wires:
    samples, level = audio.samples, channels.levels(audio.samples)
    layout, flags = channels.layout(samples, level)
    if layout == "mono_in_stereo":
        samples, level = samples[:1], level[:1]
    probability = activity.probabilities(samples)
    return _Wires(samples, level, probability, activity.speech_frames(probability, level), layout, flags)


def _by_channel(wires: _Wires) -> tuple[np.ndarray, np.ndarray, bool]:
    """Frames heard and owned by each voice, bool (2, frames) each, and whether an echo had to be left out."""
    found = channels.echoes(wires.samples, wires.level, wires.speech)
    own = activity.tidied(channels.without_echo(wires.speech, wires.level, found)) if found else wires.speech
    return own, own, bool(found)


def _by_diarizer(wires: _Wires, diarizer: Callable[[], Diarizer]) -> tuple[np.ndarray, np.ndarray]:
    speech = wires.speech[0]
    if not speech.any():
        return (np.zeros((2, len(speech)), bool),) * 2
    return voices(diarizer()(wires.samples[0]), speech, wires.probability[0] < activity.SPEECH_WHILE)


def finish(prepared: Prepared, words: Sequence[Sequence[Word]], fingerprint: str) -> pl.DataFrame:
    """The transcript, one row of TRANSCRIPT: words put in their place in the call, those that nobody said left out."""
    rows, flags = [], set()
    for clip, its_words in zip(prepared.places, words, strict=True):
        kept, told = spoken_words(its_words)
        placed = [_placed(clip, word) for word in kept]
        on_speech = over_speech(placed, prepared.speech[clip.voice])
        flags |= told | (set() if on_speech.all() else {"invented_text"})
        rows += [
            {"voice": clip.voice, **word._asdict()} for word, there in zip(placed, on_speech, strict=True) if there
        ]
    rows.sort(key=lambda row: (row["start_ms"], row["end_ms"], row["voice"]))
    facts = prepared.facts
    row = {
        **facts,
        "speech_fingerprint": fingerprint,
        "quality_flags": [*facts["quality_flags"], *sorted(flags)],
        "words": rows,
    }
    return pl.DataFrame([row], schema=TRANSCRIPT)


def _placed(clip: activity.Clip, word: Word) -> Word:
    """The word in the call's time: by the piece of the recording that its middle lies in, never outside that piece."""
    middle = (word.start_ms + word.end_ms) / 2
    at = 0.0
    for start, end in clip.pieces:
        length = 1000 * (end - start) / RATE_HZ
        if middle < at + length or (start, end) == clip.pieces[-1]:
            break
        at += length
    first, last = _in_ms((start, end))
    shift = first - at
    placed_start = min(max(round(word.start_ms + shift), first), last)
    return word._replace(start_ms=placed_start, end_ms=min(max(round(word.end_ms + shift), placed_start), last))


def _enough(frames: np.ndarray) -> np.ndarray:
    """Which voices speak long enough to be voices: bool (voices, 1)."""
    return (frames.sum(axis=1) * FRAME_MS >= FAINT_SPEECH_MS)[:, None]


def _in_ms(span: tuple[int, int]) -> tuple[int, int]:
    return round(1000 * span[0] / RATE_HZ), round(1000 * span[1] / RATE_HZ)


def _rows(spans: Sequence[activity.Spans]) -> list[dict[str, int]]:
    rows = [
        {"voice": voice, "start_ms": start, "end_ms": end}
        for voice, some in enumerate(spans)
        for start, end in map(_in_ms, some)
    ]
    return sorted(rows, key=lambda row: (row["start_ms"], row["end_ms"], row["voice"]))


def _levels(voice: int, level: np.ndarray, owned: np.ndarray) -> list[dict[str, Any]]:
    """Mean level (of power, in dB) of each second in which the voice speaks at least half of the time."""
    per_second = RATE_HZ // FRAME
    seconds = len(level) // per_second
    spoken = owned[: seconds * per_second].reshape(seconds, per_second)
    power = 10 ** (level[: seconds * per_second].reshape(seconds, per_second) / 10)
    loud = np.where(spoken, power, 0).sum(axis=1) / np.maximum(spoken.sum(axis=1), 1)
    return [
        {
            "voice": voice,
            "start_ms": int(second * per_second * FRAME_MS),
            "level_db": float(10 * np.log10(loud[second] + 1e-12)),
        }
        for second in np.flatnonzero(spoken.mean(axis=1) >= 0.5)
    ]
