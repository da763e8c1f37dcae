"""Guards: words beside a hit that change what it means, as a firm writes them down in guards.yaml.

before      不会 因为 这个 |坐牢|       cue, gap within reach, hit; no clause mark and no stop word in the gap
after       |坐牢| 是不会的             hit, gap, cue
within      |派人| 也不会去 |你家|      the gaps of a pattern, read as what stands before its last phrase
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from inspection.lexicon.fold import Folding
from inspection.lexicon.search import SPACED_CONTEXT

_CUE_BEFORE = "^.*(?<cue>{cues})(?<gap>[^，？]{{0,{reach}}})$"  # the last cue before the hit
_CUE_AFTER = "^(?<gap>[^，？]{{0,{reach}}}?)(?<cue>{cues})"  # the first cue after it
_Phrases = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]


class Cues(BaseModel):
    """A cue works within `reach` folded characters of the hit and within its clause, unless the cue is part of one of
    the `unless` phrases (会不会 is no 不会) or one of the `stops` stands between (没有还款就 … : 就 ends the 没有)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cues: Annotated[_Phrases, Field(min_length=1)]
    reach: int = Field(6, ge=0, le=SPACED_CONTEXT)
    unless: _Phrases = ()
    stops: _Phrases = ()


class Guard(BaseModel):
    """A reason to clear a hit: a cue before it, after it, or (for patterns) in its gaps; for some speakers only."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    before: Cues | None = None
    after: Cues | None = None
    within: bool = False
    roles: tuple[str, ...] = ("agent", "robot", "customer", "unknown")


@dataclass(frozen=True, slots=True)
class _Side:
    """Cues compiled for one column of the hits: quick words to look for, then the exact shape."""

    column: str
    words: list[str]
    unless: str | None
    shape: str
    stops: str | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A guard, folded and compiled once for a lexicon."""

    name: str
    roles: list[str]
    sides: tuple[_Side, ...]

    def objections(self, hits: pl.DataFrame) -> pl.Series:
        """For every hit the cue that clears it, or null."""
        between = pl.col("body").str.len_chars().cast(pl.Int64) - pl.col("head") - pl.col("tail")
        within = pl.when("pattern").then(pl.col("body").str.slice(pl.col("head"), between.clip(0, None)))
        applies = pl.col("guards").list.contains(self.name) & pl.col("role").is_in(self.roles)
        texts = {"before": pl.col("before"), "after": pl.col("after"), "within": within}
        flags = hits.select(
            (applies & texts[side.column].str.contains_any(side.words)).fill_null(False).alias(side.column)
            for side in self.sides
        )
        reason = no_reason(len(hits))
        for side in self.sides:
            place = flags[side.column].arg_true()
            if len(place):
                works, cue = _cues(side, hits[place].select(texts[side.column].alias("text"))["text"])
                if works.any():
                    reason = reason.scatter(place.filter(works), f"{side.column}: " + cue.filter(works))
        return reason


def _cues(side: _Side, text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Whether a cue works in each text, and which."""
    if side.unless:
        text = text.str.replace_all(side.unless, "，")
    parts = text.str.extract_groups(side.shape).struct
    cue, works = parts.field("cue"), parts.field("cue").is_not_null()
    if side.stops:
        works &= ~parts.field("gap").str.contains(side.stops).fill_null(False)
    return works, cue


def compiled(guards: Mapping[str, Guard], folding: Folding) -> dict[str, Compiled]:
    return {name: Compiled(name, list(guard.roles), tuple(_sides(guard, folding))) for name, guard in guards.items()}


def _sides(guard: Guard, folding: Folding) -> Iterator[_Side]:
    if guard.after is not None:
        yield _side("after", guard.after, _CUE_AFTER, guard.after.reach, folding)
    if guard.before is not None and guard.within:
        yield _side("within", guard.before, _CUE_BEFORE, SPACED_CONTEXT, folding)
    if guard.before is not None:
        yield _side("before", guard.before, _CUE_BEFORE, guard.before.reach, folding)


def _side(column: str, cues: Cues, shape: str, reach: int, folding: Folding) -> _Side:
    words = _folded(cues.cues, folding)
    unless, stops = (
        _any_of(_folded(phrases, folding), folding) if phrases else None for phrases in (cues.unless, cues.stops)
    )
    return _Side(column, words, unless, shape.format(cues=_any_of(words, folding), reach=reach), stops)


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
