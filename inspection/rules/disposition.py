"""The canonical outcomes, and the firm's codes for them (domain §5.5); rules/dispositions.yaml has the mismatches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspection.errors import RulebookError
from inspection.lexicon.safe_yaml import read_yaml as read
from inspection.rules.checks import fields

CANONICAL = (
    "PTP", "PTP_BROKEN", "PARTIAL", "PAID", "REFUSE", "NEGOTIATE", "DISPUTE", "COMPLAINT", "THIRD_PARTY_MSG",
    "THIRD_PARTY_PAY", "NON_OWNER", "CALLBACK", "TRANSFER", "VULNERABLE", "DNC", "NO_ANSWER", "BUSY", "REJECT",
    "POWER_OFF", "OUT_OF_SERVICE", "EMPTY_NUMBER", "VOICEMAIL", "SKIP_LOST", "OTHER",
)  # fmt: skip
NOT_CONNECTED = ("NO_ANSWER", "BUSY", "REJECT", "POWER_OFF", "OUT_OF_SERVICE", "EMPTY_NUMBER")
NOT_REACHED = (*NOT_CONNECTED, "VOICEMAIL", "NON_OWNER", "THIRD_PARTY_MSG")
"""Answered or not, the debtor was not on the line."""
INVALID_NUMBER = ("EMPTY_NUMBER", "OUT_OF_SERVICE")


@dataclass(frozen=True)
class Dispositions:
    """titles: canonical code to the words a reader sees. codes: the dialer's code to the canonical one."""

    titles: dict[str, str]
    codes: dict[str, str]


def read_dispositions(path: Path) -> Dispositions:
    """The file dispositions.yaml: `outcomes` with a title for every canonical code, `codes` from the dialer's."""
    data = fields(read(path), path, required={"outcomes", "codes"}, allowed={"outcomes", "codes"})
    titles = {str(code): str(title) for code, title in fields(data["outcomes"], f"{path}: outcomes").items()}
    if wrong := sorted(set(titles) ^ set(CANONICAL)):
        raise RulebookError(f"{path}: outcomes: {wrong[0]!r} is missing or not one of the canonical codes")
    codes = {str(code): str(to) for code, to in fields(data["codes"], f"{path}: codes").items()}
    if wrong := [code for code, to in codes.items() if to not in titles]:
        raise RulebookError(f"{path}: codes: {wrong[0]!r} leads to {codes[wrong[0]]!r}, which is no canonical outcome")
    return Dispositions(titles, codes)
