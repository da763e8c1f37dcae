"""From stored transcripts to the frames that are judged: audio, turns, words, acoustics. Nothing here listens.

Roles are inferred here, each time, because they are cheap and a reviewer may know better. One call, one day and one
year run the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from inspection.settings import SpeechSettings
from inspection.speech import acoustics, roles, turns
from inspection.speech.transcripts import TranscriptStore
from inspection.tables import ACOUSTICS, AUDIO, SKIPS, TURNS, WORDS, conform, empty

AGENT_SIDE = ("agent", "robot")
_OPTIONAL = {
    "recording_id": pl.String, "agent_kind": pl.String, "agent_channel": pl.Int8, "institution": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What was heard of some calls, in the schemas of tables.py, sorted; calls in `skips` are in no other frame."""

    audio: pl.DataFrame
    turns: pl.DataFrame
    words: pl.DataFrame
    acoustics: pl.DataFrame
    skips: pl.DataFrame

    def with_skips(self, more: pl.DataFrame) -> Heard:
        return replace(self, skips=pl.concat([self.skips, more]).sort("call_id", "recording_id"))


def hear(
    calls: pl.DataFrame,
    store: TranscriptStore,
    fingerprint: str,
    settings: SpeechSettings,
    reviewed: Mapping[str, int] | None = None,
) -> Heard:
    """The frames of all calls that have a transcript; a call whose transcript holds no word becomes a skip.

    `calls` needs call_id and audio_sha256 and may have agent_kind, agent_channel, institution, recording_id.
    `reviewed` maps a call to the voice (0 | 1) that a person found to be the agent.
    """
    transcripts = store.load(calls["audio_sha256"].drop_nulls(), fingerprint)
    missing = [pl.lit(None, kind).alias(name) for name, kind in _OPTIONAL.items() if name not in calls.columns]
    facts = (
        calls.with_columns(missing)
        .select("call_id", "audio_sha256", *_OPTIONAL)
        .join(transcripts, on="audio_sha256", how="inner")
        .sort("call_id")
    )
    wordless = pl.col("words").list.len() == 0
    heard = facts.filter(~wordless)
    words, speech, levels = (_spread(heard, column) for column in ("words", "speech", "levels"))
    told = _decided(roles.infer(heard, words, speech, settings), reviewed or {}, settings.min_role_confidence)
    sides = _sides(heard, told)
    parts = acoustics.regions(speech, heard.select("call_id", "duration_ms"))
    cut, placed = turns.cut(words, settings.language)
    events = acoustics.events(parts, cut, placed, levels)
    return Heard(
        audio=_audio(heard, told, sides, acoustics.totals(parts), placed),
        turns=conform(_with_role(cut, sides).drop("voice"), TURNS, table="turns"),
        words=conform(placed.drop("voice"), WORDS, table="words"),
        acoustics=conform(
            _with_role(events, sides, none="none").drop("voice", "role_confidence"), ACOUSTICS, table="acoustics"
        ),
        skips=_skips(facts.filter(wordless)),
    )


def _spread(heard: pl.DataFrame, column: str) -> pl.DataFrame:
    """A list column as rows with their call_id."""
    return heard.select("call_id", column).explode(column, empty_as_null=False).drop_nulls(column).unnest(column)


def _decided(told: pl.DataFrame, reviewed: Mapping[str, int], least: float) -> pl.DataFrame:
    """The inference with a person's word above it; `agent_voice` is null where the confidence is below `least`."""
    by_person = pl.DataFrame(
        {"call_id": list(reviewed), "person": list(reviewed.values())}, schema={"call_id": pl.String, "person": pl.Int8}
    )
    known = pl.col("person").is_not_null()
    return told.join(by_person, on="call_id", how="left", maintain_order="left").select(
        "call_id",
        pl.coalesce("person", pl.when(pl.col("role_confidence") >= least).then("agent_voice")).alias("agent_voice"),
        pl.when(known).then(pl.lit(1.0, pl.Float32)).otherwise("role_confidence").alias("role_confidence"),
        pl.when(known).then(pl.lit("reviewer")).otherwise("role_basis").alias("role_basis"),
        "swapped",
    )


def _sides(heard: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The role of each voice: call_id, voice, role, role_confidence."""
    agent = pl.when(pl.col("agent_kind") == "robot").then(pl.lit("robot")).otherwise(pl.lit("agent"))
    role = (
        pl.when(pl.col("agent_voice").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("voice") == pl.col("agent_voice"))
        .then(agent)
        .otherwise(pl.lit("customer"))
    )
    return (
        told.join(heard.select("call_id", "agent_kind"), on="call_id")
        .with_columns(voice=pl.lit([0, 1], pl.List(pl.Int8)))
        .explode("voice", empty_as_null=False)
        .select("call_id", "voice", role.alias("role"), "role_confidence")
    )


def _with_role(frame: pl.DataFrame, sides: pl.DataFrame, none: str | None = None) -> pl.DataFrame:
    """`role` and `role_confidence` beside each `voice`; rows without a voice get the role `none`."""
    return frame.join(sides, on=["call_id", "voice"], how="left", maintain_order="left").with_columns(
        pl.col("role").fill_null(pl.lit(none, pl.String))
    )


def _audio(
    heard: pl.DataFrame, told: pl.DataFrame, sides: pl.DataFrame, totals: pl.DataFrame, words: pl.DataFrame
) -> pl.DataFrame:
    """One row of AUDIO a call."""
    by_words = (
        words.join(sides, on=["call_id", "voice"], how="left")
        .group_by("call_id")
        .agg(
            word_probability=pl.col("probability").mean(),
            first_agent_word_ms=pl.col("start_ms").filter(pl.col("role").is_in(AGENT_SIDE)).min(),
            last_word_ms=pl.col("end_ms").max(),
        )
    )
    agent = pl.col("agent_voice")
    swapped = pl.when("swapped").then(pl.lit(["swapped_channels"])).otherwise(pl.lit([], pl.List(pl.String)))
    frame = (
        heard.drop("words", "speech", "exclusive", "levels")
        .join(told, on="call_id", how="left", maintain_order="left")
        .join(totals, on="call_id", how="left", maintain_order="left")
        .join(by_words, on="call_id", how="left", maintain_order="left")
        .with_columns(
            quality_flags=pl.concat_list("quality_flags", swapped),
            agent_speech_ms=pl.when(agent == 0).then("speech_0_ms").when(agent == 1).then("speech_1_ms"),
            customer_speech_ms=pl.when(agent == 0).then("speech_1_ms").when(agent == 1).then("speech_0_ms"),
            dead_end_ms=(pl.col("duration_ms") - pl.col("last_word_ms")).clip(0),
        )
    )
    return conform(frame.select(name for name in AUDIO if name in frame.columns), AUDIO, table="audio")


def _skips(wordless: pl.DataFrame) -> pl.DataFrame:
    """Calls with a transcript without words: no sound, or no speech."""
    if wordless.is_empty():
        return empty(SKIPS)
    silent = pl.col("quality_flags").list.contains("silent")
    tone = pl.col("quality_flags").list.contains("hold_tone")
    frame = wordless.select(
        "call_id",
        "recording_id",
        stage=pl.lit("speech"),
        reason=pl.when(silent).then(pl.lit("silent")).otherwise(pl.lit("no_speech")),
        detail=pl.when(silent)
        .then(pl.lit("no sound on any channel"))
        .when(tone)
        .then(pl.lit("a tone or hold music, nobody speaks"))
        .otherwise(pl.lit("nobody says a word")),
    )
    return conform(frame, SKIPS, table="skips")
