"""Purges every day past its retention from every place, with an audit row for each call."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows import tasks
from inspection.settings import load, yesterday


@task(name="purge", **tasks.OUTSIDE)
def purge(settings_path: str, today: date) -> int:
    """Removes what is due and returns the number of calls that went; a second try removes the rest."""
    from inspection.results import retention

    return len(retention.purge(load(Path(settings_path), must_exist=True), today))


@flow(name="retention", on_failure=[tasks.tell_of_failure], on_crashed=[tasks.tell_of_failure])
def apply_retention(settings_path: str = "inspection.toml", today: date | None = None) -> int:
    """One run of the retention schedule; `today` is the firm's date unless given."""
    today = today or yesterday(load(Path(settings_path), must_exist=True).timezone) + timedelta(days=1)
    gone = purge(settings_path, today)
    create_markdown_artifact(key=f"retention-{today}", markdown=f"{gone} calls were past their date and are gone")
    return gone
