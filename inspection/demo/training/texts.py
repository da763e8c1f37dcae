"""Training text: what people say in collection calls, in Chinese numerals, written for this project.

    for sentence in training_texts(seed=1, first=0, count=5): ...     # same arguments, same sentences
    python -m inspection.demo.training.texts                          # shows samples, and checks against the sample day

Three sources in `text/`: patterns of conversation (`sentences.txt`), words for random sequences (`words.txt`), and
patterns kept apart for the development set (`sentences_dev.txt`). No sentence of the sample day may be trained on:
`forbidden_sentences` reads the day's texts and `training_texts` leaves out everything that contains one of them.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from string import ascii_uppercase

import numpy as np

from .said import NAMES, SLOTS, TEXT_FOLDER

DAY_TEXTS = tuple((Path(__file__).parent.parent / "day").glob("*.yaml"))
HAN = re.compile(r"[^\u4e00-\u9fffA-Z]")
# Shorter ones (喂, 是我, 好的) are words that no two speakers can avoid sharing.
SHORTEST_SENTENCE = 5
WIDER_FROM = 46_000  # the number of the first utterance of the second part

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")


@cache
def patterns(file: str) -> tuple[str, ...]:
    lines = (TEXT_FOLDER / file).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def words() -> tuple[str, ...]:
    return tuple(word for line in patterns("words.txt") for word in line.split())


def expand(pattern: str, rng: np.random.Generator) -> str:
    pattern = CHOICE.sub(lambda match: str(rng.choice(match[1].split("|"))), pattern)
    return SLOT.sub(lambda match: SLOTS[match[1]](rng), pattern)


@cache
def common_characters() -> tuple[str, ...]:
    """The 3,755 characters of GB 2312 level 1: with the training text's own they are the vocabulary."""
    codes = [bytes([row, column]) for row in range(0xB0, 0xD8) for column in range(0xA1, 0xFF)]
    return tuple(code.decode("gb2312") for code in codes if not (code[0] == 0xD7 and code[1] > 0xF9))


@cache
def alphabet() -> tuple[str, ...]:
    """Every character the recogniser can write, in a fixed order."""
    written = "".join((TEXT_FOLDER / file).read_text("utf-8") for file in ("sentences.txt", "words.txt"))
    characters = "".join([*common_characters(), written, *map("".join, NAMES.values()), ascii_uppercase])
    return tuple(sorted(set(normal(characters))))


def normal(text: str) -> str:
    """Han characters and capital letters only: what is transcribed and what error rates are counted on."""
    return HAN.sub("", text.upper())


def sentences_of(text: str) -> list[str]:
    return [sentence for part in re.split(r"[。？！?!]", text) if (sentence := normal(part))]


@cache
def forbidden_sentences(day_texts: tuple[Path, ...] = DAY_TEXTS) -> frozenset[str]:
    """Every sentence said in the sample day, normalised; a line of its files counts whole and by sentences."""
    said = "\n".join(path.read_text("utf-8") for path in day_texts)
    lines = re.findall(r"[\u4e00-\u9fffA-Za-z，。？！、：；?!,]+", said)
    found = {sentence for line in lines for sentence in sentences_of(line)} | {normal(line) for line in lines}
    return frozenset(sentence for sentence in found if len(sentence) >= SHORTEST_SENTENCE)


def is_forbidden(text: str, forbidden: frozenset[str]) -> bool:
    """Whether a sentence of the sample day is in the text, pauses or not."""
    plain = normal(text)
    return any(sentence in plain for sentence in forbidden)


