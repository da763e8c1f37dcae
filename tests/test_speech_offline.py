"""Nothing leaves this machine: the tests' own guard works, and the libraries are told before they are imported."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from inspection import offline


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("example.org", 80), ("2001:db8::1", 443)])
def test_a_connection_to_elsewhere_is_refused_and_named(address):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as wire, pytest.raises(ConnectionRefusedError, match="tests stay on this machine"):
        wire.connect(address)


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_silence_leaves_the_operator_s_values_and_opens_the_hub_only_when_told(monkeypatch):
    for name in offline.SILENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "yes")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    offline.silence()
    assert os.environ["DO_NOT_TRACK"] == "yes"
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    offline.silence(hub=True)
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    offline.silence()


def test_importing_the_package_silences_what_it_will_import(tmp_path):
    """Regressions: onnxruntime looks up its maker's servers unless told before its import, and leaves a session's id
    among temporary files; gates asked from a notebook told their library nothing."""
    code = "import inspection, faster_whisper, os; print(*(os.environ[name] for name in inspection.offline.SILENT))"
    own = {name: value for name, value in os.environ.items() if name not in offline.SILENT}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=own | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == list(offline.SILENT.values())
    assert not list(tmp_path.glob(".ses"))


def test_listening_imports_no_heavy_library_before_it_listens():
    """`inspection --help` and a rule test answer at once."""
    code = (
        "import sys, inspection.cli.speech, inspection.speech.listen\n"
        "print([name for name in ('torch', 'pyannote.audio', 'faster_whisper', 'ctranslate2') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
