"""The checkpoints of a day as one table: those of the script, and each sentence of a robot against its wording."""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.rules import robot, script
from inspection.rules.conditions import STATES, Day, Select
from inspection.rules.evidence import FRAME
from inspection.rules.rulebook import Rulebook
from inspection.rules.script import DETAILS, Limits
from inspection.tables import CHECKPOINTS, conform

VERBATIM = "verbatim"
"""Checkpoint that sums up a robot's sentences: altered when one of them is."""
SHOWN = ("turn_index", "role", "start", "end", "start_ms", "end_ms", "quote", "confidence", "why")


def checked(rulebook: Rulebook, day: Day, turns: pl.DataFrame) -> pl.DataFrame:
    """What became of every checkpoint; columns of CHECKED and SHOWN, `detail`, and `position` in the evidence.

    Appends the rows to the evidence, so that a finding can show the checkpoint that made it.
    """
    limits = Limits(rulebook.threshold("short_call"), rulebook.threshold("deadline_tolerance"))
    chosen = script.choose_scripts(day, rulebook.scripts, day.facts["script_id"])
    table = script.check(day, rulebook.scripts, chosen, limits)
    ev = day.evidence
    row = table["row"].set(table["row"] < 0, None)
    shown = ev.frame.select(SHOWN)
    table = table.hstack(shown.select(pl.all().gather(row)) if len(shown) else shown.clear(len(table)))
    sentences = [rulebook.sentences[f"checkpoint_{name}"] if name else None for name in DETAILS]
    table = table.with_columns(detail=pl.Series(sentences, dtype=pl.String).gather(table["reason"].cast(pl.UInt32)))
    table = pl.concat([table, _robots(rulebook, day, turns, chosen)], how="diagonal_relaxed")
    table = table.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64) + len(ev.frame))
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in FRAME.items() if name not in table.columns]
    ids = day.facts["call_id"].gather(table["call"])
    ev.append(table.with_columns(call_id=ids, kind=pl.lit("checkpoint"), id="checkpoint").with_columns(
        expression for expression in lacking if expression.meta.output_name() not in ("call_id", "kind", "id")
    ))  # fmt: skip
    return table


def states(day: Day, table: pl.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each checkpoint and call of the axis: index into STATES (-1: not in its script) and row of the evidence."""
    state = table["state"].replace_strict(STATES, range(len(STATES)), return_dtype=pl.Int64).to_numpy()
    call, position = table["call"].to_numpy(), table["position"].to_numpy()
    result = {}
    of_one = table.with_row_index("rows").group_by("checkpoint", maintain_order=True).agg("rows")
    for name, rows in zip(of_one["checkpoint"], of_one["rows"], strict=True):
        which, code, row = rows.to_numpy(), np.full(day.calls, -1), np.full(day.calls, -1, np.int64)
        code[call[which]], row[call[which]] = state[which], position[which]
        result[name] = (code, row)
    return result


def published(table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """CHECKPOINTS, in the order of calls and of their scripts."""
    named = table.with_columns(call_id=ids.gather(table["call"])).sort("call", "order", "start_ms", maintain_order=True)
    named = named.rename({"script": "script_id", "checkpoint": "checkpoint_id", "start_ms": "at_ms"})
    return conform(named.select(CHECKPOINTS.names()), CHECKPOINTS, table="checkpoints")


def _robots(rulebook: Rulebook, day: Day, turns: pl.DataFrame, chosen: np.ndarray) -> pl.DataFrame:
    """One row for each sentence a robot said, and one for the call."""
    parts = []
    for number, one in enumerate(rulebook.scripts):
        calls = np.flatnonzero((chosen == number) & (day.words > 0))
        if one.lines and len(calls):
            lines = robot.said_lines(turns, one, calls, rulebook.threshold, rulebook.sentences)
            parts.append(lines.with_columns(script=pl.lit(one.id), order=pl.lit(len(one.checkpoints), pl.Int32)))
    if not parts:
        return pl.DataFrame(schema={"call": pl.Int32})
    lines = pl.concat(parts)
    at = turns.select("turn_index", "role", "start_ms", "end_ms", "why", "word_probability")
    lines = _with_slots(rulebook, day, lines.hstack(at[lines["row"]]))
    poorly = pl.Series(day.words[lines["call"].to_numpy()] == 1)  # words may be missing from the transcript only
    lines = lines.with_columns(
        state=pl.when(poorly & (pl.col("state") == "altered")).then(pl.lit("unsure")).otherwise("state")
    )
    lines = lines.with_columns(
        worst=pl.col("state").replace_strict({"altered": 2, "unsure": 1, "pass": 0}, return_dtype=pl.Int8),
        checkpoint=pl.lit(f"{VERBATIM}.") + pl.col("line").fill_null("added"), quote="said", start=pl.lit(0, pl.Int32),
        end=pl.col("said").str.len_chars().cast(pl.Int32), confidence=pl.col("word_probability").fill_null(1.0),
        mandatory=pl.lit(True), row=pl.lit(-1, pl.Int64), reason=pl.lit(0, pl.Int8), deadline_ms=pl.lit(None, pl.Int64),
    )  # fmt: skip
    worst_first = ["call", "worst", "start_ms", "checkpoint"]
    lines = lines.sort(worst_first, descending=[False, True, False, False], maintain_order=True)
    details = lines.drop_nulls("detail").group_by("call", maintain_order=True).agg(
        whole=pl.col("detail").unique(maintain_order=True).str.join("；")
    )  # fmt: skip
    whole = lines.unique("call", keep="first", maintain_order=True).join(
        details, on="call", how="left", maintain_order="left"
    )
    title = pl.lit(rulebook.sentences["verbatim"])
    whole = whole.with_columns(checkpoint=pl.lit(VERBATIM), title=title, detail="whole", order=pl.col("order") + 1)
    columns = list(dict.fromkeys([*script.CHECKED.names(), *SHOWN, "detail"]))
    once = lines.unique(["call", "checkpoint"], keep="first", maintain_order=True)
    return pl.concat([once.select(columns), whole.select(columns)])


def _with_slots(rulebook: Rulebook, day: Day, lines: pl.DataFrame) -> pl.DataFrame:
    """A sentence whose amount or date differs from the account is altered, though every other word is right."""
    robots, tolerance = frozenset({"robot"}), rulebook.threshold("amount_tolerance")
    wrong = [
        Select("spoken", ("debt_amount",), robots, unlike="amount_due_cents", tolerance=tolerance),
        Select("spoken", ("due_date",), robots, unlike="due_date"),
    ]
    rows = np.unique(np.concatenate([one.found(day).rows for one in wrong]))
    before, after = rulebook.sentences["line_slot"].split("{}")
    spoken = day.evidence.frame.select("call", "turn_index", "quote", "why")[rows]
    spoken = spoken.group_by("call", "turn_index", maintain_order=True).agg(
        slot=pl.lit(before) + pl.col("quote").str.join("、") + pl.lit(after), doubt=pl.col("why").max()
    )
    lines = lines.join(spoken, on=["call", "turn_index"], how="left", maintain_order="left")
    wrong_slot = pl.col("slot").is_not_null() & (pl.col("state") == "pass")
    return lines.with_columns(
        state=pl.when(wrong_slot & (pl.col("doubt") > 0)).then(pl.lit("unsure"))
        .when(wrong_slot).then(pl.lit("altered")).otherwise("state"),
        detail=pl.concat_str("detail", "slot", separator="；", ignore_nulls=True).replace("", None),
    )  # fmt: skip
