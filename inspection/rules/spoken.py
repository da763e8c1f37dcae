"""Amounts, dates and days that were spoken, as evidence with values: what an account record can be compared with.

amount        any sum of money, in cents
debt_amount   a sum named as what is owed (欠款…元, 应还…元), in cents
date          a date; month × 100 + day, or the day alone, or null for 明天 and the like
due_date      a date named as the day on which it was due
days_overdue  逾期…天
"""

from __future__ import annotations

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
MOST = 4
"""Mentions of one kind in one turn that are looked at; a turn with more is a list being read out."""


def mentions(turns: pl.DataFrame, language: str) -> pl.DataFrame:
    """`row` of the turn, `id`, `value`, `start`, `end` of every mention. turns: column `text`, rows are positions."""
    text = turns.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), pl.col("text").fill_null(""))
    if language.startswith("zh"):
        text = text.filter(pl.col("text").str.contains(ANY_NUMBER))
    parts: dict[str, pl.DataFrame] = {}
    for name, pattern in PATTERNS.get(language, PATTERNS["zh-CN"]).items():
        wider = parts.get(WIDER.get(name, "")) if language.startswith("zh") else None
        likely = text if wider is None else text.filter(pl.col("row").is_in(wider["row"].unique().implode()))
        parts[name] = _found(likely, name, pattern)
    found = pl.concat(parts.values())
    found = found.with_columns(number=values(found["number"]), month=values(found["month"]))
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
    """The mentions of one kind, taken one after another from all turns at once; numbers still as they were said."""
    found = [pl.DataFrame(schema=MENTION)]
    rest = text.filter(pl.col("text").str.contains(pattern)).with_columns(pl.lit(0, pl.Int32).alias("from"))
    for _ in range(MOST):
        if rest.is_empty():
            break
        first = pl.col("text").str.extract_groups(rf"(?s)^(?P<lead>.*?)(?P<all>{pattern})").alias("groups")
        groups = rest.select("row", "from", "text", first).unnest("groups")
        captured = [column for column in groups.columns if column not in ("row", "from", "text", "lead", "all")]
        halves = (captured[0::2], captured[1::2]) if name in ("date", "due_date") else ([], captured)
        month, number = (pl.coalesce(half) if half else pl.lit(None, pl.String) for half in halves)
        start = pl.col("from") + pl.col("lead").str.len_chars().cast(pl.Int32)
        end = start + pl.col("all").str.len_chars().cast(pl.Int32)
        number = pl.lit(None, pl.String) if name == "soon" else number
        found.append(groups.select("row", id=pl.lit(name), month=month, number=number, start=start, end=end))
        after = pl.col("text").str.slice(pl.col("lead").str.len_chars() + pl.col("all").str.len_chars())
        rest = groups.select("row", end.alias("from"), after.alias("text")).filter(pl.col("text").str.contains(pattern))
    return pl.concat(found)
