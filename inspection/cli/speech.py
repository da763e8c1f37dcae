"""`inspection transcribe FILE | roles CALL_ID | doctor`: one recording as turns; who is who in a call; the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inspection.errors import SpeechError, UsageError

app = typer.Typer()

Settings = Annotated[Path, typer.Option("--settings", "-s", help="Settings of the working folder.")]
DEFAULT = Path("inspection.toml")


@app.command()
def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, MP3, Ogg/Opus, GSM, µ-law, A-law, …")],
    settings: Settings = DEFAULT,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a turn, as `inspection judge` reads it.")
    ] = False,
    role_left: Annotated[str, typer.Option(help="Who is on the left channel: agent, robot or customer.")] = "",
) -> None:
    """Print what is said in one recording: who, when, and the words. Nothing is stored."""
    from inspection.settings import load
    from inspection.speech.one import transcribe_file

    if role_left not in ("", "agent", "robot", "customer"):
        raise UsageError(f"--role-left {role_left}: it is agent, robot or customer")
    heard = transcribe_file(file, load(settings).speech, role_left=role_left)
    if as_json:
        words = heard.words.drop("call_id").partition_by("turn_index", as_dict=True, include_key=False)
        for turn in heard.turns.to_dicts():
            its_words = words[(turn["turn_index"],)].to_dicts()
            typer.echo(json.dumps({**turn, "words": its_words}, ensure_ascii=False))
        return
    about = heard.audio.row(0, named=True)
    flags = ", ".join(about["quality_flags"]) or "none"
    typer.echo(
        f"{file.name}: {about['duration_ms'] / 1000:.1f} s, {about['codec']} {about['sample_rate_hz']} Hz, "
        f"{about['layout']}, roles by {about['role_basis']} ({about['role_confidence']:.2f}), flags: {flags}"
    )
    for turn in heard.turns.iter_rows(named=True):
        start, end = _clock(turn["start_ms"]), _clock(turn["end_ms"])
        typer.echo(f"{start}–{end}  {turn['role']:<8}  {turn['text']}")


@app.command()
def roles(
    call_id: Annotated[str, typer.Argument(help="The call, as the dialer names it.")],
    agent: Annotated[
        int | None, typer.Option("--agent", min=0, max=1, help="The voice that is the agent's or the robot's.")
    ] = None,
    settings: Settings = DEFAULT,
) -> None:
    """Show the two voices of a call and whose they were taken for; with --agent, say whose the agent's is.

    The day judges by it when it is run again; nothing is listened to again.
    """
    from inspection.privacy import mask
    from inspection.results.store import Store
    from inspection.settings import load
    from inspection.speech.review import decide, voices
    from inspection.speech.transcripts import TranscriptStore

    house = load(settings)
    found = Store(house.store.root).audio().filter(call_id=call_id).collect()
    if found.is_empty():
        raise UsageError(f"{call_id}: no stored day has heard this call")
    about = found.row(-1, named=True)
    heard = voices(TranscriptStore(house.store.transcripts), about["audio_sha256"], about["speech_fingerprint"])
    sides = {None: ("unknown", "unknown"), 0: ("agent", "customer"), 1: ("customer", "agent")}[about["agent_voice"]]
    for voice, speech_ms, words in heard.iter_rows():
        typer.echo(f"voice {voice}: {sides[voice]:<8}  {speech_ms / 1000:5.1f} s  {mask(words or '–')} …")
    typer.echo(f"by {about['role_basis']}, confidence {about['role_confidence']:.2f}")
    if agent is not None:
        decide(house.store.reviewed_roles, call_id, agent)
        typer.echo(f"the agent is voice {agent}, as a reviewer says; written to {house.store.reviewed_roles}")
        typer.echo(
            f"next: `inspection run --date {about['business_date']}` judges the day by it, without listening again"
        )


@app.command()
def doctor(
    settings: Settings = DEFAULT,
    try_loading: Annotated[
        bool, typer.Option("--try", help="Load both models and try them on a second of silence.")
    ] = False,
) -> None:
    """Say which speech models would load, from where, their hashes, and what is missing and how to get it."""
    from rich.console import Console

    from inspection.settings import load
    from inspection.speech.doctor import examine

    console = Console(soft_wrap=True, highlight=False)
    found = examine(load(settings).speech, try_loading=try_loading)
    marks = {True: "[green]ok[/green]     ", False: "[red]MISSING[/red]", None: "       "}
    for finding in found:
        console.print(f"{marks[finding.ok]} {finding.about}: ", end="")
        console.print(finding.detail, markup=False)
    missing = [finding.about for finding in found if finding.ok is False]
    if missing:
        raise SpeechError(f"not ready to listen: {', '.join(missing)} (see above)")


def _clock(ms: int) -> str:
    return f"{ms // 60_000:02d}:{ms % 60_000 / 1000:06.3f}"
