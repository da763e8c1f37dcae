"""The store: every table of a business date as Parquet, swapped whole or not at all.

    <root>/days/2026-11-20.json                          the pointer: which version of that day is the valid one
    <root>/data/business_date=2026-11-20/<version>/      turns.parquet, findings.parquet, … of that version
    <root>/.locks/2026-11-20.lock                        held while somebody works on the day (local roots)

`version` is the hash of the files' bytes, rows are sorted by the table's key, so the same input gives the same bytes
under the same names. The pointer is the only commit: a run killed before it is written leaves the old day, and what it
left aside goes with the next swap. Readers follow pointers and never list the data folder.

Runs of one host take turns by the kernel's lock (for object storage in the host's temporary folder). Two hosts share no
kernel: on S3 the pointer is written only if it is still the one that the swap began with, and a swap removes only what
lay there when it began, so the slower of two is refused and the other's day stays whole. Other object storage compares
nothing; let one host write there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partialmethod
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from inspection.errors import ResultsError
from inspection.results.locks import hold, join
from inspection.results.places import LocalPlace, OvertakenError, place_at
from inspection.tables import HISTORY, STORED, conform

KEYS = {
    "attempts": ["call_id"],
    "recordings": ["recording_id", "call_id"],
    "skips": ["call_id", "recording_id", "stage", "reason"],
    "audio": ["call_id", "audio_sha256"],
    "turns": ["call_id", "turn_index"],
    "words": ["call_id", "turn_index", "start"],
    "acoustics": ["call_id", "start_ms", "end_ms", "kind", "role"],
    "hits": ["call_id", "turn_index", "start", "end", "entry_id", "term", "via"],
    "checkpoints": ["call_id", "script_id", "checkpoint_id", "at_ms"],
    "identity": ["call_id", "at_ms", "turn_index", "who"],
    "findings": ["call_id", "rule_id", "verdict", "start_ms", "turn_index", "start", "end", "quote"],
    "components": ["call_id", "scorecard", "component", "rule_id"],
    "scores": ["call_id", "scorecard"],
    "reconciliation": ["call_id", "recording_id"],
    "gates": ["gate", "expectation", "description"],
    "runs": ["business_date", "run_id"],
}
"""Row order of each table in its file."""

PART_ROWS, GROUP_ROWS = 500_000, 250_000
"""Rows that are sorted at a time, and rows of a row group."""


class Store:
    """The results of any number of days, in a folder or in object storage.

    `Store("out/store").turns(start, end)` is a lazy frame: nothing is read before `collect`, and only the days asked
    for. Object storage is reached with its usual environment variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …).
    """

    def __init__(self, root: str | Path) -> None:
        self.root = str(root)
        self._place = place_at(self.root)

    def days(self, start: date | None = None, end: date | None = None) -> list[date]:
        """Business dates in the store, `start` and `end` included, in order."""
        with self._reachable():
            names = [Path(name).stem for name in self._place.names("days") if name.endswith(".json")]
        found = (date.fromisoformat(name) for name in names)
        return sorted(day for day in found if (start is None or day >= start) and (end is None or day <= end))

    def table(self, name: str, start: date | None = None, end: date | None = None) -> pl.LazyFrame:
        """A table of tables.STORED over a range of days (both included), with its `business_date` as last column.

        Columns that an older day does not have yet are null. Without any day it is empty and has the same columns.
        """
        schema = STORED[name]
        parts = [self._place.address(f"{self._folder(day)}/{name}.parquet") for day in self.days(start, end)]
        hive = {"business_date": pl.Date}
        frame = (
            pl.LazyFrame(schema={**schema, **hive})
            if not parts
            else pl.scan_parquet(
                parts,
                schema={**schema, **hive},
                hive_schema=hive,
                hive_partitioning=True,
                missing_columns="insert",
                extra_columns="ignore",
            )
        )
        return frame.select(*[column for column in schema if column != "business_date"], "business_date")

    attempts = partialmethod(table, "attempts")
    recordings = partialmethod(table, "recordings")
    skips = partialmethod(table, "skips")
    audio = partialmethod(table, "audio")
    turns = partialmethod(table, "turns")
    words = partialmethod(table, "words")
    acoustics = partialmethod(table, "acoustics")
    hits = partialmethod(table, "hits")
    checkpoints = partialmethod(table, "checkpoints")
    identity = partialmethod(table, "identity")
    findings = partialmethod(table, "findings")
    components = partialmethod(table, "components")
    scores = partialmethod(table, "scores")
    reconciliation = partialmethod(table, "reconciliation")
    gates = partialmethod(table, "gates")
    runs = partialmethod(table, "runs")

    def day(self, name: str, business_date: date) -> pl.DataFrame:
        """One table of one day in exactly its schema."""
        frame = self.table(name, business_date, business_date).collect()
        return frame.select(list(STORED[name]))

    def history(self, business_date: date, days: int) -> pl.DataFrame:
        """HISTORY of the `days` days before `business_date`, for the rules that look across days.

        `said` is what the customer voiced in kept hits, such as a request not to be called again, which binds the days
        after it.
        """
        start, end = business_date - timedelta(days=days), business_date - timedelta(days=1)
        voiced = self.hits(start, end).filter(pl.col("kept") & (pl.col("role") == "customer"))
        said = voiced.group_by("business_date", "call_id").agg(said=pl.col("category").unique().sort())
        earlier = self.attempts(start, end).join(said, on=["business_date", "call_id"], how="left")
        return earlier.select(HISTORY.names()).sort("dialed_at", "call_id").collect()

    def find(self, call_id: str) -> date:
        """The latest business date that lists the call. Raises ResultsError for a call that no day has."""
        found = (
            self.attempts().filter(pl.col("call_id") == call_id).select(pl.col("business_date").max()).collect().item()
        )
        if found is None:
            raise ResultsError(f"store {self.root}: no day lists the call {call_id}")
        return found

    def swap_day(self, business_date: date, tables: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> str:
        """Replaces the day by these tables, whole; a table that is not given is empty. Returns the day's version.

        Raises ResultsError when the root cannot be written or another run holds the day; the old day stays.
        """
        if unknown := set(tables) - set(STORED):
            raise ResultsError(f"store {self.root}: tables {sorted(unknown)} are not kept; see tables.STORED")
        with self._writing(business_date), self._place.staging(str(business_date)) as folder:
            mark, before = self._place.mark(_pointer_name(business_date)), self._place.names(self._data(business_date))
            files = {name: self._stage(folder, name, tables.get(name)) for name in STORED}
            version = _hash("".join(f"{name} {sha256}\n" for name, sha256 in sorted(files.items())).encode())[:16]
            for name in STORED:
                self._place.put(folder / f"{name}.parquet", f"{self._data(business_date)}/{version}/{name}.parquet")
            pointer = folder / "pointer.json"
            pointer.write_text(json.dumps({"version": version, "files": files}, indent=1, sort_keys=True), "utf-8")
            self._place.commit(pointer, _pointer_name(business_date), mark)
            self._clear([name for name in before if f"/{version}/" not in name])
        return version

    def remove_day(self, business_date: date) -> None:
        """Takes the day out: first its pointer, then its files."""
        with self._writing(business_date):
            self._place.remove(_pointer_name(business_date))
            self._clear(self._place.names(self._data(business_date)))

    @contextmanager
    def lock(self, business_date: date) -> Iterator[None]:
        """Held by the run that works on a day; a second run gets a ResultsError that says so at once."""
        with self._explained(business_date), hold(self._lock_file(business_date), str(business_date)):
            yield

    def damage(self, business_date: date) -> list[str]:
        """Names of the day's files whose bytes are not those that were written."""
        files = self._pointer(business_date)["files"]
        folder = self._folder(business_date)
        return [name for name, sha256 in files.items() if _hash(self._place.read(f"{folder}/{name}.parquet")) != sha256]

    @staticmethod
    def _data(business_date: date) -> str:
        return f"data/business_date={business_date}"

    def _folder(self, business_date: date) -> str:
        return f"{self._data(business_date)}/{self._pointer(business_date)['version']}"

    def _pointer(self, business_date: date) -> dict[str, Any]:
        with self._reachable():
            content = self._place.read(_pointer_name(business_date))
        if content is None:
            raise ResultsError(f"store {self.root}: no results of {business_date}; run that day first")
        return json.loads(content)

    def _stage(self, folder: Path, name: str, frame: pl.DataFrame | pl.LazyFrame | None) -> str:
        path = folder / f"{name}.parquet"
        empty = pl.DataFrame(schema=STORED[name])
        with pq.ParquetWriter(path, empty.to_arrow().schema, compression="zstd") as writer:
            for part in _in_order(name, empty.lazy() if frame is None else frame.lazy()):
                writer.write_table(part.to_arrow(), row_group_size=GROUP_ROWS)
                del part  # before the next one is read
        with path.open("rb") as written:
            return hashlib.file_digest(written, "sha256").hexdigest()

    def _clear(self, names: list[str]) -> None:
        for name in names:
            self._place.remove(name)

    def _lock_file(self, business_date: date) -> Path:
        if isinstance(self._place, LocalPlace):
            return self._place.root / ".locks" / f"{business_date}.lock"
        import tempfile

        return Path(tempfile.gettempdir()) / f"inspection-{_hash(self.root.encode())[:12]}-{business_date}.lock"

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ResultsError(f"store {self.root}: cannot be read: {error.strerror or error}") from error

    @contextmanager
    def _writing(self, business_date: date) -> Iterator[None]:
        with self._explained(business_date), join(self._lock_file(business_date), str(business_date)):
            yield

    @contextmanager
    def _explained(self, business_date: date) -> Iterator[None]:
        try:
            yield
        except OvertakenError as error:
            raise ResultsError(
                f"store {self.root}: {business_date} was written by another run meanwhile, perhaps on another host; "
                "its day is the valid one, run yours again"
            ) from error
        except (OSError, pl.exceptions.PolarsError) as error:
            cause = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise ResultsError(
                f"store {self.root}: {business_date} cannot be written: {cause}; what was there before is unchanged"
            ) from error


def _pointer_name(business_date: date) -> str:
    return f"days/{business_date}.json"


def _in_order(name: str, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows of a table in the order of its key, PART_ROWS or so at a time: a large day is never sorted whole."""
    key = KEYS[name][0]
    bounds: list[Any] = []
    if frame.select(pl.len()).collect().item() > PART_ROWS:
        sizes = frame.group_by(key).agg(rows=pl.len()).sort(key, nulls_last=False)
        number = pl.col("rows").cum_sum() // PART_ROWS
        bounds = sizes.filter(number != number.shift(fill_value=0)).drop_nulls().collect()[key].to_list()
    value = pl.col(key)
    for low, high in pairwise([None, *bounds, None]):
        above = pl.lit(True) if low is None else value >= low
        below = pl.lit(True) if high is None else value < high
        inside = above & below if low is not None else below | value.is_null()
        yield conform(frame.filter(inside).collect(), STORED[name], table=name).sort(KEYS[name], maintain_order=True)


def _hash(content: bytes | None) -> str:
    return hashlib.sha256(content or b"").hexdigest()
