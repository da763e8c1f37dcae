"""Recordings of a day: listed over all roots, hashed once, read under limits, copied to a bounded cache when remote."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import polars as pl
from fsspec.utils import glob_translate

from inspection.errors import IntakeError
from inspection.intake.roots import LISTED, Folder, ForbiddenError, Root, root_at
from inspection.settings import RecordingSettings, Settings

PIECE = 1 << 20
DOWNLOAD_S = 600
"""Longest time one recording may take to arrive."""

CACHE_BYTES = 20_000_000_000
"""What copies of remote recordings may take on the disk; the oldest go first."""


class TooLargeError(IntakeError):
    """A recording that turns out to be larger than recordings.max_bytes while it arrives."""


@dataclass(frozen=True)
class Archive:
    """The recordings below the configured roots. `cache` is where copies of remote ones lie; it is bounded."""

    settings: RecordingSettings
    cache: Path
    cache_bytes: int = CACHE_BYTES
    roots: tuple[Root, ...] = field(init=False)

    def __post_init__(self) -> None:
        roots = tuple(root_at(address, position) for position, address in enumerate(self.settings.roots))
        object.__setattr__(self, "roots", roots)

    def listed(self, business_date: date, hints: Iterable[str] = ()) -> pl.DataFrame:
        """LISTED rows of all roots, sorted by location.

        `recordings.pattern` may hold a date such as `%Y/%m/%d/**/*.wav`, for trees that keep years of recordings.
        """
        pattern = re.compile(glob_translate(business_date.strftime(self.settings.pattern)))
        hints = list(hints)
        rows = [row for root in self.roots for row in root.listed(pattern, hints)]
        return pl.DataFrame(rows, schema=LISTED, orient="row").sort("location")

    def is_forbidden(self, hint: str) -> bool:
        """Whether the dialer's word for a recording points outside every root, or could leave one."""
        if "://" not in hint and not hint.startswith("/"):
            return ".." in hint.replace("\\", "/").split("/")
        try:
            return all(root.below(hint) is None for root in self.roots)
        except ForbiddenError:
            return True

    def hashed(self, listed: pl.DataFrame) -> pl.DataFrame:
        """Adds `audio_sha256` (null when unreadable) and `grew`: whether a recording changed while it was read.

        A size that the place does not tell, as a web server that streams, is the number of bytes that came.
        """
        schema = {"audio_sha256": pl.String, "grew": pl.Boolean, "came": pl.Int64}
        with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:
            found = pl.DataFrame(
                list(pool.map(self._hash, listed["location"], listed["size_bytes"])), schema=schema, orient="row"
            )
        hashed = pl.concat([listed, found], how="horizontal")
        return hashed.with_columns(pl.coalesce("size_bytes", "came").alias("size_bytes")).drop("came")

    def read(self, location: str) -> bytes:
        """All bytes of a recording; raises as Root.open does, and IntakeError where it is too large."""
        with self.open(location) as source:
            data = source.read(self.settings.max_bytes + 1)
        if len(data) > self.settings.max_bytes:
            raise TooLargeError(f"a recording is larger than recordings.max_bytes = {self.settings.max_bytes}")
        return data

    def open(self, location: str) -> BinaryIO:
        return self.local_copy(location).open("rb") if self._remote(location) else self._opened(location)

    def local_copy(self, location: str) -> Path:
        """A path that holds the recording's bytes, to be read only; a remote one is downloaded, once while cached."""
        root, relative = self._place(location)
        if isinstance(root, Folder):
            root.open(relative).close()
            return root.root / relative
        path = self.cache / hashlib.sha256(location.encode()).hexdigest()
        if not path.exists():
            self._download(location, path)
        os.utime(path)
        return path

    def _hash(self, location: str, size: int | None) -> tuple[str | None, bool, int | None]:
        """SHA-256, whether it is not the size that was listed, and the bytes that came (one too many: too large)."""
        digest, seen = hashlib.sha256(), 0
        try:
            with self.open(location) as source:
                while piece := source.read(PIECE):
                    digest.update(piece)
                    seen += len(piece)
        except TooLargeError:
            return None, False, self.settings.max_bytes + 1
        except (IntakeError, OSError):
            return None, False, None
        return digest.hexdigest(), size is not None and seen != size, seen

    def _download(self, location: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}.part")
        deadline, size = time.monotonic() + DOWNLOAD_S, 0
        try:
            with self._opened(location) as source, aside.open("wb") as target:
                while piece := source.read(PIECE):
                    size += len(piece)
                    if size > self.settings.max_bytes:
                        raise TooLargeError(
                            f"a recording is larger than recordings.max_bytes = {self.settings.max_bytes}"
                        )
                    if time.monotonic() > deadline:
                        raise IntakeError(f"a recording took more than {DOWNLOAD_S} s to arrive")
                    target.write(piece)
            self._make_room(size)
            os.replace(aside, path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise IntakeError(f"a recording cannot be copied to {self.cache}: {error.strerror or error}") from error
        finally:
            aside.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        copies = sorted(
            (path for path in self.cache.iterdir() if path.suffix == ""), key=lambda path: path.stat().st_mtime
        )
        used = sum(path.stat().st_size for path in copies) + size
        for path in copies:
            if used <= self.cache_bytes:
                break
            used -= path.stat().st_size
            path.unlink()

    def _place(self, location: str) -> tuple[Root, str]:
        for root in self.roots:
            if (relative := root.below(location)) is not None:
                return root, relative
        raise ForbiddenError("the location lies outside recordings.roots")

    def _remote(self, location: str) -> bool:
        return not isinstance(self._place(location)[0], Folder)

    def _opened(self, location: str) -> BinaryIO:
        root, relative = self._place(location)
        return root.open(relative)


def archive(settings: Settings) -> Archive:
    """The recordings of these settings; copies of remote ones lie beside the unfinished day's tables."""
    return Archive(settings.recordings, settings.store.work / "recordings")


def settled(listed: pl.DataFrame, now: datetime, settle_s: float) -> pl.Expr:
    """Whether a recording has not changed for `settle_s`; a clock that is behind the recording's counts as settled.

    A modification time in the future says nothing about growth, so after a clock change no recording waits for ever.
    """
    age = (pl.lit(now.astimezone(UTC)) - pl.col("modified_at")).dt.total_milliseconds() / 1000
    return (age >= settle_s) | (age < -settle_s) | age.is_null()
