"""Three gates: after intake, after speech, before publishing. A failed critical expectation stops the day.

What is expected of one row is a column of truth values made by polars (`in_order`, `accounted`), so that the engine
only ever sees the few narrow columns under test and each failing row is named by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from inspection.errors import SKIP_REASONS, GateError
from inspection.privacy import mask
from inspection.results.validation import ROW, Expectation, Frame, validate

Tables = Mapping[str, Frame]
"""Of lazy tables only the columns under test are ever read."""

UNMAPPED = "UNMAPPED"
ROLES = ["agent", "robot", "customer", "unknown"]
VERDICTS = ["fail", "pass", "unsure", "not_applicable"]
SEVERITIES = ["fatal", "major", "minor", "info"]
LONGEST_CALL_MS = 6 * 3600 * 1000
LISTED = pl.col("state") != "surplus_recording"
"""Rows of RECONCILIATION that are the dialer's calls."""


def not_null(table: str, column: str, description: str, severity: str = "critical") -> Expectation:
    return Expectation(table, "ExpectColumnValuesToNotBeNull", severity, description, {"column": column})


def unique(table: str, column: str, description: str) -> Expectation:
    return Expectation(table, "ExpectColumnValuesToBeUnique", "critical", description, {"column": column})


def one_of(table: str, column: str, values: list[str], description: str, severity: str = "critical") -> Expectation:
    options = {"column": column, "value_set": values}
    return Expectation(table, "ExpectColumnValuesToBeInSet", severity, description, options)


def between(
    table: str, column: str, limits: tuple[float, float], description: str, severity: str = "critical"
) -> Expectation:
    options = {"column": column, "min_value": limits[0], "max_value": limits[1]}
    return Expectation(table, "ExpectColumnValuesToBeBetween", severity, description, options)


def true(table: str, column: str, description: str, severity: str = "critical", mostly: float = 1.0) -> Expectation:
    options = {"column": column, "value_set": [True], "mostly": mostly}
    return Expectation(table, "ExpectColumnValuesToBeInSet", severity, description, options)


def some_rows(table: str, description: str, severity: str) -> Expectation:
    return Expectation(table, "ExpectTableRowCountToBeBetween", severity, description, {"min_value": 1})


PHONE_OWNERS = ["debtor", "contact", "guarantor", "professional", "unknown"]

AFTER_INTAKE = [
    some_rows("attempts", "拨打清单不为空 · the dialer lists at least one attempt", "warning"),
    not_null("attempts", "call_id", "每通有编号 · every attempt has an id"),
    unique("attempts", "call_id", "编号唯一 · no id occurs twice"),
    not_null("attempts", "dialed_at", "拨打时间可读 · every dial time can be read"),
    not_null("attempts", "phone_key", "有被叫号码 · every attempt has a number (frequency rules need it)", "warning"),
    true("attempts", "mapped", "结果码均已映射 · every outcome code is in the dispositions file", "warning"),
    one_of("attempts", "direction", ["outbound", "inbound"], "呼叫方向已知 · direction is outbound or inbound"),
    one_of("attempts", "phone_owner", PHONE_OWNERS, "号码归属已知 · known phone owner"),
    one_of("attempts", "agent_kind", ["robot", "human"], "机器人或人工 · robot or human", "warning"),
    one_of("attempts", "agency_type", ["own", "agency"], "自营或委外 · own staff or agency", "warning"),
    true("attempts", "in_order", "先拨打后接通后结束 · dialled, answered and ended in this order", "warning"),
    between("attempts", "talk_ms", (0, LONGEST_CALL_MS), "通话时长合理 · talk time between 0 and 6 hours", "warning"),
    true("attempts", "found", "接通的有录音 · 95 % of answered calls have a recording", "warning", 0.95),
    unique("recordings", "recording_id", "录音唯一 · no recording is listed twice"),
    one_of("skips", "reason", sorted(SKIP_REASONS), "跳过均有原因 · every skip has a known reason"),
]

AFTER_SPEECH = [
    unique("audio", "call_id", "每通一份转写 · one transcript a call"),
    true("audio", "listed", "转写的通话都在清单 · every transcript belongs to a listed call"),
    between("audio", "duration_ms", (1, LONGEST_CALL_MS), "录音时长合理 · audio between 1 ms and 6 hours"),
    between("audio", "role_confidence", (0, 1), "角色置信度合法 · role confidence is a share"),
    true("audio", "told_apart", "角色可分辨 · roles are told apart in 80 % of calls", "warning", 0.8),
    true("audio", "words_in_order", "词在录音之内 · words lie within the audio, start before they end"),
    true(
        "audio",
        "agrees",
        "时长与拨打记录相符 · audio and dialer durations differ by at most 10 % or 5 s",
        "warning",
        0.9,
    ),
    one_of("turns", "role", ROLES, "角色合法 · known role"),
    true("turns", "in_order", "话轮时间合法 · turns start at or after 0 and before they end"),
    not_null("turns", "text", "话轮有文字 · every turn has text"),
]

