"""What the flow costs beside its steps: the same day by plain functions and as a Prefect flow, per 1,000 calls.

    python benchmarks/bench_flow.py [--calls 200] [--rounds 2]

The sample day's recordings are copied until there are so many calls, each copy with bytes and a transcript of its
own, so nothing is listened to and what remains is intake, gates, judging, storing, publishing and the report. The flow
runs on an embedded backend, as `inspection run` does; starting it is told apart, because a server is always there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from inspection import day
from inspection.demo.prepare import BUSINESS_DATE, DAY, prepare
from inspection.settings import Settings, load
from inspection.speech.models import speech_fingerprint
from inspection.speech.transcripts import TranscriptStore

console = Console()


def copied_day(folder: Path, calls: int) -> Settings:
    """A working folder with so many heard calls; the settings of it."""
    recordings = folder / "recordings"
    shutil.copytree(DAY / "recordings", recordings)
    settings = load(prepare(folder / "work", recordings))
    console.print("listening to the sample day once")
    _plainly(settings, BUSINESS_DATE)
    heard = pl.read_parquet(settings.store.work / BUSINESS_DATE.isoformat() / "recordings.parquet").join(
        pl.read_parquet(settings.store.work / BUSINESS_DATE.isoformat() / "audio.parquet"), on="call_id", how="semi"
    )
    store, fingerprint = TranscriptStore(settings.store.transcripts), speech_fingerprint(settings.speech)
    originals = [
        row for row in heard.iter_rows(named=True) if not store.load([row["audio_sha256"]], fingerprint).is_empty()
    ]
    with sqlite3.connect(folder / "work" / "dialer.sqlite") as dialer:
        for copy in range(1, -(-calls // len(originals))):
            for row in originals:
                _copy(row, copy, dialer, store, fingerprint)
    return settings


def _copy(row: dict, copy: int, dialer: sqlite3.Connection, store: TranscriptStore, fingerprint: str) -> None:
    """One more call with the same sound and words: decoders pass over the bytes that are added."""
    source = Path(row["location"])
    target = source.with_name(f"copy{copy}-{source.name}")
    data = source.read_bytes() + b"\0" * copy
    target.write_bytes(data)
    sha = pl.lit(hashlib.sha256(data).hexdigest()).alias("audio_sha256")
    store.add(store.load([row["audio_sha256"]], fingerprint).with_columns(sha))
    columns = [name for _, name, *_ in dialer.execute("PRAGMA table_info(call_log)")]
    found = dialer.execute("SELECT * FROM call_log WHERE call_no = ?", [row["call_id"]]).fetchone()
    call = dict(zip(columns, found, strict=True))
    call |= {
        "call_no": f"{call['call_no']}-{copy}",
        "linked_no": f"{call['call_no']}-{copy}",
        "record_file": target.name,
    }
    dialer.execute(f"INSERT INTO call_log VALUES ({', '.join('?' * len(columns))})", [call[name] for name in columns])


def _plainly(settings: Settings, business_date: date) -> None:
    """The steps of `flows.daily.inspect_day` without a scheduler."""
    batches = day.take_in(settings, business_date)
    for number, calls in enumerate(batches, start=1):
        day.listen(settings, business_date, calls, number, len(batches))
    day.judge(settings, business_date)
    day.keep(settings, business_date)
    day.publish(settings, business_date)
    day.report(settings, business_date)
    day.summarise(settings, business_date)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start_backend() -> None:
    """Starts the embedded backend and waits until it answers."""
    from prefect import get_client

    with get_client(sync_client=True) as client:
        client.read_flows(limit=1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--calls", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=2, help="the best of so many counts for each way")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PREFECT_HOME": f"{folder}/prefect",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        }
        settings = copied_day(Path(folder), chosen.calls)
        from flows.daily import inspect_day
        from flows.tasks import stop_embedded_backend

        backend = seconds(start_backend)
        try:
            summary, plain, flow = {}, float("inf"), float("inf")
            path = str(Path(folder) / "work" / "inspection.toml")
            for _ in range(chosen.rounds):
                plain = min(plain, seconds(lambda: _plainly(settings, BUSINESS_DATE)))
                flow = min(flow, seconds(lambda: summary.update(inspect_day(BUSINESS_DATE, path))))
        finally:
            stop_embedded_backend()
    calls = summary["inspected"]
    table = Table(title=f"{calls} inspected calls of {summary['listed']} attempts, transcripts stored")
    for column in ("way", "seconds"):
        table.add_column(column, justify="left" if column == "way" else "right")
    table.add_row("the steps as plain functions", f"{plain:.2f}")
    table.add_row("the same as a Prefect flow", f"{flow:.2f}")
    table.add_row("the flow's overhead per 1,000 calls", f"{1000 * (flow - plain) / calls:.2f}")
    table.add_row("starting the embedded backend, once a run", f"{backend:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
