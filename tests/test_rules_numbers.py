# ruff: noqa: E501  tables of cases read best one case a line
"""Numbers as they are spoken, against a plain reader; amounts and dates in sentences."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.rules.numerals import values
from inspection.rules.spoken import mentions

DIGITS = "零一二三四五六七八九"


def spell(number: int) -> str:
    """A number below a hundred million in Chinese, as a bank's robot reads it."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        return spell(high) + "万" + ("" if not low else ("零" if low < 1000 else "") + spell(low))
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return text or "零"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 99_999_999), min_size=1, max_size=20))
def test_a_spelt_number_is_read_back(numbers):
    assert values(pl.Series("n", [spell(n) for n in numbers])).to_list() == numbers
    assert values(pl.Series("n", [str(n) for n in numbers])).to_list() == numbers
    assert values(pl.Series("n", [f"{n:,}" for n in numbers])).to_list() == numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一千二", 1200), ("一千零二", 1002), ("三万五", 35_000), ("一百五", 150), ("一百零五", 105), ("十五", 15), ("十", 10),
        ("两千零五十", 2050), ("俩百", 200), ("１２３７８", 12378), ("壹萬貳仟".replace("貳", "贰"), 12_000), ("一二三四", 1234),
        ("1.26万", 12_600), ("5千", 5000), ("一亿三千万", 130_000_000), ("九百六十", 960), ("12,600.50", 12600.5),
        ("一千五", 1500), ("三千二", 3200), ("八千六", 8600), ("一万二", 12_000), ("两百五", 250),
    ],
)  # fmt: skip
def test_wordings_of_numbers(text, value):
    assert values(pl.Series([text])).item() == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "元",
        "几百",
        "abc",
        None,
        "二十多",
        "两三千",
        "三四百",
        "一万二三千",
        ".",
        "1.2.3",
        "三百二百",
        "三万二万",
        "一百点五",
        "1" * 40,
    ],
)
def test_what_is_no_number_has_no_value(text):
    assert values(pl.Series([text], dtype=pl.String)).item() is None


def said(text: str) -> dict[str, list]:
    found = mentions(pl.DataFrame({"text": [text]}), "zh-CN")
    return {name: found.filter(pl.col("id") == name)["value"].to_list() for name in found["id"].unique()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "您名下信用卡欠款三千四百五十元，已于十一月八号到期",
            {"amount": [345_000], "debt_amount": [345_000], "date": [1108], "due_date": [1108]},
        ),
        (
            "本期账单应还1,230.50元，到期还款日是11月23日",
            {"amount": [123_050], "debt_amount": [123_050], "date": [1123], "due_date": [1123]},
        ),
        ("我十五号还两千块，剩下一千元月底", {"amount": [200_000, 100_000], "date": [15, None]}),
        ("您已经逾期七天了", {"days_overdue": [7]}),
        ("逾期了四十五天", {"days_overdue": [45]}),
        ("逾期三十多天了", {"days_overdue": [None]}),
        ("逾期两个月了", {"days_overdue": [None]}),
        ("每逾期一天都会产生罚息", {}),
        ("再逾期三天就要上报", {}),
        ("每期应还三百八十五元", {"amount": [38_500]}),
        ("纸质账单每份收费五元", {"amount": [500]}),
        ("您本金三千元，利息二百元", {"amount": [300_000, 20_000]}),
        ("您欠款的本金三千元", {"amount": [300_000]}),
        ("逾期本金三千元，合计欠款三千二百元", {"amount": [300_000, 320_000], "debt_amount": [320_000]}),
        ("先还五百块也可以", {"amount": [50_000]}),
        ("最低还款额三百元", {"amount": [30_000]}),
        ("明天下午三点", {"date": [None]}),
        ("好的再见", {}),
        # a sum without 元, where somebody pays or owes it
        ("十五号还两千", {"date": [15], "amount": [200_000]}),
        ("先还一千五", {"amount": [150_000]}),
        ("还两百五", {"amount": [25_000]}),
        ("还款一万二", {"amount": [1_200_000]}),
        ("还三点五万", {"amount": [3_500_000]}),
        ("先还五十", {"amount": [5_000]}),
        ("还2000", {"amount": [200_000]}),
        ("给你们转过去三千", {"amount": [300_000]}),
        ("三千二我转过去", {"amount": [320_000]}),
        ("两千吧", {"amount": [200_000]}),
        ("先还五百月底再还", {"date": [None], "amount": [50_000]}),
        ("还五百，再存一千", {"amount": [50_000, 100_000]}),
        ("还两千块", {"amount": [200_000]}),
        ("两千块我十号还", {"amount": [200_000], "date": [10]}),
        ("一共要还八千六", {"amount": [860_000], "debt_amount": [860_000]}),
        ("逾期金额三千二", {"debt_amount": [320_000]}),
        ("您们一共欠三千八", {"amount": [380_000], "debt_amount": [380_000]}),
        # about a sum, and all of it: an amount without a value
        ("还个两三千", {"amount": [None]}),
        ("还一千多", {"amount": [None]}),
        ("欠了两万左右", {"amount": [None], "debt_amount": [None]}),
        ("明天全还了", {"date": [None], "amount": [None]}),
        ("全部结清", {"amount": [None]}),
        ("月底都还清", {"date": [None], "amount": [None]}),
        # counts, dates, instalments, numbers to dial
        ("还有三天", {}),
        ("还款日十五号", {"date": [15], "due_date": [15]}),
        ("还十八号", {"date": [18]}),
        ("我还十五", {}),
        ("分三期还", {}),
        ("还了两次", {}),
        ("还了一百二十次", {}),
        ("还三个月", {}),
        ("还三十分钟", {}),
        ("还百分之三十", {}),
        ("还一点", {}),
        ("一百天内还清", {}),
        ("逾期三百天", {"days_overdue": [300]}),
        ("欠了三百多天", {}),
        ("打一百个电话也还不上", {}),
        ("给我三百天", {}),
        ("打12378投诉", {}),
        ("转8001", {}),
        ("账单尾号1234", {}),
        ("工号一零二四", {}),
        ("您一共有三张卡", {}),
        ("千万别还错了", {}),
        ("每期应还三百五", {"amount": [35_000]}),  # is not what is owed
        ("最低应还五百", {"amount": [50_000]}),
        ("没法全部还清", {}),
        ("全部结清多少钱", {}),
        ("两千有没有", {}),
    ],
)
def test_amounts_and_dates_in_sentences(text, expected):
    assert said(text) == expected


@given(st.integers(1, 9_999_999), st.text("您的好嗯了，。", max_size=12), st.text("还款吗，。", max_size=8))
@settings(max_examples=80, deadline=None)
def test_the_place_of_a_mention_is_its_words(amount, before, after):
    text = f"{before}{amount}元{after}"
    found = mentions(pl.DataFrame({"text": ["x", text]}), "zh-CN").filter(pl.col("id") == "amount")
    assert found["row"].to_list() == [1] and found["value"].to_list() == [amount * 100]
    assert text[found["start"].item() : found["end"].item()] == f"{amount}元"