BEFORE_PUBLISH = [
    unique("calls", "call_id", "每通一行 · every listed call has one row"),
    true("calls", "accounted", "每通有结论 · every listed call is inspected or skipped with a reason"),
    some_rows("runs", "有批次记录 · the run is on record", "critical"),
    true("runs", "balanced", "清单=已检+跳过 · listed = inspected + skipped"),
    between("scores", "score", (0, 100), "得分在0到100 · scores between 0 and 100"),
    one_of("scores", "verdict", ["fail", "pass", "unsure"], "结论合法 · known verdict"),
    true("scores", "zero_when_fatal", "一票否决为零分 · a fatal finding makes the score 0 and the verdict fail"),
    true("scores", "listed", "得分的通话都在清单 · every score belongs to a listed call"),
    true("scores", "adds_up", "得分与分项相符 · a score's points are those of its components, a section's cap apart"),
    true("components", "in_range", "分项不超过满分 · 0 ≤ earned ≤ possible"),
    one_of("findings", "verdict", VERDICTS, "判定合法 · known verdict"),
    one_of("findings", "severity", SEVERITIES, "级别合法 · known severity"),
    true("findings", "listed", "判定的通话都在清单 · every finding belongs to a listed call"),
    true("findings", "in_order", "证据位置合法 · evidence starts before it ends"),
    true("findings", "reasoned", "不合格有理由 · every failure has a reason and a rule version"),
]


def after_intake(attempts: Frame, recordings: Frame, skips: Frame, *, data_docs: Path | None = None) -> pl.DataFrame:
    """GATES of the day as it came in."""
    lost = skips.lazy().filter(pl.col("reason") == "recording_missing").select("call_id").collect()
    times = ["dialed_at", "answered_at", "ended_at"]
    checked = attempts.lazy().select(
        _named("call_id"), "call_id", "dialed_at", "phone_key", "direction", "phone_owner", "agent_kind", "agency_type",
        "talk_ms", mapped=pl.col("outcome") != UNMAPPED, in_order=_rising(*times),
        found=pl.when(pl.col("talk_ms") > 0).then(~_in(lost)),
    )  # fmt: skip
    frames = {
        "attempts": checked,
        "recordings": recordings.lazy().select(_named("recording_id"), "recording_id"),
        "skips": skips.lazy().select(_named("call_id", "recording_id"), "reason"),
    }
    return _with_codes(validate("intake", frames, AFTER_INTAKE, data_docs), attempts.lazy())


def after_speech(
    attempts: Frame, audio: Frame, turns: Frame, words: Frame, *, data_docs: Path | None = None
) -> pl.DataFrame:
    """GATES of what was heard, against the dialer's list."""
    duration = audio.lazy().select("call_id", "duration_ms")
    ordered = pl.col("start_ms").is_between(0, pl.col("end_ms")) & pl.col("probability").is_between(0, 1)
    placed = words.lazy().join(duration, on="call_id", how="left")
    astray = placed.filter(~(ordered & (pl.col("end_ms") <= pl.col("duration_ms") + 1000))).select("call_id").collect()
    listed = attempts.lazy().select("call_id", "talk_ms").collect()
    difference = (pl.col("duration_ms") - pl.col("talk_ms")).abs()
    checked = audio.lazy().join(listed.lazy(), on="call_id", how="left").select(
        _named("call_id"), "call_id", "duration_ms", pl.col("role_confidence").cast(pl.Float64), listed=_in(listed),
        told_apart=pl.col("role_basis") != "none", words_in_order=~_in(astray),
        agrees=(difference <= 5000) | (difference <= 0.1 * pl.col("talk_ms")),
    )  # fmt: skip
    in_order = pl.col("start_ms").is_between(0, pl.col("end_ms"))
    said = turns.lazy().select(_named("call_id"), "role", "text", in_order=in_order)
    return validate("speech", {"audio": checked, "turns": said}, AFTER_SPEECH, data_docs)


