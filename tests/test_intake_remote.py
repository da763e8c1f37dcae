"""Recordings on other machines, for real on loopback: HTTP, SFTP and S3-compatible storage, and what they try to do."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import pytest
from bucket import bucket

from inspection.errors import IntakeError
from inspection.intake.recordings import Archive
from inspection.intake.roots import ForbiddenError
from inspection.settings import RecordingSettings

DAY = date(2026, 11, 20)


def archive(root: str, cache: Path, **settings: object) -> Archive:
    return Archive(RecordingSettings(roots=(root,), **settings), cache)


class Served(BaseHTTPRequestHandler):
    """A web server of recordings that also tries to send its visitors elsewhere."""

    files: ClassVar = {"/rec/a/one.wav": b"one", "/rec/空 格.wav": b"two", "/secret.wav": b"secret"}
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path)
        self.server.asked.append(path)  # type: ignore[attr-defined]
        if path == "/rec/elsewhere.wav":
            self.send_response(302)
            self.send_header("Location", "/secret.wav")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = self.files.get(path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 01:00:00 GMT")
        self.end_headers()
        if self.command == "GET" and content:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    yield from serve(Served)


def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_web_is_asked_only_for_what_the_dialer_names(web: str, tmp_path: Path) -> None:
    house = archive(f"{web}/rec", tmp_path)
    hints = [
        "a/one.wav",
        f"{web}/rec/空 格.wav",
        "gone.wav",
        f"{web}/secret.wav",
        "../secret.wav",
        "http://127.0.0.1:1/rec/x.wav",
    ]
    listed = house.listed(DAY, hints)
    assert listed.select("relative", "size_bytes", "forbidden").rows() == [
        ("a/one.wav", 3, False),
        ("空 格.wav", 3, False),
    ]
    assert listed["modified_at"][0].isoformat() == "2026-11-20T01:00:00+00:00"
    hashed = house.hashed(listed)
    assert hashed["audio_sha256"].to_list() == [hashlib.sha256(content).hexdigest() for content in (b"one", b"two")]
    assert house.read(listed["location"][1]) == b"two"


@pytest.mark.parametrize(
    "location",
    ["{web}/secret.wav", "{web}/rec/../secret.wav", "{web}/rec/%2e%2e/secret.wav", "{web}/rec/a?x=1",
     "http://me@{host}/rec/a/one.wav", "https://{host}/rec/a/one.wav", "http://localhost/rec/a/one.wav"],
)  # fmt: skip
def test_no_address_outside_the_root_is_asked_for(web: str, tmp_path: Path, location: str) -> None:
    with pytest.raises(ForbiddenError):
        archive(f"{web}/rec", tmp_path).read(location.format(web=web, host=web.removeprefix("http://")))


def test_a_redirect_is_not_followed(web: str, tmp_path: Path) -> None:
    house = archive(f"{web}/rec", tmp_path)
    assert house.listed(DAY, ["elsewhere.wav"])["forbidden"].to_list() == [True]
    with pytest.raises(ForbiddenError, match="redirect"):
        house.read(f"{web}/rec/elsewhere.wav")


def test_a_web_server_that_is_away_is_an_intake_error_without_a_password(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(IntakeError, match=r"recordings.roots: http://127.0.0.1: cannot be read") as error:
        archive(f"http://me:secret@127.0.0.1:{port}/rec", tmp_path).listed(DAY, ["x.wav"])
    assert "secret" not in str(error.value)


OBJECTS = {"calls/rec/2026/one.wav": b"one", "calls/rec/two.wav": b"two", "calls/secret.wav": b"secret"}


def test_object_storage_is_listed_and_read_below_its_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with bucket(monkeypatch, dict(OBJECTS)):
        _read_the_bucket(archive("s3://calls/rec", tmp_path))


def test_an_object_that_has_gone_is_its_own_fault_and_a_missing_server_the_roots(
    web: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with bucket(monkeypatch, dict(OBJECTS)) as objects:
        house = archive("s3://calls/rec", tmp_path)
        house.listed(DAY)
        del objects["calls/rec/two.wav"]
        with pytest.raises(FileNotFoundError) as gone:
            house.read("s3://calls/rec/two.wav")
    assert str(gone.value) == "the recording has gone"
    with pytest.raises(FileNotFoundError, match="the recording has gone"):
        archive(f"{web}/rec", tmp_path).read(f"{web}/rec/gone.wav")
    with pytest.raises(IntakeError, match=r"recordings\.roots: s3://calls"):
        archive("s3://calls/rec", tmp_path).read("s3://calls/rec/two.wav")


def _read_the_bucket(house: Archive) -> None:
    listed = house.listed(DAY)
    assert listed.select("location", "size_bytes").rows() == [
        ("s3://calls/rec/2026/one.wav", 3),
        ("s3://calls/rec/two.wav", 3),
    ]
    assert house.hashed(listed)["audio_sha256"][1] == hashlib.sha256(b"two").hexdigest()
    for outside in ("s3://calls/secret.wav", "s3://calls/rec/../secret.wav", "s3://other/rec/two.wav"):
        with pytest.raises(ForbiddenError):
            house.read(outside)


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real SFTP server on loopback whose key stands in the user's known hosts."""
    paramiko = pytest.importorskip("paramiko", reason="needs the extra inspection[remote]")
    key = paramiko.RSAKey.generate(2048)

    class Door(paramiko.ServerInterface):
        def check_auth_password(self, username: str, password: str) -> int:
            return paramiko.AUTH_SUCCESSFUL if password == "pw" else paramiko.AUTH_FAILED

        def get_allowed_auths(self, username: str) -> str:
            return "password"

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

    class Disk(paramiko.SFTPServerInterface):
        def list_folder(self, path: str):
            return [self._facts(child) for child in sorted(Path(path).iterdir())]

        def stat(self, path: str):
            return (
                paramiko.SFTPAttributes.from_stat(Path(path).stat())
                if Path(path).exists()
                else paramiko.SFTP_NO_SUCH_FILE
            )

        def lstat(self, path: str):
            return paramiko.SFTPAttributes.from_stat(Path(path).lstat())

        def canonicalize(self, path: str) -> str:
            return str(Path(path).resolve())

        def open(self, path: str, flags: int, attr: object):
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = io.BytesIO(Path(path).read_bytes())
            return handle

        def _facts(self, child: Path):
            facts = paramiko.SFTPAttributes.from_stat(child.lstat())
            facts.filename = child.name
            return facts

    listener = socket.create_server(("127.0.0.1", 0))
    transports = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Disk)
            transport.start_server(server=Door())
            transports.append(transport)

    threading.Thread(target=accept, daemon=True).start()
    port = listener.getsockname()[1]
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
    monkeypatch.setenv("HOME", str(home))
    try:
        yield f"sftp://me:pw@127.0.0.1:{port}{tmp_path}/rec"
    finally:
        listener.close()
        for transport in transports:
            transport.close()


def test_sftp_is_listed_and_read_and_links_are_not_followed(sftp: str, tmp_path: Path) -> None:
    (tmp_path / "rec" / "a").mkdir(parents=True)
    (tmp_path / "rec" / "a" / "one.wav").write_bytes(b"one")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (tmp_path / "rec" / "link.wav").symlink_to(tmp_path / "secret.wav")
    house = archive(sftp, tmp_path / "cache")
    listed = house.listed(DAY)
    assert listed.select("relative", "forbidden").rows() == [("a/one.wav", False), ("link.wav", True)]
    assert house.read(listed["location"][0]) == b"one"
    with pytest.raises(ForbiddenError):
        house.read(listed["location"][1])


def test_a_stranger_that_poses_as_the_sftp_server_is_refused(sftp: str, tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    (tmp_path / "home" / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(IntakeError, match=r"its key is not in .*known_hosts") as error:
        archive(sftp, tmp_path / "cache").listed(DAY)
    assert "pw" not in str(error.value)


def test_locations_never_carry_a_password(sftp: str, tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "x.wav").write_bytes(b"x")
    house = archive(sftp, tmp_path / "cache")
    [location] = house.listed(DAY)["location"]
    assert "pw" not in location
    assert house.read(location) == b"x"
