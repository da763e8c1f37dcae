"""How good the words are: precision and recall per category on sentences labelled apart from the lexicon.

A labelled sentence is one line of JSON:

    {"say": "再不还就叫几个人去你家", "role": "agent", "categories": ["threat"], "kind": "plain"}

`say` may be a list of turns; `categories` is empty for an innocent sentence; `kind` names the group (plain, recogniser
errors, ...) for which recall is told apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from inspection.errors import InputError
from inspection.lexicon.cases import kept_hits, spoken
from inspection.lexicon.model import CATEGORIES, Lexicon


class Sentence(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str | tuple[str, ...]
    role: str
    categories: tuple[str, ...]
    kind: str = "plain"

    @property
    def turns(self) -> tuple[str, ...]:
        return (self.say,) if isinstance(self.say, str) else self.say


@dataclass(frozen=True)
class Measured:
    """`categories`: one row a category and kind; `innocent`: one row a kind; `wrong`: every sentence judged wrongly.

    categories: category, kind, sentences, found, recall, flagged (all sentences with a hit), precision
    innocent: kind, sentences, flagged, share
    wrong: say, role, kind, category, error (missed | false), quote, term
    """

    categories: pl.DataFrame
    innocent: pl.DataFrame
    wrong: pl.DataFrame


def read_sentences(path: Path) -> list[Sentence]:
    """Raises InputError naming file, line and field."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    sentences = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            sentence = Sentence.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {number}: not JSON: {error.msg}") from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise InputError(f"{path}: line {number}: {first['loc'][0]}: {first['msg']}") from None
        if unknown := [name for name in sentence.categories if name not in CATEGORIES]:
            raise InputError(
                f"{path}: line {number}: categories: unknown {unknown[0]!r}; one of {', '.join(CATEGORIES)}"
            )
        sentences.append(sentence)
    if not sentences:
        raise InputError(f"{path}: holds no sentence; write one JSON object a line")
    return sentences


def measure(lexicon: Lexicon, sentences: list[Sentence], *, min_confidence: float = 0.0) -> Measured:
    """Judges each sentence as a call of its own. A category is found when a kept hit of it is at least so confident."""
    turns = spoken([(f"{number:08d}", s.role, s.turns) for number, s in enumerate(sentences)])
    hits = kept_hits(lexicon, turns).filter(pl.col("confidence") >= min_confidence)
    hits = hits.select("call_id", "category", "quote", "term").unique(
        ["call_id", "category"], keep="first", maintain_order=True
    )
    said = pl.DataFrame(
        [(f"{n:08d}", " / ".join(s.turns), s.role, s.kind, list(s.categories)) for n, s in enumerate(sentences)],
        schema={
            "call_id": pl.String,
            "say": pl.String,
            "role": pl.String,
            "kind": pl.String,
            "category": pl.List(pl.String),
        },
        orient="row",
    )
    wanted = said.explode("category", empty_as_null=True).drop_nulls("category").with_columns(wanted=True)
    pairs = wanted.join(hits.with_columns(found=True), on=["call_id", "category"], how="full", coalesce=True)
    pairs = pairs.select("call_id", "category", "quote", "term", pl.col("wanted", "found").fill_null(False))
    pairs = pairs.join(said.drop("category"), on="call_id", how="left").sort("call_id", "category")
    categories = (
        pairs.group_by("category", "kind")
        .agg(
            sentences=pl.col("wanted").sum(),
            found=(pl.col("wanted") & pl.col("found")).sum(),
            flagged=pl.col("found").sum(),
        )
        .with_columns(recall=_share("found", "sentences"), precision=_share("found", "flagged"))
        .sort("category", "kind")
    )
    innocent = (
        said.filter(pl.col("category").list.len() == 0)
        .join(hits.select("call_id", flagged=pl.lit(1)).unique(), on="call_id", how="left")
        .group_by("kind").agg(sentences=pl.len(), flagged=pl.col("flagged").fill_null(0).sum())
        .with_columns(share=_share("flagged", "sentences")).sort("kind")
    )  # fmt: skip
    wrong = pairs.filter(pl.col("wanted") != pl.col("found")).with_columns(
        error=pl.when("wanted").then(pl.lit("missed")).otherwise(pl.lit("false"))
    )
    return Measured(categories, innocent, wrong.select("say", "role", "kind", "category", "error", "quote", "term"))


def _share(part: str, whole: str) -> pl.Expr:
    """Null where there is nothing to take a share of."""
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