def text_at(rng: np.random.Generator, longest: int = 34) -> str:
    """One utterance of at most `longest` characters: patterns, random words, numbers or single characters."""
    kind, wanted = rng.random(), int(rng.integers(2, longest - 3))
    if kind < 0.58:
        return _joined(lambda: expand(str(rng.choice(patterns("sentences.txt"))), rng), wanted, longest)
    if kind < 0.83:
        return _joined(lambda: _word(rng), min(wanted, 24), longest)
    if kind < 0.92:
        return _joined(lambda: _slot(rng), min(wanted, 20), longest)
    if kind < 0.97:
        return "".join(rng.choice(list(alphabet()[26:]), int(rng.integers(2, 12))))
    spelled = "".join(rng.choice(list(ascii_uppercase), 3)) if kind < 0.975 else ""
    return spelled + str(rng.choice(words()))


def wider_text_at(rng: np.random.Generator, longest: int = 34) -> str:
    """The second part of the training: fewer whole patterns, more pieces of them put together at random.

    After the first part the decoder went on from patterns it knew where people had said something else.
    """
    kind, wanted = rng.random(), int(rng.integers(2, longest - 3))
    both = patterns("sentences.txt") + 2 * patterns("sentences_more.txt")
    if kind < 0.35:
        return _joined(lambda: expand(str(rng.choice(both)), rng), wanted, longest)
    if kind < 0.70:
        return _joined(lambda: _piece(expand(str(rng.choice(both)), rng), rng), wanted, longest)
    if kind < 0.87:
        return _joined(lambda: _word(rng), min(wanted, 24), longest)
    if kind < 0.97:
        return _joined(lambda: _slot(rng), min(wanted, 20), longest)
    return "".join(rng.choice(list(alphabet()[26:]), int(rng.integers(2, 12))))


def _word(rng: np.random.Generator) -> str:
    return str(rng.choice(words())) + str(rng.choice(["", "", "", "，"]))


def _slot(rng: np.random.Generator) -> str:
    slots = [slot for slot in SLOTS if slot not in ("title", "surname")]
    return SLOTS[str(rng.choice(slots))](rng) + str(rng.choice(["", "，"]))


def _piece(text: str, rng: np.random.Generator) -> str:
    plain = normal(text)
    at = int(rng.integers(0, max(1, len(plain) - 2)))
    return plain[at : at + int(rng.integers(2, 8))] + str(rng.choice(["", "", "", "，"]))


def _joined(make: Callable[[], str], wanted: int, longest: int) -> str:
    """Pieces one after another until `wanted` characters are there, never more than `longest`."""
    text = make()
    while len(normal(text)) < wanted and len(normal(longer := _with_pause(text) + make())) <= longest:
        text = longer
    return text.strip("，") if len(normal(text)) <= longest else text[:longest].strip("，")


def _with_pause(text: str) -> str:
    """Ready to be followed: a question keeps its mark, a longer piece gets a comma, a short word runs on."""
    if text.endswith("？"):
        return text.rstrip("，？") + "？"
    return text.rstrip("，") + ("，" if text[-1] == "，" or len(text) > 6 else "")


def training_texts(seed: int, first: int, count: int, longest: int = 34) -> Iterator[str]:
    """Utterances first … first+count−1; each depends only on seed and its number."""
    forbidden = forbidden_sentences()
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number])
        make = text_at if number < WIDER_FROM else wider_text_at
        text = make(rng, longest)
        while is_forbidden(text, forbidden) or not normal(text):
            text = make(rng, longest)
        yield text


def development_texts(count: int, seed: int = 77) -> list[str]:
    rng = np.random.default_rng(seed)
    return [expand(str(rng.choice(patterns("sentences_dev.txt"))), rng)[:34] for _ in range(count)]


if __name__ == "__main__":
    for sample in training_texts(1, 0, 20):
        print(sample)
    patterned = [*patterns("sentences.txt"), *words(), *map("".join, NAMES.values())]
    covered = set(normal("".join(patterned)))
    day = set("".join(forbidden_sentences()))
    print(f"{len(alphabet())} characters in the vocabulary; {len(forbidden_sentences())} sentences of the day left out")
    print("characters of the day met only at random in training:", "".join(sorted(day - covered)) or "none")
    print("characters of the day outside the vocabulary:", "".join(sorted(day - set(alphabet()))) or "none")
