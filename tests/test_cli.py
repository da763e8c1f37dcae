"""The command line as a newcomer meets it: help, wrong arguments, exit codes, one line an error."""

import os
import subprocess
import sys

import pytest

from inspection.cli.main import app as root_app
from inspection.settings import load


def inspection(*arguments: str, cwd=None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inspection.cli.main", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def commands() -> list[str]:
    """Every command of the command line, groups with a blank between."""
    import typer

    def walk(group, prefix=""):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, f"{prefix}{name} ")
            else:
                yield f"{prefix}{name}"

    return sorted(walk(typer.main.get_command(root_app)))


def test_the_promised_commands_exist():
    promised = {"run", "demo", "init", "transcribe", "judge", "doctor", "explain", "forget"}
    assert promised <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_command_explains_itself(command):
    from typer.testing import CliRunner

    result = CliRunner().invoke(root_app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 200


def test_a_stored_day_is_published_again_and_no_other(tmp_path):
    """Regression: publishing a day that is not in the store emptied what was published of it."""
    import sample_store
    from days import published

    sample_store.fill(tmp_path, days=1)
    settings = tmp_path / "inspection.toml"
    told = inspection("publish", "2026-11-20", "--settings", str(settings))
    assert (told.returncode, told.stderr) == (0, "")
    assert "qc_call_results: 439" in told.stdout
    before = published(settings)
    assert inspection("publish", "2026-11-20", "--settings", str(settings)).stdout == told.stdout
    for wrong, said in (
        ("2026-11-21", "holds no day 2026-11-21"),
        ("20.11.2026", "write the date as"),
        ("", "write the"),
    ):
        refused = inspection("publish", wrong, "--settings", str(settings))
        assert refused.returncode == 2
        assert said in refused.stderr
    after = published(settings)
    assert after.keys() == before.keys()
    assert all(after[name].equals(before[name]) for name in before)


def test_the_version_is_told():
    """Regression: `inspection --version` asked for a command."""
    told = inspection("--version")
    assert (told.returncode, told.stdout.split()[0]) == (0, "inspection")


def test_help_loads_no_heavy_library():
    code = (
        "import sys; sys.argv = ['inspection', '--help']\n"
        "from inspection.cli import main\n"
        "try: main.app()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'pyannote.audio', 'great_expectations', 'prefect', 'matplotlib', 'faster_whisper'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert "LOADED []" in result.stdout, result.stdout[-400:] + result.stderr[-400:]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (["run", "--settings", "nowhere.toml"], 3, "nowhere.toml: no such settings file"),
        (["run", "--date", "20.11.2026"], 2, "write it as 2026-11-20"),
        (["judge", "--turns", "nowhere.jsonl", "--out", "x"], 9, "nowhere.jsonl"),
        (["transcribe", "nowhere.wav"], 2, "nowhere.wav"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(tmp_path, arguments, exit_code, says):
    result = inspection(*arguments, cwd=tmp_path)
    assert result.returncode == exit_code, result.stderr
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_init_writes_settings_and_the_pack_and_nothing_else(tmp_path):
    folder = tmp_path / "firm"
    result = inspection("init", str(folder))
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["inspection.toml", "lexicons"]
    assert (folder / "lexicons" / "zh-CN" / "rulebook.yaml").exists()
    settings = folder / "inspection.toml"
    assert len(load(settings).privacy.pseudonym_key.get_secret_value()) == 64, "each firm gets a key of its own"
    assert settings.stat().st_mode & 0o077 == 0, "the key is the owner's alone"


def test_init_never_writes_into_a_folder_that_is_in_use(tmp_path):
    (tmp_path / "letter.txt").write_text("kept")
    result = inspection("init", str(tmp_path))
    assert result.returncode == 2
    assert "not an empty folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["forget", "13800138000"], 8),
        (["explain", "110101199003074514"], 8),
        (["report", "evidence", "zhang.san@mail.example"], 2),
        (["run", "--date", "13800138000"], 2),
        (["13800138000"], 2),
        (["forget", "c1", "13800138000"], 2),
        (["transcribe", "录音13800138000.wav"], None),
    ],
)
def test_a_message_repeats_no_number_that_was_typed(tmp_path, arguments, status):
    """Regression: `inspection forget 13800138000` printed the number to the terminal, which ends in a log."""
    (tmp_path / "inspection.toml").write_text("")
    result = inspection(*arguments, cwd=tmp_path)
    assert result.returncode == status if status is not None else result.returncode > 1
    told = result.stdout + result.stderr
    assert told
    assert not [secret for secret in ("13800138000", "110101199003074514", "zhang.san") if secret in told]
    assert "Traceback" not in told


def test_a_bug_is_told_with_its_traceback_and_without_numbers(tmp_path):
    code = (
        "from inspection.cli import main\n"
        "def broken(*_, **__): raise ValueError('号码13800138000')\n"
        "main.app = broken\n"
        "main.main()"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "号码*******8000" in result.stderr
