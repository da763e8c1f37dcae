"""Syllables: what was said when the recogniser wrote other characters for it.

Every folded character has a toneless reading; the firm's confusion sets (zh/z, n/l, an/ang, ...) merge readings into
classes. Text and terms are both turned into classes, one a character, so places stay what they were.
Readings are those of the phrase where one is known (还款 huan, 还没 hai), else the character's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inspection.lexicon.fold import Folding, codes_of
from inspection.lexicon.shipped import shipped

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_SPOKEN_DIGITS = ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")
_LONGEST_WORD = 4


@dataclass(frozen=True)
class Syllables:
    """The firm's idea of what sounds alike, over the shipped readings.

    `initials`, `finals`, `syllables`: sets of names that count as one. `readings`: the reading of a character or a
    phrase where the shipped one does not suit the trade (还: huan, 还没: hai mei). `minimum`: the fewest
    characters a term needs to be searched by
    sound at all; `sure`: from how many on it needs no further support.
    """

    folding: Folding
    initials: tuple[tuple[str, ...], ...] = ()
    finals: tuple[tuple[str, ...], ...] = ()
    syllables: tuple[tuple[str, ...], ...] = ()
    readings: tuple[tuple[str, str], ...] = ()
    minimum: int = 2
    sure: int = 3

    def __post_init__(self) -> None:
        facts = shipped()
        merged = {name: self._class_name(name) for name in facts.syllables}
        number = {name: index for index, name in enumerate(sorted(set(merged.values())))}
        of_syllable = {name: number[target] for name, target in merged.items()}
        by_index = np.array([of_syllable[name] for name in facts.syllables] + [-1], np.int16)
        table = by_index[facts.reading]
        for digit, name in enumerate(_SPOKEN_DIGITS):
            table[ord("0") + digit] = of_syllable[name]
        for written, names in self.readings:
            if len(names.split()) == 1:
                table[self.folding.term(written)] = of_syllable[names]
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "phrases", self._phrases(table, of_syllable))
        object.__setattr__(self, "ordinary", _packed_words(self.folding.table[facts.ordinary]))

    def _class_name(self, name: str) -> str:
        for one in self.syllables:
            if name in one:
                name = one[0]
        initial = next((i for i in _INITIALS if name.startswith(i)), "")
        final = name[len(initial) :]
        for one in self.initials:
            if initial in one:
                initial = one[0]
        for one in self.finals:
            if (longest := max((f for f in one if final.endswith(f)), key=len, default=None)) is not None:
                final = final[: -len(longest)] + one[0]
        return initial + final

    def _phrases(self, table: np.ndarray, of_syllable: dict[str, int]) -> dict[tuple[int, ...], tuple[int, ...]]:
        """Folded phrase -> classes, where they differ from the classes of its characters taken one by one."""
        facts = shipped()
        readings = {
            phrase: [facts.syllables[index] for index in reading]
            for phrase, reading in zip(facts.phrases, facts.phrase_readings, strict=True)
        }
        readings |= {written: names.split() for written, names in self.readings if len(names.split()) > 1}
        phrases = {}
        self.folding.learn(readings)
        for phrase, names in readings.items():
            codes = self.folding.term(phrase)
            classes = tuple(of_syllable[name] for name in names)
            if len(codes) == len(phrase) and not _has_digits(codes) and classes != tuple(table[codes].tolist()):
                phrases[tuple(codes.tolist())] = classes
        return phrases

    def classes(self, term: np.ndarray) -> np.ndarray | None:
        """Classes (int16) of a folded term, phrase readings applied; None where a character has no reading."""
        classes = self.table[term]
        for length in range(2, len(term) + 1):
            for start in range(len(term) - length + 1):
                reading = self.phrases.get(tuple(term[start : start + length].tolist()))
                if reading is not None:
                    classes[start : start + length] = reading
        return None if (classes < 0).any() else classes

    def relevant_phrases(self, used: Iterable[int]) -> dict[tuple[int, ...], tuple[int, ...]]:
        """The phrases that can make or unmake one of the classes `used` by the terms; the others need no search."""
        wanted = set(used)
        return {
            phrase: classes
            for phrase, classes in self.phrases.items()
            if any(
                a != b and (a in wanted or b in wanted)
                for a, b in zip(classes, self.table[list(phrase)].tolist(), strict=True)
            )
        }

    def explained(self, codes: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Whether ordinary words make sense of the heard characters, so that nothing needs to have been misheard.

        From `sure` characters on, one ordinary word has to cover all of `codes[start:end]`; below, an ordinary word
        that overlaps any of it is enough (讨现金 is cash, not 套现).
        """
        length = end - start
        told = np.zeros(len(start), bool)
        for size in range(2, _LONGEST_WORD + 1):
            for offset in range(-size + 1, int(length.max(initial=0))):
                first = start + offset
                covers = (first <= start) & (first + size >= end)
                overlaps = (first < end) & (first + size > start)
                candidate = (
                    np.where(length >= self.sure, covers, overlaps)
                    & (first >= 0)
                    & (first + size <= len(codes))
                    & ~told
                )
                which = np.flatnonzero(candidate)
                if len(which):
                    words = codes[first[which, None] + np.arange(size)]
                    packed = _pack(words)
                    nearest = np.minimum(np.searchsorted(self.ordinary, packed), len(self.ordinary) - 1)
                    told[which] |= self.ordinary[nearest] == packed
        return told


def _has_digits(codes: np.ndarray) -> bool:
    return bool(((codes >= 0x30) & (codes <= 0x39)).any())


def _packed_words(words: np.ndarray) -> np.ndarray:
    return np.unique(_pack(words))


def _pack(words: np.ndarray) -> np.ndarray:
    """Up to four code points below 0x10000 as one uint64; others give a value that no word has."""
    packed = np.zeros(len(words), np.uint64)
    beyond = (words >= 0x10000).any(axis=1)
    for column in range(_LONGEST_WORD):
        value = words[:, column] if column < words.shape[1] else 0
        packed = (packed << np.uint64(16)) | np.asarray(value, np.uint64)
    packed[beyond] = np.uint64(0)
    return packed


def named_classes(syllables: Syllables, text: str) -> np.ndarray | None:
    """Classes of a raw term, for tests and for explaining a homophone hit."""
    return syllables.classes(codes_of(syllables.folding.text(text)))
