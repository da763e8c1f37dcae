"""Evidence pages: one for each call that failed a rule or that a person has to settle.

A page holds everything needed to argue about the call: its words with the evidence marked in place, the recording with
personal data silenced, why each rule spoke, the score's parts and the lineage.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from inspection.privacy import mask, masked_frame
from inspection.report import judged, worklist
from inspection.report.case import (
    Case,
    checkpoints_of,
    components_of,
    doubtful,
    facts_of,
    finding_of,
    lanes_of,
    lineage_of,
    marks_of,
    turn_of,
)
from inspection.report.listening import listen
from inspection.report.page import asset, render
from inspection.report.sections import load_sections
from inspection.report.sheets import Printer, clock
from inspection.report.span import Span
from inspection.report.transcript import hide, silences
from inspection.report.waveform import waveform
from inspection.report.wording import wording
from inspection.settings import Settings
from inspection.speech.decode import Audio

CALL_TABLES = (
    "attempts",
    "audio",
    "turns",
    "words",
    "acoustics",
    "hits",
    "checkpoints",
    "identity",
    "findings",
    "components",
    "scores",
)


@dataclass(frozen=True)
class Evidence:
    """The pages made, by call id, and how many calls would have wanted one."""

    pages: dict[str, Path]
    wanted: int


def page_name(call_id: str) -> str:
    """The page's file name: a hash, since dialers write telephone numbers into call ids."""
    return f"{hashlib.sha256(call_id.encode()).hexdigest()[:16]}.html"


def wanted_calls(span: Span) -> list[str]:
    """Calls with a failed or unsure live finding or an alert: the gravest first, among equals those with words."""
    return worklist.wanted(span, load_sections())["call_id"].to_list()


def write_evidence(span: Span, folder: Path, settings: Settings, recording: Any = None) -> Evidence:
    """Pages of the gravest calls, at most `settings.report.evidence_pages`; pages of earlier runs are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.html"):
        stale.unlink()
    wanted = wanted_calls(span)
    chosen = wanted[: settings.report.evidence_pages]
    return Evidence(write_calls(span, chosen, folder, settings, recording), len(wanted))


def write_calls(
    span: Span, call_ids: list[str], folder: Path, settings: Settings, recording: Any = None
) -> dict[str, Path]:
    """The pages of these calls, whatever their verdict; a call without any stored row is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = span.narrowed(pl.LazyFrame({"call_id": call_ids}, schema={"call_id": pl.String}))
    these = pl.col("call_id").is_in(call_ids)  # a filter reads the few rows only, which a join does not
    tables = {name: _by_call(span.table(name).filter(these)) for name in CALL_TABLES}
    runs = {row["business_date"]: row for row in span.table("runs").collect().iter_rows(named=True)}
    heard = dict(judged.heard(chosen, load_sections()).select("call_id", "heard").iter_rows())
    made = {}
    known = {call_id: page_name(call_id) for call_id in call_ids if call_id in tables["attempts"]}
    for call_id, file in known.items():
        rows = {name: table.get(call_id, []) for name, table in tables.items()}
        audio = recording(call_id) if recording else None
        case = Case(call_id, rows, runs.get(rows["attempts"][0]["business_date"], {}), heard.get(call_id))
        made[call_id] = folder / file
        made[call_id].write_text(_page(case, audio, settings, known), "utf-8")
    return made


def _by_call(frame: pl.LazyFrame) -> dict[str, list[dict]]:
    """Rows by call, masked but for what leads to other pages (ids) and what is masked in place (the turns' text)."""
    stored = frame.collect()
    hidden = stored.with_columns(masked_frame(stored.drop("call_id", "related_calls", "text", strict=False)))
    parts = hidden.partition_by("call_id", as_dict=True, maintain_order=True)
    return {key[0]: part.to_dicts() for key, part in parts.items()}


def _page(case: Case, audio: Audio | None, settings: Settings, known: dict[str, str]) -> str:
    words = wording(settings.report.language)
    printer = Printer(words, settings.timezone, settings.report.small_number)
    name = case.facts["customer_name"]
    turns = sorted(case.rows["turns"], key=lambda row: row["turn_index"])
    spoken: dict[int, list[dict]] = {}
    for word in case.rows["words"]:
        spoken.setdefault(word["turn_index"], []).append(word)
    private, whole = silences(turns, spoken, name)
    clip = listen(audio, private) if audio else None
    marks = marks_of(case, words)
    length = (
        clip.duration_ms if clip else max([case.facts.get("duration_ms") or 0, *(turn["end_ms"] for turn in turns), 1])
    )
    return render(
        "evidence.html",
        printer,
        call_id=mask(case.call_id),
        clip=clip,
        length_ms=length,
        marks=[mark for mark in marks if mark.kind not in ("hit", "checkpoint")],
        waveform=waveform(clip, turns, marks, case.rows["acoustics"], muted=private if clip else [], length_ms=length),
        turns=[turn_of(turn, marks, name) for turn in turns],
        clock=clock,
        hide=lambda text: hide(text or "", name),
        findings=[finding_of(row, case, marks, known) for row in case.told],
        checkpoints=checkpoints_of(case, words),
        facts=facts_of(case, printer),
        lineage=lineage_of(case),
        components=components_of(case),
        score=_first(case.rows["scores"]),
        lanes=lanes_of(case, clip.peaks.shape[0] if clip else None),
        muted=bool(private and clip),
        muted_whole=whole,
        doubtful=doubtful(case, settings),
        script=_script(),
        style_more=_style(),
    )


def _first(rows: list[dict]) -> dict[str, Any] | None:
    return rows[0] if rows else None


def _script() -> Any:
    from markupsafe import Markup

    return Markup(asset("player.js"))


def _style() -> Any:
    from markupsafe import Markup

    return Markup(asset("evidence.css"))
