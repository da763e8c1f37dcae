"""Folding: many spellings of one thing become one, and every folded character knows where it came from.

    raw       您 千 万 不 不 不 要 , 加 V 信 !
    TABLE     你 千 万 不 不 不 要 · 加 v 信 ·      width, case, traditional, digits, punctuation; · is dropped
    rewrites  你 千 万 不         要   加 微 信        runs of three, fillers, letters used for words, tens
    start     0  1  2  3         6    8  9  9        first raw place of each folded character
    end       1  2  3  6         7    9  11 11       one past its last

All work is a handful of array operations over one long code-point array, whatever the number of turns in it. Folding
twice changes nothing, and the raw stretch `start[i]:end[j]` folds to a text that holds `folded[i:j+1]`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from inspection.lexicon.shipped import CODE_POINTS, shipped

SEPARATOR = 0x0A
"""Stands between turns; no term can hold it, because folding drops it from text."""
SPACE = 0x20
_TEN = ord("十")
_DIGITS = np.zeros(CODE_POINTS, bool)
_DIGITS[0x30:0x3A] = True
_APOSTROPHES = frozenset("'’ʼ＇`´")


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded code points (uint32) with, for each, the half-open raw stretch it stands for (int32)."""

    codes: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def take(self, keep: np.ndarray) -> Folded:
        place = np.flatnonzero(keep)
        return Folded(self.codes.take(place), self.start.take(place), self.end.take(place))

    def copy(self) -> Folded:
        return Folded(self.codes.copy(), self.start.copy(), self.end.copy())

    def __str__(self) -> str:
        return text_of(self.codes)


@dataclass(frozen=True)
class Folding:
    """What folds to what. `letters` are one to one, `spellings` many to many, `fillers` vanish.

    `spaced` is for languages with spaces between words: punctuation becomes one space instead of vanishing, and
    terms are found at word boundaries only.
    """

    letters: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fillers: tuple[str, ...] = ()
    spaced: bool = False

    def __post_init__(self) -> None:
        table = shipped().fold.copy()
        if self.spaced:
            table = _with_spaces(table)
        for source, target in self.letters.items():
            table[ord(source)] = table[ord(target)] or ord(target)
        object.__setattr__(self, "table", _settled(table))
        rewrites = [(self._plain(s), self._plain(t)) for t, sources in self.spellings.items() for s in sources]
        rewrites += [
            (self._plain(f" {filler}" if self.spaced else filler), np.empty(0, np.uint32)) for filler in self.fillers
        ]
        rewrites = sorted((r for r in rewrites if len(r[0])), key=lambda r: (-len(r[0]), r[0].tolist()))
        first = np.zeros(CODE_POINTS, bool)
        first[[int(source[0]) for source, _ in rewrites]] = True
        object.__setattr__(self, "rewrites", tuple(rewrites))
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "_learnt", {})

    def _plain(self, text: str) -> np.ndarray:
        codes = self.table[codes_of(text)]
        return codes[codes != 0]

    def text(self, text: str) -> str:
        """One folded text. Surrogates, controls, marks and emoji vanish like punctuation."""
        learnt = self._learnt.get(text)
        return str(self.fold(codes_of(text))).strip(" ") if learnt is None else learnt

    def learn(self, texts: Iterable[str]) -> None:
        """Folds many phrases at once, so that `text` and `term` answer for them at once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._learnt]
        if new:
            ends = np.cumsum([len(text) + 1 for text in new]) - 1
            folded = text_of(self.fold(codes_of("\n".join(new) + "\n"), ends).codes).split("\n")
            self._learnt.update(zip(new, (text.strip(" ") for text in folded[:-1]), strict=True))

    def term(self, text: str) -> np.ndarray:
        """Folded code points of a term as the lexicon writes it."""
        return codes_of(self.text(text))

    def fold(self, raw: np.ndarray, separators: np.ndarray | None = None, joints: np.ndarray | None = None) -> Folded:
        """Folds code points (uint32). At the raw places `separators` a SEPARATOR is put whatever stands there; at the
        `joints` nothing (a space in spaced languages), so that text runs on from one turn into the next."""
        mapped = self.table[raw]
        if joints is not None:
            mapped[joints] = SPACE if self.spaced else 0
        if separators is not None:
            mapped[separators] = SEPARATOR
        place = np.flatnonzero(mapped != 0)
        start = place.astype(np.int32)
        folded = Folded(mapped.take(place), start, start + 1)
        changed = True
        while changed:
            folded, *changes = self._round(folded)
            changed = any(changes)
        return folded

    def _round(self, folded: Folded) -> tuple[Folded, bool, bool, bool]:
        folded, runs = _collapse_runs(folded, self.spaced)
        folded, tens = _read_tens(folded)
        folded, rewritten = self._rewrite(folded)
        return folded, runs, tens, rewritten

    def _rewrite(self, folded: Folded) -> tuple[Folded, bool]:
        """Replaces spellings and drops fillers, the longest first, none overlapping another."""
        codes = folded.codes
        candidates = np.flatnonzero(self.first[codes])
        if not len(candidates):
            return folded, False
        places = [self._occurrences(codes, candidates, source) for source, _ in self.rewrites]
        if not any(len(place) for place in places):
            return folded, False
        new, taken, kept = folded.copy(), np.zeros(len(codes), bool), np.ones(len(codes), bool)
        for (source, target), where in zip(self.rewrites, places, strict=True):
            span = where[:, None] + np.arange(len(source))
            span = span[~taken[span].any(axis=1)]
            span = span[np.diff(span[:, 0], prepend=-len(source)) >= len(source)] if len(span) else span
            taken[span] = True
            new.codes[span[:, : len(target)]] = target
            kept[span[:, len(target) :]] = False
            if len(target):
                new.start[span], new.end[span] = folded.start[span[:, :1]], folded.end[span[:, -1:]]
        return new.take(kept), True

    def _occurrences(self, codes: np.ndarray, candidates: np.ndarray, source: np.ndarray) -> np.ndarray:
        where = candidates[codes[candidates] == source[0]]
        for offset, code in enumerate(source[1:], start=1):
            where = where[where + offset < len(codes)]
            where = where[codes[where + offset] == code]
        if self.spaced and len(where):
            after = where + len(source)
            beyond = codes[np.minimum(after, len(codes) - 1)]
            where = where[(after >= len(codes)) | (beyond == SPACE) | (beyond == SEPARATOR)]
        return where


def codes_of(text: str) -> np.ndarray:
    """Code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def text_of(codes: np.ndarray) -> str:
    return np.ascontiguousarray(codes, np.uint32).tobytes().decode("utf-32-le", "surrogatepass")


