"""How well the sample day was heard: error rates against the known texts and times. Pure; nothing here is tuned.

Text is compared character by character; punctuation and spaces are dropped and nothing else is folded.
Time is compared on a grid of 10 ms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

GRID_MS = 10
BRIDGE_MS = 500
"""Reference speech of one side with a gap shorter than this is one stretch, as in usual diarization references."""
AGENT_SIDE = ("agent", "robot")


@dataclass(frozen=True)
class Errors:
    """Edit operations that turn the heard text into the true one, over `characters` true characters."""

    characters: int = 0
    substituted: int = 0
    missed: int = 0
    invented: int = 0

    @property
    def rate(self) -> float:
        """Character error rate; it may exceed 1."""
        return (self.substituted + self.missed + self.invented) / max(self.characters, 1)

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.characters + other.characters,
            self.substituted + other.substituted,
            self.missed + other.missed,
            self.invented + other.invented,
        )


@dataclass(frozen=True)
class Share:
    """A part of a whole, in whatever unit; shares of several calls are added, never averaged."""

    part: float = 0.0
    whole: float = 0.0

    @property
    def rate(self) -> float:
        return self.part / self.whole if self.whole else float("nan")

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.whole + other.whole)


def folded(text: str) -> str:
    """The text without punctuation and spaces."""
    return "".join(char for char in text if unicodedata.category(char)[0] not in "PZC")


def errors(true: str, heard: str) -> Errors:
    """Levenshtein operations between two texts that are already folded."""
    from rapidfuzz.distance import Levenshtein

    kinds = [operation.tag for operation in Levenshtein.editops(true, heard)]
    return Errors(len(true), kinds.count("replace"), kinds.count("delete"), kinds.count("insert"))


def call_errors(true: pl.DataFrame, heard: pl.DataFrame) -> Errors:
    """Errors of one call, all sides in the order of their turns. `true`: characters, `heard`: TURNS, of that call."""
    return errors("".join(true["character"]), folded("".join(heard.sort("start_ms")["text"])))


def side_errors(true: pl.DataFrame, heard: pl.DataFrame, roles: tuple[str, ...]) -> Errors:
    """The same for one side, as the product assigned the words: a wrong role costs the words twice."""
    return call_errors(true.filter(pl.col("role").is_in(roles)), heard.filter(pl.col("role").is_in(roles)))


def role_share(true: pl.DataFrame, heard: pl.DataFrame) -> Share:
    """Milliseconds of true speech that a turn of the right side covers, among all; speech that none covers is wrong.

    Where one side speaks and turns of both cover the moment, half of it is right.
    """
    end = max(int(true["end_ms"].max() or 0), int(heard["end_ms"].max() or 0)) // GRID_MS + 1
    spoken = [_painted(true.filter(side), end) for side in _sides()]
    given = [_painted(heard.filter(side), end) for side in _sides()]
    both_spoken, both_given = spoken[0] & spoken[1], given[0] & given[1]
    right = sum((s & g).astype(float) for s, g in zip(spoken, given, strict=True))
    right = np.where(both_given & ~both_spoken, right / 2, right)
    return Share(GRID_MS * float(right.sum()), GRID_MS * float(spoken[0].sum() + spoken[1].sum()))


def word_start_share(true: pl.DataFrame, heard: pl.DataFrame, words: pl.DataFrame, within_ms: int = 300) -> Share:
    """Recognised words whose start is at most `within_ms` from the truth, among all words that were recognised right.

    A word counts by its first character; the two texts are laid beside each other by their edit operations.
    """
    from rapidfuzz.distance import Levenshtein

    text, starts = _timed_text(heard, words)
    known = true["start_ms"].to_list()
    near = count = 0
    for block in Levenshtein.opcodes("".join(true["character"]), text):
        if block.tag != "equal":
            continue
        for offset in range(block.src_end - block.src_start):
            start = starts[block.dest_start + offset]
            if start is not None:
                count += 1
                near += abs(start - known[block.src_start + offset]) <= within_ms
    return Share(near, count)


def diarization_error(true: pl.DataFrame, speech: Iterable[dict], collar_s: float = 0.0) -> Share:
    """Seconds missed, invented or given to the wrong voice, over the seconds truly spoken; overlapping speech counts.

    `speech`: spans of the transcript with voice, start_ms, end_ms. Voices are matched to sides as suits them best.
    """
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, hypothesis = Annotation(), Annotation()
    for side, name in zip(_sides(), ("agent", "customer"), strict=True):
        for start, end in _bridged(true.filter(side)):
            reference[Segment(start / 1000, end / 1000), name] = name
    for number, span in enumerate(speech):
        hypothesis[Segment(span["start_ms"] / 1000, span["end_ms"] / 1000), number] = f"voice {span['voice']}"
    last = max(annotation.get_timeline().extent().end for annotation in (reference, hypothesis))
    metric = DiarizationErrorRate(collar=collar_s)
    parts = metric.compute_components(reference, hypothesis, uem=Timeline([Segment(0, last)]))
    return Share(parts["missed detection"] + parts["false alarm"] + parts["confusion"], parts["total"])


def _sides() -> tuple[pl.Expr, pl.Expr]:
    agent = pl.col("role").is_in(AGENT_SIDE)
    return agent, pl.col("role") == "customer"


def _painted(spans: pl.DataFrame, length: int) -> np.ndarray:
    """Which grid steps the spans cover, bool (length,)."""
    painted = np.zeros(length, bool)
    for start, end in spans.select("start_ms", "end_ms").iter_rows():
        painted[start // GRID_MS : end // GRID_MS] = True
    return painted


def _bridged(characters: pl.DataFrame) -> list[tuple[int, int]]:
    """Characters' spans as stretches of speech."""
    stretches: list[tuple[int, int]] = []
    for start, end in characters.sort("start_ms").select("start_ms", "end_ms").iter_rows():
        if stretches and start - stretches[-1][1] < BRIDGE_MS:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _timed_text(heard: pl.DataFrame, words: pl.DataFrame) -> tuple[str, list[int | None]]:
    """The call's folded text, and for each character the start of the word that begins with it."""
    begins = {
        (turn, start): start_ms for turn, start, start_ms in words.select("turn_index", "start", "start_ms").iter_rows()
    }
    text, starts = [], []
    for turn, said in heard.sort("start_ms").select("turn_index", "text").iter_rows():
        for place, char in enumerate(said):
            if folded(char):
                text.append(char)
                starts.append(begins.get((turn, place)))
    return "".join(text), starts
