"""The report's words in one language, read from words/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Wording:
    """Words by dotted key. A missing key is a bug and raises KeyError; a code nobody has named yet shows as itself."""

    tree: dict[str, Any]

    def __call__(self, key: str, **values: object) -> str:
        node: Any = self.tree
        for part in key.split("."):
            node = node[part]
        return node.format(**values) if values else node

    def code(self, family: str, value: object) -> str:
        """The name of a stored code, such as an outcome or a severity; null is a dash."""
        return "—" if value is None else self.tree["codes"].get(family, {}).get(str(value), str(value))


@cache
def wording(language: str) -> Wording:
    path = Path(__file__).parent / "words" / f"{language}.yaml"
    return Wording(yaml.safe_load(path.read_text("utf-8")))
