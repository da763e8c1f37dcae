"""A lane: one alphabet, one automaton, the terms and patterns that are searched in it.

There are two, over the characters and over the syllables; they run the same code.

    units      再 不 还 就 叫 几 个 人 去 你 家
    anchor                               [你家]      found by the one pass
    near                   叫       人               the pattern's other phrases, looked for around anchors only
    match                  叫 几 个 人 去 你 家      joined from the anchor outwards, gap by gap
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.lexicon.automaton import BLANK, Automaton, symbols_of
from inspection.lexicon.ragged import Ragged, spread, union

_KEY = np.int64(1) << 36  # literal number times this plus a place is one sortable key
_CHARACTERS_A_WORD = 16


@dataclass(frozen=True, slots=True)
class Term:
    """One searched phrase: `item` numbers what it belongs to."""

    item: int
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """One searched pattern: alternatives in units, gaps between groups, and the group that is searched first."""

    item: int
    groups: tuple[tuple[tuple[int, ...], ...], ...]
    gaps: tuple[int, ...]
    anchor: int


@dataclass(frozen=True, slots=True)
class Found:
    """Matches in units of the text: `item` is found at `start:end`; its first phrase ends at `head`, its last begins
    at `tail` (for a plain term these are its end and its start)."""

    item: np.ndarray
    start: np.ndarray
    end: np.ndarray
    head: np.ndarray
    tail: np.ndarray

    def take(self, keep: np.ndarray) -> Found:
        return Found(*(getattr(self, name)[keep] for name in self.__slots__))


class Lane:
    """Terms and patterns over one alphabet; `extra` phrases are reported by their number, nothing more."""

    def __init__(
        self,
        terms: Sequence[Term],
        chains: Sequence[Chain],
        extra: Sequence[tuple[int, ...]],
        units: int,
        space: int | None,
    ) -> None:
        self.space = space
        anchors = [phrase for chain_ in chains for phrase in chain_.groups[chain_.anchor]]
        companions = [p for c in chains for index, group in enumerate(c.groups) if index != c.anchor for p in group]
        self.symbols = symbols_of([t.units for t in terms] + anchors + companions + list(extra), units)
        self.main = Automaton([t.units for t in terms] + anchors + list(extra), self.symbols)
        self.near = Automaton(companions, self.symbols)
        self._relate(terms, chains, extra)

    def _relate(self, terms: Sequence[Term], chains: Sequence[Chain], extra: Sequence[tuple[int, ...]]) -> None:
        self.items_of, self.chains_of, self.extra_of = ([[] for _ in self.main.number] for _ in range(3))
        for term in terms:
            self.items_of[self.main.number[term.units]].append(term.item)
        for index, chain_ in enumerate(chains):
            for phrase in chain_.groups[chain_.anchor]:
                self.chains_of[self.main.number[phrase]].append(index)
        for index, phrase in enumerate(extra):
            self.extra_of[self.main.number[phrase]].append(index)
        self.items_of, self.chains_of, self.extra_of = map(Ragged.of, (self.items_of, self.chains_of, self.extra_of))
        depth = max((len(c.groups) for c in chains), default=1)
        self.chain_item = np.array([c.item for c in chains], np.int64)
        self.chain_size = np.array([len(c.groups) for c in chains], np.int64)
        self.chain_anchor = np.array([c.anchor for c in chains], np.int64)
        self.chain_gap = np.array([[*c.gaps, *[0] * (depth - len(c.gaps))] for c in chains], np.int64).reshape(
            -1, depth
        )
        self.near_of = Ragged.of(
            [
                [self.near.number[p] for p in c.groups[g]] if g < len(c.groups) and g != c.anchor else []
                for c in chains
                for g in range(depth)
            ]
        )
        self.depth = depth
        self.near_words = self.near.length
        if self.space is not None:
            self.near_words = np.array([phrase.count(self.space) + 1 for phrase in self.near.number], np.int64)
        self.left, self.right = _reaches(chains, _CHARACTERS_A_WORD if self.space is not None else 1)

    def encode(self, units: np.ndarray) -> np.ndarray:
        return self.symbols[units]

    def search(self, units: np.ndarray, breaks: np.ndarray) -> tuple[Found, tuple[np.ndarray, np.ndarray]]:
        """All matches in `units`, none of them across a place of `breaks` (sorted); and the extra phrases found, as
        (number, place). The extra phrases may be searched for in the same pass because there is only one pass."""
        encoded = self.encode(units)
        phrase, place = self.whole_words(units, self.main, *self.main.find(encoded))
        which, item = self.items_of.expand(phrase)
        start = place[which]
        end = start + self.main.length[phrase[which]]
        plain = Found(item, start, end, end, start)
        chained = self._chains(units, encoded, phrase, place, breaks)
        found = Found(*(np.concatenate([getattr(plain, n), getattr(chained, n)]) for n in Found.__slots__))
        which, number = self.extra_of.expand(phrase)
        return found, (number, place[which])

    def whole_words(
        self, units: np.ndarray, automaton: Automaton, phrase: np.ndarray, place: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """In spaced languages, only what begins and ends with a word; elsewhere everything."""
        if self.space is None:
            return phrase, place
        stop = place + automaton.length[phrase]
        begins = (place == 0) | (units[place - 1] <= self.space)
        ends = (stop == len(units)) | (units[np.minimum(stop, len(units) - 1)] <= self.space)
        return phrase[begins & ends], place[begins & ends]

    def _chains(
        self, units: np.ndarray, encoded: np.ndarray, phrase: np.ndarray, place: np.ndarray, breaks: np.ndarray
    ) -> Found:
        which, pattern = self.chains_of.expand(phrase)
        start = place[which]
        end = start + self.main.length[phrase[which]]
        state = Found(np.arange(len(which)), start, end, end, start)
        if len(which):
            window = np.maximum(start - self.left[pattern], 0), end + self.right[pattern]
            near = _Near(self, units, encoded, breaks, *window)
            for step in range(1, self.depth):
                state = self._step(state, pattern, near, self.chain_anchor[pattern] + step, forward=True)
            for step in range(1, self.depth):
                state = self._step(state, pattern, near, self.chain_anchor[pattern] - step, forward=False)
            state = _closest(state)
        return Found(self.chain_item[pattern[state.item]], state.start, state.end, state.head, state.tail)

    def _step(self, state: Found, pattern: np.ndarray, near: _Near, group: np.ndarray, *, forward: bool) -> Found:
        """Every state that still needs `group` is joined with each occurrence of it within the gap; others stay.

        state.item numbers the anchor occurrence, `pattern` and `group` belong to it.
        """
        group, kind = group[state.item], pattern[state.item]
        needed = np.flatnonzero((group >= 0) & (group < self.chain_size[kind]))
        done = np.ones(len(group), bool)
        done[needed] = False
        which, literal = self.near_of.expand(kind[needed] * self.depth + group[needed])
        source = needed[which]
        gap = self.chain_gap[kind[source], np.where(forward, group[source] - 1, group[source])]
        index, place = (
            near.after(literal, state.end[source], gap) if forward else near.before(literal, state.start[source], gap)
        )
        source, stop = source[index], place + self.near.length[literal[index]]
        joined = (
            Found(state.item[source], state.start[source], stop, state.head[source], place)
            if forward
            else Found(state.item[source], place, state.end[source], stop, state.tail[source])
        )
        kept = state.take(done)
        return _distinct(Found(*(np.concatenate([getattr(kept, n), getattr(joined, n)]) for n in Found.__slots__)))


class _Near:
    """Where the companions of the patterns stand, in the windows around the anchors."""

    def __init__(
        self, lane: Lane, units: np.ndarray, encoded: np.ndarray, breaks: np.ndarray, *window: np.ndarray
    ) -> None:
        low, high = union(*window)
        high = np.minimum(high, len(units))
        _, index = spread(low, high + 1)  # one place more than the window, made blank, keeps windows apart
        blank = np.cumsum(high + 1 - low) - 1
        text = encoded[np.minimum(index, len(units) - 1)]
        text[blank] = BLANK
        literal, place = lane.near.find(text)
        literal, place = lane.whole_words(units, lane.near, literal, index[place])
        self.words = np.cumsum(units == lane.space) if lane.space is not None else None
        self.size = lane.near_words
        self.breaks = breaks
        key = literal * _KEY + self._axis(place)
        order = np.argsort(key, kind="stable")
        self.key, self.place = key[order], place[order]

    def _axis(self, place: np.ndarray) -> np.ndarray:
        return place if self.words is None else self.words[place]

    def after(self, literal: np.ndarray, end: np.ndarray, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Occurrences of `literal[i]` that begin 0..gap after `end[i]`: (i, place)."""
        first = end if self.words is None else self._axis(end - 1) + 1
        which, place = self._range(literal, first, first + gap)
        keep = (place >= end[which]) & self._together(end[which] - 1, place)
        return which[keep], place[keep]

    def before(self, literal: np.ndarray, start: np.ndarray, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Occurrences of `literal[i]` that end 0..gap before `start[i]`: (i, place)."""
        last = self._axis(start) - self.size[literal]
        which, place = self._range(literal, last - gap, last)
        keep = (place < start[which]) & self._together(place, start[which])
        return which[keep], place[keep]

    def _range(self, literal: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        base = literal * _KEY
        first = np.searchsorted(self.key, base + np.maximum(low, 0), side="left")
        key = np.append(self.key, np.iinfo(np.int64).max)  # beyond the last occurrence nothing is in range
        some = np.flatnonzero(key[first] <= base + high)
        last = np.searchsorted(self.key, base[some] + high[some], side="right")
        which, index = spread(first[some], last)
        return some[which], self.place[index]

    def _together(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.breaks, left) == np.searchsorted(self.breaks, right)


def _reaches(chains: Sequence[Chain], per_gap: int) -> tuple[np.ndarray, np.ndarray]:
    """How many units left and right of an anchor a pattern can extend."""

    def reach(groups: Sequence[tuple[tuple[int, ...], ...]], gaps: Sequence[int]) -> int:
        return sum(max(map(len, group)) for group in groups) + sum((gap + 1) * per_gap for gap in gaps)

    left = [reach(c.groups[: c.anchor], c.gaps[: c.anchor]) for c in chains]
    right = [reach(c.groups[c.anchor + 1 :], c.gaps[c.anchor :]) for c in chains]
    return np.array(left, np.int64), np.array(right, np.int64)


def _distinct(found: Found) -> Found:
    """One of several ways to the same stretch from the same anchor: the one with the latest last phrase."""
    order = np.lexsort((found.head, -found.tail, found.end, found.start, found.item))
    sorted_ = found.take(order)
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(sorted_.item) != 0) | (np.diff(sorted_.start) != 0) | (np.diff(sorted_.end) != 0)
    return sorted_.take(new)


def _closest(found: Found) -> Found:
    """The shortest stretch from each anchor occurrence; of equally short ones the first."""
    order = np.lexsort((found.start, found.end - found.start, found.item))
    sorted_ = found.take(order)
    new = np.ones(len(order), bool)
    new[1:] = np.diff(sorted_.item) != 0
    return sorted_.take(new)
