"""Canaries: personal data of every kind in everything a dialer and a conversation hold, and none of it in any output.

One whole night of the daily flow, then one that fails its last gate, each told to a hook; then every page, workbook,
export, Data Doc, log, artifact, message and published table is searched. Store and transcripts keep raw text by design.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from days import short_day
from test_results_notify import hook_server

from inspection.demo.prepare import BUSINESS_DATE
from inspection.results.publish import KEYS
from inspection.results.store import Store
from inspection.settings import load

SECRETS = {
    "phone": "13800138000", "id_card": "11010519491231002X", "bank_card": "6228480402564890018",
    "email": "zhang.san@mail.example",
}  # fmt: skip
TOLD = [secret.split("@")[0] for secret in SECRETS.values()]
"""What may stand nowhere; the domain of an address may."""


DIALLED = "1990000"
"""How the sample dialer's own numbers begin."""

PLANTS = """
UPDATE call_log SET call_no = call_no || '拨' || secret(call_no), linked_no = linked_no || '拨' || secret(linked_no),
    agent_no = agent_no || '坐席' || secret(agent_no), case_no = case_no || '案' || secret(case_no);
UPDATE agents SET team_name = team_name || '组' || secret(agent_no), agent_no = agent_no || '坐席' || secret(agent_no);
UPDATE cases SET customer_name = '张' || secret(case_no) || '丰', case_no = case_no || '案' || secret(case_no);
UPDATE campaigns SET campaign_name = campaign_name || secret(campaign_no), product_name = secret(campaign_no) || '卡';
UPDATE agencies SET agency_name = agency_name || '行' || secret(agency_no);
"""


def one_of(key: str) -> str:
    return list(SECRETS.values())[zlib.crc32(key.encode()) % 4]


def planted(folder: Path) -> Path:
    """A short day whose dialer and file names are full of personal data; returns its settings file."""
    settings = short_day(folder, recordings=4)
    recordings = sorted(path for path in (folder / "recordings").rglob("*") if path.is_file())
    with sqlite3.connect(folder / "dialer.sqlite") as dialer:
        dialer.create_function("secret", 1, one_of)
        for secret, path in zip(SECRETS.values(), recordings, strict=True):
            new = path.with_name(f"{path.stem}录{secret}音{path.suffix}")
            path.rename(new)
            done = dialer.execute(
                "UPDATE call_log SET record_file = ?, result_code = ? WHERE record_file = ? OR call_no = ?",
                (new.name, f"码{secret}", path.name, path.stem.split("_")[0]),
            )
            assert done.rowcount == 1
        dialer.executescript(PLANTS)
    return settings


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str], list[dict[str, str]]]]:
    """The settings file, what the two runs and the commands printed, and what the hook was told."""
    folder = tmp_path_factory.mktemp("canary")
    path = planted(folder)
    with hook_server() as (address, handler):
        with path.open("a") as settings:
            settings.write(f'\n[notify]\nwebhook = "{address}"\n')
        printed = {"run": run(path), "failed run": run(path, "broken", status=7)}
        [call_id, *_] = calls(path)
        for words in (["explain", call_id], ["report", "evidence", call_id], ["report", "topic", "third-party"]):
            printed[" ".join(words[:2])] = command(path, *words)
        nobody = f"无此{SECRETS['phone']}号"
        printed["no such call"] = command(path, "forget", nobody, status=8)
        yield path, printed, handler.taken


def run(path: Path, *broken: str, status: int = 0) -> str:
    script = Path(__file__).with_name("canary_run.py")
    return _printed(path, [str(script), str(path), str(BUSINESS_DATE), *broken], status)


def command(path: Path, *words: str, status: int = 0) -> str:
    return _printed(path, ["-m", "inspection.cli.main", *words, "--settings", str(path)], status)


def _printed(path: Path, words: list[str], status: int) -> str:
    places = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[1])])
    home = {"PREFECT_HOME": str(path.parent / "prefect"), "PYTHONPATH": places, "PREFECT_LOGGING_LEVEL": "DEBUG"}
    done = subprocess.run(
        [sys.executable, *words], check=False, capture_output=True, text=True, timeout=400, env=os.environ | home,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def calls(path: Path) -> list[str]:
    """Ids of the calls that were heard."""
    return sorted(Store(load(path).store.root).day("scores", BUSINESS_DATE)["call_id"])


def seen(text: str | bytes) -> list[str]:
    text = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
    return [secret for secret in (*TOLD, DIALLED) if secret in text]


def content(path: Path) -> Iterator[str | bytes]:
    """What a file holds as somebody who opens it reads it, and its name."""
    yield path.name
    if path.suffix == ".parquet":
        yield repr(pl.read_parquet(path).rows())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name) for name in book.namelist())
    else:
        yield path.read_bytes()


