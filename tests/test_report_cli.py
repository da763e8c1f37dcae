"""`inspection report …`: pages again from stored results, mistakes in one line."""

import pytest
from report_factory import LAST, fill
from typer.testing import CliRunner

from inspection.cli.report import app
from inspection.errors import UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a store of two days."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "out" / "store", days=2, attempts=40)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "inspection.toml").write_text("[report]\nevidence_pages = 2\n", "utf-8")
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, list(words))


def test_day_writes_the_report_and_says_where(folder):
    result = run("day", LAST.isoformat())
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(folder / "out" / "reports" / LAST.isoformat() / "report.html")
    assert (folder / "out" / "reports" / LAST.isoformat() / "report.html").is_file()


def test_topic_takes_the_whole_store_unless_told_otherwise(folder):
    result = run("topic", "agencies")
    assert result.exit_code == 0, result.output
    assert f"agencies-2026-03-01-{LAST}" in result.output


def test_evidence_of_any_call_on_request(folder):
    result = run("evidence", "20260302-00001", "20260302-00002")
    assert result.exit_code == 0, result.output
    assert len(list((folder / "out" / "reports" / LAST.isoformat() / "evidence").glob("*.html"))) == 2


WRONG = [
    (("day", "2026-13-01"), "write a date as"),
    (("day", "2020-01-01"), "no results of that day"),
    (("topic", "agent"), "say which agent"),
    (("topic", "weather"), "no such topic"),
    (("evidence", "13800138000"), r"no call \*{7}8000"),
]


@pytest.mark.parametrize(("words", "told"), WRONG)
def test_a_mistake_is_explained_in_one_line(folder, words, told):
    with pytest.raises(UsageError, match=told) as caught:
        CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert "\n" not in str(caught.value)
