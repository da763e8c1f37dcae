"""Rules asked of a day: for each call and rule a verdict, the evidence that shows it, a sentence to argue with."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.rules.conditions import MISSING, NO, UNSURE, YES, Answer, Day
from inspection.rules.crosscall import CrossCall
from inspection.rules.evidence import WHY
from inspection.rules.model import Rule
from inspection.rules.numerals import in_units
from inspection.rules.scorecard import FAIL, INAPPLICABLE, PASS, VERDICTS
from inspection.rules.scorecard import UNSURE as DOUBT
from inspection.tables import FINDINGS, conform

FAILED, CLEARED, DOUBTED, UNHEARD, OUT_OF_SCOPE, NO_WORDS, NO_SOUND, NO_FACT = range(8)
"""Why a verdict is what it is; with the rule it picks the sentence."""
REASONS = 8


@dataclass(frozen=True)
class Verdicts:
    """Arrays [rules, calls]: verdict (into scorecard.VERDICTS), reason, row of the evidence or -1, count of rows."""

    verdict: np.ndarray
    reason: np.ndarray
    row: np.ndarray
    count: np.ndarray
    live: np.ndarray


def ask(day: Day, rules: tuple[Rule, ...]) -> Verdicts:
    """Every rule of every call. Loops over rules, never over calls."""
    shape = (len(rules), day.calls)
    verdict, reason = np.zeros(shape, np.int8), np.zeros(shape, np.int8)
    row, count = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    live = np.ones(shape, bool)
    trial = (day.evidence.frame["status"] == "trial").fill_null(False).to_numpy()
    for number, rule in enumerate(rules):
        scope = None if rule.applies is None else rule.applies.answer(day).state
        asked = scope is None or ((scope == YES) | (scope == UNSURE)).any()
        answer = rule.fail.answer(day) if asked else Answer(np.full(day.calls, NO), day.no_row, day.no_count)
        verdict[number], reason[number] = _verdict(day, rule, scope, answer.state, answer.row)
        row[number], count[number] = answer.row, answer.count
        live[number] = rule.status == "live"
        if answer.row is not day.no_row:
            shown = answer.row >= 0
            live[number, shown] &= ~trial[answer.row[shown]]
    row[(verdict != FAIL) & (verdict != DOUBT)] = -1
    return Verdicts(verdict, reason, row, count, live)


_OF_STATE = np.array([[PASS, INAPPLICABLE, DOUBT, FAIL], [CLEARED, NO_FACT, DOUBTED, FAILED]], np.int8)
"""Verdict and reason of each state of a rule's `fail`."""


