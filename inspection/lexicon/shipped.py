"""The facts about characters that ship with the package (`data/tables.npz`, made by `data/build.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

CODE_POINTS = 0x110000


@dataclass(frozen=True, slots=True)
class Shipped:
    """Arrays are read-only; code points are uint32.

    fold       (1,114,112,)  code point -> folded code point, 0 where it is dropped
    syllables  (syllables,)  names of the toneless readings, sorted
    reading    (1,114,112,)  code point -> index into `syllables`, or -1
    phrases    phrases whose readings differ from those of their characters, with `phrase_readings` index tuples
    ordinary   (words, 4)    ordinary words of two to four characters, padded with zero
    """

    fold: np.ndarray
    syllables: tuple[str, ...]
    reading: np.ndarray
    phrases: tuple[str, ...]
    phrase_readings: tuple[tuple[int, ...], ...]
    ordinary: np.ndarray


@cache
def shipped() -> Shipped:
    with (resources.files("inspection.lexicon.data") / "tables.npz").open("rb") as stream:
        data = dict(np.load(stream))
    fold = np.arange(CODE_POINTS, dtype=np.uint32)
    fold[data["kind"] == 1] = 0
    fold[data["mapped_from"]] = data["mapped_to"]
    reading = np.full(CODE_POINTS, -1, np.int16)
    reading[data["characters"]] = data["readings"]
    phrases = tuple(str(data["phrases"]).split("\n"))
    flat = iter(data["phrase_readings"].tolist())
    readings = tuple(tuple(next(flat) for _ in phrase) for phrase in phrases)
    return Shipped(fold, tuple(data["syllables"].tolist()), reading, phrases, readings, data["ordinary"])
