"""What the recogniser wrote for what was said, with the pack's own confusion sets (issue 3, words 2)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from lexicon_oracle import FOLDING, SYLLABLES, said

from inspection.lexicon.choose import choose
from inspection.lexicon.load import load_lexicon
from inspection.lexicon.matcher import Probe, build
from inspection.lexicon.model import Entry, Lexicon
from inspection.lexicon.search import search
from inspection.lexicon.syllables import Syllables, named_classes

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"
TERMS = ("经侦支队", "上门收拾你", "坐牢", "通讯录", "套现", "投诉", "减免", "征信", "12378")


@pytest.fixture(scope="module")
def lexicon():
    pack = load_lexicon(PACK, check_cases=False)
    case = {"role": "agent", "say": "x", "hit": False}
    entry = Entry(
        id="threat.sounds",
        title="t",
        category="threat",
        severity="fatal",
        roles=("agent",),
        owner="o",
        source="s",
        terms=TERMS,
        homophone=True,
        homophone_exceptions=("银杏支队",),
        cases=(case,),
    )
    return Lexicon(PACK, pack.folding, pack.syllables, pack.guards, (entry,))


def hits(lexicon, text: str, probability: float = 0.9) -> pl.DataFrame:
    turns = said(text).with_columns(word_probability=pl.lit(probability, pl.Float32))
    return choose(search(build(lexicon.probes, lexicon.folding, lexicon.syllables), turns), lexicon, turns)


@pytest.mark.parametrize(
    ("text", "quote", "term"),
    [
        ("我是金针支队的", "金针支队", "经侦支队"),
        ("再不还就商门收拾你", "商门收拾你", "上门收拾你"),
        ("你会做牢的", "做牢", "坐牢"),
        ("我要爆你通信录", "通信录", "通讯录"),
        ("你可以拿卡讨现", "讨现", "套现"),
        ("我要头诉你", "头诉", "投诉"),
        ("我打要二三七八", None, None),  # 要 is no way to say 1
        ("打一二三七八", "一二三七八", "12378"),
        ("打衣二三七八", "衣二三七八", "12378"),
        ("我们为您提供精准服务", None, None),
        ("咱们见面聊", None, None),
        ("我是真心的", None, None),
        ("请您去讨现金", None, None),
        ("银杏支队", None, None),
    ],
)
def test_heard_and_not_heard(lexicon, text, quote, term):
    kept = hits(lexicon, text).filter("kept")
    assert kept["quote"].to_list() == ([quote] if quote else [])
    assert kept["term"].to_list() == ([term] if term else [])


def test_a_hit_by_sound_says_so_and_is_less_sure(lexicon):
    found = pl.concat([hits(lexicon, text) for text in ("你会坐牢", "你会做牢", "我是金针支队的")])
    assert found["via"].to_list() == ["text", "homophone", "homophone"]
    by_text, short, long = found["confidence"]
    assert by_text > 0.8 > long > short > 0


def test_what_ordinary_words_explain_counts_only_where_the_recogniser_doubted_itself(lexicon):
    sure, doubtful = hits(lexicon, "咱们见面"), hits(lexicon, "咱们见面", 0.3)
    assert sure["cleared_by"].to_list() == ["ordinary"] and doubtful["kept"].to_list() == [True]
    assert doubtful["confidence"][0] < 0.5
    assert hits(lexicon, "你会做牢", 0.3)["confidence"][0] > hits(lexicon, "你会做牢", 0.9)["confidence"][0]


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("上门", "商门", True),
        ("上门", "山门", True),
        ("你", "里", True),
        ("法院", "花院", False),
        ("飞", "灰", False),
        ("分", "昏", False),
        ("福", "胡", True),
        ("发", "哈", True),
        ("通讯录", "通信录", True),
        ("还款", "换款", True),
        ("还没", "孩没", True),
        ("还没", "换没", False),
        ("重要", "众要", True),
        ("重新", "虫新", True),
        ("银行", "银航", True),
        ("经侦", "金针", True),
    ],
)
def test_which_syllables_sound_alike(a, b, same):
    left, right = named_classes(SYLLABLES, a), named_classes(SYLLABLES, b)
    assert (left.tolist() == right.tolist()) == same


def test_the_firm_decides_what_sounds_alike():
    strict = Syllables(FOLDING)
    probe = [Probe("p", "entry", ("上门找你",), homophone=True)]
    heard = said("商门找你", "桑门找你", "尚门找你")
    found = [search(build(probe, FOLDING, s), heard)["quote"].to_list() for s in (strict, SYLLABLES, None)]
    assert found == [["商门找你", "尚门找你"], ["商门找你", "桑门找你", "尚门找你"], []]


def test_terms_without_readings_or_of_one_character_are_not_searched_by_sound():
    probes = [Probe("p", "entry", ("vip卡号", "滚"), homophone=True)]
    assert search(build(probes, FOLDING, SYLLABLES), said("vip咖号", "棍")).is_empty()


def test_a_pattern_heard_as_ordinary_words_is_explained():
    probe = [Probe("p", "entry", (), ("[我|我们] ..2 [是] ..2 [经侦|派出所]",), homophone=True)]
    found = search(build(probe, FOLDING, SYLLABLES), said("我们是金针菇的", "我们是经镇", "我们是排出所"))
    assert found.select("quote", "explained").rows() == [
        ("我们是金针", True),
        ("我们是经镇", False),
        ("我们是排出所", False),
    ]


def test_patterns_are_heard_too():
    probe = [Probe("p", "entry", (), ("[找|叫|派] ..4 [人|兄弟] ..6 [你家|单位]",), homophone=True)]
    assert search(build(probe, FOLDING, SYLLABLES), said("就教几个任去你加"))["quote"].to_list() == ["教几个任去你加"]


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("通知尼妈妈", "[通知] ..6 [你妈妈|你爸爸]", [("通知尼妈妈", "homophone")]),
        ("通知尼妈妈和你爸爸", "[通知] ..6 [你妈妈|你爸爸]", [("通知尼妈妈和你爸爸", "text")]),  # the same beginning
        ("你爸爸和尼妈妈通知", "[你妈妈|你爸爸] ..6 [通知]", [("你爸爸和尼妈妈通知", "text")]),  # the same end
        (
            "通知你妈妈，同志尼爸爸",
            "[通知] ..6 [你妈妈|你爸爸]",
            [("通知你妈妈", "text"), ("同志尼爸爸", "homophone")],
        ),
    ],
)
def test_what_the_words_show_is_not_said_again_by_its_sound(text, pattern, found):
    probe = [Probe("p", "entry", (), (pattern,), homophone=True)]
    assert search(build(probe, FOLDING, SYLLABLES), said(text)).select("quote", "via").rows() == found
