"""A robot's sentences as checkpoints: each line it said, passed over or said too early, each slot, and all in one."""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.rules import robot, script, slots, walk
from inspection.rules.conditions import Day
from inspection.rules.model import Script
from inspection.rules.rulebook import Rulebook

VERBATIM = "verbatim"
"""Checkpoint that sums up a robot's sentences: altered when one of them is, missing or out of order likewise."""
RANK = {"altered": 4, "out_of_order": 3, "missing": 2, "unsure": 1, "pass": 0, "not_applicable": -1}
"""Of several states of one line or call the worst stands."""
SHOWN = ("turn_index", "role", "start", "end", "start_ms", "end_ms", "quote", "confidence", "why")


def robots(rulebook: Rulebook, day: Day, turns: pl.DataFrame, chosen: np.ndarray) -> pl.DataFrame:
    """One row for each sentence a robot said or passed over, one for each slot that the account has nothing to compare
    with, and one for the call."""
    at = turns.select("turn_index", "role", "start_ms", "end_ms", "why", "word_probability")
    account = slots.Account.of(day, rulebook.lexicon.syllables, rulebook.threshold("amount_tolerance"))
    parts = []
    for number, one in enumerate(rulebook.scripts):
        calls = np.flatnonzero((chosen == number) & (day.words > 0))
        if one.lines and len(calls):
            lines = _lines(rulebook, day, turns, one, calls=calls, account=account)
            parts.append(lines.with_columns(script=pl.lit(one.id), order=pl.lit(len(one.checkpoints), pl.Int32)))
    if not parts:
        return pl.DataFrame(schema={"call": pl.Int32})
    lines = pl.concat(parts)
    return _summed(rulebook, _rows(day, lines.hstack(at.select(pl.all().gather(lines["row"])))))


