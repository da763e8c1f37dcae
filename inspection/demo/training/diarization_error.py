"""Diarization error of a local pipeline on mixtures whose turns are known."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# imported after the environment is set, which they read
from pyannote.audio import Pipeline
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from inspection.demo.training.mixtures import RATE_HZ, Mixture


@dataclass(frozen=True)
class DiarizationError:
    """Shares of the true speech time over all calls, each call's own rate, and how fast it went."""

    rate: float
    missed: float
    false_alarm: float
    confused: float
    rate_of_calls: tuple[float, ...]
    audio_seconds_per_second: float


def truth(mixture: Mixture) -> Annotation:
    """The known turns as an annotation."""
    annotation = Annotation()
    for track, (voice, start_ms, end_ms) in enumerate(mixture.turns):
        annotation[Segment(start_ms / 1000, end_ms / 1000), track] = str(voice)
    return annotation


def measure(models: Path, mixtures: Iterable[Mixture], num_speakers: int | None = 2) -> DiarizationError:
    """Run the pipeline in `models` (a folder with config.yaml); no collar, overlapping speech counted."""
    pipeline = Pipeline.from_pretrained(models)
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    totals: dict[str, float] = {}
    rates, audio_s, began = [], 0.0, time.monotonic()
    for mixture in mixtures:
        waveform = torch.from_numpy(mixture.samples.astype(np.float32) / 32768)[None]
        found = pipeline({"waveform": waveform, "sample_rate": RATE_HZ}, num_speakers=num_speakers)
        parts = metric(truth(mixture), found.speaker_diarization, detailed=True)
        rates.append(parts["diarization error rate"])
        audio_s += waveform.shape[1] / RATE_HZ
        for part, seconds in parts.items():
            totals[part] = totals.get(part, 0.0) + seconds
    speech_s = totals["total"]
    wrong_s = [totals[part] for part in ("missed detection", "false alarm", "confusion")]
    return DiarizationError(
        sum(wrong_s) / speech_s,
        *(seconds / speech_s for seconds in wrong_s),
        tuple(rates),
        audio_s / (time.monotonic() - began),
    )


def report(error: DiarizationError) -> None:
    """Print the figures."""
    worst = sorted(error.rate_of_calls)[-3:]
    print(
        f"{len(error.rate_of_calls)} calls: diarization error {error.rate:.1%} "
        f"(missed {error.missed:.1%}, false alarm {error.false_alarm:.1%}, wrong speaker {error.confused:.1%}), "
        f"median call {np.median(error.rate_of_calls):.1%}, worst {', '.join(f'{rate:.0%}' for rate in worst)}, "
        f"{error.audio_seconds_per_second:.0f} s of audio a second"
    )
