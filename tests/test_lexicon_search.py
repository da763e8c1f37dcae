"""Searching: everything is found once, in the right place, by one pass over any number of turns."""

from __future__ import annotations

import lexicon_oracle as oracle
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicon_oracle import FOLDING, SYLLABLES, said, turns_of

from inspection.lexicon.fold import Folding
from inspection.lexicon.matcher import Probe, build
from inspection.lexicon.pattern import PatternError, parse
from inspection.lexicon.search import search

PROBES = [
    Probe("prison", "entry", ("坐牢", "做老实人", "等着坐牢"), homophone=True, context=True),
    Probe("shame", "entry", ("不要脸", "要脸", "脸"), homophone=True, context=True),
    Probe("twelve", "entry", ("12378", "5号", "15号还")),
    Probe("chat", "entry", ("加微信", "微信"), ("[加|要] ..2 [微信|支付宝]",), context=True),
    Probe(
        "visit",
        "entry",
        (),
        ("[找|叫|派] ..4 [人|兄弟] ..6 [你家|单位|门口]", "[你家|门口] ..3 [人]"),
        homophone=True,
        context=True,
    ),
    Probe("opening", "checkpoint", ("我是", "你好")),
]
MATCHER = build(PROBES, FOLDING, SYLLABLES)
COLUMNS = ("row", "end_row", "probe_id", "term", "start", "end")


def matches(turns: pl.DataFrame, probes=None, folding=FOLDING, syllables=SYLLABLES) -> pl.DataFrame:
    return search(build(probes, folding, syllables) if probes else MATCHER, turns)


def spots(frame: pl.DataFrame, via: str = "text") -> set[tuple]:
    return set(frame.filter(pl.col("via") == via).select(COLUMNS).iter_rows())


def quotes(text: str, *terms: str, patterns: tuple[str, ...] = (), folding=FOLDING) -> list[str]:
    return matches(said(text), [Probe("p", "entry", terms, patterns)], folding, None)["quote"].to_list()


# --- terms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms", "found"),
    [
        ("你会坐牢的", ["坐牢"], ["坐牢"]),
        ("坐牢坐牢", ["坐牢"], ["坐牢", "坐牢"]),
        ("等着坐牢", ["坐牢", "等着坐牢", "着坐"], ["等着坐牢", "着坐", "坐牢"]),
        ("你不要那个，脸！", ["不要脸"], ["不要那个，脸"]),
        ("你不不不要脸吗", ["不要脸"], ["不不不要脸"]),
        ("加我WeChat吧", ["加我微信"], ["加我WeChat"]),
        ("加我Ｖ信", ["微信"], ["Ｖ信"]),
        ("打幺二三 七八举报", ["12378"], ["幺二三 七八"]),
        ("二十五号还", ["15号还"], []),
        ("十五号还", ["15号还"], ["十五号还"]),
        ("拨打123780", ["12378"], []),  # a longer number is another number
        ("拨打0371 12378", ["12378"], ["12378"]),
        ("Smoking", ["SM"], []),
        ("玩sm吗", ["SM"], ["sm"]),
        ("", ["坐牢"], []),
        ("😀坐\u200f牢\u202e", ["坐牢"], ["坐\u200f牢"]),
    ],
)
def test_terms(text, terms, found):
    assert quotes(text, *terms) == found


