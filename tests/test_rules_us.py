# ruff: noqa: E501  tables of cases read best one case a line
"""The en-US pack: Regulation F by the clock, by rolling weeks, over daylight saving, and by what was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from rules_kit import call, day, pack, verdicts

from inspection.rules.judge import judge

EASTERN, PACIFIC = "America/New_York", "America/Los_Angeles"


def at(text: str, zone: str = EASTERN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def found(calls, rule_id, history=None):
    result = judge(pack("en-US"), day(calls), history).findings.filter(pl.col("rule_id") == rule_id)
    return dict(result.select("call_id", "verdict").iter_rows())


@pytest.mark.parametrize(
    ("clock", "zone", "verdict"),
    [
        ("2026-11-20T07:59:59", EASTERN, "fail"), ("2026-11-20T08:00:00", EASTERN, "pass"),
        ("2026-11-20T20:59:59", EASTERN, "pass"), ("2026-11-20T21:00:00", EASTERN, "fail"),
        ("2026-11-20T08:00:00", PACIFIC, "pass"),
        ("2026-03-08T08:00:00", EASTERN, "pass"), ("2026-03-08T07:59:59", EASTERN, "fail"),  # clocks go forward that day
        ("2026-11-01T07:59:59", EASTERN, "fail"), ("2026-11-01T08:00:00", EASTERN, "pass"),  # and back on this one
    ],
)  # fmt: skip
def test_hours_are_the_consumers_local_time_over_daylight_saving(clock, zone, verdict):
    assert found([call("c", dialed_at=at(clock, zone), timezone=zone)], "US-HOUR") == {"c": verdict}


def test_one_instant_is_early_in_one_zone_and_fine_in_another():
    instant = at("2026-11-20T08:30:00")
    calls = [call("east", dialed_at=instant, timezone=EASTERN), call("west", dialed_at=instant, timezone=PACIFIC)]
    assert found(calls, "US-HOUR") == {"east": "pass", "west": "fail"}


def week(count: int, *, gap_h: int = 20, **facts):
    start = at("2026-11-14T09:00:00")
    return [
        call(
            f"c{i}",
            dialed_at=start + timedelta(hours=gap_h * i),
            debtor_id="d",
            case_id="k",
            timezone=EASTERN,
            talk_ms=3000,
            **facts,
        )
        for i in range(count)
    ]


def test_the_eighth_call_in_seven_days_about_one_debt_fails():
    before = day([call("old", dialed_at=at("2026-11-01T10:00:00"))]).attempts
    every = judge(pack("en-US"), day(week(8)), before).findings.filter(pl.col("rule_id") == "US-FREQ-7")
    assert every["verdict"].to_list() == ["pass"] * 7 + ["fail"]
    alone = judge(pack("en-US"), day(week(8))).findings.filter(pl.col("rule_id") == "US-FREQ-7")
    assert alone["verdict"].to_list() == ["not_applicable"] * 7 + ["fail"], (
        "without the days before, few calls prove nothing"
    )
    assert every.filter(pl.col("verdict") == "fail")["related_calls"].to_list() == [[f"c{i}" for i in range(7)]]


@pytest.mark.parametrize(
    "spare",
    [
        {"consent_window": True},
        {"outcome": "EMPTY_NUMBER", "answered": False},
        {"direction": "inbound"},
        {"case_id": "another debt"},
    ],
)
def test_what_regulation_f_does_not_count(spare):
    calls = week(8)
    calls[0]["facts"] |= spare
    assert found(calls, "US-FREQ-7")["c7"] != "fail"


def test_the_week_rolls():
    assert "fail" not in found(week(12, gap_h=24), "US-FREQ-7").values(), "seven calls in any seven days"
    assert found(week(12, gap_h=23), "US-FREQ-7")["c11"] == "fail"


def test_after_a_conversation_seven_days_pass():
    talked = {"debtor_id": "d", "case_id": "k", "timezone": EASTERN}
    history = day([call("old", dialed_at=at("2026-11-13T10:00:00"), talk_ms=60_000, **talked)]).attempts
    for later, verdict in (("2026-11-19T10:00:00", "fail"), ("2026-11-20T10:00:00", "pass")):
        assert found([call("c", dialed_at=at(later), talk_ms=2000, **talked)], "US-FREQ-CONV", history) == {
            "c": verdict
        }
    assert found([call("c", dialed_at=at("2026-11-19T10:00:00"), **talked)], "US-FREQ-CONV") == {"c": "not_applicable"}


@pytest.mark.parametrize(("seconds", "verdict"), [(299, "fail"), (300, "pass")])
def test_two_unanswered_calls_within_five_minutes(seconds, verdict):
    first = at("2026-11-20T10:00:00")
    calls = [
        call(name, dialed_at=when, phone_key="p", answered=False, timezone=EASTERN)
        for name, when in (("a", first), ("b", first + timedelta(seconds=seconds)))
    ]
    assert found(calls, "US-FREQ-PAT") == {"a": "pass", "b": verdict}


SAID = [
    ("US-HAR", ["agent: you are a deadbeat"], {}, "fail"),
    ("US-HAR", ["agent: I'm not calling you a deadbeat"], {}, "pass"),
    ("US-FALSE", ["agent: we will garnish all of your wages"], {}, "fail"),
    ("US-FALSE", ["customer: am I going to go to jail", "agent: no, you will not go to jail"], {}, "pass"),
    ("US-FALSE-AMOUNT", ["agent: you owe $1,250.00"], {"amount_due_cents": 125_000}, "pass"),
    ("US-FALSE-AMOUNT", ["agent: you owe $1,520.00"], {"amount_due_cents": 125_000}, "fail"),
    (
        "US-3P-DISC",
        ["agent: am I speaking with John", "customer: I'm his brother", "agent: he owes a debt"],
        {},
        "fail",
    ),
    ("US-3P-DISC", ["agent: am I speaking with John", "customer: speaking", "agent: you owe a debt"], {}, "pass"),
    ("US-VM", ["customer: please leave a message after the tone", "agent: call us about your debt"], {}, "fail"),
    ("US-VM", ["customer: please leave a message after the tone", "agent: please call us back"], {}, "pass"),
    (
        "US-MM-1",
        [
            "agent: this is Ann, am I speaking with John",
            "customer: speaking",
            "agent: this is an attempt to collect a debt, you owe $50.00",
        ],
        {"stage": "M1"},
        "pass",
    ),
    (
        "US-MM-1",
        [
            "agent: this is Ann, am I speaking with John",
            "customer: speaking",
            "agent: you owe $50.00, please pay today",
        ],
        {"stage": "M1"},
        "fail",
    ),
    ("US-DISP-DNC", ["customer: stop calling me"], {"outcome": "CALLBACK"}, "fail"),
    ("US-DISP-DNC", ["customer: stop calling it a debt"], {"outcome": "CALLBACK"}, "pass"),
]


@pytest.mark.parametrize("number", range(len(SAID)))
def test_what_was_said(number):
    rule, turns, facts, verdict = SAID[number]
    calls = [call("c", *turns, dialed_at=at("2026-11-20T10:00:00"), timezone=EASTERN, **facts)]
    assert verdicts(judge(pack("en-US"), day(calls)).findings, "c")[rule] == verdict


def test_a_robot_stays_silent_after_stop():
    earlier = [
        call("a", "customer: stop calling me", dialed_at=at("2026-11-20T10:00:00"), phone_key="p", timezone=EASTERN)
    ]
    calls = [
        *earlier,
        call("b", dialed_at=at("2026-11-20T15:00:00"), phone_key="p", agent_kind="robot", timezone=EASTERN),
    ]
    assert found(calls, "US-TCPA-2")["b"] == "fail" and found(calls, "US-CEASE") == {"a": "pass", "b": "fail"}
