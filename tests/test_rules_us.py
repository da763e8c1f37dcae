# ruff: noqa: E501  tables of cases read best one case a line
"""The en-US pack: Regulation F by the clock, by rolling weeks, over daylight saving, and by what was said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
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
        {"call_consent_on": date(2026, 11, 14)},
        {"outcome": "EMPTY_NUMBER", "answered": False},
        {"direction": "inbound"},
        {"case_id": "another debt"},
        {"phone_owner": "professional"},
    ],
)
def test_what_regulation_f_does_not_count(spare):
    calls = week(8)
    calls[0]["facts"] |= spare
    assert found(calls, "US-FREQ-7")["c7"] != "fail"


@pytest.mark.parametrize(
    ("agreed", "verdict"),
    [
        (date(2026, 11, 20), "not_applicable"),
        (date(2026, 11, 14), "not_applicable"),  # the day of the consent is day one of seven
        (date(2026, 11, 13), "fail"),
        (date(2026, 11, 21), "fail"),  # agreed only later
        (None, "fail"),
    ],
)
def test_a_call_agreed_to_within_seven_days_neither_counts_nor_is_counted_against(agreed, verdict):
    talked = {"debtor_id": "d", "case_id": "k", "timezone": EASTERN}
    history = day([call("old", dialed_at=at("2026-11-19T10:00:00"), talk_ms=60_000, **talked)]).attempts
    late = call("c", dialed_at=at("2026-11-20T20:59:59"), talk_ms=2000, call_consent_on=agreed, **talked)
    assert found([late], "US-FREQ-CONV", history) == {"c": verdict}


def test_consent_to_hours_is_no_consent_to_more_calls():
    assert found(week(8, consent_window=True), "US-FREQ-7")["c7"] == "fail"


@pytest.mark.parametrize(
    ("region", "calls", "verdict"),
    [("MA", 2, "pass"), ("MA", 3, "fail"), ("WA", 3, "pass"), ("WA", 4, "fail"), ("TX", 8, "not_applicable"), (None, 8, "not_applicable")],
)  # fmt: skip
def test_a_states_cap_is_stricter(region, calls, verdict):
    before = day([call("old", dialed_at=at("2026-11-01T10:00:00"))]).attempts
    assert found(week(calls, debtor_region=region), "US-STATE", before)[f"c{calls - 1}"] == verdict


FACTS = [
    ("US-TCPA-1", {"agent_kind": "robot", "phone_kind": "mobile", "automated_consent": False}, "fail"),
    ("US-TCPA-1", {"agent_kind": "robot", "phone_kind": "mobile", "automated_consent": True}, "pass"),
    ("US-TCPA-1", {"agent_kind": "robot", "phone_kind": "mobile"}, "not_applicable"),
    ("US-TCPA-1", {"agent_kind": "robot", "automated_consent": False}, "not_applicable"),
    ("US-TCPA-1", {"agent_kind": "robot", "phone_kind": "landline", "automated_consent": False}, "not_applicable"),
    ("US-TCPA-1", {"agent_kind": "human", "phone_kind": "mobile", "automated_consent": False}, "not_applicable"),
    ("US-INCONV", {"inconvenient": True}, "fail"),
    ("US-INCONV", {"inconvenient": False}, "pass"),
    ("US-INCONV", {}, "not_applicable"),
    ("US-INCONV", {"inconvenient": True, "direction": "inbound"}, "not_applicable"),
    ("US-RET", {"recording_keep_until": date(2029, 11, 19)}, "fail"),
    ("US-RET", {"recording_keep_until": date(2029, 11, 20)}, "pass"),
    ("US-RET", {}, "not_applicable"),
]


@pytest.mark.parametrize(("rule", "facts", "verdict"), FACTS)
def test_what_the_list_says(rule, facts, verdict):
    assert found([call("c", dialed_at=at("2026-11-20T10:00:00"), answered=False, **facts)], rule) == {"c": verdict}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("please don't call me at work", "fail"),
        ("my boss won't let me take calls", "fail"),
        ("i am busy, i can't talk right now", "pass"),
    ],
)
def test_another_time_or_place_once_asked_for_is_looked_at_by_a_person(said, verdict):
    def calls(**facts):
        when = (at("2026-11-20T10:00:00"), at("2026-11-20T15:00:00"))
        return [call("a", f"customer: {said}", dialed_at=when[0], phone_key="p"),
                call("b", dialed_at=when[1], phone_key="p", **facts)]  # fmt: skip

    assert found(calls(), "US-INCONV-SAID") == {"a": "pass", "b": verdict}
    assert found(calls(inconvenient=False), "US-INCONV-SAID")["b"] == "not_applicable", "then the list knows better"
    assert found(calls(), "US-CEASE")["b"] == "pass", "that is no wish never to be called"
    rule = next(rule for rule in pack("en-US").rules if rule.id == "US-INCONV-SAID")
    assert rule.status == "trial"


def test_a_communication_after_a_conversation_is_no_first_one():
    talked = {"debtor_id": "d", "case_id": "k", "timezone": EASTERN, "first_contact": True, "stage": "M1"}
    history = day([call("old", dialed_at=at("2026-11-13T10:00:00"), talk_ms=60_000, **talked)]).attempts
    later = [call("c", *OPENED, "agent: you owe $50.00", dialed_at=at("2026-11-20T10:00:00"), **talked)]
    assert found(later, "US-MM-1") == {"c": "fail"} and found(later, "US-MM-2") == {"c": "not_applicable"}
    assert found(later, "US-MM-1", history) == {"c": "not_applicable"}
    assert found(later, "US-MM-2", history) == {"c": "fail"}


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


OPENED = ("agent: this is Ann, am I speaking with John", "customer: speaking")
SHORT = "agent: this is an attempt to collect a debt"
FULL = "agent: this is an attempt to collect a debt and any information obtained will be used for that purpose"
FIRST, LATER = {"stage": "M1", "first_contact": True}, {"stage": "M1", "first_contact": False}

BEEP = "customer: please leave a message after the tone"
LIMITED = "agent: hello, this is Ann from Northline, please call me back at 800 555 0100 and ask for Ann, thank you"
CONTACT = ("agent: hello, my name is Ann", "customer: yes")
CONFIRM = "agent: I am calling to confirm his address and phone number"
ROBOT = "robot: hello, this is a message from Northline"

SAID = [
    ("US-HAR", ["agent: you are a deadbeat"], {}, "fail"),
    ("US-HAR", ["agent: I'm not calling you a deadbeat"], {}, "pass"),
    ("US-FALSE", ["agent: we will garnish all of your wages"], {}, "fail"),
    ("US-FALSE", ["customer: am I going to go to jail", "agent: no, you will not go to jail"], {}, "pass"),
    ("US-FALSE-AMOUNT", ["agent: you owe $1,250.00"], {"amount_due_cents": 125_000}, "pass"),
    ("US-FALSE-AMOUNT", ["agent: you owe $1,520.00"], {"amount_due_cents": 125_000}, "unsure"),
    (
        "US-FALSE-AMOUNT",
        ["agent: you owe $1,520.00", "customer: how much", "agent: you owe $1,520.00"],
        {"amount_due_cents": 125_000},
        "fail",
    ),
    (
        "US-3P-DISC",
        ["agent: am I speaking with John", "customer: I'm his brother", "agent: he owes a debt"],
        {},
        "fail",
    ),
    ("US-3P-DISC", ["agent: am I speaking with John", "customer: speaking", "agent: you owe a debt"], {}, "pass"),
    ("US-VM", [BEEP, "agent: call us about your debt"], {}, "fail"),
    ("US-VM", [BEEP, "agent: this is the law firm of Smith, call back or you will lose your car"], {}, "fail"),
    ("US-VM", [BEEP, "agent: this is Ann with Northline, it is urgent that you call me at 800 555 0100"], {}, "fail"),
    ("US-VM", [BEEP, "agent: please call about your account"], {}, "fail"),
    ("US-VM", [BEEP, "agent: call me by Friday with fifty dollars"], {}, "fail"),
    ("US-VM", [BEEP, LIMITED], {}, "pass"),
    ("US-VM", ["agent: this is Ann", LIMITED], {"outcome": "VOICEMAIL"}, "pass"),
    ("US-VM", ["agent: pay your bill today"], {"outcome": "VOICEMAIL"}, "fail"),
    ("US-VM", [*OPENED, "agent: you owe $50.00"], {}, "not_applicable"),
    ("US-VM-MIN", [BEEP, LIMITED], {}, "pass"),
    ("US-VM-MIN", [BEEP, "agent: please call us back"], {}, "fail"),
    ("US-VM-MIN", [BEEP, LIMITED.replace("call me back at", "you know")], {}, "fail"),
    ("US-VM-MIN", [BEEP, LIMITED.replace("800 555 0100", "any time")], {}, "fail"),
    ("US-VM-MIN", [BEEP], {}, "not_applicable"),
    ("US-3P-LOC", [*CONTACT, CONFIRM, "customer: he moved"], {"phone_owner": "contact"}, "pass"),
    (
        "US-3P-LOC",
        [*CONTACT, CONFIRM, "customer: what company are you with", "agent: I am calling from Northline"],
        {"phone_owner": "contact"},
        "pass",
    ),
    ("US-3P-LOC", [*CONTACT, CONFIRM, "agent: I am calling from Northline"], {"phone_owner": "contact"}, "fail"),
    ("US-3P-LOC", [*CONTACT, CONFIRM, "agent: he owes some money"], {"phone_owner": "contact"}, "fail"),
    ("US-3P-LOC", [*CONTACT, "agent: do you know where he lives"], {"phone_owner": "contact"}, "fail"),
    ("US-3P-LOC", ["agent: hello there", "customer: I'm his brother", CONFIRM, "customer: he moved"], {}, "fail"),
    ("US-3P-LOC", ["agent: this is Ann", "customer: I'm his brother", CONFIRM, "customer: he moved"], {}, "pass"),
    ("US-3P-LOC", ["agent: this is Ann", "customer: hello"], {"phone_owner": "contact"}, "pass"),
    ("US-3P-LOC", [*OPENED, "agent: you owe $50.00"], {"phone_owner": "contact"}, "not_applicable"),
    ("US-3P-LOC", [*OPENED, "agent: let me confirm your address"], {}, "not_applicable"),
    ("US-TCPA-3", [ROBOT, "robot: call us back at 800 555 0100"], {"agent_kind": "robot", "talk_ms": 20_000}, "pass"),
    ("US-TCPA-3", [ROBOT, "robot: thank you and goodbye"], {"agent_kind": "robot", "talk_ms": 20_000}, "fail"),
    (
        "US-TCPA-3",
        ["robot: hello there, call us back at 800 555 0100"],
        {"agent_kind": "robot", "talk_ms": 20_000},
        "fail",
    ),
    (
        "US-TCPA-3",
        ["robot: hello, call us back at 800 555 0100", "robot 30s: " + ROBOT[7:]],
        {"agent_kind": "robot", "talk_ms": 60_000},
        "fail",
    ),
    ("US-TCPA-3", ["agent: hello"], {"agent_kind": "human", "talk_ms": 20_000}, "not_applicable"),
    ("US-UNFAIR", ["agent: just zelle me the money"], {}, "fail"),
    ("US-UNFAIR", ["agent: you can pay on our website"], {}, "pass"),
    ("US-RPC", ["agent: this is Ann", "customer: yes", "agent: you owe a debt"], {}, "fail"),
    ("US-RPC", [*OPENED, "agent: you owe a debt"], {}, "pass"),
    ("US-FALSE", ["agent: You are going to jail if you do not pay"], {}, "fail"),
    ("US-FALSE", ["agent: the sheriff will come and arrest you"], {}, "fail"),
    ("US-FALSE", ["agent: we are not able to have anyone arrested"], {}, "pass"),
    (
        "US-MM-OWN",
        [*OPENED, "agent: your payment of $50.00 is late"],
        {"stage": "M1", "agency_type": "own", "debtor_region": "DC"},
        "fail",
    ),
    (
        "US-MM-OWN",
        [*OPENED, SHORT, "agent: you owe $50.00"],
        {"stage": "M1", "agency_type": "own", "debtor_region": "DC"},
        "pass",
    ),
    (
        "US-MM-OWN",
        [*OPENED, "agent: you owe $50.00"],
        {"stage": "M1", "agency_type": "own", "debtor_region": "TX"},
        "not_applicable",
    ),
    (
        "US-MM-OWN",
        [*OPENED, "agent: you owe $50.00"],
        {"stage": "M1", "agency_type": "agency", "debtor_region": "DC"},
        "not_applicable",
    ),
    ("US-MM-2", [*OPENED, "agent: you owe $50.00"], {"stage": "M1", "agency_type": "own"}, "not_applicable"),
    ("US-MM-2", [*OPENED, "agent: you owe $50.00"], {"stage": "M1", "agency_type": "agency"}, "fail"),
    (
        "US-ACK",
        ["customer: that is not my debt", "agent: okay", "customer: hello", "agent: when can you pay"],
        {},
        "fail",
    ),
    ("US-ACK", ["customer: that is not my debt", "agent: I'll note that you dispute it"], {}, "pass"),
    ("US-MM-1", [*OPENED, SHORT, "agent: you owe $50.00"], {"stage": "M1"}, "not_applicable"),
    ("US-MM-1", [*OPENED, SHORT, "agent: you owe $50.00"], FIRST, "fail"),
    ("US-MM-1", [*OPENED, FULL, "agent: you owe $50.00"], FIRST, "pass"),
    ("US-MM-1", [*OPENED, "agent: you owe $50.00", FULL], FIRST, "fail"),
    ("US-MM-1", [*OPENED, "agent: you owe $50.00, please pay today"], FIRST, "fail"),
    (
        "US-MM-1",
        [*OPENED[:1], "customer: he's not here", "agent: thank you, please have him call us back"],
        FIRST,
        "not_applicable",
    ),
    ("US-MM-2", [*OPENED, SHORT, "agent: you owe $50.00"], {"stage": "M1"}, "pass"),
    ("US-MM-2", [*OPENED, SHORT, "agent: you owe $50.00"], LATER, "pass"),
    ("US-MM-2", [*OPENED, "agent: you owe $50.00, please pay today"], {"stage": "M1"}, "fail"),
    ("US-MM-2", [*OPENED, "agent: you owe $50.00, please pay today"], LATER, "fail"),
    ("US-MM-2", [*OPENED, "agent: you owe $50.00, please pay today"], FIRST, "not_applicable"),
    ("US-TIMEBAR", ["agent: if you do not pay we will sue you"], {"time_barred": True}, "fail"),
    ("US-TIMEBAR", ["agent: we are going to file a suit"], {"time_barred": True}, "fail"),
    ("US-TIMEBAR", ["agent: because of its age we will not sue you for it"], {"time_barred": True}, "pass"),
    (
        "US-TIMEBAR",
        ["customer: are you going to sue you know", "agent: no, we can't sue you for this"],
        {"time_barred": True},
        "pass",
    ),
    ("US-TIMEBAR", ["agent: we will sue you"], {"time_barred": False}, "not_applicable"),
    ("US-TIMEBAR", ["agent: we will sue you"], {}, "not_applicable"),
    ("US-REC", [*OPENED, SHORT, "agent: you owe $50.00"], {"stage": "M1", "debtor_region": "CA"}, "fail"),
    ("US-REC", ["agent 0s: this call is recorded", *OPENED, SHORT], {"stage": "M1", "debtor_region": "CA"}, "pass"),
    (
        "US-REC",
        ["agent 0s: hello there", "agent 18s: this call is recorded", *OPENED, SHORT],
        {"stage": "M1", "debtor_region": "CA"},
        "fail",
    ),
    ("US-REC", [*OPENED, SHORT], {"stage": "M1", "debtor_region": "TX"}, "not_applicable"),
    ("US-REC", [*OPENED, SHORT], {"stage": "M1"}, "not_applicable"),
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


DISPOSED = [
    ("US-DISP-PTP", ["customer: I'll pay fifty dollars on Friday"], "PTP", "pass"),
    ("US-DISP-PTP", ["customer: I'll pay the full amount by the fifteenth"], "PTP", "pass"),
    ("US-DISP-PTP", ["customer: I'll pay", "agent: so that is $50 on Friday, correct"], "PTP", "pass"),
    ("US-DISP-PTP", ["customer: I'll pay when I can"], "PTP", "fail"),
    ("US-DISP-PTP", ["customer: I'll pay on Friday"], "PTP", "fail"),
    ("US-DISP-PTP", ["customer: I'll pay on Friday"], "CALLBACK", "not_applicable"),
    ("US-DISP-CMP", ["customer: I will file a complaint with the CFPB"], "CALLBACK", "fail"),
    ("US-DISP-CMP", ["customer: I want to kill myself"], "REFUSE", "fail"),
    ("US-DISP-CMP", ["customer: I will file a complaint"], "COMPLAINT", "not_applicable"),
    ("US-DISP-CMP", ["customer: you can call my attorney"], "CALLBACK", "pass"),
    ("US-DISP-RPC", [*OPENED], "NON_OWNER", "fail"),
    ("US-DISP-RPC", ["agent: am I speaking with John", "customer: wrong number"], "NON_OWNER", "pass"),
    ("US-DISP-TP", ["agent: am I speaking with John", "customer: I'm his brother"], "PTP", "fail"),
    ("US-DISP-TP", ["agent: am I speaking with John", "customer: yes"], "PTP", "pass"),
    ("US-DISP-REFUSE", ["customer: I'll pay on Friday"], "REFUSE", "fail"),
    (
        "US-DISP-REFUSE",
        ["customer: I'll pay on Friday", "customer: no, forget it, I'm not paying this"],
        "REFUSE",
        "pass",
    ),
    ("US-DISP-VM", [*OPENED], "VOICEMAIL", "fail"),
    ("US-DISP-VM", [BEEP, LIMITED], "VOICEMAIL", "pass"),
    (
        "US-DISP-VM",
        ["customer: John is not available, please leave a message after the beep", LIMITED],
        "VOICEMAIL",
        "pass",
    ),
    ("US-DISP-VM", ["agent: is John there", "customer: he's not here, call back later"], "VOICEMAIL", "fail"),
    ("US-DISP-SILENT", ["agent: hello, hello"], "REFUSE", "fail"),
    ("US-DISP-SILENT", ["agent: hello", "customer: go away"], "REFUSE", "pass"),
]


@pytest.mark.parametrize("number", range(len(DISPOSED)))
def test_the_outcome_agrees_with_what_was_said(number):
    rule, turns, outcome, verdict = DISPOSED[number]
    calls = [call("c", *turns, dialed_at=at("2026-11-20T10:00:00"), timezone=EASTERN, outcome=outcome)]
    assert verdicts(judge(pack("en-US"), day(calls)).findings, "c")[rule] == verdict


@pytest.mark.parametrize(("talk", "outcome", "verdict"), [(20_000, "NO_ANSWER", "fail"), (19_000, "NO_ANSWER", "pass"), (20_000, "CALLBACK", "not_applicable")])  # fmt: skip
def test_nobody_is_reached_and_talks(talk, outcome, verdict):
    calls = [call("c", "agent: hello", "customer: hello", outcome=outcome, talk_ms=talk)]
    assert found(calls, "US-DISP-NOANS") == {"c": verdict}


WHO = [
    (["agent: hello, this is Ann", "customer: yes"], "unknown"),
    (["agent: this is Ann, is this a good time to talk", "customer: yes"], "unknown"),
    (["agent: is this your current address", "customer: yes it is"], "unknown"),
    (["agent: who am I speaking with", "customer: who's speaking"], "unknown"),
    (["agent: am I speaking with John", "customer: this is Ann"], "unknown"),
    (["agent: am I speaking with John", "customer: yes, hold on, I'll get him"], "third_party"),
    (["agent: may I speak with John", "customer: sure, one moment"], "unknown"),
    (["agent: am I speaking with John", "customer: not a problem, what is it"], "unknown"),
    (["agent: am I speaking with John", "customer: yes"], "debtor"),
    (["agent: is this John", "customer: yeah, who's this?"], "debtor"),
    (["agent: is this John", "customer: this is he"], "debtor"),
    (["agent: may I speak with John", "customer: speaking"], "debtor"),
    (["agent: is John available", "customer: yes, this is John"], "debtor"),
    (["agent: is John there", "customer: this is his wife"], "debtor"),
    (["agent: is John there", "customer: yes, this is his brother"], "third_party"),
    (["agent: is this John", "customer: no, you have the wrong number"], "third_party"),
    (["agent: is this John", "customer: nope"], "third_party"),
    (["agent: is John there", "customer: he's not here right now"], "third_party"),
    (["customer: you've reached the voicemail of John"], "voicemail"),
    (["agent: I left you a voicemail yesterday", "customer: okay"], "unknown"),
]


@pytest.mark.parametrize("number", range(len(WHO)))
def test_only_a_question_for_the_consumer_and_a_yes_confirm(number):
    turns, who = WHO[number]
    known = judge(pack("en-US"), day([call("c", *turns)])).identity["who"].to_list()
    assert (known or ["unknown"])[-1] == who


@pytest.mark.parametrize(
    ("clock", "zone", "region", "verdict"),
    [
        ("2026-11-20T08:30:00", EASTERN, "CA", "fail"), ("2026-11-20T11:00:00", EASTERN, "CA", "pass"),
        ("2026-11-20T20:30:00", PACIFIC, "NY", "fail"), ("2026-11-20T10:00:00", EASTERN, "NY", "pass"),
        ("2026-11-20T08:30:00", EASTERN, "FL", "pass"),  # early in the west of the state only
        ("2026-11-20T08:30:00", EASTERN, "TX", "fail"), ("2026-11-20T09:30:00", EASTERN, "TX", "pass"),
        ("2026-11-20T08:30:00", EASTERN, None, "not_applicable"), ("2026-11-20T08:30:00", EASTERN, "ON", "not_applicable"),
        ("2026-07-20T08:30:00", "America/Los_Angeles", "AZ", "pass"),  # Arizona keeps standard time
    ],
)  # fmt: skip
def test_the_clock_of_the_address_counts_too(clock, zone, region, verdict):
    calls = [call("c", dialed_at=at(clock, zone), timezone=zone, debtor_region=region)]
    assert found(calls, "US-HOUR-REGION") == {"c": verdict}


def test_every_zone_of_the_pack_exists_and_every_area_code_stands_once():
    book = pack("en-US")
    codes = pl.read_csv(book.folder / "area_codes.csv", schema_overrides={"area_code": pl.String})
    zones = {zone for one in book.threshold("region_zones").values() for zone in one}
    for zone in zones | set(codes["timezone"]) | set(codes["other_timezone"].drop_nulls()):
        ZoneInfo(zone)
    assert codes["area_code"].is_unique().all() and codes["area_code"].str.contains(r"^[2-9]\d\d$").all()
    pairs = codes.select("region", zone="timezone").vstack(codes.select("region", zone="other_timezone")).drop_nulls()
    assert all(zone in book.threshold("region_zones")[region] for region, zone in pairs.iter_rows())


@pytest.mark.parametrize(("first", "verdict"), [({}, "fail"), ({"answered": False}, "pass")])
def test_a_third_party_is_spoken_to_once(first, verdict):
    calls = [
        call("a", dialed_at=at("2026-11-20T10:00:00"), phone_key="p", phone_owner="contact", **first),
        call("b", dialed_at=at("2026-11-20T15:00:00"), phone_key="p", phone_owner="contact"),
    ]
    before = day([call("old", dialed_at=at("2026-11-01T10:00:00"))]).attempts
    assert found(calls, "US-3P-ONCE", before)["b"] == verdict


SOUNDS = [
    ("A-SIL", ["silence 2s 8s none"], {}, "fail"), ("A-SIL", ["silence 2s 7.9s none"], {}, "pass"),
    ("A-OVER", ["interruption 2s 1s agent"], {}, "fail"), ("A-OVER", ["interruption 2s 1s customer"], {}, "pass"),
    ("A-OPEN", [], {"first_agent_word_ms": 3001}, "fail"), ("A-OPEN", [], {"first_agent_word_ms": 3000}, "pass"),
    ("A-HANG", [], {"dead_end_ms": 5001}, "fail"), ("A-HANG", [], {"dead_end_ms": 5000}, "pass"),
    ("A-SPEED", ["fast_speech 1s 3s agent 1100", "fast_speech 6s 3s agent 1200"], {}, "fail"),
    ("A-SPEED", ["fast_speech 1s 3s agent 850", "fast_speech 6s 3s agent 900"], {}, "pass"),
    ("A-LOUD", ["loud 1s 2s agent 3.2"], {}, "fail"), ("A-LOUD", ["loud 1s 2s customer 3.2"], {}, "pass"),
    ("A-MONO", [], {"layout": "mono"}, "fail"), ("A-MONO", [], {"layout": "stereo"}, "pass"),
    ("A-LEN", [], {"customer_speech_ms": 0}, "fail"), ("A-LEN", [], {"customer_speech_ms": 900}, "pass"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SOUNDS)))
def test_what_the_waveform_shows(number):
    rule, sound, audio, verdict = SOUNDS[number]
    calls = [
        call("c", "agent: hello, how may I help you", "customer 20s: no", sound=sound, audio=audio),
        call("d", "agent: hello"),
    ]
    findings = judge(pack("en-US"), day(calls)).findings
    assert verdicts(findings, "c")[rule] == verdict
    assert verdicts(findings, "d")[rule] == "not_applicable", "without a recording nothing is known"


FATAL = {
    "US-FREQ-7", "US-FREQ-CONV", "US-HOUR", "US-HOUR-REGION", "US-INCONV", "US-CEASE", "US-MM-1", "US-3P-LOC", "US-3P-ONCE",
    "US-3P-DISC", "US-VM", "US-HAR", "US-FALSE", "US-TIMEBAR", "US-TCPA-1", "US-TCPA-2", "US-REC",
}  # fmt: skip


def test_severities_are_those_of_the_catalogue():
    rules = {rule.id: rule.severity for rule in pack("en-US").rules}
    assert {name for name, severity in rules.items() if severity == "fatal"} == FATAL
    assert {rules[name] for name in ("US-MM-2", "US-ID", "US-UNFAIR", "US-RET", "US-TCPA-3", "US-FREQ-PAT")} == {
        "major"
    }


def test_every_category_of_the_pack_has_a_dozen_wordings_and_proof():
    entries = pack("en-US").lexicon.entries
    wordings: dict[str, int] = {}
    for entry in entries:
        wordings[entry.category] = wordings.get(entry.category, 0) + len(entry.terms) + len(entry.patterns)
        assert {one.hit for one in entry.cases} == {True, False}, entry.id
    assert min(wordings.values()) >= 12, wordings
    assert set(wordings) >= {
        "hardship",
        "refusal",
        "dispute",
        "complaint",
        "wrong_person",
        "promise_to_pay",
        "self_harm",
        "callback_time",
        "human_request",
        "third_party_pays",
        "negative_emotion",
        "do_not_call",
    }
