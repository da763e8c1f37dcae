"""Asterisk: call detail records, one row a leg, grouped to calls by `linkedid`.

Schema: `contrib/ast-db-manage/cdr` of the Asterisk sources. `duration` counts from the start and `billsec` from the
answer, so everything that is late or early in a conversation is measured from `answer`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from inspection.errors import IntakeError
from inspection.intake.mapping import instant
from inspection.intake.sources import query_rows, rows_of

Limits = tuple[datetime, datetime, str]

LEG = [
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "start", "answer", "end",
    "duration", "billsec", "disposition", "userfield", "uniqueid", "linkedid", "peeraccount", "sequence",
]  # fmt: skip
ORDER = ["ANSWERED", "BUSY", "CONGESTION", "NO ANSWER", "FAILED"]
"""A call ended as the first of these that any of its legs did."""


def calls(connection: sa.Connection, limits: Limits, query: str | None, parameters: dict[str, Any]) -> pl.DataFrame:
    """One row for each call with a leg within the limits, with the columns that asterisk.yaml maps.

    `limits` are start, end and the name of the clock they and the records are on. A firm whose records have other
    names gives a `query` with the columns of the `cdr` table. Raises IntakeError when a needed column is missing.
    """
    legs = query_rows(connection, query, parameters) if query else _legs(connection, limits)
    needed = ["linkedid", "uniqueid", "start", "answer", "end", "disposition", "billsec"]
    if missing := [name for name in needed if name not in legs.columns]:
        raise IntakeError(f"dialer: the call detail records have no column {missing}; they have {sorted(legs.columns)}")
    absent = [pl.lit(None, pl.String).alias(name) for name in LEG if name not in legs.columns]
    return by_linkedid(legs.with_columns(absent), limits[2])


def by_linkedid(legs: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Legs as calls. The first leg says who called whom; the talk lasts from the first answer to the last leg's end.

    A leg is answered when its `disposition` says so and it was billed. `userfield` holds what every leg says, by line.
    """
    legs = legs.with_columns(
        *(_filled(name) for name in ("linkedid", "uniqueid", "userfield", "disposition")),
        *(instant(pl.col(name), legs.schema[name], timezone) for name in ("start", "answer", "end")),
        pl.col("billsec").cast(pl.Int64, strict=False).fill_null(0),
    ).with_columns(call_id=pl.coalesce("linkedid", "uniqueid"))
    legs = legs.sort("call_id", "start", "sequence", "uniqueid")
    answered = (pl.col("disposition") == "ANSWERED") & (pl.col("billsec") > 0)
    answer = pl.col("answer").filter(answered)
    hung_up = (pl.col("answer") + pl.duration(seconds=pl.col("billsec"))).filter(answered)
    rank = pl.col("disposition").replace_strict(ORDER, list(range(len(ORDER))), default=9, return_dtype=pl.Int8)
    first = ["accountcode", "src", "dst", "dcontext", "clid", "channel", "peeraccount", "start", "uniqueid"]
    return legs.group_by("call_id", maintain_order=True).agg(
        pl.col(first).first(),
        pl.col("end").max(),
        pl.col("disposition").sort_by(rank).first(),
        pl.col("userfield").drop_nulls().unique(maintain_order=True).str.join("\n"),
        answer=answer.min(),
        talk_sec=(hung_up.max() - answer.min()).dt.total_seconds().fill_null(0),
        legs=pl.len(),
    )


def _legs(connection: sa.Connection, limits: Limits) -> pl.DataFrame:
    """All legs of the calls with a leg within the limits: a call belongs to the day on which its first leg began."""
    if not sa.inspect(connection).has_table("cdr"):
        raise IntakeError("dialer: no table cdr; name your call detail records by a `query` in dialer.mapping")
    cdr = sa.Table("cdr", sa.MetaData(), autoload_with=connection)
    moment, low, high = cdr.c.start, *limits[:2]
    if connection.dialect.name == "sqlite":  # times are text there
        moment, low, high = sa.type_coerce(moment, sa.String), str(low), str(high)  # type: ignore[assignment]
    within = sa.and_(moment >= low, moment < high)
    mine = sa.select(cdr.c.linkedid).where(within, cdr.c.linkedid != "")
    columns = [cdr.c[name] for name in LEG if name in cdr.c]
    return rows_of(connection, sa.select(*columns).where(sa.or_(cdr.c.linkedid.in_(mine), within)))


def _filled(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(column)
