"""The head of a report: its key figures, each with its change, and whether the calls balance."""

from __future__ import annotations

from typing import Any

import polars as pl

from inspection.report.sheets import Printer
from inspection.report.wording import Wording

NAMES = ("listed", "connected", "inspected", "coverage", "fatal_calls", "unsure_calls", "score")
KINDS = {"fatal_calls": "fatal", "unsure_calls": "unsure"}
PERCENT = ("coverage", "score")


def tiles(total: dict, before: dict | None, alerts: pl.DataFrame | None, printer: Printer) -> list[dict[str, Any]]:
    """The key figures of `measures.summary`, with the change against `before` where there was anything before."""
    words = printer.words
    shown = [
        {
            "label": words(f"tiles.{name}"),
            "note": words(f"tile_notes.{name}"),
            "kind": KINDS.get(name, ""),
            "value": printer.cell(name, total).text,
            **_change(name, total, before, words),
        }
        for name in NAMES
    ]
    return shown if alerts is None else [_alarm(alerts, words), *shown]


def _alarm(alerts: pl.DataFrame, words: Wording) -> dict[str, Any]:
    count = alerts["call_id"].n_unique()
    kind = "alert" if count else ""
    told = {"label": words("tiles.alerts"), "note": words("tile_notes.alerts"), "value": str(count)}
    return {**told, "kind": kind, "change": "", "trend": ""}


def _change(name: str, total: dict, before: dict | None, words: Wording) -> dict[str, str]:
    """The difference in words, and whether it is for the worse (`up`) or the better (`down`)."""
    if not before or not before["listed"] or total[name] is None or before[name] is None:
        return {"change": "", "trend": ""}
    by = (total[name] - before[name]) * (100 if name == "coverage" else 1)
    text = f"{words('page.previous')} " + (f"{by:+,.1f}" if name in PERCENT else f"{by:+,}")
    worse = {"fatal_calls": by > 0, "score": by < 0, "coverage": by < 0}.get(name)
    return {"change": text, "trend": "" if worse is None or not by else "up" if worse else "down"}


def balance(total: dict, words: Wording) -> dict[str, Any]:
    """Whether the listed calls are those inspected and those not, in words."""
    rest = total["skipped"] + total["unanswered"]
    good = total["listed"] == total["inspected"] + rest
    text = words(
        "page.balanced" if good else "page.unbalanced",
        listed=total["listed"],
        inspected=total["inspected"],
        skipped=rest,
    )
    return {"balanced": good, "balance": text}
