"""How good the words are: precision and recall per category on sentences labelled apart from the lexicon.

A labelled sentence is one line of JSON:

    {"say": "再不还就叫几个人去你家", "role": "agent", "categories": ["threat"], "kind": "plain"}

`say` may be a list of turns; `categories` is empty for an innocent sentence; `kind` names the group (plain, recogniser
errors, ...) for which recall is told apart.

The clean body is the other proof: ordinary turns, a line each (role, tab, words), in which nothing of a fatal category
may be found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from inspection.errors import InputError
from inspection.lexicon.cases import judged, kept_hits, spoken
from inspection.lexicon.model import CATEGORIES, Lexicon, Role


class Sentence(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str | tuple[str, ...]
    role: str
    categories: tuple[str, ...]
    kind: str = "plain"

    @property
    def turns(self) -> tuple[str, ...]:
        return (self.say,) if isinstance(self.say, str) else self.say


BARS = {"plain": 0.90, "misheard": 0.75, "innocent": 0.02}
"""Least recall by kind, and the most innocent sentences that may be flagged, where no entry was written from them."""
ALL = "all"


@dataclass(frozen=True)
class Measured:
    """What the lexicon found in labelled sentences.

    shares: category (or ALL), what, part, whole, share, met. `what` is a kind (share: recall), "precision" (of the
        sentences in which the category was found) or "innocent" (innocent sentences in which it was found); `met` is
        null where there is no bar.
    wrong: every sentence judged wrongly: category, error (missed | false), kind, role, say, entry_id, quote, term, and
        of a missed one whose hit was cleared the step that did
    """

    shares: pl.DataFrame
    wrong: pl.DataFrame


def read_sentences(path: Path) -> list[Sentence]:
    """Raises InputError naming file, line and field."""
    sentences = []
    for number, line in enumerate(_lines(path), start=1):
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
    anywhere = pl.col("kept") | (pl.col("cleared_by") == "window")  # a sentence alone has no place in a call
    hits = judged(lexicon, turns).with_columns(kept=anywhere).filter(pl.col("confidence") >= min_confidence)
    hits = hits.sort("kept", descending=True, maintain_order=True).unique(
        ["call_id", "category"], keep="first", maintain_order=True
    )
    hits = hits.select(
        "call_id", "category", "entry_id", "quote", "term", found="kept", step=pl.col("steps").list.last()
    )
    said = _said(sentences)
    wanted = said.explode("category", empty_as_null=True).drop_nulls("category")
    wanted = wanted.select("call_id", "category", wanted=True)
    pairs = wanted.join(hits, on=["call_id", "category"], how="full", coalesce=True)
    pairs = pairs.with_columns(pl.col("wanted", "found").fill_null(False))
    pairs = pairs.join(said.rename({"category": "labels"}), on="call_id", how="left").sort("category", "call_id")
    return Measured(_shares(pairs, innocents=said.filter(pl.col("category").list.len() == 0).height), _wrong(pairs))


def _said(sentences: list[Sentence]) -> pl.DataFrame:
    """call_id, say, role, kind, category (a list) of each sentence."""
    rows = [(f"{n:08d}", " / ".join(s.turns), s.role, s.kind, list(s.categories)) for n, s in enumerate(sentences)]
    text = pl.String
    schema = {"call_id": text, "say": text, "role": text, "kind": text, "category": pl.List(text)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _shares(pairs: pl.DataFrame, innocents: int) -> pl.DataFrame:
    innocent = pairs.filter("found", pl.col("labels").list.len() == 0)
    in_any = innocent.unique("call_id").with_columns(category=pl.lit(ALL))
    counts = pl.concat(
        [
            pairs.filter("wanted").select("category", what="kind", part="found", whole=pl.lit(1)),
            pairs.filter("found").select("category", what=pl.lit("precision"), part="wanted", whole=pl.lit(1)),
        ]
    )
    counts = pl.concat([counts, counts.with_columns(category=pl.lit(ALL))])
    counts = counts.group_by("category", "what").agg(pl.col("part", "whole").sum())
    flagged = pl.concat([innocent, in_any]).group_by("category").agg(part=pl.len())
    flagged = counts.select("category").unique().join(flagged, on="category", how="left")
    flagged = flagged.select(
        "category", what=pl.lit("innocent"), part=pl.col("part").fill_null(0), whole=pl.lit(innocents)
    )
    shares = pl.concat([counts, flagged], how="vertical_relaxed").filter(pl.col("whole") > 0)
    bar = pl.col("what").replace_strict(BARS, default=None, return_dtype=pl.Float64)
    share, of_all = pl.col("share"), pl.col("category") == ALL
    met = pl.when(pl.col("what") != "innocent").then(share >= bar).when(of_all).then(share <= bar)
    shares = shares.with_columns(share=pl.col("part") / pl.col("whole"))
    return shares.with_columns(met=met).sort(of_all, "category", "what")


def _wrong(pairs: pl.DataFrame) -> pl.DataFrame:
    error = pl.when("wanted").then(pl.lit("missed")).otherwise(pl.lit("false"))
    step = pl.when("wanted").then("step").alias("step")
    names = ("kind", "role", "say", "entry_id", "quote", "term")
    return pairs.filter(pl.col("wanted") != pl.col("found")).select("category", error.alias("error"), *names, step)


def read_clean(path: Path) -> pl.DataFrame:
    """TURNS of a clean body: a call of its own for each line. Raises InputError naming file and line."""
    turns = []
    for number, line in enumerate(_lines(path), start=1):
        role, tab, words = line.partition("\t")
        if not line.strip():
            continue
        if role not in get_args(Role) or not tab or not words.strip():
            raise InputError(f"{path}: line {number}: write role ({', '.join(get_args(Role))}), one tab, the words")
        turns.append((f"line {number:06d}", role, (words,)))
    return spoken(turns)


def fatal_hits(lexicon: Lexicon, turns: pl.DataFrame) -> pl.DataFrame:
    """What entries of the categories that have fatal entries find in clean `turns`; columns as in Measured.wrong."""
    fatal = {entry.category for entry in lexicon.active if entry.severity == "fatal"}
    hits = kept_hits(lexicon, turns).filter(pl.col("category").is_in(fatal))
    hits = hits.join(turns.select("call_id", say="text"), on="call_id", how="left", maintain_order="left")
    error, step = pl.lit("false").alias("error"), pl.lit(None, pl.String).alias("step")
    names = ("role", "say", "entry_id", "quote", "term")
    return hits.select("category", error, pl.lit("clean").alias("kind"), *names, step)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as UTF-8 text ({error}); name a file of sentences to measure"
        ) from None
