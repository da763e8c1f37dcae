"""Recordings on other machines, read through fsspec: SFTP, S3-compatible object storage, HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import SplitResult, quote, unquote, urlsplit

from inspection.errors import IntakeError
from inspection.intake.roots import ForbiddenError, Root, recording_id, relative_name

PORTS = {"http": 80, "https": 443, "sftp": 22, "s3": 0}
NETWORK_S = 60
"""Longest silence of another machine before it counts as gone."""


def root_at(address: str, position: int) -> Root:
    """The root of an http, https, sftp or s3 address."""
    scheme = urlsplit(address).scheme
    if scheme not in PORTS:
        raise IntakeError(f"recordings.roots: {scheme}://: not one of file, {', '.join(PORTS)}")
    return Web(address, position) if scheme.startswith("http") else Objects(address, position)


def below(root: str, location: str) -> str | None:
    """A location relative to a root address of the same scheme, host and port; None when it is of another place."""
    mine, theirs = urlsplit(root), urlsplit(location)
    if theirs.scheme not in PORTS or _door(mine) != _door(theirs) or theirs.username not in (None, mine.username):
        return None
    base, path = mine.path.rstrip("/") + "/", unquote(theirs.path)
    if not path.startswith(base) or theirs.query or theirs.fragment:
        return None
    return relative_name(path.removeprefix(base))


@dataclass(frozen=True)
class Objects:
    """SFTP (with the user's SSH keys and known hosts) or object storage (with its usual environment variables)."""

    root: str
    position: int

    def listed(self, pattern: re.Pattern[str], hints: Iterable[str]) -> Iterator[dict[str, Any]]:
        with _explained(self.root):
            files, base = self._files()
            for name, facts in sorted(files.find(base, detail=True).items()):
                relative = name.removeprefix(base).lstrip("/")
                if pattern.match(relative):
                    yield _row(
                        self.root, self.position, relative, facts, facts.get("LastModified") or facts.get("mtime")
                    )

    def below(self, location: str) -> str | None:
        return below(self.root, location)

    def open(self, relative: str) -> BinaryIO:
        with _explained(self.root, opening=True):
            files, base = self._files()
            path = f"{base}/{relative_name(relative)}"
            if hasattr(files, "ftp") and not files.ftp.normalize(path).startswith(files.ftp.normalize(base) + "/"):
                raise ForbiddenError("the location leads out of its root")
            return files.open(path, "rb")

    def _files(self) -> tuple[Any, str]:
        import fsspec

        options: dict[str, Any] = {}
        if urlsplit(self.root).scheme == "sftp":
            options = {"host_key_policy": _known_hosts(), "timeout": NETWORK_S, "banner_timeout": NETWORK_S}
        files, base = fsspec.core.url_to_fs(self.root, **options)
        files.invalidate_cache()
        return files, base.rstrip("/")


@dataclass(frozen=True)
class Web:
    """A web address; no listing there is worth trusting, so only what the dialer names is looked up. No redirects."""

    root: str
    position: int

    def listed(self, pattern: re.Pattern[str], hints: Iterable[str]) -> Iterator[dict[str, Any]]:
        names = sorted({name for hint in hints if (name := self._named(hint)) and pattern.match(name)})
        files = self._files()
        with ThreadPoolExecutor(8) as pool:
            yield from (row for row in pool.map(lambda name: self._looked_up(files, name), names) if row)

    def below(self, location: str) -> str | None:
        return below(self.root, location)

    def open(self, relative: str) -> BinaryIO:
        with _explained(self.root, opening=True):
            return self._files().open(self._address(relative_name(relative)), "rb", block_size=0, size=-1)

    def _named(self, hint: str) -> str | None:
        try:
            return self.below(hint) if "://" in hint else relative_name(hint)
        except ForbiddenError:
            return None

    def _looked_up(self, files: Any, relative: str) -> dict[str, Any] | None:
        with _explained(self.root):
            try:
                facts = files.info(self._address(relative))
            except FileNotFoundError as error:
                if isinstance(error.__cause__, ForbiddenError):  # it answers with a redirect
                    return _row(self.root, self.position, relative, {"type": "redirect"}, None)
                if _answered(error.__cause__):
                    return None
                raise
        stamp = facts.get("Last-Modified")
        return _row(self.root, self.position, relative, facts, parsedate_to_datetime(stamp) if stamp else None)

    def _address(self, relative: str) -> str:
        return f"{self.root.rstrip('/')}/{quote(relative)}"

    def _files(self) -> Any:
        import aiohttp
        import fsspec

        timeout = aiohttp.ClientTimeout(sock_connect=NETWORK_S, sock_read=NETWORK_S)
        client = {"timeout": timeout, "raise_for_status": _refuse_redirect}
        return fsspec.filesystem(urlsplit(self.root).scheme, client_kwargs=client, allow_redirects=False, encoded=True)


async def _refuse_redirect(response: Any) -> None:
    if 300 <= response.status < 400:
        raise ForbiddenError("the location answers with a redirect")
    response.raise_for_status()


def _answered(error: BaseException | None) -> bool:
    """Whether the other machine said that the file is not there, rather than nothing."""
    return getattr(error, "status", None) in (403, 404, 410)


def _row(root: str, position: int, relative: str, facts: dict[str, Any], modified: datetime | None) -> dict[str, Any]:
    return {
        "recording_id": recording_id(relative, position),
        "location": f"{_public(root)}/{relative}",
        "relative": relative,
        "size_bytes": facts.get("size"),
        "modified_at": modified.astimezone(UTC) if modified else None,
        "forbidden": facts.get("type", "file") != "file",
    }


def _public(root: str) -> str:
    """The address without user and password: locations are stored and shown."""
    parts = urlsplit(root)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def _door(address: SplitResult) -> tuple[str, str | None, int]:
    return address.scheme, address.hostname, address.port or PORTS[address.scheme]


def _known_hosts() -> Any:
    """Only machines whose key stands in the user's known hosts: a stranger in between could send any audio."""
    import paramiko

    class KnownHosts(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            path = os.path.expanduser("~/.ssh/known_hosts")
            known = paramiko.HostKeys(path) if os.path.exists(path) else paramiko.HostKeys()
            if not known.check(hostname, key):
                raise IntakeError(f"recordings.roots: {hostname}: its key is not in {path}; add it with ssh-keyscan")

    return KnownHosts()


@contextmanager
def _explained(root: str, *, opening: bool = False) -> Iterator[None]:
    """Each backend has its own tree of errors; none of them leaves this room, nor any password in an address.

    `opening`: a file that is not there is that one recording's FileNotFoundError, not the root's fault.
    """
    parts = urlsplit(root)
    try:
        yield
    except (IntakeError, GeneratorExit):
        raise
    except ImportError as error:
        raise IntakeError(f"recordings.roots: {parts.scheme}: needs the extra `inspection[remote]`: {error}") from error
    except Exception as error:
        absent = isinstance(error, FileNotFoundError) and not parts.scheme.startswith("http")
        if opening and (absent or _answered(error)):
            raise FileNotFoundError("the recording has gone") from None  # its address may hold a number or a password
        cause = error.__cause__ or error
        raise IntakeError(
            f"recordings.roots: {parts.scheme}://{parts.hostname}: cannot be read: {type(cause).__name__} {cause}"[:300]
        ) from error
