"""Choosing: what each raw match is worth. Named steps, each over all matches; the first that objects clears a match.

role        said by somebody whom the entry is not about (an unknown role neither clears nor accuses)
covered     a longer match of the same entry says it better
exception   a phrase of the entry's exceptions covers the match (他妈妈 over 他妈)
negation    "坐牢是不会的", "没有冻结您的账户"
quotation   "骗子会说…"
question    asked by the customer
warning     "不要把验证码告诉任何人"
ordinary    homophone: what was heard is made of ordinary words, and the recogniser was sure of them
window      outside the seconds of the call that the entry is about
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import numpy as np
import polars as pl
from ahocorasick_rs import AhoCorasick

from inspection.lexicon.model import ALL_GUARDS, Cues, Guard, Lexicon
from inspection.lexicon.search import CONTEXT
from inspection.lexicon.timing import timed
from inspection.tables import HITS, conform

WEAK_PROBABILITY = 0.5
"""Below it the recogniser doubted its own words, so another word of the same sound is likelier."""
SPOKEN_CONFIDENCE, SHORT_SPOKEN_CONFIDENCE = 0.6, 0.4
"""Homophone matches: of `Syllables.sure` characters and more; of fewer. Unmeasured defaults (domain §2.3, L)."""
WEAKNESS_BONUS = 0.15
_MARKS = "[，？]"


def choose(
    matches: pl.DataFrame, lexicon: Lexicon, turns: pl.DataFrame, words: pl.DataFrame | None = None
) -> pl.DataFrame:
    """HITS: every match of a lexicon entry, kept or cleared, with the word of each step that looked at it.

    `matches` come from `search` on the same `turns`; matches of other probes are left out. Without words the times of
    a hit are estimated by its place in the turn, and its probability is the turn's.
    """
    hits = matches.filter(pl.col("kind") == "entry").rename({"probe_id": "entry_id"})
    hits = hits.join(lexicon.table, on="entry_id", how="inner", maintain_order="left")
    alive = timed(hits, turns, words).with_row_index("hit")
    said, cleared = [], []
    for name, step in _steps(lexicon, turns):
        reason = step(alive).alias("reason")
        objected = reason.is_not_null()
        cleared.append(_told(alive.filter(objected), said, name, reason.filter(objected)))
        alive = alive.filter(~objected)
        said.append(f"{name}: passed")
    hits = pl.concat([*cleared, _told(alive, said, None, None)]).sort("hit")
    return conform(hits.with_columns(confidence=_confidence(lexicon)).select(list(HITS)), HITS, table="hits")


def _steps(lexicon: Lexicon, turns: pl.DataFrame) -> Iterator[tuple[str, Callable[[pl.DataFrame], pl.Series]]]:
    """Each step gives, for every hit still alive, the reason why it is cleared, or null."""
    yield "role", _role
    yield "covered", _covered
    yield "exception", partial(_exception, lexicon=lexicon)
    for name in ALL_GUARDS:
        yield name, partial(_guarded, name=name, lexicon=lexicon)
    yield "ordinary", _ordinary
    yield "window", partial(_window, turns=turns)


def _told(hits: pl.DataFrame, passed: list[str], name: str | None, reason: pl.Series | None) -> pl.DataFrame:
    """The hits with kept, cleared_by and steps: what found them, the steps passed, the step that cleared them.

    Few different stories are told about many hits, so each is put together once.
    """
    story = hits.select("via", "timing", reason=pl.lit(None, pl.String) if reason is None else reason)
    told = story.unique(maintain_order=True)
    words = [pl.format("found: {}, {}", "via", "timing"), *map(pl.lit, passed)]
    if name is not None:
        words.append(pl.format("{}: {}", pl.lit(name), "reason"))
    told = told.with_columns(steps=pl.concat_list(words) if len(told) else pl.lit([], pl.List(pl.String)))
    story = story.join(told, on=["via", "timing", "reason"], how="left", nulls_equal=True, maintain_order="left")
    return hits.with_columns(story["steps"], kept=pl.lit(name is None), cleared_by=pl.lit(name, pl.String))


def _role(hits: pl.DataFrame) -> pl.Series:
    stranger = ~pl.col("roles").list.contains(pl.col("role")) & (pl.col("role") != "unknown")
    return hits.select(pl.when(stranger).then(pl.format("said by {}", "role"))).to_series()


def _covered(hits: pl.DataFrame) -> pl.Series:
    """Only matches that passed `role` cover others, and before any exception: so an exception can only remove hits."""
    entry, row, start = (hits[name].to_numpy().astype(np.int64) for name in ("entry_number", "row", "start"))
    stop = start + hits["quote"].str.len_chars().to_numpy()
    text = (hits["via"] == "text").to_numpy()
    order = np.lexsort((~text, -stop, start, row, entry))
    entry, row, stop, text = entry[order], row[order], stop[order], text[order]
    group = np.cumsum((np.diff(entry, prepend=-1) != 0) | (np.diff(row, prepend=-1) != 0))
    reach_of_all, reach_of_text = (_furthest_before(group, np.where(chosen, stop, -1)) for chosen in (True, text))
    covered = order[np.where(text, reach_of_text, reach_of_all) >= stop]
    reason = pl.Series([None], dtype=pl.String).new_from_index(0, len(hits))
    return reason.scatter(covered, "a longer match of the same entry") if len(covered) else reason


def _furthest_before(group: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """For each place, the largest stop of the places before it in its group (groups ascend); -1 where there is none."""
    shift = np.int64(1) << 40
    furthest = np.maximum.accumulate(group * shift + stop + 1)
    before = np.append(np.int64(0), furthest[:-1])
    return np.where(before >= group * shift, before - group * shift - 1, -1)


def _exception(hits: pl.DataFrame, lexicon: Lexicon) -> pl.Series:
    """The exception of its own entry that covers the hit, or the first or last phrase of a pattern's hit."""
    table = lexicon.exceptions
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(hits))
    if not len(table) or not len(hits):
        return nothing
    before, after = (hits[side].str.replace_all(_MARKS, "") for side in ("before", "after"))
    texts = before + hits["body"] + after
    phrases = table["phrase"].unique(maintain_order=True)
    phrase, which, low, high = _occurrences(texts, phrases)
    start = before.str.len_chars().to_numpy().astype(np.int64)[which]
    end = start + hits["body"].str.len_chars().to_numpy()[which]
    over_first = (low <= start) & (high >= start + hits["head"].to_numpy()[which])
    over_last = (low <= end - hits["tail"].to_numpy()[which]) & (high >= end)
    covers = over_first | (over_last & hits["pattern"].to_numpy()[which])
    found = hits.select("entry_id", "via")[which[covers]]
    found = found.with_columns(place=pl.Series(which[covers]), phrase=phrases.gather(phrase[covers]))
    found = found.join(table, on=["entry_id", "phrase"], how="inner", maintain_order="left")
    found = found.filter(~pl.col("homophone_only") | (pl.col("via") == "homophone"))
    found = found.unique("place", keep="first", maintain_order=True)
    return nothing.scatter(found["place"], found["exception"]) if len(found) else nothing


