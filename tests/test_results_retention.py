"""Forgetting: a call, or every call past its date, leaves no trace in any place but one audit row."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from judged_day import DAY, judged_day
from typer.testing import CliRunner

from inspection.errors import ResultsError
from inspection.privacy import mask
from inspection.results import retention
from inspection.results.audit import digest
from inspection.results.locks import hold
from inspection.results.publish import publish
from inspection.results.retention import audit_rows, forget, purge
from inspection.results.store import Store
from inspection.settings import Settings, load
from inspection.speech.transcripts import TRANSCRIPT, TranscriptStore

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def fill(settings: Settings, day: date, prefix: str = "") -> None:
    """A published, reported and stored day with its transcripts."""
    tables = judged_day(day, prefix)
    Store(settings.store.root).swap_day(day, tables)
    publish(settings.publish.url.get_secret_value(), day, tables)
    listened(settings, tables["audio"]["audio_sha256"])
    for folder in (settings.report.folder / str(day), settings.store.work / str(day)):
        folder.mkdir(parents=True)
        (folder / "page.html").write_text(" ".join(tables["attempts"]["call_id"]))


def listened(settings: Settings, hashes: Iterable[str]) -> None:
    for sha256 in hashes:
        row = pl.DataFrame({"audio_sha256": [sha256], "speech_fingerprint": ["e" * 64]})
        row = row.with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in TRANSCRIPT.items() if name not in row.columns
        )
        TranscriptStore(settings.store.transcripts).add(row)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "inspection.toml"
    path.write_text(
        f'[publish]\nurl = "sqlite:///{tmp_path}/results.sqlite"\n'
        '[store]\nroot = "store"\ntranscripts = "transcripts"\nwork = "work"\n[report]\nfolder = "reports"\n'
    )
    house = load(path)
    fill(house, DAY)
    return house


def traces(settings: Settings, word: str) -> list[str]:
    """Every place of the firm's folder that still holds the word (a pattern); Parquet and SQLite are looked into."""
    base, found = settings.report.folder.parent, []
    for path in base.rglob("*"):
        if not path.is_file() or path.name == "inspection.toml":
            continue
        if path.suffix == ".parquet":
            text = repr(pl.read_parquet(path).rows())
        elif path.suffix == ".sqlite":
            with sqlite3.connect(path) as connection:
                text = "\n".join(connection.iterdump())
            connection.close()
        else:
            text = path.read_text("utf-8")
        found += [str(path.relative_to(base))] if re.search(word, text) or re.search(word, path.name) else []
    return found


def test_a_forgotten_call_is_gone_from_every_place(settings: Settings) -> None:
    topic = settings.report.folder / "topics" / "third-party.html"
    topic.parent.mkdir()
    topic.write_text("threat")
    copy = settings.store.work / "recordings"
    copy.mkdir()
    [location] = judged_day()["recordings"].filter(call_id="threat")["location"]
    (copy / digest(location)).write_bytes(b"threat")
    assert len(traces(settings, "threat")) > 10
    done, locations = forget(settings, "threat", "request", now=NOW)
    assert traces(settings, "threat") == []
    assert locations == [location]
    assert done.rows > 5 and done.transcripts == 1 and done.published_rows == 4 and done.pages == 4


def test_the_other_calls_of_the_day_stay_and_the_day_balances(settings: Settings) -> None:
    forget(settings, "threat", "request", now=NOW)
    store = Store(settings.store.root)
    assert sorted(store.attempts().collect()["call_id"]) == ["broken", "good", "lost", "silent", "vague"]
    assert store.runs().collect().select("listed", "inspected", "skipped").row(0) == (5, 2, 3)
    assert len(store.words().collect()) == 4


