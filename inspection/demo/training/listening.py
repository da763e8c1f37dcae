"""How well an exported recogniser listens: measured through faster-whisper, as the product uses it.

    python -m inspection.demo.training.listening [FOLDER]

The clips are development sentences of patterns that training never saw. Error rates of the training code flatter.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .corpus import development_sounds
from .texts import normal

MODEL = Path(__file__).parent.parent / "models" / "recogniser"


@dataclass(frozen=True)
class Listening:
    error_rate: float  # characters wrong, missing or invented, of the characters said
    words_in_time: float  # share of right characters whose start is within 300 ms of the truth
    speed: float  # seconds of sound a second
    samples: tuple[tuple[str, str], ...]  # (said, heard)


def listen(folder: Path, clips: list[tuple[str, np.ndarray, tuple]], threads: int = 2) -> Listening:
    """Transcribe (text, 16 kHz samples, marks) clips batched, each as one voice-activity clip on a long tape."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    pipeline = BatchedInferencePipeline(
        WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    )
    tape = np.concatenate([sound for _, sound, _ in clips])
    ends = np.cumsum([len(sound) for _, sound, _ in clips]) / 16000
    starts = [0.0, *ends[:-1]]
    borders = [{"start": float(start), "end": float(end)} for start, end in zip(starts, ends, strict=True)]
    begun = time.perf_counter()
    segments, _ = pipeline.transcribe(
        tape,
        language="zh",
        clip_timestamps=borders,
        batch_size=8,
        word_timestamps=True,
        vad_filter=False,
        beam_size=1,
        log_progress=False,
    )
    words = [word for segment in segments for word in segment.words]
    spent = time.perf_counter() - begun
    wrong = said = right = in_time = 0
    samples = []
    for (text, _, marks), start, end in zip(clips, starts, ends, strict=True):
        heard = [word for word in words if start <= (word.start + word.end) / 2 < end]
        heard_text = normal("".join(word.word for word in heard))
        pairs, distance = aligned(text, heard_text)
        wrong, said = wrong + distance, said + len(text)
        times = [word.start for word in heard for _ in normal(word.word)]
        right += len(pairs)
        in_time += sum(abs(times[b] - start - marks[a][1] / 1000) <= 0.3 for a, b in pairs)
        samples.append((text, heard_text))
    return Listening(wrong / said, in_time / max(right, 1), float(ends[-1]) / spent, tuple(samples))


def aligned(said: str, heard: str) -> tuple[list[tuple[int, int]], int]:
    """Places (in said, in heard) of characters that agree in a cheapest alignment, and the edit distance."""
    cost = np.zeros((len(said) + 1, len(heard) + 1), int)
    cost[:, 0], cost[0] = range(len(said) + 1), range(len(heard) + 1)
    for i, char in enumerate(said, 1):
        for j, other in enumerate(heard, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (char != other), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs, i, j = [], len(said), len(heard)
    while i and j:
        if said[i - 1] == heard[j - 1] and cost[i, j] == cost[i - 1, j - 1]:
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif cost[i, j] == cost[i - 1, j - 1] + 1:
            i, j = i - 1, j - 1
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1], int(cost[-1, -1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a recogniser on development sentences.")
    parser.add_argument("folder", type=Path, nargs="?", default=MODEL)
    parser.add_argument("--clips", type=int, default=200)
    arguments = parser.parse_args()
    result = listen(arguments.folder, development_sounds(arguments.clips))
    for text, heard in result.samples[:12]:
        print(f"said  {text}\nheard {heard}\n")
    print(f"character error rate {result.error_rate:.1%}, word starts within 300 ms {result.words_in_time:.1%}")
    print(f"{result.speed:.0f} times real time")


if __name__ == "__main__":
    main()
