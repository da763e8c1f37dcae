"""Forgetting: one call, or all past their date, goes from every place the house keeps it; each leaves an audit row.

Places: store, transcripts, published tables, report and evidence pages, the unfinished day's workbench. Recordings are
the firm's own archive and are only ever read; they are named in the result so that their owner deletes them as well.
The audit (`<store>/audit.jsonl`) is append-only, each row with the hash of the row before it; it names the call by a
hash, so that forgetting leaves no new trace of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from inspection.errors import ResultsError
from inspection.results import publish
from inspection.results.store import Store
from inspection.settings import Settings
from inspection.tables import STORED

RELATED_DAYS = 31
"""How many days later a finding may still name a call; rules look back no further."""


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


def forget(
    settings: Settings, call_id: str, reason: str, *, now: datetime | None = None
) -> tuple[Forgotten, list[str]]:
    """Removes one call from every place; returns what went and the locations of its recordings.

    A call that is already gone from the store is removed from the other places all the same, so an interrupted
    forgetting is finished by repeating it. Raises ResultsError when no place knows the call or a place refuses.
    """
    store = Store(settings.store.root)
    known = store.attempts().filter(pl.col("call_id") == call_id).select("business_date").unique().collect()
    days = sorted(known["business_date"])
    if not days:
        raise ResultsError(f"store {store.root}: no day lists the call {call_id}; nothing to forget")
    locations: list[str] = []
    rows = transcripts = pages = 0
    for day in days:
        audio, found = _recordings(store, day, call_id)
        locations += found
        transcripts += _remove_transcripts(settings, store, audio, call_id)
    pages += _remove_copies(settings, locations)
    pages += sum(_remove_pages(settings, day) for day in days) + _remove_mentions(settings, call_id)
    published = _withdraw(settings, [call_id])
    for day in [*_related_days(store, days, call_id), *days]:  # last, so that an interrupted one still knows the call
        rows += _remove_from_day(store, day, call_id)
    done = Forgotten(_hash(call_id), str(days[-1]), reason, rows, transcripts, published, pages, len(locations))
    _audit(settings, [done], now or datetime.now(UTC))
    return done, locations


def purge(settings: Settings, today: date, *, now: datetime | None = None) -> list[Forgotten]:
    """Removes every day older than `privacy.retention_days` from every place, with an audit row for each call."""
    store = Store(settings.store.root)
    last = today - timedelta(days=settings.privacy.retention_days)
    gone: list[Forgotten] = []
    for day in store.days(end=last - timedelta(days=1)):
        calls = store.day("attempts", day)["call_id"]
        heard = store.day("audio", day)["audio_sha256"]
        hashes = pl.concat([store.day("recordings", day)["audio_sha256"], heard]).drop_nulls().unique()
        counts = _rows_by_call(store, day)
        pages = _remove_pages(settings, day) + _remove_copies(
            settings, store.day("recordings", day)["location"].to_list()
        )
        kept = _heard_elsewhere(store, day, hashes)
        removed = sum(_transcripts(settings).remove(sha256) for sha256 in hashes if sha256 not in kept)
        published = _withdraw_day(settings, day)
        done = [
            Forgotten(_hash(call_id), str(day), "retention", counts.get(call_id, 0), 0, 0, 0, 0)
            for call_id in calls.sort()
        ]
        whole = Forgotten(_hash(str(day)), str(day), "retention: whole day", 0, removed, published, pages, 0)
        _audit(settings, [*done, whole], now or datetime.now(UTC))
        store.remove_day(day)
        gone += done
    return gone


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


def _recordings(store: Store, day: date, call_id: str) -> tuple[list[str], list[str]]:
    found = store.day("recordings", day).filter(pl.col("call_id") == call_id)
    heard = store.day("audio", day).filter(pl.col("call_id") == call_id)["audio_sha256"]
    hashes = pl.concat([found["audio_sha256"], heard]).drop_nulls().unique().sort()
    return hashes.to_list(), found["location"].to_list()


def _remove_transcripts(settings: Settings, store: Store, hashes: Iterable[str], call_id: str) -> int:
    """Transcripts go unless another call has the same audio."""
    others = store.audio().filter((pl.col("call_id") != call_id) & pl.col("audio_sha256").is_in(list(hashes)))
    shared = set(others.select("audio_sha256").collect()["audio_sha256"])
    return sum(_transcripts(settings).remove(sha256) for sha256 in hashes if sha256 not in shared)


def _heard_elsewhere(store: Store, day: date, hashes: pl.Series) -> set[str]:
    others = store.audio().filter((pl.col("business_date") != day) & pl.col("audio_sha256").is_in(hashes.implode()))
    return set(others.select("audio_sha256").collect()["audio_sha256"])


def _related_days(store: Store, days: list[date], call_id: str) -> list[date]:
    """Other days whose findings name the call among those that prove a rule."""
    after = store.findings(days[0], days[-1] + timedelta(days=RELATED_DAYS))
    named = after.filter(pl.col("related_calls").list.contains(call_id)).select("business_date").unique().collect()
    return sorted(day for day in named["business_date"] if day not in days)


def _remove_from_day(store: Store, day: date, call_id: str) -> int:
    """Swaps the day for one without the call; other rows only lose the mention of it. Returns the rows removed."""
    tables, removed = {}, 0
    word = rf"(^|[^0-9A-Za-z]){re.escape(call_id)}($|[^0-9A-Za-z])"
    for name in STORED:
        frame = store.day(name, day)
        if "call_id" in frame.columns:
            rest = frame.filter(pl.col("call_id").ne_missing(call_id))
            removed += frame.height - rest.height
            frame = rest
        lists = [column for column in ("related_calls", "unexpected_ids") if column in frame.columns]
        texts = [column for column in ("reason", "detail", "observed") if column in frame.columns]
        tables[name] = frame.with_columns(
            *(pl.col(column).list.eval(pl.element().filter(pl.element() != call_id)) for column in lists),
            *(pl.col(column).str.replace_all(word, "${1}–${2}") for column in texts),
        )
    tables["runs"] = _recounted(tables)
    store.swap_day(day, tables)
    return removed


def _recounted(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The run's counts after a call went, so that the day still balances."""
    calls = tables["reconciliation"].filter(pl.col("state") != "surplus_recording")
    inspected = calls.filter(pl.col("state") == "inspected").height
    return tables["runs"].with_columns(
        listed=pl.lit(calls.height, pl.Int32),
        inspected=pl.lit(inspected, pl.Int32),
        skipped=pl.lit(calls.height - inspected, pl.Int32),
    )


