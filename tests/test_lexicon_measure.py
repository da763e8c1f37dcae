"""`inspection lexicon measure`: what it counts, what it prints, and the bars it holds the words to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.cli.lexicon import app
from inspection.errors import InputError, RulebookError
from inspection.lexicon.load import load_lexicon
from inspection.lexicon.measure import Sentence, fatal_hits, measure, read_clean, read_sentences

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"
ENTRY = (
    "- {id: ID, title: t, severity: SEVERITY, roles: [agent], owner: o, source: s, homophone: true, terms: TERMS,"
    " cases: [{role: agent, say: 你好, hit: false}]}"
)
SENTENCES = [
    Sentence(say="你会坐牢的", role="agent", categories=("false_consequence",)),
    Sentence(say="抓你去坐牢", role="agent", categories=("threat",)),
    Sentence(say="不会坐牢的", role="agent", categories=("false_consequence",)),
    Sentence(say="你会做牢的", role="agent", categories=("false_consequence",), kind="misheard"),
    Sentence(say=("你会坐", "牢的"), role="agent", categories=(), kind="innocent"),
    Sentence(say="您好", role="agent", categories=(), kind="innocent"),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A rulebook of two entries and one guard, with the pack's readings and folding."""
    folder = tmp_path_factory.mktemp("rulebook")
    (folder / "guards.yaml").write_text("negation: {before: {cues: [不会]}}", "utf-8")
    for name in ("syllables", "folding"):
        (folder / f"{name}.yaml").write_text((PACK / f"{name}.yaml").read_text("utf-8"), "utf-8")
    for category, severity, terms in (("false_consequence", "fatal", "[坐牢]"), ("threat", "minor", "[收拾你]")):
        entry = ENTRY.replace("ID", f"{category}.x").replace("SEVERITY", severity).replace("TERMS", terms)
        (folder / "lexicon").mkdir(exist_ok=True)
        (folder / "lexicon" / f"{category}.yaml").write_text(entry, "utf-8")
    return folder


def shares(book: Path, **options) -> dict[tuple[str, str], tuple]:
    rows = measure(load_lexicon(book), SENTENCES, **options).shares.iter_rows()
    return {(category, what): (part, whole, met) for category, what, part, whole, _, met in rows}


def test_recall_is_told_by_kind_and_precision_over_all_sentences(book):
    assert shares(book) == {
        ("false_consequence", "plain"): (1, 2, False),
        ("false_consequence", "misheard"): (1, 1, True),
        ("false_consequence", "precision"): (2, 4, None),  # 抓你去坐牢 was labelled threat, one sentence is innocent
        ("false_consequence", "innocent"): (1, 2, None),
        ("threat", "plain"): (0, 1, False),
        ("threat", "innocent"): (0, 2, None),
        ("all", "plain"): (1, 3, False),
        ("all", "misheard"): (1, 1, True),
        ("all", "precision"): (2, 4, None),
        ("all", "innocent"): (1, 2, False),
    }


def test_hits_below_the_asked_confidence_do_not_count(book):
    assert shares(book, min_confidence=0.9)["all", "misheard"] == (0, 1, False)


def test_wrong_sentences_say_what_was_found_and_which_step_cleared(book):
    wrong = measure(load_lexicon(book), SENTENCES).wrong.select("error", "category", "say", "quote", "step")
    assert set(wrong.iter_rows()) == {
        ("missed", "false_consequence", "不会坐牢的", "坐牢", "negation: before: 不会"),
        ("missed", "threat", "抓你去坐牢", None, None),
        ("false", "false_consequence", "抓你去坐牢", "坐牢", None),
        ("false", "false_consequence", "你会坐 / 牢的", "坐牢", None),
    }


# --- the command -----------------------------------------------------------------------------------------------------


def run(book: Path, *arguments: str):
    return CliRunner().invoke(app, ["measure", "--rulebook", str(book), *arguments])


@pytest.fixture
def labelled(tmp_path) -> str:
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(json.dumps(s.model_dump(), ensure_ascii=False) for s in SENTENCES), "utf-8")
    return str(path)


