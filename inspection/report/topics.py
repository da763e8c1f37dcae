"""Reports on any range of days: one agent, one rule, third parties, robots, repeat offenders, agencies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from inspection.errors import UsageError
from inspection.privacy import mask
from inspection.report import figures, judged, measures
from inspection.report.canvas import Figure
from inspection.report.evidence import write_calls
from inspection.report.page import Part, asset, render
from inspection.report.sections import load_sections
from inspection.report.sheets import Printer, Sheet
from inspection.report.span import Span, Tables
from inspection.report.tiles import balance, tiles
from inspection.report.wording import Wording, wording
from inspection.report.workbook import write_figures, write_parquet, write_workbook
from inspection.settings import Settings
from inspection.speech.decode import Audio


@dataclass(frozen=True)
class Topic:
    """What a topic looks at: `narrow` picks its calls, `tables` and `draw` make its sheets and figures.

    `takes` names the value it needs, such as an agent's id; empty if it needs none.
    """

    takes: str
    narrow: Callable[[Span, str], Span]
    tables: Callable[[Span, str], dict[str, pl.DataFrame]]
    draw: Callable[[Span, dict[str, pl.DataFrame], Wording, int], list[Figure]]


def write_topic(
    store: Tables,
    topic: str,
    start: date,
    end: date,
    settings: Settings,
    *,
    value: str = "",
    recording: Callable[[str], Audio | None] | None = None,
) -> Path:
    """Writes the topic's report over `start`..`end` (both included) and returns its page's path.

    It lies in `<folder>/topics/<topic>-…/`, with workbook, Parquet, figures and the evidence of its failed calls.
    Raises UsageError for an unknown topic, a missing value, or a range without the agent or rule asked for.
    """
    about = _checked(topic, value, start, end)
    words = wording(settings.report.language)
    span = about.narrow(Span(store, start, end), value)
    if value and span.calls.head(1).collect().is_empty():
        raise UsageError(f"report topic {topic}: nothing of {about.takes} {mask(value)!r} from {start} to {end}")
    frames = about.tables(span, value)
    folder = settings.report.folder / "topics" / _folder_name(topic, value, start, end)
    pages = write_calls(span, _called(frames, settings), folder / "evidence", settings, recording)
    links = {call_id: f"evidence/{path.name}" for call_id, path in pages.items()}
    days = tuple(span.table("findings").select(pl.col("business_date").unique().sort()).collect().to_series())
    sheets = [Sheet(name, frame, links, days) for name, frame in frames.items()]
    drawn = about.draw(span, frames, words, settings.report.small_number)
    printer = Printer(words, settings.timezone, settings.report.small_number)
    heading = words(f"topics.{topic}.title", value=mask(value))
    page = _page(span, (heading, settings.firm), sheets, drawn, printer)
    write_workbook(folder / "report.xlsx", sheets, printer)
    write_parquet(folder / "tables", sheets, printer)
    write_figures(folder / "figures", drawn)
    path = folder / "report.html"
    path.write_text(page, "utf-8")
    return path


LISTS = ("alerts", "failures", "disclosure", "deviations")
"""Tables of single calls: the calls they name get evidence pages, in this order."""


def _checked(topic: str, value: str, start: date, end: date) -> Topic:
    if topic not in TOPICS:
        raise UsageError(f"report topic {topic}: there is no such topic; choose one of {', '.join(TOPICS)}")
    if start > end:
        raise UsageError(f"report topic {topic}: {start} lies after {end}")
    about = TOPICS[topic]
    if about.takes and not value:
        raise UsageError(f"report topic {topic}: say which {about.takes}, as `inspection report topic {topic} VALUE`")
    return about


def _folder_name(topic: str, value: str, start: date, end: date) -> str:
    """Values become part of a path as a hash: an agent's id may hold anything."""
    which = f"-{hashlib.sha256(value.encode()).hexdigest()[:8]}" if value else ""
    return f"{topic}{which}-{start}-{end}"


def _called(frames: dict[str, pl.DataFrame], settings: Settings) -> list[str]:
    """The calls named in LISTS, as many as pages may be made."""
    named = [frames[name]["call_id"] for name in LISTS if name in frames and len(frames[name])]
    calls = pl.concat(named).unique(maintain_order=True) if named else pl.Series([], dtype=pl.String)
    return calls.head(settings.report.evidence_pages).to_list()


def _page(span: Span, head: tuple[str, str], sheets: list[Sheet], drawn: list[Figure], printer: Printer) -> str:
    from markupsafe import Markup

    heading, firm = head
    words = printer.words
    total = measures.summary(span)
    rows: list[tuple[Any, ...]] = [tuple(drawn[at : at + 2]) for at in range(0, len(drawn), 2)]
    rows += [(sheet,) for sheet in sheets]
    days = str(span.start) if span.start == span.end else f"{span.start} – {span.end}"
    return render(
        "report.html",
        printer,
        heading=heading,
        made_from=f"{firm} · {days}",
        tiles=tiles(total, None, None, printer),
        parts=(Part("topic", words("page.topic"), tuple(rows)),),
        **balance(total, words),
        small_note=words("page.small_note", small_number=printer.small_number),
        files=[(words("page.workbook"), "report.xlsx"), ("Parquet", "tables/"), ("PNG", "figures/")],
        script=Markup(asset("tables.js")),
    )


