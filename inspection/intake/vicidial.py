"""VICIdial: its call logs, recordings, agents and leads joined by the rules of its own code, archives included.

Schema and join rules: `extras/MySQL_AST_CREATE_tables.sql` (db_schema_version 1615) and `www/agc/vdc_db_query.php`.

    recording_log.vicidial_id   is   vicidial_log.uniqueid          an outbound call; holds a dot: 1764000000.123
                                     vicidial_closer_log.closecallid   an inbound call; holds none
                                     a caller id code                  manual dialling, until it is filled in
                                     blank                             → same lead and user, started within the call
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import polars.selectors as cs
import sqlalchemy as sa

from inspection.errors import IntakeError
from inspection.intake.mapping import instant
from inspection.intake.sources import rows_of

SLACK_S = 60
"""How far a recording without an id may start before or after its call: two servers' clocks."""

LATE = timedelta(hours=6)
"""How long after midnight a recording of the day's last calls may start."""

LOG = [
    "uniqueid", "lead_id", "list_id", "campaign_id", "call_date", "start_epoch", "end_epoch", "length_in_sec", "status",
    "phone_code", "phone_number", "user", "comments", "user_group", "term_reason", "alt_dial", "called_count",
]  # fmt: skip
CLOSER = ["closecallid", *(name for name in LOG if name != "alt_dial"), "queue_seconds", "xfercallid"]
RECORDING = ["recording_id", "start_epoch", "end_epoch", "filename", "location", "lead_id", "user", "vicidial_id"]
AGENT = ["agent_log_id", "uniqueid", "lead_id", "user", "talk_epoch", "talk_sec", "dead_sec", "event_time"]
LEAD = [
    "lead_id", "vendor_lead_code", "source_id", "first_name", "last_name", "alt_phone", "email", "comments", "rank",
    "owner",
]  # fmt: skip


def calls(connection: sa.Connection, start: datetime, end: datetime, timezone: str) -> pl.DataFrame:
    """One row for each call that began in [start, end), outbound and inbound, with the columns that vicidial.yaml maps.

    `start` and `end` are on the dialer's clock, `timezone`. Raises IntakeError when a table is missing.
    """
    shelf = _Shelf(connection)
    outbound = shelf.between("vicidial_log", LOG, "call_date", start, end)
    inbound = shelf.between("vicidial_closer_log", CLOSER, "call_date", start, end)
    both = _one_list(outbound, inbound, timezone)
    recordings = shelf.between("recording_log", RECORDING, "start_time", start - timedelta(seconds=SLACK_S), end + LATE)
    agents = shelf.between("vicidial_agent_log", AGENT, "event_time", start, end + LATE)
    both = both.join(_talk(agents), on=["uniqueid", "user"], how="left", maintain_order="left")
    both = both.join(shelf.leads(start, end), on="lead_id", how="left", maintain_order="left")
    both = _with_talk(both, shelf.answered(start, end), shelf.human_statuses())
    found = recordings_of(both, recordings, shelf.caller_codes(start, end + LATE))
    return both.join(found, on="call_id", how="left", maintain_order="left")