def test_the_table_has_a_line_a_category_and_marks_missed_bars(book, labelled):
    lines = run(book, labelled).output.splitlines()
    assert lines[0] == f"{labelled}: 6 sentences"
    assert ["|".join(line.split()) for line in lines[1:5]] == [
        "category|plain|misheard|precision|innocent",
        "false_consequence|1/2|50.0%|✗|1/1|100.0%|2/4|50.0%|1/2|50.0%",
        "threat|0/1|0.0%|✗|–|–|0/2|0.0%",
        "all|1/3|33.3%|✗|1/1|100.0%|2/4|50.0%|1/2|50.0%|✗",
    ]
    assert len(lines) == 6 and "plain 90%, misheard 75%, innocent 2%" in lines[5]


def test_misses_are_listed_with_the_reason(book, labelled):
    lines = run(book, labelled, "--misses").output.splitlines()[6:]
    assert len(lines) == 4
    assert "missed  threat  plain  agent: 抓你去坐牢    [nothing found]" in lines
    assert any("不会坐牢的" in line and "negation: before: 不会" in line for line in lines)


def test_json_holds_the_same_figures(book, labelled):
    told = json.loads(run(book, labelled, "--json", "--misses").output)
    assert (told["file"], told["sentences"], len(told["shares"]), len(told["wrong"])) == (labelled, 6, 10, 4)


def test_strict_fails_where_a_bar_is_missed(book, labelled):
    assert run(book, labelled).exit_code == 0
    assert isinstance(run(book, labelled, "--strict").exception, RulebookError)


def test_without_a_file_the_held_out_sentences_of_the_rulebook_are_measured(book, labelled):
    held_out = book / "measure" / "held_out.jsonl"
    assert str(held_out) in str(run(book).exception)
    held_out.parent.mkdir()
    held_out.write_text(Path(labelled).read_text("utf-8"), "utf-8")
    assert run(book).output.startswith(f"{held_out}: 6 sentences")


# --- the clean body --------------------------------------------------------------------------------------------------


def test_no_entry_of_a_fatal_category_accuses_anybody_in_the_packs_clean_body():
    turns = read_clean(PACK / "measure" / "clean.txt")
    assert turns["text"].n_unique() >= 3000 and set(turns["role"]) == {"agent", "robot", "customer"}
    found = fatal_hits(load_lexicon(PACK, check_cases=False), turns)
    assert found.select("say", "entry_id", "quote", "term").rows() == []


def test_hits_of_fatal_categories_in_clean_turns_are_shown(book, tmp_path):
    clean = tmp_path / "clean.txt"
    clean.write_text("agent\t您好\n\nagent\t你会坐牢\ncustomer\t我会坐牢\nagent\t收拾你\n", "utf-8")
    result = run(book, str(clean), "--clean", "--strict")
    lines = result.output.splitlines()
    assert lines[0].endswith("1 hits of fatal categories in 4 clean turns") and "你会坐牢" in lines[1]
    assert isinstance(result.exception, RulebookError)
    assert json.loads(run(book, str(clean), "--clean", "--json").output)["wrong"][0]["say"] == "你会坐牢"


def test_a_minor_entry_of_a_fatal_category_counts_too(book, tmp_path):
    lexicon = load_lexicon(book)
    fatal, minor = lexicon.entries
    grave = replace(lexicon, entries=(fatal, minor.model_copy(update={"category": "false_consequence"})))
    (tmp_path / "clean.txt").write_text("agent\t收拾你\n", "utf-8")
    turns = read_clean(tmp_path / "clean.txt")
    assert len(fatal_hits(grave, turns)) == 1 and len(fatal_hits(lexicon, turns)) == 0


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: not JSON"),
        ('{"say": "x", "role": "agent"}', "line 2: categories"),
        ('{"say": 3, "role": "agent", "categories": []}', "line 2: say"),
        ('{"say": "x", "role": "agent", "categories": ["treat"]}', "line 2: .*unknown 'treat'"),
        ("", "no sentence"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, words):
    path = tmp_path / "sentences.jsonl"
    path.write_text("\n" + line + "\n", "utf-8")
    with pytest.raises(InputError, match=words):
        read_sentences(path)


@pytest.mark.parametrize("line", ["agent 您好", "agnet\t您好", "agent\t  ", "unknown\t您好"])
def test_bad_clean_lines_are_named(tmp_path, line):
    path = tmp_path / "clean.txt"
    path.write_text("agent\t您好\n" + line + "\n", "utf-8")
    with pytest.raises(InputError, match="line 2: write role"):
        read_clean(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for reads in (read_sentences, read_clean):
        with pytest.raises(InputError, match="nowhere"):
            reads(tmp_path / "nowhere")
