"""A candidate rulebook against the one that judged: stored transcripts judged again, nothing written."""

from __future__ import annotations

from datetime import date

import polars as pl

from inspection.results.store import Store
from inspection.rules.judge import Heard, judge
from inspection.rules.rulebook import Rulebook

COMPARISON = pl.Schema(
    {
        "business_date": pl.Date,
        "call_id": pl.String,
        "rule_id": pl.String,
        "before": pl.String,  # the stored verdict; null where the rule did not exist
        "after": pl.String,  # the candidate's; null where it has no such rule
        "quote": pl.String,  # the words that decided, the candidate's first
        "reason": pl.String,
    }
)


def compare(store: Store, candidate: Rulebook, start: date, end: date, history_days: int = 30) -> pl.DataFrame:
    """COMPARISON rows of every verdict that the candidate would turn, `start` and `end` included, sorted.

    Days are judged one after the other, so the memory is that of one day whatever the range.
    """
    parts = [_day(store, candidate, day, history_days) for day in store.days(start, end)]
    return pl.concat([pl.DataFrame(schema=COMPARISON), *parts]).sort("business_date", "rule_id", "call_id")


def summary(comparison: pl.DataFrame) -> pl.DataFrame:
    """How many verdicts turn, by rule and direction."""
    return comparison.group_by("rule_id", "before", "after").len("calls").sort("rule_id", "before", "after")


def _day(store: Store, candidate: Rulebook, day: date, history_days: int) -> pl.DataFrame:
    names = ("attempts", "audio", "turns", "words", "acoustics", "skips")
    heard = Heard(*(store.day(name, day) for name in names))
    after = judge(candidate, heard, store.history(day, history_days)).findings
    before = store.day("findings", day)
    columns = ["call_id", "rule_id", "verdict", "quote", "reason"]
    both = _worst(before, columns).join(
        _worst(after, columns), on=["call_id", "rule_id"], how="full", coalesce=True, suffix="_after"
    )
    turned = both.filter(pl.col("verdict").ne_missing(pl.col("verdict_after")))
    return turned.select(
        business_date=pl.lit(day),
        call_id="call_id",
        rule_id="rule_id",
        before="verdict",
        after="verdict_after",
        quote=pl.coalesce("quote_after", "quote"),
        reason=pl.coalesce("reason_after", "reason"),
    ).cast(dict(COMPARISON))


def _worst(findings: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """One row a call and rule, the gravest verdict of it."""
    order = pl.col("verdict").replace_strict({"fail": 0, "unsure": 1, "pass": 2, "not_applicable": 3}, default=4)
    return (
        findings.select(columns)
        .sort("call_id", "rule_id", order, "quote")
        .unique(["call_id", "rule_id"], keep="first", maintain_order=True)
    )
