"""Matching: a recording finds its call by the dialer's word, by id, by number and time, and is never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.intake.matching import hints_of, match, named_date
from inspection.intake.roots import LISTED, recording_id
from inspection.privacy import pseudonym
from inspection.tables import ATTEMPTS, conform

NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
ZONE = "Asia/Shanghai"


def call(
    call_id: str, hint: str | None = None, phone: str = "13812345678", minute: int = 0, talk_s: int = 60, **more: object
) -> dict:
    start = NINE + timedelta(minutes=minute)
    return {
        "call_id": call_id, "linked_call_id": call_id, "recording_hint": hint, "phone_key": pseudonym(phone, "k"),
        "dialed_at": start, "ended_at": start + timedelta(seconds=talk_s), "talk_ms": talk_s * 1000,
    } | more  # fmt: skip


def found(calls: list[dict], files: list[str]) -> dict[str, tuple[str | None, str | None]]:
    """What each file was matched to and how; files that fit nothing are absent."""
    attempts = conform(pl.DataFrame(calls, infer_schema_length=None), ATTEMPTS, table="attempts")
    rows = [{"recording_id": recording_id(name, 0), "location": f"/rec/{name}", "relative": name} for name in files]
    listed = conform(pl.DataFrame(rows), LISTED, table="listed")
    matches = match(attempts, hints_of(attempts), listed, key="k", timezone=ZONE, sides=("in/out",)).join(
        listed, on="recording_id"
    )
    return {row["relative"]: (row["call_id"], row["matched_by"]) for row in matches.iter_rows(named=True)}


STAMPED = "20261120-090030_13812345678.wav"

CASES = {
    "the whole location": (
        [call("c1", "/rec/a/x.wav"), call("c2", "/rec/b/x.wav")],
        ["a/x.wav", "b/x.wav"],
        {"a/x.wav": "c1", "b/x.wav": "c2"},
    ),
    "the path below the root": (
        [call("c1", "a/x.wav"), call("c2", "b/x.wav")],
        ["a/x.wav", "b/x.wav"],
        {"a/x.wav": "c1", "b/x.wav": "c2"},
    ),
    "the name alone": ([call("c1", "x.wav")], ["a/x.wav"], {"a/x.wav": "c1"}),
    "the dialer's own path": ([call("c1", "/var/spool/asterisk/monitor/x.wav")], ["a/x.wav"], {"a/x.wav": "c1"}),
    "the dialer's own address": ([call("c1", "http://10.0.0.9/RECORDINGS/MP3/x.mp3")], ["a/x.mp3"], {"a/x.mp3": "c1"}),
    "a path of another system": ([call("c1", r"D:\rec\x.wav")], ["x.wav"], {"x.wav": "c1"}),
    "a name without extension": ([call("c1", "20261120-0900")], ["20261120-0900.mp3"], {"20261120-0900.mp3": "c1"}),
    "another extension": ([call("c1", "x.wav")], ["x.mp3"], {"x.mp3": "c1"}),
    "a side appended": ([call("c1", "x")], ["x-in.wav", "x-out.wav"], {"x-in.wav": "c1", "x-out.wav": "c1"}),
    "other endings of one name": ([call("c1", "x")], ["x.wav", "m/x.mp3"], {"x.wav": "c1", "m/x.mp3": "c1"}),
    "the other side of what the dialer names": (
        [call("c1", "http://10.0.0.9/MP3/x-all.mp3"), call("c2", "y.wav")],
        ["MP3/x-all.mp3", "ORIG/x-in.wav", "ORIG/x-out.wav", "y-other.wav"],
        {"MP3/x-all.mp3": "c1", "ORIG/x-in.wav": "c1", "ORIG/x-out.wav": "c1"},
    ),
    "another side that two files could be": (
        [call("c1", "a/x-in.wav")],
        ["a/x-in.wav", "a/x-out.wav", "b/x-out.wav"],
        {"a/x-in.wav": "c1"},
    ),
    "several hints": ([call("c1", "x.wav\ny.wav")], ["x.wav", "y.wav", "z.wav"], {"x.wav": "c1", "y.wav": "c1"}),
    "a name in two folders without a path": ([call("c1", "x.wav")], ["a/x.wav", "b/x.wav"], {}),
    "a name in two folders with a path": ([call("c1", "/old/b/x.wav")], ["a/x.wav", "b/x.wav"], {"b/x.wav": "c1"}),
    "the id as the name": ([call("c1")], ["a/c1.wav"], {"a/c1.wav": "c1"}),
    "the id in the name": (
        [call("C1120-0053")],
        ["C1120-0053_19900000101.wav"],
        {"C1120-0053_19900000101.wav": "C1120-0053"},
    ),
    "a dotted id": ([call("1764000000.123")], ["rec_1764000000.123.wav"], {"rec_1764000000.123.wav": "1764000000.123"}),
    "the longest id": (
        [call("764000000"), call("1764000000.1")],
        ["1764000000.1.wav"],
        {"1764000000.1.wav": "1764000000.1"},
    ),
    "a short id is no part of a name": ([call("12"), call("2026")], ["2026_12.wav"], {}),
    "number and time": ([call("c1"), call("c2", phone="13900000000")], [STAMPED], {STAMPED: "c1"}),
    "number and time, country code": (
        [call("c1")],
        ["20261120090030_8613812345678.wav"],
        {"20261120090030_8613812345678.wav": "c1"},
    ),
    "number at another time": ([call("c1", minute=30)], [STAMPED], {}),
    "another number at that time": ([call("c1", phone="13900000000")], [STAMPED], {}),
    "clocks two minutes apart": ([call("c1", minute=2)], [STAMPED], {STAMPED: "c1"}),
    "the time decides between two": ([call("c1"), call("c2", minute=20)], [STAMPED], {STAMPED: "c1"}),
    "a surer match wins": (
        [call("c1"), call("c2", STAMPED, phone="13900000000", minute=99)],
        [STAMPED],
        {STAMPED: "c2"},
    ),
    "nothing fits": ([call("c1")], ["music.wav"], {}),
}

TIES = {
    "two calls name one file": ([call("c1", "x.wav"), call("c2", "x.wav")], ["x.wav"]),
    "two calls of a number within minutes": ([call("c1"), call("c2", minute=1)], [STAMPED]),
    "two ids of one length": ([call("callid-1"), call("callid-2")], ["callid-1_callid-2.wav"]),
}


@pytest.mark.parametrize("what", CASES)
def test_a_recording_finds_its_call(what: str) -> None:
    calls, files, expected = CASES[what]
    assert {name: call_id for name, (call_id, _) in found(calls, files).items()} == expected


@pytest.mark.parametrize("what", TIES)
def test_a_recording_that_fits_two_conversations_is_given_to_neither(what: str) -> None:
    calls, files = TIES[what]
    assert found(calls, files) == {files[0]: (None, None)}


def test_legs_of_one_conversation_are_no_tie() -> None:
    legs = [call("leg1", "x.wav", linked_call_id="k"), call("leg2", "x.wav", talk_s=90, linked_call_id="k")]
    assert found(legs, ["x.wav"]) == {"x.wav": ("leg2", "hint")}


def test_how_it_was_matched_is_told() -> None:
    calls = [call("c1", "x.wav"), call("call-two"), call("c3", phone="13900000000", minute=5)]
    files = ["x.wav", "call-two.wav", "20261120-090510_13900000000.wav"]
    assert [found(calls, files)[name][1] for name in files] == ["hint", "call_id", "phone_time"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2026/11/20/x.wav", "2026-11-20"),
        ("20261120-090030_138.wav", "2026-11-20"),
        ("rec_2026-11-20.wav", "2026-11-20"),
        ("20261120090030.wav", "2026-11-20"),
        ("x.wav", None),
        ("13820261120.wav", None),
        ("20261320.wav", None),
    ],
)
def test_a_date_in_a_path_is_read_and_none_is_invented(path: str, expected: str | None) -> None:
    day = pl.DataFrame({"relative": [path]}).select(named_date(pl.col("relative"))).item()
    assert (day and day.isoformat()) == expected


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=6, unique=True
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=6, unique=True),
)  # fmt: skip
def test_number_and_time_agree_with_a_plain_search(calls: list[tuple[int, int]], files: list[tuple[int, int]]) -> None:
    """The oracle looks at every pair one by one: one fitting call or none at all."""
    rows = [call(f"c{n}", phone=f"1380000000{p}", minute=m) for n, (p, m) in enumerate(calls)]
    names = [f"20261120-09{m:02}00_1380000000{p}.wav" for p, m in files]
    expected: dict[str, str | None] = {}
    for (phone, minute), name in zip(files, names, strict=True):
        fits = [n for n, (p, m) in enumerate(calls) if p == phone and m - 2 <= minute <= m + 3]
        if fits:
            expected[name] = f"c{fits[0]}" if len(fits) == 1 else None
    assert {name: call_id for name, (call_id, _) in found(rows, names).items()} == expected if names else True
