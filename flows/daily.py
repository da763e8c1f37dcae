"""The night in one screen: a day of calls goes through the house, from the dialer to the morning's report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow

from flows import tasks
from inspection import day
from inspection.settings import load, yesterday


@flow(name="inspect-day", on_failure=[tasks.tell_of_failure], on_crashed=[tasks.tell_of_failure])
def inspect_day(business_date: date | None = None, settings_path: str = "inspection.toml") -> dict:
    """Inspects one business date (default: yesterday in the firm's timezone) and returns the day's summary.

    Running it again, also after it was killed, ends with the same published tables.
    """
    settings = load(Path(settings_path), must_exist=True)
    day.ready(settings)
    business_date = business_date or yesterday(settings.timezone)
    with day.alone_in(settings), day.alone_on(settings, business_date):
        tasks.make_room_for_the_model()
        batches = tasks.take_in(settings, business_date)
        for number, calls in enumerate(batches, start=1):
            tasks.listen(settings, business_date, calls, number, len(batches))
        tasks.judge(settings, business_date)
        tasks.keep(settings, business_date)
        tasks.publish(settings, business_date)
        page = tasks.report(settings, business_date)
        return tasks.announce(settings, business_date, page)
