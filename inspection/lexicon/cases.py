"""An entry's own sentences, run through the same search and choice as a day of calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from inspection.lexicon.choose import choose
from inspection.lexicon.matcher import Matcher, build
from inspection.lexicon.model import Case, Entry, Lexicon
from inspection.lexicon.search import search
from inspection.tables import TURNS


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that does not hold, and what was found instead."""

    entry: Entry
    case: Case
    found: str

    def __str__(self) -> str:
        wanted = "a hit" if self.case.hit else "no hit"
        say = " / ".join(self.case.turns)
        return f"entry {self.entry.id}: cases: {self.case.role} says {say!r}: {wanted} expected, {self.found}"


def spoken(sentences: Iterable[tuple[str, str, tuple[str, ...]]]) -> pl.DataFrame:
    """TURNS from (call_id, role, turns): a call each, its turns three seconds long and one breath apart."""
    rows = [
        (call, index, role, index * 4000, index * 4000 + 3000, text.encode("utf-8", "replace").decode(), 1.0, 1.0)
        for call, role, turns in sentences
        for index, text in enumerate(turns)
    ]
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def judged(lexicon: Lexicon, turns: pl.DataFrame, matcher: Matcher | None = None) -> pl.DataFrame:
    """HITS of the lexicon's own entries alone, for cases and measurements."""
    matcher = matcher or build(lexicon.probes, lexicon.folding, lexicon.syllables)
    return choose(search(matcher, turns), lexicon, turns)


def kept_hits(lexicon: Lexicon, turns: pl.DataFrame, matcher: Matcher | None = None) -> pl.DataFrame:
    """The kept hits of `turns`; a single sentence has no place in a call, so no entry's window clears anything."""
    return judged(lexicon, turns, matcher).filter(pl.col("kept") | (pl.col("cleared_by") == "window"))


def failing_cases(lexicon: Lexicon, matcher: Matcher | None = None) -> list[Failure]:
    """Every case of every active entry that does not hold, in the lexicon's order."""
    pairs = [(entry, case) for entry in lexicon.active for case in entry.cases]
    numbered = [(f"{number:08d}", entry, case) for number, (entry, case) in enumerate(pairs)]
    turns = spoken((call, case.role, case.turns) for call, _, case in numbered)
    hits = kept_hits(lexicon, turns, matcher)
    found = {
        (call, entry): (quote, term, via)
        for call, entry, quote, term, via in hits.select("call_id", "entry_id", "quote", "term", "via").iter_rows()
    }
    return [
        Failure(entry, case, _instead(found.get((call, entry.id))))
        for call, entry, case in numbered
        if ((call, entry.id) in found) != case.hit
    ]


def _instead(found: tuple[str, str, str] | None) -> str:
    if found is None:
        return "none found; add a term or pattern, or see with `inspection lexicon scan` which step clears it"
    quote, term, via = found
    return f"found {quote!r} by {term!r} ({via}); add an exception or narrow it"
