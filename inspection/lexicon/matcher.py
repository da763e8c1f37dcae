"""The matcher: everything that is to be searched, compiled once into two lanes.

text lane        folded characters: terms, patterns' anchors, and the phrases that decide a reading (还款, 还没)
homophone lane   syllable classes: the same terms and patterns, of probes that ask for it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import polars as pl

from inspection.errors import RulebookError
from inspection.lexicon.fold import SPACE, Folding, codes_of
from inspection.lexicon.lane import Chain, Lane, Term
from inspection.lexicon.pattern import Pattern, PatternError, anchor, parse
from inspection.lexicon.shipped import CODE_POINTS
from inspection.lexicon.syllables import Syllables


@dataclass(frozen=True, slots=True)
class Probe:
    """Anything to be searched: a lexicon entry, a checkpoint's paraphrases, a phrase that tells who speaks.

    `id` is unique within its `kind`. `terms` and `patterns` are written as in the lexicon, unfolded.
    """

    id: str
    kind: str
    terms: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    homophone: bool = False
    context: bool = False
    """Whether matches carry the words before and after, which the guards of `choose` need."""


@dataclass(frozen=True)
class Matcher:
    """Compiled probes. `items` has one row for each term and pattern: probe_id, kind, term, pattern, context."""

    folding: Folding
    syllables: Syllables | None
    items: pl.DataFrame
    text: Lane
    homophone: Lane | None
    readings: tuple[tuple[int, np.ndarray], ...]
    """For each extra phrase of the text lane: its length and its classes."""
    phrases: pl.DataFrame
    """item, phrase: the folded phrases of the patterns of the homophone lane."""
    first_numeric: np.ndarray
    last_numeric: np.ndarray
    """Whether the item begins (ends) with a number, which must then not go on beyond the match."""

    def __len__(self) -> int:
        return len(self.items)


def build(probes: Sequence[Probe], folding: Folding, syllables: Syllables | None = None) -> Matcher:
    """Compiles the probes. Raises RulebookError naming the probe for a term or pattern that cannot be searched."""
    patterns = {source: _pattern(source, probe) for probe in probes for source in probe.patterns}
    folding.learn(term for probe in probes for term in probe.terms)
    folding.learn(phrase for pattern in patterns.values() for phrase in pattern.phrases)
    spoken_of = cache(partial(_spoken, syllables))
    rows: list[tuple[str, str, str, bool, bool]] = []
    terms: list[Term] = []
    chains: list[Chain] = []
    spoken_terms: list[Term] = []
    spoken_chains: list[Chain] = []
    for probe in probes:
        for source in probe.terms:
            units = _phrase(folding, source, probe)
            terms.append(Term(len(rows), units))
            if probe.homophone and (spoken := spoken_of(units)) and len(spoken) >= syllables.minimum:
                spoken_terms.append(Term(len(rows), spoken))
            rows.append((probe.id, probe.kind, source, False, probe.context))
        for source in probe.patterns:
            chains.append(_chain(len(rows), patterns[source], folding, probe))
            if probe.homophone and (spoken_chain := _spoken_chain(chains[-1], spoken_of, syllables)):
                spoken_chains.append(spoken_chain)
            rows.append((probe.id, probe.kind, source, True, probe.context))
    columns = {
        "probe_id": pl.String,
        "kind": pl.String,
        "term": pl.String,
        "pattern": pl.Boolean,
        "context": pl.Boolean,
    }
    items = pl.DataFrame(rows, schema=columns, orient="row")
    readings = _readings(syllables, spoken_terms, spoken_chains)
    space = SPACE if folding.spaced else None
    numeric = np.array([_numeric_ends(term, pattern) for _, _, term, pattern, _ in rows], bool).reshape(-1, 2)
    return Matcher(
        folding, syllables, items,
        text=Lane(terms, chains, list(readings), CODE_POINTS, space),
        homophone=Lane(spoken_terms, spoken_chains, [], 1 << 16, None) if spoken_terms or spoken_chains else None,
        readings=tuple((len(phrase), np.array(classes, np.int64) + 1) for phrase, classes in readings.items()),
        phrases=_written_phrases(chains, {chain.item for chain in spoken_chains}),
        first_numeric=numeric[:, 0], last_numeric=numeric[:, 1],
    )  # fmt: skip


def _pattern(source: str, probe: Probe) -> Pattern:
    try:
        return parse(source)
    except PatternError as error:
        raise RulebookError(f"{probe.kind} {probe.id}: pattern {source!r}: {error}") from None


def _phrase(folding: Folding, source: str, probe: Probe) -> tuple[int, ...]:
    units = tuple(folding.term(source).tolist())
    if not units:
        raise RulebookError(f"{probe.kind} {probe.id}: {source!r} folds to nothing; write at least one letter or digit")
    return units


def _chain(item: int, pattern: Pattern, folding: Folding, probe: Probe) -> Chain:
    groups = tuple(
        tuple(dict.fromkeys(_phrase(folding, phrase, probe) for phrase in group)) for group in pattern.groups
    )
    return Chain(item, groups, pattern.gaps, anchor([[len(phrase) for phrase in group] for group in groups]))


def _spoken(syllables: Syllables | None, units: tuple[int, ...]) -> tuple[int, ...] | None:
    """Syllable units of a folded phrase: class + 1, because 0 stands for characters without a reading."""
    classes = syllables.classes(np.array(units, np.uint32)) if syllables is not None else None
    return None if classes is None else tuple((classes.astype(np.int64) + 1).tolist())


def _spoken_chain(
    chain: Chain, spoken_of: Callable[[tuple[int, ...]], tuple[int, ...] | None], syllables: Syllables | None
) -> Chain | None:
    """The pattern by sound, if all of it has readings and even its shortest wording is longer than a sure term."""
    groups = [[spoken_of(phrase) for phrase in group] for group in chain.groups]
    if not all(all(group) for group in groups):
        return None
    shortest = [min(map(len, group)) for group in groups]
    if sum(shortest) <= syllables.sure or shortest[chain.anchor] < 2:
        return None
    return Chain(chain.item, tuple(tuple(dict.fromkeys(group)) for group in groups), chain.gaps, chain.anchor)


def _readings(
    syllables: Syllables | None, terms: Sequence[Term], chains: Sequence[Chain]
) -> dict[tuple[int, ...], tuple[int, ...]]:
    if syllables is None:
        return {}
    used = {unit - 1 for term in terms for unit in term.units}
    used |= {unit - 1 for chain in chains for group in chain.groups for phrase in group for unit in phrase}
    phrases = syllables.relevant_phrases(used)
    return dict(sorted(phrases.items(), key=lambda pair: (len(pair[0]), pair[0])))


def _written_phrases(chains: Sequence[Chain], items: set[int]) -> pl.DataFrame:
    written = ((c.item, phrase) for c in chains if c.item in items for group in c.groups for phrase in group)
    rows = [(item, "".join(map(chr, phrase))) for item, phrase in written]
    return pl.DataFrame(rows, schema={"item": pl.Int64, "phrase": pl.String}, orient="row")


def _numeric_ends(source: str, pattern: bool) -> tuple[bool, bool]:
    """Whether a term's own first and last characters are written as Arabic digits or ASCII letters."""
    if pattern:
        return False, False
    return tuple(character.isascii() and character.isalnum() for character in (source[0], source[-1]))


__all__ = ["Matcher", "Probe", "build", "codes_of"]
