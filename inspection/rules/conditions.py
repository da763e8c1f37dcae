"""The condition language: from YAML to nodes, from nodes to one verdict per call. Its manual is docs/rules.md.

A condition has four answers, ordered: NO < MISSING < UNSURE < YES. `all` is the least of its parts, `any` the greatest,
`not` exchanges YES and NO and leaves the two kinds of ignorance as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any

import numpy as np
import polars as pl

from inspection.rules import relations
from inspection.rules.evidence import WHO, Evidence, Found
from inspection.rules.relations import Within

NO, MISSING, UNSURE, YES = range(4)
STAFF = frozenset({"agent", "robot"})
KINDS = ("hit", "phrase", "checkpoint", "identity", "acoustic", "spoken", "repeat")
COMPARISONS = ("is", "is_not", "in", "not_in", "above", "below", "at_least", "at_most", "known")
ANYWHERE = Within()
ROUND_SUM = 1000
"""In cents: a sum of whole tens is a round one."""
ACOUSTIC_KINDS = frozenset({"acoustic"})


@dataclass(frozen=True)
class Answer:
    """For each call: the answer, the row of the evidence that shows it (-1: none), how many rows show it."""

    state: np.ndarray
    row: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class Day:
    """What conditions are asked about.

    facts: one row per call in the order of the axis. words, sound: for each call 0 nothing was heard, 1 heard too
    poorly to clear anybody, 2 heard.
    """

    facts: pl.DataFrame
    evidence: Evidence
    words: np.ndarray
    sound: np.ndarray
    checkpoints: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    """For each checkpoint and call: index into STATES (-1: not in the call's script) and row of the evidence."""

    compared: dict[Compare, np.ndarray] = field(default_factory=dict)
    """Answers of comparisons already made: many rules ask for the same stage or outcome."""

    @property
    def calls(self) -> int:
        return self.facts.height

    masks: dict[str, np.ndarray] = field(default_factory=dict)

    def known(self, fact: str) -> np.ndarray:
        """For each call whether the fact is known."""
        if fact not in self.masks:
            column = self.facts[fact]
            some, every = column.null_count() < len(column), column.null_count() == 0
            self.masks[fact] = column.is_not_null().to_numpy() if some and not every else np.full(len(column), every)
        return self.masks[fact]

    @cached_property
    def no_row(self) -> np.ndarray:
        return np.full(self.calls, -1, np.int64)

    @cached_property
    def no_count(self) -> np.ndarray:
        return np.zeros(self.calls, np.int64)


# --- nodes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """A comparison on a fact of the call; a fact that is not known answers MISSING."""

    fact: str
    tests: tuple[tuple[str, Any], ...]

    def answer(self, day: Day) -> Answer:
        if self not in day.compared:
            day.compared[self] = self._states(day)
        return Answer(day.compared[self], day.no_row, day.no_count)

    def _states(self, day: Day) -> np.ndarray:
        column = day.facts[self.fact]
        known = day.known(self.fact)
        state = np.where(known, YES, MISSING).astype(np.int8)
        for test, value in self.tests:
            if test == "known":
                state = np.where(known == value, YES, NO).astype(np.int8)
            elif known.any():
                state[known & ~_holds(column, test, value)] = NO
        return state


@dataclass(frozen=True)
class Select:
    """Events: rows of one kind, narrowed by role, window, value, identity and relations to other events."""

    kind: str
    names: tuple[str, ...]
    roles: frozenset[str] | None = None
    who: frozenset[str] | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    lasting_ms: int | None = None
    replied: bool = False
    """Whether what staff never spoke after proves nothing: the call ended before they could answer."""
    value: tuple[tuple[str, float], ...] = ()
    unlike: str | None = None
    tolerance: float = 0
    rounded: float = 0
    """Share of the fact within which a round sum that is unlike it may be a rounding, which accuses nobody."""
    links: tuple[tuple[str, bool, Events], ...] = ()
    within: Within = ANYWHERE
    at_least: int = 1
    at_most: int | None = None
    by_turn: bool = False
    guarded: bool = False
    """Whether what a guard cleared is left out, because finding it accuses somebody."""

    def found(self, day: Day) -> Found:
        ev = day.evidence
        events = ev.find(self.kind, self.names, self.roles)
        if self.guarded:
            events = events.keep(~ev.cleared[events.rows])
        if len(events.rows):
            events = self._in_window(day, self._by_value(day, self._by_identity(day, events)))
            if self.replied:
                last = day.facts["last_staff_turn"].fill_null(-1).to_numpy()[ev.call[events.rows]]
                events = Found(events.rows, events.strong & (ev.turn[events.rows] < last))
        for side, wanted, other in self.links:
            events = relations.related(ev, events, other.found(day), side, self.within, wanted=wanted)
        return events

    def _by_identity(self, day: Day, events: Found) -> Found:
        if self.who is None:
            return events
        who, certain = (values[events.rows] for values in day.evidence.who)
        wanted = np.isin(who, [WHO.index(name) for name in self.who])
        # nobody known on a recording that was heard poorly may be somebody whose answer was lost
        certain = certain & ~((who == WHO.index("unknown")) & (day.words[day.evidence.call[events.rows]] == 1))
        # an uncertain identity may be one of the others: such a row stays, but cannot accuse
        return Found(events.rows, events.strong & certain & wanted).keep(wanted | ~certain)

    def _by_value(self, day: Day, events: Found) -> Found:
        values = day.evidence.value[events.rows]
        keep = np.ones(len(values), bool)
        for test, bound in self.value:
            keep &= NUMERIC[test](values, bound)
        if self.unlike is None:
            return events.keep(keep)
        expected = _expected(day, self.unlike, events.rows, values)
        apart = np.abs(values - expected)
        round_sum = (values % ROUND_SUM == 0) & (apart <= self.rounded * expected)
        told = Found(events.rows, events.strong & ~round_sum) if self.rounded else events
        return _twice(day, told.keep(keep & (apart > self.tolerance)))

    def _in_window(self, day: Day, events: Found) -> Found:
        ev = day.evidence
        if self.lasting_ms is not None:
            events = events.keep(ev.end_ms[events.rows] - ev.start_ms[events.rows] >= self.lasting_ms)
        call = ev.call[events.rows]
        if self.first_ms is not None:
            answered = day.facts["answer_offset_ms"].to_numpy()[call]
            events = events.keep(ev.timed[events.rows] & (ev.start_ms[events.rows] - answered < self.first_ms))
        if self.last_ms is not None:
            ended = day.facts["heard_until_ms"].fill_null(0).to_numpy()[ev.call[events.rows]]
            events = events.keep(ev.timed[events.rows] & (ended - ev.end_ms[events.rows] <= self.last_ms))
        return events

    def answer(self, day: Day) -> Answer:
        return _counted(day, self.found(day), self._hearing(day), self)

    def _hearing(self, day: Day) -> np.ndarray:
        return day.sound if self.kind in ACOUSTIC_KINDS else day.words


@dataclass(frozen=True)
class Either:
    """Events of any of the parts."""

    parts: tuple[Events, ...]
    at_least: int = 1
    at_most: int | None = None
    by_turn: bool = False

    def found(self, day: Day) -> Found:
        return relations.union([part.found(day) for part in self.parts])

    def answer(self, day: Day) -> Answer:
        hearing = np.minimum.reduce([day.sound if _kind(part) in ACOUSTIC_KINDS else day.words for part in self.parts])
        return _counted(day, self.found(day), hearing, self)


Events = Select | Either


@dataclass(frozen=True)
class State:
    """A checkpoint is in one of the states. A call whose script lacks it, or to which it does not apply, is MISSING."""

    checkpoints: tuple[str, ...]
    states: frozenset[str]

    def answer(self, day: Day) -> Answer:
        state, row = np.full(day.calls, MISSING, np.int8), np.full(day.calls, -1, np.int64)
        levels = {name: YES if name in self.states else NO for name in CHECKPOINT_STATES}
        levels |= {"unsure": UNSURE, "not_applicable": MISSING}
        table = np.array([MISSING, *(levels[name] for name in STATES)], np.int8)
        for name in self.checkpoints:
            codes, rows = day.checkpoints.get(name, (np.full(day.calls, -1), row))
            level = table[codes + 1]
            better = (level != MISSING) & ((state == MISSING) | (level > state))
            state[better], row[better] = level[better], rows[better]
        return Answer(state, row, (row >= 0).astype(np.int64))


@dataclass(frozen=True)
class Combine:
    """all | any | not of other conditions. The row shown is the first part's that has one; for `any`, the earliest."""

    how: str
    parts: tuple[Node, ...] = field(default=())

    def answer(self, day: Day) -> Answer:
        answers = [part.answer(day) for part in self.parts]
        if self.how == "not":
            (only,) = answers
            return Answer(NEGATED[only.state], only.row, only.count)
        pick, add = (np.minimum, np.maximum) if self.how == "all" else (np.maximum, np.add)
        state, row, count = reduce(pick, [one.state for one in answers]), day.no_row, day.no_count
        for one in answers:
            if one.row is day.no_row:  # a comparison: it decides, and shows nothing
                continue
            decides = one.state >= state
            better = decides & (one.row >= 0) & ((row < 0) | ((self.how == "any") & (one.row < row)))
            row, count = np.where(better, one.row, row), np.where(decides, add(count, one.count), count)
        return Answer(state, row, count)


Node = Compare | Select | Either | State | Combine
STATES = ("pass", "late", "missing", "out_of_order", "altered", "not_applicable", "unsure")
"""What can become of a checkpoint."""
CHECKPOINT_STATES = frozenset(STATES)
NEGATED = np.array([YES, MISSING, UNSURE, NO], np.int8)
NUMERIC: Mapping[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "is": np.equal,
}


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it."""
    yield node
    for part in getattr(node, "parts", ()):
        yield from walk(part)
    for _, _, other in getattr(node, "links", ()):
        yield from walk(other)


def _counted(day: Day, found: Found, hearing: np.ndarray, wanted: Events) -> Answer:
    if wanted.by_turn:
        found = relations.one_a_turn(day.evidence, found)
    strong, every, first_strong, first = relations.per_call(day.evidence, found)
    state = np.where(every >= wanted.at_least, UNSURE, NO)
    state[strong >= wanted.at_least] = YES
    if wanted.at_most is not None:
        state[every > wanted.at_most] = np.minimum(state[every > wanted.at_most], UNSURE)
        state[strong > wanted.at_most] = NO
    state[(hearing == 1) & (state == NO)] = UNSURE
    state[hearing == 0] = MISSING
    return Answer(state.astype(np.int8), np.where(first_strong >= 0, first_strong, first), every)


def _kind(node: Events) -> str:
    return node.kind if isinstance(node, Select) else _kind(node.parts[0])


def _twice(day: Day, events: Found) -> Found:
    """A recogniser takes one number for another (十一月 for 一月): a number that differs accuses only where a second
    turn says it, too; otherwise a person listens (domain §1.2, CN-FALSE-02). Written turns are taken at their word."""
    ev, rows = day.evidence, events.rows
    said = pl.DataFrame({"call": ev.call[rows], "value": ev.value[rows], "turn": ev.turn[rows]})
    turns = said.select(pl.col("turn").n_unique().over("call", "value"))["turn"].to_numpy()
    return Found(rows, events.strong & (ev.written[rows] | (turns > 1)))


def _expected(day: Day, fact: str, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The fact of each row's call as a number; a date as month × 100 + day, or as the day where only that was said."""
    column, call = day.facts[fact], day.evidence.call[rows]
    if column.dtype != pl.Date:
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()[call]
    day_of_month = column.dt.day().cast(pl.Float64).fill_null(float("nan")).to_numpy()[call]
    month = column.dt.month().cast(pl.Float64).fill_null(float("nan")).to_numpy()[call]
    return np.where(values >= 100, month * 100 + day_of_month, day_of_month)


def _holds(column: pl.Series, test: str, value: Any) -> np.ndarray:
    """Whether the comparison holds; anything for a null."""
    if test in ("in", "not_in"):
        inside = np.logical_or.reduce([_filled(column == one) for one in value])
        return inside if test == "in" else ~inside
    result = {
        "is": column.__eq__, "is_not": column.__ne__, "above": column.__gt__, "below": column.__lt__,
        "at_least": column.__ge__, "at_most": column.__le__,
    }[test](value)  # fmt: skip
    return _filled(result)


def _filled(flags: pl.Series) -> np.ndarray:
    return (flags.fill_null(False) if flags.null_count() else flags).to_numpy()
