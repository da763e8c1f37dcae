"""Transcripts from elsewhere: one turn a line, one call a line. A bad line is named with file, line and field.

A turn has `call_id, role, start_ms, end_ms, text`; it may have `turn_index, role_confidence, word_probability` and
`words`, a list of `{start, end, start_ms, end_ms, probability}` with offsets into the text, or with the word itself as
`text` in place of the offsets. A call has `call_id` and any column of tables.ATTEMPTS; instants are ISO 8601, read
in the call's `timezone` where they have no offset. Other fields are left out, but a misspelt one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from inspection.errors import InputError
from inspection.rules.disposition import CANONICAL
from inspection.rules.judge import Heard
from inspection.tables import ACOUSTICS, ATTEMPTS, AUDIO, INSTANT, TURNS, WORDS, empty

ROLES = ("agent", "robot", "customer", "unknown")
TURN_FIELDS = {*TURNS.names(), "words"}
WORD_FIELDS = {"start", "end", "start_ms", "end_ms", "probability", "text"}
MAX_MS = 7 * 24 * 3600 * 1000
KNOWN_VALUES = {
    "direction": ("outbound", "inbound"), "phone_owner": ("debtor", "contact", "guarantor", "professional", "unknown"),
    "agency_type": ("own", "agency"), "agent_kind": ("robot", "human"), "agent_channel": (0, 1),
    "term_reason": ("agent", "customer", "system", "unknown"), "outcome": (*CANONICAL, "UNMAPPED"),
    "phone_kind": ("mobile", "landline", "voip"),
}  # fmt: skip
"""Columns of a call that hold one of few words (tables.ATTEMPTS); rules would silently overlook any other."""
_LARGEST = {pl.Int8: 2**7 - 1, pl.Int32: 2**31 - 1, pl.Int64: 2**63 - 1}


def read_heard(
    turns: Iterable[str], turns_name: str, calls: Iterable[str] | None, calls_name: str, timezone: str
) -> Heard:
    """What the files' lines say, as the judge takes it. Raises InputError naming file, line and field."""
    rows, words = [], []
    for place, data in _lines(turns, turns_name):
        row, own_words = _turn(place, data)
        rows.append(row)
        words += own_words
    said = _indexed(pl.DataFrame(rows, schema={**TURNS, "line": pl.Int64}, orient="row"), turns_name)
    attempts = _attempts(calls, calls_name, timezone)
    spoken = said["call_id"].unique(maintain_order=True)
    unlisted = spoken.filter(~spoken.is_in(attempts["call_id"].implode()))
    attempts = pl.concat([attempts, pl.DataFrame({"call_id": unlisted})], how="diagonal")
    timed = pl.DataFrame(
        words,
        schema={"line": pl.Int64, **{k: v for k, v in WORDS.items() if k not in ("call_id", "turn_index")}},
        orient="row",
    )
    timed = timed.join(said.select("line", "call_id", "turn_index"), on="line", how="inner", maintain_order="left")
    return Heard(attempts, empty(AUDIO), said.select(TURNS.names()), timed.select(WORDS.names()), empty(ACOUSTICS))


