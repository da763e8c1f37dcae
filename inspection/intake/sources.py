"""Where the dialer's rows come from: an SQL database, or a CSV, Excel or Parquet file. Only ever read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from inspection.errors import IntakeError

ROWS_AT_ONCE = 20_000
"""Rows fetched at once: bounds the memory that Python objects take on their way into columns."""


def read_rows(url: str, query: str | None, sheet: str | None, parameters: dict[str, Any]) -> pl.DataFrame:
    """Rows of a database query or of a whole file, with the source's own column names.

    A query may use the parameters `:date`, `:next_date` (business date and the day after), `:start_utc`, `:end_utc`
    (its limits as UTC times without zone), `:start_epoch`, `:end_epoch` (seconds).
    Raises IntakeError naming the source, never its password.
    """
    if "://" not in url:
        return _read_file(Path(url), sheet)
    if not query:
        raise IntakeError(f"dialer.mapping: `query` is missing; {_shown(url)} is a database and needs one")
    with reading(url) as connection:
        return query_rows(connection, query, parameters)


@contextmanager
def reading(url: str) -> Iterator[sa.Connection]:
    """A connection in a read-only transaction; the database itself refuses to be changed through it."""
    shown = _shown(url)
    try:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
            if not Path(str(address.database)).exists():
                raise IntakeError(f"dialer.url: {address.database}: no such database file")
            address = address.set(
                database=f"file:{Path(str(address.database)).resolve()}", query={"mode": "ro", "uri": "true"}
            )
        engine = sa.create_engine(address, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
        raise IntakeError(f"dialer.url: {shown}: {_first_line(error)}") from error
    try:
        with engine.connect() as connection:
            _forbid_writing(connection)
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise IntakeError(f"dialer {shown}: {_first_line(error)}") from error


def query_rows(connection: sa.Connection, query: str, parameters: dict[str, Any]) -> pl.DataFrame:
    """Rows of a query written by the firm; it may use any of the `parameters`."""
    used = {name: value for name, value in parameters.items() if re.search(rf"(?<!:):{name}\b", query)}
    if connection.dialect.name == "sqlite":  # dates and times are text there
        used = {name: str(value) if isinstance(value, date) else value for name, value in used.items()}
    return rows_of(connection, sa.text(query).bindparams(**used))


def rows_of(connection: sa.Connection, statement: sa.Executable) -> pl.DataFrame:
    """Rows of a statement; columns keep their dtypes, those without any value are String."""
    result = connection.execution_options(stream_results=True).execute(statement)
    names = list(result.keys())
    parts = [
        pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None, strict=False)
        for rows in result.partitions(ROWS_AT_ONCE)
    ]
    whole = pl.concat(parts, how="vertical_relaxed") if parts else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return whole.with_columns(pl.col(name).cast(pl.String) for name, dtype in whole.schema.items() if dtype == pl.Null)


def day_limits(business_date: date, timezone: str, clock: str) -> tuple[datetime, datetime]:
    """Start and end of the business date, which is a day of `timezone`, as times without zone on another `clock`."""
    days = (business_date, business_date + timedelta(days=1))
    moments = (datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(ZoneInfo(clock)) for day in days)
    start, end = (moment.replace(tzinfo=None) for moment in moments)
    return start, end


def day_parameters(business_date: date, timezone: str) -> dict[str, Any]:
    """The parameters that a query of one business date may use."""
    start, end = day_limits(business_date, timezone, "UTC")
    return {
        "date": business_date,
        "next_date": business_date + timedelta(days=1),
        "start_utc": start,
        "end_utc": end,
        "start_epoch": int(start.replace(tzinfo=UTC).timestamp()),
        "end_epoch": int(end.replace(tzinfo=UTC).timestamp()),
    }


def _forbid_writing(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET TRANSACTION READ ONLY"))
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.execute(sa.text("START TRANSACTION READ ONLY"))


def _read_file(path: Path, sheet: str | None) -> pl.DataFrame:
    readers = {
        ".csv": lambda: pl.read_csv(path, infer_schema=False),
        ".tsv": lambda: pl.read_csv(path, infer_schema=False, separator="\t"),
        ".xlsx": lambda: pl.read_excel(path, sheet_name=sheet, infer_schema_length=None),
        ".xls": lambda: pl.read_excel(path, sheet_name=sheet, infer_schema_length=None),
        ".parquet": lambda: pl.read_parquet(path),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise IntakeError(f"dialer.url: {path}: not a database address, nor one of {', '.join(readers)}")
    try:
        return reader()
    except FileNotFoundError:
        raise IntakeError(f"dialer.url: {path}: no such file") from None
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise IntakeError(f"dialer.url: {path}: cannot be read: {_first_line(error)}") from error


def _shown(url: str) -> str:
    """The address without user and password, fit for a message."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        return "(not an address)"
    return f"{address.get_backend_name()}://{address.host or ''}/{address.database or ''}"


def _first_line(error: BaseException) -> str:
    """What the database said, without the statement and its values, which may hold personal data."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().split("\n")[0][:300]
