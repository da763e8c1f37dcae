"""`inspection lexicon lint | test | measure | scan`: the words, for those who own them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.errors import RulebookError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from inspection.lexicon.model import Lexicon

app = typer.Typer(name="lexicon", help="Check, prove, measure and try the words of a rulebook.", no_args_is_help=True)

RULEBOOK = typer.Option(
    None, "--rulebook", "-r", help="Rulebook folder; default: the one of the settings.", show_default=False
)
SENTENCES = typer.Argument(
    None,
    help="Labelled sentences, one JSON object a line: say, role, categories, kind."
    " Default: measure/held_out.jsonl of the rulebook.",
    show_default=False,
)


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
def measure(  # noqa: PLR0917 — a command's options, given by name
    sentences: Path | None = SENTENCES,
    rulebook: Path | None = RULEBOOK,
    clean: bool = typer.Option(False, help="Measure the rulebook's clean body, measure/clean.txt, instead."),
    min_confidence: float = typer.Option(0.0, min=0, max=1, help="Count only hits at least so sure."),
    misses: bool = typer.Option(False, help="Print every sentence that was judged wrongly, and why."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object instead of the table."),
    strict: bool = typer.Option(False, help="Fail where a bar is not met."),
) -> None:
    """Precision and recall per category on sentences that no entry was written from, or the hits in clean turns."""
    lexicon = _lexicon(rulebook)
    path = sentences or lexicon.folder / "measure" / ("clean.txt" if clean else "held_out.jsonl")
    lines, data, unmet = _clean(lexicon, path) if clean else _labelled(lexicon, path, min_confidence, misses)
    typer.echo(json.dumps({"file": str(path), **data}, ensure_ascii=False) if as_json else "\n".join(lines))
    if strict and unmet:
        raise RulebookError(f"{path}: {unmet} bars are missed; see the lines above, or leave out --strict")


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
    from inspection.lexicon.pattern import abridged

    says = [line.rstrip("\n") for line in typer.get_text_stream("stdin")] if text == "-" else [text]
    turns = spoken((f"{number + 1:06d}", role, tuple(say.split("|"))) for number, say in enumerate(says))
    hits = judged(_lexicon(rulebook, check_cases=False), turns)
    for hit in hits.iter_rows(named=True):
        line = f"{hit['call_id'].lstrip('0')}: " if len(says) > 1 else ""
        state = "kept" if hit["kept"] else f"cleared by {hit['cleared_by']}"
        typer.echo(
            f"{line}{hit['quote']}  {hit['entry_id']}  {hit['severity']}  {hit['via']} {hit['confidence']:.2f}  {state}"
        )
        typer.echo(f"    term {abridged(hit['term'], hit['quote'])}; " + "; ".join(hit["steps"]))
    if hits.is_empty():
        typer.echo("no hit")


def _lexicon(rulebook: Path | None, *, check_cases: bool = True) -> Lexicon:
    from inspection.lexicon.load import load_lexicon

    if rulebook is None:
        from inspection.settings import load

        rulebook = load().rulebook.path
    return load_lexicon(rulebook, check_cases=check_cases)


def _labelled(lexicon: Lexicon, path: Path, min_confidence: float, misses: bool) -> tuple[list[str], dict, int]:
    from inspection.lexicon.measure import BARS, measure, read_sentences

    said = read_sentences(path)
    measured = measure(lexicon, said, min_confidence=min_confidence)
    wrong = measured.wrong if misses else measured.wrong.clear()
    data = {"sentences": len(said), "shares": measured.shares.to_dicts(), "wrong": wrong.to_dicts()}
    lines = [f"{path}: {len(said)} sentences", *_table(measured.shares, BARS), *_told(wrong)]
    return lines, data, int(measured.shares["met"].not_().sum())


def _clean(lexicon: Lexicon, path: Path) -> tuple[list[str], dict, int]:
    from inspection.lexicon.measure import fatal_hits, read_clean

    turns = read_clean(path)
    hits = fatal_hits(lexicon, turns)
    lines = [f"{path}: {len(hits)} hits of fatal categories in {len(turns)} clean turns", *_told(hits)]
    return lines, {"turns": len(turns), "wrong": hits.to_dicts()}, len(hits)


def _table(shares: pl.DataFrame, bars: Mapping[str, float]) -> Iterator[str]:
    """A line a category, a column for each share, ✗ where a bar is not met."""
    kinds = [kind for kind in ("plain", "misheard") if kind in shares["what"]]
    others = sorted(set(shares["what"]) - {*kinds, "precision", "innocent"})
    columns = [*kinds, *others, "precision", "innocent"]
    yield "category".ljust(20) + "".join(name.rjust(20) for name in columns)
    for (category,), rows in shares.group_by("category", maintain_order=True):
        cells = {what: _cell(part, whole, met) for _, what, part, whole, _, met in rows.iter_rows()}
        yield category.ljust(20) + "".join(cells.get(name, "–  ").rjust(20) for name in columns)
    yield "✗ misses its bar: " + ", ".join(f"{name} {bar:.0%}" for name, bar in bars.items() if name in columns)


def _cell(part: int, whole: int, met: bool | None) -> str:
    return f"{part}/{whole} {part / whole:7.1%} {'✗' if met is False else ' '}"


def _told(wrong: pl.DataFrame) -> Iterator[str]:
    """A line for each sentence judged wrongly: what is wrong, who says what, and what was found or cleared."""
    from inspection.lexicon.pattern import abridged

    for row in wrong.iter_rows(named=True):
        by = abridged(row["term"] or "", row["quote"] or "")
        found = f"{row['entry_id']} {row['quote']!r} by {by!r}" if row["entry_id"] else "nothing found"
        step = f", {row['step']}" if row["step"] else ""
        yield f"{row['error']}  {row['category']}  {row['kind']}  {row['role']}: {row['say']}    [{found}{step}]"
