"""One recording from its file to its turns, for the command line and for trying things out in a notebook."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from inspection.errors import SpeechError, UsageError
from inspection.settings import SpeechSettings
from inspection.speech.decode import sha256_of
from inspection.speech.hear import Heard
from inspection.speech.listen import listen
from inspection.speech.models import load_engines
from inspection.speech.transcripts import TranscriptStore


def transcribe_file(file: Path, settings: SpeechSettings, *, role_left: str = "") -> Heard:
    """The same path as a day's calls, for one file; its call_id is the file's name without ending.

    `role_left` says who is on the left channel (agent, robot, customer). Raises SpeechError with one line for a
    recording that cannot be heard or a model that is missing, UsageError for a file that is not there.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    call = {
        "call_id": file.stem,
        "recording_id": file.name,
        "location": str(file),
        "audio_sha256": sha256_of(data),
        "agent_kind": "robot" if role_left == "robot" else "human",
        "agent_channel": {"agent": 0, "robot": 0, "customer": 1}.get(role_left),
    }
    schema_overrides = {"agent_channel": pl.Int8}
    with tempfile.TemporaryDirectory(prefix="inspection-") as folder:
        calls = pl.DataFrame([call], schema_overrides=schema_overrides)
        heard = listen(calls, load_engines(settings), settings, TranscriptStore(Path(folder)))
    if heard.skips.height:
        skip = heard.skips.row(0, named=True)
        raise SpeechError(f"{file}: {skip['reason']}: {skip['detail']}")
    return heard
