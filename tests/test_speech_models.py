"""Which models the settings mean: found or explained, and every file and setting that matters in the fingerprint."""

from __future__ import annotations

import json
import shutil

import pytest
from speech_sounds import encoded, recording, voice
from typer.testing import CliRunner

from inspection.cli.speech import app
from inspection.errors import SettingsError, SpeechError, UsageError
from inspection.settings import SpeechSettings
from inspection.speech import models
from inspection.speech.doctor import examine
from inspection.speech.transcribe import Word


@pytest.fixture
def folders(tmp_path):
    """Two model folders with invented files: enough to be found and hashed, not to be loaded."""
    for role, files in (
        ("recogniser", ("model.bin", "config.json", "tokenizer.json", "vocabulary.json")),
        ("diarizer", ("config.yaml", "seg/pytorch_model.bin")),
    ):
        for file in files:
            path = tmp_path / role / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{role} {file}")
    return tmp_path


def settings(folders, **changes) -> SpeechSettings:
    given = {"recogniser": str(folders / "recogniser"), "diarizer": str(folders / "diarizer")} | changes
    return SpeechSettings(**given)


CHANGES_WORDS = [
    {"language": "en"}, {"compute_type": "float32"}, {"device": "cuda"}, {"beam_size": 3}, {"clip_max_s": 20.0},
    {"hotwords": ("示例银行",)}, {"short_windows": True},
]  # fmt: skip
CHANGES_NOTHING = [
    {"batch_size": 1}, {"calls_per_batch": 3}, {"cpu_threads": 1}, {"min_role_confidence": 0.9},
    {"min_word_probability": 0.1}, {"agent_channel": "left"}, {"allow_download": True}, {"calls_per_task": 1},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES_WORDS, ids=str)
def test_a_setting_that_can_change_a_word_changes_the_fingerprint(folders, change):
    assert models.speech_fingerprint(settings(folders, **change)) != models.speech_fingerprint(settings(folders))


@pytest.mark.parametrize("change", CHANGES_NOTHING, ids=str)
def test_a_setting_that_cannot_does_not(folders, change):
    assert models.speech_fingerprint(settings(folders, **change)) == models.speech_fingerprint(settings(folders))


def test_every_setting_is_known_to_change_words_or_not():
    """A new setting has to be thought about: it is in one of the lists above, or it names a model."""
    known = {name for change in CHANGES_WORDS + CHANGES_NOTHING for name in change}
    named = {f"{role}{end}" for role in ("recogniser", "diarizer") for end in ("", "_revision")}
    assert set(SpeechSettings.model_fields) == known | named


@pytest.mark.parametrize(
    "file", ["recogniser/model.bin", "recogniser/tokenizer.json", "diarizer/seg/pytorch_model.bin"]
)
def test_a_changed_model_file_changes_the_fingerprint(folders, file):
    before = models.speech_fingerprint(settings(folders))
    (folders / file).write_text("another model")
    assert models.speech_fingerprint(settings(folders)) != before


@pytest.mark.parametrize(
    ("beside", "given", "expected"),
    [
        (None, {}, (28.0, False)),
        ({"clip_max_s": 4.0, "short_windows": True}, {}, (4.0, True)),
        ({"clip_max_s": 4.0}, {}, (4.0, False)),
        ({"clip_max_s": 4.0, "short_windows": True}, {"clip_max_s": 20.0, "short_windows": False}, (20.0, False)),
    ],
    ids=["a full-size Whisper", "a small one", "half said", "the firm's settings win"],
)
def test_a_recogniser_says_beside_itself_how_it_wants_its_clips(folders, beside, given, expected):
    if beside is not None:
        (folders / "recogniser" / "listening.json").write_text(json.dumps(beside))
    chosen = settings(folders, **given)
    assert (chosen.longest_clip_s, chosen.windows_fit_clips) == expected


@pytest.mark.parametrize(
    ("content", "says"), [('{"clip_max_s": 60}', "clip_max_s"), ('{"clip": 4}', "clip"), ("{", "Invalid JSON")]
)
def test_a_mistake_beside_the_recogniser_names_file_and_field(folders, content, says):
    path = folders / "recogniser" / "listening.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=says) as caught:
        _ = settings(folders).longest_clip_s
    assert str(path) in str(caught.value)


def test_where_the_models_lie_and_what_their_cards_say_changes_nothing(folders, tmp_path):
    before = models.speech_fingerprint(settings(folders))
    (folders / "recogniser" / "README.md").write_text("a card")
    shutil.move(folders / "recogniser", folders / "moved")
    assert models.speech_fingerprint(settings(folders, recogniser=str(folders / "moved"))) == before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/nowhere/at/all", "no such directory"),
        ("models", "no such directory"),
        ("nobody/has-this-model", "not in the hub's local cache"),
    ],
)
def test_a_missing_model_says_how_to_get_it(folders, name, says):
    with pytest.raises(SpeechError, match=says) as caught:
        models.load_engines(settings(folders, recogniser=name))
    assert "hf download" in str(caught.value)
    assert "without: copy" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("role", "gone", "says"),
    [
        ("recogniser", "tokenizer.json", r"lacks tokenizer\.json"),
        ("recogniser", "vocabulary.json", r"lacks vocabulary\.json or vocabulary\.txt"),
        ("diarizer", "seg/pytorch_model.bin", r"lacks seg; "),
    ],
)
def test_an_incomplete_model_names_the_file(folders, role, gone, says):
    (folders / "diarizer" / "config.yaml").write_text("pipeline: {params: {segmentation: $model/seg}}")
    (folders / role / gone).unlink()
    with pytest.raises(SpeechError, match=says):
        getattr(models, f"{role}_folder")(settings(folders))