def recordings_of(both: pl.DataFrame, recordings: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Rows of (call_id, recording): the recordings of each call as lines, by the first rule that finds the call.

    A recording without an id that lies within two calls of its lead and user belongs to neither.
    """
    recordings = recordings.with_columns(
        _filled("vicidial_id"),
        pl.col("lead_id", "start_epoch").cast(pl.Int64, strict=False),
        hint=pl.coalesce(_filled("location"), _filled("filename")),
    ).drop_nulls("hint")
    by_id = recordings.join(both.select("call_id"), left_on="vicidial_id", right_on="call_id", coalesce=False)
    rest = recordings.join(by_id, on="recording_id", how="anti")
    coded = rest.join(codes, left_on="vicidial_id", right_on="caller_code").join(
        both.select("call_id", "uniqueid"), on="uniqueid"
    )
    coded = coded.filter(pl.len().over("recording_id") == 1)
    of_no_call = pl.col("vicidial_id").is_null() | ~pl.col("vicidial_id").str.contains(r"^[0-9.]+$")
    rest = rest.join(coded, on="recording_id", how="anti").filter(of_no_call)
    times = both.select("call_id", "lead_id", "user", call_start="start_epoch", call_end="end_epoch")
    near = rest.join(times, on=["lead_id", "user"])
    last = pl.coalesce("call_end", "call_start") + SLACK_S
    near = near.filter(pl.col("start_epoch").is_between(pl.col("call_start") - SLACK_S, last))
    near = near.filter(pl.len().over("recording_id") == 1)
    columns = ["call_id", "recording_id", "hint"]
    found = pl.concat([part.select(columns) for part in (by_id, coded, near)]).sort("call_id", "recording_id")
    return found.group_by("call_id", maintain_order=True).agg(recording=pl.col("hint").str.join("\n"))


class _Shelf:
    """The dialer's tables, live and archived, read with the columns that are there."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._names = set(sa.inspect(connection).get_table_names())

    def between(self, name: str, columns: list[str], moment: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows of a table and its archive whose `moment` lies in [start, end); a row in both counts once."""
        if name not in self._names:
            raise IntakeError(f"dialer: no table {name}; dialer.kind = vicidial needs VICIdial's own tables")
        parts = []
        for table in (self._table(each) for each in (name, f"{name}_archive") if each in self._names):
            wanted = [table.c[column] for column in columns if column in table.c]
            parts.append(rows_of(self._connection, sa.select(*wanted).where(self._within(table.c[moment], start, end))))
        rows = pl.concat(parts, how="diagonal_relaxed").unique(columns[0], keep="first", maintain_order=True)
        absent = [pl.lit(None, pl.String).alias(column) for column in columns if column not in rows.columns]
        return rows.with_columns(absent).select(columns)

    def _within(self, moment: sa.Column, start: datetime, end: datetime) -> sa.ColumnElement[bool]:
        if self._connection.dialect.name == "sqlite":  # times are text there
            text = sa.type_coerce(moment, sa.String)
            return sa.and_(text >= str(start), text < str(end))
        return sa.and_(moment >= start, moment < end)

    def leads(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The leads that were called, without their changing status: a call's outcome stands in its own log row."""
        if "vicidial_list" not in self._names:
            names = [name if name == "lead_id" else f"lead_{name}" for name in [*LEAD, "name"]]
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String) | {"lead_id": pl.Int64})
        leads, parts = self._table("vicidial_list"), []
        for name in ("vicidial_log", "vicidial_closer_log", "vicidial_log_archive", "vicidial_closer_log_archive"):
            if name in self._names:
                log = self._table(name)
                called = sa.select(log.c.lead_id).where(self._within(log.c.call_date, start, end))
                columns = [leads.c[column] for column in LEAD if column in leads.c]
                parts.append(rows_of(self._connection, sa.select(*columns).where(leads.c.lead_id.in_(called))))
        rows = pl.concat(parts, how="vertical_relaxed").unique("lead_id", keep="first", maintain_order=True)
        name = pl.concat_str("last_name", "first_name", ignore_nulls=True)
        rows = rows.with_columns(pl.col("lead_id").cast(pl.Int64), name=name)
        return rows.select("lead_id", (~cs.by_name("lead_id")).name.prefix("lead_"))

    def answered(self, start: datetime, end: datetime) -> pl.DataFrame:
        """(uniqueid, answered_sec) of calls that the carrier connected, where that log is kept."""
        if "vicidial_carrier_log" not in self._names:
            return pl.DataFrame(schema={"uniqueid": pl.String, "answered_sec": pl.Int64})
        rows = self.between(
            "vicidial_carrier_log", ["uniqueid", "dialstatus", "answered_time"], "call_date", start, end
        )
        answered = rows.filter(pl.col("dialstatus").cast(pl.String) == "ANSWER")
        return answered.select("uniqueid", answered_sec=pl.col("answered_time").cast(pl.Int64, strict=False))

    def human_statuses(self) -> list[str]:
        """Status codes of calls that a person answered, by the dialer's own tables."""
        codes: set[str] = set()
        for name in ("vicidial_statuses", "vicidial_campaign_statuses"):
            if name in self._names:
                table = self._table(name)
                codes |= set(
                    self._connection.execute(sa.select(table.c.status).where(table.c.human_answered == "Y")).scalars()
                )
        return sorted(codes)

    def caller_codes(self, start: datetime, end: datetime) -> pl.DataFrame:
        """(caller_code, uniqueid), where the extended log is kept."""
        columns = ["uniqueid", "caller_code"]
        if "vicidial_log_extended" not in self._names:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return self.between("vicidial_log_extended", columns, "call_date", start, end).drop_nulls()

    def _table(self, name: str) -> sa.Table:
        return sa.Table(name, sa.MetaData(), autoload_with=self._connection)


