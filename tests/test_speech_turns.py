"""Words become turns whose text can be quoted to the code point."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.speech import turns

WORD = {
    "call_id": pl.String, "voice": pl.Int8, "start_ms": pl.Int64, "end_ms": pl.Int64, "text": pl.String,
    "probability": pl.Float32,
}  # fmt: skip


def words(*rows: tuple[int, int, str], call_id: str = "c", each_ms: int = 200) -> pl.DataFrame:
    """Rows (voice, start_ms, text): one word a character, 200 ms each; a text with spaces one word a piece."""
    made = []
    for voice, start_ms, text in rows:
        pieces = [f" {piece}" for piece in text.split(" ")] if " " in text else list(text)
        made += [
            (call_id, voice, start_ms + i * each_ms, start_ms + (i + 1) * each_ms, piece, 0.5)
            for i, piece in enumerate(pieces)
        ]
    return pl.DataFrame(made, schema=WORD, orient="row")


CASES = {
    "one speaks, the other answers": ([(0, 0, "您好"), (1, 900, "你好")], [(0, "您好"), (1, "你好")]),
    "a breath does not end a turn": ([(0, 0, "您好"), (0, 2000, "请问")], [(0, "您好，请问")]),
    "a very long pause does": ([(0, 0, "您好"), (0, 7000, "请问")], [(0, "您好"), (0, "请问")]),
    "a short pause has no comma": ([(0, 0, "您好"), (0, 600, "请问")], [(0, "您好请问")]),
    "a grunt in between cuts no sentence": (
        [(0, 0, "您好请问是张先生吗"), (1, 500, "嗯")], [(0, "您好请问是张先生吗"), (1, "嗯")]),
    "a grunt at a breath comes between": (
        [(0, 0, "您好"), (1, 600, "嗯"), (0, 1500, "请问")], [(0, "您好"), (1, "嗯"), (0, "请问")]),
    "both at once": ([(1, 0, "喂"), (0, 0, "您好")], [(0, "您好"), (1, "喂")]),
    "nobody": ([], []),
}  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), CASES.values(), ids=CASES)
def test_turns(said, expected):
    cut, _ = turns.cut(words(*said), "zh")
    assert cut.select("voice", "text").rows() == expected
    assert cut["turn_index"].to_list() == list(range(len(expected)))
    assert cut["start_ms"].is_sorted()


def test_calls_do_not_mix():
    together = pl.concat([words((0, 0, "您好"), call_id="b"), words((0, 300, "请问"), call_id="a")])
    cut, _ = turns.cut(together, "zh")
    assert cut.select("call_id", "turn_index", "text").sort("call_id").rows() == [("a", 0, "请问"), ("b", 0, "您好")]


def test_english_keeps_its_spaces_and_offsets_leave_them_out():
    cut, places = turns.cut(words((0, 0, "this call is recorded"), (0, 2000, "may I")), "en")
    text = cut["text"][0]
    assert text == "this call is recorded, may I"
    assert [text[start:end] for start, end in places.select("start", "end").rows()] == text.replace(",", "").split()


def test_chinese_loses_the_spaces_a_recogniser_writes():
    assert turns.cut(words((0, 0, "您 好")), "zh")[0]["text"].to_list() == ["您好"]


def test_probability_of_a_turn_is_the_mean_of_its_words():
    said = words((0, 0, "您好")).with_columns(probability=pl.Series([0.2, 0.6], dtype=pl.Float32))
    assert turns.cut(said, "zh")[0]["word_probability"][0] == pytest.approx(0.4)


said_by_anyone = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]), st.integers(0, 1), st.integers(0, 20_000), st.integers(0, 900),
        st.sampled_from(["您", "好", " ok", "，", "re-do", "👍🏽", "１"]),
    ), max_size=40,
)  # fmt: skip


@given(said_by_anyone, st.sampled_from(["zh", "en"]))
def test_no_word_is_lost_and_every_place_quotes_its_word(said, language):
    frame = pl.DataFrame(
        [(call, voice, start, start + length, text, 0.5) for call, voice, start, length, text in said],
        schema=WORD, orient="row",
    )  # fmt: skip
    cut, places = turns.cut(frame, language)
    texts = {(call, turn): text for call, turn, text in cut.select("call_id", "turn_index", "text").rows()}
    quoted = sorted(
        texts[call, turn][start:end]
        for call, turn, start, end in places.select("call_id", "turn_index", "start", "end").rows()
    )
    assert quoted == sorted(text.strip() for *_, text in said)
    joined = places.join(cut, on=["call_id", "turn_index"], suffix="_turn")
    assert (joined["voice"] == joined["voice_turn"]).all()
    assert ((joined["start_ms"] >= joined["start_ms_turn"]) & (joined["end_ms"] <= joined["end_ms_turn"])).all()
    for _, turn in cut.group_by("call_id"):
        assert turn["turn_index"].to_list() == list(range(turn.height))
        assert turn["start_ms"].is_sorted()
