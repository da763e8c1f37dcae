"""What every test shares: no connection leaves this machine, and no library calls home."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile

import pytest

import inspection  # noqa: F401  it tells libraries to stay silent before they are imported

SERVICES = ("is not reachable at", "no Chromium at", "inspection[remote]", "espeak-ng is not installed")
"""What a test says that is skipped for want of a server, a browser or a tool."""

KEPT = ("inspection-", "torchinductor_", "runner_storage", "pytest-of-")
"""What may stay among temporary files: locks of days in object storage, torch's, the scheduler's, a test's pytest."""

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


def _is_local(family: int, address: object) -> bool:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With INSPECTION_TEST_REQUIRE_SERVICES=1, as CI has it, a test that misses its server or browser fails."""
    report = yield
    if report.skipped and os.environ.get("INSPECTION_TEST_REQUIRE_SERVICES") == "1":
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        if any(service in reason for service in SERVICES):
            report.outcome, report.longrepr = "failed", f"INSPECTION_TEST_REQUIRE_SERVICES=1, but {reason}"
    return report


@pytest.fixture(scope="session", autouse=True)
def own_scratch(tmp_path_factory):
    """Temporary files of this process and its children go to a folder of their own, and none may be left at the end."""
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        yield
    left = [path.name for path in folder.iterdir() if not path.name.startswith(KEPT)]
    assert not left, f"the tests left temporary files behind: {left[:10]}"


@pytest.fixture(scope="session", autouse=True)
def only_loopback():
    """Every connection of this process that is not loopback or a local socket is refused, named in the error."""

    def guarded(connect):
        def refuse(self, address):
            if not _is_local(self.family, address):
                raise ConnectionRefusedError(f"a test tried to connect to {address!r}; tests stay on this machine")
            return connect(self, address)

        return refuse

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded(_connect))
    patch.setattr(socket.socket, "connect_ex", guarded(_connect_ex))
    yield
    patch.undo()
