"""One run at a time on a business date. The kernel drops the lock of a killed run, so none is ever left behind."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspection.errors import ResultsError

_held: dict[Path, int] = {}
_guard = threading.Lock()


@contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Holds the lock exclusively; raises ResultsError at once when anybody, this process included, holds it."""
    path = path.resolve()
    with _guard:
        if path in _held:
            raise ResultsError(_busy(what, os.getpid()))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ResultsError(f"{path}: cannot be written: {error.strerror}; {what} is unchanged") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip()
            os.close(handle)
            raise ResultsError(_busy(what, holder or "unknown")) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        _held[path] = handle
    try:
        yield
    finally:
        with _guard:
            os.close(_held.pop(path))


@contextmanager
def join(path: Path, what: str) -> Iterator[None]:
    """Holds the lock, or goes on under it where this process already holds it (a run's own steps)."""
    if path.resolve() in _held:
        yield
        return
    with hold(path, what):
        yield


def _busy(what: str, holder: object) -> str:
    return f"{what} is being worked on by another run (process {holder}); wait for it or stop it, then start again"
