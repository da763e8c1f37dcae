"""Choosing: which matches count, which are cleared, and by which step (domain §2, §7; issue 3, words 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import lexicon_oracle as oracle
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicon_oracle import said, turns_of

from inspection.lexicon.choose import choose
from inspection.lexicon.fold import Folding
from inspection.lexicon.guards import Cues, Guard
from inspection.lexicon.lint import lint
from inspection.lexicon.load import load_lexicon, with_exception
from inspection.lexicon.matcher import build
from inspection.lexicon.model import ALL_GUARDS, Entry, Lexicon, Waiver
from inspection.lexicon.search import search
from inspection.tables import HITS, WORDS

PACK = load_lexicon(Path(__file__).parents[1] / "lexicons" / "zh-CN", check_cases=False)


def lexicon_of(*entries: dict) -> Lexicon:
    common = {"title": "t", "severity": "fatal", "roles": ("agent", "robot"), "owner": "o", "source": "s"}
    case = {"role": "agent", "say": "x", "hit": False}
    made = tuple(
        Entry(**{**common, "id": f"threat.e{number}", "category": "threat", "cases": (case,), **entry})
        for number, entry in enumerate(entries)
    )
    return replace(PACK, entries=made)


def hits(lexicon: Lexicon, turns: pl.DataFrame, words: pl.DataFrame | None = None) -> pl.DataFrame:
    return choose(search(build(lexicon.probes, lexicon.folding, lexicon.syllables), turns), lexicon, turns, words)


# --- the pairs of domain §7, on the pack itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "say", "categories"),
    [
        ("customer", "请问会坐牢吗", set()),
        ("agent", "你会坐牢", {"false_consequence"}),
        ("agent", "我们提供精准服务", set()),
        ("agent", "我是经侦支队的", {"impersonation"}),
        ("customer", "我要报警", {"complaint"}),
        ("agent", "我报警抓你", {"threat"}),
        ("agent", "快递上门取件", set()),
        ("agent", "我上门找你", {"threat"}),
        ("agent", "请问是他妈妈的电话吗", set()),
        ("agent", "他妈的", {"abuse"}),
        ("customer", "今天真是热死了", set()),
        ("customer", "我不想活了", {"self_harm"}),
        ("agent", "请转告他回电", set()),
        ("agent", "你转告他还钱", {"third_party"}),
        ("agent", "不会影响征信", set()),
        ("agent", "一定冻结你的微信", {"false_consequence"}),
        ("customer", "过两天还", {"callback_time"}),
        ("customer", "十五号还两千", {"promise_to_pay"}),
    ],
)
def test_the_pairs_every_rulebook_must_tell_apart(role, say, categories):
    assert set(hits(PACK, said(say, role=role)).filter("kept")["category"]) == categories


# --- each step -------------------------------------------------------------------------------------------------------

PRISON = {
    "terms": ("坐牢", "再不还就坐牢"),
    "patterns": ("[派|叫] ..4 [人] ..4 [你家]",),
    "exceptions": ("坐牢固的椅子",),
}


@pytest.mark.parametrize(
    ("role", "say", "step"),
    [
        ("agent", "你会坐牢", None),
        ("robot", "你会坐牢", None),
        ("unknown", "你会坐牢", None),  # neither accused nor cleared: a person decides
        ("customer", "你会坐牢", "role"),
        ("agent", "坐牢固的椅子", "exception"),
        ("agent", "坐牢 固的椅子", "exception"),
        ("agent", "坐牢固", None),
        # negation before: in reach, in the clause, with nothing that ends it
        ("agent", "您不会坐牢", "negation"),
        ("agent", "不会因为这个坐牢", "negation"),
        ("agent", "这不是说要让您去坐牢", "negation"),
        ("agent", "不是说好了还钱吗，你要坐牢", None),
        ("agent", "你不是要坐牢吗", None),  # asks back
        ("agent", "不是我吓唬你你要坐牢", None),
        ("agent", "别人都说你要坐牢", None),
        ("agent", "没有还款就等着坐牢", None),
        ("agent", "你不还钱就坐牢", None),
        ("agent", "不要再拖就坐牢", None),
        ("agent", "不是，你会坐牢", None),
        ("agent", "你会不会坐牢自己清楚", None),
        ("agent", "不会像你上次那样那样拖到最后坐牢", None),  # out of reach
        # negation after
        ("agent", "坐牢是不会的", "negation"),
        ("agent", "坐牢倒不至于", "negation"),
        ("agent", "坐牢。不会的", "answered"),  # over a mark, as an answer
        ("agent", "坐牢？那肯定不会的", "answered"),
        ("agent", "坐牢，不会放过你的", None),
        ("agent", "不是说马上就坐牢", "not_said"),
        ("agent", "谁跟您说要坐牢的", "negation"),
        ("agent", "怎么可能让您坐牢", "negation"),
        ("agent", "怎么可能不坐牢", None),
        # negation between the phrases of a pattern
        ("agent", "派人去你家", None),
        ("agent", "派人也不会去你家", "negation"),
        ("agent", "派没有什么人半夜三更你家", "negation"),
        # quotation
        ("agent", "骗子会说你要坐牢", "quotation"),
        ("agent", "网上说会坐牢", "quotation"),
        ("agent", "我跟你说你会坐牢", None),
        # question: the customer's only
        ("agent", "你想坐牢吗", None),
        ("unknown", "我会坐牢吗", "question"),
        # warning
        ("agent", "谨防有人拿坐牢吓唬您", "warning"),
        ("agent", "说要坐牢的都是骗子", "warning"),
    ],
)
def test_steps(role, say, step):
    found = hits(lexicon_of(PRISON), said(say, role=role))
    assert found["cleared_by"].to_list() == [step]
    assert found["kept"].to_list() == [step is None]
    way, *story = found["steps"][0].to_list()
    assert way.startswith("found: text")
    assert [word.split(":")[0] for word in story] == ["passed"] * (step != "role") + [step] * (step is not None)
    assert step in (None, "role") or f" {step}" not in story[0]


GUARDED = [
    # guard, category, term, role, cleared, kept
    ("negation", "threat", "起诉你", "agent", "并不是说一定要起诉您", "你不是说等我们起诉你"),
    ("negation", "threat", "起诉你", "agent", "逾期不等于会起诉您", "没有商量，起诉你"),
    ("negation", "threat", "坐牢", "agent", "坐牢这种话不是我们说的", "坐牢。不是我们说的"),
    ("negation", "pressure", "马上处理", "agent", "没有要您马上处理", "没得商量马上处理"),
    ("negation", "induce_loan", "再开一张卡", "agent", "不建议您再开一张卡", "去别家银行再开一张卡"),
    ("negation", "abuse", "不要脸", "agent", "我们不会骂您不要脸", "我就没见过你这么不要脸的"),
    ("denial", "pressure", "今天必须还", "agent", "没有催您今天必须还", "没钱也得今天必须还"),
    ("denial", "pressure", "必须今天还", "agent", "您不是必须今天还", "还不上就必须今天还"),
    ("denial", "dispute", "被盗刷", "customer", "我没有被盗刷", "我没还是因为被盗刷"),
    ("denial", "hardship", "失业", "customer", "我不是失业，就是忘了", "我不是失业了嘛"),
    ("denial", "hardship", "没工作", "customer", "我不是没工作", "我现在没没工作"),
    ("denial", "complaint", "投诉", "customer", "我不是要投诉你", "你不会是怕我投诉"),
    ("denial", "human_request", "真人", "customer", "我没要真人", "有没有真人"),
    ("denial", "obstruct_complaint", "不能投诉", "agent", "没有说不能投诉", "不用打，不能投诉"),
    ("needless", "human_request", "真人", "customer", "不用真人", "用不用真人"),
    ("bare_denial", "third_party", "联系你家人", "agent", "我们不联系您家人", "再不联系你家人就知道了"),
    ("bare_denial", "third_party", "联系你家人", "agent", "我们不联系您家人", "不联系你家人联系谁"),
    ("bare_denial", "third_party_pays", "帮他还", "customer", "我才不帮他还", "要不帮他还一点"),
    ("unable", "false_promise", "撤案", "agent", "我没办法帮您撤案", "你没办法，我可以撤案"),
    ("unable", "false_promise", "保证减免", "agent", "我们不敢跟您保证减免", "您不能还的话保证减免"),
    ("quotation", "false_promise", "消除记录", "agent", "有人承诺帮您消除记录", "有人可以帮您消除记录"),
    ("hearsay", "complaint", "曝光", "customer", "我看新闻说有公司被曝光", "我找新闻曝光你们"),
    ("hearsay", "hardship", "失业", "customer", "听说很多人失业", "没听说我失业了吗"),
    ("hearsay", "complaint", "投诉", "customer", "网上说有人投诉", "网上说可以投诉"),
    ("echo", "private_payment", "加我微信", "agent", "您问能不能加我微信", "你问问同事再加我微信"),
    ("echo", "abuse", "人渣", "agent", "您刚才说之前的坐席骂您人渣", "我刚才说你是人渣"),
    ("echo", "threat", "坐牢", "robot", "您是说有人告诉您会坐牢", "你刚才说不还那你等着坐牢"),
    ("echo", "threat", "坐牢", "agent", "您担心坐牢", "不信你问律师会不会坐牢"),
    ("warning", "induce_loan", "以贷养贷", "agent", "以贷养贷千万别这么做", "以贷养贷，千万别后悔"),
    ("past", "hardship", "失业", "customer", "上个月失业，现在已经上班了", "上个月失业，现在还没找到工作了"),
    ("past", "hardship", "住院", "customer", "前阵子住院，都过去了", "我在住院，出院了再说"),
    ("past", "refusal", "没钱", "customer", "那时候没钱，现在有钱了", "没钱，等有钱了再说"),
    ("once", "hardship", "下岗", "customer", "我下岗过", "我下岗过得很难"),
    ("others", "hardship", "破产", "customer", "我邻居破产了", "跟朋友合伙破产了"),
    ("others", "hardship", "离婚", "customer", "有的客户离婚了", "同事都知道我离婚了"),
    ("others", "hardship", "坐牢", "customer", "他坐牢的事跟我没关系", "我坐牢回来，债跟他没关系"),
    ("supposed", "hardship", "失业", "customer", "万一失业了怎么办", "要是不是失业了我早还了"),
    ("supposed", "refusal", "我不还", "customer", "如果我不还会怎样", "如果利息不减我不还"),
]


@pytest.mark.parametrize("row", GUARDED, ids=str)
def test_each_guard_of_the_pack_clears_what_it_means_and_nothing_alike(row):
    guard, category, term, role, cleared, kept = row
    entry = {"id": f"{category}.e", "category": category, "roles": (role,), "terms": (term,)}
    entry["guards"] = (guard,) if guard in ALL_GUARDS else ()  # the others name their entries themselves
    found = hits(lexicon_of(entry), said(cleared, kept, role=role)).filter(pl.col("cleared_by").ne_missing("covered"))
    assert found["cleared_by"].to_list() == [guard, None]


def test_a_guard_looks_between_the_phrases_of_patterns_that_do_not_say_its_cue_themselves():
    terms = {"patterns": ("[你] ..4 [没有|不会] ..4 [退路]", "[派] ..6 [你家]"), "guards": ("negation",)}
    assert hits(lexicon_of(terms), said("你没有任何退路", "派人不会去你家"))["cleared_by"].to_list() == [
        None,
        "negation",
    ]


def test_despair_is_always_shown():
    assert not any(name.startswith("self_harm") for guard in PACK.guards.values() for name in guard.entries)
    entry = {"id": "self_harm.e", "category": "self_harm", "roles": ("customer",), "terms": ("自杀",), "guards": ()}
    says = ["我没说过自杀", "听说有人自杀", "万一我自杀了", "我不会自杀", "自杀，都过去了"]
    assert hits(lexicon_of(entry), said(*says, role="customer"))["kept"].all()


# --- waivers ---------------------------------------------------------------------------------------------------------


def waived(*says: str) -> Lexicon:
    reviewed = {"reason": "a film's title", "by": "QA lead", "date": date(2026, 11, 24)}
    return replace(lexicon_of(PRISON), waivers=tuple(Waiver(entry="threat.e0", say=say, **reviewed) for say in says))


@pytest.mark.parametrize(
    ("waiver", "say", "step"),
    [
        ("电影坐牢记很好看", "那个电影，坐牢记很好看吧", "waiver"),
        ("电影坐牢记很好看", "那个电影坐牢记没看", None),  # not all of the reviewed words
        ("派人帮我搬你家", "我派人帮我搬你家具", "waiver"),
        ("派人帮我", "我派人帮我搬你家具", None),  # a part of the hit is not the hit
        ("坐牢固的椅子很好", "坐牢固的椅子很好", "exception"),  # cleared before: the waiver is not needed
    ],
)
def test_a_waiver_clears_the_whole_hit_in_the_reviewed_words(waiver, say, step):
    found = hits(waived("什么都不是", waiver), said(say))
    assert found["cleared_by"].to_list() == [step]
    if step == "waiver":
        assert found["steps"][0].to_list()[-1] == "waiver: a film's title (QA lead, 2026-11-24)"


def test_a_waiver_is_its_entrys_own():
    lexicon = replace(lexicon_of(PRISON, PRISON), waivers=waived("电影坐牢记").waivers)
    assert hits(lexicon, said("电影坐牢记"))["cleared_by"].to_list() == ["waiver", None]


def test_lint_doubts_a_waiver_that_waives_nothing():
    lexicon = waived("电影坐牢记", "今天天气很好", "坐牢固的椅子很好")
    told = [str(doubt) for doubt in lint(lexicon) if doubt.field == "waiver"]
    assert len(told) == 2 and "今天天气很好" in told[0] and "坐牢固的椅子" in told[1]


def test_the_longest_match_of_an_entry_covers_its_parts_and_no_other_entry():
    found = hits(lexicon_of(PRISON, {"terms": ("坐牢",)}), said("再不还就坐牢"))
    told = {(h["entry_id"], h["quote"]): h["cleared_by"] for h in found.iter_rows(named=True)}
    assert told == {("threat.e0", "再不还就坐牢"): None, ("threat.e0", "坐牢"): "covered", ("threat.e1", "坐牢"): None}


CLAUSES = [
    # term, say, step: a mark inside a short term, none inside, a space or a filler, beside it, inside a longer term
    ("堵你", "路口比较堵，您慢慢来", "clause"),
    ("堵你", "路口比较堵。您慢慢来", "clause"),
    ("堵你", "路口堵？您慢慢来", "clause"),
    ("堵你", "路口堵……您慢慢来", "clause"),
    ("堵你", "我去堵您", None),
    ("堵你", "我去堵 您", None),
    ("堵你", "我去堵嗯您", None),
    ("堵你", "好，堵您，等着", None),
    ("不要脸", "您先不要，脸贴近一点", "clause"),
    ("上门堵你", "我上门，堵您", None),
]


@pytest.mark.parametrize(("term", "say", "step"), CLAUSES)
def test_two_clauses_that_meet_are_no_short_term(term, say, step):
    assert hits(lexicon_of({"terms": (term,)}), said(say))["cleared_by"].to_list() == [step]


def test_a_short_term_over_a_clause_mark_covers_nothing_and_a_pattern_runs_over_marks():
    found = hits(lexicon_of({"terms": ("堵你", "堵你家")}), said("我去堵您，家里")).filter("kept")
    assert found["quote"].to_list() == ["堵您"]
    assert hits(lexicon_of({"patterns": ("[上门] ..4 [你]",)}), said("上门，您"))["kept"].to_list() == [True]


@pytest.mark.parametrize(
    ("term", "say", "step"),
    [
        ("sue you", "We cannot sue. You still owe", "clause"),
        ("you idiot", "pay, you, idiot", None),  # a comma may stand inside one idea
        ("go to jail", "you will go. To jail", None),  # three words are one idea
    ],
)
def test_where_words_are_spaced_only_the_end_of_a_sentence_parts_two_words(term, say, step):
    english = replace(lexicon_of({"terms": (term,)}), folding=Folding(spaced=True), syllables=None, guards={})
    assert hits(english, said(say))["cleared_by"].to_list() == [step]


def test_a_match_that_somebody_else_said_covers_nothing():
    turns = turns_of(("a", "customer", 0, 900, "再不还就坐牢"), ("a", "agent", 900, 1800, "坐牢"))
    assert hits(lexicon_of(PRISON), turns).filter("kept")["role"].to_list() == ["agent"]


def test_an_exception_clears_a_pattern_by_its_first_or_last_phrase():
    visit = {"patterns": ("[上门] ..4 [你家]",), "exceptions": ("上门服务", "你家网点")}
    says = ["上门找你家", "上门服务到你家", "上门去你家网点", "上门 服务 你家"]
    assert hits(lexicon_of(visit), said(*says))["cleared_by"].to_list() == [None, "exception", "exception", "exception"]


def test_guards_are_the_entrys_own():
    silent = lexicon_of({"terms": ("坐牢",), "guards": ()})
    assert hits(silent, said("您不会坐牢", "骗子说坐牢"))["kept"].to_list() == [True, True]


def test_retired_entries_are_neither_searched_nor_shown_and_trial_ones_say_so():
    found = hits(
        lexicon_of({"terms": ("坐牢",), "status": "retired"}, {"terms": ("坐牢",), "status": "trial"}), said("坐牢")
    )
    assert found.select("entry_id", "status").rows() == [("threat.e1", "trial")]


# --- times and certainty ---------------------------------------------------------------------------------------------


def words_of(*words: tuple[int, int, int, int, int, float | None]) -> pl.DataFrame:
    rows = [("c000", *word) for word in words]
    return pl.DataFrame(rows, schema=WORDS, orient="row")


def test_a_hit_has_the_times_and_the_probability_of_its_words():
    words = words_of(
        (0, 0, 2, 100, 300, 0.9), (0, 2, 3, 400, 500, 0.8), (0, 3, 4, 600, 700, 0.6), (0, 4, 5, 800, 900, 0.1)
    )
    hit = hits(lexicon_of(PRISON), said("你会坐牢的"), words).row(0, named=True)
    assert (hit["start_ms"], hit["end_ms"], round(hit["confidence"], 3)) == (400, 700, 0.7)
    assert "word times" in hit["steps"][0]


def test_a_word_longer_than_the_hit_lends_its_times():
    hit = hits(lexicon_of(PRISON), said("你会坐牢的"), words_of((0, 0, 5, 100, 900, 0.5))).row(0, named=True)
    assert (hit["start_ms"], hit["end_ms"], hit["confidence"]) == (100, 900, 0.5)


def test_without_words_times_are_estimated_and_say_so():
    for words in (None, WORDS.to_frame(), words_of((7, 0, 5, 100, 900, 0.5))):
        hit = hits(lexicon_of(PRISON), said("你会坐牢的一二三四五"), words).row(0, named=True)
        assert (hit["start_ms"], hit["end_ms"], round(hit["confidence"], 3)) == (600, 1200, 0.9)
        assert "estimated times" in hit["steps"][0]


def test_words_over_a_breath():
    turns = turns_of(
        ("c000", "agent", 0, 900, "你会坐"), ("c000", "customer", 900, 950, "嗯"), ("c000", "agent", 1000, 2000, "牢的")
    )
    words = words_of(
        (0, 2, 3, 700, 900, 0.8), (1, 0, 1, 900, 950, 0.1), (2, 0, 1, 1000, 1200, 0.6), (2, 1, 2, 1200, 1300, 0.1)
    )
    hit = hits(lexicon_of(PRISON), turns, words).filter(pl.col("via") == "text").row(0, named=True)
    assert (hit["quote"], hit["turn_index"], hit["end_turn_index"]) == ("坐牢", 0, 2)
    assert (hit["start_ms"], hit["end_ms"], round(hit["confidence"], 3)) == (700, 1200, 0.7)


def test_words_that_end_before_the_phrase_begins_tell_nothing():
    turns = turns_of(("c000", "agent", 0, 900, "你会坐"), ("c000", "agent", 1000, 2000, "牢的"))
    hit = hits(lexicon_of(PRISON), turns, words_of((0, 0, 1, 100, 200, 0.1), (1, 0, 1, 1000, 1200, 0.6)))
    assert "estimated times" in hit["steps"][0][0] and hit["start_ms"].to_list() == [600]


@pytest.mark.parametrize(
    ("window", "kept"), [({"first_s": 1}, ["a"]), ({"last_s": 1}, ["c"]), ({"first_s": 100}, ["a", "b", "c"])]
)
def test_windows_count_the_time_of_the_words(window, kept):
    turns = turns_of(
        *((call, "agent", start, start + 500, "坐牢") for call, start in (("x", 0), ("x", 4000), ("x", 9000)))
    )
    found = hits(lexicon_of({"terms": ("坐牢",), "window": window}), turns)
    names = dict(zip((0, 1, 2), "abc", strict=True))
    assert [names[i] for i in found.filter("kept")["turn_index"]] == kept
    assert set(found.filter(~pl.col("kept"))["cleared_by"]) <= {"window"}


# --- laws ------------------------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "坐",
        "牢",
        "再不还就坐牢",
        "不会",
        "骗子说",
        "，",
        "？",
        "吗",
        "就",
        "固",
        "的",
        "椅子",
        "派",
        "人",
        "你家",
        "做",
        "嗯",
        "谨防",
        "是不会的",
    ]
)
speech = st.lists(pieces, max_size=8).map("".join)
days = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["agent", "customer", "unknown"]), speech), min_size=1, max_size=5
)
LAWFUL = lexicon_of(PRISON | {"homophone": True}, {"terms": ("坐牢", "你家"), "guards": ("negation",)})


def day_of(spoken: list[tuple[str, str, str]]) -> pl.DataFrame:
    return turns_of(*((call, role, 3000 * i, 3000 * i + 2000, text) for i, (call, role, text) in enumerate(spoken)))


@settings(deadline=None, max_examples=40)
@given(days, st.lists(pieces, min_size=1, max_size=3).map("".join))
def test_adding_an_exception_never_adds_a_hit(spoken, phrase):
    if not PACK.folding.text(phrase):
        return
    turns = day_of(spoken)
    key = ["call_id", "turn_index", "entry_id", "term", "start", "end", "via"]
    before = set(hits(LAWFUL, turns).filter("kept").select(key).rows())
    after = set(hits(with_exception(LAWFUL, "threat.e0", phrase), turns).filter("kept").select(key).rows())
    assert after <= before


@settings(deadline=None, max_examples=40)
@given(days)
def test_splitting_a_day_in_two_and_judging_both_gives_the_day(spoken):
    turns = day_of(spoken)
    words = (
        turns.select("call_id", "turn_index", pl.col("text").str.len_chars().alias("end"))
        .filter(pl.col("end") > 0)
        .select(
            "call_id",
            "turn_index",
            start=pl.lit(0, pl.Int32),
            end=pl.col("end").cast(pl.Int32),
            start_ms=pl.lit(1, pl.Int64),
            end_ms=pl.lit(2, pl.Int64),
            probability=pl.lit(0.3, pl.Float32),
        )
    )
    parts = [hits(LAWFUL, turns.filter(pl.col("call_id") == call), words) for call in "ab"]
    assert pl.concat(parts).equals(hits(LAWFUL, turns.sort("call_id", maintain_order=True), words))


def test_no_match_gives_the_empty_table():
    assert hits(LAWFUL, said("好的")).schema == HITS and hits(LAWFUL, said("好的")).is_empty()
    assert oracle.found(list(LAWFUL.probes), said("好的")) == set()


# --- other languages and bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("say", "step"),
    [
        ("You will go to jail!", None),
        ("We are not able to have anyone go to jail.", "negation"),
        ("That is not it. You will go to jail", None),
        ("There is nothing to stop you, go to jail", None),  # nothing is not `not`
    ],
)
def test_guards_in_a_language_with_spaces(say, step):
    negation = Guard(before=Cues(cues=("not", "never"), reach=40))
    lexicon = lexicon_of({"terms": ("go to jail",)})
    english = replace(lexicon, folding=Folding(spaced=True), syllables=None, guards={"negation": negation})
    assert hits(english, said(say))["cleared_by"].to_list() == [step]


@pytest.mark.parametrize("column", ["role", "start_ms", "end_ms", "turn_index", "role_confidence", "word_probability"])
def test_missing_values_never_stop_a_judgement(column):
    turns = said("你会坐牢的", "派人去你家").with_columns(pl.lit(None).cast(said("x").schema[column]).alias(column))
    words = words_of((0, 0, 5, 100, 900, 0.5)).with_columns(probability=pl.lit(None, pl.Float32))
    found = hits(lexicon_of(PRISON), turns, words)
    assert found["kept"].to_list() == [True, True] and found["confidence"].is_between(0, 1).all()
    assert found["role"].to_list() == (["unknown"] * 2 if column == "role" else ["agent"] * 2)


def test_words_that_overlap_or_stand_out_of_order():
    words = words_of((0, 3, 5, 900, 100, 0.5), (0, 0, 3, 50, 20, None), (0, 2, 9, 0, 0, 0.7), (0, 2, 4, 300, 400, 0.9))
    hit = hits(lexicon_of(PRISON), said("你会坐牢的"), words).row(0, named=True)
    assert hit["kept"] and 0 < hit["confidence"] < 1 and hit["start_ms"] is not None


def test_calls_of_one_name_and_a_turn_of_100_000_characters():
    turns = pl.concat([said("你会坐牢的"), said("好的" * 50_000 + "你会坐牢")])
    assert hits(lexicon_of(PRISON), turns)["start"].to_list() == [2, 100_002]
