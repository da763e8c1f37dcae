"""A large day without audio: intake, reconciliation, gates, store, publishing and report, in seconds and peak memory.

    python benchmarks/bench_day.py [--calls 30000] [--attempts 300000] [--publish postgresql|mariadb|sqlite] [--days 1]
    python benchmarks/bench_day.py --month 7      # every report on a topic, over one day and over seven stored days

The dialer is an SQLite database; its answered calls have recordings of a few bytes, so that listing, matching and
hashing are measured and decoding is not. What judging makes of such a day comes from the shipped rulebook
(big_days.py), in a process of its own that is not counted. The server is that of INSPECTION_TEST_POSTGRES or
INSPECTION_TEST_MARIADB (SQLAlchemy addresses); what is made there is dropped afterwards. Without a server: SQLite.
`--days 3` runs three days one after the other in one process: neither seconds nor memory may grow; where others work
on the machine too, the busy seconds tell more than the seconds of the clock.
A line has its seconds, this process's seconds of processor time (its threads together, a database's not among them)
and the most memory that the process held during that line. Between the steps stands the workbench of Parquet files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import big_days
import polars as pl
import sqlalchemy as sa
from big_days import HEARD, JUDGED, moved, peak_gib

from inspection.day import Workbench, summarise
from inspection.intake.day import take_in
from inspection.intake.reconcile import balance, reconcile
from inspection.report.daily import write_day
from inspection.report.topics import TOPICS, write_topic
from inspection.results import gates
from inspection.results.publish import publish
from inspection.results.store import Store
from inspection.settings import (
    DialerSettings,
    PrivacySettings,
    RecordingSettings,
    ReportSettings,
    Settings,
    StoreSettings,
)
from inspection.tables import STORED, conform

LAST = date(2026, 11, 20)
WHOLE_S, WHOLE_GIB = 180, 3.0
"""The bars: a day in three minutes and three GiB, on two cores."""
GROWTH = 1.3
"""What the last of several days may take of the first one's seconds and memory, and N days of N times one day's."""
KNOWN_DAYS = 30
SERVERS = {
    "postgresql": ("INSPECTION_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"),
    "mariadb": ("INSPECTION_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test"),
}


class Steps:
    """Seconds of each step, those of them that the processor was busy, and the most memory held during it."""

    def __init__(self) -> None:
        self.seconds, self.busy, self.gib = 0.0, 0.0, 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        peak_gib(anew=True)
        began, spent = time.perf_counter(), time.process_time()
        yield
        seconds, busy, gib = time.perf_counter() - began, time.process_time() - spent, peak_gib()
        self.seconds, self.busy, self.gib = self.seconds + seconds, self.busy + busy, max(self.gib, gib)
        print(f"  {name:<40} {seconds:7.1f} s {busy:7.1f} s {gib:7.2f} GiB", flush=True)


def told(name: str, value: str, reached: bool, bar: str) -> None:
    print(f"  {name:<40} {value:>24}   bar {bar}: {'reached' if reached else 'MISSED'}", flush=True)


@contextmanager
def server(kind: str, folder: Path) -> Iterator[str]:
    """The address of a place of our own to publish to, dropped afterwards; `kind` empty: PostgreSQL or else SQLite."""
    variable, usual = SERVERS.get(kind or "postgresql", ("", ""))
    address = sa.make_url(os.environ.get(variable, usual) or "sqlite://")
    name, postgres = f"inspection_bench_{uuid.uuid4().hex[:8]}", address.get_backend_name() == "postgresql"
    engine = sa.create_engine(address, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    if kind != "sqlite":
        try:
            with engine.connect() as connection:
                connection.execute(sa.text(f"CREATE {'SCHEMA' if postgres else 'DATABASE'} {name}"))
        except sa.exc.OperationalError as error:
            place = f"{address.host}:{address.port} ({variable})"
            if kind:
                raise SystemExit(f"{kind} is not reachable at {place}: {str(error.orig).splitlines()[0]}") from None
            print(f"PostgreSQL is not reachable at {place}: publishing to an SQLite file instead")
            kind = "sqlite"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/results.sqlite"
        return
    options = {"options": f"-csearch_path={name}"}
    own = address.update_query_dict(options) if postgres else address.set(database=name)
    try:
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE" if postgres else f"DROP DATABASE {name}"))


def settings_in(folder: Path) -> Settings:
    mapping, codes = folder / "mapping.yaml", folder / "codes.yaml"
    return Settings(
        dialer=DialerSettings(url=f"sqlite:///{folder}/dialer.sqlite", mapping=mapping, dispositions=codes),
        recordings=RecordingSettings(roots=(str(folder / "rec"),), pattern="%Y/%m/%d/**/*", settle_s=0),
        privacy=PrivacySettings(pseudonym_key="bench"),
        store=StoreSettings(root=str(folder / "store"), work=folder / "work"),
        report=ReportSettings(folder=folder / "reports"),
    )


def run_day(settings: Settings, day: date, first: date, url: str) -> Steps:
    """All steps of a day as the nightly flow does them; what the first day was judged to is every day's."""
    steps, store, bench = Steps(), Store(settings.store.root), Workbench(settings, day)
    with steps.step("intake: outcomes, matching, hashing"):
        around = timedelta(days=KNOWN_DAYS)
        intake = take_in(settings, day, known=store.recordings(day - around, day + around).collect())
    with steps.step("gate after intake"):
        checked = [gates.after_intake(intake.attempts, intake.recordings, intake.skips)]
    for name in ("attempts", "recordings", "skips", "calls"):
        bench.put(name, getattr(intake, name))
    del intake
    if day == first:
        seconds, gib = big_days.judge_apart(bench.folder)
        print(f"  {'(judging apart, not counted':<40} {seconds:7.1f} s {gib:15.2f} GiB)", flush=True)
    else:
        judged = Workbench(settings, first)
        for name in HEARD + JUDGED:
            moved(judged.scan(name), first, day).sink_parquet(bench.folder / f"{name}.parquet")
    heard = [bench.get(name) for name in ("attempts", "audio", "turns", "words")]
    with steps.step("gate after speech"):
        checked.append(gates.after_speech(*heard))
    del heard
    with steps.step("reconciliation"):
        balanced = reconcile(*map(bench.get, ("attempts", "recordings", "skips", "audio", "scores")))
        bench.put("reconciliation", balanced)
    run = {"business_date": day, "run_id": "bench", **balance(balanced)}
    bench.put("runs", conform(pl.DataFrame([run]), STORED["runs"], table="runs"))
    tables = {name: bench.scan(name) for name in STORED}
    with steps.step("gate before publishing"):
        checked.append(gates.before_publish(tables))
    bench.put("gates", pl.concat(checked))
    gates.require(bench.get("gates"))
    with steps.step("store"):
        store.swap_day(day, tables)
    with steps.step(f"publish to {sa.make_url(url).get_backend_name()}"):
        rows = publish(url, day, tables)
    with steps.step("report, workbook, evidence pages"):
        write_day(store, day, settings)
    with steps.step("summary for the scheduler"):
        summarise(settings, day)
    counts = {name: tables[name].select(pl.len()).collect().item() for name in ("turns", "words", "hits", "findings")}
    kept = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"  {kept}; {sum(rows.values()):,} rows published")
    told("the whole day", f"{steps.seconds:.1f} s, {steps.busy:.1f} s busy", steps.seconds <= WHOLE_S, f"{WHOLE_S} s")
    told("peak memory", f"{steps.gib:.2f} GiB", steps.gib <= WHOLE_GIB, f"{WHOLE_GIB:.0f} GiB")
    return steps


