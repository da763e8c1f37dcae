"""The nightly deployment for real, on loopback: Prefect server, work pool, deployment from prefect.yaml, worker."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from days import published, short_day

from inspection.demo.prepare import BUSINESS_DATE
from inspection.offline import SILENT

ROOT = Path(__file__).parent.parent
PREFECT = [sys.executable, "-m", "prefect"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def backend(tmp_path):
    """A Prefect server on a free loopback port; yields the environment that reaches it."""
    port = free_port()
    environment = (
        os.environ
        | SILENT
        | {
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
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


def test_a_worker_runs_the_deployment_and_the_results_are_published(backend, tmp_path):
    settings = short_day(tmp_path / "day", recordings=2)
    checkout = tmp_path / "checkout"  # deploying rewrites nothing in the real checkout
    checkout.mkdir()
    for name in ("flows", "inspection", "lexicons"):
        (checkout / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "prefect.yaml", checkout)
    environment = backend | {"INSPECTION_HOME": str(checkout)}

    prefect(environment, "work-pool", "create", "inspection", "--type", "process", cwd=checkout)
    prefect(environment, "deploy", "--all", cwd=checkout)
    prefect(
        environment,
        "deployment",
        "run",
        "inspect-day/nightly",
        "--param",
        f'business_date="{BUSINESS_DATE}"',
        "--param",
        f'settings_path="{settings}"',
        cwd=checkout,
    )
    prefect(
        environment,
        "worker",
        "start",
        "--pool",
        "inspection",
        "--type",
        "process",
        "--run-once",
        timeout=240,
        cwd=checkout,
    )

    runs = httpx.post(f"{environment['PREFECT_API_URL']}/flow_runs/filter", json={}, timeout=10).json()
    manual = [run for run in runs if run["parameters"].get("business_date")]
    assert [run["state"]["type"] for run in manual] == ["COMPLETED"], [run["state"] for run in manual]
    assert published(settings)

    artifacts = httpx.post(f"{environment['PREFECT_API_URL']}/artifacts/filter", json={}, timeout=10).json()
    assert {f"day-{BUSINESS_DATE}", f"fatal-{BUSINESS_DATE}", f"report-{BUSINESS_DATE}"} <= {
        a["key"] for a in artifacts
    }
    limits = httpx.post(f"{environment['PREFECT_API_URL']}/v2/concurrency_limits/filter", json={}, timeout=10).json()
    assert ("speech-model", 1) in {(limit["name"], limit["limit"]) for limit in limits}
    scheduled = httpx.post(f"{environment['PREFECT_API_URL']}/deployments/filter", json={}, timeout=10).json()
    assert scheduled[0]["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert scheduled[0]["schedules"][0]["schedule"]["timezone"] == "Asia/Shanghai"