def before_publish(tables: Tables, *, data_docs: Path | None = None) -> pl.DataFrame:
    """GATES of everything that is about to be published: the day balances, scores add up, findings have reasons."""
    day = {name: frame.lazy() for name, frame in tables.items()}
    listed = day["attempts"].select("call_id").collect()
    calls = day["reconciliation"].filter(LISTED)
    sums = day["components"].group_by("call_id", "scorecard").agg(pl.sum("earned", "possible").name.prefix("sum_"))
    counted = pl.col("listed") == pl.col("inspected") + pl.col("skipped")
    reasoned = (pl.col("reason").str.len_bytes() > 0) & pl.col("rule_version").is_not_null()
    points = pl.col("sum_possible").fill_null(0)
    # a section's cap on its loss gives points back, so a score may earn more than its components, never less
    adds_up = ((pl.col("possible") - points).abs() < 0.01) & pl.col("earned").is_between(
        pl.col("sum_earned").fill_null(0) - 0.01, points + 0.01
    )
    fatal_is_zero = ~pl.col("fatal") | ((pl.col("score").fill_null(0) == 0) & (pl.col("verdict") == "fail"))
    frames = {
        "calls": calls.select(
            _named("call_id"), "call_id", accounted=(pl.col("state") == "inspected") | pl.col("reason").is_not_null()
        ),
        "runs": day["runs"].select(
            pl.col("run_id").alias(ROW),
            balanced=counted & (pl.col("listed") == listed.height),
        ),
        "scores": day["scores"].join(sums, on=["call_id", "scorecard"], how="left").select(
            _named("call_id"), "score", "verdict", listed=_in(listed), zero_when_fatal=fatal_is_zero,
            adds_up=adds_up,
        ),
        "components": day["components"].select(
            _named("call_id"), in_range=pl.col("earned").is_between(0, pl.col("possible"))
        ),
        "findings": day["findings"].select(
            _named("call_id"), "verdict", "severity", listed=_in(listed), in_order=_rising("start_ms", "end_ms"),
            reasoned=(pl.col("verdict") != "fail") | reasoned,
        ),
    }  # fmt: skip
    return validate("publish", frames, BEFORE_PUBLISH, data_docs)


def require(gates: pl.DataFrame, written: Path | None = None) -> None:
    """Raises GateError when a critical expectation failed: which one, how many rows, and the first ids of them.

    `written` is where the whole result and the rows to repair lie, for the message.
    """
    failed = gates.filter((pl.col("severity") == "critical") & ~pl.col("success"))
    if failed.is_empty():
        return
    told = []
    for row in failed.iter_rows(named=True):
        ids = row["unexpected_ids"]
        names = f" ({', '.join(ids[:10])}{', …' if len(ids) > 10 else ''})" if ids else ""
        told.append(f"{row['expectation']}: {row['description'].split(' · ')[-1]} — {row['observed']}{names}")
    where = f"; results, pages and the rows to repair are in {written}" if written else ""
    raise GateError(f"gate {failed['gate'][0]} failed, nothing was published: " + "; ".join(told) + where)


def quarantine(tables: Tables, gates: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows that failed expectations name, by table, each with what it failed: the list of what to repair."""
    failed = gates.filter(~pl.col("success") & (pl.col("unexpected_ids").list.len() > 0))
    broken = failed.select("expectation", pl.col("unexpected_ids").alias(ROW)).explode(ROW)
    broken = broken.with_columns(table=pl.col("expectation").str.split(".").list.first())
    found = {}
    for (table,), rows in broken.group_by("table", maintain_order=True):
        frame = tables["reconciliation" if table == "calls" else str(table)].lazy()
        if table == "calls":
            frame = frame.filter(LISTED)
        reasons = rows.group_by(ROW).agg(failed=pl.col("expectation").sort())
        named = frame.with_columns(_named(*NAMED_BY.get(str(table), ("call_id",))))
        found[str(table)] = named.join(reasons.lazy(), on=ROW).drop(ROW).collect()
    return found


NAMED_BY = {"recordings": ("recording_id",), "runs": ("run_id",), "skips": ("call_id", "recording_id")}
"""Columns that name a row of a table, the first that is known; a call's id elsewhere."""


def _named(*columns: str) -> pl.Expr:
    return pl.coalesce(*columns, pl.format("row {}", pl.int_range(pl.len()))).alias(ROW)


def _in(calls: pl.DataFrame) -> pl.Expr:
    return pl.col("call_id").is_in(calls["call_id"].implode())


def _rising(*columns: str) -> pl.Expr:
    """True unless two present values stand in the wrong order."""
    pairs = [(pl.col(a) <= pl.col(b)).fill_null(True) for place, a in enumerate(columns) for b in columns[place + 1 :]]
    return pl.all_horizontal(pairs)


def _with_codes(gates: pl.DataFrame, attempts: pl.LazyFrame) -> pl.DataFrame:
    """Names the unmapped codes and how often each occurs: what compliance has to add to the dispositions file."""
    unmapped = (
        attempts.filter(pl.col("outcome") == UNMAPPED)
        .group_by("outcome_raw")
        .len()
        .sort("len", "outcome_raw", descending=[True, False])
        .collect()
    )
    codes = ", ".join(f"{mask(code or '(none)')} × {count}" for code, count in unmapped.rows())
    mine = pl.col("expectation").str.starts_with("attempts.mapped.") & ~pl.col("success")
    return gates.with_columns(observed=pl.when(mine).then(pl.lit(codes)).otherwise("observed"))