@pytest.mark.parametrize(
    ("text", "patterns", "found"),
    [
        ("再不还就叫几个人去你家", ["[找|叫|派] ..4 [人|兄弟] ..6 [你家|单位]"], ["叫几个人去你家"]),
        ("派兄弟到你公司的单位", ["[找|叫|派] ..4 [人|兄弟] ..6 [你家|单位]"], ["派兄弟到你公司的单位"]),
        ("派人一二三四五六七你家", ["[派] ..4 [人] ..6 [你家]"], []),  # seven between
        ("派人一二三四五六你家", ["[派] ..4 [人] ..6 [你家]"], ["派人一二三四五六你家"]),
        ("派派人人你家", ["[派] ..4 [人] ..6 [你家]"], ["派人人你家"]),  # the shortest way
        ("人派你家", ["[派] ..4 [人] ..6 [你家]"], []),
        ("你家人", ["[你家] [人]"], ["你家人"]),
        ("你家的人", ["[你家] [人]"], []),
        ("你家的人", ["你家 ..1 人"], ["你家的人"]),
        ("我是公安，您好，我是公安", ["[我是] [公安]"], ["我是公安", "我是公安"]),
        ("坐牢", ["[坐牢|判刑]"], ["坐牢"]),
        # a long phrase before the anchor, next to it, as far as the gap reaches, and farther
        ("反映到总行去", ["[反映到|告] [总行大厦|总行]"], ["反映到总行"]),
        ("反映到你们的总行", ["[反映到|告] ..3 [总行]"], ["反映到你们的总行"]),
        ("反映到你们那边总行", ["[反映到|告] ..3 [总行]"], []),
        ("派人去派人去你家", ["[派人] ..8 [你家]"], ["派人去派人去你家", "派人去你家"]),
    ],
)
def test_patterns(text, patterns, found):
    assert quotes(text, patterns=tuple(patterns)) == found


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("", "empty"),
        ("[a|]", "empty alternative"),
        ("..3 [a]", "between two groups"),
        ("[a] ..3", "not at the end"),
        ("[a] ..3 ..4 [b]", "between two groups"),
        ("[a] ..99 [b]", "too wide"),
        ("[a", "cannot be read"),
        ("a]", "cannot be read"),
    ],
)
def test_patterns_that_cannot_be_read_say_why(source, remedy):
    with pytest.raises(PatternError, match=remedy):
        parse(source)


@pytest.mark.parametrize(
    ("text", "terms", "patterns", "found"),
    [
        ("You are a bum!", ["bum"], [], ["bum"]),
        ("my album is a bummer", ["bum"], [], []),
        ("I'm calling the police, now", [], ["[calling] ..2 [police|sheriff]"], ["calling the police"]),
        ("calling all of the police", [], ["[calling] ..2 [police]"], []),
        ("you will go to uh jail", ["go to jail"], [], ["go to uh jail"]),
        ("calling the police", [], ["[call] ..4 [police]"], []),
    ],
)
def test_spaced_languages_match_whole_words(text, terms, patterns, found):
    english = Folding(spaced=True, fillers=("uh",))
    assert quotes(text, *terms, patterns=tuple(patterns), folding=english) == found


