"""Guards: words beside a hit that change what it means, as a firm writes them down in guards.yaml.

before      不会 因为 这个 |坐牢|       cue, gap within reach, hit; no clause mark and no stop word in the gap
after       |坐牢| 是不会的             hit, gap, cue
within      |派人| 也不会去 |你家|      the gaps of a pattern, read as what stands before its last phrase
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import polars as pl
from ahocorasick_rs import AhoCorasick
from pydantic import BaseModel, ConfigDict, Field

from inspection.lexicon.cover import occurrences
from inspection.lexicon.fold import Folding
from inspection.lexicon.pattern import parse
from inspection.lexicon.search import SPACED_CONTEXT

_CUE_BEFORE = "^.*(?<cue>{cues})(?<gap>{any}{{0,{reach}}})$"  # the last cue before the hit
_CUE_AFTER = "^(?<gap>{any}{{0,{reach}}}?)(?<cue>{cues})"  # the first cue after it
_BETWEEN = pl.col("body").str.len_chars().cast(pl.Int64) - pl.col("head") - pl.col("tail")
_TEXTS = {
    "before": pl.col("before"),
    "after": pl.col("after"),
    "within": pl.when("pattern").then(pl.col("body").str.slice(pl.col("head"), _BETWEEN.clip(0, None))),
}
ROLES = ("agent", "robot", "customer", "unknown")
_Phrases = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]


class Cues(BaseModel):
    """A cue works within `reach` folded characters of the hit and within its clause, unless the cue is part of one of
    the `unless` phrases (会不会 is no 不会) or one of the `stops` stands between (没有还款就 … : 就 ends the 没有).

    With `across` it works over clause marks, too (我失业了，现在又上班了). With one of the `rhetoric` words in the hit
    or right after it the cue asks back and so affirms (我不是还了吗). A cue said twice is a stutter (没没工作).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    cues: Annotated[_Phrases, Field(min_length=1)]
    reach: int = Field(6, ge=0, le=SPACED_CONTEXT)
    unless: _Phrases = ()
    stops: _Phrases = ()
    rhetoric: _Phrases = ()
    across: bool = False


class Guard(BaseModel):
    """A reason to clear a hit: a cue before it, after it, or `within` so many characters before the last phrase of a
    pattern; for some speakers only.

    It works for the entries that name it, and for those in its `entries`: ids, or categories for all of
    theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    before: Cues | None = None
    after: Cues | None = None
    within: int | None = Field(None, ge=0, le=SPACED_CONTEXT)
    roles: tuple[str, ...] = ROLES
    entries: _Phrases = ()


@dataclass(frozen=True, slots=True)
class _Side:
    """Cues compiled for one column of the hits: quick words to look for, then the exact shape."""

    column: str
    words: list[str]
    unless: str | None
    shape: str
    stops: str | None
    rhetoric: str | None
    mute: list[str]
    """Patterns that say a cue themselves, between their first and last phrase; only `within` has such."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A guard, folded and compiled once for a lexicon."""

    name: str
    roles: list[str]
    entries: list[str]
    sides: tuple[_Side, ...]

    def takes(self, owners: pl.DataFrame) -> np.ndarray:
        """For each owner (entry_id, category, guards) whether it asks this guard."""
        named = pl.col("category").is_in(self.entries) | pl.col("entry_id").is_in(self.entries)
        taken = pl.col("guards").list.contains(self.name) | named.fill_null(False)
        return owners.select(taken.fill_null(False)).to_series().to_numpy()

    def objections(self, hits: pl.DataFrame, suspected: np.ndarray) -> pl.Series:
        """For every hit the cue that clears it, or null. suspected: bool [hits, sides], those to look at closely."""
        reason = no_reason(len(hits))
        for side, flags in zip(self.sides, suspected.T, strict=True):
            place = np.flatnonzero(flags)
            if len(place):
                works, cue = _cues(side, hits[place].with_columns(text=_TEXTS[side.column]))
                if works.any():
                    reason = reason.scatter(place[works.to_numpy()], f"{side.column}: " + cue.filter(works))
        return reason


