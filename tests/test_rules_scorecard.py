# ruff: noqa: E501  tables of cases read best one case a line
"""Scores: sums against a plain reckoning, caps that hold, what is not known or not applicable, trial and fatal rules."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_kit import call, day, pack

from inspection.rules.conditions import Compare, Day
from inspection.rules.evidence import Evidence, collect
from inspection.rules.judge import judge
from inspection.rules.model import Component, Rule, Scorecard
from inspection.rules.scorecard import FAIL, INAPPLICABLE, PASS, UNSURE, VERDICTS, score

SEVERITIES = ("minor", "major", "minor", "major", "fatal", "info")
POINTS = (10.0, 8.0, 6.0, 5.0, 4.0, 2.0)
SECTIONS = ("a", "a", "a", "b", "b", "b")
ALWAYS = Compare("heard", (("is", True),))


def rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(f"R{i}", 1, f"R{i}", severity, "live", "words", "", "", ALWAYS, None, "", "", "", None, "staff")
        for i, severity in enumerate(SEVERITIES)
    )


def card(caps=(), losses=None) -> Scorecard:
    components = tuple(
        Component(f"R{i}", points, section) for i, (points, section) in enumerate(zip(POINTS, SECTIONS, strict=True))
    )
    return Scorecard(
        "card", "card", ALWAYS, components, losses or {}, caps, ((90.0, "合格"), (70.0, "待改进"), (0.0, "预警")), 70.0
    )


def scored(verdicts, one=None, live=None, heard=None):
    verdicts = np.array(verdicts, np.int8)
    calls = verdicts.shape[1]
    facts = pl.DataFrame({"heard": [True] * calls})
    day = Day(facts, Evidence(collect([]), calls), np.full(calls, 2), np.zeros(calls))
    ids = pl.Series([f"c{i:03}" for i in range(calls)])
    live = np.ones(verdicts.shape, bool) if live is None else np.array(live)
    heard = np.ones(calls, bool) if heard is None else np.array(heard)
    return score(day, (one or card(),), rules(), verdicts=verdicts, live=live, heard=heard, ids=ids)


def reckoned(column, caps=(), losses=None) -> float | None:
    """The score of one call, rule by rule."""
    possible, lost = 0.0, {"a": 0.0, "b": 0.0}
    for verdict, points, section in zip(column, POINTS, SECTIONS, strict=True):
        if verdict in (FAIL, PASS):
            possible += points
            lost[section] += points if verdict == FAIL else 0
    value = None
    if possible:
        value = (
            100 * (possible - sum(min(loss, (losses or {}).get(name, 1e9)) for name, loss in lost.items())) / possible
        )
    for severity, least, most in caps:
        if sum(v == FAIL and s == severity for v, s in zip(column, SEVERITIES, strict=True)) >= least:
            value = min(value, most) if value is not None else most
    return 0.0 if column[4] == FAIL else value


COLUMN = st.lists(st.sampled_from([FAIL, PASS, UNSURE, INAPPLICABLE]), min_size=6, max_size=6)
CAPS = (("major", 2, 65.0), ("major", 1, 85.0))


@settings(max_examples=80, deadline=None)
@given(st.lists(COLUMN, min_size=1, max_size=8))
def test_scores_are_what_a_plain_reckoning_gives(columns):
    losses = {"a": 12.0}
    lines, sums = scored(np.array(columns).T, card(CAPS, losses))
    for column, row in zip(columns, sums.iter_rows(named=True), strict=True):
        expected = reckoned(column, CAPS, losses)
        assert row["score"] == (None if expected is None else pytest.approx(expected))
        assert row["fatal"] == (column[4] == FAIL) and row["unsure"] == column.count(UNSURE)
        assert row["fatal_rules"] == (["R4"] if column[4] == FAIL else [])
    assert lines.height == 6 * len(columns)
    assert lines["possible"].to_list() == [
        p if v in (FAIL, PASS) else 0 for column in columns for v, p in zip(column, POINTS, strict=True)
    ]
    assert lines["verdict"].to_list() == [VERDICTS[v] for column in columns for v in column]


@settings(max_examples=60, deadline=None)
@given(COLUMN, st.integers(0, 5))
def test_what_is_not_applicable_never_changes_a_score(column, position):
    """A card that lacks the rule scores the call as a card that has it where it does not apply."""
    column[position] = INAPPLICABLE
    _, whole = scored(np.array([column]).T)
    fewer = card()
    shorter = Scorecard(
        **{**fewer.__dict__, "components": tuple(c for i, c in enumerate(fewer.components) if i != position)}
    )
    _, short = scored(np.array([column]).T, shorter)
    assert whole.equals(short)


@settings(max_examples=60, deadline=None)
@given(COLUMN)
def test_a_rule_on_trial_costs_nothing_whatever_it_finds(column):
    live = np.ones((6, 1), bool)
    live[3] = False
    without = [*column]
    without[3] = INAPPLICABLE
    _, trial = scored(np.array([column]).T, card(CAPS), live)
    _, never = scored(np.array([without]).T, card(CAPS))
    assert trial.equals(never)


@settings(max_examples=60, deadline=None)
@given(COLUMN, st.integers(0, 5))
def test_finding_one_more_failure_never_raises_a_score(column, position):
    column[position] = PASS
    worse = [*column]
    worse[position] = FAIL
    _, sums = scored(np.array([column, worse]).T, card(CAPS, {"a": 12.0}))
    assert sums["score"][1] <= sums["score"][0]


@pytest.mark.parametrize(
    ("column", "verdict", "band"),
    [
        ([PASS] * 6, "pass", "合格"),
        ([PASS] * 5 + [UNSURE], "unsure", "合格"),
        ([FAIL, FAIL, PASS, PASS, PASS, PASS], "fail", "预警"),
        ([PASS] * 4 + [FAIL, UNSURE], "fail", "预警"),
        ([INAPPLICABLE] * 6, "unsure", None),
        ([UNSURE] * 6, "unsure", None),
    ],
)
def test_unsure_is_never_silently_a_pass(column, verdict, band):
    _, sums = scored(np.array([column]).T)
    assert (sums["verdict"].item(), sums["band"].item()) == (verdict, band)


@pytest.mark.parametrize(("majors", "most"), [(0, 100), (1, 85), (2, 65)])
def test_caps_hold_for_the_total(majors, most):
    column = [PASS] * 6
    for position in (1, 3)[:majors]:
        column[position] = FAIL
    _, sums = scored(np.array([column]).T, card((("major", 1, 85.0), ("major", 2, 65.0)), {"a": 1.0, "b": 1.0}))
    assert sums["score"].item() <= most


STAGES, KINDS = ("M0", "M1", "M2", None, "M7"), ("human", "robot", None)


@pytest.fixture(scope="module")
def carded():
    calls = [call(f"{s}-{k}", "agent: 您好", stage=s, agent_kind=k) for s in STAGES for k in KINDS]
    return judge(pack(), day(calls))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_and_kind_of_agent_has_its_card(carded, stage, kind):
    card = "other" if kind is None else f"{kind}.{stage if stage in ('M0', 'M2') else 'M1'}"
    assert carded.scores.filter(call_id=f"{stage}-{kind}")["scorecard"].to_list() == [card]


SCORED = {  # rules of the script with their points, by stage, as domain §3.1 asks for them
    "human": {"M0": {"CN-CP-08": 4}, "M1": {"CN-CP-07": 4, "CN-CP-08": 4, "CN-CP-09": 6}, "M2": {"CN-CP-07": 8, "CN-CP-08": 6, "CN-CP-09": 8}},
    "robot": {"M0": {"CN-CP-08": 4, "CN-CP-09": 6}, "M1": {"CN-CP-07": 4, "CN-CP-08": 4, "CN-CP-09": 6}, "M2": {"CN-CP-07": 6, "CN-CP-08": 6, "CN-CP-09": 6}},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "stage"), [(kind, stage) for kind in SCORED for stage in SCORED[kind]])
def test_a_stage_scores_what_its_script_asks_for(kind, stage):
    rulebook = pack()
    points = {
        one.rule: one.points for one in next(c for c in rulebook.scorecards if c.id == f"{kind}.{stage}").components
    }
    assert {rule: points[rule] for rule in ("CN-CP-07", "CN-CP-08", "CN-CP-09") if rule in points} == SCORED[kind][
        stage
    ]
    asked = {one.id for one in next(s for s in rulebook.scripts if s.id == f"{kind}.{stage}").checkpoints}
    assert {rule.replace("CN-CP-0", "CP") for rule in points if rule.startswith("CN-CP-0")} <= asked
    assert stage != "M2" or {"CN-CP-05", "CN-CP-06", "CN-CP-10", "CN-CP-12", "CN-ID-01", "CN-REC-01"} <= set(points)


def test_calls_that_were_not_heard_have_findings_but_no_score():
    lines, sums = scored(np.array([[PASS] * 6, [FAIL] * 6]).T, heard=[True, False])
    assert sums["call_id"].to_list() == ["c000"] and lines["call_id"].unique().to_list() == ["c000"]
