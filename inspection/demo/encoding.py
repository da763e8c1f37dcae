"""How the sample day's dialers write their recordings. GSM needs sox, at build time only; the rest is PyAV."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from inspection.demo.training.telephone import LINE_HZ


@dataclass(frozen=True)
class Format:
    """A codec in a container; `bit_rate` for codecs that have one, in bits a second."""

    codec: str
    container: str
    suffix: str
    channels: int
    bit_rate: int = 0


FORMATS = {
    "ulaw": Format("pcm_mulaw", "wav", ".wav", 2),
    "ulaw_mono": Format("pcm_mulaw", "wav", ".wav", 1),
    "alaw": Format("pcm_alaw", "wav", ".wav", 2),
    "pcm8": Format("pcm_u8", "wav", ".wav", 2),
    "adpcm": Format("adpcm_ima_wav", "wav", ".wav", 2),
    "mp3": Format("libmp3lame", "mp3", ".mp3", 1, 16_000),
    "mp3_stereo": Format("libmp3lame", "mp3", ".mp3", 2, 40_000),
    "opus": Format("libopus", "ogg", ".ogg", 1, 14_000),
    "opus_stereo": Format("libopus", "ogg", ".ogg", 2, 32_000),
    "gsm": Format("gsm", "gsm", ".gsm", 1),
    "wav49": Format("gsm_ms", "wav", ".wav", 1),
}


def encode(samples: np.ndarray, target: Format, path: Path) -> None:
    """Writes float32 samples at LINE_HZ, shape (channels, n), to `path`; the same samples give the same bytes."""
    if target.codec.startswith("gsm"):
        _encode_gsm(samples, target, path)
        return
    layout = "stereo" if target.channels == 2 else "mono"
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", format=target.container, container_options=options) as out:
        stream = out.add_stream(target.codec, rate=LINE_HZ, layout=layout)
        stream.codec_context.options = {"joint_stereo": "0"} if target.codec == "libmp3lame" else {}
        if target.bit_rate:
            stream.bit_rate = target.bit_rate
        stream.codec_context.open()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        frame.sample_rate = LINE_HZ
        to_encoder = av.AudioResampler(
            format=stream.format, layout=layout, rate=LINE_HZ, frame_size=stream.codec_context.frame_size or 1024
        )
        for ready in [*to_encoder.resample(frame), *to_encoder.resample(None)]:
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))


def _encode_gsm(samples: np.ndarray, target: Format, path: Path) -> None:
    # Whole pairs of 65-byte blocks: sox counts the padding byte of an odd number of them as sound.
    whole = np.pad(samples[0], (0, -samples.shape[1] % 640))
    pcm = np.clip(whole * 32767, -32768, 32767).astype("<i2").tobytes()
    raw = ["-t", "raw", "-r", str(LINE_HZ), "-e", "signed", "-b", "16", "-c", "1", "-"]
    kind = ["-t", "wav", "-e", "gsm-full-rate"] if target.container == "wav" else ["-t", "gsm"]
    subprocess.run(["sox", "-D", *raw, *kind, str(path)], input=pcm, check=True)


def decode(path: Path) -> np.ndarray:
    """A recording's samples as PyAV gives them, float32 at LINE_HZ, shape (channels, n)."""
    with av.open(str(path)) as recording:
        stream = recording.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=LINE_HZ)
        frames = [ready for frame in recording.decode(stream) for ready in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
