"""The facts of a call that conditions may ask for, and the frame that holds them: one row per listed call.

`FACTS` is the whole vocabulary; the manual and the lint read it. Facts across calls come from crosscall.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from inspection.errors import InputError

TEXT, NUMBER, DURATION, TIME, DATE, FLAG = "text", "number", "duration", "time of day", "date", "yes/no"

FACTS: dict[str, tuple[str, str]] = {
    # as the dialer lists them (tables.ATTEMPTS)
    "direction": (TEXT, "outbound | inbound"),
    "phone_owner": (TEXT, "whose number was dialled: debtor | contact | guarantor | professional | unknown"),
    "stage": (TEXT, "M0 | M1 | M2"),
    "dpd": (NUMBER, "days past due"),
    "product": (TEXT, "product of the account"),
    "institution": (TEXT, "institution that lent the money"),
    "agency": (TEXT, "agency that calls"),
    "agency_type": (TEXT, "own | agency"),
    "campaign": (TEXT, "campaign of the dialer"),
    "agent_kind": (TEXT, "robot | human"),
    "talk_ms": (DURATION, "answer to end as the dialer counts it"),
    "term_reason": (TEXT, "who hung up: agent | customer | system | unknown"),
    "outcome": (TEXT, "canonical outcome code"),
    "amount_due_cents": (NUMBER, "amount due in cents"),
    "due_date": (DATE, "date on which it was due"),
    "promise_date": (DATE, "promised date registered with the outcome"),
    "consent_window": (FLAG, "the debtor agreed to calls outside the usual hours"),
    "do_not_call": (FLAG, "a stop flag stood before this attempt"),
    "waiver_code": (TEXT, "approved waiver of the account"),
    "debtor_region": (TEXT, "state or province where the debtor lives"),
    "phone_kind": (TEXT, "mobile | landline | voip"),
    "automated_consent": (FLAG, "consent to robots and automated dialling of this number is on file"),
    "inconvenient": (FLAG, "the debtor had named this time or place inconvenient"),
    "time_barred": (FLAG, "the time in which the debt may be sued for has run out"),
    # derived from them
    "answered": (FLAG, "somebody or something answered"),
    "dialed_time": (TIME, "local time of day of dialling"),
    "answered_time": (TIME, "local time of day of the answer, or of dialling where nobody answered"),
    "ended_time": (TIME, "local time of day of the end"),
    "region_time_from": (TIME, "local time of dialling in debtor_region, the earliest of its time zones"),
    "region_time_until": (TIME, "local time of dialling in debtor_region, the latest of its time zones"),
    "dialed_clock": (TEXT, "local time of dialling as a reader writes it"),
    # from the recording (tables.AUDIO)
    "heard": (FLAG, "the recording was transcribed"),
    "skip_reason": (TEXT, "inspected, or why not (inspection.errors.SKIP_REASONS)"),
    "layout": (TEXT, "stereo | mono | mono_in_stereo"),
    "duration_ms": (DURATION, "length of the recording"),
    "length_gap": (NUMBER, "share of the talk time that the recording lacks; negative when it is longer"),
    "length_surplus": (NUMBER, "share of the talk time by which the recording is longer"),
    "recording_kept_months": (
        NUMBER,
        "whole months from the call to the deletion of its recording, done or planned, where the list says so",
    ),
    "first_word_ms": (DURATION, "answer to the first word of agent or robot"),
    "dead_end_ms": (DURATION, "silence after the last word"),
    "speech_ms": (DURATION, "speech of both sides"),
    "customer_speech_ms": (DURATION, "speech of the customer"),
    "customer_last": (FLAG, "the customer had the last word"),
    "staff_turns": (NUMBER, "turns of agent or robot"),
    "customer_turns": (NUMBER, "turns of the customer"),
    "staff_pace": (NUMBER, "characters a minute of agent or robot over the call"),
    "interruption_share": (NUMBER, "interruptions by agent or robot for each of their turns"),
    "last_identity": (TEXT, "who was on the line at the end: debtor | guarantor | third_party | voicemail | unknown"),
    # across calls (crosscall.py)
    "effective": (FLAG, "answered by a human and talked for at least $effective_talk"),
    "debtor_effective_today": (NUMBER, "effective calls to the debtor that day up to this one, all agencies"),
    "number_unanswered_today": (NUMBER, "unanswered attempts on the number that day up to this one"),
    "number_calls_today": (NUMBER, "attempts on the number that day up to this one"),
    "since_last_attempt": (DURATION, "time since the attempt before on the same number"),
    "unanswered_since_last": (DURATION, "time since the attempt before on the same number, both unanswered"),
    "promise_pending": (FLAG, "the debtor's last outcome is a promise whose date has not passed"),
    "robot_barred": (
        FLAG,
        "the debtor's promise is pending, or an earlier call on this number brought a complaint or a stop request",
    ),
    "own_number_failures": (NUMBER, "consecutive failed attempts on the debtor's own number just before"),
    "own_number_invalid": (FLAG, "the last attempt on the debtor's own number met an invalid number"),
    "asked_to_stop": (FLAG, "somebody on this number asked not to be called again, in an earlier call"),
    "contacts_of_person": (NUMBER, "answered calls to this third party's number up to this one"),
    "counts_for_debt": (
        FLAG,
        "outbound, to no dead number, to no professional, not agreed to by the debtor within the seven days",
    ),
    "debt_calls_7_days": (NUMBER, "calls that count for the debt in seven consecutive days up to this one"),
    "conversation_7_days": (FLAG, "a conversation about the debt lies in the seven days before"),
    "first_contact": (
        FLAG,
        "the list says that nothing was said about the debt before, and no earlier call says otherwise",
    ),
    "asked_another_time": (FLAG, "somebody on this number asked for another time or place, in an earlier call"),
}


def local_times(attempts: pl.DataFrame, default_zone: str) -> pl.DataFrame:
    """`call, dialed_local, answered_local, ended_local` (naive datetimes) by each call's own timezone, and the instants
    `day_from` and `week_from` at which its local day, and the seven days that end with it, began there.

    Zones are few, so this loops over zones, never over calls. Raises InputError for a name that is no IANA zone.
    """
    names = ("dialed", "answered", "ended")
    frame = attempts.select(
        "call", "call_id", *(f"{n}_at" for n in names), zone=pl.col("timezone").fill_null(default_zone)
    )
    parts = []
    for (zone,), part in frame.group_by("zone", maintain_order=True):
        try:
            local = [
                pl.col(f"{n}_at").dt.convert_time_zone(zone).dt.replace_time_zone(None).alias(f"{n}_local")
                for n in names
            ]
            began = {
                name: _midnight(local[0].dt.truncate("1d").dt.offset_by(days), zone)
                for name, days in (("day_from", "0d"), ("week_from", "-6d"))
            }
            parts.append(part.select("call", *local, **began))
        except pl.exceptions.PolarsError:
            raise InputError(
                f"calls: call {part['call_id'][0]}: timezone {zone!r} is not an IANA name such as Asia/Shanghai"
            ) from None
    return (
        pl.concat(parts).sort("call")
        if parts
        else frame.select(
            "call",
            *(pl.col(f"{n}_at").alias(f"{n}_local") for n in names),
            *(pl.col("dialed_at").alias(name) for name in ("day_from", "week_from")),
        )
    )


def _midnight(local: pl.Expr, zone: str) -> pl.Expr:
    """The instant of a local midnight; where clocks are put on at midnight, an hour later."""
    later = local.dt.offset_by("1h")
    instants = (
        moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
        for moment in (local, later)
    )
    return pl.coalesce(*instants)


def region_times(calls: pl.DataFrame, zones: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """`call, region_time_from, region_time_until`: the earliest and the latest time of day of dialling, in ms, on the
    clocks of the debtor's region; `zones` are the rulebook's for each region. Calls of other regions have no row.

    Zones are few, so this loops over zones, never over calls.
    """
    names = sorted({zone for one in zones.values() for zone in one})
    pairs = [(region, zone) for region, of in zones.items() for zone in of]
    table = pl.DataFrame(pairs, {"debtor_region": pl.String, "zone": pl.String}, orient="row")
    dialed = calls.select("call", "debtor_region", "dialed_at").join(table, on="debtor_region", how="inner")
    local = [
        pl.when(pl.col("zone") == zone).then(pl.col("dialed_at").dt.convert_time_zone(zone).dt.replace_time_zone(None))
        for zone in names
    ]
    there = dialed.with_columns(local=pl.coalesce(*local, pl.lit(None, pl.Datetime("ms"))))
    clock = time_of_day("local")
    return there.group_by("call").agg(region_time_from=clock.min(), region_time_until=clock.max())


def time_of_day(column: str) -> pl.Expr:
    """Milliseconds since local midnight."""
    return (pl.col(column) - pl.col(column).dt.truncate("1d")).dt.total_milliseconds()
