"""The results beside the dialer's outcomes: four tables in SQLite, PostgreSQL or MariaDB, replaced by business date.

One transaction a day: readers see the old day or the new one. Publishing again changes nothing. Quotes and reasons are
masked, names and numbers stay out, and the dialer's own tables are never written, altered or locked.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa

from inspection.errors import ResultsError
from inspection.privacy import mask, mask_column
from inspection.results import schema

CALL_FACTS = [
    "call_id", "business_date", "linked_call_id", "dialer", "direction", "debtor_id", "case_id", "phone_last4",
    "phone_owner", "stage", "dpd", "product", "agency", "agency_type", "team", "campaign", "agent_kind", "agent_id",
    "dialed_at", "answered_at", "ended_at", "talk_ms", "term_reason", "outcome_raw", "outcome", "promise_date",
]  # fmt: skip
SCORE_FACTS = ["scorecard", "earned", "possible", "score", "band", "fatal", "fatal_rules", "unsure", "verdict"]
END_FACTS = ["call_id", "state", "reason", "recording_id", "duration_ms"]
FINDING_FACTS = [
    "call_id", "rule_id", "rule_version", "title", "verdict", "severity", "status", "role", "turn_index", "start_ms",
    "end_ms", "quote", "confidence", "reason", "related_calls", "source", "expected",
]  # fmt: skip
KEYS = {"call_id", "linked_call_id", "related_calls"}
"""The dialer's own ids of calls, published as they are: beside the dialer's tables they are what joins."""
STATEMENT_BYTES = 1_000_000
"""Size of an INSERT of many rows; MariaDB and MySQL refuse more than max_allowed_packet, 4 MB in old versions."""
RELATED = ", "
"""Between the ids in `related_calls`."""
LOCK = 7_155_101
"""Number of the advisory lock that two publishing runs of one database share."""


Tables = Mapping[str, pl.DataFrame | pl.LazyFrame]


def publish(
    url: str, business_date: date, tables: Tables, run: pl.DataFrame | pl.LazyFrame | None = None
) -> dict[str, int]:
    """Replaces the day in the published tables; returns the rows written, by table.

    `run` is a row of RUNS (default: `tables["runs"]`). Of lazy tables only what is published is ever read. Raises
    ResultsError when the database is away or refuses; then nothing of the day has changed.
    """
    frames = published(business_date, tables, tables["runs"] if run is None else run)
    with writing(url) as connection:
        _one_at_a_time(connection)
        for table in reversed(schema.TABLES):
            connection.execute(
                sa.text(f"DELETE FROM {table} WHERE business_date = :day"), {"day": _plain(connection, business_date)}
            )
        for table, frame in frames.items():
            _insert(connection, table, frame)
    return {table: frame.height for table, frame in frames.items()}


def prepare(url: str, outcomes: tuple[str, str, str] | None = None) -> None:
    """Makes or migrates the tables; `outcomes` names the dialer's table, its call id and its outcome for a view."""
    with _connected(url) as connection:
        schema.migrate(connection)
        if outcomes is not None:
            schema.join_outcomes(connection, *outcomes)
        connection.commit()


def withdraw(url: str, call_ids: list[str]) -> int:
    """Deletes every row of these calls and what other findings say of them; returns how many rows went."""
    gone = 0
    with writing(url) as connection:
        for table in ("qc_components", "qc_findings", "qc_call_results"):
            for call_id in call_ids:
                gone += connection.execute(
                    sa.text(f"DELETE FROM {table} WHERE call_id = :id"), {"id": call_id}
                ).rowcount
        for call_id in call_ids:
            _unmention(connection, call_id)
    return gone


def naming(call_ids: Iterable[str]) -> re.Pattern[str]:
    """Finds where a text names one of the calls, also masked; an id that only contains one of theirs is another."""
    words = sorted({word for call_id in call_ids for word in (call_id, mask(call_id))}, key=len, reverse=True)
    inside = r"[0-9A-Za-z_\-]"
    return re.compile(rf"(?<!{inside})(?:{'|'.join(map(re.escape, words))})(?!{inside}|\.[0-9A-Za-z])")


