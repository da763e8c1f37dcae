"""What a lexicon may not be: every mistake stops the load, and says where it is and what is right."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from inspection.errors import RulebookError
from inspection.lexicon.lint import lint
from inspection.lexicon.load import load_lexicon
from inspection.lexicon.model import CATEGORIES

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"

ENTRY = {
    "id": "threat.visit",
    "title": "威胁上门",
    "severity": "fatal",
    "roles": ["agent", "robot"],
    "owner": "compliance",
    "source": "domain §2.1",
    "terms": ["上门收拾你"],
    "cases": [
        {"role": "agent", "say": "我上门收拾你", "hit": True},
        {"role": "agent", "say": "上门取件", "hit": False},
    ],
}


REVIEWED = "reason: y, by: QA, date: 2026-11-24"


def write(folder: Path, *entries: dict, name: str = "threat.yaml", **files: str) -> Path:
    # JSON is YAML, too
    (folder / "lexicon").mkdir(exist_ok=True)
    (folder / "lexicon" / name).write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
    for file, text in files.items():
        (folder / f"{file}.yaml").write_text(text, "utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(RulebookError) as error:
        load_lexicon(folder)
    message = str(error.value)
    assert "\n" not in message and str(folder) in message
    return message


def test_the_pack_loads_with_an_entry_in_every_category():
    lexicon = load_lexicon(PACK)
    assert {entry.category for entry in lexicon.entries} == set(CATEGORIES)


def test_an_entry_loads(tmp_path):
    (entry,) = load_lexicon(write(tmp_path, ENTRY)).entries
    assert (entry.category, entry.status, entry.version, entry.homophone) == ("threat", "trial", 1, False)
    assert entry.guards == ("negation", "quotation", "question", "warning")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": "deadly"}, ["entry threat.visit", "severity", "'deadly'", "'fatal'"]),
        ({"roles": ["boss"]}, ["roles.0", "'boss'", "'agent'"]),
        ({"roles": []}, ["roles"]),
        ({"guards": ["negation", "irony"]}, ["guards.1", "'irony'", "'negation'"]),
        ({"category": "treat"}, ["category", "unknown category 'treat'", "threat"]),
        ({"category": "abuse"}, ["category", "abuse.yaml"]),
        ({"status": "maybe"}, ["status", "'maybe'", "'trial'"]),
        ({"owner": ""}, ["owner", "is empty"]),
        ({"source": None}, ["source", "not text"]),
        ({"colour": "red"}, ["colour", "unknown field"]),
        ({"id": "Visit"}, ["id", "category.idea"]),
        ({"version": 0}, ["version"]),
        ({"terms": []}, ["at least one term or pattern"]),
        ({"terms": ["上门收拾你", ""]}, ["terms.1", "is empty"]),
        ({"terms": [12378]}, ["terms.0", "12378", "quotes"]),
        ({"terms": ["！？"]}, ["terms", "'！？'", "fewer than 2"]),
        ({"terms": ["滚"]}, ["terms", "'滚'", "allow_short"]),
        ({"terms": ["滚滚滚"]}, ["terms", "'滚滚滚'", "allow_short"]),  # a stutter folds to one character
        ({"patterns": ["[找|派] ..4 [人]"]}, ["patterns", "allow_short"]),
        ({"patterns": ["[找人|派人] ..x [你家]"]}, ["patterns", "cannot be read"]),
        ({"patterns": ["[找人|，] ..2 [你家]"]}, ["patterns", "folds to nothing"]),
        ({"exceptions": ["上门收拾你"]}, ["exceptions", "itself a term"]),
        ({"exceptions": ["上門，收拾您"]}, ["exceptions", "itself a term"]),
        ({"exceptions": ["？"]}, ["exceptions", "folds to nothing"]),
        ({"cases": []}, ["cases"]),
        ({"cases": [{"role": "agent", "say": "你好"}]}, ["cases.0.hit", "is missing"]),
        ({"cases": [{"role": "agent", "say": "", "hit": True}]}, ["cases.0.say", "is empty"]),
        (
            {"cases": [{"role": "agent", "say": "你好", "hit": True}]},
            ["threat.yaml", "agent says '你好'", "a hit expected", "none found"],
        ),
        (
            {"cases": [{"role": "agent", "say": "上门收拾你家", "hit": False}]},
            ["no hit expected", "'上门收拾你'", "exception"],
        ),
        ({"window": {"first_s": 3, "last_s": 3}}, ["window", "either first_s or last_s"]),
    ],
)
def test_mistakes_in_an_entry(tmp_path, change, words):
    letters = "letters: {你: 您}"
    message = refusal(write(tmp_path, ENTRY | change, folding=letters))
    assert [word for word in words if word not in message] == [], message


def test_an_entry_without_a_field(tmp_path):
    for field in ("id", "title", "severity", "roles", "owner", "source", "cases"):
        message = refusal(write(tmp_path, {k: v for k, v in ENTRY.items() if k != field}))
        assert f"{field}: is missing" in message


def test_one_character_is_a_term_when_the_entry_says_so(tmp_path):
    short = ENTRY | {"terms": ["滚"], "allow_short": True, "cases": [{"role": "agent", "say": "你滚", "hit": True}]}
    assert load_lexicon(write(tmp_path, short)).entries[0].terms == ("滚",)


def test_doubled_ids_in_one_file_and_in_two(tmp_path):
    assert "threat.visit: id: stands twice" in refusal(write(tmp_path, ENTRY, ENTRY))
    other = tmp_path / "other"
    other.mkdir()
    write(other, ENTRY)
    assert "abuse.yaml and threat.yaml" in refusal(write(other, ENTRY, name="abuse.yaml"))


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("folding", "letters: {微信: wx}", ["letters", "'微信'", "spellings"]),
        ("folding", "letters: {你: 您, 他: 您}", ["letters", "'您'", "keep one"]),
        ("folding", "spellings: {微信: [v]}", ["spellings", "'v'", "shorter"]),
        ("folding", "spellings: {微信: [信微]}", ["spellings", "never settle"]),
        ("folding", "fillers: ['，']", ["fillers"]),
        ("folding", "filler: [嗯]", ["filler", "unknown field"]),
        ("syllables", "syllables: [[xin, xyz]]", ["syllables", "'xyz'"]),
        ("syllables", "readings: {还没: hai}", ["readings", "还没"]),
        ("syllables", "minimum: 1", ["minimum"]),
        ("guards", "negation: {before: {cues: []}}", ["negation.before.cues"]),
        ("waivers", f"[{{entry: threat.gone, say: x, {REVIEWED}}}]", ["threat.gone", "no such entry"]),
        ("waivers", "[{entry: threat.visit, say: x, by: QA, date: 2026-11-24}]", ["0.reason", "missing"]),
        ("waivers", "[{entry: threat.visit, say: x, reason: y, by: QA, date: soon}]", ["0.date", "date"]),
        ("waivers", f"[{{entry: threat.visit, say: 上门，收拾你, {REVIEWED}}}]", ["上门，收拾你", "waive every hit"]),
        ("waivers", f"[{{entry: threat.visit, say: '。', {REVIEWED}}}]", ["'。'", "waive every hit"]),
        ("guards", "role: {entries: [threat], before: {cues: [x]}}", ["role", "name of a step"]),
        ("guards", "irony: {before: {cues: [哦]}}", ["irony", "entries", "missing"]),
        ("guards", "irony: {entries: [treat], before: {cues: [x]}}", ["irony", "'treat'", "neither"]),
    ],
)
def test_mistakes_in_the_tables(tmp_path, file, text, words):
    message = refusal(write(tmp_path, ENTRY, **{file: text}))
    assert [word for word in [f"{file}.yaml", *words] if word not in message] == [], message


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, ["line 1", "aliases"]),
        ("- &a {id: x}\n- *a", ["aliases"]),
        ("- id: threat.x\n  id: threat.y", ["line 2", "'id' stands twice"]),
        ("- id: 'x", ["not valid YAML"]),
        ("\t- x", ["not valid YAML", "line 1"]),
        ("- !!python/object/apply:os.system ['true']", ["not valid YAML"]),
        ("id: threat.x", ["list of entries"]),
        ("- just words", ["entry 1", "mapping"]),
        ("- {source: 2026-13-45, id: threat.x}", ["quotes"]),
        ("[" * 3000, ["not valid YAML"]),
    ],
)
def test_files_that_are_no_lexicon(tmp_path, text, words):
    folder = write(tmp_path)
    (folder / "lexicon" / "threat.yaml").write_text(text, "utf-8")
    message = refusal(folder)
    assert [word for word in ["threat.yaml", *words] if word not in message] == [], message


def test_files_that_cannot_be_text(tmp_path):
    folder = write(tmp_path)
    path = folder / "lexicon" / "threat.yaml"
    path.write_bytes(b"- id: \xff\xfe")
    assert "UTF-8" in refusal(folder)
    with path.open("wb") as stream:
        stream.truncate(100_000_000)  # a hole: a file of 100 MB that takes no room
    assert "100 MB" in refusal(folder) and "split" in refusal(folder)
    path.unlink()
    path.mkdir()
    assert "cannot be read" in refusal(folder)


def test_folders_that_are_no_rulebook(tmp_path):
    assert "no folder lexicon/" in refusal(tmp_path)
    write(tmp_path, ENTRY, name="treats.yaml")
    assert "treats.yaml" in refusal(tmp_path) and "named after its category" in refusal(tmp_path)


def test_an_empty_lexicon_loads_and_finds_nothing(tmp_path):
    folder = write(tmp_path)
    (folder / "lexicon" / "threat.yaml").write_text("", "utf-8")
    assert load_lexicon(folder).entries == ()


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"terms": ["上门收拾你", "大麻"], "exceptions": []}, "'大麻' is part of"),
        ({"exceptions": ["快递取件"]}, "'快递取件' can never cover"),
        ({"cases": ENTRY["cases"][:1]}, "no innocent sentence"),
        ({"cases": ENTRY["cases"][1:]}, "no sentence that must be found"),
        ({"terms": ["上门收拾你", "上门，收拾你"]}, "fold to the same words"),
        ({"terms": ["上门收拾你", "检察院"], "homophone": True}, "'检察院' sounds like"),
        ({"terms": ["上门收拾你", "打打打"], "allow_short": True}, "terms: '打打打' folds to '打'"),  # a stutter
        ({"terms": ["上门收拾你", "滚！滚！滚！"], "allow_short": True}, "'滚！滚！滚！' folds to '滚'"),
        ({"patterns": ["[打打打|骂] ..4 [你家]"]}, "patterns: '打打打' folds to '打'"),
    ],
)
def test_lint_doubts_what_a_second_reader_would_doubt(tmp_path, change, doubt):
    shutil.copy(PACK / "syllables.yaml", tmp_path)
    doubts = [str(d) for d in lint(load_lexicon(write(tmp_path, ENTRY | change)))]
    assert any(doubt in line for line in doubts), doubts


def test_lint_has_no_doubt_about_a_good_entry_and_sees_a_term_in_two(tmp_path):
    assert lint(load_lexicon(write(tmp_path, ENTRY))) == []
    plain = ENTRY | {"terms": ["上门收拾你", "滚", "滚！", "试试"], "allow_short": True}  # no stutters
    assert [d for d in lint(load_lexicon(write(tmp_path, plain))) if "stutter" in d.message] == []
    twin = ENTRY | {"id": "threat.twin"}
    (doubt,) = lint(load_lexicon(write(tmp_path, ENTRY, twin)))
    assert (doubt.entry, doubt.field) == ("threat.twin", "terms") and "threat.visit" in doubt.message
