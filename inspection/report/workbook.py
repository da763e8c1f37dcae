"""The same tables as an Excel workbook and as Parquet, the same figures as PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from inspection.report.canvas import Figure
from inspection.report.sheets import LENGTHS, LISTED, POINTS, SHARES, Printer, Sheet, family_of
from inspection.report.wording import Wording

MOST_ROWS = 20_000
"""Rows of a worksheet below its head: more than a person scrolls, far less than Excel's 1,048,575. Parquet has all."""
EXCEL_BEGAN = datetime(1899, 12, 30)
MOST_PIXELS, PADDING, ARROW = 320, 7, 16
"""Widths of a column: at most, around its widest cell, and of the arrow beside its head."""


def write_workbook(path: Path, sheets: Sequence[Sheet], printer: Printer) -> None:
    """One worksheet a sheet, with codes as words, real numbers, filters and a frozen head.

    Written by columns, each rendered at once: a day's lists hold two million cells.

    Text is always written as text: a cell that begins with `=`, `+`, `-` or `@` is shown, never computed.
    """
    import xlsxwriter

    quiet = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with TemporaryDirectory() as parts, xlsxwriter.Workbook(path, quiet | {"tmpdir": parts}) as book:
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
    from xlsxwriter.utility import xl_pixel_width

    rows = sheet.shown(MOST_ROWS)
    days = [day.isoformat() for day in sheet.days] if "trend" in rows.columns else []
    heads = [pen.printer.head(name) + (" (s)" if name in LENGTHS else "") for name in rows.columns]
    pixels = [_write_column(page, place, rows, pen) for place in range(rows.width)]
    for place, (head, wide) in enumerate(zip([*heads, *days], pixels + [0] * len(days), strict=True)):
        page.write_string(0, place, head, pen.formats["head"])
        page.set_column_pixels(place, place, min(max(xl_pixel_width(head) + ARROW, wide) + PADDING, MOST_PIXELS))
    page.freeze_panes(1, 0)
    if len(rows) and heads:
        page.autofilter(0, 0, len(rows), len(heads) + len(days) - 1)
    if len(rows) < sheet.frame.height:
        told = pen.printer.words("page.rows_limited", shown=len(rows), total=sheet.frame.height)
        page.write_string(len(rows) + 1, 0, told)


def _write_column(page, place: int, rows: pl.DataFrame, pen: Pen) -> int:
    """Writes a column of the rows below its head, nulls left empty; returns the pixels of its widest cell."""
    from xlsxwriter.utility import xl_pixel_width

    name = rows.columns[place]
    if name == "trend":
        for line, counts in enumerate(rows[name].to_list(), start=1):
            _write_trend(page, (line, place), counts, rows.width)
        return 0
    texts = _texts(name, rows, pen.printer.words)
    if texts is None:
        numbers, formats, widest = _numbers(name, rows, pen)
        for line, (number, shape) in enumerate(zip(numbers, formats, strict=True), start=1):
            if number is not None:
                page.write_number(line, place, number, shape)
        return xl_pixel_width(widest)
    for line, text in enumerate(texts, start=1):
        if text is not None:
            page.write_string(line, place, text)
    return max((xl_pixel_width(text) for text in set(texts) if text), default=0)


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


def _texts(name: str, rows: pl.DataFrame, words: Wording) -> list[str | None] | None:
    """The column's cells where they are words: codes by name, lists joined, texts as they are; None for numbers."""
    column = rows[name]
    if isinstance(column.dtype, pl.List):
        say = partial(words.code, LISTED[name]) if name in LISTED else str
        return [None if row is None else words("page.joiner").join(map(say, row)) for row in column.to_list()]
    dimensions = rows["dimension"].to_list() if "dimension" in rows.columns else [""] * rows.height
    families = {dimension: family_of(name, {"dimension": dimension}) for dimension in set(dimensions)}
    if not any(families.values()):
        return column.to_list() if column.dtype == pl.String else None
    named = zip(column.to_list(), map(families.get, dimensions), strict=True)
    return [words.code(family, value) if family and value is not None else value for value, family in named]


def _numbers(name: str, rows: pl.DataFrame, pen: Pen) -> tuple[list[float | None], Iterable[Any], str]:
    """The column's cells where they are numbers, the format of each, and a text as wide as the widest of them."""
    column, shapes = rows[name], pen.formats
    if isinstance(column.dtype, pl.Datetime):
        local = column.dt.convert_time_zone(pen.printer.timezone).dt.replace_time_zone(None)
        return _days(local), repeat(shapes["time"], len(column)), "2000-01-01 00:00"
    if column.dtype == pl.Date:
        return _days(column), repeat(shapes["date"], len(column)), "2000-01-01"
    numbers = (column / 1000 if name in LENGTHS else column).to_list()
    style = "points" if name in POINTS else "share" if name in SHARES else ""
    if not style:
        ends = [f"{number:,.7g}" for number in (column.min(), column.max()) if number is not None]
        return numbers, repeat(None, len(column)), max(ends, key=len, default="")
    marks = rows.select(pen.printer.small_marks(rows)).to_dict()
    small = marks.get(f"{name}_small", repeat(False, len(column)))
    return numbers, (shapes[f"{style} small" if few else style] for few in small), "100.0% ○"


def _days(moments: pl.Series) -> list[float | None]:
    """Moments without a zone as Excel counts them, in days."""
    return ((moments - EXCEL_BEGAN).dt.total_milliseconds() / 86_400_000).to_list()


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
