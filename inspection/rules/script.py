"""The required conversation: what became of each checkpoint of the script that applies to a call.

Deadlines count from the answer to the *word* that was said. A word that lies within the tolerance of its deadline, or
whose time is only known to the turn, is `unsure`: one bad timestamp fails nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.rules import relations
from inspection.rules.conditions import MISSING, NO, STATES, UNSURE, YES, Day
from inspection.rules.evidence import Found
from inspection.rules.model import Checkpoint, Script

DETAILS = (
    "", "missing", "late", "out_of_order", "not_at_end", "near_deadline", "weak", "unanswered", "condition_unsure",
    "weak_hearing", "short_call", "voicemail", "hung_up", "excused", "not_due",
)  # fmt: skip
"""Why a checkpoint has its state; the rulebook holds the sentence for each as `checkpoint_…`."""


@dataclass(frozen=True)
class Limits:
    """Thresholds in ms: calls shorter than `short` owe nothing; deadlines bend by `tolerance`."""

    short: int
    tolerance: int


@dataclass(frozen=True)
class _Course:
    """How each call went: ms of the answer and of the end in the recording, who ended it, whether a machine spoke."""

    limits: Limits
    answered: np.ndarray
    until: np.ndarray
    hung_up: np.ndarray
    voicemail: np.ndarray

    @classmethod
    def of(cls, limits: Limits, facts: pl.DataFrame) -> _Course:
        known = facts.select(
            pl.col("answer_offset_ms"), pl.col("heard_until_ms").fill_null(0),
            hung_up=(pl.col("term_reason") == "customer").fill_null(False),
            voicemail=(pl.col("last_identity") == "voicemail").fill_null(False),
        )  # fmt: skip
        return cls(limits, *(column.to_numpy() for column in known))


def choose_scripts(day: Day, scripts: tuple[Script, ...], stated: pl.Series) -> np.ndarray:
    """For each call the position of its script: the one the dialer names, else the first that applies, else -1."""
    chosen = np.full(day.calls, -1)
    for position in range(len(scripts) - 1, -1, -1):
        chosen[scripts[position].applies.answer(day).state == YES] = position
    ids = {script.id: position for position, script in enumerate(scripts)}
    named = stated.replace_strict(list(ids), list(ids.values()), default=None, return_dtype=pl.Int64)
    return np.where(named.is_not_null().to_numpy(), named.fill_null(-1).to_numpy(), chosen)


def check(day: Day, scripts: tuple[Script, ...], chosen: np.ndarray, limits: Limits) -> pl.DataFrame:
    """CHECKED, one row for each heard call and checkpoint of its script, in the order of both.

    `row` is the row of the evidence or -1, `reason` an index into DETAILS.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    uses: list[tuple[str, int, Checkpoint]] = []
    said: dict[str, Found] = {}
    course = _Course.of(limits, day.facts)
    for position, script in enumerate(scripts):
        calls = np.flatnonzero((chosen == position) & (day.words > 0))
        for order, checkpoint in enumerate(script.checkpoints if len(calls) else ()):
            if checkpoint.id not in said:
                said[checkpoint.id] = checkpoint.say.found(day)
            result = _state(day, checkpoint, said[checkpoint.id], course)
            parts.append((calls, np.full(len(calls), len(uses)), *(values[calls] for values in result)))
            uses.append((script.id, order, checkpoint))
    if not parts:
        return pl.DataFrame(schema=CHECKED)
    call, use, state, row, reason = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    table = _table(uses, call=call, use=use, state=state, row=row, reason=reason)
    return table.sort("call", "order", maintain_order=True)


CHECKED = pl.Schema(
    {
        "call": pl.Int32, "script": pl.String, "order": pl.Int32, "checkpoint": pl.String, "title": pl.String,
        "state": pl.String, "mandatory": pl.Boolean, "deadline_ms": pl.Int64, "row": pl.Int64, "reason": pl.Int8,
    }
)  # fmt: skip
PASS, LATE, MISSED, DISORDERED, ALTERED, INAPPLICABLE, DOUBTFUL = range(len(STATES))


def _state(day: Day, checkpoint: Checkpoint, said: Found, course: _Course) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State, row of the evidence and reason for every call of the day."""
    ev = day.evidence
    strong, _, first_strong, first = relations.per_call(ev, said)
    if checkpoint.last_ms is not None:
        first_strong, first = _last(ev, said.rows[said.strong]), _last(ev, said.rows)
    row = np.where(first_strong >= 0, first_strong, first)
    state = np.full(day.calls, PASS, np.int8)
    reason = np.zeros(day.calls, np.int8)
    spoken = row >= 0

    def mark(where: np.ndarray, value: int, why: str) -> None:
        state[where], reason[where] = value, DETAILS.index(why)

    mark(~spoken, MISSED, "missing")
    mark(~spoken & (day.words == 1), DOUBTFUL, "weak_hearing")
    _judge_order(day, checkpoint, row, mark)
    _judge_time(day, checkpoint, row, course, mark)
    if checkpoint.answered_by is not None:
        asked = Found(row[spoken], np.ones(int(spoken.sum()), bool))
        answered = relations.related(
            ev, asked, checkpoint.answered_by.found(day), "before", relations.Within(), wanted=True
        )
        unanswered = spoken & (state == PASS)
        unanswered[ev.call[answered.rows[answered.strong]]] = False
        mark(unanswered, DOUBTFUL, "unanswered")
        if checkpoint.excused is not None:
            mark(unanswered & (checkpoint.excused.answer(day).state == YES), INAPPLICABLE, "excused")
    mark(spoken & (strong == 0), DOUBTFUL, "weak")
    _judge_due(day, checkpoint, ~spoken, course, mark)
    return state, row, reason


def _at(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values of those rows; of a row of -1 anything, even where there is no evidence at all."""
    return values[rows] if len(values) else np.full(len(rows), -1)


