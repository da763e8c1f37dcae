"""One call as its page needs it: facts, marks, findings, checkpoints, score lines and lineage, personal data hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from inspection.privacy import mask, mask_person
from inspection.report.sections import load_sections
from inspection.report.sheets import Printer, clock
from inspection.report.transcript import GRAVITY, Mark, pieces
from inspection.report.worklist import RANK
from inspection.settings import Settings


@dataclass(frozen=True)
class Case:
    """All stored rows of one call, by table."""

    call_id: str
    rows: dict[str, list[dict]]
    run: dict[str, Any]
    heard: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """The dialer's row, the audio's row and the run's, in one."""
        audio = self.rows["audio"][0] if self.rows["audio"] else {}
        return {**self.run, **audio, **self.rows["attempts"][0], "heard": self.heard, "who": self._who()}

    def _who(self) -> str | None:
        known = sorted(self.rows["identity"], key=lambda row: row["at_ms"] or 0)
        return known[-1]["who"] if known else None

    @property
    def told(self) -> list[dict]:
        """Findings a person should see, gravest first."""
        told = [row for row in self.rows["findings"] if row["verdict"] in ("fail", "unsure")]
        return sorted(told, key=lambda row: (RANK[kind_of(row)], row["start_ms"] or 0, row["rule_id"]))


def kind_of(finding: dict) -> str:
    return "unsure" if finding["verdict"] == "unsure" else finding["severity"] or "info"


def marks_of(case: Case, words: Any) -> list[Mark]:
    """Findings and alerts first, then what else the lexicon heard and where the script's sentences were said."""
    found: list[tuple[int, int, int, str, str, int | None]] = []
    for row in case.told:
        if row["turn_index"] is not None and row["start"] is not None:
            found.append((row["turn_index"], row["start"], row["end"], kind_of(row), row["title"], row["start_ms"]))
    alarming = load_sections().alerts
    for row in case.rows["hits"]:
        if row["kept"]:
            kind = "alert" if row["category"] in alarming and row["role"] not in ("agent", "robot") else "hit"
            found.extend(
                (*place, kind, words.code("category", row["category"]), row["start_ms"]) for place in _places(row, case)
            )
    for row in case.rows["checkpoints"]:
        if row["turn_index"] is not None and row["start"] is not None:
            found.append(
                (
                    row["turn_index"],
                    row["start"],
                    row["end"],
                    "checkpoint",
                    f"{row['checkpoint_id']} {row['title'] or ''}".strip(),
                    row["at_ms"],
                )
            )
    order = sorted(
        dict.fromkeys(found),
        key=lambda item: (item[5] if item[5] is not None else 1 << 60, GRAVITY.index(item[3]), item[:3]),
    )
    return [Mark(f"m{number}", *item) for number, item in enumerate(order, start=1)]


def _places(hit: dict, case: Case) -> list[tuple[int, int, int]]:
    """(turn, start, end) of a hit; one that runs over a breath marks the end of one turn and the start of the next."""
    first, last = hit["turn_index"], hit["end_turn_index"]
    if last is None or last == first:
        return [(first, hit["start"], hit["end"])]
    return [
        (first, hit["start"], 1 << 30),
        *((middle, 0, 1 << 30) for middle in range(first + 1, last)),
        (last, 0, hit["end"]),
    ]


def turn_of(turn: dict, marks: list[Mark], name: str | None) -> dict[str, Any]:
    here = [mark for mark in marks if mark.turn_index == turn["turn_index"]]
    weight = any(mark.kind not in ("hit", "checkpoint") for mark in here)
    return {**turn, "pieces": pieces(turn["text"] or "", here, name), "evidence": weight}


def finding_of(row: dict, case: Case, marks: list[Mark], known: dict[str, str]) -> dict[str, Any]:
    """One card: the verdict, its reason, what was expected, and the mark it leads to."""
    mark = next(
        (
            mark
            for mark in marks
            if (mark.turn_index, mark.start, mark.end, mark.label)
            == (row["turn_index"], row["start"], row["end"], row["title"])
        ),
        None,
    )
    parts = [part for part in case.rows["components"] if part["rule_id"] == row["rule_id"]]
    cost = sum((part["possible"] or 0) - (part["earned"] or 0) for part in parts)
    related = [(mask(call_id), known.get(call_id, "")) for call_id in row["related_calls"] or []]
    return {**row, "kind": kind_of(row), "mark": mark, "cost": cost, "related": related}


