"""`inspection lexicon lint | test | measure | scan`: the words, for those who own them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.errors import RulebookError

if TYPE_CHECKING:
    import polars as pl

    from inspection.lexicon.model import Lexicon

app = typer.Typer(name="lexicon", help="Check, prove, measure and try the words of a rulebook.", no_args_is_help=True)

RULEBOOK = typer.Option(
    None, "--rulebook", "-r", help="Rulebook folder; default: the one of the settings.", show_default=False
)
SENTENCES = typer.Argument(help="Labelled sentences, one JSON object a line: say, role, categories, kind.")


@app.command()
def lint(rulebook: Path | None = RULEBOOK, strict: bool = typer.Option(False, help="Fail on doubts, too.")) -> None:
    """Load the lexicon, which refuses every mistake, and print what a second reader would doubt."""
    from inspection.lexicon.lint import lint as doubts_about

    lexicon = _lexicon(rulebook)
    doubts = doubts_about(lexicon)
    for doubt in doubts:
        typer.echo(str(doubt))
    typer.echo(f"{len(lexicon.entries)} entries load; {len(doubts)} doubts")
    if doubts and strict:
        raise RulebookError(f"{lexicon.folder}: {len(doubts)} doubts; resolve them or leave out --strict")


@app.command()
def test(rulebook: Path | None = RULEBOOK) -> None:
    """Run every entry's own cases, and say which do not hold."""
    from inspection.lexicon.cases import failing_cases

    lexicon = _lexicon(rulebook, check_cases=False)
    failures = failing_cases(lexicon)
    for failure in failures:
        typer.echo(str(failure))
    cases = sum(len(entry.cases) for entry in lexicon.active)
    typer.echo(f"{cases - len(failures)} of {cases} cases of {len(lexicon.active)} entries hold")
    if failures:
        raise RulebookError(f"{lexicon.folder}: {len(failures)} cases do not hold")


@app.command()
def measure(
    sentences: Path = SENTENCES,
    rulebook: Path | None = RULEBOOK,
    min_confidence: float = typer.Option(0.0, min=0, max=1, help="Count only hits at least so sure."),
    wrong: bool = typer.Option(False, help="Print every sentence that was judged wrongly."),
) -> None:
    """Precision and recall per category on sentences that were not used to write the entries."""
    from inspection.lexicon.measure import measure as measured
    from inspection.lexicon.measure import read_sentences

    result = measured(_lexicon(rulebook), read_sentences(sentences), min_confidence=min_confidence)
    _table(result.categories.select("category", "kind", "sentences", "found", "recall", "flagged", "precision"))
    _table(result.innocent)
    if wrong:
        _table(result.wrong)


@app.command()
def scan(
    text: str = typer.Argument(
        help="What was said; `|` stands for a breath between two turns. `-` reads lines from the input."
    ),
    role: str = typer.Option("agent", help="Who says it: agent, robot, customer or unknown."),
    rulebook: Path | None = RULEBOOK,
) -> None:
    """Show every hit of a sentence, kept or cleared, and the step that decided."""
    from inspection.lexicon.cases import judged, spoken

    says = [line.rstrip("\n") for line in typer.get_text_stream("stdin")] if text == "-" else [text]
    turns = spoken((f"{number + 1:06d}", role, tuple(say.split("|"))) for number, say in enumerate(says))
    hits = judged(_lexicon(rulebook, check_cases=False), turns)
    for hit in hits.iter_rows(named=True):
        line = f"{hit['call_id'].lstrip('0')}: " if len(says) > 1 else ""
        state = "kept" if hit["kept"] else f"cleared by {hit['cleared_by']}"
        typer.echo(
            f"{line}{hit['quote']}  {hit['entry_id']}  {hit['severity']}  {hit['via']} {hit['confidence']:.2f}  {state}"
        )
        typer.echo(f"    term {hit['term']}; " + "; ".join(hit["steps"]))
    if hits.is_empty():
        typer.echo("no hit")


def _lexicon(rulebook: Path | None, *, check_cases: bool = True) -> Lexicon:
    from inspection.lexicon.load import load_lexicon

    if rulebook is None:
        from inspection.settings import load

        rulebook = load().rulebook.path
    return load_lexicon(rulebook, check_cases=check_cases)


def _table(frame: pl.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*frame.columns)
    for row in frame.iter_rows():
        table.add_row(*(_cell(value) for value in row))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    return "–" if value is None else str(value)
