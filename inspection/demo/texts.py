"""The sample day as written: calls.yaml and robot_scripts.yaml with every slot filled.

day = load_day()
day.calls[0].turns[0]      # Turn(role="robot", text="您好，我是示例银行的…请问您是张先生本人吗？", …)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

DAY = Path(__file__).parent / "day"
ROLES = ("agent", "robot", "customer")
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Turn:
    """One role's words; `breaks` are violation ids proved here. A beep is a customer's turn without words."""

    role: str
    text: str
    breaks: tuple[str, ...] = ()
    overlap_ms: int = 0
    beep_ms: int = 0


@dataclass(frozen=True)
class Call:
    """A call's facts, audio and turns; `breaks` are violations that no single turn proves."""

    id: str
    facts: dict[str, Any]
    audio: dict[str, Any]
    turns: tuple[Turn, ...] = ()
    customer_voice: str = ""
    who: str = "debtor"
    breaks: tuple[str, ...] = ()
    expected: str = "inspected"
    unclear: str = ""

    @property
    def fault(self) -> str:
        return self.audio.get("fault", "")

    @property
    def clean(self) -> bool:
        """Nothing is wrong in it and it can be heard: no fatal finding may be made of it."""
        broken = self.breaks or any(turn.breaks for turn in self.turns)
        return not broken and not self.unclear and self.expected == "inspected"


@dataclass(frozen=True)
class Day:
    business_date: date
    timezone: str
    institution: str
    violations: dict[str, dict[str, Any]]
    staff: dict[str, dict[str, str]]
    campaigns: dict[str, str]
    calls: tuple[Call, ...] = field(repr=False)

    def dialed_at(self, call: Call) -> datetime:
        """The moment of dialling, with the day's time zone."""
        clock = datetime.strptime(call.facts["time"], "%H:%M:%S").time()
        return datetime.combine(self.business_date, clock, ZoneInfo(self.timezone))

    def agency(self, call: Call) -> str | None:
        """The agency that calls, or None for the bank's own staff."""
        return call.facts.get("agency") or self.staff[call.facts["staff"]].get("agency")


@cache
def load_day(folder: Path = DAY) -> Day:
    """The day of `folder`; a slot or script line that does not exist is a KeyError that names it."""
    written = yaml.safe_load((folder / "calls.yaml").read_text("utf-8"))
    scripts = yaml.safe_load((folder / "robot_scripts.yaml").read_text("utf-8"))
    staff = written["staff"]
    return Day(
        business_date=written["business_date"],
        timezone=written["timezone"],
        institution=written["institution"],
        violations=written["violations"],
        staff=staff,
        campaigns=written["campaigns"],
        calls=tuple(_call(entry, staff, scripts) for entry in written["calls"]),
    )


def _call(entry: dict[str, Any], staff: dict[str, dict[str, str]], scripts: dict[str, Any]) -> Call:
    facts = entry["facts"]
    lines = scripts[f"robot.{facts['stage']}"]["lines"]
    slots = spoken_slots(facts | {"agency": facts.get("agency") or staff[facts["staff"]].get("agency", "")})
    return Call(
        id=entry["id"],
        facts=facts,
        audio=entry["audio"],
        turns=tuple(_turn(turn, lines, slots) for turn in entry.get("turns", ())),
        customer_voice=entry.get("voices", {}).get("customer", ""),
        who=entry.get("who", "debtor"),
        breaks=tuple(entry.get("breaks", ())),
        expected=entry.get("expected", "inspected"),
        unclear=entry.get("unclear", ""),
    )


def _turn(entry: dict[str, Any], lines: dict[str, str], slots: dict[str, str]) -> Turn:
    if "beep_ms" in entry:
        return Turn("customer", "", beep_ms=entry["beep_ms"])
    role = next(role for role in ROLES if role in entry)
    text = entry[role]
    text = lines[text[1:]] if text.startswith("@") else text
    return Turn(role, text.format(**slots), tuple(entry.get("breaks", ())), entry.get("overlap_ms", 0))


def spoken_slots(facts: dict[str, Any]) -> dict[str, str]:
    """What a caller says for each slot of a text: amounts, dates and staff numbers as Chinese numerals."""
    slots = {"name": facts["name"], "agency": facts["agency"], "amount": numeral(facts["amount"]) + "元"}
    slots |= {key: spoken_date(facts[key]) for key in ("due", "promise") if key in facts}
    return slots | {"staff": "".join(DIGITS[int(digit)] for digit in facts["staff"] if digit.isdigit())}


def spoken_date(day: date) -> str:
    return f"{numeral(day.month)}月{numeral(day.day)}日"


def numeral(number: int) -> str:
    """A whole number from 1 to 99,999,999 as spoken: 12600 is 一万两千六百, 20500 is 两万零五百, 10 is 十."""
    high, low = divmod(number, 10_000)
    if high:
        zero = "零" if 0 < low < 1000 else ""
        return numeral(high).replace("二", "两", 1 if high == 2 else 0) + "万" + (zero + numeral(low) if low else "")
    said, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            word = "两" if digit == 2 and unit == 1000 else DIGITS[digit]
            said += ("零" if zero and said else "") + word + name
        zero = digit == 0
    return said.removeprefix("一") if 10 <= number < 20 else said
