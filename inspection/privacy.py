"""Personal data: found in running text, masked at the same length, replaced by keyed pseudonyms.

Chinese is written without spaces, so nothing here relies on word borders: a number is found when it touches
characters on both sides, when it is spoken (一三八……), written full width, or broken up by spaces, hyphens and commas.
A mask is as long as what it hides, so places in the masked text are places in the text.

    kind       what it is                                       proof that it is one
    phone      mobile or landline, country code or not          numbering plan (1[3-9]…, 0 + area code)
    id_card    resident identity number, 18 or 15 places        province, date of birth, check digit (GB 11643)
    bank_card  card number of 15 to 19 digits                   Luhn check digit (ISO/IEC 7812-1)
    email      e-mail address; its domain stays readable
    number     a number that looks like one of these but fails its check, or is too long to be anything else
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, TextIO

import polars as pl

from inspection.errors import SettingsError

STAR = "*"
KEPT_DIGITS = {"phone": 4, "bank_card": 4}
"""Last digits left readable, so that a person can still tell two numbers apart; every other kind is hidden whole."""

_SPOKEN = "零〇○洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾"
_VALUES = "0000111222334455667778899" + "9"
_WIDE = "０１２３４５６７８９"
_DIGITS = {str(n): str(n) for n in range(10)} | dict(zip(_WIDE, "0123456789", strict=True))
_DIGITS |= dict(zip(_SPOKEN, _VALUES, strict=True))
_D = f"[0-9{_WIDE}{_SPOKEN}]"
_X = "XxＸｘ×✕叉ⅩⅹХхΧχ"
"""How the last place of an identity number is written: also as the Roman ten, and in letters that look alike."""
_DOT = r"\.(?=[0-9]{4}(?![0-9]))|(?<=(?<![0-9])[0-9]{4})\.(?=[0-9]{1,4}(?![0-9]))"
"""A dot joins groups of four digits as in 138.1234.5678, never the parts of an address or of 1764000000.12."""
_GAP = rf"(?:[\s\-‐-―－,，、·_()（）]{{1,2}}|{_DOT})"
_RUN = re.compile(rf"{_D}(?:{_GAP}?{_D}){{8,}}(?:{_GAP}?[{_X}])?")
_GROUP = re.compile(rf"{_D}+|[{_X}]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+[@＠](?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}")
_HASH = re.compile(r"(?<![0-9A-Za-z])(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9A-Za-z])")
_LONG_IN_NAME = re.compile(r"[0-9]{7,}")

_STAMP = r"(?:(?:19|20)[0-9]{6}(?:[0-9]{6})?)?"
_MOBILE = re.compile(rf"{_STAMP}(?P<number>(?:0{{0,2}}86|0)?1[3-9][0-9]{{9}})")
_LANDLINE = re.compile(r"(?:0{0,2}86)?0(?:10[0-9]{8}|2[0-9]{9}|[3-9][0-9]{9,10})")
_PROVINCES = frozenset(map(str, [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)]))
_PROVINCES |= frozenset(map(str, [*range(61, 66), 71, 81, 82, 83, 91]))


Group = tuple[int, int, str]
Span = tuple[int, int, str]


def mask_spans(text: str) -> list[Span]:
    """Places of personal data as `(start, end, kind)`: half-open code-point offsets, in order, never overlapping."""
    spans: list[Span] = [(found.start(), found.end(), "email") for found in _EMAIL.finditer(text)]
    fingerprints = [found.span() for found in _HASH.finditer(text)]
    for run in _RUN.finditer(text):
        if not any(start <= run.start() < end for start, end in fingerprints):
            spans.extend(span for span in _numbers(run) if not _touches(span, spans))
    return sorted(spans)


def mask(text: str) -> str:
    """The text with its personal data hidden, at the same length: 电话*******5678, *****@mail.example."""
    spans = mask_spans(text)
    if not spans:
        return text
    letters = list(text)
    for start, end, kind in spans:
        places = [at for at in range(start, end) if kind == "email" or letters[at] in _DIGITS or letters[at] in _X]
        if kind == "email":
            places = [at for at in places if at < start + re.search("[@＠]", text[start:end]).start()]  # type: ignore[union-attr]
        for at in places[: len(places) - KEPT_DIGITS.get(kind, 0)]:
            letters[at] = STAR
    return "".join(letters)


def mask_name(name: str) -> str:
    """A file name or location without its numbers: dialers write the dialled number into it, in any country's format.

    Besides what `mask` finds, every run of 7 or more digits that is not a date or a time is hidden.
    """

    def hide(found: re.Match[str]) -> str:
        digits = found.group()
        stamp = re.fullmatch(r"(?:19|20)[0-9]{6}(?:[0-9]{6})?", digits)
        return digits if stamp and _is_date(digits[:8]) else STAR * len(digits)

    return _LONG_IN_NAME.sub(hide, mask(name))


def mask_person(name: str) -> str:
    """张三丰 → 张**: the family name stays, so that a form of address can be checked."""
    return name[:1] + STAR * (len(name) - 1)


def mask_column(column: str) -> pl.Expr:
    """`mask` over a String column; rows without a run of digits or an @ are not touched at all."""
    suspicious = pl.col(column).str.contains(rf"{_D}(?:[\s\-‐-―－,，、·_().（）]{{0,2}}{_D}){{8,}}|[@＠]")
    masked = pl.when(suspicious).then(pl.col(column)).map_batches(_mask_series, return_dtype=pl.String)
    return pl.when(suspicious).then(masked).otherwise(pl.col(column)).alias(column)


def masked_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """`mask` over every String and List(String) column of a frame that leaves the house, whatever the column is called.

    Dialers build ids, agents and teams from numbers, so no column is trusted; our own digests and keyed hashes stay.
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List(pl.String)]
    return frame.with_columns(*map(mask_column, texts), *map(_mask_list_column, lists))


