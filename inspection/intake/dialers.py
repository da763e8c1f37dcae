"""All attempts of a date from the dialer of the settings: its rows, what other systems know, the mapping over both."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from inspection.errors import IntakeError
from inspection.intake import asterisk, vicidial
from inspection.intake.complete import complete
from inspection.intake.dispositions import load_dispositions
from inspection.intake.mapping import Join, Mapping, apply, load_mapping
from inspection.intake.sources import day_limits, day_parameters, read_rows, reading
from inspection.settings import Settings

HERE = Path(__file__).parent
DEFAULTS = {"vicidial": HERE / "vicidial.yaml", "asterisk": HERE / "asterisk.yaml"}
"""Mappings of the dialers whose tables are known; a firm's own file adds to them."""


def list_attempts(settings: Settings, business_date: date) -> pl.DataFrame:
    """All attempts of the date in the contract's form. Raises IntakeError when dialer or mapping cannot be read."""
    dialer = settings.dialer
    mapping, codes = described(settings)
    zone = mapping.timezone or settings.timezone
    rows = _rows(settings, mapping, business_date, zone)
    for join in mapping.joins:
        rows = _joined(rows, join, dialer.mapping, business_date, zone)
    raw = apply(mapping, rows, settings.timezone, str(dialer.mapping or dialer.kind))
    return complete(raw, settings, business_date, codes)


def described(settings: Settings) -> tuple[Mapping, dict[str, str]]:
    """What the settings say of the dialer: its columns and its outcome codes, without asking it anything.

    Raises IntakeError where they cannot be read or no dialer is named.
    """
    dialer = settings.dialer
    if not dialer.url.get_secret_value():
        raise IntakeError("dialer.url is not set; it is the address of the dialer's database or the path of its export")
    codes = load_dispositions(dialer.dispositions or settings.rulebook.path / "dispositions.yaml")
    return load_mapping(dialer.mapping, DEFAULTS.get(dialer.kind)), codes


def _rows(settings: Settings, mapping: Mapping, business_date: date, zone: str) -> pl.DataFrame:
    url, parameters = settings.dialer.url.get_secret_value(), day_parameters(business_date, zone)
    if settings.dialer.kind == "mapping":
        return read_rows(url, mapping.query, mapping.sheet, parameters)
    with reading(url) as connection:
        start, end = day_limits(business_date, settings.timezone, zone)
        if settings.dialer.kind == "vicidial":
            return vicidial.calls(connection, start, end, zone)
        return asterisk.calls(connection, (start, end, zone), mapping.query, parameters)


def _joined(rows: pl.DataFrame, join: Join, mapping: Path | None, business_date: date, zone: str) -> pl.DataFrame:
    """The rows with the other source's columns beside them; a file's path is relative to the mapping's folder."""
    source = join.source
    if "://" not in source and mapping is not None:
        source = str(mapping.parent / source)
    others = read_rows(source, join.query, join.sheet, day_parameters(business_date, zone))
    theirs, ours = list(join.on), list(join.on.values())
    for names, frame, whose in ((theirs, others, source), (ours, rows, "the dialer")):
        if missing := set(names) - set(frame.columns):
            raise IntakeError(
                f"{mapping}: joins: {whose} has no column {sorted(missing)}; it has {sorted(frame.columns)}"
            )
    keys = [f"#{name}" for name in ours]
    left = rows.with_columns(pl.col(name).cast(pl.String).alias(key) for name, key in zip(ours, keys, strict=True))
    right = others.with_columns(pl.col(name).cast(pl.String).alias(key) for name, key in zip(theirs, keys, strict=True))
    fresh = [name for name in others.columns if name not in rows.columns]
    right = right.select(*keys, *fresh).unique(keys, keep="first", maintain_order=True)
    return left.join(right, on=keys, how="left", maintain_order="left").drop(keys)