def run_days(settings: Settings, days: list[date], url: str) -> None:
    done = []
    for day in days:
        print(day)
        done.append(run_day(settings, day, days[0], url))
    if len(days) > 1:
        for name, first, last in (
            ("seconds", done[0].seconds, done[-1].seconds),
            ("busy seconds", done[0].busy, done[-1].busy),
            ("memory", done[0].gib, done[-1].gib),
        ):
            told(f"{name}, last day / first", f"{last / first:.2f}", last <= GROWTH * first, f"{GROWTH}")


def run_month(settings: Settings, days: list[date], url: str) -> None:
    """The first day as above, the others as copies in the store and in SQL; then a day replaced, and the reports."""
    first, store = days[0], Store(settings.store.root)
    print(first)
    run_day(settings, first, first, url)
    print(f"{len(days) - 1} more days of that size")
    steps, judged = Steps(), Workbench(settings, first)
    for day in days[1:]:
        bench = Workbench(settings, day)
        for name in STORED:
            moved(judged.scan(name), first, day).sink_parquet(bench.folder / f"{name}.parquet")
        tables = {name: bench.scan(name) for name in STORED}
        with steps.step(f"{day} stored"):
            store.swap_day(day, tables)
        with steps.step(f"{day} published"):
            publish(url, day, tables)
        bench.clear()
    with steps.step("the first day replaced in SQL"):
        publish(url, first, {name: judged.scan(name) for name in STORED})
    with steps.step("the last day's report"):
        write_day(store, days[-1], settings)
    for topic, value in {**dict.fromkeys(TOPICS, ""), "agent": "A7", "rule": "CN-THR-01"}.items():
        taken = []
        for start in (days[-1], first):
            steps = Steps()
            with steps.step(f"topic {topic}, {(days[-1] - start).days + 1} days"):
                write_topic(store, topic, start, days[-1], settings, value=value)
            taken.append(steps)
        one, all_days = taken
        ratio = all_days.seconds / one.seconds / len(days)
        told("  seconds a day, all / one", f"{ratio:.2f}", ratio <= GROWTH, f"{GROWTH}")
        told("  memory", f"{all_days.gib:.2f} GiB", all_days.gib <= WHOLE_GIB, f"{WHOLE_GIB:.0f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=30_000)
    parser.add_argument("--attempts", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--month", type=int, default=0, metavar="DAYS")
    parser.add_argument("--publish", default="", choices=["postgresql", "mariadb", "sqlite"])
    chosen = parser.parse_args()
    days = [LAST + timedelta(days=number) for number in range(max(chosen.days, chosen.month))]
    with tempfile.TemporaryDirectory(prefix="bench-day-") as name:
        folder = Path(name)
        print(f"generating {chosen.attempts:,} attempts a day, {chosen.calls:,} of them answered and recorded")
        big_days.write_dialer(folder, days[:1] if chosen.month else days, chosen.attempts, chosen.calls)
        with server(chosen.publish, folder) as url:
            (run_month if chosen.month else run_days)(settings_in(folder), days, url)


if __name__ == "__main__":
    main()
