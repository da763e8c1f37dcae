"""`inspection explain | forget | publish | grants`: the results of days that are in the store."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from inspection.errors import UsageError

app = typer.Typer()

Settings = Annotated[Path, typer.Option("--settings", "-s", help="Settings of the working folder.")]
DEFAULT = Path("inspection.toml")


@app.command()
def explain(
    call_id: Annotated[str, typer.Argument(help="The call, as the dialer names it.")], settings: Settings = DEFAULT
) -> None:
    """Show why a call has its score: rules, words with their times, models, the audio's hash. Numbers are masked."""
    from inspection.results.explain import explain as chain
    from inspection.results.store import Store
    from inspection.settings import load

    typer.echo(chain(Store(load(settings).store.root), call_id))


@app.command()
def forget(
    call_id: Annotated[str, typer.Argument(help="The call, as the dialer names it.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "request",
    settings: Settings = DEFAULT,
) -> None:
    """Remove one call from the store, the transcripts, the published tables and the pages, and write an audit row."""
    from inspection.results import retention
    from inspection.settings import load

    done, locations = retention.forget(load(settings), call_id, reason)
    typer.echo(
        f"forgotten: {done.rows} stored rows, {done.transcripts} transcripts, {done.published_rows} published rows, "
        f"{done.pages} files of reports and work"
    )
    typer.echo(f"next: `inspection report day {done.business_date}` draws the day's report again")
    if locations:
        typer.echo(f"{len(locations)} recordings are the archive's own; delete them there (they are only read here)")


@app.command()
def publish(
    business_date: Annotated[str, typer.Argument(help="Business date, 2026-11-20.")] = "",
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Make or migrate the tables and views, as their owner; publish nothing.")
    ] = False,
    settings: Settings = DEFAULT,
) -> None:
    """Publish a stored day again; safe to repeat."""
    from inspection.results import publish as publishing
    from inspection.results.store import Store
    from inspection.settings import load
    from inspection.tables import STORED

    house = load(settings)
    url = house.publish.url.get_secret_value()
    if not url:
        raise UsageError(f"{settings}: publish.url is not set; it names the database that receives the results")
    if prepare:
        place = house.publish
        outcomes = (place.outcomes_table, place.outcomes_call_id, place.outcomes_code) if place.outcomes_table else None
        publishing.prepare(url, outcomes)
        typer.echo("tables and views are of this version")
        return
    day, store = _date(business_date or "no date"), Store(house.store.root)
    if day not in store.days():
        raise UsageError(f"{house.store.root}: holds no day {day}; what is published of it stays")
    tables = {name: store.table(name, day, day).select(columns.names()) for name, columns in STORED.items()}
    rows = publishing.publish(url, day, tables)
    typer.echo(", ".join(f"{table}: {count}" for table, count in rows.items()))


@app.command()
def grants(
    user: Annotated[str, typer.Argument(help="The database user of the nightly run.")],
    dialect: Annotated[str, typer.Option(help="postgresql or mariadb")] = "postgresql",
    schema: Annotated[
        str, typer.Option(help="Schema (PostgreSQL) or database (MariaDB) of the published tables.")
    ] = "public",
) -> None:
    """Print the SQL that gives a user the least it needs to publish."""
    from inspection.results.schema import grants as statements

    for statement in statements(dialect, user, schema):
        typer.echo(statement)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"{text}: write the date as 2026-11-20") from None
