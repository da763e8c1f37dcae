# ruff: noqa: E501  tables of cases read best one case a line
"""The relations between events against plain loops, and the four answers of conditions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import RulebookError
from inspection.rules import evidence
from inspection.rules.conditions import MISSING, NO, UNSURE, YES, Combine, Compare, Day, Select
from inspection.rules.evidence import Evidence, Found
from inspection.rules.language import Names, Reader
from inspection.rules.relations import Within, one_a_turn, per_call, related, union

EVENT = st.fixed_dictionaries(
    {
        "call": st.integers(0, 2), "start_ms": st.integers(0, 20).map(lambda s: s * 500), "length": st.integers(0, 4),
        "id": st.sampled_from("ab"), "role": st.sampled_from(["agent", "robot", "customer", "unknown"]),
        "why": st.sampled_from([0, 0, 0, 2]), "turn_index": st.integers(0, 6),
    }
)  # fmt: skip
EVENTS = st.lists(EVENT, max_size=14)
WITHIN = st.one_of(
    st.just(Within()), st.integers(0, 4000).map(lambda ms: Within(ms=ms)), st.integers(0, 4).map(lambda n: Within(turns=n)),
    st.integers(0, 8).map(lambda n: Within(words=n)),
)  # fmt: skip


def made(events: list[dict]) -> Evidence:
    rows = [
        {**e, "call_id": str(e["call"]), "kind": "hit", "end_ms": e["start_ms"] + e["length"] * 500} for e in events
    ]
    schema = {"call": pl.Int32, "start_ms": pl.Int64, "length": pl.Int64, "id": pl.String, "role": pl.String, "why": pl.Int8,
              "turn_index": pl.Int32, "call_id": pl.String, "kind": pl.String, "end_ms": pl.Int64}  # fmt: skip
    frame = evidence.collect([pl.DataFrame(rows, schema=schema)])
    return Evidence(frame, 3, None, lambda: frame["start_ms"].to_numpy() // 700)


def naive(ev: Evidence, rows, others, side, within) -> list[bool]:
    """Whether an other lies on that side of each row, near enough: a loop over all pairs. The nearest one decides."""
    result = []
    for a in rows:
        pairs = [
            (b, a)
            for b in others
            if ev.call[a] == ev.call[b] and ev.start_ms[b] < ev.start_ms[a] and side in ("after", "near")
        ]
        later = [
            (a, b)
            for b in others
            if ev.call[a] == ev.call[b] and ev.start_ms[b] > ev.start_ms[a] and side in ("before", "near")
        ]
        nearest = ([max(pairs, key=lambda p: (ev.start_ms[p[0]], p[0]))] if pairs else []) + (
            [min(later, key=lambda p: (ev.start_ms[p[1]], p[1]))] if later else []
        )
        result.append(any(
            (within.ms is None or ev.start_ms[last] - ev.end_ms[first] <= within.ms)
            and (within.turns is None or ev.turn[last] - ev.turn[first] <= within.turns)
            and (within.words is None or ev.word[last] - ev.word[first] <= within.words)
            for first, last in nearest
        ))  # fmt: skip
    return result


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.sampled_from(["after", "before", "near"]), WITHIN, st.booleans())
def test_relations_keep_the_events_a_plain_loop_keeps(events, side, within, wanted):
    ev = made(events)
    a, b = ev.find("hit", ["a"]), ev.find("hit", ["b"])
    got = related(ev, a, b, side, within, wanted=wanted)
    maybe = naive(ev, a.rows, b.rows, side, within)
    surely = naive(ev, a.rows, b.rows[b.strong], side, within)
    keep, sure = (maybe, surely) if wanted else ([not s for s in surely], [not m for m in maybe])
    assert got.rows.tolist() == [row for row, k in zip(a.rows, keep, strict=True) if k]
    assert got.strong.tolist() == [bool(s and strong) for k, s, strong in zip(keep, sure, a.strong, strict=True) if k]


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.sets(st.sampled_from(["agent", "robot", "customer"]), min_size=1))
def test_finding_by_role_takes_unknown_speakers_too_but_never_as_proof(events, roles):
    ev = made(events)
    got = ev.find("hit", ["a", "b"], frozenset(roles))
    role = ev.frame["role"].to_list()
    assert got.rows.tolist() == [i for i, r in enumerate(role) if r in roles or r == "unknown"]
    assert got.strong.tolist() == [role[i] in roles and ev.why[i] == 0 for i in got.rows]


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_counts_and_firsts_per_call(events):
    ev = made(events)
    got = union([ev.find("hit", ["a"]), ev.find("hit", ["b"]), ev.find("hit", ["a"])])
    strong, every, first_strong, first = per_call(ev, got)
    for call in range(3):
        rows = [i for i in range(len(ev.frame)) if ev.call[i] == call]
        sure = [i for i in rows if ev.why[i] == 0]
        assert (every[call], strong[call]) == (len(rows), len(sure))
        assert (first[call], first_strong[call]) == (rows[0] if rows else -1, sure[0] if sure else -1)
    turns = {(ev.call[i], ev.turn[i]) for i in range(len(ev.frame))}
    alone = one_a_turn(ev, got)
    assert {(ev.call[i], ev.turn[i]) for i in alone.rows} == turns and len(alone.rows) == len(turns)
    strong_turns = {(ev.call[i], ev.turn[i]) for i in range(len(ev.frame)) if ev.why[i] == 0}
    assert {(ev.call[i], ev.turn[i]) for i in alone.rows[alone.strong]} == strong_turns


FACTS = pl.DataFrame(
    {"dpd": [1, 5, None], "answered": [True, False, None], "answer_offset_ms": [0, 0, 0], "heard_until_ms": [9000] * 3}
)


def asked(condition, words=(2, 2, 2), events=()):
    day = Day(FACTS, made(list(events)), np.array(words), np.array([0, 0, 0]))
    return condition.answer(day).state.tolist()


SMALL, KNOWN = Compare("dpd", (("at_most", 3),)), Compare("answered", (("is", True),))


@pytest.mark.parametrize(
    ("condition", "answers"),
    [
        (SMALL, [YES, NO, MISSING]),
        (Compare("dpd", (("in", (1, 2)),)), [YES, NO, MISSING]),
        (Compare("dpd", (("not_in", (1, 2)),)), [NO, YES, MISSING]),
        (Compare("dpd", (("known", False),)), [NO, NO, YES]),
        (Combine("not", (SMALL,)), [NO, YES, MISSING]),
        (Combine("all", (SMALL, KNOWN)), [YES, NO, MISSING]),
        (Combine("any", (Combine("not", (SMALL,)), KNOWN)), [YES, YES, MISSING]),
        (Select("hit", ("a",)), [NO, NO, NO]),
    ],
)
def test_the_four_answers(condition, answers):
    assert asked(condition) == answers


def test_what_was_heard_poorly_is_unsure_and_what_was_not_heard_is_missing():
    assert asked(Select("hit", ("a",)), words=(2, 1, 0)) == [NO, UNSURE, MISSING]
    assert asked(Combine("not", (Select("hit", ("a",)),)), words=(2, 1, 0)) == [YES, UNSURE, MISSING]


def event(call, why=0, **more):
    return {"call": call, "start_ms": 0, "length": 1, "id": "a", "role": "agent", "why": why, "turn_index": 0} | more


def test_weak_evidence_makes_unsure_and_never_yes():
    assert asked(Select("hit", ("a",)), events=[event(0), event(1, why=1)]) == [YES, UNSURE, NO]
    assert asked(Select("hit", ("a",), roles=frozenset({"customer"})), events=[event(0, role="unknown")]) == [
        UNSURE,
        NO,
        NO,
    ]


@pytest.mark.parametrize(("at_least", "at_most", "answers"), [(2, None, [YES, UNSURE, NO]), (0, 1, [NO, UNSURE, YES])])
def test_counting_with_weak_rows(at_least, at_most, answers):
    events = [event(0), event(0, start_ms=500), event(1), event(1, why=1)]
    assert asked(Select("hit", ("a",), at_least=at_least, at_most=at_most), events=events) == answers


def test_no_row_is_related_to_itself():
    ev = made([event(0)])
    found = ev.find("hit", ["a"])
    assert not len(related(ev, found, found, "near", Within(), wanted=True).rows)
    assert isinstance(found, Found)


BROKEN = {
    "unknown kind": ({"hits": "threat"}, "expected one of all, any"),
    "unknown category": ({"hit": "thread"}, "unknown lexicon category or entry 'thread'; did you mean 'threat'?"),
    "unknown role": ({"hit": "threat", "role": "boss"}, "unknown role 'boss'"),
    "unknown field": ({"hit": "threat", "rol": "agent"}, "unknown field 'rol'"),
    "unknown fact": ({"fact": "dpdd", "above": 3}, "unknown fact 'dpdd'; did you mean 'dpd'?"),
    "a fact compared with nothing": ({"fact": "dpd"}, "compares fact dpd with nothing"),
    "a wrong type": ({"fact": "dpd", "above": "much"}, "'much' is not a number"),
    "a time without quotes": ({"fact": "dialed_time", "above": 1320}, 'in quotes, such as "22:00"'),
    "an impossible time": ({"fact": "dialed_time", "above": "25:00"}, "is not a time of day"),
    "a duration without unit": ({"hit": "threat", "first": 30}, "not a duration; write it such as 8s"),
    "unknown threshold": ({"fact": "dpd", "above": "$often"}, "unknown threshold 'often'"),
    "within alone": ({"hit": "threat", "within": {"turns": 2}}, "`within` needs one of after"),
    "empty all": ({"all": []}, "all: expected a list of conditions"),
    "a list for a condition": ([{"hit": "threat"}], "expected `key: value`"),
    "unknown state": ({"checkpoint": "CP1", "state": "lost"}, "unknown state 'lost'"),
    "unknown identity": ({"identity": "wife"}, "unknown identity 'wife'"),
    "two kinds": ({"hit": "threat", "phrase": "debt"}, "expected one of"),
    "a relation to a fact": ({"hit": "threat", "after": {"fact": "dpd", "above": 1}}, "after: expected one of"),
    "count of words": ({"hit": "threat", "count": {"at_least": 1, "of": "words"}}, "only `turns` may be counted"),
    "a negative number": ({"hit": "threat", "count": {"at_least": -1}}, "not a number of at least 0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_in_a_condition_is_refused_with_its_place(name):
    data, message = BROKEN[name]
    names = Names({"few": 3}, {"threat": ["threat.visit"]}, frozenset({"debt"}), frozenset({"CP1"}))
    with pytest.raises(RulebookError) as error:
        Reader(names, "rules/x.yaml: R1: fail").condition(data)
    assert message in str(error.value) and str(error.value).startswith("rules/x.yaml: R1: fail")