def _rows_by_call(store: Store, day: date) -> dict[str, int]:
    parts = [store.table(name, day, day).select("call_id") for name in STORED if "call_id" in STORED[name]]
    return dict(pl.concat(parts).drop_nulls().group_by("call_id").len().collect().iter_rows())


def _remove_pages(settings: Settings, day: date) -> int:
    """Reports quote many calls: the day's folder goes whole and is drawn again from what is left."""
    removed = 0
    for folder in (settings.report.folder / day.isoformat(), settings.store.work / day.isoformat()):
        if folder.is_dir():
            removed += sum(1 for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
    return removed


def _remove_mentions(settings: Settings, call_id: str) -> int:
    """Files of other reports (topics, comparisons) that name the call; they can be drawn again without it."""
    found = [path for path in settings.report.folder.rglob("*") if path.is_file() and _mentions(path, call_id)]
    for path in found:
        path.unlink()
    return len(found)


def _mentions(path: Path, call_id: str) -> bool:
    if path.suffix == ".parquet":
        return any(call_id in row for row in pl.read_parquet(path).cast(pl.String, strict=False).rows())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return any(call_id.encode() in book.read(name) for name in book.namelist())
    return call_id.encode() in path.read_bytes()


def _remove_copies(settings: Settings, locations: list[str]) -> int:
    """Cached copies of remote recordings."""
    copies = [settings.store.work / "recordings" / _hash(location) for location in locations]
    present = [path for path in copies if path.exists()]
    for path in present:
        path.unlink()
    return len(present)


def _withdraw(settings: Settings, call_ids: list[str]) -> int:
    url = settings.publish.url.get_secret_value()
    return publish.withdraw(url, call_ids) if url else 0


def _withdraw_day(settings: Settings, day: date) -> int:
    url = settings.publish.url.get_secret_value()
    return publish.withdraw_day(url, day) if url else 0


def _transcripts(settings: Settings):
    from inspection.speech.transcripts import TranscriptStore

    return TranscriptStore(settings.store.transcripts)


def _audit_path(settings: Settings) -> Path:
    root = settings.store.root.removeprefix("file://")
    return settings.store.transcripts.parent / "audit.jsonl" if "://" in root else Path(root) / "audit.jsonl"


def _audit(settings: Settings, rows: list[Forgotten], now: datetime) -> None:
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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
