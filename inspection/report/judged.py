"""What the rules said, counted: by rule, alerts, failures, outcomes against the words, checkpoints, doubts.

As in `measures`, every function takes a span and gives a frame; its columns are keys of words/*.yaml.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from inspection.report.intervals import wilson
from inspection.report.measures import ratio
from inspection.report.sections import Sections
from inspection.report.span import Span

OTHERS = ["third_party", "guarantor"]
DEVIATIONS = ["missing", "late", "out_of_order", "altered"]


def rule_counts(span: Span, *keys: str) -> pl.LazyFrame:
    """Verdicts per rule and status, and per further keys such as `business_date`."""
    verdicts = [
        (pl.col("verdict") == verdict).sum().alias(verdict) for verdict in ("fail", "unsure", "pass", "not_applicable")
    ]
    found = span.table("findings").group_by(*keys, "rule_id", "status")
    return found.agg(*verdicts, title=pl.col("title").max(), severity=pl.col("severity").min())


def rules(span: Span, history: pl.DataFrame) -> pl.DataFrame:
    """Findings by rule: the share that failed, that of the days before, and the daily counts of `rule_trend`."""
    before = history.filter(pl.col("business_date") < span.start)
    usual = before.group_by("rule_id", "status").agg(
        pl.col("fail").sum().alias("fail_before"), pl.col("pass").sum().alias("pass_before")
    )
    days = history.select(pl.col("business_date").unique().sort())
    line = (
        days.join(history.select("rule_id", "status").unique(), how="cross")
        .join(
            history.select("business_date", "rule_id", "status", "fail"),
            on=["business_date", "rule_id", "status"],
            how="left",
        )
        .sort("business_date")
        .group_by("rule_id", "status", maintain_order=True)
        .agg(trend=pl.col("fail").fill_null(0))
    )
    frame = (
        rule_counts(span)
        .collect()
        .join(usual, on=["rule_id", "status"], how="left")
        .join(line, on=["rule_id", "status"], how="left")
    )
    before_judged = (pl.col("fail_before") + pl.col("pass_before")).fill_null(0)
    frame = frame.with_columns(judged=pl.col("fail") + pl.col("pass"), usual_judged=before_judged).with_columns(
        fail_share=ratio("fail", "judged"), usual_share=ratio("fail_before", "usual_judged")
    )
    order = ["rule_id", "title", "severity", "status", "fail", "judged", "fail_share", "usual_share", "usual_judged"]
    ranked = frame.sort("fail", "unsure", "rule_id", descending=[True, True, False])
    return ranked.select(*order, "unsure", "not_applicable", "trend")


def rule_trend(span: Span) -> pl.DataFrame:
    """`rule_counts` of each day of the span."""
    days = [rule_counts(part, "business_date").collect() for part in span.parts()]
    return pl.concat(days).sort("business_date", "rule_id", "status")


def rule_days(history: pl.DataFrame) -> pl.DataFrame:
    """`rule_trend` as a table: each rule's days in a row, with its share that failed."""
    frame = history.with_columns(judged=pl.col("fail") + pl.col("pass")).with_columns(
        fail_share=ratio("fail", "judged")
    )
    order = ["rule_id", "title", "status", "business_date", "fail", "judged", "fail_share", "unsure"]
    return frame.select(order).sort("rule_id", "status", "business_date")


def alerts(span: Span, sections: Sections) -> pl.DataFrame:
    """Calls in which the customer spoke of self-harm or of a complaint: gravest first, a row a call and category.

    How the agent answered is on the call's page; here stand the first words and how often such words fell.
    """
    order = pl.col("category").replace_strict(
        {name: rank for rank, name in enumerate(sections.alerts)}, return_dtype=pl.Int8
    )
    heard = span.table("hits").filter(
        pl.col("kept")
        & pl.col("category").is_in(sections.alerts)
        & (pl.col("role") != "agent")
        & (pl.col("role") != "robot")
    )
    firsts = (
        heard.sort("call_id", "start_ms")
        .group_by("call_id", "category", maintain_order=True)
        .agg(pl.col("start_ms", "quote").first(), times=pl.len(), confidence=pl.col("confidence").max())
    )
    who = span.calls.select(
        "call_id", "dialed_at", "timezone", "agency", "team", "agent_id", "agent_kind", "stage", "outcome"
    )
    frame = (
        firsts.join(who, on="call_id", how="left")
        .with_columns(order=order)
        .sort("order", "dialed_at", "call_id")
        .collect()
    )
    return frame.select(
        "category",
        "call_id",
        "dialed_at",
        "quote",
        "times",
        "start_ms",
        "confidence",
        "agency",
        "team",
        "agent_id",
        "agent_kind",
        "stage",
        "outcome",
    )


