"""The sample day's attempts: the written calls, and several hundred that reached nobody, some of them planted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from inspection.demo.texts import Call, Day

RESULTS = {  # the dialer's own codes: (name, canonical code of the attempts contract)
    "01": ("承诺还款", "PTP"),
    "02": ("部分还款", "PARTIAL"),
    "03": ("已还款", "PAID"),
    "04": ("拒绝还款", "REFUSE"),
    "05": ("协商跟进", "NEGOTIATE"),
    "06": ("争议核实", "DISPUTE"),
    "07": ("投诉", "COMPLAINT"),
    "08": ("第三方转告", "THIRD_PARTY_MSG"),
    "09": ("家人代偿", "THIRD_PARTY_PAY"),
    "10": ("非本人", "NON_OWNER"),
    "11": ("约时回拨", "CALLBACK"),
    "12": ("转人工", "TRANSFER"),
    "13": ("特殊困难", "VULNERABLE"),
    "14": ("停止联系", "DNC"),
    "20": ("无人接听", "NO_ANSWER"),
    "21": ("占线", "BUSY"),
    "22": ("拒接", "REJECT"),
    "23": ("关机", "POWER_OFF"),
    "24": ("停机", "OUT_OF_SERVICE"),
    "25": ("空号", "EMPTY_NUMBER"),
    "26": ("语音信箱", "VOICEMAIL"),
    "99": ("其他", "OTHER"),
}
CODES = {canonical: code for code, (_, canonical) in RESULTS.items()}
UNREACHED = {"20": 50, "23": 14, "21": 11, "22": 10, "24": 6, "25": 6}
"""Outcomes of attempts that reached nobody, by weight."""

HUMANS = {"A00": ("1024", "1037", "1052", "1068"), "A01": ("2011", "2018"), "A02": ("3007", "3012")}
OWN_HOUSE = ("A00", "示例银行", "自营")
AGENCIES = {"远帆公司": "A01", "明桥公司": "A02"}
STAGES = {"card_reminder": "M0", "card_early": "M1", "loan_early": "M1", "loan_late": "M2"}
HANGUP = {"agent": "坐席", "robot": "坐席", "customer": "客户", "": "系统"}
FURTHER, DAY_BEFORE = 380, 60
"""Attempts without a recording on the day, and on the day before."""


Desk = tuple[str, str, str]
"""Campaign, agent and agency number."""


@dataclass(frozen=True)
class Attempt:
    """A row of the call log before it has its number; `key` is the id in calls.yaml, or what is wrong with the row."""

    key: str
    case_no: str
    campaign: str
    agent: str
    agency_no: str
    number: str
    owner: str
    dialed_at: datetime
    result: str
    talk_ms: int = 0
    hangup_by: str = "系统"
    promise: date | None = None
    agent_channel: int | None = None


def phone(index: int) -> str:
    """A number that looks like a mobile phone's and belongs to nobody: the block 1990 0000 of this sample."""
    return f"199{index:08d}"


def spoken_attempts(day: Day, talk_ms: dict[str, int]) -> list[Attempt]:
    """An attempt for each written call that the dialer knows."""
    attempts = []
    for call in day.calls:
        if call.fault == "not_in_dialer":
            continue
        outcome = call.facts["outcome"]
        attempts.append(
            Attempt(
                key=call.id,
                case_no=case_no(day, call),
                campaign=call.facts["campaign"],
                agent=call.facts["staff"],
                agency_no=AGENCIES.get(day.agency(call) or "", OWN_HOUSE[0]),
                number=number_of(day, call),
                owner="联系人" if call.facts.get("phone_owner") == "contact" else "本人",
                dialed_at=day.dialed_at(call).replace(tzinfo=None),
                result=CODES[outcome],
                talk_ms=talk_ms[call.id],
                hangup_by=HANGUP[call.turns[-1].role if call.turns else ""],
                promise=call.facts.get("promise") if outcome in ("PTP", "PARTIAL") else None,
                agent_channel=call.audio.get("agent_channel"),
            )
        )
    return attempts


def case_no(day: Day, call: Call) -> str:
    """Calls about one case share its number; `case` in the facts names such a case."""
    shared = call.facts.get("case")
    keys = [other.facts.get("case") or other.id for other in day.calls]
    return f"CS{101 + keys.index(shared or call.id)}"


