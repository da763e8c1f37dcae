"""Train the small Mandarin recogniser of the sample day on 2 CPU cores.

    python -m inspection.demo.training.recogniser --minutes 90            # makes the sound first, then trains
    python -m inspection.demo.training.recogniser --steps 9000 --resume   # goes on from the last checkpoint

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
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from .batches import Batch, batches
from .corpus import UTTERANCES_PER_SHARD, Utterance, development_sounds, load, make_shard, shard_path
from .export import export
from .listening import listen
from .network import Recogniser
from .tokens import NEVER, NEVER_COUNT, NUMBER, TRAINED

SHORT_FRAMES, LONG_FRAMES = 260, 900
SHORT_STEPS, GROWN_STEP, PROMPTS_FROM = 500, 2500, 2000


@dataclass
class Shelf:
    """The utterances so far: shards are taken up while they are still being made."""

    folder: Path
    count: int
    utterances: list[Utterance] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def refresh(self) -> None:
        for number in range(self.count):
            path = shard_path(self.folder, number)
            if number not in self.taken and path.exists():
                self.utterances += load(path)
                self.taken.add(number)


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


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    shelf = Shelf(work / "corpus", arguments.shards)
    if not arguments.sound_elsewhere:
        shelf.folder.mkdir(exist_ok=True)
        for number in range(arguments.shards):
            if not shard_path(shelf.folder, number).exists():
                make_shard(shard_path(shelf.folder, number), number)
                print(f"sound: {(number + 1) * UTTERANCES_PER_SHARD} utterances", flush=True)
    from .batches import SYLLABLES

    sizes = (len(TRAINED), len(SYLLABLES), arguments.width, arguments.width // 64, 4, 2)
    network = Recogniser(*sizes)
    decayed = [p for p in network.parameters() if p.requires_grad and p.dim() > 1]
    plain = [p for p in network.parameters() if p.requires_grad and p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    checkpoint, step, spent_before_s = work / "checkpoint.pt", 0, 0.0
    if arguments.resume and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent_before_s = saved["step"], saved["spent_s"]
    generator = torch.Generator().manual_seed(arguments.seed + step)
    clips = development_sounds(60)
    begun = time.monotonic()
    measured_s, averages = 0.0, {}
    supply = iter(())
    while True:
        spent_s = spent_before_s + time.monotonic() - begun
        progress = max(step / arguments.steps, spent_s / 60 / arguments.minutes)
        if progress >= 1:
            break
        batch = next(supply, None)
        if batch is None:
            shelf.refresh()
            supply = batches(
                shelf.utterances,
                longest_frames(step),
                arguments.frames,
                arguments.seed + step,
                extras=step >= PROMPTS_FROM,
            )
            continue
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, progress, arguments.rate)
        total, parts = losses(network, batch, generator)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        averages = {name: 0.95 * averages.get(name, value) + 0.05 * value for name, value in parts.items()}
        if step % 50 == 0:
            shown = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            print(
                f"step {step} {spent_s / 60:.1f} min, {len(shelf.utterances)} utterances, {tuple(batch.features.shape[:2])}: {shown}",
                flush=True,
            )
        if spent_s - measured_s > 60 * arguments.measure_minutes:
            measured_s = spent_s
            keep(network, optimizer, checkpoint, sizes, step, spent_s)
            export(network, work / "export")
            heard = listen(work / "export", clips, arguments.threads)
            print(
                f"step {step}: error {heard.error_rate:.1%}, in time {heard.words_in_time:.1%}, speed {heard.speed:.0f}",
                flush=True,
            )
            for said, text in heard.samples[:4]:
                print(f"   {said}\n   {text}", flush=True)
    keep(network, optimizer, checkpoint, sizes, step, spent_s)
    export(network, work / "export")
    print(f"{step} steps in {spent_s / 60:.0f} minutes: {work / 'export'}")


def keep(network, optimizer, path: Path, sizes: tuple, step: int, spent_s: float) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "sizes": sizes,
            "step": step,
            "spent_s": spent_s,
        },
        part,
    )
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the small Mandarin recogniser of the sample day.")
    parser.add_argument(
        "--work", type=Path, default=Path("build/training/recogniser"), help="corpus, checkpoint and export go here"
    )
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--shards", type=int, default=45, help="thousands of utterances")
    parser.add_argument(
        "--sound-elsewhere", action="store_true", help="another process makes the shards; take what is there"
    )
    parser.add_argument("--frames", type=int, default=9600, help="feature frames in a batch")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure-minutes", type=float, default=6)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
