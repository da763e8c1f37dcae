"""Train the speaker-embedding model: a vector of 64 numbers that is alike for windows of one voice.

    python -m inspection.demo.training.embedding [--steps 500] [--batch 32]

About 10 minutes on 2 free cores, fixed seeds. An x-vector on cepstra of the telephone band, trained to name the voice
(variant × pitch) from the frames of a 5 s window in which that voice speaks alone: exactly what the pipeline will
ask of it. The layer that names voices is thrown away; what is left must tell apart voices it never heard.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import XVectorMFCC

from inspection.demo.training import checkpoints
from inspection.demo.training.mixtures import MODELS, RATE_HZ, Mixture, held_out_mixtures, training_mixtures
from inspection.demo.training.segmentation import CHUNK_MS, TRAINING_CALLS, frame_centres_ms
from inspection.demo.training.segmentation import build as build_segmentation

DIMENSION = 64
SCALE, MARGIN = 24.0, 0.2  # of the cosine softmax: how sharp it is, and by how much the right voice must win
SHORTEST_MS = 500  # of lone speech in a window, to learn from it


def build() -> XVectorMFCC:
    """An untrained x-vector on 40 cepstra below 4 kHz, 50 frames a second (half the usual rate, half the work)."""
    spectrum = {"n_fft": 512, "hop_length": 320, "n_mels": 64, "f_min": 100, "f_max": 3_900}
    model = XVectorMFCC(mfcc={"n_mfcc": 40, "melkwargs": spectrum}, dimension=DIMENSION)
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=CHUNK_MS / 1000
    )
    return model


def batch(
    mixtures: list[Mixture], size: int, centres_ms: np.ndarray, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random windows: samples (size, 1, samples), masks of lone speech (size, 2, frames), voices (size, 2).

    A voice is -1 where it speaks alone for too short a time.
    """
    waveforms, masks, voices = [], [], []
    frame_ms = float(centres_ms[1] - centres_ms[0])
    while len(waveforms) < size:
        mixture = mixtures[rng.integers(len(mixtures))]
        start_ms = int(rng.integers(0, len(mixture.samples) * 1000 // RATE_HZ - CHUNK_MS))
        pair = sorted({voice for voice, _, _ in mixture.turns})[:2]
        if len(pair) < 2:
            continue
        active = np.stack([mixture.activity(voice, start_ms, centres_ms) for voice in pair])
        alone = active * (active.sum(axis=0) < 2)
        if rng.random() < 0.4:  # a short reply is all there is of many customers
            alone = _shortened(alone, int(rng.integers(SHORTEST_MS, 2_500) / frame_ms), rng)
        long_enough = alone.sum(axis=1) * frame_ms >= SHORTEST_MS
        if not long_enough.any():
            continue
        begin = start_ms * RATE_HZ // 1000
        samples = mixture.samples[begin : begin + CHUNK_MS * RATE_HZ // 1000].astype(np.float32) / 32768
        waveforms.append(samples * rng.uniform(0.3, 1.0))
        masks.append(np.where(long_enough[:, None], alone, 1.0))
        voices.append(np.where(long_enough, pair, -1))
    return (
        torch.from_numpy(np.stack(waveforms))[:, None].float(),
        torch.from_numpy(np.stack(masks)).float(),
        torch.from_numpy(np.stack(voices)).long(),
    )


def _shortened(alone: np.ndarray, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Keep `frames` speaking frames of each voice in a row, dropping the others."""
    kept = np.zeros_like(alone)
    for row, mask in zip(kept, alone, strict=True):
        speaking = np.flatnonzero(mask)
        if len(speaking):
            first = int(rng.integers(max(1, len(speaking) - frames)))
            row[speaking[first : first + frames]] = 1.0
    return kept


def forward(model: XVectorMFCC, waveforms: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """The model's own forward pass with its convolutions in bfloat16, embeddings (batch, 2, 64) in float32.

    Cepstra and the pooled spread stay in float32: the root of a spread rounded to zero has no gradient.
    """
    frames = model.mfcc(waveforms).squeeze(dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        for block in model.tdnns:
            frames = block(frames)
    return model.embedding(model.stats_pool(frames.float(), weights=masks))


def margin_loss(embeddings: torch.Tensor, classes: torch.Tensor, voices: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Cosine softmax with an additive margin, and the share named right. `embeddings` (n, 64), `voices` (n,)."""
    unit = torch.nn.functional.normalize
    cosines = unit(embeddings) @ unit(classes).T
    right = torch.nn.functional.one_hot(voices, len(classes))
    loss = torch.nn.functional.cross_entropy(SCALE * (cosines - MARGIN * right), voices)
    return loss, float((cosines.argmax(dim=1) == voices).float().mean())


@torch.inference_mode()
def embed(
    model: XVectorMFCC, mixtures: list[Mixture], centres_ms: np.ndarray, windows: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of lone speech in random windows (n, 64) and their voices (n,)."""
    model.eval()
    rng, vectors, names = np.random.default_rng(seed), [], []
    for _ in range(windows // 32):
        waveforms, masks, voices = batch(mixtures, 32, centres_ms, rng)
        found = voices.flatten() >= 0
        vectors.append(model(waveforms, masks).flatten(0, 1)[found].numpy())
        names.append(voices.flatten()[found].numpy())
    model.train()
    return np.concatenate(vectors), np.concatenate(names)


def equal_error_rate(vectors: np.ndarray, voices: np.ndarray) -> float:
    """Where as many pairs of different voices pass for one as pairs of one voice for different, by cosine."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = np.triu_indices(len(unit), k=1)
    scores, same = (unit @ unit.T)[pairs], (voices[:, None] == voices[None, :])[pairs]
    same = same[np.argsort(-scores)]
    missed, accepted = 1 - np.cumsum(same) / same.sum(), np.cumsum(~same) / (~same).sum()
    return float(accepted[np.argmin(np.abs(missed - accepted))])


def train(steps: int, batch_size: int) -> None:
    """Train, print the loss and the equal error rate on voices never heard, and save under the demo's models."""
    torch.manual_seed(22)
    rng = np.random.default_rng(22)
    model, centres_ms = build(), frame_centres_ms(build_segmentation())
    calls, strangers = training_mixtures(TRAINING_CALLS), held_out_mixtures(40)
    count = 1 + max(voice for call in calls for voice, _, _ in call.turns)
    classes = torch.nn.Parameter(torch.randn(count, DIMENSION))
    optimizer = torch.optim.AdamW([*model.parameters(), classes], lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.15)
    began, running, right = time.monotonic(), 0.0, 0.0
    model.train()
    for step in range(1, steps + 1):
        waveforms, masks, voices = batch(calls, batch_size, centres_ms, rng)
        found = voices.flatten() >= 0
        embeddings = forward(model, waveforms, masks).flatten(0, 1)
        loss, named = margin_loss(embeddings[found], classes, voices.flatten()[found])
        optimizer.zero_grad()
        loss.backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)):
            optimizer.step()
        schedule.step()
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        right = 0.98 * right + 0.02 * named
        if step % 100 == 0 or step == steps:
            rate = equal_error_rate(*embed(model, strangers, centres_ms, 320, seed=6))
            took_s = time.monotonic() - began
            print(f"step {step} loss {running:.2f} named {right:.0%} equal error {rate:.1%} {took_s:.0f} s", flush=True)
            checkpoints.save(model, checkpoints.folded_to_int8(model), MODELS / "embedding")


def main() -> None:
    """Train the speaker-embedding model."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    train(arguments.steps, arguments.batch)


if __name__ == "__main__":
    main()
