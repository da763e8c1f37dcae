"""Large days without audio: a dialer's database with its recordings, and what listening and judging make of one day.

The judged tables are those of the shipped rulebook over generated talk, so that findings, hits and checkpoints are as
many and as long as a real day's. Judging runs in a process of its own (bench_judge.py measures it); every further day
is the first one under its own date and call ids.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
from days import TURNS_PER_CALL, day, with_robots, words_of

from inspection.tables import ACOUSTICS, AUDIO, STORED, conform

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"
HEARD = ("audio", "turns", "words", "acoustics")
JUDGED = ("hits", "checkpoints", "identity", "findings", "components", "scores")
TALK_S = 60
"""Length of every call: days.py lays its turns three seconds apart."""
MAPPING = """\
query: SELECT * FROM calls WHERE started >= :date AND started < :next_date
columns:
  call_id: id
  direction: {const: outbound}
  dialed_at: started
  answered_at: answered
  ended_at: ended
  talk_ms: {column: talk, scale: 1000}
  term_reason: {const: agent}
  phone: phone
  debtor_id: debtor
  case_id: debtor
  customer_name: name
  phone_owner: {column: owner, map: {本人: debtor, 联系人: contact}, default: unknown}
  stage: stage
  dpd: dpd
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
ANSWERED = ["PTP", "REFUSE", "CALLBACK", "NON_OWNER", "OTHER"]
SILENT = ["NO_ANSWER", "BUSY", "POWER_OFF"]


def write_dialer(folder: Path, days: list[date], attempts: int, calls: int) -> None:
    """`dialer.sqlite` with those attempts a day, `calls` of them answered and recorded under `rec/`; mapping, codes."""
    with sqlite3.connect(folder / "dialer.sqlite") as connection:
        for business_date in days:
            rows = _attempts(business_date, attempts, calls)
            connection.execute(f"CREATE TABLE IF NOT EXISTS calls ({', '.join(rows.columns)})")
            connection.executemany(f"INSERT INTO calls VALUES ({', '.join('?' * rows.width)})", rows.iter_rows())
            place = folder / "rec" / business_date.strftime("%Y/%m/%d")
            place.mkdir(parents=True)
            for name, call_id in rows.drop_nulls("file").select("file", "id").iter_rows():
                (place / name).write_bytes(call_id.encode() * 50)
        connection.execute("CREATE INDEX calls_started ON calls (started)")
    connection.close()
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    codes = "".join(f"  {code}: {code}\n" for code in ANSWERED + SILENT)
    (folder / "codes.yaml").write_text(f"codes:\n{codes}", "utf-8")


def _attempts(business_date: date, attempts: int, calls: int) -> pl.DataFrame:
    rng = np.random.default_rng(20)  # every day alike, so that the first day's judged tables fit every day
    began = datetime(business_date.year, business_date.month, business_date.day, 8)
    connected = np.zeros(attempts, bool)
    connected[rng.choice(attempts, calls, replace=False)] = True
    seconds = np.sort(rng.integers(0, 13 * 3600, attempts))
    frame = pl.DataFrame({"n": np.arange(attempts), "s": seconds, "c": connected}).with_columns(
        at=pl.lit(began) + pl.duration(seconds="s"), talk=pl.when("c").then(TALK_S).otherwise(0)
    )
    clock = "%Y-%m-%d %H:%M:%S"
    number = 13_000_000_000 + pl.col("n") * 7 % 120_000
    drawn = pl.Series(rng.integers(0, 1 << 30, attempts))
    code = pl.when("c").then(_one_of(ANSWERED, drawn)).otherwise(_one_of(SILENT, drawn))
    return frame.select(
        id=pl.format(f"{business_date:%m%d}-{{}}", pl.col("n") + 1_000_000),
        started=pl.col("at").dt.strftime(clock),
        answered=pl.when("c").then((pl.col("at") + pl.duration(seconds=6)).dt.strftime(clock)),
        ended=(pl.col("at") + pl.duration(seconds=pl.col("talk") + 6)).dt.strftime(clock),
        talk="talk",
        phone=number.cast(pl.String),
        debtor=pl.format("D{}", pl.col("n") % 100_000),
        name=_one_of(["张先生", "李晓华", "王强"], drawn),
        owner=_one_of(["本人", "本人", "本人", "联系人"], drawn),
        stage=pl.format("M{}", pl.col("n") % 3),
        dpd=pl.col("n") % 60,
        agency=pl.format("agency {}", pl.col("n") % 4),
        team=pl.format("team {}", pl.col("n") % 30),
        robot=pl.col("n") % 2,
        agent=pl.format("A{}", pl.col("n") % 400),
        code=code,
        file=pl.when("c").then(pl.format("{}_{}_{}.wav", pl.col("at").dt.strftime("%Y%m%d-%H%M%S"), number, "n")),
        owed=pl.lit(1234.5),
    )