def number_of(day: Day, call: Call) -> str:
    """The number dialled: the debtor's, or another one where a contact was called."""
    own = int(case_no(day, call)[2:])
    return phone(own + 700 if call.facts.get("phone_owner") == "contact" else own)


def further_attempts(day: Day, spoken: list[Attempt], rng: random.Random) -> list[Attempt]:
    """Attempts that reached nobody: some planted, the others legal in hour and number."""
    planted = [*_too_many(day), *_too_late(day), *_contact_is_allowed(day, spoken)]
    ordinary: list[Attempt] = []
    for when, count in ((day.business_date, FURTHER), (day.business_date - timedelta(days=1), DAY_BEFORE)):
        series = 1000 if when == day.business_date else 3000
        while sum(attempt.dialed_at.date() == when for attempt in ordinary) < count:
            series += 1
            ordinary += _ordinary(when, series, rng)
    return planted + ordinary


def _ordinary(when: date, series: int, rng: random.Random) -> list[Attempt]:
    """One to three attempts on one case, at least 70 minutes apart, between 8:05 and 21:35."""
    campaign = rng.choice(list(STAGES))
    agency_no = rng.choice(list(AGENCIES.values())) if campaign == "loan_late" else OWN_HOUSE[0]
    minute, attempts = rng.randrange(5, 380), []
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        agent = rng.choice(("R1", "R2", "R1", _people(agency_no, rng)))
        moment = datetime.combine(when, time(8)) + timedelta(minutes=minute, seconds=rng.randrange(60))
        result = rng.choices(list(UNREACHED), list(UNREACHED.values()))[0]
        attempts.append(_unreached("", series, (campaign, agent, agency_no), moment, result))
        minute += rng.randrange(70, 215)
        if result in ("24", "25"):  # out of service, empty number: no sense in trying again
            break
    return attempts


def _people(agency_no: str, rng: random.Random) -> str:
    return rng.choice(
        {"A00": ("1024", "1037", "1052", "1068"), "A01": ("2011", "2018"), "A02": ("3007", "3012")}[agency_no]
    )


def _unreached(key: str, series: int, desk: Desk, moment: datetime, result: str = "20") -> Attempt:
    campaign, agent, agency_no = desk
    return Attempt(key, f"CS{series}", campaign, agent, agency_no, phone(series), "本人", moment, result)


def _too_many(day: Day) -> list[Attempt]:
    """Seven unanswered attempts at one number in a day, by robots and people of one house."""
    clocks = ("08:31", "10:02", "11:36", "13:11", "15:04", "17:07", "19:22")
    agents = ("R1", "1052", "R2", "R1", "1068", "R2", "1052")
    moments = [datetime.combine(day.business_date, time.fromisoformat(clock)) for clock in clocks]
    return [
        _unreached("attempts", 901, ("loan_early", agent, "A00"), at) for agent, at in zip(agents, moments, strict=True)
    ]


def _too_late(day: Day) -> list[Attempt]:
    """Two robot attempts after ten at night; one just before it."""
    clocks = (("", "21:59:41"), ("hours", "22:00:07"), ("hours", "22:03:30"))
    moments = [(key, datetime.combine(day.business_date, time.fromisoformat(clock))) for key, clock in clocks]
    return [_unreached(key, 910 + i, ("card_early", "R2", "A00"), at) for i, (key, at) in enumerate(moments)]


def _contact_is_allowed(day: Day, spoken: list[Attempt]) -> list[Attempt]:
    """Three failed attempts at the debtor's own number before each call to a contact, which make that call allowed."""
    attempts = []
    for call in (attempt for attempt in spoken if attempt.owner == "联系人"):
        series = int(call.case_no[2:])
        for hours in (6.4, 4.1, 1.8):
            moment = call.dialed_at - timedelta(minutes=round(60 * hours))
            attempts.append(_unreached("", series, (call.campaign, call.agent, call.agency_no), moment, "23"))
    return attempts


def numbered(attempts: list[Attempt]) -> dict[str, Attempt]:
    """Attempts by call number, in the order of dialling; each day counts from 1."""
    rows: dict[str, Attempt] = {}
    for attempt in sorted(attempts, key=lambda attempt: (attempt.dialed_at, attempt.number)):
        prefix = f"C{attempt.dialed_at:%m%d}-"
        rows[f"{prefix}{1 + sum(name.startswith(prefix) for name in rows):04d}"] = attempt
    return rows
