"""Which speech models the settings mean, where they lie, what they are (hashes), and loading them once a process.

A model is a local directory, or a hub name with a revision that lies in the hub client's cache (or is downloaded, where
`speech.allow_download` says so). The speech fingerprint covers every setting and file that can change a word.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from inspection import offline
from inspection.errors import SpeechError
from inspection.settings import SpeechSettings
from inspection.speech.diarize import Diarizer, load_diarizer
from inspection.speech.guards import INVENTIONS
from inspection.speech.transcribe import Recogniser, load_whisper

HEARING = 1
"""Raised by one whenever decoding, voice activity, cutting or guards change in a way that can change a word."""
LIBRARIES = ("av", "ctranslate2", "faster-whisper", "onnxruntime", "pyannote.audio", "torch")
RECOGNISER_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.json|vocabulary.txt")
"""What faster-whisper cannot do without; `preprocessor_config.json` is read where there is one."""
DIARIZER_FILES = ("config.yaml",)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MODEL_ENDINGS = {".bin", ".json", ".yaml", ".txt", ".npz", ".safetensors", ".ckpt", ".onnx"}
_HEARING_SETTINGS = (
    "language", "device", "compute_type", "longest_clip_s", "windows_fit_clips", "beam_size", "hotwords",
)  # fmt: skip


@dataclass(frozen=True)
class Engines:
    """The recogniser and the diarizer, each loaded at its first use, and the fingerprint of what they hear."""

    fingerprint: str
    load_recogniser: Callable[[], Recogniser]
    load_diarizer: Callable[[], Diarizer]

    @cached_property
    def recogniser(self) -> Recogniser:
        return self.load_recogniser()

    @cached_property
    def diarizer(self) -> Diarizer:
        return self.load_diarizer()


def load_engines(settings: SpeechSettings) -> Engines:
    """The engines of these settings; the same ones for the same settings in one process.

    Raises SpeechError when a model is missing. The libraries are imported only when something has to be heard.
    """
    return _engines(settings)


@cache
def _engines(settings: SpeechSettings) -> Engines:
    recogniser, diarizer = recogniser_folder(settings), diarizer_folder(settings)
    return Engines(
        speech_fingerprint(settings),
        lambda: load_whisper(recogniser, settings),
        lambda: load_diarizer(diarizer, settings.device),
    )


def recogniser_folder(settings: SpeechSettings) -> Path:
    """Where the recogniser lies. Raises SpeechError saying how to get it."""
    return locate(
        "recogniser", settings.recogniser, settings.recogniser_revision, RECOGNISER_FILES, settings.allow_download
    )


def diarizer_folder(settings: SpeechSettings) -> Path:
    """Where the diarization pipeline lies. Raises SpeechError saying how to get it."""
    return locate("diarizer", settings.diarizer, settings.diarizer_revision, DIARIZER_FILES, settings.allow_download)


def locate(role: str, name: str, revision: str | None, needed: tuple[str, ...], allow_download: bool) -> Path:
    """The folder of a model given as a directory or as a hub name. Raises SpeechError naming what is missing."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or name.count("/") != 1 or name.startswith("."):
            raise SpeechError(f"speech.{role}: {name}: no such directory; {remedy(role, name)}")
        folder = _from_hub(role, name, revision, allow_download)
    missing = [
        file.replace("|", " or ") for file in needed if not any((folder / one).is_file() for one in file.split("|"))
    ]
    if role == "diarizer" and not missing:
        missing = [part for part in _parts_named(folder) if not _holds_a_model(folder / part)]
    if missing:
        raise SpeechError(f"speech.{role}: {folder} lacks {', '.join(missing)}; {remedy(role, name, revision)}")
    if pointers := [path.name for path in sorted(folder.rglob("*")) if _is_lfs_pointer(path)]:
        raise SpeechError(
            f"speech.{role}: {folder}: {', '.join(pointers)} is a git-lfs pointer, not the file; run `git lfs pull` "
            f"where the folder was cloned and copy it again"
        )
    return folder


def _parts_named(folder: Path) -> list[str]:
    """The parts of a pipeline that its config.yaml says lie in its own folder (`$model/segmentation`)."""
    text = (folder / "config.yaml").read_text("utf-8", "replace")
    return sorted({name.rstrip("/") for name in re.findall(r"\$model/([\w./-]+)", text)})


def _holds_a_model(part: Path) -> bool:
    return part.is_file() or any(path.suffix in _MODEL_ENDINGS for path in part.glob("*"))


def _is_lfs_pointer(path: Path) -> bool:
    if path.suffix not in _MODEL_ENDINGS or not path.is_file() or path.stat().st_size > 1024:
        return False
    return path.read_bytes().startswith(_LFS_POINTER)


def remedy(role: str, name: str, revision: str | None = None) -> str:
    """How to get a model on a machine with and without internet, in one line."""
    hub_name = name if name.count("/") == 1 and not name.startswith(("/", ".")) else "NAME/ON-HUB"
    at = f" --revision {revision}" if revision else ""
    return (
        f"with internet: `hf download {hub_name}{at} --local-dir models/{role}`, or speech.allow_download = true; "
        f"without: copy that folder from a machine that has it; then set speech.{role} to the folder"
    )


def _from_hub(role: str, name: str, revision: str | None, allow_download: bool) -> Path:
    offline.silence(hub=allow_download)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=not allow_download))
    except Exception as error:
        why = "could not be downloaded" if allow_download else "is not in the hub's local cache"
        raise SpeechError(
            f"speech.{role}: {name} {why} ({type(error).__name__}); {remedy(role, name, revision)}"
        ) from error


def speech_fingerprint(settings: SpeechSettings) -> str:
    """SHA-256 over every setting and model file that can change a word, and the libraries that run them.

    Batch sizes, threads and whatever is decided after listening (roles, thresholds) are not in it.
    """
    content = {
        "hearing": HEARING,
        "settings": {name: getattr(settings, name) for name in _HEARING_SETTINGS},
        "recogniser": file_hashes(recogniser_folder(settings)),
        "diarizer": file_hashes(diarizer_folder(settings)),
        "inventions": _sha256(INVENTIONS),
        "libraries": {name: installed(name) for name in LIBRARIES},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def installed(library: str) -> str:
    """The version of an installed library; `missing` when there is none."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each model file under a folder, by its relative name; model cards and images do not count."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _MODEL_ENDINGS and path.is_file())
    return {path.relative_to(folder).as_posix(): _file_hash(path) for path in files}


def _file_hash(path: Path) -> str:
    """The hash remembered by size and time of change, so that gigabytes are read once a process."""
    about = path.stat()
    return _remembered_hash(str(path), about.st_size, about.st_mtime_ns)


@cache
def _remembered_hash(path: str, size: int, modified_ns: int) -> str:
    return _sha256(Path(path))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SpeechError(f"{path}: the model file cannot be read: {os.strerror(error.errno or 0)}") from error
