"""Loads a rulebook and refuses it as a whole when anything in it is wrong, before the first call is judged.

A rulebook is a folder of data: rulebook.yaml (name, thresholds), lexicon/, scripts/, rules/, scorecards.yaml and
dispositions.yaml. Its fingerprint is the SHA-256 over the names and bytes of all its files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from inspection.errors import RulebookError
from inspection.lexicon.load import load_lexicon, refuse_failing_cases
from inspection.lexicon.matcher import Probe, build
from inspection.lexicon.safe_yaml import read_yaml as read
from inspection.rules.checks import fields, listed
from inspection.rules.cleared import PhraseGuards, accusing
from inspection.rules.conditions import Select, walk
from inspection.rules.disposition import Dispositions, read_dispositions
from inspection.rules.evidence import WHY
from inspection.rules.facts import FACTS
from inspection.rules.language import Names, Reader, milliseconds
from inspection.rules.model import (
    NEEDS,
    SEVERITIES,
    SLOTS,
    STATUSES,
    Identity,
    Phrase,
    Rule,
    Scorecard,
    Script,
    Threshold,
)
from inspection.rules.scorecard import read_scorecards
from inspection.rules.script import DETAILS
from inspection.rules.scriptbook import read_scripts

RULE_FIELDS = {"id", "version", "title", "severity", "status", "needs", "source", "confidence", "applies", "fail",
               "reason", "clears", "expected", "related", "role"}  # fmt: skip


SPEAKERS = frozenset({"agent", "robot", "customer"})


@dataclass(frozen=True)
class Rulebook:
    """A whole rulebook, checked. `probes` is everything the single pass over the words looks for."""

    folder: Path
    name: str
    version: str
    language: str
    fingerprint: str
    timezone: str
    thresholds: dict[str, Threshold]
    lexicon: Any
    phrases: dict[str, Phrase]
    identity: Identity
    scripts: tuple[Script, ...]
    rules: tuple[Rule, ...]
    scorecards: tuple[Scorecard, ...]
    dispositions: Dispositions
    sentences: dict[str, str]

    def threshold(self, name: str, default: Any = None) -> Any:
        """The value of a threshold the engine itself reads, durations in ms; the lint has checked that it is there."""
        value = self.thresholds[name].value if name in self.thresholds else default
        return milliseconds(value) if isinstance(value, str) and milliseconds(value) is not None else value

    def names(self) -> Names:
        """What conditions written for this rulebook may refer to."""
        checkpoints = {one.id for script in self.scripts for one in script.checkpoints} | {"verbatim"}
        return Names(
            {name: one.value for name, one in self.thresholds.items()}, _entry_ids(self.lexicon),
            frozenset(self.spoken), frozenset(checkpoints),
        )  # fmt: skip

    @cached_property
    def repeat_roles(self) -> frozenset[str]:
        """Whose repetitions a rule asks about; nobody else's sentences are compared."""
        nodes = (node for rule in self.rules for node in walk(rule.fail))
        asked = [node.roles for node in nodes if isinstance(node, Select) and node.kind == "repeat"]
        return frozenset().union(*(roles or SPEAKERS for roles in asked))

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        said = self.spoken.values()
        probes = (probe for phrase in said for probe in phrase_probes(phrase, guarded=phrase.id in self.phrase_guards))
        return (*self.lexicon.probes, *probes)

    @property
    def spoken(self) -> dict[str, Phrase]:
        """Every phrase that rules, scripts and identity look for."""
        return self.phrases | {one.id: one for one in (self.identity.ask, *self.identity.says.values())}

    @cached_property
    def phrase_guards(self) -> PhraseGuards:
        return PhraseGuards.of(self.lexicon, self.spoken, accusing(self.rules))

    @cached_property
    def matcher(self) -> Any:
        """Built once a process: the automaton cannot be handed to another one."""
        return build(self.probes, self.lexicon.folding, self.lexicon.syllables)


def phrase_probes(phrase: Phrase, *, guarded: bool = False) -> Iterator[Probe]:
    """A phrase and, as a probe of its own, what clears it. guarded: with the words around it, for the guards."""
    yield Probe(phrase.id, "phrase", phrase.terms, phrase.patterns, phrase.homophone, context=guarded)
    if phrase.exceptions:
        yield Probe(phrase.id, "clears", phrase.exceptions, (), False)