# --- turns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        ([("a", "agent", 0, 900, "你会坐"), ("a", "agent", 1000, 2000, "牢的")], {(0, 1, "坐牢")}),
        ([("a", "agent", 0, 900, "你会坐"), ("a", "agent", 2400, 3000, "牢的")], {(0, 1, "坐牢")}),
        ([("a", "agent", 0, 900, "你会坐"), ("a", "agent", 2401, 3000, "牢的")], set()),  # longer than a breath
        ([("a", "agent", 0, 900, "你会坐"), ("a", "customer", 1000, 2000, "牢的")], set()),
        ([("a", "agent", 0, 900, "你会坐"), ("b", "agent", 1000, 2000, "牢的")], set()),
        # an interjection of the other side does not cut the phrase
        (
            [("a", "agent", 0, 900, "你会坐"), ("a", "customer", 900, 950, "嗯"), ("a", "agent", 1000, 2000, "牢的")],
            {(0, 2, "坐牢")},
        ),
        (
            [
                ("a", "agent", 0, 900, "你会坐"),
                ("a", "customer", 900, 950, "哦，啊"),
                ("a", "agent", 1000, 2000, "牢的"),
            ],
            {(0, 2, "坐牢")},
        ),
        # an answer does, however short, and so does an interjection after a question
        (
            [("a", "agent", 0, 900, "你会坐"), ("a", "customer", 900, 950, "对"), ("a", "agent", 1000, 2000, "牢的")],
            set(),
        ),
        (
            [("a", "agent", 0, 900, "你会坐"), ("a", "customer", 900, 950, "。"), ("a", "agent", 1000, 2000, "牢的")],
            {(0, 2, "坐牢")},
        ),
        (
            [
                ("a", "agent", 0, 900, "等着坐吗？"),
                ("a", "customer", 900, 950, "嗯"),
                ("a", "agent", 1000, 2000, "牢的"),
            ],
            set(),
        ),
        # somebody whose role is not known may have answered; in another call he has not
        (
            [("a", "agent", 0, 900, "你会坐"), ("a", "unknown", 900, 950, "是我"), ("a", "agent", 1000, 2000, "牢的")],
            set(),
        ),
        (
            [("a", "agent", 0, 900, "你会坐"), ("b", "customer", 900, 950, "是我"), ("a", "agent", 1000, 2000, "牢的")],
            {(0, 2, "坐牢")},
        ),
        # out of order in the frame, in order in time
        ([("a", "agent", 1000, 2000, "牢的"), ("a", "agent", 0, 900, "你会坐")], {(1, 0, "坐牢")}),
        # overlapping turns of one role
        ([("a", "agent", 0, 1500, "你会坐"), ("a", "agent", 1000, 2000, "牢的")], {(0, 1, "坐牢")}),
        # three turns in one phrase, one of them empty
        (
            [("a", "agent", 0, 900, "等着"), ("a", "agent", 1000, 1100, ""), ("a", "agent", 1200, 2000, "坐牢")],
            {(0, 2, "等着坐牢"), (2, 2, "坐牢")},
        ),
    ],
)
def test_a_phrase_runs_over_a_breath_and_nothing_else(turns, found):
    frame = matches(turns_of(*turns), [Probe("p", "entry", ("坐牢", "等着坐牢"))])
    assert set(frame.select("row", "end_row", "quote").iter_rows()) == found


def test_a_raw_newline_is_no_border_and_no_way_into_the_next_call():
    assert quotes("坐\n牢", "坐牢") == ["坐\n牢"]
    assert matches(said("坐\n", "\n牢"), [Probe("p", "entry", ("坐牢",))]).is_empty()


def test_context_stops_at_the_turn_and_keeps_clause_marks():
    turns = turns_of(("a", "agent", 0, 900, "你好。不会，让你坐牢的？真的"), ("a", "customer", 900, 1000, "啊"))
    match = matches(turns).row(by_predicate=(pl.col("term") == "坐牢") & (pl.col("via") == "text"), named=True)
    assert (match["before"], match["body"], match["after"]) == ("你好，不会，让你", "坐牢", "的？真的")


@pytest.mark.parametrize("column", ["role", "start_ms", "end_ms", "turn_index", "text", "call_id"])
def test_missing_values_never_stop_a_search(column):
    turns = said("你会坐牢", "你不要脸").with_columns(pl.lit(None).cast(said("x").schema[column]).alias(column))
    assert len(matches(turns)) == (0 if column == "text" else len(matches(said("你会坐牢", "你不要脸"))))


def test_sizes_at_the_edges():
    assert matches(said("x").clear()).is_empty()
    assert matches(said("", "", "")).is_empty()
    assert matches(said("坐牢"), [Probe("p", "entry", ())]).is_empty()
    long = said("好" * 50_000 + "坐牢" + "的" * 50_000)
    assert matches(long, [Probe("p", "entry", ("坐牢",))])["start"].to_list() == [50_000]
    assert matches(said("好的" * 50_000 + "坐牢"), [Probe("p", "entry", ("坐牢",))])["start"].to_list() == [100_000]


def test_two_thousand_turns_of_one_call_and_doubled_call_ids():
    turns = turns_of(*(("a", "agent", i * 3000, i * 3000 + 1000, "你会坐牢的") for i in range(2000)))
    assert len(matches(turns, [Probe("p", "entry", ("坐牢",))])) == 2000
    doubled = pl.concat([turns[:3], turns[:3]])
    assert len(matches(doubled, [Probe("p", "entry", ("坐牢",))])) == 6


