"""Pages: jinja2 with escaping on, one file each, with style, script, figures and a font inside and no way out."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inspection.report.canvas import Figure
from inspection.report.font import FAMILY, page_font
from inspection.report.heat import Heat
from inspection.report.sheets import Cell, Printer, Sheet

TEMPLATES = Path(__file__).parent / "templates"
HELD_ROWS = 1_000
"""Rows of a table that a page holds, sorts and filters; the workbook and Parquet hold all."""
DRAWN_ROWS = 200
"""Rows of them drawn at a time; the others are drawn when they are asked for."""


Item = Sheet | Figure | Heat
"""What a card shows."""


@dataclass(frozen=True)
class Part:
    """A section of a report: rows of one or two cards. `lead` stands above them."""

    id: str
    title: str
    rows: tuple[tuple[Item, ...], ...]
    lead: str = ""
    good: bool = False


def render(template: str, printer: Printer, **values: Any) -> str:
    """The page's HTML. `printer` brings the words (in templates: `t`) and turns sheets into cells."""
    from markupsafe import Markup

    if "parts" in values:
        values["parts"] = [_drawn(part, printer) for part in values["parts"]]
    page = _environment().get_template(template).render(
        t=printer.words, code=printer.words.code, style=Markup(asset("style.css")), spark=_spark, **values
    )  # fmt: skip
    return with_font(page)


def with_font(page: str) -> str:
    """The page with a font of exactly its characters inside, for machines without a Chinese font."""
    text = html.unescape(re.sub(r"<style>.*?</style>|<svg.*?</svg>|data:[^\"')]*", "", page, flags=re.DOTALL))
    packed = base64.b64encode(page_font(text + "▲▼○“”")).decode()
    face = f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{packed}) format("woff"); }}'
    return page.replace("/*FONT*/", face, 1)


def _drawn(part: Part, printer: Printer) -> dict[str, Any]:
    return {
        "id": part.id,
        "title": part.title,
        "lead": part.lead,
        "good": part.good,
        "rows": [[_item(thing, printer) for thing in row] for row in part.rows],
    }


def _item(thing: Item, printer: Printer) -> dict[str, Any]:
    from markupsafe import Markup

    if isinstance(thing, Figure):
        return {"kind": "figure", "id": thing.id, "title": thing.title, "svg": Markup(_own_ids(thing))}
    if isinstance(thing, Heat):
        return {"kind": "heat", "id": thing.id, "hours": thing.hours, "maps": thing.maps}
    return {"kind": "sheet", "id": thing.id, **_table(thing, printer)}


def _table(sheet: Sheet, printer: Printer) -> dict[str, Any]:
    """The rows drawn at once, and those only held, as JSON for tables.js."""
    rows = printer.rows(sheet, HELD_ROWS)
    heads = [_head(name, [row[place] for row in rows], printer) for place, name in enumerate(sheet.frame.columns)]
    rest = [[_packed(cell, head["kind"]) for cell, head in zip(row, heads, strict=True)] for row in rows[DRAWN_ROWS:]]
    return {
        "title": printer.title(sheet),
        "note": printer.note(sheet),
        "rows": rows[:DRAWN_ROWS],
        "rest": _json(rest) if rest else "",
        "heads": heads,
        "held": len(rows),
        "total": sheet.frame.height,
        "step": DRAWN_ROWS,
    }


def _packed(cell: Cell, kind: str) -> Any:
    """A cell as [text, sort, class, href, small, spark] without what is empty at the end, or as its text alone."""
    sort = None if cell.sort == cell.text else cell.sort
    spark = str(_spark(cell.spark)) if cell.spark else ""
    values = [cell.text, sort, cell.kind or kind, cell.href, int(cell.small), spark]
    while len(values) > 2 and not values[-1]:
        values.pop()
    return values[0] if values[1:] == [None] else values


def _json(value: Any) -> Any:
    """JSON that no text in it can leave: `<` is written as an escape, so no tag begins or ends inside."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _head(name: str, column: list[Cell], printer: Printer) -> dict[str, Any]:
    """A column's head: numbers stand right; numbers and moments sort by value, everything else by its text."""
    kinds = {cell.kind.split(" ")[0] for cell in column if cell.sort != ""}
    ordered = bool(kinds) and kinds <= {"number", "time", "spark"}
    return {"text": printer.head(name), "kind": "number" if kinds == {"number"} else "", "ordered": ordered}


def _own_ids(figure: Figure) -> str:
    """Ids of the drawing made its own, since several drawings share one page."""
    svg = re.sub(r'\bid="', f'id="{figure.id}-', figure.svg)
    svg = re.sub(r'((?:xlink:)?href)="#', rf'\1="#{figure.id}-', svg)
    return re.sub(r"url\(#", f"url(#{figure.id}-", svg)


def _spark(values: tuple[int, ...]) -> Any:
    """A line of daily counts, 84 × 18 px, today as a dot."""
    from markupsafe import Markup

    top, step = max(*values, 1), 80 / max(len(values) - 1, 1)
    points = [(2 + place * step, 16 - 14 * value / top) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        f'<svg class="spark" viewBox="0 0 84 18" role="img" aria-label="{" ".join(map(str, values))}">'
        f'<polyline points="{line}" fill="none" stroke="#8aa3b8" stroke-width="1.2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="#2f6690"/></svg>'
    )


@cache
def asset(name: str) -> str:
    """A style or script of ours, to be laid into a page as it is."""
    return (TEMPLATES / name).read_text("utf-8")


@cache
def _environment():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
