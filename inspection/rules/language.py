"""From YAML to conditions. Every mistake is refused with its place and with what would be right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from inspection.errors import RulebookError
from inspection.rules.checks import guard_names
from inspection.rules.conditions import CHECKPOINT_STATES, KINDS, Combine, Compare, Either, Events, Node, Select, State
from inspection.rules.evidence import ROLES, WHO
from inspection.rules.facts import DATE, DURATION, FACTS, FLAG, NUMBER, TEXT, TIME
from inspection.rules.model import Phrase
from inspection.rules.relations import Within

ACOUSTIC = ("silence", "overtalk", "interruption", "fast_speech", "loud")
SPOKEN = ("amount", "debt_amount", "date", "due_date", "days_overdue")
SIDES = {
    "after": ("after", True),
    "before": ("before", True),
    "near": ("near", True),
    "not_after": ("after", False),
    "not_before": ("before", False),
    "not_near": ("near", False),
}
MODIFIERS = {
    "role", "while", "first", "last", "lasting", "replied", "value", "unlike", "tolerance", "rounded", "within",
    "count", *SIDES,
}  # fmt: skip
DISTANCES = {"time", "turns", "words", "apart", "turns_apart"}
COUNTS = {"at_least", "at_most", "of"}
SUGAR = ("stage", "agent_kind", "direction", "agency_type")
UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


def milliseconds(text: str) -> int | None:
    """8s, 500ms, 2min or 1h in ms; None for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)", text)
    return round(float(match[1]) * UNITS[match[2]]) if match else None


