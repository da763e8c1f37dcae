"""A red or failed day tells somebody: what is sent, where to, and what is never in it."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from inspection.errors import ResultsError, SettingsError
from inspection.results.notify import notify
from inspection.settings import NotifySettings

LINES = ["speech: 3 of 40", "call of 13800138000 by 张三 lost"]


class Hook(BaseHTTPRequestHandler):
    taken: ClassVar[list] = []
    answer = 200

    def do_POST(self):
        self.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answer)
        self.send_header("Location", "http://192.0.2.1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def hook_server():
    """A webhook's address and its handler, whose `taken` are the messages that came."""
    handler = type("Taking", (Hook,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def hook():
    with hook_server() as server:
        yield server


class Mailbox(socketserver.StreamRequestHandler):
    def handle(self):
        said, in_data = self.server.said, False
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            text = line.decode().rstrip("\r\n")
            said.append(text)
            if in_data:
                if text == ".":
                    in_data = False
                    self.wfile.write(b"250 taken\r\n")
            elif text.upper() == "DATA":
                in_data = True
                self.wfile.write(b"354 go on\r\n")
            elif text.upper().startswith("QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mailbox():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.said = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}?from=qi@bank", server.said
        server.shutdown()


def test_without_a_place_nobody_is_told():
    assert notify(NotifySettings(), "subject", LINES) == []


def test_the_webhook_gets_masked_text(hook):
    address, handler = hook
    assert notify(NotifySettings(webhook=address), "质检: red", LINES) == ["webhook"]
    (message,) = handler.taken
    assert message["subject"] == "质检: red"
    assert "3 of 40" in message["text"]
    assert "13800138000" not in message["text"]


def test_mail_goes_to_every_recipient(mailbox):
    address, said = mailbox
    settings = NotifySettings(smtp_url=address, recipients=("a@bank", "b@bank"))
    assert notify(settings, "质检: red", LINES) == ["mail"]
    assert {"<a@bank>", "<b@bank>"} <= {line.split(":")[1] for line in said if line.lower().startswith("rcpt to:")}
    assert any(line.startswith("From: qi@bank") for line in said)
    assert "speech: 3 of 40" in said
    assert not any("13800138000" in line for line in said)


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_a_hook_that_refuses_or_sends_elsewhere_is_an_error_without_its_address(hook, answer):
    address, handler = hook
    handler.answer = answer
    with pytest.raises(ResultsError) as error:
        notify(NotifySettings(webhook=address), "s", LINES)
    assert "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"webhook": "ftp://127.0.0.1/x"}, "notify.webhook"),
        ({"smtp_url": "mail.bank", "recipients": ("a@bank",)}, "notify.smtp_url"),
        ({"smtp_url": "smtp://127.0.0.1:1"}, "notify.recipients"),
    ],
)
def test_a_wrong_address_names_its_setting(settings, says):
    with pytest.raises(SettingsError, match=says):
        notify(NotifySettings(**settings), "s", LINES)


def test_a_mail_server_that_is_away_is_an_error():
    with pytest.raises(ResultsError, match=r"notify\.smtp_url"):
        notify(NotifySettings(smtp_url="smtp://127.0.0.1:1", recipients=("a@bank",)), "s", LINES)
