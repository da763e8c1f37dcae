"""The same tables as an Excel workbook and as Parquet, the same figures as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from inspection.report.canvas import Figure
from inspection.report.sheets import CODES, LENGTHS, POINTS, SHARES, Printer, Sheet

MOST_ROWS = 50_000
"""Rows of a worksheet below its head: more than a person scrolls, far less than Excel's 1,048,575. Parquet has all."""


def write_workbook(path: Path, sheets: Sequence[Sheet], printer: Printer) -> None:
    """One worksheet a sheet, with codes as words, real numbers, filters and a frozen head.

    Text is always written as text: a cell that begins with `=`, `+`, `-` or `@` is shown, never computed.
    """
    import xlsxwriter

    quiet = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(path, quiet) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "share": book.add_format({"num_format": "0.0%"}),
            "points": book.add_format({"num_format": "0.0"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        names: set[str] = set()
        for sheet in sheets:
            _write_sheet(book.add_worksheet(_tab(printer.title(sheet), names)), sheet, Pen(printer, formats))


@dataclass(frozen=True)
class Pen:
    """What a cell is written with: the words and the number formats."""

    printer: Printer
    formats: dict


def _write_sheet(page, sheet: Sheet, pen: Pen) -> None:
    columns = [name for name in sheet.frame.columns if name != "trend"]
    for place, name in enumerate(columns):
        unit = " (s)" if name in LENGTHS else ""
        page.write_string(0, place, pen.printer.head(name) + unit, pen.formats["head"])
    for line, row in enumerate(sheet.shown(MOST_ROWS).iter_rows(named=True), start=1):
        for place, name in enumerate(columns):
            _write_cell(page, (line, place), name, row[name], pen)
    page.freeze_panes(1, 0)
    shown = min(sheet.frame.height, MOST_ROWS)
    if shown and columns:
        page.autofilter(0, 0, shown, len(columns) - 1)
    page.autofit(320)
    if shown < sheet.frame.height:
        page.write_string(shown + 1, 0, pen.printer.words("page.rows_limited", shown=shown, total=sheet.frame.height))


def _write_cell(page, at: tuple[int, int], name: str, value: Any, pen: Pen) -> None:
    if value is None:
        return
    if isinstance(value, list):
        page.write_string(*at, ", ".join(map(str, value)))
    elif name in CODES:
        page.write_string(*at, pen.printer.words.code(CODES[name], value))
    elif isinstance(value, str):
        page.write_string(*at, value)
    elif isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(pen.printer.timezone)).replace(tzinfo=None)
        page.write_datetime(*at, local, pen.formats["time"])
    elif isinstance(value, date):
        page.write_datetime(*at, value, pen.formats["date"])
    else:
        style = pen.formats["points"] if name in POINTS else pen.formats["share"] if name in SHARES else None
        page.write_number(*at, value / 1000 if name in LENGTHS else value, style)


def _tab(title: str, taken: set[str]) -> str:
    """A worksheet's name: at most 31 characters, none of []:*?/\\, no two alike."""
    plain = "".join(" " if letter in "[]:*?/\\" else letter for letter in title).strip("'")[:31]
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain[:28]} {number}", number + 1
    taken.add(name.lower())
    return name


def write_parquet(folder: Path, sheets: Sequence[Sheet]) -> None:
    """`<id>.parquet` of each sheet: codes as stored, personal data masked in every text."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in sheets:
        sheet.shown().write_parquet(folder / f"{sheet.id}.parquet")


def write_figures(folder: Path, figures: Sequence[Figure]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        (folder / f"{figure.id}.png").write_bytes(figure.png)
