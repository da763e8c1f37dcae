"""From a connector's RAW rows to the attempts contract: pseudonyms, canonical outcomes, the business date."""

from __future__ import annotations

from datetime import date

import polars as pl

from inspection.errors import IntakeError
from inspection.intake.dispositions import canonical_outcome
from inspection.privacy import pseudonyms
from inspection.settings import Settings
from inspection.tables import ATTEMPTS, conform

DEFAULTS = {"direction": "outbound", "phone_owner": "unknown", "term_reason": "unknown"}
"""What a silent source means; everything else that is missing stays null and rules answer `not_applicable`."""


def complete(raw: pl.DataFrame, settings: Settings, business_date: date, codes: dict[str, str]) -> pl.DataFrame:
    """All attempts of the business date as ATTEMPTS rows, sorted by time.

    A row whose dial time cannot be read stays, with a null time: the gate names it, nothing is dropped unseen.
    Raises IntakeError when a time zone is unknown.
    """
    key = settings.privacy.pseudonym_key.get_secret_value()
    attempts = raw.with_columns(
        *(pl.col(name).fill_null(value) for name, value in DEFAULTS.items()),
        pl.col("timezone").fill_null(settings.timezone),
        pl.col("linked_call_id").fill_null(pl.col("call_id")),
        dialer=pl.lit(settings.dialer.name),
        outcome=canonical_outcome("outcome_raw", codes),
        phone=plain_number(pl.col("phone")),
    )
    attempts = _times(attempts).filter((pl.col("business_date") == business_date) | pl.col("business_date").is_null())
    attempts = attempts.with_columns(
        pseudonyms(attempts["debtor_id"], key).alias("debtor_id"),
        pseudonyms(attempts["phone"], key).alias("phone_key"),
        pl.col("phone").str.tail(4).alias("phone_last4"),
        pl.col("business_date").fill_null(business_date),
    )
    return conform(attempts.drop("phone"), ATTEMPTS, table="attempts").sort("dialed_at", "call_id", nulls_last=True)


def plain_number(number: pl.Expr) -> pl.Expr:
    """A telephone number as its digits alone, without the mainland's country code, so that one number has one key."""
    digits = number.str.replace_all(r"\D", "")
    digits = digits.str.replace(r"^(?:00)?86(1[3-9]\d{9})$", "${1}").str.replace(r"^0(1[3-9]\d{9})$", "${1}")
    return pl.when(digits != "").then(digits)


def _times(attempts: pl.DataFrame) -> pl.DataFrame:
    """Answer, end and talk time from one another, and the date on the clock of each row's own zone."""
    talk = pl.col("talk_ms")
    end_minus_answer = (pl.col("ended_at") - pl.col("answered_at")).dt.total_milliseconds()
    answered_by_talk = pl.when(talk > 0).then(pl.col("ended_at") - pl.duration(milliseconds=talk))
    attempts = attempts.with_columns(
        talk_ms=pl.coalesce(talk, end_minus_answer, 0).clip(0), answered_at=pl.coalesce("answered_at", answered_by_talk)
    )
    zones = attempts["timezone"].unique().sort().to_list()
    try:
        local = [
            pl.when(pl.col("timezone") == zone).then(pl.col("dialed_at").dt.convert_time_zone(zone).dt.date())
            for zone in zones
        ]
        return attempts.with_columns(business_date=pl.coalesce(*local, pl.lit(None, pl.Date)))
    except pl.exceptions.PolarsError as error:
        raise IntakeError(f"timezone: one of {zones} is not an IANA name such as Asia/Shanghai") from error
