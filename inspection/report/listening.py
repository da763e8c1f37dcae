"""A recording made playable on a page: private words silenced, packed as Opus, with its waveform as a drawing.

sound ──► silence over the masked words ──► Ogg Opus as a data address
                                       └──► peaks for the waveform
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.speech.decode import RATE_HZ, Audio

BITS_A_SECOND = 24_000
"""Of each channel; Opus is transparent for telephone speech from about 16 kbit/s on (RFC 6716, section 2.1.1)."""
LONG_MS = 30 * 60_000
"""A longer call is packed as one channel at half the rate, so that its page still opens quickly."""
FADE_MS = 80
"""Silence reaches this far beyond a masked word, since word times are no sharper than that."""


@dataclass(frozen=True)
class Clip:
    """What a page needs to play a call: a data address and, per channel, peaks in [0, 1]."""

    address: str
    peaks: np.ndarray  # float32 (channels, bars)
    duration_ms: int


def listen(audio: Audio, private: Sequence[tuple[int, int]], bars: int = 900) -> Clip:
    """The clip of a call's sound with the stretches `private` (ms, half-open) silenced."""
    samples = silenced(audio.samples, private)
    if samples.shape[1] > LONG_MS * RATE_HZ // 1000:
        samples = samples.mean(axis=0, keepdims=True)
    packed = base64.b64encode(opus(samples)).decode()
    return Clip(f"data:audio/ogg;base64,{packed}", peaks(samples, bars), round(1000 * samples.shape[1] / RATE_HZ))


def silenced(samples: np.ndarray, private: Sequence[tuple[int, int]]) -> np.ndarray:
    """A copy of (channels, samples) that is zero on every channel over the stretches, FADE_MS beyond included."""
    quiet = samples.copy()
    for start_ms, end_ms in private:
        start, end = max(start_ms - FADE_MS, 0) * RATE_HZ // 1000, (end_ms + FADE_MS) * RATE_HZ // 1000
        quiet[:, start:end] = 0.0
    return quiet


def peaks(samples: np.ndarray, bars: int) -> np.ndarray:
    """The loudest sample of each of `bars` equal stretches per channel, scaled so that the call's loudest is 1."""
    channels, length = samples.shape
    width = -(-length // bars)
    padded = np.zeros((channels, width * bars), dtype=np.float32)
    padded[:, :length] = np.abs(samples)
    loudest = padded.reshape(channels, bars, width).max(axis=2)
    return loudest / max(float(loudest.max()), 1e-4)


def opus(samples: np.ndarray) -> bytes:
    """Ogg Opus of float32 (channels, samples) at 16 kHz; the same samples give the same bytes."""
    import av

    channels, length = samples.shape
    packed = io.BytesIO()
    with av.open(
        packed, "w", format="ogg", container_options={"fflags": "+bitexact", "serial_offset": "1"}
    ) as container:
        stream = container.add_stream("libopus", rate=RATE_HZ, layout="mono" if channels == 1 else "stereo")
        stream.bit_rate = BITS_A_SECOND * channels // (1 if length <= LONG_MS * RATE_HZ // 1000 else 2)
        # half the time of the best effort (10), for speech at these rates with no difference to the ear
        stream.codec_context.options = {"application": "voip", "compression_level": "2"}
        pcm = (np.clip(samples.T, -1, 1) * 32767).astype(np.int16)
        for start in range(0, length, RATE_HZ):
            block = np.ascontiguousarray(pcm[start : start + RATE_HZ].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=stream.layout.name)
            frame.sample_rate, frame.pts = RATE_HZ, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return packed.getvalue()
