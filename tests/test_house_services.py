"""Tests that need a server or a browser say that they are skipped, and fail where the services have to be there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
AWAY = {
    "INSPECTION_TEST_POSTGRES": "postgresql+psycopg://nobody@127.0.0.1:9/x",
    "INSPECTION_TEST_MARIADB": "mysql+pymysql://nobody@127.0.0.1:9/x",
    "INSPECTION_CHROMIUM": "/nowhere/chromium",
}
NEEDY = [
    "test_results_publish.py::test_an_empty_day_is_published_as_such", "test_report_browser.py",
]  # fmt: skip


@pytest.mark.parametrize("required", ["0", "1"])
def test_a_missing_service_is_told_and_fails_where_it_is_required(required: str) -> None:
    """Regression: without servers and browser the tests passed without a word of what was not tried."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *NEEDY],
        check=False, capture_output=True, text=True, cwd=TESTS, timeout=120, stdin=subprocess.DEVNULL,
        env=os.environ | AWAY | {"INSPECTION_TEST_REQUIRE_SERVICES": required},
    )  # fmt: skip
    for told in (
        "postgresql is not reachable at 127.0.0.1:9",
        "mariadb is not reachable at",
        "no Chromium at /nowhere",
    ):
        assert told in done.stdout
    assert done.returncode == int(required), done.stdout[-2000:]
    last = done.stdout.splitlines()[-1]
    assert "1 passed" in last
    assert ("error" in last, "skipped" in last) == (required == "1", required == "0")