def _judge_order(day: Day, checkpoint: Checkpoint, row: np.ndarray, mark: object) -> None:
    ev, spoken = day.evidence, row >= 0
    at = np.where(spoken, _at(ev.start_ms, row), 0)
    for events, wrong in ((checkpoint.after, np.greater), (checkpoint.before, np.less)):
        if events is None:
            continue
        other = events.found(day)
        _, _, first, _ = relations.per_call(
            ev, Found(other.rows[ev.timed[other.rows]], other.strong[ev.timed[other.rows]])
        )
        mark(spoken & (first >= 0) & wrong(_at(ev.start_ms, first), at), DISORDERED, "out_of_order")


def _judge_time(day: Day, checkpoint: Checkpoint, row: np.ndarray, course: _Course, mark: object) -> None:
    ev, spoken = day.evidence, row >= 0
    if checkpoint.deadline_ms is not None:
        due = course.answered + checkpoint.deadline_ms
        late = spoken & (_at(ev.start_ms, row) > due)
        mark(late, LATE, "late")
        mark(
            late & ((_at(ev.start_ms, row) <= due + course.limits.tolerance) | (_at(ev.rough_from_ms, row) <= due)),
            DOUBTFUL,
            "near_deadline",
        )
    if checkpoint.last_ms is not None:
        left = course.until - _at(ev.end_ms, row) - checkpoint.last_ms
        mark(spoken & (left > course.limits.tolerance), DISORDERED, "not_at_end")
        mark(spoken & (left > 0) & (left <= course.limits.tolerance), DOUBTFUL, "near_deadline")


def _judge_due(day: Day, checkpoint: Checkpoint, silent: np.ndarray, course: _Course, mark: object) -> None:
    """Where a checkpoint was not said and was not owed; the plainest reason is written last."""
    hung_up = course.hung_up
    if checkpoint.deadline_ms is not None and checkpoint.last_ms is None:
        hung_up = hung_up & (course.until - course.answered < checkpoint.deadline_ms + course.limits.tolerance)
    if checkpoint.reply_to is not None:
        hung_up = hung_up & ~_went_by(day, checkpoint)
    mark(silent & hung_up, INAPPLICABLE, "hung_up")
    mark(silent & (course.until < course.limits.short), INAPPLICABLE, "short_call")
    mark(course.voicemail, INAPPLICABLE, "voicemail")
    if checkpoint.excused is not None:
        mark(silent & (checkpoint.excused.answer(day).state == YES), INAPPLICABLE, "excused")
    if checkpoint.when is not None:
        due = checkpoint.when.answer(day).state
        mark(silent & (due == UNSURE), DOUBTFUL, "condition_unsure")
        mark((due == NO) | (due == MISSING), INAPPLICABLE, "not_due")


def _went_by(day: Day, checkpoint: Checkpoint) -> np.ndarray:
    """For each call whether it went on beyond the turns in which the reply was due: hanging up later excuses nobody."""
    ev, asked = day.evidence, checkpoint.reply_to.found(day)
    rows, turns = asked.rows[asked.strong], checkpoint.say.within.turns
    result = np.zeros(day.calls, bool)
    if turns is not None:
        last = day.facts["last_turn"].fill_null(-1).to_numpy()[ev.call[rows]]
        result[ev.call[rows[last - ev.turn[rows] >= turns]]] = True
    return result


def _last(ev: object, rows: np.ndarray) -> np.ndarray:
    last = np.full(ev.calls, -1, np.int64)
    last[ev.call[rows]] = rows
    return last


def _table(
    uses: list[tuple[str, int, Checkpoint]],
    *,
    call: np.ndarray,
    use: np.ndarray,
    state: np.ndarray,
    row: np.ndarray,
    reason: np.ndarray,
) -> pl.DataFrame:
    """CHECKED from numbers: `use` is the position of the script's checkpoint in `uses`."""
    known = pl.DataFrame(
        [(script, order, one.id, one.title, one.mandatory, one.deadline_ms) for script, order, one in uses],
        schema=["script", "order", "checkpoint", "title", "mandatory", "deadline_ms"], orient="row",
    )  # fmt: skip
    table = known[use].with_columns(
        call=call, state=pl.Series(STATES).gather(state), row=np.where(state == MISSED, -1, row), reason=reason
    )
    return table.select(CHECKED.names()).cast(dict(CHECKED))
