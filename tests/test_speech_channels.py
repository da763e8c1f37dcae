"""The traps of the wires are named, and ordinary recordings are left in peace."""

from __future__ import annotations

import numpy as np
import pytest
from speech_sounds import noise, sample_call, tone, voice

from inspection.speech import activity, channels
from inspection.speech.decode import RATE_HZ

SECONDS = 6


def _two_sides():
    """Left speaks the first three seconds, right the last three, on slightly noisy wires."""
    left, right = noise(SECONDS), noise(SECONDS, seed=1)
    left[: 3 * RATE_HZ] += voice(3)
    right[3 * RATE_HZ :] += voice(3, channel=1)
    return np.stack([left, right])


def _flags(samples):
    level = channels.levels(samples)
    layout, flags = channels.layout(samples, level)
    speech = activity.speech_frames(activity.probabilities(samples), level)
    if layout == "stereo" and channels.echoes(samples, level, speech):
        flags = [*flags, "crosstalk"]
    return layout, set(flags) | set(channels.sound_flags(samples, level, speech))


def _echoed(gain, lag_ms):
    samples = _two_sides()
    samples[1] += gain * np.roll(samples[0], lag_ms * RATE_HZ // 1000)
    return samples


CASES = {
    "two sides": (_two_sides(), "stereo", set()),
    "a mono recording": (_two_sides().sum(axis=0, keepdims=True), "mono", set()),
    "the same channel twice": (np.stack([voice(4)] * 2), "mono_in_stereo", {"identical_channels"}),
    "the same channel twice, one quieter": (
        np.stack([voice(4), 0.3 * voice(4)]),
        "mono_in_stereo",
        {"identical_channels"},
    ),
    "an empty channel": (np.stack([voice(4), np.zeros(4 * RATE_HZ, np.float32)]), "stereo", {"empty_channel"}),
    "a side that says nothing on a noisy wire": (np.stack([voice(4), noise(4, 0.004)]), "stereo", set()),
    "silence": (np.zeros((2, 4 * RATE_HZ), np.float32), "stereo", {"silent"}),
    "mono silence": (noise(4, 0.0005)[None], "mono", {"silent"}),
    "echo after 90 ms": (_echoed(0.15, 90), "stereo", {"crosstalk"}),
    "echo at once": (_echoed(0.1, 2), "stereo", {"crosstalk"}),
    "clipping": (np.clip(_two_sides() * 8, -1, 1), "stereo", {"clipping"}),
    "very quiet": (_two_sides() * 0.02, "stereo", {"low_level"}),
    "hold tone": (tone(12)[None], "mono", {"hold_tone"}),
    "hold tone between words": (np.concatenate([voice(2), tone(12), voice(2)])[None], "mono", {"hold_tone"}),
}


@pytest.mark.parametrize(("samples", "layout", "flags"), CASES.values(), ids=CASES)
def test_names_what_is_wrong_with_the_wires(samples, layout, flags):
    assert _flags(samples.astype(np.float32)) == (layout, flags)
    assert flags <= set(channels.QUALITY_FLAGS)


def test_a_recording_of_the_sample_day_has_no_flag():
    assert _flags(sample_call().samples) == ("stereo", set())


def test_an_echo_is_not_taken_for_the_other_side_s_speech():
    samples = _echoed(0.15, 90)
    level = channels.levels(samples)
    speech = activity.speech_frames(activity.probabilities(samples), level)
    assert speech[1, : 3 * RATE_HZ // channels.FRAME].mean() > 0.3, "the echo sounds like speech"
    own = activity.tidied(channels.without_echo(speech, level, channels.echoes(samples, level, speech)))
    assert own[1, : 3 * RATE_HZ // channels.FRAME].mean() < 0.05
    kept = own[1, 3 * RATE_HZ // channels.FRAME :].sum() / speech[1, 3 * RATE_HZ // channels.FRAME :].sum()
    assert kept > 0.95, "what the side says itself stays"


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 5000])
def test_levels_cover_the_whole_recording(length):
    level = channels.levels(np.ones((2, length), np.float32))
    assert level.shape == (2, -(-length // channels.FRAME))
    assert (level[:, : length // channels.FRAME] == 0).all()
