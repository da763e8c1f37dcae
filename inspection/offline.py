"""The one place where libraries that call home are told not to: importing `inspection` does it, before any of them.

Prefect, Great Expectations, pyannote.audio, the model hub's client and onnxruntime (with which faster-whisper finds
speech) read these variables when they are imported.
A value the operator has set is left alone, except the hub's switch, which only the speech settings may open.
"""

from __future__ import annotations

import os

SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "PYANNOTE_METRICS_ENABLED": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def silence(*, hub: bool = False) -> None:
    """Sets the variables of this process; children inherit them. Safe to call any number of times.

    `hub` opens the model hub for a machine that is meant to download a model; without it the hub's client answers
    from its local cache or not at all.
    """
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)
    os.environ["HF_HUB_OFFLINE"] = "0" if hub else "1"
