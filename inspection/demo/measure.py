"""Measures the sample day against its truth: how well it was heard, and what was found of what was planted.

    python -m inspection.demo.measure [--out out/demo] [--only speech|written|planted]

Speech is measured on the product's own transcripts: those under `--out` are used, missing ones are made. What was
planted is looked for twice: in the texts as they were written, heard without any error, and in the results of
`make demo` under `--out`. The exit code is 1 when a bar of the speech figures is missed, when a planted fatal
violation was missed or a clean call called fatal, or when a call did not end as it should.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import polars as pl

from inspection.demo import figures
from inspection.demo.planted import PlantedReport, planted_check
from inspection.demo.truth import Truth, load_truth
from inspection.errors import InspectionError, UsageError

COLLARS = {0.0: ("at most", 0.20), 0.25: None}
SIDES = {"agent and robot": ("agent", "robot"), "customer": ("customer",)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="working folder of the demo")
    parser.add_argument("--only", choices=("speech", "written", "planted"), help="one of the three")
    options = parser.parse_args(arguments)
    reports: dict[str, PlantedReport] = {}
    heard_well = True
    try:
        truth, settings = load_truth(), _settings(options.out)
        if options.only in (None, "speech"):
            heard_well = print_speech(speech_figures(truth, settings))
        if options.only in (None, "written"):
            reports["as written"] = written_report(truth, settings)
        if options.only in (None, "planted"):
            reports["as heard"] = planted_check(_results(settings, truth), truth)
    except InspectionError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    finally:
        for name, report in reports.items():
            print_planted(name, report)
    return 0 if heard_well and all(report.passed for report in reports.values()) else 1


def _settings(out: Path) -> Any:
    from inspection.demo.prepare import prepare
    from inspection.settings import load

    return load(prepare(out))


def _results(settings: Any, truth: Truth) -> dict[str, pl.DataFrame]:
    from inspection.results.store import Store

    store = Store(settings.store.root)
    if truth.business_date not in store.days():
        raise UsageError(f"{settings.store.root}: holds no results of {truth.business_date}; run `make demo` first")
    return {name: store.day(name, truth.business_date) for name in ("findings", "checkpoints", "reconciliation")}


def written_report(truth: Truth, settings: Any) -> PlantedReport:
    """What the rulebook finds in the day's texts when every character, time and role is known."""
    from inspection.demo.perfect import perfectly_heard
    from inspection.intake.day import take_in
    from inspection.rules.judge import judge
    from inspection.rules.rulebook import load_rulebook

    heard = perfectly_heard(truth, take_in(settings, truth.business_date))
    found = judge(load_rulebook(settings.rulebook.path), heard)
    # How a call ends is the business of intake and ears, so it is taken from the truth.
    ends = truth.calls.select(
        "call_id", state=pl.when(pl.col("expected") == "inspected").then("expected"), reason="expected"
    )
    return planted_check({"findings": found.findings, "checkpoints": found.checkpoints, "reconciliation": ends}, truth)


@dataclass(frozen=True)
class CallFigures:
    """One call's figures, as parts that can be added up; `sides` by the names of SIDES, `diarization` by collar."""

    id: str
    format: str
    layout: str
    whole: figures.Errors
    sides: dict[str, figures.Errors]
    roles: figures.Share
    turns: figures.Share
    starts: figures.Share
    diarization: dict[float, figures.Share]


def speech_figures(truth: Truth, settings: Any) -> list[CallFigures]:
    """The figures of each call to be inspected; one without a transcript counts with all its characters missed."""
    heard, spans = _heard(truth, settings)
    about = {row["call_id"]: row for row in truth.calls.to_dicts()}
    found = []
    for (call_id,), true in truth.characters.partition_by("call_id", as_dict=True).items():
        turns, words = (frame.filter(pl.col("call_id") == call_id) for frame in (heard.turns, heard.words))
        call = about[call_id]
        mono = spans[call_id].to_dicts() if call["layout"] == "mono" and call_id in spans else None
        found.append(
            CallFigures(
                id=call["id"],
                format=call["format"],
                layout=call["layout"],
                whole=figures.call_errors(true, turns),
                sides={name: figures.side_errors(true, turns, roles) for name, roles in SIDES.items()},
                roles=figures.role_share(true, spans[call_id]) if call_id in spans else figures.role_share(true, turns),
                turns=figures.role_share(true, turns),
                starts=figures.word_start_share(true, turns, words),
                diarization={collar: figures.diarization_error(true, mono, collar) for collar in COLLARS if mono},
            )
        )
    return sorted(found, key=lambda call: call.id)


