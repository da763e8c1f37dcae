"""Publishing: the results stand beside the outcomes in every database, whole or not at all, masked, again the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
import yaml
from databases import KINDS, database
from judged_day import DAY, NAME, NUMBERS, judged_day

from inspection.errors import ResultsError
from inspection.results import publish as publishing
from inspection.results import schema
from inspection.results.publish import prepare, publish, published, withdraw, withdraw_day

TABLES = list(schema.TABLES)
Tables = dict[str, pl.DataFrame]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


def ask(url: str, query: str, **values: object) -> list[tuple]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), values)]


def do(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def by_call(tables: Tables, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Tables:
    """The day with every table that has calls changed."""
    return {name: change(frame) if "call_id" in frame.columns else frame for name, frame in tables.items()}


def everything(url: str) -> dict[str, list[tuple]]:
    return {table: sorted(ask(url, f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def test_a_day_stands_in_the_tables_as_it_was_judged(url: str) -> None:
    rows = publish(url, DAY, judged_day())
    assert rows == {"qc_runs": 1, "qc_call_results": 6, "qc_findings": 2, "qc_components": 6}
    assert ask(url, "SELECT call_id, state, reason, score, verdict FROM qc_call_results ORDER BY call_id") == [
        ("broken", "skipped", "recording_truncated", None, None),
        ("good", "inspected", None, 100.0, "pass"),
        ("lost", "skipped", "recording_missing", None, None),
        ("silent", "not_connected", "not_connected", None, None),
        ("threat", "inspected", None, 0.0, "fail"),
        ("vague", "inspected", None, 50.0, "fail"),
    ]
    [(day, fatal, rules, sha256)] = ask(
        url, "SELECT business_date, fatal, fatal_rules, audio_sha256 FROM qc_call_results WHERE call_id = 'threat'"
    )
    assert (str(day), bool(fatal), rules, sha256) == ("2026-11-20", True, "CN-THR-01", "sha-threat")
    [(run, listed, inspected, skipped)] = ask(url, "SELECT run_id, listed, inspected, skipped FROM qc_runs")
    assert (run, listed, inspected, skipped) == ("run", 6, 3, 3)


def test_times_are_those_of_the_dialer(url: str) -> None:
    publish(url, DAY, judged_day())
    [(dialled,)] = ask(url, "SELECT dialed_at FROM qc_call_results WHERE call_id = 'threat'")
    assert str(dialled).startswith("2026-11-20 02:10:00")


def test_publishing_again_changes_nothing(url: str) -> None:
    publish(url, DAY, judged_day())
    before = everything(url)
    publish(url, DAY, judged_day())
    assert everything(url) == before


def test_a_day_replaces_its_own_rows_only(url: str) -> None:
    publish(url, DAY, judged_day())
    publish(url, DAY + timedelta(days=1), judged_day(DAY + timedelta(days=1), prefix="next-"))
    smaller = {
        name: frame.filter(pl.col("call_id") == "good") if "call_id" in frame.columns else frame
        for name, frame in judged_day().items()
    }
    publish(url, DAY, smaller)
    assert ask(url, "SELECT business_date, count(*) FROM qc_call_results GROUP BY business_date ORDER BY 1") == [
        (DAY if not url.startswith("sqlite") else "2026-11-20", 1),
        (DAY + timedelta(days=1) if not url.startswith("sqlite") else "2026-11-21", 6),
    ]
    assert ask(url, "SELECT count(*) FROM qc_findings WHERE call_id LIKE 'next-%'") == [(2,)]


PROMISES = """
SELECT agent_id, count(*) AS promises FROM qc_promises_unfounded
WHERE business_date BETWEEN '2026-11-16' AND '2026-11-22' GROUP BY agent_id ORDER BY agent_id
"""


def test_promises_that_nobody_made_by_agent_this_week_are_one_select(url: str) -> None:
    for back in range(9):
        day = DAY - timedelta(days=back)
        publish(url, day, judged_day(day, prefix=f"{back}-"))
    assert ask(url, PROMISES) == [("A1", 5)]  # Monday to Friday, one a day


def test_another_mismatch_of_a_promise_is_not_an_unfounded_promise(url: str) -> None:
    tables = judged_day()
    swap = {"CN-PTP-01": "CN-DISP-01"}  # a complaint that was not recorded
    tables["findings"] = tables["findings"].with_columns(pl.col("rule_id").replace(swap))
    publish(url, DAY, tables)
    assert ask(url, "SELECT call_id FROM qc_promises_unfounded") == []
    assert ask(url, "SELECT call_id, rule_id FROM qc_outcome_mismatches") == [("vague", "CN-DISP-01")]


def test_a_view_stands_beside_the_dialers_own_table(url: str) -> None:
    do(
        url,
        "CREATE TABLE call_log (call_no VARCHAR(20) PRIMARY KEY, result_code VARCHAR(10))",
        "INSERT INTO call_log VALUES ('vague', '01'), ('threat', '99'), ('other', '01')",
    )
    before = ask(url, "SELECT * FROM call_log ORDER BY call_no")
    prepare(url, ("call_log", "call_no", "result_code"))
    prepare(url, ("call_log", "call_no", "result_code"))
    publish(url, DAY, judged_day())
    assert ask(url, "SELECT call_id, outcome, outcome_now, verdict FROM qc_outcomes_now ORDER BY call_id") == [
        ("threat", "OTHER", "99", "fail"),
        ("vague", "PTP", "01", "fail"),
    ]
    assert ask(url, "SELECT * FROM call_log ORDER BY call_no") == before
    assert [column["name"] for column in sa.inspect(sa.create_engine(url)).get_columns("call_log")] == [
        "call_no",
        "result_code",
    ]


@pytest.mark.parametrize("view", schema.VIEWS)
def test_every_view_can_be_read(url: str, view: str) -> None:
    publish(url, DAY, judged_day())
    assert ask(url, f"SELECT * FROM {view}")


def test_violations_carry_everything_needed_to_argue(url: str) -> None:
    publish(url, DAY, judged_day())
    lineage = "audio_sha256, run_id, rulebook_fingerprint, speech_fingerprint"
    columns = f"rule_id, rule_version, start_ms, end_ms, outcome, {lineage}, agent_id"
    [row] = ask(url, f"SELECT {columns} FROM qc_violations WHERE call_id = 'threat'")
    assert row == ("CN-THR-01", 2, 600, 1200, "OTHER", "sha-threat", "run", "f" * 64, "e" * 64, "A2")


def test_no_number_and_no_name_is_published(url: str) -> None:
    tables = judged_day()
    canary = "，".join([*NUMBERS, NAME])
    tables["findings"] = tables["findings"].with_columns(quote=pl.lit(f"说{canary}"), reason=pl.lit(f"因为{canary}"))
    tables["attempts"] = tables["attempts"].with_columns(outcome_raw=pl.lit(canary))
    publish(url, DAY, tables)
    text = repr(everything(url))
    assert not [secret for secret in [*NUMBERS[:3], "zhang.san"] if secret in text]
    assert NAME not in repr(ask(url, "SELECT quote, reason FROM qc_findings"))
    [(quote,)] = ask(url, "SELECT quote FROM qc_findings WHERE call_id = 'threat'")
    assert len(quote) == len(f"说{canary}") and quote.endswith("张**")


def test_values_that_look_like_something_else_stay_what_they_are(url: str) -> None:
    odd = ["", 'a"b', "a,b", "a\nb", "\\N", "NULL", "'; DROP TABLE qc_runs; --", "😀", "a\\b", "%s :x"]
    tables = judged_day()
    rows = pl.concat(
        [
            tables["findings"]
            .filter(call_id="threat", verdict="fail")
            .with_columns(reason=pl.lit(text), rule_id=pl.lit(f"R{n}"))
            for n, text in enumerate(odd)
        ]
    )
    publish(url, DAY, tables | {"findings": rows})
    assert [reason for (reason,) in ask(url, "SELECT reason FROM qc_findings ORDER BY rule_id")] == odd


def test_long_names_are_cut_and_ids_that_differ_in_case_are_two(url: str) -> None:
    tables = judged_day()
    swap = {"good": "Call", "vague": "call"}
    tables = {
        name: frame.with_columns(pl.col("call_id").replace(swap)) if "call_id" in frame.columns else frame
        for name, frame in tables.items()
    }
    tables["attempts"] = tables["attempts"].with_columns(team=pl.lit("组" * 500))
    publish(url, DAY, tables)
    assert ask(url, "SELECT count(*) FROM qc_call_results WHERE call_id IN ('Call', 'call')") == [(2,)]
    assert {len(team) for (team,) in ask(url, "SELECT team FROM qc_call_results")} == {120}


def test_an_empty_day_is_published_as_such(url: str) -> None:
    publish(url, DAY, judged_day())
    empty = {name: frame.clear() for name, frame in judged_day().items()} | {"runs": judged_day()["runs"]}
    assert publish(url, DAY, empty) == {"qc_runs": 1, "qc_call_results": 0, "qc_findings": 0, "qc_components": 0}
    assert ask(url, "SELECT count(*) FROM qc_call_results") == [(0,)]


def test_one_call_or_one_day_can_be_withdrawn(url: str) -> None:
    publish(url, DAY, judged_day())
    assert withdraw(url, ["threat"]) == 1 + 1 + 2
    assert "threat" not in repr(everything(url)).replace("sha-threat", "")
    assert withdraw_day(url, DAY) == 1 + 5 + 1 + 4
    assert everything(url) == {table: [] for table in TABLES}


def test_a_withdrawn_call_is_named_by_no_other_finding(url: str) -> None:
    """Regression: related_calls and reason of other calls kept the id of a call that was forgotten."""
    gone = "c_13812345678%"
    proof = pl.when(pl.col("verdict") == "fail").then(pl.lit(["good", gone, f"{gone}9"]))
    tables = judged_day()
    tables["findings"] = tables["findings"].with_columns(
        related_calls=proof, reason=pl.lit(f"与good、{gone}、goodness共4次")
    )
    publish(url, DAY, tables)
    withdraw(url, ["good", gone])
    found = set(ask(url, "SELECT related_calls, reason FROM qc_findings"))
    assert found == {(f"{gone}9", "与–、–、goodness共4次")}


class Gone(Exception):
    """What a test raises in the middle of publishing."""


@pytest.mark.parametrize("table", TABLES)
def test_interrupted_in_the_middle_nothing_is_half(url: str, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(url, DAY, judged_day())
    before = everything(url)
    insert = publishing._insert

    def interrupt(connection: sa.Connection, name: str, frame: pl.DataFrame) -> None:
        insert(connection, name, frame)
        if name == table:
            raise Gone

    monkeypatch.setattr(publishing, "_insert", interrupt)
    changed = judged_day() | {"runs": judged_day()["runs"].with_columns(run_id=pl.lit("second"))}
    with pytest.raises(Gone):
        publish(url, DAY, changed)
    assert everything(url) == before
    monkeypatch.undo()
    publish(url, DAY, changed)
    assert ask(url, "SELECT run_id FROM qc_runs") == [("second",)]


def test_a_connection_lost_in_the_middle_is_told_and_nothing_is_half(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has no connection to lose; the file that goes away is tested below")
    publish(url, DAY, judged_day())
    before = everything(url)
    insert = publishing._insert
    own, end = (
        ("pg_backend_pid()", "SELECT pg_terminate_backend({})")
        if url.startswith("postgresql")
        else ("CONNECTION_ID()", "KILL {}")
    )

    def cut(connection: sa.Connection, name: str, frame: pl.DataFrame) -> None:
        if name == "qc_findings":
            [number] = connection.execute(sa.text(f"SELECT {own}")).one()
            do(url, end.format(number))
        insert(connection, name, frame)

    monkeypatch.setattr(publishing, "_insert", cut)
    with pytest.raises(ResultsError, match="nothing was changed there, publish again") as error:
        publish(url, DAY, judged_day())
    assert "\n" not in str(error.value)
    monkeypatch.undo()
    assert everything(url) == before


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    for address in (
        "postgresql+psycopg://me:secret@127.0.0.1:9/x?connect_timeout=2",
        "mysql+pymysql://me:secret@127.0.0.1:9/x",
        "sqlite:////nowhere/x.sqlite",
        "nonsense",
    ):
        with pytest.raises(ResultsError, match="publish") as error:
            publish(address, DAY, judged_day())
        assert "secret" not in str(error.value) and "\n" not in str(error.value)


def test_a_full_or_forbidden_database_file_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.sqlite"
    publish(url, DAY, judged_day())
    before = everything(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar()
    limited = sa.event.listens_for(sa.Engine, "connect")

    @limited
    def small_disk(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    try:
        many = judged_day()
        many["attempts"] = pl.concat([many["attempts"].with_columns(call_id=pl.lit(f"c{n}")) for n in range(400)])
        with pytest.raises(ResultsError, match="full"):
            publish(url, DAY, many)
    finally:
        sa.event.remove(sa.Engine, "connect", small_disk)
    assert everything(url) == before


FULL = {
    "postgresql": [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
        " 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON qc_findings FOR EACH ROW EXECUTE FUNCTION full_disk()",
    ],
    "mysql": [
        "CREATE TRIGGER full_disk BEFORE INSERT ON qc_findings FOR EACH ROW"
        " SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full: No space left on device'"
    ],
    "sqlite": [
        "CREATE TRIGGER full_disk BEFORE INSERT ON qc_findings"
        " BEGIN SELECT RAISE(ABORT, 'No space left on device'); END"
    ],
}


def test_a_server_whose_disk_is_full_keeps_the_old_day_and_says_so(url: str) -> None:
    publish(url, DAY, judged_day())
    before = everything(url)
    do(url, *FULL[sa.make_url(url).get_backend_name()])
    changed = judged_day() | {"runs": judged_day()["runs"].with_columns(run_id=pl.lit("second"))}
    with pytest.raises(ResultsError, match=r"No space left on device.*nothing was changed there") as error:
        publish(url, DAY, changed)
    assert "\n" not in str(error.value)
    assert everything(url) == before


def test_a_server_that_refuses_to_write_keeps_the_old_day_and_says_so(url: str) -> None:
    publish(url, DAY, judged_day())
    before = everything(url)
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        refusing = f"sqlite:///file:{address.database}?mode=ro&uri=true"
    elif address.get_backend_name() == "postgresql":
        options = f"{address.query['options']} -cdefault_transaction_read_only=on"
        refusing = address.update_query_dict({"options": options}).render_as_string(hide_password=False)
    else:
        refuse = {"init_command": "SET SESSION TRANSACTION READ ONLY"}
        refusing = address.update_query_dict(refuse).render_as_string(hide_password=False)
    with pytest.raises(ResultsError, match=r"(?i)read.?only.*nothing was changed there"):
        publish(refusing, DAY, judged_day())
    assert everything(url) == before


def test_two_runs_publishing_at_once_take_turns(url: str) -> None:
    prepare(url)
    days = [DAY + timedelta(days=n) for n in range(4)]
    errors: list[Exception] = []

    def one(day: date) -> None:
        try:
            publish(url, day, judged_day(day, prefix=f"{day}-"))
            publish(url, DAY, judged_day())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(day,)) for day in days[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert ask(url, "SELECT count(*) FROM qc_call_results") == [(24,)]


def test_the_tables_have_exactly_the_columns_that_are_published(url: str) -> None:
    prepare(url)
    found = sa.inspect(sa.create_engine(url))
    frames = published(DAY, judged_day(), judged_day()["runs"])
    for table in TABLES:
        assert {column["name"] for column in found.get_columns(table)} == set(frames[table].columns)


def test_migrations_go_up_and_down_and_up_again(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    prepare(url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
    assert [name for name in sa.inspect(engine).get_table_names() if name in TABLES] == []
    publish(url, DAY, judged_day())


def migrate_to(url: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_a_filled_schema_of_the_first_version_is_upgraded_without_losing_a_row(url: str) -> None:
    """Every later program meets databases that an earlier one filled."""
    migrate_to(url, "r0001")
    frames = published(DAY, judged_day(), judged_day()["runs"])
    frames["qc_findings"] = frames["qc_findings"].drop("expected")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for table, frame in frames.items():
            publishing._insert(connection, table, frame)
        connection.commit()
    columns = {table: ", ".join(frame.columns) for table, frame in frames.items()}

    def rows() -> dict[str, list[tuple]]:
        return {table: sorted(ask(url, f"SELECT {names} FROM {table}"), key=repr) for table, names in columns.items()}

    before = rows()
    views = {view: len(ask(url, f"SELECT * FROM {view}")) for view in schema.VIEWS}
    prepare(url)
    prepare(url)
    assert rows() == before
    assert ask(url, "SELECT expected FROM qc_findings") == [(None,), (None,)]
    assert {view: len(ask(url, f"SELECT * FROM {view}")) for view in schema.VIEWS} == views
    publish(url, DAY, judged_day())
    assert ask(url, "SELECT DISTINCT expected FROM qc_violations") == [("只陈述事实",)]
    assert rows() == before


def test_the_views_answer_for_every_pack_and_for_a_firms_own_rules(url: str) -> None:
    """Regression: the views held ids of the Chinese pack, so a firm with another pack saw no mismatch at all."""
    tables = judged_day()
    swap = {"CN-PTP-01": "US-DISP-PTP"}
    tables["findings"] = tables["findings"].with_columns(pl.col("rule_id").replace(swap))
    publish(url, DAY, tables)
    assert ask(url, "SELECT call_id, rule_id FROM qc_promises_unfounded") == [("vague", "US-DISP-PTP")]
    assert ask(url, "SELECT call_id, rule_id FROM qc_outcome_mismatches") == [("vague", "US-DISP-PTP")]
    do(url, "INSERT INTO qc_rules (rule_id, about) VALUES ('OWN-1', 'outcome')")
    tables["findings"] = tables["findings"].with_columns(rule_id=pl.lit("OWN-1"))
    publish(url, DAY, tables)
    assert ask(url, "SELECT DISTINCT rule_id FROM qc_outcome_mismatches") == [("OWN-1",)]
    assert ask(url, "SELECT rule_id FROM qc_promises_unfounded") == []


def test_the_table_of_rules_knows_those_of_the_shipped_packs() -> None:
    from inspection.results.migrations.versions.r0002_expected import OUTCOME, PROMISE

    files = (Path(__file__).parent.parent / "lexicons").glob("*/rules/*.yaml")
    known = {rule["id"] for file in files for rule in yaml.safe_load(file.read_text("utf-8"))}
    assert {rule for rule in known if "-DISP-" in rule or "-PTP-" in rule} == set(OUTCOME)
    assert set(PROMISE) <= set(OUTCOME)


def test_tables_of_a_newer_version_are_left_alone(url: str) -> None:
    publish(url, DAY, judged_day())
    do(url, "UPDATE qc_schema_version SET version_num = 'r9999'")
    with pytest.raises(ResultsError, match=r"newer version \(r9999\)"):
        publish(url, DAY, judged_day())


FORBIDDEN = ["SELECT * FROM call_log", "DELETE FROM call_log", "DROP TABLE qc_runs", "CREATE TABLE x (y INT)"]


def _as(url: str, user: str) -> str:
    address = sa.make_url(url).set(username=user, password="pw")
    return address.render_as_string(hide_password=False)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_documented_grants_are_enough_and_no_more(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url:
        place = sa.make_url(url).query.get("options", "").removeprefix("-csearch_path=") or str(
            sa.make_url(url).database
        )
        user = f"u{place[-8:]}"
        do(url, "CREATE TABLE call_log (call_no VARCHAR(20), result_code VARCHAR(10))")
        prepare(url)
        do(
            url,
            f"CREATE ROLE {user} LOGIN PASSWORD 'pw'"
            if kind == "postgresql"
            else f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'",
        )
        try:
            do(url, *schema.grants(kind, user, place))
            publish(_as(url, user), DAY, judged_day())
            assert len(ask(url, "SELECT 1 FROM qc_call_results")) == 6
            for forbidden in (
                "SELECT * FROM call_log",
                "DELETE FROM call_log",
                "DROP TABLE qc_runs",
                "CREATE TABLE x (y INT)",
            ):
                with pytest.raises(sa.exc.DBAPIError):
                    do(_as(url, user), forbidden)
        finally:
            do(
                url,
                *(
                    [f"DROP OWNED BY {user}", f"DROP ROLE {user}"]
                    if kind == "postgresql"
                    else [f"DROP USER {user}@'%'"]
                ),
            )


@pytest.mark.parametrize(
    ("dialect", "user", "told"), [("sqlite", "x", "no users"), ("postgresql", 'x"; DROP', "not a plain name")]
)
def test_grants_are_refused_where_they_make_no_sense(dialect: str, user: str, told: str) -> None:
    with pytest.raises(ResultsError, match=told):
        schema.grants(dialect, user, "public")
