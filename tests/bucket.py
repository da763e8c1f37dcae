"""Just enough of S3 on loopback to list, read, write and delete; no real object storage runs where the tests do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

CREDENTIALS = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1", "REGION": "us-east-1"}


class Bucket(BaseHTTPRequestHandler):
    """Objects are a dictionary of the server: bucket/key to bytes."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query, path = parse_qs(address.query, keep_blank_values=True), unquote(address.path).lstrip("/")
        if path in self.objects:
            stamp = "Fri, 20 Nov 2026 01:00:00 GMT"
            self._answer(200, self.objects[path], {"Last-Modified": stamp, "ETag": _tag(self.objects[path])})
        elif "list-type" in query:
            self._answer(200, self._listing(path.rstrip("/"), query), {"Content-Type": "application/xml"})
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>", {})

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            content = _unchunked(content)
        name = unquote(urlsplit(self.path).path).lstrip("/")
        there = _tag(self.objects[name]) if name in self.objects else None
        if self.headers.get("If-Match", there) != there or (self.headers.get("If-None-Match") and there):
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>", {"Content-Type": "application/xml"})
            return
        self.objects[name] = content
        self._answer(200, b"", {"ETag": _tag(content)})

    def do_DELETE(self) -> None:
        self.objects.pop(unquote(urlsplit(self.path).path).lstrip("/"), None)
        self._answer(204, b"", {})

    @property
    def objects(self) -> dict[str, bytes]:
        return self.server.objects  # type: ignore[attr-defined]

    def _listing(self, bucket: str, query: dict[str, list[str]]) -> bytes:
        prefix = f"{bucket}/{query.get('prefix', [''])[0]}"
        rows = "".join(
            f"<Contents><Key>{name.split('/', 1)[1]}</Key><LastModified>2026-11-20T01:00:00.000Z</LastModified>"
            f"<ETag>{_tag(content)}</ETag><Size>{len(content)}</Size></Contents>"
            for name, content in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        return f"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        size = len(content)
        asked = self.headers.get("Range")
        if asked and status == 200:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(size - int(last), 0)
            end = min(int(last) + 1, size) if first and last else size
            status, content = 206, content[start:end]
            headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch, objects: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Serves these objects; the usual environment variables point every client at them."""
    s3fs = pytest.importorskip("s3fs", reason="needs the extra inspection[remote]")
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.objects = objects
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = CREDENTIALS | {
        "ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "ALLOW_HTTP": "true",
        "MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        yield objects
    finally:
        server.shutdown()
        server.server_close()
        s3fs.S3FileSystem.clear_instance_cache()


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _unchunked(body: bytes) -> bytes:
    """The content of a body that the client signed in pieces: size;signature, piece, …, 0."""
    content = b""
    while body:
        head, _, body = body.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if size == 0:
            break
        content, body = content + body[:size], body[size + 2 :]
    return content
