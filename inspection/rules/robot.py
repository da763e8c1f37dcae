"""What robots said against what they should say, word for word, and sentences said again and again."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

LOOK_BACK = 4
"""Turns of the same speaker that a turn is compared with when repetition is looked for."""


def repetitions(turns: pl.DataFrame, thresholds: Any) -> pl.DataFrame:
    """Turns much like earlier turns of the same speaker in the same call; `value` is how often it was said so far."""
    own = (
        turns.select("call", "role", "text", "start_ms", "end_ms", "why", row=pl.int_range(pl.len(), dtype=pl.UInt32))
        .filter(pl.col("role").is_in(["agent", "robot"]))
        .with_columns(plain=pl.col("text").str.replace_all(r"[^\p{L}\p{N}]", ""))
        .filter(pl.col("plain").str.len_chars() >= thresholds("repeat_min_characters"))
        .sort("call", "role", "row", maintain_order=True)
    )
    plain, length = own["plain"], own["plain"].str.len_chars().to_numpy().astype(np.int64)
    speaker = own.select(pl.struct("call", "role").rle_id())["call"].to_numpy() if len(own) else np.zeros(0, np.int64)
    times = np.ones(len(own), np.int64)
    similar = thresholds("repeat_similarity") * 100
    for lag in range(1, LOOK_BACK + 1):
        later = np.arange(lag, len(own))
        close = (speaker[later] == speaker[later - lag]) & (
            np.abs(length[later] - length[later - lag]) <= 0.3 * length[later]
        )
        later = later[close]
        if len(later):
            alike = cpdist(
                plain.gather(later).to_list(),
                plain.gather(later - lag).to_list(),
                scorer=fuzz.ratio,
                score_cutoff=similar,
            )
            times[later[alike >= similar]] += 1
    again = own.with_columns(value=pl.Series(times, dtype=pl.Float64)).filter(pl.col("value") > 1)
    return again.select(
        "call", "row", "role", "start_ms", "end_ms", "value", "why", kind=pl.lit("repeat"), id=pl.lit("turn"), quote="text",
        start=pl.lit(0, pl.Int32), end=pl.col("text").str.len_chars().cast(pl.Int32),
    )  # fmt: skip
