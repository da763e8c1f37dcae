"""The daily report: alerts first, then what went wrong, who, when, and how far the day can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from inspection.report import figures, judged, measures, worklist
from inspection.report.canvas import Figure
from inspection.report.evidence import write_evidence
from inspection.report.heat import heat
from inspection.report.page import Item, Part, render
from inspection.report.sections import load_sections
from inspection.report.sheets import Printer, Sheet
from inspection.report.span import Span, Tables
from inspection.report.tiles import balance, tiles
from inspection.report.wording import wording
from inspection.report.workbook import write_figures, write_parquet, write_workbook
from inspection.settings import Settings
from inspection.speech.decode import Audio

Sound = Callable[[str], Audio | None]
"""From a call id to what was heard of it, or None where there is nothing to hear; see locate.Recordings."""


def write_day(store: Tables, business_date: date, settings: Settings, recording: Sound | None = None) -> Path:
    """Writes the day's report and returns the path of its page, `<folder>/<date>/report.html`.

    Beside it: `report.xlsx`, `tables/*.parquet`, `figures/*.png` and `evidence/*.html`, one page for each call that
    failed a rule or wants a person, gravest first, up to `settings.report.evidence_pages`. Made from stored tables
    only, so the same store gives the same report; what an earlier report of the day left is overwritten.
    """
    folder = settings.report.folder / business_date.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    span = Span(store, business_date, business_date)
    month = measures.month_before(span, settings.report.trend_days)
    words = wording(settings.report.language)
    printer = Printer(words, settings.timezone, settings.report.small_number)
    evidence = write_evidence(span, folder / "evidence", settings, recording)
    links = {call_id: f"evidence/{path.name}" for call_id, path in evidence.pages.items()}
    sheets = every_sheet(span, settings, links)
    drawings = _figures(span, month, settings, sheets, words)
    total = measures.summary(span)
    run = _first(sheets["lineage"].shown())
    more = evidence.wanted > len(links) and words("page.evidence_limited", total=evidence.wanted, made=len(links))
    page = render(
        "report.html", printer,
        heading=words("page.daily"),
        made_from=words(
            "page.made_from", firm=settings.firm, day=business_date, rulebook=run.get("rulebook_version") or "—",
            run=(run.get("run_id") or "—")[:12],
        ),
        tiles=tiles(total, measures.summary(_day_before(span)), sheets["alerts"].frame, printer),
        parts=_parts(sheets, drawings, printer, more or ""),
        **balance(total, words),
        small_note=words("page.small_note", small_number=settings.report.small_number),
        files=[(words("page.workbook"), "report.xlsx"), ("Parquet", "tables/"), ("PNG", "figures/")],
        script=_script(),
    )  # fmt: skip
    write_workbook(folder / "report.xlsx", list(sheets.values()), printer)
    write_parquet(folder / "tables", list(sheets.values()), printer)
    write_figures(folder / "figures", list(drawings.values()))
    path = folder / "report.html"
    path.write_text(page, "utf-8")
    return path


def every_sheet(span: Span, settings: Settings, links: dict[str, str] | None = None) -> dict[str, Sheet]:
    """Every table of a report on one day by its id; `links` leads from call ids to their pages."""
    sections = load_sections()
    month = measures.month_before(span, settings.report.trend_days)
    history, offences = judged.rule_trend(month), judged.offences(month)
    failed, fatal = judged.failures(span), pl.col("severity").eq_missing("fatal")
    frames: dict[str, pl.DataFrame] = {
        "alerts": judged.alerts(span, sections),
        "calls": worklist.calls(span, sections),
        "fatal": failed.filter(fatal).drop("severity"),
        "lesser": failed.filter(~fatal).sort(worklist.rank("severity"), maintain_order=True),
        "doubts": judged.failures(span, "unsure"),
        "rules": judged.rules(span, history),
        "rule_days": judged.rule_days(history),
        "scores": measures.scores(span),
        "trend": measures.trend(month).drop("earned", "possible"),
        **{name: measures.lean(measures.by(span, name)) for name in measures.DIMENSIONS if name != "agent_id"},
        "agents": measures.lean(measures.agents(span)),
        "agent_rules": judged.agent_rules(span, offences),
        "repeat": judged.repeated(offences),
        "checkpoints": judged.checkpoints(span),
        "hours": measures.hours(span),
        "heat": measures.heat(span),
        "frequency": measures.frequency(span),
        "breaches": judged.group_failures(span, sections, "hours", "frequency", "third_party"),
        "mismatch": judged.mismatch(span, sections),
        "mismatches": judged.disagreements(span, sections),
        "funnel": measures.funnel(span),
        "coverage": measures.coverage(span),
        "missing": measures.missing(span),
        "durations": measures.durations(span),
        "quality": measures.quality(span, settings.speech.min_word_probability, settings.speech.min_role_confidence),
        "flags": measures.flags(span),
        "unsure": judged.unsure(span),
        "gates": measures.gates(span, settings.report.language),
        "lineage": span.table("runs").collect(),
    }
    days = tuple(history["business_date"].unique().sort())
    return {name: Sheet(name, frame, links or {}, days) for name, frame in frames.items()}


def _figures(span: Span, month: Span, settings: Settings, sheets: Mapping[str, Sheet], words: Any) -> dict[str, Figure]:
    small = settings.report.small_number
    cells = measures.hour_cells(span, "team")
    drawn = [
        figures.scores(words, measures.scored(span)),
        figures.trend(words, measures.trend(month)),
        figures.rules(words, sheets["rules"].frame),
        figures.coverage(words, measures.summary(span)),
        figures.hours(words, cells, "team", small),
        figures.checkpoints(words, sheets["checkpoints"].frame, small),
        figures.mismatch(words, sheets["mismatch"].frame),
    ]
    return {figure.id: figure for figure in drawn}


def _parts(
    sheets: Mapping[str, Sheet], drawn: Mapping[str, Figure], printer: Printer, limited: str
) -> tuple[Part, ...]:
    words = printer.words
    nobody = sheets["alerts"].frame.is_empty()

    def part(name: str, *rows: tuple[Item, ...], lead: str = "", good: bool = False) -> Part:
        return Part(name, words(f"sections.{name}"), rows, lead, good)

    return (
        part(
            "alerts", *(() if nobody else ((sheets["alerts"],),)), (sheets["calls"],), (sheets["fatal"],),
            lead=words("page.no_alerts") if nobody else words("page.alert_lead"), good=nobody,
        ),
        part(
            "findings", (drawn["rules"], drawn["trend"]), (sheets["rules"],), (sheets["lesser"],),
            (drawn["scores"], sheets["scores"]),
        ),
        part(
            "who", (heat(sheets["heat"].frame, printer),),
            (sheets["agency"],), (sheets["team"],), (sheets["agents"],), (sheets["agent_rules"],), (sheets["repeat"],),
            (sheets["agent_kind"],), (sheets["stage"],), (sheets["campaign"],), (sheets["outcome"],),
        ),
        part("script", (drawn["checkpoints"],), (sheets["checkpoints"],)),
        part("compliance", (sheets["breaches"], sheets["frequency"]), (sheets["hours"],)),
        part("outcomes", (drawn["mismatch"], sheets["mismatch"]), (sheets["mismatches"],)),
        part(
            "coverage", (drawn["coverage"], sheets["funnel"]), (sheets["coverage"],), (sheets["missing"],),
            (sheets["durations"],),
        ),
        part(
            "quality", (sheets["quality"], sheets["flags"]), (sheets["unsure"],), (sheets["doubts"],),
            lead=limited, good=True,
        ),
        part("gates", (sheets["gates"],)),
        part("lineage", (sheets["trend"],), (sheets["lineage"],)),
    )  # fmt: skip


def _day_before(span: Span) -> Span:
    day = span.start - timedelta(days=1)
    return Span(span.store, day, day)


def _first(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(0, named=True) if len(frame) else {}


def _script() -> Any:
    from markupsafe import Markup

    from inspection.report.page import asset

    return Markup(asset("tables.js"))
