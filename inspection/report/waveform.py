"""The call as a drawing: loudness per channel, who spoke, what overlapped, and where the evidence lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inspection.report.listening import Clip
from inspection.report.transcript import Mark

WIDTH, LANE = 1000, 46
"""Units of the drawing; the page stretches it to its own width."""


def waveform(
    clip: Clip | None,
    turns: Sequence[dict],
    marks: Sequence[Mark],
    acoustics: Sequence[dict],
    *,
    muted: Sequence[tuple[int, int]],
    length_ms: int,
) -> Any:
    """SVG markup. Without a clip the lanes show the turns themselves, agent above and customer below."""  # fmt: skip
    from markupsafe import Markup

    lanes = clip.peaks.shape[0] if clip else 2
    height = lanes * LANE

    def bar(start_ms: int, end_ms: int, kind: str, top: float = 0, tall: float = height) -> str:
        x, width = WIDTH * start_ms / length_ms, max(WIDTH * (end_ms - start_ms) / length_ms, 0.8)
        return f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{tall:.1f}"/>'

    parts = [
        bar(row["start_ms"], row["end_ms"], row["kind"]) for row in acoustics if row["kind"] in ("silence", "overtalk")
    ]
    if clip:
        parts += [f'<path class="wave" d="{_outline(lane, place)}"/>' for place, lane in enumerate(clip.peaks)]
        parts += [bar(start, end, "muted") for start, end in muted]
    else:
        parts += [bar(turn["start_ms"], turn["end_ms"], "spoken", *_lane_of(turn["role"])) for turn in turns]
    for mark in marks:
        if mark.at_ms is not None and mark.kind not in ("hit", "checkpoint"):
            parts.append(bar(mark.at_ms, mark.at_ms + length_ms // 300, f"mark {mark.kind}"))
    drawing = "".join(parts)
    return Markup(
        f'<svg class="waveform" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" aria-hidden="true">{drawing}'
        f'<line id="head" x1="0" x2="0" y1="0" y2="{height}"/></svg>'
    )


def _lane_of(role: str) -> tuple[float, float]:
    top = {"agent": 0, "robot": 0, "customer": LANE}.get(role, LANE / 2)
    return top + LANE * 0.25, LANE * 0.5


def _outline(lane: np.ndarray, place: int) -> str:
    """One closed line around a lane's peaks, mirrored at the lane's middle."""
    middle, step = place * LANE + LANE / 2, WIDTH / len(lane)
    swing = np.maximum(lane * LANE * 0.46, 0.4)
    above = [f"{step * (bar + 0.5):.1f},{middle - rise:.1f}" for bar, rise in enumerate(swing)]
    below = [f"{step * (bar + 0.5):.1f},{middle + rise:.1f}" for bar, rise in reversed(list(enumerate(swing)))]
    return f"M{' L'.join(above + below)}Z"
