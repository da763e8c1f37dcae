"""What a changed rulebook would have said: stored transcripts judged again, nothing written but the comparison."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.tasks import tell_of_failure
from inspection.settings import load


@task(name="compare", cache_policy=NO_CACHE)
def compare(settings_path: str, candidate: str, start: date, end: date, out: str) -> list[dict[str, Any]]:
    """Writes the comparison to `out` (CSV) and returns how many verdicts turn, by rule."""
    from inspection.results import backtest
    from inspection.results.store import Store
    from inspection.rules.rulebook import load_rulebook

    store = Store(load(Path(settings_path), must_exist=True).store.root)
    turned = backtest.compare(store, load_rulebook(Path(candidate)), start, end)
    turned.write_csv(out)
    return backtest.summary(turned).to_dicts()


@flow(name="backtest", on_failure=[tell_of_failure], on_crashed=[tell_of_failure])
def backtest(
    candidate: str, start: date, end: date, settings_path: str = "inspection.toml", out: str = "backtest.csv"
) -> list[dict[str, Any]]:
    """Which past calls would flip under the rulebook in the folder `candidate`, over a range of business dates."""
    turned = compare(settings_path, candidate, start, end, out)
    create_table_artifact(key="backtest", table=turned, description=f"{candidate}: {start} – {end}")
    return turned