def failures(span: Span, verdict: str = "fail") -> pl.DataFrame:
    """Live findings that failed (or of another verdict), one row each, with who and when, in the rules' order."""
    failed = span.table("findings").filter((pl.col("verdict") == verdict) & (pl.col("status") == "live"))
    who = span.calls.select("call_id", "dialed_at", "agency", "team", "agent_id", "agent_kind", "stage", "outcome")
    frame = failed.join(who, on="call_id", how="left").sort("rule_id", "dialed_at", "call_id", "start_ms").collect()
    return frame.select(
        "rule_id",
        "title",
        "severity",
        "call_id",
        "dialed_at",
        "quote",
        "start_ms",
        "reason",
        "agency",
        "team",
        "agent_id",
        "stage",
        "outcome",
    )


def heard(span: Span, sections: Sections) -> pl.DataFrame:
    """Per inspected call the stored `outcome`, the one its words amount to (`heard`) and whether they agree."""
    kept = span.table("hits").filter("kept").group_by("call_id").agg(categories=pl.col("category").unique())
    who = (
        span.table("identity")
        .sort("call_id", "at_ms")
        .group_by("call_id", maintain_order=True)
        .agg(who=pl.col("who").last())
    )
    frame = (
        span.calls.filter("inspected")
        .select("call_id", "outcome")
        .join(kept, on="call_id", how="left")
        .join(who, on="call_id", how="left")
    )
    verdict, agrees = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.Boolean)
    for line in reversed(sections.heard):
        spoken = pl.any_horizontal(
            [pl.lit(False), *(pl.col("categories").list.contains(name).fill_null(False) for name in line.categories)]
        )
        holds = spoken | (pl.col("who") == line.who).fill_null(False) if line.who else spoken
        verdict = pl.when(holds).then(pl.lit(line.heard)).otherwise(verdict)
        agrees = pl.when(holds).then(pl.col("outcome").is_in(line.agrees)).otherwise(agrees)
    return frame.with_columns(heard=verdict, agrees=agrees).drop("categories", "who").collect().sort("call_id")


def mismatch(span: Span, sections: Sections) -> pl.DataFrame:
    """The matrix in long form: dialer's outcome × outcome heard, calls, and whether the two agree."""
    return (
        heard(span, sections)
        .group_by("outcome", "heard", "agrees")
        .agg(calls=pl.len())
        .sort("outcome", "heard", nulls_last=True)
    )


def disagreements(span: Span, sections: Sections) -> pl.DataFrame:
    """Calls whose stored outcome and words do not agree, with who stored it."""
    who = span.calls.select("call_id", "dialed_at", "agency", "team", "agent_id", "stage")
    found = heard(span, sections).lazy().filter(~pl.col("agrees")).join(who, on="call_id", how="left")
    order = ["call_id", "dialed_at", "outcome", "heard", "agency", "team", "agent_id", "stage"]
    return found.select(order).collect().sort("outcome", "heard", "call_id")


def group_failures(span: Span, sections: Sections, *groups: str) -> pl.DataFrame:
    """Failed findings of the named groups of rules (hours, frequency …) by rule and agency."""
    chosen = in_groups(sections, *groups)
    who = span.calls.select("call_id", "agency", "agent_id")
    found = span.table("findings").filter((pl.col("verdict") == "fail") & chosen).join(who, on="call_id", how="left")
    frame = found.group_by("rule_id", "title", "status", "agency").agg(
        fail=pl.len(), calls=pl.col("call_id").n_unique(), agents=pl.col("agent_id").n_unique()
    )
    return frame.collect().sort("fail", "rule_id", "agency", descending=[True, False, False])


def checkpoints(span: Span) -> pl.DataFrame:
    """Script by stage: how often each checkpoint was said in time, late, not at all …; and its median moment."""
    states = ("pass", "late", "missing", "out_of_order", "altered", "unsure", "not_applicable")
    stage = span.calls.select("call_id", "stage")
    counts = [(pl.col("state") == state).sum().alias(f"cp_{state}") for state in states]
    frame = (
        span.table("checkpoints")
        .join(stage, on="call_id", how="left")
        .group_by("stage", "script_id", "checkpoint_id")
        .agg(
            pl.col("title").first(),
            *counts,
            cp_judged=(~pl.col("state").is_in(["not_applicable", "unsure"])).sum(),
            median_ms=pl.col("at_ms").median().cast(pl.Int64),
            place=pl.col("at_ms").median(),
        )
    )
    frame = frame.with_columns(pass_share=ratio("cp_pass", "cp_judged")).collect()
    order = ["stage", "script_id", "checkpoint_id"]
    keys = frame["checkpoint_id"].str.extract(r"(\d+)").cast(pl.Int32, strict=False)
    return (
        frame.with_columns(rank=keys)
        .sort("stage", "script_id", "rank", "checkpoint_id", nulls_last=True)
        .select(*order, "title", "cp_judged", "pass_share", *[f"cp_{state}" for state in states], "median_ms")
    )


