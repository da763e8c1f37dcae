"""Facts across calls: frequency, promises, stop requests, third parties. Every listed call counts, heard or not.

Each fact looks back from a call over sorted events of the same group (a debtor's day, a number, a debt's seven days):

    events of the group   ──x────x───────x──●         x: earlier events, ●: this call
    window                     [────────────]         a count, and the calls that prove it
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inspection.rules.disposition import INVALID_NUMBER, NOT_CONNECTED
from inspection.tables import ATTEMPTS

DAY_MS = 86_400_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Window:
    """For each call of the axis the events `ids[low:high]` that count for it; low == high where none does."""

    low: np.ndarray
    high: np.ndarray
    ids: pl.Series

    @property
    def count(self) -> np.ndarray:
        return np.maximum(self.high - self.low, 0)

    def calls(self, which: np.ndarray) -> pl.Series:
        """Lists of the call ids in the windows of those calls."""
        low, count = self.low[which], self.count[which]
        places = np.repeat(low - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())
        frame = pl.DataFrame({"of": np.repeat(np.arange(len(which)), count), "id": self.ids.gather(places)})
        lists = frame.group_by("of", maintain_order=True).agg("id")
        return pl.DataFrame({"of": np.arange(len(which))}).join(lists, on="of", how="left", maintain_order="left")["id"]


@dataclass(frozen=True)
class CrossCall:
    """facts: one row per call of the axis; windows: for each fact the calls behind it."""

    facts: pl.DataFrame
    windows: dict[str, Window]


def look_back(
    calls: pl.DataFrame, history: pl.DataFrame | None, *, effective_talk_ms: int, failures: int, weekly: int
) -> CrossCall:
    """calls: ATTEMPTS columns with `call, dialed_local` and `said` (categories customers voiced), in axis order.

    history: calls of earlier days with the same columns but `call`. Without history a fact that needs the days before
    is null, which no rule takes for a pass. failures: how many in a row allow the call to a contact;
    weekly: calls about a debt allowed in seven days.
    """
    known = history is not None and len(history) > 0  # an empty store knows nothing of the days before
    columns = [*ATTEMPTS.names(), "dialed_local", "said"]
    every = calls.select(*columns, call=pl.col("call").cast(pl.Int64))
    if known and len(history):
        earlier = history.join(calls.select("call_id"), on="call_id", how="anti").unique(
            "call_id", keep="first", maintain_order=True
        )
        every = pl.concat(
            [earlier.select(columns).with_columns(call=pl.lit(-1, pl.Int64)), every], how="vertical_relaxed"
        )
    every = _prepared(every, effective_talk_ms)
    base = every.filter(pl.col("call") >= 0).sort("call")
    facts: dict[str, pl.Series | np.ndarray] = {"call_id": base["call_id"], "effective": base["effective"]}
    windows: dict[str, Window] = {}

    def count(
        name: str,
        events: pl.Expr,
        group: str,
        since: np.ndarray | None,
        *,
        with_self: bool,
        where: pl.Expr | None = None,
    ) -> Window:
        window = _window(base, every.filter(events), group, since, with_self=with_self)
        windows[name] = window
        null = base[group].is_null() | base["at"].is_null()
        facts[name] = _masked(
            window.count, null if where is None else null | ~base.select(where.fill_null(False)).to_series()
        )
        return window

    day_start = base["day_start"].fill_null(0).to_numpy()
    outbound = pl.col("direction").fill_null("outbound") == "outbound"
    count("debtor_effective_today", pl.col("effective") & outbound, "debtor", day_start, with_self=True)
    count("number_unanswered_today", pl.col("answered_at").is_null() & outbound, "number", day_start, with_self=True)
    count("number_calls_today", outbound, "number", day_start, with_self=True)
    week = day_start - 6 * DAY_MS
    debt = count(
        "debt_calls_7_days",
        outbound & pl.col("connects") & ~pl.col("consent_window").fill_null(False),
        "debt",
        week,
        with_self=True,
    )
    talked = count("conversation_7_days", pl.col("effective"), "debt", week, with_self=False)
    facts["conversation_7_days"] = _masked(talked.count > 0, base["debt"].is_null())
    contacts = count("contacts_of_person", outbound, "number", None, with_self=True)
    voiced = pl.col("said").list.contains("do_not_call").fill_null(False)
    registered = (pl.col("outcome") == "DNC").fill_null(False)
    stop = count("asked_to_stop", voiced | registered, "number", None, with_self=False)
    facts["asked_to_stop"] = _masked(stop.count > 0, base["number"].is_null())
    # what lies before the first call we know of is unknown: only a count over the limit is certain then
    covered = known | (week >= (every["at"].min() or 0))
    facts["debt_calls_7_days"] = facts["debt_calls_7_days"].set(pl.Series(~covered & (debt.count <= weekly)), None)
    facts["conversation_7_days"] = facts["conversation_7_days"].set(pl.Series(~covered & (talked.count == 0)), None)
    facts["contacts_of_person"] = facts["contacts_of_person"].set(pl.Series((contacts.count <= 1) & (not known)), None)
    facts |= _previous(base, every.filter(outbound), windows)
    facts |= _promise(base, every, windows)
    facts |= _own_number(
        base, every.filter(outbound & (pl.col("phone_owner") == "debtor")), windows, known=known, enough=failures
    )
    frame = pl.DataFrame({name: pl.Series(name, column) for name, column in facts.items()})
    return CrossCall(frame, windows)


def _prepared(every: pl.DataFrame, effective_talk_ms: int) -> pl.DataFrame:
    """With group numbers, time in ms (`at`), start of the local day in the same clock, and what counts as effective."""
    answered = pl.col("answered_at").is_not_null()
    person = pl.col("outcome").fill_null("") != "VOICEMAIL"
    local_midnight = (pl.col("dialed_local") - pl.col("dialed_local").dt.truncate("1d")).dt.total_milliseconds()
    return every.with_columns(
        at=pl.col("dialed_at").dt.epoch("ms"),
        day_start=pl.col("dialed_at").dt.epoch("ms") - local_midnight,
        effective=answered & person & (pl.col("talk_ms").fill_null(0) >= effective_talk_ms),
        connects=~pl.col("outcome").is_in(list(INVALID_NUMBER)).fill_null(False),
        debtor=_group("debtor_id"), number=_group("phone_key"),
        debt=pl.when(pl.col("debtor_id").is_not_null())
        .then(pl.struct("debtor_id", "case_id").rank("dense").cast(pl.Int64)),
    ).sort("at", "call_id", nulls_last=False, maintain_order=True)  # fmt: skip


def _group(column: str) -> pl.Expr:
    return pl.col(column).rank("dense").cast(pl.Int64)


def _window(
    base: pl.DataFrame, events: pl.DataFrame, group: str, since: np.ndarray | None, *, with_self: bool
) -> Window:
    """Events of the call's group from `since` (ms; None: ever) up to this call, itself included or not."""
    events = events.drop_nulls([group, "at"]).sort(group, "at", "call_id", maintain_order=True)
    start = int(min(base["at"].min() or 0, events["at"].min() or 0)) - 8 * DAY_MS
    key = _combined(events[group].to_numpy(), events["at"].to_numpy(), start)
    own = base[group].fill_null(-1).to_numpy()
    at = base["at"].fill_null(start).to_numpy()
    low = np.searchsorted(
        key, _combined(own, np.maximum(since, start) if since is not None else np.full(len(base), start), start)
    )
    high = np.searchsorted(key, _combined(own, at, start), side="right" if with_self else "left")
    return Window(low, np.maximum(high, low), events["call_id"])


