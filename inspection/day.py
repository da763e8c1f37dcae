"""The steps of a day as plain functions: the flow wraps them, tests and notebooks call them.

Steps hand over through the workbench, a folder of Parquet files per business date, so that a killed run leaves whole
files and the same command goes on. Each step may be repeated at any time with the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from inspection import tables
from inspection.errors import SpeechError
from inspection.intake.day import take_in as list_day
from inspection.intake.dialers import described
from inspection.intake.reconcile import reconcile
from inspection.intake.recordings import archive
from inspection.progress import report as tell
from inspection.results import gates
from inspection.results.locks import hold
from inspection.results.places import writing
from inspection.results.store import Store
from inspection.settings import Settings
from inspection.summary import fatal_table, summarise, summary_markdown
from inspection.workbench import Workbench

if TYPE_CHECKING:
    from inspection.rules.rulebook import Rulebook

HISTORY_DAYS = 30
"""How far the rules across calls may look back."""


def alone_in(settings: Settings) -> AbstractContextManager[None]:
    """Held while a run works in the working folder. Raises ResultsError at once when another run does."""
    return hold(settings.store.work / ".run.lock", f"the working folder {settings.store.work.parent}")


def alone_on(settings: Settings, business_date: date) -> AbstractContextManager[None]:
    """Held while a run works on the date. Raises ResultsError at once when another run does."""
    return Store(settings.store.root).lock(business_date)


def ready(settings: Settings) -> None:
    """Stops the day before its first call for what is known to be wrong: dialer settings, rulebook, speech models.

    Raises IntakeError, RulebookError or SpeechError.
    """
    from inspection.speech.models import diarizer_folder, recogniser_folder

    described(settings)
    load_rulebook(settings)
    recogniser_folder(settings.speech)
    diarizer_folder(settings.speech)


def load_rulebook(settings: Settings) -> Rulebook:
    """The firm's rulebook, read once a process while its files stay as they are. Raises RulebookError."""
    from inspection.rules.rulebook import fingerprint

    return _rulebook(settings.rulebook.path, fingerprint(settings.rulebook.path))


@lru_cache(maxsize=1)
def _rulebook(folder: Path, _fingerprint: str) -> Rulebook:
    from inspection.rules import rulebook

    return rulebook.load_rulebook(folder)


def take_in(settings: Settings, business_date: date) -> list[list[str]]:
    """The dialer's outcomes and the recordings of the date, through the first gate; the call ids to hear, in batches.

    Raises IntakeError when dialer or recordings cannot be read, GateError naming the calls that fail the gate.
    """
    tell("take in")
    bench, store = Workbench(settings, business_date), Store(settings.store.root)
    bench.clear()
    intake = list_day(settings, business_date, known=_known_recordings(store, business_date))
    came = {name: getattr(intake, name) for name in ("attempts", "recordings", "skips")}
    with writing(bench.data_docs):
        checked = gates.after_intake(*came.values(), data_docs=bench.data_docs)
    _pass(bench, "intake", came, checked)
    for name, frame in came.items():
        bench.put(f"intake-{name}", frame)
    calls = intake.calls
    bench.put("calls", calls)
    ids, size = calls["call_id"].to_list(), settings.speech.calls_per_task
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _pass(bench: Workbench, gate: str, checked: Mapping[str, pl.DataFrame], results: pl.DataFrame) -> None:
    """Writes what the gate found and the rows to repair, and only then refuses a day that failed it.

    `gates-<gate>.parquet` holds every expectation, `quarantine-<gate>-<table>.parquet` the rows that failed one.
    """
    bench.clear(f"quarantine-{gate}-")
    bench.put(f"gates-{gate}", results)
    for table, rows in gates.quarantine(checked, results).items():
        bench.put(f"quarantine-{gate}-{table}", rows)
    gates.require(results, bench.folder)


def _known_recordings(store: Store, business_date: date) -> pl.DataFrame:
    """Recordings of the days around: audio seen there is a duplicate here."""
    around = timedelta(days=HISTORY_DAYS)
    return store.recordings(business_date - around, business_date + around).collect()


def listen(settings: Settings, business_date: date, call_ids: list[str], number: int = 1, total: int = 1) -> None:
    """Makes the transcripts that these calls lack. What cannot be heard is noted as a skip; the others go on.

    Raises SpeechError when a model is missing.
    """
    from inspection.speech.listen import Limits, make_transcripts
    from inspection.speech.models import load_engines
    from inspection.speech.transcripts import TranscriptStore

    bench = Workbench(settings, business_date)
    calls = bench.get("calls").filter(pl.col("call_id").is_in(call_ids))
    limits = Limits(settings.recordings.min_ms, settings.recordings.max_ms)
    skips: list[dict[str, Any]] = []
    step = "listen" if total == 1 else f"listen, batch {number} of {total}"
    for progress in make_transcripts(
        calls, load_engines(settings.speech), settings.speech, TranscriptStore(settings.store.transcripts),
        limits=limits, read=archive(settings).read,
    ):  # fmt: skip
        tell(step, progress.done, progress.total)
        skips += progress.skips
    bench.put(f"skips-{number:05}", pl.DataFrame(skips, schema=tables.SKIPS))


def judge(settings: Settings, business_date: date) -> None:
    """From transcripts to scores for the whole day, reconciled, through the gates after speech and before publishing.

    Raises RulebookError naming the mistake before anything is judged, GateError naming the calls that fail a gate,
    SpeechError when the speech models are not those that listened.
    """
    from inspection.speech.models import speech_fingerprint

    tell("judge")
    bench, rulebook = Workbench(settings, business_date), load_rulebook(settings)
    fingerprint = speech_fingerprint(settings.speech)
    bench.clear("gates.")  # written last: without it the day cannot be kept
    _judge_heard(settings, business_date, rulebook, fingerprint)  # what it held goes when it returns
    _close(bench, business_date, rulebook, fingerprint)


