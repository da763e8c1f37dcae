"""Builds the sample day from its texts: recordings, the dialer's database and the truth about both.

    python -m inspection.demo.build_day [--out inspection/demo/day]

The same texts and the same tools give the same bytes. It needs espeak-ng and sox; to run the day nobody does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from inspection.demo import attempts as dialled
from inspection.demo import dialer, plants
from inspection.demo.encoding import FORMATS, encode
from inspection.demo.synthesis import Heard, HeardTurn, synthesise
from inspection.demo.texts import DAY, Call, Day, load_day
from inspection.demo.training.telephone import LINE_HZ

FURTHER_SEED = 20261120
NO_HINT_EVERY = 5
"""For each fifth recording of people the dialer names no file: number and time in the file's name must do."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=DAY, help="folder that receives recordings, dialer.sqlite and truth.json"
    )
    out = parser.parse_args().out
    build(load_day(), out)
    sizes = [path.stat().st_size for path in (out / "recordings").rglob("*.*")]
    print(f"{len(sizes)} recordings, {sum(sizes) / 1e6:.1f} MB, in {out / 'recordings'}")


def build(day: Day, out: Path) -> None:
    """Writes `recordings/`, `dialer.sqlite`, `truth.json` and `characters.txt` to `out`."""
    heard = synthesise_all(day)
    talk_ms = {call.id: _talk_ms(day, call, heard) for call in day.calls}
    spoken = dialled.spoken_attempts(day, talk_ms)
    rows = dialled.numbered(spoken + dialled.further_attempts(day, spoken, random.Random(FURTHER_SEED)))
    call_nos = {attempt.key: call_no for call_no, attempt in rows.items() if attempt.talk_ms}
    names = {
        call.id: _file_name(day, call, call_nos.get(call.id, "")) for call in day.calls if call.fault != "no_recording"
    }
    _write_recordings(day, heard, talk_ms, names, out / "recordings")
    dialer.write_database(out / "dialer.sqlite", day, rows, _hints(day, names, call_nos))
    calls = [
        _call_truth(day, call, call_nos.get(call.id), names.get(call.id), heard.get(call.id)) for call in day.calls
    ]
    attempts = [
        {"call_id": no, "breaks": [attempt.key]} for no, attempt in rows.items() if attempt.key in day.violations
    ]
    listed = sum(attempt.dialed_at.date() == day.business_date for attempt in rows.values())
    _write_truth(out / "truth.json", day, calls, attempts, listed)
    said = "".join(turn.characters for one in heard.values() for turn in one.turns)
    (out / "characters.txt").write_text("".join(sorted(set(said))) + "\n", "utf-8")


def synthesise_all(day: Day, only: frozenset[str] = frozenset()) -> dict[str, Heard]:
    """Every spoken call (or only those named), each in a process of its own.

    The synthesiser carries over what it said before: only a fresh one gives a call the same samples every time.
    """
    calls = [call for call in day.calls if call.turns and (not only or call.id in only)]
    voices = [day.staff[call.facts["staff"]]["voice"] for call in calls]
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=fresh, max_tasks_per_child=1) as pool:
        return dict(zip((call.id for call in calls), pool.map(synthesise, calls, voices), strict=True))


def _talk_ms(day: Day, call: Call, heard: dict[str, Heard]) -> int:
    if call.fault == "duplicate":
        return _talk_ms(day, next(other for other in day.calls if other.id == call.audio["of"]), heard)
    if call.id in heard:
        return round(1000 * len(heard[call.id].agent) / LINE_HZ)
    return 1000 * call.facts["talk_s"]


def _file_name(day: Day, call: Call, call_no: str) -> str:
    """As dialers do it, the number in the clear: robots by call, number; people by date, time, number, agent."""
    suffix = FORMATS[call.audio["format"]].suffix
    number, staff = dialled.number_of(day, call), call.facts["staff"]
    if day.staff[staff]["kind"] == "robot":
        return f"robots/{call_no}_{number}{suffix}"
    return f"agents/{day.dialed_at(call):%Y%m%d-%H%M%S}_{number}_{staff}{suffix}"


