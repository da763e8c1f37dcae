"""Facts across calls: frequency, promises, stop requests, third parties. Every listed call counts, heard or not.

Each fact looks back from a call over sorted events of the same group (a debtor's day, a number, a debt's seven days):

    events of the group   ──x────x───────x──●         x: earlier events, ●: this call
    window                     [────────────]         a count, and the calls that prove it
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from inspection.lexicon.ragged import spread
from inspection.rules.disposition import INVALID_NUMBER, NOT_CONNECTED, NOT_REACHED

DAY_MS = 86_400_000
AGREED_DAYS = 7
"""Consent to further calls holds for the day it was given and the six after it (12 CFR 1006.14(b)(3)(i))."""
FAR_MS = 366 * DAY_MS
"""Stands for the time since an attempt that was never made."""
GROUPS = ("debtor", "number", "debt")
NEVER = 1 << 30
"""A day after all days."""


@dataclass(frozen=True)
class Window:
    """For each call of the axis the events `rows[low:high]` that count for it; ids: names of the calls by row."""

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    ids: pl.Series

    @property
    def count(self) -> np.ndarray:
        return np.maximum(self.high - self.low, 0)

    @property
    def found(self) -> np.ndarray:
        return self.high > self.low

    @property
    def last(self) -> np.ndarray:
        """Row of the last event before each call, -1 where there is none."""
        return np.append(self.rows, -1)[np.where(self.found, self.high - 1, -1)]

    def calls(self, which: np.ndarray) -> pl.Series:
        """Lists of the call ids in the windows of those calls."""
        of, place = spread(self.low[which], self.high[which])
        frame = pl.DataFrame({"of": of, "id": self.ids.gather(self.rows[place])})
        lists = frame.group_by("of", maintain_order=True).agg("id")
        return pl.DataFrame({"of": np.arange(len(which))}).join(lists, on="of", how="left", maintain_order="left")["id"]


@dataclass(frozen=True)
class CrossCall:
    """facts: one row per call of the axis; windows: for each fact the calls behind it."""

    facts: pl.DataFrame
    windows: dict[str, Window]

    def of(self, calls: slice) -> CrossCall:
        """The same for some calls of the axis; the calls that prove it may be any."""
        windows = {name: replace(one, low=one.low[calls], high=one.high[calls]) for name, one in self.windows.items()}
        return CrossCall(self.facts[calls], windows)


def look_back(
    calls: pl.DataFrame, history: pl.DataFrame | None, *, effective_talk_ms: int, failures: int, weekly: int
) -> CrossCall:
    """calls: HISTORY columns, `call`, `first_contact`, those of facts.local_times, in axis order.

    history: calls of earlier days with the columns of HISTORY and local_times. Without history a fact that needs the
    days before is null, which no rule takes for a pass. failures: how many in a row allow the call to a contact;
    weekly: calls about a debt allowed in seven days.
    """
    known = history is not None and len(history) > 0  # an empty store knows nothing of the days before
    every = [_marked(calls, pl.col("call").cast(pl.Int64), effective_talk_ms)]
    if known:
        again = pl.col("call_id").is_in(calls["call_id"].implode()) | ~pl.col("call_id").is_first_distinct()
        repeated = history.select(again).to_series()
        earlier = history.filter(~repeated) if repeated.any() else history
        every.insert(0, _marked(earlier, pl.lit(-1, pl.Int64), effective_talk_ms))
    events = _Events.of(pl.concat(every))
    values: dict[str, np.ndarray] = {name: events.own(name) for name in ("effective", "counts_for_debt")}
    certain: dict[str, np.ndarray] = {name: np.ones(len(calls), bool) for name in values}
    windows: dict[str, Window] = {}

    def count(name: str, among: np.ndarray, group: str, since: np.ndarray | None, *, with_self: bool) -> None:
        windows[name] = window = events.window(among, group, since, with_self=with_self)
        values[name] = window.count
        certain[name] = (events.own(group) > 0) & events.own("timed")

    outbound, effective = events.column("outbound"), events.column("effective")
    day_start = events.own("day_start")
    week = events.own("week_start")
    count("debtor_effective_today", effective & outbound, "debtor", day_start, with_self=True)
    count("number_unanswered_today", outbound & ~events.column("answered"), "number", day_start, with_self=True)
    count("number_calls_today", outbound, "number", day_start, with_self=True)
    count("debt_calls_7_days", events.column("counts_for_debt"), "debt", week, with_self=True)
    count("conversation_7_days", effective, "debt", week, with_self=False)
    count("contacts_of_person", outbound & events.column("answered"), "number", None, with_self=True)
    for name in ("asked_to_stop", "asked_another_time"):
        count(name, events.column(name), "number", None, with_self=False)
    count("first_contact", effective, "debt", None, with_self=False)
    # what lies before the first call we know of is unknown: only a count over the limit is certain then
    covered = known | (week >= events.first)
    certain["debt_calls_7_days"] &= covered | (values["debt_calls_7_days"] > weekly)
    certain["conversation_7_days"] = (events.own("debt") > 0) & (covered | (values["conversation_7_days"] > 0))
    certain["contacts_of_person"] &= known | (values["contacts_of_person"] > 1)
    certain["asked_to_stop"] = certain["asked_another_time"] = events.own("number") > 0
    for name in ("conversation_7_days", "asked_to_stop", "asked_another_time"):
        values[name] = values[name] > 0
    talked, told = values["first_contact"] > 0, calls["first_contact"]
    certain["first_contact"] = talked | told.is_not_null().to_numpy()
    values["first_contact"] = ~talked & told.fill_null(False).to_numpy()
    previous = _previous(events, windows)
    values |= previous
    certain |= dict.fromkeys(previous, (events.own("number") > 0) & events.own("timed"))
    values["promise_pending"], certain["promise_pending"] = _promise(events, windows), events.own("debtor") > 0
    values["robot_barred"] = _barred(events, windows, values["promise_pending"])
    certain["robot_barred"] = values["robot_barred"] | ((events.own("debtor") > 0) & (events.own("number") > 0))
    own, certain_own = _own_number(events, windows, known=known, enough=failures)
    values |= own
    certain |= dict.fromkeys(own, certain_own)
    table = pl.DataFrame({**values, **{f"{name} is certain": mask for name, mask in certain.items()}})
    facts = table.select(pl.when(f"{name} is certain").then(name) if name in certain else name for name in values)
    return CrossCall(facts.insert_column(0, calls["call_id"]), windows)


@dataclass(frozen=True)
class _Events:
    """Every known call in the order of time, one row each. Groups are numbered from 1; 0 is no group.

    mine: for each call of the axis its row; first: time of the first known event, ms.
    """

    frame: pl.DataFrame
    mine: np.ndarray
    first: int

    @classmethod
    def of(cls, every: pl.DataFrame) -> _Events:
        groups = (pl.col(name).rank("dense").cast(pl.Int64).fill_null(0) for name in GROUPS)
        frame = every.with_columns(groups).sort("timed", "at", "call_id", maintain_order=True)
        call, timed = frame["call"].to_numpy(), frame["timed"].to_numpy()
        days_own = np.flatnonzero(call >= 0)
        first = int(frame["at"].to_numpy()[timed].min(initial=np.iinfo(np.int64).max)) if timed.any() else 0
        return cls(frame, days_own[np.argsort(call[days_own], kind="stable")], first)

    def column(self, name: str) -> np.ndarray:
        return self.frame[name].to_numpy()

    def own(self, name: str) -> np.ndarray:
        """The column for the calls of the axis."""
        return self.column(name)[self.mine]

    def window(self, among: np.ndarray, group: str, since: np.ndarray | None, *, with_self: bool) -> Window:
        """Those of the events `among` that are of the call's group, from `since` (ms; None: ever) up to this call,
        itself included or not."""
        groups, at, timed = self.column(group), self.column("at"), self.column("timed")
        rows = np.flatnonzero(among & timed & (groups > 0))
        rows = rows[np.argsort(groups[rows], kind="stable")]
        start = self.first - 8 * DAY_MS
        key = _combined(groups[rows], at[rows] - start)
        own, now = groups[self.mine], np.where(timed, at, start)[self.mine]
        since = np.full(len(own), start) if since is None else np.maximum(since, start)
        low = np.searchsorted(key, _combined(own, since - start))
        high = np.searchsorted(key, _combined(own, now - start), side="right" if with_self else "left")
        return Window(low, np.maximum(high, low), rows, self.frame["call_id"])


def _marked(calls: pl.DataFrame, call: pl.Expr, effective_talk_ms: int) -> pl.DataFrame:
    """What the facts look at, one row a call: times in ms, days, marks, and GROUPS as hashes of their names.

    Without nulls but for the groups, and far smaller than the calls: all that is kept of a month of earlier days.
    """
    answered = pl.col("answered_at").is_not_null()
    person = pl.col("outcome").fill_null("") != "VOICEMAIL"
    at = pl.col("dialed_at").dt.epoch("ms")
    outbound = pl.col("direction").fill_null("outbound") == "outbound"
    invalid = pl.col("outcome").is_in(list(INVALID_NUMBER)).fill_null(False)
    reached = ~pl.col("outcome").is_in(list(NOT_REACHED)).fill_null(False)
    registered = pl.col("outcome") == "DNC"
    local_day = pl.col("dialed_local").dt.date().to_physical()
    agreed = (local_day - pl.col("call_consent_on").to_physical()).is_between(0, AGREED_DAYS - 1)
    professional = pl.col("phone_owner") == "professional"
    promised = pl.when(pl.col("outcome") == "PTP").then(pl.col("promise_date").to_physical())
    debtor, number = pl.col("debtor_id"), pl.col("phone_key")
    debt = pl.when(debtor.is_not_null()).then(pl.struct("debtor_id", "case_id").hash())
    return calls.select(
        "call_id", call=call, answered=answered, outbound=outbound, invalid=invalid,
        timed=at.is_not_null(), at=at.fill_null(0),
        day_start=pl.col("day_from").dt.epoch("ms").fill_null(0),
        week_start=pl.col("week_from").dt.epoch("ms").fill_null(0),
        effective=answered & person & (pl.col("talk_ms").fill_null(0) >= effective_talk_ms),
        counts_for_debt=outbound & ~invalid & ~agreed.fill_null(False) & ~professional.fill_null(False),
        asked_to_stop=_voiced("do_not_call") | registered.fill_null(False),
        complained=(pl.col("outcome") == "COMPLAINT").fill_null(False),
        asked_another_time=_voiced("callback_time"),
        on_own_number=outbound & (pl.col("phone_owner") == "debtor").fill_null(False),
        failed=~answered | ~person | pl.col("outcome").is_in(list(NOT_CONNECTED)).fill_null(False),
        reached=answered & reached,
        promised_day=promised.fill_null(-1), local_day=local_day.fill_null(NEVER),
        debtor=pl.when(debtor.is_not_null()).then(debtor.hash()), debt=debt,
        number=pl.when(number.is_not_null()).then(number.hash()),
    )  # fmt: skip


def _voiced(category: str) -> pl.Expr:
    return pl.col("said").list.contains(category).fill_null(False)


def _combined(group: np.ndarray, ms: np.ndarray) -> np.ndarray:
    return (group << 42) + ms


def _previous(events: _Events, windows: dict[str, Window]) -> dict[str, np.ndarray]:
    """Time since the attempt before on the same number, and the same where neither was answered."""
    window = events.window(events.column("outbound"), "number", None, with_self=False)
    last = window.last
    gap = np.where(window.found, events.own("at") - events.column("at")[last], FAR_MS)
    answered = events.column("answered")[last] | events.own("answered")
    windows["since_last_attempt"] = windows["unanswered_since_last"] = replace(
        window, low=np.where(window.found, window.high - 1, window.low)
    )
    return {"since_last_attempt": gap, "unanswered_since_last": np.where(answered, FAR_MS, gap)}


def _promise(events: _Events, windows: dict[str, Window]) -> np.ndarray:
    """Whether a promise for a later day is the last that was agreed with the debtor before this call; a machine or
    somebody else on the line changes nothing about it."""
    window = events.window(events.column("reached"), "debtor", None, with_self=False)
    windows["promise_pending"] = replace(window, low=np.where(window.found, window.high - 1, window.low))
    return window.found & (events.column("promised_day")[window.last] > events.own("local_day"))


def _barred(events: _Events, windows: dict[str, Window], promised: np.ndarray) -> np.ndarray:
    """Whether a robot has to leave this number alone; shown are the calls that stopped it, else the promise."""
    stopping = events.column("asked_to_stop") | events.column("complained")
    stop, promise = events.window(stopping, "number", None, with_self=False), windows["promise_pending"]
    behind = len(stop.rows)
    windows["robot_barred"] = replace(
        stop, rows=np.concatenate([stop.rows, promise.rows]),
        low=np.where(stop.found, stop.low, promise.low + behind),
        high=np.where(stop.found, stop.high, np.where(promised, promise.high, promise.low) + behind),
    )  # fmt: skip
    return stop.found | promised


def _own_number(
    events: _Events, windows: dict[str, Window], *, known: bool, enough: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Consecutive failures on the debtor's own number just before, and whether the last one met a dead number; and
    for which calls that is certain."""
    window = events.window(events.column("on_own_number"), "debtor", None, with_self=False)
    failed, debtor = events.column("failed")[window.rows], events.column("debtor")[window.rows]
    position, opens = np.arange(len(failed)), np.diff(debtor, prepend=-1) != 0
    success = np.maximum.accumulate(np.where(~failed, position, np.where(opens, position - 1, -1)))
    last = np.where(window.found, window.high - 1, -1)
    streak = np.where(window.found, last - np.append(success, 0)[last], 0)
    invalid = window.found & events.column("invalid")[window.last]
    windows["own_number_failures"] = replace(window, low=window.high - streak)
    # without the days before, fewer failures than asked for prove nothing
    certain = known | invalid | (streak < window.count) | (streak >= enough)
    return {"own_number_failures": streak, "own_number_invalid": invalid}, certain