def _occurrences(texts: pl.Series, phrases: pl.Series) -> tuple[np.ndarray, ...]:
    """Where the phrases stand in the texts: (phrase number, text number, start, end), in code points."""
    length = texts.str.len_chars().to_numpy().astype(np.int64) + 1
    origin = np.cumsum(length) - length
    found = AhoCorasick(phrases.to_list()).find_matches_as_indexes(texts.str.join("\n").item(), overlapping=True)
    flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
    which = np.searchsorted(origin, flat[:, 1], side="right") - 1
    return flat[:, 0], which, flat[:, 1] - origin[which], flat[:, 2] - origin[which]


def _guarded(hits: pl.DataFrame, name: str, lexicon: Lexicon) -> pl.Series:
    guard = lexicon.guards.get(name, Guard())
    between = pl.col("body").str.len_chars().cast(pl.Int64) - pl.col("head") - pl.col("tail")
    applies = pl.col("guards").list.contains(name) & pl.col("role").is_in(list(guard.roles))
    within = pl.when("pattern").then(pl.col("body").str.slice(pl.col("head"), between.clip(0, None)))
    hits = hits.select("before", "after", applies=applies, within=within)
    reason = pl.Series([None], dtype=pl.String).new_from_index(0, len(hits))
    sides = [("after", guard.after, _CUE_AFTER), ("before", guard.before, _CUE_BEFORE)]
    if guard.within and guard.before is not None:
        sides.insert(1, ("within", guard.before.model_copy(update={"reach": CONTEXT}), _CUE_BEFORE))
    for side, cues, shape in sides:
        if cues is not None:
            place, cue = _cue(hits[side], hits["applies"], cues, shape, lexicon)
            reason = reason.scatter(place, f"{side}: " + cue) if len(place) else reason
    return reason


