"""Marks in place, personal data hidden, and the audio silenced over exactly the hidden words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_factory import ID_CARD, PHONE

from inspection.report.transcript import GRAVITY, Mark, hide, pieces, private_spans, silences

PARTS = ["我", "还钱", "上门", "，", "1", "a", "١", "א", "张三", PHONE, ID_CARD]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)


@st.composite
def marked(draw):
    """A text with marks anywhere, overlapping, empty or beyond its end."""
    text = draw(TEXTS)
    ends = st.tuples(st.integers(0, 35), st.integers(0, 35)).map(sorted)
    spans = draw(st.lists(st.tuples(ends, st.sampled_from(GRAVITY)), max_size=5))
    marks = [Mark(f"m{n}", 0, start, end, kind, kind, None) for n, ((start, end), kind) in enumerate(spans)]
    return text, marks


@given(marked())
def test_pieces_joined_are_the_hidden_text(case):
    text, marks = case
    cut = pieces(text, marks, "张三")
    assert "".join(piece.text for piece in cut) == hide(text, "张三")


@given(marked())
def test_each_character_carries_exactly_the_marks_over_it(case):
    text, marks = case
    place = 0
    for piece in pieces(text, marks):
        for _ in piece.text:
            expected = {mark.id for mark in marks if mark.start <= place < mark.end}
            assert set(piece.marks) == expected
            place += 1


@given(marked())
def test_the_gravest_mark_gives_the_colour(case):
    text, marks = case
    kinds = {mark.id: mark.kind for mark in marks}
    for piece in pieces(text, marks):
        if piece.marks:
            assert piece.kind == min((kinds[mark] for mark in piece.marks), key=GRAVITY.index)


@given(TEXTS)
def test_hiding_keeps_length_and_hides_only_private_places(text):
    shown, hidden = hide(text, "张三"), set()
    for start, end in private_spans(text, "张三"):
        hidden |= set(range(start, end))
    assert len(shown) == len(text)
    assert all(shown[place] == text[place] for place in range(len(text)) if place not in hidden)


HIDDEN = [
    ("我的号码是13800138000", None, "13800138000"),
    (f"身份证{ID_CARD}", None, ID_CARD),
    ("请问是张三丰先生吗", "张三丰", "三丰"),
    ("张三丰，张三丰在吗", "张三丰", "三丰"),
]


@pytest.mark.parametrize(("text", "name", "gone"), HIDDEN)
def test_private_words_are_gone(text, name, gone):
    assert gone not in hide(text, name)


@pytest.mark.parametrize("name", [None, "", "张", "张*"])
def test_a_name_without_a_given_name_hides_nothing(name):
    assert hide("张先生您好", name) == "张先生您好"


def _words(text, start_ms=0):
    return [
        {"start": at, "end": at + 1, "start_ms": start_ms + 100 * at, "end_ms": start_ms + 100 * at + 100}
        for at in range(len(text))
    ]


def test_silence_covers_the_hidden_words_and_nothing_else():
    text = f"号码{PHONE}好"
    turn = {"turn_index": 0, "text": text, "start_ms": 1000, "end_ms": 9000}
    stretches, whole = silences([turn], {0: _words(text, 1000)})
    assert (stretches, whole) == ([(1200, 2300)], False)


def test_a_turn_without_word_times_is_silenced_whole():
    turn = {"turn_index": 0, "text": f"号码{PHONE}", "start_ms": 1000, "end_ms": 9000}
    assert silences([turn], {}) == ([(1000, 9000)], True)


def test_ordinary_words_are_not_silenced():
    turn = {"turn_index": 0, "text": "您名下欠款一千二百三十四元", "start_ms": 0, "end_ms": 900}
    assert silences([turn], {}) == ([], False)
