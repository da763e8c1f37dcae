"""`inspection report day | topic | evidence`: the pages again, from stored results alone."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from inspection.errors import UsageError

app = typer.Typer(name="report", help="Reports from stored results: a day, a topic over any days, single calls.")

Settings = Annotated[Path, typer.Option("--settings", "-s", help="Settings of the working folder.")]
Audio = Annotated[bool, typer.Option("--audio/--no-audio", help="Lay the recordings into the evidence pages.")]
DEFAULT = Path("inspection.toml")


@app.command()
def day(
    business_date: Annotated[str, typer.Argument(help="Business date, 2026-11-20.")],
    settings: Settings = DEFAULT,
    audio: Audio = True,
) -> None:
    """Write a day's report and its evidence pages again."""
    from inspection.report.daily import write_day
    from inspection.results.places import writing

    when = _date(business_date)
    store, loaded = _opened(settings)
    if when not in store.days(when, when):
        raise UsageError(f"report day {when}: the store {store.root} has no results of that day; run it first")
    recordings = _recordings(store, when, when, loaded) if audio else None
    with writing(loaded.report.folder):
        typer.echo(write_day(store, when, loaded, recordings))


@app.command()
def topic(  # noqa: PLR0917 — a command's options, given by name
    name: Annotated[str, typer.Argument(help="agent, rule, third-party, robots, repeat or agencies.")],
    value: Annotated[str, typer.Argument(help="Which agent or rule; nothing for the other topics.")] = "",
    start: Annotated[str, typer.Option("--from", help="First day, 2026-11-01; default: the first in the store.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day; default: the last in the store.")] = "",
    settings: Settings = DEFAULT,
    audio: Audio = True,
) -> None:
    """Write a report on one topic over any range of days."""
    from inspection.report.topics import write_topic
    from inspection.results.places import writing

    store, loaded = _opened(settings)
    days = store.days()
    if not days:
        raise UsageError(f"report topic {name}: the store {store.root} is empty; run a day first")
    first, last = _date(start) if start else days[0], _date(end) if end else days[-1]
    recordings = _recordings(store, first, last, loaded) if audio else None
    with writing(loaded.report.folder):
        typer.echo(write_topic(store, name, first, last, loaded, value=value, recording=recordings))


@app.command()
def evidence(
    call_ids: Annotated[list[str], typer.Argument(help="Calls to write pages of, whatever their verdict.")],
    settings: Settings = DEFAULT,
    audio: Audio = True,
) -> None:
    """Write the evidence pages of single calls into their days' reports."""
    from inspection.privacy import mask
    from inspection.report.evidence import write_calls
    from inspection.report.span import Span

    store, loaded = _opened(settings)
    known = dict(store.attempts().select("call_id", "business_date").unique("call_id").collect().iter_rows())
    for call_id in call_ids:
        if call_id not in known:
            raise UsageError(f"report evidence: no call {mask(call_id)} in the store {store.root}")
        when = known[call_id]
        folder = loaded.report.folder / when.isoformat() / "evidence"
        recordings = _recordings(store, when, when, loaded) if audio else None
        typer.echo(write_calls(Span(store, when, when), [call_id], folder, loaded, recordings)[call_id])


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"{text}: write a date as 2026-11-20") from None


def _opened(settings: Path) -> tuple[Any, Any]:
    from inspection.results.store import Store
    from inspection.settings import load

    loaded = load(settings)
    return Store(loaded.store.root), loaded


def _recordings(store: Any, start: date, end: date, settings: Any) -> Any:
    from inspection.report.locate import Recordings
    from inspection.report.span import Span

    return Recordings(Span(store, start, end), settings)
