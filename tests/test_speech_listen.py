"""Many calls through the models: each is heard once, a bad one is skipped with its reason, and the rest go on."""

from __future__ import annotations

import hashlib
import logging
import weakref

import numpy as np
import polars as pl
import pytest
from speech_sounds import encoded, noise, tone, voice

from inspection.errors import SpeechError
from inspection.settings import SpeechSettings
from inspection.speech.decode import RATE_HZ
from inspection.speech.diarize import Speakers
from inspection.speech.listen import listen, make_transcripts
from inspection.speech.models import Engines
from inspection.speech.transcribe import Word
from inspection.speech.transcripts import TranscriptStore

SECRET = "您好请问"


def recognise(clips):
    """A word every 200 ms: a recogniser that hears rhythm and no words."""
    return [
        [Word(at, at + 200, SECRET[at // 200 % 4], 0.9) for at in range(100, 1000 * len(clip) // RATE_HZ - 250, 200)]
        for clip in clips
    ]


def diarize(samples):
    """The first half is one voice, the second another."""
    seconds = len(samples) / RATE_HZ
    halves = ((0, 0.0, seconds / 2), (1, seconds / 2, seconds))
    return Speakers(halves, halves)


def stereo(seed: int = 0) -> bytes:
    left, right = noise(6, 0.002, seed), noise(6, 0.002, seed + 1)
    left[: 2 * RATE_HZ] += voice(2)
    right[3 * RATE_HZ : 5 * RATE_HZ] += voice(2, channel=1)
    return encoded(np.stack([left, right]), "wav", "pcm_mulaw", 8_000)


class World:
    """A folder of recordings, engines that count what they are asked, and a store."""

    def __init__(self, folder, **recordings: bytes) -> None:
        self.folder, self.heard, self.failing = folder, [], lambda clips: None
        self.store = TranscriptStore(folder / "transcripts")
        for name, data in recordings.items():
            (folder / f"{name}.wav").write_bytes(data)
        self.calls = pl.DataFrame(
            {
                "call_id": list(recordings),
                "recording_id": [f"r-{name}" for name in recordings],
                "location": [str(folder / f"{name}.wav") for name in recordings],
                "audio_sha256": [hashlib.sha256(data).hexdigest() for data in recordings.values()],
            }
        )

    @property
    def engines(self) -> Engines:
        def counted(clips):
            self.failing(clips)
            self.heard.append(len(clips))
            return recognise(clips)

        return Engines("f" * 64, lambda: counted, lambda: diarize)

    def listen(self, **settings):
        return listen(self.calls, self.engines, SpeechSettings(**settings), self.store)


def test_each_recording_is_heard_once_and_gives_the_same_frames_again(tmp_path):
    world = World(tmp_path, a=stereo(1), b=stereo(3), same_as_a=stereo(1))
    first = world.listen()
    heard_once = list(world.heard)
    second = world.listen()
    assert sorted(first.audio["call_id"]) == ["a", "b", "same_as_a"]
    assert world.heard == heard_once, "stored transcripts are not made again"
    assert len(list(world.store.folder.rglob("*.parquet"))) == 2
    for table in ("audio", "turns", "words", "acoustics", "skips"):
        assert getattr(first, table).equals(getattr(second, table)), table


def test_clips_of_several_calls_reach_the_recogniser_together(tmp_path):
    world = World(tmp_path, **{f"c{i}": stereo(i) for i in range(4)})
    world.listen(calls_per_batch=4)
    assert len(world.heard) == 1
    world = World(tmp_path, **{f"d{i}": stereo(10 + i) for i in range(4)})
    world.listen(calls_per_batch=3)
    assert len(world.heard) == 2


def test_the_sound_of_a_call_is_let_go_once_it_is_transcribed(tmp_path):
    """Regression: the list of the day's calls held every call's clips, so memory grew with the day."""
    world, seen, alive = World(tmp_path, **{f"c{i}": stereo(i) for i in range(12)}), [], []

    def watch(clips):
        seen.extend(weakref.ref(clip) for clip in clips)
        alive.append(sum(clip() is not None for clip in seen))

    world.failing = watch
    world.listen(calls_per_batch=1)
    in_one_call = alive[0]
    assert len(alive) == 12
    assert max(alive) <= 2 * in_one_call, "of the calls recognised so far, only this one and the one before live on"


def test_words_lie_where_their_speaker_speaks(tmp_path):
    """Left speaks in the first two seconds, right from the third to the fifth."""
    turns = World(tmp_path, a=stereo()).listen(agent_channel="left").turns
    for role, start_ms, end_ms in (("agent", 0, 2_000), ("customer", 3_000, 5_000)):
        own = turns.filter(pl.col("role") == role)
        assert own.height
        assert own["start_ms"].min() == pytest.approx(start_ms, abs=300)
        assert own["end_ms"].max() <= end_ms + 300


def test_mono_words_go_to_the_diarized_speakers(tmp_path):
    mono = np.concatenate([voice(3), noise(0.5), voice(3, channel=1)])
    heard = World(tmp_path, a=encoded(mono), b=encoded(np.stack([mono, mono]))).listen()
    assert heard.audio["layout"].to_list() == ["mono", "mono_in_stereo"]
    assert heard.turns.filter(pl.col("call_id") == "a").height >= 2
    assert heard.audio["speech_ms"].min() > 3500


SKIPPED = {
    "no bytes": (b"", "recording_empty"),
    "no recording": ("这不是录音".encode(), "recording_unreadable"),
    "silence": (encoded(np.zeros((2, 4 * RATE_HZ), np.float32)), "silent"),
    "hold tone": (encoded(tone(12) + noise(12)), "no_speech"),
    "half a second": (encoded(voice(0.5)), "too_short"),
}


@pytest.mark.parametrize(("data", "reason"), SKIPPED.values(), ids=SKIPPED)
def test_a_bad_recording_is_a_skip_and_the_others_go_on(tmp_path, data, reason):
    heard = World(tmp_path, bad=data, good=stereo()).listen()
    assert heard.skips.select("call_id", "recording_id", "stage", "reason").rows() == [
        ("bad", "r-bad", "speech", reason)
    ]
    assert heard.audio["call_id"].to_list() == ["good"]
    assert set(heard.turns["call_id"]) == {"good"}


def test_a_recording_that_changed_or_went_since_the_intake_is_a_skip(tmp_path):
    world = World(tmp_path, grown=stereo(1), gone=stereo(3), good=stereo(5))
    (tmp_path / "grown.wav").write_bytes(stereo(9))
    (tmp_path / "gone.wav").unlink()
    heard = world.listen()
    assert dict(heard.skips.select("call_id", "reason").rows()) == {
        "grown": "recording_growing",
        "gone": "recording_missing",
    }
    assert heard.audio["call_id"].to_list() == ["good"]


def test_a_failing_call_is_skipped_alone_and_logged_without_words(tmp_path, caplog):
    world = World(tmp_path, a=stereo(1), b=stereo(3), c=stereo(5))
    bad = _clips_of(tmp_path / "b.wav")

    def fail(clips):
        if any(np.array_equal(clip, its_clip) for clip in clips for its_clip in bad):
            raise RuntimeError(SECRET)

    world.failing = fail
    with caplog.at_level(logging.DEBUG, "inspection"):
        heard = world.listen()
    assert heard.skips.select("call_id", "reason", "detail").rows() == [("b", "speech_error", "RuntimeError")]
    assert heard.audio["call_id"].to_list() == ["a", "c"]
    assert "call b" in caplog.text
    assert SECRET not in "".join(record.getMessage() for record in caplog.records)
    assert not world.store.has(world.calls["audio_sha256"][1], "f" * 64), "a failed call is heard again next time"


def _clips_of(path):
    from inspection.speech.decode import decode
    from inspection.speech.prepare import prepare

    return prepare(decode(path.read_bytes()), lambda: diarize, SpeechSettings()).clips


def test_a_missing_model_stops_before_the_first_call(tmp_path):
    def missing():
        raise SpeechError("no such model")

    world = World(tmp_path, a=stereo())
    engines = Engines("f" * 64, missing, missing)
    with pytest.raises(SpeechError, match="no such model"):
        listen(world.calls, engines, SpeechSettings(), world.store)


def test_a_missing_diarizer_stops_the_run_and_is_no_skip(tmp_path):
    def missing():
        raise SpeechError("no such diarizer")

    world = World(tmp_path, a=encoded(voice(3)))
    engines = Engines("f" * 64, lambda: recognise, missing)
    with pytest.raises(SpeechError, match="no such diarizer"):
        listen(world.calls, engines, SpeechSettings(), world.store)


def test_stereo_calls_never_load_the_diarizer(tmp_path):
    def never():
        raise AssertionError("the channel is the speaker")

    world = World(tmp_path, a=stereo())
    heard = listen(world.calls, Engines("f" * 64, lambda: recognise, never), SpeechSettings(), world.store)
    assert heard.audio.height == 1


def test_an_interrupted_day_goes_on_where_it_stopped(tmp_path):
    world = World(tmp_path, **{f"c{i}": stereo(i) for i in range(5)})
    settings = SpeechSettings(calls_per_batch=2)
    steps = make_transcripts(world.calls, world.engines, settings, world.store)
    assert [next(steps).done, next(steps).done] == [0, 2]
    steps.close()
    progress = list(make_transcripts(world.calls, world.engines, settings, world.store))
    assert [step.done for step in progress] == [2, 4, 5]
    assert len(world.heard) == 3


def test_progress_of_nothing_is_told_as_well(tmp_path):
    world = World(tmp_path)
    calls = pl.DataFrame(schema=dict.fromkeys(("call_id", "recording_id", "location", "audio_sha256"), pl.String))
    heard = listen(calls, world.engines, SpeechSettings(), world.store)
    assert heard.audio.is_empty()
    assert heard.turns.is_empty()


def test_bytes_come_from_wherever_the_caller_reads_them(tmp_path):
    data = stereo()
    calls = pl.DataFrame(
        {
            "call_id": ["a"],
            "recording_id": ["r"],
            "location": ["sftp://box/a.wav"],
            "audio_sha256": [hashlib.sha256(data).hexdigest()],
        }
    )
    asked = []
    heard = listen(
        calls, World(tmp_path).engines, SpeechSettings(), TranscriptStore(tmp_path / "t"),
        read=lambda location: (asked.append(location), data)[1],
    )  # fmt: skip
    assert asked == ["sftp://box/a.wav"]
    assert heard.audio["call_id"].to_list() == ["a"]
