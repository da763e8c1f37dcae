"""Phrases over an alphabet of characters or syllables, found in one pass of ahocorasick-rs.

Characters and syllables alike are written as two bytes that can be told apart (first below 0x80, second from 0x80 on),
so an automaton over bytes never matches in the middle of one, and a match's place is its byte offset halved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, MatchKind

from inspection.errors import RulebookError

BLANK = 0x8000
"""The symbol of every unit that no phrase holds."""
_CAPACITY = 1 << 14


def symbols_of(phrases: Sequence[tuple[int, ...]], units: int) -> np.ndarray:
    """unit -> uint16 whose bytes in memory are (number >> 7, number & 0x7F | 0x80); number 0 is no unit's."""
    alphabet = sorted({unit for phrase in phrases for unit in phrase})
    if len(alphabet) >= _CAPACITY:
        raise RulebookError(
            f"the lexicon uses {len(alphabet)} different characters; at most {_CAPACITY - 1} are possible"
        )
    table = np.full(units, BLANK, "<u2")
    number = np.arange(1, len(alphabet) + 1)
    table[alphabet] = (number >> 7) | (((number & 0x7F) | 0x80) << 8)
    return table


class Automaton:
    """Distinct phrases of units, found in one pass, overlapping ones included.

    Phrases of one or two units are so frequent that tables find them faster than the automaton can report them.
    """

    def __init__(self, phrases: Iterable[tuple[int, ...]], symbols: np.ndarray) -> None:
        ordered = sorted(set(phrases), key=lambda phrase: (len(phrase) <= 2, phrase))
        self.number = {phrase: index for index, phrase in enumerate(ordered)}
        self.length = np.array([len(phrase) for phrase in ordered], np.int64)
        longer = [symbols[np.array(phrase, np.int64)].tobytes() for phrase in ordered if len(phrase) > 2]
        self._automaton = BytesAhoCorasick(longer, matchkind=MatchKind.Standard) if longer else None
        short = [(symbols[list(phrase)], number) for phrase, number in self.number.items() if len(phrase) <= 2]
        self._single = _Table([(unit[0], BLANK, number) for unit, number in short if len(unit) == 1])
        self._pair = _Table([(*pair, number) for pair, number in short if len(pair) == 2])

    def find(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(phrase number, place of its first unit); of each phrase the places come in order."""
        number, place = np.empty(0, np.int64), np.empty(0, np.int64)
        if self._automaton is not None and len(encoded):
            matches = self._automaton.find_matches_as_indexes(encoded.view(np.uint8), overlapping=True)
            flat = np.fromiter(chain.from_iterable(matches), np.int64, 3 * len(matches)).reshape(-1, 3)
            number, place = flat[:, 0], flat[:, 1] >> 1
        nothing = np.full(len(encoded), BLANK, encoded.dtype)
        found = [(number, place), self._single.find(encoded, nothing), self._pair.find(encoded[:-1], encoded[1:])]
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


class _Table:
    """Numbers of pairs of symbols, by the rank of the first among the first ones and of the second likewise."""

    def __init__(self, numbered: Sequence[tuple[int, int, int]]) -> None:
        first, second, number = np.array(numbered, np.int64).reshape(-1, 3).T
        firsts, seconds = np.unique(first), np.unique(second)
        self._row, self._column = _ranks(firsts), _ranks(seconds)
        self._number = np.full((len(firsts) + 1, len(seconds) + 1), -1, np.int32)
        self._number[self._row[first], self._column[second]] = number

    def find(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(number, place) of the pairs `first[i], second[i]` that have one."""
        if self._number.size == 1:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        number = self._number[self._row[first], self._column[second]]
        place = np.flatnonzero(number >= 0)
        return number[place].astype(np.int64), place


def _ranks(symbols: np.ndarray) -> np.ndarray:
    """symbol -> 1, 2, … for the given ones, 0 for all others."""
    ranks = np.zeros(1 << 16, np.int32)
    ranks[symbols] = np.arange(1, len(symbols) + 1)
    return ranks
