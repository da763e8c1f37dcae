"""What would be loaded, from where, and what is missing: the findings behind `inspection doctor`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.errors import SpeechError
from inspection.settings import DEMO_MODELS, SpeechSettings
from inspection.speech import models
from inspection.speech.decode import RATE_HZ


@dataclass(frozen=True)
class Finding:
    """One line of the examination. `ok` is None for what is only told."""

    about: str
    ok: bool | None
    detail: str


def examine(settings: SpeechSettings, *, try_loading: bool = False) -> list[Finding]:
    """Libraries, models with their hashes, the fingerprint, and with `try_loading` a second of silence through both."""
    found = [_library(name) for name in models.LIBRARIES]
    parts: tuple[tuple[str, str, str | None, Callable[[SpeechSettings], Path]], ...] = (
        ("recogniser", settings.recogniser, settings.recogniser_revision, models.recogniser_folder),
        ("diarizer", settings.diarizer, settings.diarizer_revision, models.diarizer_folder),
    )
    for role, name, revision, folder_of in parts:
        found += _model(role, name, revision, folder_of, settings)
    found.append(
        Finding("speech settings", None, f"{settings.language}, {settings.device}, {settings.compute_type}, "
                f"batches of {settings.batch_size}, clips up to {settings.longest_clip_s:g} s, "
                f"{settings.cpu_threads or 'all'} threads, hotwords: {' '.join(settings.hotwords) or 'none'}")
    )  # fmt: skip
    if any(finding.ok is False for finding in found):
        return found
    found.append(Finding("speech fingerprint", True, models.speech_fingerprint(settings)))
    return found + (_trial(settings) if try_loading else [])


def _library(name: str) -> Finding:
    version = models.installed(name)
    remedy = "not installed; run `make install`, or pip install the package's dependencies from a wheel folder"
    return Finding(f"library {name}", version != "missing", version if version != "missing" else remedy)


def _model(
    role: str, name: str, revision: str | None, folder_of: Callable[[SpeechSettings], Path], settings: SpeechSettings
) -> list[Finding]:
    wanted = name + (f" at revision {revision}" if revision else "")
    try:
        folder = folder_of(settings)
        hashes = models.file_hashes(folder)
    except SpeechError as error:
        return [Finding(role, False, f"{wanted}: {error}")]
    small = Finding(f"  {role}", None, "the sample day's small model, good for demo and tests, never for real calls")
    size = sum((folder / file).stat().st_size for file in hashes)
    source = "local directory" if Path(name).expanduser().is_dir() else f"hub model {wanted}, cached"
    return [
        Finding(role, True, f"{source} {folder}, {size / 1e6:.1f} MB"),
        *([small] if folder.is_relative_to(DEMO_MODELS) else []),
        *(Finding(f"  {file}", None, sha) for file, sha in hashes.items()),
    ]


def _trial(settings: SpeechSettings) -> list[Finding]:
    """Loads both models and gives each one second of silence."""
    silence = np.zeros(RATE_HZ, np.float32)
    found = []
    for role in ("recogniser", "diarizer"):
        began = time.perf_counter()
        try:
            engines = models.load_engines(settings)
            engines.recogniser([silence]) if role == "recogniser" else engines.diarizer(silence)
        except SpeechError as error:
            found.append(Finding(f"trial of the {role}", False, str(error)))
        else:
            seconds = time.perf_counter() - began
            found.append(Finding(f"trial of the {role}", True, f"loaded and ran on 1 s of silence in {seconds:.1f} s"))
    return found
