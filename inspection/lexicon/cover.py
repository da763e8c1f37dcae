"""What covers what: the longest of several matches, and phrases that stand over a match."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl
from ahocorasick_rs import AhoCorasick

_MARKS = "[，？]"


def covered(owner: np.ndarray, row: np.ndarray, start: np.ndarray, stop: np.ndarray, text: np.ndarray) -> np.ndarray:
    """For each match whether another of the same owner in the same row covers it; of equal ones the first stays.

    A match found by its writing (`text`) is never covered by one found by its sound.
    """
    order = np.lexsort((~text, -stop, start, row, owner))
    owner, row, stop, text = owner[order], row[order], stop[order], text[order]
    group = np.cumsum((np.diff(owner, prepend=-1) != 0) | (np.diff(row, prepend=-1) != 0))
    reach_of_all, reach_of_text = (_furthest_before(group, np.where(chosen, stop, -1)) for chosen in (True, text))
    result = np.zeros(len(order), bool)
    result[order] = np.where(text, reach_of_text, reach_of_all) >= stop
    return result


def _furthest_before(group: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """For each place, the largest stop of the places before it in its group (groups ascend); -1 where there is none."""
    shift = np.int64(1) << 40
    furthest = np.maximum.accumulate(group * shift + stop + 1)
    before = np.append(np.int64(0), furthest[:-1])
    return np.where(before >= group * shift, before - group * shift - 1, -1)


@dataclass(frozen=True)
class Covers:
    """Phrases of entries that clear what they cover. table: entry_id, phrase (folded), and what is told of them."""

    table: pl.DataFrame
    phrases: pl.Series
    automaton: AhoCorasick

    @classmethod
    def of(cls, table: pl.DataFrame) -> Covers:
        phrases = table["phrase"].unique(maintain_order=True)
        return cls(table, phrases, AhoCorasick(phrases.to_list()))

    def over(self, hits: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
        """`place` of a hit, its `via`, and the row of the table whose phrase covers the hit: all of it, or if not
        `whole` a pattern's first or last phrase."""
        before, after = (hits[side].str.replace_all(_MARKS, "") for side in ("before", "after"))
        phrase, which, low, high = occurrences(self.automaton, before + hits["body"] + after)
        start = before.str.len_chars().to_numpy().astype(np.int64)[which]
        end = start + hits["body"].str.len_chars().to_numpy()[which]
        over_first = (low <= start) & (high >= start + hits["head"].to_numpy()[which])
        over_last = (low <= end - hits["tail"].to_numpy()[which]) & (high >= end)
        covers = over_first & over_last if whole else over_first | (over_last & hits["pattern"].to_numpy()[which])
        found = hits.select("entry_id", "via")[which[covers]]
        found = found.with_columns(place=pl.Series(which[covers]), phrase=self.phrases.gather(phrase[covers]))
        return found.join(self.table, on=["entry_id", "phrase"], how="inner", maintain_order="left")


def occurrences(automaton: AhoCorasick, texts: pl.Series) -> tuple[np.ndarray, ...]:
    """Where the phrases stand in the texts: (phrase number, text number, start, end), in code points, text by text."""
    length = texts.str.len_chars().to_numpy().astype(np.int64) + 1
    origin = np.cumsum(length) - length
    found = automaton.find_matches_as_indexes(texts.str.join("\n").item(), overlapping=True)
    flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
    which = np.searchsorted(origin, flat[:, 1], side="right") - 1
    return flat[:, 0], which, flat[:, 1] - origin[which], flat[:, 2] - origin[which]
