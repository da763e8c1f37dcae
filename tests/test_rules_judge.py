# ruff: noqa: E501  tables of cases read best one case a line
"""Laws of the whole judgement, and what bad input gets."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_kit import call, day, pack, verdicts

from inspection.errors import InputError
from inspection.rules import judge as judging
from inspection.rules import scan
from inspection.rules.judge import Heard, Judgement, judge

SENTENCES = [
    "您好，我是示例银行的，工号一二三，本次通话会录音，请问您是张先生本人吗", "对，是我", "我是他爱人", "您的欠款三千元已于十一月五号到期",
    "再不还钱我就叫几个人去你家", "我要投诉你们", "您的情况我帮您登记", "不要再打给我了", "我十五号还两千元", "感谢您的接听，再见", "嗯", "",
]  # fmt: skip
TURN = st.tuples(st.sampled_from(["agent", "robot", "customer", "unknown"]), st.sampled_from(SENTENCES))
CALL = st.tuples(st.lists(TURN, max_size=6), st.sampled_from(["M0", "M1", "M2", None]), st.sampled_from(["robot", "human", None]),
                 st.sampled_from(["PTP", "REFUSE", "NO_ANSWER", None]), st.sampled_from([0.9, 0.2, None]))  # fmt: skip
DAYS = st.lists(CALL, min_size=2, max_size=6)


def made(calls, numbers=None) -> Heard:
    return day([
        call(f"c{i}", *(f"{role}: {text}" for role, text in turns), stage=stage, agent_kind=kind, outcome=outcome, word_probability=probability)
        for i, (turns, stage, kind, outcome, probability) in enumerate(calls) if numbers is None or i in numbers
    ])  # fmt: skip


def per_call(judgement: Judgement) -> dict[str, pl.DataFrame]:
    return {field.name: getattr(judgement, field.name) for field in dataclasses.fields(judgement)}


@settings(max_examples=15, deadline=None)
@given(DAYS, st.data())
def test_splitting_a_day_in_two_and_judging_both_gives_the_day(calls, data):
    """Each call has a debtor and a number of its own here, so no rule across calls binds them."""
    first = data.draw(st.sets(st.integers(0, len(calls) - 1)))
    whole = per_call(judge(pack(), made(calls)))
    parts = [per_call(judge(pack(), made(calls, part))) for part in (first, set(range(len(calls))) - first) if part]
    for name, frame in whole.items():
        joined = pl.concat([part[name] for part in parts])
        assert frame.equals(joined.sort("call_id", maintain_order=True)), name


@settings(max_examples=10, deadline=None)
@given(DAYS, st.integers(1, 8))
def test_a_day_scanned_and_judged_in_parts_is_the_day(calls, size):
    heard = made(calls)
    heard = dataclasses.replace(heard, attempts=heard.attempts.with_columns(debtor_id=pl.lit("one of all")))
    whole = per_call(judge(pack(), heard))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "BLOCK_TURNS", size)
        patch.setattr(judging, "PART_ROWS", size)
        in_parts = per_call(judge(pack(), heard))
    for name, frame in whole.items():
        assert frame.equals(in_parts[name]), name


@pytest.mark.parametrize(
    ("call_of_each_row", "size", "stretches"),
    [
        ([], 3, [(0, 0)]),
        ([0, 0, 0, 0, 0, 0, 0], 3, [(0, 7)]),
        ([0, 0, 1, 1, 2, 2, 3], 3, [(0, 4), (4, 6), (6, 7)]),
        ([0, 1, 2, 3], 2, [(0, 2), (2, 4)]),
        ([0, 0, 0, 0, 5, 5], 2, [(0, 4), (4, 6)]),
    ],
)
def test_a_block_never_cuts_a_call(monkeypatch, call_of_each_row, size, stretches):
    monkeypatch.setattr(scan, "BLOCK_TURNS", size)
    assert [(rows.start, rows.stop) for rows in scan.blocks(np.array(call_of_each_row, int))] == stretches


@settings(max_examples=10, deadline=None)
@given(DAYS, st.randoms())
def test_the_order_of_the_input_does_not_matter(calls, random):
    heard = made(calls)
    shuffled = {}
    for field in dataclasses.fields(heard):
        frame = getattr(heard, field.name)
        order = list(range(len(frame)))
        random.shuffle(order)
        shuffled[field.name] = frame[order]
    one, other = per_call(judge(pack(), heard)), per_call(judge(pack(), Heard(**shuffled)))
    for name in one:
        assert one[name].equals(other[name]), name


@settings(max_examples=15, deadline=None)
@given(DAYS)
def test_every_answered_call_has_one_finding_for_each_rule_and_unsure_never_scores_a_pass(calls):
    judged = judge(pack(), made(calls))
    assert judged.findings.group_by("call_id", "rule_id").len()["len"].max() == 1
    assert len(judged.findings) == len(calls) * len(pack().rules)
    unsure = judged.findings.filter(pl.col("verdict") == "unsure", pl.col("status") == "live")["call_id"].unique()
    assert not judged.scores.filter(pl.col("call_id").is_in(unsure.implode()), pl.col("verdict") == "pass").height
    fatal = judged.findings.filter(
        pl.col("verdict") == "fail", pl.col("severity") == "fatal", pl.col("status") == "live"
    )
    scores = judged.scores.join(fatal.select("call_id").unique(), on="call_id", how="semi")
    assert scores["score"].sum() == 0 and scores["fatal"].all()


WEIRD = {
    "empty text": ["agent: ", "customer: "],
    "emoji and right-to-left marks": ["agent: 您\u200f好😀\u202e，我叫几个人去你家🏠", "customer: ﷽"],
    "a very long turn": ["agent: " + "您好啊" * 33_333 + "再不还钱我就叫几个人去你家"],
    "unknown speakers": ["unknown: 我叫几个人去你家", "unknown: 是我"],
    "traditional characters": ["agent: 我叫幾個人去你家"],
}


@pytest.mark.parametrize("name", WEIRD)
def test_odd_text_gets_a_verdict(name):
    judged = judge(pack(), day([call("c", *WEIRD[name], stage="M1", agent_kind="human")]))
    found = verdicts(judged.findings, "c")
    expected = {"empty text": "not_applicable", "unknown speakers": "unsure"}.get(name, "fail")
    assert found["CN-THR-01"] == expected
    assert judged.scores["verdict"].to_list() == (
        [] if name == "empty text" else [{"fail": "fail", "unsure": "unsure"}[expected]]
    )


def test_a_two_hour_call_and_overlapping_and_disordered_turns_are_judged():
    turns = [f"agent {i * 7}s: 您好，第{i}句话" for i in range(1000)] + [
        "agent 3s: 我叫几个人去你家",
        "customer 3s: 对",
    ]
    assert verdicts(judge(pack(), day([call("c", *turns)])).findings, "c")["CN-THR-01"] == "fail"


def test_a_call_of_marks_alone_has_no_words_and_no_score():
    marks = call("c1", "agent: 。", "customer: ？……", stage="M1", agent_kind="human")
    judged = judge(pack(), day([marks, call("c2", "agent: ", stage="M1", agent_kind="human")]))
    told = judged.findings.filter(pl.col("rule_id") == "CN-THR-01")["verdict"].to_list()
    assert told == ["not_applicable"] * 2 and judged.scores.is_empty()


def test_nothing_at_all_is_judged_to_nothing():
    judged = judge(pack(), day([]))
    assert all(len(frame) == 0 for frame in per_call(judged).values())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda h: h.__class__(pl.concat([h.attempts, h.attempts]), h.audio, h.turns, h.words, h.acoustics),
            "call c is listed 2 times",
        ),
        (
            lambda h: h.__class__(h.attempts.clear(), h.audio, h.turns, h.words, h.acoustics),
            "turns: call c is not among the listed calls",
        ),
        (
            lambda h: h.__class__(h.attempts, h.audio, pl.concat([h.turns, h.turns]), h.words, h.acoustics),
            "call c has turn_index 0 twice",
        ),
    ],
)
def test_input_that_cannot_be_judged_names_the_call(spoil, message):
    with pytest.raises(InputError, match=message):
        judge(pack(), spoil(day([call("c", "agent: 您好")])))


def test_evidence_heard_by_sound_alone_or_badly_never_makes_a_fatal_fail():
    by_sound = judge(pack(), day([call("c", "agent: 我是金针支队的")]))
    assert verdicts(by_sound.findings, "c")["CN-IMP-01"] in ("unsure", "pass")
    assert not by_sound.scores["fatal"].any()
    badly = judge(pack(), day([call("c", "agent: 我叫几个人去你家", word_probability=0.2)]))
    assert verdicts(badly.findings, "c")["CN-THR-01"] == "unsure" and not badly.scores["fatal"].any()


def test_the_earliest_strong_evidence_is_quoted_and_the_rest_counted():
    turns = [
        "agent: 您好，今天打电话来",
        "customer: 嗯",
        "agent: 我叫几个人去你家",
        "customer: 你",
        "agent: 我叫几个兄弟去你单位",
    ]
    row = judge(pack(), day([call("c", *turns)])).findings.filter(pl.col("rule_id") == "CN-THR-01").row(0, named=True)
    assert (row["turn_index"], row["role"], row["quote"]) == (2, "agent", "叫几个人去你家")
    assert "共 " in row["reason"] and row["source"] and row["severity"] == "fatal"
    turn = turns[2].removeprefix("agent: ")
    assert turn[row["start"] : row["end"]] == row["quote"] and row["start_ms"] < row["end_ms"]
