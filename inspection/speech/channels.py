"""What is wrong with the wires: identical or empty channels, echo of the other side, clipping, low level, tones.

Everything is measured on frames of 32 ms (512 samples at 16 kHz), the frames of the voice activity as well, so that
one frame number means the same place everywhere. Levels are dB relative to full scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspection.speech.decode import RATE_HZ

FRAME = 512
FRAME_MS = 1000 * FRAME // RATE_HZ

QUALITY_FLAGS = {
    "truncated": "the recording ends before its header says it should",
    "damaged": "some packets of the recording could not be decoded and were passed over",
    "silent": "no sound at all",
    "empty_channel": "one channel carries no sound: only one side was recorded there, or both on the other channel",
    "identical_channels": "both channels carry the same sound: a mono call in a stereo file",
    "crosstalk": "one side is heard as an echo on the other side's channel; the echo was left out",
    "swapped_channels": "who speaks the opening contradicts the dialer's wiring",
    "clipping": "the loudest parts are cut off",
    "low_level": "the speech is very quiet",
    "hold_tone": "tones or hold music without speech for a long stretch",
    "one_speaker": "only one person is heard",
    "invented_text": "the recogniser wrote words where nobody spoke, or a known invention; they were left out",
    "joined_sides": "two mono recordings, a side of the call each, are heard as one in stereo",
    "joined_parts": "several recordings of the call are heard one after the other; what was not recorded has no time",
    "part_missing": "of several recordings of the call one could not be heard; the others were",
    "repeated_text": "the recogniser went round in a loop; the repetitions were left out",
}

SILENT_DB = -56.0
EMPTY_DB = -58.0
AUDIBLE_DB = -45.0
LOW_LEVEL_DB = -38.0
SAME_SHARE = 0.99
CLIPPED_SHARE = 1e-4
HOLD_MS = 8_000
ECHO_LAG_MS = 300
ECHO_CORRELATION = 0.35
ECHO_BELOW_DB = 6.0


@dataclass(frozen=True)
class Echo:
    """The sound of channel `source` is heard again on the other channel, `lag` frames later, `below_db` quieter."""

    source: int
    lag: int
    below_db: float


def levels(samples: np.ndarray) -> np.ndarray:
    """Level of each frame in dB, float32 (channels, frames); the last frame may be short; silence is -120."""
    channels, length = samples.shape
    frames = -(-length // FRAME)
    padded = np.zeros((channels, frames * FRAME), np.float32)
    padded[:, :length] = samples
    power = np.einsum("cfs,cfs->cf", *(padded.reshape(channels, frames, FRAME),) * 2) / FRAME
    return 10 * np.log10(np.maximum(power, 1e-12))


def loudest(level: np.ndarray) -> np.ndarray:
    """The level that only 2 % of a channel's frames exceed, per channel: a click does not make a channel sound."""
    return np.percentile(level, 98, axis=1) if level.shape[1] else np.full(level.shape[0], -120.0)


def layout(samples: np.ndarray, level: np.ndarray) -> tuple[str, list[str]]:
    """How the sides lie on the wires (stereo | mono | mono_in_stereo), with quality flags.

    `mono_in_stereo` is a stereo file that has to be diarized: the same sound twice, or both sides on one channel.
    """
    loud = loudest(level)
    if loud.max(initial=-120.0) < SILENT_DB:
        return ("mono" if samples.shape[0] == 1 else "stereo"), ["silent"]
    if samples.shape[0] == 1:
        return "mono", []
    if same(samples):
        return "mono_in_stereo", ["identical_channels"]
    if loud.min() < EMPTY_DB and loud.max() > AUDIBLE_DB:
        return "stereo", ["empty_channel"]
    return "stereo", []


def same(samples: np.ndarray) -> bool:
    """Whether one channel is the other at some gain: the squared correlation exceeds 0.99."""
    left, right = samples[0].astype(np.float64), samples[1].astype(np.float64)
    energy = float(left @ left) * float(right @ right)
    return energy > 0 and float(left @ right) ** 2 / energy > SAME_SHARE


def sound_flags(samples: np.ndarray, level: np.ndarray, speech: np.ndarray) -> list[str]:
    """Flags about the sound itself. `speech`: bool (channels, frames), where somebody speaks."""
    flags = []
    if (np.abs(samples) > 0.985).mean() > CLIPPED_SHARE:
        flags.append("clipping")
    spoken = level[speech]
    if spoken.size and np.percentile(spoken, 90) < LOW_LEVEL_DB:
        flags.append("low_level")
    sounding = (level > AUDIBLE_DB).any(axis=0) & ~_widened(speech.any(axis=0), 1000 // FRAME_MS)
    if longest_run(_widened(sounding, 300 // FRAME_MS)) * FRAME_MS >= HOLD_MS:
        flags.append("hold_tone")
    return flags


def echoes(samples: np.ndarray, level: np.ndarray, speech: np.ndarray) -> list[Echo]:
    """Echo of one side on the other's channel, found by correlation where the other is much quieter.

    The lag is looked for up to 300 ms, as long as a telephone network's echo lasts.
    """
    found = []
    for source in (0, 1):
        other = 1 - source
        quiet = speech[source] & (level[other] < level[source] - ECHO_BELOW_DB) & (level[other] > SILENT_DB - 10)
        if quiet.sum() * FRAME_MS < 500:
            continue
        masked = samples[other] * np.repeat(quiet, FRAME)[: samples.shape[1]]
        lag, strength = _best_lag(samples[source][::2], masked[::2])
        if strength > ECHO_CORRELATION:
            below = float(np.percentile(level[source][quiet] - level[other][quiet], 25))
            found.append(Echo(source, lag * 2 // FRAME, below))
    return found


def without_echo(speech: np.ndarray, level: np.ndarray, found: list[Echo]) -> np.ndarray:
    """Speech of each side's own: frames in which the channel is only as loud as the other's echo are taken out."""
    own = speech.copy()
    for echo in found:
        around = np.pad(level[echo.source], (2 + echo.lag, 2), constant_values=-120.0)
        loudest_near = np.lib.stride_tricks.sliding_window_view(around, 5).max(axis=1)[: level.shape[1]]
        own[1 - echo.source] &= level[1 - echo.source] > loudest_near - echo.below_db + ECHO_BELOW_DB
    return own


def longest_run(mask: np.ndarray) -> int:
    """Length of the longest unbroken stretch of True."""
    starts, ends = runs(mask)
    return int((ends - starts).max(initial=0))


def runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half-open stretches of True: starts and ends."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _widened(mask: np.ndarray, frames: int) -> np.ndarray:
    """True also within so many frames of a True."""
    return np.convolve(mask, np.ones(2 * frames + 1), "same") > 0 if mask.size else mask


def _best_lag(source: np.ndarray, heard: np.ndarray) -> tuple[int, float]:
    """Delay in samples (8 kHz) at which `heard` is most like `source`, and that normalised correlation."""
    lags = ECHO_LAG_MS * 8
    size = 1 << int(np.ceil(np.log2(len(source) + lags)))
    spectrum = np.conj(np.fft.rfft(source, size)) * np.fft.rfft(heard, size)
    correlation = np.abs(np.fft.irfft(spectrum, size)[:lags])
    lag = int(correlation.argmax())
    aligned = source[: len(source) - lag][heard[lag:] != 0]
    energy = float(aligned @ aligned) * float(heard @ heard)
    return lag, float(correlation[lag] / np.sqrt(energy)) if energy else 0.0
