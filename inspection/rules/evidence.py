"""The evidence of a day: everything that was found, in one frame, and the same columns as arrays for the relations.

A row says that something happened in a call: a kept hit, a phrase, a change of identity, an acoustic event, an amount
or a date spoken, a sentence said again, a checkpoint's state. `strong` is false where the row may neither accuse nor
clear anybody: heard only by its sound, with a weak word probability, or from a turn whose speaker is uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from inspection.tables import EVIDENCE

ROLES = ("agent", "robot", "customer", "unknown", "none")
WHO = ("unknown", "debtor", "guarantor", "third_party", "voicemail")
WHY = ("", "homophone", "weak_words", "weak_role", "weak_identity")
"""Why a row is not strong; the texts a reviewer reads are in the rulebook's language (findings.py)."""

FRAME = pl.Schema(
    {
        **EVIDENCE,
        "call": pl.Int32,  # position of the call on the axis of the day
        "start": pl.Int32,  # offsets into the turn's raw text, null for what has no words
        "end": pl.Int32,
        "value": pl.Float64,  # ms, characters a minute, cents, days: in the unit of the kind
        "why": pl.Int8,  # index into WHY; 0 is strong
        "rough_from_ms": pl.Int64,  # where the time is only known to the turn: the turn's start
        "detail": pl.String,
        "written": pl.Boolean,  # by somebody who knew, not by a recogniser: the turn has no word probability
        "cleared": pl.Boolean,  # by a guard: a phrase that accuses nobody, though it was said
        "severity": pl.String,  # of a hit, otherwise null
        "status": pl.String,
    }
)


def collect(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The parts as one frame in the order of calls and times; columns a part lacks are null, `why` is then strong."""
    frame = pl.concat(
        [
            pl.DataFrame(schema=FRAME),
            *(part.select([pl.col(c).cast(t) for c, t in FRAME.items() if c in part.columns]) for part in parts),
        ],
        how="diagonal",
    )
    return frame.with_columns(pl.col("why").fill_null(0), pl.col("role").fill_null("none")).sort(
        "call", "start_ms", "end_ms", nulls_last=False, maintain_order=True
    )


@dataclass(frozen=True)
class Found:
    """Rows of the evidence, ascending (therefore by call and time), and which of them are strong."""

    rows: np.ndarray
    strong: np.ndarray

    def keep(self, mask: np.ndarray) -> Found:
        return Found(self.rows[mask], self.strong[mask])


class Evidence:
    """The frame with its columns as arrays, grouped by what was found and by whom.

    calls: number of calls on the axis; changes: who is on the line when; count_words: gives `word` when asked.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        calls: int,
        changes: Changes | None = None,
        count_words: Callable[[], np.ndarray] | None = None,
    ):
        self.frame, self.calls, self._count_words = frame, calls, count_words
        self.call = frame["call"].to_numpy()
        self.timed = frame["start_ms"].is_not_null().to_numpy()
        self.start_ms = frame["start_ms"].fill_null(-1).to_numpy()
        self.end_ms = frame["end_ms"].fill_null(frame["start_ms"]).fill_null(-1).to_numpy()
        self.turn = frame["turn_index"].fill_null(-1).to_numpy()
        self.why = frame["why"].to_numpy()
        self.strong = self.why == 0
        self.written = frame["written"].fill_null(False).to_numpy()
        self.cleared = frame["cleared"].fill_null(False).to_numpy()
        self.value = frame["value"].to_numpy()
        self.rough_from_ms = frame["rough_from_ms"].fill_null(frame["start_ms"]).fill_null(-1).to_numpy()
        self.key = _key(self.call, self.start_ms)
        self.live = (frame["status"] != "trial").fill_null(True).to_numpy()
        self.changes = changes or Changes.nothing()
        codes = _codes(frame)
        self._order = np.argsort(codes, kind="stable")
        ordered = codes[self._order]
        self._first = np.flatnonzero(np.diff(ordered.astype(np.int64), prepend=-1))
        self._last = np.append(self._first[1:], len(ordered))
        heads = (
            frame.select("kind", "id", "role")[self._order[self._first]]
            if len(ordered)
            else frame.select("kind", "id", "role")
        )
        self._groups: dict[tuple[str, str], dict[str, int]] = {}
        for group, (kind, name, role) in enumerate(heads.iter_rows()):
            self._groups.setdefault((kind, name), {})[role] = group

    def find(self, kind: str, names: Sequence[str], roles: frozenset[str] | None = None) -> Found:
        """All rows of a kind with one of the names. With roles, unknown speakers come too, never strong."""
        exact, uncertain = [], []
        for name in names:
            for role, group in self._groups.get((kind, name), {}).items():
                if roles is None or role in roles:
                    exact.append(self._order[self._first[group] : self._last[group]])
                elif role == "unknown":
                    uncertain.append(self._order[self._first[group] : self._last[group]])
        rows = np.concatenate([*exact, *uncertain]) if exact or uncertain else np.zeros(0, np.int64)
        strong = self.strong[rows]
        if uncertain:
            strong[len(rows) - sum(map(len, uncertain)) :] = False
        order = np.argsort(rows, kind="stable")
        return Found(rows[order], strong[order])

    def append(self, rows: pl.DataFrame) -> None:
        """Adds rows that findings may show but conditions do not search, such as what became of a checkpoint."""
        self.frame = pl.concat([self.frame, rows.select([pl.col(c).cast(t) for c, t in FRAME.items()])])

    @cached_property
    def word(self) -> np.ndarray:
        """For each row its place in the call counted in words; counted only when a rule asks for it."""
        return self._count_words() if self._count_words else np.zeros(len(self.frame), np.int64)

    @cached_property
    def who(self) -> tuple[np.ndarray, np.ndarray]:
        """For each row: index into WHO of the person on the line at that moment, and whether that is certain."""
        return self.changes.at(self.key)


@dataclass(frozen=True)
class Changes:
    """The changes of identity of all calls as sorted arrays."""

    key: np.ndarray
    who: np.ndarray
    strong: np.ndarray

    @classmethod
    def nothing(cls) -> Changes:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, bool))

    @classmethod
    def of(cls, call: np.ndarray, at_ms: np.ndarray, who: np.ndarray, strong: np.ndarray) -> Changes:
        """From arrays sorted by call and time."""
        return cls(_key(call, at_ms), who, strong)

    def at(self, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Who is on the line at those keys: the last change at or before them in the same call, else unknown."""
        if not len(self.key):
            return np.zeros(len(key), np.int8), np.ones(len(key), bool)
        position = np.searchsorted(self.key, key, side="right") - 1
        known = (position >= 0) & (self.key[position] >> SHIFT == key >> SHIFT)
        return np.where(known, self.who[position], 0).astype(np.int8), np.where(known, self.strong[position], True)


def _codes(frame: pl.DataFrame) -> np.ndarray:
    """One small number for each distinct (kind, id, role)."""
    codes = np.zeros(len(frame), np.int64)
    for name in ("kind", "id", "role"):
        distinct = frame[name].unique().sort()
        number = frame[name].replace_strict(distinct, np.arange(len(distinct)), return_dtype=pl.Int64)
        codes = codes * max(len(distinct), 1) + number.to_numpy()
    return codes.astype(np.uint16 if codes.max(initial=0) < 1 << 16 else np.int64)


SHIFT = 34
"""Bits for the milliseconds of a call in a combined key of call and time: 198 days, more than any recording."""


def _key(call: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    return (call.astype(np.int64) << SHIFT) + np.clip(at_ms, 0, (1 << SHIFT) - 1)
