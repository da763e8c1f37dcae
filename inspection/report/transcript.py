"""A call's words as a page shows them: personal data hidden, evidence marked in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from inspection.privacy import STAR, mask, mask_spans

Span = tuple[int, int]


@dataclass(frozen=True)
class Mark:
    """A stretch of a turn that proves something; `label` names it, `kind` colours it, `at_ms` is its moment."""

    id: str
    turn_index: int
    start: int
    end: int
    kind: str  # fatal | major | minor | info | unsure | alert | hit | checkpoint
    label: str
    at_ms: int | None


@dataclass(frozen=True)
class Piece:
    """Running text under the same marks; `marks` are their ids, `kind` that of the gravest."""

    text: str
    marks: tuple[str, ...] = ()
    kind: str = ""
    label: str = ""
    first: bool = False


GRAVITY = ("fatal", "alert", "major", "unsure", "minor", "info", "hit", "checkpoint")


def hide(text: str, name: str | None = None) -> str:
    """`mask`, and the customer's given name too: 张三先生 → 张*先生. As long as what went in."""
    shown = mask(text)
    for start, end in _names(text, name):
        shown = shown[:start] + STAR * (end - start) + shown[end:]
    return shown


def private_spans(text: str, name: str | None = None) -> list[Span]:
    """Where `hide` hides something, as half-open offsets."""
    return [(start, end) for start, end, _ in mask_spans(text)] + _names(text, name)


def _names(text: str, name: str | None) -> list[Span]:
    given = (name or "")[1:]
    if not given or STAR in given:
        return []
    found, place = [], text.find(name or "")
    while place >= 0:
        found.append((place + 1, place + 1 + len(given)))
        place = text.find(name or "", place + 1)
    return found


def pieces(text: str, marks: Sequence[Mark], name: str | None = None) -> list[Piece]:
    """The hidden text cut wherever a mark begins or ends. The pieces joined are the hidden text, whatever the marks."""
    shown, size = hide(text, name), len(text)
    places = {mark: (min(max(mark.start, 0), size), min(max(mark.end, 0), size)) for mark in marks}
    cuts = sorted({0, size, *(place for span in places.values() for place in span)})
    seen: set[str] = set()
    cut: list[Piece] = []
    for start, end in pairwise(cuts):
        over = [mark for mark, (first, last) in places.items() if first <= start and end <= last and first < last]
        over.sort(key=lambda mark: (GRAVITY.index(mark.kind), mark.id))
        ids = tuple(mark.id for mark in over)
        fresh = bool(set(ids) - seen)
        seen |= set(ids)
        kind, label = (over[0].kind, " · ".join(dict.fromkeys(mark.label for mark in over))) if over else ("", "")
        cut.append(Piece(shown[start:end], ids, kind, label, fresh))
    return cut


def silences(turns: Iterable[dict], words: dict[int, list[dict]], name: str | None = None) -> tuple[list[Span], bool]:
    """The stretches of audio (ms) in which hidden text is spoken, and whether a turn had to be silenced whole.

    Words that touch a hidden span give the stretch; a turn whose words have no times is silenced from end to end.
    """
    stretches: list[Span] = []
    whole = False
    for turn in turns:
        for start, end in private_spans(turn["text"] or "", name):
            spoken = [word for word in words.get(turn["turn_index"], []) if word["start"] < end and start < word["end"]]
            if spoken:
                stretches.append((min(word["start_ms"] for word in spoken), max(word["end_ms"] for word in spoken)))
            else:
                stretches.append((turn["start_ms"], turn["end_ms"]))
                whole = True
    return sorted(set(stretches)), whole
