"""Task wrappers over `inspection.day`: retries where the outside world is touched, one slot around the model.

No frame travels between tasks: each step reads and writes the day's workbench, so tasks pass settings and names.
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

from prefect import get_client, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.concurrency.sync import concurrency
from prefect.settings import PREFECT_API_URL

from inspection import day
from inspection.errors import GateError, InspectionError, RulebookError, SettingsError, SpeechError
from inspection.results.notify import notify
from inspection.settings import Settings, load

log = logging.getLogger(__name__)

FATAL = "fatal findings; a call is named by its evidence page, which tells its id"
MODEL_SLOT = "speech-model"
LEASE_S = 60
"""So long after a killed run a server gives its slot to the next; a living run renews it."""


def _worth_a_retry(_task: object, _run: object, state: Any) -> bool:
    """A database that is away may come back; a wrong setting or a failed gate will not."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, GateError | RulebookError | SettingsError | SpeechError)


OUTSIDE = {
    "cache_policy": NO_CACHE,
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_jitter_factor": 0.3,
    "retry_condition_fn": _worth_a_retry,
}
"""Options of the tasks that touch the dialer, the recordings, the database or a hook."""


def make_room_for_the_model() -> None:
    """One recogniser at a time per backend, whatever number of flows run; without the limit strict slots refuse.

    The embedded backend forgets its leases when it ends, so the slot of a killed run would stay taken for ever: it is
    given back here, by a run that holds the working folder (`day.alone_in`). A server frees it when the lease runs out.
    """
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(MODEL_SLOT, limit=1)
        if not PREFECT_API_URL.value():
            client.update_global_concurrency_limit(MODEL_SLOT, GlobalConcurrencyLimitUpdate(active_slots=0))


def stop_embedded_backend() -> None:
    """Ends the backend that this process started, if it did; for a way out that skips the interpreter's own."""
    from prefect.server.api.server import SubprocessASGIServer

    for server in list(SubprocessASGIServer._instances.values()):
        if server.server_process is not None:
            server.server_process.kill()


@task(name="take-in", **OUTSIDE)
def take_in(settings: Settings, business_date: date) -> list[list[str]]:
    """The day's outcomes and recordings, gated; returns the batches of calls to listen to."""
    return day.take_in(settings, business_date)


@task(name="listen", task_run_name="listen-{number}-of-{total}", **OUTSIDE)
def listen(settings: Settings, business_date: date, calls: list[str], number: int, total: int) -> None:
    """Makes the transcripts of one batch that are not stored yet."""
    with concurrency(MODEL_SLOT, occupy=1, strict=True, lease_duration=LEASE_S):
        day.listen(settings, business_date, calls, number, total)


@task(name="judge", cache_policy=NO_CACHE)
def judge(settings: Settings, business_date: date) -> None:
    """Words, scripts, rules, scores and the gates before publishing, for the whole day at once."""
    day.judge(settings, business_date)


@task(name="keep", **OUTSIDE)
def keep(settings: Settings, business_date: date) -> None:
    """Swaps the day into the Parquet store."""
    day.keep(settings, business_date)


@task(name="publish", **OUTSIDE)
def publish(settings: Settings, business_date: date) -> None:
    """The results beside the dialer's outcomes, in one transaction."""
    day.publish(settings, business_date)


@task(name="report", cache_policy=NO_CACHE)
def report(settings: Settings, business_date: date) -> Path:
    """The morning's report and the evidence pages."""
    return day.report(settings, business_date)


@task(name="announce", cache_policy=NO_CACHE)
def announce(settings: Settings, business_date: date, page: Path) -> dict[str, Any]:
    """The day's summary as artifacts of the run, for whoever looks at the scheduler first."""
    summary = day.summarise(settings, business_date)
    stamp = business_date.isoformat()
    create_markdown_artifact(
        key=f"day-{stamp}", markdown=day.summary_markdown(summary), description=f"质检日报 {stamp}"
    )
    create_table_artifact(key=f"fatal-{stamp}", table=day.fatal_table(summary, page), description=FATAL)
    create_link_artifact(key=f"report-{stamp}", link=page.as_uri(), link_text=page.name)
    if summary["red"]:
        tell(settings, f"质检 {stamp}: red day", summary["red"])
    return summary | {"report": str(page)}


def tell(settings: Settings, subject: str, lines: list[str]) -> None:
    """Notifies; a hook that is away is logged, because the day's work is done and must not be lost over it."""
    try:
        notify(settings.notify, subject, lines)
    except InspectionError as error:
        log.error("nobody was told of %s: %s", subject, error)


def tell_of_failure(flow: Any, run: Any, state: Any) -> None:
    """Hook of a run that failed or crashed. Expected errors are one clear line; of a bug only its kind is told."""
    error = state.result(raise_on_failure=False)
    what = str(error) if isinstance(error, InspectionError) else f"{state.name}: {type(error).__name__}"
    settings = load(Path(run.parameters.get("settings_path", "inspection.toml")))
    subject = f"质检 {flow.name} {run.parameters.get('business_date') or ''}".rstrip()
    tell(settings, f"{subject}: failed", [what, f"flow run {run.name}"])