def _with_spaces(table: np.ndarray) -> np.ndarray:
    import unicodedata

    table = table.copy()
    for code in (*range(0x3040), *range(0xFF00, 0xFFF0)):
        character = chr(code)
        if unicodedata.category(character)[0] in "ZPS" or character in "\t\n\r\v\f":
            table[code] = 0 if character in _APOSTROPHES else SPACE
    return table


def _settled(table: np.ndarray) -> np.ndarray:
    """The table applied until it stands still, so that folding a folded text changes nothing."""
    for _ in range(8):
        again = np.where(table == 0, 0, table[table])
        if np.array_equal(again, table):
            break
        table = again
    return table


def _collapse_runs(folded: Folded, spaced: bool) -> tuple[Folded, bool]:
    """不不不要脸 -> 不要脸: three or more of one character are one. Digits stay: 10000 is not 10."""
    codes = folded.codes
    same = codes[1:] == codes[:-1]
    third = np.flatnonzero(same[1:] & same[:-1]) + 2
    third = third[~_DIGITS[codes[third]] & (codes[third] != SEPARATOR)]
    surplus = np.concatenate([third - 1, third])
    if spaced:
        surplus = np.concatenate([surplus, np.flatnonzero(same & (codes[1:] == SPACE)) + 1])
    if not len(surplus):
        return folded, False
    surplus = np.unique(surplus)
    last = surplus[np.diff(surplus, append=len(codes) + 1) > 1]
    head = surplus[np.diff(surplus, prepend=-1) > 1] - 1
    end, kept = folded.end.copy(), np.ones(len(codes), bool)
    end[head] = folded.end[last]
    kept[surplus] = False
    return Folded(codes, folded.start, end).take(kept), True


def _read_tens(folded: Folded) -> tuple[Folded, bool]:
    """十五 -> 15, 二十 -> 20, 二十五 -> 25; a 十 without a digit beside it, or beside another 十, stays a word."""
    codes = folded.codes
    where = np.flatnonzero(codes == _TEN)
    if not len(where):
        return folded, False
    before = np.where(where > 0, codes[where - 1], SEPARATOR)
    after = np.where(where + 1 < len(codes), codes[np.minimum(where + 1, len(codes) - 1)], SEPARATOR)
    has_before, has_after = _DIGITS[before], _DIGITS[after]
    numeral = (has_before | has_after) & (before != _TEN) & (after != _TEN)
    where, has_before, has_after = where[numeral], has_before[numeral], has_after[numeral]
    if not len(where):
        return folded, False
    new, kept = folded.copy(), np.ones(len(codes), bool)
    new.codes[where] = np.where(has_before, ord("0"), ord("1"))
    left, right = where - has_before, where + has_after
    for member in (left, where, right):
        np.minimum.at(new.start, member, folded.start[left])  # a digit between two 十 belongs to both
        np.maximum.at(new.end, member, folded.end[right])
    kept[where[has_before & has_after]] = False
    return new.take(kept), True
