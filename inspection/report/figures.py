"""The report's figures: drawn once, as SVG for the page and as PNG beside it.

Every figure names its counts; cells that rest on few calls are written in grey.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.report.canvas import (
    BLUE,
    CALM,
    FATAL,
    INK,
    MUTED,
    SEVERITY,
    UNSURE,
    Figure,
    canvas,
    cell,
    finish,
    frame_cells,
    heat_map,
    key,
    label,
)
from inspection.report.wording import Wording

MARKERS = "so^"
"""Of fatal, major and minor lines: they keep apart in grey print too."""


def scores(words: Wording, scored: pl.DataFrame) -> Figure:
    """Calls per five points of score; calls at zero by a fatal finding stand apart in red."""
    fatal = scored.filter("fatal")["score"].to_numpy()
    others = scored.filter(~pl.col("fatal"))["score"].to_numpy()
    edges = np.arange(0, 101, 5)
    with canvas(6.4, 2.9) as (sheet, axes):
        axes.hist(
            [others, fatal],
            bins=edges,
            stacked=True,
            color=[BLUE, FATAL],
            rwidth=0.86,
        )
        axes.grid(axis="y")
        axes.margins(y=0.2)
        axes.set(xlim=(-1, 101), xlabel=words("figures.scores.x"), ylabel=words("figures.scores.y"))
        axes.yaxis.get_major_locator().set_params(integer=True)
        if len(others):
            middle = float(np.median(scored["score"].to_numpy()))
            axes.axvline(middle, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.annotate(
                f"{words('figure_words.median')} {middle:.0f}",
                (middle, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-4, -2),
                textcoords="offset points",
                ha="right",
                va="top",
                fontsize=8,
                color=MUTED,
            )
        if len(fatal):
            key(sheet, [(words.code("severity", "fatal"), FATAL, "")])
        return finish("scores", words, sheet)


def trend(words: Wording, days: pl.DataFrame) -> Figure:
    """Failing calls per hundred inspected, by severity, day by day."""
    from matplotlib.ticker import MaxNLocator

    with canvas(6.4, 2.9) as (sheet, axes):
        labels = [f"{day:%m-%d}" for day in days["business_date"]]
        places = np.arange(len(labels))
        inspected = days["inspected"].cast(pl.Float64).replace(0, None)
        last = {}
        for (severity, colour), marker in zip(SEVERITY.items(), MARKERS, strict=True):
            rate = (days[f"{severity}_calls"] / inspected * 100).to_numpy()
            axes.plot(places, rate, color=colour, linewidth=1.8, marker=marker, markersize=4 if len(labels) > 1 else 7)
            if len(rate) and not np.isnan(rate[-1]):
                last[f"{words.code('severity', severity)} {rate[-1]:.1f}"] = (rate[-1], colour)
        axes.grid(axis="y")
        axes.set_ylim(bottom=0)
        _name_lines(axes, places[-1:], last)
        axes.set_xlim(-0.3, max(len(labels) - 1, 1) * 1.16)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick < len(labels)])
        axes.set_xticklabels([labels[int(tick)] for tick in axes.get_xticks()])
        axes.set(ylabel=words("figures.trend.y"))
        return finish("trend", words, sheet)


def _name_lines(axes, place: np.ndarray, last: dict[str, tuple[float, str]]) -> None:
    """Each line's name beside its last point, pushed upwards where two would lie on each other."""
    gap, height = 0.075 * axes.get_ylim()[1], -1.0
    for name, (value, colour) in sorted(last.items(), key=lambda item: item[1][0]):
        height = max(value, height)
        axes.annotate(
            name,
            (place[0], height),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
        )
        height += gap


def rules(words: Wording, frame: pl.DataFrame, most: int = 12) -> Figure:
    """The rules with most failures, failures by severity and doubts beside them."""
    top = frame.filter((pl.col("fail") + pl.col("unsure")) > 0).head(most).reverse()
    with canvas(6.4, 0.9 + 0.28 * max(len(top), 3)) as (sheet, axes):
        names = [
            label(f"{row['title']}  {row['rule_id']}")
            + (f" ({words.code('status', 'trial')})" if row["status"] == "trial" else "")
            for row in top.iter_rows(named=True)
        ]
        colours = [SEVERITY.get(severity, MUTED) for severity in top["severity"]]
        places = np.arange(len(names))
        axes.barh(places, top["fail"].to_numpy(), color=colours, height=0.62)
        axes.set_yticks(places, names)
        axes.barh(
            places,
            top["unsure"].to_numpy(),
            left=top["fail"].to_numpy(),
            color="none",
            edgecolor=UNSURE,
            hatch="////",
            height=0.62,
            linewidth=0.8,
        )
        for place, row in enumerate(top.iter_rows(named=True)):
            axes.annotate(
                f"{row['fail']}" + (f" + {row['unsure']}" if row["unsure"] else ""),
                (row["fail"] + row["unsure"], place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=MUTED,
            )
        axes.margins(x=0.12)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="y", labelcolor=INK)
        shown = [*SEVERITY, *(["info"] if "info" in top["severity"] else [])]
        key(
            sheet,
            [(words.code("severity", name), SEVERITY.get(name, MUTED), "") for name in shown]
            + [(words("figure_words.unsure"), UNSURE, "////")],
        )
        return finish("rules", words, sheet)


