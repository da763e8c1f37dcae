"""What robots said against what they should say, word for word, and sentences said again and again."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist, cpdist

from inspection.rules.model import Script
from inspection.rules.numerals import NUMBER

NOT_SPOKEN = r"[^\p{L}\p{N}]"
BREAK = "\n"
"""Stands where a whole line was taken out of a turn."""
MIN_PIECE = 4
LOOK_BACK = 4
"""Turns of the same speaker that a turn is compared with when repetition is looked for."""


def repetitions(turns: pl.DataFrame, roles: frozenset[str], thresholds: Any) -> pl.DataFrame:
    """Turns of those roles much like earlier ones of the same speaker in the call; `value` is how often so far."""
    own = (
        turns.select("call", "role", "text", "start_ms", "end_ms", "why", row=pl.int_range(pl.len(), dtype=pl.UInt32))
        .filter(pl.col("role").is_in(sorted(roles)))
        .with_columns(plain=pl.col("text").str.replace_all(r"[^\p{L}\p{N}]", ""))
        .filter(pl.col("plain").str.len_chars() >= thresholds("repeat_min_characters"))
        .sort("call", "role", "row", maintain_order=True)
    )
    plain, length = own["plain"], own["plain"].str.len_chars().to_numpy().astype(np.int64)
    speaker = own.select(pl.struct("call", "role").rle_id())["call"].to_numpy() if len(own) else np.zeros(0, np.int64)
    times = np.ones(len(own), np.int64)
    similar = thresholds("repeat_similarity") * 100
    for lag in range(1, LOOK_BACK + 1):
        later = np.arange(lag, len(own))
        close = (speaker[later] == speaker[later - lag]) & (
            np.abs(length[later] - length[later - lag]) <= 0.3 * length[later]
        )
        later = later[close]
        if len(later):
            alike = cpdist(
                plain.gather(later).to_list(),
                plain.gather(later - lag).to_list(),
                scorer=fuzz.ratio,
                score_cutoff=similar,
            )
            times[later[alike >= similar]] += 1
    again = own.with_columns(value=pl.Series(times, dtype=pl.Float64)).filter(pl.col("value") > 1)
    return again.select(
        "call", "row", "role", "start_ms", "end_ms", "value", "why",
        kind=pl.lit("repeat"), id=pl.lit("turn"), quote="text",
        start=pl.lit(0, pl.Int32), end=pl.col("text").str.len_chars().cast(pl.Int32),
    )  # fmt: skip


SLOT = "□"
SAID = pl.Schema(
    {
        "call": pl.Int32, "row": pl.Int64, "line": pl.String, "title": pl.String, "state": pl.String,
        "said": pl.String, "detail": pl.String,
    }
)  # fmt: skip


PIECES = pl.Schema(
    {
        "call": pl.Int32, "row": pl.Int64, "why": pl.Int8, "line": pl.String, "state": pl.String,
        "detail": pl.String, "said": pl.String,
    }
)  # fmt: skip


def said_lines(
    turns: pl.DataFrame, script: Script, calls: np.ndarray, thresholds: Any, sentences: dict[str, str]
) -> pl.DataFrame:
    """What a robot's turns are of its script: each line found, word for word or altered, and what is none of its lines.

    turns: as laid out by sources.laid_out; calls: positions of the calls that follow this script. A recognised text
    may differ by a few characters without being altered; a text without word probabilities is taken at its word.
    """
    own = turns.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)).filter(
        (pl.col("role") == "robot") & pl.col("call").is_in(pl.Series(calls, dtype=pl.Int32).implode())
    )
    rest, found = own["text"].str.replace_all(NOT_SPOKEN, ""), []
    for line in script.lines:
        pattern = _pattern(line.text)
        exact = rest.str.contains(pattern)
        rest = pl.select(pl.when(exact).then(rest.str.replace(pattern, BREAK)).otherwise(rest)).to_series()
        found.append(
            own.filter(exact).select("call", "row", "why", line=pl.lit(line.id), state=pl.lit("pass"), said="text")
        )
    pieces = own.select("call", "row", "why", "word_probability", piece=rest.str.split(BREAK)).explode("piece")
    pieces = pieces.filter(pl.col("piece").str.len_chars() >= MIN_PIECE)
    judged = pl.concat([*found, _pieces(pieces, script, thresholds, sentences)], how="diagonal")
    doubtful = (pl.col("state") == "altered") & (pl.col("why") > 0)
    titles = {line.id: line.text for line in script.lines}
    return judged.select(
        "call", "row", "line", title=pl.col("line").replace_strict(titles, default=None, return_dtype=pl.String),
        state=pl.when(doubtful).then(pl.lit("unsure")).otherwise("state"), said="said",
        detail=pl.col("detail") if "detail" in judged.columns else pl.lit(None, pl.String),
    ).cast(dict(SAID))  # fmt: skip


def _pieces(pieces: pl.DataFrame, script: Script, thresholds: Any, sentences: dict[str, str]) -> pl.DataFrame:
    """What is left of the turns once whole lines are taken out, each compared with the line it resembles most."""
    if pieces.is_empty():
        return pl.DataFrame(schema=PIECES)
    exactly = pl.col("word_probability").is_null().alias("exactly")
    distinct = pieces.select("piece", exactly).unique(maintain_order=True)
    bare = [_plain(line.text).replace(SLOT, "") for line in script.lines]
    alike = cdist(distinct["piece"].to_list(), bare, scorer=fuzz.ratio, dtype=np.float32)
    best = alike.argmax(axis=1)
    near = alike.max(axis=1) >= thresholds("line_similarity") * 100
    rows = []
    for (piece, to_the_letter), line, resembles in zip(distinct.iter_rows(), best.tolist(), near.tolist(), strict=True):
        if not resembles:
            rows.append((piece, to_the_letter, None, "altered", sentences["line_added"].format(piece)))
            continue
        run = 1 if to_the_letter else thresholds("verbatim_run")
        edits = differences(_plain(script.lines[line].text), piece, run)
        text = sentences["line_altered"].format("；".join(edits)) if edits else None
        rows.append((piece, to_the_letter, script.lines[line].id, "altered" if edits else "pass", text))
    schema = {"piece": pl.String, "exactly": pl.Boolean, "line": pl.String, "state": pl.String, "detail": pl.String}
    known = pl.DataFrame(rows, schema=schema, orient="row")
    judged = pieces.with_columns(exactly).join(known, on=["piece", "exactly"], how="left", maintain_order="left")
    return judged.select("call", "row", "why", "line", "state", "detail", said="piece")


def differences(template: str, said: str, run: int) -> list[str]:
    """Word-by-word differences of at least `run` characters: 漏“…”, 多“…”, “…”说成“…”; slots differ freely."""
    edits = []
    for block in _blocks(template, said):
        wanted, got = template[block[0] : block[1]], said[block[2] : block[3]]
        if SLOT in wanted:
            wanted, got = wanted.replace(SLOT, ""), ""
        if max(len(wanted), len(got)) < run:
            continue
        if not got:
            edits.append(f"漏“{wanted}”")
        elif not wanted:
            edits.append(f"多“{got}”")
        else:
            edits.append(f"“{wanted}”说成“{got}”")
    return edits


def _blocks(template: str, said: str) -> list[tuple[int, int, int, int]]:
    """Stretches that differ, neighbouring edits as one: (start, end) in the template and in what was said."""
    blocks: list[tuple[int, int, int, int]] = []
    for edit in Levenshtein.opcodes(template, said):
        if edit.tag == "equal":
            continue
        place = (edit.src_start, edit.src_end, edit.dest_start, edit.dest_end)
        if blocks and blocks[-1][1] == place[0] and blocks[-1][3] == place[2]:
            place = (blocks[-1][0], place[1], blocks[-1][2], place[3])
            blocks.pop()
        blocks.append(place)
    return blocks


def _plain(text: str) -> str:
    """The line without punctuation, each slot as one mark."""
    return re.sub(r"[^\w□]|_", "", re.sub(r"\{\w+\}", SLOT, text))


def _pattern(text: str) -> str:
    """The line as a regular expression over what was said, without punctuation; a slot holds up to 16 characters."""
    parts = [re.escape(part) for part in _plain(text).split(SLOT)]
    # nothing stops a slot at the end, so there it may hold only what amounts and dates are made of
    last = f"(?:{NUMBER}|[年月日号元块角分整]){{0,16}}" if len(parts) > 1 and not parts[-1] else ""
    return ".{0,16}?".join(parts[:-1] if last else parts) + last
