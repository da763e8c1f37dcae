"""The sample day as a recogniser without errors would hear it: what the judge misses then is no fault of the ears."""

from __future__ import annotations

from typing import Any

import polars as pl

from inspection.demo.truth import Truth
from inspection.tables import ACOUSTICS, AUDIO, TURNS, WORDS, conform, empty

AGENT, CUSTOMER = 0, 1
LAST_MS = 900
"""Of the recording after the last word, about."""


def perfectly_heard(truth: Truth, intake: Any) -> Any:
    """`inspection.rules.judge.Heard` made of the truth: the true characters as words, cut into turns by the product.

    `intake`: the day as the product takes it in. Sound (silence, overtalk, loudness) is not part of the truth.
    """
    from inspection.rules.judge import Heard
    from inspection.speech.turns import cut

    said = truth.characters.select(
        "call_id", "start_ms", "end_ms", "role",
        text="character", voice=pl.when(pl.col("role") == "customer").then(CUSTOMER).otherwise(AGENT).cast(pl.Int8),
        probability=pl.lit(1.0, pl.Float32),
    )  # fmt: skip
    turns, words = cut(said.drop("role"), "zh")
    roles = said.select("call_id", "voice", "role").unique()
    turns = turns.join(roles, on=["call_id", "voice"]).with_columns(role_confidence=pl.lit(1.0))
    return Heard(
        attempts=intake.attempts,
        audio=_audio(truth, said),
        turns=conform(turns.sort("call_id", "turn_index").drop("voice"), TURNS, table="turns"),
        words=conform(words.sort("call_id", "turn_index", "start").drop("voice"), WORDS, table="words"),
        acoustics=empty(ACOUSTICS),
        skips=intake.skips,
    )


def _audio(truth: Truth, said: pl.DataFrame) -> pl.DataFrame:
    spoken, agent = pl.col("end_ms") - pl.col("start_ms"), pl.col("voice") == AGENT
    totals = said.group_by("call_id").agg(
        duration_ms=pl.col("end_ms").max() + LAST_MS,
        speech_ms=spoken.sum(),
        agent_speech_ms=spoken.filter(agent).sum(),
        customer_speech_ms=spoken.filter(~agent).sum(),
        first_agent_word_ms=pl.col("start_ms").filter(agent).min(),
        dead_end_ms=pl.lit(LAST_MS),
        role_confidence=pl.lit(1.0),
        word_probability=pl.lit(1.0),
    )
    layouts = truth.calls.select("call_id", "layout")
    return conform(totals.join(layouts, on="call_id").sort("call_id"), AUDIO, table="audio")
