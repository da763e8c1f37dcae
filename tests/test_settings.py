"""Settings: what is read from where, and what a mistake says."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from inspection.cli import run as run_commands
from inspection.errors import SettingsError
from inspection.settings import Settings, load

TEMPLATE = run_commands.TEMPLATES / "inspection.toml"


def keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Dotted names of all settings."""
    names = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        nested = isinstance(kind, type) and issubclass(kind, BaseModel)
        names += keys(kind, f"{name}.") if nested else [f"{prefix}{name}"]
    return names


def documented(text: str) -> list[str]:
    """Dotted names of the settings that the template shows, commented out or not."""
    names, section = [], ""
    for line in text.splitlines():
        if found := re.match(r"\[(\w+)\]", line):
            section = f"{found[1]}."
        elif found := re.match(r"(?:# )?(\w+) = ", line):
            names.append(section + found[1])
    return names


def test_the_template_shows_every_setting_and_no_other():
    assert sorted(documented(TEMPLATE.read_text("utf-8"))) == sorted(keys(Settings))


def test_the_template_with_all_comments_taken_away_is_valid(tmp_path):
    lines = TEMPLATE.read_text("utf-8").splitlines()
    text = "\n".join(re.sub(r"^# (?=\w+ = )", "", line) for line in lines)
    path = tmp_path / "inspection.toml"
    path.write_text(text, "utf-8")
    assert load(path).timezone == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[speech]\nbatch_size = 0", "speech.batch_size"),
        ("[speech]\nbatchsize = 4", "speech.batchsize"),
        ("[recording]\nroots = []", "recording"),
        ('timezone = "Asia/Beijing"', "unknown time zone 'Asia/Beijing'"),
        ("[speech", "not valid TOML"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(tmp_path, content, expected):
    path = tmp_path / "inspection.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(SettingsError) as error:
        load(path)
    assert str(path) in str(error.value)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_secret_never_shows_in_an_error(tmp_path):
    path = tmp_path / "inspection.toml"
    path.write_text('[publish]\nurl = ["mysql://user:geheim@127.0.0.1/x"]', "utf-8")
    with pytest.raises(SettingsError) as error:
        load(path)
    assert "geheim" not in str(error.value)


def test_a_missing_file_says_how_to_write_one(tmp_path):
    with pytest.raises(SettingsError, match="inspection init"):
        load(tmp_path / "nowhere.toml")


def test_relative_paths_belong_to_the_file_not_to_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "firm").mkdir()
    path = tmp_path / "firm" / "inspection.toml"
    path.write_text('[recordings]\nroots = ["in", "s3://bucket/in"]\n[store]\nroot = "kept"', "utf-8")
    monkeypatch.chdir(tmp_path)
    settings = load(Path("firm/inspection.toml"))
    assert settings.recordings.roots == (str(tmp_path / "firm" / "in"), "s3://bucket/in")
    assert settings.store.root == str(tmp_path / "firm" / "kept")
    assert settings.store.transcripts == tmp_path / "firm" / "out" / "transcripts"


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    path = tmp_path / "inspection.toml"
    path.write_text("[speech]\nbatch_size = 4\nbeam_size = 3", "utf-8")
    monkeypatch.setenv("INSPECTION_SPEECH__BATCH_SIZE", "16")
    speech = load(path).speech
    assert (speech.batch_size, speech.beam_size) == (16, 3)
