"""Several recordings of one call: sides joined, takes laid end to end, copies left out, and each loss named."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from speech_sounds import encoded, noise, voice
from test_intake_day import Firm

from inspection.errors import SettingsError
from inspection.settings import SpeechSettings, load
from inspection.speech.models import load_engines
from inspection.speech.transcripts import TranscriptStore


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def sound(seconds: float, seed: int = 0, channels: int = 1) -> bytes:
    """A recording of that length that is like no other."""
    import numpy as np

    return encoded(np.stack([noise(seconds, 0.01, 10 * seed + side) for side in range(channels)]), rate_hz=8000)


def laid(firm: Firm) -> list[list[tuple[str, int | None, int]]]:
    """Of each call to be heard, in the order of their ids: (file, side, from_ms) of its parts."""
    calls = firm.take_in().calls.sort("call_id")
    return [
        [(part["location"].rsplit("/", 1)[1], part["side"], part["from_ms"]) for part in parts]
        if parts
        else [(location.rsplit("/", 1)[1], None, 0)]
        for parts, location in calls.select("parts", "location").iter_rows()
    ]


AT = "20261120-0900{:02}_13812345678"
S1, S2, S3 = (f"{AT.format(second)}.wav" for second in (0, 20, 40))
"""Names that the number and the time in them lead to the call: the third second, the twentieth, the fortieth."""

CASES = {
    # dialer's hint, talk time in s, file → (seconds, channels), what is heard in which order
    "two sides": ("x", 30, {"x-in.wav": (30, 1), "x-out.wav": (30, 1)}, [("x-in.wav", 0, 0), ("x-out.wav", 1, 0)]),
    "two sides that start a second apart": (
        "x", 30, {"x_rx.wav": (30, 1), "x_tx.wav": (29, 1)}, [("x_rx.wav", 0, 0), ("x_tx.wav", 1, 0)],
    ),
    "two sides of which the dialer names one": (
        "x-in.wav", 30, {"x-in.wav": (30, 1), "x-out.wav": (30, 1)}, [("x-in.wav", 0, 0), ("x-out.wav", 1, 0)],
    ),
    "two sides beside the whole": (
        "x-all.wav", 30, {"x-all.wav": (30, 1), "x-in.wav": (30, 1), "x-out.wav": (30, 1)},
        [("x-in.wav", 0, 0), ("x-out.wav", 1, 0)],
    ),
    "sides of quite other lengths are no pair": (
        "x", 30, {"x-in.wav": (30, 1), "x-out.wav": (12, 1)}, [("x-in.wav", None, 0)],
    ),
    "a stereo file is no side": ("x", 30, {"x-in.wav": (30, 2), "x-out.wav": (30, 1)}, [("x-in.wav", None, 0)]),
    "one side alone": ("x", 30, {"x-out.wav": (30, 1)}, [("x-out.wav", None, 0)]),
    "two formats of one name are copies": ("x", 30, {"x.wav": (30, 1), "x.gsm": (30, 1)}, [("x.wav", None, 0)]),
    "takes by the time in their names": (
        "", 60, {S2: (15, 1), S1: (15, 1), S3: (20, 1)}, [(S1, None, 0), (S2, None, 0), (S3, None, 0)],
    ),
    "what two takes hold both is heard once": ("", 60, {S1: (30, 1), S2: (30, 1)}, [(S1, None, 0), (S2, None, 10_000)]),
    "a take within another is not heard": ("", 60, {S1: (50, 1), S2: (15, 1)}, [(S1, None, 0)]),
    "a second's overlap is the clock's": ("", 60, {S1: (21, 1), S2: (15, 1)}, [(S1, None, 0), (S2, None, 0)]),
    "takes without times, by number": (
        "p-2.wav|p-10.wav|p-1.wav", 30, {"p-1.wav": (10, 1), "p-10.wav": (11, 1), "p-2.wav": (9, 1)},
        [("p-1.wav", None, 0), ("p-2.wav", None, 0), ("p-10.wav", None, 0)],
    ),
    "takes without times that are longer than the talk": (
        "p.wav|q.wav", 30, {"p.wav": (30, 1), "q.wav": (31, 1)}, [("q.wav", None, 0)],
    ),
    "takes of two sides each": (
        "p|q", 60, {"p-in.wav": (20, 1), "p-out.wav": (20, 1), "q-in.wav": (30, 1), "q-out.wav": (30, 1)},
        [("p-in.wav", 0, 0), ("p-out.wav", 1, 0), ("q-in.wav", 0, 0), ("q-out.wav", 1, 0)],
    ),
    "another recorder's recording of what the dialer names": (
        "p.wav", 60, {"p.wav": (30, 1), "call-c1.wav": (30, 1)}, [("p.wav", None, 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_a_call_is_put_together_from_its_recordings(firm: Firm, what: str) -> None:
    hint, talk_s, files, expected = CASES[what]
    firm.call("call-c1", hint, talk_s=talk_s)
    firm.mapping("recording_hint: {column: file, split: '|'}")
    for seed, (name, (seconds, channels)) in enumerate(files.items(), start=1):
        content = b"\0" * int(1650 * seconds) if name.endswith(".gsm") else sound(seconds, seed, channels)
        firm.record(name, content)
    assert laid(firm) == [expected]
    skips = firm.take_in().skips
    unheard = set(files) - {name for name, *_ in expected}
    assert skips.select("call_id", "reason", "detail").rows() == [
        (None, "recording_part", "another recording of its call is heard")
    ] * len(unheard), "what is not heard is named"


def test_a_bad_part_does_not_silence_the_call(firm: Firm) -> None:
    firm.call("call-c1")
    firm.record(S1, sound(15, 1))
    firm.record(S2).write_bytes(b"")
    firm.record(S3, sound(15, 3))
    assert laid(firm) == [[(S1, None, 0), (S3, None, 0)]]
    assert firm.take_in().skips["reason"].to_list() == ["recording_empty"]


def test_the_hash_is_the_parts_and_nothing_else(firm: Firm) -> None:
    def sha256() -> str:
        return firm.take_in().calls["audio_sha256"].item()

    firm.call("c1", "x")
    alone = sound(20, 1)
    first = firm.record("x-in.wav", alone)
    import hashlib

    assert sha256() == hashlib.sha256(alone).hexdigest(), "one whole recording is its own bytes"
    firm.record("x-out.wav", sound(20, 2))
    joined = sha256()
    assert joined == sha256()
    first.rename(first.with_name("moved-in.wav"))
    first.with_name("x-out.wav").rename(first.with_name("moved-out.wav"))
    firm.calls[:] = [line.replace(",x,", ",moved,") for line in firm.calls]
    assert sha256() == joined, "names do not matter"
    firm.record("moved-in.wav", sound(20, 2))
    firm.record("moved-out.wav", alone)
    assert sha256() != joined, "which side is which does"


def test_sides_are_named_by_the_settings(firm: Firm, tmp_path: Path) -> None:
    firm.limits = {"sides": ("客户/坐席",)}
    firm.call("c1", "x")
    firm.record("x_坐席.wav", sound(10, 1))
    firm.record("x_客户.wav", sound(10, 2))
    assert laid(firm) == [[("x_客户.wav", 0, 0), ("x_坐席.wav", 1, 0)]]
    (tmp_path / "bad.toml").write_text("[recordings]\nsides = ['in']\n")
    with pytest.raises(SettingsError, match=r"recordings\.sides\.0"):
        load(tmp_path / "bad.toml")


def test_a_late_part_is_heard_when_the_day_runs_again(firm: Firm) -> None:
    firm.call("call-c1")
    firm.record(S1, sound(15, 1))
    before = firm.take_in()
    firm.record(S2, sound(15, 2))
    from test_intake_day import DAY

    after = firm.take_in(known=before.recordings.with_columns(business_date=DAY))
    assert [len(parts) for parts in after.calls["parts"]] == [2]
    assert after.calls["audio_sha256"].item() != before.calls["audio_sha256"].item()


@pytest.fixture(scope="module")
def engines():
    return load_engines(SpeechSettings())


def heard(firm: Firm, engines, folder: Path) -> pl.DataFrame:
    from inspection.intake.recordings import archive
    from inspection.speech.listen import listen

    house = archive(firm.settings)
    store = TranscriptStore(folder / "transcripts")
    return listen(firm.take_in().calls, engines, SpeechSettings(agent_channel="left"), store, read=house.read)


def test_two_sides_are_heard_as_the_stereo_call_they_are(firm: Firm, engines, tmp_path: Path) -> None:
    import numpy as np

    left = np.concatenate([voice(5), noise(5, 0.0005)])
    right = np.concatenate([noise(5, 0.0005, 1), voice(5, channel=1)])
    firm.call("split", "x", talk_s=10)
    firm.call("whole", "y.wav", at="10:00:00", talk_s=10)
    firm.record("x-in.wav", encoded(left))
    firm.record("x-out.wav", encoded(right))
    firm.record("y.wav", encoded(np.stack([left, right])))
    found = heard(firm, engines, tmp_path)
    assert found.audio.select("call_id", "layout", "channels").rows() == [
        ("split", "stereo", 2),
        ("whole", "stereo", 2),
    ]
    assert found.audio["quality_flags"].list.contains("joined_sides").to_list() == [True, False]
    said = {call_id: rows.drop("call_id") for (call_id,), rows in found.turns.group_by("call_id")}
    assert said["split"].height >= 2
    assert said["split"].equals(said["whole"])


def test_takes_are_heard_end_to_end_on_one_time(firm: Firm, engines, tmp_path: Path) -> None:
    firm.call("call-c1", talk_s=60)
    firm.record(S2, encoded(voice(6, channel=1)))
    firm.record(S1, encoded(voice(6)))
    found = heard(firm, engines, tmp_path)
    [audio] = found.audio.to_dicts()
    assert audio["duration_ms"] == 12_000
    assert "joined_parts" in audio["quality_flags"]
    assert found.turns["start_ms"].min() < 6000 < found.turns["end_ms"].max() <= 12_000


def test_a_part_that_cannot_be_heard_is_flagged_and_the_rest_is_heard(firm: Firm, engines, tmp_path: Path) -> None:
    firm.call("call-c1", talk_s=60)
    whole = encoded(voice(8))
    firm.record(S1, whole)
    firm.record(S2, encoded(voice(8, channel=1))[: len(whole) // 4])
    [audio] = heard(firm, engines, tmp_path).audio.to_dicts()
    assert audio["duration_ms"] == 8000
    assert {"joined_parts", "part_missing"} <= set(audio["quality_flags"])


def test_a_page_plays_the_call_as_it_was_heard(firm: Firm, engines, tmp_path: Path) -> None:
    from test_intake_day import DAY

    from inspection.report.locate import Recordings
    from inspection.report.span import Span
    from inspection.results.store import Store

    firm.call("call-c1", talk_s=60)
    firm.call("lost", "lost.wav", at="11:00:00")
    firm.record(S1, encoded(voice(4)))
    firm.record(S2, encoded(voice(3, channel=1)))
    firm.record("lost.wav", encoded(voice(5)))
    intake, found = firm.take_in(), heard(firm, engines, tmp_path)
    store = Store(tmp_path / "store")
    store.swap_day(DAY, {"attempts": intake.attempts, "recordings": intake.recordings, "audio": found.audio})
    (tmp_path / "rec" / "lost.wav").unlink()
    sounds = Recordings(Span(store, DAY, DAY), firm.settings)
    assert sounds("call-c1").duration_ms == 7000
    assert sounds("lost") is None
    assert sounds("unknown") is None
