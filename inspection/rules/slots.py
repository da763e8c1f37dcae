"""What a robot put into the slots of its lines against the account: names by sound, amounts and dates by value.

    line      您名下信用卡欠款{amount}，已于{due}到期        account   amount_due_cents 320000, due_date 2026-11-05
    heard     您名下信用卡欠款九千二百元，已于十一月五号到期     {amount} differs, {due} agrees

Written text is taken at its word. A recogniser writes names by ear: what sounds like the account's name agrees, what
merely resembles it is for a person to settle. Where the account has nothing to compare with, nothing is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from inspection.lexicon.shipped import shipped
from inspection.lexicon.syllables import Syllables, named_classes
from inspection.rules.conditions import Day
from inspection.rules.numerals import NUMBER, in_units, values

AGREES, DIFFERS, EMPTY, DOUBTFUL, UNKNOWN = "agrees", "differs", "empty", "doubtful", "unknown"
FIELDS = {
    "name": "customer_name", "agency": "agency", "institution": "institution", "amount": "amount_due_cents",
    "days": "dpd", "due": "due_date", "promise": "promise_date",
}  # fmt: skip
"""The fact of the call that fills each slot."""
TITLES = {"先生": "m", "女士": "f", "小姐": "f", "太太": "f"}
NAME = rf"^(.*?)(?:{'|'.join(TITLES)})"
AMOUNT = f"({NUMBER}(?:{NUMBER}|点)*)"
DAY = f"(?:({NUMBER}{{1,3}})月份?)?({NUMBER}{{1,3}})(?:[号號日]|$)"
RELATIVE = "[今明后後昨][天日晚早]|周|星期|礼拜|月底|月初"
FILLING = rf"{NUMBER}|[年月号號日元块塊圆角分整点天]|人民币|块钱"
"""What amounts and dates are made of; anything else in their slots was added."""
RUN = 4
"""So many foreign characters in a recognised amount or date are no slip of the recogniser."""


@dataclass(frozen=True)
class Account:
    """facts: one row a call with the columns of FIELDS. promised: `call, kind, value` that customers named themselves,
    kind amount (cents) or date (month × 100 + day, or the day; null for 明天 and the like)."""

    facts: pl.DataFrame
    promised: pl.DataFrame
    syllables: Syllables | None
    tolerance: float

    @classmethod
    def of(cls, day: Day, syllables: Syllables | None, tolerance: float) -> Account:
        kinds = {"amount": "amount", "debt_amount": "amount", "date": "date", "due_date": "date"}
        spoken = day.evidence.frame.filter(pl.col("kind") == "spoken", pl.col("role") == "customer")
        spoken = spoken.filter(pl.col("id").is_in(list(kinds))).select(
            "call", "value", kind=pl.col("id").replace_strict(kinds, return_dtype=pl.String)
        )
        return cls(day.facts.select(FIELDS.values()), spoken.unique(maintain_order=True), syllables, tolerance)


def compared(heard: pl.DataFrame, account: Account) -> pl.DataFrame:
    """HEARD with `outcome` (agrees, differs, empty, doubtful, unknown) and `known`, the account's value as a reader
    writes it (names stay unwritten)."""
    told = heard.drop_nulls("heard")
    told = told.hstack(account.facts.select(pl.all().gather(told["call"])))
    line = pl.struct("call", "row", "line")
    promised = told.filter(pl.col("slot") == "promise").select(line).to_series().implode()
    told = told.with_columns(promising=line.is_in(promised))
    compare = {"name": _texts, "agency": _texts, "institution": _texts, "amount": _numbers, "days": _numbers,
               "due": _dates, "promise": _dates}  # fmt: skip
    columns, schema = [*heard.columns, "outcome", "known"], heard.schema | {"outcome": pl.String, "known": pl.String}
    parts = [
        settle(part, account).select(columns)
        for settle in dict.fromkeys(compare.values())
        if len(part := told.filter(pl.col("slot").is_in([slot for slot in compare if compare[slot] is settle])))
    ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _settled(told: pl.DataFrame, agrees: pl.Expr, *, lacking: pl.Expr, unclear: pl.Expr) -> pl.DataFrame:
    """The outcome of each slot, the plainest first."""
    return told.with_columns(
        outcome=pl.when(pl.col("heard") == "").then(pl.lit(EMPTY))
        .when(lacking).then(pl.lit(UNKNOWN))
        .when(unclear.fill_null(True)).then(pl.when("exactly").then(pl.lit(DIFFERS)).otherwise(pl.lit(DOUBTFUL)))
        .when(agrees.fill_null(False)).then(pl.lit(AGREES))
        .otherwise(pl.lit(DIFFERS))
    )  # fmt: skip


def _numbers(told: pl.DataFrame, account: Account) -> pl.DataFrame:
    """Amounts in cents, days; an amount that is promised may be the customer's own."""
    amount = pl.col("slot") == "amount"
    said = values(told["heard"].str.extract(AMOUNT))
    told = told.with_columns(value=pl.when(amount).then(said * 100).otherwise(said))
    fact = pl.when(amount).then(pl.col("amount_due_cents").cast(pl.Float64)).otherwise(pl.col("dpd"))
    tolerance = pl.when(amount).then(account.tolerance).otherwise(0.0)
    own = _named_by_customer(told, account, "amount", account.tolerance) & pl.col("promising")
    agrees = ((pl.col("value") - fact).abs() <= tolerance).fill_null(False) | own
    due = in_units(pl.col("amount_due_cents"))
    told = told.with_columns(known=pl.when(amount).then(due).otherwise(pl.col("dpd").cast(pl.String)))
    return _settled(told, agrees, lacking=fact.is_null() & ~own, unclear=pl.col("value").is_null() | _more())


