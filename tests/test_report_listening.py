"""Recordings made playable: what is silenced, what stays, and what cannot be heard."""

import base64
import wave

import numpy as np
import pytest

from inspection.report import listening
from inspection.report.listening import FADE_MS, listen, opus, peaks, silenced
from inspection.speech.decode import RATE_HZ, decode


def write_wav(path, seconds=4.0, channels=2):
    """A telephone WAV: another tone on each channel, loud all the way."""
    time = np.arange(int(8000 * seconds)) / 8000
    sound = np.stack([np.sin(2 * np.pi * (400 + 300 * channel) * time) for channel in range(channels)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((sound * 12000).astype("<i2").tobytes())
    return path


def sound(path):
    return decode(path.read_bytes(), name=path.name)


def heard(clip):
    """What a browser would play."""
    return decode(base64.b64decode(clip.address.split(",", 1)[1]), name="clip.ogg").samples


@pytest.mark.parametrize("channels", [1, 2])
def test_the_clip_is_the_recording(tmp_path, channels):
    clip = listen(sound(write_wav(tmp_path / "a.wav", channels=channels)), [])
    samples = heard(clip)
    assert samples.shape[0] == clip.peaks.shape[0] == channels
    assert clip.duration_ms == pytest.approx(4000, abs=5)
    for channel, wanted in enumerate([400, 700][:channels]):
        spectrum = np.abs(np.fft.rfft(samples[channel, RATE_HZ : 2 * RATE_HZ]))
        assert np.argmax(spectrum) == pytest.approx(wanted, abs=3)


def test_private_words_cannot_be_heard_and_their_neighbours_can(tmp_path):
    clip = listen(sound(write_wav(tmp_path / "a.wav")), [(1000, 2000)])
    samples = heard(clip)
    quiet = samples[:, RATE_HZ * 1000 // 1000 : RATE_HZ * 2000 // 1000]
    loud = samples[:, RATE_HZ * (2000 + FADE_MS + 100) // 1000 : RATE_HZ * 3900 // 1000]
    assert np.abs(quiet).max() < 0.02
    assert np.sqrt((loud**2).mean()) > 0.2
    hidden = clip.peaks[:, int(900 * 1.1 / 4) : int(900 * 1.9 / 4)]
    assert hidden.max() == 0


def test_silencing_leaves_the_samples_it_was_given_alone():
    samples = np.ones((1, RATE_HZ), dtype=np.float32)
    assert silenced(samples, [(0, 1000)]).max() == 0
    assert samples.min() == 1


def test_a_very_long_call_is_packed_as_one_channel(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "LONG_MS", 2000)
    clip = listen(sound(write_wav(tmp_path / "a.wav")), [])
    assert clip.peaks.shape[0] == 1
    assert clip.duration_ms == pytest.approx(4000, abs=5)


def test_the_same_samples_give_the_same_bytes():
    samples = np.random.default_rng(1).normal(0, 0.1, (2, RATE_HZ)).astype(np.float32)
    assert opus(samples) == opus(samples)


@pytest.mark.parametrize("length", [1, 899, 900, 901, 5000])
def test_peaks_lie_between_silence_and_the_loudest(length):
    samples = np.random.default_rng(2).normal(0, 0.1, (2, length)).astype(np.float32)
    bars = peaks(samples, 900)
    assert bars.shape == (2, 900)
    assert bars.max() == pytest.approx(1.0)
    assert bars.min() >= 0