@dataclass
class Names:
    """What conditions may refer to. `said` collects the phrases written inside conditions, by their new id."""

    thresholds: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Entry ids under each category and under each entry id itself."""
    phrases: frozenset[str] = frozenset()
    checkpoints: frozenset[str] = frozenset()
    said: dict[str, Phrase] = field(default_factory=dict)
    used_thresholds: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reader:
    """Reads one condition; `place` says where it stands, for errors.

    sense: 1 where finding it accuses somebody, -1 where not finding it does, 0 where it only narrows something else.
    """

    names: Names
    place: str
    sense: int = 0

    def at(self, step: str, turn: int = 1) -> Reader:
        place = f"{self.place}.{step}" if not step.startswith("[") else self.place + step
        return Reader(self.names, place, self.sense * turn)

    def fail(self, problem: str) -> RulebookError:
        return RulebookError(f"{self.place}: {problem}")

    # --- conditions ---

    def condition(self, data: Any) -> Node:
        body = self._mapping(data)
        for how in ("all", "any"):
            if how in body:
                self._only(body, {how, "count"} if how == "any" else {how})
                parts = self._list(body[how], how)
                if "count" in body:
                    return self.events(data)
                return Combine(how, tuple(self.at(f"{how}[{i}]").condition(part) for i, part in enumerate(parts)))
        for how in ("not", "missing"):
            if how in body:
                self._only(body, {how})
                return Combine("not", (self.at(how, -1).condition(body[how]),))
        if "fact" in body:
            return self._comparison(body)
        if any(key in body for key in SUGAR) and not any(kind in body for kind in (*KINDS, "say")):
            self._only(body, set(SUGAR))
            tests = [Compare(key, (("in", self._values(key, value)),)) for key, value in body.items()]
            return tests[0] if len(tests) == 1 else Combine("all", tuple(tests))
        return self._state(body) if "checkpoint" in body else self.events(data)

    def events(self, data: Any) -> Events:
        body = self._mapping(data)
        if "any" in body:
            self._only(body, {"any", "count"})
            parts = self._list(body["any"], "any")
            return Either(tuple(self.at(f"any[{i}]").events(part) for i, part in enumerate(parts)), **self._count(body))
        kinds = [key for key in (*KINDS, "say") if key in body]
        if len(kinds) != 1 or kinds == ["checkpoint"]:
            allowed = "all, any, not, missing, fact, checkpoint, " + ", ".join(
                k for k in (*KINDS, "say") if k != "checkpoint"
            )
            raise self.fail(f"expected one of {allowed}; found {', '.join(map(str, body)) or 'nothing'}")
        own = {"patterns", "guards"} if kinds[0] == "say" else set()
        self._only(body, {kinds[0], *own, *MODIFIERS})
        kind, names = self._what(kinds[0], body)
        count = self._count(body)
        return Select(
            kind,
            names,
            roles=self._roles(body),
            who=self._who(body),
            first_ms=self._span(body, "first"),
            last_ms=self._span(body, "last"),
            lasting_ms=self._span(body, "lasting"),
            replied="replied" in body and self._typed(FLAG, body["replied"], "replied"),
            value=self._value(body),
            unlike=self._unlike(body),
            tolerance=self._number(body.get("tolerance", 0), "tolerance"),
            rounded=self._number(body.get("rounded", 0), "rounded"),
            links=self._links(body),
            within=self._within(body),
            guarded=kind == "phrase" and self.sense > 0 and "at_most" not in count,
            **count,
        )

    def _comparison(self, body: dict[str, Any]) -> Compare:
        fact = self._fact(body["fact"])
        from inspection.rules.conditions import COMPARISONS

        self._only(body, {"fact", *COMPARISONS})
        tests = []
        for test, value in body.items():
            if test == "known":
                tests.append((test, self._typed(FLAG, value, test)))
            elif test in ("in", "not_in"):
                tests.append((test, self._values(fact, value)))
            elif test != "fact":
                tests.append((test, self._typed(FACTS[fact][0], value, test)))
        if not tests:
            raise self.fail(f"compares fact {fact} with nothing; add one of {', '.join(COMPARISONS)}")
        return Compare(fact, tuple(tests))

    def _state(self, body: dict[str, Any]) -> State:
        self._only(body, {"checkpoint", "state"})
        ids = tuple(self._strings(body["checkpoint"], "checkpoint"))
        for name in ids:
            self._known(name, self.names.checkpoints, "checkpoint")
        states = frozenset(self._strings(body.get("state", ["missing"]), "state"))
        for state in states:
            self._known(state, CHECKPOINT_STATES, "state")
        return State(ids, states)

    # --- parts of an event ---

    def _what(self, kind: str, body: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        wanted = body[kind]
        if kind == "say":
            terms, patterns = self._strings(wanted, kind), self._strings(body.get("patterns", []), "patterns")
            guards = guard_names(body["guards"], self.place) if "guards" in body else None
            name = "say:" + "|".join([*terms, *patterns]) + ("" if guards is None else f" guards:{','.join(guards)}")
            self.names.said[name] = Phrase(name, name, tuple(terms), tuple(patterns), guards=guards)
            return "phrase", (name,)
        if kind == "repeat":
            return kind, ("turn",) if wanted is True else tuple(self._strings(wanted, kind))
        names = self._strings(wanted, kind)
        known = {
            "phrase": self.names.phrases,
            "identity": WHO,
            "acoustic": ACOUSTIC,
            "spoken": SPOKEN,
            "hit": self.names.entries,
        }[kind]
        for name in names:
            self._known(name, known, {"hit": "lexicon category or entry"}.get(kind, kind))
        if kind == "hit":
            names = [entry for name in names for entry in self.names.entries[name]]
        return kind, tuple(dict.fromkeys(names))

    def _roles(self, body: dict[str, Any]) -> frozenset[str] | None:
        if "role" not in body:
            return None
        roles = self._strings(body["role"], "role")
        for role in roles:
            self._known(role, (*ROLES, "staff"), "role")
        return frozenset(one for role in roles for one in (("agent", "robot") if role == "staff" else (role,)))

    def _who(self, body: dict[str, Any]) -> frozenset[str] | None:
        if "while" not in body:
            return None
        for who in self._strings(body["while"], "while"):
            self._known(who, WHO, "identity")
        return frozenset(self._strings(body["while"], "while"))

    def _links(self, body: dict[str, Any]) -> tuple[tuple[str, bool, Events], ...]:
        links = tuple((*SIDES[key], self.at(key, 0).events(body[key])) for key in body if key in SIDES)
        if "within" in body and not links:
            raise self.fail("`within` needs one of after, before, near, not_after, not_before, not_near beside it")
        return links

    def _within(self, body: dict[str, Any]) -> Within:
        if "within" not in body:
            return Within()
        limits = self.at("within")._mapping(body["within"])
        self.at("within")._only(limits, DISTANCES)
        time, apart = self._span(limits, "time"), self._span(limits, "apart") or 0
        whole = {key: int(self._number(limits[key], key)) for key in ("turns", "words") if key in limits}
        away = int(self._number(limits.get("turns_apart", 0), "turns_apart"))
        return Within(ms=time, apart_ms=apart, apart_turns=away, **whole)

    def _count(self, body: dict[str, Any]) -> dict[str, Any]:
        if "count" not in body:
            return {}
        limits = self.at("count")._mapping(body["count"])
        self.at("count")._only(limits, COUNTS)
        if limits.get("of", "turns") != "turns":
            raise self.at("count").fail(f"of: {limits['of']!r}; only `turns` may be counted instead of events")
        numbers = {key: int(self._number(value, key)) for key, value in limits.items() if key != "of"}
        return {"at_least": 0 if "at_most" in numbers else 1, **numbers, "by_turn": "of" in limits}

    def _value(self, body: dict[str, Any]) -> tuple[tuple[str, float], ...]:
        if "value" not in body:
            return ()
        limits = self.at("value")._mapping(body["value"])
        self.at("value")._only(limits, {"above", "below", "at_least", "at_most", "is"})
        return tuple((test, float(self._milliseconds_or_number(value, test))) for test, value in limits.items())

    def _unlike(self, body: dict[str, Any]) -> str | None:
        return self._fact(body["unlike"]) if "unlike" in body else None

    # --- values ---

    def _values(self, fact: str, value: Any) -> tuple[Any, ...]:
        values = self._resolved(value)
        values = values if isinstance(values, list) else [values]
        return tuple(self._typed(FACTS[fact][0], one, fact) for one in values)

    def _typed(self, type_: str, value: Any, key: str) -> Any:
        value = self._resolved(value)
        if type_ == FLAG and isinstance(value, bool):
            return value
        if type_ == NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if type_ == DURATION and not isinstance(value, bool):
            return self._milliseconds(value, key)
        if type_ == DATE and isinstance(value, date):
            return value
        if type_ == TEXT and isinstance(value, str):
            return value
        if type_ == TIME and isinstance(value, str) and (match := re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d))?", value)):
            hours, minutes, seconds = (int(part or 0) for part in match.groups())
            if hours < 24 and minutes < 60 and seconds < 60:
                return (hours * 3600 + minutes * 60 + seconds) * 1000
        example = {TIME: 'in quotes, such as "22:00"', DURATION: "such as 8s, 500ms, 2min", FLAG: "true or false"}
        raise self.fail(f"{key}: {value!r} is not a {type_}; write it {example.get(type_, 'as one')}")

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            self._known(value[1:], self.names.thresholds, "threshold")
            self.names.used_thresholds.add(value[1:])
            return self.names.thresholds[value[1:]]
        return value

    def _milliseconds(self, value: Any, key: str) -> int:
        value = self._resolved(value)
        span = milliseconds(value) if isinstance(value, str) else None
        if span is None:
            raise self.fail(f"{key}: {value!r} is not a duration; write it such as 8s, 500ms, 2min, 1h")
        return span

    def _milliseconds_or_number(self, value: Any, key: str) -> float:
        value = self._resolved(value)
        return self._milliseconds(value, key) if isinstance(value, str) else self._number(value, key)

    def _span(self, body: dict[str, Any], key: str) -> int | None:
        return self._milliseconds(body[key], key) if key in body else None

    def _number(self, value: Any, key: str) -> float:
        value = self._resolved(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.fail(f"{key}: {value!r} is not a number of at least 0")
        return value

    def _fact(self, name: Any) -> str:
        self._known(name, FACTS, "fact")
        return name

    def _strings(self, value: Any, key: str) -> list[str]:
        value = self._resolved(value)
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one for one in values):
            raise self.fail(f"{key}: expected text or a list of texts, found {value!r}")
        return values

    def _mapping(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict) or not data:
            raise self.fail(f"expected `key: value`, found {data!r}")
        return data

    def _list(self, data: Any, key: str) -> list[Any]:
        if not isinstance(data, list) or not data:
            raise self.fail(f"{key}: expected a list of conditions")
        return data

    def _only(self, body: dict[str, Any], allowed: set[str]) -> None:
        if unknown := [key for key in body if key not in allowed]:
            raise self.fail(f"unknown field {unknown[0]!r}; here may stand {', '.join(sorted(allowed))}")

    def _known(self, name: Any, known: Any, what: str) -> None:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
            raise self.fail(f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
