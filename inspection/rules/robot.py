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
DECIMAL = r"([0-9])[.．]([0-9])"
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
        "call": pl.Int32, "row": pl.Int64, "place": pl.Int64, "line": pl.String, "title": pl.String,
        "state": pl.String, "said": pl.String, "detail": pl.String,
    }
)  # fmt: skip
"""place: where in its turn the line stands, to tell which of two was said first."""
HEARD = pl.Schema(
    {"call": pl.Int32, "row": pl.Int64, "why": pl.Int8, "exactly": pl.Boolean, "line": pl.String, "slot": pl.String,
     "heard": pl.String}
)  # fmt: skip
"""What stood in a slot of a line; null where it cannot be told, empty where nothing was said there."""
PIECES = pl.Schema(
    {
        "call": pl.Int32, "row": pl.Int64, "why": pl.Int8, "exactly": pl.Boolean, "line": pl.String,
        "state": pl.String, "detail": pl.String, "said": pl.String, "heard": pl.List(pl.String),
    }
)  # fmt: skip


def said_lines(
    turns: pl.DataFrame, script: Script, calls: np.ndarray, thresholds: Any, sentences: dict[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a robot's turns are of its script: SAID, each line found, word for word or altered, and what is none of its
    lines; and HEARD, what it put into their slots.

    turns: as laid out by sources.laid_out; calls: positions of the calls that follow this script. A recognised text
    may differ by a few characters without being altered; a text without word probabilities is taken at its word.
    """
    own = turns.with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64), exactly=pl.col("word_probability").is_null()
    ).filter((pl.col("role") == "robot") & pl.col("call").is_in(pl.Series(calls, dtype=pl.Int32).implode()))
    spoken = own["text"].str.replace_all(DECIMAL, "${1}点${2}").str.replace_all(NOT_SPOKEN, "")
    own, rest, found, heard = own.with_columns(spoken=spoken), spoken, [], []
    for line in script.lines:
        pattern = _pattern(line.text)
        exact = rest.str.contains(pattern)
        if exact.any():
            lines = own.filter(exact).with_columns(
                line=pl.lit(line.id), state=pl.lit("pass"), said="text", place=pl.col("spoken").str.find(pattern)
            )
            found.append(lines)
            heard.append(_captured(lines, rest.filter(exact).str.extract_groups(pattern), slots_of(line.text)))
            rest = rest.str.replace(pattern, BREAK)
    pieces = own.with_columns(piece=rest.str.split(BREAK)).explode("piece")
    pieces = pieces.filter(pl.col("piece").str.len_chars() >= MIN_PIECE)
    altered = _pieces(pieces, script, thresholds, sentences)
    columns = ["call", "row", "why", "line", "state", "said", "place"]
    judged = pl.concat([part.select(columns) for part in found] + [altered], how="diagonal_relaxed")
    doubtful = (pl.col("state") == "altered") & (pl.col("why") > 0)
    titles = {line.id: line.text for line in script.lines}
    judged = judged.with_columns(
        title=pl.col("line").replace_strict(titles, default=None, return_dtype=pl.String),
        state=pl.when(doubtful).then(pl.lit("unsure")).otherwise("state"),
    )
    slots = pl.concat([pl.DataFrame(schema=HEARD), *heard, _filled(altered, script)])
    return judged.select(SAID.names()).cast(dict(SAID)), slots


def _captured(lines: pl.DataFrame, groups: pl.Series, names: list[str]) -> pl.DataFrame:
    """HEARD of lines said word for word, from what their pattern captured."""
    parts = [
        lines.select(
            "call", "row", "why", "exactly", "line", slot=pl.lit(name), heard=groups.struct.field(str(number + 1))
        )
        for number, name in enumerate(names)
    ]
    return pl.concat([pl.DataFrame(schema=HEARD), *parts])


def _filled(pieces: pl.DataFrame, script: Script) -> pl.DataFrame:
    """HEARD of lines that were said otherwise than written."""
    names = {line.id: slots_of(line.text) for line in script.lines}
    known = pl.DataFrame(
        {"line": list(names), "slot": list(names.values())},
        schema={"line": pl.String, "slot": pl.List(pl.String)},
    )
    held = pieces.join(known, on="line", how="inner", maintain_order="left").filter(pl.col("slot").list.len() > 0)
    return held.explode("slot", "heard").select(HEARD.names())


def _pieces(pieces: pl.DataFrame, script: Script, thresholds: Any, sentences: dict[str, str]) -> pl.DataFrame:
    """What is left of the turns once whole lines are taken out, each compared with the line it resembles most."""
    if pieces.is_empty():
        return pl.DataFrame(schema=PIECES | {"place": pl.UInt32})
    distinct = pieces.select("piece", "exactly").unique(maintain_order=True)
    bare = [plain(line.text).replace(SLOT, "") for line in script.lines]
    alike = cdist(distinct["piece"].to_list(), bare, scorer=fuzz.ratio, dtype=np.float32)
    best = alike.argmax(axis=1)
    near = alike.max(axis=1) >= thresholds("line_similarity") * 100
    rows = []
    for (piece, to_the_letter), line, resembles in zip(distinct.iter_rows(), best.tolist(), near.tolist(), strict=True):
        if not resembles:
            rows.append((piece, to_the_letter, None, "altered", sentences["line_added"].format(piece), None))
            continue
        template = plain(script.lines[line].text)
        edits = differences(template, piece, 1 if to_the_letter else thresholds("verbatim_run"))
        text = sentences["line_altered"].format("；".join(edits)) if edits else None
        state, slots = "altered" if edits else "pass", slot_texts(template, piece)
        rows.append((piece, to_the_letter, script.lines[line].id, state, text, slots))
    schema = {"piece": pl.String, "exactly": pl.Boolean, "line": pl.String, "state": pl.String, "detail": pl.String,
              "heard": pl.List(pl.String)}  # fmt: skip
    known = pl.DataFrame(rows, schema=schema, orient="row")
    judged = pieces.join(known, on=["piece", "exactly"], how="left", maintain_order="left")
    place = pl.col("spoken").str.find(pl.col("piece"), literal=True)
    return judged.select("call", "row", "why", "exactly", "line", "state", "detail", "heard", said="piece", place=place)


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


def slot_texts(template: str, said: str) -> list[str | None]:
    """What was said in each slot of the template; None where too much differs around it to tell."""
    texts: list[str | None] = []
    for start, end, low, high in _blocks(template, said):
        wanted, got = template[start:end], said[low:high]
        told = wanted.count(SLOT) == 1 and (got or wanted == SLOT)
        texts += [got if told else None] * wanted.count(SLOT)
    return texts


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


def slots_of(text: str) -> list[str]:
    """The names of a line's slots in their order."""
    return re.findall(r"\{(\w+)\}", text)


def plain(text: str) -> str:
    """The line without punctuation, each slot as one mark."""
    return re.sub(r"[^\w□]|_", "", re.sub(r"\{\w+\}", SLOT, text))


def _pattern(text: str) -> str:
    """The line as a regular expression over what was said, without punctuation; a slot holds up to 16 characters."""
    parts = [re.escape(part) for part in plain(text).split(SLOT)]
    if len(parts) > 1 and not parts[-1]:
        # nothing stops a slot at the end, so there it may hold only what amounts and dates are made of
        return "(.{0,16}?)".join(parts[:-1]) + f"((?:{NUMBER}|[年月日号元块角分整点]){{0,16}})"
    return "(.{0,16}?)".join(parts)
