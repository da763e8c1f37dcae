"""Where evidence comes from: turns, hits, phrases, amounts, acoustic events, each as rows for evidence.collect."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from inspection.errors import InputError
from inspection.lexicon.cover import covered
from inspection.lexicon.timing import WordTimes, timed
from inspection.rules.cleared import PhraseGuards
from inspection.rules.evidence import ROLES
from inspection.rules.spoken import mentions
from inspection.tables import ATTEMPTS, TURNS, conform

HOMOPHONE, WEAK_WORDS, WEAK_ROLE = 1, 2, 3
LONG_BY_SOUND = 4
"""A phrase of so many characters heard by its sound alone is still that phrase; shorter ones are ambiguous."""


def axis(attempts: pl.DataFrame) -> pl.DataFrame:
    """The calls in the order of their ids, with `call`, their position."""
    attempts = conform(attempts, ATTEMPTS, table="attempts").sort("call_id", maintain_order=True)
    twice = attempts.filter(pl.col("call_id").is_duplicated() | pl.col("call_id").is_null())
    if len(twice):
        call = twice["call_id"][0]
        problem = (
            "a call has no call_id"
            if call is None
            else f"call {call} is listed {twice['call_id'].eq(call).sum()} times"
        )
        raise InputError(f"calls: {problem}; every attempt needs one id of its own")
    return attempts.with_row_index("call").with_columns(pl.col("call").cast(pl.Int32))


def laid_out(turns: pl.DataFrame, calls: pl.DataFrame, thresholds: Any) -> pl.DataFrame:
    """TURNS with `call` and `why` (evidence.WHY), in the order of calls and turn indices; the position is the row."""
    turns = conform(turns, TURNS, table="turns").join(
        calls.select("call_id", "call"), on="call_id", how="left", maintain_order="left"
    )
    if len(stray := turns.filter(pl.col("call").is_null())):
        raise InputError(f"turns: call {stray['call_id'][0]} is not among the listed calls")
    index = pl.coalesce("turn_index", pl.col("start_ms").rank("ordinal").over("call_id").cast(pl.Int32) - 1)
    turns = turns.with_columns(
        turn_index=index, text=pl.col("text").fill_null(""), start_ms=pl.col("start_ms").fill_null(0),
        role=pl.when(pl.col("role").is_in(ROLES[:3])).then("role").otherwise(pl.lit("unknown")),
    ).with_columns(end_ms=pl.max_horizontal(pl.col("end_ms").fill_null(pl.col("start_ms")), "start_ms"))  # fmt: skip
    turns = turns.sort("call", "turn_index", "start_ms", maintain_order=True)
    if len(twice := turns.filter(pl.struct("call", "turn_index").is_duplicated())):
        raise InputError(f"turns: call {twice['call_id'][0]} has turn_index {twice['turn_index'][0]} twice")
    weak_role = (pl.col("role") == "unknown") | (
        pl.col("role_confidence") < thresholds("min_role_confidence")
    ).fill_null(False)
    weak_words = (pl.col("word_probability") < thresholds("min_word_probability")).fill_null(False)
    why = pl.when(weak_role).then(WEAK_ROLE).when(weak_words).then(WEAK_WORDS).otherwise(0).cast(pl.Int8)
    return turns.with_columns(why=why)


def hits_evidence(hits: pl.DataFrame, turns: pl.DataFrame, thresholds: Any) -> pl.DataFrame:
    """The kept hits; heard by sound alone or on weak words they cannot prove anything."""
    kept = hits.filter("kept").join(
        turns.select("call_id", "turn_index", "call", row=pl.int_range(pl.len(), dtype=pl.UInt32), turn_why="why"),
        on=["call_id", "turn_index"], how="left", maintain_order="left",
    )  # fmt: skip
    weak = pl.col("confidence") < thresholds("min_word_probability")
    return kept.select(
        "call", "row", "turn_index", "role", "start", "end", "start_ms", "end_ms", "confidence", "quote",
        "severity", "status", "category",
        id="entry_id", kind=pl.lit("hit"),
        why=pl.when(pl.col("via") == "homophone").then(HOMOPHONE).when(pl.col("turn_why") == WEAK_ROLE).then(WEAK_ROLE)
        .when(weak).then(WEAK_WORDS).otherwise(0).cast(pl.Int8),
    )  # fmt: skip


def said(
    matches: pl.DataFrame, turns: pl.DataFrame, words: WordTimes, *, guards: PhraseGuards, language: str,
    thresholds: Any,
) -> pl.DataFrame:  # fmt: skip
    """Phrases found by the search, and amounts and dates, with their times."""
    phrases = matches.filter(pl.col("kind") == "phrase").with_columns(id="probe_id", value=pl.lit(None, pl.Float64))
    phrases = _longest(_uncleared(phrases, matches.filter(pl.col("kind") == "clears")))
    phrases = guards.ask(phrases, turns["role"])
    numbers = mentions(turns, language).with_columns(pl.col("row").cast(pl.UInt32))
    quote = turns["text"].gather(numbers["row"]).to_frame("text").hstack(numbers.select("start", "end"))
    quote = quote.select(pl.col("text").str.slice("start", pl.col("end") - pl.col("start")))["text"]
    numbers = numbers.select(
        "row", "start", "end", "id", "value", end_row="row", via=pl.lit("text"), quote=pl.lit(quote),
        kind=pl.lit("spoken"), cleared=pl.lit(False),
    )  # fmt: skip
    columns = ["row", "end_row", "start", "end", "via", "quote", "id", "kind", "value", "cleared"]
    both = timed(pl.concat([phrases.select(columns), numbers.select(columns)]), turns, words)
    written = pl.col("word_probability").is_null()
    turn = turns.select("call", turn_why="why", turn_ms="start_ms", written=written)[both["row"]]
    ambiguous = (pl.col("via") == "homophone") & (pl.col("quote").str.len_chars() < LONG_BY_SOUND)
    weak = pl.col("probability").fill_null(1.0) < thresholds("min_word_probability")
    return both.hstack(turn).with_columns(
        confidence=pl.col("probability").fill_null(1.0),
        rough_from_ms=pl.when(pl.col("timing") != "word times").then("turn_ms"),
        why=pl.when(ambiguous).then(HOMOPHONE).when(pl.col("turn_why") == WEAK_ROLE).then(WEAK_ROLE)
        .when(weak).then(WEAK_WORDS).otherwise(0).cast(pl.Int8),
    ).drop("call_id", "end_row", "via", "timing", "probability", "turn_why", "turn_ms")  # fmt: skip


def _uncleared(phrases: pl.DataFrame, clears: pl.DataFrame) -> pl.DataFrame:
    """Without the phrases that one of their exceptions covers."""
    if clears.is_empty():
        return phrases
    numbered = phrases.with_row_index("match")
    pairs = numbered.join(
        clears.select("row", "start", "end", id="probe_id"), on=["row", "id"], how="inner", suffix="_by"
    )
    covered = pairs.filter((pl.col("start_by") <= pl.col("start")) & (pl.col("end_by") >= pl.col("end")))
    return numbered.join(covered.select("match").unique(), on="match", how="anti", maintain_order="left").drop("match")


def _longest(phrases: pl.DataFrame) -> pl.DataFrame:
    """A phrase is said once where several of its wordings overlap: without those that a longer one covers."""
    owner = phrases["id"].rank("dense").to_numpy().astype(np.int64)
    row, start = (phrases[name].to_numpy().astype(np.int64) for name in ("row", "start"))
    stop = start + phrases["quote"].str.len_chars().to_numpy()
    return phrases.filter(~covered(owner, row, start, stop, (phrases["via"] == "text").to_numpy()))


def acoustic_evidence(acoustics: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Acoustic events of the listed calls; they are measured, so none is weak."""
    events = acoustics.join(calls.select("call_id", "call"), on="call_id", how="inner", maintain_order="left")
    return events.select("call", "start_ms", "end_ms", "role", "value", kind=pl.lit("acoustic"), id="kind")


