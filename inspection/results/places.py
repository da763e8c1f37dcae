"""Where bytes are put whole: a local folder or object storage, behind the same verbs.

A file under a place is either there with all its bytes or not there at all: locally it is written aside, flushed to
the disk and renamed; an object store shows an object only when its upload is complete.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from inspection.errors import ResultsError

STAGING = ".staging"


class OvertakenError(Exception):
    """Somebody else wrote the object since it was marked."""


class LocalPlace:
    """A folder on a local or mounted file system. Raises OSError like the file system does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def address(self, name: str) -> str:
        """What polars reads."""
        return str(self.root / name)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self, prefix: str) -> list[str]:
        """All files below `prefix`, relative to the place, sorted."""
        folder = self.root / prefix
        return sorted(str(path.relative_to(self.root)) for path in folder.rglob("*") if path.is_file())

    @contextmanager
    def staging(self, what: str) -> Iterator[Path]:
        """An empty folder on the same file system, gone afterwards; a killed run's one goes when `what` comes again."""
        folder = self.root / STAGING / what
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, staged: Path, name: str) -> None:
        """Moves a staged file to its name in one step, its bytes on the disk first."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _flush(staged)
        os.replace(staged, target)
        _flush(target.parent)

    def mark(self, name: str) -> str | None:
        """What tells one content of a file from another; none is needed under the kernel's lock of the place."""
        return None

    def commit(self, staged: Path, name: str, mark: str | None) -> None:
        """`put`, if the file is still what it was when it was marked."""
        self.put(staged, name)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.root / name).unlink()
        with suppress(OSError):  # the folder goes with its last file
            (self.root / name).parent.rmdir()


class ObjectPlace:
    """A prefix of an object store, reached through fsspec with the credentials of its usual environment variables."""

    def __init__(self, root: str) -> None:
        import fsspec

        self.root = root.rstrip("/")
        self._files, self._base = fsspec.core.url_to_fs(self.root)

    def address(self, name: str) -> str:
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes | None:
        try:
            with _as_os_error():
                return self._files.cat_file(f"{self._base}/{name}")
        except FileNotFoundError:
            return None

    def names(self, prefix: str) -> list[str]:
        self._files.invalidate_cache()
        with _as_os_error():
            found = self._files.find(f"{self._base}/{prefix}")
        return sorted(name.removeprefix(self._base).lstrip("/") for name in found)

    @contextmanager
    def staging(self, what: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix=f"inspection-{what}-") as folder:
            yield Path(folder)

    def put(self, staged: Path, name: str) -> None:
        with _as_os_error():
            self._files.put_file(str(staged), f"{self._base}/{name}")

    def mark(self, name: str) -> str | None:
        """The object's entity tag; None when there is no such object."""
        self._files.invalidate_cache()
        try:
            with _as_os_error():
                return self._files.info(f"{self._base}/{name}").get("ETag")
        except FileNotFoundError:
            return None

    def commit(self, staged: Path, name: str, mark: str | None) -> None:
        """Writes the object if it is still what it was when it was marked: two hosts share no kernel.

        Raises OvertakenError when another run wrote it meanwhile. S3 (and what speaks as it does) compares and writes
        in one step; other kinds of storage are written without a condition.
        """
        if not self.root.startswith("s3://"):
            return self.put(staged, name)
        condition = {"IfMatch": mark} if mark else {"IfNoneMatch": "*"}
        try:
            self._files.pipe_file(f"{self._base}/{name}", staged.read_bytes(), **condition)
        except Exception as error:
            if any(
                word in f"{error} {error.__cause__}" for word in ("PreconditionFailed", "ConditionalRequestConflict")
            ):
                raise OvertakenError from error
            with _as_os_error():
                raise

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError), _as_os_error():
            self._files.rm_file(f"{self._base}/{name}")


Place = LocalPlace | ObjectPlace


def place_at(root: str) -> Place:
    """The place of a path, a file:// address or an address of object storage such as s3://bucket/prefix."""
    if "://" not in root:
        return LocalPlace(Path(root))
    if root.startswith("file://"):
        return LocalPlace(Path(root.removeprefix("file://")))
    return ObjectPlace(root)


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Clients of object storage have their own trees of errors; here they are all failures of a disk."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A disk that is full or forbids writing becomes a ResultsError of one line."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError | pl.exceptions.ComputeError) and not _of_the_workbook(error):
            raise
        cause = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if isinstance(error, pl.exceptions.ComputeError) and "os error" not in cause:
            raise  # polars tells a full disk so, and its own faults as well
        raise ResultsError(f"{path}: cannot be written: {cause}; repair that and run again") from error


def _of_the_workbook(error: Exception) -> bool:
    """The workbook's library has an error of its own for a disk that refuses."""
    return type(error).__module__ == "xlsxwriter.exceptions" and type(error).__name__ == "FileCreateError"


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
