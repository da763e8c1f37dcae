"""The relations between events, written once for any number of calls.

Every function takes and gives `Found`: ascending rows of the evidence. None loops over calls, turns or rows.

    events   ──●────────●──●─────────
    others   ────○──────────────○────
    after    ───────────●──●─────────      an other began before, in the same call
    before   ──●────────●──●─────────      an other begins after
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspection.rules.evidence import SHIFT, Evidence, Found


@dataclass(frozen=True)
class Within:
    """How far apart two events may be: gap in milliseconds, difference of turn indices, words between their starts.

    apart_ms: how far apart they have to be, from start to start; the nearest that is so far away counts.
    apart_turns: the same in turns.
    """

    ms: int | None = None
    turns: int | None = None
    words: int | None = None
    apart_ms: int = 0
    apart_turns: int = 0


def related(ev: Evidence, events: Found, others: Found, side: str, within: Within, *, wanted: bool) -> Found:
    """The events that have (wanted) or lack (not wanted) one of the others on that side: after, before, near.

    An event stays strong only where strong others decide it: a weak other makes the event weak, either way.
    """
    events = events.keep(ev.timed[events.rows])
    others = others.keep(ev.timed[others.rows])
    maybe = _has(ev, events.rows, others.rows, side, within)
    surely = _has(ev, events.rows, others.rows[others.strong], side, within)
    if not wanted:
        maybe, surely = ~surely, ~maybe
    return Found(events.rows, events.strong & surely).keep(maybe)


def _has(ev: Evidence, rows: np.ndarray, others: np.ndarray, side: str, within: Within) -> np.ndarray:
    if side == "near":
        return _has(ev, rows, others, "after", within) | _has(ev, rows, others, "before", within)
    if not len(others):
        return np.zeros(len(rows), bool)
    if within.apart_turns:
        return _turns_away(ev, rows, others, side, within.apart_turns)
    if side == "after":
        position = _last_before(ev.key[others], ev.key[rows], within.apart_ms)
    else:
        position = _first_after(ev.key[others], ev.key[rows], within.apart_ms)
    inside = (position >= 0) & (position < len(others))
    nearest = others[np.clip(position, 0, len(others) - 1)]
    earlier, later = (nearest, rows) if side == "after" else (rows, nearest)
    result = inside & (ev.key[nearest] >> SHIFT == ev.key[rows] >> SHIFT)
    if within.ms is not None:
        result &= ev.start_ms[later] - ev.end_ms[earlier] <= within.ms
    if within.turns is not None:
        result &= (ev.turn[later] - ev.turn[earlier] <= within.turns) & (ev.turn[later] >= 0) & (ev.turn[earlier] >= 0)
    if within.words is not None:
        result &= ev.word[later] - ev.word[earlier] <= within.words
    return result


def _turns_away(ev: Evidence, rows: np.ndarray, others: np.ndarray, side: str, apart: int) -> np.ndarray:
    """Whether one of the others was said at least so many turns before (side after) or later (before)."""
    own, theirs = ((ev.call[some].astype(np.int64) << SHIFT) + ev.turn[some] for some in (rows, others))
    theirs = np.sort(theirs[ev.turn[others] >= 0])
    position = (_last_before if side == "after" else _first_after)(theirs, own, apart)
    inside = (position >= 0) & (position < len(theirs)) & (ev.turn[rows] >= 0)
    nearest = np.append(theirs, -1)[np.where(inside, position, -1)]
    return inside & (nearest >> SHIFT == own >> SHIFT)


def _last_before(others: np.ndarray, keys: np.ndarray, apart: int) -> np.ndarray:
    side = "right" if apart else "left"  # at least so far away; without a distance strictly before
    return np.searchsorted(others, keys - apart, side=side) - 1


def _first_after(others: np.ndarray, keys: np.ndarray, apart: int) -> np.ndarray:
    return np.searchsorted(others, keys + apart, side="left" if apart else "right")


def union(parts: list[Found]) -> Found:
    """All rows of the parts; a row is strong when it is in one of them."""
    rows = np.concatenate([part.rows for part in parts])
    strong = np.concatenate([part.strong for part in parts])
    unique, inverse = np.unique(rows, return_inverse=True)
    merged = np.zeros(len(unique), bool)
    np.logical_or.at(merged, inverse, strong)
    return Found(unique, merged)


def one_a_turn(ev: Evidence, found: Found) -> Found:
    """Of the rows in one turn the first strong one, or the first."""
    order = np.lexsort((~found.strong, ev.turn[found.rows], ev.call[found.rows]))
    rows = found.rows[order]
    first = np.ones(len(rows), bool)
    first[1:] = (ev.turn[rows[1:]] != ev.turn[rows[:-1]]) | (ev.call[rows[1:]] != ev.call[rows[:-1]])
    kept = np.sort(order[first])
    return Found(found.rows[kept], found.strong[kept])


def per_call(ev: Evidence, found: Found) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For every call: number of strong rows, number of all rows, earliest strong row, earliest row (-1: none).

    A row of an entry on trial is shown only where no live one is.
    """
    call = ev.call[found.rows]
    every = np.bincount(call, minlength=ev.calls)
    strong = np.bincount(call[found.strong], minlength=ev.calls)
    first = _first(ev, found.rows[found.strong])
    live = _first(ev, found.rows[found.strong & ev.live[found.rows]])
    return strong, every, np.where(live >= 0, live, first), _first(ev, found.rows)


def _first(ev: Evidence, rows: np.ndarray) -> np.ndarray:
    first = np.full(ev.calls, -1, np.int64)
    first[ev.call[rows[::-1]]] = rows[::-1]
    return first
