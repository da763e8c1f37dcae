"""What the report counts. Every function takes a span and gives a frame of sums; a ratio is divided once, at the end.

A share whose denominator is 0 is null. Names of columns are the keys of words/*.yaml, so a column is labelled and
exported by one name everywhere.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from inspection.report.intervals import of_ratio, wilson
from inspection.report.span import Span

STEPS = ("connected", "recorded", "transcribed", "scored")
"""What a listed call passes through until it is inspected; at each step some are lost."""
TOLERANCE, TOLERANCE_MS = 0.10, 5_000
"""A recording that differs from the dialer's talk time by more than both does not agree, as the gate has it."""
DIMENSIONS = ("agent_kind", "agency", "team", "campaign", "stage", "outcome", "agent_id")


def ratio(part: str, whole: str, scale: float = 1.0) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole) * scale)


def totals() -> list[pl.Expr]:
    """The sums every breakdown shares, over rows of `Span.calls`.

    Rules of hours and frequency judge attempts that nobody answered too: those count in `fatal_calls` and the other
    failures, while `fatal_inspected` counts only calls that were heard, the numerator of `fatal_share`.
    """
    inspected = pl.col("inspected")
    return [
        pl.len().alias("listed"),
        *[passed.sum().alias(step) for step, passed in _passed().items()],
        inspected.sum().alias("inspected"),
        (pl.col("state") == "skipped").sum().alias("skipped"),
        (pl.col("state") == "not_connected").sum().alias("unanswered"),
        (pl.col("failed_fatal") > 0).sum().alias("fatal_calls"),
        (inspected & (pl.col("failed_fatal") > 0)).sum().alias("fatal_inspected"),
        (pl.col("failed_major") > 0).sum().alias("major_calls"),
        (pl.col("failed_minor") > 0).sum().alias("minor_calls"),
        pl.col("failed").sum().alias("failed_calls"),
        (pl.col("unsure_findings") > 0).sum().alias("unsure_calls"),
        _points("earned"),
        _points("possible"),
    ]


def _passed() -> dict[str, pl.Expr]:
    """Whether a call came through each of STEPS, all steps before it included."""
    last = pl.lit(True)
    known = [pl.col(name).fill_null(False) for name in ("answered", "has_recording", "has_transcript", "inspected")]
    return {step: (last := last & here) for step, here in zip(STEPS, known, strict=True)}


def _points(name: str) -> pl.Expr:
    """A sum of points that is the same in whatever order the rows are added."""
    return pl.col(name).sum().round(6)


