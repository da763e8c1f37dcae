"""The real libraries behind the ports, on the small models that come with the package."""

from __future__ import annotations

import numpy as np
import pytest
from speech_sounds import noise, recording, sample_call, tone

from inspection.settings import SpeechSettings
from inspection.speech import activity
from inspection.speech.decode import RATE_HZ, decode
from inspection.speech.diarize import voices
from inspection.speech.models import load_engines, recogniser_folder
from inspection.speech.prepare import prepare
from inspection.speech.transcribe import load_whisper


@pytest.fixture(scope="module")
def engines():
    return load_engines(SpeechSettings())


@pytest.fixture(scope="module")
def clips():
    """The clips of a stereo call: some share a batch and some do not."""
    return prepare(sample_call("h04"), lambda: pytest.fail("stereo needs no diarizer"), SpeechSettings()).clips


@pytest.fixture(scope="module")
def words(engines, clips):
    return engines.recogniser(clips)


def test_words_are_sorted_and_lie_in_their_clip(words, clips):
    assert len(words) == len(clips) > 5
    assert sum(map(len, words)) > 50
    for clip, its_words in zip(clips, words, strict=True):
        starts = [word.start_ms for word in its_words]
        assert starts == sorted(starts)
        assert all(0 <= word.start_ms <= word.end_ms <= 1000 * len(clip) / RATE_HZ + 1 for word in its_words)
        assert all(0 <= word.probability <= 1 for word in its_words)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_clip_gives_the_same_words_in_whatever_company(words, clips, batch_size):
    recognise = load_whisper(recogniser_folder(SpeechSettings()), SpeechSettings(batch_size=batch_size))
    backwards = recognise(clips[::-1])[::-1]
    assert [[word.text for word in clip] for clip in backwards] == [[word.text for word in clip] for clip in words]
    times = [np.array([word[:2] for clip in some for word in clip]) for some in (words, backwards)]
    assert np.abs(times[0] - times[1]).max() <= 60, "a border may move by a step or two of the model's 20 ms"


def test_hotwords_and_beams_are_accepted(clips):
    settings = SpeechSettings(hotwords=("示例银行",), beam_size=2)
    assert load_whisper(recogniser_folder(settings), settings)(clips[:1])[0]


def test_no_clips_give_no_words(engines):
    assert engines.recogniser([]) == []


def test_the_diarizer_tells_two_voices_apart(engines):
    path = recording("h13")  # the same channel twice: both sides on one wire
    samples = decode(path.read_bytes(), name=path.name).samples[0]
    found = engines.diarizer(samples)
    assert {voice for voice, *_ in found.exclusive} == {0, 1}
    assert found.exclusive[0][0] == 0, "voice 0 is heard first"
    ends = [0.0, *(end for _, _, end in found.exclusive)]
    assert all(start >= before - 1e-6 for (_, start, _), before in zip(found.exclusive, ends, strict=False))


@pytest.mark.parametrize("samples", [np.zeros(5 * RATE_HZ, np.float32), tone(5) + noise(5)], ids=["silence", "tone"])
def test_the_diarizer_hears_nobody_where_nobody_speaks(engines, samples):
    speech = np.zeros(5 * RATE_HZ // activity.FRAME + 1, bool)
    heard, owned = voices(engines.diarizer(samples), speech, ~speech)
    assert not heard.any()
    assert not owned.any()
