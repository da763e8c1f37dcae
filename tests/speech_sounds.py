"""Sounds for the speech room's tests: recordings in many formats, and voices borrowed from the sample day."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path

import av
import numpy as np

from inspection.speech.decode import RATE_HZ, Audio, decode

DAY = Path(__file__).resolve().parents[1] / "inspection" / "demo" / "day"


def truth(call_id: str) -> dict:
    """What the sample day says of one of its calls, by its short id (h04)."""
    calls = json.loads((DAY / "truth.json").read_text("utf-8"))["calls"]
    return next(call for call in calls if call["id"] == call_id)


def recording(call_id: str) -> Path:
    return DAY / "recordings" / truth(call_id)["recording"]


@cache
def sample_call(call_id: str = "h04") -> Audio:
    """A decoded stereo call of the sample day."""
    path = recording(call_id)
    return decode(path.read_bytes(), name=path.name)


def voice(seconds: float, *, channel: int = 0, call_id: str = "h04") -> np.ndarray:
    """So many seconds of one side of a sample call from where it first speaks, float32 (samples,)."""
    side = sample_call(call_id).samples[channel]
    first = int(np.flatnonzero(np.abs(side) > 0.1)[0])
    return side[first : first + round(seconds * RATE_HZ)].copy()


def tone(seconds: float, hz: float = 440, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def noise(seconds: float, level: float = 0.001, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def encoded(samples: np.ndarray, container: str = "wav", codec: str = "pcm_s16le", rate_hz: int = RATE_HZ) -> bytes:
    """Samples (channels, n) or (n,) at 16 kHz as a recording's bytes."""
    samples = np.atleast_2d(samples)
    layout = {1: "mono", 2: "stereo", 4: "quad"}[len(samples)]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        frame.sample_rate = RATE_HZ
        context = stream.codec_context
        context.open()
        resampler = av.AudioResampler(
            format=context.format, layout=layout, rate=rate_hz, frame_size=context.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()
