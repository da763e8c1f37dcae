"""Whether the sample day's planted violations were found, and whether anybody was accused wrongly.

report = planted_check(tables)      # tables of the finished day by name: findings, checkpoints, scores, …
report.passed                       # no fatal one missed, no clean call called fatal, every end as expected
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from inspection.demo.truth import Truth, load_truth

SLACK_MS = 3_000
"""Evidence this far from the sentence that proves a violation still points at it."""
NOT_AS_IT_SHOULD = ("missing", "late", "out_of_order", "altered", "unsure")


@dataclass(frozen=True)
class PlantedReport:
    """`found`: one row a planted violation with `state` found | unsure | missed. The others hold what went wrong.

    `unsure` means that the call goes to a person because of it. `accused`: fatal findings on clean calls; `blamed`:
    major and minor ones, most of them from words heard wrongly; `doubted`: fatal rules that are unsure about clean
    calls, which costs a person's time and accuses nobody.
    `ended`: calls that did not end as the truth expects, with what was expected and what came.
    """

    found: pl.DataFrame
    accused: pl.DataFrame
    blamed: pl.DataFrame
    doubted: pl.DataFrame
    ended: pl.DataFrame

    @property
    def missed_fatal(self) -> pl.DataFrame:
        return self.found.filter((pl.col("severity") == "fatal") & (pl.col("state") == "missed"))

    @property
    def passed(self) -> bool:
        return self.missed_fatal.is_empty() and self.accused.is_empty() and self.ended.is_empty()


def planted_check(tables: Mapping[str, pl.DataFrame], truth: Truth | None = None) -> PlantedReport:
    """Compares the finished tables of the sample day with its truth.

    A violation is found when a finding of its rule fails, points at one of the sentences that prove it (or at no time
    at all), or when its checkpoint is not as it should be. `tables` needs findings, checkpoints and reconciliation.
    """
    truth = truth or load_truth()
    return PlantedReport(
        _found(truth.planted, tables["findings"], tables["checkpoints"]),
        _on_clean_calls(truth.calls, tables["findings"], "fail", ["fatal"]),
        _on_clean_calls(truth.calls, tables["findings"], "fail", ["major", "minor"]),
        _on_clean_calls(truth.calls, tables["findings"], "unsure", ["fatal"]),
        _ended(truth.calls, tables["reconciliation"]),
    )


def _found(planted: pl.DataFrame, findings: pl.DataFrame, checkpoints: pl.DataFrame) -> pl.DataFrame:
    """One row a call and violation. What was planted over several calls is found where one of them is."""
    evidence = pl.concat([
        findings.filter(pl.col("verdict").is_in(["fail", "unsure"])).select(
            "call_id", key="rule_id", sure=pl.col("verdict") == "fail", from_ms="start_ms", to_ms="end_ms"
        ),
        checkpoints.filter(pl.col("state").is_in(NOT_AS_IT_SHOULD)).select(
            "call_id", key="checkpoint_id", sure=pl.col("state") != "unsure", from_ms="at_ms", to_ms="at_ms"
        ),
    ])  # fmt: skip
    keyed = planted.unpivot(
        on=["rule", "checkpoint"],
        index=["call_id", "violation", "severity", "title", "heard", "start_ms", "end_ms"],
        value_name="key",
    ).drop_nulls("key")
    away = (pl.col("from_ms") > pl.col("end_ms") + SLACK_MS) | (pl.col("to_ms") < pl.col("start_ms") - SLACK_MS)
    here = pl.col("sure").is_not_null() & ~away.fill_null(False)
    series = pl.when(pl.col("violation") == "attempts").then(pl.lit("")).otherwise("call_id")
    return (
        keyed.join(evidence, on=["call_id", "key"], how="left")
        .with_columns(series=series, point=pl.when(here).then(pl.col("sure").cast(pl.Int8)))
        .group_by("series", "violation", "severity", "title", "heard")
        .agg(pl.col("call_id").min(), pl.col("start_ms").min(), best=pl.col("point").max())
        .with_columns(
            state=pl.when(pl.col("best") == 1)
            .then(pl.lit("found"))
            .when(pl.col("best") == 0)
            .then(pl.lit("unsure"))
            .otherwise(pl.lit("missed"))
        )
        .drop("best", "series")
        .sort("call_id", "start_ms", "violation")
    )


def _on_clean_calls(calls: pl.DataFrame, findings: pl.DataFrame, verdict: str, severities: list[str]) -> pl.DataFrame:
    """Live findings of rules of these severities with this verdict on clean calls."""
    asked = pl.col("severity").is_in(severities) & (pl.col("verdict") == verdict) & (pl.col("status") == "live")
    clean = calls.filter("clean").select("id", "call_id")
    return findings.filter(asked).join(clean, on="call_id").select("id", "call_id", "rule_id", "quote", "reason")


def _ended(calls: pl.DataFrame, reconciliation: pl.DataFrame) -> pl.DataFrame:
    """Calls, and the recording without an outcome, that ended otherwise than expected."""
    came = pl.when(pl.col("state") == "inspected").then(pl.lit("inspected")).otherwise("reason").alias("came")
    ends = reconciliation.select("call_id", came)
    surplus = ends.filter(pl.col("call_id").is_null())["came"].to_list()
    return (
        calls.join(ends, on="call_id", how="left", maintain_order="left")
        .with_columns(
            came=pl.when(pl.col("call_id").is_null() & pl.col("expected").is_in(surplus))
            .then("expected")
            .otherwise("came")
        )
        .filter(~pl.col("came").eq_missing(pl.col("expected")))
        .select("id", "call_id", "expected", "came")
    )
