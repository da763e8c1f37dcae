"""Small checks on what a YAML file holds, with errors that name the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspection.errors import RulebookError
from inspection.lexicon.model import ALL_GUARDS


def fields(
    data: Any, place: Path | str, required: set[str] | None = None, allowed: set[str] | None = None
) -> dict[str, Any]:
    """The mapping with its fields checked."""
    if not isinstance(data, dict):
        raise RulebookError(f"{place}: expected `field: value` lines, found {type(data).__name__}")
    if wrong := [key for key in data if not isinstance(key, str)]:
        raise RulebookError(f"{place}: field {wrong[0]!r} is not text; put it in quotes")
    if missing := sorted((required or set()) - set(data)):
        raise RulebookError(f"{place}: field {missing[0]!r} is missing")
    if allowed is not None and (unknown := sorted(set(data) - allowed)):
        raise RulebookError(f"{place}: unknown field {unknown[0]!r}; here may stand {', '.join(sorted(allowed))}")
    return data


def listed(data: Any, place: Path | str) -> list[Any]:
    """The list, or an error that names the place."""
    if not isinstance(data, list):
        raise RulebookError(f"{place}: expected a list of entries, each starting with `- `")
    return data


def guard_names(data: Any, place: Path | str) -> tuple[str, ...]:
    """The guards that may clear a phrase; an empty list is none."""
    for name in listed(data, f"{place}: guards"):
        if name not in ALL_GUARDS:
            raise RulebookError(f"{place}: guards: {name!r} is not one of {', '.join(ALL_GUARDS)}")
    return tuple(data)
