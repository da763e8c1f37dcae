# ruff: noqa: E501  tables of cases read best one case a line
"""What a guard clears accuses nobody: phrases of rules and scripts, by the use that a rule makes of them."""

from __future__ import annotations

import pytest
from rules_kit import call, day, pack, verdicts

from inspection.errors import RulebookError
from inspection.rules.judge import judge
from inspection.rules.rulebook import with_rules

OPEN = {"say": ["打开窗户"], "role": "agent"}
DENIED, SAID = "agent: 我们不会打开窗户", "agent: 我来打开窗户"

USES = [  # what the condition says, the condition, what is said, verdict
    ("being said fails", OPEN, SAID, "fail"),
    ("denied, it does not", OPEN, DENIED, "pass"),
    ("quoted, it does not", OPEN, "agent: 骗子会说打开窗户", "pass"),
    ("warned against, it does not", OPEN, "agent: 谨防有人打开窗户", "pass"),
    ("a question is the customer's only", OPEN, "agent: 要打开窗户吗", "fail"),
    ("a customer who asks accuses nobody", {"say": ["打开窗户"]}, "customer: 要打开窗户吗", "pass"),
    ("one of several", {"any": [OPEN, {"say": ["关上窗户"]}]}, DENIED, "pass"),
    ("all of several", {"all": [OPEN, {"say": ["窗户"]}]}, DENIED, "pass"),
    ("required, a denial will do", {"missing": OPEN}, DENIED, "pass"),
    ("not not is being said", {"not": {"missing": OPEN}}, DENIED, "pass"),
    ("too seldom is required", OPEN | {"count": {"at_most": 0}}, DENIED, "pass"),
    ("what excuses is not asked", {"say": ["关门"], "not_after": OPEN}, DENIED + "，等一下我再来关门", "pass"),
    ("what goes before is not asked", {"say": ["关门"], "after": OPEN}, DENIED + "，等一下我再来关门", "fail"),
    ("guards written out hold in every use", {"missing": OPEN | {"guards": ["negation"]}}, DENIED, "fail"),
    ("one guard is that one", OPEN | {"guards": ["quotation"]}, DENIED, "fail"),
    ("no guard is none", OPEN | {"guards": []}, DENIED, "fail"),
    ("between the phrases of a pattern", {"say": ["关门"], "patterns": ["[派人] ..6 [窗户]"]}, "agent: 派人也不会开窗户", "pass"),
    ("a pattern that says the cue itself", {"say": ["关门"], "patterns": ["[窗户] ..2 [不会] ..2 [打开]"]}, "agent: 窗户不会打开", "fail"),
    ("a phrase of the scripts", {"phrase": "private_contact"}, "agent: 您不用加我微信", "pass"),
    ("a phrase that is told by being named", {"phrase": "debt_term"}, "agent: 您没有欠款", "fail"),
]  # fmt: skip


@pytest.fixture(scope="module")
def found():
    rules = [
        {"id": f"R{i}", "title": "t", "severity": "major", "needs": "words", "source": "s", "reason": "r", "fail": fail}
        for i, (_, fail, _, _) in enumerate(USES)
    ]
    calls = [call(f"{i:02}", *(f"agent:{part}" if ":" not in part else part for part in said.split("，")))
             for i, (_, _, said, _) in enumerate(USES)]  # fmt: skip
    return judge(with_rules(pack(), rules), day(calls)).findings


@pytest.mark.parametrize("number", range(len(USES)), ids=[name for name, *_ in USES])
def test_a_guard_clears_what_accuses_and_nothing_else(found, number):
    assert verdicts(found, f"{number:02}")[f"R{number}"] == USES[number][3]


def test_an_unknown_guard_is_refused_with_its_place():
    rule = {"id": "R", "title": "t", "severity": "major", "needs": "words", "source": "s", "reason": "r",
            "fail": OPEN | {"guards": ["negations"]}}  # fmt: skip
    with pytest.raises(RulebookError, match="R: fail: guards: 'negations' is not one of negation"):
        with_rules(pack(), [rule])
