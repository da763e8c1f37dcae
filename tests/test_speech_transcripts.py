"""Transcripts are written once, whole or not at all, and come back as they were."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys

import polars as pl
import pytest

from inspection.errors import SpeechError
from inspection.speech.transcripts import TRANSCRIPT, TranscriptStore

MODELS = "f" * 64


def transcript(name: str = "a", fingerprint: str = MODELS, text: str = "您") -> pl.DataFrame:
    row = {
        "audio_sha256": hashlib.sha256(name.encode()).hexdigest(),
        "speech_fingerprint": fingerprint,
        "duration_ms": 1234,
        "channels": 2,
        "codec": "pcm_mulaw",
        "sample_rate_hz": 8000,
        "layout": "stereo",
        "quality_flags": ["crosstalk"],
        "words": [{"voice": 0, "start_ms": 10, "end_ms": 200, "text": text, "probability": 0.5}],
        "speech": [{"voice": 0, "start_ms": 0, "end_ms": 300}],
        "exclusive": [],
        "levels": [{"voice": 0, "start_ms": 0, "level_db": -20.0}],
    }
    return pl.DataFrame([row], schema=TRANSCRIPT)


def sha(name: str) -> str:
    return transcript(name).item(0, "audio_sha256")


def test_comes_back_as_it_was_stored(tmp_path):
    store = TranscriptStore(tmp_path)
    store.add(transcript("a"))
    store.add(transcript("b"))
    loaded = store.load([sha("b"), sha("a"), sha("a"), sha("never heard")], MODELS)
    assert loaded.schema == TRANSCRIPT
    assert loaded.equals(pl.concat([transcript("a"), transcript("b")]).sort("audio_sha256"))


def test_is_never_changed(tmp_path):
    store = TranscriptStore(tmp_path)
    before = store.add(transcript("a", text="您")).read_bytes()
    assert store.add(transcript("a", text="他")).read_bytes() == before


def test_other_models_have_transcripts_of_their_own(tmp_path):
    store = TranscriptStore(tmp_path)
    store.add(transcript("a"))
    assert not store.has(sha("a"), "e" * 64)
    assert store.load([sha("a")], "e" * 64).is_empty()
    store.add(transcript("a", "e" * 64))
    assert store.remove(sha("a")) == 2
    assert not store.has(sha("a"), MODELS)


def test_nothing_half_written_is_ever_seen(tmp_path):
    """A writer that is killed between writing and renaming leaves no transcript, and the next one succeeds."""
    code = (
        "import os, signal, sys; sys.path[:0] = [sys.argv[2]]\n"
        "from pathlib import Path\n"
        "from test_speech_transcripts import transcript\n"
        "from inspection.speech.transcripts import TranscriptStore\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "TranscriptStore(Path(sys.argv[1])).add(transcript('a'))\n"
    )
    tests = os.path.dirname(__file__)
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path), tests], check=False)
    assert killed.returncode == -signal.SIGKILL
    store = TranscriptStore(tmp_path)
    assert not store.has(sha("a"), MODELS)
    assert store.load([sha("a")], MODELS).is_empty()
    store.add(transcript("a"))
    assert store.load([sha("a")], MODELS).height == 1


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SpeechError, match="No space left"):
        TranscriptStore(tmp_path).add(transcript("a"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_file_is_named(tmp_path):
    store = TranscriptStore(tmp_path)
    store.add(transcript("a"))
    damaged = store.add(transcript("b"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(SpeechError, match=damaged.name):
        store.load([sha("a"), sha("b")], MODELS)
