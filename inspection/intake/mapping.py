"""The mapping file: which of the source's columns is which of the contract's, written by the firm in YAML.

    query: select * from calls where date(started) = :date   # databases only
    sheet: 通话                                               # Excel only
    timezone: Asia/Shanghai                                   # clock of times without a zone; default: the firm's
    columns:
      call_id: uniqueid                                       # a column as it is
      direction: {const: outbound}                            # the same for every row
      phone_owner: {column: relation, map: {本人: debtor, 联系人: contact}, default: unknown}
      amount_due_cents: {column: amount_yuan, scale: 100}     # a number times a factor
      dialed_at: {column: started, format: "%Y/%m/%d %H:%M:%S"}
      answered_at: {column: answer_epoch, epoch: s}           # s | ms
      stage: {column: dpd, ranges: {M0: [-9999, 0], M1: [1, 30], M2: [31, 60]}}     # both ends included
      agency_type: {column: team, pattern: "^(.)"}            # first group of a regular expression
      recording_hint: {column: files, split: ";"}             # several recordings of one call

    joins:                                                    # what another system knows, by a common key
      - {source: cases.csv, on: {case_no: case_no}}           # its column: ours; a file or an address with a query
      - {source: "postgresql+psycopg://…", query: select …, on: {phone: number}}

The kinds `vicidial` and `asterisk` come with a mapping of their own; a firm's file adds to it or replaces parts.
Besides the columns of tables.ATTEMPTS there is `phone`, the number in the clear: it becomes `phone_key` and
`phone_last4` and goes no further. `debtor_id` may be given as it is; it becomes a pseudonym.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from inspection.errors import IntakeError
from inspection.tables import ATTEMPTS, INSTANT

DERIVED = {"business_date", "dialer", "phone_key", "phone_last4", "outcome"}
"""Columns that intake works out itself, for every source in the same way."""

RAW = pl.Schema({"phone": pl.String} | {name: dtype for name, dtype in ATTEMPTS.items() if name not in DERIVED})
"""What a connector gives for each attempt: the contract's columns before intake completes them."""

TRUE = ["1", "true", "yes", "y", "t", "是"]
FALSE = ["0", "false", "no", "n", "f", "否"]


class Column(BaseModel):
    """How one column of the contract is made; see the module's example for each key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    const: str | None = None
    map: dict[str, str] | None = None
    default: str | None = None
    scale: float | None = None
    format: str | None = None
    epoch: Literal["s", "ms"] | None = None
    ranges: dict[str, tuple[float, float]] | None = None
    pattern: str | None = None
    split: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        if (self.column is None) == (self.const is None):
            raise ValueError("give either `column` or `const`")
        return self


class Join(BaseModel):
    """Rows of another source, put beside ours where a column of theirs equals one of ours; the first one counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    query: str | None = None
    sheet: str | None = None
    on: dict[str, str]


