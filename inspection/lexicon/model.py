"""What a lexicon is made of: entries with their proof, guards, waivers. Values only; reading them is `load`'s work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from inspection.lexicon.cover import Covers
from inspection.lexicon.fold import Folding
from inspection.lexicon.guards import Guard, Guards, compiled
from inspection.lexicon.matcher import Probe
from inspection.lexicon.pattern import parse
from inspection.lexicon.syllables import Syllables

AGENT_CATEGORIES = {
    "abuse": "辱骂侮辱",
    "threat": "威胁恐吓",
    "impersonation": "冒充公检法、政府或律师",
    "false_consequence": "虚构或夸大后果",
    "third_party": "骚扰第三方、泄露隐私",
    "private_payment": "不当收费、私下收款",
    "false_promise": "诱导或虚假承诺",
    "induce_loan": "诱导借新还旧",
    "pressure": "高压逼迫",
    "obstruct_complaint": "阻碍投诉或异议",
    "sensitive_info": "索要敏感信息",
}
CUSTOMER_CATEGORIES = {
    "complaint": "投诉预警",
    "self_harm": "自伤或极端",
    "hardship": "困难、脆弱人群",
    "promise_to_pay": "承诺还款",
    "refusal": "拒绝还款",
    "dispute": "争议",
    "wrong_person": "非本人、号码错误",
    "third_party_pays": "代偿意愿",
    "do_not_call": "拒绝联系",
    "callback_time": "时间约定",
    "human_request": "转人工、识破机器人",
    "negative_emotion": "负面情绪",
}
CATEGORIES = AGENT_CATEGORIES | CUSTOMER_CATEGORIES
"""Ids of domain §2.0 with their titles."""

Role = Literal["agent", "robot", "customer"]
Severity = Literal["fatal", "major", "minor", "info"]
GuardName = Literal["negation", "quotation", "question", "warning"]
ALL_GUARDS: tuple[GuardName, ...] = ("negation", "quotation", "question", "warning")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _known_category(name: str) -> str:
    if name not in CATEGORIES:
        raise ValueError(f"unknown category {name!r}; one of {', '.join(CATEGORIES)}")
    return name


def _written(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; write the words or remove the line")
    return text


Words = Annotated[str, AfterValidator(_written)]
Phrases = Annotated[tuple[Words, ...], Field(strict=False)]


class Case(_Data):
    """A sentence that proves the entry: whether the entry has a kept hit when `role` says it.

    `say` may be several turns of that role, one breath apart.
    """

    role: Literal["agent", "robot", "customer", "unknown"]
    say: Words | Phrases
    hit: bool

    @property
    def turns(self) -> tuple[str, ...]:
        return (self.say,) if isinstance(self.say, str) else self.say


class Window(_Data):
    """The entry counts only in the first or last seconds of a call, by the time of the words."""

    first_s: float | None = Field(None, gt=0, strict=False)
    last_s: float | None = Field(None, gt=0, strict=False)

    @model_validator(mode="after")
    def _one(self) -> Window:
        if (self.first_s is None) == (self.last_s is None):
            raise ValueError("give either first_s or last_s")
        return self


class Entry(_Data):
    """One judged idea (design §6). Terms and patterns are the ways to say it, exceptions the phrases that clear it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
    title: Words
    category: Annotated[str, AfterValidator(_known_category)]
    severity: Severity
    roles: Annotated[tuple[Role, ...], Field(strict=False, min_length=1)]
    status: Literal["trial", "live", "retired"] = "trial"
    version: int = Field(1, ge=1)
    owner: Words
    source: Words
    terms: Phrases = ()
    patterns: Phrases = ()
    exceptions: Phrases = ()
    homophone_exceptions: Phrases = ()
    guards: Annotated[tuple[GuardName, ...], Field(strict=False)] = ALL_GUARDS
    homophone: bool = False
    allow_short: bool = False
    window: Window | None = None
    cases: Annotated[tuple[Case, ...], Field(strict=False, min_length=1)]
    note: str = ""

    @model_validator(mode="after")
    def _something_to_find(self) -> Entry:
        if not self.terms and not self.patterns:
            raise ValueError("terms: an entry needs at least one term or pattern")
        return self

    @property
    def written(self) -> list[str]:
        """Every phrase as the file writes it. Raises PatternError."""
        in_patterns = [phrase for source in self.patterns for phrase in parse(source).phrases]
        return [*self.terms, *in_patterns, *self.exceptions, *self.homophone_exceptions]

    @property
    def probe(self) -> Probe:
        return Probe(self.id, "entry", self.terms, self.patterns, self.homophone, context=True)


class Waiver(_Data):
    """A reviewed false positive: this entry may hit in these words, which hold the whole hit and what makes it fine.

    `by` is the reviewer's role, no name; `say` holds no personal data.
    """

    entry: str
    say: Words
    reason: Words
    by: Words
    date: date


@dataclass(frozen=True)
class Lexicon:
    """All words of one rulebook. `entries` holds retired ones too; they are neither searched nor shown."""

    folder: Path
    folding: Folding
    syllables: Syllables | None
    guards: dict[str, Guard]
    entries: tuple[Entry, ...]
    waivers: tuple[Waiver, ...] = ()

    @cached_property
    def active(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.status != "retired")

    @property
    def probes(self) -> tuple[Probe, ...]:
        return tuple(entry.probe for entry in self.active)

    @cached_property
    def table(self) -> pl.DataFrame:
        """What joins need of each active entry; its window as first_ms and last_ms."""
        rows = [
            (e.id, e.category, e.severity, list(e.roles), e.status, e.version, list(e.guards), *_window(e.window))
            for e in self.active
        ]
        names = (
            "entry_id",
            "category",
            "severity",
            "roles",
            "status",
            "entry_version",
            "guards",
            "first_ms",
            "last_ms",
        )
        text, texts = pl.String, pl.List(pl.String)
        dtypes = (text, text, text, texts, text, pl.Int32, texts, pl.Int64, pl.Int64)
        schema = dict(zip(names, dtypes, strict=True))
        return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("entry_number")

    @cached_property
    def asked(self) -> Guards:
        """The guards as the active entries ask them."""
        patterns = (source for entry in self.active for source in entry.patterns)
        return Guards.of(compiled(self.guards, self.folding, patterns), self.table)

    @cached_property
    def exceptions(self) -> Covers:
        """entry_id, phrase (folded), exception (as written), homophone_only."""
        rows = [
            (entry.id, self.folding.text(phrase), phrase, spoken)
            for entry in self.active
            for phrases, spoken in ((entry.exceptions, False), (entry.homophone_exceptions, True))
            for phrase in phrases
        ]
        schema = {"entry_id": pl.String, "phrase": pl.String, "exception": pl.String, "homophone_only": pl.Boolean}
        table = pl.DataFrame(rows, schema=schema, orient="row")
        return Covers.of(table.unique(["entry_id", "phrase"], keep="first", maintain_order=True))

    @cached_property
    def waived(self) -> Covers:
        """entry_id, phrase (folded), reason with reviewer and date."""
        rows = [(w.entry, self.folding.text(w.say), f"{w.reason} ({w.by}, {w.date})") for w in self.waivers]
        schema = dict.fromkeys(("entry_id", "phrase", "reason"), pl.String)
        return Covers.of(pl.DataFrame(rows, schema=schema, orient="row"))


def _window(window: Window | None) -> tuple[int | None, int | None]:
    if window is None:
        return None, None
    return tuple(None if seconds is None else round(seconds * 1000) for seconds in (window.first_s, window.last_s))
