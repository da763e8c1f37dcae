"""A lane: one alphabet, one automaton, the terms and patterns that are searched in it.

There are two, over the characters and over the syllables; they run the same code.

    units      再 不 还 就 叫 几 个 人 去 你 家
    phrases                叫       人    [你家]      found by the one pass, as are plain terms
    possible   a segment (between two breaks) that holds a phrase of every group of the pattern
    anchor                               [你家]       where a possible pattern is started
    match                  叫 几 个 人 去 你 家       joined from the anchor outwards, gap by gap
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.lexicon.automaton import Automaton, symbols_of
from inspection.lexicon.ragged import Ragged, spread

_SHIFT = 36  # bits of a place in a key of phrase and place
_BIT = np.uint64(1)


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
        literals = list(dict.fromkeys(phrase for chain in chains for group in chain.groups for phrase in group))
        phrases = [*(term.units for term in terms), *literals, *extra]
        self.symbols = symbols_of(phrases, units)
        self.automaton = Automaton(phrases, self.symbols)
        number = self.automaton.number
        self.items_of = _grouped(len(number), ((number[term.units], term.item) for term in terms))
        self.extra_of = _grouped(len(number), ((number[phrase], index) for index, phrase in enumerate(extra)))
        self._relate(chains, {phrase: index for index, phrase in enumerate(literals)})

    def _relate(self, chains: Sequence[Chain], literal: dict[tuple[int, ...], int]) -> None:
        """What the patterns are made of, by numbers: `literal` numbers their phrases, a slot is a group of a chain."""
        self.literal_of = np.full(len(self.automaton.number), -1)
        self.literal_of[[self.automaton.number[phrase] for phrase in literal]] = np.arange(len(literal))
        self.literal_length = np.array([len(phrase) for phrase in literal], np.int64)
        self.literal_size = self.literal_length  # in what gaps count: characters, or words where spaces part them
        if self.space is not None:
            self.literal_size = np.array([phrase.count(self.space) + 1 for phrase in literal], np.int64)
        self.anchors_of = _grouped(
            len(literal), ((literal[p], index) for index, c in enumerate(chains) for p in c.groups[c.anchor])
        )
        self.slot_literals = Ragged.of([[literal[phrase] for phrase in group] for c in chains for group in c.groups])
        self.slot_gap = np.array([gap for c in chains for gap in (*c.gaps, 0)], np.int64)
        self.chain_item = np.array([c.item for c in chains], np.int64)
        self.chain_size = np.array([len(c.groups) for c in chains], np.int64)
        self.chain_anchor = np.array([c.anchor for c in chains], np.int64)
        self.first_slot = _opens(self.chain_size)
        self.depth = int(self.chain_size.max(initial=1))

    def search(self, units: np.ndarray, breaks: np.ndarray) -> tuple[Found, tuple[np.ndarray, np.ndarray]]:
        """All matches in `units`, none of them across a place of `breaks` (sorted); and the extra phrases found, as
        (number, place). The extra phrases may be searched for in the same pass because there is only one pass."""
        phrase, place = self._whole_words(units, *self.automaton.find(self.symbols[units]))
        which, item = self.items_of.expand(phrase)
        start = place[which]
        end = start + self.automaton.length[phrase[which]]
        plain = Found(item, start, end, end, start)
        found = plain
        if len(self.chain_item):
            literal = self.literal_of[phrase]
            ours = literal >= 0
            found = _both(plain, self._chains(_Occurrences(self, units, breaks, literal[ours], place[ours])))
        which, number = self.extra_of.expand(phrase)
        return found, (number, place[which])

    def _whole_words(self, units: np.ndarray, phrase: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In spaced languages, only what begins and ends with a word; elsewhere everything."""
        if self.space is None:
            return phrase, place
        stop = place + self.automaton.length[phrase]
        begins = (place == 0) | (units[place - 1] <= self.space)
        ends = (stop == len(units)) | (units[np.minimum(stop, len(units) - 1)] <= self.space)
        return phrase[begins & ends], place[begins & ends]

    def _chains(self, near: _Occurrences) -> Found:
        begins = np.flatnonzero(near.begins[near.literal])
        which, pattern = self.anchors_of.expand(near.literal[begins])
        start = near.place[begins[which]]
        possible = near.possible(pattern, start)
        which, pattern, start = begins[which[possible]], pattern[possible], start[possible]
        end = start + self.literal_length[near.literal[which]]
        state = Found(np.arange(len(which)), start, end, end, start)
        if len(which):
            for step in range(1, self.depth):
                state = self._step(state, pattern, near, self.chain_anchor[pattern] + step, forward=True)
            for step in range(1, self.depth):
                state = self._step(state, pattern, near, self.chain_anchor[pattern] - step, forward=False)
            state = _closest(state)
        return Found(self.chain_item[pattern[state.item]], state.start, state.end, state.head, state.tail)

    def _step(
        self, state: Found, pattern: np.ndarray, near: _Occurrences, group: np.ndarray, *, forward: bool
    ) -> Found:
        """Every state that still needs `group` is joined with each occurrence of it within the gap; others stay.

        state.item numbers the anchor occurrence, `pattern` and `group` belong to it.
        """
        group, kind = group[state.item], pattern[state.item]
        needs = (group >= 0) & (group < self.chain_size[kind])
        if not needs.any():
            return state
        needed = np.flatnonzero(needs)
        slot = self.first_slot[kind[needed]] + group[needed]
        which, literal = near.slots.expand(slot)
        here = near.present(literal, state.start[needed[which]])
        which, literal = which[here], literal[here]
        source = needed[which]
        gap = self.slot_gap[slot[which] - forward]
        index, place = (
            near.after(literal, state.end[source], gap) if forward else near.before(literal, state.start[source], gap)
        )
        source, stop = source[index], place + self.literal_length[literal[index]]
        joined = (
            Found(state.item[source], state.start[source], stop, state.head[source], place)
            if forward
            else Found(state.item[source], place, state.end[source], stop, state.tail[source])
        )
        return _distinct(_both(state.take(~needs), joined))


