"""Several recordings of one call: which of them are heard, and how they are put together.

    x-in.wav, x-out.wav         two mono files of one length: the sides of one stereo recording
    x.wav, x-all.mp3            the same name: copies; the sides first, else the whole, else the largest is heard
    20261120-090000_x.wav,      other names: takes, one after the other in the order of the times in their names;
    20261120-090300_x.wav       what two of them hold both is heard once

Whatever is not heard keeps the reason `recording_part`. A call's sound is known by one hash over all of its parts, so
that it is listened to again exactly when one of them comes, goes or changes.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

import polars as pl

from inspection.errors import IntakeError
from inspection.intake.matching import named_time, with_names
from inspection.intake.recordings import Archive

SIDES_APART_MS = 2_000
SIDES_APART_SHARE = 0.02
"""Two sides of one call may differ by this much, whichever is more: recorders start and stop them one by one."""
CLOCK_SLACK_MS = 2_000
"""Times in names are whole seconds: a shorter overlap of two takes is none."""
TALK_SLACK_MS, TALK_SLACK_SHARE = 10_000, 0.1
"""Takes without times that are longer together than the dialer's talk time are copies by several recorders."""

HEADERLESS_BYTES_A_SECOND = {
    ".gsm": 1650, ".ulaw": 8000, ".ul": 8000, ".pcmu": 8000, ".alaw": 8000, ".al": 8000, ".pcma": 8000,
    ".g722": 8000, ".sln": 16000, ".sln16": 32000,
}  # fmt: skip

PART = {
    "take": pl.Int32, "side": pl.Int8, "from_ms": pl.Int64, "location": pl.String, "audio_sha256": pl.String,
}  # fmt: skip
"""One recording of a call that is put together of several."""


def put_together(found: pl.DataFrame, talk: pl.DataFrame, place: Archive) -> pl.DataFrame:
    """Adds `take`, `side` and `from_ms` to the recordings that are heard, and to the others of their call a `reason`.

    `found`: recordings with call_id, location, relative, size_bytes, matched_by and `reason` (null where usable);
    `talk`: call_id, talk_ms. Reads the heads of the recordings of those calls that have several.
    """
    usable = pl.col("reason").is_null()
    found = found.with_columns(several=usable & (pl.len().over("call_id", usable) > 1))
    many = _measured(found.filter("several"), place)
    chosen = _laid(_takes(many, talk))
    found = found.join(chosen, on="recording_id", how="left", maintain_order="left")
    alone = pl.when(usable & ~pl.col("several")).then(0)
    left = pl.col("several") & pl.col("take").is_null()
    return found.with_columns(
        take=pl.coalesce("take", alone.cast(pl.Int32)),
        from_ms=pl.coalesce("from_ms", alone.cast(pl.Int64)),
        reason=pl.when(left).then(pl.lit("recording_part")).otherwise("reason"),
    ).drop("several")


def parts_of(recordings: pl.DataFrame) -> pl.DataFrame:
    """One row a call that is heard: recording_id, location, audio_sha256, size_bytes and `parts`.

    `recordings`: RECORDINGS rows. `parts` (a list of PART) is null where the call has one whole recording, whose own
    hash is then the call's; else the hash is over the parts, and id and location are those of the first.
    """
    heard = recordings.filter(pl.col("call_id").is_not_null() & pl.col("take").is_not_null())
    calls = (
        heard.sort("call_id", "take", "side", nulls_last=True)
        .group_by("call_id", maintain_order=True)
        .agg(
            pl.col("recording_id", "location").first(),
            pl.col("audio_sha256").first().alias("own"),
            pl.col("size_bytes").sum(),
            recipe=pl.concat_str(
                "take", pl.col("side").cast(pl.String).fill_null("-"), "from_ms", "audio_sha256", separator=" "
            ).str.join("\n"),
            parts=pl.struct(list(PART)),
        )
    )
    several = pl.col("parts").list.len() > 1
    joined = calls.filter(several).with_columns(
        pl.col("recipe").map_elements(_sha256, return_dtype=pl.String).alias("audio_sha256")
    )
    whole = calls.filter(~several).with_columns(audio_sha256="own", parts=pl.lit(None, calls.schema["parts"]))
    return pl.concat([joined, whole]).drop("own", "recipe")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _measured(several: pl.DataFrame, place: Archive) -> pl.DataFrame:
    """Adds name, stem, core and side, the time in the name, and what the head says: length_ms and channels."""
    heads = [_head(place, *row) for row in several.select("location", "size_bytes").iter_rows()]  # threads only wait
    facts = pl.DataFrame(heads, schema={"length_ms": pl.Int64, "channels": pl.Int8}, orient="row")
    named = with_names(several, place.settings.sides)
    return pl.concat([named.with_columns(at=named_time(pl.col("stem"))), facts], how="horizontal")


