"""Which calls a person should look at, gravest first: an alert, a failed rule, or one the machine would not settle."""

from __future__ import annotations

import polars as pl

from inspection.report import judged
from inspection.report.sections import Sections
from inspection.report.span import Span

RANK = {"alert": 0, "fatal": 1, "major": 2, "minor": 3, "info": 4, "unsure": 5}
"""The order in which calls and findings are looked at."""


def kind() -> pl.Expr:
    """What a failed or unsure finding weighs: its severity, or that it is unsure."""
    return pl.when(pl.col("verdict") == "unsure").then(pl.lit("unsure")).otherwise(pl.col("severity"))


def rank(name: str) -> pl.Expr:
    return pl.col(name).replace_strict(RANK, default=9, return_dtype=pl.Int8)


def told(span: Span, sections: Sections) -> pl.LazyFrame:
    """Live findings that failed or are unsure, and alerts: a row each, gravest first, with its `kind`.

    An alert has a `category` instead of a title; alerts stand in the order of sections.yaml, self-harm first.
    """
    live = span.table("findings").filter((pl.col("status") == "live") & pl.col("verdict").is_in(["fail", "unsure"]))
    alarms = judged.alerts(span, sections).lazy().select("call_id", "category", kind=pl.lit("alert"))
    rows = pl.concat([live.select("call_id", "title", kind=kind()), alarms], how="diagonal")
    graver = {category: place for place, category in enumerate(sections.alerts)}
    among = pl.col("category").replace_strict(graver, default=0, return_dtype=pl.Int8)
    return rows.with_columns(weight=10 * rank("kind").cast(pl.Int32) + among).sort("weight", "title")


def wanted(span: Span, sections: Sections) -> pl.DataFrame:
    """Those calls and what weighs most in each (`worst`); among equals, calls with words come first."""
    ranked = (
        told(span, sections)
        .group_by("call_id", maintain_order=True)
        .agg(pl.col("weight").first(), worst=pl.col("kind").first())
    )
    spoken = span.table("turns").select("call_id").unique().with_columns(spoken=pl.lit(True))
    calls = ranked.join(spoken, on="call_id", how="left")
    order = [pl.col("weight"), pl.col("spoken").is_null(), pl.col("call_id")]
    return calls.sort(order).select("call_id", "worst").collect()


def calls(span: Span, sections: Sections) -> pl.DataFrame:
    """`wanted` as a list to work through: what each call is looked at for, who held it and how it ended."""
    about = (
        told(span, sections)
        .group_by("call_id", maintain_order=True)
        .agg(
            what=pl.col("title").drop_nulls().unique(maintain_order=True),
            alerts=pl.col("category").drop_nulls().unique(maintain_order=True),
            fail=(~pl.col("kind").is_in(["unsure", "alert"])).sum(),
            unsure=(pl.col("kind") == "unsure").sum(),
        )
    )
    who = span.calls.select(
        "call_id", "dialed_at", "score", "agency", "team", "agent_id", "agent_kind", "stage", "outcome"
    )
    chosen = wanted(span, sections).lazy()
    frame = chosen.join(about, on="call_id", how="left", maintain_order="left").join(
        who, on="call_id", how="left", maintain_order="left"
    )
    order = ["worst", "call_id", "dialed_at", "what", "alerts", "fail", "unsure", "score"]
    return frame.select(*order, "agency", "team", "agent_id", "agent_kind", "stage", "outcome").collect()
