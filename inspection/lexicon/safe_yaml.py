"""YAML as data only: no objects, no aliases, no surprises of size, no key twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from inspection.errors import RulebookError

MAX_BYTES = 16_000_000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES) -> Any:
    """The content of a YAML file; None for an empty one.

    Raises RulebookError naming file and line for what is not UTF-8 YAML, for anchors and aliases (a short file can
    expand to gigabytes), for a key that stands twice, for too deep nesting and for files over `max_bytes`.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise RulebookError(
                f"{path}: {size / 1e6:.0f} MB; a rulebook file has at most {max_bytes / 1e6:.0f} MB, so split it"
            )
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulebookError(f"{path}: not UTF-8 text at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise RulebookError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> Any:
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise RulebookError(
                    f"{name}: line {event.start_mark.line + 1}: aliases (& and *) are not allowed; write it out"
                )
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_doubled_keys(node, name)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise RulebookError(f"{name}: {line}not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise RulebookError(f"{name}: not valid YAML: {str(error).splitlines()[0]}") from None
    except ValueError as error:  # a date such as 2026-13-45
        raise RulebookError(f"{name}: not valid YAML: {error}; put the value in quotes") from None
    except RecursionError:
        raise RulebookError(f"{name}: nested too deeply") from None


def _refuse_doubled_keys(node: yaml.Node, name: str) -> None:
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    raise RulebookError(f"{name}: line {key.start_mark.line + 1}: {key.value!r} stands twice; keep one")
                seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
                stack += [key, value]
