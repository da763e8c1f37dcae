"""A business date comes in: all attempts the dialer lists, the day's recordings, and why a call cannot be heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from inspection.intake.dialers import list_attempts
from inspection.intake.matching import hints_of, match, named_date
from inspection.intake.parts import parts_of, put_together
from inspection.intake.recordings import Archive, archive, settled
from inspection.privacy import mask_name
from inspection.settings import Settings
from inspection.tables import RECORDINGS, SKIPS, conform, empty

PREFERENCE = ["hint", "call_id", "phone_time"]
"""Of two calls with the same audio, the one whose match is surer keeps it."""


@dataclass(frozen=True)
class Intake:
    """A day as it came in. `attempts` are all of that date; `skips` name every attempt that cannot be heard."""

    attempts: pl.DataFrame
    recordings: pl.DataFrame
    skips: pl.DataFrame

    @property
    def calls(self) -> pl.DataFrame:
        """What to listen to: a row a call, its attempt with what parts.parts_of says of its recordings."""
        return self.attempts.join(parts_of(self.recordings), on="call_id").sort("dialed_at", "call_id", "location")


def take_in(
    settings: Settings, business_date: date, *, known: pl.DataFrame | None = None, now: datetime | None = None
) -> Intake:
    """All attempts of the date and their recordings; reads the dialer and the recordings, writes nothing.

    `known`: RECORDINGS rows with a `business_date`, of other days (audio seen there is a duplicate here) and of an
    earlier run of this day (what has not changed is not hashed again). `now` decides what is still being written.
    Raises IntakeError when dialer, mapping or roots cannot be read.
    """
    attempts = list_attempts(settings, business_date)
    place = archive(settings)
    hints = hints_of(attempts)
    listed = place.listed(business_date, hints["hint"])
    matches = match(
        attempts, hints, listed, key=settings.privacy.pseudonym_key.get_secret_value(), timezone=settings.timezone,
        sides=settings.recordings.sides,
    )  # fmt: skip
    known = empty(RECORDINGS).with_columns(business_date=pl.lit(None, pl.Date)) if known is None else known
    seen = known.filter(pl.col("business_date") != business_date)
    found = listed.join(matches, on="recording_id", how="left").filter(_of_the_day(business_date, seen))
    found = _hashed(place, found, known, now or datetime.now(UTC))
    found = found.join(attempts.select("call_id", "dialed_at"), on="call_id", how="left")
    found = put_together(found.with_columns(_reason(seen, place)), attempts, place)
    skips = pl.concat([_recordings_left_out(found), _calls_left_out(attempts, found, hints, place)])
    attempts = attempts.with_columns(pl.col("recording_hint").map_elements(mask_name, return_dtype=pl.String))
    return Intake(
        attempts,
        conform(found.select(list(RECORDINGS)), RECORDINGS, table="recordings"),
        conform(skips, SKIPS, table="skips").sort("call_id", "recording_id", nulls_last=True),
    )


def _of_the_day(business_date: date, seen: pl.DataFrame) -> pl.Expr:
    """Recordings of a call of the day, of its date by name, or of no date and not known from another day."""
    named = named_date(pl.col("relative"))
    unknown = named.is_null() & ~pl.col("recording_id").is_in(seen["recording_id"].implode())
    return pl.col("call_id").is_not_null() | (named == business_date) | unknown


def _hashed(place: Archive, found: pl.DataFrame, known: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Adds audio_sha256, `grew` and `settled`; only what may be read, is not growing and is not known is read."""
    found = found.with_columns(settled=settled(found, now, place.settings.settle_s))
    before = known.select("recording_id", "size_bytes", "modified_at", "audio_sha256").drop_nulls()
    found = found.join(before.unique(maintain_order=True), on=["recording_id", "size_bytes", "modified_at"], how="left")
    sized = pl.col("size_bytes").is_between(1, place.settings.max_bytes).fill_null(True)  # read to learn it
    readable = ~pl.col("forbidden") & pl.col("settled") & sized
    wanted = pl.col("audio_sha256").is_null() & readable
    new = place.hashed(found.filter(wanted).drop("audio_sha256"))
    old = found.filter(~wanted).with_columns(grew=pl.lit(False))
    return pl.concat([old, new.select(old.columns)])


def _reason(seen: pl.DataFrame, place: Archive) -> pl.Expr:
    """Why a recording is not heard, null when it is: the first that applies."""
    sha256 = pl.col("audio_sha256")
    preference = pl.col("matched_by").replace_strict(PREFERENCE, list(range(3)), default=3, return_dtype=pl.Int8)
    rank = pl.struct(preference, "dialed_at", "call_id", "location").rank("ordinal").over("audio_sha256")
    twin = sha256.is_not_null() & ((rank > 1) | sha256.is_in(seen["audio_sha256"].drop_nulls().implode()))
    cases = {
        "recording_forbidden": pl.col("forbidden"),
        "recording_empty": pl.col("size_bytes") == 0,
        "recording_too_long": pl.col("size_bytes") > place.settings.max_bytes,
        "recording_growing": ~pl.col("settled") | pl.col("grew"),
        "recording_unreadable": sha256.is_null(),
        "outcome_missing": pl.col("call_id").is_null(),
        "recording_duplicate": twin,
    }
    return pl.coalesce(pl.when(case).then(pl.lit(reason)) for reason, case in cases.items()).alias("reason")


def _recordings_left_out(found: pl.DataFrame) -> pl.DataFrame:
    """Skips of recordings that no call stands for: surplus ones, and those beside a usable one of the same call."""
    heard = found.filter(pl.col("reason").is_null())["call_id"].implode()
    beside = pl.col("call_id").is_in(heard)
    ties = pl.format("fits {} conversations, so it was given to none", pl.col("fits"))
    detail = pl.when(pl.col("fits") > 1).then(ties).when(beside).then(pl.lit("another recording of its call is heard"))
    left_out = found.filter(pl.col("reason").is_not_null() & (pl.col("call_id").is_null() | beside))
    return left_out.select(
        pl.lit(None, pl.String).alias("call_id"), "recording_id", pl.lit("intake").alias("stage"), "reason",
        detail.alias("detail"),
    )  # fmt: skip


def _calls_left_out(attempts: pl.DataFrame, found: pl.DataFrame, hints: pl.DataFrame, place: Archive) -> pl.DataFrame:
    """One skip for each attempt without a usable recording."""
    heard = found.filter(pl.col("reason").is_null() & pl.col("call_id").is_not_null())
    rest = attempts.join(heard, on="call_id", how="anti").select("call_id", "answered_at", "talk_ms")
    broken = (
        found.drop_nulls(["call_id", "reason"]).sort("location").unique("call_id", keep="first", maintain_order=True)
    )
    rest = rest.join(broken.select("call_id", "recording_id", "reason"), on="call_id", how="left")
    outside = [hint for hint in hints["hint"].unique() if place.is_forbidden(hint)]
    forbidden = hints.filter(pl.col("hint").is_in(outside))["call_id"].implode()
    answered = pl.col("answered_at").is_not_null() | (pl.col("talk_ms") > 0)
    missing = pl.when(~answered).then(pl.lit("not_connected")).otherwise(pl.lit("recording_missing"))
    missing = (
        pl.when(answered & pl.col("call_id").is_in(forbidden)).then(pl.lit("recording_forbidden")).otherwise(missing)
    )
    return rest.select(
        "call_id", "recording_id", pl.lit("intake").alias("stage"), pl.coalesce("reason", missing).alias("reason"),
        pl.lit(None, pl.String).alias("detail"),
    )  # fmt: skip
