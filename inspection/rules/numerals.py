"""Numbers as they are spoken, as values: 一万二千三百四十五, 一千二, 三万五, 1.26万, 12,600, 一二三四.

All work is on a polars column, whatever its length. A last digit after a unit without 零 counts in the next lower
unit: 一千二 is 1200, 一千零二 is 1002. Between two numbers (两三千) is none of them.
"""

from __future__ import annotations

import polars as pl

DIGITS = {
    "〇零○０": "0", "一壹幺１": "1", "二贰两兩俩２": "2", "三叁仨３": "3", "四肆４": "4", "五伍５": "5",
    "六陆陸６": "6", "七柒７": "7", "八捌８": "8", "九玖９": "9", "拾": "十", "佰": "百", "仟": "千",
    "萬": "万", "億": "亿", "．點点": ".", "，": ",",
}  # fmt: skip
PLAIN = {source: target for sources, target in DIGITS.items() for source in sources}
NUMBER = "[0-9０-９〇零○一壹幺二贰两兩俩三叁仨四肆五伍六陆陸七柒八捌九玖十拾百佰千仟万萬亿億]"
"""Regex class of one character of a spoken number, for Rust and for Python regular expressions."""


def values(texts: pl.Series) -> pl.Series:
    """Float64 values of the texts; null where a text is no number."""
    said = texts.cast(pl.String).to_frame("text").lazy().select(_PLAIN, _BETWEEN)
    read = said.with_columns(_PARTS).with_columns(_SECTIONS).select(_VALUE.alias(texts.name))
    return read.collect(engine="in-memory").to_series()


def _section(name: str) -> pl.Expr:
    """Value of a part below ten thousand: plain digits, or digits with 千 百 十."""
    text = pl.col(name)
    plain = text.str.contains(r"^[0-9.]+$")
    tail = text.str.extract(r"[千百十]([0-9]+)$", 1)
    colloquial = pl.when(text.str.contains(r"千[1-9]$")).then(100.0).when(text.str.contains(r"百[1-9]$")).then(10.0)
    spoken = (
        _unit(text, "千", 1000) + _unit(text, "百", 100) + _unit(text, "十", 10)
        + tail.cast(pl.Float64, strict=False).fill_null(0) * colloquial.otherwise(1.0)
    )  # fmt: skip
    return pl.when(plain).then(text.cast(pl.Float64, strict=False)).otherwise(spoken)


def _unit(text: pl.Expr, unit: str, size: int) -> pl.Expr:
    """A unit's share; 十 alone counts one ten, as in 十五 or 一百十."""
    digit = text.str.extract(rf"([0-9.]*){unit}", 1)
    return (
        pl.when(digit.is_null())
        .then(0)
        .when(digit == "")
        .then(size)
        .otherwise(digit.cast(pl.Float64, strict=False) * size)
    )


def _value() -> pl.Expr:
    """The parts put together; built once, because expressions cost more to build than a few numbers to read."""
    bare = pl.col("rest").str.contains(r"^[1-9]$")
    yi, wan, rest = pl.col("yi_value"), pl.col("wan_value"), pl.col("rest_value")
    low = (
        pl.when(pl.col("rest") == "").then(0)
        .when(bare & pl.col("wan").is_not_null()).then(rest * 1e3)
        .when(bare & pl.col("yi").is_not_null()).then(rest * 1e7)
        .otherwise(rest)
    )  # fmt: skip
    high = pl.when(pl.col("yi").is_not_null()).then(yi * 1e8).otherwise(0)
    middle = pl.when(pl.col("wan").is_not_null()).then(wan * 1e4).otherwise(0)
    exact = pl.col("text").str.contains(WELLFORMED) & ~pl.col("between")
    return pl.when(exact).then(high + middle + low)


WELLFORMED = r"^[0-9.]+$|^[0-9.]*[十百千万亿][0-9十百千万亿]*$|^[0-9.]+[万亿][0-9十百千万.]*$"
BETWEEN = "[一二两兩俩三四五六七八九][二两兩三四五六七八九][十百千万拾佰仟萬]"
_BETWEEN = pl.col("text").str.contains(BETWEEN).alias("between")
_PLAIN = pl.col("text").str.replace_many(list(PLAIN), list(PLAIN.values())).str.replace_all(r"[,\s]", "")
_PARTS = (
    pl.col("text").str.extract(r"^([^亿]*)亿", 1).alias("yi"),
    pl.col("text").str.extract(r"(?:^|亿)([^万亿]*)万", 1).alias("wan"),
    pl.col("text").str.extract(r"([^万亿]*)$", 1).alias("rest"),
)
_SECTIONS = tuple(_section(name).alias(f"{name}_value") for name in ("yi", "wan", "rest"))
_VALUE = _value()