def _lines(lines: Iterable[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of the non-empty lines, each with `file:line` for errors and its number as `line`."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{place}: not valid JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            problem = "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
            raise InputError(f"{place}: not valid JSON: {problem}") from None
        if not isinstance(data, dict):
            raise InputError(f"{place}: expected one object a line, found {type(data).__name__}")
        yield place, {**data, "line": number}


def _turn(place: str, data: dict[str, Any]) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
    _no_typos(place, data, TURN_FIELDS | {"line"})
    call = _field(place, data, "call_id", _text)
    role = _field(place, data, "role", _text)
    if role not in ROLES:
        raise InputError(f"{place}: role: {role!r} is not one of {', '.join(ROLES)}")
    start = _field(place, data, "start_ms", _time)
    end = _field(place, data, "end_ms", _time)
    if end < start:
        raise InputError(f"{place}: end_ms: {end} lies before start_ms {start}")
    text = _field(place, data, "text", _words_said)
    index = _field(place, data, "turn_index", _time, optional=True)
    shares = [_field(place, data, name, _share, optional=True) for name in ("role_confidence", "word_probability")]
    words = _words(place, data, text)
    return (call, index, role, start, end, text, *shares, data["line"]), words


def _words(place: str, data: dict[str, Any], text: str) -> list[tuple[Any, ...]]:
    if data.get("words") is None:
        return []
    if not isinstance(data["words"], list):
        raise InputError(f"{place}: words: expected a list")
    rows, position = [], 0
    for number, word in enumerate(data["words"]):
        at = f"{place}: words[{number}]"
        if not isinstance(word, dict):
            raise InputError(f"{at}: expected an object")
        _no_typos(at, word, WORD_FIELDS)
        if "start" in word or "text" not in word:
            start, end = _field(at, word, "start", _time), _field(at, word, "end", _time)
        else:
            said = _field(at, word, "text", _words_said).strip()
            start = text.find(said, position)
            if start < 0:
                raise InputError(f"{at}: text: is not in the turn's text after the word before")
            end = start + len(said)
        if not 0 <= start <= end <= len(text):
            raise InputError(f"{at}: start, end: {start}..{end} lies outside the text of {len(text)} characters")
        position = end
        first, last = _field(at, word, "start_ms", _time), _field(at, word, "end_ms", _time)
        if last < first:
            raise InputError(f"{at}: end_ms: {last} lies before start_ms {first}")
        rows.append((data["line"], start, end, first, last, _field(at, word, "probability", _share, optional=True)))
    return rows


def _indexed(turns: pl.DataFrame, name: str) -> pl.DataFrame:
    """Turns with an index of their own: as given, or by their start within the call."""
    given = turns["turn_index"].is_not_null()
    if given.any() and not given.all():
        raise InputError(f"{name}:{turns.filter(~given)['line'][0]}: turn_index: give it on every line or on none")
    if not given.any():
        turns = turns.sort("call_id", "start_ms", "end_ms", "line", maintain_order=True)
        return turns.with_columns(turn_index=pl.int_range(pl.len(), dtype=pl.Int32).over("call_id"))
    if len(twice := turns.filter(pl.struct("call_id", "turn_index").is_duplicated())):
        line = twice.sort("line")["line"].max()
        raise InputError(f"{name}:{line}: turn_index: the call has this index on another line too")
    return turns


def _attempts(lines: Iterable[str] | None, name: str, timezone: str) -> pl.DataFrame:
    if lines is None:
        return empty(ATTEMPTS)
    rows, seen = [], {}
    for place, data in _lines(lines, name):
        _no_typos(place, data, {*ATTEMPTS.names(), "line"})
        call = _field(place, data, "call_id", _text)
        if call in seen:
            raise InputError(f"{place}: call_id: {call!r} stands on line {seen[call]} too; every call needs one line")
        seen[call] = data["line"]
        zone = _field(place, data, "timezone", _zone, optional=True) or timezone
        row = {
            column: _field(place, data, column, _reader(column, dtype, zone), optional=True)
            for column, dtype in ATTEMPTS.items()
        }
        moments = [(name, row[name]) for name in ("dialed_at", "answered_at", "ended_at") if row[name] is not None]
        for (first, earlier), (second, later) in pairwise(moments):
            if later < earlier:
                raise InputError(f"{place}: {second}: lies before {first}")
        if (row["talk_ms"] or 0) < 0:
            raise InputError(f"{place}: talk_ms: {row['talk_ms']} is below 0")
        rows.append(row | {"call_id": call, "timezone": zone})
    frame = pl.DataFrame(rows, schema=ATTEMPTS, orient="row") if rows else empty(ATTEMPTS)
    spent = (pl.col("ended_at") - pl.col("answered_at")).dt.total_milliseconds()
    return frame.with_columns(talk_ms=pl.coalesce("talk_ms", spent))


# --- single values --------------------------------------------------------------------------------------------------


def _field(place: str, data: dict[str, Any], name: str, read: Callable[[Any], Any], *, optional: bool = False) -> Any:
    value = data.get(name)
    if value is None:
        if optional:
            return None
        raise InputError(f"{place}: {name}: is missing")
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{place}: {name}: {error}") from None


def _no_typos(place: str, data: dict[str, Any], known: set[str]) -> None:
    for name in data.keys() - known:
        if near := get_close_matches(name, known - data.keys(), n=1, cutoff=0.85):
            raise InputError(f"{place}: {name}: unknown field; did you mean {near[0]!r}?")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a text")
    return _words_said(value)


def _words_said(value: Any) -> str:
    """Text as it stands; half of a surrogate pair, which no encoding can carry, becomes U+FFFD in its place."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value) if not _encodable(value) else value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _time(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or not 0 <= value <= MAX_MS:
        raise ValueError(f"{value!r} is not a whole number from 0 to {MAX_MS}")
    return int(value)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is not a number from 0 to 1")
    return float(value)


def _zone(value: Any) -> str:
    try:
        ZoneInfo(value)
    except Exception:
        raise ValueError(f"{value!r} is not an IANA time zone such as Asia/Shanghai") from None
    return value


def _reader(column: str, dtype: Any, zone: str) -> Callable[[Any], Any]:
    if column in KNOWN_VALUES:
        return lambda value: _one_of(value, KNOWN_VALUES[column])
    if dtype == pl.String:
        return lambda value: _words_said(value if isinstance(value, str) else _refuse(value, "a text"))
    if dtype == pl.Boolean:
        return lambda value: value if isinstance(value, bool) else _refuse(value, "true or false")
    if dtype == pl.Date:
        return lambda value: (
            date.fromisoformat(value) if isinstance(value, str) else _refuse(value, "a date such as 2026-11-20")
        )
    if dtype == INSTANT:
        return lambda value: _instant(value, zone)
    return lambda value: _whole(value, _LARGEST[dtype])


def _one_of(value: Any, known: tuple[Any, ...]) -> Any:
    if isinstance(value, bool) or value not in known:
        _refuse(value, f"one of {', '.join(map(str, known))}")
    return value


def _whole(value: Any, largest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > largest:
        _refuse(value, f"a whole number up to {largest}")
    return value


def _instant(value: Any, zone: str) -> datetime:
    if not isinstance(value, str):
        _refuse(value, "an instant such as 2026-11-20T09:30:00+08:00")
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _refuse(value: Any, wanted: str) -> Any:
    raise ValueError(f"{value!r} is not {wanted}")


def read_files(turns: Path, calls: Path | None, timezone: str) -> Heard:
    """`read_heard` on two files, read once from top to bottom as UTF-8."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        opened = [stack.enter_context(_open(path)) if path else None for path in (turns, calls)]
        said, facts = (
            _decoded(file, path) if file else None for file, path in zip(opened, (turns, calls), strict=True)
        )
        return read_heard(said, str(turns), facts, str(calls), timezone)


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _decoded(lines: Iterable[bytes], path: Path) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}:{number}: not UTF-8 at byte {error.start} of the line; save it as UTF-8"
            ) from None
