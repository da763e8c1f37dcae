# ruff: noqa: E501  tables of cases read best one case a line
"""Transcripts from elsewhere: the contract of `inspection judge`, and the line and field of every mistake."""

from __future__ import annotations

import json

import pytest
from rules_kit import PACKS
from typer.testing import CliRunner

from inspection.cli.judge import app
from inspection.errors import InputError, RulebookError, UsageError
from inspection.rules.turnsfile import read_heard
from inspection.tables import FINDINGS, HITS, SCORES

TURN = {"call_id": "a", "role": "agent", "start_ms": 0, "end_ms": 900, "text": "您好"}


def lines(*rows) -> list[str]:
    return [row if isinstance(row, str) else json.dumps(row) for row in rows]


def heard(*turns, calls=None):
    return read_heard(
        lines(*turns), "turns.jsonl", None if calls is None else lines(*calls), "calls.jsonl", "Asia/Shanghai"
    )


BAD_TURNS = {
    "no JSON": ('{"call_id": ', "turns.jsonl:2: not valid JSON"),
    "a number of five thousand digits": ('{"call_id":"a","start_ms":' + "9" * 5000 + "}", "turns.jsonl:2: not valid JSON: a number has too many digits"),
    "a list": ("[1, 2]", "turns.jsonl:2: expected one object a line, found list"),
    "no call": ({**TURN, "call_id": None}, "turns.jsonl:2: call_id: is missing"),
    "an empty call": ({**TURN, "call_id": ""}, "turns.jsonl:2: call_id: '' is not a text"),
    "a numeric call": ({**TURN, "call_id": 7}, "turns.jsonl:2: call_id: 7 is not a text"),
    "no role": ({k: v for k, v in TURN.items() if k != "role"}, "turns.jsonl:2: role: is missing"),
    "another role": ({**TURN, "role": "boss"}, "turns.jsonl:2: role: 'boss' is not one of agent, robot, customer, unknown"),
    "no text": ({**TURN, "text": 3}, "turns.jsonl:2: text: 3 is not a text"),
    "a time in words": ({**TURN, "start_ms": "0"}, "turns.jsonl:2: start_ms: '0' is not a whole number"),
    "a negative time": ({**TURN, "start_ms": -1}, "turns.jsonl:2: start_ms: -1 is not a whole number"),
    "a time that is no number": ('{"call_id":"a","role":"agent","start_ms":NaN,"end_ms":1,"text":""}', "turns.jsonl:2: start_ms: "),
    "a broken time": ({**TURN, "end_ms": 1.5}, "turns.jsonl:2: end_ms: 1.5 is not a whole number"),
    "an end before the start": ({**TURN, "start_ms": 5000}, "turns.jsonl:2: end_ms: 900 lies before start_ms 5000"),
    "a misspelt field": ({**TURN, "word_probabilty": 0.5}, "turns.jsonl:2: word_probabilty: unknown field; did you mean 'word_probability'?"),
    "an impossible probability": ({**TURN, "word_probability": 90}, "turns.jsonl:2: word_probability: 90 is not a number from 0 to 1"),
    "words that are no list": ({**TURN, "words": "您好"}, "turns.jsonl:2: words: expected a list"),
    "a word outside the text": ({**TURN, "words": [{"start": 0, "end": 9, "start_ms": 0, "end_ms": 1}]}, "turns.jsonl:2: words[0]: start, end: 0..9 lies outside"),
    "a word without a time": ({**TURN, "words": [{"start": 0, "end": 1}]}, "turns.jsonl:2: words[0]: start_ms: is missing"),
    "a word that was not said": ({**TURN, "words": [{"text": "再见", "start_ms": 0, "end_ms": 1}]}, "turns.jsonl:2: words[0]: text: is not in the turn's text"),
    "the same index twice": ({**TURN, "turn_index": 0}, "turns.jsonl:2: turn_index: the call has this index on another line too"),
    "an index on some lines": (TURN, "turns.jsonl:2: turn_index: give it on every line or on none"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TURNS)
def test_a_bad_turn_is_named_with_file_line_and_field(name):
    row, message = BAD_TURNS[name]
    first = {**TURN, "turn_index": 0} if "index" in name else TURN
    with pytest.raises(InputError) as error:
        heard(first, row)
    assert str(error.value).startswith(message)


BAD_CALLS = {
    "the same call twice": ([{"call_id": "a"}, {"call_id": "a"}], "calls.jsonl:2: call_id: 'a' stands on line 1 too"),
    "a wrong date": ([{"call_id": "a", "due_date": "20.11.2026"}], "calls.jsonl:1: due_date: "),
    "a wrong instant": ([{"call_id": "a", "dialed_at": 1700000000}], "calls.jsonl:1: dialed_at: 1700000000 is not an instant"),
    "a wrong flag": ([{"call_id": "a", "consent_window": "yes"}], "calls.jsonl:1: consent_window: 'yes' is not true or false"),
    "a wrong number": ([{"call_id": "a", "dpd": "7"}], "calls.jsonl:1: dpd: '7' is not a whole number"),
    "a channel that no wire has": ([{"call_id": "a", "agent_channel": 999}], "calls.jsonl:1: agent_channel: 999 is not one of 0, 1"),
    "a number beyond all bounds": ([{"call_id": "a", "dpd": 3_000_000_000}], "calls.jsonl:1: dpd: 3000000000 is not a whole number up to 2147483647"),
    "another kind of agent": ([{"call_id": "a", "agent_kind": "alien"}], "calls.jsonl:1: agent_kind: 'alien' is not one of robot, human"),
    "a code of the dialer's own": ([{"call_id": "a", "outcome": "FOO"}], "calls.jsonl:1: outcome: 'FOO' is not one of PTP, "),
    "a wrong zone": ([{"call_id": "a", "timezone": "Beijing"}], "calls.jsonl:1: timezone: 'Beijing' is not an IANA time zone"),
    "an answer before the dialling": ([{"call_id": "a", "dialed_at": "2026-11-20T10:00:00", "answered_at": "2026-11-20T09:59:59"}], "calls.jsonl:1: answered_at: lies before dialed_at"),
    "an end before the answer": ([{"call_id": "a", "answered_at": "2026-11-20T10:00:00", "ended_at": "2026-11-20T09:59:59"}], "calls.jsonl:1: ended_at: lies before answered_at"),
    "a talk below nothing": ([{"call_id": "a", "talk_ms": -1}], "calls.jsonl:1: talk_ms: -1 is below 0"),
    "a misspelt fact": ([{"call_id": "a", "outcom": "PTP"}], "calls.jsonl:1: outcom: unknown field; did you mean 'outcome'?"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_bad_call_is_named_with_file_line_and_field(name):
    rows, message = BAD_CALLS[name]
    with pytest.raises(InputError) as error:
        heard(TURN, calls=rows)
    assert str(error.value).startswith(message)


def test_a_clock_time_that_was_skipped_in_spring_is_read_as_an_instant():
    read = heard(TURN, calls=[{"call_id": "a", "dialed_at": "2026-03-08T02:30:00", "timezone": "America/New_York"}])
    assert read.attempts["dialed_at"].dt.strftime("%H:%M").to_list() == ["07:30"]


def test_turns_are_numbered_by_their_start_and_unlisted_calls_are_added():
    read = heard(
        {**TURN, "start_ms": 500},
        {**TURN, "text": "先说"},
        "",
        {**TURN, "call_id": "b"},
        calls=[{"call_id": "z", "stage": "M1"}],
    )
    assert read.turns.filter(call_id="a").sort("turn_index")["text"].to_list() == ["先说", "您好"]
    assert read.attempts["call_id"].to_list() == ["z", "a", "b"]


def test_words_are_placed_by_offset_or_by_their_text():
    by_text = heard(
        {
            **TURN,
            "words": [
                {"text": "您", "start_ms": 0, "end_ms": 400},
                {"text": "好", "start_ms": 400, "end_ms": 900, "probability": 0.5},
            ],
        }
    )
    by_place = heard(
        {
            **TURN,
            "words": [
                {"start": 0, "end": 1, "start_ms": 0, "end_ms": 400},
                {"start": 1, "end": 2, "start_ms": 400, "end_ms": 900, "probability": 0.5},
            ],
        }
    )
    assert by_text.words.equals(by_place.words) and by_text.words["start"].to_list() == [0, 1]


def test_times_of_day_without_an_offset_are_local():
    read = heard(
        TURN,
        calls=[
            {
                "call_id": "a",
                "dialed_at": "2026-11-20T09:00:00",
                "answered_at": "2026-11-20T09:00:05+08:00",
                "ended_at": "2026-11-20T01:01:05Z",
            }
        ],
    )
    row = read.attempts.row(0, named=True)
    assert row["dialed_at"].isoformat() == "2026-11-20T01:00:00+00:00" and row["talk_ms"] == 60_000


def run(tmp_path, turns, calls=None, rulebook=None):
    (tmp_path / "turns.jsonl").write_text("\n".join(lines(*turns)), "utf-8")
    arguments = ["--turns", str(tmp_path / "turns.jsonl"), "--out", str(tmp_path / "out")]
    if calls is not None:
        (tmp_path / "calls.jsonl").write_text("\n".join(lines(*calls)), "utf-8")
        arguments += ["--calls", str(tmp_path / "calls.jsonl")]
    return CliRunner().invoke(app, arguments + (["--rulebook", str(rulebook)] if rulebook else []))


def test_the_command_writes_the_three_tables_with_the_columns_of_the_contract(tmp_path):
    turns = [
        TURN,
        {**TURN, "start_ms": 1000, "end_ms": 4000, "text": "再不还钱我就叫几个人去你家"},
        {**TURN, "call_id": "b", "text": "半个\ud800字符"},
    ]
    calls = [
        {
            "call_id": "a",
            "dialed_at": "2026-11-20T22:00:00",
            "direction": "outbound",
            "stage": "M1",
            "agent_kind": "human",
        }
    ]
    result = run(tmp_path, turns, calls)
    assert result.exit_code == 0, result.output
    tables = {
        name: [json.loads(line) for line in (tmp_path / "out" / f"{name}.jsonl").open(encoding="utf-8")]
        for name in ("hits", "findings", "scores")
    }
    for name, schema in (("hits", HITS), ("findings", FINDINGS), ("scores", SCORES)):
        assert list(tables[name][0]) == schema.names()
    hit = next(row for row in tables["hits"] if row["kept"] and row["quote"].endswith("叫几个人去你家"))
    assert (hit["call_id"], hit["turn_index"], hit["category"], hit["quote"][-7:], hit["via"]) == (
        "a",
        1,
        "threat",
        "叫几个人去你家",
        "text",
    )
    failed = {row["rule_id"] for row in tables["findings"] if row["call_id"] == "a" and row["verdict"] == "fail"}
    assert {"CN-THR-01", "CN-HOUR-01"} <= failed
    assert [row["call_id"] for row in tables["scores"]] == ["a", "b"] and tables["scores"][0]["score"] == 0


def test_the_commands_mistakes_are_one_line_each(tmp_path):
    result = run(tmp_path, [TURN, {**TURN, "role": "boss"}])
    assert isinstance(result.exception, InputError) and result.exception.exit_code == 9
    assert "turns.jsonl:2: role:" in str(result.exception) and "\n" not in str(result.exception)
    assert isinstance(run(tmp_path, [TURN], rulebook=tmp_path).exception, RulebookError)
    missing = CliRunner().invoke(app, ["--turns", str(tmp_path / "none.jsonl"), "--out", str(tmp_path)])
    assert isinstance(missing.exception, InputError) and "none.jsonl: cannot be read" in str(missing.exception)
    (tmp_path / "turns.jsonl").write_bytes(b'{"call_id": "\xff"}')
    assert PACKS.is_dir() and UsageError.exit_code == 2
    spoilt = CliRunner().invoke(app, ["--turns", str(tmp_path / "turns.jsonl"), "--out", str(tmp_path)])
    assert isinstance(spoilt.exception, InputError) and "turns.jsonl:1: not UTF-8 at byte 13" in str(spoilt.exception)
    (tmp_path / "calls.jsonl").write_bytes(b'{"call_id": "a"}\n{"call_id": "\xff"}')
    (tmp_path / "turns.jsonl").write_text("\n".join(lines(TURN)))
    both = ["--turns", str(tmp_path / "turns.jsonl"), "--calls", str(tmp_path / "calls.jsonl"), "--out", str(tmp_path)]
    assert "calls.jsonl:2: not UTF-8 at byte 13" in str(CliRunner().invoke(app, both).exception)


def test_a_firms_own_rulebook_judges_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inspection.toml").write_text('[rulebook]\npath = "ours"\n')
    result = run(tmp_path, [TURN])
    assert isinstance(result.exception, RulebookError) and "ours: no rulebook.yaml there" in str(result.exception)
