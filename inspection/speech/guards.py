"""Words that nobody said: what recognisers write on silence, noise and music, found and left out, and told.

Each guard looks at the words of one clip and says which of them to leave out, with the quality flag that tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from inspection.speech.transcribe import Word

INVENTIONS = Path(__file__).parent / "inventions.yaml"
_LOOPS = ((1, 7), (2, 5), (4, 4))
"""A piece of at least so many characters that follows itself so many times is a loop, and not a person repeating."""
_LONGEST_PIECE = 20
_PILED_MS, _PILED_WORDS = 20, 4
"""So many words in a row without any duration: the recogniser went on after the sound had ended."""
_HUSH_MS = 250
"""A word may lie this far from the nearest speech: word times waver by about that."""
_SPOKEN = re.compile(r"[^\w]|_")


@cache
def inventions() -> tuple[str, ...]:
    """Known inventions of all languages, without spaces, punctuation and case, longest first."""
    phrases = yaml.safe_load(INVENTIONS.read_text("utf-8"))["phrases"]
    return tuple(sorted({phrase for some in phrases.values() for phrase in some}, key=len, reverse=True))


def spoken_words(words: Sequence[Word]) -> tuple[list[Word], set[str]]:
    """The words of one clip that were really said, and `invented_text`, `repeated_text` where not all were."""
    invented = _known_inventions(words) | _piled(words)
    repeated = _loops(words)
    flags = {flag for flag, mask in (("invented_text", invented), ("repeated_text", repeated)) if mask.any()}
    return [word for word, out in zip(words, invented | repeated, strict=True) if not out], flags


def over_speech(words: Sequence[Word], spans_ms: Sequence[tuple[int, int]]) -> np.ndarray:
    """Which words lie on speech or near it: bool (words,). `spans_ms` is sorted and in the words' time."""
    if not spans_ms:
        return np.zeros(len(words), bool)
    spans = np.array(spans_ms)
    middle = np.array([(word.start_ms + word.end_ms) / 2 for word in words])
    at = np.searchsorted(spans[:, 0] - _HUSH_MS, middle, side="right") - 1
    return (at >= 0) & (middle < spans[at.clip(0), 1] + _HUSH_MS)


def _characters(words: Sequence[Word]) -> tuple[str, np.ndarray]:
    """The clip's letters and digits in lower case, and the word each belongs to."""
    pieces = [_SPOKEN.sub("", word.text.lower()) for word in words]
    return "".join(pieces), np.repeat(np.arange(len(words)), [len(piece) for piece in pieces])


def _known_inventions(words: Sequence[Word]) -> np.ndarray:
    text, owner = _characters(words)
    out = np.zeros(len(words), bool)
    for phrase in inventions():
        place = text.find(phrase)
        while place >= 0:
            out[owner[place : place + len(phrase)]] = True
            place = text.find(phrase, place + 1)
    return out


def _loops(words: Sequence[Word]) -> np.ndarray:
    """All but the first two rounds of a loop."""
    text, owner = _characters(words)
    out = np.zeros(len(words), bool)
    for shortest, rounds in _LOOPS:
        longest = min(next((size - 1 for size, _ in _LOOPS if size > shortest), _LONGEST_PIECE), _LONGEST_PIECE)
        for loop in re.finditer(rf"(.{{{shortest},{longest}}}?)\1{{{rounds - 1},}}", text):
            out[owner[loop.start() + 2 * len(loop[1]) : loop.end()]] = True
    return out


def _piled(words: Sequence[Word]) -> np.ndarray:
    out = np.zeros(len(words), bool)
    short = np.array([word.end_ms - word.start_ms <= _PILED_MS for word in words], bool)
    edges = np.diff(np.concatenate([[0], short.astype(np.int8), [0]]))
    for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        out[start:end] = end - start >= _PILED_WORDS
    return out
