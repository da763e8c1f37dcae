"""`inspection judge`: hits, findings and scores of transcripts from elsewhere, without any recording."""

from __future__ import annotations

from pathlib import Path

import typer

from inspection.errors import ResultsError
from inspection.settings import PACKAGE, load

app = typer.Typer()


@app.command()
def judge(
    turns: Path = typer.Option(
        ..., "--turns", help="JSON lines: call_id, role, start_ms, end_ms, text, optional words."
    ),
    calls: Path = typer.Option(
        None, "--calls", help="JSON lines of call facts: call_id and any column of the attempts table."
    ),
    rulebook: Path = typer.Option(
        None, "--rulebook", "-r", help="Folder of the rulebook; default: the one of the settings here, else zh-CN."
    ),
    out: Path = typer.Option(
        ..., "--out", "-o", help="Folder that receives hits.jsonl, findings.jsonl and scores.jsonl."
    ),
) -> None:
    """Judge transcripts from elsewhere: words, scripts, rules and scores, with the columns of inspection/tables.py.

    Exit code 9 and one line naming file, line and field for bad input; 4 for a mistake in the rulebook.
    """
    from inspection.rules.judge import judge as judge_calls
    from inspection.rules.rulebook import load_rulebook
    from inspection.rules.turnsfile import read_files

    book = load_rulebook(rulebook or _rulebook_here())
    judgement = judge_calls(book, read_files(turns, calls, book.timezone))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("hits", "findings", "scores"):
            getattr(judgement, name).write_ndjson(out / f"{name}.jsonl")
    except OSError as error:
        raise ResultsError(f"{out}: cannot be written: {error.strerror or error}") from None
    verdicts = judgement.scores["verdict"].value_counts(sort=True).rows()
    judged = judgement.findings["call_id"].n_unique()
    typer.echo(f"{judged} calls judged by {book.name} {book.version} ({book.fingerprint[:12]})")
    typer.echo(", ".join(f"{count} {verdict}" for verdict, count in verdicts) or "no call was heard")
    typer.echo(f"wrote hits.jsonl, findings.jsonl and scores.jsonl in {out}")


def _rulebook_here() -> Path:
    """The rulebook of the firm whose folder this is; elsewhere the one that comes with the package."""
    path = load().rulebook.path
    return path if path.is_dir() or Path("inspection.toml").exists() else PACKAGE.parent / "lexicons" / "zh-CN"
