"""The paper that figures are drawn on: the house's colours and type, grids of cells, and the finished drawing.

Colours keep apart in grey print. Nothing here touches matplotlib's global state.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from inspection.privacy import mask
from inspection.report.font import figure_family
from inspection.report.wording import Wording

INK, MUTED, LINE, PAPER = "#1f2937", "#6b7280", "#d9dee5", "#ffffff"
FATAL, MAJOR, MINOR, UNSURE, CALM, BLUE = "#b23a48", "#d9822b", "#c9a227", "#8d86b5", "#5c9a8b", "#2f6690"
SEVERITY = {"fatal": FATAL, "major": MAJOR, "minor": MINOR}
PNG_DPI = 200
PAGE = 7.3
"""Inches between the margins of A4: a drawing this wide keeps its letters' size on paper."""
STYLE = {
    "font.size": 9,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "grid.color": "#edf0f4",
    "grid.linewidth": 0.8,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "svg.hashsalt": "inspection",
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@dataclass(frozen=True)
class Figure:
    id: str
    title: str
    svg: str
    png: bytes


@contextmanager
def canvas(width: float, height: float):
    """A fresh (figure, axes) of that many inches in the house style; never touches matplotlib's global state."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sheet

    with rc_context(STYLE | {"font.family": figure_family()}):
        sheet = Sheet(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(sheet)
        yield sheet, sheet.subplots()


def finish(name: str, words: Wording, sheet: Any) -> Figure:
    """The drawing; the PNG, which may travel alone, carries its title."""
    svg, png = io.StringIO(), io.BytesIO()
    sheet.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    sheet.suptitle(words(f"figures.{name}.title"), x=0.01, ha="left", fontsize=11)
    sheet.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    text = svg.getvalue()
    return Figure(name, words(f"figures.{name}.title"), text[text.index("<svg") :], png.getvalue())


def label(value: object) -> str:
    """A stored name as a figure may write it: without personal data, a dash for none."""
    return "—" if value is None else mask(str(value))


def heat_map(
    name: str, words: Wording, rows: list[str], columns: list[str], at: Callable, *, small_number: int, bad: str
) -> Figure:
    """A heat map of shares part/whole with the whole written under each share; white where there is nothing."""
    tilt = sum(map(len, columns)) > 40
    with canvas(PAGE, (1.35 if tilt else 0.8) + 0.36 * max(len(rows), 2)) as (sheet, axes):
        shares = [
            part / whole
            for row in range(len(rows))
            for column in range(len(columns))
            if (found := at(row, column))
            for part, whole in [found]
            if whole >= 1
        ]
        top = max([0.4, *(share if bad == "high" else 1 - share for share in shares)])
        for row in range(len(rows)):
            for column in range(len(columns)):
                if (found := at(row, column)) is None or not found[1]:
                    continue
                part, whole = found
                badness = (part / whole if bad == "high" else 1 - part / whole) / top
                small = whole < small_number
                ink = MUTED if small else "white" if badness > 0.62 else INK
                colour = (FATAL, (0.03 + 0.85 * badness) * (0.35 if small else 1))
                cell(axes, column, row, colour, f"{100 * part / whole:.0f}%", ink=ink, under=f"{whole}")
        frame_cells(axes, rows, columns, tilt)
        axes.set(xlabel=f"{words(f'figures.{name}.x')}   {words('figure_words.low_count')}".strip())
        return finish(name, words, sheet)


def cell(axes: Any, x: int, y: int, colour: tuple[str, float], text: str, *, ink: str, under: str = "") -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, facecolor=colour[0], alpha=colour[1], linewidth=0))
    axes.text(x, y - (0.12 if under else 0), text, ha="center", va="center", fontsize=7.5, color=ink)
    if under:
        axes.text(x, y + 0.27, under, ha="center", va="center", fontsize=6, color=ink, alpha=0.9)


def frame_cells(axes: Any, rows: list[str], columns: list[str], tilt: bool) -> None:
    axes.set_xlim(-0.5, max(len(columns), 1) - 0.5)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_xticks(
        range(len(columns)),
        list(map(label, columns)),
        rotation=35 if tilt else 0,
        ha="right" if tilt else "center",
        rotation_mode="anchor" if tilt else "default",
    )
    axes.set_yticks(range(len(rows)), list(map(label, rows)))
    axes.tick_params(labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def key(sheet: Any, entries: list[tuple[str, str, str]]) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor="none" if hatch else colour, edgecolor=colour, hatch=hatch, label=label)
        for label, colour, hatch in entries
    ]
    sheet.legend(handles=patches, loc="outside lower right", ncols=len(entries), handlelength=1.2, columnspacing=1.4)
