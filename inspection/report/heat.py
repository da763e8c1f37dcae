"""Heat maps as tables: the share of failing calls by hour, one map a dimension; a page shows one, paper shows all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import polars as pl

from inspection.privacy import masked_frame
from inspection.report.canvas import FATAL, label
from inspection.report.sheets import CODES, Printer

MOST_LINES = 40
"""Lines of a map in the page, those with most inspected calls; the workbook and Parquet hold all."""
PALEST = 0.4
"""A share of at least this much always gets the full colour, so that a calm day does not look like a bad one."""
Cells = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class HeatCell:
    """Share and number of calls of one line and hour, and how it is coloured; empty where nothing was inspected."""

    text: str = ""
    under: str = ""
    colour: str = ""
    kind: str = ""


@dataclass(frozen=True)
class HeatLine:
    name: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class HeatMap:
    """`left` lines of `dimension` did not fit."""

    dimension: str
    title: str
    lines: tuple[HeatLine, ...]
    left: int


@dataclass(frozen=True)
class Heat:
    """`maps` over the same `hours`, under one title."""

    id: str
    hours: tuple[int, ...]
    maps: tuple[HeatMap, ...]


def heat(frame: pl.DataFrame, printer: Printer) -> Heat:
    """The maps of `measures.heat`; each begins with the line of all calls."""
    hours = tuple(range(frame["hour"].min(), frame["hour"].max() + 1)) if len(frame) else ()  # type: ignore[arg-type, operator]
    top = max(PALEST, frame["fail_share"].max() or 0)  # type: ignore[type-var]
    lines = {key: list(rows) for key, rows in groupby(_lines(frame), key=lambda line: line[0])}
    whole = lines.pop("all", [])
    brush = Brush(printer, hours, float(top))
    return Heat("heat", hours, tuple(brush.map(name, whole + rows) for name, rows in lines.items()))


def _lines(frame: pl.DataFrame) -> list[tuple[str, str | None, Cells]]:
    """(dimension, value, calls by hour) in the frame's order."""
    rows = masked_frame(frame).select("dimension", "value", "hour", "failed_calls", "inspected").iter_rows()
    return [
        (dimension, value, {hour: (failed, inspected) for _, _, hour, failed, inspected in line})
        for (dimension, value), line in groupby(rows, key=lambda row: row[:2])
    ]


@dataclass(frozen=True)
class Brush:
    """Draws maps on one scale: the palest share is white, `top` is full colour."""

    printer: Printer
    hours: tuple[int, ...]
    top: float

    def map(self, dimension: str, lines: list[tuple[str, str | None, Cells]]) -> HeatMap:
        shown = tuple(self._line(*line) for line in lines[: MOST_LINES + 1])
        return HeatMap(dimension, self.printer.words.code("dimension", dimension), shown, len(lines) - len(shown))

    def _line(self, dimension: str, value: str | None, cells: Cells) -> HeatLine:
        words = self.printer.words
        named = words.code(CODES[dimension], value) if dimension in CODES else label(value)
        name = words.code("dimension", "all") if dimension == "all" else named
        return HeatLine(name, tuple(self._cell(*cells.get(hour, (0, 0))) for hour in self.hours))

    def _cell(self, failed: int, inspected: int) -> HeatCell:
        if not inspected:
            return HeatCell()
        share, small = failed / inspected, inspected < self.printer.small_number
        strength = 0.85 * share / self.top * (0.45 if small else 1)
        kind = "small" if small else "strong" if strength > 0.5 else ""
        return HeatCell(f"{100 * share:.0f}%", str(inspected), blend(FATAL, strength), kind)


def blend(colour: str, strength: float) -> str:
    """`colour` thinned with white: an opaque colour, which printers keep as it is."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * min(strength, 1)):02x}" for part in parts)
