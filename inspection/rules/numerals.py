"""Numbers as they are spoken, as values: 一万二千三百四十五, 一千二, 三万五, 1.26万, 12,600, 一二三四.

All numbers are read together, one character of each at a time. A last digit after a unit without 零 counts in the next
lower unit: 一千二 is 1200, 一千零二 is 1002. Between two numbers (两三千) is none of them.
"""

from __future__ import annotations

import numpy as np
import polars as pl

DIGITS = {
    "〇零○０": "0", "一壹幺１": "1", "二贰两兩俩２": "2", "三叁仨３": "3", "四肆４": "4", "五伍５": "5",
    "六陆陸６": "6", "七柒７": "7", "八捌８": "8", "九玖９": "9", "拾": "十", "佰": "百", "仟": "千",
    "萬": "万", "億": "亿", "．點点": ".", "，": ",",
}  # fmt: skip
PLAIN = {source: target for sources, target in DIGITS.items() for source in sources}
NUMBER = "[0-9０-９〇零○一壹幺二贰两兩俩三叁仨四肆五伍六陆陸七柒八捌九玖十拾百佰千仟万萬亿億]"
"""Regex class of one character of a spoken number, for Rust and for Python regular expressions."""
LONGEST = 32
"""Characters of a number; longer runs of digits are card numbers read twice, or noise."""
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}

POINT, SKIPPED, OTHER, END = range(11, 15)
"""What a character may be beside a digit (0 to 9) and a unit (its own size: 10 to 10**8)."""


def _meanings() -> np.ndarray:
    """For each code point what it is in a number."""
    table = np.full(0x10000, OTHER, np.int64)
    letters = {str(digit): digit for digit in range(10)} | UNITS | {".": POINT, ",": SKIPPED}
    letters |= {written: letters[letter] for written, letter in PLAIN.items()} | dict.fromkeys(" \t\n\u3000", SKIPPED)
    table[[*map(ord, letters)]] = list(letters.values())
    table[0] = END
    return table


_MEANING = _meanings()
_FROM, _TO = (np.array([chr(code) in letters for code in range(0x10000)]) for letters in (
    "一二两兩俩三四五六七八九", "二两兩三四五六七八九"
))  # fmt: skip


def values(texts: pl.Series) -> pl.Series:
    """Float64 values of the texts; null where a text is no number."""
    written = np.array(texts.cast(pl.String).fill_null("").str.slice(0, LONGEST + 1).to_list(), f"U{LONGEST + 1}")
    codes = written.view(np.uint32).reshape(len(texts), LONGEST + 1)
    codes = np.where(codes < len(_MEANING), codes, ord("?"))
    meaning = _MEANING[codes]
    value, sound = _read(meaning)
    between = _FROM[codes[:, :-2]] & _TO[codes[:, 1:-1]] & np.isin(meaning[:, 2:], list(UNITS.values()))
    known = sound & (meaning[:, LONGEST] == END) & ~between.any(axis=1)
    return pl.Series(texts.name, np.where(known, value, np.nan)).fill_nan(None)


def in_units(cents: pl.Expr) -> pl.Expr:
    """An amount in cents as a reader writes it: 86050 is 860.50."""
    return pl.concat_str((cents // 100).cast(pl.String), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2))


def _read(meaning: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of numbers, int [numbers, characters], and whether each is well formed.

    `total` is closed by 亿 or 万 (the last is `closer`), `section` since then by 千, 百 or 十;
    `pending` are the `digits` since the last `unit`.
    """
    total, section, pending = np.zeros((3, len(meaning)))
    digits, unit, closer = np.zeros((3, len(meaning)), np.int64)
    scale, pointed, sound = np.ones(len(meaning)), np.zeros(len(meaning), bool), np.ones(len(meaning), bool)
    told = np.zeros(len(meaning), bool)
    for letter in meaning[:, : (meaning != END).sum(axis=1).max(initial=0)].T:
        digit, point = letter < 10, letter == POINT
        small, large = (letter == 10) | (letter == 100) | (letter == 1000), letter >= UNITS["万"]
        in_section = (unit > 0) & (unit < UNITS["万"])
        again = (small & in_section & (letter >= unit)) | (large & (letter == closer))
        sound &= (letter != OTHER) & ~(point & (pointed | in_section)) & ~again
        pending = np.where(digit, pending * 10 + letter, pending)
        scale = np.where(digit & pointed, scale * 10, scale)
        digits, pointed, told = digits + digit, pointed | point, told | digit | small
        number = np.where(digits > 0, pending / scale, small)  # 十五: a unit without a digit counts once
        whole = section + _last(number, digits, unit)
        section = np.where(small, section + number * letter, np.where(large, 0, section))
        added = np.where(letter == UNITS["万"], total + whole * letter, (total + whole) * letter)
        total = np.where(large, added, total)
        closed = small | large
        pending, digits, scale = np.where(closed, 0, pending), np.where(closed, 0, digits), np.where(closed, 1, scale)
        pointed, unit, closer = pointed & ~closed, np.where(closed, letter, unit), np.where(large, letter, closer)
    return total + section + _last(pending / scale, digits, unit), sound & told


def _last(number: np.ndarray, digits: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The digits after the last unit: a single one counts in the next lower unit (一千二)."""
    colloquial = (digits == 1) & (number > 0) & (unit > 0)
    return np.where(digits > 0, number * np.where(colloquial, unit / 10, 1), 0)