def _dates(told: pl.DataFrame, account: Account) -> pl.DataFrame:
    """Dates by month and day, or by the day alone; a promised date may be the customer's own."""
    month, number = (values(told["heard"].str.extract(DAY, group)) for group in (1, 2))
    promise = pl.col("slot") == "promise"
    fact = pl.when(promise).then("promise_date").otherwise("due_date")
    told = told.with_columns(value=month.fill_null(0) * 100 + number, known=fact.cast(pl.String))
    wanted = fact.dt.month().cast(pl.Float64) * 100 + fact.dt.day()
    same = pl.col("value") == pl.when(pl.col("value") >= 100).then(wanted).otherwise(wanted % 100)
    own = _named_by_customer(told, account, "date", 0) & promise
    told = told.with_columns(own=own)
    named = account.promised.filter(pl.col("kind") == "date").drop_nulls("value")["call"].unique()
    relative = pl.col("heard").str.contains(RELATIVE)
    silent = fact.is_null() & ~(promise & pl.col("call").is_in(named.implode()))
    return _settled(
        told, same.fill_null(False) | pl.col("own"), lacking=silent | relative,
        unclear=pl.col("value").is_null() | _more(),
    )  # fmt: skip


def _more() -> pl.Expr:
    """Words in the slot that belong to no amount or date."""
    rest = pl.col("heard").str.replace_all(FILLING, "").str.len_chars()
    return pl.when("exactly").then(rest > 0).otherwise(rest >= RUN)


def _named_by_customer(told: pl.DataFrame, account: Account, kind: str, tolerance: float) -> pl.Series:
    """Whether the customer of the call said the value himself; a day of the month stands for any month."""
    pairs = told.select("call", "value").with_row_index("at").join(
        account.promised.filter(pl.col("kind") == kind).drop_nulls("value").select("call", said="value"), on="call"
    )  # fmt: skip
    near = (pl.col("value") - pl.col("said")).abs() <= tolerance
    if kind == "date":
        day = (pl.col("value") < 100) | (pl.col("said") < 100)
        near |= day & (pl.col("value") % 100 == pl.col("said") % 100)
    same = pairs.filter(near)["at"].unique()
    return pl.Series(np.isin(np.arange(len(told)), same.to_numpy()))


