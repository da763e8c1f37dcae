"""Two-party calls mixed from single voices, with the truth of who speaks when.

A mixture is a telephone call as a diarizer meets it: alternating turns with pauses, short backchannels under the other
side's speech, now and then an interruption, a monologue, a stretch of hold tone or of nothing, the two sides at
different levels, all through a telephone line. The models train on mixtures of the training voices; error is measured
on mixtures of the held-out voices:

    python -m inspection.demo.training.mixtures --measure [--count 40] [--models inspection/demo/models/diarization]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from inspection.demo.training.telephone import line, through, to_16k
from inspection.demo.training.utterances import BANK_RATE_HZ, CACHE, Bank, held_out_bank, training_bank

RATE_HZ = 16_000
MODELS = Path("inspection/demo/models/diarization")
TRAINING_SEED, TUNING_SEED, HELD_OUT_SEED = 1_000, 500_000, 900_000


@dataclass(frozen=True)
class Mixture:
    """One call: int16 samples at 16 kHz as they come off the line, and turns (voice, start_ms, end_ms).

    `voice` is the index into the bank's voices. Turns of the two voices may overlap.
    """

    samples: np.ndarray
    turns: tuple[tuple[int, int, int], ...]

    def activity(self, voice: int, start_ms: int, centres_ms: np.ndarray) -> np.ndarray:
        """1.0 where `voice` speaks at the frame centres (ms after `start_ms`), else 0.0, shape of `centres_ms`."""
        at = start_ms + centres_ms
        active = np.zeros(len(at), np.float32)
        for speaker, begin, end in self.turns:
            if speaker == voice:
                active[(at >= begin) & (at < end)] = 1.0
        return active


def mix(bank: Bank, seed: int, length_ms: tuple[int, int] = (20_000, 90_000)) -> Mixture:
    """One call of two random voices of the bank, repeatable by seed."""
    rng = np.random.default_rng(seed)
    pair = _pair(bank, rng)
    sides, turns = _dialogue(bank, pair, int(rng.integers(*length_ms)), rng)
    if rng.random() < 0.5:  # recorded behind one line, as a phone records
        heard = line(sides.sum(axis=0), BANK_RATE_HZ, rng)
    else:  # each side came over a line of its own and the recorder added them up
        lines = [line(side, BANK_RATE_HZ, rng, level=float(np.abs(side).max() * 0.5)) for side in sides]
        heard = through(np.clip(sum(lines), -1, 1), "mulaw")
    return Mixture((np.clip(to_16k(heard), -1, 1) * 32767).astype(np.int16), tuple(turns))


def training_mixtures(count: int) -> list[Mixture]:
    """Calls of the training voices, made once on both cores and kept under build/."""
    return _cached("training", training_bank(), TRAINING_SEED, count)


def tuning_mixtures(count: int) -> list[Mixture]:
    """Calls of the training voices that no model trained on, for choosing thresholds."""
    return _cached("tuning", training_bank(), TUNING_SEED, count)


def held_out_mixtures(count: int) -> list[Mixture]:
    """Calls of voices that no model has heard."""
    return _cached("held_out", held_out_bank(), HELD_OUT_SEED, count)


def _pair(bank: Bank, rng: np.random.Generator) -> tuple[int, int]:
    """Two voices of different variants: nobody talks to their own timbre."""
    first = int(rng.integers(len(bank.voices)))
    others = [i for i, voice in enumerate(bank.voices) if voice.variant != bank.voices[first].variant]
    return first, int(rng.choice(others))


def _dialogue(
    bank: Bank, pair: tuple[int, int], length_ms: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int, int]]]:
    """Dry samples of the two sides (2, samples) at the bank's rate, and the turns in order of their start."""
    gains = [float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.6, 1.0))]
    gains[rng.integers(2)] *= float(rng.uniform(0.3, 1.0))
    dry = np.zeros((2, length_ms * BANK_RATE_HZ // 1000), np.float32)
    turns: list[tuple[int, int, int]] = []
    talkative = rng.uniform(0.35, 0.65)  # share of turns that go on when the other side might answer
    side, at_ms = int(rng.integers(2)), int(rng.integers(100, 2_500))

    def say(who: int, piece: np.ndarray, start_ms: int) -> int:
        begin = start_ms * BANK_RATE_HZ // 1000
        if begin + len(piece) > dry.shape[1]:
            return start_ms
        dry[who, begin : begin + len(piece)] += gains[who] * piece
        end_ms = start_ms + len(piece) * 1000 // BANK_RATE_HZ
        turns.append((pair[who], start_ms, end_ms))
        return end_ms

    while at_ms < length_ms - 1_500:
        if rng.random() < 0.02:
            at_ms = _interlude(dry[side], at_ms, rng)
        voice, other = pair[side], 1 - side
        short = rng.random() < 0.15
        pieces = bank.backchannels[voice] if short else bank.sentences[voice]
        start_ms, end_ms = at_ms, say(side, pieces[rng.integers(len(pieces))], at_ms)
        if end_ms - start_ms > 2_000 and rng.random() < 0.3:  # a backchannel under the speech
            murmur = bank.backchannels[pair[other]]
            say(other, murmur[rng.integers(len(murmur))], int(rng.integers(start_ms + 500, end_ms - 700)))
        if rng.random() < talkative * (0.5 if short else 1.0):
            at_ms = end_ms + int(rng.integers(80, 600))
            continue
        side = other
        if end_ms - start_ms > 1_500 and rng.random() < 0.25:  # an interruption
            at_ms = end_ms - int(rng.integers(150, 700))
        else:
            at_ms = end_ms + int(rng.choice((rng.integers(60, 500), rng.integers(300, 1_500))))
    return dry, sorted(turns, key=lambda turn: turn[1])


def _interlude(dry: np.ndarray, at_ms: int, rng: np.random.Generator) -> int:
    """A stretch without speech: silence, or a beeping hold tone. Returns where it ends, in ms."""
    lasts_ms = int(rng.integers(1_500, 6_000))
    begin, count = at_ms * BANK_RATE_HZ // 1000, lasts_ms * BANK_RATE_HZ // 1000
    space = dry[begin : begin + count]
    if rng.random() < 0.5:
        t = np.arange(len(space)) / BANK_RATE_HZ
        beeping = (t % rng.uniform(1.0, 4.0)) < rng.uniform(0.3, 1.0)
        space += (rng.uniform(0.05, 0.4) * beeping * np.sin(2 * np.pi * rng.uniform(300, 1_400) * t)).astype(np.float32)
    return at_ms + lasts_ms + 200


def _cached(name: str, bank: Bank, first_seed: int, count: int) -> list[Mixture]:
    path = CACHE / f"mixtures_{name}_{count}.npz"
    if not path.exists():
        with Pool(2) as pool:
            made = pool.map(partial(mix, bank), range(first_seed, first_seed + count), chunksize=count // 4)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            samples=np.concatenate([mixture.samples for mixture in made]),
            lengths=np.array([len(mixture.samples) for mixture in made]),
            turns=np.array([turn for mixture in made for turn in mixture.turns]),
            turn_counts=np.array([len(mixture.turns) for mixture in made]),
        )
    stored = np.load(path)
    pieces = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
    turns = np.split(stored["turns"], np.cumsum(stored["turn_counts"])[:-1])
    return [Mixture(piece, tuple(map(tuple, rows.tolist()))) for piece, rows in zip(pieces, turns, strict=True)]


def main() -> None:
    """Make the mixtures, or print the diarization error rate of a pipeline on held-out ones."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--measure", action="store_true", help="diarize held-out mixtures and print the error rate")
    parser.add_argument("--count", type=int, default=40, help="how many held-out mixtures")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with config.yaml")
    arguments = parser.parse_args()
    if not arguments.measure:
        print(f"{len(training_mixtures(500))} training mixtures under {CACHE}")
        return
    from inspection.demo.training.diarization_error import measure, report

    report(measure(arguments.models, held_out_mixtures(arguments.count)))


if __name__ == "__main__":
    main()