def with_turns(part: pl.DataFrame, turns: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Fills in call id and turn index of rows that know only their positions."""
    part = part.with_columns(call_id=calls["call_id"].gather(part["call"]))
    if "row" in part.columns and "turn_index" not in part.columns:
        part = part.with_columns(turn_index=turns["turn_index"].gather(part["row"]))
    return part


def word_positions(found: pl.DataFrame, turns: pl.DataFrame) -> np.ndarray:
    """For each row of the evidence its place in the call counted in words: in Chinese characters, else by spaces."""
    plain = pl.col("text").str.replace_all(r"[^\p{L}\p{N}\s]", "")
    spaced = plain.str.contains(r"\p{Latin}")
    length = (
        pl.when(spaced)
        .then(plain.str.count_matches(r"\S+"))
        .otherwise(plain.str.replace_all(r"\s", "").str.len_chars())
    )
    counted = turns.select(
        "call", "turn_index", words=length.cast(pl.Int64), characters=pl.col("text").str.len_chars().cast(pl.Int64)
    )
    counted = counted.with_columns(before=pl.col("words").cum_sum().over("call") - pl.col("words"))
    place = found.select("call", "turn_index", "start").join(
        counted, on=["call", "turn_index"], how="left", maintain_order="left"
    )
    share = pl.col("start").fill_null(0) / pl.col("characters").clip(1, None)
    return place.select((pl.col("before") + (share * pl.col("words")).floor()).fill_null(0).cast(pl.Int64))[
        "before"
    ].to_numpy()
