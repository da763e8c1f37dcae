"""The deployments for real, on loopback: Prefect server, work pool, deployments from prefect.yaml, one worker.

Four runs go through the worker once, each on a firm's folder of its own; the tests look at what they left.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest
import sample_store
from days import published, short_day
from judged_day import DAY, judged_day
from test_results_notify import hook_server

from inspection.demo.prepare import BUSINESS_DATE
from inspection.offline import SILENT
from inspection.results.retention import audit_rows
from inspection.results.store import Store
from inspection.settings import load

ROOT = Path(__file__).parent.parent
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
PREFECT = [sys.executable, "-m", "prefect"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    """A Prefect server on a free loopback port, started as the README says; yields the environment that reaches it."""
    tmp_path = tmp_path_factory.mktemp("prefect")
    port = free_port()
    environment = (
        os.environ
        | SILENT
        | {
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
            "INSPECTION_HOME": str(ROOT),
            "PREFECT_CLI_PROMPT": "false",
        }
    )
    server = subprocess.Popen(
        [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            assert server.poll() is None, "the server did not start"
            try:
                if httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.3)
        yield environment
    finally:
        os.killpg(server.pid, 15)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
            server.wait()


def prefect(environment: dict[str, str], *arguments: str, timeout: int = 120, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [*PREFECT, "--no-prompt", *arguments],
        check=False,
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def posted(environment: dict[str, str], path: str, body: dict) -> httpx.Response:
    """A busy server answers 503 when its database is locked; every Prefect client asks again then, and so does this."""
    for attempt in range(10):
        answer = httpx.post(f"{environment['PREFECT_API_URL']}/{path}", json=body, timeout=30)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(1 + attempt)
    return answer.raise_for_status()


def asked(environment: dict[str, str], path: str) -> list[dict]:
    return posted(environment, f"{path}/filter", {}).json()


@pytest.fixture(scope="module")
def firms(tmp_path_factory) -> dict[str, Path]:
    """Settings files by what runs on them: a short day, a stored one to judge again, two days to purge, a failure."""
    folder = tmp_path_factory.mktemp("firms")
    sample_store.fill(folder / "stored", days=1)
    aging = short_day(folder / "aging", recordings=0)
    store = Store(load(aging).store.root)
    store.swap_day(DAY, judged_day())
    store.swap_day(DAY + timedelta(days=1), judged_day(DAY + timedelta(days=1), "later-"))
    return {
        "day": short_day(folder / "day", recordings=2), "aging": aging,
        "failing": short_day(folder / "failing", recordings=0),
        "stored": folder / "stored" / "inspection.toml", "out": folder / "turned.csv",
    }  # fmt: skip


@pytest.fixture(scope="module")
def candidate(tmp_path_factory) -> Path:
    """A rulebook that allows one effective call a day instead of three."""
    pack = tmp_path_factory.mktemp("candidate") / "zh-CN"
    shutil.copytree(ROOT / "lexicons" / "zh-CN", pack)
    head = pack / "rulebook.yaml"
    lines = head.read_text("utf-8").splitlines()
    [place] = [number for number, line in enumerate(lines) if "effective_calls_per_debtor_day:" in line]
    lines[place] = lines[place].replace("value: 3", "value: 1")
    head.write_text("\n".join(lines), "utf-8")
    return pack


@pytest.fixture(scope="module")
def told():
    """What a webhook was sent."""
    with hook_server() as (address, handler):
        yield address, handler.taken


@pytest.fixture(scope="module")
def done(backend, firms, candidate, told, tmp_path_factory) -> dict[str, str]:
    """All four runs through one worker; returns the environment that reaches the backend."""
    address, _ = told
    with firms["failing"].open("a") as settings:
        settings.write(f'\n[notify]\nwebhook = "{address}"\n')
    checkout = tmp_path_factory.mktemp("checkout")  # deploying rewrites nothing in the real checkout
    for name in ("flows", "inspection", "lexicons"):
        (checkout / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "prefect.yaml", checkout)
    environment = backend | {"INSPECTION_HOME": str(checkout), "INSPECTION_SETTINGS": str(firms["day"])}
    prefect(environment, "work-pool", "create", "inspection", "--type", "process", cwd=checkout)
    prefect(environment, "deploy", "--all", cwd=checkout)
    date = str(BUSINESS_DATE)
    late = str(DAY + timedelta(days=1 + load(firms["aging"]).privacy.retention_days))
    runs = [
        ("daily.py:inspect_day", {"business_date": date}),  # its settings are those the deployment was made for
        ("retention.py:apply_retention", {"today": late, "settings_path": firms["aging"]}),
        ("backtest.py:backtest", {"candidate": candidate, "settings_path": firms["stored"], "out": firms["out"]}),
        ("backtest.py:backtest", {"candidate": firms["failing"].parent, "settings_path": firms["failing"]}),
    ]
    ids = {one["entrypoint"].removeprefix("flows/"): one["id"] for one in asked(environment, "deployments")}
    for name, parameters in runs:
        days = {"start": date, "end": date} if name.startswith("backtest") else {}
        given = {key: str(value) for key, value in (parameters | days).items()}
        posted(environment, f"deployments/{ids[name]}/create_flow_run", {"parameters": given})
    worker = ("worker", "start", "--pool", "inspection", "--type", "process", "--run-once")
    prefect(environment, *worker, timeout=400, cwd=checkout)
    return environment


def state_of(environment: dict[str, str], settings: Path) -> str:
    [run] = [run for run in asked(environment, "flow_runs") if run["parameters"].get("settings_path") == str(settings)]
    return run["state"]["type"] + (f": {run['state']['message']}" if run["state"]["message"] else "")


def test_the_nightly_deployment_publishes_the_day(done, firms):
    assert state_of(done, firms["day"]) == "COMPLETED"
    assert published(firms["day"])
    keys = {artifact["key"] for artifact in asked(done, "artifacts")}
    assert {f"day-{BUSINESS_DATE}", f"fatal-{BUSINESS_DATE}", f"report-{BUSINESS_DATE}"} <= keys


def test_a_failed_run_tells_whoever_asked_to_be_told(done, firms, told):
    assert state_of(done, firms["failing"]).startswith("FAILED")
    [message] = told[1]
    assert message["subject"] == "质检 backtest: failed"
    assert "no rulebook.yaml there" in message["text"], "the one line that says what to repair"


def test_retention_removes_the_days_past_their_date_and_says_how_many(done, firms):
    assert state_of(done, firms["aging"]) == "COMPLETED"
    settings = load(firms["aging"])
    assert Store(settings.store.root).days() == [DAY + timedelta(days=1)]
    assert audit_rows(settings).height == 7
    [artifact] = [one for one in asked(done, "artifacts") if (one["key"] or "").startswith("retention-")]
    assert artifact["data"].startswith("6 calls")


def test_a_backtest_shows_what_a_candidate_would_turn_and_changes_nothing(done, firms):
    assert state_of(done, firms["stored"]) == "COMPLETED"
    turned = pl.read_csv(firms["out"])
    assert set(turned.filter(rule_id="CN-FREQ-01").select("before", "after").rows()) == {("pass", "fail")}
    [artifact] = [one for one in asked(done, "artifacts") if one["key"] == "backtest"]
    assert "CN-FREQ-01" in {row["rule_id"] for row in json.loads(artifact["data"])}


def test_the_schedule_is_the_one_that_is_told(done):
    deployed = {one["name"] + " " + one["entrypoint"]: one["schedules"] for one in asked(done, "deployments")}
    told = {
        name: [(one["schedule"]["cron"], one["schedule"]["timezone"], one["active"]) for one in schedules]
        for name, schedules in deployed.items()
    }
    assert told == {
        "nightly flows/daily.py:inspect_day": [("0 2 * * *", "Asia/Shanghai", True)],
        "nightly flows/retention.py:apply_retention": [("0 6 * * *", "Asia/Shanghai", True)],
        "on-demand flows/backtest.py:backtest": [],
    }


def test_one_model_at_a_time_and_the_server_remembers_who_has_it(done):
    limits = {(limit["name"], limit["limit"], limit["active_slots"]) for limit in asked(done, "v2/concurrency_limits")}
    assert ("speech-model", 1, 0) in limits
    assert (Path(done["PREFECT_HOME"]) / "concurrency_leases").is_dir(), "leases outlive the server"
    assert LEASES in (ROOT / "docs" / "dialers.md").read_text("utf-8")
