"""The chain from a score to the sound, without anything that must not be shown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from judged_day import DAY, NAME, NUMBERS, judged_day

from inspection.errors import ResultsError
from inspection.results.explain import explain
from inspection.results.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    store.swap_day(DAY, judged_day())
    return store


CHAIN = [
    "call threat",
    "2026-11-20 10:10:00 Asia/Shanghai",
    "debtor d1, number …5678",
    "outcome    OTHER (dialer's code 01)",
    "ended as inspected",
    "score 0.0 (合格), verdict fail, fatal rules: CN-THR-01",
    "scorecard default: 0 of 100 points",
    "0 / 50    CN-THR-01 by CN-THR-01: fail",
    "findings: 1 to argue about, 1 passed or not applicable",
    "FAIL CN-THR-01 v2 标题 (fatal, live)",
    "words      agent 0:00.600–0:01.200",
    "by         threat.visit v3 “[叫|找] ..4 人” via text, confidence 0.90",
    "kept: nothing clears it",
    "heard      ，@600–700 p=0.90  我@700–800 p=0.90",
    "expected   只陈述事实",
    "with calls good",
    "source     GB/T 45251-2025",
    "found and cleared: 1",
    "abuse.listen v1 agent",
    "cleared by exception",
    "audio SHA-256 sha-threat",
    "roles by dialer, confidence 0.90; word probability 0.90",
    "matched by hint, 9 bytes",
    f"rulebook 1, fingerprint {'f' * 64}",
    f"speech models {'e' * 64}",
    "run run of 2026-11-20, program 0.1.0",
]


@pytest.mark.parametrize("link", CHAIN)
def test_every_link_of_the_chain_is_there(store: Store, link: str) -> None:
    assert link in explain(store, "threat")


def test_words_are_shown_and_persons_are_not(store: Store) -> None:
    text = explain(store, "threat")
    assert "我叫人去你家" in text
    assert not [secret for secret in [*NUMBERS, NAME] if secret in text]


@pytest.mark.parametrize(
    ("call_id", "told"),
    [("lost", "skipped in intake: recording_missing"), ("silent", "ended as not_connected"), ("good", "score 100.0")],
)
def test_other_calls_say_how_they_ended(store: Store, call_id: str, told: str) -> None:
    assert told in explain(store, call_id)


def test_a_call_without_any_detail_is_still_explained(tmp_path: Path) -> None:
    tables = judged_day()
    bare = {
        "attempts": ["agency", "talk_ms", "outcome_raw"],
        "hits": ["confidence", "term"],
        "scores": ["score", "band"],
    }
    for table, columns in bare.items():
        frame = tables[table]
        tables[table] = frame.with_columns(pl.lit(None, frame.schema[column]).alias(column) for column in columns)
    store = Store(tmp_path)
    store.swap_day(DAY, tables)
    assert "score – (–)" in explain(store, "threat")


def test_the_latest_day_of_a_call_counts_and_an_unknown_call_is_told(store: Store) -> None:
    later = DAY + timedelta(days=1)
    store.swap_day(later, judged_day(later))
    assert "run run of 2026-11-21" in explain(store, "good")
    with pytest.raises(ResultsError, match="no day lists the call nobody"):
        explain(store, "nobody")


def test_history_tells_what_customers_voiced(tmp_path: Path) -> None:
    tables = judged_day()
    tables["hits"] = tables["hits"].with_columns(role=pl.lit("customer"), category=pl.lit("do_not_call"))
    store = Store(tmp_path)
    store.swap_day(DAY, tables)
    earlier = store.history(DAY + timedelta(days=3), days=3)
    assert dict(earlier.select("call_id", "said").iter_rows())["threat"] == [
        "do_not_call"
    ]  # the cleared hit adds nothing
    assert earlier.height == 6 and earlier["said"].drop_nulls().len() == 1
    assert store.history(DAY + timedelta(days=3), days=2).is_empty()
    assert store.history(DAY, days=30).is_empty()
