"""What can be heard without understanding a word: silence, talking over, pace and loudness; for any number of calls.

Everything comes from the voices' activity and the waveform's level, not from the gaps between words. Thresholds say
from where on something is worth a row; a rule may ask for more (domain.md §1.5 names the sources).
"""

from __future__ import annotations

import polars as pl

SILENCE_MS = 2_000
OVERTALK_MS = 200
HELD_MS, SPOKEN_OVER_MS = 1_000, 300
"""An interruption: begun when the other had spoken for at least 1 s, over at least 300 ms, and the other gave way."""
FAST_PER_MINUTE, FAST_CHARACTERS = 280.0, 15
LOUD_Z, LOUD_S, SPREAD_DB = 3.0, 2, 2.0
"""Louder than the speaker's own median by 3 of his own spreads (at least 2 dB each) for two seconds running."""
_PAUSE_MS = 300


def regions(speech: pl.DataFrame, durations: pl.DataFrame) -> pl.DataFrame:
    """Each call from start to end in stretches in which the same voices speak.

    `speech`: call_id, voice, start_ms, end_ms; `durations`: call_id, duration_ms. Gives call_id, start_ms, end_ms,
    on_0, on_1 (does that voice speak), began (the voice that starts to speak here, null when none or both), since_0,
    since_1 (when that voice last started) and ended (the voice that stops at end_ms, null when none or both).
    """
    started = speech.select("call_id", "voice", at="start_ms", step=pl.lit(1))
    stopped = speech.select("call_id", "voice", at="end_ms", step=pl.lit(-1))
    borders = [
        durations.select("call_id", voice=pl.lit(0), at=at, step=pl.lit(0)) for at in (pl.lit(0), pl.col("duration_ms"))
    ]
    kinds = {"voice": pl.Int8, "at": pl.Int64, "step": pl.Int32}
    step = [(pl.when(pl.col("voice") == voice).then(pl.col("step")).otherwise(0)) for voice in (0, 1)]
    moments = (
        pl.concat([part.cast(kinds) for part in (started, stopped, *borders)])
        .group_by("call_id", "at")
        .agg(step[0].sum().alias("step_0"), step[1].sum().alias("step_1"))
        .sort("call_id", "at")
    )
    return (
        moments.with_columns(
            (pl.col(f"step_{voice}").cum_sum().over("call_id") > 0).alias(f"on_{voice}") for voice in (0, 1)
        )
        .with_columns(
            *(
                pl.when(pl.col(f"step_{voice}") > 0).then("at").forward_fill().over("call_id").alias(f"since_{voice}")
                for voice in (0, 1)
            ),
            began=_only_one(pl.col("step_0") > 0, pl.col("step_1") > 0),
            ended=_only_one(pl.col("step_0") < 0, pl.col("step_1") < 0).shift(-1).over("call_id"),
            end_ms=pl.col("at").shift(-1).over("call_id"),
        )
        .filter(pl.col("end_ms").is_not_null())
        .rename({"at": "start_ms"})
        .drop("step_0", "step_1")
    )


def _only_one(zero: pl.Expr, one: pl.Expr) -> pl.Expr:
    return pl.when(zero & ~one).then(0).when(one & ~zero).then(1).cast(pl.Int8)


def totals(parts: pl.DataFrame) -> pl.DataFrame:
    """Per call: speech_ms, speech_0_ms, speech_1_ms, overtalk_ms, silence_ms, from `regions`."""
    length = pl.col("end_ms") - pl.col("start_ms")
    both, any_one = pl.col("on_0") & pl.col("on_1"), pl.col("on_0") | pl.col("on_1")
    wanted = {
        "speech_ms": any_one,
        "speech_0_ms": pl.col("on_0"),
        "speech_1_ms": pl.col("on_1"),
        "overtalk_ms": both,
        "silence_ms": ~any_one,
    }
    return parts.group_by("call_id").agg(length.filter(mask).sum().alias(name) for name, mask in wanted.items())


