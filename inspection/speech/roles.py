"""Which voice is the agent: an inference with a confidence, made for any number of calls at once.

Three kinds of evidence, each as log odds that voice 0 is the agent, are added up:

    dialer        the dialer's (or the settings') wiring, on stereo recordings
    opening       who speaks the opening: institution, recording notice, identity question (opening.yaml)
    talk pattern  who talks more

The confidence is the logistic function of their sum. Where the opening speaks clearly against the dialer's wiring, the
channels are swapped and the opening is believed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import yaml

from inspection.settings import SpeechSettings

OPENING = Path(__file__).parent / "opening.yaml"
WIRING, SETTING, TALK = 3.0, 2.5, 1.2
"""Log odds of the dialer's word per call, of the firm's setting, and of a side that does all of the talking."""
CLEAR = 2.5
"""An opening with at least these log odds against the wiring means swapped channels."""
STRONGEST_OPENING = 6.0


@cache
def _opening() -> tuple[int, dict[str, float], dict[str, float]]:
    written = yaml.safe_load(OPENING.read_text("utf-8"))
    return written["opening_ms"], written["agent"], written["customer"]


def infer(calls: pl.DataFrame, words: pl.DataFrame, speech: pl.DataFrame, settings: SpeechSettings) -> pl.DataFrame:
    """One row a call: call_id, agent_voice (0 | 1), role_confidence, role_basis, swapped.

    `calls`: call_id, layout, agent_channel, institution. `words`: call_id, voice, start_ms, text; `speech`: call_id,
    voice, start_ms, end_ms. Without any evidence agent_voice is null, the confidence 0 and the basis `none`.
    """
    dialer, opening, talk = pl.col("dialer"), pl.col("opening"), pl.col("talk")
    total = dialer + opening + talk
    disagrees = dialer * opening < 0
    swapped = disagrees & (opening.abs() >= CLEAR)
    sign = total.sign()
    basis = (
        pl.when(total == 0)
        .then(pl.lit("none"))
        .when((dialer.sign() == sign) & (dialer.abs() >= opening * sign))
        .then(pl.lit("dialer"))
        .when(opening * sign >= pl.max_horizontal(talk * sign, 0.01))
        .then(pl.lit("opening"))
        .when(dialer.sign() == sign)
        .then(pl.lit("dialer"))
        .otherwise(pl.lit("talk_pattern"))
    )
    return (
        calls.select("call_id", _dialer_odds(settings).alias("dialer"), "institution")
        .join(_opening_odds(calls, words), on="call_id", how="left", maintain_order="left")
        .join(_talk_odds(speech), on="call_id", how="left", maintain_order="left")
        .with_columns(pl.col("opening", "talk").fill_null(0.0))
        .select(
            "call_id",
            pl.when(total > 0).then(0).when(total < 0).then(1).cast(pl.Int8).alias("agent_voice"),
            pl.when(total == 0)
            .then(0.0)
            .otherwise(1 / (1 + (-total.abs()).exp()))
            .cast(pl.Float32)
            .alias("role_confidence"),
            basis.alias("role_basis"),
            swapped.alias("swapped"),
        )
    )


def _dialer_odds(settings: SpeechSettings) -> pl.Expr:
    """Log odds of the wiring; a mono recording has none."""
    setting = {"left": SETTING, "right": -SETTING, "unknown": 0.0}[settings.agent_channel]
    told = pl.when(pl.col("agent_channel") == 0).then(WIRING).when(pl.col("agent_channel") == 1).then(-WIRING)
    return pl.when(pl.col("layout") == "stereo").then(told.otherwise(setting)).otherwise(0.0)


def _opening_odds(calls: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Log odds by the words of each voice within the opening, counted from the call's first word."""
    opening_ms, agent, customer = _opening()
    text = pl.col("text")
    cues = [text.str.contains(phrase, literal=True).cast(pl.Float64) * weight for phrase, weight in agent.items()]
    cues += [text.str.contains(phrase, literal=True).cast(pl.Float64) * -weight for phrase, weight in customer.items()]
    named = text.str.contains(pl.col("institution"), literal=True).fill_null(False).cast(pl.Float64) * 2.0
    return (
        words.filter(pl.col("start_ms") < pl.col("start_ms").min().over("call_id") + opening_ms)
        .sort("call_id", "voice", "start_ms", maintain_order=True)
        .group_by("call_id", "voice", maintain_order=True)
        .agg(text.str.join("").str.to_lowercase())
        .join(calls.select("call_id", "institution"), on="call_id", how="left")
        .with_columns(odds=(pl.sum_horizontal(cues) + named) * (1 - 2 * pl.col("voice").cast(pl.Float64)))
        .group_by("call_id")
        .agg(opening=pl.col("odds").sum().clip(-STRONGEST_OPENING, STRONGEST_OPENING))
    )


def _talk_odds(speech: pl.DataFrame) -> pl.DataFrame:
    """Log odds by talk share; a single voice says nothing about who it is."""
    side = (pl.col("end_ms") - pl.col("start_ms")) * (1 - 2 * pl.col("voice").cast(pl.Int64))
    return speech.group_by("call_id").agg(
        talk=pl.when(pl.col("voice").n_unique() == 2)
        .then(TALK * side.sum() / (pl.col("end_ms") - pl.col("start_ms")).sum())
        .otherwise(0.0)
    )
