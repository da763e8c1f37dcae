"""When the words of a hit were said, and how sure the recogniser was of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.lexicon.ragged import spread

_SHIFT = np.int64(1) << 32
_EXACT = 1 << 30
"""Probabilities are summed as integers of this fraction: a hit's mean must not depend on the calls around it."""


def timed(hits: pl.DataFrame, turns: pl.DataFrame, words: pl.DataFrame | None) -> pl.DataFrame:
    """`hits` (with row, end_row, start, end) with call_id, turn_index, role, start_ms, end_ms, probability and timing.

    The first and the last word that the hit touches give its times, the mean of all it touches its probability
    (timing "word times"). Where a turn has no words, times are in proportion to the place in the turn's text (timing
    "estimated times") and the probability is the turn's, or null when that is unknown.
    """
    said = turns.select(
        "call_id",
        "turn_index",
        "role",
        "start_ms",
        "end_ms",
        "word_probability",
        pl.col("text").str.len_chars().alias("length"),
    )
    first, last = said[hits["row"]], said[hits["end_row"]]
    from_ms = _proportion(first, hits["start"])
    to_ms = _proportion(last, hits["end"])
    frame = hits.with_columns(
        first["call_id"], first["turn_index"], first["role"].fill_null("unknown"),
        start_ms=from_ms, end_ms=to_ms, timing=pl.lit("estimated times"),
        probability=first["word_probability"].cast(pl.Float64),
    )  # fmt: skip
    if words is None or not len(words) or not len(hits):
        return frame
    return _by_words(frame, turns, words)


def _proportion(turn: pl.DataFrame, place: pl.Series) -> pl.Series:
    share = place / turn["length"].cast(pl.Int64).clip(1, None)
    return (turn["start_ms"] + share * (turn["end_ms"] - turn["start_ms"])).round().cast(pl.Int64)


def _by_words(frame: pl.DataFrame, turns: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Words are keyed by (row of their turn, offset): one sorted array, searched for all hits at once."""
    words = _touched(words, turns, pl.concat([frame["row"], frame["end_row"]]).unique())
    if not len(words):
        return frame
    row = words["row"].to_numpy().astype(np.int64)
    opens, closes = row * _SHIFT + words["start"].to_numpy(), row * _SHIFT + words["end"].to_numpy()
    row_low, row_high = (frame[name].to_numpy().astype(np.int64) for name in ("row", "end_row"))
    first = np.searchsorted(closes, row_low * _SHIFT + frame["start"].to_numpy(), side="right")
    last = np.searchsorted(opens, row_high * _SHIFT + frame["end"].to_numpy(), side="left") - 1
    begins = first < np.searchsorted(row, row_low, side="right")
    known = begins & (last >= np.searchsorted(row, row_high, side="left")) & ((first <= last) | (row_low != row_high))
    first, last = np.where(known, first, 0), np.where(known, last, 0)
    split = row_low != row_high  # over a breath: the rest of the first turn and the beginning of the last
    first_stop = np.where(split & known, np.searchsorted(row, row_low, side="right"), last + 1)
    last_open = np.where(split & known, np.searchsorted(row, row_high, side="left"), last + 1)
    probability = words["probability"].cast(pl.Float64)
    total = _running(np.rint(probability.fill_null(0.0).to_numpy() * _EXACT).astype(np.int64))
    count = _running(probability.is_not_null().to_numpy().astype(np.int64))
    rated_words, summed = (
        sums[first_stop] - sums[first] + sums[last + 1] - sums[np.minimum(last_open, last + 1)]
        for sums in (count, total)
    )
    mean = summed / _EXACT / np.maximum(rated_words, 1)
    exact = pl.Series("exact", known)
    return frame.with_columns(
        start_ms=pl.when(exact).then(words["start_ms"].gather(first)).otherwise("start_ms"),
        end_ms=pl.when(exact).then(words["end_ms"].gather(last)).otherwise("end_ms"),
        probability=pl.when(exact & pl.Series(rated_words > 0)).then(pl.Series(mean)).otherwise("probability"),
        timing=pl.when(exact).then(pl.lit("word times")).otherwise("timing"),
    )


def _running(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(values)])


def _touched(words: pl.DataFrame, turns: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """The words of the turns `rows`, with `row`, sorted. Words stand turn by turn: names are joined once a stretch."""
    call, turn = words["call_id"], words["turn_index"]
    new = (call.ne_missing(call.shift(1)) | turn.ne_missing(turn.shift(1))).to_numpy().copy()
    new[0] = True
    opens = np.flatnonzero(new)
    wanted = turns.select("call_id", "turn_index")[rows].with_columns(row=rows)
    stretches = words.select("call_id", "turn_index")[opens].with_columns(
        low=pl.Series(opens), high=pl.Series(np.append(opens[1:], len(words)))
    )
    stretches = stretches.join(wanted, on=["call_id", "turn_index"], how="inner", maintain_order="left")
    which, place = spread(stretches["low"].to_numpy(), stretches["high"].to_numpy())
    taken = words.select("start", "end", "start_ms", "end_ms", "probability")[place]
    taken = taken.with_columns(row=stretches["row"].gather(which))
    place = taken["row"].cast(pl.Int64) * _SHIFT.item() + taken["start"]
    return taken if place.is_sorted() else taken.sort("row", "start", "end", maintain_order=True)