def with_ratios(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame | pl.LazyFrame:
    return frame.with_columns(
        coverage=ratio("inspected", "connected"),
        fatal_share=ratio("fatal_inspected", "inspected"),
        score=ratio("earned", "possible", 100.0),
    )


def lean(frame: pl.DataFrame) -> pl.DataFrame:
    """A breakdown without the sums that only its ratios need."""
    return frame.drop(
        "recorded",
        "transcribed",
        "scored",
        "skipped",
        "unanswered",
        "possible",
        "earned",
        "fatal_inspected",
        strict=False,
    )


def summary(span: Span) -> dict:
    """The day in one row: the sums of `totals` and their ratios."""
    return with_ratios(span.calls.select(totals())).collect().row(0, named=True)


def by(span: Span, *dimensions: str) -> pl.DataFrame:
    """`totals` for each value of the dimensions, worst first."""
    frame = with_ratios(span.calls.group_by(dimensions).agg(totals()))
    return frame.collect().sort(
        ["fatal_calls", "failed_calls", "listed", *dimensions],
        descending=[True, True, True, *[False] * len(dimensions)],
    )


def compared(span: Span, *dimensions: str) -> pl.DataFrame:
    """`by` with an interval around each of its rates; the rate of fatal calls is named `rate`, lowest first."""
    score = of_ratio("earned", "possible")
    frame = with_ratios(span.calls.group_by(dimensions).agg(totals() + score)).rename({"fatal_share": "rate"})
    frame = frame.rename({"earned_low": "score_low", "earned_high": "score_high"})
    spans = [*wilson("fatal_inspected", "inspected"), *wilson("inspected", "connected", prefix="coverage_")]
    order = ["listed", "connected", "inspected", "coverage", "coverage_low", "coverage_high", "fatal_calls"]
    order += ["rate", "low", "high", "score", "score_low", "score_high"]
    return frame.with_columns(spans).select(*dimensions, *order).collect().sort("rate", *dimensions, nulls_last=True)


def agents(span: Span) -> pl.DataFrame:
    """Agents, and how they spoke: shares of talk, silence and overtalk are sums of milliseconds divided once.

    `speed` is letters and digits a minute of the agent's own speech, over calls in which the agent's words are known.
    """
    voice = ["speech_ms", "agent_speech_ms", "silence_ms", "overtalk_ms", "duration_ms", "agent_letters", "spoken_ms"]
    keys = ["agent_id", "agent_kind", "agency", "team"]
    frame = span.calls.group_by(keys).agg(totals() + [pl.col(name).sum() for name in voice])
    frame = (
        with_ratios(frame)
        .collect()
        .with_columns(
            talk_share=ratio("agent_speech_ms", "speech_ms"),
            silence_share=ratio("silence_ms", "duration_ms"),
            overtalk_share=ratio("overtalk_ms", "duration_ms"),
            speed=ratio("agent_letters", "spoken_ms", 60_000.0),
        )
    )
    order = ["fatal_calls", "failed_calls", "connected", *keys]
    return frame.drop(voice).sort(order, descending=[True, True, True, *[False] * len(keys)])


def lost_at() -> pl.Expr:
    """The first of STEPS that a call did not come through; null for one that was inspected."""
    gone = [pl.when(~passed).then(pl.lit(step)) for step, passed in _passed().items()]
    return pl.coalesce(*gone).alias("lost_at")


def funnel(span: Span) -> pl.DataFrame:
    """Dialer → connected → recording → transcript → score: calls at each step, those lost there and why, most first."""
    total = summary(span)
    lost = (
        span.calls.select(lost_at(), "reason").drop_nulls("lost_at").group_by("lost_at", "reason").agg(calls=pl.len())
    )
    why = lost.sort("calls", "reason", descending=[True, False], nulls_last=True).drop_nulls("reason")
    reasons = why.group_by("lost_at", maintain_order=True).agg(skip_reasons="reason").rename({"lost_at": "step"})
    steps = pl.DataFrame({"step": ["listed", *STEPS], "calls": [total[step] for step in ("listed", *STEPS)]})
    before = pl.col("calls").shift().fill_null(pl.col("calls"))
    frame = steps.with_columns(before=before, lost=before - pl.col("calls"))
    frame = frame.join(reasons.collect(), on="step", how="left", maintain_order="left")
    kept = frame.with_columns(kept_share=ratio("calls", "before"))
    return kept.select("step", "calls", "before", "kept_share", "lost", "skip_reasons")


def coverage(span: Span) -> pl.DataFrame:
    """Rows by the state they ended in, the step they were lost at and why; calls add up to the listed."""
    call = pl.col("call_id")
    steps = span.calls.select("call_id", lost_at())
    rows = span.table("reconciliation").join(steps, on="call_id", how="left")
    states = rows.group_by("state", "lost_at", skip_reason="reason")
    counts = states.agg(calls=call.is_not_null().sum(), surplus=call.is_null().sum(), talk_ms=pl.col("talk_ms").sum())
    order = ["state", "calls", "lost_at", "skip_reason"]
    return counts.collect().sort(order, descending=[False, True, False, False], nulls_last=True)


def missing(span: Span) -> pl.DataFrame:
    """Each connected call that was not inspected, with the step it was lost at, and each recording without a call."""
    gone = span.table("reconciliation").filter(pl.col("state").is_in(["skipped", "surplus_recording"]))
    who = span.calls.select("call_id", lost_at(), "agency", "team", "agent_id", "dialed_at")
    order = ["call_id", "recording_id", "lost_at", "skip_reason", "agency", "team", "agent_id", "dialed_at", "talk_ms"]
    named = gone.rename({"reason": "skip_reason"}).join(who, on="call_id", how="left")
    return named.select(*order, "duration_ms").collect().sort("skip_reason", "call_id", "recording_id", nulls_last=True)


def durations(span: Span) -> pl.DataFrame:
    """Inspected calls by how far their recording's length is from the dialer's talk time, farthest first."""
    kept = span.table("reconciliation").filter(pl.col("state") == "inspected")
    rows = kept.select("call_id", "talk_ms", "duration_ms").drop_nulls()
    rows = rows.with_columns(difference_ms=pl.col("duration_ms") - pl.col("talk_ms"))
    share, close = ratio("difference_ms", "talk_ms"), pl.col("difference_ms").abs() <= TOLERANCE_MS
    who = span.calls.select("call_id", "dialed_at", "agency", "team", "agent_id", "outcome")
    frame = rows.with_columns(difference_share=share, agrees=close | (share.abs() <= TOLERANCE))
    found = frame.join(who, on="call_id", how="left").collect()
    return found.sort(pl.col("difference_ms").abs(), "call_id", descending=[True, False])


def scores(span: Span) -> pl.DataFrame:
    """Calls per band of the scorecard, highest band first."""
    frame = (
        span.table("scores")
        .group_by("scorecard", "band")
        .agg(
            calls=pl.len(),
            fatal_calls=pl.col("fatal").sum(),
            lowest=pl.col("score").min(),
            highest=pl.col("score").max(),
        )
    )
    return frame.collect().sort("scorecard", "highest", descending=[False, True], nulls_last=True)


def scored(span: Span) -> pl.DataFrame:
    """`score` and `fatal` of every scored call."""
    return span.calls.filter(pl.col("score").is_not_null()).select("score", "fatal").collect()


def trend(span: Span) -> pl.DataFrame:
    """Per day: calls listed, connected, inspected, inspected ones failing by severity, and the score's components."""
    day, call = "business_date", pl.col("call_id")
    states = span.table("reconciliation").filter(call.is_not_null())
    heard = states.filter(pl.col("state") == "inspected")
    listed = states.group_by(day).agg(
        listed=pl.len(), connected=pl.col("answered").sum(), inspected=(pl.col("state") == "inspected").sum()
    )
    failed = span.table("findings").filter((pl.col("verdict") == "fail") & (pl.col("status") == "live"))
    worst = [
        call.filter(pl.col("severity") == severity).n_unique().alias(f"{severity}_calls")
        for severity in ("fatal", "major", "minor")
    ]
    counted = failed.join(heard, on=["call_id", day], how="semi").group_by(day).agg(worst)
    earned = pl.when("fatal").then(0.0).otherwise(pl.col("earned"))
    points = span.table("scores").with_columns(earned=earned).group_by(day).agg(_points("earned"), _points("possible"))
    frame = listed.join(counted, on=day, how="left").join(points, on=day, how="left")
    frame = frame.with_columns(pl.col("^.*_calls$").fill_null(0)).with_columns(fatal_inspected="fatal_calls")
    return with_ratios(frame).drop("fatal_inspected").collect().sort(day)


def hours(span: Span) -> pl.DataFrame:
    """Per hour of the wall clock: attempts, connected, inspected and failing calls."""
    frame = span.calls.filter(pl.col("hour").is_not_null()).group_by("hour").agg(totals())
    return (
        with_ratios(frame)
        .collect()
        .sort("hour")
        .select("hour", "listed", "connected", "inspected", "fatal_calls", "failed_calls", "unsure_calls", "score")
    )


def hour_cells(span: Span, dimension: str) -> pl.DataFrame:
    """The heat map's cells: per value of the dimension and hour, inspected and failing calls."""
    inspected = span.calls.filter(pl.col("inspected") & pl.col("hour").is_not_null())
    return (
        inspected.group_by(dimension, "hour")
        .agg(inspected=pl.len(), failed_calls=pl.col("failed").sum())
        .collect()
        .sort(dimension, "hour")
    )


def heat(span: Span) -> pl.DataFrame:
    """`hour_cells` of every dimension under each other, and of all calls (`all`); the busiest values come first.

    Agents are named with their team, as robots of several agencies may share an id.
    """
    calls = span.calls.filter(pl.col("inspected") & pl.col("hour").is_not_null())
    named = {name: pl.col(name) for name in DIMENSIONS}
    named["agent_id"] = pl.concat_str("agent_id", "team", separator=" · ", ignore_nulls=True)
    values = {"all": pl.lit(None, dtype=pl.String), **named}
    counts = [pl.len().alias("inspected"), pl.col("failed").sum().alias("failed_calls")]
    parts = [
        calls.group_by("hour", value=value).agg(counts).with_columns(dimension=pl.lit(name))
        for name, value in values.items()
    ]
    busy = pl.col("inspected").sum().over("dimension", "value")
    rank = pl.col("dimension").replace_strict({name: place for place, name in enumerate(values)}, return_dtype=pl.Int8)
    frame = pl.concat(parts).with_columns(fail_share=ratio("failed_calls", "inspected")).collect()
    order = ["dimension", "value", "hour", "inspected", "failed_calls", "fail_share"]
    return frame.sort(rank, -busy.cast(pl.Int64), "value", "hour", nulls_last=True).select(order)


def frequency(span: Span) -> pl.DataFrame:
    """Numbers by how often they were dialled on one day, debtors by how often reached; 7 stands for 7 and more."""

    def spread(key: str, rows: pl.Expr, name: str) -> pl.LazyFrame:
        per_day = (
            span.calls.filter(rows & pl.col(key).is_not_null())
            .group_by("business_date", key)
            .agg(times=pl.len().clip(upper_bound=7).cast(pl.Int64))
        )
        return per_day.group_by("times").agg(pl.len().alias(name))

    dialled = spread("phone_key", pl.col("direction") == "outbound", "numbers")
    reached = spread("debtor_id", pl.col("answered"), "debtors")
    return dialled.join(reached, on="times", how="full", coalesce=True).fill_null(0).collect().sort("times")


def quality(span: Span, min_word_probability: float, min_role_confidence: float) -> pl.DataFrame:
    """Recordings by layout, codec and rate, with how many were too weak to judge by their words or by their roles."""
    frame = (
        span.table("audio")
        .group_by("layout", "codec", "sample_rate_hz")
        .agg(
            calls=pl.len(),
            duration_ms=pl.col("duration_ms").sum(),
            weak_words=(pl.col("word_probability") < min_word_probability).sum(),
            weak_roles=(pl.col("role_confidence") < min_role_confidence).sum(),
            flagged=(pl.col("quality_flags").list.len() > 0).sum(),
        )
    )
    return frame.collect().sort("calls", "layout", "codec", descending=[True, False, False])


def flags(span: Span) -> pl.DataFrame:
    frame = (
        span.table("audio")
        .select("call_id", flag="quality_flags")
        .explode("flag", empty_as_null=True)
        .drop_nulls("flag")
    )
    return frame.group_by("flag").agg(calls=pl.len()).collect().sort("calls", "flag", descending=[True, False])


def gates(span: Span, language: str) -> pl.DataFrame:
    """What the gates expected and saw; a description is stored as `中文 · English`, and one language is shown."""
    text = pl.col("description").str.split(" · ")
    frame = span.table("gates").drop("expectation", "business_date")
    return frame.with_columns(description=text.list.first() if language == "zh" else text.list.last()).collect()


def month_before(span: Span, days: int) -> Span:
    """The `days` days that end with the span's last day."""
    return Span(span.store, span.end - timedelta(days=days - 1), span.end)
