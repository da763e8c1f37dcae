"""Whom a person found to be the agent of a call: one file, above every inference, used each time a day is judged.

The file is a CSV that may be edited by hand: `call_id,agent_voice`. A voice is a channel (0 left, 1 right) or, on mono
recordings, one of the two speakers that were told apart. Nothing is ever listened to again for it.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from inspection.errors import SpeechError
from inspection.speech.transcripts import TranscriptStore

COLUMNS = ["call_id", "agent_voice"]
FIRST_WORDS = 40
"""Words of a voice that are shown, enough to tell a collector from a customer."""


def reviewed_roles(path: Path) -> dict[str, int]:
    """The voice (0 | 1) of each call's agent; empty without the file. Raises SpeechError naming the line."""
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            if next(rows, COLUMNS) != COLUMNS:
                raise SpeechError(f"{path}: line 1: the columns are {','.join(COLUMNS)}")
            return dict(_decision(path, rows.line_num, row) for row in rows if row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpeechError(f"{path}: cannot be read: {error}; it is a CSV in UTF-8") from error


def _decision(path: Path, line: int, row: list[str]) -> tuple[str, int]:
    if len(row) != len(COLUMNS) or not row[0] or row[1] not in ("0", "1"):
        raise SpeechError(f"{path}: line {line}: write a call's id and 0 or 1, the voice of its agent")
    return row[0], int(row[1])


def decide(path: Path, call_id: str, voice: int) -> None:
    """Writes down whose voice the agent's is, in place of what stood there before."""
    _write(path, reviewed_roles(path) | {call_id: voice})


def withdraw(path: Path, call_ids: Iterable[str]) -> int:
    """Removes what was decided about the calls; returns how many decisions went."""
    known, gone = reviewed_roles(path), set(call_ids)
    left = {call_id: voice for call_id, voice in known.items() if call_id not in gone}
    if len(left) < len(known):
        _write(path, left)
    return len(known) - len(left)


def _write(path: Path, decisions: Mapping[str, int]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([COLUMNS, *sorted(decisions.items())])
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise SpeechError(f"{path}: cannot be written: {error.strerror}") from error


def voices(store: TranscriptStore, audio_sha256: str, fingerprint: str) -> pl.DataFrame:
    """`voice, speech_ms, words` of a recording: how long each voice speaks, and its first words.

    Raises SpeechError when these models have no transcript of it.
    """
    transcript = store.load([audio_sha256], fingerprint)
    if transcript.is_empty():
        raise SpeechError(
            f"{store.folder}: these speech settings and models have no transcript of the call's recording; "
            "run its day again"
        )
    said, speech = (transcript.explode(name).select(name).unnest(name) for name in ("words", "speech"))
    words = said.group_by("voice").agg(words=pl.col("text").head(FIRST_WORDS).str.join(""))
    length = speech.group_by("voice").agg(speech_ms=(pl.col("end_ms") - pl.col("start_ms")).sum())
    return length.join(words, on="voice", how="left").sort("voice").select("voice", "speech_ms", "words")
