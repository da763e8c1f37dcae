"""How long work tells how far it is, without knowing whether a terminal, a log or nobody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int], None]
"""Called with the step's name, what is done and the total; total 0 means the step has no countable parts."""

_listener: Listener | None = None


@contextmanager
def reported_to(listener: Listener) -> Iterator[None]:
    """Everything reported inside the block, from any thread, goes to this listener."""
    global _listener  # noqa: PLW0603  one process inspects one day; flows and rooms share the listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


def report(step: str, done: int = 0, total: int = 0) -> None:
    """Tells the listener, if there is one."""
    if _listener is not None:
        _listener(step, done, total)
