"""What was said, looked at once: the words of the lexicon, the phrases of the scripts, amounts and dates.

A day is taken in blocks of whole calls, some at a time, so that memory holds what was found and not what was looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from inspection.lexicon.choose import choose
from inspection.lexicon.search import search
from inspection.lexicon.timing import WordTimes
from inspection.rules import sources
from inspection.rules.rulebook import Rulebook

BLOCK_TURNS = 25_000
WORKERS = min(4, os.cpu_count() or 1)


def scan(rulebook: Rulebook, turns: pl.DataFrame, words: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """HITS, and the phrases and numbers said (see `sources.said`), of turns as `sources.laid_out` gives them.

    A block's hits are sorted by call, turn, place, entry and term, and blocks follow one another in the order of calls.
    """
    times, guards = WordTimes.of(words, turns), rulebook.phrase_guards

    def scanned(rows: slice) -> tuple[pl.DataFrame, pl.DataFrame]:
        block, heard = turns[rows], times.of_rows(rows)
        matches = search(rulebook.matcher, block)
        hits = choose(matches, rulebook.lexicon, block, heard)
        hits = hits.sort("call_id", "turn_index", "start", "end", "entry_id", "term", "via", maintain_order=True)
        said = sources.said(
            matches, block, heard, guards=guards, language=rulebook.language, thresholds=rulebook.threshold
        )
        return hits, said.with_columns(pl.col("row") + rows.start)

    parts = list(blocks(turns["call"].to_numpy()))
    if len(parts) == 1:
        return scanned(parts[0])
    with ThreadPoolExecutor(WORKERS) as pool:  # array work and the automaton run without the interpreter's lock
        hits, said = zip(*pool.map(scanned, parts), strict=True)
    return pl.concat(hits), pl.concat(said)


def blocks(call: np.ndarray) -> Iterator[slice]:
    """Stretches of about BLOCK_TURNS rows that never cut a call; one empty stretch where there are no rows."""
    starts = np.flatnonzero(np.diff(call, prepend=-1))
    goals = np.searchsorted(starts, np.arange(BLOCK_TURNS, len(call), BLOCK_TURNS))
    edges = np.unique([0, *starts[goals[goals < len(starts)]].tolist(), len(call)])
    if len(edges) == 1:
        yield slice(0, 0)
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield slice(low, high)
