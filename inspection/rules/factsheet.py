"""The facts of every listed call in one frame: from the dialer, from the recording, from other calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from inspection.rules.crosscall import CrossCall, look_back
from inspection.rules.facts import FACTS, local_times, region_times, time_of_day
from inspection.tables import AUDIO, HISTORY, SKIPS, conform

PACE_MS = 10_000
"""Less speech than this has no pace worth the name; it counts as none."""
RINGING_MS = 2_000
"""A recording that fits dialling-to-end better than answer-to-end by this much was started at dialling."""


def across_calls(
    calls: pl.DataFrame, hits: pl.DataFrame, history: pl.DataFrame | None, zone: str, thresholds: Any
) -> CrossCall:
    """Facts across calls, with what customers voiced in each call of the day."""
    voiced = hits.filter(pl.col("kept") & (pl.col("role") == "customer") & (pl.col("via") == "text"))
    voiced = voiced.group_by("call_id").agg(said=pl.col("category").unique().sort())
    day = calls.join(voiced, on="call_id", how="left", maintain_order="left")
    day = day.hstack(local_times(calls, zone).drop("call"))
    earlier = None
    if history is not None:
        known = [name for name in HISTORY if name in history.columns]
        earlier = conform(history.select(known), HISTORY, table="history").with_row_index("call")
        earlier = earlier.hstack(local_times(earlier, zone).drop("call"))
    return look_back(
        day, earlier, effective_talk_ms=thresholds("effective_talk"), failures=thresholds("failures_before_contact"),
        weekly=thresholds("calls_per_debt_7_days", 7),
    )  # fmt: skip


def factsheet(
    calls: pl.DataFrame, *, audio: pl.DataFrame, skips: pl.DataFrame | None, turns: pl.DataFrame,
    acoustic: pl.DataFrame, who: pl.DataFrame, cross: CrossCall, zone: str,
    regions: Mapping[str, Sequence[str]],
) -> pl.DataFrame:  # fmt: skip
    """One row per call in the order of the axis; columns are facts.FACTS and what the engine needs besides.

    regions: for each region of debtors the time zones there, as the rulebook has them.
    """
    first = {"subset": "call_id", "keep": "first", "maintain_order": True}
    heard = audio.lazy().select(AUDIO.names()).unique(**first)
    reasons = (pl.DataFrame(schema=SKIPS) if skips is None else skips).lazy().drop_nulls("call_id").unique(**first)
    zones = local_times(calls, zone).select("call", *(f"{name}_local" for name in ("dialed", "answered", "ended")))
    by_call = (
        _talk(turns.lazy()),
        _interruptions(acoustic.lazy()),
        who.lazy().group_by("call").agg(last_identity=pl.col("who").last()),
        zones.lazy(),
        region_times(calls, regions).lazy(),
    )
    frame = calls.lazy().join(heard, on="call_id", how="left", maintain_order="left")
    reason = reasons.select("call_id", skip_reason="reason")
    frame = frame.join(reason, on="call_id", how="left", maintain_order="left")
    for part in by_call:
        frame = frame.join(part, on="call", how="left", maintain_order="left")
    frame = pl.concat([frame.drop("first_contact"), cross.facts.drop("call_id").lazy()], how="horizontal")
    ringing = (pl.col("answered_at") - pl.col("dialed_at")).dt.total_milliseconds()
    whole = (pl.col("ended_at") - pl.col("dialed_at")).dt.total_milliseconds()
    with_ringing = (pl.col("duration_ms") - whole).abs() + RINGING_MS < (
        pl.col("duration_ms") - pl.col("talk_ms")
    ).abs()
    offset = pl.when(with_ringing.fill_null(False) & (ringing > 0).fill_null(False)).then(ringing).otherwise(0)
    recorded = (pl.col("duration_ms") - offset) / pl.col("talk_ms")  # the ringing is no part of the talk
    listened = pl.col("turn_count").is_not_null()
    frame = frame.with_columns(
        answered=pl.col("answered_at").is_not_null(),
        answer_offset_ms=offset,
        heard_until_ms=pl.max_horizontal("duration_ms", "last_turn_ms"),
        heard=listened,
        last_identity=pl.when(pl.col("turn_count").is_not_null()).then(pl.col("last_identity").fill_null("unknown")),
        consent_window=pl.col("consent_window").fill_null(False),  # none on record is none
        do_not_call=pl.col("do_not_call").fill_null(False),
        skip_reason=pl.when(listened).then(pl.lit("inspected")).otherwise("skip_reason"),
        recording_kept_months=_months_kept(zone),
        length_surplus=pl.when(pl.col("talk_ms") > 0).then(recorded - 1),
        length_gap=pl.when(pl.col("talk_ms") > 0).then(1 - recorded),
        **{f"{name}_time": time_of_day(f"{name}_local") for name in ("dialed", "answered", "ended")},
        sound_measured=pl.col("silence_ms").is_not_null() & listened,
        dialed_clock=pl.col("dialed_local").dt.strftime("%H:%M:%S"),
        staff_turns=pl.when(listened).then(pl.col("staff_turns").fill_null(0)),
        customer_turns=pl.when(listened).then(pl.col("customer_turns").fill_null(0)),
    )
    return frame.with_columns(
        answered_time=pl.coalesce("answered_time", "dialed_time"),
        first_word_ms=pl.coalesce("first_agent_word_ms", "first_staff_turn_ms") - pl.col("answer_offset_ms"),
        staff_pace=pl.when(pl.col("agent_speech_ms") > PACE_MS)
        .then(pl.col("staff_characters") * 60_000 / pl.col("agent_speech_ms"))
        .when(pl.col("agent_speech_ms").is_not_null()).then(0),
        interruption_share=pl.when(pl.col("speech_ms").is_not_null() & (pl.col("staff_turns") > 0))
        .then(pl.col("interruptions").fill_null(0) / pl.col("staff_turns")),
        customer_speech_ms=pl.coalesce("customer_speech_ms", pl.when(pl.col("customer_turns") == 0).then(0)),
    ).select("call_id", *FACTS, *EXTRA).collect(engine="in-memory")  # fmt: skip


EXTRA = ("answer_offset_ms", "heard_until_ms", "role_confidence", "word_probability", "quality_flags", "turn_count",
         "turn_probability", "turn_role_confidence", "script_id", "customer_name", "sound_measured",
         "characters", "last_turn", "last_staff_turn")  # fmt: skip


def hearing(facts: pl.DataFrame, thresholds: Any) -> tuple[np.ndarray, np.ndarray]:
    """For each call how well words and sound were heard: 0 not at all, 1 too poorly to clear anybody, 2 well.

    Far fewer characters than the speech has room for mean that the recogniser dropped sentences: what is not in such
    a transcript may well have been said.
    """
    probability = pl.coalesce("word_probability", "turn_probability")
    poor = (
        (probability < thresholds("min_call_word_probability")).fill_null(False)
        | (pl.col("characters") < pl.col("speech_ms") / 1000 * thresholds("min_characters_a_second")).fill_null(False)
        | (pl.coalesce("role_confidence", "turn_role_confidence") < thresholds("min_role_confidence")).fill_null(False)
        | (
            pl.col("quality_flags")
            .list.set_intersection(pl.lit(thresholds("weak_quality_flags"), pl.List(pl.String)))
            .list.len()
            > 0
        ).fill_null(False)
    )
    words = pl.when(pl.col("turn_count").is_null()).then(0).when(poor).then(1).otherwise(2)
    levels = facts.select(words=words, sound=pl.when(pl.col("sound_measured").fill_null(False)).then(2).otherwise(0))
    return levels["words"].to_numpy(), levels["sound"].to_numpy()


def _months_kept(zone: str) -> pl.Expr:
    """Whole calendar months from the call's local day to the last day on which its recording was or will be there.

    A deletion that happened counts, whatever was planned. Deleted on the day 24 months later is kept for 24 months.
    """
    deleted = pl.col("recording_deleted_at").dt.convert_time_zone(zone).dt.date()
    last, called = pl.coalesce(deleted, "recording_keep_until"), pl.col("dialed_local").dt.date()
    months = (last.dt.year() - called.dt.year()) * 12 + last.dt.month() - called.dt.month()
    return months - (last.dt.day() < called.dt.day()).cast(pl.Int32)


def _talk(turns: pl.LazyFrame) -> pl.LazyFrame:
    """Counts of each call's turns. A call has words when any turn holds a letter or a digit: marks alone are none."""
    staff = pl.col("role").is_in(["agent", "robot"])
    return turns.filter(pl.col("text").str.contains(r"[\p{L}\p{N}]")).group_by("call").agg(
        turn_count=pl.len(), staff_turns=staff.sum(), customer_turns=(pl.col("role") == "customer").sum(),
        characters=pl.col("text").str.count_matches(r"[\p{L}\p{N}]").sum(),
        staff_characters=pl.col("text").filter(staff).str.count_matches(r"\p{L}").sum(),
        first_staff_turn_ms=pl.col("start_ms").filter(staff).min(), last_turn_ms=pl.col("end_ms").max(),
        customer_last=(pl.col("role").sort_by("end_ms").last() == "customer"),
        last_turn=pl.col("turn_index").max(), last_staff_turn=pl.col("turn_index").filter(staff).max(),
        turn_role_confidence=pl.col("role_confidence").mean(),
        turn_probability=pl.col("word_probability").mean(),
    )  # fmt: skip


def _interruptions(events: pl.LazyFrame) -> pl.LazyFrame:
    staff = pl.col("role").is_in(["agent", "robot"]) & (pl.col("id") == "interruption")
    return events.group_by("call").agg(interruptions=staff.sum())
