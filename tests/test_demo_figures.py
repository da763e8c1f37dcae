"""The figures of the sample day on frames small enough to work out by hand."""

from __future__ import annotations

import polars as pl
import pytest

from inspection.demo import figures, measure
from inspection.demo.planted import planted_check
from inspection.demo.truth import CALLS, PLANTED, Truth, load_truth
from inspection.tables import CHECKPOINTS, FINDINGS, RECONCILIATION, TURNS, WORDS, conform, empty


def characters(*turns: tuple[str, int, str]) -> pl.DataFrame:
    """Truth of one call: (role, start_ms, text), each character 200 ms long."""
    rows = [
        (index, role, char, start + 200 * place, start + 200 * (place + 1))
        for index, (role, start, text) in enumerate(turns)
        for place, char in enumerate(text)
    ]
    return pl.DataFrame(rows, ["turn", "role", "character", "start_ms", "end_ms"], orient="row")


def heard(*turns: tuple[str, int, int, str]) -> pl.DataFrame:
    """Turns of one call: (role, start_ms, end_ms, text)."""
    rows = [
        {"call_id": "c", "turn_index": index, "role": role, "start_ms": start, "end_ms": end, "text": text}
        for index, (role, start, end, text) in enumerate(turns)
    ]
    return conform(pl.DataFrame(rows, schema_overrides={"turn_index": pl.Int32}), TURNS, table="turns")


@pytest.mark.parametrize(
    ("true", "said", "expected"),
    [
        ("您好我是", "您好我是", figures.Errors(4, 0, 0, 0)),
        ("您好我是", "您好我试", figures.Errors(4, 1, 0, 0)),
        ("您好我是", "您好", figures.Errors(4, 0, 2, 0)),
        ("您好我是", "您好啊我是", figures.Errors(4, 0, 0, 1)),
        ("您好", "", figures.Errors(2, 0, 2, 0)),
        ("", "您好", figures.Errors(0, 0, 0, 2)),
    ],
)
def test_character_errors(true, said, expected):
    assert figures.errors(true, said) == expected


def test_errors_are_added_not_averaged():
    assert (figures.Errors(10, 1) + figures.Errors(90, 0, 1)).rate == pytest.approx(0.02)
    assert (figures.Share(1, 10) + figures.Share(0, 90)).rate == pytest.approx(0.01)


def test_folding_drops_punctuation_and_spaces_only():
    assert figures.folded("嗯， 一二三 ABC。1") == "嗯一二三ABC1"


def test_call_errors_follow_the_turns_and_sides_follow_the_roles():
    true = characters(("agent", 0, "您好"), ("customer", 1000, "是我"))
    right = heard(("agent", 0, 400, "您，好。"), ("customer", 1000, 1400, "是我"))
    swapped = heard(("customer", 0, 400, "您好"), ("agent", 1000, 1400, "是我"))
    assert figures.call_errors(true, right).rate == 0
    assert figures.call_errors(true, swapped).rate == 0
    assert figures.side_errors(true, right, ("agent",)).rate == 0
    assert figures.side_errors(true, swapped, ("agent",)).rate == 1


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ([("agent", 0, 1000, "x"), ("customer", 1000, 2000, "x")], 1.0),
        ([("customer", 0, 1000, "x"), ("agent", 1000, 2000, "x")], 0.0),
        ([("agent", 0, 2000, "x")], 0.5),
        ([("agent", 0, 1000, "x")], 0.5),
        ([("unknown", 0, 2000, "x")], 0.0),
        ([("agent", 0, 2000, "x"), ("customer", 0, 2000, "x")], 0.5),
        ([], 0.0),
    ],
    ids=["right", "swapped", "one turn for both", "half unheard", "unknown", "both everywhere", "nothing"],
)
def test_role_share(said, share):
    true = characters(("agent", 0, "一二三四五"), ("customer", 1000, "一二三四五"))
    assert figures.role_share(true, heard(*said) if said else empty(TURNS)).rate == pytest.approx(share)


def test_role_share_where_both_speak_at_once():
    true = characters(("robot", 0, "一二三四五"), ("customer", 0, "一二三四五"))
    both = heard(("robot", 0, 1000, "x"), ("customer", 0, 1000, "x"))
    assert figures.role_share(true, both).rate == 1
    assert figures.role_share(true, heard(("robot", 0, 1000, "x"))).rate == 0.5


def test_word_starts_count_right_words_only():
    true = characters(("agent", 0, "您好我是"))
    turns = heard(("agent", 0, 800, "您好，我试"))
    words = pl.DataFrame(
        {"call_id": "c", "turn_index": 0, "start": [0, 1, 3, 4], "end": [1, 2, 4, 5], "start_ms": [300, 501, 400, 600]}
    )
    share = figures.word_start_share(true, turns, conform(words, WORDS, table="words"))
    assert share == figures.Share(2, 3)  # 您 is 300 ms off, 好 301, 我 0; 试 is not what was said


@pytest.mark.parametrize(
    ("spans", "rate"),
    [
        ([(0, 0, 1000), (1, 2000, 3000)], 0.0),
        ([(1, 0, 1000), (0, 2000, 3000)], 0.0),
        ([(0, 0, 1000), (0, 2000, 3000)], 0.5),
        ([(0, 0, 1000)], 0.5),
        ([(0, 0, 1000), (1, 2000, 3500)], 0.25),
    ],
    ids=["right", "names do not matter", "one voice for both", "one missed", "too long"],
)
def test_diarization_error(spans, rate):
    true = characters(("agent", 0, "一二三四五"), ("customer", 2000, "一二三四五"))
    speech = [{"voice": voice, "start_ms": start, "end_ms": end} for voice, start, end in spans]
    assert figures.diarization_error(true, speech).rate == pytest.approx(rate)


