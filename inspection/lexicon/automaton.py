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


    Phrases of one unit are so frequent that a table finds them faster than the automaton can report them.
    """

    def __init__(self, phrases: Iterable[tuple[int, ...]], symbols: np.ndarray) -> None:
        self.number = {
            phrase: index for index, phrase in enumerate(sorted(set(phrases), key=lambda p: (len(p) < 2, p)))
        }
        self.length = np.array([len(phrase) for phrase in self.number], np.int64)
        longer = [symbols[np.array(phrase, np.int64)].tobytes() for phrase in self.number if len(phrase) > 1]
        self._automaton = BytesAhoCorasick(longer, matchkind=MatchKind.Standard) if longer else None
        self._single = np.full(1 << 16, -1, np.int32)
        for phrase, number in self.number.items():
            if len(phrase) == 1:
                self._single[symbols[phrase[0]]] = number
        self._has_single = bool((self._single >= 0).any())

    def find(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(phrase number, place of its first unit), in no particular order."""
        number, place = np.empty(0, np.int64), np.empty(0, np.int64)
        if self._automaton is not None and len(encoded):
            matches = self._automaton.find_matches_as_indexes(encoded.view(np.uint8), overlapping=True)
            flat = np.fromiter(chain.from_iterable(matches), np.int64, 3 * len(matches)).reshape(-1, 3)
            number, place = flat[:, 0], flat[:, 1] >> 1
        if self._has_single:
            single = self._single[encoded]
            where = np.flatnonzero(single >= 0)
            number, place = np.append(number, single[where]), np.append(place, where)
        return number, place