def test_other_days_that_name_the_call_lose_the_mention_only(settings: Settings) -> None:
    later = DAY + timedelta(days=6)
    tables = judged_day(later, "later-")
    proof = pl.when(pl.col("verdict") == "fail").then(pl.lit(["good", "later-good"]))
    tables["findings"] = tables["findings"].with_columns(related_calls=proof, reason=pl.lit("与good、goodness共4次"))
    Store(settings.store.root).swap_day(later, tables)
    forget(settings, "good", "request", now=NOW)
    findings = Store(settings.store.root).findings(later, later).collect()
    assert findings.height == tables["findings"].height
    assert findings["related_calls"].drop_nulls().to_list() == [["later-good"]] * 2
    assert set(findings["reason"]) == {"与–、goodness共4次"}


def mentioning(settings: Settings, day: date, call_id: str, prefix: str) -> None:
    """A later day, stored, published and half worked on, whose findings and reports name the call."""
    tables = judged_day(day, prefix)
    proof = pl.when(pl.col("verdict") == "fail").then(pl.lit([call_id, f"{prefix}good"]))
    tables["findings"] = tables["findings"].with_columns(related_calls=proof, reason=pl.lit(f"与{call_id}共4次"))
    Store(settings.store.root).swap_day(day, tables)
    publish(settings.publish.url.get_secret_value(), day, tables)
    bench = settings.store.work / str(day)
    bench.mkdir(parents=True)
    tables["findings"].write_parquet(bench / "findings.parquet")
    for name in (f"{day}/evidence/x.html", "topics/a/report.html", "topics/b/report.html"):
        page = settings.report.folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("other calls" if "/b/" in name else f"与{mask(call_id)}共4次")


def test_nothing_of_a_forgotten_call_stays_in_later_days_their_tables_pages_and_workbenches(settings: Settings) -> None:
    """Regression: qc_findings.related_calls and reason of other calls, and a later day's workbench, kept the id."""
    mentioning(settings, DAY + timedelta(days=6), "vague", "later-")
    mentioning(settings, DAY + timedelta(days=7), "later-vague", "last-")
    forget(settings, "vague", "request", now=NOW)
    assert traces(settings, "(?<![-_])vague") == []
    assert not (settings.report.folder / "topics/a/report.html").exists()
    assert (settings.report.folder / "topics/b/report.html").exists()
    with sqlite3.connect(str(settings.publish.url.get_secret_value()).removeprefix("sqlite:///")) as connection:
        found = connection.execute("SELECT related_calls, reason FROM qc_findings WHERE call_id LIKE 'la%'").fetchall()
    assert sorted(set(found)) == [("later-good", "与–共4次"), ("later-vague, last-good", "与later-vague共4次")]


def test_purged_calls_are_quoted_by_no_report_and_no_younger_day(settings: Settings) -> None:
    """Regression: topic reports went on quoting calls of purged days, younger days named them as proof."""
    old = DAY - timedelta(days=settings.privacy.retention_days)
    fill(settings, old, "old-")
    mentioning(settings, old + timedelta(days=3), "old-good", "young-")
    far = settings.report.folder / str(DAY) / "far.html"
    far.write_text("old-good would have to be older")
    purge(settings, DAY + timedelta(days=1), now=NOW)
    assert traces(settings, "old-") == [str(far.relative_to(settings.report.folder.parent))], "days apart are not read"
    assert (settings.report.folder / "topics/b/report.html").exists()
    young = Store(settings.store.root).findings(old + timedelta(days=3), old + timedelta(days=3)).collect()
    assert young.height == judged_day()["findings"].height
    assert set(young["reason"]) == {"与–共4次"}


def test_nothing_is_forgotten_while_a_run_could_bring_it_back(settings: Settings) -> None:
    lock = settings.store.work / ".run.lock"
    for go in (lambda: forget(settings, "threat", "request"), lambda: purge(settings, DAY)):
        with hold(lock, "x"), pytest.raises(ResultsError, match="being worked on by another run"):
            go()
    assert traces(settings, "threat")


