"""The speech stage beside a plain faster-whisper loop: same recordings, same model, same options, one run.

    python benchmarks/bench_speech.py                  # throughput on the sample day
    python benchmarks/bench_speech.py --memory         # peak memory of 30 and of 300 calls

The plain loops decode each file as faster-whisper does, channel by channel, with its own voice activity filter and word
times, sequentially and batched. Ours does what a day's run does: decoding, channel checks, voice activity, diarization
of mono calls, recognition, guards and storing; the diarizer's share is told apart, because the loops have none.
Everything is loaded and warm before the clock starts. Trust the ratios, not the absolute figures.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inspection.settings import PACKAGE, Settings, SpeechSettings
from inspection.speech.decode import Unheard, decode
from inspection.speech.listen import make_transcripts
from inspection.speech.models import Engines, load_engines, recogniser_folder
from inspection.speech.transcripts import TranscriptStore

SAMPLE_DAY = PACKAGE / "demo" / "day" / "recordings"
MEMORY_MB_PER_UNIT = 1 / 1024  # ru_maxrss is in kilobytes on Linux
console = Console()


def recordings(folder: Path) -> list[Path]:
    """The files of a folder that can be decoded; the sample day has broken ones on purpose."""
    good = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            decode(path.read_bytes(), name=path.name, min_ms=1_000)
        except Unheard:
            continue
        good.append(path)
    return good


def calls_of(paths: list[Path], number: int) -> tuple[pl.DataFrame, Callable[[str], bytes]]:
    """`number` calls over the files, each with bytes of its own, so that no call is another's duplicate."""

    def read(location: str) -> bytes:
        path, _, copy = location.partition("#")
        return Path(path).read_bytes() + b"\0" * int(copy)  # decoders pass over what follows the sound

    locations = [f"{paths[i % len(paths)]}#{i // len(paths)}" for i in range(number)]
    return pl.DataFrame(
        {
            "call_id": [f"call-{i}" for i in range(number)],
            "recording_id": locations,
            "location": locations,
            "audio_sha256": [hashlib.sha256(read(location)).hexdigest() for location in locations],
        }
    ).unique("audio_sha256", maintain_order=True), read


def ours(paths: list[Path], settings: SpeechSettings, engines: Engines) -> float:
    """Seconds for the whole speech stage over the files."""
    calls, read = calls_of(paths, len(paths))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for _ in make_transcripts(calls, engines, settings, TranscriptStore(Path(folder)), read=read):
            pass
        return time.perf_counter() - began


def plain(paths: list[Path], transcribe: Callable[[np.ndarray], None]) -> float:
    """Seconds for a loop over files and channels."""
    from faster_whisper.audio import decode_audio

    began = time.perf_counter()
    for path in paths:
        channels = decode(path.read_bytes(), name=path.name).channels if path.suffix == ".gsm" else None
        if channels:  # decode_audio knows no headerless formats; the same samples by our decoder
            sides = tuple(decode(path.read_bytes(), name=path.name).samples)
        else:
            left, right = decode_audio(str(path), split_stereo=True)
            sides = (left,) if np.array_equal(left, right) else (left, right)
        for side in sides:
            transcribe(side)
    return time.perf_counter() - began