def _combined(group: np.ndarray, at: np.ndarray, start: int) -> np.ndarray:
    return (group.astype(np.int64) << 42) + (at - start)


def _masked(values: np.ndarray, null: pl.Series) -> pl.Series:
    return pl.Series(values).set(null, None)


def _previous(base: pl.DataFrame, attempts: pl.DataFrame, windows: dict[str, Window]) -> dict[str, pl.Series]:
    """Time since the attempt before on the same number, and the same where neither was answered."""
    window = _window(base, attempts, "number", None, with_self=False)
    events = attempts.drop_nulls(["number", "at"]).sort("number", "at", "call_id", maintain_order=True)
    found = window.count > 0
    last = np.where(found, window.high - 1, 0)
    null = pl.Series(~found) | base["number"].is_null()
    at = events["at"].to_numpy()[last] if len(events) else np.zeros(len(base), np.int64)
    gap = _masked(base["at"].fill_null(0).to_numpy() - at, null)
    unanswered = events["answered_at"].is_null().to_numpy()[last] if len(events) else np.zeros(len(base), bool)
    windows["since_last_attempt"] = windows["unanswered_since_last"] = Window(
        last, np.where(found, last + 1, last), events["call_id"]
    )
    far = 366 * DAY_MS
    both = gap.set(pl.Series(~unanswered) | base["answered_at"].is_not_null(), far)
    return {"since_last_attempt": gap.fill_null(far), "unanswered_since_last": both.fill_null(far)}