def test_audio_that_two_calls_share_keeps_its_transcript(settings: Settings) -> None:
    later = DAY + timedelta(days=1)
    tables = judged_day(later, "later-")
    tables["audio"] = tables["audio"].with_columns(audio_sha256=pl.lit("sha-threat"))
    Store(settings.store.root).swap_day(later, tables)
    done, _ = forget(settings, "threat", "request", now=NOW)
    assert done.transcripts == 0


def test_forgetting_that_was_interrupted_is_finished_by_repeating_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_withdraw", lambda *_: (_ for _ in ()).throw(ResultsError("away")))
    with pytest.raises(ResultsError, match="away"):
        forget(settings, "threat", "request", now=NOW)
    monkeypatch.undo()
    forget(settings, "threat", "request", now=NOW)
    assert traces(settings, "threat") == []


def test_an_unknown_call_is_told(settings: Settings) -> None:
    with pytest.raises(ResultsError, match="no day lists the call nobody; nothing to forget"):
        forget(settings, "nobody", "request")


def test_the_audit_is_a_chain_that_shows_any_change(settings: Settings) -> None:
    forget(settings, "threat", "request", now=NOW)
    forget(settings, "good", "court order", now=NOW)
    rows = audit_rows(settings)
    assert rows["reason"].to_list() == ["request", "court order"]
    assert rows["call_id_sha256"][0] == digest("threat")
    path = Path(settings.store.root) / "audit.jsonl"
    path.write_text(path.read_text().replace("request", "whim"))
    with pytest.raises(ResultsError, match="row 2 does not follow"):
        audit_rows(settings)


def test_days_past_their_date_go_whole_and_younger_ones_stay(settings: Settings) -> None:
    old = DAY - timedelta(days=settings.privacy.retention_days)
    fill(settings, old, "old-")
    assert purge(settings, DAY, now=NOW) == []
    gone = purge(settings, DAY + timedelta(days=1), now=NOW)
    assert len(gone) == 6
    assert traces(settings, "old-") == []
    assert Store(settings.store.root).days() == [DAY]
    assert len(traces(settings, "sha-threat")) > 0
    rows = audit_rows(settings)
    assert rows.height == 7 and rows["reason"].to_list()[-1] == "retention: whole day"
    assert rows["published_rows"].sum() == 15 and rows["transcripts"].sum() == 3


def test_the_transcript_of_a_call_of_several_recordings_goes_as_well(settings: Settings) -> None:
    """Its hash is that of the parts together, so no single recording has it."""
    old = DAY - timedelta(days=settings.privacy.retention_days)
    tables = judged_day(old, "old-")
    tables["audio"] = tables["audio"].with_columns(audio_sha256=pl.format("joined-{}", "call_id"))
    Store(settings.store.root).swap_day(old, tables)
    listened(settings, tables["audio"]["audio_sha256"])
    assert traces(settings, "joined-old-")
    purge(settings, DAY + timedelta(days=1), now=NOW)
    assert traces(settings, "joined-old-") == []


def test_the_commands_say_what_they_did(settings: Settings) -> None:
    from inspection.cli.results import app

    path = str(settings.report.folder.parent / "inspection.toml")
    run = CliRunner().invoke(app, ["explain", "threat", "-s", path])
    assert run.exit_code == 0 and "FAIL CN-THR-01" in run.output
    run = CliRunner().invoke(app, ["forget", "threat", "-s", path])
    assert "forgotten: " in run.output and "inspection report day 2026-11-20" in run.output
    run = CliRunner().invoke(app, ["publish", "2026-11-20", "-s", path])
    assert "qc_call_results: 5" in run.output
    run = CliRunner().invoke(app, ["publish", "--prepare", "-s", path])
    assert "of this version" in run.output
    run = CliRunner().invoke(app, ["grants", "nightly"])
    assert 'GRANT USAGE ON SCHEMA "public" TO "nightly";' in run.output