def events(parts: pl.DataFrame, turns: pl.DataFrame, words: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Rows call_id, start_ms, end_ms, kind, voice (null: none or both), value; sorted.

    `turns` and `words` as `turns.cut` makes them, `levels`: call_id, voice, start_ms, level_db for each second spoken.
    """
    found = [_silences(parts), _overtalk(parts), _interruptions(parts), _fast(turns, words), _loud(levels)]
    return pl.concat(found).sort("call_id", "start_ms", "end_ms", "kind", "voice")


def _event(kind: str, voice: pl.Expr, value: pl.Expr) -> list[pl.Expr]:
    return [
        pl.col("call_id"), pl.col("start_ms").cast(pl.Int64), pl.col("end_ms").cast(pl.Int64),
        pl.lit(kind).alias("kind"), voice.cast(pl.Int8).alias("voice"), value.cast(pl.Float64).alias("value"),
    ]  # fmt: skip


def _length() -> pl.Expr:
    return pl.col("end_ms") - pl.col("start_ms")


def _silences(parts: pl.DataFrame) -> pl.DataFrame:
    nobody = ~pl.col("on_0") & ~pl.col("on_1") & (_length() >= SILENCE_MS)
    return parts.filter(nobody).select(_event("silence", pl.lit(None), _length()))


def _overtalk(parts: pl.DataFrame) -> pl.DataFrame:
    both = pl.col("on_0") & pl.col("on_1") & (_length() >= OVERTALK_MS)
    return parts.filter(both).select(_event("overtalk", pl.col("began"), _length()))


def _interruptions(parts: pl.DataFrame) -> pl.DataFrame:
    """Who began to speak over the other, and went on after the other had given way."""
    held = pl.col("start_ms") - pl.when(pl.col("began") == 0).then("since_1").otherwise("since_0")
    gave_way = pl.col("ended") == 1 - pl.col("began")
    both = pl.col("on_0") & pl.col("on_1") & (_length() >= SPOKEN_OVER_MS)
    return parts.filter(both & gave_way & (held >= HELD_MS)).select(_event("interruption", pl.col("began"), _length()))


def _fast(turns: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Turns spoken faster than FAST_PER_MINUTE characters a minute; pauses do not count as speaking."""
    turn = ["call_id", "turn_index"]
    pause = (pl.col("start_ms").shift(-1) - pl.col("end_ms")).fill_null(0)
    pauses = words.group_by(turn).agg(paused=pause.filter(pause > _PAUSE_MS).sum())
    characters = pl.col("text").str.count_matches(r"[\p{L}\p{N}]")
    rate = characters / ((_length() - pl.col("paused")).clip(1) / 60_000)
    return (
        turns.join(pauses, on=turn, how="left")
        .filter((characters >= FAST_CHARACTERS) & (rate >= FAST_PER_MINUTE))
        .select(_event("fast_speech", pl.col("voice"), rate))
    )


def _loud(levels: pl.DataFrame) -> pl.DataFrame:
    """Stretches of at least LOUD_S seconds in which a voice is far above its own baseline in this call."""
    voice = ["call_id", "voice"]
    baseline = pl.col("level_db").median().over(voice)
    spread = (1.4826 * (pl.col("level_db") - baseline).abs().median().over(voice)).clip(SPREAD_DB)
    run = (pl.col("start_ms").diff() > 1_100).fill_null(True).cum_sum().over(voice)
    return (
        levels.with_columns(z=(pl.col("level_db") - baseline) / spread)
        .filter(pl.col("z") > LOUD_Z)
        .sort("call_id", "voice", "start_ms")
        .with_columns(run=run)
        .group_by(*voice, "run")
        .agg(
            pl.col("start_ms").min(), (pl.col("start_ms").max() + 1_000).alias("end_ms"), pl.col("z").mean(), n=pl.len()
        )
        .filter(pl.col("n") >= LOUD_S)
        .select(_event("loud", pl.col("voice"), pl.col("z")))
    )
