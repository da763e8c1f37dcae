"""Where somebody speaks, from the waveform alone, and the clips that are given to the recogniser.

The voice detector is the Silero model that ships inside faster-whisper; it gives a probability for each frame of
32 ms and takes tones, ringing and hold music for what they are. Spans are half-open, in samples at 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspection.speech.channels import FRAME, FRAME_MS, runs
from inspection.speech.decode import RATE_HZ

SPEECH_FROM, SPEECH_WHILE = 0.25, 0.12
"""Speech begins above the first probability and goes on while it stays above the second. Low on purpose: after a long
silence the detector wakes up slowly and half of an answer would be lost; tones, ringing and noise stay below 0.2."""
GROW_MS, GROW_DB = 256, 10.0
"""A word's quiet beginning belongs to it: speech grows so far into sound that stands so far above the floor."""
BRIDGE_MS = 190
"""Shorter pauses lie inside a word or between two syllables."""
SHORTEST_MS = 90
EDGE_MS = 30
CLIP_EDGE_MS = 150
"""Sound before and after the speech that the recogniser gets as well."""
JOIN_MS = 600
"""Speech after a shorter pause belongs to the same clip."""

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Clip:
    """Speech of one voice for the recogniser: pieces of the recording (half-open, samples) laid end to end."""

    voice: int
    pieces: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        return sum(end - start for start, end in self.pieces)


def probabilities(samples: np.ndarray) -> np.ndarray:
    """Probability of speech, float32 (channels, frames)."""
    from faster_whisper.vad import get_vad_model

    model = get_vad_model()
    frames = -(-samples.shape[1] // FRAME)
    padded = np.zeros((samples.shape[0], frames * FRAME), np.float32)
    padded[:, : samples.shape[1]] = samples
    return (
        np.stack([model(channel).ravel() for channel in padded]) if frames else np.zeros((len(samples), 0), np.float32)
    )


def speech_frames(probability: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Frames with speech, bool (channels, frames), from the probabilities and the levels in dB of the frames."""
    certain = np.stack([_hysteresis(channel) for channel in probability])
    return tidied(_grown(certain, level))


def tidied(speech: np.ndarray) -> np.ndarray:
    """Speech frames, bool (channels, frames), with short pauses bridged and clicks dropped."""
    return np.stack([_tidy(channel) for channel in speech])


def spans(speech: np.ndarray, length: int) -> Spans:
    """Spans of one channel's speech frames, a little wider than the frames, not touching one another."""
    starts, ends = runs(speech)
    edge = EDGE_MS * RATE_HZ // 1000
    starts, ends = np.maximum(starts * FRAME - edge, 0), np.minimum(ends * FRAME + edge, length)
    middle = (ends[:-1] + starts[1:]) // 2
    starts[1:], ends[:-1] = np.maximum(starts[1:], middle), np.minimum(ends[:-1], middle)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def clips(voice: int, speech: Spans, level: np.ndarray, *, length: int, max_s: float, pack: bool) -> list[Clip]:
    """The spans of one voice as clips of at most `max_s` seconds, cut where the sound is quietest (`level` in dB).

    A span after a short pause joins the clip before it, with the pause. With `pack` spans after any pause do, with
    only the edges of the pause: a recogniser with a fixed window then hears full windows.
    """
    longest = int(max_s * RATE_HZ)
    edged = _with_edges([piece for span in speech for piece in _cut(span, level, longest)], length)
    made: list[list[tuple[int, int]]] = []
    for start, end in edged:
        pieces = made[-1] if made else []
        near = bool(pieces) and start - pieces[-1][1] <= (JOIN_MS - 2 * CLIP_EDGE_MS) * RATE_HZ // 1000
        if near and _length(pieces) + end - pieces[-1][1] <= longest:
            pieces[-1] = (pieces[-1][0], end)
        elif pack and pieces and _length(pieces) + end - start <= longest:
            pieces.append((start, end))
        else:
            made.append([(start, end)])
    return [Clip(voice, tuple(pieces)) for pieces in made]


def _length(pieces: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in pieces)


def _hysteresis(probability: np.ndarray) -> np.ndarray:
    """True from a frame above SPEECH_FROM until one below SPEECH_WHILE."""
    known = (probability >= SPEECH_FROM) | (probability < SPEECH_WHILE)
    last = np.maximum.accumulate(np.where(known, np.arange(len(probability)), -1))
    return (last >= 0) & (probability[last] >= SPEECH_FROM)


def _grown(speech: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Speech with the sound that joins it without a gap, on both sides."""
    if not speech.size:
        return speech
    loud = level > np.percentile(level, 10, axis=1, keepdims=True) + GROW_DB
    grown = speech.copy()
    for _ in range(GROW_MS // FRAME_MS):
        grown[:, 1:] |= grown[:, :-1] & loud[:, 1:]
        grown[:, :-1] |= grown[:, 1:] & loud[:, :-1]
    return grown


def _tidy(speech: np.ndarray) -> np.ndarray:
    tidy = speech.copy()
    for start, end in zip(*runs(~speech), strict=True):
        if start > 0 and end < len(speech) and (end - start) * FRAME_MS <= BRIDGE_MS:
            tidy[start:end] = True
    for start, end in zip(*runs(tidy), strict=True):
        if (end - start) * FRAME_MS < SHORTEST_MS:
            tidy[start:end] = False
    return tidy


def _with_edges(speech: Spans, length: int) -> Spans:
    """Each span with a little of the pauses around it, never more than half of a pause."""
    if not speech:
        return []
    edge = CLIP_EDGE_MS * RATE_HZ // 1000
    befores = [0, *(end for _, end in speech[:-1])]
    afters = [*(start for start, _ in speech[1:]), length]
    return [
        (start - min(edge, (start - before) // 2), end + min(edge, (after - end) // 2))
        for (start, end), before, after in zip(speech, befores, afters, strict=True)
    ]


def _cut(span: tuple[int, int], level: np.ndarray, longest: int) -> Spans:
    """A span that is too long, cut at the frames of its second half where the sound is quietest."""
    longest -= 2 * CLIP_EDGE_MS * RATE_HZ // 1000
    start, end = span
    pieces = []
    while end - start > longest:
        first, last = (start + longest // 2) // FRAME, (start + longest) // FRAME
        window = np.convolve(level[first:last], np.ones(3) / 3, "same")
        cut = (first + int(window[1:-1].argmin()) + 1) * FRAME + FRAME // 2 if len(window) > 2 else start + longest
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]
