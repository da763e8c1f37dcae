"""A large day without audio: intake, reconciliation, gates, store, publishing and report, in seconds and peak memory.

    python benchmarks/bench_day.py [--calls 30000] [--attempts 300000] [--publish URL] [--report] [--days 1]

The dialer is an SQLite database of `attempts` rows; `calls` of them have a recording of a few bytes, so that listing,
matching and hashing are measured and decoding is not. What a day's listening and judging would have made is generated
(60 turns and 20 findings a call). Without --publish the results go to an SQLite file; an SQLAlchemy address of
PostgreSQL or MariaDB measures those (a schema of its own is best: the tables qc_* are replaced day by day).
`--days 3` runs three days one after the other in one process: neither seconds nor memory may grow.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from inspection.intake.day import Intake, take_in
from inspection.intake.reconcile import balance, reconcile
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
TURNS, FINDINGS, COMPONENTS = 60, 20, 12
MAPPING = """\
query: SELECT * FROM calls WHERE started >= :date AND started < :next_date
columns:
  call_id: id
  dialed_at: started
  answered_at: answered
  ended_at: ended
  talk_ms: {column: talk, scale: 1000}
  phone: phone
  debtor_id: debtor
  case_id: debtor
  customer_name: name
  phone_owner: {column: owner, map: {本人: debtor, 联系人: contact}, default: unknown}
  stage: stage
  agency: agency
  agency_type: {const: agency}
  team: team
  campaign: {const: 早期}
  agent_kind: {column: robot, map: {0: human, 1: robot}}
  agent_id: agent
  outcome_raw: code
  recording_hint: file
  amount_due_cents: {column: owed, scale: 100}
"""
CODES = ["PTP", "REFUSE", "CALLBACK", "NO_ANSWER", "BUSY", "POWER_OFF"]
SAID = np.array(
    ["您好请问是本人吗", "您名下的账单已经逾期七天了", "我知道了明天下午还", "感谢您的接听再见", "你再打我就投诉"]
)


class Steps:
    """Seconds of each step, and the process's peak memory after it."""

    def __init__(self) -> None:
        self.total = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        self.total += seconds
        print(f"  {name:<34} {seconds:8.1f} s   peak {peak_gib():5.2f} GiB", flush=True)


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def write_dialer(folder: Path, days: list[date], attempts: int, calls: int) -> None:
    """The dialer's database and the recordings of its connected calls."""
    with sqlite3.connect(folder / "dialer.sqlite") as connection:
        for day in days:
            rows = _attempts(day, attempts, calls)
            names = ", ".join(rows.columns)
            connection.execute(f"CREATE TABLE IF NOT EXISTS calls ({names})")
            connection.executemany(f"INSERT INTO calls VALUES ({', '.join('?' * rows.width)})", rows.iter_rows())
            place = folder / "rec" / day.strftime("%Y/%m/%d")
            place.mkdir(parents=True)
            for name, call_id in rows.drop_nulls("file").select("file", "id").iter_rows():
                (place / name).write_bytes(call_id.encode() * 50)
        connection.execute("CREATE INDEX calls_started ON calls (started)")
    connection.close()
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "codes.yaml").write_text("codes:\n" + "".join(f"  {code}: {code}\n" for code in CODES), "utf-8")


def _attempts(day: date, attempts: int, calls: int) -> pl.DataFrame:
    rng = np.random.default_rng(day.toordinal())
    start = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(0)
    seconds = np.sort(rng.integers(0, 12 * 3600, attempts))
    connected = np.zeros(attempts, bool)
    connected[rng.choice(attempts, calls, replace=False)] = True
    frame = pl.DataFrame({"n": np.arange(attempts), "s": seconds, "c": connected, "talk": np.where(connected, 45, 0)})
    began = pl.lit(start.replace(tzinfo=None)) + pl.duration(seconds="s")
    clock = "%Y-%m-%d %H:%M:%S"
    number = 13_000_000_000 + pl.col("n") * 7 % 120_000
    return frame.select(
        id=pl.format(f"{day:%m%d}-{{}}", pl.col("n") + 1_000_000),
        started=began.dt.strftime(clock),
        answered=pl.when("c").then((began + pl.duration(seconds=6)).dt.strftime(clock)),
        ended=(began + pl.duration(seconds=pl.col("talk") + 6)).dt.strftime(clock),
        talk="talk",
        phone=number.cast(pl.String),
        debtor=pl.format("D{}", pl.col("n") % 100_000),
        name=pl.lit("张先生"),
        owner=pl.when(pl.col("n") % 9 == 0).then(pl.lit("联系人")).otherwise(pl.lit("本人")),
        stage=pl.format("M{}", pl.col("n") % 3),
        agency=pl.format("agency {}", pl.col("n") % 4),
        team=pl.format("team {}", pl.col("n") % 30),
        robot=pl.col("n") % 2,
        agent=pl.format("A{}", pl.col("n") % 400),
        code=pl.when("c").then(pl.lit("PTP")).otherwise(pl.lit("NO_ANSWER")),
        file=pl.when("c").then(pl.format("{}_{}_{}.wav", began.dt.strftime("%Y%m%d-%H%M%S"), number, pl.col("n"))),
        owed=pl.lit(1234.5),
    )


