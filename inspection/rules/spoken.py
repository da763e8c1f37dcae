"""Amounts, dates and days that were spoken, as evidence with values: what an account record can be compared with.

amount        any sum of money, in cents; null for 全部还清 and for what is only about a number (两三千)
debt_amount   a sum named as what is owed (欠款…元, 应还…元), in cents
date          a date; month × 100 + day, or the day alone, or null for 明天 and the like
due_date      a date named as the day on which it was due
days_overdue  逾期…天, null for 三十多天 and 两个月; 每逾期一天 tells of no days

A sum without 元 or 块 is one where somebody pays or owes it, and where it is no number of something else:

    还 | 两千       转给你 | 三千       一共要还 | 八千六       三千二 | 我明天转       两千吧 (all that is said)
    还了 | 两 次    还款日 | 十五 号    欠了 | 三百多 天        打 | 12378            a count, a date, a number to dial
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inspection.rules.numerals import NUMBER, values

N = f"{NUMBER}(?:{NUMBER}|[.,点點])*"
DAY = rf"(?:(?:({NUMBER}{{1,3}})月份?)?({NUMBER}{{1,3}})[号號日])"
WEEKDAY = "(?:这|本|下|這)?(?:个)?(?:周|星期|礼拜)[一二三四五六日天]"
SOON = f"(?:大后天|后天|後天|明天|今天|今晚|明早|明晚|{WEEKDAY}|月底|月初|月末)"
DUE = "(?:到期日|还款日|最后还款日|到期还款日)"
OWED = "(?:欠款|欠着|还欠|欠|应还|應還|账单|金额|总额|余额|逾期)"
SHARE = "本金|利息|罚息|违约金|每份|收费|手续费|年费"
"""What is owed in part only, so that its sum is not what the account owes."""
SUPPOSED = "每|再|多|如果|要是|一旦|超过|假如"
GAP = "[^，。,.！？!?；;0-9〇零一二两三四五六七八九十百千万]{0,7}?"

BIG = f"[0-9０-９一二两兩俩三四五六七八九十壹贰叁肆伍陆柒捌玖]{NUMBER}*?[百千万佰仟萬]{NUMBER}*"
"""A number with 百, 千 or 万 in it: the only ones that are money by their looks."""
ANY = f"[0-9０-９一二两兩俩三四五六七八九十壹贰叁肆伍陆柒捌玖](?:{NUMBER}|[.,点點])*"
PAYS = "还|還|转|轉|打|存|付|凑|交|给|拿|欠|应还|應還|一共|总共|总计|合计|共计"
SURELY = "[还還付存凑欠应應共计]|金额|本金|[总余]额|账单|逾期"
"""Words after which also 2000 and 五十 are money; 打, 转 and 给 may be followed by a number to dial."""
TO = (
    "(?:给?[你您](?:们)?|他|过去|过来|[了上个掉款钱要得需是先再还還够出进清付到满]"
    "|一共|总共|大概|大约|差不多|最[多少]|至少|顶多|也就)"
)
"""What may stand between the verb and its number."""
ABOUT = "多|几|来|左右|上下"
UNITS = "[号號日天点點期个個次岁人位通遍度楼层元圆块塊%％户]|分之|分钟|小时|秒|周岁|[年月](?:[^底末初前中]|$)"
"""What makes a number one of something else, or a sum that has its 元 already."""
NEAR = f"[^，。,.！？!?；;{NUMBER[1:]}{{0,4}}?"
OWES = "欠款|欠着|还欠|欠|应还|應還|账单|金额|总额|逾期|一共|总共|总计|合计|共计"
OF = "(?:[你您我]们?|[了着有是为要需得还還应的共就款钱]|本期|这期|一共|总共|金额|本金|利息|大概|大约|差不多|已经|银行)"
PARTIAL = "最低|每期|每个?月|首期|减免|优惠"
ALL = (
    "(?:全部|全额|全都|全|一次性?|一把)(?:都|给你们?|给您|把)*(?:还[了清上完掉款]|结[清了]|付[清了]|转[了过]|清[了掉]|存[上进])"
    "|都(?:还[清上完]|结清|付清)"
)

PATTERNS = {
    "zh-CN": {
        "amount": rf"({N})(?:元|块钱|块|塊|圆)",
        "debt_amount": rf"(?:({PARTIAL})[^，。]{{0,2}}?)?{OWED}的?({SHARE})?{GAP}({N})(?:元|块钱|块|塊|圆)",
        "date": DAY,
        "soon": rf"({SOON})",
        "due_date": rf"(?:{DAY}(?:已经|就)?(?:到期|之前应还|应还))|(?:{DUE}(?:是|为|在)?{DAY})",
        "days_overdue": rf"(?:({SUPPOSED})[您你]?)?逾期(?:了|已经|已|有)*"
        rf"(?:({NUMBER}{{1,4}})({ABOUT})?(?:天|日)|半个月|{NUMBER}{{1,2}}个多?月)",
        "bare_amount": rf"({PAYS}){TO}{{0,5}}({ANY})({ABOUT})?({UNITS})?"
        rf"|({BIG})({ABOUT})?({UNITS})?{NEAR}(?:还|還|转|轉|存|付|凑|打给|打过)"
        rf"|^(?:\W|嗯|哦|啊|那|就|先|大概|最多|还)*({BIG})({ABOUT})?(?:\W|吧|行吗|可以吗|好吗|行不行|钱|啊|嘛|呗)*$",
        "bare_debt": rf"(?:({PARTIAL})[^，。]{{0,2}}?)?({OWES}){OF}{{0,6}}({ANY})({ABOUT})?({UNITS})?",
        "all": rf"(?:(不|没|未|无法)[^，。]{{0,3}}?)?(?:{ALL})(?:[^，。,]{{0,3}}?(吗|嘛|么|多少|几))?",
    },
    "en-US": {
        "amount": r"(?:\$\s?([0-9][0-9,]*(?:\.[0-9]{2})?)|([0-9][0-9,]*(?:\.[0-9]{2})?) dollars)",
        "debt_amount": r"(?:owe|balance|amount due|past due|debt)[^.?!0-9$]{0,30}\$?\s?([0-9][0-9,]*(?:\.[0-9]{2})?)",
        "soon": r"(?i)\b(today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|the \d\d?(?:st|nd|rd|th))\b",
        "days_overdue": r"([0-9]{1,4}) days (?:past due|late|overdue)",
    },
}
ANY_NUMBER = f"{NUMBER}|{SOON}|[全都]"
IDS = {"soon": "date", "bare_amount": "amount", "bare_debt": "debt_amount", "all": "amount"}
"""What a pattern finds, where that is not its own name."""
PARTS = {
    "date": ("month", "number"),
    "due_date": ("month", "number", "month", "number"),
    "debt_amount": ("other", "other", "number"),
    "days_overdue": ("other", "number", "about"),
    "bare_amount": ("verb", "number", "about", "other", "number", "about", "other", "number", "about"),
    "bare_debt": ("other", "verb", "number", "about", "other"),
    "all": ("other", "other"),
    "soon": ("word",),
}
"""What the groups of a zh-CN pattern are, elsewhere numbers: a month, a number, `about` so much, an `other` meaning."""
_BARE = f"[百千万佰仟萬]|[0-9０-９]{{3}}|{NUMBER}十"
HINTS = {"bare_amount": _BARE, "bare_debt": _BARE}
"""What a turn with such a mention holds in any case, where that is found faster than the mention itself."""
WIDER = {"debt_amount": "amount", "due_date": "date"}
"""A mention of the kind on the left lies in a turn that has one of the kind on the right."""
MARK = "\0"
"""Stands for a mention that was taken out of a turn; what was recognised cannot hold it."""
MOST = 4
"""Mentions of one kind in one turn that are looked at; a turn with more is a list being read out."""


def mentions(turns: pl.DataFrame, language: str) -> pl.DataFrame:
    """`row` of the turn, `id`, `value`, `start`, `end` of every mention. turns: column `text`, rows are positions."""
    kinds = _kinds(language)
    said = pl.col("text").fill_null("").str.replace_all(MARK, " ", literal=True)
    text = turns.lazy().select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), said)
    if language.startswith("zh"):
        text = text.filter(pl.col("text").str.contains(ANY_NUMBER))
    text = text.with_columns(kind.held for kind in kinds if kind.held is not None).collect(engine="in-memory")
    holding = {name for name in text.columns[2:] if text[name].any()}
    parts = [kind.found(text.lazy()) for kind in kinds if kind.flag in holding]
    if not parts:
        return pl.DataFrame(schema=MENTION)
    return _placed(pl.concat(parts).collect(engine="in-memory")).select(list(MENTION))


MENTION = pl.Schema({"row": pl.Int64, "id": pl.String, "value": pl.Float64, "start": pl.Int32, "end": pl.Int32})


@dataclass(frozen=True)
class _Kind:
    """One pattern as expressions, built once: building them costs more than one call's turns cost to read.

    held, flag: which turns hold a mention, and the name of that column; `held` is null where another kind's serves.
    said: the mentions of a turn; lead: what stands before each, from the mention before it or the turn's beginning.
    """

    flag: str
    held: pl.Expr | None
    said: pl.Expr
    lead: pl.Expr
    parts: tuple[pl.Expr, ...]

    @classmethod
    def of(cls, name: str, pattern: str, wider: str | None) -> _Kind:
        text = pl.col("text")
        said = text.str.extract_all(pattern).list.head(MOST)
        # marks are put in the mentions' place, so what the turn is cut into at the marks is what stands before each
        lead = text.str.replace_all(pattern, MARK).str.split(MARK).list.head(said.list.len())
        captured = pl.col("said").str.extract_groups(f"^(?:{pattern})$").struct
        groups = range(re.compile(pattern).groups)
        names = PARTS.get(name, ())
        if len(names) != len(groups):  # plain numbers, or another language's pattern
            names = ("number",) * len(groups)

        def part(wanted: str) -> pl.Expr:
            fields = [captured.field(str(group + 1)) for group in groups if names[group] == wanted]
            return pl.coalesce(fields).alias(wanted) if fields else pl.lit(None, pl.String).alias(wanted)

        held = text.str.contains(HINTS.get(name, pattern)).alias(name) if wider is None else None
        parts = (
            pl.lit(name).alias("kind"), pl.lit(IDS.get(name, name)).alias("id"), pl.lit(name in HINTS).alias("bare"),
            *map(part, ("month", "number", "verb", "about", "other")),
        )  # fmt: skip
        return cls(wider or name, held, said.alias("said"), lead.alias("lead"), parts)

    def found(self, text: pl.LazyFrame) -> pl.LazyFrame:
        """The mentions one after another, in the order of `text`; numbers still as they were said."""
        mentioned = text.filter(self.flag).select("row", self.said, self.lead).explode("said", "lead")
        return mentioned.select("row", *_LENGTHS, *self.parts)


_LENGTHS = (pl.col("said").str.len_chars().alias("length"), pl.col("lead").str.len_chars().alias("before"))


@cache
def _kinds(language: str) -> tuple[_Kind, ...]:
    patterns = PATTERNS.get(language, PATTERNS["zh-CN"])
    wider = WIDER if language.startswith("zh") else {}
    return tuple(_Kind.of(name, pattern, wider.get(name)) for name, pattern in patterns.items())


def _placed(found: pl.DataFrame) -> pl.DataFrame:
    """The mentions with the places at which they stand in their turns, and with their values."""
    row, length, before = (found[column].to_numpy().astype(np.int64) for column in ("row", "length", "before"))
    reach = np.cumsum(before + length)
    opens = (np.diff(row, prepend=-1) != 0) | found["kind"].rle_id().diff().fill_null(1).to_numpy().astype(bool)
    end = reach - np.maximum.accumulate(np.where(opens, reach - before - length, 0))
    place = {"start": pl.Series(end - length, dtype=pl.Int32), "end": pl.Series(end, dtype=pl.Int32)}
    found = found.with_columns(**place).filter(_MEANT)
    texts = pl.concat([found["number"], found["month"]])
    distinct = texts.unique()
    number = texts.replace_strict(distinct, values(distinct), return_dtype=pl.Float64) if len(texts) else values(texts)
    return found.with_columns(number=number.head(len(found)), month=number.tail(len(found))).with_columns(_VALUE)


_MONEY = pl.col("number").str.contains("[百千万佰仟萬]") | (
    pl.col("number").str.contains("^[0-9０-９][0-9０-９,，]{2}|^[二两兩三四五六七八九]十$")
    & pl.col("verb").str.contains(SURELY)
)
_MEANT = pl.col("other").is_null() & (~pl.col("bare") | _MONEY)
_EXACT = pl.when(pl.col("about").is_null()).then("number")
_VALUE = (
    pl.when(pl.col("id").is_in(["date", "due_date"])).then(pl.col("month").fill_null(0) * 100 + _EXACT)
    .when(pl.col("id").is_in(["amount", "debt_amount"])).then(_EXACT * 100)
    .otherwise(_EXACT)
    .alias("value")
)  # fmt: skip