def test_older_models_have_their_vocabulary_as_text(folders):
    vocabulary = folders / "recogniser" / "vocabulary.json"
    vocabulary.rename(vocabulary.with_suffix(".txt"))
    assert models.recogniser_folder(settings(folders)) == folders / "recogniser"


def test_a_pointer_in_place_of_a_model_is_told(folders):
    (folders / "diarizer" / "seg" / "pytorch_model.bin").write_text("version https://git-lfs.github.com/spec/v1\noid 1")
    with pytest.raises(SpeechError, match=r"pytorch_model\.bin is a git-lfs pointer, not the file; run `git lfs pull`"):
        models.diarizer_folder(settings(folders))


def test_the_remedy_names_the_wanted_revision(folders):
    with pytest.raises(SpeechError, match=r"hf download nobody/has-this-model --revision abc"):
        models.recogniser_folder(settings(folders, recogniser="nobody/has-this-model", recogniser_revision="abc"))


def test_doctor_warns_of_the_sample_days_models():
    said = [finding.detail for finding in examine(SpeechSettings())]
    assert sum("never for real calls" in detail for detail in said) == 2


def test_engines_are_the_same_for_the_same_settings_and_load_nothing_yet(folders):
    assert models.load_engines(settings(folders)) is models.load_engines(settings(folders))


def test_a_model_that_does_not_load_is_one_clear_error(folders):
    engines = models.load_engines(settings(folders))
    for load in (engines.load_recogniser, engines.load_diarizer):
        with pytest.raises(SpeechError, match="does not load"):
            load()


def test_doctor_names_files_hashes_and_the_fingerprint(folders):
    found = {finding.about.strip(): finding for finding in examine(settings(folders))}
    assert found["model.bin"].detail == models.file_hashes(folders / "recogniser")["model.bin"]
    assert found["speech fingerprint"].detail == models.speech_fingerprint(settings(folders))
    assert all(finding.ok is not False for finding in found.values())


def test_doctor_tries_what_it_found(folders):
    found = {finding.about: finding.ok for finding in examine(settings(folders), try_loading=True)}
    assert found["trial of the recogniser"] is False
    assert found["trial of the diarizer"] is False


@pytest.fixture
def command(folders, monkeypatch):
    """Runs a command of the speech family in a folder whose settings name the invented models."""
    monkeypatch.chdir(folders)
    (folders / "inspection.toml").write_text('[speech]\nrecogniser = "recogniser"\ndiarizer = "diarizer"\n')
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_doctor_is_content_with_complete_models(command):
    result = command("doctor")
    assert result.exit_code == 0, result.output
    assert "speech fingerprint" in result.output


def test_doctor_ends_with_the_code_of_the_speech_room_when_something_is_missing(command, folders):
    shutil.rmtree(folders / "diarizer")
    result = command("doctor")
    assert isinstance(result.exception, SpeechError)
    assert result.exception.exit_code == 6
    assert "MISSING diarizer" in result.output


@pytest.fixture
def unloaded(folders, monkeypatch):
    """The folders, with a recogniser that hears one word in every clip instead of the invented model."""
    models._engines.cache_clear()
    word = Word(200, 500, "您", 0.9)
    monkeypatch.setattr("inspection.speech.models.load_whisper", lambda *_: lambda clips: [[word] for _ in clips])
    yield folders
    models._engines.cache_clear()


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (None, UsageError, "No such file"),
        (b"", SpeechError, "recording_empty"),
        ("录音服务器繁忙".encode(), SpeechError, "recording_unreadable"),
    ],
)
def test_transcribe_says_in_one_line_what_is_wrong_with_a_file(command, unloaded, data, error, says):
    if data is not None:
        (unloaded / "a.wav").write_bytes(data)
    result = command("transcribe", "a.wav")
    assert isinstance(result.exception, error)
    assert says in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.usefixtures("unloaded")
def test_transcribe_prints_turns_and_json(command):
    path = recording("h04")
    result = command("transcribe", path, "--role-left", "customer")
    assert result.exit_code == 0, result.output
    assert "00:0" in result.output
    assert " customer  您" in result.output
    turns = [json.loads(line) for line in command("transcribe", path, "--json").output.splitlines()]
    assert {turn["role"] for turn in turns} <= {"agent", "customer", "unknown"}
    assert all(turn["text"][word["start"] : word["end"]] == "您" for turn in turns for word in turn["words"])
    assert {char for turn in turns for char in turn["text"]} in ({"您"}, {"您", "，"})


def test_transcribe_wants_a_role_it_knows(command, folders):
    (folders / "a.wav").write_bytes(encoded(voice(2)))
    assert isinstance(command("transcribe", "a.wav", "--role-left", "boss").exception, UsageError)