def unsure(span: Span) -> pl.DataFrame:
    """What a person has to settle: unsure findings by rule and reason."""
    frame = (
        span.table("findings")
        .filter(pl.col("verdict") == "unsure")
        .group_by("rule_id", "title", "severity", "reason")
        .agg(calls=pl.col("call_id").n_unique())
    )
    return frame.collect().sort("calls", "rule_id", "reason", descending=[True, False, False])


AGENT = ["agent_id", "agent_kind", "agency", "team"]
"""Who an agent is: robots of several agencies may share an id."""


def offences(span: Span) -> pl.DataFrame:
    """Calls that failed a live rule, counted by agent, rule and day."""
    return pl.concat(_offences(part).collect() for part in span.parts())


def _offences(span: Span) -> pl.LazyFrame:
    failed = span.table("findings").filter((pl.col("verdict") == "fail") & (pl.col("status") == "live"))
    who = span.table("attempts").select("call_id", *AGENT).unique("call_id", keep="first")
    found = failed.select("call_id", "business_date", "rule_id", "title", "severity").join(who, on="call_id")
    return found.group_by(*AGENT, "rule_id", "business_date").agg(
        pl.col("title", "severity").max(), calls=pl.col("call_id").n_unique()
    )


def repeat_offenders(span: Span, least: int = 2) -> pl.DataFrame:
    """Agents with at least `least` calls that failed the same live rule within the span."""
    return repeated(offences(span), least)


def repeated(found: pl.DataFrame, least: int = 2) -> pl.DataFrame:
    """`repeat_offenders` of counted `offences`."""
    day = pl.col("business_date")
    frame = found.group_by(*AGENT, "rule_id").agg(
        pl.col("title", "severity").max(),
        pl.col("calls").sum(),
        days=day.n_unique(),
        first_day=day.min(),
        last_day=day.max(),
    )
    order = [*AGENT, "rule_id"]
    shown = [*order, "title", "severity", "calls", "days", "first_day", "last_day"]
    many = frame.filter(pl.col("calls") >= least).select(shown)
    return many.sort("calls", *order, descending=[True, *[False] * len(order)])


def agent_rules(span: Span, found: pl.DataFrame) -> pl.DataFrame:
    """Agent × live rule: verdicts within the span, and the calls failed in each week of counted `offences`."""
    verdicts = [(pl.col("verdict") == verdict).sum().alias(verdict) for verdict in ("fail", "pass", "unsure")]
    live = span.table("findings").filter((pl.col("status") == "live") & (pl.col("verdict") != "not_applicable"))
    rows = live.select("call_id", "rule_id", "title", "severity", "verdict")
    counted = rows.join(span.calls.select("call_id", *AGENT), on="call_id").group_by(*AGENT, "rule_id")
    frame = counted.agg(pl.col("title", "severity").max(), *verdicts).filter(pl.col("fail") + pl.col("unsure") > 0)
    shares = frame.with_columns(judged=pl.col("fail") + pl.col("pass")).with_columns(fail_share=ratio("fail", "judged"))
    weeks = weekly(found, span.end)
    joined = shares.collect().join(weeks, on=[*AGENT, "rule_id"], how="left", nulls_equal=True)
    order = [*AGENT, "rule_id", "title", "severity", "fail", "judged", "fail_share", "unsure", "weeks"]
    return joined.select(order).sort("fail", "unsure", *order[:5], descending=[True, True, *[False] * 5])


def weekly(found: pl.DataFrame, end: date) -> pl.DataFrame:
    """`offences` by agent and rule as a list of weeks of seven days, the last ending with `end`."""
    ago = (pl.lit(end) - pl.col("business_date")).dt.total_days() // 7
    last = int(found.select(ago.max()).item() or 0) if len(found) else 0
    sums = [pl.col("calls").filter(ago == week).sum().alias(f"week{week}") for week in range(last, -1, -1)]
    frame = found.group_by(*AGENT, "rule_id").agg(sums)
    return frame.select(*AGENT, "rule_id", weeks=pl.concat_list([f"week{week}" for week in range(last, -1, -1)]))


def in_groups(sections: Sections, *groups: str) -> pl.Expr:
    """Whether `rule_id` belongs to one of the named groups of sections.yaml."""
    beginnings = [beginning for group in groups for beginning in sections.rule_groups.get(group, ())]
    return pl.any_horizontal([pl.lit(False), *(pl.col("rule_id").str.starts_with(start) for start in beginnings)])


