"""Rules across calls and by the clock, at their boundaries; and the counting against a plain loop."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_kit import SHANGHAI, call, day, pack, verdicts

from inspection.errors import InputError
from inspection.rules.crosscall import look_back
from inspection.rules.factsheet import across_calls
from inspection.rules.judge import judge
from inspection.rules.sources import axis
from inspection.tables import HITS, empty


def at(clock: str, day_of_month: int = 20, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day_of_month:02}T{clock:0>8}").replace(tzinfo=zone)


def found(calls, rule_id, history=None, skips=()):
    result = judge(pack(), day(calls, skips), history).findings.filter(pl.col("rule_id") == rule_id)
    return dict(result.select("call_id", "verdict").iter_rows())


@pytest.mark.parametrize(
    ("clock", "verdict"),
    [
        ("21:59:59", "pass"),
        ("22:00:00", "fail"),
        ("23:59:59", "fail"),
        ("00:00:00", "fail"),
        ("07:59:59", "fail"),
        ("08:00:00", "pass"),
    ],
)
def test_hours_are_read_on_the_firms_clock_to_the_second(clock, verdict):
    assert found([call("c", dialed_at=at(clock), answered=False)], "CN-HOUR-01") == {"c": verdict}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"consent_window": True}, "not_applicable"),
        ({"consent_window": None}, "fail"),
        ({"direction": "inbound"}, "not_applicable"),
        ({"direction": None}, "not_applicable"),
        ({"timezone": "America/New_York"}, "pass"),
    ],
)
def test_hours_spare_consent_and_inbound_calls_and_follow_the_calls_own_zone(facts, verdict):
    assert found([call("c", dialed_at=at("22:30:00"), **facts)], "CN-HOUR-01") == {"c": verdict}


def test_a_call_answered_in_the_quiet_hours_was_placed_too_late():
    assert found([call("c", dialed_at=at("21:59:56"))], "CN-HOUR-01") == {"c": "fail"}


def test_a_call_that_runs_past_the_hour_is_a_note_not_a_violation():
    calls = [call("c", dialed_at=at("21:58:00"), talk_ms=180_000)]
    assert found(calls, "CN-HOUR-01") == {"c": "pass"}
    assert found(calls, "CN-HOUR-02") == {"c": "fail"}


def test_the_fourth_effective_call_fails_and_names_the_three_before():
    calls = [
        call(f"c{i}", dialed_at=at(f"{9 + i}:00:00"), debtor_id="d", agent_kind=kind, agency=agency, talk_ms=60_000)
        for i, (kind, agency) in enumerate([("robot", "远帆"), ("human", "远帆"), ("robot", "明桥"), ("human", None)])
    ]
    assert list(found(calls, "CN-FREQ-01").values()) == ["pass", "pass", "pass", "fail"]
    row = judge(pack(), day(calls)).findings.filter(pl.col("rule_id") == "CN-FREQ-01", pl.col("verdict") == "fail")
    assert row["related_calls"].to_list() == [["c0", "c1", "c2"]]
    assert "第 4 通" in row["reason"].item()


@pytest.mark.parametrize(
    "change",
    [
        {"talk_ms": 14_999},
        {"answered": False},
        {"outcome": "VOICEMAIL"},
        {"debtor_id": "somebody else"},
        {"dialed_at": at("12:00:00", 19)},
        {"direction": "inbound"},
    ],
)
def test_what_is_no_effective_call_to_the_debtor_that_day_does_not_count(change):
    calls = [
        call(
            f"c{i}",
            **({"dialed_at": at(f"{9 + i}:00:00"), "debtor_id": "d", "talk_ms": 60_000} | (change if i == 0 else {})),
        )
        for i in range(4)
    ]
    assert found(calls, "CN-FREQ-01")["c3"] == "pass"


def test_a_day_ends_at_local_midnight():
    late, early = at("23:59:59", 19), at("00:00:01", 20)
    calls = [call(f"c{i}", dialed_at=late if i < 3 else early, debtor_id="d", talk_ms=60_000) for i in range(4)]
    assert found(calls, "CN-FREQ-01")["c3"] == "pass"


@pytest.mark.parametrize(
    ("today", "earlier", "counts"),
    [
        ("2026-03-08T10:00", "2026-03-07T23:30", {"number_calls_today": 1, "debt_calls_7_days": 2}),
        ("2026-03-08T10:00", "2026-03-08T00:30", {"number_calls_today": 2, "debt_calls_7_days": 2}),
        ("2026-11-01T10:00", "2026-11-01T00:30", {"number_calls_today": 2, "debt_calls_7_days": 2}),
        ("2026-03-12T10:00", "2026-03-05T23:30", {"number_calls_today": 1, "debt_calls_7_days": 1}),
        ("2026-03-12T10:00", "2026-03-06T00:30", {"number_calls_today": 1, "debt_calls_7_days": 2}),
        ("2026-11-05T10:00", "2026-10-30T00:30", {"number_calls_today": 1, "debt_calls_7_days": 2}),
        ("2026-11-05T10:00", "2026-10-29T23:30", {"number_calls_today": 1, "debt_calls_7_days": 1}),
    ],
)
def test_days_and_weeks_begin_at_midnight_where_clocks_were_put_on_or_back_since(today, earlier, counts):
    zone = ZoneInfo("America/New_York")
    calls, before = (
        day([
            call(name, dialed_at=datetime.fromisoformat(moment).replace(tzinfo=zone), timezone="America/New_York",
                 debtor_id="d", case_id="k", phone_key="p", answered=False)
        ])
        for name, moment in (("now", today), ("old", earlier))
    )  # fmt: skip
    facts = across_calls(axis(calls.attempts), empty(HITS), before.attempts, "Asia/Shanghai", pack().threshold).facts
    assert {name: facts[name].item() for name in counts} == counts


def test_the_seventh_unanswered_attempt_on_a_number_fails():
    calls = [call(f"c{i}", dialed_at=at(f"{9 + i}:00:00"), phone_key="p", answered=False) for i in range(8)]
    assert [found(calls, "CN-FREQ-02")[f"c{i}"] for i in range(8)] == ["pass"] * 6 + ["fail"] * 2


@pytest.mark.parametrize(("gap", "verdict"), [(3599, "fail"), (3600, "pass")])
def test_an_hour_lies_between_attempts_on_a_number(gap, verdict):
    first = at("10:00:00")
    calls = [
        call("a", dialed_at=first, phone_key="p"),
        call("b", dialed_at=first + timedelta(seconds=gap), phone_key="p"),
    ]
    assert found(calls, "CN-FREQ-03") == {"a": "pass", "b": verdict}


def test_who_calls_in_after_too_many_calls_is_not_called_too_often():
    calls = [call(f"c{i}", dialed_at=at(f"{9 + i}:00:00"), debtor_id="d", talk_ms=60_000) for i in range(4)]
    back = call("in", dialed_at=at("15:00:00"), debtor_id="d", talk_ms=60_000, direction="inbound")
    assert found([*calls, back], "CN-FREQ-01")["in"] == "not_applicable"
    calls = [call(f"c{i}", dialed_at=at(f"{9 + i}:00:00"), phone_key="p", answered=False) for i in range(7)]
    back = call("in", dialed_at=at("17:00:00"), phone_key="p", answered=False, direction="inbound")
    assert found([*calls, back], "CN-FREQ-02")["in"] == "not_applicable"


@pytest.mark.parametrize("column", ["phone_key", "dialed_at"])
def test_without_number_or_time_nothing_is_known_of_the_attempt_before(column):
    heard = day([call("c", answered=False)])
    unknown = heard.attempts.with_columns(pl.lit(None, heard.attempts.schema[column]).alias(column))
    findings = judge(pack(), replace(heard, attempts=unknown)).findings
    assert verdicts(findings, "c")["CN-FREQ-03"] == "not_applicable"


def past(*calls, said=None) -> pl.DataFrame:
    attempts = day(list(calls)).attempts
    voiced = said or {}
    return attempts.with_columns(said=pl.Series([voiced.get(c) for c in attempts["call_id"]], dtype=pl.List(pl.String)))


@pytest.mark.parametrize(
    ("promised", "verdict"), [(date(2026, 11, 21), "fail"), (date(2026, 11, 20), "pass"), (date(2026, 11, 19), "pass")]
)
def test_a_robot_waits_for_the_promised_date(promised, verdict):
    before = past(call("old", dialed_at=at("10:00:00", 18), debtor_id="d", outcome="PTP", promise_date=promised))
    assert found([call("c", debtor_id="d", agent_kind="robot")], "CN-FREQ-04", before) == {"c": verdict}
    assert found([call("c", debtor_id="d", agent_kind="human")], "CN-FREQ-04", before) == {"c": "not_applicable"}


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("VOICEMAIL", "fail"), ("NON_OWNER", "fail"), ("NO_ANSWER", "fail"), ("REFUSE", "pass"), ("PAID", "pass")],
)
def test_a_promise_stands_until_the_debtor_himself_was_spoken_to_again(outcome, verdict):
    promise = call("old", dialed_at=at("10:00:00", 17), debtor_id="d", outcome="PTP", promise_date=date(2026, 11, 25))
    before = past(promise, call("since", dialed_at=at("10:00:00", 19), debtor_id="d", outcome=outcome))
    assert found([call("c", debtor_id="d", agent_kind="robot")], "CN-FREQ-04", before) == {"c": verdict}


def test_a_stop_flag_stops_robots():
    assert found([call("c", agent_kind="robot", do_not_call=True)], "CN-FREQ-04") == {"c": "fail"}


ON_P = {"phone_key": "p", "dialed_at": at("09:00:00"), "agent_kind": "human", "debtor_id": "d"}
STOPS = {
    "registered as a stop": (call("old", **ON_P, outcome="DNC"), "fail"),
    "registered as a complaint": (call("old", **ON_P, outcome="COMPLAINT"), "fail"),
    "asked for": (call("old", "customer: 不要再打给我了", **ON_P, outcome="NEGOTIATE"), "fail"),
    "asked for on another number": (call("old", "customer: 不要再打给我了", **ON_P | {"phone_key": "q"}), "pass"),
    "asked for later": (call("old", "customer: 不要再打给我了", **ON_P | {"dialed_at": at("20:00:00")}), "pass"),
    "no stop": (call("old", "customer: 好的", **ON_P, outcome="NEGOTIATE"), "pass"),
}


@pytest.mark.parametrize("name", STOPS)
def test_a_robot_does_not_call_again_after_a_stop_or_a_complaint_the_same_day(name):
    earlier, verdict = STOPS[name]
    robot = call("c", **ON_P | {"dialed_at": at("15:00:00"), "agent_kind": "robot"})
    findings = (
        judge(pack(), day([earlier, robot])).findings.filter(rule_id="CN-FREQ-04", call_id="c").row(0, named=True)
    )
    assert (findings["verdict"], findings["related_calls"]) == (verdict, ["old"] if verdict == "fail" else [])


@pytest.mark.parametrize(
    ("own", "verdict"),
    [
        ([("NO_ANSWER", False)] * 3, "pass"),
        ([("NO_ANSWER", False)] * 2, "fail"),
        ([("NO_ANSWER", False)] * 3 + [("PTP", True)], "fail"),
        ([("PTP", True)] + [("POWER_OFF", False)] * 3, "pass"),
        ([("EMPTY_NUMBER", False)], "pass"),
        ([("VOICEMAIL", True)] * 3, "pass"),
    ],
)
def test_a_contact_is_called_only_after_three_failures_on_the_debtors_own_number(own, verdict):
    before = past(
        *(
            call(f"o{i}", dialed_at=at(f"{8 + i}:00:00", 19), debtor_id="d", outcome=o, answered=a)
            for i, (o, a) in enumerate(own)
        )
    )
    assert found([call("c", debtor_id="d", phone_owner="contact")], "CN-3P-01", before) == {"c": verdict}


def test_without_the_days_before_a_contact_call_is_not_cleared_and_not_accused():
    assert found([call("c", debtor_id="d", phone_owner="contact")], "CN-3P-01") == {"c": "not_applicable"}
    calls = [call(f"o{i}", dialed_at=at(f"{8 + i}:00:00"), debtor_id="d", answered=False) for i in range(3)]
    assert (
        found([*calls, call("z", dialed_at=at("15:00:00"), debtor_id="d", phone_owner="contact")], "CN-3P-01")["z"]
        == "pass"
    )


def test_a_contact_who_said_stop_is_not_called_again():
    before = past(call("old", dialed_at=at("10:00:00", 18), phone_key="p"), said={"old": ["do_not_call"]})
    calls = [call("c", phone_key="p", phone_owner="contact"), call("d", phone_key="q", phone_owner="contact")]
    assert found(calls, "CN-3P-05", before) == {"c": "fail", "d": "pass"}
    today = [
        call("a", "customer: 不要再打给我了", dialed_at=at("09:00:00"), phone_key="p", phone_owner="contact"),
        call("b", dialed_at=at("15:00:00"), phone_key="p", phone_owner="contact"),
    ]
    assert found(today, "CN-3P-05") == {"a": "pass", "b": "fail"}


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("recording_missing", "fail"),
        ("recording_truncated", "fail"),
        ("recording_unreadable", "fail"),
        ("speech_error", "not_applicable"),
    ],
)
def test_a_connected_call_has_a_whole_recording(reason, verdict):
    assert found([call("c", talk_ms=30_000)], "CN-REC-02", skips=[("c", reason)]) == {"c": verdict}


def test_the_ringing_before_the_answer_is_no_surplus_of_the_recording():
    calls = [
        call(name, "agent: 您好", talk_ms=30_000, audio={"duration_ms": length})
        for name, length in (("with the ringing", 36_000), ("whole", 30_000), ("longer", 45_000))
    ]
    assert found(calls, "CN-DISP-08") == {"with the ringing": "pass", "whole": "pass", "longer": "fail"}


def test_a_recording_that_lacks_more_than_a_tenth_of_the_talk_is_not_whole():
    calls = [
        call("a", "agent: 您好", talk_ms=20_000, audio={"duration_ms": 18_100}),
        call("b", "agent: 您好", talk_ms=20_000, audio={"duration_ms": 17_900}),
    ]
    assert found(calls, "CN-REC-02") == {"a": "pass", "b": "fail"}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"recording_keep_until": date(2031, 11, 19)}, "fail"),
        ({"recording_keep_until": date(2031, 11, 20)}, "pass"),
        ({"recording_deleted_at": datetime(2031, 11, 19, 23, 59, 59, tzinfo=SHANGHAI)}, "fail"),
        ({"recording_deleted_at": datetime(2031, 11, 20, tzinfo=SHANGHAI)}, "pass"),
        ({"recording_deleted_at": at("23:00:00", 21), "recording_keep_until": date(2040, 1, 1)}, "fail"),
        ({}, "not_applicable"),
    ],
)
def test_a_recording_is_kept_for_five_years_whatever_was_planned(facts, verdict):
    assert found([call("c", **facts)], "CN-REC-03") == {"c": verdict}


def test_the_sentence_says_how_long_the_recording_was_kept():
    findings = judge(pack(), day([call("c", recording_keep_until=date(2028, 2, 19))])).findings
    assert "满 14 个月" in findings.filter(pl.col("rule_id") == "CN-REC-03")["reason"].item()


def test_rules_of_the_dialers_list_run_on_calls_nobody_heard():
    findings = judge(pack(), day([call("c", answered=False, dialed_at=at("23:00:00"))])).findings
    assert verdicts(findings, "c")["CN-HOUR-01"] == "fail"
    assert "CN-ABU-01" not in verdicts(findings, "c"), "nobody answered, so there is nothing to say about words"


def test_an_unknown_zone_names_the_call():
    with pytest.raises(InputError, match="call c: timezone 'Mars/Olympus'"):
        judge(pack(), day([call("c", timezone="Mars/Olympus")]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 5 * 86_400), st.booleans()),
        min_size=1,
        max_size=25,
    ),
)
def test_windows_count_as_a_plain_loop_does(rows):
    start = datetime(2026, 11, 18, tzinfo=UTC)
    calls = [
        call(
            f"c{i:02}",
            debtor_id=f"d{debtor}",
            phone_key=f"p{number}",
            dialed_at=start + timedelta(seconds=second),
            answered=answered,
            talk_ms=60_000,
        )
        for i, (debtor, number, second, answered) in enumerate(rows)
    ]
    facts = across_calls(axis(day(calls).attempts), empty(HITS), None, "Asia/Shanghai", pack().threshold).facts

    def local_day(second):
        return (start + timedelta(seconds=second)).astimezone(SHANGHAI).date()

    for i, (debtor, number, second, _) in enumerate(rows):
        before = [r for r in rows if r[2] <= second]
        today = [r for r in before if local_day(r[2]) == local_day(second)]
        assert facts["debtor_effective_today"][i] == sum(r[0] == debtor and r[3] for r in today)
        assert facts["number_unanswered_today"][i] == sum(r[1] == number and not r[3] for r in today)
        earlier = [r[2] for r in rows if r[1] == number and r[2] < second]
        expected = (second - max(earlier)) * 1000 if earlier else 366 * 86_400_000
        assert facts["since_last_attempt"][i] == expected


def test_look_back_is_pure(monkeypatch):
    """The same attempts in another order give the same facts."""
    calls = [
        call(f"c{i}", debtor_id="d", phone_key="p", dialed_at=at(f"{9 + i}:00:00"), talk_ms=60_000) for i in range(5)
    ]
    one, other = judge(pack(), day(calls)), judge(pack(), day(calls[::-1]))
    assert one.findings.equals(other.findings)
    assert look_back.__module__ == "inspection.rules.crosscall"