def truth_of(planted: list[dict], *, expected: str = "inspected", clean: bool = False) -> Truth:
    call = {"id": "x", "call_id": "c", "expected": expected, "clean": clean}
    calls = pl.DataFrame([call], schema=CALLS | {"clean": pl.Boolean})
    return Truth(load_truth().business_date, 1, calls, pl.DataFrame(), pl.DataFrame(planted, schema=PLANTED))


def day(
    findings: list[dict] = (), checkpoints: list[dict] = (), end: tuple[str, str | None] = ("inspected", None)
) -> dict:
    def table(rows, schema, name):
        return conform(pl.DataFrame(rows), schema, table=name) if rows else empty(schema)

    ends = [{"call_id": "c", "state": end[0], "reason": end[1]}]
    return {
        "findings": table(findings, FINDINGS, "findings"),
        "checkpoints": table(checkpoints, CHECKPOINTS, "checkpoints"),
        "reconciliation": table(ends, RECONCILIATION, "reconciliation"),
    }


THREAT = {
    "call_id": "c", "violation": "threat", "rule": "CN-THR-01", "category": "threat", "checkpoint": None,
    "severity": "fatal", "title": "威胁恐吓", "heard": True, "start_ms": 20_000, "end_ms": 26_000,
}  # fmt: skip
FOUND = {
    "call_id": "c", "rule_id": "CN-THR-01", "verdict": "fail", "severity": "fatal", "status": "live",
    "start_ms": 21_000, "end_ms": 22_000, "quote": "…", "reason": "…",
}  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (FOUND, "found"),
        (FOUND | {"verdict": "unsure"}, "unsure"),
        (FOUND | {"verdict": "pass"}, "missed"),
        (FOUND | {"rule_id": "CN-ABU-01"}, "missed"),
        (FOUND | {"start_ms": 40_000, "end_ms": 41_000}, "missed"),
        (FOUND | {"start_ms": None, "end_ms": None}, "found"),
        (FOUND | {"call_id": "another"}, "missed"),
    ],
    ids=["found", "unsure", "passed", "another rule", "another sentence", "without a time", "another call"],
)
def test_a_planted_violation_is_found_by_its_rule_at_its_sentence(finding, state):
    report = planted_check(day([finding]), truth_of([THREAT]))
    assert report.found["state"].to_list() == [state]
    assert report.passed == (state != "missed")


def test_of_several_sentences_one_suffices_and_counts_once():
    second = THREAT | {"start_ms": 50_000, "end_ms": 55_000}
    report = planted_check(day([FOUND]), truth_of([THREAT, second]))
    assert report.found["state"].to_list() == ["found"]


def test_a_sure_finding_outweighs_an_unsure_one():
    report = planted_check(day([FOUND | {"verdict": "unsure"}, FOUND]), truth_of([THREAT]))
    assert report.found["state"].to_list() == ["found"]


def test_a_missing_checkpoint_is_found_by_its_state():
    missing = THREAT | {"violation": "no_closing", "rule": None, "checkpoint": "closing", "severity": "minor"}
    missing |= {"start_ms": None, "end_ms": None}
    for state, expected in (("missing", "found"), ("unsure", "unsure"), ("pass", "missed")):
        checkpoint = {"call_id": "c", "checkpoint_id": "closing", "state": state}
        report = planted_check(day(checkpoints=[checkpoint]), truth_of([missing]))
        assert report.found["state"].to_list() == [expected]
        assert report.passed, "only fatal ones stop the build"


def test_a_fatal_finding_on_a_clean_call_is_an_accusation():
    assert planted_check(day([FOUND]), truth_of([], clean=True)).accused["id"].to_list() == ["x"]
    assert not planted_check(day([FOUND]), truth_of([], clean=True)).passed
    for harmless in ({"verdict": "unsure"}, {"status": "trial"}, {"severity": "major"}):
        report = planted_check(day([FOUND | harmless]), truth_of([], clean=True))
        assert report.passed
        assert report.doubted.height == ("verdict" in harmless)
        assert report.blamed.height == ("severity" in harmless), "what is no fatal accusation is still told"
    assert planted_check(day([FOUND]), truth_of([], clean=False)).accused.is_empty()


@pytest.mark.parametrize(
    ("expected", "end", "as_expected"),
    [
        ("inspected", ("inspected", None), True),
        ("silent", ("skipped", "silent"), True),
        ("silent", ("skipped", "no_speech"), False),
        ("silent", ("inspected", None), False),
        ("inspected", ("skipped", "silent"), False),
    ],
)
def test_every_call_ends_as_expected(expected, end, as_expected):
    assert planted_check(day(end=end), truth_of([], expected=expected)).ended.is_empty() == as_expected


@pytest.mark.parametrize(
    ("bar", "rate", "met", "told"),
    [
        (("at most", 0.12), 0.119, True, "11.9%   at most 12%"),
        (("at most", 0.12), 0.121, False, "12.1%   at most 12%: MISSED"),
        (("at least", 0.85), 0.849, False, "84.9%   at least 85%: MISSED"),
        (None, 0.5, True, "50.0%"),
    ],
)
def test_a_missed_bar_is_told_and_counts(capsys, bar, rate, met, told):
    assert measure._line("figure", rate, bar) == met
    assert capsys.readouterr().out.endswith(told + "\n")