def _promise(base: pl.DataFrame, every: pl.DataFrame, windows: dict[str, Window]) -> dict[str, pl.Series]:
    """Whether the debtor's last connected outcome before this call is a promise for this day or later."""
    talks = every.filter(pl.col("answered_at").is_not_null()).drop_nulls(["debtor", "at"])
    window = _window(base, talks, "debtor", None, with_self=False)
    talks = talks.sort("debtor", "at", "call_id", maintain_order=True)
    found = window.count > 0
    last = np.where(found, window.high - 1, 0)
    if not len(talks):
        return {"promise_pending": _masked(np.zeros(len(base), bool), base["debtor"].is_null())}
    before = talks.select("outcome", "promise_date")[last]
    pending = (before["outcome"] == "PTP") & (before["promise_date"] > base["dialed_local"].dt.date())
    windows["promise_pending"] = Window(last, np.where(found, last + 1, last), talks["call_id"])
    return {
        "promise_pending": _masked((pending.fill_null(False) & pl.Series(found)).to_numpy(), base["debtor"].is_null())
    }


def _own_number(
    base: pl.DataFrame, own: pl.DataFrame, windows: dict[str, Window], *, known: bool, enough: int
) -> dict[str, pl.Series]:
    """Consecutive failures on the debtor's own number just before, and whether the last one met a dead number."""
    own = own.drop_nulls(["debtor", "at"]).sort("debtor", "at", "call_id", maintain_order=True)
    window = _window(base, own, "debtor", None, with_self=False)
    if not len(own):
        none = pl.Series(np.zeros(len(base), np.int64)).set(pl.Series(np.full(len(base), not known)), None)
        return {"own_number_failures": none, "own_number_invalid": none.cast(pl.Boolean)}
    failed = (own["answered_at"].is_null() | own["outcome"].is_in(list(NOT_CONNECTED)).fill_null(False)).to_numpy()
    position = np.arange(len(own))
    starts = np.diff(own["debtor"].to_numpy(), prepend=-1) != 0
    last_success = np.maximum.accumulate(np.where(~failed, position, np.where(starts, position - 1, -1)))
    found = window.count > 0
    last = np.where(found, window.high - 1, 0)
    streak = np.where(found, last - last_success[last], 0)
    invalid = own["outcome"].is_in(list(INVALID_NUMBER)).fill_null(False).to_numpy()[last] & found
    windows["own_number_failures"] = Window(window.high - streak, window.high, own["call_id"])
    # without the days before, fewer failures than asked for prove nothing
    unknown = pl.Series(np.full(len(base), not known)) & ~pl.Series(invalid)
    doubtful = unknown & pl.Series((streak == window.count) & (streak < enough))
    return {
        "own_number_failures": pl.Series(streak).set(doubtful, None),
        "own_number_invalid": pl.Series(invalid).set(doubtful, None),
    }
