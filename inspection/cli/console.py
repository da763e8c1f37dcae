"""What the terminal shows: progress of a day, its summary."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from inspection import progress as reporting

console = Console()


class DayProgress:
    """One line a step while a day is inspected; on a pipe or in CI, one plain line when a step begins."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._ids: dict[str, Any] = {}
        self._tenths: dict[str, int] = {}

    def __enter__(self) -> DayProgress:
        self._bars.start()
        self._reported = reporting.reported_to(self.listener)
        self._reported.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._reported.__exit__(None, None, None)
        self._bars.stop()

    def listener(self, step: str, done: int, total: int) -> None:
        """A reporting.Listener: draws the step's bar, or says each tenth of it where nothing can be drawn."""
        if console.is_terminal:
            if step not in self._ids:
                self._ids[step] = self._bars.add_task(step, total=total or None)
            self._bars.update(self._ids[step], completed=done, total=total or None)
            return
        tenth = 10 * done // total if total else 0
        if self._tenths.get(step) != tenth:
            self._tenths[step] = tenth
            console.print(f"{step}: {done} of {total}" if total else step)


def print_summary(summary: dict[str, Any]) -> None:
    """The day in a short table, and where the report lies."""
    table = Table(title=f"质检 · {summary['business_date']}", show_header=False, title_justify="left")
    table.add_row("calls listed", str(summary["listed"]))
    table.add_row("inspected", str(summary["inspected"]))
    for reason, count in summary["skipped"].items():
        table.add_row(f"skipped: {reason}", str(count))
    table.add_row("fatal findings", str(summary["fatal_findings"]))
    table.add_row("calls for a person (unsure)", str(summary["unsure_calls"]))
    score = summary["average_score"]
    table.add_row("average score", "–" if score is None else f"{score:.1f}")
    console.print(table)
    for reason in summary["red"]:
        console.print(f"red: {reason}", style="red", soft_wrap=True)
    console.print(f"report: {summary['report']}", soft_wrap=True)
