"""Patterns: alternatives with bounded gaps, such as `[找|叫|派] ..4 [人|兄弟] ..6 [你家|单位]`.

    pattern  :=  group (gap? group)*
    group    :=  '[' phrase ('|' phrase)* ']'  |  phrase
    gap      :=  '..' number        at most so many folded characters (words in spaced languages) between two groups

One group, the one with the longest phrases, is the *anchor*: it rides in the one automaton beside the plain terms. The
other groups are looked for around the anchors only, because single characters occur everywhere. Of the ways in which a
pattern fits around one anchor, the shortest is the match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"\s*(?:\[(?P<group>[^\[\]]*)\]|\.\.(?P<gap>\d+)|(?P<phrase>[^\s\[\]|.]+(?:\.(?!\.)[^\s\[\]|.]*)*))"
)
LONGEST_GAP = 12
SHOWN = 4
"""Phrases of a group that a person is shown."""


class PatternError(ValueError):
    """A pattern that cannot be read; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`groups[i]` and `groups[i + 1]` stand at most `gaps[i]` apart. `source` is the text of the lexicon."""

    source: str
    groups: tuple[tuple[str, ...], ...]
    gaps: tuple[int, ...]

    @property
    def phrases(self) -> list[str]:
        return [phrase for group in self.groups for phrase in group]


@lru_cache(maxsize=100_000)
def parse(source: str) -> Pattern:
    """Raises PatternError. A lexicon's patterns are looked at many times while it loads, so readings are kept."""
    groups: list[tuple[str, ...]] = []
    gaps: list[int] = []
    pending: int | None = None
    position = 0
    text = source.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or token.end() == position:
            raise PatternError(f"cannot be read from {text[position:]!r} on; write it as [a|b] ..4 [c|d]")
        position = token.end()
        if token["gap"] is not None:
            if pending is not None or not groups:
                raise PatternError("a gap ..N stands between two groups")
            pending = int(token["gap"])
            if pending > LONGEST_GAP:
                raise PatternError(f"gap ..{pending} is too wide; at most ..{LONGEST_GAP}")
            continue
        phrases = token["group"].split("|") if token["group"] is not None else [token["phrase"]]
        phrases = [phrase.strip() for phrase in phrases]
        if not all(phrases):
            raise PatternError("a group has an empty alternative; write [a|b] without stray bars")
        if groups:
            gaps.append(pending or 0)
        groups.append(tuple(dict.fromkeys(phrases)))
        pending = None
    if pending is not None:
        raise PatternError("a gap ..N stands between two groups, not at the end")
    if not groups:
        raise PatternError("is empty; write at least one group such as [a|b]")
    return Pattern(source, tuple(groups), tuple(gaps))


def abridged(source: str, quote: str) -> str:
    """A pattern for a person who sees what it found: of a long group only the phrases in the quote, else the first."""

    def group(match: re.Match[str]) -> str:
        phrases = match[1].split("|")
        if len(phrases) <= SHOWN:
            return match[0]
        said = [phrase for phrase in phrases if phrase.strip() in quote][:SHOWN]
        return f"[{'|'.join(said or phrases[:1])}|…]"

    return re.sub(r"\[([^\[\]]*)\]", group, source)


def anchor(lengths: list[list[int]]) -> int:
    """Index of the group to anchor on, from the folded lengths of all phrases: the one whose shortest phrase is
    longest, then the one with the fewest phrases."""
    return max(range(len(lengths)), key=lambda i: (min(lengths[i]), -len(lengths[i])))