def _head(place: Archive, location: str, size_bytes: int) -> tuple[int | None, int | None]:
    """Length and channels as the recording's head tells them; None where it does not."""
    import av

    ending = PurePosixPath(location.lower()).suffix
    if rate := HEADERLESS_BYTES_A_SECOND.get(ending):
        return 1000 * size_bytes // rate, 1
    options = {"probesize": "2048"} if ending == ".wav" else {}  # else FFmpeg looks for Dolby Digital in plain sound
    try:
        with av.open(str(place.local_copy(location)), metadata_errors="ignore", options=options) as container:
            channels = container.streams.audio[0].channels if container.streams.audio else None
            return (container.duration // 1000 if container.duration else None), channels
    except (av.error.FFmpegError, ValueError, OverflowError, IntakeError, OSError):
        return None, None


def _takes(many: pl.DataFrame, talk: pl.DataFrame) -> pl.DataFrame:
    """The recordings that stand for each name of a call: both sides, else the whole, else the largest."""
    name = ["call_id", "core"]
    many = many.with_columns(
        pl.struct(-pl.col("size_bytes"), "location").rank("ordinal").over(*name, "side").alias("rank"),
    ).with_columns(first=pl.col("rank") == 1)
    of_side = [pl.col("length_ms").filter(pl.col("first") & (pl.col("side") == side)).first() for side in (0, 1)]
    longer, shorter = pl.max_horizontal(*of_side), pl.min_horizontal(*of_side)
    apart = pl.max_horizontal(pl.lit(SIDES_APART_MS), longer * SIDES_APART_SHARE)
    mono = (pl.col("channels") == 1).filter(pl.col("first") & pl.col("side").is_not_null())
    pair = (mono.len() == 2) & mono.all() & (longer - shorter <= apart)
    many = many.with_columns(pair.fill_null(False).over(name).alias("pair"))
    whole_first = pl.struct(pl.col("side").is_not_null(), -pl.col("size_bytes"), "location").rank("ordinal").over(name)
    stands = pl.when("pair").then(pl.col("first") & pl.col("side").is_not_null()).otherwise(whole_first == 1)
    chosen = many.filter(stands).with_columns(pl.when("pair").then("side").alias("side"))
    surest = chosen["matched_by"].replace_strict(SURENESS, return_dtype=pl.Int8)
    chosen = chosen.with_columns(surest.alias("sureness"))
    chosen = chosen.filter(pl.col("sureness") == pl.col("sureness").min().over("call_id"))
    one_a_call = talk.select("call_id", "talk_ms").unique("call_id", keep="first")
    return chosen.join(one_a_call, on="call_id", how="left")


SURENESS = {"hint": 0, "call_id": 1, "phone_time": 2}
"""What the dialer itself names is heard before what another recorder's name seems to say."""


def _laid(chosen: pl.DataFrame) -> pl.DataFrame:
    """recording_id, take, side, from_ms of what is heard."""
    takes = chosen.group_by("call_id", "core").agg(
        pl.col("at").min(), pl.col("length_ms").max(), pl.col("talk_ms").first(), pl.col("size_bytes").sum()
    )
    order = [
        "at",
        pl.when(pl.col("at").is_not_null()).then(-pl.col("length_ms")),
        pl.col("core").str.len_chars(),
        "core",
    ]
    takes = takes.sort("call_id", *order, nulls_last=True)
    call = "call_id"
    start = (pl.col("at") - pl.col("at").min().over(call)).dt.total_milliseconds()
    takes = takes.with_columns(start=start)
    until = (pl.col("start") + pl.col("length_ms")).cum_max().shift(1).over(call)
    overlap = (until - pl.col("start")).fill_null(0)
    timed = (pl.col("at").is_not_null() & pl.col("length_ms").is_not_null()).all().over(call)
    from_ms = pl.when(timed & (overlap > CLOCK_SLACK_MS)).then(overlap).otherwise(0)
    total, known = pl.col("length_ms").sum().over(call), pl.col("length_ms").is_not_null().all().over(call)
    talked = pl.col("talk_ms").fill_null(0)
    fits = known & ((talked == 0) | (total <= talked * (1 + TALK_SLACK_SHARE) + TALK_SLACK_MS))
    largest = pl.struct(-pl.col("size_bytes"), "core").rank("ordinal").over(call) == 1
    takes = takes.with_columns(from_ms=from_ms.cast(pl.Int64))
    adds = (pl.col("from_ms") == 0) | (pl.col("length_ms") - pl.col("from_ms") > CLOCK_SLACK_MS)
    takes = takes.filter(pl.when(timed).then(adds).otherwise(fits | largest))
    takes = takes.with_columns(take=pl.int_range(pl.len(), dtype=pl.Int32).over(call))
    return chosen.join(takes.select("call_id", "core", "take", "from_ms"), on=["call_id", "core"]).select(
        "recording_id", "take", "side", "from_ms"
    )


__all__ = ["PART", "parts_of", "put_together"]
