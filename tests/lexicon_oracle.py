"""The words' rooms once more, character by character and turn by turn: slow, plain, and compared with the fast path."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from inspection.lexicon.fold import Folding
from inspection.lexicon.matcher import Probe
from inspection.lexicon.pattern import anchor, parse
from inspection.lexicon.search import BREATH_MS, INTERJECTIONS
from inspection.lexicon.syllables import Syllables
from inspection.tables import TURNS

FOLDING = Folding(
    letters={"您": "你", "妳": "你", "她": "他", "著": "着", "幺": "1", "两": "2", "零": "0", "〇": "0"}
    | dict(zip("一二三四五六七八九", "123456789", strict=True)),
    spellings={"微信": ("vx", "wx", "wechat", "v信"), "支付宝": ("zhifubao", "alipay")},
    fillers=("嗯", "呃", "那个", "就是说"),
)
SYLLABLES = Syllables(
    FOLDING,
    initials=(("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h")),
    finals=(("an", "ang"), ("en", "eng"), ("in", "ing")),
    syllables=(("xin", "xun"),),
    readings=(("还", "huan"), ("还没", "hai mei")),
)

Spot = tuple[str, int, int]
"""A folded character and the half-open raw stretch it stands for."""


def turns_of(*turns: tuple[str, str, int, int, str]) -> pl.DataFrame:
    """TURNS from (call_id, role, start_ms, end_ms, text); indices count up in each call."""
    seen: dict[str, int] = {}
    rows = []
    for call, role, start, end, text in turns:
        seen[call] = seen.get(call, -1) + 1
        rows.append((call, seen[call], role, start, end, text, 1.0, 0.9))
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def said(*texts: str, role: str = "agent") -> pl.DataFrame:
    """Each text is a call of its own."""
    return turns_of(*((f"c{number:03d}", role, 0, 3000, text) for number, text in enumerate(texts)))


def fold(text: str, folding: Folding = FOLDING) -> list[Spot]:
    spots = [(chr(folding.table[ord(c)]), i, i + 1) for i, c in enumerate(text) if folding.table[ord(c)]]
    while True:
        again = _rewritten(_tens(_runs(spots)), folding)
        if again == spots:
            return spots
        spots = again


def _runs(spots: list[Spot]) -> list[Spot]:
    result: list[Spot] = []
    i = 0
    while i < len(spots):
        j = i
        while j < len(spots) and spots[j][0] == spots[i][0]:
            j += 1
        if j - i >= 3 and spots[i][0] not in "0123456789":
            result.append((spots[i][0], spots[i][1], spots[j - 1][2]))
        else:
            result += spots[i:j]
        i = j
    return result


def _tens(spots: list[Spot]) -> list[Spot]:
    text = "".join(c for c, _, _ in spots)
    result, dropped = list(spots), set()
    for i, c in enumerate(text):
        before, after = text[i - 1] if i else "", text[i + 1] if i + 1 < len(text) else ""
        left, right = before.isdigit() and before.isascii(), after.isdigit() and after.isascii()
        if c != "十" or "十" in (before, after) or not (left or right):
            continue
        start, end = spots[i - left][1], spots[i + right][2]
        for k in range(i - left, i + right + 1):
            result[k] = (result[k][0], min(start, result[k][1]), max(end, result[k][2]))
        result[i] = ("0" if left else "1", *result[i][1:])
        if left and right:
            dropped.add(i)
    return [spot for i, spot in enumerate(result) if i not in dropped]


def _rewritten(spots: list[Spot], folding: Folding) -> list[Spot]:
    text = "".join(c for c, _, _ in spots)
    result: list[Spot | None] = list(spots)
    taken: set[int] = set()
    for source, target in folding.rewrites:
        find, put = "".join(map(chr, source)), "".join(map(chr, target))
        at = text.find(find)
        while at >= 0:
            span = range(at, at + len(find))
            if not taken & set(span):
                taken |= set(span)
                start, end = spots[at][1], spots[span[-1]][2]
                for k, place in enumerate(span):
                    result[place] = (put[k], start, end) if k < len(put) else None
                at = text.find(find, at + len(find))
            else:
                at = text.find(find, at + 1)
    return [spot for spot in result if spot is not None]


def found(probes: list[Probe], turns: pl.DataFrame, *, sound: bool = False) -> set[tuple]:
    """(first row, last row, probe, term, start, end) of every match, segment by segment."""
    hits = set()
    for segment in _segments(turns):
        raw = "".join(text for _, text in segment)
        owner = [(row, offset) for row, text in segment for offset in range(len(text))]
        spots = fold(raw)
        for probe in probes:
            if sound and not probe.homophone:
                continue
            units = _units("".join(c for c, _, _ in spots), sound)
            for term, start, end in _matches(probe, units, sound):
                first, last = owner[spots[start][1]], owner[spots[end - 1][2] - 1]
                hits.add((first[0], last[0], probe.id, term, first[1], last[1] + 1))
    return hits


def _segments(turns: pl.DataFrame) -> list[list[tuple[int, str]]]:
    rows = sorted(
        turns.with_row_index("row").iter_rows(named=True),
        key=lambda t: (t["call_id"], t["role"], t["start_ms"], t["turn_index"]),
    )
    segments: list[list[tuple[int, str]]] = []
    previous = None
    for turn in rows:
        same = previous is not None and all(turn[key] == previous[key] for key in ("call_id", "role"))
        if same and turn["start_ms"] - previous["end_ms"] <= BREATH_MS and not _answered(turns, previous, turn):
            segments[-1].append((turn["row"], turn["text"]))
        else:
            segments.append([(turn["row"], turn["text"])])
        previous = turn
    return segments


def _answered(turns: pl.DataFrame, previous: dict, turn: dict) -> bool:
    """Whether somebody else said more than an interjection between the two; after a question, whether anything."""

    def place(one: dict) -> tuple:
        return one["start_ms"], one["turn_index"]

    rest = [one for one in turns.iter_rows(named=True) if one["call_id"] == turn["call_id"]]
    asked = previous["text"].rstrip(" ，\n😀")[-1:] in ("吗", "？")
    for one in rest:
        if place(previous) < place(one) < place(turn) and one["role"] != turn["role"]:
            letters = "".join(c for c in one["text"] if c.isalnum())
            for word in () if asked else (*FOLDING.fillers, *INTERJECTIONS):
                letters = letters.replace(word, "")
            if letters:
                return True
    return False


def _units(text: str, sound: bool) -> tuple:
    if not sound:
        return tuple(text)
    codes = np.array([ord(c) for c in text], np.uint32)
    units = SYLLABLES.table[codes].tolist() if len(codes) else []
    for length in range(2, len(text) + 1):
        for start in range(len(text) - length + 1):
            reading = SYLLABLES.phrases.get(tuple(codes[start : start + length].tolist()))
            units[start : start + length] = reading or units[start : start + length]
    return tuple(units)


def _matches(probe: Probe, units: tuple, sound: bool):
    for term in probe.terms:
        phrase = _units("".join(c for c, _, _ in fold(term)), sound)
        yield from ((term, at, at + len(phrase)) for at in _places(units, phrase))
    for source in probe.patterns:
        pattern = parse(source)
        groups = [[_units("".join(c for c, _, _ in fold(p)), sound) for p in group] for group in pattern.groups]
        middle = anchor([[len("".join(c for c, _, _ in fold(p))) for p in group] for group in pattern.groups])
        yield from ((source, *span) for span in _around_anchors(units, groups, pattern.gaps, middle))


def _around_anchors(units: tuple, groups: list, gaps: tuple, middle: int):
    """For each occurrence of an anchor phrase, the shortest way in which all groups fit around it."""
    places = [sorted({(at, at + len(p)) for p in group for at in _places(units, p)}) for group in groups]
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for way in product(*places):
        if all(0 <= b[0] - a[1] <= gap for a, b, gap in zip(way, way[1:], gaps, strict=False)):
            span = (way[0][0], way[-1][1])
            old = best.get(way[middle])
            if old is None or (span[1] - span[0], span[0]) < (old[1] - old[0], old[0]):
                best[way[middle]] = span
    return best.values()


def _places(units: tuple, phrase: tuple) -> list[int]:
    return [i for i in range(len(units) - len(phrase) + 1) if units[i : i + len(phrase)] == phrase]
