"""The floors of the house: who may import whom, and what the plan files say."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def test_import_contracts_hold():
    lint = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([lint, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-2000:]
    assert "0 broken" in result.stdout


def test_every_pinned_dependency_of_the_project_is_in_the_constraints():
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0].strip()).lower()
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    missing = [name for name in wanted if re.sub(r"[-_.]+", "-", re.split(r"[\[<>=]", name)[0]).lower() not in pinned]
    assert missing == []


def test_the_deployment_file_is_what_the_scheduler_accepts():
    from prefect.cli.deploy._models import PrefectYamlModel

    content = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    deployment = PrefectYamlModel.model_validate(content).deployments[0]
    schedule = content["deployments"][0]["schedules"][0]
    assert deployment.entrypoint == "flows/daily.py:inspect_day"
    assert (schedule["cron"], schedule["timezone"]) == ("0 2 * * *", "Asia/Shanghai")
    environment = content["definitions"]["work_pools"]["inspection"]["job_variables"]["env"]
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
