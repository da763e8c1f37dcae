"""Choosing: what each raw match is worth. Named steps, each over all matches; the first that objects clears a match.

role        said by somebody whom the entry is not about (an unknown role neither clears nor accuses)
clause      a short term runs over a clause mark: two clauses meet there, nobody says it (交通比较堵，您慢慢来)
covered     a longer match of the same entry says it better
exception   a phrase of the entry's exceptions covers the match (他妈妈 over 他妈)
a guard     each of guards.yaml, in its order: "坐牢是不会的", "骗子会说…", "您刚才问会不会坐牢"
ordinary    homophone: what was heard is made of ordinary words, and the recogniser was sure of them
waiver      reviewed words of waivers.yaml hold the whole match
window      outside the seconds of the call that the entry is about
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from inspection.lexicon.cover import covered
from inspection.lexicon.guards import Compiled, no_reason
from inspection.lexicon.model import Lexicon
from inspection.lexicon.search import QUESTION_MARKS, STOPS
from inspection.lexicon.timing import timed
from inspection.tables import HITS, conform

WEAK_PROBABILITY = 0.5
"""Below it the recogniser doubted its own words, so another word of the same sound is likelier."""
SPOKEN_CONFIDENCE, SHORT_SPOKEN_CONFIDENCE = 0.6, 0.4
"""Homophone matches: of `Syllables.sure` characters and more; of fewer. Unmeasured defaults (domain §2.3, L)."""
WEAKNESS_BONUS = 0.15
SHORT_TERM = 3
"""Characters of a term so short that a clause mark inside means two clauses and no pause. A longer one, or a pattern,
is one idea whatever marks the recogniser puts in it."""
_MARK = f"[{STOPS}{QUESTION_MARKS}]"
_SENTENCE_END = "[.;!?…]"
"""In spaced languages a comma may stand inside one idea (you, idiot); the end of a sentence may not."""
STEPS = ("role", "clause", "covered", "exception", "ordinary", "waiver", "window")
"""The steps beside the guards, whose names no guard may take."""


def choose(
    matches: pl.DataFrame, lexicon: Lexicon, turns: pl.DataFrame, words: pl.DataFrame | None = None
) -> pl.DataFrame:
    """HITS: every match of a lexicon entry, kept or cleared, with the word of each step that looked at it.

    `matches` come from `search` on the same `turns`; matches of other probes are left out. Without words the times of
    a hit are estimated by its place in the turn, and its probability is the turn's.
    """
    hits = matches.filter(pl.col("kind") == "entry").rename({"probe_id": "entry_id"})
    hits = hits.join(lexicon.table, on="entry_id", how="inner", maintain_order="left")
    sieve = _Sieve(timed(hits, turns, words).with_row_index("hit"))
    sieve.ask("role", _role)
    sieve.ask("clause", partial(_clause, spaced=lexicon.folding.spaced))
    sieve.ask("covered", _covered)
    sieve.ask("exception", partial(_exception, lexicon=lexicon))
    sieve.alive = sieve.alive.with_row_index("asked")
    suspected = lexicon.asked.suspected(sieve.alive, sieve.alive["entry_number"].to_numpy())
    for name, guard in lexicon.asked.compiled.items():
        sieve.ask(name, partial(_guarded, guard=guard, suspected=suspected[name]))
    sieve.ask("ordinary", _ordinary)
    sieve.ask("waiver", partial(_waiver, lexicon=lexicon))
    sieve.ask("window", partial(_window, turns=turns))
    hits = sieve.all().with_columns(confidence=_confidence(lexicon))
    return conform(hits.select(list(HITS)), HITS, table="hits")


class _Sieve:
    """All hits, those still alive, the names of the steps so far, and who cleared each hit for what reason."""

    def __init__(self, hits: pl.DataFrame) -> None:
        self.alive = self._hits = hits
        self._steps: list[str] = []
        self._cleared = np.full(len(hits), -1, np.int64)
        self._reason = no_reason(len(hits))

    def ask(self, name: str, step: Callable[[pl.DataFrame], pl.Series]) -> None:
        """`step` gives for every hit the reason why it is cleared, or null."""
        reason = step(self.alive) if len(self.alive) else no_reason(0)
        if reason.null_count() < len(reason):
            objected = reason.is_not_null()
            hit = self.alive["hit"].filter(objected)
            self._reason = self._reason.scatter(hit, reason.filter(objected))
            self._cleared[hit.to_numpy()] = len(self._steps)
            self.alive = self.alive.filter(~objected)
        self._steps.append(name)

    def all(self) -> pl.DataFrame:
        """Every hit in its order, with kept, cleared_by and steps: what found it, the steps it passed, the step that
        cleared it. Few different stories are told about many hits, so each is put together once."""
        names = ["via", "timing", "step", "reason"]
        story = self._hits.select("via", "timing", step=pl.Series(self._cleared), reason=self._reason)
        told = story.unique(maintain_order=True)
        step = told["step"].to_numpy()  # -1 is the last of the names, nobody
        by = pl.Series("cleared_by", [*self._steps, None], dtype=pl.String).gather(step % (len(self._steps) + 1))
        lines = [f"passed: {', '.join(self._steps[:size])}" if size else None for size in range(len(self._steps))]
        passed = pl.Series("passed", [*lines, f"passed: {', '.join(self._steps)}"], dtype=pl.String)
        told = told.with_columns(by, passed.gather(step % len(passed)))
        words = (pl.format("found: {}, {}", "via", "timing"), "passed", pl.format("{}: {}", "cleared_by", "reason"))
        told = told.with_columns(steps=pl.concat_list(words).list.drop_nulls())
        story = story.join(told, on=names, how="left", nulls_equal=True, maintain_order="left")
        return self._hits.hstack(story.select("steps", "cleared_by", kept=pl.col("step") < 0))


def _role(hits: pl.DataFrame) -> pl.Series:
    stranger = ~pl.col("roles").list.contains(pl.col("role")) & (pl.col("role") != "unknown")
    return hits.select(pl.when(stranger).then(pl.format("said by {}", "role"))).to_series()


def _clause(hits: pl.DataFrame, *, spaced: bool) -> pl.Series:
    """A term of up to `SHORT_TERM` characters, in spaced languages of two words, with a clause mark inside."""
    size = pl.col("body").str.count_matches(" ") == 1 if spaced else pl.col("body").str.len_chars() <= SHORT_TERM
    mark = _SENTENCE_END if spaced else _MARK
    shown_always = pl.col("guards").list.len() == 0  # such as self-harm, which nothing may explain away
    cut = ~pl.col("pattern") & size & pl.col("quote").str.contains(mark) & ~pl.col("term").str.contains(mark)
    cut &= ~shown_always
    return hits.select(pl.when(cut).then(pl.lit("a clause ends within the term"))).to_series()


def _covered(hits: pl.DataFrame) -> pl.Series:
    """Only matches that passed `role` and `clause` cover others, and before any exception: so an exception can only
    remove hits."""
    entry, row, start = (hits[name].to_numpy().astype(np.int64) for name in ("entry_number", "row", "start"))
    stop = start + hits["quote"].str.len_chars().to_numpy()
    shorter = np.flatnonzero(covered(entry, row, start, stop, (hits["via"] == "text").to_numpy()))
    return no_reason(len(hits)).scatter(shorter, "a longer match of the same entry")


def _exception(hits: pl.DataFrame, lexicon: Lexicon) -> pl.Series:
    """The exception of its own entry that covers the hit, or the first or last phrase of a pattern's hit."""
    found = lexicon.exceptions.over(hits, whole=False)
    found = found.filter(~pl.col("homophone_only") | (pl.col("via") == "homophone"))
    found = found.unique("place", keep="first", maintain_order=True)
    return no_reason(len(hits)).scatter(found["place"], found["exception"])


