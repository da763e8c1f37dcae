"""A run killed at any moment and started again ends with the tables of an undisturbed run."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from days import command, published, short_day, transcripts
from polars.testing import assert_frame_equal

from inspection.demo.prepare import BUSINESS_DATE
from inspection.results.store import Store
from inspection.settings import load


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    settings = short_day(tmp_path_factory.mktemp("undisturbed"))
    run = command(settings)
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 0, output.decode()[-3000:]
    return settings


def kill_when(reached: Callable[[], bool], settings: Path) -> None:
    """Starts a run and kills it with all its children, without warning, as soon as the moment is reached."""
    run = command(settings)
    try:
        deadline = time.monotonic() + 240
        while not reached():
            assert run.poll() is None, f"the run ended first:\n{run.stdout.read().decode()[-3000:]}"
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.02)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        run.stdout.close()


def test_killed_twice_and_started_again(undisturbed, tmp_path):
    settings = short_day(tmp_path)
    kill_when(lambda: len(transcripts(settings)) >= 1, settings)
    after_first = transcripts(settings)
    assert published(settings) == {}, "nothing may be published by a run that did not come to its end"

    kill_when(lambda: any((tmp_path / "work").glob("*/findings.parquet")), settings)
    after_second = transcripts(settings)
    assert after_first.items() <= after_second.items(), "a stored transcript was made again"

    run = command(settings)
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 0, output.decode()[-3000:]
    assert after_second.items() <= transcripts(settings).items(), "a stored transcript was made again"

    expected, found = published(undisturbed), published(settings)
    assert expected.keys() == found.keys()
    assert expected
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


def test_running_a_finished_day_again_changes_nothing(undisturbed):
    before, listened = published(undisturbed), transcripts(undisturbed)
    run = command(undisturbed)
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 0, output.decode()[-3000:]
    assert transcripts(undisturbed) == listened
    for name, frame in published(undisturbed).items():
        assert_frame_equal(frame, before[name])


def test_interrupted_by_hand_it_says_so_in_one_line(tmp_path):
    settings = short_day(tmp_path)
    run = command(settings)
    deadline = time.monotonic() + 240
    while not transcripts(settings) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    text = output.decode()
    assert run.returncode == 130, text[-3000:]
    assert "interrupted" in text
    assert "Traceback" not in text


def test_a_second_run_of_the_same_day_is_refused_and_leaves_it_alone(undisturbed):
    before = published(undisturbed)
    with Store(load(undisturbed).store.root).lock(BUSINESS_DATE):
        run = command(undisturbed)
        output, _ = run.communicate(timeout=300)
    text = output.decode()
    assert run.returncode == 8, text[-3000:]
    assert "another run" in text
    assert "Traceback" not in text
    for name, frame in published(undisturbed).items():
        assert_frame_equal(frame, before[name])
