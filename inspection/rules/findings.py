"""Rules asked of a day: one verdict for each call and rule, with the evidence that shows it and a sentence to argue with."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.rules.conditions import MISSING, NO, UNSURE, YES, Day, walk
from inspection.rules.crosscall import CrossCall
from inspection.rules.evidence import WHY
from inspection.rules.model import Rule
from inspection.rules.scorecard import FAIL, INAPPLICABLE, PASS, VERDICTS
from inspection.rules.scorecard import UNSURE as DOUBT
from inspection.tables import FINDINGS, conform

FAILED, CLEARED, DOUBTED, UNHEARD, OUT_OF_SCOPE, NO_WORDS, NO_SOUND, NO_FACT = range(8)
"""Why a verdict is what it is; with the rule it picks the sentence."""


@dataclass(frozen=True)
class Verdicts:
    """Arrays [rules, calls]: verdict (index into scorecard.VERDICTS), reason, row of the evidence or -1, count of rows."""

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
        answer = rule.fail.answer(day)
        verdict[number], reason[number] = _verdict(day, rule, answer.state, answer.row)
        row[number], count[number] = answer.row, answer.count
        live[number] = rule.status == "live"
        shown = answer.row >= 0
        live[number, shown] &= ~trial[answer.row[shown]]
    row[(verdict != FAIL) & (verdict != DOUBT)] = -1
    return Verdicts(verdict, reason, row, count, live)


def _verdict(day: Day, rule: Rule, state: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    verdict = np.array([PASS, INAPPLICABLE, DOUBT, FAIL], np.int8)[state]
    no_input = {"words": NO_WORDS, "sound": NO_SOUND, "attempts": NO_FACT}[rule.needs]
    heard = {"words": day.words, "sound": day.sound, "attempts": np.full(day.calls, 2)}[rule.needs]
    reason = np.array([CLEARED, NO_FACT, DOUBTED, FAILED], np.int8)[state]
    reason[(state == UNSURE) & (row < 0)] = UNHEARD
    reason[(state == MISSING) & (heard == 0)] = no_input
    # a verdict on words or sound that were not heard would rest on facts alone
    unheard = (heard == 0) & (state != MISSING)
    verdict[unheard], reason[unheard] = INAPPLICABLE, no_input
    if rule.applies is not None:
        applies = rule.applies.answer(day).state
        outside, unknown = applies == NO, applies == MISSING
        verdict[outside | unknown] = INAPPLICABLE
        reason[outside], reason[unknown] = OUT_OF_SCOPE, np.where(heard[unknown] == 0, no_input, NO_FACT)
        doubtful = (applies == UNSURE) & (state == YES)
        verdict[doubtful], reason[doubtful] = DOUBT, DOUBTED
        idle = (applies == UNSURE) & (state == NO)
        verdict[idle], reason[idle] = INAPPLICABLE, OUT_OF_SCOPE
    return verdict, reason


def frame(
    day: Day,
    rules: tuple[Rule, ...],
    asked: Verdicts,
    cross: CrossCall,
    ids: pl.Series,
    emitted: np.ndarray,
    sentences: dict[str, str],
) -> pl.DataFrame:
    """FINDINGS in the order of calls and rules. emitted: bool [rules, calls], the pairs that get a row."""
    call, number = np.nonzero(emitted.T)
    verdict, reason, row, count, live = (
        getattr(asked, name)[number, call] for name in ("verdict", "reason", "row", "count", "live")
    )
    shown = pl.Series(row).set(pl.Series(row < 0), None)
    evidence = day.evidence.frame.select(
        "role", "turn_index", "start", "end", "start_ms", "end_ms", "quote", "confidence", "why", "detail"
    )
    quoted = evidence.select(pl.all().gather(shown)) if len(evidence) else evidence.clear(len(shown))
    table = _texts(rules, sentences)
    base = pl.DataFrame(
        {
            "call_id": ids.gather(call), "call": call, "number": number, "count": count,
            **{name: pl.Series([getattr(rule, key) for rule in rules], dtype=dtype).gather(number) for name, key, dtype in (
                ("rule_id", "id", pl.String), ("rule_version", "version", pl.Int32), ("title", "title", pl.String),
                ("severity", "severity", pl.String), ("source", "source", pl.String), ("rule_role", "role", pl.String))},
            "verdict": pl.Series(VERDICTS).gather(verdict), "status": pl.Series(["trial", "live"]).gather(live.astype(np.uint32)),
            "reason": table.gather(number * 8 + reason),
        }
    )  # fmt: skip
    result = base.hstack(quoted.rename({"why": "weakness"}))
    result = _explained(result, sentences)
    result = _filled(day, result, rules)
    result = _related(result, rules, cross)
    confidence = pl.col("confidence").fill_null(pl.when(pl.col("verdict") == "unsure").then(0.5).otherwise(1.0))
    result = result.with_columns(role=pl.coalesce("role", "rule_role"), confidence=confidence)
    return conform(result.select(list(FINDINGS)), FINDINGS, table="findings")


def _texts(rules: tuple[Rule, ...], sentences: dict[str, str]) -> pl.Series:
    """The sentence of each rule and reason, in one column: position is rule × 8 + reason."""
    texts: list[str] = []
    for rule in rules:
        scope = sentences["out_of_scope"]
        texts += [rule.reason, rule.clears or sentences["cleared"].format(title=rule.title), rule.reason, sentences["weak_hearing"],
                  scope, sentences["no_words"], sentences["no_sound"], sentences["no_fact"]]  # fmt: skip
    return pl.Series(texts, dtype=pl.String)


def _explained(result: pl.DataFrame, sentences: dict[str, str]) -> pl.DataFrame:
    """Adds how often it was found, what a checkpoint's deviation is, and why doubtful evidence is doubtful."""
    found = pl.col("verdict").is_in(["fail", "unsure"])
    several = pl.format(sentences["several"], "count")
    weak = [sentences.get(name, "") for name in WHY]
    why = pl.col("weakness").fill_null(0).replace_strict(range(len(weak)), weak, return_dtype=pl.String)
    unsure = pl.when(pl.col("verdict") == "unsure")
    parts = [
        pl.col("reason"),
        pl.when(found & pl.col("detail").is_not_null() & (pl.col("detail") != "")).then(pl.format("（{}）", "detail")),
        pl.when(found & (pl.col("count") > 1)).then(several),
        unsure.then(pl.when(pl.col("weakness").fill_null(0) > 0).then(why)),
        unsure.then(pl.lit(sentences["unsure"])),
    ]
    touched = found & (pl.col("detail").is_not_null() | (pl.col("count") > 1) | (pl.col("verdict") == "unsure"))
    return result.with_columns(
        reason=pl.when(touched).then(pl.concat_str(parts, ignore_nulls=True)).otherwise("reason")
    )


