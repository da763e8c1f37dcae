"""The places recordings may be read from. A location comes from a database or a folder and is hostile until proven.

Nothing outside the configured roots is ever opened: no path with `..`, no symbolic link that leads out, no other host,
scheme or port, no redirect, no file that is not a plain one.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

import polars as pl

from inspection.errors import IntakeError
from inspection.tables import INSTANT

LISTED = pl.Schema(
    {
        "recording_id": pl.String,
        "location": pl.String,
        "relative": pl.String,  # to its root, with forward slashes
        "size_bytes": pl.Int64,
        "modified_at": INSTANT,
        "forbidden": pl.Boolean,  # it is there, but not to be read: a link that leads out, a device
    }
)


class ForbiddenError(IntakeError):
    """A location outside the configured roots; becomes the skip `recording_forbidden`."""


class Root(Protocol):
    """A place of recordings."""

    def listed(self, pattern: re.Pattern[str], hints: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Rows of LISTED whose relative name matches; `hints` are the dialer's own words for where things are."""

    def below(self, location: str) -> str | None:
        """A location relative to this root, or None when it is of another place. Raises ForbiddenError."""

    def open(self, relative: str) -> BinaryIO:
        """The bytes of a relative name.

        Raises ForbiddenError, FileNotFoundError or PermissionError for what lies with this one recording, IntakeError
        when the place itself cannot be read.
        """


def root_at(address: str, position: int) -> Root:
    """The root of a folder or of a file, http, https, sftp or s3 address."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return Folder(Path(address), position)
    if scheme == "file":
        return Folder(Path(rest), position)
    from inspection.intake import remote

    return remote.root_at(address, position)


def recording_id(relative: str, position: int) -> str:
    """SHA-256 of the name relative to its root; a further root puts its number first, since names may repeat there."""
    return hashlib.sha256((relative if position == 0 else f"{position}:{relative}").encode()).hexdigest()


def relative_name(name: str) -> str:
    """A name below a root in plain form. Raises ForbiddenError for one that could leave it."""
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or plain.startswith("/") or ".." in parts or any(ord(letter) < 32 for letter in plain):
        raise ForbiddenError("the location is not a plain name below a root")
    return "/".join(parts)


@dataclass(frozen=True)
class Folder:
    """A local or mounted folder."""

    root: Path
    position: int

    def listed(self, pattern: re.Pattern[str], hints: Iterable[str]) -> Iterator[dict[str, Any]]:
        real = os.path.realpath(self.root)
        if not os.path.isdir(real):
            raise IntakeError(f"recordings.roots: {self.root}: no such folder")
        for folder, _, names in os.walk(real):  # does not follow links to folders
            below = os.path.relpath(folder, real).replace(os.sep, "/")
            for name in names:
                relative = name if below == "." else f"{below}/{name}"
                if pattern.match(relative):
                    yield self._row(relative, os.path.join(folder, name))

    def below(self, location: str) -> str | None:
        if location.startswith("file://"):
            location = location.removeprefix("file://")
        for root in (str(self.root), os.path.realpath(self.root)):
            if location.startswith(root.rstrip("/") + "/"):
                return relative_name(location.removeprefix(root.rstrip("/") + "/"))
        return None

    def open(self, relative: str) -> BinaryIO:
        path = self.root / relative_name(relative)
        if not self._inside(os.path.realpath(path)):
            raise ForbiddenError("the location leads out of its root")
        try:
            handle = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as error:
            raise IntakeError(f"a recording cannot be opened: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise ForbiddenError("the location is not a plain file")
        return os.fdopen(handle, "rb")

    def _row(self, relative: str, path: str) -> dict[str, Any]:
        facts = os.lstat(path)
        forbidden = not stat.S_ISREG(facts.st_mode)
        if stat.S_ISLNK(facts.st_mode) and os.path.isfile(path) and self._inside(os.path.realpath(path)):
            facts, forbidden = os.stat(path), False
        return {
            "recording_id": recording_id(relative, self.position),
            "location": f"{self.root}/{relative}",
            "relative": relative,
            "size_bytes": facts.st_size,
            "modified_at": datetime.fromtimestamp(facts.st_mtime, UTC),
            "forbidden": forbidden,
        }

    def _inside(self, real: str) -> bool:
        return real.startswith(os.path.realpath(self.root) + os.sep)
