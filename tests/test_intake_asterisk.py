"""Asterisk's call detail records: legs become calls, and time counts from the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from databases import KINDS, database

from inspection.errors import IntakeError
from inspection.intake.dialers import list_attempts
from inspection.settings import DialerSettings, PrivacySettings, Settings
from inspection.tables import ATTEMPTS

DAY = date(2026, 11, 20)
NINE = datetime(2026, 11, 20, 9)  # on the dialer's clock
CDR = """
CREATE TABLE cdr (
    accountcode VARCHAR(80), src VARCHAR(80), dst VARCHAR(80), dcontext VARCHAR(80), clid VARCHAR(80),
    channel VARCHAR(80), dstchannel VARCHAR(80), lastapp VARCHAR(80), lastdata VARCHAR(80), {q}start{q} {when},
    answer {when}, {q}end{q} {when},
    duration INTEGER, billsec INTEGER, disposition VARCHAR(45), amaflags VARCHAR(45), userfield VARCHAR(256),
    uniqueid VARCHAR(150), linkedid VARCHAR(150), peeraccount VARCHAR(80), sequence INTEGER)
"""


class Switch:
    """An Asterisk database that is filled leg by leg."""

    def __init__(self, url: str) -> None:
        self.url, self.folder = url, Path()
        self.engine = sa.create_engine(url)
        dialect = self.engine.dialect
        when = "TIMESTAMP" if dialect.name == "postgresql" else "DATETIME"
        with self.engine.begin() as connection:
            connection.execute(sa.text(CDR.format(when=when, q=dialect.identifier_preparer.initial_quote)))
        self.cdr = sa.Table("cdr", sa.MetaData(), autoload_with=self.engine)

    def begin(self, folder: Path) -> None:
        self.folder = folder
        with self.engine.begin() as connection:
            connection.execute(self.cdr.delete())

    def leg(self, linkedid: str | None, at: int = 0, ring: int = 5, talk: int = 0, **values: object) -> None:
        start = NINE + timedelta(seconds=at)
        facts = {
            "src": "8001", "dst": "13812345678", "channel": "SIP/8001", "start": start,
            "answer": start + timedelta(seconds=ring) if talk else None, "end": start + timedelta(seconds=ring + talk),
            "duration": ring + talk, "billsec": talk, "disposition": "ANSWERED" if talk else "NO ANSWER",
            "uniqueid": f"{linkedid}.{at}", "linkedid": linkedid, "sequence": at, "accountcode": "1024",
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(self.cdr.insert().values(**facts | values))

    def attempts(self, mapping: str = "") -> pl.DataFrame:
        path = None
        if mapping:
            path = self.folder / "mapping.yaml"
            path.write_text(mapping, "utf-8")
        codes = self.folder / "codes.yaml"
        codes.write_text("codes: {NO ANSWER: NO_ANSWER, BUSY: BUSY, ANSWERED: OTHER}")
        dialer = DialerSettings(kind="asterisk", url=self.url, dispositions=codes, mapping=path)
        return list_attempts(Settings(dialer=dialer, privacy=PrivacySettings(pseudonym_key="k")), DAY)


@pytest.fixture(scope="module", params=KINDS)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    with database(request.param, tmp_path_factory.mktemp("asterisk")) as url:
        switch = Switch(url)
        yield switch
        switch.engine.dispose()


@pytest.fixture
def switch(installed: Switch, tmp_path: Path) -> Switch:
    installed.begin(tmp_path)
    return installed


def utc(seconds: int) -> datetime:
    return NINE.replace(tzinfo=UTC) - timedelta(hours=8) + timedelta(seconds=seconds)


def test_a_leg_is_a_call_and_time_counts_from_the_answer(switch: Switch) -> None:
    switch.leg("1764000000.1", ring=7, talk=40, userfield="rec.wav")
    attempts = switch.attempts()
    assert attempts.schema == ATTEMPTS
    [row] = attempts.to_dicts()
    expected = {
        "call_id": "1764000000.1", "dialed_at": utc(0), "answered_at": utc(7), "ended_at": utc(47), "talk_ms": 40_000,
        "phone_last4": "5678", "agent_id": "1024", "outcome": "OTHER", "outcome_raw": "ANSWERED",
        "recording_hint": "rec.wav", "direction": "outbound", "debtor_id": None, "stage": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_the_legs_of_one_call_are_one_attempt(switch: Switch) -> None:
    switch.leg("1.1", at=0, ring=5, talk=60, userfield="a.wav")
    switch.leg("1.1", at=2, ring=9, talk=20, dst="8002", userfield="b.wav")
    switch.leg("1.1", at=70, ring=3, talk=30, dst="8003", userfield="a.wav")
    switch.leg("1.2", at=5)
    attempts = switch.attempts()
    assert attempts.select("call_id", "talk_ms", "phone_last4", "recording_hint").rows() == [
        ("1.1", 98_000, "5678", "a.wav\nb.wav"),  # answered after 5 s, the last leg hung up after 103 s
        ("1.2", 0, "5678", None),
    ]
    assert attempts["answered_at"].to_list() == [utc(5), None]


@pytest.mark.parametrize(
    ("dispositions", "outcome"),
    [
        (["NO ANSWER", "ANSWERED"], "OTHER"),
        (["FAILED", "BUSY"], "BUSY"),
        (["NO ANSWER", "BUSY", "FAILED"], "BUSY"),
        (["FAILED", "NO ANSWER"], "NO_ANSWER"),
        (["WEIRD"], "UNMAPPED"),
    ],
)
def test_a_call_ended_as_the_best_of_its_legs(switch: Switch, dispositions: list[str], outcome: str) -> None:
    for place, disposition in enumerate(dispositions):
        switch.leg("1.1", at=place, disposition=disposition)
    assert switch.attempts()["outcome"].to_list() == [outcome]


def test_answered_by_the_exchange_but_never_billed_is_not_answered(switch: Switch) -> None:
    switch.leg("1.1", disposition="ANSWERED", answer=NINE, billsec=0)
    [row] = switch.attempts().to_dicts()
    assert (row["answered_at"], row["talk_ms"]) == (None, 0)


def test_a_call_belongs_to_the_day_on_which_its_first_leg_began(switch: Switch) -> None:
    midnight = 15 * 3600
    switch.leg("late", at=midnight - 10, ring=5, talk=100)
    switch.leg("late", at=midnight + 30, ring=5, talk=10)
    switch.leg("early", at=-9 * 3600 - 10, ring=5, talk=100)
    switch.leg("early", at=-9 * 3600 + 30, ring=5, talk=10)
    switch.leg("tomorrow", at=midnight)
    attempts = switch.attempts()
    assert attempts["call_id"].to_list() == ["late"]
    assert attempts["talk_ms"].to_list() == [100_000]


def test_records_without_a_linkedid_are_calls_of_their_own(switch: Switch) -> None:
    switch.leg(None, at=0, uniqueid="1.7")
    switch.leg("", at=1, uniqueid="1.8")
    assert switch.attempts()["call_id"].to_list() == ["1.7", "1.8"]


def test_debtor_and_stage_come_from_the_collection_system(switch: Switch) -> None:
    switch.leg("1.1")
    (switch.folder / "cases.csv").write_text("linked,customer,stage\n1.1,KH1,M1\n")
    attempts = switch.attempts(
        "columns: {debtor_id: customer, stage: stage}\njoins:\n  - {source: cases.csv, on: {linked: call_id}}\n"
    )
    [row] = attempts.to_dicts()
    assert row["stage"] == "M1" and len(row["debtor_id"]) == 32


def test_records_of_another_form_come_by_a_query(switch: Switch) -> None:
    switch.leg("1.1", talk=30)
    quote = switch.engine.dialect.identifier_preparer.initial_quote
    columns = f"linkedid, uniqueid, {quote}start{quote}, answer, {quote}end{quote}, disposition, billsec, dst"
    mapping = f"query: 'SELECT {columns} FROM cdr WHERE {quote}start{quote} >= :date'\ncolumns: {{}}\n"
    assert switch.attempts(mapping)["talk_ms"].to_list() == [30_000]
    with pytest.raises(IntakeError, match=r"have no column \['billsec'\]"):
        switch.attempts(mapping.replace("billsec, ", ""))


def test_another_database_is_told_at_once(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        with sa.create_engine(url).begin() as connection:
            connection.execute(sa.text("CREATE TABLE x (y INT)"))
        lost = Switch.__new__(Switch)
        lost.url, lost.folder = url, tmp_path
        with pytest.raises(IntakeError, match="no table cdr"):
            lost.attempts()
