"""Training sound: utterances as log-mel features with the time of every character, in shards on disk.

    python -m inspection.demo.training.corpus FOLDER --shards 0 30      # makes the missing ones

A shard holds `UTTERANCES_PER_SHARD` utterances: `features` float16 (all frames, 80), `offset` (frames), `text`, and for
each character its syllable and its encoder positions. Features are faster-whisper's own, of sound that went through a
telephone line and was brought to 16 kHz as the product does it.
"""

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .telephone import LINE_HZ, line, to_16k
from .texts import development_texts, normal, training_texts
from .voices import VOICES, Voice, speak

UTTERANCES_PER_SHARD = 1000
FRAME_MS, POSITION_MS = 10, 20
SEED, DEV_SEED = 20, 77
WORDLESS_SHARE = 0.02


@dataclass
class Utterance:
    """`features` float16 (frames, 80); `spans` int (characters, 2): encoder positions [first, last)."""

    text: str
    features: np.ndarray
    spans: np.ndarray
    syllables: list[str]


def voice_at(rng: np.random.Generator) -> Voice:
    """One of the voices, in another mood: pitch and speed moved."""
    voice = VOICES[str(rng.choice(sorted(VOICES)))]
    pitch = int(np.clip(voice.pitch + rng.normal(0, 8), 15, 95))
    return replace(voice, pitch=pitch, speed_wpm=int(np.clip(voice.speed_wpm * rng.uniform(0.88, 1.2), 150, 275)))


def utterance_sound(text: str, rng: np.random.Generator) -> tuple[np.ndarray, tuple[tuple[str, int, int], ...]]:
    """16 kHz float32 of one clip with a little silence around, as voice activity cuts it; its character times in ms."""
    if not text:
        return _wordless(rng), ()
    speech = speak(text, voice_at(rng))
    before_ms = int(rng.choice([0, rng.integers(0, 120), rng.integers(100, 500)]))
    after_ms = int(rng.integers(0, 500))
    tail_ms = speech.marks[-1][2] + int(rng.integers(30, 200))
    spoken = speech.samples[: round(tail_ms * speech.rate_hz / 1000)]
    quiet = [np.zeros(round(ms * speech.rate_hz / 1000), np.float32) for ms in (before_ms, after_ms)]
    narrow = line(np.concatenate([quiet[0], spoken, quiet[1]]), speech.rate_hz, rng)
    return to_16k(narrow), tuple((char, start + before_ms, end + before_ms) for char, start, end in speech.marks)


def _wordless(rng: np.random.Generator) -> np.ndarray:
    """Line noise or a tone: what must be transcribed as nothing."""
    length = int(rng.uniform(0.3, 4) * LINE_HZ)
    times = np.arange(length) / LINE_HZ
    tone = 0.3 * np.sin(2 * np.pi * rng.choice([400, 425, 440, 450, 480]) * times) * (rng.random() < 0.4)
    return to_16k(line(tone.astype(np.float32) + 1e-4, LINE_HZ, rng, level=0.3 if tone.any() else 0.002))


def utterance(text: str, rng: np.random.Generator, extractor) -> Utterance:
    from pypinyin import Style, lazy_pinyin

    sound, marks = utterance_sound(text, rng)
    features = extractor(sound)[:, :-1].T.astype(np.float16)  # the product drops the last frame too
    spans = np.array([_positions(start, end) for _, start, end in marks], np.int32)
    readings = lazy_pinyin(text.upper(), style=Style.TONE3, neutral_tone_with_five=True, errors=list)
    syllables = [reading for char, reading in zip(text.upper(), readings, strict=True) if normal(char)]
    return Utterance("".join(char for char, *_ in marks), features, spans.reshape(-1, 2), syllables)


def _positions(start_ms: int, end_ms: int) -> tuple[int, int]:
    first = start_ms // POSITION_MS
    return first, max(first + 1, end_ms // POSITION_MS)


def make_shard(path: Path, number: int, seed: int = SEED) -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    extractor = FeatureExtractor(feature_size=80)
    first = number * UTTERANCES_PER_SHARD
    made = []
    for at, text in enumerate(training_texts(seed, first, UTTERANCES_PER_SHARD)):
        rng = np.random.default_rng([seed, first + at, 1])
        made.append(utterance("" if rng.random() < WORDLESS_SHARE else text, rng, extractor))
    save(path, made)


def save(path: Path, made: list[Utterance]) -> None:
    """Atomic, so that a trainer that looks into the folder never sees half a shard."""
    part = path.with_suffix(f".part{os.getpid()}.npz")
    np.savez(
        part,
        features=np.concatenate([item.features for item in made]),
        offset=np.cumsum([0, *(len(item.features) for item in made)]),
        text=np.array([item.text for item in made]),
        spans=np.concatenate([item.spans for item in made]),
        syllables=np.array([" ".join(item.syllables) for item in made]),
    )
    part.replace(path)


def load(path: Path) -> list[Utterance]:
    with np.load(path) as shard:
        features, offset, spans = shard["features"], shard["offset"], shard["spans"]
        texts, syllables = shard["text"].tolist(), shard["syllables"].tolist()
    made, at = [], 0
    for number, text in enumerate(texts):
        made.append(
            Utterance(
                text,
                features[offset[number] : offset[number + 1]],
                spans[at : at + len(text)],
                syllables[number].split(),
            )
        )
        at += len(text)
    return made


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:04d}.npz"


def development_sounds(count: int = 120) -> list[tuple[str, np.ndarray, tuple]]:
    """(text, 16 kHz samples, character times) of sentences that no training pattern makes."""
    made = []
    for number, text in enumerate(development_texts(count)):
        sound, marks = utterance_sound(text.strip("，"), np.random.default_rng([DEV_SEED, number]))
        made.append((normal(text), sound, marks))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the missing shards of training sound.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, nargs=2, default=(0, 30), metavar=("FIRST", "END"))
    parser.add_argument("--every", type=int, default=1, help="make each Nth only, to share the work between processes")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.shards[0], arguments.shards[1], arguments.every):
        path = shard_path(arguments.folder, number)
        if not path.exists():
            make_shard(path, number)
            print(f"shard {number}: {path.stat().st_size / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
