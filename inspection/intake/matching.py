"""Which recording belongs to which attempt: by the dialer's own word, by the call id in its name, by number and time.

A recording that fits two conversations is given to neither: the tie is reported and both calls stay without it.
Legs of one conversation (the same `linked_call_id`) are no tie; the leg that talked longest gets the recording.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from inspection.intake.complete import plain_number
from inspection.privacy import pseudonyms

WINDOW_S = 120
"""How far the time in a file name may lie before the dialling or after the end: clocks of two machines."""

EXTENSION = r"(?i)\.(?:wav|mp3|ogg|opus|oga|gsm|flac|m4a|amr|aac|wma|ulaw|alaw|ul|al|raw|sln)$"
WHOLE = ("all", "mix")
"""Endings of the file that holds both sides, where there are files of one side beside it."""
STAMP = r"(20\d{2})-?(\d{2})-?(\d{2})[-_T]?(\d{2})[-:]?(\d{2})[-:]?(\d{2})"
DATE = r"(?:^|\D)(20\d{2})[-_/.]?(0[1-9]|1[0-2])[-_/.]?(0[1-9]|[12]\d|3[01])"
SHORTEST_ID = 6
"""A shorter call id is only taken for one when it is the whole name: 12 is part of too many names."""

MATCHES = pl.Schema({"recording_id": pl.String, "call_id": pl.String, "matched_by": pl.String, "fits": pl.Int64})


def match(
    attempts: pl.DataFrame, hints: pl.DataFrame, listed: pl.DataFrame, *, key: str, timezone: str, sides: Sequence[str]
) -> pl.DataFrame:
    """MATCHES rows: one for each recording that fits any call; `call_id` is null when it `fits` several conversations.

    `hints` are rows of (call_id, hint), `listed` rows of roots.LISTED; `key` is that of the pseudonyms in
    `phone_key`; times in file names are read on the clock of `timezone`; `sides` as in RecordingSettings.
    """
    names = with_names(listed, sides)
    found = pl.DataFrame(schema={"recording_id": pl.String, "call_id": pl.String, "matched_by": pl.String})
    for fits in (
        lambda rest: by_hint(hints, rest).with_columns(matched_by=pl.lit("hint")),
        lambda rest: by_call_id(attempts, rest).with_columns(matched_by=pl.lit("call_id")),
        lambda rest: by_phone_and_time(attempts, rest, key, timezone).with_columns(matched_by=pl.lit("phone_time")),
    ):
        rest = names.join(found, on="recording_id", how="anti")
        found = pl.concat([found, fits(rest).select(found.columns)])
    rest = names.join(found, on="recording_id", how="anti")
    found = pl.concat([found, by_other_side(found, rest, names).select(found.columns)])
    return _without_ties(found, attempts)


def with_names(listed: pl.DataFrame, sides: Sequence[str]) -> pl.DataFrame:
    """Adds `name` (last part), `stem` (without extension), `core` (without a side's ending), `side` (0 | 1 | null)."""
    left, right = ([pair.lower().split("/")[place] for pair in sides] for place in (0, 1))
    endings = "|".join(re.escape(word) for word in (*WHOLE, *left, *right))
    stem, ending = pl.col("stem"), pl.col("ending")
    return (
        listed.with_columns(name=pl.col("relative").str.split("/").list.last())
        .with_columns(stem=pl.col("name").str.replace(EXTENSION, ""))
        .with_columns(ending=stem.str.to_lowercase().str.extract(f"[-_]({endings})$"))
        .with_columns(
            core=pl.when(ending.is_null()).then(stem).otherwise(stem.str.replace(r"[-_][^-_]*$", "")),
            side=pl.when(ending.is_in(left)).then(0).when(ending.is_in(right)).then(1).cast(pl.Int8),
        )
        .drop("ending")
    )


def hints_of(attempts: pl.DataFrame) -> pl.DataFrame:
    """Rows of (call_id, hint): the dialer's words for the recordings of each attempt, one a row."""
    given = attempts.select("call_id", hint=pl.col("recording_hint").str.split("\n")).drop_nulls()
    return given.explode("hint").with_columns(pl.col("hint").str.strip_chars()).filter(pl.col("hint") != "")


def by_hint(hints: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Pairs by the dialer's word: the whole location, else the file's name, else its name without extension.

    A name that several folders hold belongs to the file whose path agrees with the hint; without one, to none.
    """
    asked = hints.with_columns(hint=pl.col("hint").str.replace_all("\\", "/", literal=True).str.strip_suffix("/"))
    asked = asked.with_columns(name=pl.col("hint").str.split("/").list.last())
    asked = asked.with_columns(stem=pl.col("name").str.replace(EXTENSION, "")).with_columns(core=pl.col("stem"))
    found = pl.DataFrame(schema={"recording_id": pl.String, "call_id": pl.String, "hint": pl.String})
    for theirs, ours in (
        ("hint", "location"),
        ("hint", "relative"),
        ("name", "name"),
        ("stem", "stem"),
        ("core", "core"),
    ):
        rest = asked.join(found, on=["call_id", "hint"], how="anti")
        pairs = rest.join(names, left_on=theirs, right_on=ours, how="inner", suffix="_file", coalesce=False)
        pairs = pairs if theirs == "hint" else _of_one_folder(pairs, theirs)
        found = pl.concat([found, pairs.select(found.columns)])
    return found.select("recording_id", "call_id").unique(maintain_order=True)


def by_call_id(attempts: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Pairs by a call id that is the file's name or a part of it; the longest id that is there counts."""
    parts = pl.concat_list(
        pl.concat_list("stem", "core"),
        *(
            pl.col("stem").str.extract_all(pattern)
            for pattern in (r"[\w.\-]+", r"[A-Za-z0-9.\-]+", r"[A-Za-z0-9.]+", r"[A-Za-z0-9]+")
        ),
    )
    parts = names.select("recording_id", "stem", part=parts).explode("part").unique()
    parts = parts.filter((pl.col("part").str.len_chars() >= SHORTEST_ID) | (pl.col("part") == pl.col("stem")))
    pairs = parts.join(attempts.select("call_id"), left_on="part", right_on="call_id", coalesce=False)
    length = pl.col("call_id").str.len_chars()
    return pairs.filter(length == length.max().over("recording_id")).select("recording_id", "call_id")


def by_other_side(found: pl.DataFrame, rest: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a file of one side with the call that has the file of the same name without it or of the other side.

    Only where the name leads to one call, and no two files of that side have it: dialers name one file of several.
    """
    known = found.join(names.select("recording_id", "core"), on="recording_id")
    calls = known.group_by("core").agg(
        pl.col("call_id").unique(), matched_by=pl.col("matched_by").first()
    ).filter(pl.col("call_id").list.len() == 1).explode("call_id")  # fmt: skip
    sides = rest.filter(pl.col("side").is_not_null() & (pl.len().over("stem") == 1))
    return sides.join(calls, on="core")


def by_phone_and_time(attempts: pl.DataFrame, names: pl.DataFrame, key: str, timezone: str) -> pl.DataFrame:
    """Pairs by the dialled number and a time in the file's name that lies within the call, give or take WINDOW_S."""
    at = named_time(pl.col("stem"))
    numbers = pl.col("stem").str.replace(STAMP, " ").str.extract_all(r"\d{7,15}")
    dialled = (
        names.select(
            "recording_id",
            number=numbers,
            at=at.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null"),
        )
        .drop_nulls()
        .explode("number")
        .with_columns(plain_number(pl.col("number")), pl.col("at").dt.convert_time_zone("UTC"))
    )
    dialled = dialled.with_columns(pseudonyms(dialled["number"], key).alias("phone_key"))
    calls = attempts.select("call_id", "phone_key", "dialed_at", end=pl.coalesce("ended_at", "dialed_at"))
    pairs = dialled.join(calls, on="phone_key")
    slack = pl.duration(seconds=WINDOW_S)
    within = pl.col("at").is_between(pl.col("dialed_at") - slack, pl.col("end") + slack)
    return pairs.filter(within).select("recording_id", "call_id").unique(maintain_order=True)


def named_time(stem: pl.Expr) -> pl.Expr:
    """The time in a name, such as 20261120-093015, on the clock of whoever named it; null where there is none."""
    stamp = stem.str.extract_groups(STAMP)
    text = pl.concat_str([stamp.struct.field(str(group)) for group in range(1, 7)])
    return text.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="ms")


def named_date(relative: pl.Expr) -> pl.Expr:
    """The first date in a path, such as 2026/11/20/x.wav or 20261120-093015_x.wav; null where there is none."""
    parts = relative.str.extract_groups(DATE)
    return pl.concat_str([parts.struct.field(str(group)) for group in (1, 2, 3)]).str.to_date("%Y%m%d", strict=False)


def _of_one_folder(pairs: pl.DataFrame, asked: str) -> pl.DataFrame:
    """Of several files that a name fits, those whose path ends as the hint does; if that does not settle it, none.

    Files that differ in their ending alone (x.wav, x.mp3; x-in.wav, x-out.wav) are recordings of one call.
    """
    relative, hint = pl.col("relative"), pl.col("hint")
    agrees = (
        hint.str.ends_with(pl.concat_str(pl.lit("/"), relative))
        | relative.str.ends_with(pl.concat_str(pl.lit("/"), hint))
    ) & (hint != pl.col("name"))
    several = pl.len().over("call_id", "hint") > 1
    kinds = pl.col("name_file").n_unique().over("call_id", "hint") == pl.len().over("call_id", "hint")
    return pairs.filter(~several | agrees | (kinds if asked != "name" else pl.lit(False)))


def _without_ties(found: pl.DataFrame, attempts: pl.DataFrame) -> pl.DataFrame:
    facts = attempts.select("call_id", "linked_call_id", "talk_ms")
    fitted = found.join(facts, on="call_id").sort("recording_id", "talk_ms", "call_id", descending=[False, True, False])
    chosen = fitted.group_by("recording_id", maintain_order=True).agg(
        pl.col("call_id").first(), pl.col("matched_by").first(), fits=pl.col("linked_call_id").n_unique().cast(pl.Int64)
    )
    unique = pl.col("fits") == 1
    return chosen.with_columns(pl.when(unique).then("call_id"), pl.when(unique).then("matched_by")).select(
        list(MATCHES)
    )
