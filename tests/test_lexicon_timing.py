"""When the words of a hit were said, whatever the order in which the words are given."""

from __future__ import annotations

import polars as pl
import pytest
from lexicon_oracle import FOLDING, SYLLABLES, turns_of

from inspection.lexicon.matcher import Probe, build
from inspection.lexicon.search import search
from inspection.lexicon.timing import WordTimes, timed
from inspection.tables import WORDS

TURNS = turns_of(
    ("a", "agent", 0, 900, "你会坐牢"), ("a", "customer", 900, 1900, "我不坐牢"), ("b", "agent", 0, 900, "坐牢")
)
SPOKEN = pl.DataFrame(
    [
        ("a", 0, 0, 2, 100, 300, 0.9), ("a", 0, 2, 3, 400, 500, 0.8), ("a", 0, 3, 4, 600, 700, 0.6),
        ("a", 1, 0, 2, 950, 1100, 0.9), ("a", 1, 2, 4, 1200, 1500, 0.5), ("x", 0, 0, 2, 1, 2, 0.1),
    ],
    schema=WORDS, orient="row",
)  # fmt: skip
ORDERS = {
    "as spoken": range(6),
    "backwards": range(5, -1, -1),
    "turns mixed": (1, 3, 5, 2, 4, 0),
    "calls mixed": (5, 3, 4, 0, 1, 2),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("prepared", [True, False])
def test_times_are_those_of_the_words_in_whatever_order(order, prepared):
    words = SPOKEN[list(order)]
    matches = search(build([Probe("p", "entry", ("坐牢",))], FOLDING, SYLLABLES), TURNS)
    hits = timed(matches, TURNS, WordTimes.of(words, TURNS) if prepared else words)
    assert hits.select("call_id", "turn_index", "start_ms", "end_ms", "timing").rows() == [
        ("a", 0, 400, 700, "word times"),
        ("a", 1, 1200, 1500, "word times"),
        ("b", 0, 0, 900, "estimated times"),
    ]
    assert [round(p, 3) for p in hits["probability"]] == [0.7, 0.5, 0.9]
