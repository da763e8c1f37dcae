"""Amounts, dates and days that were spoken, as evidence with values: what an account record can be compared with.

amount        any sum of money, in cents
debt_amount   a sum named as what is owed (欠款…元, 应还…元), in cents
date          a date; month × 100 + day, or the day alone, or null for 明天 and the like
due_date      a date named as the day on which it was due
days_overdue  逾期…天
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from inspection.rules.numerals import NUMBER, values

N = f"{NUMBER}(?:{NUMBER}|[.,点點])*"
DAY = rf"(?:(?:({NUMBER}{{1,3}})月份?)?({NUMBER}{{1,3}})[号號日])"
WEEKDAY = "(?:这|本|下|這)?(?:个)?(?:周|星期|礼拜)[一二三四五六日天]"
SOON = f"(?:大后天|后天|後天|明天|今天|今晚|明早|明晚|{WEEKDAY}|月底|月初|月末)"
DUE = "(?:到期日|还款日|最后还款日|到期还款日)"
OWED = "(?:欠款|欠着|还欠|欠|应还|應還|账单|金额|本金|总额|余额|逾期)"
GAP = "[^，。,.！？!?；;0-9〇零一二两三四五六七八九十百千万]{0,7}?"

PATTERNS = {
    "zh-CN": {
        "amount": rf"({N})(?:元|块钱|块|塊|圆)",
        "debt_amount": rf"{OWED}{GAP}({N})(?:元|块钱|块|塊|圆)",
        "date": DAY,
        "soon": rf"({SOON})",
        "due_date": rf"(?:{DAY}(?:已经|就)?(?:到期|之前应还|应还))|(?:{DUE}(?:是|为|在)?{DAY})",
        "days_overdue": rf"逾期(?:了|已经|已|有)*({NUMBER}{{1,4}})(?:天|日)",
    },
    "en-US": {
        "amount": r"(?:\$\s?([0-9][0-9,]*(?:\.[0-9]{2})?)|([0-9][0-9,]*(?:\.[0-9]{2})?) dollars)",
        "debt_amount": r"(?:owe|balance|amount due|past due|debt)[^.?!0-9$]{0,30}\$?\s?([0-9][0-9,]*(?:\.[0-9]{2})?)",
        "soon": r"(?i)\b(today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|the \d\d?(?:st|nd|rd|th))\b",
        "days_overdue": r"([0-9]{1,4}) days (?:past due|late|overdue)",
    },
}
ANY_NUMBER = f"{NUMBER}|{SOON}"
WIDER = {"debt_amount": "amount", "due_date": "date"}
"""A mention of the kind on the left lies in a turn that has one of the kind on the right."""
MARK = "\0"
"""Stands for a mention that was taken out of a turn; what was recognised cannot hold it."""
MOST = 4
"""Mentions of one kind in one turn that are looked at; a turn with more is a list being read out."""


def mentions(turns: pl.DataFrame, language: str) -> pl.DataFrame:
    """`row` of the turn, `id`, `value`, `start`, `end` of every mention. turns: column `text`, rows are positions."""
    said = pl.col("text").fill_null("").str.replace_all(MARK, " ", literal=True)
    text = turns.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), said)
    patterns = PATTERNS.get(language, PATTERNS["zh-CN"])
    wider = WIDER if language.startswith("zh") else {}
    if language.startswith("zh"):
        text = text.filter(pl.col("text").str.contains(ANY_NUMBER))
    holds = text.select(pl.col("text").str.contains(p).alias(name) for name, p in patterns.items() if name not in wider)
    parts = [_found(text.filter(holds[wider.get(name, name)]), name, pattern) for name, pattern in patterns.items()]
    found = pl.concat(parts)
    texts = pl.concat([found["number"], found["month"]])
    distinct = texts.unique()
    number = texts.replace_strict(distinct, values(distinct), return_dtype=pl.Float64) if len(texts) else values(texts)
    found = found.with_columns(number=number.head(len(found)), month=number.tail(len(found)))
    dated = pl.col("id").is_in(["date", "due_date"])
    value = (
        pl.when(dated).then(pl.col("month").fill_null(0) * 100 + pl.col("number"))
        .when(pl.col("id").is_in(["amount", "debt_amount"])).then(pl.col("number") * 100)
        .otherwise("number")
    )  # fmt: skip
    return found.select("row", pl.col("id").replace({"soon": "date"}), value.alias("value"), "start", "end")


MENTION = pl.Schema(
    {"row": pl.Int64, "id": pl.String, "month": pl.String, "number": pl.String, "start": pl.Int32, "end": pl.Int32}
)


def _found(text: pl.DataFrame, name: str, pattern: str) -> pl.DataFrame:
    """The mentions of one kind in all turns at once, one after another; numbers still as they were said.

    Marks are put in their place, so what the turn is cut into at the marks is what stands before each.
    """
    if text.is_empty():
        return pl.DataFrame(schema=MENTION)
    said = pl.col("text").str.extract_all(pattern).list.head(MOST)
    lead = pl.col("text").str.replace_all(pattern, MARK).str.split(MARK).list.head(said.list.len())
    captured = pl.col("said").str.extract_groups(f"^(?:{pattern})$")
    names = [str(group + 1) for group in range(re.compile(pattern).groups)]
    months, numbers = (names[0::2], names[1::2]) if name in ("date", "due_date") else ([], names)
    month, number = (
        pl.coalesce(captured.struct.field(one) for one in half) if half else pl.lit(None, pl.String)
        for half in (months, numbers if name != "soon" else [])
    )
    found = (
        text.lazy()
        .select("row", said=said, lead=lead)
        .explode("said", "lead")
        .select(
            "row", length=pl.col("said").str.len_chars(), before=pl.col("lead").str.len_chars(), month=month,
            number=number,
        )
        .collect(engine="in-memory")
    )  # fmt: skip
    row, length, before = (found[column].to_numpy().astype(np.int64) for column in ("row", "length", "before"))
    reach = np.cumsum(before + length)
    opens = np.diff(row, prepend=-1) != 0
    end = reach - np.maximum.accumulate(np.where(opens, reach - before - length, 0))
    return found.with_columns(
        id=pl.lit(name), start=pl.Series(end - length, dtype=pl.Int32), end=pl.Series(end, dtype=pl.Int32)
    ).select(MENTION.names())
