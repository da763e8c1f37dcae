"""Who spoke when on a mono recording: pyannote.audio, two speakers, in memory.

Two answers are kept. The overlapping one says when each voice is heard, also while the other speaks (talking over the
debtor is evidence); the exclusive one gives every moment to a single voice, and with it the words.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.errors import SpeechError
from inspection.speech.channels import FRAME, FRAME_MS, runs
from inspection.speech.decode import RATE_HZ

BLIP_MS = 300
"""A voice does not take over for less than this in the middle of the other's speech."""


@dataclass(frozen=True)
class Speakers:
    """Spans (voice, start_s, end_s) in order of time; voice 0 is the one heard first."""

    overlapping: tuple[tuple[int, float, float], ...]
    exclusive: tuple[tuple[int, float, float], ...]


Diarizer = Callable[[np.ndarray], Speakers]
"""From mono samples, float32 (samples,) at 16 kHz, to at most two speakers."""


def load_diarizer(folder: Path, device: str) -> Diarizer:
    """The pipeline described by `config.yaml` in a local folder. Raises SpeechError naming the folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on import it warns of a decoder that is not used here
        import torch
        from pyannote.audio import Pipeline

        # One half of the cores: the recogniser runs beside it, and threads that wait for each other's cores are slow.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        try:
            pipeline = Pipeline.from_pretrained(folder)
            pipeline.to(
                torch.device(
                    "cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu")
                )
            )
        except Exception as error:
            raise SpeechError(
                f"{folder}: the diarization pipeline does not load: {type(error).__name__}: {error}"
            ) from error

    def diarize(samples: np.ndarray) -> Speakers:
        waveform = torch.from_numpy(np.ascontiguousarray(samples, np.float32))[None]
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            found = pipeline({"waveform": waveform, "sample_rate": RATE_HZ}, num_speakers=2)
        exclusive = _tracks(found.exclusive_speaker_diarization)
        order = {label: voice for voice, label in enumerate(dict.fromkeys(label for label, *_ in exclusive))}
        return Speakers(_voiced(_tracks(found.speaker_diarization), order), _voiced(exclusive, order))

    return diarize


def _tracks(annotation) -> list[tuple[str, float, float]]:
    return [(label, segment.start, segment.end) for segment, _, label in annotation.itertracks(yield_label=True)]


def _voiced(tracks: list[tuple[str, float, float]], order: dict[str, int]) -> tuple[tuple[int, float, float], ...]:
    return tuple((order[label], start, end) for label, start, end in tracks if order.get(label, 2) < 2)


def voices(speakers: Speakers, speech: np.ndarray, pauses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames in which each voice is heard and in which it owns the words: two bool (2, frames).

    `speech` (frames,) is the voice detector's word: what it calls no speech (tones, noise) belongs to nobody, and what
    the diarizer overlooked goes to the voice nearest in time. Between two `pauses` (frames,) a voice keeps the floor
    unless the other one has it for a noticeable while, so that no word is cut by a wavering border.
    """
    frames = len(speech)
    heard = np.zeros((2, frames), bool)
    for voice, start, end in speakers.overlapping:
        heard[voice, _frame(start) : _frame(end)] = True
    owner = np.full(frames, -1, np.int8)
    for voice, start, end in speakers.exclusive:
        owner[_frame(start) : _frame(end)] = voice
    owner = _settled(_nearest(owner), speech & ~pauses)
    owned = np.stack([speech & (owner == voice) for voice in (0, 1)])
    return (heard & speech) | owned, owned


def _frame(seconds: float) -> int:
    return round(seconds * RATE_HZ / FRAME)


def _nearest(owner: np.ndarray) -> np.ndarray:
    """Frames without an owner take the nearest one's; all -1 becomes voice 0."""
    known = np.flatnonzero(owner >= 0)
    if not len(known):
        return np.zeros_like(owner)
    places = np.arange(len(owner))
    after = np.searchsorted(known, places).clip(0, len(known) - 1)
    before = (after - 1).clip(0)
    closer = np.abs(known[after] - places) < np.abs(known[before] - places)
    return owner[np.where(closer, known[after], known[before])]


def _settled(owner: np.ndarray, unbroken: np.ndarray) -> np.ndarray:
    """Within each unbroken stretch of speech, blips of the other voice are given back."""
    settled = owner.copy()
    blip = BLIP_MS // FRAME_MS
    for start, end in zip(*runs(unbroken), strict=True):
        stretch = settled[start:end]
        counts = np.bincount(stretch, minlength=2)
        if counts.min() <= blip:
            stretch[:] = counts.argmax()
            continue
        for voice in (0, 1):
            for first, last in zip(*runs(stretch == voice), strict=True):
                if last - first <= blip:
                    stretch[first:last] = 1 - voice
    return settled