class Mapping(BaseModel):
    """A firm's mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str | None = None
    sheet: str | None = None
    timezone: str | None = None
    joins: tuple[Join, ...] = ()
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _known(self) -> Mapping:
        if unknown := set(self.columns) - set(RAW):
            hint = (
                f"{', '.join(sorted(DERIVED))} are worked out by intake" if unknown & DERIVED else "see tables.ATTEMPTS"
            )
            raise ValueError(f"columns {sorted(unknown)} cannot be mapped; {hint}")
        if missing := {"call_id", "dialed_at", "outcome_raw"} - set(self.columns):
            raise ValueError(f"columns {sorted(missing)} are required")
        return self


def load_mapping(path: Path | None, default: Path | None = None) -> Mapping:
    """The mapping of a YAML file, over that of `default` where there is one. Raises IntakeError naming file and key."""
    if path is None and default is None:
        raise IntakeError("dialer.mapping is not set; kind = mapping needs the YAML file that names your columns")
    content: Any = {}
    for file in filter(None, (default, path)):
        given = _read(file)
        if not isinstance(given, dict):
            raise IntakeError(f"{file}: needs a key `columns`")
        columns = {**content.get("columns", {}), **(given.get("columns") or {})}
        content = {**content, **given, "columns": columns}
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise IntakeError(f"{path or default}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from None


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # builds text only: a code 01 stays 01
    except OSError as error:
        raise IntakeError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise IntakeError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error


def apply(mapping: Mapping, rows: pl.DataFrame, timezone: str, origin: str) -> pl.DataFrame:
    """Rows of the source as RAW rows, one to one. A value that does not parse becomes null; the gates name its call.

    `timezone` is the clock of times without a zone. Raises IntakeError for a column that the source does not have.
    """
    wanted = {column.column for column in mapping.columns.values() if column.column}
    if missing := wanted - set(rows.columns):
        raise IntakeError(f"{origin}: the source has no column {sorted(missing)}; it has {sorted(rows.columns)}")
    zone = mapping.timezone or timezone
    given = [
        _value(column, rows, RAW[name], zone, f"{origin}: columns.{name}").alias(name)
        for name, column in mapping.columns.items()
    ]
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in RAW.items() if name not in mapping.columns]
    return rows.select(pl.int_range(pl.len()).alias("#"), *given, *absent).select(list(RAW))


def instant(values: pl.Expr, dtype: pl.DataType, zone: str, format: str | None = None) -> pl.Expr:
    """Times as UTC instants: those with a zone keep it, those without are read on the clock of `zone`.

    A local time that occurs twice (clocks set back) is the first one; one that never occurred is null.
    """
    if dtype == pl.String:
        if format:
            parsed = values.str.to_datetime(format, strict=False, time_unit="ms")
            return _on_clock(parsed, "%z" in format, zone)
        text = values.str.strip_chars().str.replace_all("/", "-").str.replace("T", " ", literal=True)
        text = text.str.replace(r"Z$", "+0000").str.replace(r"([+-]\d{2}):?(\d{2})$", "${1}${2}")
        aware = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", strict=False, time_unit="ms")
        plain = pl.coalesce(
            text.str.to_datetime(pattern, strict=False, time_unit="ms")
            for pattern in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
        )
        return pl.coalesce(_on_clock(aware, True, zone), _on_clock(plain, False, zone))
    return _on_clock(values, getattr(dtype, "time_zone", None) is not None, zone)


def _on_clock(values: pl.Expr, aware: bool, zone: str) -> pl.Expr:
    if not aware:
        values = values.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return values.dt.convert_time_zone("UTC").cast(INSTANT)


def _value(column: Column, rows: pl.DataFrame, target: pl.DataType, zone: str, place: str) -> pl.Expr:
    if column.column is None:
        text = pl.lit(column.const)
        return instant(text, pl.String(), zone, column.format) if target == INSTANT else _typed(text, target)
    source = rows.schema[column.column]
    value = pl.col(column.column)
    if column.ranges:
        number = value.cast(pl.Float64, strict=False)
        named = (pl.when(number.is_between(*limits)).then(pl.lit(name)) for name, limits in column.ranges.items())
        value = _typed(pl.coalesce(*named, pl.lit(None, pl.String)), target)
    elif column.split:
        parts = _text(value, source).str.split(column.split).list.eval(pl.element().str.strip_chars())
        value = _typed(parts.list.join("\n"), target)
    elif column.pattern:
        value = _typed(_text(value, source).str.extract(column.pattern, 1), target)
    elif column.map:
        keys, values = list(column.map), list(column.map.values())
        value = _typed(_text(value, source).replace_strict(keys, values, default=None, return_dtype=pl.String), target)
    elif target == INSTANT:
        value = _instant_of(column, source, zone, place)
    elif column.format or pl.String in (source, target):
        value = _typed(_text(value, source), target, column.scale, column.format)
    elif column.scale is not None:
        value = (value.cast(pl.Float64, strict=False) * column.scale).round()
    value = value.cast(target, strict=False)
    return value if column.default is None else value.fill_null(_typed(pl.lit(column.default), target))


def _typed(text: pl.Expr, target: pl.DataType, scale: float | None = None, format: str | None = None) -> pl.Expr:
    """Text as a value of the contract's dtype; null where it is none."""
    if target == pl.Boolean:
        known = text.str.to_lowercase()
        return pl.when(known.is_in(TRUE)).then(True).when(known.is_in(FALSE)).then(False)
    if target == pl.Date:
        day = text.str.to_date(format, strict=False) if format else text.str.replace_all("/", "-").str.head(10)
        return day if format else day.str.to_date("%Y-%m-%d", strict=False)
    if target.is_numeric():
        return (text.cast(pl.Float64, strict=False) * (scale or 1)).round().cast(target, strict=False)
    return text.cast(target, strict=False)


def _text(value: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Text without blanks at its ends, empty text as null; whole numbers without the decimals a spreadsheet adds."""
    if source.is_float():
        whole = value.cast(pl.Int64, strict=False)
        value = pl.when(whole == value).then(whole.cast(pl.String)).otherwise(value.cast(pl.String))
    text = value.cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _instant_of(column: Column, source: pl.DataType, zone: str, place: str) -> pl.Expr:
    value = pl.col(str(column.column))
    if column.epoch or source.is_numeric():
        if not column.epoch:
            raise IntakeError(f"{place}: {column.column} holds numbers; say `epoch: s` or `epoch: ms`")
        number = value.cast(pl.Float64, strict=False)
        milliseconds = number * (1000 if column.epoch == "s" else 1)
        return pl.when(number > 0).then(milliseconds).cast(pl.Int64).cast(INSTANT)
    return instant(value, source, zone, column.format)
