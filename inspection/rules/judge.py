"""The whole judgement: from what was heard to scores, for any number of calls at once and for one call quickly.

    turns ──► one search ──┬─► hits ─────────┐
                           ├─► phrases ──────┼─► evidence ──► script ──► rules ──► findings ──► scores
    attempts, audio ───────┴─► identity ─────┘                  ▲
                           └─► facts, facts across calls ───────┘

Pure: no file is read, no clock asked. Output is sorted by call id and does not depend on the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
import polars as pl

from inspection.rules import checkpoints, evidence, findings, robot, scorecard, sources
from inspection.rules.conditions import Day
from inspection.rules.crosscall import CrossCall
from inspection.rules.evidence import WHO, Changes, Evidence
from inspection.rules.factsheet import across_calls, factsheet, hearing
from inspection.rules.identity import changes
from inspection.rules.rulebook import Rulebook
from inspection.rules.scan import scan
from inspection.tables import IDENTITY, conform

PART_ROWS = 100_000
"""Calls and turns that are judged together: large enough to cost nothing, small enough to fit beside a day."""


@dataclass(frozen=True)
class Heard:
    """A day as it reaches the judge. attempts: every listed call; the rest of those that were listened to.

    skips, where given, say why the other calls were not (SKIPS); without them a missing recording is `unsure`.
    """

    attempts: pl.DataFrame
    audio: pl.DataFrame
    turns: pl.DataFrame
    words: pl.DataFrame
    acoustics: pl.DataFrame
    skips: pl.DataFrame | None = None


@dataclass(frozen=True)
class Judgement:
    """Frames with the schemas of tables.py."""

    hits: pl.DataFrame
    checkpoints: pl.DataFrame
    identity: pl.DataFrame
    findings: pl.DataFrame
    components: pl.DataFrame
    scores: pl.DataFrame


def judge(rulebook: Rulebook, heard: Heard, history: pl.DataFrame | None = None) -> Judgement:
    """Judges every call of `heard`.

    history: HISTORY of earlier days; columns that it lacks are unknown.
    Raises InputError naming the call for duplicate ids, turns of unlisted calls and unknown time zones.
    """
    calls = sources.axis(heard.attempts)
    turns = sources.laid_out(heard.turns, calls, rulebook.threshold)
    hits, said = scan(rulebook, turns, heard.words)
    cross = across_calls(calls, hits, history, rulebook.timezone, rulebook.threshold)
    parts = [_judged(rulebook, heard, part) for part in _parts(_Part(calls, turns, hits, said, cross))]
    tables = {one.name: [getattr(part, one.name) for part in parts] for one in fields(Judgement)}
    return Judgement(**{name: pl.concat(frames) for name, frames in tables.items()})


@dataclass(frozen=True)
class _Part:
    """Some calls that follow one another, what was said in them, and what other calls say about them.

    Positions (`call`, `row`) count within the part.
    """

    calls: pl.DataFrame
    turns: pl.DataFrame
    hits: pl.DataFrame
    said: pl.DataFrame
    cross: CrossCall


def _parts(day: _Part) -> Iterator[_Part]:
    """The day in parts of about PART_ROWS calls and turns, so that memory holds one part's evidence at a time."""
    call, ids = day.turns["call"].to_numpy(), day.calls["call_id"]
    size = np.cumsum(1 + np.bincount(call, minlength=len(ids))) // PART_ROWS
    edges = np.unique([0, *(np.flatnonzero(np.diff(size)) + 1).tolist(), len(ids)]).tolist()
    if len(edges) <= 2:
        yield day
        return
    rows = np.searchsorted(call, edges).tolist()
    hits = [day.hits["call_id"].search_sorted(ids[edge], side="left") for edge in edges[:-1]] + [len(day.hits)]
    for (low, high), (first, last), (hit, end) in zip(pairwise(edges), pairwise(rows), pairwise(hits), strict=True):
        said = day.said.filter(pl.col("call").is_between(low, high - 1))
        yield _Part(
            day.calls[low:high].with_columns(pl.col("call") - low),
            day.turns[first:last].with_columns(pl.col("call") - low),
            day.hits[hit:end],
            said.with_columns(pl.col("call") - low, pl.col("row") - first),
            day.cross.of(slice(low, high)),
        )


def _judged(rulebook: Rulebook, heard: Heard, part: _Part) -> Judgement:
    value, calls, turns, hits = rulebook.threshold, part.calls, part.turns, part.hits
    ids = calls["call_id"]
    spotted = sources.hits_evidence(hits, turns, value)
    who = _identity(rulebook, turns, part.said, spotted)
    acoustic = sources.acoustic_evidence(heard.acoustics, calls)
    pieces = [spotted, part.said, _as_evidence(who), acoustic, robot.repetitions(turns, rulebook.repeat_roles, value)]
    found = evidence.collect([sources.with_turns(piece, turns, calls) for piece in pieces])
    moments = Changes.of(*(who[name].to_numpy() for name in ("call", "at_ms", "code")), (who["why"] == 0).to_numpy())
    ev = Evidence(found, len(calls), moments, lambda: sources.word_positions(found, turns))
    facts = factsheet(
        calls, audio=heard.audio, skips=heard.skips, turns=turns, acoustic=acoustic, who=who, cross=part.cross,
        zone=rulebook.timezone, regions=value("region_zones", {}),
    )  # fmt: skip
    day = Day(facts, ev, *hearing(facts, value))
    table = checkpoints.checked(rulebook, day, turns)
    day = replace(day, checkpoints=checkpoints.states(day, table))
    asked = findings.ask(day, rulebook.rules)
    emitted = _emitted(rulebook, facts)
    components, scores = scorecard.score(
        day, rulebook.scorecards, rulebook.rules, verdicts=asked.verdict, live=asked.live & emitted,
        heard=facts["heard"].to_numpy(), ids=ids,
    )  # fmt: skip
    return Judgement(
        hits=hits,
        checkpoints=checkpoints.published(table, ids),
        identity=_identity_table(who, turns, ids),
        findings=findings.frame(day, rulebook.rules, asked, part.cross, emitted=emitted, sentences=rulebook.sentences),
        components=components,
        scores=scores,
    )


def _identity(rulebook: Rulebook, turns: pl.DataFrame, said: pl.DataFrame, spotted: pl.DataFrame) -> pl.DataFrame:
    told = said.filter(pl.col("id").str.starts_with("identity.")).with_columns(phrase="id")
    implied = spotted.filter(pl.col("category").is_in(list(rulebook.identity.implied)), pl.col("role") == "customer")
    return changes(turns, told, implied, rulebook.identity)


def _as_evidence(who: pl.DataFrame) -> pl.DataFrame:
    return who.select(
        "call", "row", "start", "end", "why", "quote", "confidence", start_ms="at_ms", id="who",
        kind=pl.lit("identity"), role=pl.lit("customer"),
    )  # fmt: skip


def _emitted(rulebook: Rulebook, facts: pl.DataFrame) -> np.ndarray:
    """The pairs of rule and call that get a finding: rules on words or sound only for calls that somebody answered."""
    everywhere = np.array([rule.needs == "attempts" for rule in rulebook.rules])[:, None]
    return everywhere | (facts["answered"] | facts["heard"]).to_numpy()[None, :]


def _identity_table(who: pl.DataFrame, turns: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    table = who.with_columns(call_id=ids.gather(who["call"]), turn_index=turns["turn_index"].gather(who["row"]))
    return conform(table.select(IDENTITY.names()), IDENTITY, table="identity")


__all__ = ["WHO", "Heard", "Judgement", "judge"]
