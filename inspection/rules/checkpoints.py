"""The checkpoints of a day as one table: those of the script, and each sentence of a robot against its wording."""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.rules import script
from inspection.rules.conditions import STATES, Day
from inspection.rules.evidence import FRAME
from inspection.rules.rulebook import Rulebook
from inspection.rules.script import DETAILS, Limits
from inspection.rules.verbatim import SHOWN, robots
from inspection.tables import CHECKPOINTS, conform


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
    table = pl.concat([table, robots(rulebook, day, turns, chosen)], how="diagonal_relaxed")
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
