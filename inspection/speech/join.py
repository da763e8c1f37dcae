"""One call's sound from several recordings: two mono files as the sides of a stereo one, takes one after the other.

    audio = join(parts, read, sha256=..., min_ms=1_000, max_ms=3_600_000)

Times of such a call count in what was recorded: between two takes no time passes. A part that cannot be heard is left
out and flagged, as long as another one can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from inspection.speech.decode import RATE_HZ, Audio, Unheard, decode, sha256_of


def join(
    parts: Sequence[Mapping[str, Any]], read: Callable[[str], bytes], *, sha256: str, min_ms: int = 0,
    max_ms: int = 3 * 3600 * 1000,
) -> Audio:  # fmt: skip
    """The samples of a call; `sha256` is the call's.

    `parts`: take, side, from_ms, location and audio_sha256 each, sorted by take and side. Where one take has one
    channel only, all are mixed down to one, since a day's wiring is that of a whole call. Raises Unheard as `decode`
    does, for the first part when none can be heard; recording_growing when a part's bytes have changed.
    """
    takes, heard, problems = [], [], []
    for _, some in groupby(parts, key=lambda part: part["take"]):
        wires: dict[int | None, np.ndarray] = {}
        for part in some:
            try:
                audio = _decoded(part, read, max_ms)
            except Unheard as problem:
                if problem.reason == "recording_growing":
                    raise
                problems.append(problem)
                continue
            heard.append(audio)
            wires[part["side"]] = audio.samples[:, part["from_ms"] * RATE_HZ // 1000 :]
        if wires:
            takes.append(_sides(wires))
    if not takes:
        raise problems[0]
    samples = _in_a_row(takes)
    length_ms = 1000 * samples.shape[1] / RATE_HZ
    if length_ms > max_ms:
        raise Unheard("recording_too_long", f"longer than {max_ms / 60_000:.0f} min together")
    if length_ms < min_ms:
        raise Unheard("too_short", f"{length_ms / 1000:.1f} s together; at least {min_ms / 1000:.1f} s are wanted")
    told = {
        "joined_sides": any(part["side"] is not None for part in parts),
        "joined_parts": len({part["take"] for part in parts}) > 1,
        "part_missing": bool(problems),
    }
    flags = (
        *dict.fromkeys(flag for audio in heard for flag in audio.flags),
        *(flag for flag, so in told.items() if so),
    )
    return Audio(samples, sha256, heard[0].codec, heard[0].sample_rate_hz, flags)


def _decoded(part: Mapping[str, Any], read: Callable[[str], bytes], max_ms: int) -> Audio:
    data = read(part["location"])
    if sha256_of(data) != part["audio_sha256"]:
        raise Unheard("recording_growing", "its bytes have changed since the intake")
    return decode(data, name=part["location"], max_ms=max_ms)


def _sides(wires: dict[int | None, np.ndarray]) -> np.ndarray:
    """Channels of one take; a side that could not be heard, or ended first, is silent."""
    if None in wires:
        return wires[None]
    samples = np.zeros((2, max(side.shape[1] for side in wires.values())), np.float32)
    for side, sound in wires.items():
        samples[side, : sound.shape[1]] = sound.mean(axis=0)
    return samples


def _in_a_row(takes: list[np.ndarray]) -> np.ndarray:
    if len({take.shape[0] for take in takes}) > 1:
        takes = [take.mean(axis=0, keepdims=True) for take in takes]
    return np.concatenate(takes, axis=1)
