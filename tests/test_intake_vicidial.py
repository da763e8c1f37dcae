"""VICIdial's own schema: outbound, inbound, transferred and archived calls; one recording, several, or none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from databases import database
from vicidial_schema import statements

from inspection.errors import IntakeError
from inspection.intake.day import take_in
from inspection.intake.dialers import list_attempts
from inspection.privacy import pseudonym
from inspection.settings import DialerSettings, PrivacySettings, RecordingSettings, Settings, StoreSettings
from inspection.tables import ATTEMPTS

DAY = date(2026, 11, 20)
EPOCH = int(datetime(2026, 11, 20, 1, tzinfo=UTC).timestamp())  # 09:00 in Shanghai
CODES = {"PTP": "PTP", "NA": "NO_ANSWER", "XFER": "TRANSFER", "B": "BUSY", "A": "VOICEMAIL"}


def clock(offset_s: int) -> str:
    return datetime.fromtimestamp(EPOCH + 8 * 3600 + offset_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Dialer:
    """A VICIdial database that is filled by what happens at the telephone."""

    def __init__(self, url: str) -> None:
        self.url, self.folder = url, Path()
        self.engine = sa.create_engine(url)
        self.insert(*statements(self.engine.dialect.name))

    def begin(self, folder: Path) -> None:
        """Empties every table: making them anew for each test would take MariaDB minutes."""
        self.folder = folder
        self.insert(*(f"DELETE FROM {table}" for table in sa.inspect(self.engine).get_table_names()))
        self.row("vicidial_statuses", status="PTP", status_name="promise", human_answered="Y")
        self.row("vicidial_statuses", status="XFER", status_name="transferred", human_answered="Y")
        self.row("vicidial_campaign_statuses", status="NEGO", campaign_id="EARLY", human_answered="Y")
        for lead in (7, 8):
            names = {"first_name": "三", "last_name": "张", "vendor_lead_code": f"CASE{lead}", "status": "LATER"}
            self.row("vicidial_list", lead_id=lead, phone_number=f"1381234567{lead}", **names)

    def insert(self, *queries: str, **values: object) -> None:
        with self.engine.begin() as connection:
            for query in queries:
                connection.execute(sa.text(query), values)

    def row(self, table: str, **values: object) -> None:
        columns = ", ".join(values)
        self.insert(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(f':{name}' for name in values)})", **values)

    def dial(self, uniqueid: str, at: int = 0, length: int = 60, *, archive: bool = False, **values: object) -> None:
        facts = {
            "uniqueid": uniqueid, "lead_id": 7, "campaign_id": "EARLY", "call_date": clock(at),
            "start_epoch": EPOCH + at, "end_epoch": EPOCH + at + length, "length_in_sec": length, "status": "PTP",
            "phone_code": "86", "phone_number": "13812345677", "user": "1024", "user_group": "TEAM1",
            "term_reason": "CALLER", "alt_dial": "MAIN",
        }  # fmt: skip
        self.row("vicidial_log_archive" if archive else "vicidial_log", **facts | values)

    def receive(
        self, closecallid: int, at: int = 0, length: int = 60, *, archive: bool = False, **values: object
    ) -> None:
        facts = {
            "closecallid": closecallid, "lead_id": 8, "campaign_id": "INGROUP", "call_date": clock(at),
            "start_epoch": EPOCH + at, "end_epoch": EPOCH + at + length, "length_in_sec": length, "status": "PTP",
            "phone_number": "13812345678", "user": "1037", "user_group": "TEAM2", "term_reason": "AGENT",
            "queue_seconds": 15.5, "uniqueid": f"17.{closecallid}",
        }  # fmt: skip
        self.row("vicidial_closer_log_archive" if archive else "vicidial_closer_log", **facts | values)

    def record(
        self, recording_id: int, vicidial_id: str, at: int = 0, *, archive: bool = False, **values: object
    ) -> None:
        facts = {
            "recording_id": recording_id, "vicidial_id": vicidial_id, "start_time": clock(at),
            "start_epoch": EPOCH + at, "end_epoch": EPOCH + at + 30, "filename": f"r{recording_id}", "location": "",
            "lead_id": 7, "user": "1024",
        }  # fmt: skip
        self.row("recording_log_archive" if archive else "recording_log", **facts | values)

    def talk(
        self, uniqueid: str, seconds: int, dead: int = 0, at: int = 0, *, archive: bool = False, **values: object
    ) -> None:
        facts = {
            "user": "1024", "server_ip": "x", "event_time": clock(at), "lead_id": 7, "talk_sec": seconds,
            "dead_sec": dead, "uniqueid": uniqueid,
        }  # fmt: skip
        self.row("vicidial_agent_log_archive" if archive else "vicidial_agent_log", **facts | values)

    def settings(self, mapping: str = "") -> Settings:
        (self.folder / "codes.yaml").write_text("codes:\n" + "".join(f"  {a}: {b}\n" for a, b in CODES.items()))
        path = None
        if mapping:
            path = self.folder / "mapping.yaml"
            path.write_text(mapping, "utf-8")
        (self.folder / "rec").mkdir(exist_ok=True)
        return Settings(
            dialer=DialerSettings(kind="vicidial", url=self.url, dispositions=self.folder / "codes.yaml", mapping=path),
            recordings=RecordingSettings(roots=(str(self.folder / "rec"),), settle_s=0),
            privacy=PrivacySettings(pseudonym_key="k"), store=StoreSettings(work=self.folder / "work"),
        )  # fmt: skip

    def attempts(self, mapping: str = "") -> pl.DataFrame:
        return list_attempts(self.settings(mapping), DAY)

    def hints(self) -> dict[str, str | None]:
        return dict(self.attempts().select("call_id", "recording_hint").iter_rows())


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dialer]:
    with database(request.param, tmp_path_factory.mktemp("vicidial")) as url:
        dialer = Dialer(url)
        yield dialer
        dialer.engine.dispose()


@pytest.fixture
def dialer(installed: Dialer, tmp_path: Path) -> Dialer:
    installed.begin(tmp_path)
    return installed


def test_an_outbound_call_is_an_attempt_of_the_contract(dialer: Dialer) -> None:
    dialer.dial("1764000000.123")
    dialer.talk("1764000000.123", 45, dead=5)
    attempts = dialer.attempts()
    assert attempts.schema == ATTEMPTS
    [row] = attempts.to_dicts()
    expected = {
        "call_id": "1764000000.123", "linked_call_id": "1764000000.123", "direction": "outbound", "case_id": "CASE7",
        "customer_name": "张三", "phone_key": pseudonym("13812345677", "k"), "phone_last4": "5677",
        "phone_owner": "debtor",
        "team": "TEAM1", "campaign": "EARLY", "agent_kind": "human", "agent_id": "1024", "talk_ms": 40_000,
        "term_reason": "customer", "outcome_raw": "PTP", "outcome": "PTP", "timezone": "Asia/Shanghai",
        "dialed_at": datetime.fromtimestamp(EPOCH, UTC), "answered_at": datetime.fromtimestamp(EPOCH + 20, UTC),
        "ended_at": datetime.fromtimestamp(EPOCH + 60, UTC), "business_date": DAY,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_an_inbound_call_has_the_closer_id_and_its_wait_is_no_talk(dialer: Dialer) -> None:
    dialer.receive(991, length=60)
    [row] = dialer.attempts().to_dicts()
    assert (row["call_id"], row["direction"], row["linked_call_id"]) == ("991", "inbound", "17.991")
    assert row["talk_ms"] == 44_000  # 60 s less 15.5 s in the queue, in whole seconds
    assert row["term_reason"] == "agent"


def test_a_transferred_call_is_one_conversation_of_two_legs(dialer: Dialer) -> None:
    dialer.dial("1764000000.5", status="XFER")
    dialer.receive(5, at=30, uniqueid="1764000000.5")
    attempts = dialer.attempts()
    assert attempts["call_id"].to_list() == ["1764000000.5", "5"]
    assert attempts["linked_call_id"].unique().to_list() == ["1764000000.5"]
    assert attempts["direction"].unique().to_list() == ["outbound"]


def test_the_outcome_is_that_of_the_call_and_not_of_the_lead_today(dialer: Dialer) -> None:
    dialer.dial("1.1", status="NA", length=20)
    dialer.dial("1.2", at=600)
    assert dialer.attempts()["outcome"].to_list() == ["NO_ANSWER", "PTP"]


@pytest.mark.parametrize(
    ("status", "agent", "carrier", "talk_s"),
    [
        ("NA", None, None, 0),
        ("PTP", None, None, 60),
        ("NEGO", None, None, 60),
        ("A", None, ("ANSWER", 12), 12),
        ("NA", None, ("NOANSWER", 0), 0),
        ("PTP", (50, 10), ("ANSWER", 55), 40),
        ("PTP", (0, 0), ("ANSWER", 55), 55),
    ],
)
def test_talk_time_comes_from_the_surest_log(
    dialer: Dialer, status: str, agent: tuple[int, int] | None, carrier: tuple[str, int] | None, talk_s: int
) -> None:
    dialer.dial("1.1", status=status)
    if agent:
        dialer.talk("1.1", *agent)
    if carrier:
        dialer.row(
            "vicidial_carrier_log",
            uniqueid="1.1",
            call_date=clock(0),
            server_ip="x",
            dialstatus=carrier[0],
            answered_time=carrier[1],
        )
    [row] = dialer.attempts().to_dicts()
    assert row["talk_ms"] == talk_s * 1000
    assert (row["answered_at"] is None) == (talk_s == 0)


def test_recordings_are_found_by_each_rule_of_the_dialer(dialer: Dialer) -> None:
    for place, uniqueid in enumerate(["1.10", "1.11", "1.12", "1.13"]):
        dialer.dial(uniqueid, at=place * 600)
    dialer.receive(77, at=3000)
    dialer.record(1, "1.10")  # the dotted id
    dialer.record(2, "77", at=3000, lead_id=8, user="1037")  # the closer id
    dialer.record(3, "M1200900000000000001", at=605)  # a caller code, known
    dialer.row("vicidial_log_extended", uniqueid="1.11", call_date=clock(600), caller_code="M1200900000000000001")
    dialer.record(4, "", at=1203)  # blank: same lead and user, within the call
    dialer.record(5, "M1200900000000000009", at=1802)  # a caller code that nothing knows yet
    assert dialer.hints() == {"1.10": "r1", "1.11": "r3", "1.12": "r4", "1.13": "r5", "77": "r2"}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"lead_id": 8}, "another lead"),
        ({"user": "1037"}, "another agent"),
        ({"at": -61}, "long before the call"),
        ({"at": 121}, "long after the call"),
        ({"vicidial_id": "9.9"}, "the id of another call"),
        ({"filename": "", "location": ""}, "no name at all"),
    ],
)
def test_a_recording_that_may_be_of_another_call_is_given_to_none(dialer: Dialer, values: dict, what: str) -> None:
    dialer.dial("1.1")
    dialer.record(1, **{"vicidial_id": "", "at": 0} | values)
    assert dialer.hints() == {"1.1": None}, what


def test_a_blank_recording_within_two_calls_is_given_to_neither(dialer: Dialer) -> None:
    dialer.dial("1.1")
    dialer.dial("1.2", at=70)
    dialer.record(1, "", at=65)
    assert dialer.hints() == {"1.1": None, "1.2": None}


def test_a_call_may_have_several_recordings_and_places_go_before_names(dialer: Dialer) -> None:
    dialer.dial("1.1")
    dialer.record(2, "1.1", at=20, location="http://10.0.0.9/RECORDINGS/MP3/second-all.mp3")
    dialer.record(1, "1.1")
    assert dialer.hints() == {
        "1.1": "r1\nsecond-all.mp3".replace("second-all.mp3", "http://10.0.0.9/RECORDINGS/MP3/second-all.mp3")
    }


def test_archived_rows_count_like_live_ones_and_only_once(dialer: Dialer) -> None:
    dialer.dial("1.1", archive=True)
    dialer.dial("1.2", at=600)
    dialer.dial("1.2", at=600, archive=True)
    dialer.record(1, "1.1", archive=True)
    dialer.record(2, "1.2", at=600)
    dialer.record(2, "1.2", at=600, archive=True)
    assert dialer.hints() == {"1.1": "r1", "1.2": "r2"}


def test_an_archived_inbound_call_and_its_archived_agent_count_like_live_ones(dialer: Dialer) -> None:
    """Archives of the closer and agent logs were read by the connector and by no test."""
    dialer.receive(77, archive=True, uniqueid="17.77")
    dialer.receive(78, at=600, uniqueid="17.78")
    dialer.receive(78, at=600, archive=True, uniqueid="17.78")
    dialer.talk("17.77", 40, dead=5, archive=True, agent_log_id=1, lead_id=8, user="1037")
    dialer.talk("17.78", 30, at=600, agent_log_id=2, lead_id=8, user="1037")
    dialer.talk("17.78", 30, at=600, archive=True, agent_log_id=2, lead_id=8, user="1037")
    dialer.dial("1.1", at=1200, archive=True)
    dialer.talk("1.1", 20, at=1200, archive=True, agent_log_id=3)
    found = dialer.attempts().sort("call_id").select("call_id", "direction", "talk_ms", "agent_id").rows()
    assert found == [
        ("1.1", "outbound", 20_000, "1024"), ("77", "inbound", 35_000, "1037"), ("78", "inbound", 30_000, "1037"),
    ]  # fmt: skip


def test_only_the_day_on_the_dialers_clock_is_read(dialer: Dialer) -> None:
    midnight = 15 * 3600  # seconds after 09:00
    for uniqueid, at in (("1.1", -9 * 3600), ("1.2", midnight - 1), ("1.3", midnight), ("1.4", -9 * 3600 - 1)):
        dialer.dial(uniqueid, at=at)
    dialer.record(1, "1.2", at=midnight + 10)
    assert dialer.hints() == {"1.1": None, "1.2": "r1"}


def test_nobody_is_not_an_agent_and_unknown_codes_are_named(dialer: Dialer) -> None:
    dialer.dial("1.1", user="VDAD", status="ODD", alt_dial="ALT")
    [row] = dialer.attempts().to_dicts()
    assert (row["agent_id"], row["outcome_raw"], row["outcome"], row["phone_owner"]) == (
        None,
        "ODD",
        "UNMAPPED",
        "unknown",
    )


def test_the_firms_own_mapping_adds_what_the_dialer_does_not_know(dialer: Dialer) -> None:
    (dialer.folder / "cases.csv").write_text("code,stage,owed\nCASE7,M2,12.50\n")
    dialer.dial("1.1")
    dialer.dial("1.2", at=600, user="9001", lead_id=8)
    attempts = dialer.attempts(
        "columns:\n"
        "  agent_kind: {column: user, map: {9001: robot}, default: human}\n"
        "  stage: stage\n"
        "  amount_due_cents: {column: owed, scale: 100}\n"
        "joins:\n  - {source: cases.csv, on: {code: lead_vendor_lead_code}}\n"
    )
    assert attempts.select("agent_kind", "stage", "amount_due_cents").rows() == [
        ("human", "M2", 1250),
        ("robot", None, None),
    ]
    with pytest.raises(IntakeError, match=r"joins: cases.csv|joins: .*cases.csv has no column \['kode'\]"):
        dialer.attempts("columns: {}\njoins:\n  - {source: cases.csv, on: {kode: lead_vendor_lead_code}}\n")


def test_a_whole_day_comes_in_with_its_recordings(dialer: Dialer) -> None:
    dialer.dial("1764000000.1")
    dialer.dial("1764000000.2", at=600, status="NA")
    dialer.record(1, "1764000000.1", filename="20261120-090000_13812345677")
    settings = dialer.settings()
    (dialer.folder / "rec" / "20261120-090000_13812345677-all.mp3").write_bytes(b"sound")
    intake = take_in(settings, DAY)
    assert intake.recordings.select("call_id", "matched_by").rows() == [("1764000000.1", "hint")]
    assert intake.skips.select("call_id", "reason").rows() == [("1764000000.2", "not_connected")]
    assert "13812345677" not in intake.attempts.write_csv()


def test_another_database_is_told_at_once(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE x (y INT)"))
        settings = Dialer.settings(type("D", (), {"folder": tmp_path, "url": url})())
        with pytest.raises(IntakeError, match="no table vicidial_log"):
            list_attempts(settings, DAY)


def test_the_dialer_is_opened_for_reading_only(dialer: Dialer) -> None:
    from inspection.intake.sources import reading

    with pytest.raises((IntakeError, sa.exc.SQLAlchemyError)), reading(dialer.url) as connection:
        connection.execute(sa.text("DELETE FROM vicidial_log"))
    dialer.dial("1.1")
    assert dialer.attempts().height == 1