def checkpoints_of(case: Case, words: Any) -> list[dict[str, Any]]:
    bad = {"late", "missing", "out_of_order", "altered"}
    return [
        {**row, "said": words.code("checkpoint", row["state"]), "kind": "fail" if row["state"] in bad else row["state"]}
        for row in sorted(
            case.rows["checkpoints"], key=lambda row: (row["at_ms"] is None, row["at_ms"] or 0, row["checkpoint_id"])
        )
    ]


def facts_of(case: Case, printer: Printer) -> list[tuple[str, str]]:
    """Case and call, the customer's name and number masked."""
    facts, words = case.facts, printer.words
    zone = ZoneInfo(facts["timezone"] or printer.timezone)

    def moment(key: str) -> str | None:
        return f"{facts[key].astimezone(zone):%Y-%m-%d %H:%M:%S}" if facts[key] else None

    cents = facts["amount_due_cents"]
    shown = {
        "call_id": mask(case.call_id),
        "dialed_at": moment("dialed_at"),
        "answered_at": moment("answered_at"),
        "talk_ms": clock(facts["talk_ms"] or 0),
        "customer_name": mask_person(facts["customer_name"] or "") or None,
        "phone": facts["phone_last4"] and f"*{facts['phone_last4']}",
        "phone_owner": words.code("phone_owner", facts["phone_owner"]),
        "who": words.code("who", facts["who"]),
        "outcome": words.code("outcome", facts["outcome"]),
        "heard": words.code("outcome", facts["heard"]),
        "term_reason": words.code("term_reason", facts["term_reason"]),
        "stage": facts["stage"],
        "dpd": facts["dpd"],
        "product": facts["product"],
        "institution": facts["institution"],
        "amount_due": None if cents is None else words("facts_as.amount", amount=f"{cents / 100:,.2f}"),
        "due_date": facts["due_date"],
        "promise_date": facts["promise_date"],
        "agency": words(
            "facts_as.agency", name=facts["agency"] or "—", kind=words.code("agency_type", facts["agency_type"])
        ),
        "team": facts["team"],
        "campaign": facts["campaign"],
        "agent_kind": words.code("agent_kind", facts["agent_kind"]),
        "agent_id": facts["agent_id"],
        "script_id": facts["script_id"],
    }
    return [(words(f"facts.{key}"), mask(str(value))) for key, value in shown.items() if value not in (None, "")]


def lineage_of(case: Case) -> dict[str, str]:
    keys = (
        "audio_sha256",
        "speech_fingerprint",
        "rulebook_fingerprint",
        "rulebook_version",
        "run_id",
        "package_version",
        "layout",
        "codec",
        "role_basis",
        "role_confidence",
        "word_probability",
        "quality_flags",
    )
    facts = case.facts
    shown = {key: facts.get(key) for key in keys}
    return {key: _plain(value) for key, value in shown.items() if value not in (None, [], "")}


def _plain(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, list) else f"{value:.2f}" if isinstance(value, float) else str(value)
    return mask(text)


def components_of(case: Case) -> list[dict[str, Any]]:
    """The score's lines under their rules' titles, what was lost first."""
    titles = {row["rule_id"]: row["title"] for row in case.rows["findings"]}
    lines = [
        {**row, "name": titles.get(row["rule_id"]) or row["component"]}
        for row in case.rows["components"]
        if row["possible"]
    ]
    return sorted(lines, key=lambda row: (row["earned"] - row["possible"], row["name"] or ""))


def lanes_of(case: Case, channels: int | None) -> list[str]:
    """Who speaks on each lane of the waveform; without audio (None) the lanes are the roles themselves."""
    voice = case.facts.get("agent_voice")
    if channels is None or (channels == 2 and voice == 0):
        return ["agent", "customer"]
    if channels == 2 and voice == 1:
        return ["customer", "agent"]
    return ["mono"] if channels == 1 else []


def doubtful(case: Case, settings: Settings) -> bool:
    """Whether the roles may be wrong: low confidence, or turns nobody could be named for."""
    confidence = case.facts.get("role_confidence")
    weak = confidence is not None and confidence < settings.speech.min_role_confidence
    return weak or any(turn["role"] == "unknown" for turn in case.rows["turns"])
