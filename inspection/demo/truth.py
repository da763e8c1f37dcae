"""The truth about the sample day as frames, read from day/truth.json.

truth = load_truth()
truth.calls         # one row a written call: id, call_id, format, layout, fault, expected, who, clean
truth.characters    # one row a character that can be heard, in the order of the calls and of their turns
truth.planted       # one row a planted violation: call_id, violation, rule, category, checkpoint, severity, times
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from inspection.demo.texts import DAY, load_day

CALLS = dict.fromkeys(("id", "call_id", "recording", "format", "layout", "fault", "expected", "who"), pl.String)
PLANTED = dict.fromkeys(("call_id", "violation", "rule", "category", "checkpoint", "severity", "title"), pl.String)
PLANTED |= {"heard": pl.Boolean, "start_ms": pl.Int64, "end_ms": pl.Int64}
CHARACTERS = {"call_id": pl.String, "turn": pl.Int32, "role": pl.String, "character": pl.String}
CHARACTERS |= {"start_ms": pl.Int64, "end_ms": pl.Int64}


@dataclass(frozen=True)
class Truth:
    """`calls` also holds the recording without an outcome (its call_id is null) and has a Boolean `clean`.

    A planted violation has times where one turn proves it; `heard` says whether it takes ears to find it.
    """

    business_date: date
    listed: int
    calls: pl.DataFrame
    characters: pl.DataFrame
    planted: pl.DataFrame


def load_truth(folder: Path = DAY) -> Truth:
    """The truth that `build_day` wrote to `folder`."""
    content = json.loads((folder / "truth.json").read_text("utf-8"))
    calls = content["calls"]
    listed = [call for call in calls if call["call_id"]]
    return Truth(
        business_date=date.fromisoformat(content["business_date"]),
        listed=content["listed"],
        calls=pl.DataFrame(
            [{name: call[name] for name in (*CALLS, "clean")} for call in calls], schema_overrides=CALLS
        ),
        characters=pl.DataFrame(
            [row for call in listed if call["expected"] == "inspected" for row in _characters(call)],
            CHARACTERS,
            orient="row",
        ),
        planted=pl.DataFrame([*_planted_in_calls(listed), *_planted_in_attempts(content["attempts"])], PLANTED),
    )


def _characters(call: dict[str, Any]) -> list[tuple]:
    return [
        (call["call_id"], index, turn["role"], character, turn["at"][2 * place], turn["at"][2 * place + 1])
        for index, turn in enumerate(call["turns"])
        if turn["audible"]
        for place, character in enumerate(turn["characters"])
    ]


def _planted_in_calls(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for call in calls:
        for planted in call["planted"]:
            turn = {} if planted["turn"] is None else call["turns"][planted["turn"]]
            times = {"start_ms": turn.get("start_ms"), "end_ms": turn.get("end_ms")}
            rows.append(_row(call["call_id"], planted["violation"], planted) | times)
    return rows


def _planted_in_attempts(attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    violations = load_day().violations
    return [_row(one["call_id"], violation, violations[violation]) for one in attempts for violation in one["breaks"]]


def _row(call_id: str, violation: str, about: dict[str, Any]) -> dict[str, Any]:
    names = ("rule", "category", "checkpoint", "severity", "title")
    facts = {name: about.get(name) for name in names}
    return {"call_id": call_id, "violation": violation, **facts, "heard": about.get("heard", True)}
