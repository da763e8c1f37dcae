"""Synthetic Mandarin voices with exact character times.

The speech synthesiser is espeak-ng, loaded as a shared library, because its own event stream says at
which output sample each word begins and ends. Every Chinese character is handed over as one pinyin
syllable and comes back as one word, so a character's time is exact to the sample.

Why pinyin and not the characters: the synthesiser's Mandarin voice spells many characters with English
letter sounds ("nin two" for 您) and knows no readings by context (银行). The readings come from pypinyin.

    speech = speak("您好,请问是王先生吗?", VOICES["f2"])
    speech.samples      # float32, mono, [-1, 1], at speech.rate_hz
    speech.marks[0]     # ("您", 0, 221): half-open milliseconds

A build-time tool: `SynthesiserMissing` says so in one line where the library is not installed.
"""

import ctypes
import threading
from dataclasses import dataclass
from functools import cache
from string import ascii_uppercase

import numpy as np

LIBRARY = "libespeak-ng.so.1"
LANGUAGE = "cmn-latn-pinyin"
_AUDIO_RETRIEVAL, _PHONEME_EVENTS = 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_WORD_EVENT, _PHONEME_EVENT = 1, 7
_UTF8 = 1


class SynthesiserMissing(RuntimeError):
    """The synthesiser is a build-time tool and is not installed here."""


@dataclass(frozen=True)
class Voice:
    """A speaker: formants by `variant`, pitch 0–100, rate in English words a minute (200 ≈ 4.3 characters a second)."""

    variant: str
    pitch: int
    speed_wpm: int


@dataclass(frozen=True)
class Speech:
    """Samples (float32, mono, [-1, 1], shape (n,)) at `rate_hz`; (character, start_ms, end_ms) of each one spoken."""

    samples: np.ndarray
    rate_hz: int
    marks: tuple[tuple[str, int, int], ...]

    @property
    def duration_ms(self) -> int:
        return round(1000 * len(self.samples) / self.rate_hz)


# Variants chosen by measure: pitch track, spectrum within the telephone band, clean word stream; whispers, croaks and
# robots are left out. Pitch and rate are each voice's habit; a caller may shift them with `dataclasses.replace`.
VOICES: dict[str, Voice] = {
    "m1": Voice("m1", 62, 205), "m2": Voice("m2", 70, 215), "m3": Voice("m3", 45, 225),
    "m4": Voice("m4", 80, 205), "m5": Voice("m5", 55, 215), "m6": Voice("m6", 72, 220),
    "m7": Voice("m7", 58, 230), "adam": Voice("adam", 76, 215), "alex": Voice("Alex", 60, 205),
    "andy": Voice("Andy", 66, 225), "michael": Voice("Michael", 50, 220), "paul": Voice("paul", 64, 210),
    "max": Voice("max", 78, 215), "lee": Voice("Lee", 56, 225), "john": Voice("john", 68, 205),
    "marco": Voice("marco", 52, 230), "travis": Voice("travis", 74, 205), "victor": Voice("victor", 82, 210),
    "denis": Voice("Denis", 60, 220), "gene": Voice("Gene", 70, 210), "f1": Voice("f1", 55, 215),
    "f2": Voice("f2", 40, 205), "f3": Voice("f3", 60, 225), "f4": Voice("f4", 45, 210),
    "f5": Voice("f5", 52, 220), "annie": Voice("Annie", 50, 230), "andrea": Voice("Andrea", 48, 170),
    "alicia": Voice("Alicia", 38, 220), "belinda": Voice("belinda", 44, 205), "linda": Voice("linda", 34, 225),
    "steph": Voice("steph", 50, 210), "aunty": Voice("aunty", 56, 205),
}  # fmt: skip

_PAUSES = {"\uff0c": ",", "、": ",", "。": ".", "\uff1f": "?", "\uff01": "!", "\uff1b": ";", "\uff1a": ",", ":": ","}
_PAUSES |= {mark: mark for mark in ",.?!;"}
_SILENT = set("“”‘’《》〈〉—…()\uff08\uff09\"'")
_LETTER_NAMES = (
    "ei1 bi4 xi1 di4 yi4 fu2 ji4 chi2 ai4 jie4 kei4 lou2 mu2 en1 ou1 pi4 kiu4 er2 si4 ti4 you4 wei1 da2 ke4 wai4 zi4"
)
_LETTERS = dict(zip(ascii_uppercase, _LETTER_NAMES.split(), strict=True))
_NEAR = {"嗯": "en1", "呣": "mu2", "哼": "heng1"}  # readings that pypinyin gives without a vowel


