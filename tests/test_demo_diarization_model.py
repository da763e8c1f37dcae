"""The demo's small diarization pipeline loads like a full-size one, without a network, and tells two voices apart."""

import os
import socket
import warnings
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import av
import numpy as np
import pytest
import torch

REPOSITORY = Path(__file__).resolve().parents[1]
MODELS = REPOSITORY / "inspection/demo/models/diarization"
SAMPLE_DAY = REPOSITORY / "inspection/demo/day"
RATE_HZ = 16_000
FRAME_MS = 20


@pytest.fixture(scope="module")
def pipeline():
    """The pipeline, loaded with every connection refused."""

    def refuse(*_arguments):
        raise AssertionError("the models must load without a network")

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        from pyannote.audio import Pipeline

        return Pipeline.from_pretrained(MODELS)


def test_loads_from_its_folder_as_a_speaker_diarization_pipeline(pipeline):
    from pyannote.audio.pipelines import SpeakerDiarization

    assert isinstance(pipeline, SpeakerDiarization)
    assert pipeline._segmentation.model.specifications.powerset
    assert pipeline._plda.phi.min() > 0


def test_is_small():
    """The repository carries it: six megabytes for everything."""
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 6_000_000


def test_hears_nobody_on_a_silent_line(pipeline):
    assert not pipeline(_call(np.zeros(10 * RATE_HZ, np.float32)), num_speakers=2).speaker_diarization.labels()


def test_tells_the_two_sides_of_a_recorded_call_apart(pipeline):
    """A stereo call of the sample day added up to mono; the truth is which channel was loud."""
    sides = _two_sided_call()
    active = np.stack([_loud(side) for side in sides])
    found = pipeline(_call(sides.sum(axis=0) / 2), num_speakers=2).speaker_diarization
    assert len(found.labels()) == 2
    heard = np.stack([_spoken(found.label_timeline(label), active.shape[1]) for label in found.labels()])
    one_voice = active.sum(axis=0) == 1
    agreement = [(heard[:, one_voice] == named[:, one_voice]).mean() for named in (active, active[::-1])]
    assert max(agreement) >= 0.85, "share of one-voice frames in which both labels are right"


def _call(samples: np.ndarray) -> dict:
    return {"waveform": torch.from_numpy(np.ascontiguousarray(samples))[None], "sample_rate": RATE_HZ}


def _two_sided_call() -> np.ndarray:
    """The first stereo recording of the sample day on which both sides speak, float32 (2, samples) at 16 kHz."""
    for path in sorted(SAMPLE_DAY.rglob("*.wav")) if SAMPLE_DAY.is_dir() else []:
        try:
            sides = _channels(path)
        except (av.FFmpegError, ValueError, IndexError):
            continue  # the day has broken recordings on purpose
        if sides is None or sides.shape[1] < 15 * RATE_HZ:
            continue
        active = np.stack([_loud(side) for side in sides])
        taking_turns = (active.sum(axis=0) == 1).sum() > 0.8 * active.any(axis=0).sum()
        if taking_turns and min(side.mean() for side in active) > 0.15:
            return sides
    pytest.skip("no stereo recording of the sample day in inspection/demo/day with two sides speaking")


def _channels(path: Path) -> np.ndarray | None:
    """Both channels of a stereo file, or None where it is not stereo."""
    with av.open(path) as recording:
        if recording.streams.audio[0].channels != 2:
            return None
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
        frames = [out for frame in recording.decode(audio=0) for out in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray() for frame in [*frames, *resampler.resample(None)]], axis=1)


def _loud(side: np.ndarray) -> np.ndarray:
    """Frames of 20 ms with speech by level, pauses up to 300 ms bridged, shape (frames,)."""
    size = RATE_HZ * FRAME_MS // 1000
    frames = side[: len(side) // size * size].reshape(-1, size)
    loud = np.sqrt((frames**2).mean(axis=1)) > max(0.05 * np.abs(side).max(), 0.005)
    at = np.flatnonzero(loud)
    for before, after in pairwise(at):
        if (after - before) * FRAME_MS <= 300:
            loud[before:after] = True
    return loud


def _spoken(timeline, frames: int) -> np.ndarray:
    """A timeline as frames of 20 ms."""
    spoken = np.zeros(frames, bool)
    for segment in timeline:
        spoken[round(segment.start * 1000 / FRAME_MS) : round(segment.end * 1000 / FRAME_MS)] = True
    return spoken