# --- laws -----------------------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "坐",
        "牢",
        "做",
        "等着",
        "不",
        "要",
        "脸",
        "那个",
        "嗯",
        "加",
        "微信",
        "vx",
        "WeChat",
        "，",
        "找",
        "叫",
        "人",
        "你家",
        "单位",
        "门口",
        "去",
        "一",
        "十",
        "5",
        "号",
        "还",
        "二三七八",
        "😀",
        " ",
        "\n",
        "我是",
        "你好",
        "的",
        "信",
        "wei",
        "老",
        "实",
        "线",
        "啊",
        "坐吗",
        "？",
    ]
)
speech = st.lists(pieces, max_size=9).map("".join)


@st.composite
def days(draw):
    """A few calls of a few turns, some within a breath of each other, in any order."""
    turns = []
    for call in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        clock = 0
        for _ in range(draw(st.integers(1, 5))):
            clock += draw(st.sampled_from([0, 500, 1500, 1501, 4000]))
            turns.append(
                (call, draw(st.sampled_from(["agent", "customer", "unknown"])), clock, clock + 1000, draw(speech))
            )
            clock += draw(st.sampled_from([500, 1000]))
    return turns_of(*draw(st.permutations(turns)))


@settings(deadline=None)
@given(days())
def test_the_fast_path_finds_what_the_plain_one_finds(turns):
    expected = {hit for hit in oracle.found(PROBES, turns) if not part_of_a_number(hit, turns)}
    assert spots(matches(turns)) == expected


def part_of_a_number(hit: tuple, turns: pl.DataFrame) -> bool:
    """Terms that begin or end with a written digit are no part of a longer number in the same raw stretch."""
    row, end_row, _, term, start, end = hit
    before, after = turns["text"][row][:start][-1:], turns["text"][end_row][end:][:1]
    digits = "0123456789一二三七八"
    return (term[0].isdigit() and before in digits and before != "") or (
        term[-1].isdigit() and after in digits and after != ""
    )


@settings(deadline=None)
@given(days())
def test_sound_finds_what_the_plain_one_finds_and_text_did_not(turns):
    frame = matches(turns)
    text = oracle.found(PROBES, turns)
    begun, ended = ({(hit[0], *hit[2:5]) for hit in text}, {(hit[1], *hit[2:4], hit[5]) for hit in text})
    expected = {
        hit
        for hit in oracle.found(PROBES, turns, sound=True)
        if (hit[0], *hit[2:5]) not in begun and (hit[1], *hit[2:4], hit[5]) not in ended and searched_by_sound(hit)
    }
    assert spots(frame, "homophone") == expected


def searched_by_sound(hit: tuple) -> bool:
    return len(hit[3]) > 1 and hit[3] != "[你家|门口] ..3 [人]"  # too short to be told by sound


@settings(deadline=None)
@given(days())
def test_a_quote_folds_to_a_text_that_holds_the_term(turns):
    for match in matches(turns).filter((pl.col("via") == "text") & ~pl.col("pattern")).iter_rows(named=True):
        assert FOLDING.text(match["term"]) == match["body"]
        assert match["body"] in FOLDING.text(match["quote"])


@settings(deadline=None, max_examples=30)
@given(days())
def test_a_day_split_by_calls_is_the_day(turns):
    whole = matches(turns).with_columns(call=turns["call_id"].gather(matches(turns)["row"])).drop("row", "end_row")
    parts = []
    for call in turns["call_id"].unique().sort():
        part = turns.filter(pl.col("call_id") == call)
        parts.append(matches(part).with_columns(call=pl.lit(call)).drop("row", "end_row"))
    order = ["call", "probe_id", "term", "via", "end_turn_index", "start", "end"]
    assert pl.concat(parts).sort(order, maintain_order=True).equals(whole.sort(order, maintain_order=True))
