"""Batches of the recogniser's training: utterances of like length, what each decoder step should write and watch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from .corpus import Utterance
from .network import SAMPLED_PADDING
from .said import SLOTS
from .tokens import CHARACTERS, NUMBER, timestamp

IGNORED = -100
TAIL_FRAMES = 16  # zeros after the longest utterance, so that the end of speech is heard exactly
SLACK = 1  # encoder positions around a character that attention may also lie on
PROMPT_SHARE, TIMESTAMP_SHARE = 0.05, 0.1


@cache
def syllable_numbers() -> dict[str, int]:
    """Every reading of every character of the vocabulary; 0 is no speech."""
    from pypinyin import Style, pinyin

    readings = pinyin("".join(CHARACTERS), style=Style.TONE3, neutral_tone_with_five=True, heteronym=True, errors=list)
    return {name: number for number, name in enumerate(sorted({one for every in readings for one in every}), 1)}


SYLLABLES = ("", *syllable_numbers())


@dataclass
class Batch:
    """What one step learns from.

    features (b, frames, 80); syllables (b, positions) and targets (b, n), −100 where nothing is asked; tokens (b, n);
    next_span and last_span (b, n, positions + sampled padding): 1 where attention should lie, all 0 where it is free.
    """

    features: Tensor
    syllables: Tensor
    tokens: Tensor
    targets: Tensor
    next_span: Tensor
    last_span: Tensor


def batches(utterances: list[Utterance], longest: int, frames: int, seed: int, extras: bool) -> Iterator[Batch]:
    """At most 200 batches of a random part of the utterances, each of about `frames` frames, in random order."""
    rng = np.random.default_rng(seed)
    fitting = [number for number in rng.permutation(len(utterances)) if len(utterances[number].features) <= longest]
    planned, total = [], 0
    for number in fitting:
        total += len(utterances[number].features)
        planned.append(number)
        if total >= 150 * frames:
            break
    planned.sort(key=lambda number: len(utterances[number].features) + rng.uniform(0, 25))
    groups, group = [], []
    for number in planned:
        if group and len(utterances[number].features) * (len(group) + 1) > frames:
            groups.append(group)
            group = []
        group.append(number)
    groups.append(group)
    for at in rng.permutation(len(groups)):
        yield collate([utterances[number] for number in groups[at]], rng, extras)


def collate(items: list[Utterance], rng: np.random.Generator, extras: bool) -> Batch:
    frames = (max(len(item.features) for item in items) + TAIL_FRAMES + 1) // 2 * 2
    features = np.zeros((len(items), frames, 80), np.float32)
    syllables = np.full((len(items), frames // 2), IGNORED, np.int64)
    scripts = [_script(item, rng, extras) for item in items]
    length = max(len(tokens) for tokens, *_ in scripts)
    tokens = np.full((len(items), length), NUMBER["<|endoftext|>"], np.int64)
    targets = np.full((len(items), length), IGNORED, np.int64)
    next_span = np.zeros((len(items), length, frames // 2 + SAMPLED_PADDING), np.float32)
    last_span = np.zeros_like(next_span)
    for row, (item, (said, wanted, first)) in enumerate(zip(items, scripts, strict=True)):
        features[row, : len(item.features)] = item.features
        if extras:
            _mask(features[row, : len(item.features)], rng)
        syllables[row, : len(item.features) // 2 + 2] = 0
        tokens[row, : len(said)] = said
        targets[row, : len(said)] = wanted
        for at, ((start, end), name) in enumerate(zip(item.spans, item.syllables, strict=True)):
            syllables[row, start:end] = syllable_numbers().get(name, IGNORED)
            span = slice(max(0, start - SLACK), end + SLACK)
            next_span[row, first + at, span] = 1
            last_span[row, first + at + 1, span] = 1
        if len(item.spans):  # the end is seen in what follows the last character
            next_span[row, first + len(item.spans), item.spans[-1][1] - 1 :] = 1
    arrays = (features, syllables, tokens, targets, next_span, last_span)
    return Batch(*(torch.from_numpy(array) for array in arrays))


def _script(item: Utterance, rng: np.random.Generator, extras: bool) -> tuple[list[int], list[int], int]:
    """Tokens given, tokens wanted after each (−100: not asked), and the place that writes the first character."""
    characters = [NUMBER[char] for char in item.text]
    start, end = NUMBER["<|startoftranscript|>"], NUMBER["<|endoftext|>"]
    prompt = _prompt(item.text, rng) if extras and rng.random() < PROMPT_SHARE else []
    given = [*prompt, start, NUMBER["<|zh|>"], NUMBER["<|transcribe|>"]]
    wanted = [IGNORED] * len(given)
    wanted[len(prompt)] = NUMBER["<|zh|>"] if characters else NUMBER["<|nospeech|>"]
    if extras and characters and rng.random() < TIMESTAMP_SHARE:
        opening, closing = timestamp(int(item.spans[0][0]) * 20), timestamp(int(item.spans[-1][1]) * 20)
        wanted[-1] = opening
        return [*given, opening, *characters, closing], [*wanted, *characters, closing, end], len(given)
    return [*given, NUMBER["<|notimestamps|>"], *characters], [*wanted, *characters, end], len(given)


def _prompt(text: str, rng: np.random.Generator) -> list[int]:
    """Hotwords before the start: names and firms, half of the time with a piece of what is said."""
    hotwords = [SLOTS[str(rng.choice(["name", "org", "agency"]))](rng) for _ in range(rng.integers(1, 4))]
    if len(text) > 4 and rng.random() < 0.5:
        at = int(rng.integers(0, len(text) - 3))
        hotwords.insert(int(rng.integers(0, len(hotwords) + 1)), text[at : at + int(rng.integers(2, 6))])
    return [NUMBER["<|startofprev|>"], *(NUMBER[char] for char in "".join(hotwords) if char in NUMBER)]


def _mask(features: np.ndarray, rng: np.random.Generator) -> None:
    """Hide a few mel bands or a tenth of a second, in part of the examples."""
    if rng.random() < 0.3:
        low = int(rng.integers(0, 70))
        features[:, low : low + int(rng.integers(2, 9))] = features.mean()
    if rng.random() < 0.2 and len(features) > 60:
        at = int(rng.integers(0, len(features) - 10))
        features[at : at + int(rng.integers(3, 10))] = features.mean()
