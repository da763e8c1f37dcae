"""`inspection lexicon lint | test | scan`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.cli.lexicon import app
from inspection.errors import RulebookError

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"


def run(*arguments: str, **more):
    return CliRunner().invoke(app, [*arguments, "--rulebook", str(PACK)], **more)


def test_lint_and_test_say_how_many_hold():
    assert "entries load" in run("lint").output
    tested = run("test")
    assert tested.exit_code == 0 and "cases of" in tested.output and "hold" in tested.output


def test_failing_cases_are_named_and_fail_the_command(tmp_path):
    (tmp_path / "lexicon").mkdir()
    entry = (
        "- {id: threat.x, title: t, severity: major, roles: [agent], owner: o, source: s, terms: [坐牢],"
        " cases: [{role: agent, say: 你好, hit: true}]}"
    )
    (tmp_path / "lexicon" / "threat.yaml").write_text(entry, "utf-8")
    result = CliRunner().invoke(app, ["test", "--rulebook", str(tmp_path)])
    assert isinstance(result.exception, RulebookError) and "threat.x" in result.output and "0 of 1" in result.output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["你会坐牢的"], ["坐牢", "false_consequence.prison", "kept"]),
        (["你会坐|牢的"], ["坐牢", "kept"]),
        (["您不会坐牢"], ["cleared by negation", "negation: before: 不会"]),
        (["你会坐牢", "--role", "customer"], ["cleared by role"]),
        (["您好"], ["no hit"]),
        (["我要找人工客服", "--role", "customer"], ["[我要|…] ..3 [找|…] ..3 [人工|客服|…]"]),
    ],
)
def test_scan_shows_hits_and_the_step_that_decided(arguments, shown):
    result = run("scan", *arguments)
    assert result.exit_code == 0 and all(text in result.output for text in shown), result.output


def test_scan_reads_lines_and_survives_what_no_terminal_should_send():
    result = run("scan", "-", input="你会坐牢\n\n不要脸\u202e😀\n")
    assert "1: 坐牢" in result.output and "3: 不要脸" in result.output
    assert run("scan", "坐\udc80牢").exit_code == 0