def speak(text: str, voice: Voice) -> Speech:
    """Say `text`: Han characters and letters are spoken, punctuation makes a pause, anything else is refused."""
    words, spoken = _syllables(text)
    samples, events, rate_hz = _synthesise(words, voice)
    spans = _word_spans(events, len(samples))
    if len(spans) != len(spoken):
        raise ValueError(f"the synthesiser made {len(spans)} words of {len(spoken)} characters: {text!r}")
    marks = tuple(
        (char, round(1000 * start / rate_hz), round(1000 * end / rate_hz))
        for char, (start, end) in zip(spoken, spans, strict=True)
    )
    return Speech(samples, rate_hz, marks)


def _syllables(text: str) -> tuple[str, list[str]]:
    """The text as numbered pinyin with pauses, and the characters that are spoken, one for each syllable."""
    from pypinyin import Style, lazy_pinyin

    parts, spoken = [], []
    readings = iter(lazy_pinyin(text := text.upper(), style=Style.TONE3, neutral_tone_with_five=True, errors=list))
    for char, reading in zip(text, readings, strict=True):
        if char in _PAUSES:
            parts.append(_PAUSES[char])
        elif char.isspace() or char in _SILENT:
            continue
        elif "\u4e00" <= char <= "\u9fff":
            parts.append(" " + _NEAR.get(char, reading))
            spoken.append(char)
        elif char in _LETTERS:
            parts.append(" " + _LETTERS[char])
            spoken.append(char)
        else:
            raise ValueError(f"cannot say {char!r} in {text!r}: write numbers as Chinese numerals")
    if not spoken:
        raise ValueError(f"nothing to say in {text!r}")
    return "".join(parts).strip(), spoken


def _word_spans(events: list[tuple[int, int, str]], length: int) -> list[tuple[int, int]]:
    """Where each word starts and ends, in samples.

    A word starts at its event if a sound follows; an event followed by a pause is the synthesiser announcing
    a clause. It ends at its end mark, at a pause or at the next word, whichever comes first.
    """
    spans: list[tuple[int, int]] = []
    announced = opened = None
    for kind, sample, name in events:
        if kind == _WORD_EVENT:
            announced = sample
        elif name.startswith("_"):
            if opened is not None:
                spans.append((opened, sample))
            announced = opened = None
        elif announced is not None:
            if opened is not None:
                spans.append((opened, announced))
            announced, opened = None, announced
    return spans if opened is None else [*spans, (opened, length)]


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position_ms", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _Id),
    ]  # fmt: skip


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_lock = threading.Lock()  # the library keeps one global state
_pieces: list[np.ndarray] = []
_events: list[tuple[int, int, str]] = []


@_CALLBACK
def _collect(wave, count, events):
    if wave and count > 0:
        _pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
    index = 0
    while events[index].type:
        event = events[index]
        if event.type in (_WORD_EVENT, _PHONEME_EVENT):
            name = event.id.string.decode("utf-8", "replace") if event.type == _PHONEME_EVENT else ""
            _events.append((event.type, event.sample, name))
        index += 1
    return 0


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise SynthesiserMissing(
            "espeak-ng is not installed: it is needed only to rebuild the sample day or to train"
        ) from error
    rate_hz = library.espeak_Initialize(_AUDIO_RETRIEVAL + 1, 200, None, _PHONEME_EVENTS)
    if rate_hz <= 0:
        raise SynthesiserMissing("espeak-ng did not start: its data files are missing")
    library.espeak_SetSynthCallback(_collect)
    return library, rate_hz


def _synthesise(words: str, voice: Voice) -> tuple[np.ndarray, list[tuple[int, int, str]], int]:
    with _lock:
        library, rate_hz = _library()
        if library.espeak_SetVoiceByName(f"{LANGUAGE}+{voice.variant}".encode()):
            raise ValueError(f"the synthesiser has no voice variant {voice.variant!r}")
        library.espeak_SetParameter(_RATE, voice.speed_wpm, 0)
        library.espeak_SetParameter(_PITCH, voice.pitch, 0)
        library.espeak_SetParameter(_RANGE, 50, 0)
        _pieces.clear()
        _events.clear()
        data = words.encode()
        if library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None):
            raise RuntimeError("the synthesiser failed")
        samples = np.concatenate(_pieces) if _pieces else np.zeros(0, np.int16)
        return samples.astype(np.float32) / 32768, list(_events), rate_hz


def available() -> bool:
    """Whether the synthesiser can be used on this machine."""
    try:
        _library()
    except SynthesiserMissing:
        return False
    return True
