"""The way a robot went through its lines: which main line it passed over, which it said too early.

    script    opening ── amount ── consequence ── channel ── closing
    said      opening ── amount ────────────────── channel               consequence: missing, it was passed over
    said      opening ── amount ── (refusal, a branch)                    nothing is missing, the branch took over

A main line is owed once a later one came, or once the robot itself ended the call with the debtor on the line. What the
customer said to leave the way (`leaves` of the script), a branch, and a customer who hangs up excuse the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.rules.conditions import UNSURE, YES, Day
from inspection.rules.model import Line, Script

PLACES = 1 << 10
SHIFT = 36
"""Bits for the moment of a line in a combined key of call and moment: 18 hours of ms, each with places in a turn."""
NEVER = (1 << SHIFT) - 1


@dataclass(frozen=True)
class Walk:
    """calls: positions on the axis; first: [calls, lines] moment at which each main line was first said, NEVER where
    not; row: its turn or -1; leaves: sorted call × moment at which a call left the way."""

    calls: np.ndarray
    first: np.ndarray
    row: np.ndarray
    leaves: np.ndarray


def departures(day: Day, script: Script, said: pl.DataFrame, calls: np.ndarray, short_ms: int) -> pl.DataFrame:
    """Main lines that were missed or said too early: `call, line, row, state`; row is null for a line never said.

    said: lines of one script as robot.said_lines gives them, with `start_ms` and `why` of their turns.
    """
    lines = [line for line in script.lines if not line.branch]
    walk = _walked(day, script, said, calls, lines)
    earlier = np.maximum.accumulate(np.where(walk.row >= 0, walk.first, -1), axis=1)
    earlier = np.concatenate([np.full((len(calls), 1), -1), earlier[:, :-1]], axis=1)
    later = np.minimum.accumulate(walk.first[:, ::-1], axis=1)[:, ::-1]
    later = np.concatenate([later[:, 1:], np.full((len(calls), 1), NEVER)], axis=1)
    turn_came = (later < NEVER) | ((earlier >= 0) & _ended_by_robot(day, calls)[:, None])
    long_enough = day.facts["heard_until_ms"].fill_null(0).to_numpy()[calls] >= short_ms
    owed = (walk.row < 0) & turn_came & long_enough[:, None] & ~_left(walk, earlier, later)
    due = np.stack([_due(day, line)[calls] for line in lines], axis=1)
    weak = np.isin(calls, said.filter(pl.col("why") > 0)["call"].to_numpy())  # the line may be what was not understood
    missing = np.where(weak[:, None] | (due == UNSURE), "unsure", "missing")
    return pl.concat([
        _table(walk, lines, owed & (due >= UNSURE), missing),
        _table(walk, lines, (walk.row >= 0) & (earlier > walk.first), np.full(missing.shape, "out_of_order")),
    ])  # fmt: skip


def _walked(day: Day, script: Script, said: pl.DataFrame, calls: np.ndarray, lines: list[Line]) -> Walk:
    within = pl.col("place").fill_null(0).clip(0, PLACES - 1)
    moment = pl.col("start_ms").cast(pl.Int64).clip(0, NEVER // PLACES - 1) * PLACES + within
    timed = said.drop_nulls("line").with_columns(moment=moment).sort("moment", maintain_order=True)
    firsts = timed.unique(["call", "line"], keep="first", maintain_order=True)
    first = np.full((len(calls), len(lines)), NEVER, np.int64)
    row = np.full((len(calls), len(lines)), -1, np.int64)
    for number, line in enumerate(lines):
        one = firsts.filter(pl.col("line") == line.id)
        at = np.searchsorted(calls, one["call"].to_numpy())
        first[at, number], row[at, number] = one["moment"].to_numpy(), one["row"].to_numpy()
    branches = timed.filter(pl.col("line").is_in([line.id for line in script.lines if line.branch]))
    leaves = [_key(branches["call"].to_numpy(), branches["moment"].to_numpy())]
    if script.leaves is not None:
        ev, rows = day.evidence, script.leaves.found(day).rows
        rows = rows[ev.timed[rows]]
        leaves.append(_key(ev.call[rows], np.minimum(ev.start_ms[rows] * PLACES, NEVER - 1)))
    return Walk(calls, first, row, np.sort(np.concatenate(leaves)))


def _key(call: np.ndarray, moment: np.ndarray) -> np.ndarray:
    return (call.astype(np.int64) << SHIFT) + moment


def _left(walk: Walk, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Whether the call left the way between the two moments."""
    call = walk.calls[:, None]
    low = np.searchsorted(walk.leaves, _key(call, np.maximum(earlier, 0)), side="left")
    return np.searchsorted(walk.leaves, _key(call, later), side="left") > low


def _ended_by_robot(day: Day, calls: np.ndarray) -> np.ndarray:
    """With the debtor or a guarantor on the line; who hung up is often unknown, and then nothing is owed."""
    facts = day.facts.select(
        (pl.col("term_reason") == "agent").fill_null(False)
        & pl.col("last_identity").is_in(["debtor", "guarantor"]).fill_null(False)
    )
    return facts.to_series().to_numpy()[calls]


def _due(day: Day, line: Line) -> np.ndarray:
    return np.full(day.calls, YES) if line.when is None else line.when.answer(day).state


def _table(walk: Walk, lines: list[Line], marks: np.ndarray, states: np.ndarray) -> pl.DataFrame:
    which, number = np.nonzero(marks)
    row = pl.Series(walk.row[which, number], dtype=pl.Int64)
    return pl.DataFrame({
        "call": pl.Series(walk.calls[which], dtype=pl.Int32), "row": row.set(row < 0, None),
        "line": pl.Series([line.id for line in lines], dtype=pl.String).gather(number),
        "state": pl.Series(states[which, number], dtype=pl.String),
    })  # fmt: skip
