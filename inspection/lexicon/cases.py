"""An entry's own sentences, run through the same search and choice as a day of calls."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from inspection.lexicon.choose import choose
from inspection.lexicon.matcher import build
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


def spoken(sentences: list[tuple[str, str, tuple[str, ...]]]) -> pl.DataFrame:
    """TURNS from (call_id, role, turns): one call each, turns of three seconds, one breath apart."""
    rows = [
        {
            "call_id": call,
            "turn_index": index,
            "role": role,
            "start_ms": index * 4000,
            "end_ms": index * 4000 + 3000,
            "text": text,
        }
        for call, role, turns in sentences
        for index, text in enumerate(turns)
    ]
    return pl.DataFrame([{**row, "role_confidence": 1.0, "word_probability": 1.0} for row in rows], schema=TURNS)


def failing_cases(lexicon: Lexicon) -> list[Failure]:
    """Every case of every active entry that does not hold, in the lexicon's order."""
    numbered = [
        (f"{number:08d}", entry, case)
        for number, (entry, case) in enumerate((e, c) for e in lexicon.active for c in e.cases)
    ]
    turns = spoken(
        [
            (call, case.role, tuple(text.encode("utf-8", "replace").decode() for text in case.turns))
            for call, _, case in numbered
        ]
    )
    windowless = [entry for entry in lexicon.active if entry.window is None]
    hits = choose(search(build(lexicon.probes, lexicon.folding, lexicon.syllables), turns), lexicon, turns)
    hits = hits.filter(
        pl.col("cleared_by").is_null()
        | ((pl.col("cleared_by") == "window") & ~pl.col("entry_id").is_in([e.id for e in windowless]))
    )
    hit = set(hits.select("call_id", "entry_id").iter_rows())
    return [
        Failure(entry, case, _instead(hits, call, entry, case))
        for call, entry, case in numbered
        if ((call, entry.id) in hit) != case.hit
    ]


def _instead(hits: pl.DataFrame, call: str, entry: Entry, case: Case) -> str:
    if case.hit:
        return "none found; add a term or pattern, or look for a guard that cleared it with `inspection lexicon scan`"
    hit = hits.filter((pl.col("call_id") == call) & (pl.col("entry_id") == entry.id)).row(0, named=True)
    return f"found {hit['quote']!r} by {hit['term']!r} ({hit['via']}); add an exception or narrow it"
