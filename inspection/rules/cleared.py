"""Which phrases a guard of the lexicon clears, as it clears hits: 我们不会起诉您 accuses nobody of suing.

A phrase that accuses (it stands in a rule's `fail` and is not what is missed) is asked the guards that an entry is
asked by default; one that is sought to excuse, or required, is not. `guards` written beside it settle it for every use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.lexicon.guards import Guards, compiled
from inspection.lexicon.model import ALL_GUARDS, Lexicon
from inspection.rules.conditions import Select, walk
from inspection.rules.model import Phrase, Rule


def accusing(rules: Iterable[Rule]) -> frozenset[str]:
    """Ids of the phrases that make a rule fail by being said."""
    nodes = (node for rule in rules for node in walk(rule.fail))
    return frozenset(name for node in nodes if isinstance(node, Select) and node.guarded for name in node.names)


@dataclass(frozen=True)
class PhraseGuards:
    """table: number, id, always (in every use and not only where the phrase accuses); asked: the guards."""

    table: pl.DataFrame
    asked: Guards

    @classmethod
    def of(cls, lexicon: Lexicon, phrases: Mapping[str, Phrase], accusing: frozenset[str]) -> PhraseGuards:
        asked = {
            name: phrase.guards if phrase.guards is not None else ALL_GUARDS
            for name, phrase in phrases.items()
            if phrase.guards or (phrase.guards is None and name in accusing)
        }
        rows = [(name, list(guards), phrases[name].guards is not None) for name, guards in asked.items()]
        schema = {"id": pl.String, "guards": pl.List(pl.String), "always": pl.Boolean}
        known = {name: guard for name, guard in lexicon.guards.items() if name in ALL_GUARDS}
        patterns = (source for name in asked for source in phrases[name].patterns)
        owners = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("number")
        guards = compiled(known, lexicon.folding, patterns)
        named = owners.select("guards", entry_id="id", category=pl.lit(None, pl.String))
        return cls(owners.drop("guards"), Guards.of(guards, named))

    def __contains__(self, phrase: str) -> bool:
        return phrase in self.table["id"]

    def ask(self, matches: pl.DataFrame, roles: pl.Series) -> pl.DataFrame:
        """`matches` (MATCHES with `id`) with `cleared`, without those cleared in every use. roles: of the turns."""
        named = matches.select("id").join(self.table, on="id", how="left", maintain_order="left")
        place = named["number"].is_not_null().arg_true()
        asked = matches[place].with_columns(role=roles.gather(matches["row"][place]))
        cleared = np.zeros(len(matches), bool)
        cleared[place.to_numpy()] = self._cleared(asked, named["number"][place].to_numpy())
        always = named["always"].fill_null(False).to_numpy()
        return matches.with_columns(cleared=cleared).filter(~(cleared & always))

    def _cleared(self, phrases: pl.DataFrame, number: np.ndarray) -> np.ndarray:
        cleared, suspected = np.zeros(len(phrases), bool), self.asked.suspected(phrases, number)
        for name, guard in self.asked.compiled.items():
            cleared |= guard.objections(phrases, suspected[name]).is_not_null().to_numpy()
        return cleared
