"""Reading a lexicon from a rulebook folder. Every mistake stops here, with file, entry, field and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from inspection.errors import RulebookError
from inspection.lexicon.cases import failing_cases
from inspection.lexicon.choose import STEPS
from inspection.lexicon.fold import Folding
from inspection.lexicon.guards import Guard
from inspection.lexicon.matcher import Matcher
from inspection.lexicon.model import ALL_GUARDS, CATEGORIES, Entry, Lexicon, Phrases, Waiver
from inspection.lexicon.pattern import PatternError, parse
from inspection.lexicon.safe_yaml import read_yaml
from inspection.lexicon.shipped import shipped
from inspection.lexicon.syllables import Syllables

_Model = TypeVar("_Model")


class _FoldingFile(BaseModel):
    """folding.yaml: `letters` {one character: the characters read as it}, `spellings` {word: other spellings}."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    letters: dict[str, str] = {}
    spellings: dict[str, Phrases] = {}
    fillers: Phrases = ()
    spaced: bool = False


class _SyllablesFile(BaseModel):
    """syllables.yaml: sets of initials, finals, whole syllables that count as one; usual readings; minimum lengths."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    initials: tuple[tuple[str, ...], ...] = ()
    finals: tuple[tuple[str, ...], ...] = ()
    syllables: tuple[tuple[str, ...], ...] = ()
    readings: dict[str, str] = {}
    minimum: int = Field(2, ge=2)
    sure: int = Field(3, ge=3)


def load_lexicon(folder: Path, *, check_cases: bool = True) -> Lexicon:
    """The lexicon of a rulebook folder: folding.yaml, syllables.yaml, guards.yaml, waivers.yaml and lexicon/*.yaml.

    Raises RulebookError, one line, for the first mistake found; `check_cases=False` leaves the cases to the caller.
    """
    folder = Path(folder)
    if not (folder / "lexicon").is_dir():
        raise RulebookError(f"{folder}: no folder lexicon/ with entries in it; `inspection init DIR` writes one")
    folding = _folding(folder / "folding.yaml")
    files = sorted((folder / "lexicon").glob("*.yaml"))
    entries = tuple(entry for path in files for entry in _entries(path, folding))
    _refuse_doubled_ids(entries, files, folding)
    lexicon = Lexicon(
        folder=folder,
        folding=folding,
        syllables=_syllables(folder / "syllables.yaml", folding),
        guards=_optional(folder / "guards.yaml", dict[str, Guard], {}),
        entries=entries,
        waivers=_optional(folder / "waivers.yaml", tuple[Waiver, ...], ()),
    )
    _check_guards(lexicon)
    _check_waivers(lexicon)
    if check_cases:
        refuse_failing_cases(lexicon)
    return lexicon


def refuse_failing_cases(lexicon: Lexicon, matcher: Matcher | None = None) -> None:
    """Raises RulebookError for the first case that does not hold. matcher: a compiled one that has its entries."""
    if failures := failing_cases(lexicon, matcher):
        first, more = failures[0], f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise RulebookError(f"{_file_of(lexicon.folder, first.entry)}: {first}{more}")


def with_exception(lexicon: Lexicon, entry_id: str, phrase: str) -> Lexicon:
    """The same lexicon with one more exception in one entry; its cases are not run again."""
    entries = (
        e.model_copy(update={"exceptions": (*e.exceptions, phrase)}) if e.id == entry_id else e for e in lexicon.entries
    )
    return replace(lexicon, entries=tuple(entries))


def _folding(path: Path) -> Folding:
    file = _parsed(path, _FoldingFile, read_yaml(path) or {}) if path.exists() else _FoldingFile()
    letters: dict[str, str] = {}
    for target, sources in file.letters.items():
        if len(target) != 1:
            raise RulebookError(f"{path}: letters: {target!r} is not one character; use spellings for words")
        for source in sources:
            if letters.setdefault(source, target) != target:
                raise RulebookError(
                    f"{path}: letters: {source!r} is under {letters[source]!r} and under {target!r}; keep one"
                )
    bare = Folding(letters=letters, spaced=file.spaced)
    for target, sources in file.spellings.items():
        for source in sources:
            if not bare.text(source) or len(bare.text(target)) > len(bare.text(source)):
                raise RulebookError(
                    f"{path}: spellings: {source!r} must not be shorter than {target!r}, nor empty once folded"
                )
            if set(bare.text(source)) <= {c for t in file.spellings for c in bare.text(t)}:
                raise RulebookError(
                    f"{path}: spellings: {source!r} only has letters of the words themselves and would never settle"
                )
    for filler in file.fillers:
        if not bare.text(filler) or any(c.isdigit() for c in bare.text(filler)):
            raise RulebookError(f"{path}: fillers: {filler!r} must hold letters and no digits")
    return Folding(letters, dict(file.spellings), tuple(file.fillers), file.spaced)


def _syllables(path: Path, folding: Folding) -> Syllables | None:
    if not path.exists():
        return None
    file = _parsed(path, _SyllablesFile, read_yaml(path) or {})
    for names in file.syllables:
        for name in names:
            if name not in shipped().syllables:
                raise RulebookError(f"{path}: syllables: {name!r} is no toneless syllable such as xin or lv")
    for written, reading in file.readings.items():
        if len(reading.split()) != len(written) or not set(reading.split()) <= set(shipped().syllables):
            raise RulebookError(f"{path}: readings: {written}: {reading!r} must be one toneless syllable a character")
    return Syllables(
        folding, file.initials, file.finals, file.syllables, tuple(file.readings.items()), file.minimum, file.sure
    )


def _optional(path: Path, kind: Any, default: _Model) -> _Model:
    content = read_yaml(path) if path.exists() else None
    return default if content is None else _parsed(path, kind, content)


def _entries(path: Path, folding: Folding) -> Iterable[Entry]:
    content = read_yaml(path)
    if content is None:
        return
    if not isinstance(content, list):
        raise RulebookError(f"{path}: must be a list of entries, each beginning with `- id:`")
    if path.stem not in CATEGORIES:
        raise RulebookError(
            f"{path}: the file is named after its category; {path.stem!r} is none of {', '.join(CATEGORIES)}"
        )
    entries = []
    for number, raw in enumerate(content, start=1):
        if not isinstance(raw, dict):
            raise RulebookError(f"{path}: entry {number}: must be a mapping that begins with `id:`")
        label = f"entry {raw.get('id', number)}"
        entry = _parsed(path, Entry, {"category": path.stem, **raw}, label)
        if entry.category != path.stem:
            raise RulebookError(f"{path}: {label}: category: {entry.category!r} belongs in {entry.category}.yaml")
        entries.append(entry)
    for entry in entries:
        _check_patterns(entry, f"{path}: entry {entry.id}")
    folding.learn(phrase for entry in entries for phrase in entry.written)
    for entry in entries:
        _check_words(entry, f"{path}: entry {entry.id}", folding)
    yield from entries


def _check_patterns(entry: Entry, place: str) -> None:
    for source in entry.patterns:
        try:
            parse(source)
        except PatternError as error:
            raise RulebookError(f"{place}: patterns: {source!r} {error}") from None


def _check_words(entry: Entry, place: str, folding: Folding) -> None:
    shortest = 1 if entry.allow_short else 2
    for term in entry.terms:
        if len(folding.text(term)) < shortest:
            raise RulebookError(
                f"{place}: terms: {term!r} has fewer than {shortest} characters once folded; write more of the phrase"
                + ("" if entry.allow_short else " or set allow_short: true")
            )
    for source in entry.patterns:
        folded = [[folding.text(phrase) for phrase in group] for group in parse(source).groups]
        if not all(all(group) for group in folded):
            raise RulebookError(f"{place}: patterns: {source!r} has an alternative that folds to nothing; remove it")
        if max(min(map(len, group)) for group in folded) < shortest:
            raise RulebookError(
                f"{place}: patterns: {source!r} needs a group without one-character alternatives, or allow_short: true"
            )
    terms = {folding.text(term) for term in entry.terms}
    for phrase in (*entry.exceptions, *entry.homophone_exceptions):
        folded = folding.text(phrase)
        if not folded:
            raise RulebookError(f"{place}: exceptions: {phrase!r} folds to nothing; write the phrase that clears a hit")
        if phrase in entry.exceptions and folded in terms:
            raise RulebookError(
                f"{place}: exceptions: {phrase!r} is itself a term and would always clear it; remove one of the two"
            )
    for case in entry.cases:
        if not case.turns:
            raise RulebookError(f"{place}: cases: say is empty; write the sentence")


def _refuse_doubled_ids(entries: Iterable[Entry], files: list[Path], folding: Folding) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        if (other := seen.setdefault(entry.id, entry)) is not entry:
            places = (
                f"{other.category}.yaml"
                if other.category == entry.category
                else f"{other.category}.yaml and {entry.category}.yaml"
            )
            raise RulebookError(
                f"{files[0].parent / places}: entry {entry.id}: id: stands twice; ids are unique in the whole lexicon"
            )


def _check_guards(lexicon: Lexicon) -> None:
    known = {entry.id for entry in lexicon.entries} | set(CATEGORIES)
    for name, guard in lexicon.guards.items():
        place = f"{lexicon.folder / 'guards.yaml'}: {name}"
        if unknown := [entry for entry in guard.entries if entry not in known]:
            raise RulebookError(f"{place}: entries: {unknown[0]!r} is neither an entry nor a category; correct it")
        if name in STEPS:
            raise RulebookError(f"{place}: is the name of a step that every hit takes; give the guard another one")
        if name not in ALL_GUARDS and not guard.entries:
            raise RulebookError(
                f"{place}: entries: is missing; name the entries or categories that the guard works for"
            )


def _check_waivers(lexicon: Lexicon) -> None:
    entries = {entry.id: entry for entry in lexicon.entries}
    for waiver in lexicon.waivers:
        place = f"{lexicon.folder / 'waivers.yaml'}: entry {waiver.entry}"
        if waiver.entry not in entries:
            raise RulebookError(f"{place}: no such entry; remove the waiver")
        said = lexicon.folding.text(waiver.say)
        if not said or said in {lexicon.folding.text(term) for term in entries[waiver.entry].terms}:
            raise RulebookError(f"{place}: say: {waiver.say!r} would waive every hit; write the words around it, too")


def _file_of(folder: Path, entry: Entry) -> Path:
    return folder / "lexicon" / f"{entry.category}.yaml"


def _parsed(path: Path, kind: Any, content: Any, label: str = "") -> Any:
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(
            str(part)
            for part in first["loc"]
            if not str(part).startswith(("function-", "tuple[", "str", "constrained"))
        )
        place = ": ".join(part for part in (str(path), label, field) if part)
        raise RulebookError(f"{place}: {_remedy(first)}") from None


def _remedy(error: dict[str, Any]) -> str:
    given = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            return "unknown field; remove it or correct its spelling"
        case "missing":
            return "is missing; every entry needs it"
        case "literal_error":
            return f"{given!r} is not known; one of {error['ctx']['expected']}"
        case "string_type":
            return f"{given!r} is not text; put it in quotes"
        case "string_pattern_mismatch":
            return f"{given!r} must look like category.idea, in lower case with underscores"
        case _:
            return error["msg"].removeprefix("Value error, ")
