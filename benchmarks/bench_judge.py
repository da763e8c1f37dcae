"""Judging a generated day, beside one raw pass of the automaton over the same words.

    python benchmarks/bench_judge.py [--turns 1000000] [--terms 50000]

Every line is measured in a process of its own, so that peak memory is the line's and not its neighbour's. "raw pass"
is `ahocorasick_rs.AhoCorasick(phrases).find_matches_as_indexes(joined, overlapping=True)` over all turns joined by a
newline, with every phrase that the lexicon searches (terms, and the phrases of patterns), unfolded: no width, no
traditional characters, no sounds, no gaps, no exceptions. Ratios are against it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
from days import TURNS_PER_CALL, calls_of, day, invented_terms, with_robots, words_of

PACK = Path(__file__).parents[1] / "lexicons" / "zh-CN"
ONE_CALL, CALLS_AGAIN = "one call judged again (median)", 100
Timer = Callable[[str], object]


def phrases_of(lexicon) -> list[str]:
    from inspection.lexicon.pattern import parse

    terms = {term for entry in lexicon.active for term in entry.terms}
    groups = (group for entry in lexicon.active for source in entry.patterns for group in parse(source).groups)
    return sorted(terms | {phrase for group in groups for phrase in group})


def rulebook_of(pack: Path, terms: int):
    """The pack, with invented terms spread over its entries until it has that many."""
    from inspection.rules.rulebook import load_rulebook

    rulebook = load_rulebook(pack)
    lexicon = rulebook.lexicon
    more = invented_terms(max(0, terms - sum(len(entry.terms) for entry in lexicon.active)))
    share = len(more) // len(lexicon.entries) + 1
    extended = (
        e.model_copy(update={"terms": (*e.terms, *more[i * share : (i + 1) * share])})
        for i, e in enumerate(lexicon.entries)
    )
    return replace(rulebook, lexicon=replace(lexicon, entries=tuple(extended)))


# --- what is measured ------------------------------------------------------------------------------------------------


def raw_pass(turns: pl.DataFrame, _words: pl.DataFrame, rulebook, took: Timer) -> int:
    from ahocorasick_rs import AhoCorasick, MatchKind

    automaton = AhoCorasick(phrases_of(rulebook.lexicon), matchkind=MatchKind.Standard)
    with took("raw pass"):
        joined = turns["text"].str.join("\n").item()
        return len(automaton.find_matches_as_indexes(joined, overlapping=True))


def polars_find_many(turns: pl.DataFrame, _words: pl.DataFrame, rulebook, took: Timer) -> int:
    phrases = phrases_of(rulebook.lexicon)
    with took("polars str.find_many"):
        return turns["text"].str.find_many(phrases, overlapping=True).list.len().sum()


def pyahocorasick(turns: pl.DataFrame, _words: pl.DataFrame, rulebook, took: Timer) -> int:
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for number, phrase in enumerate(phrases_of(rulebook.lexicon)):
        automaton.add_word(phrase, number)
    automaton.make_automaton()
    with took("pyahocorasick"):
        return sum(1 for _ in automaton.iter(turns["text"].str.join("\n").item()))


def python_loop(turns: pl.DataFrame, _words: pl.DataFrame, rulebook, took: Timer) -> int:
    from ahocorasick_rs import AhoCorasick, MatchKind

    automaton = AhoCorasick(phrases_of(rulebook.lexicon), matchkind=MatchKind.Standard)
    with took("Python loop per turn"):
        return sum(len(automaton.find_matches_as_indexes(text, overlapping=True)) for text in turns["text"])


def words_in_parts(turns: pl.DataFrame, words: pl.DataFrame, rulebook, took: Timer) -> int:
    """The same work as `words_whole`, one step after the other in one thread, to see where the time goes."""
    from inspection.lexicon import search as searching
    from inspection.lexicon.choose import choose
    from inspection.lexicon.timing import WordTimes
    from inspection.rules import scan

    matcher, lexicon = rulebook.matcher, rulebook.lexicon
    turns = turns.with_columns(call=pl.col("call_id").rle_id())
    times, found = WordTimes.of(words, turns), 0
    for rows in scan.blocks(turns["call"].to_numpy()):
        block = turns[rows]
        with took("fold"):
            laid = searching.Laid(matcher, block, searching.lay_out(block))
        with took("scan text"):
            _text, readings = matcher.text.search(laid.folded.codes, laid.breaks)
        with took("scan syllables"):
            matcher.homophone.search(searching._spoken_units(matcher, laid.folded.codes, *readings), laid.breaks)
        with took("fold, scan, quotes and context"):
            matches = searching.search(matcher, block)
        with took("choose"):
            found += len(choose(matches, lexicon, block, times.of_rows(rows)))
    return found


def words_whole(turns: pl.DataFrame, words: pl.DataFrame, rulebook, took: Timer) -> int:
    from inspection.rules.scan import scan

    turns = turns.with_columns(call=pl.col("call_id").rle_id(), why=pl.lit(0, pl.Int8))
    len(rulebook.matcher)
    with took("words: fold, scan, choose, phrases"):
        return len(scan(rulebook, turns, words)[0])


def judgement(turns: pl.DataFrame, words: pl.DataFrame, rulebook, took: Timer) -> int:
    """The whole judgement with the full pack: words, identity, scripts, conditions, scores, findings."""
    from inspection.rules import checkpoints, findings, robot, scorecard
    from inspection.rules import judge as judging
    from inspection.tables import ACOUSTICS, AUDIO, SKIPS, empty

    calls = calls_of(turns)
    heard = judging.Heard(calls, empty(AUDIO), turns, words, empty(ACOUSTICS), empty(SKIPS))
    len(rulebook.matcher)  # compiled when the rulebook is loaded, not for each day
    stages = (
        (judging, "scan", "words: fold, scan, choose, phrases"),
        (judging, "_identity", "identity"), (robot, "repetitions", "repetitions"),
        (judging.evidence, "collect", "evidence"),
        (judging, "Evidence", "evidence"), (judging, "across_calls", "across calls"), (judging, "factsheet", "facts"),
        (checkpoints, "checked", "script"), (findings, "ask", "conditions"), (scorecard, "score", "scores"),
        (findings, "frame", "findings"),
    )  # fmt: skip
    for module, name, stage in stages:
        setattr(module, name, _timed(getattr(module, name), f"  judge: {stage}", took))
    with took("whole judgement"):
        return len(judging.judge(rulebook, heard).findings)


def one_call(turns: pl.DataFrame, words: pl.DataFrame, rulebook, took: Timer) -> int:
    """One call judged again, as a page does it, after a first one has warmed the process: the median of many calls.

    The process has one polars thread: for frames of a few rows, handing work to others costs more than doing it.
    """
    from inspection.rules.judge import Heard, judge
    from inspection.tables import ACOUSTICS, AUDIO, SKIPS, empty

    calls = calls_of(turns.head(TURNS_PER_CALL * CALLS_AGAIN))
    for number, call in enumerate(calls["call_id"]):
        said = turns.slice(number * TURNS_PER_CALL, TURNS_PER_CALL)
        heard = Heard(
            calls.slice(number, 1), empty(AUDIO), said, words.filter(pl.col("call_id") == call),
            empty(ACOUSTICS), empty(SKIPS),
        )  # fmt: skip
        with took(ONE_CALL if number else "the first call"):
            judge(rulebook, heard)
    return len(calls) - 1


def _timed(function: Callable, name: str, took: Timer) -> Callable:
    def measured(*arguments, **options):
        with took(name):
            return function(*arguments, **options)

    return measured


def nothing(turns: pl.DataFrame, words: pl.DataFrame, rulebook, took: Timer) -> int:
    """What the process holds before any work: the libraries and the day."""
    with took("the day itself"):
        return len(turns) + 0 * (len(words) + len(rulebook.rules))


MEASURES = (
    nothing,
    raw_pass,
    polars_find_many,
    pyahocorasick,
    python_loop,
    words_in_parts,
    words_whole,
    judgement,
    one_call,
)


# --- measuring -------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--terms", type=int, default=0, help="extend the pack with invented terms to this many")
    parser.add_argument("--pack", type=Path, default=PACK, help="the rulebook that judges")
    parser.add_argument("--repeat", type=int, default=3, help="the fastest of so many runs counts")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        _child(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(f"generating {options.turns:,} turns", flush=True)
        _write_day(Path(folder), options)
        raw = 0.0  # seconds of the raw pass; every ratio is of wall time
        for measured in MEASURES:
            result = _measured(measured.__name__, folder, options)
            raw = raw or result["seconds"].get("raw pass", (0.0, 0.0))[0]
            for name, (seconds, cpu) in result["seconds"].items():
                ratio = f"{seconds / raw:6.2f} x" if raw else " " * 8
                size = f"peak {result['peak_mib']:6,d} MiB   {result['count']:,} found"
                print(f"  {name:32s} {seconds:8.3f} s {ratio}   {cpu:8.3f} s of processor   {size}", flush=True)


def _write_day(folder: Path, options: argparse.Namespace) -> None:
    rulebook = rulebook_of(options.pack, 0)
    cases = [(case.role, case.turns[0]) for entry in rulebook.lexicon.entries for case in entry.cases]
    lines = {script.id.split(".")[-1]: [line.text for line in script.lines] for script in rulebook.scripts}
    turns = day(options.turns, cases)
    turns = with_robots(turns, calls_of(turns), lines)
    print(f"{turns['text'].n_unique():,} of them different, {turns['text'].str.len_chars().mean():.1f} characters each")
    turns.write_parquet(folder / "turns.parquet")
    words_of(turns).write_parquet(folder / "words.parquet")


def _measured(name: str, folder: str, options: argparse.Namespace) -> dict:
    command = [sys.executable, __file__, "--only", name, "--folder", folder, "--pack", str(options.pack)]
    command += ["--terms", str(options.terms)]
    runs = []
    for _ in range(options.repeat):
        alone = {"POLARS_MAX_THREADS": "1"} if name == one_call.__name__ else {}  # as a page's process sets it
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | alone)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    best = min(runs, key=lambda run: sum(wall for wall, _ in run["seconds"].values()))
    return best | {"peak_mib": max(run["peak_mib"] for run in runs)}


def _child(options: argparse.Namespace) -> None:
    turns, words = (pl.read_parquet(options.folder / f"{name}.parquet") for name in ("turns", "words"))
    taken: dict[str, list[tuple[float, float]]] = {}

    @contextmanager
    def took(name: str) -> Iterator[None]:
        clocks = time.perf_counter(), time.process_time()
        yield
        taken.setdefault(name, []).append((time.perf_counter() - clocks[0], time.process_time() - clocks[1]))

    measure = next(measure for measure in MEASURES if measure.__name__ == options.only)
    count = measure(turns, words, rulebook_of(options.pack, options.terms), took)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = {
        name: tuple((statistics.median if name == ONE_CALL else sum)(clock) for clock in zip(*times, strict=True))
        for name, times in taken.items()
    }
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "count": count}))


if __name__ == "__main__":
    main()
