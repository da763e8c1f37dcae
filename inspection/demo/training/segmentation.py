"""Train the segmentation model: which of two local speakers is active, every 17 ms of a 5 s window.

    python -m inspection.demo.training.segmentation [--steps 1000] [--batch 32]

About 15 minutes on 2 free cores. Seeds are fixed; the result repeats up to the order of floating-point sums.
The model is a small PyanNet (SincNet, two bidirectional LSTM layers of 64, powerset output). Two speakers at most fit
a window of 5 s of a two-party call; telling the same two apart over the whole call is the embedding's and the
clustering's work.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.segmentation import PyanNet

from inspection.demo.training import checkpoints
from inspection.demo.training.mixtures import MODELS, RATE_HZ, Mixture, training_mixtures, tuning_mixtures

CHUNK_MS = 5_000
TRAINING_CALLS, TUNING_CALLS = 500, 30
# classes of the powerset: nobody, first, second, both; the second row names the speakers the other way round
POWERSET_OF_PAIR = torch.tensor([[0, 1, 2, 3], [0, 2, 1, 3]])


def build() -> PyanNet:
    """An untrained model of 215 k parameters for windows of 5 s and two local speakers."""
    model = PyanNet(
        sincnet={"stride": 10},
        lstm={"hidden_size": 64, "num_layers": 2, "bidirectional": True, "monolithic": True, "dropout": 0.0},
        linear={"hidden_size": 64, "num_layers": 1},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=CHUNK_MS / 1000,
        classes=["speaker#1", "speaker#2"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    return model


def frame_centres_ms(model: PyanNet) -> np.ndarray:
    """Centres of the output frames of one window, ms from its start, shape (frames,)."""
    field = model.receptive_field
    count = model.num_frames(CHUNK_MS * RATE_HZ // 1000)
    return 1000 * (field.start + field.duration / 2 + field.step * np.arange(count))


def batch(
    mixtures: list[Mixture], size: int, centres_ms: np.ndarray, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random windows: samples (size, 1, samples) and the activity of the call's two voices (size, frames, 2)."""
    waveforms, activities = [], []
    for _ in range(size):
        mixture = mixtures[rng.integers(len(mixtures))]
        start_ms = int(rng.integers(0, len(mixture.samples) * 1000 // RATE_HZ - CHUNK_MS))
        begin = start_ms * RATE_HZ // 1000
        samples = mixture.samples[begin : begin + CHUNK_MS * RATE_HZ // 1000].astype(np.float32) / 32768
        if rng.random() < 0.2:
            samples = samples + rng.normal(0, rng.uniform(0, 0.01), len(samples)).astype(np.float32)
        # two distinct voices take part in every mixture; a third column never arises
        pair = sorted({voice for voice, _, _ in mixture.turns})[:2]
        active = [mixture.activity(voice, start_ms, centres_ms) for voice in pair]
        active += [np.zeros_like(active[0])] * (2 - len(active))
        waveforms.append(samples * rng.uniform(0.2, 1.0))
        activities.append(np.stack(active, axis=1))
    return torch.from_numpy(np.stack(waveforms))[:, None].float(), torch.from_numpy(np.stack(activities))


def pair_loss(log_probabilities: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    """Mean negative log likelihood under the better of the two namings of the speakers, window by window.

    `log_probabilities` (batch, frames, 4), `activity` (batch, frames, 2).
    """
    target = (activity[..., 0] + 2 * activity[..., 1]).long()
    either = [
        torch.nn.functional.nll_loss(log_probabilities.transpose(1, 2), naming[target], reduction="none").mean(dim=1)
        for naming in POWERSET_OF_PAIR
    ]
    return torch.minimum(*either).mean()


@torch.inference_mode()
def frame_error(model: PyanNet, mixtures: list[Mixture], centres_ms: np.ndarray) -> float:
    """Wrong speaker activity as a share of the true activity, over random windows of calls not trained on."""
    model.eval()
    wrong = spoken = 0.0
    rng = np.random.default_rng(5)
    for _ in range(6):
        waveforms, activity = batch(mixtures, 32, centres_ms, rng)
        classes = model(waveforms).argmax(dim=-1)
        guess = torch.stack([(classes == 1) | (classes == 3), (classes == 2) | (classes == 3)], dim=-1).float()
        straight, crossed = ((named - activity).abs().sum(dim=(1, 2)) for named in (guess, guess.flip(-1)))
        wrong += float(torch.minimum(straight, crossed).sum())
        spoken += float(activity.sum())
    model.train()
    return wrong / spoken


def train(steps: int, batch_size: int) -> None:
    """Train, print the loss and the frame error as it goes, and save under the demo's models."""
    torch.manual_seed(21)
    rng = np.random.default_rng(21)
    model = build()
    centres_ms = frame_centres_ms(model)
    calls, unseen = training_mixtures(TRAINING_CALLS), tuning_mixtures(TUNING_CALLS)
    for filters in model.sincnet.conv1d[0].parameters():  # a good filter bank as it is, and the dearest layer to train
        filters.requires_grad_(False)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    began, running = time.monotonic(), 0.0
    model.train()
    for step in range(1, steps + 1):
        waveforms, activity = batch(calls, batch_size, centres_ms, rng)
        with torch.autocast("cpu", torch.bfloat16):  # half the time of float32 on processors that have it
            log_probabilities = model(waveforms)
        loss = pair_loss(log_probabilities.float(), activity)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        schedule.step()
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step % 100 == 0 or step == steps:
            error = frame_error(model, unseen, centres_ms)
            took_s = time.monotonic() - began
            print(f"step {step} loss {running:.3f} frame error {error:.1%} {took_s:.0f} s", flush=True)
            checkpoints.save(model, checkpoints.halved(model), MODELS / "segmentation")


def main() -> None:
    """Train the segmentation model."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    train(arguments.steps, arguments.batch)


if __name__ == "__main__":
    main()
