"""Fatal hits among ordinary clean turns: each is a false accusation to be cured by an exception or a narrower term.

    python benchmarks/clean_body.py [lexicons/zh-CN]

Reads `measure/clean.txt` of the pack, a line each: role, tab, words. Prints every fatal hit that the choosing kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from inspection.lexicon.choose import choose
from inspection.lexicon.search import search
from inspection.rules.rulebook import load_rulebook
from inspection.tables import TURNS, WORDS, conform, empty


def main(pack: Path) -> None:
    book = load_rulebook(pack)
    lines = [line.split("\t", 1) for line in (pack / "measure" / "clean.txt").read_text("utf-8").splitlines() if line]
    said = pl.DataFrame(lines, schema=["role", "text"], orient="row").with_row_index("number")
    turns = said.select(
        pl.format("turn-{}", "number").alias("call_id"), "role", "text", turn_index=0, start_ms=0, end_ms=5000
    )
    turns = conform(turns, TURNS, table="turns")
    hits = choose(search(book.matcher, turns), book.lexicon, turns, empty(WORDS))
    fatal = hits.filter(pl.col("kept") & (pl.col("severity") == "fatal")).join(
        turns.select("call_id", "text"), on="call_id"
    )
    for entry, quote, via, text in fatal.select("entry_id", "quote", "via", "text").iter_rows():
        print(f"{entry} ({via}) {quote}: {text}")
    print(f"{len(fatal)} fatal hits in {len(turns)} clean turns")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lexicons/zh-CN"))
