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
    ],
)  # fmt: skip
def test_wordings_of_numbers(text, value):
    assert values(pl.Series([text])).item() == value


@pytest.mark.parametrize("text", ["", "元", "几百", "abc", None, "二十多"])
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
        ("先还五百块也可以", {"amount": [50_000]}),
        ("最低还款额三百元", {"amount": [30_000]}),
        ("明天下午三点", {"date": [None]}),
        ("好的再见", {}),
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
