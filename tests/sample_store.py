"""The sample day in a store as perfect ears would have heard it: real rules, no speech model, a few seconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from inspection.demo.perfect import perfectly_heard
from inspection.demo.prepare import BUSINESS_DATE, prepare
from inspection.demo.truth import load_truth
from inspection.intake.day import take_in
from inspection.intake.reconcile import reconcile
from inspection.results.store import Store
from inspection.rules.judge import Heard, judge
from inspection.rules.rulebook import load_rulebook
from inspection.settings import Settings, load
from inspection.tables import AUDIO, RUNS, STORED, TURNS, conform, empty


def fill(folder: Path, days: int = 3) -> Settings:
    """A working folder like the demo's whose store holds the sample day and copies of it on the days before."""
    settings = load(prepare(folder))
    tables = judged(settings)
    store = Store(settings.store.root)
    for back in range(days):
        day = BUSINESS_DATE - timedelta(days=back)
        store.swap_day(day, {name: shifted(frame, back) for name, frame in tables.items()})
    return settings


def judged(settings: Settings) -> dict[str, pl.DataFrame]:
    """Every stored table of the sample day."""
    intake = take_in(settings, BUSINESS_DATE)
    heard = _with_doubts(perfectly_heard(load_truth(), intake))
    book = load_rulebook(settings.rulebook.path)
    judgement = judge(book, heard)
    balance = reconcile(intake.attempts, intake.recordings, intake.skips, heard.audio, judgement.scores)
    inspected = judgement.scores["call_id"].n_unique()
    run = {
        "business_date": BUSINESS_DATE, "run_id": "0" * 64, "listed": intake.attempts.height, "inspected": inspected,
        "skipped": intake.attempts.height - inspected, "rulebook_fingerprint": book.fingerprint,
        "rulebook_version": book.version, "speech_fingerprint": "0" * 64, "package_version": "0",
    }  # fmt: skip
    names = ("hits", "checkpoints", "identity", "findings", "components", "scores")
    return {
        **{name: empty(schema) for name, schema in STORED.items()},
        **{name: getattr(intake, name) for name in ("attempts", "recordings", "skips")},
        **{name: getattr(heard, name) for name in ("audio", "turns", "words", "acoustics")},
        **{name: getattr(judgement, name) for name in names},
        "reconciliation": balance,
        "runs": conform(pl.DataFrame([run]), RUNS, table="runs"),
    }


def _with_doubts(heard: Heard) -> Heard:
    """The same words, some of them weak: each word's probability is a fixed play of its place, 0.25 to 1."""
    place = (pl.col("start_ms") * 7919 + pl.col("turn_index") * 104_729) % 1000
    words = heard.words.with_columns(probability=(0.25 + 0.75 * (place / 999).sqrt()).cast(pl.Float32))

    def mean(*keys: str) -> pl.DataFrame:
        return words.group_by(keys).agg(word_probability=pl.col("probability").mean())

    turns = heard.turns.drop("word_probability").join(mean("call_id", "turn_index"), on=["call_id", "turn_index"])
    audio = heard.audio.drop("word_probability").join(mean("call_id"), on="call_id")
    return replace(
        heard, words=words,
        turns=conform(turns.sort("call_id", "turn_index"), TURNS, table="turns"),
        audio=conform(audio.sort("call_id"), AUDIO, table="audio"),
    )  # fmt: skip


def shifted(frame: pl.DataFrame, days: int) -> pl.DataFrame:
    """The same rows that many days earlier, as other calls."""
    if not days:
        return frame
    moved = [pl.col(name) - timedelta(days=days) for name, kind in frame.schema.items() if kind.is_temporal()]
    renamed = [pl.col("call_id") + f"-{days}"] if "call_id" in frame.columns else []
    return frame.with_columns(*moved, *renamed)


def last_day() -> date:
    return BUSINESS_DATE
