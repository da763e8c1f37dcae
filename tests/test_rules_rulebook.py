# ruff: noqa: E501  tables of cases read best one case a line
"""A rulebook with a mistake is refused as a whole, with file, place and remedy; a good one has a fingerprint."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml
from rules_kit import PACKS, pack

from inspection.errors import RulebookError
from inspection.rules.conditions import walk
from inspection.rules.rulebook import fingerprint, load_rulebook, with_rules


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A copy of the zh-CN pack to make mistakes in."""
    folder = tmp_path_factory.mktemp("small") / "pack"
    shutil.copytree(PACKS / "zh-CN", folder)
    return folder


def rewrite(path, find, replace):
    text = path.read_text("utf-8")
    assert find in text, f"{find!r} is not in {path.name}"
    path.write_text(text.replace(find, replace, 1), "utf-8")


MISTAKES = {
    "a missing threshold": ("rulebook.yaml", "  short_call:", "  short_cal:", "thresholds: 'short_call' is missing"),
    "a threshold without source": ("rulebook.yaml", 'source: "GB/T 45251-2025；银行业协会催收工作指引（试行）2026", ', "", "thresholds.quiet_from: field 'source' is missing"),
    "a missing sentence": ("rulebook.yaml", "  weak_role:", "  weak_rol:", "sentences: 'weak_role' is missing"),
    "a rule twice": ("rules/words.yaml", "id: CN-ABU-01", "id: CN-THR-01", "CN-THR-01: this id is taken"),
    "a rule without source": ("rules/acoustic.yaml", '  source: "domain §1.5：数据质量"\n', "", "A-MONO: field 'source' is missing"),
    "an unknown severity": ("rules/words.yaml", "severity: fatal", "severity: deadly", "severity: 'deadly' is not one of fatal, major, minor, info"),
    "an unknown field": ("rules/words.yaml", "needs: words", "need: words", "CN-THR-01: field 'needs' is missing"),
    "an unknown category": ("rules/words.yaml", "{hit: threat, role: staff}", "{hit: threats, role: staff}", "CN-THR-01: fail: unknown lexicon category or entry 'threats'; did you mean 'threat'?"),
    "an unknown threshold": ("rules/calls.yaml", "$quiet_from", "$quiet_form", "unknown threshold 'quiet_form'; did you mean 'quiet_from'?"),
    "an unknown fact in a reason": ("rules/calls.yaml", "第 {debtor_effective_today} 通", "第 {debtor_calls} 通", "CN-FREQ-01: reason: unknown fact 'debtor_calls'"),
    "an unknown checkpoint": ("scripts/human-m1.yaml", "id: CP1,", "id: CP99,", "unknown checkpoint 'CP99'"),
    "an unknown slot": ("scripts/robot-m1.yaml", "{name}", "{nickname}", "line opening: unknown slot 'nickname'"),
    "a phrase twice": ("scripts/phrases.yaml", "id: entrusted", "id: debt_term", "debt_term: this id is taken"),
    "a phrase that folds away": ("scripts/phrases.yaml", "[委托, 受托,", "[委托, 那个, 受托,", "entrusted: '那个' folds to ''"),
    "a bad pattern": ("scripts/phrases.yaml", '"[欠] ..6 [元', '"[欠 ..6 [元', "debt_term"),
    "a bad expression": ("scripts/identity.yaml", 'deny: "', 'deny: "(', "identity.deny: not a regular expression"),
    "an expression that the search does not know": ("scripts/identity.yaml", 'deny: "', 'deny: "(?<!是)不是|', "identity.deny: not a regular expression: look-around"),
    "points for an unknown rule": ("scorecards.yaml", "CN-ID-01: 10", "CN-ID-99: 10", "unknown rule 'CN-ID-99'"),
    "points below nothing": ("scorecards.yaml", "CN-ID-01: 10", "CN-ID-01: -10", "CN-ID-01: points must be above 0"),
    "bands with a hole": ("scorecards.yaml", "预警: 0}", "预警: 10}", "the lowest band must start at 0"),
    "a stage without a card": ("scorecards.yaml", "stages: [M0]\n  agent_kinds: [human]", "stages: []\n  agent_kinds: [human]", "calls of stage M0 by agent kind human: no scorecard fits; exactly one must"),
    "a stage with two cards": ("scorecards.yaml", "stages: [M0]\n  agent_kinds: [human]", "stages: [M0, M1]\n  agent_kinds: [human]", "calls of stage M1 by agent kind human: two scorecards fit, human.M1 and human.M0"),
    "a card for an unknown stage": ("scorecards.yaml", "stages: [M0]\n", "stages: [M9]\n", "human.M0: stages: 'M9' is not one of M0, M1, M2, unknown"),
    "a card for half a choice": ("scorecards.yaml", "  stages: [M2]\n  agent_kinds: [robot]\n", "  stages: [M2]\n", "robot.M2: field 'agent_kinds' is missing"),
    "a card chosen in two ways": ("scorecards.yaml", "  stages: [M2]\n  agent_kinds: [robot]\n", "  applies: {agent_kind: robot}\n", "robot.M2: field 'agent_kinds' is missing"),
    "a card like no other": ("scorecards.yaml", "like: human.M2", "like: human.M3", "human.M1: like: 'human.M3' is no scorecard above this one; above are human.M2"),
    "a card without what is not there": ("scorecards.yaml", "without: [CN-CP-07]", "without: [CN-ID-02]", "robot.M0: 'CN-ID-02' has no points in robot.M1"),
    "a code that leads nowhere": ("dispositions.yaml", "ptp: PTP", "ptp: PROMISE", "'ptp' leads to 'PROMISE'"),
    "a missing outcome": ("dispositions.yaml", "  OTHER: 其他\n", "", "outcomes: 'OTHER' is missing"),
    "an alias": ("rules/words.yaml", "- id: CN-THR-01", "- &x\n  id: CN-THR-01", "aliases (& and *) are not allowed"),
    "a doubled key": ("rules/words.yaml", "  severity: fatal", "  severity: fatal\n  severity: minor", "'severity' stands twice"),
    "no YAML": ("rules/words.yaml", "- id: CN-THR-01", "- id: [CN-THR-01", "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_stops_the_load_and_says_where_and_what(small, tmp_path, name, monkeypatch):
    file, find, replace, message = MISTAKES[name]
    folder = tmp_path / "pack"
    shutil.copytree(small, folder)
    rewrite(folder / file, find, replace)
    lexicon = pack().lexicon
    monkeypatch.setattr("inspection.rules.rulebook.load_lexicon", lambda _, **__: lexicon)
    monkeypatch.setattr("inspection.rules.rulebook.refuse_failing_cases", lambda *_: None)
    with pytest.raises(RulebookError) as error:
        load_rulebook(folder).matcher  # noqa: B018  patterns are compiled by the matcher
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_rulebook_with_a_case_that_does_not_hold_is_refused(small, tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(small, folder)
    rewrite(folder / "lexicon" / "abuse.yaml", "hit: true", "hit: false")
    with pytest.raises(RulebookError, match=r"abuse\.yaml: entry abuse\.\w+: cases: .* no hit expected, found"):
        load_rulebook(folder)


def test_a_folder_without_a_rulebook_is_refused(tmp_path):
    with pytest.raises(RulebookError, match=r"no rulebook\.yaml there; give the folder of a rulebook"):
        load_rulebook(tmp_path)


def test_the_fingerprint_covers_every_byte_and_name(small, tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(small, folder)
    first = fingerprint(folder)
    assert first == fingerprint(small) and re.fullmatch("[0-9a-f]{64}", first)
    rewrite(folder / "rules" / "words.yaml", "威胁恐吓", "威胁恐嚇")
    second = fingerprint(folder)
    (folder / "rules" / "words.yaml").rename(folder / "rules" / "words2.yaml")
    assert len({first, second, fingerprint(folder)}) == 3


def test_a_retired_rule_is_not_asked():
    rule = {
        "id": "X",
        "title": "x",
        "severity": "minor",
        "needs": "words",
        "source": "s",
        "reason": "r",
        "fail": {"hit": "threat"},
    }
    assert [r.id for r in with_rules(pack(), [rule]).rules] == ["X"]
    assert all(rule.status != "retired" for rule in pack().rules)


def test_every_threshold_is_used_and_has_a_source_and_every_rule_says_how_sure_its_source_is():
    text = "".join(path.read_text("utf-8") for path in (PACKS / "zh-CN").rglob("*.yaml"))
    from inspection.rules.rulebook import ENGINE_THRESHOLDS

    for name, threshold in pack().thresholds.items():
        assert name in ENGINE_THRESHOLDS or f"${name}" in text, f"{name} is used by nothing"
        assert threshold.source and threshold.confidence in ("H", "M", "L", "unverified")
    for rule in pack().rules:
        assert rule.source and rule.confidence in ("H", "M", "L", "unverified"), rule.id
        assert list(walk(rule.fail))


def test_robots_say_word_for_word_what_the_sample_day_plays():
    day = yaml.safe_load((PACKS.parent / "inspection/demo/day/robot_scripts.yaml").read_text("utf-8"))
    for script in pack().scripts:
        if script.lines:
            assert {line.id: line.text for line in script.lines} == day[script.id]["lines"]
