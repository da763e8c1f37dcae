"""Scores: components first, summed once, capped where the card says so, zero when something fatal was found.

    lost      = for each section min(loss of its components, the section's cap)
    score     = 100 × (possible − lost) / possible, at most the lowest cap that applies, 0 when fatal
    possible  = points of the components that passed or failed

What is not applicable leaves the denominator; what is unsure leaves it too and is counted apart, so the score says only
what is known, and the verdict says that somebody has to look. Trial rules have no points.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from inspection.errors import RulebookError
from inspection.lexicon.safe_yaml import read_yaml as read
from inspection.rules.checks import fields, listed
from inspection.rules.conditions import YES, Day
from inspection.rules.language import Names, Reader
from inspection.rules.model import SEVERITIES, Component, Rule, Scorecard
from inspection.tables import COMPONENTS, SCORES, conform

CARD = {"id", "title", "applies", "stages", "agent_kinds", "sections", "caps", "bands", "pass_mark"}
CHANGES = {"id", "title", "stages", "agent_kinds", "like", "without", "points", "caps", "bands", "pass_mark"}
SELECTORS = {"stages": ("stage", ("M0", "M1", "M2")), "agent_kinds": ("agent_kind", ("human", "robot"))}
"""What a card may be for: the fact that tells, and its values; beside them `unknown`, which is any other or none."""
UNKNOWN = "unknown"


def read_scorecards(path: Path, names: Names, rules: dict[str, Rule]) -> tuple[Scorecard, ...]:
    """The cards of scorecards.yaml, checked against the rules.

    Cards that select by stage and kind of agent are checked to fit every call exactly once.
    """
    bodies: dict[str, dict[str, Any]] = {}
    for body in listed(read(path), path):
        whole = _whole(fields(body, path, required={"id"}), bodies, str(path))
        if whole["id"] in bodies:
            raise RulebookError(f"{path}: two scorecards have the same id")
        bodies[whole["id"]] = whole
    _fit_once(list(bodies.values()), str(path))
    return tuple(_card(body, str(path), names, rules) for body in bodies.values())


def _whole(body: dict[str, Any], known: dict[str, dict[str, Any]], place: str) -> dict[str, Any]:
    """A card written as changes to one above it (`like`): without some rules, with other points for some."""
    if "like" not in body:
        return body
    place = f"{place}: {body['id']}"
    data = fields(body, place, required={"title", *SELECTORS}, allowed=CHANGES)
    if data["like"] not in known:
        above = ", ".join(known) or "none"
        raise RulebookError(f"{place}: like: {data['like']!r} is no scorecard above this one; above are {above}")
    base, without, points = known[data["like"]], listed(data.get("without", []), place), data.get("points", {})
    sections = [fields(one, place, required={"id", "points"}) for one in listed(base.get("sections"), place)]
    there = {rule for one in sections for rule in fields(one["points"], f"{place}: {one['id']}")}
    if unknown := [rule for rule in (*without, *fields(points, f"{place}: points")) if rule not in there]:
        raise RulebookError(f"{place}: {unknown[0]!r} has no points in {data['like']}")
    sections = [
        {**one, "points": {rule: points.get(rule, old) for rule, old in one["points"].items() if rule not in without}}
        for one in sections
    ]
    own = {key: value for key, value in data.items() if key not in ("like", "without", "points")}
    return {**base, **own, "sections": [one for one in sections if one["points"]]}


def _fit_once(bodies: list[dict[str, Any]], place: str) -> None:
    """Refuses selectors that leave a stage and kind of agent without a card, or with two."""
    selecting = [body for body in bodies if set(SELECTORS) & set(body)]
    if not selecting:
        return
    for body in bodies:
        one = f"{place}: {body['id']}"
        fields({key: body[key] for key in body if key in (*SELECTORS, "applies")}, one, set(SELECTORS), set(SELECTORS))
        for key, (_, values) in SELECTORS.items():
            if wrong := [value for value in listed(body[key], f"{one}: {key}") if value not in (*values, UNKNOWN)]:
                raise RulebookError(f"{one}: {key}: {wrong[0]!r} is not one of {', '.join((*values, UNKNOWN))}")
    for pair in product(*((*values, UNKNOWN) for _, values in SELECTORS.values())):
        fits = [
            body["id"] for body in bodies if all(one in body[key] for one, key in zip(pair, SELECTORS, strict=True))
        ]
        if len(fits) != 1:
            found = f"two scorecards fit, {fits[0]} and {fits[1]}" if fits else "no scorecard fits"
            raise RulebookError(f"{place}: calls of stage {pair[0]} by agent kind {pair[1]}: {found}; exactly one must")


def _for_whom(body: dict[str, Any]) -> Any:
    """The condition of a card: as written, or from its selectors."""
    if "applies" in body:
        return body["applies"]
    parts = []
    for key, (fact, values) in SELECTORS.items():
        chosen = [value for value in body[key] if value != UNKNOWN]
        other = [{"fact": fact, "known": False}, {"fact": fact, "not_in": list(values)}] if UNKNOWN in body[key] else []
        parts.append({"any": [*([{"fact": fact, "in": chosen}] if chosen else []), *other]})
    return {"all": parts}


def _card(body: Any, place: str, names: Names, rules: dict[str, Rule]) -> Scorecard:
    data = fields(body, place, required={"id", "title", "sections", "bands", "pass_mark"}, allowed=CARD)
    place = f"{place}: {data['id']}"
    if not {"applies", *SELECTORS} & set(data):
        raise RulebookError(f"{place}: says not which calls it is for; add stages and agent_kinds, or applies")
    components, losses = [], {}
    for section in listed(data["sections"], place):
        one = fields(section, place, required={"id", "points"}, allowed={"id", "title", "points", "max_loss"})
        if "max_loss" in one:
            losses[one["id"]] = float(one["max_loss"])
        for rule, points in fields(one["points"], f"{place}: {one['id']}").items():
            if rule not in rules:
                raise RulebookError(f"{place}: {one['id']}: unknown rule {rule!r}")
            if not isinstance(points, int | float) or isinstance(points, bool) or points <= 0:
                raise RulebookError(f"{place}: {one['id']}: {rule}: points must be above 0")
            components.append(Component(rule, float(points), one["id"]))
    if len({component.rule for component in components}) != len(components):
        raise RulebookError(f"{place}: a rule stands in two sections; its points would count twice")
    caps = []
    for cap in listed(data.get("caps", []), f"{place}: caps"):
        one = fields(
            cap, f"{place}: caps", required={"severity", "findings", "score"}, allowed={"severity", "findings", "score"}
        )
        if one["severity"] not in SEVERITIES:
            raise RulebookError(f"{place}: caps: {one['severity']!r} is not one of {', '.join(SEVERITIES)}")
        caps.append((one["severity"], int(one["findings"]), float(one["score"])))
    bands = sorted(((float(low), name) for name, low in fields(data["bands"], f"{place}: bands").items()), reverse=True)
    if not bands or bands[-1][0] != 0:
        raise RulebookError(f"{place}: bands: the lowest band must start at 0")
    applies = Reader(names, f"{place}: applies").condition(_for_whom(data))
    return Scorecard(
        data["id"],
        data["title"],
        applies,
        tuple(components),
        losses,
        tuple(caps),
        tuple(bands),
        float(data["pass_mark"]),
    )


FAIL, PASS, UNSURE, INAPPLICABLE = range(4)
VERDICTS = ("fail", "pass", "unsure", "not_applicable")


def score(
    day: Day,
    cards: tuple[Scorecard, ...],
    rules: tuple[Rule, ...],
    *,
    verdicts: np.ndarray,
    live: np.ndarray,
    heard: np.ndarray,
    ids: pl.Series,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Components and scores of the heard calls.

    verdicts: int8 [rules, calls], indices into VERDICTS; live: bool of the same shape, false where a finding is on
    trial; ids: call ids of the axis. The first card that applies to a call scores it.
    """
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    free, components, scores = heard.copy(), [], []
    for card in cards:
        calls = np.flatnonzero(free & (card.applies.answer(day).state == YES))
        free[calls] = False
        if len(calls):
            lines, sums = _score(card, calls, numbers, rules, verdicts=verdicts, live=live, ids=ids)
            components.append(lines)
            scores.append(sums)
    empty = (pl.DataFrame(schema=COMPONENTS), pl.DataFrame(schema=SCORES | {"call": pl.Int64}))
    lines = pl.concat(components).sort("call", maintain_order=True).drop("call") if components else empty[0]
    sums = pl.concat(scores).sort("call").drop("call") if scores else empty[1].drop("call")
    return conform(lines, COMPONENTS, table="components"), conform(sums, SCORES, table="scores")


