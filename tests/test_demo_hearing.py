"""A few of the sample day's calls through the real models: heard about as well as `make measure` says of all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import add

import polars as pl
import pytest

from inspection.demo.measure import CallFigures, speech_figures
from inspection.demo.prepare import DAY, prepare
from inspection.demo.truth import load_truth
from inspection.settings import load


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> list[CallFigures]:
    """The figures of the shortest calls of each layout."""
    folder, truth = tmp_path_factory.mktemp("hearing"), load_truth()
    length = truth.characters.group_by("call_id").len()
    wanted = truth.calls.filter(expected="inspected").join(length, on="call_id").sort("len", "call_id")
    wanted = wanted.group_by("layout", maintain_order=True).head(3)
    for name in wanted["recording"]:
        (folder / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(DAY / "recordings" / name, folder / "recordings" / name)
    settings = load(prepare(folder, recordings=folder / "recordings"))
    few = pl.col("call_id").is_in(wanted["call_id"].implode())
    return speech_figures(
        replace(truth, calls=truth.calls.filter(few), characters=truth.characters.filter(few)), settings
    )


def rate(parts: Iterable) -> float:
    return reduce(add, parts).rate


def test_words_are_recognised(calls):
    assert {call.layout for call in calls} == {"stereo", "mono"}
    assert sum(call.whole.characters for call in calls) > 300
    assert rate(call.whole for call in calls) < 0.25
    assert all(call.whole.rate < 0.5 for call in calls), "a call that is not heard at all hides in a mean"


def test_words_stand_at_their_time_and_with_their_speaker(calls):
    assert rate(call.starts for call in calls) > 0.8
    assert rate(call.roles for call in calls) > 0.9
