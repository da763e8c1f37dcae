"""Builds `tables.npz`, the facts about characters that folding and homophones rest on. Run it only to renew them:

    pip install pypinyin opencc-python-reimplemented jieba
    python -m inspection.lexicon.data.build

Sources: the Unicode database of this Python (width, case, category), OpenCC's TSCharacters (Apache-2.0; traditional to
simplified), pypinyin (MIT; readings of characters and of phrases), jieba's dictionary (MIT; which words are ordinary).
Only facts about single characters, readings and word frequencies are taken; the file is the same for the same versions.
"""

from __future__ import annotations

import sys
import unicodedata
from importlib import resources
from pathlib import Path

import numpy as np

TARGET = Path(__file__).with_name("tables.npz")
CODE_POINTS = 0x110000
DROPPED_CATEGORIES = frozenset("ZPSCM")
ORDINARY_FREQUENCY = 20
"""Words seen less often in jieba's corpus are too rare to explain a hearing away."""


def main() -> None:
    simplified = _simplified()
    kind, mapped_from, mapped_to = _folding(simplified)
    syllables, characters, readings, phrases, phrase_readings = _readings()
    np.savez_compressed(
        TARGET, kind=kind, mapped_from=mapped_from, mapped_to=mapped_to, syllables=syllables, characters=characters,
        readings=readings, phrases=phrases, phrase_readings=phrase_readings, ordinary=_ordinary_words(),
    )  # fmt: skip
    print(f"{TARGET.name}: {TARGET.stat().st_size // 1024} KiB", file=sys.stderr)


def _simplified() -> dict[str, str]:
    lines = resources.files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if "\t" in line)
    return {source: target.split()[0] for source, target in pairs if len(source) == 1 and len(target.split()[0]) == 1}


def _folding(simplified: dict[str, str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every code point: 0 stays, 1 is dropped, 2 becomes `mapped_to`."""
    kind = np.zeros(CODE_POINTS, np.uint8)
    mapping: dict[int, int] = {}
    for code in range(CODE_POINTS):
        folded = _fold_character(chr(code), simplified)
        if folded == "":
            kind[code] = 1
        elif folded != chr(code):
            kind[code] = 2
            mapping[code] = ord(folded)
    return kind, np.fromiter(mapping, np.uint32), np.fromiter(mapping.values(), np.uint32)


def _fold_character(character: str, simplified: dict[str, str]) -> str:
    """One character or none; repeated until nothing changes, so that folding twice changes nothing."""
    while True:
        if (
            unicodedata.category(character)[0] in DROPPED_CATEGORIES
            and unicodedata.normalize("NFKC", character) == character
        ):
            return ""
        wide = unicodedata.normalize("NFKC", character).lower()
        kept = "".join(
            c for c in unicodedata.normalize("NFKC", wide) if unicodedata.category(c)[0] not in DROPPED_CATEGORIES
        )
        if len(kept) != 1:
            return "" if not kept else character
        digit = unicodedata.digit(kept, None)
        folded = str(digit) if digit is not None else simplified.get(kept, kept)
        if folded == character:
            return character
        character = folded


def _readings() -> tuple[np.ndarray, ...]:
    """Toneless readings: one a character, and the phrases whose readings differ from those of their characters."""
    from pypinyin import lazy_pinyin
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    base = {chr(code): lazy_pinyin(chr(code))[0] for code in PINYIN_DICT if code < 0x10000}
    base = {character: reading for character, reading in base.items() if reading.isascii() and reading.isalpha()}
    phrases: dict[str, list[str]] = {}
    for phrase in sorted(PHRASES_DICT):
        reading = lazy_pinyin(phrase)
        if len(reading) == len(phrase) and all(c in base for c in phrase) and reading != [base[c] for c in phrase]:
            phrases[phrase] = reading
    names = sorted(set(base.values()) | {syllable for reading in phrases.values() for syllable in reading})
    number = {name: index for index, name in enumerate(names)}
    characters = np.array([ord(c) for c in base], np.uint32)
    readings = np.array([number[r] for r in base.values()], np.uint16)
    flat = np.array([number[syllable] for reading in phrases.values() for syllable in reading], np.uint16)
    return np.array(names), characters, readings, np.array("\n".join(phrases)), flat


def _ordinary_words() -> np.ndarray:
    """(words, 4) code points of the ordinary words of two to four characters, padded with zero."""
    return np.array([[ord(c) for c in word.ljust(4, "\0")] for word in _frequent_words()], np.uint16)


def _frequent_words() -> list[str]:
    text = resources.files("jieba").joinpath("dict.txt").read_text("utf-8")
    fields = (line.split() for line in text.splitlines())
    words = (f[0] for f in fields if 2 <= len(f[0]) <= 4 and int(f[1]) >= ORDINARY_FREQUENCY)
    return sorted(word for word in words if all("一" <= c <= "鿿" for c in word))


if __name__ == "__main__":
    main()
