"""The rulebook on the sample day's own texts, heard without any error: every fatal one found, nobody accused."""

from __future__ import annotations

import polars as pl
import pytest

from inspection.demo.measure import written_report
from inspection.demo.perfect import perfectly_heard
from inspection.demo.prepare import prepare
from inspection.demo.truth import load_truth
from inspection.intake.day import take_in
from inspection.settings import load

TRUTH = load_truth()


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return load(prepare(tmp_path_factory.mktemp("demo")))


def test_what_is_planted_is_found_in_the_written_words(settings):
    report = written_report(TRUTH, settings)
    assert report.missed_fatal.to_dicts() == []
    assert report.accused.to_dicts() == []
    assert (report.found["state"] == "found").mean() > 0.9
    assert report.passed


def test_the_perfect_ear_hears_every_character_once_and_by_its_speaker(settings):
    heard = perfectly_heard(TRUTH, take_in(settings, TRUTH.business_date))
    said = TRUTH.characters.group_by("call_id", "role").agg(pl.len()).sort("call_id", "role")
    words = heard.words.join(heard.turns, on=["call_id", "turn_index"]).group_by("call_id", "role").agg(pl.len())
    assert words.sort("call_id", "role").equals(said)
    assert heard.audio.height == TRUTH.characters["call_id"].n_unique()
    dead_wire = TRUTH.calls.filter(pl.col("fault") == "empty_channel").item(0, "call_id")
    sides = heard.audio.filter(pl.col("call_id") == dead_wire).select("agent_speech_ms", "customer_speech_ms").row(0)
    assert sides[0] > 10_000
    assert sides[1] == 0
