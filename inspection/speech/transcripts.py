"""Transcripts on disk: made once per recording and set of models, never changed.

    folder/<speech fingerprint, 16 digits>/<first two digits of the audio's SHA-256>/<SHA-256>.parquet

Each file is one row of TRANSCRIPT. What a rule, a role or a person may change later (turns, roles, hits, scores) is
not in it, so none of that ever needs the audio again. A writer that is killed leaves at most a temporary file whose
name begins with a dot; it is never read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from inspection.errors import SpeechError

SPAN = {"voice": pl.Int8, "start_ms": pl.Int64, "end_ms": pl.Int64}
TRANSCRIPT = pl.Schema(
    {
        "audio_sha256": pl.String,
        "speech_fingerprint": pl.String,
        "duration_ms": pl.Int64,
        "channels": pl.Int8,
        "codec": pl.String,
        "sample_rate_hz": pl.Int32,
        "layout": pl.String,  # stereo | mono | mono_in_stereo
        "quality_flags": pl.List(pl.String),
        # A voice is a channel (0 left, 1 right) or a diarized speaker (0, 1). Words are sorted by start_ms.
        "words": pl.List(pl.Struct({**SPAN, "text": pl.String, "probability": pl.Float32})),
        "speech": pl.List(pl.Struct(SPAN)),  # when each voice speaks, both at once included
        "exclusive": pl.List(pl.Struct(SPAN)),  # mono: the one voice that words were given to; stereo: empty
        "levels": pl.List(pl.Struct({"voice": pl.Int8, "start_ms": pl.Int64, "level_db": pl.Float32})),  # per second
    }
)


@dataclass(frozen=True)
class TranscriptStore:
    """The transcripts under `folder`; every method may be called from several processes at once."""

    folder: Path

    def path(self, audio_sha256: str, fingerprint: str) -> Path:
        return Path(self.folder) / fingerprint[:16] / audio_sha256[:2] / f"{audio_sha256}.parquet"

    def has(self, audio_sha256: str, fingerprint: str) -> bool:
        return self.path(audio_sha256, fingerprint).exists()

    def add(self, transcript: pl.DataFrame) -> Path:
        """Stores one row of TRANSCRIPT, unless that recording already has one; whole or not at all."""
        row = transcript.select(TRANSCRIPT.names()).cast(dict(TRANSCRIPT))
        path = self.path(row.item(0, "audio_sha256"), row.item(0, "speech_fingerprint"))
        if path.exists():
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".aside")
            try:
                with os.fdopen(handle, "wb") as file:
                    row.write_parquet(file, compression="zstd", statistics=False)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(aside, path)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(aside)
        except OSError as error:
            raise SpeechError(f"{path}: the transcript cannot be written: {error.strerror}") from error
        return path

    def load(self, audio_sha256s: Iterable[str], fingerprint: str) -> pl.DataFrame:
        """Those of the recordings that have a transcript, one row each, sorted by audio_sha256.

        Raises SpeechError naming a file that is damaged; deleting it has the recording listened to again.
        """
        wanted = sorted(set(audio_sha256s))
        paths = [path for sha in wanted if (path := self.path(sha, fingerprint)).exists()]
        if not paths:
            return pl.DataFrame(schema=TRANSCRIPT)
        try:
            return pl.read_parquet(paths, hive_partitioning=False).cast(dict(TRANSCRIPT)).sort("audio_sha256")
        except pl.exceptions.PolarsError as error:
            damaged = next((path for path in paths if not _readable(path)), paths[0])
            raise SpeechError(f"{damaged}: damaged transcript; delete it and run again") from error

    def remove(self, audio_sha256: str) -> int:
        """Deletes the recording's transcripts by whatever models; how many there were. Used by retention only."""
        found = list(Path(self.folder).glob(f"*/{audio_sha256[:2]}/{audio_sha256}.parquet"))
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


def _readable(path: Path) -> bool:
    try:
        return pl.read_parquet(path).schema == TRANSCRIPT
    except (pl.exceptions.PolarsError, OSError):
        return False
