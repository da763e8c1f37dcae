"""One table of the report, apart from where it is shown: the page, the workbook and Parquet all draw the same sheet."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from inspection.privacy import masked_frame
from inspection.report.wording import Wording

SHARES = {  # column of a ratio -> the columns one of which counts what it rests on
    "fail_share": ("judged", "inspected"),
    "usual_share": ("usual_judged",),
    "fatal_share": ("inspected",),
    "coverage": ("connected",),
    "score": ("inspected",),
    "pass_share": ("cp_judged",),
    "talk_share": ("inspected",),
    "silence_share": ("inspected",),
    "overtalk_share": ("inspected",),
    "speed": ("inspected",),
    "rate": ("inspected",),
    "low": ("inspected", "judged"),
    "high": ("inspected", "judged"),
    "fatal_low": ("inspected",),
    "fatal_high": ("inspected",),
    "coverage_low": ("connected",),
    "coverage_high": ("connected",),
    "score_low": ("inspected",),
    "score_high": ("inspected",),
    "kept_share": ("before",),
    "difference_share": (),  # of one call; so is a score in a list of calls, where no column counts anything
}
CODES = {
    "severity": "severity",
    "status": "status",
    "verdict": "verdict",
    "agent_kind": "agent_kind",
    "category": "category",
    "outcome": "outcome",
    "heard": "outcome",
    "state": "state",
    "skip_reason": "reason",
    "layout": "layout",
    "gate": "gate",
    "success": "success",
    "agrees": "agrees",
    "who": "who",
    "role": "role",
    "flag": "flag",
    "deviation": "checkpoint",
    "worst": "worst",
    "dimension": "dimension",
    "step": "step",
    "lost_at": "step",
}
SPARKS = {"trend", "weeks"}
LISTED = {"alerts": "category", "skip_reasons": "reason"}
LENGTHS = {"start_ms", "median_ms", "talk_ms", "duration_ms", "difference_ms", "at_ms", "deadline_ms"}
POINTS = {"score", "score_low", "score_high", "speed", "lowest", "highest", "earned", "possible"}
COLOURED = {"worst", "severity", "verdict", "status", "success", "agrees"}
MARKED = {"quote", "call_id", "rule_id", "checkpoint_id", "title", "reason", "detail", "agency", "team", "campaign"}
DIGESTS = {"recording_id", "run_id", "rulebook_fingerprint", "speech_fingerprint"}


@dataclass(frozen=True)
class Sheet:
    """`frame` under the name `id`; words for the id and each column stand in words/*.yaml.

    `links` leads from a call id to its evidence page, relative to the report; `days` are those of a `trend` column.
    The frame is as stored: whatever draws it draws `shown` rows, which hold no personal data in any column.
    """

    id: str
    frame: pl.DataFrame
    links: dict[str, str] = field(default_factory=dict)
    days: tuple[date, ...] = ()
    title: str = ""

    def shown(self, most: int | None = None) -> pl.DataFrame:
        """The first `most` rows (all by default) with every text masked: dialers build ids and names from numbers."""
        return self._masked if most is None else self._masked.head(most)

    @cached_property
    def _masked(self) -> pl.DataFrame:
        return masked_frame(self.frame)

    def hrefs(self, most: int) -> list[str]:
        """The page of each row's call, empty where there is none; looked up by the call's true id."""
        if "call_id" not in self.frame.columns:
            return [""] * min(most, self.frame.height)
        return [self.links.get(call_id, "") for call_id in self.frame["call_id"].head(most)]


@dataclass(frozen=True)
class Cell:
    """One cell as a page shows it: `sort` orders it, `kind` colours it, `small` marks a share of few calls."""

    text: str
    sort: str | float
    kind: str = ""
    href: str = ""
    small: bool = False
    spark: tuple[int, ...] = ()


@dataclass(frozen=True)
class Printer:
    """Stored values as words: codes by name, shares in percent, lengths as m:ss, instants on the firm's clock."""

    words: Wording
    timezone: str
    small_number: int

    def rows(self, sheet: Sheet, most: int) -> list[list[Cell]]:
        rows = zip(sheet.shown(most).iter_rows(named=True), sheet.hrefs(most), strict=True)
        return [
            [self.cell(name, row, href if name == "call_id" else "") for name in sheet.frame.columns]
            for row, href in rows
        ]

    def cell(self, name: str, row: dict, href: str = "") -> Cell:
        """One value of a masked row as a page shows it."""
        value = row[name]
        if value is None:
            return Cell("—", "")
        if family := family_of(name, row):
            text = self.words.code(family, value)
            return Cell(text, text, str(value) if name in COLOURED else "")
        if isinstance(value, list):
            return self._list(name, value)
        if isinstance(value, str):
            return self._string(name, value, href)
        return self._moment(value) if isinstance(value, date) else self._measure(name, value, row)

    def _list(self, name: str, value: list) -> Cell:
        if name in SPARKS:
            return Cell("", value[-1] if value else 0, "spark", spark=tuple(value))
        named = [self.words.code(LISTED[name], item) for item in value] if name in LISTED else list(map(str, value))
        shown = self.words("page.joiner").join(named[:5])
        return Cell(f"{shown}…" if len(value) > 5 else shown or "—", len(value), "list")

    def _string(self, name: str, value: str, href: str) -> Cell:
        if name in DIGESTS and len(value) > 16:
            return Cell(f"{value[:16]}…", value, "digest")
        return Cell(value, value, name if name in MARKED else "", href)

    def _moment(self, value: date) -> Cell:
        if isinstance(value, datetime):
            return Cell(f"{value.astimezone(ZoneInfo(self.timezone)):%m-%d %H:%M}", value.timestamp(), "time")
        return Cell(value.isoformat(), value.toordinal(), "time")

    def _measure(self, name: str, value: float, row: dict) -> Cell:
        if name in LENGTHS:
            return Cell(clock(int(value)), value, "number")
        if name in SHARES:
            text = f"{value:.1f}" if name in POINTS else f"{100 * value:.1f}%"
            return Cell(text, value, "number", small=self.is_small(name, row))
        if name in POINTS or isinstance(value, float):
            return Cell(f"{value:.1f}" if name in POINTS else f"{value:.2f}", value, "number")
        return Cell(f"{value:,}", value, "number zero" if value == 0 else "number")

    def is_small(self, name: str, row: dict) -> bool:
        """Whether a share rests on fewer than the configured number of calls."""
        whole = whole_of(name, row)
        return whole is not None and (row[whole] or 0) < self.small_number

    def small_marks(self, frame: pl.DataFrame) -> list[pl.Expr]:
        """For each share of the frame a Boolean column `<share>_small`; null where there is no share."""
        wholes = {name: whole_of(name, frame.columns) for name in frame.columns}
        return [
            pl.when(pl.col(name).is_not_null())
            .then(pl.col(whole).fill_null(0) < self.small_number)
            .alias(f"{name}_small")
            for name, whole in wholes.items()
            if whole
        ]

    def head(self, name: str) -> str:
        return self.words(f"columns.{name}")

    def title(self, sheet: Sheet) -> str:
        return sheet.title or self.words(f"sheets.{sheet.id}.title")

    def note(self, sheet: Sheet) -> str:
        return self.words(f"sheets.{sheet.id}.note")


def family_of(name: str, row: dict) -> str | None:
    """The family of codes that a column holds; a heat map's values are those of its dimension."""
    return CODES.get(row["dimension"] if name == "value" and "dimension" in row else name)


def whole_of(name: str, columns: Container[str]) -> str | None:
    """The column that counts what a share rests on, of those there are."""
    return next((whole for whole in SHARES.get(name, ()) if whole in columns), None)


def clock(milliseconds: int) -> str:
    """m:ss, or h:mm:ss from an hour on; a difference below zero keeps its sign."""
    sign, seconds = "−" if milliseconds <= -1000 else "", abs(milliseconds) // 1000
    hours, rest = divmod(seconds, 3600)
    return sign + (f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}")
