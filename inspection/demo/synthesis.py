"""From a call's turns to two telephone wires and the truth about them. A build-time tool: it needs the synthesiser.

heard = synthesise(call, agent_voice="f1")
heard.agent, heard.customer    # float32, mono, 8 kHz, [-1, 1], same length
heard.turns[0].times_ms        # (start, end) of each character said, from the start of the audio
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from inspection.demo.texts import Call, Turn
from inspection.demo.training.telephone import LINE_HZ, line
from inspection.demo.training.voices import VOICES, Speech, speak

LEAD_MS, TRAIL_MS, PAUSE_MS = (450, 1100), (500, 1300), (300, 1200)
TAIL_MS = 60
"""Kept after a turn's last character, so that its sound is not cut."""
BEEP_HZ = 1000


@dataclass(frozen=True)
class HeardTurn:
    """A turn with its place in the audio; `times_ms` has one half-open (start, end) for each of `characters`."""

    turn: Turn
    start_ms: int
    end_ms: int
    characters: str
    times_ms: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Heard:
    """Both wires of a call, float32 at LINE_HZ, and its spoken turns in the order of their start."""

    agent: np.ndarray
    customer: np.ndarray
    turns: tuple[HeardTurn, ...]


def synthesise(call: Call, agent_voice: str) -> Heard:
    """The same call gives the same samples: chance is seeded by the call's id."""
    rng = np.random.default_rng(zlib.crc32(call.id.encode()))
    voices = {"agent": agent_voice, "robot": agent_voice, "customer": call.customer_voice}
    at_ms, placed, turns = int(rng.integers(*LEAD_MS)), [], []
    for turn in call.turns:
        if turns or placed:
            at_ms += -turn.overlap_ms or int(rng.integers(*PAUSE_MS))
        samples, speech = _sound(turn, voices[turn.role])
        placed.append((turn.role == "customer", at_ms, samples))
        if speech:
            turns.append(_heard(turn, speech, at_ms))
        at_ms += round(1000 * len(samples) / LINE_HZ)
    length = (at_ms + int(rng.integers(*TRAIL_MS))) * LINE_HZ // 1000
    agent, customer = (
        _wire([(at, s) for side, at, s in placed if side == customer], length, rng) for customer in (0, 1)
    )
    return Heard(*_crosstalk(agent, customer, call.audio.get("crosstalk_db")), tuple(turns))


def _sound(turn: Turn, voice: str) -> tuple[np.ndarray, Speech | None]:
    """A turn's samples at LINE_HZ before the line, and the marks of what is said in it."""
    from inspection.demo.training.telephone import resample

    if turn.beep_ms:
        times = np.arange(turn.beep_ms * LINE_HZ // 1000) / LINE_HZ
        return (0.3 * np.sin(2 * np.pi * BEEP_HZ * times)).astype(np.float32), None
    speech = speak(turn.text, VOICES[voice])
    kept = round((speech.marks[-1][2] + TAIL_MS) * speech.rate_hz / 1000)
    return resample(speech.samples[:kept], speech.rate_hz, LINE_HZ), speech


def _heard(turn: Turn, speech: Speech, at_ms: int) -> HeardTurn:
    times = tuple((at_ms + start, at_ms + end) for _, start, end in speech.marks)
    return HeardTurn(turn, times[0][0], times[-1][1], "".join(mark[0] for mark in speech.marks), times)


def _wire(sounds: list[tuple[int, np.ndarray]], length: int, rng: np.random.Generator) -> np.ndarray:
    """One side's sounds at their places, through one telephone line with one level and one noise for the whole call."""
    wire = np.zeros(length, np.float32)
    for at_ms, samples in sounds:
        start = at_ms * LINE_HZ // 1000
        wire[start : start + len(samples)] += samples[: length - start]
    return line(wire, LINE_HZ, rng, codec="none")


def _crosstalk(agent: np.ndarray, customer: np.ndarray, below_db: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Each wire with the other's echo, `below_db` weaker; as they are where it is None."""
    if below_db is None:
        return agent, customer
    echo = 10 ** (-below_db / 20)
    return np.clip(agent + echo * customer, -1, 1), np.clip(customer + echo * agent, -1, 1)