def pseudonym(value: str, key: str) -> str:
    """HMAC-SHA256 of `value` under the firm's key, as 32 hexadecimal places (128 bits).

    Raises SettingsError without a key: numbers hashed without a secret are found by trying them all.
    """
    if not key:
        raise SettingsError(
            "privacy.pseudonym_key is empty; set it to a long secret in inspection.toml "
            "or in the environment (INSPECTION_PRIVACY__PSEUDONYM_KEY)"
        )
    return hmac.digest(key.encode(), value.encode(), hashlib.sha256).hex()[:32]


def pseudonyms(values: pl.Series, key: str) -> pl.Series:
    """`pseudonym` of each value, nulls kept; each distinct value is hashed once."""
    distinct = values.drop_nulls().unique().sort()
    hashed = pl.Series([pseudonym(value, key) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, hashed, default=None, return_dtype=pl.String)


class MaskingFilter(logging.Filter):
    """A logging filter: message and traceback leave masked, whatever the library that wrote them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):  # kept apart where possible: some formatters read them
            record.args = tuple(mask(value) if isinstance(value, str) else value for value in record.args)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a wrong format string is the writer's mistake; its parts are shown, masked
            message, record.msg, record.args = f"{record.msg} {record.args}", "", None
        if (masked := mask(message)) != message or not record.msg:
            record.msg, record.args = masked, None
        if record.exc_info and record.exc_info[0]:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def guard_logs() -> None:
    """Masks every record of every logger of this process from now on; safe to call again."""
    make = logging.getLogRecordFactory()
    if getattr(make, "masks", False):
        return
    masking = MaskingFilter()

    def make_masked(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        masking.filter(record)
        return record

    make_masked.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_masked)


class MaskedStream:
    """A text stream that masks each piece written to it: wrong arguments and a bug's traceback quote what they got."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(mask(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _mask_series(values: pl.Series) -> pl.Series:
    return values.replace(*_masks(values))


def _mask_list_column(column: str) -> pl.Expr:
    return pl.col(column).map_batches(_mask_lists, return_dtype=pl.List(pl.String))


def _mask_lists(values: pl.Series) -> pl.Series:
    masked = pl.element().replace(*_masks(values.explode(empty_as_null=True)))
    return values.to_frame().select(pl.first().list.eval(masked)).to_series()


def _masks(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The distinct values and their masks: a call's id stands in many rows and is masked once."""
    distinct = values.drop_nulls().unique()
    return distinct, pl.Series([mask(value) for value in distinct], dtype=pl.String)


def _touches(span: Span, spans: list[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end, _ in spans)


def _numbers(run: re.Match[str]) -> Iterator[Span]:
    """What a run of digit groups holds: the longest stretch of whole groups that is a number, again and again."""
    groups = [_group(found, run.start()) for found in _GROUP.finditer(run.group())]
    first, rest = 0, []
    while first < len(groups):
        found = _longest(groups, first)
        if found is None:
            rest.append(groups[first])
            first += 1
            continue
        last, start, kind = found
        yield start, groups[last][1], kind
        yield from _spoken(rest, run)
        first, rest = last + 1, []
    yield from _spoken(rest, run)


def _spoken(groups: list[Group], run: re.Match[str]) -> Iterator[Span]:
    """A spoken number as one span; recognisers drop and double digits, so anything of 11 digits or more is one."""
    digits = "".join(value for _, _, value in groups)
    if len(digits) >= 11 and any(letter in _SPOKEN for letter in run.group()):
        yield groups[0][0], groups[-1][1], _spoken_kind(digits)


def _group(found: re.Match[str], offset: int) -> Group:
    value = "".join(_DIGITS.get(letter, "X") for letter in found.group())
    return found.start() + offset, found.end() + offset, value


def _longest(groups: list[Group], first: int) -> tuple[int, int, str] | None:
    """Last group, start in the text and kind of the longest number that begins with group `first`."""
    size, last = 0, first
    while last < len(groups) and (size := size + len(groups[last][2])) <= 24:
        last += 1
    for end in range(max(last, first + 1) - 1, first - 1, -1):
        parts = [value for _, _, value in groups[first : end + 1]]
        if (found := _kind(parts)) is not None:
            kind, skipped = found
            return end, groups[first][0] + skipped, kind
    return None


def _kind(parts: list[str]) -> tuple[str, int] | None:
    """Kind of the number made of these groups of digits, and how many leading places are a time stamp before it."""
    digits = "".join(parts)
    if (mobile := _MOBILE.fullmatch(digits)) and _phone_shape(parts):
        return "phone", mobile.start("number")
    if _LANDLINE.fullmatch(digits) and (len(parts) == 1 or (len(parts[0]) <= 4 and len(parts) <= 3)):
        return "phone", 0
    if len(digits) in (15, 18) and _is_identity(digits):
        return ("id_card" if len(digits) == 15 or _check_digit_holds(digits) else "number"), 0
    if _card_shape(parts) and _is_card(digits):
        return "bank_card", 0
    return ("number", 0) if len(parts) == 1 and len(digits) >= 20 else None


def _spoken_kind(digits: str) -> str:
    windows = [digits[start : start + size] for size in (19, 18, 17, 16, 15) for start in range(len(digits) - size + 1)]
    if any(len(window) == 18 and _is_identity(window) and _check_digit_holds(window) for window in windows):
        return "id_card"
    if any(_is_card(window) for window in windows if len(window) >= 16):
        return "bank_card"
    return "phone" if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) else "number"


def _phone_shape(parts: list[str]) -> bool:
    """One group, digit by digit, or few groups of three and more: 138-1234-5678 is a number, 13-2026-11-14-1 is not."""
    local = parts[1:] if parts[0] in ("86", "086", "0086") else parts
    return all(len(part) == 1 for part in local) or (len(local) <= 3 and all(len(part) >= 3 for part in local))


def _card_shape(parts: list[str]) -> bool:
    """One group, groups of four, or few longer ones such as issuer and account: two dates in a row are not a card."""
    lengths = [len(part) for part in parts]
    if len(parts) == 1 or set(lengths[:-1]) == {4} or lengths == [4, 6, 5] or (len(parts) == 2 and lengths[0] == 6):
        return True
    dated = any(len(part) == 8 and part[:2] in ("19", "20") and _is_date(part) for part in parts)
    return min(lengths[:-1]) >= 4 and lengths[-1] >= 3 and sum(lengths) >= 16 and not dated


def _is_card(digits: str) -> bool:
    if not (15 <= len(digits) <= 19 and digits.isdigit() and digits[0] != "0"):
        return False
    if digits[:2] in ("19", "20") and _is_date(digits[:8]):  # a running number that begins with its date
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_identity(digits: str) -> bool:
    """Province code and date of birth as in GB 11643 (18 places) or its predecessor (15 places)."""
    birth = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    return digits[:2] in _PROVINCES and digits[:-1].isdigit() and birth[:2] in ("19", "20") and _is_date(birth)


def _check_digit_holds(digits: str) -> bool:
    """ISO 7064 MOD 11-2: the weights are powers of two modulo 11."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17]


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True
