"""Train the small Mandarin recogniser of the sample day on 2 CPU cores.

    python -m inspection.demo.training.recogniser                            # makes the sound first, then trains
    python -m inspection.demo.training.recogniser --resume                   # goes on after an interruption
    python -m inspection.demo.training.recogniser --resume --steps 13500     # 4,000 steps more, at a raised rate
    python -m inspection.demo.training.restore …                             # goes on from an exported model instead

Three losses, because the decoder alone learns only the sentences and never to listen:
- the encoder names the syllable spoken at each of its positions (the synthesiser knows it exactly);
- each decoder step's cross-attention must lie within the true time of the character that it writes (last layer, which
  also gives the word times) or has just read (first layer, first head);
- the decoder writes the characters.

Utterances grow from 2.5 s to 9 s. Then prompts with names (hotwords) and timestamps join. Everything is drawn from
`--seed`; with the same number of shards and steps a run repeats.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from .batches import SYLLABLES, Batch, batches
from .corpus import UTTERANCES_PER_SHARD, Utterance, development_sounds, load, make_shard, shard_path
from .export import export
from .listening import listen
from .network import Recogniser
from .texts import forbidden_sentences, is_forbidden
from .tokens import NEVER, NEVER_COUNT, TRAINED

SHORT_FRAMES, LONG_FRAMES = 260, 900
SHORT_STEPS, GROWN_STEP, EXTRAS_FROM = 500, 2500, 2000


@dataclass
class Shelf:
    """The utterances so far: shards are taken up while they are still being made.

    The day's texts may have changed since a shard was made, so what they say is left out here once more.
    """

    folder: Path
    numbers: range
    utterances: list[Utterance] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def refreshed(self) -> list[Utterance]:
        for number in self.numbers:
            path = shard_path(self.folder, number)
            if number not in self.taken and path.exists():
                self.utterances += [item for item in load(path) if not is_forbidden(item.text, forbidden_sentences())]
                self.taken.add(number)
        return self.utterances


def losses(network: Recogniser, batch: Batch, generator: torch.Generator) -> tuple[torch.Tensor, dict[str, float]]:
    with torch.autocast("cpu", torch.bfloat16):
        memory, memory_mask = network.encoder(batch.features, generator)
        inside = batch.syllables.shape[1]
        named = network.syllable_head(memory[:, :inside])
        scores, watched = network.decoder(batch.tokens, memory, memory_mask)
    spoken = batch.syllables >= 0
    syllable = functional.cross_entropy(named[spoken].float(), batch.syllables[spoken])
    written = batch.targets >= 0
    scores = scores[written].float()
    scores[:, NEVER] += math.log(NEVER_COUNT)
    character = functional.cross_entropy(scores, batch.targets[written], label_smoothing=0.0)
    next_mass = (watched[-1] * batch.next_span[:, None]).sum(-1)
    last_mass = (watched[0][:, 0] * batch.last_span).sum(-1)
    has_next, has_last = batch.next_span.any(-1), batch.last_span.any(-1)
    next_loss = -(next_mass + 1e-4).log().transpose(1, 2)[has_next].mean()
    last_loss = -(last_mass + 1e-4).log()[has_last].mean()
    total = character + syllable + 0.5 * next_loss + 0.2 * last_loss
    parts = {"char": character, "syll": syllable, "next": next_loss, "last": last_loss}
    return total, {name: float(value.detach()) for name, value in parts.items()}


def longest_frames(step: int) -> int:
    grown = np.clip((step - SHORT_STEPS) / (GROWN_STEP - SHORT_STEPS), 0, 1)
    return int(SHORT_FRAMES + grown * (LONG_FRAMES - SHORT_FRAMES))


def rate_at(step: int, progress: float, peak: float) -> float:
    return peak * min(1.0, (step + 1) / 300) * (0.5 * (1 + math.cos(math.pi * min(progress, 1.0))) + 0.005)


class Training:
    """A network, its optimizer and how far they are; kept on disk so that a killed run goes on."""

    def __init__(self, arguments: argparse.Namespace):
        self.arguments, self.work = arguments, arguments.work
        width, layers = arguments.width, arguments.encoder_layers
        self.network = Recogniser(len(TRAINED), len(SYLLABLES), width, width // 64, layers)
        learned = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        groups = [
            {"params": [p for p in learned if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in learned if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.step, self.first_step, self.spent_s, self.run_s, self.averages = 0, 0, 0.0, 0.0, {}
        self.generator = torch.Generator()

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.pt"

    def resume(self) -> None:
        saved = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(saved["network"])
        self.step, self.spent_s = saved["step"], saved["spent_s"]
        if saved["optimizer"] is None:  # restored from an exported model
            self.first_step = self.step
        else:
            self.optimizer.load_state_dict(saved["optimizer"])

    def keep(self) -> None:
        saved = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        part = self.checkpoint.with_suffix(".part")
        torch.save({**saved, "sizes": self.network.sizes, "step": self.step, "spent_s": self.spent_s}, part)
        part.replace(self.checkpoint)
        export(self.network, self.work / "export")

    @property
    def progress(self) -> float:
        return max(self.step / self.arguments.steps, self.run_s / 60 / self.arguments.minutes)

    def learn(self, batch: Batch) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step - self.first_step, self.progress, self.arguments.rate)
        total, parts = losses(self.network, batch, self.generator)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self.averages = {name: 0.95 * self.averages.get(name, value) + 0.05 * value for name, value in parts.items()}

    def supply(self, shelf: Shelf) -> Iterator[Batch]:
        """Batches without end; the longest utterance and the extras are decided anew every 200 batches or so."""
        while True:
            seed = self.arguments.seed + self.step
            self.generator.manual_seed(seed)
            yield from batches(
                shelf.refreshed(),
                longest_frames(self.step),
                self.arguments.frames,
                seed,
                extras=self.step >= EXTRAS_FROM,
            )


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    shelf = Shelf(arguments.work / "corpus", range(*arguments.shards))
    if not arguments.sound_elsewhere:
        make_sound(shelf)
    training = Training(arguments)
    if arguments.resume and training.checkpoint.exists():
        training.resume()
    clips = development_sounds(60)
    before_s, begun, measured_s = training.spent_s, time.monotonic(), 0.0
    for batch in training.supply(shelf):
        training.learn(batch)
        training.run_s = time.monotonic() - begun
        training.spent_s = before_s + training.run_s
        if training.step % 50 == 0:
            shown = " ".join(f"{name} {value:.3f}" for name, value in training.averages.items())
            print(
                f"step {training.step}, {training.spent_s / 60:.1f} min, {tuple(batch.features.shape[:2])}: {shown}",
                flush=True,
            )
        if training.progress >= 1:
            break
        if training.run_s - measured_s > 60 * arguments.measure_minutes:
            measured_s = training.run_s
            training.keep()
            report(training.work / "export", clips, arguments.threads)
    training.keep()
    report(training.work / "export", clips, arguments.threads)


def make_sound(shelf: Shelf) -> None:
    shelf.folder.mkdir(parents=True, exist_ok=True)
    for number in shelf.numbers:
        if not shard_path(shelf.folder, number).exists():
            make_shard(shard_path(shelf.folder, number), number)
            print(f"sound: {(number + 1) * UTTERANCES_PER_SHARD} utterances", flush=True)


def report(folder: Path, clips: list, threads: int) -> None:
    heard = listen(folder, clips, threads)
    print(
        f"  error {heard.error_rate:.1%}, in time {heard.words_in_time:.1%}, {heard.speed:.0f} times real time",
        flush=True,
    )
    for said, text in heard.samples[:4]:
        print(f"    said  {said}\n    heard {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the small Mandarin recogniser of the sample day.")
    parser.add_argument(
        "--work", type=Path, default=Path("build/training/recogniser"), help="corpus, checkpoint and export go here"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="end this run after so long, whatever the steps")
    parser.add_argument("--steps", type=int, default=9500)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--shards", type=int, nargs=2, default=(0, 60), metavar=("FIRST", "END"), help="in thousands")
    parser.add_argument(
        "--sound-elsewhere", action="store_true", help="another process makes the shards; take what is there"
    )
    parser.add_argument("--frames", type=int, default=6400, help="feature frames in a batch")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure-minutes", type=float, default=6)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
