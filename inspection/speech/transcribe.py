"""From clips of speech to words: the port every recogniser stands behind, and faster-whisper behind it.

    recognise = load_whisper(folder, settings)
    words = recognise([clip_a, clip_b])       # clips of any number of calls; a list of words for each clip

Clips of several calls fill batches together, each batch with clips of about the same length. The language is fixed and
no text is carried from one clip to the next; the window and the bound on tokens depend on the clip's own length. So a
clip gives the same words in whatever company it is recognised; only a word's border may move by a step of 20 ms, where
rounding in another batch tips a tie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inspection.errors import SpeechError
from inspection.settings import SpeechSettings
from inspection.speech.decode import RATE_HZ

TOKENS_PER_SECOND, TOKENS_AT_LEAST = 12, 12
"""More tokens than anybody can speak; a recogniser that goes on is babbling."""
STEP_S, FULL_WINDOW_S = 2, 30
"""Clips share a batch when their lengths round up to the same multiple of STEP_S; a full window is Whisper's own."""
APART_S = 100
"""Clips of a batch are given offsets this far apart, so that the library takes none for the other's continuation."""


class Word(NamedTuple):
    """A word with its half-open time from the start of the clip and its probability. `text` keeps a leading space.

    faster-whisper's probabilities are kept to two digits: the seventh depends on the company in the batch.
    """

    start_ms: int
    end_ms: int
    text: str
    probability: float


Recogniser = Callable[[Sequence[np.ndarray]], list[list[Word]]]
"""From clips, each float32 (samples,) at 16 kHz, [-1, 1], at most 30 s, to the words of each, sorted by time."""


def load_whisper(folder: Path, settings: SpeechSettings) -> Recogniser:
    """A CTranslate2 Whisper model in a local folder. Raises SpeechError naming the folder."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    try:
        model = WhisperModel(
            str(folder),
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=settings.cpu_threads,
            local_files_only=True,
        )
    except Exception as error:
        raise SpeechError(f"{folder}: the recogniser does not load: {type(error).__name__}: {error}") from error
    if not model.model.is_multilingual and settings.language != "en":
        raise SpeechError(f"{folder}: the recogniser knows only English, but speech.language is {settings.language!r}")
    return Whisper(BatchedInferencePipeline(model), settings)


class Whisper:
    """faster-whisper as a Recogniser."""

    def __init__(self, pipeline: Any, settings: SpeechSettings) -> None:
        from faster_whisper.tokenizer import Tokenizer

        self._pipeline, self._model, self._settings = pipeline, pipeline.model, settings
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=settings.language
        )
        # The public method is the one place that knows every option's default; it runs nothing until iterated.
        self._options = pipeline.transcribe(
            np.zeros(RATE_HZ, np.float32),
            clip_timestamps=[{"start": 0.0, "end": 0.1}],
            language=settings.language,
            beam_size=settings.beam_size,
            hotwords=" ".join(settings.hotwords) or None,
            word_timestamps=True,
            without_timestamps=True,
        )[1].transcription_options

    def __call__(self, clips: Sequence[np.ndarray]) -> list[list[Word]]:
        words: list[list[Word]] = [[] for _ in clips]
        steps = [math.ceil(len(clip) / RATE_HZ / STEP_S) for clip in clips]
        for step in sorted(set(steps)):
            alike = [place for place, its_step in enumerate(steps) if its_step == step]
            for first in range(0, len(alike), self._settings.batch_size):
                places = alike[first : first + self._settings.batch_size]
                found = self._batch([clips[place] for place in places], step * STEP_S)
                for place, its_words in zip(places, found, strict=True):
                    words[place] = its_words
        return words

    def _batch(self, clips: list[np.ndarray], longest_s: int) -> list[list[Word]]:
        """The words of clips that are at most `longest_s` long."""
        from faster_whisper.audio import pad_or_trim

        window = (longest_s if self._settings.windows_fit_clips else FULL_WINDOW_S) * self._model.frames_per_second
        features = [self._model.feature_extractor(clip)[..., :-1] for clip in clips]
        about = [
            {"offset": APART_S * (number + 1), "duration": len(clip) / RATE_HZ} for number, clip in enumerate(clips)
        ]
        options = replace(self._options, max_new_tokens=TOKENS_AT_LEAST + TOKENS_PER_SECOND * longest_s)
        self._pipeline.last_speech_timestamp = 0.0
        found = self._pipeline.forward(
            np.stack([pad_or_trim(feature, window) for feature in features]), self._tokenizer, about, options
        )
        return [_words(segments, clip["offset"], clip["duration"]) for segments, clip in zip(found, about, strict=True)]


def _words(segments: list[dict[str, Any]], offset_s: float, length_s: float) -> list[Word]:
    """The words of one clip in its own time, inside the clip."""
    longest = round(1000 * length_s)

    def ms(seconds: float) -> int:
        return min(max(round(1000 * (float(seconds) - offset_s)), 0), longest)

    return [
        Word(
            ms(word["start"]),
            max(ms(word["end"]), ms(word["start"])),
            word["word"],
            round(float(word["probability"]), 2),
        )
        for segment in segments
        for word in segment.get("words", ())
        if word["word"].strip()
    ]
