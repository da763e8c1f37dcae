"""Reads the folder `scripts/`: phrases, identity, checkpoints and the scripts made of them.

Each file holds one or more of the keys `phrases`, `identity`, `checkpoints`, `script`; a file of a robot's script also
has `lines` and `branches`, its sentences word for word, and `leaves`, what takes a call off the lines.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl

from inspection.errors import RulebookError
from inspection.lexicon.safe_yaml import read_yaml as read
from inspection.rules.checks import fields, guard_names, listed
from inspection.rules.evidence import WHO
from inspection.rules.language import Names, Reader
from inspection.rules.model import SLOTS, Checkpoint, Identity, Line, Phrase, Script

PHRASE = {"id", "title", "terms", "patterns", "exceptions", "homophone", "guards"}
CHECKPOINT = PHRASE | {"role", "events", "after", "before", "answered_by", "reply_to", "within", "when", "excused"}
IN_SCRIPT = {"id", "deadline", "last", "mandatory"}
SCRIPT = {"id", "title", "applies", "checkpoints", "lines", "branches", "leaves"}
FILE = {"phrases", "identity", "checkpoints", "script"}


def read_scripts(folder: Path, names: Names) -> tuple[dict[str, Phrase], Identity, tuple[Script, ...]]:
    """Phrases by id (those of checkpoints too), the identity questions and the scripts, all checked.

    Fills `names.phrases` and `names.checkpoints`, so that rules read afterwards may refer to them.
    """
    files = {path: fields(read(path), path, allowed=FILE) for path in sorted(folder.glob("*.yaml"))}
    if not files:
        raise RulebookError(f"{folder}: no scripts there")
    phrases: dict[str, Phrase] = {}
    checkpoints: dict[str, tuple[str, dict[str, Any]]] = {}
    identities: list[Identity] = []
    for path, data in files.items():
        for body in listed(data.get("phrases", []), f"{path}: phrases"):
            _add(phrases, _phrase(body, f"{path}: phrases", PHRASE), path)
        for body in listed(data.get("checkpoints", []), f"{path}: checkpoints"):
            data_ = fields(body, f"{path}: checkpoints", required={"id", "title"}, allowed=CHECKPOINT)
            if "events" not in data_:
                _add(phrases, _phrase(body, f"{path}: checkpoints", CHECKPOINT), path)
            checkpoints[data_["id"]] = (f"{path}: {data_['id']}", body)
        if "identity" in data:
            identities.append(_identity(data["identity"], f"{path}: identity"))
    if len(identities) != 1:
        raise RulebookError(f"{folder}: exactly one file holds `identity`, found {len(identities)}")
    lines = [line for data in files.values() for line in ("lines", "branches") if line in data.get("script", {})]
    asked = identities[0]
    names.phrases = frozenset([*phrases, *(phrase.id for phrase in (asked.ask, *asked.says.values()))])
    names.checkpoints = frozenset(checkpoints) | ({"verbatim"} if lines else frozenset())
    scripts: dict[str, Script] = {}
    for path, data in files.items():
        if "script" in data:
            script = _script(data["script"], str(path), checkpoints, names)
            if script.id in scripts:
                raise RulebookError(f"{path}: script {script.id}: this id is taken by another file")
            scripts[script.id] = script
    return phrases, identities[0], tuple(scripts.values())


def _add(phrases: dict[str, Phrase], phrase: Phrase, path: Path) -> None:
    if phrase.id in phrases:
        raise RulebookError(f"{path}: {phrase.id}: this id is taken by another phrase or checkpoint")
    phrases[phrase.id] = phrase


def _phrase(body: Any, place: str, allowed: set[str], *, named: bool = True) -> Phrase:
    data = fields(body, place, required={"id", "title"} if named else None, allowed=allowed)
    place = f"{place}: {data.get('id', '')}".removesuffix(": ")
    texts = {key: tuple(_text(one, f"{place}: {key}") for one in listed(data.get(key, []), f"{place}: {key}"))
             for key in ("terms", "patterns", "exceptions")}  # fmt: skip
    if not texts["terms"] and not texts["patterns"]:
        raise RulebookError(f"{place}: needs terms or patterns")
    return Phrase(
        id=str(data.get("id", "")),
        title=str(data.get("title", "")),
        homophone=bool(data.get("homophone", False)),
        guards=guard_names(data["guards"], place) if "guards" in data else None,
        **texts,
    )


def _identity(body: Any, place: str) -> Identity:
    data = fields(
        body,
        place,
        required={"ask", "says", "affirm", "deny"},
        allowed={"ask", "says", "affirm", "presume", "deny", "implied"},
    )
    ask = _phrase({"id": "identity.ask", "title": "ask", **fields(data["ask"], f"{place}.ask")}, f"{place}.ask", PHRASE)
    says = {}
    for who, one in fields(data["says"], f"{place}.says").items():
        if who not in (*WHO, "absent"):
            raise RulebookError(f"{place}.says: {who!r} is not one of {', '.join(WHO)}")
        says[who] = _phrase(
            {"id": f"identity.{who}", "title": who, **fields(one, f"{place}.says.{who}")}, f"{place}.says.{who}", PHRASE
        )
    for key in ("affirm", "presume", "deny"):
        try:
            pl.Series([""]).str.contains(data.get(key, ""))  # read as it will be asked: without look-around
        except (pl.exceptions.PolarsError, TypeError) as error:
            why = str(error).rpartition("error: ")[2].splitlines()[0]
            raise RulebookError(f"{place}.{key}: not a regular expression: {why}") from None
    return Identity(ask, says, data["affirm"], data["deny"], tuple(data.get("implied", ())), data.get("presume"))


def _script(body: Any, place: str, known: dict[str, tuple[str, dict[str, Any]]], names: Names) -> Script:
    data = fields(body, place, required={"id", "title", "applies", "checkpoints"}, allowed=SCRIPT)
    place = f"{place}: script {data['id']}"
    checkpoints = []
    for use in listed(data["checkpoints"], place):
        one = fields(use, place, required={"id"}, allowed=IN_SCRIPT)
        if one["id"] not in known:
            raise RulebookError(f"{place}: unknown checkpoint {one['id']!r}; known are {', '.join(sorted(known))}")
        checkpoints.append(_checkpoint(*known[one["id"]], one, names))
    lines = [
        _line(name, line, f"{place}: line {name}", names, branch=key == "branches")
        for key in ("lines", "branches")
        for name, line in fields(data.get(key, {}), f"{place}: {key}").items()
    ]
    applies = Reader(names, f"{place}: applies").condition(data["applies"])
    leaves = Reader(names, f"{place}: leaves").events(data["leaves"]) if "leaves" in data else None
    return Script(str(data["id"]), data["title"], applies, tuple(checkpoints), tuple(lines), leaves)


def _line(name: str, body: Any, place: str, names: Names, *, branch: bool) -> Line:
    """A line as text, or with `when` it is owed beside its text `say`; a branch is never owed."""
    allowed = {"say"} if branch else {"say", "when"}
    data = fields(body, place, required={"say"}, allowed=allowed) if isinstance(body, dict) else {"say": body}
    text = _text(data["say"], place)
    if unknown := [slot for slot in re.findall(r"\{(\w+)\}", text) if slot not in SLOTS]:
        raise RulebookError(f"{place}: unknown slot {unknown[0]!r}; slots are {', '.join(SLOTS)}")
    when = Reader(names, f"{place}: when").condition(data["when"]) if "when" in data else None
    return Line(name, text, branch, when)


def _checkpoint(place: str, body: dict[str, Any], use: dict[str, Any], names: Names) -> Checkpoint:
    reader = Reader(names, place)
    say: dict[str, Any] = body.get("events") or {"phrase": body["id"], "role": body.get("role", "staff")}
    if "reply_to" in body:
        say |= {"after": body["reply_to"], "within": body.get("within", {"turns": 3})}
    conditions = {key: reader.at(key).condition(body[key]) for key in ("when", "excused") if key in body}
    events = {
        key: reader.at(key).events(body[key]) for key in ("after", "before", "answered_by", "reply_to") if key in body
    }
    return Checkpoint(
        id=str(body["id"]), title=str(body["title"]), say=reader.events(say),
        mandatory=bool(use.get("mandatory", True)),
        deadline_ms=reader._span(use, "deadline"), last_ms=reader._span(use, "last"),
        **conditions, **events,
    )  # fmt: skip


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RulebookError(f"{place}: expected text, found {value!r}")
    return value
