"""Bytes become samples, or a reason; a library's own exception never comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from speech_sounds import encoded, recording, tone

from inspection.errors import SKIP_REASONS
from inspection.speech.decode import RATE_HZ, Unheard, decode, sha256_of

FORMATS = [
    ("wav", "pcm_s16le", 16_000),
    ("wav", "pcm_mulaw", 8_000),
    ("wav", "pcm_alaw", 8_000),
    ("wav", "pcm_u8", 8_000),
    ("wav", "adpcm_ima_wav", 8_000),
    ("mp3", "libmp3lame", 16_000),
    ("ogg", "libopus", 16_000),
    ("flac", "flac", 44_100),
]


@pytest.mark.parametrize(("container", "codec", "rate_hz"), FORMATS, ids=[row[1] for row in FORMATS])
@pytest.mark.parametrize("channels", [1, 2])
def test_hears_what_was_recorded(container, codec, rate_hz, channels):
    sides = np.stack([tone(3, 300), tone(3, 700)])[:channels]
    data = encoded(sides, container, codec, rate_hz)
    audio = decode(data)
    assert audio.samples.shape[0] == channels == audio.channels
    assert audio.samples.dtype == np.float32
    assert abs(audio.duration_ms - 3000) <= 80  # block codecs fill their last block
    assert audio.sha256 == sha256_of(data)
    assert audio.codec.startswith(codec.replace("lib", "").replace("mp3lame", "mp3"))
    for heard, said in zip(audio.samples, sides, strict=True):
        assert _spectrum_peak(heard) == pytest.approx(_spectrum_peak(said), abs=2)
        assert np.std(heard) == pytest.approx(np.std(said), rel=0.1)


def _spectrum_peak(samples):
    return np.abs(np.fft.rfft(samples[:RATE_HZ])).argmax()


@pytest.mark.parametrize(
    ("name", "codec"), [("a_13800000000.ulaw", "pcm_mulaw"), ("b.AL", "pcm_alaw"), ("c.sln", "pcm_s16le")]
)
def test_headerless_telephone_samples_are_known_by_their_ending(name, codec):
    whole = encoded(tone(2, 500), "wav", codec, 8_000)
    bare = whole[whole.index(b"data") + 8 :]
    audio = decode(bare, name=name)
    assert abs(audio.duration_ms - 2000) <= 30
    assert _spectrum_peak(audio.samples[0]) == 500


def test_a_wrong_ending_does_not_matter_when_the_bytes_speak_for_themselves():
    assert decode(encoded(tone(1, 500), "mp3", "libmp3lame"), name="x.ulaw").codec.startswith("mp3")


def test_gsm_of_the_sample_day_can_be_heard():
    path = recording("r07")
    assert path.suffix == ".gsm"
    assert decode(path.read_bytes(), name=path.name).duration_ms > 30_000


def test_more_than_two_channels_are_mixed_down_to_two():
    assert decode(encoded(np.stack([tone(1)] * 4))).channels == 2


WHOLE = encoded(np.stack([tone(10), tone(10, 600)]), "wav", "pcm_mulaw", 8_000)
MP3 = encoded(tone(10), "mp3", "libmp3lame")
OGG = encoded(tone(10), "ogg", "libopus")
UNHEARD = {
    "no bytes": (b"", {}, "recording_empty"),
    "text named wav": ("录音服务器繁忙，请稍后重试。\n".encode(), {"name": "a.wav"}, "recording_unreadable"),
    "a web page": (b"<html><body>404</body></html>" * 20, {"name": "a.mp3"}, "recording_unreadable"),
    "subtitles": (b"1\n00:00:01,000 --> 00:00:02,000\nhi\n\n", {}, "recording_unreadable"),
    "zeros": (bytes(5000), {}, "recording_unreadable"),
    "random bytes": (np.random.default_rng(0).bytes(20_000), {}, "recording_unreadable"),
    "header alone": (WHOLE[:60], {}, "recording_truncated"),
    "ogg header alone": (OGG[:60], {}, "recording_truncated"),
    "wav cut early": (WHOLE[: len(WHOLE) // 3], {}, "recording_truncated"),
    "mp3 cut early": (MP3[: len(MP3) // 3], {}, "recording_truncated"),
    "too long": (WHOLE, {"max_ms": 9_000}, "recording_too_long"),
    "too short": (WHOLE, {"min_ms": 11_000}, "too_short"),
}


@pytest.mark.parametrize(("data", "limits", "reason"), UNHEARD.values(), ids=UNHEARD)
def test_what_cannot_be_heard_has_a_reason(data, limits, reason):
    with pytest.raises(Unheard) as caught:
        decode(data, **limits)
    assert caught.value.reason == reason
    assert reason in SKIP_REASONS
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [WHOLE[: int(len(WHOLE) * 0.8)], MP3[: int(len(MP3) * 0.8)], OGG[: int(len(OGG) * 0.8)]],
    ids=["wav", "mp3", "ogg"],
)
def test_a_recording_cut_late_is_heard_and_flagged(data):
    audio = decode(data)
    assert "truncated" in audio.flags
    assert 7_000 < audio.duration_ms < 9_000


@pytest.mark.parametrize("data", [WHOLE, MP3, OGG], ids=["wav", "mp3", "ogg"])
def test_a_whole_recording_has_no_flag(data):
    assert decode(data).flags == ()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recorder_that_never_wrote_the_size_is_no_truncation(size):
    place = WHOLE.index(b"data") + 4
    audio = decode(WHOLE[:place] + size.to_bytes(4, "little") + WHOLE[place + 4 :])
    assert audio.flags == ()
    assert audio.duration_ms == 10_000


def test_broken_packets_in_the_middle_are_passed_over():
    data = bytearray(OGG)
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    audio = decode(bytes(data))
    assert 5_000 < audio.duration_ms <= 10_100


def test_sound_of_an_unknown_codec_is_unreadable():
    """Regression: a WAV whose header names a codec that nothing decodes ended in an AttributeError."""
    data = bytearray(WHOLE)
    place = data.index(b"fmt ") + 8
    data[place : place + 2] = b"\x00\x00"
    with pytest.raises(Unheard) as error:
        decode(bytes(data), name="x.wav")
    assert error.value.reason == "recording_unreadable"


@given(st.binary(max_size=300), st.integers(0, 4000), st.sampled_from([WHOLE, MP3, OGG]))
@example(junk=b"\x00\x00\x00\x00", place=17, whole=WHOLE)
def test_nothing_but_unheard_ever_comes_out(junk, place, whole):
    try:
        audio = decode(whole[:place] + junk + whole[place + len(junk) :], name="x.wav")
    except Unheard as error:
        assert error.reason in SKIP_REASONS
    else:
        assert np.isfinite(audio.samples).all()
        assert np.abs(audio.samples).max(initial=0) <= 1