def _texts(told: pl.DataFrame, account: Account) -> pl.DataFrame:
    """Names and firms: the family name with its title, or one text within the other; else by sound."""
    name = pl.col("slot") == "name"
    field = pl.when(name).then("customer_name").when(pl.col("slot") == "agency").then("agency").otherwise("institution")
    letters = {"said": pl.col("heard"), "wanted": field.str.replace_all(r"[^\p{L}\p{N}]", "")}
    told = told.with_columns(known=pl.when(~name).then(field), **letters)
    for text in letters:
        told = told.with_columns(
            pl.when(name).then(pl.col(text).str.extract(NAME).fill_null(pl.col(text))).otherwise(text).alias(text),
            pl.col(text).str.extract(f"({'|'.join(TITLES)})").replace(TITLES).alias(f"{text}_title"),
        )
    told = told.with_columns(
        outcome=_by_letters(name, pl.col("said"), pl.col("wanted")),
        other=name & (pl.col("said_title") != pl.col("wanted_title")).fill_null(False),
    )
    told = _by_ear(told, account.syllables)
    return told.with_columns(
        outcome=pl.when((pl.col("outcome") == AGREES) & pl.col("other")).then(pl.lit(DIFFERS)).otherwise("outcome")
    )


def _by_letters(name: pl.Expr, said: pl.Expr, wanted: pl.Expr) -> pl.Expr:
    """The outcome where letters settle it, else null: a masked or short form agrees with the whole (张** with 张三)."""
    one = said.str.starts_with(wanted) | wanted.str.starts_with(said)
    inside = said.str.contains(wanted, literal=True) | wanted.str.contains(said, literal=True)
    agrees = pl.when(name).then(one).otherwise(inside)
    return (
        pl.when(said == "").then(pl.lit(EMPTY))
        .when(wanted.fill_null("") == "").then(pl.lit(UNKNOWN))
        .when(agrees).then(pl.lit(AGREES))
    )  # fmt: skip


def _by_ear(told: pl.DataFrame, syllables: Syllables | None) -> pl.DataFrame:
    """Settles what letters left open. Few pairs do not agree, so each distinct one is looked at by itself."""
    pair = ["said", "wanted", "exactly", "slot"]
    open_ = told.filter(pl.col("outcome").is_null()).select(pair).unique(maintain_order=True)
    heard = [_sounding(*row, syllables=syllables) for row in open_.iter_rows()]
    told = told.join(open_.with_columns(heard=pl.Series(heard, dtype=pl.String)).rename({"heard": "ear"}),
                     on=pair, how="left", maintain_order="left")  # fmt: skip
    return told.with_columns(outcome=pl.coalesce("outcome", "ear"))


def _sounding(said: str, wanted: str, exactly: bool, slot: str, *, syllables: Syllables | None) -> str:
    """How two texts that are written differently compare to the ear."""
    if slot == "name":
        said, wanted = (text[: min(len(said), len(wanted))] for text in (said, wanted))
    one, other = readings(said), readings(wanted)
    if one == other and None not in one:
        return DOUBTFUL if exactly else AGREES
    if exactly:
        return DIFFERS
    alike = len(one) == len(other) and all(map(_resembles, one, other))
    return DOUBTFUL if alike or _same_class(said, wanted, syllables) else DIFFERS


def _same_class(said: str, wanted: str, syllables: Syllables | None) -> bool:
    if syllables is None:
        return False
    one, other = (named_classes(syllables, text) for text in (said, wanted))
    return one is not None and other is not None and np.array_equal(one, other)


@cache
def readings(text: str) -> tuple[tuple[str, str] | None, ...]:
    """The toneless reading of each character as initial and final; None where it has none."""
    facts = shipped()
    numbers = [int(facts.reading[ord(letter)]) for letter in text]
    return tuple(_parted(facts.syllables[number]) if number >= 0 else None for number in numbers)


def _parted(syllable: str) -> tuple[str, str]:
    initial, final = re.fullmatch(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*)", syllable).groups()
    return initial, final


def _resembles(one: Any, other: Any) -> bool:
    """Whether a recogniser may take one for the other: the same initial, or a final that rhymes (zhang, jiang)."""
    if one is None or other is None:
        return False
    return one[0] == other[0] or one[1].endswith(other[1]) or other[1].endswith(one[1])
