"""The command `inspection`: mounts the families of subcommands and turns errors into one line and an exit code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import typer

from inspection import privacy
from inspection.errors import InspectionError

FAMILIES = ("run", "speech", "judge", "lexicon", "results", "report")
"""Modules of this package; each exposes `app`: its commands join the top level, or a group if it has a name."""

app = typer.Typer(
    name="inspection",
    help="Offline quality inspection (智能质检) of debt-collection calls.\n\n"
    "Start with `inspection demo`; then `inspection init DIR` writes a working folder for your firm.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(f"inspection {installed('inspection')}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", is_eager=True, callback=_tell_version
    ),
) -> None:
    pass


def _mount() -> None:
    for family in FAMILIES:
        module = importlib.import_module(f"inspection.cli.{family}")
        app.add_typer(module.app, name=module.app.info.name if isinstance(module.app.info.name, str) else None)


_mount()


def main() -> None:
    """Entry point. Exit codes: 0 done, 2–9 an expected failure (inspection.errors), 130 interrupted, 1 a bug."""
    privacy.guard_logs()
    sys.stderr = privacy.MaskedStream(sys.stderr)
    try:
        app(standalone_mode=True)
    except InspectionError as error:
        typer.secho(f"inspection: {error}", err=True, fg="red")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.secho("inspection: interrupted; nothing is lost, the same command goes on from here", err=True)
        sys.exit(130)


SETTINGS = typer.Option(
    Path("inspection.toml"), "--settings", "-s", help="Settings file of the working folder.", show_default=True
)
"""The option every command that needs settings shares."""

if __name__ == "__main__":
    main()
