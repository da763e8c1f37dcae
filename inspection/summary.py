"""A stored day in a few figures, for the terminal and the scheduler: ids and counts, never words spoken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from inspection.results.store import Store
from inspection.settings import Settings


def summarise(settings: Settings, business_date: date) -> dict[str, Any]:
    """The day in a few figures, from the store: what the terminal and the scheduler show.

    The scheduler forgets nothing, so no call id goes there: a call is named by its evidence page, the start of the hash
    that also stands in the audit of forgotten calls.
    """
    from inspection.report.evidence import page_name

    store = Store(settings.store.root)
    balance, scores = store.day("reconciliation", business_date), store.day("scores", business_date)
    listed = balance.drop_nulls("call_id")
    state = dict(listed.group_by("state").len().iter_rows())
    inspected = state.get("inspected", 0)
    reasons = listed.filter(pl.col("state") != "inspected").group_by("reason").len()
    found = store.findings(business_date, business_date).filter(verdict="fail", severity="fatal", status="live")
    fatal = found.select("call_id", "rule_id", "title").sort("rule_id", "call_id").collect()
    possible = scores["possible"].sum()
    earned = scores.filter(~pl.col("fatal"))["earned"].sum()
    return {
        "business_date": business_date.isoformat(),
        "listed": listed.height,
        "inspected": inspected,
        "skipped": dict(reasons.sort("len", "reason", descending=[True, False]).iter_rows()),
        "surplus_recordings": balance["call_id"].null_count(),
        "fatal_findings": fatal.height,
        "unsure_calls": scores.filter(pl.col("unsure") > 0).height,
        "average_score": 100 * earned / possible if possible else None,
        "red": _red(store, business_date),
        "fatal": [
            {"call": Path(page_name(call_id)).stem, "rule_id": rule_id, "title": title}
            for call_id, rule_id, title in fatal.iter_rows()
        ],
    }


def fatal_table(summary: Mapping[str, Any], page: Path) -> list[dict[str, Any]]:
    """The summary's fatal findings, each call with a link to its evidence page beside the report's `page`."""
    evidence = page.parent / "evidence"
    pages = {path.stem: path for path in evidence.glob("*.html")}
    return [
        {**row, "call": f"[{row['call']}]({pages[row['call']].as_uri()})" if row["call"] in pages else row["call"]}
        for row in summary["fatal"]
    ]


def _red(store: Store, business_date: date) -> list[str]:
    """What to look at before trusting the day: failed expectations, and calls on which listening failed."""
    failed = store.day("gates", business_date).filter(~pl.col("success"))
    broken = store.day("skips", business_date).filter(reason="speech_error").height
    seen = failed.select("gate", "description", "observed").iter_rows()
    told = [f"{gate}: {what} — {observed}" for gate, what, observed in seen]
    return told + ([f"listening failed on {broken} calls (speech_error)"] if broken else [])


def summary_markdown(summary: dict[str, Any]) -> str:
    """The summary as the scheduler shows it; holds ids and counts only."""
    score = summary["average_score"]
    rows = [
        ("calls listed", summary["listed"]),
        ("inspected", summary["inspected"]),
        *((f"skipped: {reason}", count) for reason, count in summary["skipped"].items()),
        ("recordings not heard for any call", summary["surplus_recordings"]),
        ("fatal findings", summary["fatal_findings"]),
        ("calls for a person (unsure)", summary["unsure_calls"]),
        ("average score", "–" if score is None else f"{score:.1f}"),
    ]
    rows += [("red", reason) for reason in summary["red"]]
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join([f"## {summary['business_date']}", "", "| | |", "|---|---|", *lines])
