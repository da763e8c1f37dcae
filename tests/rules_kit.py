# ruff: noqa: E501  tables of cases read best one case a line
"""Calls written in a few words, for the tests of the rules.

    call("c1", "agent: 您好", "customer 12s: 是我", stage="M1", outcome="PTP", sound=["silence 20s 9s none"])

A turn is `role: text` or `role 12s: text` (start of the turn); without a time it follows the one before. A sound is
`kind start length role`, for kinds in other units `kind start length role value`.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from inspection import tables
from inspection.rules.judge import Heard
from inspection.rules.rulebook import Rulebook, load_rulebook

PACKS = Path(__file__).parent.parent / "lexicons"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
MS_A_CHARACTER = 200


@functools.cache
def pack(name: str = "zh-CN") -> Rulebook:
    return load_rulebook(PACKS / name)


def call(call_id: str, *turns: str, sound: list[str] | None = None, audio: dict[str, Any] | None = None,
         word_probability: float | None = 0.9, role_confidence: float | None = 1.0, **facts: Any) -> dict[str, Any]:  # fmt: skip
    return {"id": call_id, "turns": turns, "sound": sound, "audio": audio, "facts": facts,
            "probability": word_probability, "confidence": role_confidence}  # fmt: skip


def day(calls: list[dict[str, Any]], skips: list[tuple[str, str]] = ()) -> Heard:
    """The calls as the judge takes them. `audio` (also {}) or `sound` gives a call a recording's measures."""
    attempts, audio, turns, acoustics = [], [], [], []
    for one in calls:
        said = list(_turns(one))
        end = max((turn["end_ms"] for turn in said), default=0) + 500
        attempts.append(_attempt(one, end))
        turns += said
        if one["audio"] is not None or one["sound"] is not None:
            audio.append(_audio(one, said, end))
        acoustics += [_sound(one["id"], text) for text in one["sound"] or ()]
    return Heard(
        _frame(attempts, tables.ATTEMPTS), _frame(audio, tables.AUDIO), _frame(turns, tables.TURNS),
        tables.empty(tables.WORDS), _frame(acoustics, tables.ACOUSTICS),
        _frame([{"call_id": c, "stage": "intake", "reason": r} for c, r in skips], tables.SKIPS),
    )  # fmt: skip


def verdicts(findings: pl.DataFrame, call_id: str) -> dict[str, str]:
    return dict(findings.filter(pl.col("call_id") == call_id).select("rule_id", "verdict").iter_rows())


def _turns(one: dict[str, Any]):
    at = 0
    for index, text in enumerate(one["turns"]):
        role, start, said = re.fullmatch(r"(\w+)(?: ([\d.]+)s)?: ?(.*)", text, re.DOTALL).groups()
        at = round(float(start) * 1000) if start else at
        end = at + max(len(said), 2) * MS_A_CHARACTER
        yield {"call_id": one["id"], "turn_index": index, "role": role, "start_ms": at, "end_ms": end, "text": said,
               "role_confidence": one["confidence"], "word_probability": one["probability"]}  # fmt: skip
        at = end + 300


def _attempt(one: dict[str, Any], end_ms: int) -> dict[str, Any]:
    facts = dict(one["facts"])
    answered = facts.pop("answered", True)
    dialed = facts.pop("dialed_at", NOON)
    facts.setdefault("talk_ms", end_ms if answered else 0)
    answered_at = dialed + timedelta(seconds=6) if answered else None
    base = {
        "call_id": one["id"], "business_date": date(2026, 11, 20), "direction": "outbound", "timezone": "Asia/Shanghai",
        "debtor_id": one["id"], "case_id": f"case {one['id']}", "phone_key": f"phone {one['id']}", "phone_owner": "debtor",
        "dialed_at": dialed.astimezone(UTC), "answered_at": answered_at and answered_at.astimezone(UTC),
        "ended_at": (dialed + timedelta(seconds=6, milliseconds=facts["talk_ms"])).astimezone(UTC),
    }  # fmt: skip
    return base | facts


def _audio(one: dict[str, Any], said: list[dict[str, Any]], end: int) -> dict[str, Any]:
    spoken = {role: sum(t["end_ms"] - t["start_ms"] for t in said if t["role"] in who) for role, who in (
        ("agent", ("agent", "robot")), ("customer", ("customer",)))}  # fmt: skip
    first = min((t["start_ms"] for t in said if t["role"] in ("agent", "robot")), default=None)
    return {
        "call_id": one["id"], "audio_sha256": f"sha {one['id']}", "duration_ms": end, "layout": "stereo", "quality_flags": [],
        "role_confidence": one["confidence"], "word_probability": one["probability"], "speech_ms": sum(spoken.values()),
        "agent_speech_ms": spoken["agent"], "customer_speech_ms": spoken["customer"], "silence_ms": 0,
        "first_agent_word_ms": first, "dead_end_ms": 500,
    } | (one["audio"] or {})  # fmt: skip


def _sound(call_id: str, text: str) -> dict[str, Any]:
    kind, start, length, role, *value = text.split()
    start_ms, length_ms = round(float(start.rstrip("s")) * 1000), round(float(length.rstrip("s")) * 1000)
    return {"call_id": call_id, "kind": kind, "role": role, "start_ms": start_ms, "end_ms": start_ms + length_ms,
            "value": float(value[0]) if value else float(length_ms)}  # fmt: skip


def _frame(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    return (
        tables.conform(pl.DataFrame(rows, infer_schema_length=None), schema, table="test")
        if rows
        else tables.empty(schema)
    )