def judged(intake: Intake) -> dict[str, pl.DataFrame]:
    """What listening and judging would have made of the day's calls, by the schemas of tables.py."""
    calls = intake.calls.select("call_id", "audio_sha256").with_row_index("n")
    fatal = pl.col("n") % 50 == 0
    per_turn = _times(calls, TURNS)
    text = pl.Series(SAID[per_turn["k"].to_numpy() % len(SAID)])
    turns = per_turn.select(
        "call_id",
        turn_index="k",
        role=pl.when(pl.col("k") % 2 == 0).then(pl.lit("agent")).otherwise(pl.lit("customer")),
        start_ms=pl.col("k") * 700,
        end_ms=pl.col("k") * 700 + 600,
        text=text,
        word_probability=pl.lit(0.9),
    )
    broken = fatal & (pl.col("k") == 0)
    findings = _times(calls, FINDINGS).select(
        "call_id",
        rule_id=pl.format("CN-{}-01", "k"),
        rule_version=pl.lit(1),
        title=pl.lit("标题"),
        severity=pl.lit("fatal"),
        verdict=pl.when(broken)
        .then(pl.lit("fail"))
        .when(pl.col("k") == 1)
        .then(pl.lit("unsure"))
        .otherwise(pl.lit("pass")),
        status=pl.lit("live"),
        quote=pl.lit("你再不还我就打13812345678"),
        start_ms=pl.lit(100),
        end_ms=pl.lit(900),
        reason=pl.lit("坐席说出威胁的话"),
        confidence=pl.lit(0.9),
        source=pl.lit("GB/T 45251-2025"),
    )
    points = pl.when(fatal).then(0.0).otherwise(10.0)
    components = _times(calls, COMPONENTS).select(
        "call_id",
        scorecard=pl.lit("default"),
        component=pl.format("part {}", "k"),
        rule_id=pl.format("CN-{}-01", "k"),
        verdict=pl.lit("pass"),
        earned=points,
        possible=pl.lit(10.0),
    )
    scores = calls.select(
        "call_id",
        scorecard=pl.lit("default"),
        earned=points * COMPONENTS,
        possible=pl.lit(10.0 * COMPONENTS),
        score=points * 10,
        band=pl.lit("合格"),
        fatal=fatal,
        fatal_rules=pl.lit(["CN-0-01"]),
        unsure=pl.lit(1),
        verdict=pl.when(fatal).then(pl.lit("fail")).otherwise(pl.lit("unsure")),
    )
    audio = calls.select(
        "call_id",
        "audio_sha256",
        duration_ms=pl.lit(45_500),
        role_confidence=pl.lit(0.9),
        role_basis=pl.lit("dialer"),
        layout=pl.lit("stereo"),
        codec=pl.lit("pcm_mulaw"),
        word_probability=pl.lit(0.9),
    )
    made = {"turns": turns, "findings": findings, "components": components, "scores": scores, "audio": audio}
    return {name: conform(frame, STORED[name], table=name) for name, frame in made.items()}


def _times(calls: pl.DataFrame, count: int) -> pl.DataFrame:
    """Every call `count` times, numbered `k`."""
    return calls.join(pl.DataFrame({"k": np.arange(count, dtype=np.int32)}), how="cross")


def run_day(settings: Settings, day: date, url: str, report: bool) -> float:
    steps = Steps()
    with steps.step("intake (rows, matching, hashing)"):
        intake = take_in(settings, day)
    tables = {name: pl.DataFrame(schema=schema) for name, schema in STORED.items()}
    tables |= {"attempts": intake.attempts, "recordings": intake.recordings, "skips": intake.skips} | judged(intake)
    with steps.step("reconciliation"):
        tables["reconciliation"] = reconcile(
            *(tables[name] for name in ("attempts", "recordings", "skips", "audio", "scores"))
        )
    run = {
        "business_date": [day],
        "run_id": ["bench"],
        **{name: [count] for name, count in balance(tables["reconciliation"]).items()},
    }
    tables["runs"] = conform(pl.DataFrame(run), STORED["runs"], table="runs")
    with steps.step("gate after intake"):
        first = gates.after_intake(tables["attempts"], tables["recordings"], tables["skips"])
    with steps.step("gate after speech"):
        second = gates.after_speech(tables["attempts"], tables["audio"], tables["turns"], tables["words"])
    with steps.step("gate before publishing"):
        third = gates.before_publish(tables)
    tables["gates"] = pl.concat([first, second, third])
    gates.require(tables["gates"])
    with steps.step("store"):
        Store(settings.store.root).swap_day(day, tables)
    with steps.step("publish"):
        rows = publish(url, day, tables)
    if report:
        from inspection.report.daily import write_day

        with steps.step("report"):
            write_day(Store(settings.store.root), day, settings)
    print(f"  {'the whole day':<34} {steps.total:8.1f} s   ({sum(rows.values()):,} published rows)")
    return steps.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=30_000)
    parser.add_argument("--attempts", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--publish", default="")
    parser.add_argument("--report", action="store_true")
    chosen = parser.parse_args()
    days = [LAST + timedelta(days=number) for number in range(chosen.days)]
    with tempfile.TemporaryDirectory(prefix="bench-day-") as name:
        folder = Path(name)
        print(f"generating {len(days)} × {chosen.attempts:,} attempts, {chosen.calls:,} of them recorded")
        write_dialer(folder, days, chosen.attempts, chosen.calls)
        settings = Settings(
            dialer=DialerSettings(
                url=f"sqlite:///{folder}/dialer.sqlite",
                mapping=folder / "mapping.yaml",
                dispositions=folder / "codes.yaml",
            ),
            recordings=RecordingSettings(roots=(str(folder / "rec"),), pattern="%Y/%m/%d/**/*", settle_s=0),
            privacy=PrivacySettings(pseudonym_key="bench"),
            store=StoreSettings(root=str(folder / "store"), work=folder / "work"),
            report=ReportSettings(folder=folder / "reports"),
        )
        for day in days:
            print(day)
            run_day(settings, day, chosen.publish or f"sqlite:///{folder}/results.sqlite", chosen.report)
    print(f"peak memory {peak_gib():.2f} GiB")


if __name__ == "__main__":
    main()
