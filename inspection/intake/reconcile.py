"""Dialer ↔ recording ↔ transcript ↔ score: every call and every recording of the day with where it ended and why."""

from __future__ import annotations

import polars as pl

from inspection.tables import RECONCILIATION, conform


def reconcile(
    attempts: pl.DataFrame, recordings: pl.DataFrame, skips: pl.DataFrame, audio: pl.DataFrame, scores: pl.DataFrame
) -> pl.DataFrame:
    """RECONCILIATION: one row for each attempt, then one for each recording that belongs to none.

    An attempt is inspected when it was heard and scored and no skip names it. An attempt that is neither inspected nor
    named by a skip gets the state `skipped` without a reason: the gate before publishing refuses such a day.
    """
    heard_first = recordings.drop_nulls("call_id").sort("take", "side", "recording_id", nulls_last=True)
    matched = heard_first.unique("call_id", keep="first", maintain_order=True)
    reasons = skips.drop_nulls("call_id").unique("call_id", keep="last", maintain_order=True)
    heard = audio.select("call_id", "duration_ms", heard=True).unique("call_id", keep="first")
    scored = scores.select("call_id", scored=True).unique()
    calls = (
        attempts.select("call_id", "answered_at", "talk_ms")
        .join(matched.select("call_id", "recording_id"), on="call_id", how="left")
        .join(reasons.select("call_id", "reason", named=True), on="call_id", how="left")
        .join(heard, on="call_id", how="left")
        .join(scored, on="call_id", how="left")
        .with_columns(
            answered=pl.col("answered_at").is_not_null() | (pl.col("talk_ms") > 0),
            has_recording=pl.col("recording_id").is_not_null(),
            has_transcript=pl.col("heard").fill_null(False),
            has_score=pl.col("scored").fill_null(False),
        )
    )
    inspected = pl.col("named").is_null() & pl.col("has_transcript") & pl.col("has_score")
    unconnected = pl.col("reason") == "not_connected"
    state = pl.when(inspected).then(pl.lit("inspected")).when(unconnected).then(pl.lit("not_connected"))
    calls = calls.with_columns(state=state.otherwise(pl.lit("skipped"))).sort("call_id")
    surplus = skips.filter(pl.col("call_id").is_null()).select(
        "recording_id",
        "reason",
        has_recording=True,
        has_transcript=False,
        has_score=False,
        state=pl.lit("surplus_recording"),
    )
    columns = list(RECONCILIATION)
    rows = [
        conform(part.select(name for name in columns if name in part.columns), RECONCILIATION, table="reconciliation")
        for part in (calls, surplus)
    ]
    return pl.concat(rows)


def balance(reconciliation: pl.DataFrame) -> dict[str, int]:
    """`listed`, `inspected` and `skipped` calls, those nobody answered among the skipped; listed is their sum."""
    calls = reconciliation.filter(pl.col("state") != "surplus_recording")
    inspected = calls.filter(pl.col("state") == "inspected").height
    explained = calls.filter((pl.col("state") != "inspected") & pl.col("reason").is_not_null()).height
    return {"listed": calls.height, "inspected": inspected, "skipped": explained}