def _heard(truth: Truth, settings: Any) -> tuple[Any, dict[str, pl.DataFrame]]:
    """The product's frames for the calls to be inspected, and each call's spans of speech by voice and role."""
    from inspection.intake.day import take_in
    from inspection.speech.listen import listen
    from inspection.speech.models import load_engines
    from inspection.speech.transcripts import TranscriptStore

    wanted = truth.calls.filter(pl.col("expected") == "inspected").select("call_id")
    calls = take_in(settings, truth.business_date).calls.join(wanted, on="call_id", how="semi")
    store, engines = TranscriptStore(settings.store.transcripts), load_engines(settings.speech)
    heard = listen(calls, engines, settings.speech, store)
    kept = store.load(calls["audio_sha256"], engines.fingerprint).select("audio_sha256", "speech")
    agents = heard.audio.select("call_id", "audio_sha256", "agent_voice")
    side = pl.when(pl.col("voice") == pl.col("agent_voice")).then(pl.lit("agent")).otherwise(pl.lit("customer"))
    spans = (
        agents.join(kept, on="audio_sha256")
        .explode("speech", empty_as_null=False)
        .unnest("speech")
        .with_columns(role=pl.when(pl.col("agent_voice").is_null()).then(pl.lit("unknown")).otherwise(side))
    )
    return heard, {call_id: part for (call_id,), part in spans.partition_by("call_id", as_dict=True).items()}


def print_speech(calls: list[CallFigures]) -> bool:
    """The figures with their bars, then the error rate by side and by format; whether every bar was met.

    Roles are measured on the speech that was heard, whether its words were recognised or not; turns exist only where
    there are words, so the figure by turns falls with every sentence that was missed.
    """
    mono, stereo = ([call for call in calls if call.layout == layout] for layout in ("mono", "stereo"))
    starts = _sum(call.starts for call in calls)
    print(f"heard: {len(calls)} calls, {_sum(call.whole for call in calls).characters} characters")
    met = [
        _line("character error rate", _sum(call.whole for call in calls).rate, ("at most", 0.12)),
        _line("role accuracy, stereo", _sum(call.roles for call in stereo).rate, ("at least", 0.97)),
        _line("role accuracy, mono", _sum(call.roles for call in mono).rate, ("at least", 0.85)),
        _line(f"word start within 300 ms, of {starts.whole:.0f} words", starts.rate, ("at least", 0.80)),
    ]
    for name, part in (("stereo", stereo), ("mono", mono)):
        _line(f"role accuracy by turns that have words, {name}", _sum(call.turns for call in part).rate)
    for collar, bar in COLLARS.items():
        share = _sum(call.diarization.get(collar, figures.Share()) for call in mono)
        met.append(_line(f"diarization error, mono, collar {collar:g} s", share.rate, bar))
    for name in SIDES:
        _line(f"character error rate, {name}", _sum(call.sides[name] for call in calls).rate)
    for name in sorted({call.format for call in calls}):
        part = [call.whole for call in calls if call.format == name]
        _line(f"character error rate, {name} ({len(part)} calls)", _sum(part).rate)
    worst = sorted(calls, key=lambda call: -call.whole.rate)[:5]
    print("  most errors:", ", ".join(f"{call.id} {call.whole.rate:.0%}" for call in worst))
    return all(met)


def print_planted(name: str, report: PlantedReport) -> None:
    """How many planted violations were found; each one that was not, each wrong accusation, each wrong end."""
    for severity in ("fatal", "major", "minor"):
        part = report.found.filter(pl.col("severity") == severity)
        counts = dict(part["state"].value_counts().iter_rows())
        told = ", ".join(f"{counts.get(state, 0)} {state}" for state in ("found", "unsure", "missed"))
        print(f"planted, {name}, {severity}: {part.height}: {told}")
    for row in report.found.filter(pl.col("state") != "found").to_dicts():
        print(f"  {row['state']}: {row['call_id']} {row['violation']} ({row['title']}, {row['severity']})")
    print(f"fatal findings on clean calls, {name}: {report.accused.height}")
    for row in report.accused.to_dicts():
        print(f"  {row['id']} {row['call_id']} {row['rule_id']}: {row['quote'] or row['reason']}")
    print(f"major and minor findings on clean calls, {name}: {report.blamed.height}")
    for row in report.blamed.to_dicts():
        print(f"  {row['id']} {row['call_id']} {row['rule_id']}: {row['quote'] or row['reason']}")
    print(f"fatal rules unsure about clean calls, {name}: {report.doubted.height}")
    for row in report.doubted.to_dicts():
        print(f"  {row['id']} {row['call_id']} {row['rule_id']}: {row['quote'] or row['reason']}")
    print(f"calls that did not end as expected, {name}: {report.ended.height}")
    for row in report.ended.to_dicts():
        print(f"  {row['id']} {row['call_id']}: expected {row['expected']}, came {row['came']}")


def _sum(parts: Iterable[Any]) -> Any:
    return reduce(add, parts)


def _line(label: str, rate: float, bar: tuple[str, float] | None = None) -> bool:
    """Prints a figure with its bar, `at most` or `at least` so much; whether it is met, as is what has no bar."""
    met = bar is None or (rate <= bar[1] if bar[0] == "at most" else rate >= bar[1])
    told = f"   {bar[0]} {bar[1]:.0%}{'' if met else ': MISSED'}" if bar else ""
    print(f"  {label:<52} {rate:>7.1%}{told}")
    return met


if __name__ == "__main__":
    raise SystemExit(main())