def _unmention(connection: sa.Connection, call_id: str) -> None:
    """Takes the call out of the other calls that prove a finding, and out of its reason, where it may stand masked."""
    like = {"a": _containing(call_id), "b": _containing(mask(call_id))}
    named = " OR ".join(f"{column} LIKE :{name} ESCAPE '!'" for column in ("related_calls", "reason") for name in like)
    key = "business_date, call_id, finding_no"
    found = connection.execute(
        sa.text(f"SELECT {key}, related_calls, reason FROM qc_findings WHERE {named}"), like
    ).fetchall()
    for day, of, number, related, reason in found:
        rest = [one for one in (related or "").split(RELATED) if one and one != call_id]
        told = reason and naming([call_id]).sub("–", reason)
        connection.execute(
            sa.text(
                "UPDATE qc_findings SET related_calls = :related, reason = :reason"
                " WHERE business_date = :day AND call_id = :id AND finding_no = :number"
            ),
            {"related": RELATED.join(rest), "reason": told, "day": day, "id": of, "number": number},
        )


def _containing(text: str) -> str:
    """A pattern of LIKE ... ESCAPE '!'."""
    return "%" + re.sub(r"([!%_])", r"!\1", text) + "%"


def withdraw_day(url: str, business_date: date) -> int:
    """Deletes the whole day; returns how many rows went."""
    with writing(url) as connection:
        day = {"day": _plain(connection, business_date)}
        statements = [sa.text(f"DELETE FROM {table} WHERE business_date = :day") for table in reversed(schema.TABLES)]
        return sum(connection.execute(statement, day).rowcount for statement in statements)


