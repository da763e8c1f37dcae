# ruff: noqa: E501  tables of cases read best one case a line
"""The examples of docs/rules.md are run as they stand, and its list of facts is complete."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from rules_kit import call, day, pack, verdicts

from inspection.rules.conditions import COMPARISONS, KINDS
from inspection.rules.facts import FACTS
from inspection.rules.judge import judge
from inspection.rules.language import MODIFIERS
from inspection.rules.rulebook import with_rules

MANUAL = Path(__file__).parent.parent / "docs" / "rules.md"
TEXT = MANUAL.read_text("utf-8")
EXAMPLES = [
    yaml.safe_load(block)
    for block in re.findall(r"```yaml\n(fail:.*?|applies:.*?|needs:.*?|related:.*?)```", TEXT, re.DOTALL)
]
CASES = [(number, position) for number, example in enumerate(EXAMPLES) for position in range(len(example["calls"]))]


@pytest.fixture(scope="module")
def judged():
    """All examples in one go: rule N is example N, and its calls are named N-0, N-1, …"""
    rules, calls = [], []
    for number, example in enumerate(EXAMPLES):
        rules.append({"id": f"R{number}", "title": "example", "severity": "minor", "needs": "words", "source": "manual", "reason": "…"}
                     | {key: value for key, value in example.items() if key != "calls"})  # fmt: skip
        for position, one in enumerate(example["calls"]):
            facts = {"debtor_id": f"d{number}-{position}"} | one.get("facts", {})
            if "phone_key" in facts:
                facts["phone_key"] += str(number)
            if "dialed_at" in facts:
                facts["dialed_at"] = datetime.fromisoformat(facts["dialed_at"])
            extra = {"word_probability": one["word_probability"]} if "word_probability" in one else {}
            calls.append(call(f"{number}-{position}", *one.get("say", ()), sound=one.get("sound"), **extra, **facts))
    return judge(with_rules(pack(), rules), day(calls)).findings


@pytest.mark.parametrize(("number", "position"), CASES)
def test_an_example_of_the_manual_holds(judged, number, position):
    found = verdicts(judged, f"{number}-{position}")
    assert found[f"R{number}"] == EXAMPLES[number]["calls"][position]["verdict"], EXAMPLES[number]


def test_the_manual_has_examples_with_both_outcomes():
    assert len(EXAMPLES) >= 20
    for example in EXAMPLES:
        assert len({one["verdict"] for one in example["calls"]}) >= 2, example


def test_the_manual_shows_every_word_of_the_language():
    shown = {key for example in EXAMPLES for key in re.findall(r"[a-z_]+", str(example))}
    assert {*KINDS, *MODIFIERS, "say", "patterns", "missing", "all", "any", "not"} <= shown | {"not_after", "not_near"}
    assert set(COMPARISONS) <= set(re.findall(r"`([a-z_]+)`", TEXT))


def test_the_manual_lists_every_fact():
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == set(FACTS)