def coverage(words: Wording, total: dict) -> Figure:
    """From attempt to score: what is lost at each step."""
    steps = ["scored", "transcribed", "recorded", "connected", "listed"]
    with canvas(6.4, 2.0) as (sheet, axes):
        counts = [total[step] or 0 for step in steps]
        axes.barh(
            [words.code("step", step) for step in steps],
            counts,
            color=[BLUE, "#5a86a6", "#83a6bd", "#adc3d2", "#d3dfe7"],
            height=0.66,
        )
        for place, (count, whole) in enumerate(zip(counts, [*counts[1:], 0], strict=True)):
            share = f"   {words('figure_words.of_before', share=f'{100 * count / whole:.1f}%')}" if whole else ""
            axes.annotate(
                f"{count:,}{share}",
                (count, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=MUTED,
            )
        axes.margins(x=0.3)
        axes.xaxis.set_visible(False)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(axis="y", labelcolor=INK)
        return finish("coverage", words, sheet)


def hours(words: Wording, cells: pl.DataFrame, dimension: str, small_number: int, most: int = 14) -> Figure:
    """Share of failing calls by hour of the wall clock; each cell also carries its number of calls."""
    busiest = (
        cells.group_by(dimension)
        .agg(pl.col("inspected").sum())
        .sort("inspected", dimension, descending=[True, False])
        .head(most)
    )
    names = busiest[dimension].to_list()
    first, last = (int(cells["hour"].min()), int(cells["hour"].max())) if len(cells) else (8, 21)  # type: ignore[arg-type]
    grid = {
        (row[dimension], row["hour"]): (row["failed_calls"], row["inspected"]) for row in cells.iter_rows(named=True)
    }
    return heat_map(
        "hours",
        words,
        names,
        [str(hour) for hour in range(first, last + 1)],
        lambda row, column: grid.get((names[row], first + column)),
        small_number=small_number,
        bad="high",
    )


def checkpoints(words: Wording, frame: pl.DataFrame, small_number: int, most: int = 14) -> Figure:
    """Share of calls in which a checkpoint was said in time, by stage; the checkpoints judged most often."""
    frame = frame.filter(~pl.col("checkpoint_id").str.contains(".", literal=True))  # parts of a checkpoint stay out
    stages = frame["stage"].unique().sort().to_list()
    often = frame.group_by("title", maintain_order=True).agg(pl.col("cp_judged").sum())
    chosen = often.filter(pl.col("cp_judged") > 0).top_k(most, by="cp_judged")
    titles = often.join(chosen, on="title", how="semi", maintain_order="left")["title"].to_list()
    sums = frame.group_by("stage", "title").agg(pl.col("cp_pass", "cp_judged").sum())
    grid = {(row["stage"], row["title"]): (row["cp_pass"], row["cp_judged"]) for row in sums.iter_rows(named=True)}
    return heat_map(
        "checkpoints",
        words,
        stages,
        [title if len(title) <= 10 else f"{title[:9]}…" for title in titles],
        lambda row, column: grid.get((stages[row], titles[column])),
        small_number=small_number,
        bad="low",
    )


def mismatch(words: Wording, frame: pl.DataFrame) -> Figure:
    """Stored outcome × heard outcome in numbers of calls: grey where they agree, red where they do not."""
    rows = (
        frame.group_by("outcome")
        .agg(pl.col("calls").sum())
        .sort("calls", "outcome", descending=[True, False])["outcome"]
        .to_list()
    )
    columns = [name for name in frame["heard"].unique().sort() if name is not None] + [None]
    grid = {(row["outcome"], row["heard"]): (row["calls"], row["agrees"]) for row in frame.iter_rows(named=True)}
    with canvas(6.4, 1.3 + 0.3 * max(len(rows), 2)) as (sheet, axes):
        most = max([calls for (calls, agrees) in grid.values() if agrees is False] or [1])
        for (outcome, spoken), (calls, agrees) in grid.items():
            x, y = columns.index(spoken), rows.index(outcome)
            strength = 0.15 + 0.75 * calls / most
            colour = ("#eef1f5", 1) if agrees is None else (CALM, 0.35) if agrees else (FATAL, min(strength, 0.9))
            cell(
                axes,
                x,
                y,
                colour,
                f"{calls} ≠" if agrees is False else str(calls),
                ink="white" if agrees is False and strength > 0.5 else INK,
            )
        names = [
            words("figure_words.nothing_heard") if name is None else words.code("outcome", name) for name in columns
        ]
        frame_cells(axes, [words.code("outcome", name) for name in rows], names, tilt=len(columns) > 6)
        axes.set(
            xlabel=f"{words('figures.mismatch.x')}   {words('figure_words.disagrees')}",
            ylabel=words("figures.mismatch.y"),
        )
        return finish("mismatch", words, sheet)


def comparison(words: Wording, frame: pl.DataFrame, group: str) -> Figure:
    """Rates with their intervals, one line a group; the dashed line is the rate of all groups together."""
    shown = frame.reverse()
    with canvas(6.4, 1.1 + 0.34 * max(len(shown), 2)) as (sheet, axes):
        places = np.arange(len(shown))
        rate, low, high = (shown[name].to_numpy() * 100 for name in ("rate", "low", "high"))
        axes.hlines(places, low, high, color=BLUE, linewidth=2.4, alpha=0.55)
        axes.plot(rate, places, "o", color=BLUE, markersize=5)
        if (whole := shown["inspected"].sum()) > 0:
            axes.axvline(
                100 * (shown["rate"] * shown["inspected"]).sum() / whole,
                color=MUTED,
                linewidth=0.8,
                linestyle=(0, (4, 3)),
            )
        axes.set_yticks(places, [f"{label(row[group])}  n={row['inspected']}" for row in shown.iter_rows(named=True)])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter("{x:.0f}%")
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(axis="x")
        axes.set(xlabel=words("figures.comparison.x"))
        return finish("comparison", words, sheet)
