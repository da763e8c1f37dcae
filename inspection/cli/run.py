"""`inspection run | demo | init`: a day through the house, the sample day, a firm's working folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer

from inspection.cli.console import DayProgress, console, print_summary
from inspection.errors import UsageError
from inspection.settings import PACKAGE

app = typer.Typer()

PACKS = PACKAGE.parent / "lexicons"
TEMPLATES = Path(__file__).parent / "templates"


@app.command()
def run(
    business_date: str = typer.Option("", "--date", "-d", help="Business date, 2026-11-20; default: yesterday."),
    settings: Path = typer.Option(Path("inspection.toml"), "--settings", "-s", help="Settings of the working folder."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the scheduler's log as well."),
) -> None:
    """Inspect one day: outcomes and recordings in, published results and report out.

    Running it again is safe: stored transcripts are used, the day's results are replaced as a whole.
    """
    _inspect(_date(business_date), settings, verbose)


@app.command()
def demo(
    out: Path = typer.Option(Path("out/demo"), "--out", "-o", help="Folder for the demo's results."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the scheduler's log as well."),
) -> None:
    """Inspect the sample day that comes with the package, on its small models, without any network."""
    from inspection.demo.prepare import BUSINESS_DATE, prepare

    _inspect(BUSINESS_DATE, prepare(out), verbose)


@app.command()
def init(folder: Path = typer.Argument(..., help="Folder to write; it must be empty or new.")) -> None:
    """Write a working folder for a firm: commented settings and a copy of the rulebook, nothing else."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder; give a new one")
    try:
        shutil.copytree(PACKS, folder / "lexicons")
        settings = folder / "inspection.toml"
        settings.touch(mode=0o600)  # it holds the firm's secret
        template = (TEMPLATES / "inspection.toml").read_text("utf-8")
        settings.write_text(
            template.replace('# pseudonym_key = ""', f'pseudonym_key = "{secrets.token_hex(32)}"'), "utf-8"
        )
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {folder / 'inspection.toml'} and {folder / 'lexicons'}")
    typer.echo(f"next: set [dialer] and [recordings] there, then `cd {folder} && inspection doctor`")


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"--date {text}: write it as 2026-11-20") from None


def _inspect(business_date: date | None, settings: Path, verbose: bool) -> None:
    from inspection import day
    from inspection.results.places import writing
    from inspection.settings import load

    loaded = load(settings, must_exist=True)
    home = loaded.store.work.parent / "prefect"
    with DayProgress() as progress:
        progress.listener("reading settings and rulebook", 0, 0)
        day.ready(loaded)  # mistakes show before the scheduler starts
        with writing(home):
            home.mkdir(parents=True, exist_ok=True)
        _quiet_scheduler(home, verbose)
        from flows.daily import inspect_day
        from flows.tasks import stop_embedded_backend

        signal.signal(signal.SIGINT, lambda *_: _leave_at_once(stop_embedded_backend))
        progress.listener("starting the scheduler's embedded backend", 0, 0)
        summary: dict[str, Any] = inspect_day(business_date, str(settings.resolve()))
    print_summary(summary)


def _leave_at_once(stop_backend: Callable[[], None]) -> None:
    """Ctrl-C. A run may be killed anywhere; the scheduler would first ask a backend that the key press has ended."""
    console.show_cursor()
    typer.secho("inspection: interrupted; nothing is lost, the same command goes on from here", err=True)
    stop_backend()
    os._exit(130)


def _quiet_scheduler(home: Path, verbose: bool) -> None:
    """The embedded backend lives beside the results and speaks only when asked; a firm's scheduler is left alone."""
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(home))
        os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")  # busy machines boot slowly
    if not verbose:
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
