"""A day comes in: each attempt ends with a recording to hear or with a reason, and so does each recording."""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from inspection.intake.day import Intake, take_in
from inspection.intake.reconcile import balance, reconcile
from inspection.settings import DialerSettings, PrivacySettings, RecordingSettings, Settings, StoreSettings
from inspection.tables import AUDIO, RECONCILIATION, SCORES, empty

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
MAPPING = """\
columns:
  call_id: id
  dialed_at: started
  outcome_raw: code
  phone: phone
  recording_hint: file
  talk_ms: {column: talk, scale: 1000}
"""


class Firm:
    """A firm in a folder: its calls as CSV, its recordings, its settings."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls, self.limits = folder, [], {}
        (folder / "rec").mkdir()
        (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
        (folder / "codes.yaml").write_text("codes: {01: PTP}", "utf-8")

    def call(
        self, call_id: str, file: str = "", talk_s: int = 30, at: str = "09:00:00", phone: str = "13812345678"
    ) -> None:
        self.calls.append(f"{call_id},2026-11-20 {at},01,{phone},{file},{talk_s}")

    def record(self, name: str, content: bytes = b"", age_s: float = 3600) -> Path:
        path = self.folder / "rec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or name.encode())
        stamp = NOW.timestamp() - age_s
        os.utime(path, (stamp, stamp))
        return path

    def mapping(self, hint: str) -> None:
        """Replaces the line of the mapping that says where the dialer names recordings."""
        (self.folder / "mapping.yaml").write_text(MAPPING.replace("recording_hint: file", hint), "utf-8")

    @property
    def settings(self) -> Settings:
        export = self.folder / "calls.csv"
        export.write_text("\n".join(["id,started,code,phone,file,talk", *self.calls]), "utf-8")
        names = {
            name: self.folder / f"{file}.yaml" for name, file in (("mapping", "mapping"), ("dispositions", "codes"))
        }
        return Settings(
            dialer=DialerSettings(url=str(export), **names),
            recordings=RecordingSettings(roots=(str(self.folder / "rec"),), **self.limits),
            privacy=PrivacySettings(pseudonym_key="k"),
            store=StoreSettings(work=self.folder / "work"),
        )

    def take_in(self, **more: object) -> Intake:
        return take_in(self.settings, DAY, now=NOW, **more)


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def reasons(intake: Intake) -> dict[str | None, str]:
    return dict(intake.skips.select("call_id", "reason").iter_rows())


def test_a_call_with_its_recording_is_to_be_heard(firm: Firm) -> None:
    firm.call("c1", "x.wav")
    firm.record("x.wav", b"sound")
    intake = firm.take_in()
    assert intake.skips.is_empty()
    [row] = intake.calls.to_dicts()
    assert (row["call_id"], row["location"], row["size_bytes"]) == ("c1", str(firm.folder / "rec" / "x.wav"), 5)
    assert len(row["audio_sha256"]) == 64


def test_every_call_without_sound_has_its_reason(firm: Firm) -> None:
    firm.limits = {"max_bytes": 100}
    cases = {
        "empty": "recording_empty",
        "huge": "recording_too_long",
        "growing": "recording_growing",
        "link": "recording_forbidden",
        "gone": "recording_missing",
        "outside": "recording_forbidden",
        "url": "recording_forbidden",
        "silent": "not_connected",
    }
    for name in ("empty", "huge", "growing", "link", "gone"):
        firm.call(name, f"{name}.wav")
    firm.call("outside", "../../etc/passwd")
    firm.call("url", "http://evil.example/x.wav")
    firm.call("silent", talk_s=0)
    firm.record("empty.wav").write_bytes(b"")
    firm.record("huge.wav", b"x" * 101)
    firm.record("growing.wav", age_s=5)
    (firm.folder / "rec" / "link.wav").symlink_to("/etc/hostname")
    intake = firm.take_in()
    assert reasons(intake) == cases
    assert intake.calls.is_empty()


def test_a_zero_byte_file_that_is_old_is_empty_whatever_its_name(firm: Firm) -> None:
    firm.call("c1", "x.wav")
    path = firm.record("x.wav")
    path.write_bytes(b"")
    os.utime(path, (0, 0))
    assert reasons(firm.take_in()) == {"c1": "recording_empty"}


def test_a_recording_without_a_call_is_named_and_other_days_are_left_alone(firm: Firm) -> None:
    firm.record("20261120-101010_x.wav")
    firm.record("20261119-101010_x.wav")
    firm.record("undated.wav")
    intake = firm.take_in()
    assert intake.recordings["location"].str.split("/").list.last().to_list() == [
        "20261120-101010_x.wav",
        "undated.wav",
    ]
    assert intake.skips["reason"].to_list() == ["outcome_missing"] * 2
    seen = intake.recordings.with_columns(business_date=DAY - timedelta(days=1))
    again = firm.take_in(known=seen)
    assert again.recordings["location"].str.split("/").list.last().to_list() == ["20261120-101010_x.wav"]


def test_the_same_audio_is_heard_for_one_call_only(firm: Firm) -> None:
    firm.call("first", at="09:00:00")
    firm.call("second", "b.wav", at="10:00:00", phone="13900000000")
    firm.record("20261120-090010_13812345678.wav", b"same")
    firm.record("b.wav", b"same")
    intake = firm.take_in()
    assert intake.calls["call_id"].to_list() == ["second"]  # its match is the surer one
    assert reasons(intake) == {"first": "recording_duplicate"}


def test_audio_of_another_day_is_a_duplicate(firm: Firm) -> None:
    firm.call("c1", "x.wav")
    firm.record("x.wav", b"old sound")
    yesterday = firm.take_in().recordings.with_columns(
        business_date=DAY - timedelta(days=1), recording_id=pl.lit("other"), call_id=pl.lit("c0")
    )
    assert reasons(firm.take_in(known=yesterday)) == {"c1": "recording_duplicate"}


def test_copies_of_one_recording_do_not_silence_their_call(firm: Firm) -> None:
    firm.call("c1", "x.wav|y.wav")
    firm.mapping("recording_hint: {column: file, split: '|'}")
    firm.record("x.wav", b"same")
    firm.record("y.wav", b"same")
    intake = firm.take_in()
    assert intake.calls["call_id"].to_list() == ["c1"]
    [skip] = intake.skips.to_dicts()
    assert (skip["call_id"], skip["reason"], skip["detail"]) == (
        None,
        "recording_duplicate",
        "another recording of its call is heard",
    )


def test_a_late_recording_is_heard_when_the_day_runs_again(firm: Firm) -> None:
    firm.call("c1", "x.wav")
    assert reasons(firm.take_in()) == {"c1": "recording_missing"}
    firm.record("x.wav", b"sound")
    assert firm.take_in().calls["call_id"].to_list() == ["c1"]


def test_what_has_not_changed_is_not_hashed_again(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    firm.call("c1", "x.wav")
    firm.call("c2", "y.wav")
    firm.record("x.wav", b"sound")
    known = firm.take_in().recordings.with_columns(business_date=DAY)
    firm.record("y.wav", b"late")
    from inspection.intake.recordings import Archive

    read: list[str] = []
    hashed = Archive.hashed
    monkeypatch.setattr(Archive, "hashed", lambda self, listed: read.extend(listed["relative"]) or hashed(self, listed))
    intake = firm.take_in(known=known)
    assert read == ["y.wav"]
    assert intake.calls["call_id"].to_list() == ["c1", "c2"] and intake.calls["audio_sha256"].null_count() == 0


def test_numbers_in_file_names_stay_out_of_the_attempts(firm: Firm) -> None:
    firm.call("c1", "20261120-090010_13812345678.wav")
    assert firm.take_in().attempts["recording_hint"].to_list() == ["20261120-090010_*******5678.wav"]


def test_taking_in_twice_gives_the_same(firm: Firm) -> None:
    for n in range(20):
        firm.call(f"call-{n:03}", f"{n}.wav", at=f"09:{n:02}:00", talk_s=n % 3 * 10)
        if n % 4:
            firm.record(f"{n}.wav")
    first, second = firm.take_in(), firm.take_in()
    for name in ("attempts", "recordings", "skips", "calls"):
        assert getattr(first, name).equals(getattr(second, name)), name


def test_the_day_balances_and_each_loss_has_a_name(firm: Firm) -> None:
    firm.call("heard", "x.wav")
    firm.call("lost", "gone.wav")
    firm.call("silent", talk_s=0)
    firm.record("x.wav")
    firm.record("surplus.wav")
    intake = firm.take_in()
    audio = pl.concat([empty(AUDIO), pl.DataFrame({"call_id": ["heard"], "duration_ms": [31000]})], how="diagonal")
    scores = pl.concat([empty(SCORES), pl.DataFrame({"call_id": ["heard"]})], how="diagonal")
    table = reconcile(intake.attempts, intake.recordings, intake.skips, audio, scores)
    assert table.schema == RECONCILIATION
    assert table.select("call_id", "state", "reason", "duration_ms").rows() == [
        ("heard", "inspected", None, 31000),
        ("lost", "skipped", "recording_missing", None),
        ("silent", "not_connected", "not_connected", None),
        (None, "surplus_recording", "outcome_missing", None),
    ]
    assert balance(table) == {"listed": 3, "inspected": 1, "skipped": 2}


def test_a_call_that_vanished_on_the_way_unbalances_the_day(firm: Firm) -> None:
    firm.call("heard", "x.wav")
    firm.record("x.wav")
    intake = firm.take_in()
    table = reconcile(intake.attempts, intake.recordings, intake.skips, empty(AUDIO), empty(SCORES))
    assert table.select("state", "reason").rows() == [("skipped", None)]
    assert balance(table) == {"listed": 1, "inspected": 0, "skipped": 0}


class Streams(BaseHTTPRequestHandler):
    """A web server that streams: it never says how long its answer will be."""

    files: ClassVar = {"/rec/one.wav": b"one", "/rec/large.wav": b"l" * 2000, "/rec/empty.wav": b""}

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_a_web_server_that_tells_no_sizes_loses_no_recording(firm: Firm) -> None:
    """Regression: without Content-Length the size was null, and the recording was neither heard nor left out."""
    for number, name in enumerate(("one.wav", "large.wav", "empty.wav", "gone.wav")):
        firm.call(f"c-{number}", file=name, at=f"09:0{number}:00")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Streams)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}/rec"
        web = RecordingSettings(roots=(root,), max_bytes=1000)
        intake = take_in(firm.settings.model_copy(update={"recordings": web}), DAY, now=NOW)
    finally:
        server.shutdown()
        server.server_close()
    assert intake.recordings.sort("call_id").select("call_id", "size_bytes", "take").rows() == [
        ("c-0", 3, 0), ("c-1", 1001, None), ("c-2", 0, None),
    ]  # fmt: skip
    assert intake.calls["audio_sha256"].to_list() == [hashlib.sha256(b"one").hexdigest()]
    assert reasons(intake) == {"c-1": "recording_too_long", "c-2": "recording_empty", "c-3": "recording_missing"}