def _hints(day: Day, names: dict[str, str], call_nos: dict[str, str]) -> dict[str, str]:
    """What the dialer's rows say about the recording: people's calls name the file, robots' do not."""
    people = [call for call in day.calls if day.staff[call.facts["staff"]]["kind"] == "human" and call.id in call_nos]
    hints = {}
    for index, call in enumerate(people):
        if call.fault == "no_recording":
            hints[call_nos[call.id]] = _file_name(day, call, call_nos[call.id]).split("/")[1]
        elif call.fault or (index + 1) % NO_HINT_EVERY:
            hints[call_nos[call.id]] = names[call.id].split("/")[1]
    return hints


def _write_recordings(
    day: Day, heard: dict[str, Heard], talk_ms: dict[str, int], names: dict[str, str], folder: Path
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for side in ("robots", "agents"):
        (folder / side).mkdir(parents=True)
    for call in day.calls:
        if call.id not in names or call.fault == "duplicate":
            continue
        target, path = FORMATS[call.audio["format"]], folder / names[call.id]
        if call.fault in ("zero_bytes", "text_named_wav"):
            plants.write_stub(call.fault, path)
            continue
        if call.id in heard:
            agent, customer = heard[call.id].agent, heard[call.id].customer
        else:
            agent = customer = plants.empty_sound(call.fault, talk_ms[call.id] / 1000)
        # Where the dialer does not say how it is wired, the agent is on the left.
        channel = call.audio.get("agent_channel") or 0
        encode(plants.wired(agent, customer, target.channels, channel, call.fault), target, path)
        if call.fault == "truncated":
            plants.truncate(path, LINE_HZ * target.channels)
    for call in day.calls:
        if call.fault == "duplicate":
            shutil.copyfile(folder / names[call.audio["of"]], folder / names[call.id])


def _call_truth(day: Day, call: Call, call_no: str | None, name: str | None, heard: Heard | None) -> dict[str, Any]:
    format_ = FORMATS[call.audio["format"]]
    proved = [
        (violation, index) for index, turn in enumerate(heard.turns if heard else ()) for violation in turn.turn.breaks
    ]
    channel = call.audio.get("agent_channel") or 0
    return {
        "id": call.id,
        "call_id": call_no,
        "recording": name,
        "format": call.audio["format"],
        "layout": "mono" if format_.channels == 1 or call.fault == "same_channel_twice" else "stereo",
        "agent_channel": 1 - channel if call.fault == "swapped_channels" else channel,
        "fault": call.fault or None,
        "expected": call.expected,
        "who": call.who,
        "clean": call.clean,
        "planted": [
            {"violation": violation, **day.violations[violation], "turn": turn}
            for violation, turn in [*proved, *((violation, None) for violation in call.breaks)]
        ],
        "turns": [_turn_truth(turn, call) for turn in (heard.turns if heard else ())],
    }


def _turn_truth(turn: HeardTurn, call: Call) -> dict[str, Any]:
    """`at` is flat: start and end of each of `characters` in milliseconds from the start of the audio."""
    silent = call.fault == "empty_channel" and turn.turn.role == "customer"
    return {
        "role": turn.turn.role,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "audible": not silent,
        "text": turn.turn.text,
        "characters": turn.characters,
        "at": [moment for span in turn.times_ms for moment in span],
    }


def _write_truth(path: Path, day: Day, calls: list[dict], attempts: list[dict], listed: int) -> None:
    """JSON with one call a line, so that a change of one call is a change of one line."""
    head = {"business_date": str(day.business_date), "timezone": day.timezone, "listed": listed, "attempts": attempts}
    lines = ",\n".join(json.dumps(call, ensure_ascii=False, separators=(",", ":")) for call in calls)
    path.write_text(json.dumps(head, ensure_ascii=False)[:-1] + ', "calls": [\n' + lines + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main()
