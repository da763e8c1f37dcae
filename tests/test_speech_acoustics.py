"""Acoustics agree with a plain count over milliseconds, and each kind of event with its definition."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.speech import acoustics
from inspection.speech.turns import cut

SPAN = {"call_id": pl.String, "voice": pl.Int8, "start_ms": pl.Int64, "end_ms": pl.Int64}
LEVEL = {"call_id": pl.String, "voice": pl.Int8, "start_ms": pl.Int64, "level_db": pl.Float32}
WORD = SPAN | {"text": pl.String, "probability": pl.Float32}
NO_TURNS = cut(pl.DataFrame(schema=WORD), "zh")
NO_LEVELS = pl.DataFrame(schema=LEVEL)


def regions(spans: list[tuple[str, int, int, int]], duration_ms: int = 20_000) -> pl.DataFrame:
    calls = sorted({call for call, *_ in spans} | {"c"})
    durations = pl.DataFrame({"call_id": calls, "duration_ms": [duration_ms] * len(calls)})
    return acoustics.regions(pl.DataFrame(spans, schema=SPAN, orient="row"), durations)


def found(spans, kind, levels=NO_LEVELS, turns=NO_TURNS):
    events = acoustics.events(regions([("c", *span) for span in spans]), *turns, levels)
    return events.filter(pl.col("kind") == kind).select("start_ms", "end_ms", "voice", "value").rows()


@st.composite
def disjoint_spans(draw, calls=("c", "d")):
    spans = []
    for call in calls:
        for voice in (0, 1):
            borders = sorted(draw(st.sets(st.integers(0, 300), max_size=8)))
            spans += [(call, voice, start, end) for start, end in zip(borders[::2], borders[1::2], strict=False)]
    return spans


@given(disjoint_spans())
def test_totals_agree_with_a_count_over_milliseconds(spans):
    totals = {row["call_id"]: row for row in acoustics.totals(regions(spans, 300)).rows(named=True)}
    for call, counted in totals.items():
        on = np.zeros((2, 300), bool)
        for its_call, voice, start, end in spans:
            if its_call == call:
                on[voice, start:end] = True
        assert counted == {
            "call_id": call,
            "speech_ms": on.any(axis=0).sum(),
            "speech_0_ms": on[0].sum(),
            "speech_1_ms": on[1].sum(),
            "overtalk_ms": on.all(axis=0).sum(),
            "silence_ms": (~on.any(axis=0)).sum(),
        }


@given(disjoint_spans())
def test_regions_cover_each_call_once(spans):
    for _, parts in regions(spans, 300).sort("call_id", "start_ms").group_by("call_id", maintain_order=True):
        assert parts["start_ms"][0] == 0
        assert parts["end_ms"][-1] == 300
        assert parts["end_ms"][:-1].to_list() == parts["start_ms"][1:].to_list()


@pytest.mark.parametrize(
    ("spans", "silences"),
    [
        ([(0, 0, 1000), (1, 3000, 20_000)], [(1000, 3000)]),
        ([(0, 0, 1000), (1, 2999, 20_000)], []),  # 1 ms short of two seconds
        ([(0, 2500, 20_000)], [(0, 2500)]),  # nobody speaks after the answer
        ([(0, 0, 15_000)], [(15_000, 20_000)]),  # a dead line at the end
        ([(0, 0, 9000), (1, 4000, 20_000)], []),
    ],
)
def test_silence_is_where_neither_speaks(spans, silences):
    assert [row[:2] for row in found(spans, "silence")] == silences


@pytest.mark.parametrize(
    ("spans", "overtalk", "interruption"),
    [
        ([(0, 0, 3000), (1, 2000, 5000)], (2000, 3000, 1), (2000, 3000, 1)),  # 1 breaks in, 0 gives way
        ([(0, 0, 6000), (1, 2000, 3000)], (2000, 3000, 1), None),  # 1 only said a word, 0 went on
        ([(0, 0, 3000), (1, 800, 5000)], (800, 3000, 1), None),  # 0 had just begun
        ([(1, 0, 3000), (0, 2800, 5000)], (2800, 3000, 0), None),  # a smooth change of turns
        ([(0, 0, 3000), (1, 2900, 5000)], None, None),  # too short to hear
        ([(0, 0, 3000), (1, 0, 3000)], (0, 3000, None), None),  # both at once: nobody began it
    ],
)
def test_who_talks_over_whom(spans, overtalk, interruption):
    assert [row[:3] for row in found(spans, "overtalk")] == ([overtalk] if overtalk else [])
    assert [row[:3] for row in found(spans, "interruption")] == ([interruption] if interruption else [])


def _spoken(characters: int, each_ms: int, pause_ms: int = 0):
    half = characters // 2
    starts = [i * each_ms + (pause_ms if i >= half else 0) for i in range(characters)]
    rows = [("c", 0, start, start + each_ms, "您", 0.9) for start in starts]
    return cut(pl.DataFrame(rows, schema=WORD, orient="row"), "zh")


@pytest.mark.parametrize(
    ("turns", "rate"),
    [
        (_spoken(30, 200), 300.0),
        (_spoken(30, 200, pause_ms=3000), 300.0),  # a pause is no slow speech
        (_spoken(30, 250), None),  # 240 a minute
        (_spoken(10, 100), None),  # too few characters to tell
    ],
)
def test_fast_speech_in_characters_a_minute(turns, rate):
    values = [row[3] for row in found([], "fast_speech", turns=turns)]
    assert values == ([pytest.approx(rate)] if rate else [])


@pytest.mark.parametrize(
    ("db", "loud"),
    [
        ([-25.0] * 10 + [-10.0] * 3 + [-25.0] * 5, [(10_000, 13_000)]),
        ([-25.0] * 10 + [-10.0] + [-25.0] * 5, []),  # one second is no shouting
        ([-25.0, -27.0] * 8 + [-21.0] * 3, []),  # within the speaker's own spread
        ([-12.0] * 18, []),  # a loud voice is its own baseline
    ],
)
def test_loudness_is_against_the_speaker_s_own_baseline(db, loud):
    levels = pl.DataFrame(
        [("c", 0, second * 1000, level) for second, level in enumerate(db)], schema=LEVEL, orient="row"
    )
    assert [row[:2] for row in found([], "loud", levels=levels)] == loud