def _one_of(values: list[str], drawn: pl.Series) -> pl.Series:
    return pl.Series(values).gather(drawn % len(values))


def judge_apart(folder: Path) -> tuple[float, float]:
    """Judges the day that lies in `folder` (attempts, skips, calls) in a process of its own; seconds and peak GiB."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, str(folder)], check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - began, float(done.stdout)


def moved(frame: pl.LazyFrame, start: date, business_date: date) -> pl.LazyFrame:
    """A stored table of the day `start` as that of another day: its call ids, moments and hashes are that day's."""
    old, new = f"{start:%m%d}-", f"{business_date:%m%d}-"
    names, back = frame.collect_schema(), []
    if "call_id" in names:
        back.append(pl.col("call_id").str.replace(old, new, literal=True))
    if "related_calls" in names:
        back.append(pl.col("related_calls").list.eval(pl.element().str.replace(old, new, literal=True)))
    if "business_date" in names:
        back.append(pl.lit(business_date).alias("business_date"))
    hashes = [name for name in ("recording_id", "audio_sha256") if name in names]
    back += [pl.concat_str(pl.lit(f"{business_date:%Y%m%d}"), pl.col(name).str.slice(8)).alias(name) for name in hashes]
    moments = [name for name in ("dialed_at", "answered_at", "ended_at", "modified_at") if name in names]
    return frame.with_columns(*back, *(pl.col(name) + (business_date - start) for name in moments))


def _judge(folder: Path) -> None:
    from inspection.lexicon.load import load_lexicon
    from inspection.rules.judge import Heard, judge
    from inspection.rules.rulebook import load_rulebook

    attempts, skips, calls = (pl.read_parquet(folder / f"{name}.parquet") for name in ("attempts", "skips", "calls"))
    entries = load_lexicon(PACK, check_cases=False).entries
    cases = [(case.role, case.turns[0]) for entry in entries for case in entry.cases]
    turns = day(len(calls) * TURNS_PER_CALL, cases)
    turns = turns.with_columns(call_id=calls["call_id"].sort().gather(turns["call_id"].cast(pl.Int64)))
    turns = with_robots(turns, calls)
    heard = Heard(attempts, _audio(calls), turns, words_of(turns), _acoustics(turns), skips)
    judged = judge(load_rulebook(PACK), heard)
    for name in HEARD + JUDGED:
        frame = getattr(heard if name in HEARD else judged, name)
        conform(frame, STORED[name], table=name).write_parquet(folder / f"{name}.parquet")
    print(peak_gib())


def _audio(calls: pl.DataFrame) -> pl.DataFrame:
    length = TALK_S * 1000
    given = {
        "speech_fingerprint": "bench", "duration_ms": length, "channels": 2, "codec": "pcm_mulaw", "layout": "stereo",
        "sample_rate_hz": 8000, "role_confidence": 0.95, "role_basis": "dialer", "word_probability": 0.9,
        "speech_ms": length * 5 // 6, "agent_speech_ms": length // 2, "customer_speech_ms": length // 3,
        "overtalk_ms": 0, "silence_ms": length // 6, "first_agent_word_ms": 0, "dead_end_ms": 500, "agent_voice": 0,
    }  # fmt: skip
    values = [pl.lit(value).alias(name) for name, value in given.items()]
    flags = pl.lit([], dtype=pl.List(pl.String)).alias("quality_flags")
    return conform(calls.select("call_id", "audio_sha256", *values, flags), AUDIO, table="audio")


def _acoustics(turns: pl.DataFrame) -> pl.DataFrame:
    """A pause of five hundred milliseconds after every fifth turn."""
    after = turns.filter(pl.col("turn_index") % 5 == 4).select(
        "call_id", start_ms="end_ms", end_ms=pl.col("end_ms") + 500, kind=pl.lit("silence"), role=pl.lit("none"),
        value=pl.lit(500.0),
    )  # fmt: skip
    return conform(after, ACOUSTICS, table="acoustics")


def peak_gib(*, anew: bool = False) -> float:
    """The most memory this process held since it began, or since the last call with `anew` (Linux)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    return int(status["VmHWM"].split()[0]) / 1024**2


if __name__ == "__main__":
    _judge(Path(sys.argv[1]))