_CUE_BEFORE = "^.*(?<cue>{cues})(?<gap>[^，？]{{0,{reach}}})$"  # the last cue before the hit
_CUE_AFTER = "^(?<gap>[^，？]{{0,{reach}}}?)(?<cue>{cues})"  # the first cue after it


def _cue(text: pl.Series, applies: pl.Series, cues: Cues, shape: str, lexicon: Lexicon) -> tuple[pl.Series, pl.Series]:
    """(rows, cue) where a cue stands in the shape given, within reach, in the same clause, with no stop between."""
    words = _folded(cues.cues, lexicon)
    place = (applies & text.str.contains_any(words)).fill_null(False).arg_true()
    near = text.gather(place)
    if cues.unless:
        near = near.str.replace_all(_any_of(_folded(cues.unless, lexicon)), "，")
    parts = near.str.extract_groups(shape.format(cues=_any_of(words), reach=cues.reach)).struct
    works = parts.field("cue").is_not_null()
    if cues.stops:
        works &= ~parts.field("gap").str.contains_any(_folded(cues.stops, lexicon)).fill_null(False)
    return place.filter(works), parts.field("cue").filter(works)


def _folded(phrases: tuple[str, ...], lexicon: Lexicon) -> list[str]:
    """Folded, without empty ones, longest first; clause marks stay, because contexts hold them."""
    folded = {phrase if phrase in "，？" else lexicon.folding.text(phrase) for phrase in phrases} - {""}
    return sorted(folded, key=lambda phrase: (-len(phrase), phrase))


def _any_of(phrases: list[str]) -> str:
    return "(?:" + "|".join(map(re.escape, phrases)) + ")"


def _ordinary(hits: pl.DataFrame) -> pl.Series:
    explained = pl.col("explained") & ~_doubted()
    return hits.select(pl.when(explained).then(pl.lit("heard as ordinary words"))).to_series()


def _doubted() -> pl.Expr:
    return pl.col("probability").fill_null(1.0) < WEAK_PROBABILITY


def _window(hits: pl.DataFrame, turns: pl.DataFrame) -> pl.Series:
    limited = pl.col("first_ms").is_not_null() | pl.col("last_ms").is_not_null()
    calls = hits.filter(limited).select("call_id").unique()
    ends = turns.join(calls, on="call_id", how="semi").group_by("call_id").agg(call_end_ms=pl.col("end_ms").max())
    hits = hits.join(ends, on="call_id", how="left", maintain_order="left")
    late = pl.col("start_ms") >= pl.col("first_ms")
    early = pl.col("end_ms") <= pl.col("call_end_ms") - pl.col("last_ms")
    outside = late.fill_null(False) | early.fill_null(False)
    return hits.select(pl.when(outside).then(pl.lit("outside the entry's seconds of the call"))).to_series()


def _confidence(lexicon: Lexicon) -> pl.Expr:
    """Of a text hit the words' own probability; of a homophone hit a low one, higher where the recogniser doubted."""
    sure = lexicon.syllables.sure if lexicon.syllables is not None else 0
    spoken = pl.when(pl.col("body").str.len_chars() >= sure).then(SPOKEN_CONFIDENCE).otherwise(SHORT_SPOKEN_CONFIDENCE)
    bonus = pl.when(_doubted() & ~pl.col("explained")).then(WEAKNESS_BONUS).otherwise(0.0)
    heard = pl.col("probability").fill_null(1.0)
    return pl.when(pl.col("via") == "text").then(heard).otherwise(spoken + bonus).clip(0.0, 1.0)