def _judge_heard(settings: Settings, business_date: date, rulebook: Rulebook, fingerprint: str) -> None:
    """Puts on the workbench what was heard, through the gate after speech, and what the rulebook says of it."""
    from inspection.rules.judge import Heard, judge
    from inspection.speech.hear import hear
    from inspection.speech.review import reviewed_roles
    from inspection.speech.transcripts import TranscriptStore

    bench, store = Workbench(settings, business_date), Store(settings.store.root)
    attempts, unheard = bench.get("intake-attempts"), bench.gather("skips-", tables.SKIPS)
    calls = bench.get("calls").join(unheard, on="call_id", how="anti")
    reviewed = reviewed_roles(settings.store.reviewed_roles)
    heard = hear(calls, TranscriptStore(settings.store.transcripts), fingerprint, settings.speech, reviewed)
    _all_heard(calls, pl.concat([heard.audio.select("call_id"), heard.skips.select("call_id")]))
    skips = pl.concat([bench.get("intake-skips"), unheard, heard.skips]).sort("call_id", "recording_id", "stage")
    with writing(bench.data_docs):
        checked = gates.after_speech(attempts, heard.audio, heard.turns, heard.words, data_docs=bench.data_docs)
    _pass(bench, "speech", {"audio": heard.audio, "turns": heard.turns}, checked)

    day = Heard(attempts, heard.audio, heard.turns, heard.words, heard.acoustics, skips)
    judged = judge(rulebook, day, store.history(business_date, HISTORY_DAYS))
    bench.put("recordings", bench.get("intake-recordings"))
    for made in (day, judged):
        for field in fields(made):
            bench.put(field.name, getattr(made, field.name))


def _close(bench: Workbench, business_date: date, rulebook: Rulebook, fingerprint: str) -> None:
    """Reconciles the judged day, writes its run and takes it through the gate before publishing.

    Reads from the workbench the columns it needs, so that memory never holds the day's tables whole.
    """
    sides = ("attempts", "recordings", "skips", "audio", "scores")
    bench.put("reconciliation", reconcile(*map(bench.get, sides)))
    bench.put("runs", _run(business_date, bench, rulebook, fingerprint))
    day = {name: bench.scan(name) for name in tables.STORED if name != "gates"}
    with writing(bench.data_docs):
        checked = gates.before_publish(day, data_docs=bench.data_docs)
    _pass(bench, "publish", day, checked)
    bench.put("gates", pl.concat(bench.get(f"gates-{gate}") for gate in ("intake", "speech", "publish")))


def keep(settings: Settings, business_date: date) -> None:
    """Swaps the judged day into the store, whole."""
    tell("keep")
    Store(settings.store.root).swap_day(business_date, _judged(settings, business_date))


def publish(settings: Settings, business_date: date) -> None:
    """Writes the results beside the outcomes in one transaction; without an address they stay in the store."""
    url = settings.publish.url.get_secret_value()
    if not url:
        return
    from inspection.results.publish import publish

    tell("publish")
    publish(url, business_date, _judged(settings, business_date))


def report(settings: Settings, business_date: date) -> Path:
    """The report and its evidence pages; returns the report's page."""
    from inspection.report.daily import write_day
    from inspection.report.locate import Recordings
    from inspection.report.span import Span

    tell("report")
    store = Store(settings.store.root)
    recordings = Recordings(Span(store, business_date, business_date), settings)
    with writing(settings.report.folder):
        return write_day(store, business_date, settings, recordings)


def _all_heard(calls: pl.DataFrame, ended: pl.DataFrame) -> None:
    lost = calls.join(ended, on="call_id", how="anti").height
    if lost:
        raise SpeechError(
            f"{lost} of {calls.height} calls have no transcript by these speech settings and models: "
            "they changed while the day was being heard; run the day again"
        )


def _judged(settings: Settings, business_date: date) -> dict[str, pl.LazyFrame]:
    bench = Workbench(settings, business_date)
    return {name: bench.scan(name) for name in tables.STORED}


def _run(business_date: date, bench: Workbench, rulebook: Rulebook, fingerprint: str) -> pl.DataFrame:
    """The run's lineage. Its id is a hash of what went in, so the same work has the same id, whenever it was done."""
    calls, audio = (
        bench.scan(table).select(pl.col(name).sort()).collect().to_series()
        for table, name in (("attempts", "call_id"), ("audio", "audio_sha256"))
    )
    listed = len(calls)
    inspected = bench.scan("scores").select(pl.col("call_id").n_unique()).collect().item()
    reviewed = bench.scan("audio").filter(role_basis="reviewer").sort("call_id").collect()
    decided = reviewed.select(pl.format("{} {}", "call_id", "agent_voice")).to_series()
    parts = business_date.isoformat(), rulebook.fingerprint, fingerprint, version("inspection")
    went_in = [*parts, *calls, *audio, *decided]
    row = {
        "business_date": business_date,
        "run_id": hashlib.sha256("\n".join(went_in).encode()).hexdigest(),
        "listed": listed,
        "inspected": inspected,
        "skipped": listed - inspected,
        "rulebook_fingerprint": rulebook.fingerprint,
        "rulebook_version": rulebook.version,
        "speech_fingerprint": fingerprint,
        "package_version": version("inspection"),
    }
    return tables.conform(pl.DataFrame([row]), tables.RUNS, table="runs")


__all__ = [
    "HISTORY_DAYS", "Workbench", "alone_in", "alone_on", "fatal_table", "judge", "keep", "listen", "load_rulebook",
    "publish", "ready", "report", "summarise", "summary_markdown", "take_in",
]  # fmt: skip
