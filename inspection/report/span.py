"""The stored tables of a stretch of days, and the one frame most of the report is counted from."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

import polars as pl

COUNTED = (
    "call_id", "business_date", "direction", "debtor_id", "phone_key", "stage", "agency", "team", "campaign",
    "agent_kind", "agent_id", "dialed_at", "answered_at", "timezone", "outcome",
)  # fmt: skip
"""What of ATTEMPTS a report counts by; the rest, and whatever names a person, stays in the store."""


class Tables(Protocol):
    """What the report needs of a store; `inspection.results.store.Store` is one."""

    def table(self, name: str, start: date, end: date) -> pl.LazyFrame: ...


@dataclass(frozen=True)
class Span:
    """Stored tables from `start` to `end`, both included, of all calls or only of `chosen` (one column, call_id).

    `of` is the span that this one narrows.
    """

    store: Tables
    start: date
    end: date
    chosen: pl.LazyFrame | None = None
    of: Span | None = None

    def table(self, name: str) -> pl.LazyFrame:
        frame = self.store.table(name, self.start, self.end)
        if self.chosen is None or "call_id" not in frame.collect_schema():
            return frame
        return frame.join(self.chosen, on="call_id", how="semi", maintain_order="left")

    def parts(self) -> Iterator[Span]:
        """The span's days one by one: what is counted by day needs the memory of a day, however long the range.

        A narrowed span comes whole, since its calls may be chosen by what all its days say.
        """
        if self.chosen is not None:
            yield self
            return
        for number in range((self.end - self.start).days + 1):
            day = self.start + timedelta(days=number)
            yield replace(self, start=day, end=day)

    def only(self, condition: pl.Expr) -> Span:
        """The same days, narrowed to the calls for which a condition on `calls` holds."""
        return self.narrowed(self.calls.filter(condition).select("call_id"))

    def narrowed(self, chosen: pl.LazyFrame) -> Span:
        """The same days, narrowed to the calls named in `chosen` (one column, call_id)."""
        return replace(self, chosen=chosen, of=self)

    @cached_property
    def calls(self) -> pl.LazyFrame:
        """One row an attempt: who, when, how it ended, and what inspection made of it.

        Beside the COUNTED columns of ATTEMPTS: `hour` (0..23 on the attempt's own clock), `state`,
        `reason`, `has_recording/transcript/score`, `earned` (zeroed by a fatal finding), `possible`, `score`, `band`,
        `fatal`, `verdict`, `failed_fatal/major/minor`, `failed`, `unsure_findings`, AUDIO's sums of milliseconds,
        `agent_letters` and, where they are known, the milliseconds they were `spoken_ms` in.
        Only live rules count. It is counted many times over, so several days are put aside in a temporary folder,
        day by day: however long the range, one day is in memory.
        """
        if self.of is not None and self.chosen is not None:
            return self.of.calls.join(self.chosen, on="call_id", how="semi", maintain_order="left")
        if self.start == self.end:
            return self._calls().lazy()
        for day in self.parts():
            day._calls().write_parquet(self._aside / f"{day.start}.parquet", compression="lz4")
        return pl.scan_parquet(sorted(self._aside.iterdir()))

    @cached_property
    def _aside(self) -> Path:
        """A temporary folder that goes with the span."""
        folder = Path(mkdtemp(prefix="inspection-report-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _calls(self) -> pl.DataFrame:
        listed = self.table("attempts").select(COUNTED).unique("call_id", keep="first", maintain_order=True)
        frame = (
            listed.join(self._states(), on="call_id", how="left")
            .join(self._scores(), on="call_id", how="left")
            .join(self._failures(), on="call_id", how="left")
            .join(self._audio(), on="call_id", how="left")
            .join(self._letters(), on="call_id", how="left")
            .with_columns(spoken_ms=pl.when(pl.col("agent_letters") > 0).then("agent_speech_ms"))
            .with_columns(pl.col("^(failed|unsure)_.*$").fill_null(0), pl.col("state").fill_null("not_connected"))
            .with_columns(
                failed=pl.sum_horizontal("failed_fatal", "failed_major", "failed_minor") > 0,
                inspected=pl.col("state") == "inspected",
                answered=pl.col("answered").fill_null(pl.col("answered_at").is_not_null()),
            )
            .collect()
        )
        return _with_hour(frame).sort("dialed_at", "call_id")

    def _states(self) -> pl.LazyFrame:
        states = self.table("reconciliation").filter(pl.col("call_id").is_not_null())
        return states.unique("call_id", keep="first", maintain_order=True).select(
            "call_id", "state", "reason", "answered", "has_recording", "has_transcript", "has_score"
        )

    def _scores(self) -> pl.LazyFrame:
        earned = pl.when("fatal").then(0.0).otherwise(pl.col("earned"))
        return self.table("scores").select(
            "call_id", earned.alias("earned"), "possible", "score", "band", "fatal", "verdict"
        )

    def _failures(self) -> pl.LazyFrame:
        live = self.table("findings").filter(pl.col("status") == "live")
        failed = [
            ((pl.col("verdict") == "fail") & (pl.col("severity") == severity)).sum().alias(f"failed_{severity}")
            for severity in ("fatal", "major", "minor")
        ]
        return live.group_by("call_id").agg(*failed, unsure_findings=(pl.col("verdict") == "unsure").sum())

    def _letters(self) -> pl.LazyFrame:
        """How much the agent or robot said, in letters and digits, as acoustics counts them."""
        said = self.table("turns").filter(pl.col("role").is_in(["agent", "robot"]))
        return said.group_by("call_id").agg(agent_letters=pl.col("text").str.count_matches(r"[\p{L}\p{N}]").sum())

    def _audio(self) -> pl.LazyFrame:
        return self.table("audio").select(
            "call_id", "duration_ms", "speech_ms", "agent_speech_ms", "customer_speech_ms", "overtalk_ms", "silence_ms"
        )


def _with_hour(calls: pl.DataFrame) -> pl.DataFrame:
    """The hour on the wall clock of each attempt's own timezone; polars converts one zone at a time."""
    hour = pl.lit(None, dtype=pl.Int8)
    for zone in calls["timezone"].drop_nulls().unique().sort():
        local = pl.col("dialed_at").dt.convert_time_zone(zone).dt.hour().cast(pl.Int8)
        hour = pl.when(pl.col("timezone") == zone).then(local).otherwise(hour)
    return calls.with_columns(hour=hour)