def _one_list(outbound: pl.DataFrame, inbound: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Both logs as one. A closer row whose uniqueid stands in the outbound log is a leg of that call, not a new one."""
    out = outbound.with_columns(call_id=pl.col("uniqueid"), direction=pl.lit("outbound"))
    transferred = pl.col("uniqueid").is_in(outbound["uniqueid"].implode())
    closed = inbound.with_columns(
        pl.col("closecallid").cast(pl.String),
        call_id=pl.col("closecallid").cast(pl.String),
        direction=pl.when(transferred).then(pl.lit("outbound")).otherwise(pl.lit("inbound")),
    )
    whole = pl.concat([out, closed], how="diagonal_relaxed")
    numbers = ["start_epoch", "end_epoch", "length_in_sec", "lead_id"]
    whole = whole.with_columns(
        pl.col(numbers).cast(pl.Int64, strict=False),
        pl.col("queue_seconds").cast(pl.Float64, strict=False),
        pl.col("user").cast(pl.String),
        linked=pl.coalesce(_filled("uniqueid"), "call_id"),
    )
    clock = instant(pl.col("call_date"), whole.schema["call_date"], timezone)
    epoch = pl.when(pl.col("start_epoch") > 0).then(pl.from_epoch("start_epoch", "s").dt.replace_time_zone("UTC"))
    return whole.with_columns(dialed_at=pl.coalesce(epoch, clock))


def _talk(agents: pl.DataFrame) -> pl.DataFrame:
    """Seconds that each agent talked in a call; `dead_sec` is the time after the customer had hung up."""
    seconds = pl.col("talk_sec").cast(pl.Int64, strict=False) - pl.col("dead_sec").cast(
        pl.Int64, strict=False
    ).fill_null(0)
    agents = agents.with_columns(_filled("uniqueid"), pl.col("user").cast(pl.String)).drop_nulls("uniqueid")
    return agents.group_by("uniqueid", "user").agg(agent_talk_sec=seconds.clip(0).sum())


def _with_talk(both: pl.DataFrame, answered: pl.DataFrame, human: list[str]) -> pl.DataFrame:
    """Adds `talk_sec`: from the carrier, else from the agent's log, else the call's length where a person answered.

    `length_in_sec` counts from dialling in the outbound log; in the inbound log it holds the wait in the queue.
    """
    both = both.join(answered, on="uniqueid", how="left", maintain_order="left")
    of_leg = pl.col("closecallid").is_not_null()
    length = (pl.col("length_in_sec") - pl.col("queue_seconds").fill_null(0)).clip(0)
    by_length = pl.when(of_leg | pl.col("status").is_in(human)).then(length).otherwise(0)
    carrier = pl.when(~of_leg).then("answered_sec")
    agent = pl.when(pl.col("agent_talk_sec") > 0).then("agent_talk_sec")
    return both.with_columns(talk_sec=pl.coalesce(agent, carrier, by_length).cast(pl.Int64))


def _filled(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(column)