def test_the_canaries_are_where_they_should_be(night) -> None:
    """Else this file would prove nothing: the store holds each of them in ids, names, texts and file names."""
    store = Store(load(night[0]).store.root)
    attempts, turns = store.attempts().collect(), store.turns().collect()
    for column in ("call_id", "case_id", "agent_id", "team", "customer_name"):
        assert sorted(seen(repr(attempts[column].to_list()))) == sorted(TOLD), column
    assert sorted(seen("".join(turns["text"]))) == sorted(TOLD)
    assert sorted(seen(repr(store.recordings().collect()["location"].to_list()))) == sorted([*TOLD, DIALLED])
    assert len(calls(night[0])) == 4
    fatal = store.findings().filter(verdict="fail", severity="fatal", status="live").collect()
    assert set(calls(night[0])) <= set(fatal["call_id"]), "each call that was heard holds a threat and so has a page"


@pytest.mark.parametrize("kind", [".html", ".xlsx", ".parquet", ""])
def test_no_report_holds_any(night, kind: str) -> None:
    folder = load(night[0]).report.folder
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (kind or path.suffix)]
    assert files
    assert {str(path): found for path in files for part in content(path) if (found := seen(part))} == {}


def test_no_data_docs_hold_any(night) -> None:
    work = load(night[0]).store.work
    pages = [path for path in work.rglob("data-docs/**/*") if path.is_file()]
    assert len([path for path in pages if path.name == "index.html"]) == 3
    assert {str(path): found for path in pages for part in content(path) if (found := seen(part))} == {}


def test_nothing_that_is_printed_or_logged_holds_any(night) -> None:
    printed = night[1]
    assert {name: found for name, text in printed.items() if (found := seen(text))} == {}
    assert "gate publish failed" in printed["failed run"]
    assert "no day lists the call" in printed["no such call"]


def test_the_scheduler_keeps_none_in_logs_states_or_artifacts(night) -> None:
    """Its database is searched byte by byte: runs, their states, their parameters, their logs, the artifacts."""
    files = [path for path in (night[0].parent / "prefect").rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in files)
    assert {str(path): found for path in files if (found := seen(path.read_bytes()))} == {}


def test_no_message_holds_any(night) -> None:
    messages = night[2]
    assert [found for message in messages if (found := seen(json.dumps(message, ensure_ascii=False)))] == []


def test_no_published_text_holds_any_but_the_dialers_own_call_ids(night) -> None:
    with sqlite3.connect(night[0].parent / "dialer.sqlite") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'qc%'")]
        found = {}
        for table in tables:
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] not in KEYS]
            if names and (told := seen(repr(database.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()))):
                found[table] = told
    assert {"qc_call_results", "qc_findings", "qc_violations"} <= set(tables)
    assert found == {}


def artifacts(path: Path) -> dict[str, str]:
    """The latest of each key: its data, as the scheduler shows it."""
    with sqlite3.connect(path.parent / "prefect" / "prefect.db") as database:
        rows = database.execute("SELECT key, data FROM artifact WHERE key IS NOT NULL ORDER BY created").fetchall()
    return {key: data if isinstance(data, str) else json.dumps(data) for key, data in rows}


def test_the_artifacts_tell_the_day_its_fatal_findings_and_the_report(night) -> None:
    path, *_ = night
    kept = {key: json.loads(data) for key, data in artifacts(path).items()}
    summary, fatal = kept[f"day-{BUSINESS_DATE}"], kept[f"fatal-{BUSINESS_DATE}"]
    listed = Store(load(path).store.root).runs().collect()["listed"].item()
    assert f"| calls listed | {listed} |" in summary
    assert "| inspected | 4 |" in summary
    assert "| red | intake: " in summary
    fatal = json.loads(fatal) if isinstance(fatal, str) else fatal
    assert {row["rule_id"] for row in fatal} >= {"CN-THR-01"}
    evidence = load(path).report.folder / str(BUSINESS_DATE) / "evidence"
    for row in fatal:
        name = row["call"].removeprefix("[").partition("]")[0]
        assert row["call"] == f"[{name}]({(evidence / name).as_uri()}.html)"
        assert (evidence / f"{name}.html").is_file()
    assert f"{BUSINESS_DATE}/report.html" in kept[f"report-{BUSINESS_DATE}"]


def test_a_red_night_and_a_failed_night_are_told(night) -> None:
    red, failed = night[2]
    assert red["subject"] == f"质检 {BUSINESS_DATE}: red day"
    assert "every outcome code is in the dispositions file — 码*" in red["text"]
    assert failed["subject"] == f"质检 inspect-day {BUSINESS_DATE}: failed"
    assert "gate publish failed, nothing was published" in failed["text"]
    assert "flow run" in failed["text"]