class _Occurrences:
    """Where the phrases of the patterns stand, sorted by phrase and place, and which segments hold which of them."""

    def __init__(
        self, lane: Lane, units: np.ndarray, breaks: np.ndarray, literal: np.ndarray, place: np.ndarray
    ) -> None:
        # each phrase's places come in order, and small numbers are sorted fastest
        order = np.argsort(literal.astype(np.min_scalar_type(len(lane.literal_length))), kind="stable")
        self.literal, self.place = literal[order], place[order]
        self.size = lane.literal_size
        self.words = np.cumsum(units == lane.space) if lane.space is not None else None
        self.key = (self.literal << _SHIFT) + self._axis(self.place)
        self.segment = np.zeros(len(units) + 1, np.int64)
        self.segment[breaks + 1] = 1
        np.cumsum(self.segment, out=self.segment)
        self.row, self.held = self._held(len(lane.literal_length))
        self.slots = lane.slot_literals.keep(self.row[lane.slot_literals.values] >= 0)
        alive, self.complete = self._complete(lane)
        # phrases that are the anchor of a pattern that may be there
        anchors = lane.anchors_of
        self.begins = np.zeros(len(lane.literal_length), bool)
        self.begins[np.repeat(np.arange(len(self.begins)), np.diff(anchors.offsets))[alive[anchors.values]]] = True

    def _held(self, literals: int) -> tuple[np.ndarray, np.ndarray]:
        """For each literal its row of the table; the table: for each literal that occurs one bit a segment, 64 segments
        a word. The last row is of those that do not occur."""
        words = int(self.segment[-1]) // 64 + 1
        occurs = np.zeros(literals, bool)
        occurs[self.literal] = True
        row = np.where(occurs, np.cumsum(occurs) - 1, -1)
        held = np.zeros((int(occurs.sum()) + 1, words), np.uint64)
        if len(self.literal):
            segment = self.segment[self.place]
            cell = row[self.literal] * words + segment // 64
            opens = np.flatnonzero(np.diff(cell, prepend=-1))
            bits = np.bitwise_or.reduceat(_BIT << (segment % 64).astype(np.uint64), opens)
            held.reshape(-1)[cell[opens]] = bits
        return row, held

    def _complete(self, lane: Lane) -> tuple[np.ndarray, np.ndarray]:
        """Whether of every group of a pattern some phrase occurs at all; and, looked at only then, one bit a segment:
        whether it holds a phrase of every group."""
        alive = np.logical_and.reduceat(np.diff(self.slots.offsets) > 0, lane.first_slot)
        complete = np.zeros((len(alive), self.held.shape[1]), np.uint64)
        if alive.any():
            slot, literal = self.slots.expand(np.flatnonzero(np.repeat(alive, lane.chain_size)))
            groups = np.bitwise_or.reduceat(self.held[self.row[literal]], np.flatnonzero(np.diff(slot, prepend=-1)))
            complete[alive] = np.bitwise_and.reduceat(groups, _opens(lane.chain_size[alive]))
        return alive, complete

    def possible(self, pattern: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Whether the segment of `place` holds a phrase of every group of the pattern, wherever."""
        return self._bit(self.complete, pattern, place)

    def present(self, literal: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Whether the segment of `place` holds the phrase."""
        return self._bit(self.held, self.row[literal], place)

    def _bit(self, table: np.ndarray, row: np.ndarray, place: np.ndarray) -> np.ndarray:
        segment = self.segment[place]
        return (table[row, segment // 64] >> (segment % 64).astype(np.uint64)) & _BIT != 0

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
        base = literal << _SHIFT
        first = np.searchsorted(self.key, base + np.maximum(low, 0), side="left")
        key = np.append(self.key, np.iinfo(np.int64).max)  # beyond the last occurrence nothing is in range
        some = np.flatnonzero(key[first] <= base + high)
        last = np.searchsorted(self.key, base[some] + high[some], side="right")
        which, index = spread(first[some], last)
        return some[which], self.place[index]

    def _together(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return self.segment[left] == self.segment[right]


def _opens(sizes: np.ndarray) -> np.ndarray:
    """Where each of consecutive stretches begins."""
    return np.cumsum(sizes) - sizes


def _both(one: Found, other: Found) -> Found:
    return Found(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Found.__slots__))


def _grouped(rows: int, pairs: Iterable[tuple[int, int]]) -> Ragged:
    """The second of each pair in the row that the first names."""
    grouped: list[list[int]] = [[] for _ in range(rows)]
    for row, value in pairs:
        grouped[row].append(value)
    return Ragged.of(grouped)


def _distinct(found: Found) -> Found:
    """One of several ways to the same stretch from the same anchor: the one with the latest last phrase."""
    several = _several(found.item)
    if not several.any():
        return found
    some = found.take(several)
    some = some.take(np.lexsort((some.head, -some.tail, some.end, some.start, some.item)))
    new = np.ones(len(some.item), bool)
    new[1:] = (np.diff(some.item) != 0) | (np.diff(some.start) != 0) | (np.diff(some.end) != 0)
    return _both(found.take(~several), some.take(new))


def _closest(found: Found) -> Found:
    """The shortest stretch from each anchor occurrence; of equally short ones the first."""
    several = _several(found.item)
    some = found.take(several)
    some = some.take(np.lexsort((some.start, some.end - some.start, some.item)))
    return _both(found.take(~several), some.take(np.diff(some.item, prepend=-1) != 0))


def _several(item: np.ndarray) -> np.ndarray:
    """Whether others are of the same item."""
    return np.bincount(item)[item] > 1