def other_calls(span: Span, sections: Sections) -> Span:
    """The span narrowed to calls that somebody else than the debtor answered, or that a third-party rule doubts."""
    who = span.table("identity").sort("call_id", "at_ms").group_by("call_id").agg(pl.col("who").last())
    others = who.filter(pl.col("who").is_in(OTHERS)).select("call_id")
    told = span.table("findings").filter(
        in_groups(sections, "third_party") & (pl.col("status") == "live") & pl.col("verdict").is_in(["fail", "unsure"])
    )
    return span.narrowed(pl.concat([others, told.select("call_id")]).unique().collect().lazy())


def deviations(span: Span) -> pl.DataFrame:
    """Sentences of the script that were missed, late, out of order or altered, one row each, by checkpoint.

    Where parts of a checkpoint strayed (`verbatim.opening`), they stand instead of the whole (`verbatim`).
    """
    strayed = span.table("checkpoints").filter(pl.col("state").is_in(DEVIATIONS)).rename({"state": "deviation"})
    parts = strayed.filter(pl.col("checkpoint_id").str.contains(".", literal=True))
    whole = parts.select("call_id", pl.col("checkpoint_id").str.split(".").list.first())
    strayed = strayed.join(whole, on=["call_id", "checkpoint_id"], how="anti")
    who = span.calls.select("call_id", "agency", "team", "agent_id", "campaign", "stage")
    order = ["script_id", "checkpoint_id", "title", "deviation", "call_id", "quote", "detail", "at_ms", "deadline_ms"]
    frame = strayed.join(who, on="call_id", how="left").select(*order, "agency", "team", "agent_id", "campaign")
    return frame.collect().sort("script_id", "checkpoint_id", "deviation", "call_id")


def judged_by(span: Span, rule_id: str) -> Span:
    """The span narrowed to the calls that a rule judged."""
    judged = span.table("findings").filter((pl.col("rule_id") == rule_id) & (pl.col("verdict") != "not_applicable"))
    return span.narrowed(judged.select("call_id").unique())


def rule_by(span: Span, rule_id: str, dimension: str) -> pl.DataFrame:
    """One rule's verdicts by a dimension of `Span.calls` (`agents`: agent with team), worst share first."""
    keys = ["agent_id", "agency", "team"] if dimension == "agents" else [dimension]
    found = span.table("findings").filter(pl.col("rule_id") == rule_id).select("call_id", "verdict")
    counts = [(pl.col("verdict") == verdict).sum().alias(verdict) for verdict in ("fail", "pass", "unsure")]
    frame = found.join(span.calls.select("call_id", *keys), on="call_id").group_by(keys).agg(counts)
    frame = frame.with_columns(judged=pl.col("fail") + pl.col("pass")).with_columns(fail_share=ratio("fail", "judged"))
    order = [*keys, "fail", "judged", "fail_share", "unsure"]
    return frame.select(order).collect().sort("fail", *keys, descending=[True, *[False] * len(keys)])


def failed_by_agency(span: Span) -> pl.DataFrame:
    """Live rules by agency: failed and judged findings, their share and its interval."""
    found = span.table("findings").filter((pl.col("status") == "live") & pl.col("verdict").is_in(["fail", "pass"]))
    frame = found.join(span.calls.select("call_id", "agency"), on="call_id")
    frame = frame.group_by("rule_id", "agency").agg(
        pl.col("title").max(), fail=(pl.col("verdict") == "fail").sum(), judged=pl.len()
    )
    frame = frame.with_columns(ratio("fail", "judged").alias("fail_share"), *wilson("fail", "judged"))
    frame = frame.filter(pl.col("fail") > 0)
    order = ["rule_id", "title", "agency", "fail", "judged", "fail_share", "low", "high"]
    return frame.select(order).collect().sort("rule_id", "fail_share", "agency", descending=[False, True, False])


def other_answerers(span: Span, sections: Sections) -> pl.DataFrame:
    """Calls answered by somebody else than the debtor, with the worst verdict of the third-party rules on each."""
    last = span.table("identity").sort("call_id", "at_ms").group_by("call_id", maintain_order=True)
    others = last.agg(who=pl.col("who").last()).filter(pl.col("who").is_in(OTHERS))
    worst = pl.col("verdict").replace_strict({"fail": 3, "unsure": 2, "pass": 1}, default=0, return_dtype=pl.Int8)
    rules = span.table("findings").filter(in_groups(sections, "third_party")).sort(worst, descending=True)
    verdict = rules.group_by("call_id", maintain_order=True).agg(pl.col("verdict").first())
    who = span.calls.select("call_id", "dialed_at", "agency", "team", "agent_id", "stage", "outcome")
    frame = others.join(verdict, on="call_id", how="left").join(who, on="call_id", how="left")
    return frame.collect().sort(worst.fill_null(0), "call_id", descending=[True, False])
