"""Doubts about a lexicon that loads: what a careful second reader would ask about an entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from inspection.lexicon.cases import judged, spoken
from inspection.lexicon.fold import text_of
from inspection.lexicon.model import Entry, Lexicon
from inspection.lexicon.pattern import parse
from inspection.lexicon.shipped import shipped

_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Doubt:
    """`entry` and `field` say where, `message` what and what to do."""

    category: str
    entry: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.category}.yaml: {self.entry}: {self.field}: {self.message}"


def lint(lexicon: Lexicon) -> list[Doubt]:
    """All doubts, in the lexicon's order. None of them stops a run."""
    words = _ordinary_words(lexicon)
    doubts = [doubt for entry in lexicon.active for doubt in _about(entry, lexicon, words)]
    return [*doubts, *_shared_terms(lexicon), *_idle_waivers(lexicon)]


def _about(entry: Entry, lexicon: Lexicon, words: dict[str, list[str]]) -> Iterator[Doubt]:
    def doubt(field: str, message: str) -> Doubt:
        return Doubt(entry.category, entry.id, field, message)

    fold = lexicon.folding.text
    terms = {fold(term): term for term in entry.terms}
    exceptions = [fold(phrase) for phrase in entry.exceptions]
    if not any(not case.hit for case in entry.cases):
        yield doubt("cases", "no innocent sentence; add one with hit: false")
    if not any(case.hit for case in entry.cases):
        yield doubt("cases", "no sentence that must be found; add one with hit: true")
    if len(terms) < len(entry.terms):
        yield doubt("terms", "some fold to the same words; keep one of each")
    for folded, term in terms.items():
        inside = [
            word for word in words.get(folded, []) if not any(word in phrase or phrase in word for phrase in exceptions)
        ]
        if inside:
            yield doubt("terms", f"{term!r} is part of {_some(inside)}; add exceptions or write more of the phrase")
    written_in_patterns = [phrase for source in entry.patterns for phrase in parse(source).phrases]
    for field, written in (("terms", entry.terms), ("patterns", written_in_patterns)):
        yield from (doubt(field, _stutters(phrase, fold)) for phrase in written if _is_stutter(phrase, fold))
    phrases = [*terms, *map(fold, written_in_patterns)]
    for phrase, written in zip(exceptions, entry.exceptions, strict=True):
        if not any(part in phrase for part in phrases):
            yield doubt(
                "exceptions", f"{written!r} can never cover a term or a phrase of a pattern; remove or correct it"
            )
    yield from (doubt("homophone", message) for message in _sounds_like(entry, lexicon, terms))


def _is_stutter(phrase: str, fold: Callable[[str], str]) -> bool:
    """打打打: three or more of one character, which folding takes for a stutter and makes one."""
    folded = fold(phrase)
    return len(folded) == 1 and sum(fold(character) == folded for character in phrase) > 1


def _stutters(phrase: str, fold: Callable[[str], str]) -> str:
    return (
        f"{phrase!r} folds to {fold(phrase)!r}, because three or more of one character count as a stutter of one; "
        f"it is found in every {fold(phrase)!r}, so write more of the phrase"
    )


def _sounds_like(entry: Entry, lexicon: Lexicon, terms: dict[str, str]) -> Iterator[str]:
    """Short terms whose sound is that of ordinary words: found by sound only where the recogniser doubted itself."""
    if not entry.homophone or lexicon.syllables is None:
        return
    cleared = {lexicon.folding.text(phrase) for phrase in (*entry.exceptions, *entry.homophone_exceptions)}
    for folded, term in terms.items():
        if len(folded) <= lexicon.syllables.sure:
            alike = [word for word in _words_of_sound(lexicon, folded) if word not in cleared]
            if len(folded) == lexicon.syllables.sure and alike:
                yield f"{term!r} sounds like {_some(alike)}; check them on the clean corpus"


def _shared_terms(lexicon: Lexicon) -> Iterator[Doubt]:
    owners: dict[str, list[Entry]] = defaultdict(list)
    for entry in lexicon.active:
        for folded in {lexicon.folding.text(term) for term in entry.terms}:
            owners[folded].append(entry)
    for term, entries in owners.items():
        for a, b in pairwise(entries):
            if set(a.roles) & set(b.roles):
                yield Doubt(
                    b.category, b.id, "terms", f"{term!r} is also a term of {a.id}; one idea belongs to one entry"
                )


def _idle_waivers(lexicon: Lexicon) -> Iterator[Doubt]:
    """Waivers whose own words give no hit that only the waiver clears."""
    entries = {entry.id: entry for entry in lexicon.entries}
    said = spoken((f"{number:08d}", entries[w.entry].roles[0], (w.say,)) for number, w in enumerate(lexicon.waivers))
    hits = judged(lexicon, said).filter(pl.col("cleared_by") == "waiver")
    used = set(hits.select("call_id", "entry_id").iter_rows())
    for number, waiver in enumerate(lexicon.waivers):
        if (f"{number:08d}", waiver.entry) not in used:
            category = entries[waiver.entry].category
            yield Doubt(
                category, waiver.entry, "waiver", f"{waiver.say!r} waives nothing any more; remove or shorten it"
            )


def _ordinary_words(lexicon: Lexicon) -> dict[str, list[str]]:
    """Short phrase -> ordinary words that are longer and hold it."""
    held: dict[str, list[str]] = defaultdict(list)
    wanted = {lexicon.folding.text(term) for entry in lexicon.active for term in entry.terms}
    for word in _words(lexicon):
        for size in range(2, len(word)):
            for start in range(len(word) - size + 1):
                if word[start : start + size] in wanted:
                    held[word[start : start + size]].append(word)
    return held


def _words(lexicon: Lexicon) -> list[str]:
    folded = lexicon.folding.table[shipped().ordinary]
    return text_of(np.column_stack([folded, np.full(len(folded), 10)]).ravel()).replace("\0", "").split("\n")[:-1]


def _words_of_sound(lexicon: Lexicon, folded: str) -> list[str]:
    syllables = lexicon.syllables
    wanted = syllables.classes(lexicon.folding.term(folded))
    if wanted is None or len(wanted) > shipped().ordinary.shape[1]:
        return []
    words = lexicon.folding.table[shipped().ordinary]
    same = (syllables.table[words[:, : len(wanted)]] == wanted).all(axis=1) & (
        np.count_nonzero(words, axis=1) == len(wanted)
    )
    return [text for row in words[same] if (text := text_of(row[row != 0])) != folded]


def _some(words: list[str]) -> str:
    return ", ".join(words[:_MOST_EXAMPLES]) + (" …" if len(words) > _MOST_EXAMPLES else "")
