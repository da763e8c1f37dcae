"""Searching: turns in, raw matches out. Reports everything; what a match is worth is decided by `choose`.

The turns of one call and role are laid one after the other. Where a turn follows the last one of the same role within
`BREATH_MS`, the text runs on, so a phrase cut by a breath is found; everywhere else a separator stands between. An
answer of somebody else ends what was said before it, a listener's 嗯 does not.

    call 1 agent      你会坐 | 牢的 ¶ 再见 ¶ 请问是您吗 ¶ 账单逾期了 ¶
    call 1 customer         嗯 ¶   我知道了 ¶           是我 ¶          | joint (vanishes)   ¶ separator
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from inspection.lexicon.fold import SEPARATOR, SPACE, Folded, codes_of
from inspection.lexicon.lane import Found
from inspection.lexicon.matcher import Matcher
from inspection.lexicon.ragged import spread, strings

BREATH_MS = 1_500
"""Longest silence between two turns of one role over which a phrase may run (domain §2.3)."""
INTERJECTIONS = (*"嗯啊哦噢喔呃额哎唉诶欸哼呀", "uh", "huh", "um", "hmm", "mm", "mhm", "oh", "ah")
"""What a listener says without answering, beside the fillers of the folding."""
ASKS = r"(?:[吗嘛么呢吧]\W*|[?？]\W*)$"
"""The end of a question; after it even an interjection is an answer."""
LETTER = r"[\p{L}\p{N}]"
CONTEXT, SPACED_CONTEXT = 16, 64
"""Folded characters kept before and after a match, for the guards; more where words are spelled in letters."""
STOPS, QUESTION_MARKS = "，。；！、：,.;!:…—", "？?"
_CLAUSE = np.zeros(0x110000, np.uint32)
_CLAUSE[[ord(c) for c in STOPS]] = ord("，")
_CLAUSE[[ord(c) for c in QUESTION_MARKS]] = ord("？")

MATCHES = pl.Schema(
    {
        "row": pl.UInt32,  # row of the turn in the frame given to `search`
        "end_row": pl.UInt32,  # row of the turn in which the match ends
        "end_turn_index": pl.Int32,
        "probe_id": pl.String,
        "kind": pl.String,
        "term": pl.String,  # as the lexicon writes it
        "pattern": pl.Boolean,
        "via": pl.String,  # text | homophone
        "start": pl.Int32,  # in the raw text of the turn `row`
        "end": pl.Int32,  # in the raw text of the turn `end_row`
        "quote": pl.String,  # raw words
        "body": pl.String,  # folded words
        "before": pl.String,  # folded words before, with ， or ？ where the raw text has such a mark
        "after": pl.String,
        "head": pl.Int32,  # folded characters of the first phrase of a pattern; of a term: all
        "tail": pl.Int32,  # of the last phrase
        "explained": pl.Boolean,  # homophone: ordinary words make sense of what was heard
    }
)


def search(matcher: Matcher, turns: pl.DataFrame) -> pl.DataFrame:
    """All matches of all probes in `turns` (TURNS schema, any order), by row, start, end and the probes' order.

    Memory grows with the turns: a day is searched in blocks of calls (rules.scan).
    """
    if not len(turns) or not len(matcher):
        return pl.DataFrame(schema=MATCHES)
    found = _found(matcher, turns, Laid(matcher, turns, lay_out(turns, matcher.folding.fillers)))
    return found.sort("row", "start", "end_row", "end", "item", "via", maintain_order=True).drop("item")


def lay_out(turns: pl.DataFrame, fillers: Sequence[str] = ()) -> pl.DataFrame:
    """row, call, joined (the next laid-out turn goes on within a breath), in the order in which text is laid."""
    text, following = pl.col("text"), {name: pl.col(name).shift(-1) for name in ("call", "role", "start_ms")}
    between = {  # counts of a call's turns up to here; between two turns of one role stand only those of others
        name: (pl.col(f"{name}_to") - pl.col(name)).shift(-1) - pl.col(f"{name}_to") for name in ("heard", "said")
    }
    alone = pl.when("asks").then(between["heard"]).otherwise(between["said"]) == 0
    near = following["start_ms"] - pl.col("end_ms") <= BREATH_MS
    same = (pl.col("call") == following["call"]) & (pl.col("role") == following["role"])
    return (
        turns.lazy()
        .select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            pl.col("call_id").rank("dense").fill_null(0).alias("call"),
            pl.col("role").fill_null("unknown").rank("dense").alias("role"),
            "start_ms", "end_ms", "turn_index",
            heard=text.str.contains(LETTER).fill_null(False).cast(pl.Int32),
            said=_without_interjections(text, fillers).str.contains(LETTER).fill_null(False).cast(pl.Int32),
            asks=text.str.contains(ASKS).fill_null(False),
        )
        .sort("call", "start_ms", "turn_index", "row", nulls_last=True)
        .with_columns(heard_to=pl.col("heard").cum_sum(), said_to=pl.col("said").cum_sum())
        .sort("call", "role", maintain_order=True)
        .select("row", "call", joined=(same & near & alone).fill_null(False))
        .collect(engine="in-memory")
    )  # fmt: skip


def _without_interjections(text: pl.Expr, fillers: Sequence[str]) -> pl.Expr:
    words = sorted({*INTERJECTIONS, *fillers}, key=len, reverse=True)
    return text.str.to_lowercase().str.replace_many(words, [""], leftmost=True)


class Laid:
    """The text of some turns as one folded array, and the way back to the turns."""

    def __init__(self, matcher: Matcher, turns: pl.DataFrame, order: pl.DataFrame) -> None:
        self.rows = order["row"].to_numpy()
        text = turns["text"].gather(order["row"]).fill_null("")
        lengths = text.str.len_chars().to_numpy().astype(np.int64)
        self.ends = np.cumsum(lengths + 1) - 1  # raw place of the separator after each turn
        self.starts = self.ends - lengths
        self.raw = codes_of(text.str.join("\n").item() + "\n")
        joined = order["joined"].to_numpy()
        self.folded: Folded = matcher.folding.fold(self.raw, self.ends[~joined], self.ends[joined])
        self.breaks = np.flatnonzero(self.folded.codes == SEPARATOR)
        self.context = SPACED_CONTEXT if matcher.folding.spaced else CONTEXT

    def turn_at(self, raw_place: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.starts, raw_place, side="right") - 1

    def quotes(self, low: np.ndarray, high: np.ndarray) -> pl.Series:
        """Raw words of raw stretches, without what stands between turns."""
        which, place = spread(low, high)
        outside = place == self.ends[self.turn_at(place)]
        return strings(self.raw[place[~outside]], np.bincount(which[~outside], minlength=len(low)))

    def bodies(self, low: np.ndarray, high: np.ndarray) -> pl.Series:
        _, place = spread(low, high)
        return strings(self.folded.codes[place], high - low)

    def before(self, start: np.ndarray) -> pl.Series:
        """The folded characters before, and the mark right before the match."""
        first_break = np.searchsorted(self.breaks, start)
        opens = np.where(first_break > 0, self.breaks[first_break - 1] + 1, 0)
        return self._marked(np.maximum(opens, start - self.context), start + 1, blank=start)

    def after(self, end: np.ndarray) -> pl.Series:
        closes = self.breaks[np.searchsorted(self.breaks, end)]
        high = np.minimum(end + self.context, closes)
        return self._marked(end, high + 1, blank=high)

    def _marked(self, low: np.ndarray, high: np.ndarray, blank: np.ndarray) -> pl.Series:
        """Folded characters, each after the clause mark that stands before it; the character at `blank` is left out."""
        which, place = spread(low, high)
        codes = self.folded.codes[place]
        space = codes == SPACE  # holds its marks itself; elsewhere they were dropped in front of the character
        before = np.where(place > 0, self.folded.end[place - 1], 0)
        opens = np.where(space, self.folded.start[place], before)
        closes = np.where(space, self.folded.end[place], self.folded.start[place])
        first, last = (_CLAUSE[self.raw[np.clip(at, 0, len(self.raw) - 1)]] for at in (opens, closes - 1))
        mark = np.where(opens < closes, np.maximum(first, last), 0)
        codes = np.where(place == blank[which], 0, codes)
        flat = np.column_stack([mark, codes]).ravel()
        lengths = np.bincount(np.repeat(which, 2)[flat != 0], minlength=len(low))
        return strings(flat[flat != 0], lengths)


def _found(matcher: Matcher, turns: pl.DataFrame, laid: Laid) -> pl.DataFrame:
    found, (reading, place) = matcher.text.search(laid.folded.codes, laid.breaks)
    found = found.take(_whole_numbers(matcher, laid.folded, found))
    frames = [_frame(matcher, turns, laid, found, "text")]
    if matcher.homophone is not None:
        spoken, _ = matcher.homophone.search(_spoken_units(matcher, laid.folded.codes, reading, place), laid.breaks)
        spoken = spoken.take(~_found_already(found, spoken))
        frames.append(_frame(matcher, turns, laid, spoken, "homophone"))
    return pl.concat(frames)


def _whole_numbers(matcher: Matcher, folded: Folded, found: Found) -> np.ndarray:
    """A term that begins or ends with a number or Latin word is no part of a longer one (SM in Smoking, 5 in 15)."""
    codes = folded.codes
    before, after = np.maximum(found.start - 1, 0), np.minimum(found.end, len(codes) - 1)
    touches = (folded.end[before] == folded.start[found.start]) & (found.start > 0)
    grows = touches & _same_script(codes[before], codes[found.start])
    reaches = folded.end[found.end - 1] == folded.start[after]
    goes_on = reaches & _same_script(codes[found.end - 1], codes[after])
    return ~(matcher.first_numeric[found.item] & grows) & ~(matcher.last_numeric[found.item] & goes_on)


def _same_script(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Both ASCII digits or both ASCII letters (folded text has lower case only)."""
    digits = (a >= 0x30) & (a <= 0x39) & (b >= 0x30) & (b <= 0x39)
    return digits | ((a >= 0x61) & (a <= 0x7A) & (b >= 0x61) & (b <= 0x7A))