def throughput(folder: Path, settings: SpeechSettings, rounds: int) -> None:
    """Prints audio seconds per second of each way, and the ratios; the best of the rounds counts for each."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    paths = recordings(folder)
    audio_s = sum(decode(path.read_bytes(), name=path.name).duration_ms for path in paths) / 1000
    model = WhisperModel(
        str(recogniser_folder(settings)),
        device=settings.device,
        compute_type=settings.compute_type,
        cpu_threads=settings.cpu_threads,
    )
    pipeline = BatchedInferencePipeline(model)
    options = {
        "language": settings.language,
        "beam_size": settings.beam_size,
        "temperature": 0.0,
        "word_timestamps": True,
        "condition_on_previous_text": False,
        "vad_filter": True,
    }
    loaded = load_engines(settings)
    diarizing = [0.0]

    def timed_diarizer():
        diarizer = loaded.diarizer

        def diarize(samples):
            began = time.perf_counter()
            found = diarizer(samples)
            diarizing[0] += time.perf_counter() - began
            return found

        return diarize

    engines = Engines(loaded.fingerprint, lambda: loaded.recogniser, timed_diarizer)
    ways = {
        "our speech stage": lambda: ours(paths, settings, engines),
        "plain loop, sequential": lambda: plain(paths, lambda side: list(model.transcribe(side, **options)[0])),
        "plain loop, batched": lambda: plain(
            paths, lambda side: list(pipeline.transcribe(side, batch_size=settings.batch_size, **options)[0])
        ),
    }
    best, processor = dict.fromkeys(ways, float("inf")), dict.fromkeys(ways, float("inf"))
    diarized = float("inf")
    warm = paths[:2] + [path for path in paths if decode(path.read_bytes(), name=path.name).channels == 1][:1]
    ours(warm, settings, engines)
    for number in track(range(rounds * len(ways)), "measuring", console=console):
        name = list(ways)[number % len(ways)]
        diarizing[0], cores = 0.0, time.process_time()
        took = ways[name]()
        processor[name] = min(processor[name], time.process_time() - cores)
        if took < best[name]:
            best[name] = took
            diarized = diarizing[0] if name == "our speech stage" else diarized
    table = Table(
        title=f"{len(paths)} recordings, {audio_s:.0f} s of audio, {settings.compute_type} on {settings.device}"
    )
    for column in ("way", "seconds", "audio s / s", "ours is faster by", "processor s"):
        table.add_column(column, justify="left" if column == "way" else "right")
    mine = best["our speech stage"]
    for name, took in best.items():
        table.add_row(name, f"{took:.1f}", f"{audio_s / took:.1f}", f"{took / mine:.2f} x", f"{processor[name]:.1f}")
    console.print(table)
    console.print(f"the diarizer spoke for {diarized:.1f} s of ours, in parallel with the recogniser")


def memory(folder: Path, settings_path: Path, sizes: list[int]) -> None:
    """Prints the peak memory of a process that listens to so many calls, for each size, and the largest ratio."""
    peaks = []
    for size in sizes:
        command = [
            sys.executable,
            __file__,
            "--folder",
            str(folder),
            "--settings",
            str(settings_path),
            "--listen",
            str(size),
        ]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        if shown.returncode:
            sys.exit(shown.stderr[-2000:])
        peaks.append(float(shown.stdout.split()[-1]))
        console.print(f"{size:>6} calls: peak {peaks[-1]:.0f} MB")
    console.print(f"largest over smallest: {max(peaks) / min(peaks):.3f} (flat is at most 1.15)")


def listen_and_tell_peak(folder: Path, settings: SpeechSettings, number: int) -> None:
    """Listens to so many calls and prints this process's peak memory in MB."""
    calls, read = calls_of(recordings(folder), number)
    with tempfile.TemporaryDirectory() as aside:
        for _ in make_transcripts(calls, load_engines(settings), settings, TranscriptStore(Path(aside)), read=read):
            pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MEMORY_MB_PER_UNIT)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=SAMPLE_DAY, help="folder of recordings")
    arguments.add_argument(
        "--settings", type=Path, default=Path("inspection.toml"), help="settings file, if there is one"
    )
    arguments.add_argument("--rounds", type=int, default=2, help="the best of so many counts")
    arguments.add_argument("--memory", action="store_true", help="measure memory instead of throughput")
    arguments.add_argument("--sizes", type=int, nargs="+", default=[30, 300], help="calls for --memory")
    arguments.add_argument("--listen", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    from inspection.settings import load

    settings = (load(chosen.settings) if chosen.settings.exists() else Settings()).speech
    if chosen.listen:
        listen_and_tell_peak(chosen.folder, settings, chosen.listen)
    elif chosen.memory:
        memory(chosen.folder, chosen.settings, chosen.sizes)
    else:
        throughput(chosen.folder, settings, chosen.rounds)


if __name__ == "__main__":
    main()
