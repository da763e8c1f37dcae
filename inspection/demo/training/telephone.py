"""What a telephone line and a recorder do to a voice.

    narrow = line(speech.samples, speech.rate_hz, rng)   # float32, 8 kHz, [-1, 1], shape (n,)
    heard = to_16k(narrow)                                # float32, 16 kHz: what the recogniser gets

Training must bring sound to 16 kHz exactly as the product does (PyAV's resampler with its defaults): with
another resampler in training the recogniser's error through the product was half as much again.
"""

import ctypes
import io
from functools import cache

import av
import numpy as np

LINE_HZ = 8000
PRODUCT_HZ = 16000
BAND_HZ = (300, 3400)
CODECS = ("mulaw", "alaw", "u8", "opus", "mp3", "gsm", "none")
CODEC_SHARE = (0.36, 0.18, 0.10, 0.12, 0.12, 0.10, 0.02)


def line(  # noqa: PLR0917 - each part of a line may be fixed by hand
    samples: np.ndarray,
    rate_hz: int,
    rng: np.random.Generator,
    codec: str | None = None,
    level: float | None = None,
    noise: float | None = None,
    hum: float | None = None,
) -> np.ndarray:
    """One telephone line: band-pass, level, hum, noise, codec round trip. What is None is drawn from `rng`.

    `level` is the peak of the loudest stretch in [0, 1], `noise` and `hum` are root mean squares.
    The result has the length of the input in seconds, at 8 kHz.
    """
    narrow = resample(samples, rate_hz, LINE_HZ)
    narrow = band_pass(narrow, LINE_HZ, BAND_HZ[0] * rng.uniform(0.6, 1.1), BAND_HZ[1] * rng.uniform(0.95, 1.08))
    level = rng.uniform(0.2, 0.8) if level is None else level
    peak = float(np.abs(narrow).max(initial=1e-6))
    narrow = narrow * (level / peak)
    noise = float(rng.choice([0.0, rng.uniform(0, 0.004), rng.uniform(0.002, 0.01)])) if noise is None else noise
    hum = float(rng.uniform(0, 0.004) * (rng.random() < 0.3)) if hum is None else hum
    if noise:
        narrow = narrow + rng.normal(0, noise, len(narrow))
    if hum:
        times = np.arange(len(narrow)) / LINE_HZ
        narrow = narrow + hum * np.sqrt(2) * np.sin(2 * np.pi * 50 * times + rng.uniform(0, 6.28))
    codec = str(rng.choice(CODECS, p=CODEC_SHARE)) if codec is None else codec
    return through(np.clip(narrow, -1, 1).astype(np.float32), codec)


def through(narrow: np.ndarray, codec: str) -> np.ndarray:
    """An 8 kHz signal after encoding and decoding; same length, delay of the codec taken out."""
    if codec == "none":
        return narrow
    if codec in ("mulaw", "alaw"):
        return _companded(narrow, codec)
    if codec == "u8":
        return (np.round(narrow * 127) / 127).astype(np.float32)
    if codec == "gsm":
        return _gsm(narrow)
    encoder, container = {"opus": ("libopus", "ogg"), "mp3": ("libmp3lame", "mp3")}[codec]
    return _fit(_container_round_trip(narrow, encoder, container), len(narrow))


def to_16k(narrow: np.ndarray) -> np.ndarray:
    """8 kHz to 16 kHz exactly as the product decodes."""
    return resample(narrow, LINE_HZ, PRODUCT_HZ)


def resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """libswresample with its defaults, float32 in and out; length is exactly the same time."""
    if from_hz == to_hz:
        return samples.astype(np.float32)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=to_hz)
    frames = [*resampler.resample(_frame(samples, from_hz)), *resampler.resample(None)]
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return _fit(heard, round(len(samples) * to_hz / from_hz))


def band_pass(samples: np.ndarray, rate_hz: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Zero-phase band-pass with soft edges, in the frequency domain, so that no time is shifted."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    gain = 1 / (1 + (low_hz / np.maximum(hz, 1.0)) ** 6) / (1 + (hz / high_hz) ** 24)
    return np.fft.irfft(spectrum * gain, len(samples)).astype(np.float32)


def _companded(narrow: np.ndarray, law: str) -> np.ndarray:
    """G.711 by its formula, quantised to 8 bits; the tables of a real codec differ by less than one step."""
    size = np.abs(narrow)
    if law == "mulaw":
        code = np.round(np.log1p(255 * size) / np.log(256) * 127) / 127
        size = np.expm1(code * np.log(256)) / 255
    else:
        knee = 1 + np.log(87.6)
        code = np.where(size < 1 / 87.6, 87.6 * size, 1 + np.log(np.maximum(87.6 * size, 1e-9))) / knee
        code = np.round(code * 127) / 127
        size = np.where(code < 1 / knee, code * knee, np.exp(code * knee - 1)) / 87.6
    return (np.sign(narrow) * size).astype(np.float32)


def _container_round_trip(narrow: np.ndarray, encoder: str, container: str) -> np.ndarray:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(encoder, rate=LINE_HZ)
        stream.bit_rate = 12_000 if encoder == "libopus" else 16_000
        stream.layout = "mono"
        sample_format = "flt" if encoder == "libopus" else "fltp"
        to_encoder = av.AudioResampler(
            format=sample_format, layout="mono", rate=LINE_HZ, frame_size=stream.codec_context.frame_size or 0
        )
        for frame in [*to_encoder.resample(_frame(narrow, LINE_HZ)), *to_encoder.resample(None)]:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=LINE_HZ)
    with av.open(file) as recording:
        frames = [ready for frame in recording.decode(audio=0) for ready in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@cache
def _gsm_library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libgsm.so.1")
    except OSError:
        return None
    library.gsm_create.restype = ctypes.c_void_p
    for function in (library.gsm_encode, library.gsm_decode):
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.gsm_destroy.argtypes = [ctypes.c_void_p]
    return library


def _gsm(narrow: np.ndarray) -> np.ndarray:
    """GSM 06.10 full rate, 160 samples a frame; A-law where the build machine has no GSM encoder."""
    library = _gsm_library()
    if library is None:
        return _companded(narrow, "alaw")
    pcm = np.zeros((len(narrow) + 159) // 160 * 160, np.int16)
    pcm[: len(narrow)] = np.clip(narrow * 32767, -32768, 32767)
    decoded, packet = np.empty_like(pcm), ctypes.create_string_buffer(33)
    encoder, decoder = library.gsm_create(), library.gsm_create()
    for at in range(0, len(pcm), 160):
        library.gsm_encode(encoder, pcm[at:].ctypes.data, packet)
        library.gsm_decode(decoder, packet, decoded[at:].ctypes.data)
    library.gsm_destroy(encoder)
    library.gsm_destroy(decoder)
    return decoded[: len(narrow)].astype(np.float32) / 32768


def _frame(samples: np.ndarray, rate_hz: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def _fit(samples: np.ndarray, length: int) -> np.ndarray:
    return np.pad(samples[:length], (0, max(0, length - len(samples)))).astype(np.float32)