def published(business_date: date, tables: Tables, run: pl.DataFrame | pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """The frames that go into the published tables, masked, with a row for each listed call."""
    day = {name: frame.lazy() for name, frame in tables.items()}
    attempts = day["attempts"].with_columns(business_date=pl.lit(business_date))
    ends = day["reconciliation"].drop_nulls("call_id").select(*END_FACTS)
    heard = day["audio"].select("call_id", "audio_sha256")
    scores = day["scores"].unique("call_id", keep="first", maintain_order=True).select("call_id", *SCORE_FACTS)
    calls = attempts.select(*CALL_FACTS).join(ends, on="call_id", how="left").join(heard, on="call_id", how="left")
    calls = calls.join(scores, on="call_id", how="left").with_columns(pl.col("fatal_rules").list.join(", "))
    names = attempts.select("call_id", "customer_name")
    told = day["findings"].filter(pl.col("verdict").is_in(["fail", "unsure"])).join(names, on="call_id", how="left")
    findings = told.with_columns(
        _without_name("quote"), _without_name("reason"), pl.col("related_calls").list.join(RELATED)
    )
    findings = _numbered(findings, "finding_no", ["rule_id", "start_ms", "turn_index", "start"], business_date)
    components = day["components"].filter(pl.col("possible") > 0)
    components = _numbered(components, "component_no", ["scorecard", "component", "rule_id"], business_date)
    frames = {
        "qc_runs": run.lazy().with_columns(business_date=pl.lit(business_date)),
        "qc_call_results": calls.sort("call_id"),
        "qc_findings": findings.select("business_date", "finding_no", *FINDING_FACTS),
        "qc_components": components,
    }
    return {table: _masked(frame).collect() for table, frame in frames.items()}


def _masked(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Every text without personal data, whatever its column is called; only the dialer's call ids stay."""
    texts = [name for name, dtype in frame.collect_schema().items() if dtype == pl.String and name not in KEYS]
    return frame.with_columns(map(mask_column, texts))


@contextmanager
def writing(url: str) -> Iterator[sa.Connection]:
    """A connection inside one transaction on migrated tables; committed at the end, rolled back on any error."""
    with _connected(url) as connection:
        if schema.migrate(connection):
            connection.commit()
        connection.rollback()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    try:
        address = sa.make_url(url)
        options: dict[str, Any] = {"timeout": 60} if address.get_backend_name() == "sqlite" else {}
        engine = sa.create_engine(address, poolclass=sa.NullPool, connect_args=options)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
        raise ResultsError(f"publish.url: {str(error).splitlines()[0]}") from error
    place = f"{address.get_backend_name()}://{address.host or ''}/{address.database or ''}"
    try:
        with engine.connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0][:300]
        raise ResultsError(
            f"publish to {place}: {cause}; nothing was changed there, publish again when it is back"
        ) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("psycopg", "pymysql", "sqlite3"):
            cause = str(error).strip().splitlines()[0][:300]
            raise ResultsError(
                f"publish to {place}: {cause}; nothing was changed there, publish again when it is back"
            ) from error
        raise


def _one_at_a_time(connection: sa.Connection) -> None:
    """Two runs publishing at once take turns; the lock goes with the transaction or the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.execute(sa.text(f"SELECT GET_LOCK('inspection-{LOCK}', 600)"))


def _insert(connection: sa.Connection, table: str, frame: pl.DataFrame) -> None:
    if frame.is_empty():
        return
    columns = ", ".join(frame.columns)
    frame = _cut(connection, table, frame)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv)") as copy:
            for part in frame.iter_slices(50_000):
                text = io.BytesIO()
                part.write_csv(text, include_header=False, null_value="", quote_style="necessary")
                copy.write(text.getvalue())
        return
    if connection.dialect.name == "sqlite":
        marks = ", ".join(["?"] * frame.width)
        for part in _as_text(frame).iter_slices(20_000):
            connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", part.rows())
        return
    cursor = connection.connection.cursor()
    for part in _as_text(frame).iter_slices(20_000):
        for values in _literals(part):
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {values}")


def _literals(frame: pl.DataFrame) -> Iterator[str]:
    """The rows as SQL for INSERT … VALUES, in stretches of STATEMENT_BYTES.

    Text is written as x'e4bda0', which holds neither quotes nor backslashes, so nothing has to be escaped. Made by
    columns: a driver that escapes value by value takes three times as long.
    """
    values = [
        pl.concat_str(pl.lit("x'"), pl.col(name).cast(pl.Binary).bin.encode("hex"), pl.lit("'"))
        if dtype == pl.String
        else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
    ]
    row = pl.format("({})", pl.concat_str([value.fill_null("NULL") for value in values], separator=","))
    statement = pl.col("row").str.len_bytes().cum_sum() // STATEMENT_BYTES
    grouped = frame.select(row=row).group_by(statement, maintain_order=True)
    yield from grouped.agg(values=pl.col("row").str.join(","))["values"]


def _cut(connection: sa.Connection, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Names as long as their columns at most: one long team name must not stop a day. Call ids are never cut."""
    found = {
        column["name"]: getattr(column["type"], "length", None) for column in sa.inspect(connection).get_columns(table)
    }
    limits = {
        name: length
        for name, length in found.items()
        if length and name != "call_id" and frame.schema.get(name) == pl.String
    }
    return frame.with_columns(pl.col(name).str.head(length) for name, length in limits.items())


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as text in UTC and truth values as 0 or 1, for databases whose drivers know no better."""
    return frame.with_columns(
        pl.selectors.datetime().dt.strftime("%Y-%m-%d %H:%M:%S%.3f"), pl.selectors.date().dt.strftime("%Y-%m-%d"),
        pl.selectors.boolean().cast(pl.Int8),
    )  # fmt: skip


def _plain(connection: sa.Connection, day: date) -> Any:
    return day.isoformat() if connection.dialect.name == "sqlite" else day


def _numbered(frame: pl.LazyFrame, number: str, order: list[str], business_date: date) -> pl.LazyFrame:
    frame = frame.sort("call_id", *order, maintain_order=True)
    return frame.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).over("call_id").alias(number),
        pl.lit(business_date).alias("business_date"),
    )


def _without_name(column: str) -> pl.Expr:
    """The customer's name inside a quote as its family name and stars, at the same length."""
    name = pl.col("customer_name")
    stars = pl.concat_str(name.str.head(1), pl.lit("*").repeat_by(name.str.len_chars() - 1).list.join(""))
    known = name.str.len_chars().fill_null(0) > 1
    return pl.when(known).then(pl.col(column).str.split(name).list.join(stars)).otherwise(column).alias(column)
