"""What a rulebook is made of, once read and checked: frozen values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inspection.rules.conditions import Events, Node

SEVERITIES = ("fatal", "major", "minor", "info")
STATUSES = ("live", "trial", "retired")
NEEDS = ("attempts", "words", "sound")
SLOTS = ("name", "amount", "due", "promise", "agency", "institution", "days")


@dataclass(frozen=True)
class Threshold:
    """A number the firm may change, with where it comes from. confidence: H | M | L | unverified (domain facts)."""

    name: str
    value: Any
    source: str
    confidence: str


@dataclass(frozen=True)
class Phrase:
    """An idea that rules and scripts ask for, without judging it: terms and patterns as in the lexicon.

    guards: which may clear it, in every use; None: those of an entry where it accuses, none elsewhere.
    """

    id: str
    title: str
    terms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    homophone: bool = False
    guards: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Rule:
    """A judgement: where it applies, what makes it fail, and the sentences a reviewer reads."""

    id: str
    version: int
    title: str
    severity: str
    status: str
    needs: str
    source: str
    confidence: str
    fail: Node
    applies: Node | None
    reason: str
    clears: str
    expected: str
    related: str | None
    role: str


@dataclass(frozen=True)
class Checkpoint:
    """One thing to be said in a script. Times in ms after the answer; `last_ms` counts back from the end.

    It is owed `when` that holds; where it was not said, `excused` makes it not applicable. What replies to something
    (`reply_to`) is said within the turns of `say`.
    """

    id: str
    title: str
    say: Events
    mandatory: bool
    deadline_ms: int | None = None
    last_ms: int | None = None
    after: Events | None = None
    before: Events | None = None
    answered_by: Events | None = None
    when: Node | None = None
    excused: Node | None = None
    reply_to: Events | None = None


@dataclass(frozen=True)
class Line:
    """A robot's sentence, word for word, with slots in braces. Main lines are due in order, `when` that holds; branches
    only when said."""

    id: str
    text: str
    branch: bool
    when: Node | None = None


@dataclass(frozen=True)
class Script:
    id: str
    title: str
    applies: Node
    checkpoints: tuple[Checkpoint, ...]
    lines: tuple[Line, ...] = ()
    leaves: Events | None = None
    """What takes the conversation off the main lines, so that the rest of them is not owed."""


@dataclass(frozen=True)
class Identity:
    """How a script asks who is speaking and what the answers mean; terms are searched in the same single pass."""

    ask: Phrase
    says: dict[str, Phrase]
    affirm: str
    deny: str
    implied: tuple[str, ...]
    presume: str | None = None


@dataclass(frozen=True)
class Component:
    rule: str
    points: float
    section: str


@dataclass(frozen=True)
class Scorecard:
    """Points per rule in sections whose losses may be capped, caps on the whole, bands from high to low."""

    id: str
    title: str
    applies: Node
    components: tuple[Component, ...]
    section_loss: dict[str, float] = field(default_factory=dict)
    caps: tuple[tuple[str, int, float], ...] = ()
    bands: tuple[tuple[float, str], ...] = ()
    pass_mark: float = 0