def _spoken_units(matcher: Matcher, codes: np.ndarray, reading: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Syllable class + 1 of every folded character; the readings of phrases win, longer ones over shorter ones."""
    units = (matcher.syllables.table[codes] + 1).astype(np.int64)
    lengths = np.array([length for length, _ in matcher.readings], np.int64)
    of_match = lengths[reading] if len(lengths) else lengths
    for length in np.unique(of_match):
        chosen = of_match == length
        table = np.zeros((len(matcher.readings), length), np.int64)
        same = np.flatnonzero(lengths == length)
        table[same] = [matcher.readings[index][1] for index in same]
        units[place[chosen, None] + np.arange(length)] = table[reading[chosen]]
    return units


def _found_already(text: Found, spoken: Found) -> np.ndarray:
    """What the text lane found needs no homophone: same item, same start or same end."""
    shift = np.int64(1) << 36
    same_start, same_end = (
        pl.Series(spoken.item * shift + at).is_in(pl.Series(text.item * shift + known).implode()).to_numpy()
        for at, known in ((spoken.start, text.start), (spoken.end, text.end))
    )
    return same_start | same_end


def _where(wanted: pl.Series, context: Callable[[np.ndarray], pl.Series], place: np.ndarray) -> pl.Series:
    """The context of the matches that want one, nothing for the others."""
    if wanted.all():
        return context(place)
    rows = wanted.arg_true()
    return pl.Series([""]).new_from_index(0, len(wanted)).scatter(rows, context(place[rows.to_numpy()]))


def _explained(matcher: Matcher, laid: Laid, found: Found) -> np.ndarray:
    """Whether ordinary words make sense of what was heard: of a term, or of the first or last phrase of a pattern
    where that is not written as the pattern has it."""
    told = np.zeros(len(found.item), bool)
    phrases = matcher.phrases.filter(pl.col("item").is_in(np.unique(found.item)))
    for low, high in ((found.start, found.head), (found.tail, found.end)):
        heard = pl.DataFrame({"item": found.item, "phrase": laid.bodies(low, high)}).with_row_index("match")
        written = heard.join(phrases, on=["item", "phrase"], how="semi")["match"].to_numpy()
        misheard = np.ones(len(told), bool)
        misheard[written] = False
        told |= misheard & matcher.syllables.explained(laid.folded.codes, low, high)
    return told


def _frame(matcher: Matcher, turns: pl.DataFrame, laid: Laid, found: Found, via: str) -> pl.DataFrame:
    low, high = laid.folded.start[found.start], laid.folded.end[found.end - 1]
    turn, end_turn = laid.turn_at(low), laid.turn_at(high - 1)
    items = matcher.items[found.item]
    context = items["context"]
    explained = _explained(matcher, laid, found) if via == "homophone" else np.zeros(len(low), bool)
    rows = pl.Series(laid.rows[turn], dtype=pl.UInt32)
    end_rows = pl.Series(laid.rows[end_turn], dtype=pl.UInt32)
    return pl.DataFrame(
        {
            "row": rows, "end_row": end_rows, "end_turn_index": turns["turn_index"].gather(end_rows),
            "item": found.item, **{name: items[name] for name in ("probe_id", "kind", "term", "pattern")},
            "via": pl.repeat(via, len(low), eager=True),
            "start": low - laid.starts[turn], "end": high - laid.starts[end_turn],
            "quote": laid.quotes(low, high), "body": laid.bodies(found.start, found.end),
            "before": _where(context, laid.before, found.start), "after": _where(context, laid.after, found.end),
            "head": found.head - found.start, "tail": found.end - found.tail, "explained": explained,
        }
    ).cast({"item": pl.Int32, **MATCHES})  # fmt: skip
