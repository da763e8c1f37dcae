"""From words to turns: all that one voice says until the other answers. Any number of calls at once.

    words of both voices ──► utterances (a voice, until it pauses) ──► by start ──► turns (until the voice changes)

A short "嗯" in the middle of the other's utterance does not cut a sentence in two: it becomes a turn of its own beside
the utterance. Pauses inside a turn are written as commas, so that a reader sees where the speaker breathed.
"""

from __future__ import annotations

import polars as pl

BREATH_MS = 700
"""A longer pause ends an utterance, and the other side's words may come between."""
FLOOR_MS = 5_000
"""After a longer pause the same voice begins a new turn."""
COMMA_MS = 300
_WITHOUT_SPACES = {"zh", "yue", "ja", "th", "lo", "my"}
_PUNCTUATION = r"[,.!?;:，。！？；：、]$"


def cut(words: pl.DataFrame, language: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turns (call_id, turn_index, voice, start_ms, end_ms, text, word_probability) and the words' places in them.

    `words`: call_id, voice, start_ms, end_ms, text, probability. The second frame has call_id, turn_index, voice,
    start, end (code points of the turn's text), start_ms, end_ms, probability.
    """
    placed = _written(_numbered(words), language)
    turns = placed.group_by("call_id", "turn_index", maintain_order=True).agg(
        pl.col("voice").first(),
        pl.col("start_ms").min(),
        pl.col("end_ms").max(),
        pl.col("written").str.join(""),
        pl.col("probability").mean().alias("word_probability"),
    )
    return (
        turns.rename({"written": "text"}),
        placed.select("call_id", "turn_index", "voice", "start", "end", "start_ms", "end_ms", "probability"),
    )


def _numbered(words: pl.DataFrame) -> pl.DataFrame:
    """The words with their turn_index, in the order in which they are written."""
    voice, call = ["call_id", "voice"], "call_id"
    pause = pl.col("start_ms") - pl.col("end_ms").cum_max().shift(1).over(voice)
    utterances = (
        words.sort("call_id", "voice", "start_ms", "end_ms", maintain_order=True)
        .with_columns(utterance=(pause > BREATH_MS).fill_null(False).cum_sum().over(voice))
        .with_columns(begins=pl.col("start_ms").min().over(*voice, "utterance"))
        .with_columns(ends=pl.col("end_ms").max().over(*voice, "utterance"))
        .sort("call_id", "begins", "voice", "start_ms", "end_ms", maintain_order=True)
    )
    other_voice = pl.col("voice") != pl.col("voice").shift(1).over(call)
    long_pause = pl.col("begins") - pl.col("ends").shift(1).over(call) > FLOOR_MS
    return utterances.with_columns(
        turn_index=(other_voice | long_pause).fill_null(False).cum_sum().over(call).cast(pl.Int32)
    )


def _written(words: pl.DataFrame, language: str) -> pl.DataFrame:
    """Adds `written`, the word as it stands in the text with what follows it, and `start`, `end` of the word itself."""
    turn = ["call_id", "turn_index"]
    text = pl.col("text")
    if language in _WITHOUT_SPACES:
        text = text.str.strip_chars()
    first = pl.int_range(pl.len()).over(turn) == 0
    text = pl.when(first).then(text.str.strip_chars_start()).otherwise(text)
    comma = "，" if language in _WITHOUT_SPACES else ","
    breath = (pl.col("start_ms").shift(-1).over(turn) - pl.col("end_ms") > COMMA_MS).fill_null(False)
    spaces = pl.col("text").str.len_chars() - pl.col("text").str.strip_chars_start().str.len_chars()
    until = pl.col("written").str.len_chars().cum_sum().over(turn).cast(pl.Int32)
    return (
        words.with_columns(text=text)
        .with_columns(
            written=pl.when(breath & ~pl.col("text").str.contains(_PUNCTUATION))
            .then(pl.col("text") + comma)
            .otherwise("text")
        )
        .with_columns(begin=until - pl.col("written").str.len_chars().cast(pl.Int32))
        .with_columns(
            start=(pl.col("begin") + spaces).cast(pl.Int32),
            end=(pl.col("begin") + pl.col("text").str.len_chars()).cast(pl.Int32),
        )
    )
