"""The notebooks run from top to bottom on the sample day, and are kept without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import sample_store

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MOST_LINES = 5
CELL_S = 120


@pytest.fixture(scope="module")
def working_folder(tmp_path_factory):
    """A folder like the demo's, its store filled by the real rules from the sample day's true words."""
    folder = tmp_path_factory.mktemp("notebooks") / "demo"
    sample_store.fill(folder)
    return folder


def read(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebooks_are_there():
    assert len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_on_the_sample_day(path, working_folder, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("WORKING_FOLDER", str(working_folder))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = read(path)
    NotebookClient(
        notebook, timeout=CELL_S, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [cell for cell in code(notebook) if cell.outputs]
    assert len(shown) >= 5
    for cell in code(notebook):
        errors = [output for output in cell.outputs if output.get("name") == "stderr"]
        assert not errors, f"{path.name}: {cell.source}: {errors}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    for cell in code(read(path)):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_calls_of_the_package(path):
    """Text blocks such as a rule in YAML are data and not counted, nor are blank lines."""
    for cell in code(read(path)):
        text = re.sub(r'""".*?"""', '""', cell.source, flags=re.DOTALL)
        assert len([line for line in text.splitlines() if line.strip()]) <= MOST_LINES, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_story_says_what_it_looks_at(path):
    notebook = read(path)
    assert notebook.cells[0].source.startswith("# ")
    assert sum(cell.cell_type == "markdown" for cell in notebook.cells) >= 4
