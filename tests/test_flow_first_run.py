"""A firm's first day, as the README has it: `init`, settings, `run`; and what is wrong is told before any call."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from days import short_day

from inspection.demo.prepare import BUSINESS_DATE, DAY


def in_folder(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it in that folder, with nothing of a scheduler in the environment."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-m", "inspection.cli.main", *arguments],
        check=False, capture_output=True, text=True, cwd=folder, env=own, timeout=600, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert in_folder(tmp_path, "init", str(folder)).returncode == 0
    return folder


def set_key(folder: Path, section: str, **values: str) -> None:
    path = folder / "inspection.toml"
    lines = "".join(f'{name} = "{value}"\n' for name, value in values.items())
    text = re.sub(rf"(?m)^(\[{section}\].*\n)", lambda found: found[1] + lines, path.read_text("utf-8"), count=1)
    path.write_text(text, "utf-8")


def test_a_new_folder_inspects_its_first_day(firm, tmp_path):
    """Regression: the scheduler's folder lay in one that did not exist yet, and the run waited three minutes for it."""
    sample = short_day(tmp_path / "sample", recordings=1)
    set_key(
        firm, "dialer", url=f"sqlite:///{sample.parent / 'dialer.sqlite'}", mapping=str(DAY / "mapping.yaml"),
        dispositions=str(DAY / "dispositions.yaml"),
    )  # fmt: skip
    text = (firm / "inspection.toml").read_text("utf-8")
    roots = f'[recordings]\nroots = ["{sample.parent / "recordings"}"]\nsettle_s = 0'
    (firm / "inspection.toml").write_text(re.sub(r"(?m)^\[recordings\]$", roots, text), "utf-8")
    done = in_folder(firm, "run", "--date", str(BUSINESS_DATE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (firm / "out" / "reports" / str(BUSINESS_DATE) / "report.html").is_file()
    assert sorted(path.name for path in firm.iterdir()) == ["inspection.toml", "lexicons", "out"]


def _spoil_a_rule(firm: Path) -> None:
    set_key(firm, "dialer", url="calls.csv", mapping=str(DAY / "mapping.yaml"))
    path = firm / "lexicons" / "zh-CN" / "rules" / "words.yaml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(- id: CN-THR-01\n(?:.*\n)*?  severity: )\w+", r"\1grave", text, count=1), "utf-8")


def _lose_the_model(firm: Path) -> None:
    set_key(firm, "dialer", url="calls.csv", mapping=str(DAY / "mapping.yaml"))
    set_key(firm, "speech", recogniser="nowhere/at all/x")


@pytest.mark.parametrize(
    ("spoil", "exit_code", "says"),
    [
        (lambda firm: (firm / "inspection.toml").unlink(), 3, "inspection.toml: no such settings file"),
        (lambda firm: None, 5, "dialer.url is not set"),
        (_spoil_a_rule, 4, "words.yaml: CN-THR-01: severity: 'grave' is not one of"),
        (_lose_the_model, 6, "speech.recogniser: nowhere/at all/x: no such directory"),
    ],
    ids=["no settings", "no dialer", "a rule's mistake", "no model"],
)
def test_a_mistake_stops_the_run_before_the_scheduler_starts(firm, spoil, exit_code, says):
    """Regression: the rulebook was read after all calls had been heard, and missing models were tried four times."""
    spoil(firm)
    done = in_folder(firm, "run", "--date", str(BUSINESS_DATE))
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (exit_code, 1), done.stderr
    assert says in done.stderr
    assert not (firm / "out").exists(), "nothing was begun"