def _rows(day: Day, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines as rows of checkpoints, of each call the worst first. What was heard poorly accuses nobody."""
    poorly = pl.Series(day.words[lines["call"].to_numpy()] == 1)  # words may be missing from the transcript only
    weak = (pl.col("why") > 0).fill_null(False)
    accused = pl.col("state").is_in(["altered", "missing", "out_of_order"])
    named = pl.concat_str(pl.lit(VERBATIM), pl.col("line").fill_null("added"), "slot", separator=".", ignore_nulls=True)
    rows = lines.with_columns(
        state=pl.when(accused & (poorly | weak)).then(pl.lit("unsure")).otherwise("state")
    ).with_columns(
        worst=pl.col("state").replace_strict(RANK, return_dtype=pl.Int8), checkpoint=named, quote="said",
        start=pl.when(pl.col("said").is_not_null()).then(pl.lit(0, pl.Int32)),
        end=pl.col("said").str.len_chars().cast(pl.Int32), confidence=pl.col("word_probability").fill_null(1.0),
        mandatory=pl.lit(True), row=pl.lit(-1, pl.Int64), reason=pl.lit(0, pl.Int8), deadline_ms=pl.lit(None, pl.Int64),
    )  # fmt: skip
    worst_first = ["call", "worst", "start_ms", "checkpoint"]
    return rows.sort(worst_first, descending=[False, True, False, False], maintain_order=True)


def _summed(rulebook: Rulebook, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, each line once, and one for the call: its worst line, with what is wrong with any."""
    compared = rows.filter(pl.col("worst") >= 0)
    details = compared.drop_nulls("detail").group_by("call", maintain_order=True).agg(
        whole=pl.col("detail").unique(maintain_order=True).str.join("；")
    )  # fmt: skip
    whole = compared.unique("call", keep="first", maintain_order=True).join(
        details, on="call", how="left", maintain_order="left"
    )
    title = pl.lit(rulebook.sentences["verbatim"])
    whole = whole.with_columns(checkpoint=pl.lit(VERBATIM), title=title, detail="whole", order=pl.col("order") + 1)
    columns = list(dict.fromkeys([*script.CHECKED.names(), *SHOWN, "detail"]))
    once = rows.unique(["call", "checkpoint"], keep="first", maintain_order=True)
    return pl.concat([once.select(columns), whole.select(columns)])


LINE = pl.Schema(
    {"call": pl.Int32, "row": pl.Int64, "line": pl.String, "slot": pl.String, "title": pl.String, "state": pl.String,
     "said": pl.String, "detail": pl.String}
)  # fmt: skip


def _lines(
    rulebook: Rulebook, day: Day, turns: pl.DataFrame, one: Script, *, calls: np.ndarray, account: slots.Account
) -> pl.DataFrame:
    """LINE of one script: what was said of it, what its slots held, what was passed over or said too early."""
    said, heard = robot.said_lines(turns, one, calls, rulebook.threshold, rulebook.sentences)
    filled = _slots(rulebook, slots.compared(heard, account))
    worse = filled.filter(pl.col("state") != "not_applicable").group_by("call", "row", "line", maintain_order=True).agg(
        slots=pl.col("detail").str.join("；"), doubt=(pl.col("state") == "unsure").all()
    )  # fmt: skip
    said = said.join(worse, on=["call", "row", "line"], how="left", maintain_order="left").with_columns(
        state=pl.when(pl.col("doubt").is_null() | (pl.col("state") == "altered")).then("state")
        .when("doubt").then(pl.lit("unsure")).otherwise(pl.lit("altered")),
        detail=pl.concat_str("detail", "slots", separator="；", ignore_nulls=True).replace("", None),
    )  # fmt: skip
    timed = said.hstack(turns.select(pl.col("start_ms", "why").gather(said["row"])))
    gone = walk.departures(day, one, timed, calls, rulebook.threshold("short_call"))
    gone = gone.with_columns(
        title=pl.col("line").replace_strict({line.id: line.text for line in one.lines}, return_dtype=pl.String),
        said=turns["text"].gather(gone["row"]),
    )
    early = pl.col("row").is_not_null()
    gone = gone.with_columns(
        detail=pl.when(early)
        .then(_told(rulebook, "line_early", "title"))
        .otherwise(_told(rulebook, "line_missing", "title"))
    )
    parts = [said, gone, filled.filter(pl.col("state") == "not_applicable")]
    parts = [part.select([name for name in LINE if name in part.columns]) for part in parts]
    return pl.concat([pl.DataFrame(schema=LINE), *parts], how="diagonal")


def _slots(rulebook: Rulebook, held: pl.DataFrame) -> pl.DataFrame:
    """Slots that do not agree with the account, as LINE says it; what agrees needs no word."""
    label = pl.col("slot").replace_strict(
        {name: rulebook.sentences[f"slot_{name}"] for name in slots.FIELDS}, return_dtype=pl.String
    )
    told = pl.concat_str(label, pl.lit("“"), "heard", pl.lit("”"))
    differs = pl.when(pl.col("known").is_null()).then(told).otherwise(pl.concat_str(told, pl.lit("≠"), "known"))
    empty = pl.when("exactly").then(pl.lit("altered")).otherwise(pl.lit("unsure"))
    held = held.filter(pl.col("outcome") != slots.AGREES).with_columns(label=label, differs=differs)
    return held.with_columns(
        title="label",
        state=pl.col("outcome").replace_strict(
            {slots.DIFFERS: "altered", slots.DOUBTFUL: "unsure", slots.UNKNOWN: "not_applicable"}, default=empty
        ),
        detail=pl.when(pl.col("outcome") == slots.EMPTY).then(_told(rulebook, "slot_empty", "label"))
        .when(pl.col("outcome") == slots.UNKNOWN).then(_told(rulebook, "slot_unknown", "label"))
        .when(pl.col("outcome") == slots.DOUBTFUL).then(_told(rulebook, "slot_doubtful", "differs"))
        .otherwise(_told(rulebook, "line_slot", "differs")),
    )  # fmt: skip


def _told(rulebook: Rulebook, sentence: str, column: str) -> pl.Expr:
    before, after = rulebook.sentences[sentence].split("{}")
    return pl.concat_str(pl.lit(before), column, pl.lit(after))
