"""Speech is found where somebody speaks and nowhere else, and clips cover all of it once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_sounds import noise, sample_call, tone, truth, voice

from inspection.speech import activity, channels
from inspection.speech.channels import FRAME
from inspection.speech.decode import RATE_HZ


def _speech(samples):
    return activity.speech_frames(activity.probabilities(samples), channels.levels(samples))


RNG = np.random.default_rng(0)
NOT_SPEECH = {
    "dialling tone": tone(8, 440),
    "ringing": tone(8, 450) * (np.arange(8 * RATE_HZ) // RATE_HZ % 5 == 0),
    "busy": tone(8, 450) * (np.arange(8 * RATE_HZ) // 5600 % 2 == 0),
    "key tones": (tone(8, 770, 0.2) + tone(8, 1336, 0.2)) * (np.arange(8 * RATE_HZ) // 3200 % 3 == 0),
    "hold melody": 0.2
    * np.sin(np.cumsum(np.repeat(RNG.choice([262, 294, 330, 392, 440], 32), 4000)) * 2 * np.pi / RATE_HZ),
    "line noise": noise(8, 0.02),
    "clicks": (RNG.random(8 * RATE_HZ) < 0.0004) * 0.8,
    "nothing": np.zeros(8 * RATE_HZ),
}


@pytest.mark.parametrize("samples", NOT_SPEECH.values(), ids=NOT_SPEECH)
def test_tones_and_noise_are_no_speech(samples):
    samples = (samples + noise(8, 0.001, seed=3)).astype(np.float32)
    assert _speech(samples[None]).mean() < 0.02


def test_nearly_every_character_of_a_call_lies_in_its_speaker_s_speech():
    call = truth("h04")
    speech = _speech(sample_call("h04").samples)
    covered = []
    for turn in call["turns"]:
        wire = call["agent_channel"] if turn["role"] != "customer" else 1 - call["agent_channel"]
        for start, end in np.array(turn["at"]).reshape(-1, 2) * RATE_HZ // 1000 // FRAME:
            covered.append(speech[wire, start : max(end, start + 1)].mean() > 0.5)
    assert len(covered) > 100
    assert np.mean(covered) > 0.97


def test_a_short_answer_after_a_long_silence_is_found():
    samples = np.concatenate([noise(10), voice(0.4), noise(2)])[None]
    starts = [start / RATE_HZ for start, _ in activity.spans(_speech(samples)[0], samples.shape[1])]
    assert len(starts) == 1
    assert starts[0] == pytest.approx(10, abs=0.15)


@pytest.mark.parametrize(
    ("probability", "speech"),
    [
        ([0.0, 0.9, 0.9, 0.9, 0.0], [0, 1, 1, 1, 0]),
        ([0.9, 0.9, 0.9] + [0.0] * 5 + [0.9] * 4, [1] * 12),  # a pause of 160 ms is bridged
        ([0.9, 0.9, 0.9] + [0.0] * 6 + [0.9] * 4, [1, 1, 1] + [0] * 6 + [1] * 4),  # one of 192 ms is not
        ([0.0, 0.9, 0.9, 0.0, 0.0, 0.0], [0] * 6),  # 64 ms are a click
        ([0.2] * 6, [0] * 6),  # never certain
        ([0.9, 0.9, 0.2, 0.2, 0.2, 0.0], [1, 1, 1, 1, 1, 0]),  # begun, so it goes on
    ],
)
def test_frames_become_speech(probability, speech):
    quiet = np.full((1, len(probability)), -60.0)
    assert activity.speech_frames(np.array([probability]), quiet)[0].astype(int).tolist() == speech


def test_a_word_s_quiet_beginning_belongs_to_it():
    level = np.array([[-60, -60, -40, -40, -20, -20, -20, -60, -60, -20]], float)
    probability = np.array([[0, 0, 0.05, 0.1, 0.9, 0.9, 0.9, 0.05, 0, 0]])
    assert activity.speech_frames(probability, level)[0].astype(int).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]


@given(
    st.lists(st.tuples(st.integers(3, 400), st.integers(1, 120)), max_size=12),
    st.sampled_from([1.0, 8.0, 28.0]),
    st.booleans(),
)
def test_clips_cover_all_speech_once_and_are_never_too_long(stretches, max_s, pack):
    frames = [value for pause, speech in stretches for value in [False] * pause + [True] * speech] + [False] * 5
    speech = np.array(frames)
    length = len(frames) * FRAME
    spans = activity.spans(speech, length)
    made = activity.clips(0, spans, speech.astype(float), length=length, max_s=max_s, pack=pack)
    heard = np.zeros(length, int)
    for clip in made:
        assert 0 < clip.length <= max_s * RATE_HZ
        for start, end in clip.pieces:
            assert 0 <= start < end <= length
            heard[start:end] += 1
    assert heard.max(initial=0) <= 1, "no sound is recognised twice"
    for start, end in spans:
        assert heard[start:end].all(), "no speech is left out"
    assert [clip.pieces for clip in made] == sorted(clip.pieces for clip in made)


def test_short_pauses_stay_in_a_clip_and_long_ones_only_when_packing():
    spans = [(0, 8000), (12_000, 20_000), (60_000, 70_000)]
    loose = activity.clips(0, spans, np.ones(200), length=80_000, max_s=8, pack=False)
    packed = activity.clips(0, spans, np.ones(200), length=80_000, max_s=8, pack=True)
    assert [len(clip.pieces) for clip in loose] == [1, 1]
    assert [len(clip.pieces) for clip in packed] == [2]
    assert packed[0].length < 8 * RATE_HZ


def test_a_long_stretch_is_cut_where_it_is_quietest():
    level = np.full(600, -20.0)
    level[199:202] = -45.0
    clips = activity.clips(0, [(0, 600 * FRAME)], level, length=600 * FRAME, max_s=8, pack=False)
    assert clips[0].pieces[0][1] // FRAME in (199, 200, 201)
