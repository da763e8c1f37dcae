"""Choosing: what each raw match is worth. Named steps, each a column over all matches; the first that objects clears it.

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
from itertools import chain

import numpy as np
import polars as pl
from ahocorasick_rs import AhoCorasick

from inspection.lexicon.model import ALL_GUARDS, Cues, Guard, Lexicon
from inspection.lexicon.timing import timed
from inspection.tables import HITS, conform

STEPS = ("role", "covered", "exception", *ALL_GUARDS, "ordinary", "window")
WEAK_PROBABILITY = 0.5
"""Below it the recogniser doubted its own words, so another word of the same sound is likelier."""
SPOKEN_CONFIDENCE, SHORT_SPOKEN_CONFIDENCE = 0.6, 0.4
"""Homophone matches: of `Syllables.sure` characters and more; of fewer. Unmeasured defaults (domain §2.3, L)."""
WEAKNESS_BONUS = 0.15
_MARKS = "[，？]"


def choose(
    matches: pl.DataFrame, lexicon: Lexicon, turns: pl.DataFrame, words: pl.DataFrame | None = None
) -> pl.DataFrame:
    """HITS: every match of a lexicon entry, kept or cleared, with each step's word on it.

    `matches` come from `search` on the same `turns`; matches of other probes are left out. Without words the times of
    a hit are estimated by its place in the turn, and its probability is the turn's.
    """
    hits = matches.filter(pl.col("kind") == "entry").rename({"probe_id": "entry_id"})
    hits = hits.join(lexicon.table, on="entry_id", how="inner", maintain_order="left")
    hits = timed(hits, turns, words)
    hits = _role(hits)
    hits = _covered(hits)
    hits = _exception(hits, lexicon)
    for name in ALL_GUARDS:
        hits = _guarded(hits, name, lexicon)
    hits = _ordinary(hits)
    hits = _window(hits, turns)
    return conform(_verdict(hits, lexicon).select(list(HITS)), HITS, table="hits")


def _role(hits: pl.DataFrame) -> pl.DataFrame:
    stranger = ~pl.col("roles").list.contains(pl.col("role")) & (pl.col("role") != "unknown")
    return hits.with_columns(role_step=pl.when(stranger).then(pl.format("said by {}", "role")))


def _covered(hits: pl.DataFrame) -> pl.DataFrame:
    """Only matches that passed `role` cover others, and never by an exception: so an exception can only remove hits."""
    text = pl.col("via") == "text"
    span_end = (pl.col("start") + pl.col("quote").str.len_chars().cast(pl.Int32)).alias("span_end")
    ordered = (
        hits.with_row_index("hit").filter(pl.col("role_step").is_null()).select("hit", "entry_id", "row", "start", span_end, "via", "quote")
        .sort("entry_id", "row", "start", "span_end", "via", "hit", descending=[False, False, False, True, True, False])
    )  # fmt: skip
    reach = pl.col("span_end").cum_max().shift(1).over("entry_id", "row")
    text_reach = pl.when(text).then("span_end").otherwise(-1).cum_max().shift(1).over("entry_id", "row")
    covered = ordered.filter(pl.when(text).then(text_reach).otherwise(reach) >= pl.col("span_end"))["hit"]
    step = np.zeros(len(hits), bool)
    step[covered.to_numpy()] = True
    return hits.with_columns(covered_step=pl.when(pl.lit(pl.Series(step))).then(pl.lit("a longer match of the entry")))


def _exception(hits: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    table = _exceptions(lexicon)
    clearing: list[str | None] = [None] * len(hits)
    if len(table) and len(hits):
        before = hits["before"].str.replace_all(_MARKS, "")
        text = before + hits["body"] + hits["after"].str.replace_all(_MARKS, "")
        place = text.str.len_chars().to_numpy().astype(np.int64) + 1
        origin = np.cumsum(place) - place
        phrases = table["phrase"].unique(maintain_order=True)
        found = AhoCorasick(phrases.to_list()).find_matches_as_indexes(
            text.str.join("\n").item() or "", overlapping=True
        )
        flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        which = np.searchsorted(origin, flat[:, 1], side="right") - 1
        start = before.str.len_chars().to_numpy().astype(np.int64)
        end = start + hits["body"].str.len_chars().to_numpy().astype(np.int64)
        head, tail = hits["head"].to_numpy(), hits["tail"].to_numpy()
        low, high = flat[:, 1] - origin[which], flat[:, 2] - origin[which]
        over_head = (low <= start[which]) & (high >= start[which] + head[which])
        over_tail = (low <= end[which] - tail[which]) & (high >= end[which])
        covers = np.where(hits["pattern"].to_numpy()[which], over_head | over_tail, over_head)
        candidates = pl.DataFrame({"hit": which[covers], "phrase": phrases.gather(flat[covers, 0])}).with_columns(
            entry_id=hits["entry_id"].gather(which[covers]), via=hits["via"].gather(which[covers])
        )
        own = candidates.join(table, on=["entry_id", "phrase"], how="inner", maintain_order="left")
        own = own.filter(~pl.col("homophone_only") | (pl.col("via") == "homophone")).unique(
            "hit", keep="first", maintain_order=True
        )
        clearing = pl.DataFrame({"hit": range(len(hits))}, schema={"hit": pl.Int64}).join(
            own.select("hit", "exception"), on="hit", how="left", maintain_order="left"
        )["exception"]
    return hits.with_columns(pl.Series("exception_step", clearing, pl.String))


def _exceptions(lexicon: Lexicon) -> pl.DataFrame:
    rows = [
        (entry.id, lexicon.folding.text(phrase), phrase, spoken)
        for entry in lexicon.active
        for phrases, spoken in ((entry.exceptions, False), (entry.homophone_exceptions, True))
        for phrase in phrases
    ]
    schema = {"entry_id": pl.String, "phrase": pl.String, "exception": pl.String, "homophone_only": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(
        ["entry_id", "phrase"], keep="first", maintain_order=True
    )


def _guarded(hits: pl.DataFrame, name: str, lexicon: Lexicon) -> pl.DataFrame:
    guard = lexicon.guards.get(name, Guard())
    reasons = []
    if guard.before is not None:
        reasons.append(_cue_before(pl.col("before"), guard.before, lexicon))
        if guard.within:
            between = pl.col("body").str.len_chars().cast(pl.Int64) - pl.col("head") - pl.col("tail")
            gaps = pl.col("body").str.slice(pl.col("head"), between.clip(0, None))
            inside = _cue_before(gaps, guard.before.model_copy(update={"reach": 16}), lexicon)
            reasons.append(pl.when(pl.col("pattern") & (between > 0)).then(inside))
    if guard.after is not None:
        reasons.append(_cue_after(pl.col("after"), guard.after, lexicon))
    applies = pl.col("guards").list.contains(name) & pl.col("role").is_in(list(guard.roles))
    reason = pl.coalesce(reasons) if reasons else pl.lit(None, pl.String)
    return hits.with_columns(pl.when(applies).then(reason).alias(f"{name}_step"))


def _cue_before(text: pl.Expr, cues: Cues, lexicon: Lexicon) -> pl.Expr:
    """The last cue in `text` whose distance from its end is within reach, in the same clause, with no stop between."""
    if cues.unless:
        text = text.str.replace_all(_any_of(cues.unless, lexicon), "，")
    parts = text.str.extract_groups(rf"^.*(?<cue>{_any_of(cues.cues, lexicon)})(?<gap>[^，？]{{0,{cues.reach}}})$")
    cue = parts.struct.field("cue")
    if cues.stops:
        cue = pl.when(~parts.struct.field("gap").str.contains(_any_of(cues.stops, lexicon))).then(cue)
    return pl.format("{} before it", cue)


def _cue_after(text: pl.Expr, cues: Cues, lexicon: Lexicon) -> pl.Expr:
    if cues.unless:
        text = text.str.replace_all(_any_of(cues.unless, lexicon), "，")
    parts = text.str.extract_groups(rf"^(?<gap>[^，？]{{0,{cues.reach}}}?)(?<cue>{_any_of(cues.cues, lexicon)})")
    cue = parts.struct.field("cue")
    if cues.stops:
        cue = pl.when(~parts.struct.field("gap").str.contains(_any_of(cues.stops, lexicon))).then(cue)
    return pl.format("{} after it", cue)


def _any_of(phrases: tuple[str, ...], lexicon: Lexicon) -> str:
    folded = {phrase if phrase in "，？" else lexicon.folding.text(phrase) for phrase in phrases}
    return "(?:" + "|".join(re.escape(phrase) for phrase in sorted(folded - {""}, key=lambda p: (-len(p), p))) + ")"


def _ordinary(hits: pl.DataFrame) -> pl.DataFrame:
    doubted = pl.col("probability").fill_null(1.0) < WEAK_PROBABILITY
    return hits.with_columns(
        ordinary_step=pl.when(pl.col("explained") & ~doubted).then(pl.lit("heard as ordinary words"))
    )


def _window(hits: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    ends = turns.group_by("call_id", maintain_order=True).agg(pl.col("end_ms").max().alias("call_end_ms"))
    hits = hits.join(ends, on="call_id", how="left", maintain_order="left")
    late = pl.col("start_ms") >= pl.col("first_ms")
    early = pl.col("end_ms") <= pl.col("call_end_ms") - pl.col("last_ms")
    outside = late.fill_null(False) | early.fill_null(False)
    return hits.with_columns(window_step=pl.when(outside).then(pl.lit("outside the entry's seconds of the call")))


def _verdict(hits: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    sure = lexicon.syllables.sure if lexicon.syllables is not None else 0
    spoken = pl.when(pl.col("body").str.len_chars() >= sure).then(SPOKEN_CONFIDENCE).otherwise(SHORT_SPOKEN_CONFIDENCE)
    doubted = pl.col("probability").fill_null(1.0) < WEAK_PROBABILITY
    bonus = pl.when(doubted & ~pl.col("explained")).then(WEAKNESS_BONUS).otherwise(0.0)
    confidence = pl.when(pl.col("via") == "text").then(pl.col("probability").fill_null(1.0)).otherwise(spoken + bonus)
    cleared = pl.coalesce([pl.when(pl.col(f"{step}_step").is_not_null()).then(pl.lit(step)) for step in STEPS])
    words = [pl.format("{}: {}", pl.lit(step), pl.col(f"{step}_step").fill_null("passed")) for step in STEPS]
    return hits.with_columns(
        confidence=confidence.clip(0.0, 1.0), cleared_by=cleared, kept=cleared.is_null(),
        steps=pl.concat_list(pl.format("found: {}, {}", "via", "timing"), *words),
    )  # fmt: skip
