"""The same tables as an Excel workbook and as Parquet, the same figures as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from inspection.report.canvas import Figure
from inspection.report.sheets import LENGTHS, LISTED, POINTS, SHARES, Printer, Sheet, family_of

MOST_ROWS = 20_000
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
        formats = _formats(book)
        names: set[str] = set()
        for sheet in sheets:
            _write_sheet(book.add_worksheet(_tab(printer.title(sheet), names)), sheet, Pen(printer, formats))


def _formats(book) -> dict:
    """Number formats; a small number's share is grey and carries the page's mark."""
    small = {"font_color": "#6b7280"}
    shapes = {
        "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
        "share": {"num_format": "0.0%"},
        "points": {"num_format": "0.0"},
        "share small": {"num_format": '0.0%" ○"', **small},
        "points small": {"num_format": '0.0" ○"', **small},
        "time": {"num_format": "yyyy-mm-dd hh:mm"},
        "date": {"num_format": "yyyy-mm-dd"},
    }
    return {name: book.add_format(shape) for name, shape in shapes.items()}


@dataclass(frozen=True)
class Pen:
    """What a cell is written with: the words and the number formats."""

    printer: Printer
    formats: dict


def _write_sheet(page, sheet: Sheet, pen: Pen) -> None:
    columns, rows = sheet.frame.columns, sheet.shown(MOST_ROWS)
    days = sheet.days if "trend" in columns else ()
    for place, name in enumerate(columns):
        unit = " (s)" if name in LENGTHS else ""
        page.write_string(0, place, pen.printer.head(name) + unit, pen.formats["head"])
    for place, day in enumerate(days, start=len(columns)):
        page.write_string(0, place, day.isoformat(), pen.formats["head"])
    for line, row in enumerate(rows.iter_rows(named=True), start=1):
        for place, name in enumerate(columns):
            if name == "trend":
                _write_trend(page, (line, place), row[name], len(columns))
            else:
                _write_cell(page, (line, place), name, row, pen)
    page.freeze_panes(1, 0)
    if len(rows) and columns:
        page.autofilter(0, 0, len(rows), len(columns) + len(days) - 1)
    page.autofit(320)
    if len(rows) < sheet.frame.height:
        told = pen.printer.words("page.rows_limited", shown=len(rows), total=sheet.frame.height)
        page.write_string(len(rows) + 1, 0, told)


def _write_trend(page, at: tuple[int, int], values: list[int] | None, first: int) -> None:
    """A line in the cell, drawn from the daily counts that stand under their dates right of the table."""
    from xlsxwriter.utility import xl_range

    line, place = at
    for day, value in enumerate(values or ()):
        page.write_number(line, first + day, value)
    if values:
        tab = page.get_name().replace("'", "''")
        place_of = f"'{tab}'!{xl_range(line, first, line, first + len(values) - 1)}"
        page.add_sparkline(line, place, {"range": place_of, "last_point": True, "series_color": "#8AA3B8"})


def _write_cell(page, at: tuple[int, int], name: str, row: dict, pen: Pen) -> None:
    value, words = row[name], pen.printer.words
    if value is None:
        return
    if isinstance(value, list):
        named = [words.code(LISTED[name], item) for item in value] if name in LISTED else map(str, value)
        page.write_string(*at, words("page.joiner").join(named))
    elif family := family_of(name, row):
        page.write_string(*at, words.code(family, value))
    elif isinstance(value, str):
        page.write_string(*at, value)
    elif isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(pen.printer.timezone)).replace(tzinfo=None)
        page.write_datetime(*at, local, pen.formats["time"])
    elif isinstance(value, date):
        page.write_datetime(*at, value, pen.formats["date"])
    else:
        style = "points" if name in POINTS else "share" if name in SHARES else ""
        small = " small" if style and pen.printer.is_small(name, row) else ""
        page.write_number(*at, value / 1000 if name in LENGTHS else value, pen.formats.get(style + small))


def _tab(title: str, taken: set[str]) -> str:
    """A worksheet's name: at most 31 characters, none of []:*?/\\, no two alike."""
    plain = "".join(" " if letter in "[]:*?/\\" else letter for letter in title).strip("'")[:31]
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain[:28]} {number}", number + 1
    taken.add(name.lower())
    return name


def write_parquet(folder: Path, sheets: Sequence[Sheet], printer: Printer) -> None:
    """`<id>.parquet` of each sheet: codes as stored, every text masked, `<share>_small` beside each share."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in sheets:
        shown = sheet.shown()
        shown.with_columns(printer.small_marks(shown)).write_parquet(folder / f"{sheet.id}.parquet")


def write_figures(folder: Path, figures: Sequence[Figure]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        (folder / f"{figure.id}.png").write_bytes(figure.png)
