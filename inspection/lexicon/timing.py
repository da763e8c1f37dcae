"""When the words of a hit were said, and how sure the recogniser was of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.lexicon.ragged import spread

_SHIFT = 32  # bits of an offset in a key of row and offset
_EXACT = 1 << 30
"""Probabilities are summed as integers of this fraction: a hit's mean must not depend on the calls around it."""


@dataclass(frozen=True)
class WordTimes:
    """WORDS, and for each row of the turns the stretch `low:high` of its words. Made once where more is timed."""

    words: pl.DataFrame
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, words: pl.DataFrame, turns: pl.DataFrame) -> WordTimes:
        """Words stand turn by turn, so that names are joined once a stretch and not once a word."""
        low, high = np.zeros(len(turns), np.int64), np.zeros(len(turns), np.int64)
        if not len(words):
            return cls(words, low, high)
        names = ["call_id", "turn_index"]
        new = words.select(pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names))
        opens = np.union1d(np.flatnonzero(new.to_series().to_numpy()), [0])
        stretches = words.select(names)[opens].with_row_index("stretch")
        known = turns.select(names).with_row_index("row").join(stretches, on=names, how="inner")
        row, stretch = known["row"].to_numpy(), known["stretch"].to_numpy()
        low[row], high[row] = opens[stretch], np.append(opens[1:], len(words))[stretch]
        if (high > low).sum() < len(row):  # the words of a turn do not stand together
            return cls.of(words.sort(*names, maintain_order=True), turns)
        return cls(words, low, high)

    def of_rows(self, rows: slice) -> WordTimes:
        """Of the turns `turns[rows]`."""
        return WordTimes(self.words, self.low[rows], self.high[rows])

    def touched(self, rows: np.ndarray) -> pl.DataFrame:
        """The words of the turns `rows`, with `row`, sorted."""
        which, place = spread(self.low[rows], self.high[rows])
        words = self.words.select("start", "end", "start_ms", "end_ms", "probability")[place]
        words = words.insert_column(0, pl.Series("row", rows[which], dtype=pl.Int64))
        key = (rows[which].astype(np.int64) << _SHIFT) + words["start"].to_numpy()
        in_order = bool((key[1:] >= key[:-1]).all())
        return words if in_order else words.sort("row", "start", "end", maintain_order=True)


def timed(hits: pl.DataFrame, turns: pl.DataFrame, words: pl.DataFrame | WordTimes | None) -> pl.DataFrame:
    """`hits` (with row, end_row, start, end) with call_id, turn_index, role, start_ms, end_ms, probability and timing.

    The first and the last word that the hit touches give its times, the mean of all it touches its probability
    (timing "word times"). Where a turn has no words, times are in proportion to the place in the turn's text (timing
    "estimated times") and the probability is the turn's, or null when that is unknown.
    """
    said = turns.select(
        "call_id", "turn_index", "start_ms", "word_probability", pl.col("role").fill_null("unknown"),
        length_ms=pl.col("end_ms") - pl.col("start_ms"),
        characters=pl.col("text").str.len_chars().cast(pl.Int64).clip(1, None),
    )  # fmt: skip
    first, last = said[hits["row"]], said[hits["end_row"]]
    frame = hits.hstack(first.select("call_id", "turn_index", "role")).with_columns(
        start_ms=_proportion(first, hits["start"]), end_ms=_proportion(last, hits["end"]),
        timing=pl.lit("estimated times"), probability=first["word_probability"].cast(pl.Float64),
    )  # fmt: skip
    if words is None or not len(hits):
        return frame
    return _by_words(frame, words if isinstance(words, WordTimes) else WordTimes.of(words, turns))


def _proportion(turn: pl.DataFrame, place: pl.Series) -> pl.Series:
    share = pl.col("start_ms") + pl.lit(place) / pl.col("characters") * pl.col("length_ms")
    return turn.select(share.round().cast(pl.Int64)).to_series()


def _by_words(frame: pl.DataFrame, times: WordTimes) -> pl.DataFrame:
    """Words are keyed by (row of their turn, offset): one sorted array, searched for all hits at once."""
    row_low, row_high, start, end = (frame[n].to_numpy().astype(np.int64) for n in ("row", "end_row", "start", "end"))
    touched = np.zeros(len(times.low), bool)
    touched[row_low], touched[row_high] = True, True
    words = times.touched(np.flatnonzero(touched))
    if not len(words):
        return frame
    row = words["row"].to_numpy() << _SHIFT
    opens, closes = row + words["start"].to_numpy(), row + words["end"].to_numpy()
    low, high = row_low << _SHIFT, row_high << _SHIFT
    first = np.searchsorted(closes, low + start, side="right")
    last = np.searchsorted(opens, high + end, side="left") - 1
    stop, begin = np.searchsorted(row, low, side="right"), np.searchsorted(row, high, side="left")
    split = row_low != row_high  # over a breath: the rest of the first turn and the beginning of the last
    known = (first < stop) & (last >= begin) & ((first <= last) | split)
    first, last = np.where(known, first, 0), np.where(known, last, 0)
    first_stop, last_open = (np.where(split & known, edge, last + 1) for edge in (stop, begin))
    probability = words["probability"].cast(pl.Float64)
    total = _running(np.rint(probability.fill_null(0.0).to_numpy() * _EXACT).astype(np.int64))
    count = _running(probability.is_not_null().to_numpy().astype(np.int64))
    rated_words, summed = (
        sums[first_stop] - sums[first] + sums[last + 1] - sums[np.minimum(last_open, last + 1)]
        for sums in (count, total)
    )
    found = pl.DataFrame(
        {
            "from_ms": words["start_ms"].gather(first), "to_ms": words["end_ms"].gather(last), "known": known,
            "rated": known & (rated_words > 0), "mean": summed / _EXACT / np.maximum(rated_words, 1),
        }
    )  # fmt: skip
    return frame.hstack(found).with_columns(
        start_ms=pl.when("known").then("from_ms").otherwise("start_ms"),
        end_ms=pl.when("known").then("to_ms").otherwise("end_ms"),
        probability=pl.when("rated").then("mean").otherwise("probability"),
        timing=pl.when("known").then(pl.lit("word times")).otherwise("timing"),
    ).drop(found.columns)  # fmt: skip


def _running(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(values)])