@dataclass(frozen=True)
class Guards:
    """All guards of a lexicon and the owners of hits, entries or phrases, that ask them.

    Few guards have anything to say about a hit, so one pass over the texts beside all hits tells which look closer.
    """

    compiled: dict[str, Compiled]
    taken: np.ndarray
    """bool [guards, owners]"""
    roles: np.ndarray
    """bool [guards, ROLES and others]"""
    cues: AhoCorasick
    listens: np.ndarray
    """bool [sides, cues]"""

    @classmethod
    def of(cls, guards: dict[str, Compiled], owners: pl.DataFrame) -> Guards:
        sides = [side for guard in guards.values() for side in guard.sides]
        said = [set(side.words) for side in sides]
        words = sorted(set().union(*said))
        return cls(
            guards,
            np.array([guard.takes(owners) for guard in guards.values()], bool).reshape(len(guards), len(owners)),
            np.array([[role in guard.roles for role in (*ROLES, None)] for guard in guards.values()], bool),
            AhoCorasick(words),
            np.array([[word in own for word in words] for own in said], bool),
        )

    def suspected(self, hits: pl.DataFrame, owner: np.ndarray) -> dict[str, np.ndarray]:
        """For each guard bool [hits, sides]: it may clear the hit and one of its cues stands in the text there,
        wherever. owner: for each hit the number of its owner."""
        if not len(hits) or not self.compiled:
            return {name: np.zeros((len(hits), len(guard.sides)), bool) for name, guard in self.compiled.items()}
        role = hits["role"].replace_strict(ROLES, range(len(ROLES)), default=len(ROLES)).to_numpy()
        flags, result, first = self._heard(hits), {}, 0
        for number, (name, guard) in enumerate(self.compiled.items()):
            mine = flags[first : first + len(guard.sides)] & self.taken[number, owner] & self.roles[number, role]
            for position, side in enumerate(guard.sides):
                if side.mute and mine[position].any():
                    mine[position] &= ~hits["term"].is_in(side.mute).to_numpy()
            first += len(guard.sides)
            result[name] = mine.T
        return result

    def _heard(self, hits: pl.DataFrame) -> np.ndarray:
        """bool [sides, hits]: one of the side's cues stands in its text beside the hit."""
        texts = hits.select(text.fill_null("").alias(column) for column, text in _TEXTS.items())
        cue, which, _, _ = occurrences(self.cues, pl.concat([texts[column] for column in _TEXTS]))
        edges = np.searchsorted(which, np.arange(len(_TEXTS) + 1) * len(hits))
        sides = [side for guard in self.compiled.values() for side in guard.sides]
        flags = np.zeros((len(sides), len(hits)), bool)
        for column, low, high in zip(_TEXTS, edges, edges[1:], strict=False):
            said, hit = cue[low:high], which[low:high] % len(hits)
            for number in (number for number, side in enumerate(sides) if side.column == column):
                flags[number, hit[self.listens[number, said]]] = True
        return flags


def _cues(side: _Side, hits: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Whether a cue works in the `text` beside each hit, and which."""
    text = hits["text"].str.replace_all(side.unless, "·") if side.unless else hits["text"]
    parts = text.str.extract_groups(side.shape).struct
    cue, gap = parts.field("cue"), parts.field("gap")
    works = cue.is_not_null()
    if side.stops:
        works &= ~gap.str.contains(side.stops).fill_null(False)
    if side.column == "before":
        works &= ~((gap == "") & hits["body"].str.starts_with(cue)).fill_null(False)
    if side.rhetoric:
        works &= ~hits["after"].str.contains(f"^{side.rhetoric}") & ~hits["body"].str.contains(side.rhetoric)
    return works, cue


def compiled(guards: Mapping[str, Guard], folding: Folding, patterns: Iterable[str] = ()) -> dict[str, Compiled]:
    """`patterns` are those of the lexicon that the guards may clear, as written."""
    middles = {source: _middle(source, folding) for source in patterns}
    return {
        name: Compiled(name, list(guard.roles), list(guard.entries), tuple(_sides(guard, folding, middles)))
        for name, guard in guards.items()
    }


def _middle(source: str, folding: Folding) -> str:
    """The phrases between the first and the last group of a pattern, apart from each other."""
    return "\n".join(folding.text(phrase) for group in parse(source).groups[1:-1] for phrase in group)


def _sides(guard: Guard, folding: Folding, middles: Mapping[str, str]) -> Iterator[_Side]:
    if guard.after is not None:
        yield _side("after", guard.after, _CUE_AFTER, folding)
    if guard.before is not None and guard.within is not None:
        cues = guard.before.model_copy(update={"reach": guard.within})
        side = _side("within", cues, _CUE_BEFORE, folding)
        mute = [source for source, phrases in middles.items() if any(word in phrases for word in side.words)]
        yield replace(side, mute=mute)
    if guard.before is not None:
        yield _side("before", guard.before, _CUE_BEFORE, folding)


def _side(column: str, cues: Cues, shape: str, folding: Folding) -> _Side:
    words = _folded(cues.cues, folding)
    unless, stops, rhetoric = (
        _any_of(_folded(phrases, folding), folding) if phrases else None
        for phrases in (cues.unless, cues.stops, cues.rhetoric)
    )
    shape = shape.format(cues=_any_of(words, folding), reach=cues.reach, any="." if cues.across else "[^，？]")
    return _Side(column, words, unless, shape, stops, rhetoric, [])


def _folded(phrases: tuple[str, ...], folding: Folding) -> list[str]:
    """Folded, without empty ones, longest first; clause marks stay, because contexts hold them."""
    folded = {phrase if phrase in "，？" else folding.text(phrase) for phrase in phrases} - {""}
    return sorted(folded, key=lambda phrase: (-len(phrase), phrase))


def _any_of(phrases: list[str], folding: Folding) -> str:
    """A regular expression for any of the phrases; of whole words where there are words."""
    edge = r"\b" if folding.spaced else ""
    return f"{edge}(?:{'|'.join(map(re.escape, phrases))}){edge}"


def no_reason(length: int) -> pl.Series:
    return pl.Series("reason", [None], dtype=pl.String).new_from_index(0, length)