def _guarded(hits: pl.DataFrame, guard: Compiled, suspected: np.ndarray) -> pl.Series:
    return guard.objections(hits, suspected[hits["asked"].to_numpy()])


def _waiver(hits: pl.DataFrame, lexicon: Lexicon) -> pl.Series:
    """The reason of the entry's waiver whose words hold the whole hit."""
    if not lexicon.waivers:
        return no_reason(len(hits))
    found = lexicon.waived.over(hits, whole=True).unique("place", keep="first", maintain_order=True)
    return no_reason(len(hits)).scatter(found["place"], found["reason"])


def _ordinary(hits: pl.DataFrame) -> pl.Series:
    explained = pl.col("explained") & ~_doubted()
    return hits.select(pl.when(explained).then(pl.lit("heard as ordinary words"))).to_series()


def _doubted() -> pl.Expr:
    return pl.col("probability").fill_null(1.0) < WEAK_PROBABILITY


def _window(hits: pl.DataFrame, turns: pl.DataFrame) -> pl.Series:
    if hits["first_ms"].null_count() == hits["last_ms"].null_count() == len(hits):
        return no_reason(len(hits))
    limited = pl.col("first_ms").is_not_null() | pl.col("last_ms").is_not_null()
    calls = hits.filter(limited).select("call_id").unique()
    ends = turns.join(calls, on="call_id", how="semi").group_by("call_id").agg(call_end_ms=pl.col("end_ms").max())
    hits = hits.join(ends, on="call_id", how="left", maintain_order="left")
    late = pl.col("start_ms") >= pl.col("first_ms")
    early = pl.col("end_ms") <= pl.col("call_end_ms") - pl.col("last_ms")
    outside = late.fill_null(False) | early.fill_null(False)
    return hits.select(pl.when(outside).then(pl.lit("outside the entry's seconds of the call"))).to_series()


def _confidence(lexicon: Lexicon) -> pl.Expr:
    """Of a text hit the words' own probability; of a homophone hit a low one, higher where the recogniser doubted."""
    sure = lexicon.syllables.sure if lexicon.syllables is not None else 0
    spoken = pl.when(pl.col("body").str.len_chars() >= sure).then(SPOKEN_CONFIDENCE).otherwise(SHORT_SPOKEN_CONFIDENCE)
    bonus = pl.when(_doubted() & ~pl.col("explained")).then(WEAKNESS_BONUS).otherwise(0.0)
    heard = pl.col("probability").fill_null(1.0)
    return pl.when(pl.col("via") == "text").then(heard).otherwise(spoken + bonus).clip(0.0, 1.0)
