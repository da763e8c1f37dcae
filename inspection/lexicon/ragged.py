"""Small array tools for one-to-many relations, so that nothing loops over hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class Ragged:
    """Row i holds `values[offsets[i]:offsets[i + 1]]`."""

    offsets: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Iterable[int]]) -> Ragged:
        lists = [list(row) for row in rows]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in lists])]).astype(np.int64)
        return cls(offsets, np.array([value for row in lists for value in row], np.int64))

    def keep(self, wanted: np.ndarray) -> Ragged:
        """The same rows with only the wanted values; a row may become empty."""
        return Ragged(np.concatenate([[0], np.cumsum(wanted)])[self.offsets], self.values[wanted])

    def expand(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each row number asked for, each of its values: (index into `rows`, value)."""
        which, place = spread(self.offsets[rows], self.offsets[rows + 1])
        return which, self.values[place]


def spread(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All places of the ranges `low[i]:high[i]`, one after the other: (index of the range, place)."""
    count = np.maximum(high - low, 0)
    which = np.repeat(np.arange(len(low)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    return which, np.arange(len(which)) - first + np.repeat(low, count)


def strings(codes: np.ndarray, lengths: np.ndarray) -> pl.Series:
    """Strings from one code-point array (no surrogates) cut into pieces of `lengths`."""
    import pyarrow as pa

    width = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)
    byte_ends = np.concatenate([[0], np.cumsum(width)])
    offsets = byte_ends[np.concatenate([[0], np.cumsum(lengths)])]
    data = np.ascontiguousarray(codes, np.uint32).tobytes().decode("utf-32-le").encode()
    array = pa.LargeStringArray.from_buffers(len(lengths), pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(data))
    return pl.Series(array)
