"""A person says who the agent of a call is: the file of decisions, the command, the day that judges by them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from days import short_day, transcripts
from typer.testing import CliRunner

from inspection import day
from inspection.cli.main import app
from inspection.demo.prepare import BUSINESS_DATE
from inspection.errors import SpeechError, UsageError
from inspection.results.retention import forget
from inspection.results.store import Store
from inspection.settings import load
from inspection.speech.review import decide, reviewed_roles, withdraw


def test_decisions_are_kept_replaced_and_withdrawn(tmp_path):
    path = tmp_path / "new" / "reviewed_roles.csv"
    assert reviewed_roles(path) == {}
    assert withdraw(path, ["a"]) == 0
    assert not path.exists()
    for call_id, voice in (("b,1", 0), ("a", 1), ("a", 0)):
        decide(path, call_id, voice)
    assert reviewed_roles(path) == {"a": 0, "b,1": 0}
    assert withdraw(path, ["a", "nobody"]) == 1
    assert reviewed_roles(path) == {"b,1": 0}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"call_id,voice\na,1\n", "line 1: the columns are call_id,agent_voice"),
        (b"call_id,agent_voice\na,1\nb,2\n", "line 3: write a call's id and 0 or 1"),
        (b"call_id,agent_voice\na\n", "line 2: write a call's id and 0 or 1"),
        (b"call_id,agent_voice\n,1\n", "line 2: write a call's id and 0 or 1"),
        ("call_id,agent_voice\n呼叫,1\n".encode("gbk"), "cannot be read: .*; it is a CSV in UTF-8"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_line(tmp_path, content, said):
    path = tmp_path / "reviewed_roles.csv"
    path.write_bytes(content)
    with pytest.raises(SpeechError, match=f"reviewed_roles.csv: {said}"):
        reviewed_roles(path)


def test_a_spreadsheets_mark_at_the_beginning_is_no_mistake(tmp_path):
    path = tmp_path / "reviewed_roles.csv"
    path.write_bytes("\ufeffcall_id,agent_voice\r\na,1\r\n".encode())
    assert reviewed_roles(path) == {"a": 1}


def whole_day(path: Path) -> pl.DataFrame:
    """Runs the day; the turns that are stored."""
    settings = load(path)
    for batch in day.take_in(settings, BUSINESS_DATE):
        day.listen(settings, BUSINESS_DATE, batch)
    day.judge(settings, BUSINESS_DATE)
    day.keep(settings, BUSINESS_DATE)
    return Store(settings.store.root).day("turns", BUSINESS_DATE)


def test_a_day_judges_by_a_reviewers_word_and_hears_nothing_again(tmp_path):
    path = short_day(tmp_path, recordings=2)
    before, heard = whole_day(path), transcripts(path)
    store = Store(load(path).store.root)
    call, voice = store.day("audio", BUSINESS_DATE).drop_nulls("agent_voice").select("call_id", "agent_voice").row(0)
    run = store.day("runs", BUSINESS_DATE)["run_id"].item()

    shown = CliRunner().invoke(app, ["roles", call, "--agent", str(1 - voice), "--settings", str(path)])
    assert shown.exit_code == 0, shown.output
    assert f"voice {voice}: agent" in shown.output
    assert f"`inspection run --date {BUSINESS_DATE}`" in shown.output

    after = whole_day(path)
    assert transcripts(path) == heard
    here = pl.col("call_id") == call
    sides = {"agent": "customer", "robot": "customer"}
    staff = (set(before.filter(here)["role"]) & set(sides)).pop()
    expected = before.filter(here)["role"].replace(sides | {"customer": staff})
    assert after.filter(here)["role"].to_list() == expected.to_list()
    assert after.filter(~here).equals(before.filter(~here))
    assert store.day("audio", BUSINESS_DATE).filter(here).select("role_basis", "agent_voice").row(0) == (
        "reviewer", 1 - voice,
    )  # fmt: skip
    assert store.day("runs", BUSINESS_DATE)["run_id"].item() != run, "other input, another run"

    forget(load(path), call, "request")
    assert reviewed_roles(load(path).store.reviewed_roles) == {}


def test_a_call_that_nobody_heard_has_no_roles(tmp_path):
    path = short_day(tmp_path, recordings=0)
    with pytest.raises(UsageError, match="no stored day has heard this call"):
        CliRunner().invoke(app, ["roles", "nobody", "--settings", str(path)], catch_exceptions=False)