def _failed(span: Span) -> pl.DataFrame:
    return judged.failures(span).drop("severity")


def _rules(span: Span) -> pl.DataFrame:
    """Rules over the range itself; a range has no days before it to compare with."""
    return judged.rules(span, judged.rule_trend(span)).drop("usual_share", "usual_judged")


def _agent_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    peers = Span(span.store, span.start, span.end)
    teams = span.calls.select(pl.col("team").unique()).collect()["team"].to_list()
    offences = judged.offences(span)
    return {
        "agents": measures.lean(measures.agents(peers.only(pl.col("team").is_in(teams)))),
        "alerts": judged.alerts(span, load_sections()),
        "failures": _failed(span),
        "repeat": judged.repeated(offences),
        "agent_rules": judged.agent_rules(span, offences),
        "rules": _rules(span),
        "checkpoints": judged.checkpoints(span),
        "mismatches": judged.disagreements(span, load_sections()),
        "trend": measures.trend(span).drop("earned", "possible"),
    }


def _rule_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    return {
        "rules": _rules(span).filter(pl.col("rule_id") == value),
        "failures": judged.failures(span).filter(pl.col("rule_id") == value),
        "unsure": judged.unsure(span).filter(pl.col("rule_id") == value),
        "doubts": judged.failures(span, "unsure").filter(pl.col("rule_id") == value),
        **{name: judged.rule_by(span, value, name) for name in ("agency", "team", "agents", "stage", "agent_kind")},
        "trend": judged.rule_trend(span).filter(pl.col("rule_id") == value).select("business_date", "fail", "unsure"),
    }


def _third_party_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    sections = load_sections()
    return {
        "breaches": judged.group_failures(span, sections, "third_party"),
        "failures": _failed(span).filter(judged.in_groups(sections, "third_party")),
        "disclosure": judged.other_answerers(span, sections),
        "agency": measures.lean(measures.by(span, "agency")),
        "team": measures.lean(measures.by(span, "team")),
        "trend": measures.trend(span).drop("earned", "possible"),
    }


def _robot_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    rules, sections = _rules(span), load_sections()
    return {
        "robot_rules": rules.filter(judged.in_groups(sections, "robot")),
        "robot_breaches": judged.group_failures(span, sections, "robot"),
        "deviations": judged.deviations(span),
        "checkpoints": judged.checkpoints(span),
        "agents": measures.lean(measures.agents(span)),
        "campaign": measures.lean(measures.by(span, "campaign")),
        "rules": rules,
        "alerts": judged.alerts(span, sections),
        "failures": _failed(span),
        "trend": measures.trend(span).drop("earned", "possible"),
    }


def _repeat_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    offences = judged.offences(span)
    repeat = judged.repeated(offences)
    again = judged.failures(span).join(repeat, on=["agent_id", "agency", "team", "rule_id"], how="semi")
    return {
        "repeat": repeat,
        "failures": again,
        "agents": measures.lean(measures.agents(span)),
        "agent_rules": judged.agent_rules(span, offences),
    }


def _agency_tables(span: Span, value: str) -> dict[str, pl.DataFrame]:
    return {
        "comparison": measures.compared(span, "agency"),
        "rule_agency": judged.failed_by_agency(span),
        "team_comparison": measures.compared(span, "agency", "team"),
        "repeat": judged.repeat_offenders(span),
        "coverage": measures.coverage(span),
    }


def _everything(span: Span, value: str) -> Span:
    return span


def _offenders(span: Span, value: str) -> Span:
    """All calls of the agents who failed a rule again: what their failures stand against."""
    repeat = judged.repeat_offenders(span).lazy().select(judged.AGENT)
    return span.narrowed(span.calls.join(repeat, on=judged.AGENT, how="semi", nulls_equal=True).select("call_id"))


def _third_parties(span: Span, value: str) -> Span:
    return judged.other_calls(span, load_sections())


def _overview(span: Span, frames: dict[str, pl.DataFrame], words: Wording, small: int) -> list[Figure]:
    return [figures.rules(words, frames["rules"]), figures.trend(words, measures.trend(span))]


def _scripted(span: Span, frames: dict[str, pl.DataFrame], words: Wording, small: int) -> list[Figure]:
    return [*_overview(span, frames, words, small), figures.checkpoints(words, frames["checkpoints"], small)]


def _compared(span: Span, frames: dict[str, pl.DataFrame], words: Wording, small: int) -> list[Figure]:
    return [figures.comparison(words, frames["comparison"], "agency"), figures.trend(words, measures.trend(span))]


def _plain(span: Span, frames: dict[str, pl.DataFrame], words: Wording, small: int) -> list[Figure]:
    return [figures.trend(words, measures.trend(span)), figures.scores(words, measures.scored(span))]


TOPICS = {
    "agent": Topic("agent", lambda span, value: span.only(pl.col("agent_id") == value), _agent_tables, _overview),
    "rule": Topic("rule", judged.judged_by, _rule_tables, _plain),
    "third-party": Topic("", _third_parties, _third_party_tables, _plain),
    "robots": Topic("", lambda span, value: span.only(pl.col("agent_kind") == "robot"), _robot_tables, _scripted),
    "repeat": Topic("", _offenders, _repeat_tables, _plain),
    "agencies": Topic("", _everything, _agency_tables, _compared),
}
