"""Bytes of a recording in, samples of its channels out: everything PyAV reads, each recording decoded once.

    audio = decode(path.read_bytes(), name=path.name)
    audio.samples        # float32 (channels, samples), [-1, 1], 16 kHz; one or two channels
    audio.sha256         # of the bytes

A recording that cannot be heard raises `Unheard` with a reason of `inspection.errors.SKIP_REASONS`.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import av
import numpy as np

from inspection.errors import SKIP_REASONS, SpeechError

RATE_HZ = 16_000
HEARD_SHARE_WHOLE = 0.98
"""Below this share of what the header promises, the recording is flagged as truncated."""
HEARD_SHARE_ENOUGH = 0.6
"""Below this share it is not inspected: a missing closing or notice would say nothing about the agent."""

HEADERLESS: dict[str, dict[str, Any]] = {
    # Telephone switches store bare samples under these endings; nothing in the bytes says what they are.
    ".ul": {"format": "mulaw", "options": {"sample_rate": "8000"}},
    ".ulaw": {"format": "mulaw", "options": {"sample_rate": "8000"}},
    ".pcmu": {"format": "mulaw", "options": {"sample_rate": "8000"}},
    ".al": {"format": "alaw", "options": {"sample_rate": "8000"}},
    ".alaw": {"format": "alaw", "options": {"sample_rate": "8000"}},
    ".pcma": {"format": "alaw", "options": {"sample_rate": "8000"}},
    ".sln": {"format": "s16le", "options": {"sample_rate": "8000"}},
    ".sln16": {"format": "s16le", "options": {"sample_rate": "16000"}},
    ".g722": {"format": "g722"},
    ".gsm": {"format": "gsm"},
}
_MAGIC = (b"RIFF", b"OggS", b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"#!AMR")


class Unheard(SpeechError):
    """A recording that cannot be heard: `reason` is a code of SKIP_REASONS, `detail` one line without personal data."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail or SKIP_REASONS[reason]
        super().__init__(f"{reason}: {self.detail}")


@dataclass(frozen=True)
class Audio:
    """One decoded recording. `samples`: float32 (channels, samples) in [-1, 1] at 16 kHz; `flags`: quality codes."""

    samples: np.ndarray
    sha256: str
    codec: str
    sample_rate_hz: int
    flags: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        return self.samples.shape[0]

    @property
    def duration_ms(self) -> int:
        return round(1000 * self.samples.shape[1] / RATE_HZ)


def decode(data: bytes, *, name: str = "", min_ms: int = 0, max_ms: int = 3 * 3600 * 1000) -> Audio:
    """The samples of a recording; more than two channels are mixed down to two.

    `name` matters only for headerless telephone formats (.ulaw, .alaw, .gsm, .sln), known by their ending.
    Raises Unheard: recording_empty, recording_unreadable, recording_truncated, recording_too_long, too_short.
    """
    if not data:
        raise Unheard("recording_empty")
    bare = HEADERLESS.get(PurePosixPath(name.lower()).suffix, {}) if not data.startswith(_MAGIC) else {}
    try:
        with av.open(io.BytesIO(data), metadata_errors="ignore", **bare) as container:
            if not container.streams.audio:
                raise Unheard("recording_unreadable", f"{container.format.name} data without sound")
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise Unheard("recording_unreadable", f"{container.format.name} data by an unknown codec")
            samples, broken = _drain(container, stream, max_ms)
            promised_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
            codec, rate_hz = stream.codec_context.name, stream.rate
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        if data.startswith(_MAGIC) and len(data) < 4096:
            raise Unheard("recording_truncated", f"only {len(data)} bytes of a header") from error
        raise Unheard("recording_unreadable", f"{type(error).__name__} in {len(data)} bytes") from error
    heard_s = samples.shape[1] / RATE_HZ
    share = min(heard_s / promised_s if promised_s else 1.0, _riff_share(data))
    if share < HEARD_SHARE_ENOUGH or not samples.size:
        raise Unheard("recording_truncated", f"{heard_s:.1f} s can be heard, {share:.0%} of what its header promises")
    if 1000 * heard_s < min_ms:
        raise Unheard("too_short", f"{heard_s:.1f} s; at least {min_ms / 1000:.1f} s are wanted")
    cut = share < HEARD_SHARE_WHOLE or _ogg_is_open(data)
    flags = [flag for flag, is_so in (("truncated", cut), ("damaged", broken)) if is_so]
    return Audio(samples, sha256_of(data), codec, int(rate_hz), tuple(flags))


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _drain(container: Any, stream: Any, max_ms: int) -> tuple[np.ndarray, bool]:
    """All samples of a stream by libswresample's defaults, as the models heard them in training; were packets bad?"""
    channels = min(stream.channels, 2)
    resampler = av.AudioResampler(format="fltp", layout="mono" if channels == 1 else "stereo", rate=RATE_HZ)
    pieces: list[np.ndarray] = []
    length, broken = 0, False
    for frame, bad in _frames(container, stream):
        broken |= bad
        for piece in resampler.resample(frame):
            pieces.append(piece.to_ndarray())
            length += pieces[-1].shape[1]
        if length > max_ms * RATE_HZ / 1000:
            raise Unheard("recording_too_long", f"longer than {max_ms / 60_000:.0f} min")
    samples = np.concatenate(pieces, axis=1) if pieces else np.zeros((channels, 0), np.float32)
    return np.clip(np.nan_to_num(samples), -1.0, 1.0), broken


def _frames(container: Any, stream: Any) -> Iterator[tuple[Any, bool]]:
    """Decoded frames, then None to flush; a packet that cannot be decoded is passed over and told."""
    bad = False
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError:  # the container itself ends in the middle of a packet
            bad = True
            break
        try:
            for frame in packet.decode():
                frame.pts = None  # recorders write broken time stamps; the samples' order is the time
                yield frame, bad
        except av.error.FFmpegError:
            bad = True
    yield None, bad


def _riff_share(data: bytes) -> float:
    """Share of a RIFF data chunk that is really there; 1 for other formats and for recorders that left it open."""
    if not data.startswith(b"RIFF"):
        return 1.0
    place = 12
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, place)
        if kind == b"data":
            return 1.0 if size in (0, 0xFFFFFFFF) else min(1.0, (len(data) - place - 8) / size)
        place += 8 + size + size % 2
    return 1.0


def _ogg_is_open(data: bytes) -> bool:
    """Whether an Ogg stream lacks the page that ends it (bit 4 of the flags of its last page)."""
    last = data.rfind(b"OggS")
    return data.startswith(b"OggS") and last + 5 < len(data) and not data[last + 5] & 4
