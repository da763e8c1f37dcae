"""Tells somebody that a day failed or is red: by a webhook, by mail, by both, or by neither.

A message holds the date, counts, codes and ids, never a name, a number or a word spoken. Connections go to the
addresses in `[notify]` and nowhere else.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from inspection.errors import ResultsError, SettingsError
from inspection.privacy import mask
from inspection.settings import NotifySettings

TIMEOUT_S = 20


def notify(settings: NotifySettings, subject: str, lines: Sequence[str]) -> list[str]:
    """Sends the message to every configured place and returns their kinds (`webhook`, `mail`); [] where none is set.

    Raises ResultsError naming the kind of place that refuses or is away, SettingsError for an address that is none.
    """
    subject, lines = mask(subject), [mask(line) for line in lines]
    told = []
    if address := settings.webhook.get_secret_value():
        _post(address, subject, lines)
        told.append("webhook")
    if address := settings.smtp_url.get_secret_value():
        _mail(address, settings.recipients, subject, lines)
        told.append("mail")
    return told


def _post(address: str, subject: str, lines: Sequence[str]) -> None:
    """JSON `{"subject": …, "text": …}` by POST; redirects are refused, they could leave the configured host."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise SettingsError("notify.webhook: the address must begin with http:// or https://")
    body = json.dumps({"subject": subject, "text": "\n".join(lines)}, ensure_ascii=False).encode()
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json; charset=utf-8"})
    try:
        with urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({})).open(request, timeout=TIMEOUT_S):
            pass
    except (urllib.error.URLError, OSError) as error:
        raise ResultsError(f"notify.webhook: the message was not taken: {type(error).__name__}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _mail(address: str, recipients: Sequence[str], subject: str, lines: Sequence[str]) -> None:
    """`smtp://[user:password@]host[:port][?from=sender]`, `smtps://` for TLS from the start."""
    place = urlsplit(address)
    if place.scheme not in ("smtp", "smtps") or not place.hostname:
        raise SettingsError("notify.smtp_url: write it as smtp://user:password@host:25?from=inspection@bank")
    if not recipients:
        raise SettingsError("notify.recipients: name at least one, or empty notify.smtp_url")
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = parse_qs(place.query).get("from", [f"inspection@{place.hostname}"])[0]
    message["To"] = ", ".join(recipients)
    message.set_content("\n".join(lines))
    try:
        with _server(place.scheme, place.hostname, place.port) as server:
            if place.username:
                server.login(unquote(place.username), unquote(place.password or ""))
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise ResultsError(f"notify.smtp_url: the mail was not taken: {type(error).__name__}") from error


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)
