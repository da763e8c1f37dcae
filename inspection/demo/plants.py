"""What goes wrong with recordings in the field, done on purpose: wires, and files that are not recordings at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inspection.demo.training.telephone import LINE_HZ

HOLD_HZ = (523.25, 659.25, 783.99)
TRUNCATED_MS = 700

MADE_FILES = ("zero_bytes", "text_named_wav", "silence", "hold_tone")
"""Faults whose recording holds no call at all; `duplicate` and `no_recording` need none of their own."""


def wired(agent: np.ndarray, customer: np.ndarray, channels: int, agent_channel: int, fault: str) -> np.ndarray:
    """Two wires as the recorder stores them, shape (channels, n); the fault may cross, copy or cut them."""
    both = np.clip((agent + customer) * 0.7, -1, 1)
    if channels == 1:
        return both[None]
    if fault == "same_channel_twice":
        return np.stack([both, both])
    if fault == "empty_channel":
        customer = np.zeros_like(customer)
    if fault == "swapped_channels":
        agent_channel = 1 - agent_channel
    return np.stack([customer, agent] if agent_channel else [agent, customer])


def empty_sound(fault: str, seconds: float) -> np.ndarray:
    """The sound of a call in which nobody speaks, float32 mono at LINE_HZ: nothing at all, or three notes on hold."""
    count = round(seconds * LINE_HZ)
    if fault == "silence":
        return np.zeros(count, np.float32)
    times = np.arange(count) / LINE_HZ
    notes = np.array(HOLD_HZ)[(times / 0.6).astype(int) % len(HOLD_HZ)]
    return (0.25 * np.sin(2 * np.pi * notes * times) * (times % 0.6 < 0.5)).astype(np.float32)


def truncate(path: Path, bytes_a_second: int) -> None:
    """Cuts a finished recording so that its header promises far more than is there."""
    content = path.read_bytes()
    path.write_bytes(content[: 58 + bytes_a_second * TRUNCATED_MS // 1000])


def write_stub(fault: str, path: Path) -> None:
    """A file of the right name without a recording in it."""
    path.write_bytes(b"" if fault == "zero_bytes" else "录音服务器繁忙，本文件未写入，请稍后重试。\n".encode())