def _filled(day: Day, result: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Puts facts into the sentences that name them in braces, such as 第 {debtor_effective_today} 通."""
    for number, rule in enumerate(rules):
        names = re.findall(r"\{(\w+)\}", rule.reason)
        if not names:
            continue
        rows = ((result["number"] == number) & result["verdict"].is_in(["fail", "unsure"])).arg_true()
        text = result["reason"].gather(rows)
        for name in names:
            value = day.facts[name].gather(result["call"].gather(rows)).cast(pl.String).fill_null("?")
            filled = pl.DataFrame({"text": text, "value": value}).select(
                pl.col("text").str.replace(f"{{{name}}}", pl.col("value"), literal=True)
            )
            text = filled["text"]
        result = result.with_columns(reason=result["reason"].scatter(rows, text)) if len(rows) else result
    return result


def _related(result: pl.DataFrame, rules: tuple[Rule, ...], cross: CrossCall) -> pl.DataFrame:
    """The calls that prove a finding across calls, but the call itself."""
    parts = []
    for number, rule in enumerate(rules):
        if rule.related is None or rule.related not in cross.windows:
            continue
        rows = ((result["number"] == number) & result["verdict"].is_in(["fail", "unsure"])).arg_true()
        if len(rows):
            calls = cross.windows[rule.related].calls(result["call"].gather(rows).to_numpy())
            parts.append(
                pl.DataFrame(
                    {"position": rows, "related_calls": calls},
                    schema={"position": pl.UInt32, "related_calls": pl.List(pl.String)},
                )
            )
    if not parts:
        return result.with_columns(related_calls=pl.lit([], dtype=pl.List(pl.String)))
    related = pl.concat(parts)
    result = (
        result.with_row_index("position")
        .join(related, on="position", how="left", maintain_order="left")
        .drop("position")
    )
    others = pl.col("related_calls").list.set_difference(pl.concat_list("call_id"))
    return result.with_columns(related_calls=others.list.sort().fill_null([]))


__all__ = ["Verdicts", "ask", "frame", "walk"]
