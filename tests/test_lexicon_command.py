"""`inspection lexicon lint | test | measure | scan`, and what they measure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.cli.lexicon import app
from inspection.errors import InputError, RulebookError
from inspection.lexicon.load import load_lexicon
from inspection.lexicon.measure import Sentence, measure, read_sentences

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"
LEXICON = load_lexicon(PACK, check_cases=False)


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
    ],
)
def test_scan_shows_hits_and_the_step_that_decided(arguments, shown):
    result = run("scan", *arguments)
    assert result.exit_code == 0 and all(text in result.output for text in shown), result.output


def test_scan_reads_lines_and_survives_what_no_terminal_should_send():
    result = run("scan", "-", input="你会坐牢\n\n不要脸\u202e😀\n")
    assert "1: 坐牢" in result.output and "3: 不要脸" in result.output
    assert run("scan", "坐\udc80牢").exit_code == 0


def test_measure_counts_per_category_and_kind():
    sentences = [
        Sentence(say="你会坐牢的", role="agent", categories=("false_consequence",)),
        Sentence(say="保你平安", role="agent", categories=("threat",)),
        Sentence(say="你会做牢的", role="agent", categories=("false_consequence",), kind="misheard"),
        Sentence(say=("你会坐", "牢的"), role="agent", categories=()),
        Sentence(say="您好", role="agent", categories=()),
    ]
    result = measure(LEXICON, sentences)
    rows = {(r["category"], r["kind"]): r for r in result.categories.iter_rows(named=True)}
    assert (
        rows["false_consequence", "plain"]["recall"] == 1.0 and rows["false_consequence", "plain"]["precision"] == 0.5
    )
    assert rows["false_consequence", "misheard"]["recall"] == 1.0
    assert rows["threat", "plain"]["recall"] == 0.0 and rows["threat", "plain"]["precision"] is None
    assert result.innocent.select("sentences", "flagged", "share").rows() == [(2, 1, 0.5)]
    assert set(result.wrong.select("error", "category").rows()) == {
        ("missed", "threat"),
        ("false", "false_consequence"),
    }
    assert measure(LEXICON, sentences, min_confidence=0.9).categories.filter(kind="misheard")["recall"].to_list() == [
        0.0
    ]


def test_measure_prints_shares(tmp_path):
    path = tmp_path / "sentences.jsonl"
    path.write_text(
        json.dumps({"say": "你会坐牢的", "role": "agent", "categories": ["false_consequence"]}) + "\n", "utf-8"
    )
    result = run("measure", str(path), "--wrong")
    assert result.exit_code == 0 and "100.0 %" in result.output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ('{"say": "x", "role": "agent"}', "categories"),
        ('{"say": 3, "role": "agent", "categories": []}', "say"),
        ('{"say": "x", "role": "agent", "categories": ["treat"]}', "unknown 'treat'"),
        ("", "no sentence"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, words):
    path = tmp_path / "sentences.jsonl"
    path.write_text("\n" + line + "\n", "utf-8")
    with pytest.raises(InputError, match=words):
        read_sentences(path)
