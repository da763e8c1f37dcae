# ruff: noqa: E501  tables of cases read best one case a line
"""The examples of docs/rules.md are run as they stand, and its list of facts is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from rules_kit import call, day, pack, verdicts

from inspection.rules.conditions import COMPARISONS, KINDS, STATES
from inspection.rules.evidence import WHO
from inspection.rules.facts import FACTS
from inspection.rules.factsheet import across_calls
from inspection.rules.judge import judge
from inspection.rules.language import ACOUSTIC, COUNTS, DISTANCES, MODIFIERS, SPOKEN, SUGAR
from inspection.rules.rulebook import with_rules
from inspection.rules.sources import axis
from inspection.tables import HITS, empty

MANUAL = Path(__file__).parent.parent / "docs" / "rules.md"
TEXT = MANUAL.read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
EXAMPLES = [
    one
    for block in BLOCKS
    for one in (block if isinstance(block, list) else [block])
    if isinstance(one, dict) and "calls" in one
]
"""`each` of an example holds facts of all its calls."""
KEYS = ("phone_key", "debtor_id", "case_id")
"""Facts by which calls belong together; every example has its own."""
CASES = [(number, position) for number, example in enumerate(EXAMPLES) for position in range(len(example["calls"]))]


@pytest.fixture(scope="module")
def judged():
    """All examples in one go: rule N is example N, and its calls are named N-0, N-1, …"""
    rules, calls = [], []
    for number, example in enumerate(EXAMPLES):
        rules.append({"id": f"R{number}", "title": "example", "severity": "minor", "needs": "words", "source": "manual", "reason": "…"}
                     | {key: value for key, value in example.items() if key not in ("calls", "each")})  # fmt: skip
        for position, one in enumerate(example["calls"]):
            facts = example.get("each", {}) | one.get("facts", {})
            facts = {"debtor_id": f"-{position}"} | facts
            facts |= {key: f"{facts[key]} of {number}" for key in KEYS if key in facts}
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


def words_of(node: object) -> Iterator[str]:
    """Every key and every text of a condition."""
    if isinstance(node, dict):
        yield from (word for key, value in node.items() for word in (key, *words_of(value)))
    elif isinstance(node, list):
        yield from (word for one in node for word in words_of(one))
    elif isinstance(node, str):
        yield node


ACROSS = across_calls(axis(day([call("c")]).attempts), empty(HITS), None, "Asia/Shanghai", lambda *_: 3).facts
LANGUAGE = {
    "kinds of evidence": KINDS,
    "operators": {*MODIFIERS, "say", "patterns", "missing", "all", "any", "not", "applies"},
    "distances": DISTANCES,
    "counts": COUNTS,
    "comparisons": COMPARISONS,
    "short forms": SUGAR,
    "states of a checkpoint": set(STATES) - {"unsure", "not_applicable"},
    "sounds": ACOUSTIC,
    "numbers": SPOKEN,
    "persons": WHO,
    "facts across calls": set(ACROSS.columns) - {"call_id"},
}  # fmt: skip
"""unsure and not_applicable cannot be asked for: they become the rule's verdict, as an example shows."""


@pytest.mark.parametrize("part", LANGUAGE)
def test_the_manual_runs_an_example_of_every_word_of_the_language(part):
    conditions = [{key: one[key] for key in ("fail", "applies") if key in one} for one in EXAMPLES]
    assert set(LANGUAGE[part]) - {word for one in conditions for word in words_of(one)} == set()
    assert set(LANGUAGE[part]) <= set(re.findall(r"[a-z_0-9]+", TEXT))


def test_the_manual_lists_every_fact():
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == set(FACTS)