def _verdict(
    day: Day, rule: Rule, applies: np.ndarray | None, state: np.ndarray, row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    verdict, reason = _OF_STATE[0][state], _OF_STATE[1][state]
    no_input = {"words": NO_WORDS, "sound": NO_SOUND, "attempts": NO_FACT}[rule.needs]
    heard = {"words": day.words, "sound": day.sound}.get(rule.needs, np.int64(2))
    reason[(state == UNSURE) & (row < 0)] = UNHEARD
    reason[(state == MISSING) & (heard == 0)] = no_input
    # a verdict on words or sound that were not heard would rest on facts alone
    unheard = (heard == 0) & (state != MISSING)
    verdict[unheard], reason[unheard] = INAPPLICABLE, no_input
    if applies is not None:
        outside, unknown = applies == NO, applies == MISSING
        verdict[outside | unknown] = INAPPLICABLE
        reason[outside] = OUT_OF_SCOPE
        reason[unknown], reason[unknown & (heard == 0)] = NO_FACT, no_input
        doubtful = (applies == UNSURE) & (state == YES)
        verdict[doubtful], reason[doubtful] = DOUBT, DOUBTED
        idle = (applies == UNSURE) & (state == NO)
        verdict[idle], reason[idle] = INAPPLICABLE, OUT_OF_SCOPE
    return verdict, reason


EVIDENCE = ("role", "turn_index", "start", "end", "start_ms", "end_ms", "quote", "confidence")


def frame(
    day: Day, rules: tuple[Rule, ...], asked: Verdicts, cross: CrossCall, *, emitted: np.ndarray,
    sentences: dict[str, str],
) -> pl.DataFrame:  # fmt: skip
    """FINDINGS in the order of calls and rules. emitted: bool [rules, calls], the pairs that get a row.

    Most findings say that nothing was found, in a sentence of their rule; only the others are told one by one.
    """
    call, number = np.nonzero(emitted.T)
    verdict, reason, row = (getattr(asked, name)[number, call] for name in ("verdict", "reason", "row"))
    told = np.flatnonzero((verdict == FAIL) | (verdict == DOUBT))
    plain = _texts(rules, sentences)
    story = _told(day, rules, asked, plain=plain, call=call[told], number=number[told], sentences=sentences)
    text = number * REASONS + reason
    text[told] = len(plain) + np.arange(len(told))
    proof = np.zeros(len(call), np.int64)
    proof[told] = 1 + np.arange(len(told))
    evidence = _shown(day, row[told], EVIDENCE)
    quoted = pl.concat([evidence.clear(1), evidence], rechunk=True)[proof]
    sure = pl.Series([1.0, 1.0, 0.5, 1.0], dtype=pl.Float32).gather(verdict)
    live = asked.live[number, call].astype(np.uint32)
    result = quoted.hstack(_about(rules)[number]).with_columns(
        sure.alias("sure"), call_id=day.facts["call_id"].gather(call), verdict=pl.Series(VERDICTS).gather(verdict),
        status=pl.Series(["trial", "live"]).gather(live), reason=pl.concat([plain, story]).gather(text),
        expected=_expected(rules, number[told]).gather(proof),
        related_calls=_related(rules, cross, call, number, told),
    )  # fmt: skip
    result = result.with_columns(role=pl.coalesce("role", "rule_role"), confidence=pl.coalesce("confidence", "sure"))
    return conform(result.select(list(FINDINGS)), FINDINGS, table="findings")


def _shown(day: Day, rows: np.ndarray, columns: tuple[str, ...]) -> pl.DataFrame:
    """Those rows of the evidence; a row of -1 is all null."""
    evidence = day.evidence.frame.select(columns)
    found = pl.Series(rows).set(pl.Series(rows < 0), None)
    return evidence.select(pl.all().gather(found)) if len(evidence) else evidence.clear(len(rows))


def _about(rules: tuple[Rule, ...]) -> pl.DataFrame:
    """What each rule says of itself, one row a rule."""
    columns = {"rule_id": "id", "rule_version": "version", "title": "title", "severity": "severity", "source": "source",
               "rule_role": "role"}  # fmt: skip
    return pl.DataFrame(
        {column: [getattr(rule, name) for rule in rules] for column, name in columns.items()},
        schema_overrides={"rule_version": pl.Int32},
    )


def _texts(rules: tuple[Rule, ...], sentences: dict[str, str]) -> pl.Series:
    """The sentence of each rule and reason, in one column: position is rule × REASONS + reason."""
    texts: list[str] = []
    for rule in rules:
        cleared = rule.clears or sentences["cleared"].format(title=rule.title)
        heard = [rule.reason, cleared, rule.reason, sentences["weak_hearing"]]
        texts += heard + [sentences[name] for name in ("out_of_scope", "no_words", "no_sound", "no_fact")]
    return pl.Series(texts, dtype=pl.String)


def _expected(rules: tuple[Rule, ...], told: np.ndarray) -> pl.Series:
    """A null, then for each told finding what its rule asks for; null where the rule does not say."""
    sentences = pl.Series([None, *(rule.expected or None for rule in rules)], dtype=pl.String)
    return sentences.gather(np.concatenate([[0], 1 + told]))


def _told(
    day: Day, rules: tuple[Rule, ...], asked: Verdicts, *, plain: pl.Series, call: np.ndarray, number: np.ndarray,
    sentences: dict[str, str],
) -> pl.Series:  # fmt: skip
    """The sentences of failed and doubtful findings: with the facts they name, how often, and the doubt."""
    frame = _shown(day, asked.row[number, call], ("why", "detail"))
    frame = frame.with_columns(
        reason=_filled(day, rules, plain.gather(number * REASONS + asked.reason[number, call]), call, number),
        count=asked.count[number, call], unsure=asked.verdict[number, call] == DOUBT,
    )  # fmt: skip
    weak = [sentences.get(name, "") for name in WHY]
    doubt = pl.col("why").fill_null(0).replace_strict(range(len(weak)), weak, return_dtype=pl.String)
    parts = [
        pl.col("reason"),
        pl.when(pl.col("detail").fill_null("") != "").then(pl.format("（{}）", "detail")),
        pl.when(pl.col("count") > 1).then(pl.format(sentences["several"], "count")),
        pl.when("unsure").then(doubt),
        pl.when("unsure").then(pl.lit(sentences["unsure"])),
    ]
    return frame.select(reason=pl.concat_str(parts, ignore_nulls=True))["reason"]


def _filled(day: Day, rules: tuple[Rule, ...], text: pl.Series, call: np.ndarray, number: np.ndarray) -> pl.Series:
    """Puts facts into the sentences that name them in braces: 第 {debtor_effective_today} 通; cents in whole units."""
    for position, rule in enumerate(rules):
        names = re.findall(r"\{(\w+)\}", rule.reason)
        rows = np.flatnonzero(number == position) if names else ()
        if not len(rows):
            continue
        frame = pl.DataFrame({"text": text.gather(rows)})
        for name in names:
            fact = in_units(pl.col(name)) if name.endswith("_cents") else pl.col(name).cast(pl.String)
            value = day.facts.select(value=fact.gather(call[rows]).fill_null("?"))
            frame = frame.hstack(value).select(
                text=pl.col("text").str.replace(f"{{{name}}}", pl.col("value"), literal=True)
            )
        text = text.scatter(rows, frame["text"])
    return text


def _related(
    rules: tuple[Rule, ...], cross: CrossCall, call: np.ndarray, number: np.ndarray, told: np.ndarray
) -> pl.Series:
    """For every finding the other calls that prove it across calls; told: the findings that may have some."""
    parts = []
    for position, rule in enumerate(rules):
        rows = told[number[told] == position] if rule.related in cross.windows else ()
        if len(rows):
            found = pl.DataFrame({
                "row": rows, "own": cross.facts["call_id"].gather(call[rows]),
                "other": cross.windows[rule.related].calls(call[rows]),
            })  # fmt: skip
            parts.append(found.explode("other").filter(pl.col("other") != pl.col("own")))
    pairs = (
        pl.concat(parts).unique().sort("row", "other")
        if parts
        else pl.DataFrame(schema={"row": pl.Int64, "other": pl.String})
    )
    lists = pairs.group_by("row", maintain_order=True).agg("other")
    place = np.zeros(len(call), np.int64)
    place[lists["row"].to_numpy()] = 1 + np.arange(len(lists))
    none = pl.Series([[]], dtype=pl.List(pl.String))
    return pl.concat([none, lists["other"]], rechunk=True).gather(place)