def fingerprint(folder: Path) -> str:
    """SHA-256 over relative names and bytes of all files of the rulebook, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def load_rulebook(folder: Path) -> Rulebook:
    """The rulebook in that folder. Raises RulebookError naming file, place and remedy for the first mistake."""
    folder = Path(folder)
    if not (folder / "rulebook.yaml").is_file():
        raise RulebookError(f"{folder}: no rulebook.yaml there; give the folder of a rulebook such as lexicons/zh-CN")
    head = _head(folder / "rulebook.yaml")
    lexicon = load_lexicon(folder, check_cases=False)
    thresholds = head["thresholds"]
    names = Names({name: one.value for name, one in thresholds.items()}, _entry_ids(lexicon))
    phrases, identity, script_list = read_scripts(folder / "scripts", names)
    rules = _rules(folder / "rules", names)
    _refuse_short(folder, [*phrases.values(), identity.ask, *identity.says.values()], lexicon.folding)
    cards = read_scorecards(folder / "scorecards.yaml", names, {rule.id: rule for rule in rules})
    rulebook = Rulebook(
        folder=folder, name=head["name"], version=str(head["version"]), language=head["language"],
        fingerprint=fingerprint(folder), timezone=head["timezone"], thresholds=thresholds, lexicon=lexicon,
        phrases=phrases | _inline(names), identity=identity, scripts=script_list, rules=rules, scorecards=cards,
        dispositions=read_dispositions(folder / "dispositions.yaml"), sentences=head["sentences"],
    )  # fmt: skip
    refuse_failing_cases(lexicon, rulebook.matcher)
    return rulebook


ENGINE_THRESHOLDS = {
    "min_word_probability", "min_role_confidence", "min_call_word_probability", "min_characters_a_second",
    "weak_quality_flags", "short_call", "deadline_tolerance", "effective_talk", "failures_before_contact",
    "verbatim_run", "line_similarity", "repeat_similarity", "repeat_min_characters", "amount_tolerance",
}  # fmt: skip
SENTENCES = {
    "cleared", "several", "unsure", *WHY[1:], "weak_hearing", "out_of_scope", "no_words", "no_sound", "no_fact",
    "verbatim", "line_altered", "line_slot", "line_added", "line_missing", "line_early", "slot_empty", "slot_doubtful",
    "slot_unknown", *(f"slot_{name}" for name in SLOTS), *(f"checkpoint_{name}" for name in DETAILS[1:]),
}  # fmt: skip


def with_rules(rulebook: Rulebook, bodies: list[Any], place: str = "rules") -> Rulebook:
    """The same rulebook with these rules (as YAML reads them) in place of its own, without scorecards: to try one.

    Raises RulebookError naming the rule and the mistake, as loading does.
    """
    names = rulebook.names()
    rules = tuple(read_rule(body, f"{place}: {body.get('id', number)}", names) for number, body in enumerate(bodies))
    return replace(rulebook, rules=rules, scorecards=(), phrases=rulebook.phrases | _inline(names))


def _inline(names: Names) -> dict[str, Phrase]:
    """The phrases written inside conditions."""
    return dict(names.said)


def _entry_ids(lexicon: Any) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for entry in lexicon.entries:
        ids.setdefault(entry.category, []).append(entry.id)
        ids.setdefault(entry.id, []).append(entry.id)
    return ids


def _head(path: Path) -> dict[str, Any]:
    data = fields(read(path), path, required={"name", "version", "language", "timezone", "thresholds", "sentences"})
    thresholds = {}
    for name, body in fields(data["thresholds"], f"{path}: thresholds").items():
        one = fields(body, f"{path}: thresholds.{name}", required={"value", "source", "confidence"})
        thresholds[name] = Threshold(name, one["value"], str(one["source"]), str(one["confidence"]))
    for kind, needed, present in (
        ("thresholds", ENGINE_THRESHOLDS, thresholds),
        ("sentences", SENTENCES, data["sentences"]),
    ):
        if missing := sorted(needed - set(present)):
            raise RulebookError(f"{path}: {kind}: {missing[0]!r} is missing; the engine needs it")
    return {**data, "thresholds": thresholds}


def _refuse_short(folder: Path, phrases: list[Phrase], folding: Any) -> None:
    """Folding drops fillers (就是说, 这个): what is left of a phrase must still say something."""
    for phrase in phrases:
        for text in (*phrase.terms, *phrase.exceptions):
            if len(folding.text(text)) < 2:
                left = folding.text(text)
                raise RulebookError(
                    f"{folder / 'scripts'}: {phrase.id}: {text!r} folds to {left!r}; write a longer phrase"
                )


def _rules(folder: Path, names: Names) -> tuple[Rule, ...]:
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        for number, body in enumerate(listed(read(path), path)):
            label = body.get("id", f"rule {number + 1}") if isinstance(body, dict) else f"rule {number + 1}"
            rule = read_rule(body, f"{path}: {label}", names)
            if rule.id in rules:
                raise RulebookError(
                    f"{path}: {rule.id}: this id is taken by another rule; ids are unique in a rulebook"
                )
            rules[rule.id] = rule
    if not rules:
        raise RulebookError(f"{folder}: no rules there")
    return tuple(rule for rule in rules.values() if rule.status != "retired")


def read_rule(body: Any, place: str, names: Names) -> Rule:
    """One rule from its YAML; see docs/rules.md for the fields."""
    data = fields(
        body, place, required={"id", "title", "severity", "needs", "source", "fail", "reason"}, allowed=RULE_FIELDS
    )
    for key, allowed in (("severity", SEVERITIES), ("status", STATUSES), ("needs", NEEDS)):
        if data.get(key, allowed[0]) not in allowed:
            raise RulebookError(f"{place}: {key}: {data[key]!r} is not one of {', '.join(allowed)}")
    for fact in re.findall(r"\{(\w+)\}", data["reason"]):
        if fact not in FACTS:
            raise RulebookError(f"{place}: reason: unknown fact {fact!r} in braces; facts are listed in docs/rules.md")
    if (related := data.get("related")) is not None and related not in FACTS:
        raise RulebookError(f"{place}: related: unknown fact {related!r}")
    return Rule(
        id=str(data["id"]), version=int(data.get("version", 1)), title=data["title"], severity=data["severity"],
        status=data.get("status", "live"), needs=data["needs"], source=str(data["source"]),
        confidence=str(data.get("confidence", "unverified")), reason=data["reason"], clears=data.get("clears", ""),
        expected=data.get("expected", ""),
        fail=Reader(names, f"{place}: fail", sense=1).condition(data["fail"]),
        applies=Reader(names, f"{place}: applies").condition(data["applies"]) if "applies" in data else None,
        related=related, role=data.get("role", "staff"),
    )  # fmt: skip
