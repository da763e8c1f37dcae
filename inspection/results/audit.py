"""The audit of what was forgotten: `<store>/audit.jsonl`, append-only, each row with the hash of the row before it.

A call is named by a hash, so that forgetting leaves no new trace of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from inspection.errors import ResultsError
from inspection.settings import Settings


@dataclass(frozen=True)
class Forgotten:
    """What went, by place. `recordings` are the firm's own files that are still there."""

    call_id_sha256: str
    business_date: str
    reason: str
    rows: int
    transcripts: int
    published_rows: int
    pages: int
    recordings: int


def audit_rows(settings: Settings) -> pl.DataFrame:
    """The audit, oldest first. Raises ResultsError naming the row where its chain of hashes is broken."""
    path = _audit_path(settings)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    before = ""
    for number, line in enumerate(lines, start=1):
        row = json.loads(line)
        if row["before"] != before:
            raise ResultsError(f"{path}: row {number} does not follow the row before it; the audit was changed")
        before = hashlib.sha256(line.encode()).hexdigest()
    return pl.DataFrame([json.loads(line) for line in lines], infer_schema_length=None)


def _audit_path(settings: Settings) -> Path:
    root = settings.store.root.removeprefix("file://")
    return settings.store.transcripts.parent / "audit.jsonl" if "://" in root else Path(root) / "audit.jsonl"


def write_audit(settings: Settings, rows: list[Forgotten], now: datetime) -> None:
    """Appends the rows, each with the hash of the one before; flushed to the disk before anything is reported done."""
    path = _audit_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    before = hashlib.sha256(lines[-1].encode()).hexdigest() if lines else ""
    try:
        with path.open("a", encoding="utf-8") as file:
            for row in rows:
                line = json.dumps(
                    {"at": now.isoformat(timespec="seconds"), **asdict(row), "before": before}, ensure_ascii=False
                )
                before = hashlib.sha256(line.encode()).hexdigest()
                file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ResultsError(f"{path}: the audit row cannot be written: {error.strerror}") from error


def digest(text: str) -> str:
    """SHA-256 in hexadecimal, as the audit names a call."""
    return hashlib.sha256(text.encode()).hexdigest()