def _score(
    card: Scorecard,
    calls: np.ndarray,
    numbers: dict[str, int],
    rules: tuple[Rule, ...],
    *,
    verdicts: np.ndarray,
    live: np.ndarray,
    ids: pl.Series,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = np.array([numbers[component.rule] for component in card.components])
    points = np.array([component.points for component in card.components])[:, None]
    found, alive = verdicts[np.ix_(rows, calls)], live[np.ix_(rows, calls)]
    possible = np.where(((found == FAIL) | (found == PASS)) & alive, points, 0.0)
    earned = np.where(found == PASS, possible, 0.0)
    sections = np.array([component.section for component in card.components])
    lost = sum(
        np.minimum((possible - earned)[sections == name].sum(axis=0), card.section_loss.get(name, np.inf))
        for name in dict.fromkeys(sections.tolist())
    )
    total = possible.sum(axis=0)
    value = np.where(total > 0, 100 * (total - lost) / np.where(total > 0, total, 1), np.nan)
    failed = (verdicts[:, calls] == FAIL) & live[:, calls]
    severities = np.array([rule.severity for rule in rules])
    for severity, least, most in card.caps:
        value = np.where(failed[severities == severity].sum(axis=0) >= least, np.fmin(value, most), value)
    fatal = failed[severities == "fatal"]
    is_fatal = fatal.any(axis=0)
    value = np.where(is_fatal, 0.0, value)
    doubts = ((verdicts[:, calls] == UNSURE) & live[:, calls]).sum(axis=0)
    sums = pl.DataFrame(
        {
            "call": calls, "call_id": ids.gather(calls), "scorecard": pl.repeat(card.id, len(calls), eager=True),
            "earned": total - lost, "possible": total, "score": pl.Series(value).fill_nan(None), "fatal": is_fatal,
            "fatal_rules": _names(fatal, [rule.id for rule in rules if rule.severity == "fatal"]), "unsure": doubts,
        }
    ).with_columns(band=_band(card), verdict=_verdict(card))  # fmt: skip
    return _lines(card, calls, found, earned=earned, possible=possible, ids=ids), sums


def _lines(
    card: Scorecard, calls: np.ndarray, found: np.ndarray, *, earned: np.ndarray, possible: np.ndarray, ids: pl.Series
) -> pl.DataFrame:
    """One row for each call and component, in the order of the card."""
    parts, width = card.components, len(card.components)
    of_call = np.repeat(np.arange(len(calls)), width)
    of_part = np.tile(np.arange(width), len(calls))
    return pl.DataFrame(
        {
            "call": calls[of_call], "call_id": ids.gather(calls).gather(of_call),
            "scorecard": pl.repeat(card.id, len(of_call), eager=True),
            "component": pl.Series([part.section for part in parts], dtype=pl.String).gather(of_part),
            "rule_id": pl.Series([part.rule for part in parts], dtype=pl.String).gather(of_part),
            "verdict": pl.Series(VERDICTS).gather(found.T.ravel()),
            "earned": earned.T.ravel(), "possible": possible.T.ravel(),
        }
    )  # fmt: skip


def _band(card: Scorecard) -> pl.Expr:
    name = pl.lit(None, pl.String)
    for low, title in reversed(card.bands):
        name = pl.when(pl.col("score") >= low).then(pl.lit(title)).otherwise(name)
    return name


def _verdict(card: Scorecard) -> pl.Expr:
    """A failed call stays failed; below that, anything a person has to settle makes the whole call unsure."""
    failed = pl.col("fatal") | (pl.col("score") < card.pass_mark).fill_null(False)
    unclear = (pl.col("unsure") > 0) | pl.col("score").is_null()
    return pl.when(failed).then(pl.lit("fail")).when(unclear).then(pl.lit("unsure")).otherwise(pl.lit("pass"))


def _names(marks: np.ndarray, names: list[str]) -> pl.Series:
    """For each column of marks the list of names whose mark is set."""
    which, name = np.nonzero(marks.T)
    frame = pl.DataFrame({"call": which, "name": pl.Series(names, dtype=pl.String).gather(name)})
    lists = frame.group_by("call", maintain_order=True).agg("name")
    every = pl.DataFrame({"call": np.arange(marks.shape[1])})
    return every.join(lists, on="call", how="left", maintain_order="left")["name"].fill_null([])
