"""A short day for tests of the whole path: a few of the sample day's recordings, its whole dialer database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl

from inspection.demo.prepare import BUSINESS_DATE, DAY, prepare

RECORDINGS = 4


def short_day(folder: Path, recordings: int = RECORDINGS) -> Path:
    """A working folder like the demo's with only the smallest whole recordings; returns its settings file."""
    chosen = folder / "recordings"
    chosen.mkdir(parents=True)
    whole = [path for path in (DAY / "recordings").rglob("*") if path.is_file() and path.stat().st_size > 20_000]
    for path in sorted(whole, key=lambda path: (path.stat().st_size, path.name))[:recordings]:
        place = chosen / path.relative_to(DAY / "recordings")
        place.parent.mkdir(exist_ok=True)
        shutil.copy2(path, place)
    return prepare(folder, recordings=chosen)


def command(settings: Path, **environment: str) -> subprocess.Popen[bytes]:
    """`inspection run` for the sample day, in a session of its own so that a test can kill all of it."""
    home = settings.parent / "prefect"
    return subprocess.Popen(
        [sys.executable, "-m", "inspection.cli.main", "run", "--settings", str(settings), "--date", str(BUSINESS_DATE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"PREFECT_HOME": str(home)} | environment,
    )


def published(settings: Path) -> dict[str, pl.DataFrame]:
    """Every results table in the dialer's database, sorted, by name."""
    import sqlite3

    with sqlite3.connect(settings.parent / "dialer.sqlite") as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        frames = {
            name: pl.read_database(f'select * from "{name}"', connection, infer_schema_length=None)
            for name in names
            if name.startswith("qc_")
        }
    return {name: frame.sort(frame.columns) for name, frame in frames.items()}


def transcripts(settings: Path) -> dict[str, tuple[int, int]]:
    """Stored transcripts with inode and time of writing: equal values mean it was not made again."""
    folder = settings.parent / "transcripts"
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*.parquet")}
