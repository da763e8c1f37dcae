"""sections.yaml as values: what alarms, which rules stand together, what a conversation amounts to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict


class Heard(BaseModel):
    """If one of `categories` was heard, or the customer turned out to be `who`, the call amounts to `heard`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    heard: str
    categories: tuple[str, ...] = ()
    who: str | None = None
    agrees: tuple[str, ...]


class Sections(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    alerts: tuple[str, ...]
    rule_groups: dict[str, tuple[str, ...]]
    heard: tuple[Heard, ...]


@cache
def load_sections() -> Sections:
    path = Path(__file__).with_name("sections.yaml")
    return Sections.model_validate(yaml.safe_load(path.read_text("utf-8")))
