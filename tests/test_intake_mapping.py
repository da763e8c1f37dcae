"""The mapping file: any source's columns become the attempts contract, and mistakes are told by file and key."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest
import sqlalchemy as sa
from databases import database

from inspection.errors import IntakeError, SettingsError
from inspection.intake.day import list_attempts
from inspection.intake.dispositions import load_dispositions, unmapped_codes
from inspection.intake.mapping import apply, load_mapping
from inspection.privacy import pseudonym
from inspection.settings import DialerSettings, PrivacySettings, Settings
from inspection.tables import ATTEMPTS

DAY = date(2026, 11, 20)
CODES = "codes:\n  '01': PTP\n  未接: NO_ANSWER\n"
COLUMNS = """\
columns:
  call_id: id
  dialed_at: started
  outcome_raw: code
  phone: phone
"""


def house(folder: Path, url: str, mapping: str, key: str = "key", timezone: str = "Asia/Shanghai") -> Settings:
    (folder / "mapping.yaml").write_text(dedent(mapping), "utf-8")
    (folder / "codes.yaml").write_text(CODES, "utf-8")
    dialer = DialerSettings(url=url, mapping=folder / "mapping.yaml", dispositions=folder / "codes.yaml")
    return Settings(dialer=dialer, privacy=PrivacySettings(pseudonym_key=key), timezone=timezone)


def mapped(columns: str, rows: pl.DataFrame, tmp_path: Path) -> pl.DataFrame:
    path = tmp_path / "m.yaml"
    base = {"call_id": "{const: x}", "dialed_at": "{const: ''}", "outcome_raw": "{const: x}"}
    given = dedent(columns)
    head = "".join(f"  {name}: {value}\n" for name, value in base.items() if f"{name}:" not in given)
    path.write_text(f"columns:\n{head}" + "".join(f"  {line}\n" for line in given.strip().splitlines()), "utf-8")
    return apply(load_mapping(path), rows, "Asia/Shanghai", "m.yaml")


@pytest.mark.parametrize(
    ("spec", "values", "column", "expected"),
    [
        (
            "phone_owner: {column: a, map: {本人: debtor, 联系人: contact}, default: unknown}",
            ["本人", "联系人", "邻居", None],
            "phone_owner",
            ["debtor", "contact", "unknown", "unknown"],
        ),
        ("phone_owner: {column: a, map: {本人: debtor}}", ["本人", "邻居"], "phone_owner", ["debtor", None]),
        (
            "phone_owner: {column: a, map: {1: debtor, 02: contact}}",
            ["1", "02", "2"],
            "phone_owner",
            ["debtor", "contact", None],
        ),
        ("amount_due_cents: {column: a, scale: 100}", [12.34, 0.1, None], "amount_due_cents", [1234, 10, None]),
        ("amount_due_cents: {column: a, scale: 100}", ["12.34", " 7 ", "viel"], "amount_due_cents", [1234, 700, None]),
        ("talk_ms: {column: a, scale: 1000}", [3, 0], "talk_ms", [3000, 0]),
        (
            "stage: {column: a, ranges: {M0: [-99, 0], M1: [1, 30], M2: [31, 60]}}",
            [-3, 0, 1, 30, 31, 61, None],
            "stage",
            ["M0", "M0", "M1", "M1", "M2", None, None],
        ),
        ("agency: {column: a, pattern: '^([^-]+)-'}", ["远帆-一组", "无"], "agency", ["远帆", None]),
        ("phone: a", [13812345678.0, 1.5], "phone", ["13812345678", "1.5"]),
        ("phone: a", [" 138 ", "", None], "phone", ["138", None, None]),
        ("consent_window: a", ["1", "否", "Y", "?"], "consent_window", [True, False, True, None]),
        ("consent_window: a", [1, 0, None], "consent_window", [True, False, None]),
        ("due_date: a", ["2026-11-23", "2026/11/23 00:00", "23.11."], "due_date", [date(2026, 11, 23)] * 2 + [None]),
        ("due_date: {column: a, format: '%d.%m.%Y'}", ["23.11.2026"], "due_date", [date(2026, 11, 23)]),
        ("due_date: a", [datetime(2026, 11, 23, 5)], "due_date", [date(2026, 11, 23)]),
        ("agency: {const: 远帆}", ["x", "y"], "agency", ["远帆", "远帆"]),
        ("do_not_call: {const: false}", ["x"], "do_not_call", [False]),
        (
            "recording_hint: {column: a, split: ';'}",
            ["a.wav; b.wav", "c.wav"],
            "recording_hint",
            ["a.wav\nb.wav", "c.wav"],
        ),
    ],
)
def test_a_column_is_made_as_the_file_says(
    spec: str, values: list, column: str, expected: list, tmp_path: Path
) -> None:
    assert mapped(spec, pl.DataFrame({"a": values}), tmp_path)[column].to_list() == expected


AT = datetime(2026, 11, 20, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "values", "expected"),
    [
        ("a", ["2026-11-20 09:12:05", "2026/11/20 09:12:05.000", "2026-11-20T09:12:05", "never"], [AT, AT, AT, None]),
        ("a", ["2026-11-20T01:12:05Z", "2026-11-20 10:12:05+09:00", "2026-11-20 10:12:05+0900"], [AT, AT, AT]),
        ("a", [datetime(2026, 11, 20, 9, 12, 5)], [AT]),
        ("a", [AT], [AT]),
        ("{column: a, epoch: s}", [AT.timestamp(), 0, None], [AT, None, None]),
        ("{column: a, epoch: ms}", [int(AT.timestamp() * 1000)], [AT]),
        ("{column: a, epoch: s}", [str(int(AT.timestamp()))], [AT]),
        ("{column: a, format: '%d.%m.%Y %H:%M'}", ["20.11.2026 09:12"], [AT.replace(second=0)]),
        ("{column: a, format: '%Y-%m-%d %H:%M:%S %z'}", ["2026-11-20 01:12:05 +0000"], [AT]),
    ],
)
def test_times_are_instants(spec: str, values: list, expected: list, tmp_path: Path) -> None:
    rows = mapped(f"dialed_at: {spec}", pl.DataFrame({"a": values}), tmp_path)
    assert rows["dialed_at"].to_list() == expected


def test_clocks_that_are_set_back_or_forward_guess_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("timezone: America/New_York\ncolumns: {call_id: a, outcome_raw: a, dialed_at: a}", "utf-8")
    rows = pl.DataFrame({"a": ["2026-11-01 01:30:00", "2026-03-08 02:30:00", "2026-11-02 00:00:00"]})
    found = apply(load_mapping(path), rows, "Asia/Shanghai", "m")["dialed_at"].to_list()
    assert found == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC), None, datetime(2026, 11, 2, 5, tzinfo=UTC)]


def test_a_number_as_time_needs_its_unit(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"columns.dialed_at: a holds numbers; say `epoch: s` or `epoch: ms`"):
        mapped("dialed_at: a", pl.DataFrame({"a": [1764000000]}), tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("columns: {call_id: a, dialed_at: a, outcome_raw: a, colour: a}", r"columns \['colour'\] cannot be mapped"),
        ("columns: {call_id: a, dialed_at: a, outcome_raw: a, outcome: a}", "outcome.* worked out by intake"),
        ("columns: {call_id: a}", r"\['dialed_at', 'outcome_raw'\] are required"),
        ("columns: {call_id: {column: a, rate: 2}, dialed_at: a, outcome_raw: a}", "columns.call_id.rate"),
        ("columns: {call_id: {map: {a: b}}, dialed_at: a, outcome_raw: a}", "either `column` or `const`"),
        ("columns: [", "not valid YAML"),
        ("tables: {}", "m.yaml"),
        ("columns: {call_id: {column: a, scale: viel}, dialed_at: a, outcome_raw: a}", "columns.call_id.scale"),
    ],
)
def test_a_wrong_mapping_names_file_and_key(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(IntakeError, match=told) as error:
        load_mapping(path)
    assert "m.yaml" in str(error.value) and "\n" not in str(error.value)


def test_a_column_the_source_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"no column \['b'\]; it has \['a'\]"):
        mapped("agency: b", pl.DataFrame({"a": ["x"]}), tmp_path)


ROWS = pl.DataFrame(
    {
        "id": ["c1", "c2", "c3", "c4"],
        "started": ["2026-11-20 00:00:00", "2026-11-20 23:59:59", "2026-11-21 00:00:00", "2026-11-20 12:00:00"],
        "code": ["01", "未接", "01", "奇怪"],
        "phone": ["13812345678", "+86 138-1234-5678", "13812345678", ""],
    }
)


def write_source(folder: Path, kind: str) -> tuple[str, str]:
    """Address and opening of the mapping for the same rows in each kind of source."""
    if kind == "sqlite":
        path = folder / "dialer.sqlite"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE calls (id TEXT, started TEXT, code TEXT, phone TEXT)")
            connection.executemany("INSERT INTO calls VALUES (?, ?, ?, ?)", ROWS.rows())
        connection.close()
        return f"sqlite:///{path}", "query: SELECT * FROM calls WHERE started >= :date AND started < :next_date\n"
    path = folder / f"calls.{kind}"
    {
        "csv": ROWS.write_csv,
        "parquet": ROWS.write_parquet,
        "xlsx": lambda path: ROWS.write_excel(path, worksheet="通话"),
    }[kind](path)
    return str(path), "sheet: 通话\n" if kind == "xlsx" else ""


@pytest.mark.parametrize("kind", ["sqlite", "csv", "parquet", "xlsx"])
def test_every_kind_of_source_gives_the_same_attempts(kind: str, tmp_path: Path) -> None:
    url, opening = write_source(tmp_path, kind)
    attempts = list_attempts(house(tmp_path, url, opening + COLUMNS), DAY)
    assert attempts.schema == ATTEMPTS
    assert attempts["call_id"].to_list() == ["c1", "c4", "c2"]
    assert attempts["outcome"].to_list() == ["PTP", "UNMAPPED", "NO_ANSWER"]
    key = pseudonym("13812345678", "key")
    assert attempts["phone_key"].to_list() == [key, None, key]
    assert attempts["phone_last4"].to_list() == ["5678", None, "5678"]
    assert attempts["business_date"].unique().to_list() == [DAY]
    assert "13812345678" not in attempts.write_csv()
    assert unmapped_codes(attempts).rows() == [("奇怪", 1)]


TYPED = {"postgresql": "TIMESTAMP", "mariadb": "DATETIME"}


@pytest.mark.parametrize("kind", TYPED)
def test_a_mapping_over_a_servers_table_gives_the_same_attempts(kind: str, tmp_path: Path) -> None:
    """The query's parameters reach each driver, and its own dates, decimals and truth values become the contract's."""
    with database(kind, tmp_path) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        columns = (
            f"id VARCHAR(9), started {TYPED[kind]}, code VARCHAR(9), phone VARCHAR(40), owed NUMERIC(10, 2), due DATE"
        )
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE TABLE calls ({columns}, stopped BOOLEAN, talk INTEGER)"))
            for row in ROWS.rows():
                given = dict(zip(ROWS.columns, row, strict=True))
                connection.execute(
                    sa.text("INSERT INTO calls VALUES (:id, :started, :code, :phone, 12.34, '2026-11-30', true, 42)"),
                    given,
                )
        query = "query: SELECT * FROM calls WHERE started >= :date AND started < :next_date\n"
        more = (
            "  amount_due_cents: {column: owed, scale: 100}\n  due_date: due\n  do_not_call: stopped\n"
            "  talk_ms: {column: talk, scale: 1000}\n"
        )
        attempts = list_attempts(house(tmp_path, url, query + COLUMNS + more), DAY)
        assert attempts.schema == ATTEMPTS
        assert attempts["call_id"].to_list() == ["c1", "c4", "c2"]
        assert attempts["outcome"].to_list() == ["PTP", "UNMAPPED", "NO_ANSWER"]
        facts = attempts.select("amount_due_cents", "due_date", "do_not_call", "talk_ms").unique().rows()
        assert facts == [(1234, date(2026, 11, 30), True, 42_000)]
        forbidden = house(tmp_path, url, "query: DELETE FROM calls WHERE started >= :date\n" + COLUMNS)
        with pytest.raises(IntakeError, match=f"dialer {url.split('+')[0]}://127.0.0.1"):
            list_attempts(forbidden, DAY)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM calls")).scalar_one() == 4


def test_the_business_date_is_that_of_each_rows_own_clock(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,started,code,phone,zone\na,2026-11-20T20:00:00Z,01,1,America/New_York\nb,2026-11-20T20:00:00Z,01,1,Asia/Shanghai\n"
    )
    settings = house(tmp_path, str(path), COLUMNS + "  timezone: zone\n")
    assert list_attempts(settings, DAY)["call_id"].to_list() == ["a"]
    assert list_attempts(settings, date(2026, 11, 21))["call_id"].to_list() == ["b"]


def test_a_row_without_a_readable_time_stays_for_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("id,started,code,phone\na,bald,01,1\nb,2026-11-20 09:00:00,01,1\n")
    attempts = list_attempts(house(tmp_path, str(path), COLUMNS), DAY)
    assert attempts.select("call_id", "dialed_at").rows()[1] == ("a", None)


def test_answer_end_and_talk_follow_from_one_another(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,started,code,phone,answer,end,talk\n"
        "given,2026-11-20 09:00:00,01,1,2026-11-20 09:00:10,2026-11-20 09:01:00,49\n"
        "times,2026-11-20 09:00:01,01,1,2026-11-20 09:00:10,2026-11-20 09:01:00,\n"
        "talk,2026-11-20 09:00:02,01,1,,2026-11-20 09:01:00,20\n"
        "silent,2026-11-20 09:00:03,01,1,,2026-11-20 09:01:00,0\n"
    )
    more = "  answered_at: answer\n  ended_at: end\n  talk_ms: {column: talk, scale: 1000}\n"
    attempts = list_attempts(house(tmp_path, str(path), COLUMNS + more), DAY)
    assert attempts["talk_ms"].to_list() == [49000, 50000, 20000, 0]
    assert [at and at.minute * 60 + at.second for at in attempts["answered_at"]] == [10, 10, 40, None]


def test_the_dialer_is_only_read(tmp_path: Path) -> None:
    url, _ = write_source(tmp_path, "sqlite")
    settings = house(tmp_path, url, "query: DELETE FROM calls RETURNING *\n" + COLUMNS)
    with pytest.raises(IntakeError, match="readonly database"):
        list_attempts(settings, DAY)
    with sqlite3.connect(tmp_path / "dialer.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (4,)
    connection.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "dialer.url is not set"),
        ("nowhere.csv", "nowhere.csv: no such file"),
        ("calls.doc", "not a database address, nor one of"),
        ("sqlite:///nowhere.sqlite", "nowhere.sqlite: no such database file"),
        ("oracle9://host/db", "dialer.url"),
        ("postgresql+psycopg://someone:secret@127.0.0.1:9/db?connect_timeout=2", "dialer postgresql://127.0.0.1/db"),
    ],
)
def test_a_source_that_is_away_is_one_clear_line_without_its_password(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=told) as error:
        list_attempts(house(tmp_path, url, "query: SELECT 1\n" + COLUMNS), DAY)
    assert "secret" not in str(error.value) and "\n" not in str(error.value)


def test_a_failing_query_never_shows_its_values(tmp_path: Path) -> None:
    url, _ = write_source(tmp_path, "sqlite")
    settings = house(tmp_path, url, "query: SELECT * FROM gone WHERE phone = '13812345678'\n" + COLUMNS)
    with pytest.raises(IntakeError, match="no such table: gone") as error:
        list_attempts(settings, DAY)
    assert "13812345678" not in str(error.value)


def test_pseudonyms_need_the_firms_key(tmp_path: Path) -> None:
    url, opening = write_source(tmp_path, "csv")
    with pytest.raises(SettingsError, match="pseudonym_key"):
        list_attempts(house(tmp_path, url, opening + COLUMNS, key=""), DAY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("codes: {a: SURE}", "codes.a: 'SURE' is not one of PTP"),
        ("codes: [a]", "needs a key `codes`"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_dispositions_file_names_the_code(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(IntakeError, match=told):
        load_dispositions(path)
