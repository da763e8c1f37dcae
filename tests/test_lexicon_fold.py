"""Folding: what counts as the same writing, and where each folded character came from."""

from __future__ import annotations

import lexicon_oracle as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.lexicon.fold import SEPARATOR, Folding, codes_of

FOLDING = oracle.FOLDING
ENGLISH = Folding(spaced=True, fillers=("uh", "um"))
BARE = Folding()

# Letters that take part in a rule, a few that do not, and every kind of unpleasant code point.
INTERESTING = "不要脸嗯呃那个就是说人一二十零两幺15０１vxwechat信VX微您她臉會ＡB，。 \n？"
INTERESTING += "😀\u200f\u202e\u0301\ud800\udfff\x00ﬁ㈠①ß"
WORDS = ["vx", "WeChat", "V信", "zhifubao", "那个", "就是说", "二十", "十五", "十", "脸脸脸", "不不", " um", " uh "]
texts = st.lists(st.sampled_from([*INTERESTING, *WORDS]) | st.characters(codec=None), max_size=20).map("".join)

SAME = {
    "width and case": ["１２３７８ＡＰＰ", "12378app", "12378 App"],
    "traditional": ["上門收拾妳", "上门收拾你", "上门收拾您"],
    "digits in every spelling": ["一二三七八", "12378", "１２３７８", "幺二三七八", "①②③⑦⑧", "1 2 3 7 8"],
    "zero": ["二零〇八", "2008", "两零零八"],
    "tens": ["二十五号", "25号", "２５號"],
    "ten and a digit": ["十五号", "15号"],
    "a digit and ten": ["三十天", "30天"],
    "punctuation and spaces": ["不，要 脸！", "不要脸", "不…要——脸"],
    "fillers": ["不要那个脸", "嗯不要呃脸", "不要那那个个脸"],
    "repeated characters": ["不不不要脸", "不要脸", "不不不不不要脸"],
    "letters for words": ["加我VX", "加我微信", "加我WeChat", "加我V信", "加我ｖ ｘ"],
    "marks nobody hears": ["不\u200f要\u202e脸", "不要脸", "不要😀脸", "不\ud800要脸"],
}
DIFFERENT = [
    ("他妈妈", "他妈"),  # two are a word, three are a stutter
    ("10000", "10"),
    ("十分", "1分"),  # 十 without a digit beside it is a word
    ("二十十五", "2015"),
    ("微信", "威信"),
]


@pytest.mark.parametrize("spellings", SAME.values(), ids=SAME)
def test_spellings_of_one_thing_fold_alike(spellings):
    assert {FOLDING.text(text) for text in spellings} == {FOLDING.text(spellings[0])}


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_things_stay_different(a, b):
    assert FOLDING.text(a) != FOLDING.text(b)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I'm, uh, going  to JAIL!!!", "im going to jail"),
        ("loooser", "loser"),
        ("album bum", "album bum"),
        ("  um", ""),
    ],
)
def test_spaced_languages_keep_one_space_between_words(text, folded):
    assert ENGLISH.text(text) == folded


@settings(deadline=None)
@given(texts)
def test_folding_twice_changes_nothing(text):
    for folding in (FOLDING, ENGLISH, BARE):
        once = folding.text(text)
        assert folding.text(once) == once


@settings(deadline=None)
@given(texts)
def test_fold_agrees_with_the_plain_one(text):
    folded = FOLDING.fold(codes_of(text))
    spots = list(zip(map(chr, folded.codes), folded.start.tolist(), folded.end.tolist(), strict=True))
    assert spots == oracle.fold(text)


@settings(deadline=None)
@given(texts, st.data())
def test_a_raw_quote_folds_to_what_was_found(text, data):
    folded = FOLDING.fold(codes_of(text))
    if len(folded.codes):
        i = data.draw(st.integers(0, len(folded.codes) - 1))
        j = data.draw(st.integers(i, len(folded.codes) - 1))
        quote = text[folded.start[i] : folded.end[j]]
        assert 0 <= folded.start[i] < folded.end[j] <= len(text)
        # A quote that cuts a stutter or a number may fold to more than the part, never to less.
        assert oracle_text(folded.codes[i : j + 1]) in FOLDING.text(quote) or cuts(folded, i, j)


def oracle_text(codes: np.ndarray) -> str:
    return "".join(map(chr, codes))


def cuts(folded, i: int, j: int) -> bool:
    """Whether the part's neighbours come from the same raw stretch, or its ends were only decided by them."""
    text = oracle_text(folded.codes)
    return any(c.isdigit() or c == "十" for c in text[max(i - 1, 0) : j + 2])


@settings(deadline=None)
@given(st.lists(texts, min_size=2, max_size=5))
def test_separated_texts_fold_each_for_itself(parts):
    raw = np.concatenate([codes_of(part + "#") for part in parts])
    ends = np.cumsum([len(part) + 1 for part in parts]) - 1
    together = FOLDING.fold(raw, ends).codes
    pieces = np.split(together, np.flatnonzero(together == SEPARATOR) + 1)[:-1]
    assert [oracle_text(piece[:-1]) for piece in pieces] == [
        "".join(c for c, _, _ in oracle.fold(part)) for part in parts
    ]
