"""What the report counts, against counting by hand over the same rows."""

import gc
from datetime import date, timedelta

import polars as pl
import pytest
from report_factory import LAST, fill, make_day

from inspection.report import judged, measures, workbook
from inspection.report.intervals import wilson
from inspection.report.sections import load_sections
from inspection.report.sheets import Printer, Sheet
from inspection.report.span import Span
from inspection.report.wording import wording
from inspection.results.store import Store
from inspection.tables import STORED, conform


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("store"), days=4, attempts=160)


@pytest.fixture(scope="module")
def span(store):
    return Span(store, LAST, LAST)


@pytest.fixture(scope="module")
def rows(store):
    """The last day's rows by table, as plain dictionaries: what the oracle counts."""
    return {name: store.day(name, LAST).to_dicts() for name in STORED}


def small_store(root, **tables) -> Store:
    """A store of one day that holds just these rows."""
    store = Store(root)
    frames = {
        name: conform(pl.DataFrame(given, infer_schema_length=None), STORED[name], table=name)
        for name, given in tables.items()
    }
    store.swap_day(LAST, frames)
    return store


def test_every_listed_call_is_inspected_skipped_or_unanswered(span, rows):
    total = measures.summary(span)
    assert total["listed"] == len(rows["attempts"])
    assert total["listed"] == total["inspected"] + total["skipped"] + total["unanswered"]
    assert measures.coverage(span)["calls"].sum() == total["listed"]


@pytest.mark.parametrize("dimension", measures.DIMENSIONS)
def test_breakdown_equals_counting_by_hand(span, rows, dimension):
    group = {row["call_id"]: row[dimension] for row in rows["attempts"]}
    state = {row["call_id"]: row["state"] for row in rows["reconciliation"]}
    fatal = {
        row["call_id"]
        for row in rows["findings"]
        if (row["verdict"], row["severity"], row["status"]) == ("fail", "fatal", "live")
    }
    for row in measures.by(span, dimension).iter_rows(named=True):
        mine = {call for call, value in group.items() if value == row[dimension]}
        scores = [score for score in rows["scores"] if score["call_id"] in mine]
        earned = sum(0 if score["fatal"] else score["earned"] for score in scores)
        possible = sum(score["possible"] for score in scores)
        assert row["listed"] == len(mine)
        assert row["inspected"] == sum(state[call] == "inspected" for call in mine)
        assert row["fatal_calls"] == len(mine & fatal)
        assert row["score"] == pytest.approx(100 * earned / possible) if possible else row["score"] is None


def test_components_are_summed_before_they_are_divided(tmp_path):
    """A long scorecard weighs more than a short one: 90 of 100 and 0 of 10 make 81.8, not the mean 45."""
    calls = [{"call_id": name, "business_date": LAST, "agent_id": "A1", "timezone": "Asia/Shanghai"} for name in "ab"]
    state = [{"call_id": name, "state": "inspected", "answered": True} for name in "ab"]
    points = [
        {"call_id": "a", "earned": 90.0, "possible": 100.0, "score": 90.0, "fatal": False},
        {"call_id": "b", "earned": 0.0, "possible": 10.0, "score": 0.0, "fatal": False},
    ]
    store = small_store(tmp_path, attempts=calls, reconciliation=state, scores=points)
    row = measures.by(Span(store, LAST, LAST), "agent_id").row(0, named=True)
    assert row["score"] == pytest.approx(100 * 90 / 110)


def test_a_fatal_finding_earns_nothing_and_a_trial_rule_costs_nothing(tmp_path):
    call = [{"call_id": "a", "business_date": LAST, "timezone": "Asia/Shanghai"}]
    store = small_store(
        tmp_path,
        attempts=call,
        reconciliation=[{"call_id": "a", "state": "inspected", "answered": True}],
        scores=[{"call_id": "a", "earned": 95.0, "possible": 100.0, "score": 0.0, "fatal": True}],
        findings=[
            {"call_id": "a", "rule_id": "R1", "verdict": "fail", "severity": "fatal", "status": "live"},
            {"call_id": "a", "rule_id": "R2", "verdict": "fail", "severity": "major", "status": "trial"},
        ],
    )
    total = measures.summary(Span(store, LAST, LAST))
    assert (total["score"], total["fatal_calls"], total["major_calls"]) == (0.0, 1, 0)


def test_a_failure_of_an_unheard_attempt_counts_but_is_no_share_of_the_heard(tmp_path):
    calls = [{"call_id": name, "business_date": LAST, "timezone": "Asia/Shanghai"} for name in "ab"]
    store = small_store(
        tmp_path,
        attempts=calls,
        reconciliation=[
            {"call_id": "a", "state": "inspected", "answered": True},
            {"call_id": "b", "state": "not_connected", "answered": False},
        ],
        findings=[{"call_id": "b", "rule_id": "H", "verdict": "fail", "severity": "fatal", "status": "live"}],
    )
    total = measures.summary(Span(store, LAST, LAST))
    assert (total["fatal_calls"], total["fatal_share"]) == (1, 0.0)


def test_hour_is_read_on_each_attempts_own_clock(tmp_path):
    from datetime import UTC, datetime

    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    zones = {"a": "Asia/Shanghai", "b": "America/New_York", "c": "UTC"}
    calls = [
        {"call_id": name, "business_date": LAST, "dialed_at": noon, "timezone": zone} for name, zone in zones.items()
    ]
    span = Span(small_store(tmp_path, attempts=calls), LAST, LAST)
    assert dict(span.calls.select("call_id", "hour").collect().iter_rows()) == {"a": 20, "b": 7, "c": 12}


def test_trend_of_each_day_equals_that_days_report(store):
    month = Span(store, LAST - timedelta(days=3), LAST)
    for row in measures.trend(month).iter_rows(named=True):
        total = measures.summary(Span(store, row["business_date"], row["business_date"]))
        for name in ("listed", "connected", "inspected", "score", "coverage", "fatal_share"):
            assert row[name] == pytest.approx(total[name]), name


def test_rules_count_verdicts_and_compare_with_the_days_before(store, span, rows):
    history = judged.rule_trend(measures.month_before(span, 30))
    table = judged.rules(span, history)
    one = table.filter(pl.col("rule_id") == "CN-THR-01").row(0, named=True)
    mine = [row["verdict"] for row in rows["findings"] if row["rule_id"] == "CN-THR-01"]
    assert one["fail"] == mine.count("fail")
    assert one["judged"] == mine.count("fail") + mine.count("pass")
    days = [LAST - timedelta(days=back) for back in (3, 2, 1)]
    before = [row for day in days for row in store.day("findings", day).to_dicts() if row["rule_id"] == "CN-THR-01"]
    verdicts = [row["verdict"] for row in before if row["verdict"] in ("fail", "pass")]
    assert one["usual_share"] == pytest.approx(verdicts.count("fail") / len(verdicts))
    assert one["trend"][-1] == one["fail"]
    assert len(one["trend"]) == 4


def test_alerts_put_self_harm_first_and_only_the_customers_words_alarm(tmp_path):
    calls = [{"call_id": name, "business_date": LAST, "timezone": "Asia/Shanghai"} for name in "abc"]
    hit = {"kept": True, "turn_index": 0, "start_ms": 5, "quote": "x", "confidence": 0.9}
    hits = [
        {**hit, "call_id": "a", "category": "complaint", "role": "customer"},
        {**hit, "call_id": "b", "category": "self_harm", "role": "customer"},
        {**hit, "call_id": "c", "category": "self_harm", "role": "agent"},
        {**hit, "call_id": "c", "category": "complaint", "role": "unknown", "kept": False},
        {**hit, "call_id": "c", "category": "threat", "role": "customer"},
    ]
    found = judged.alerts(Span(small_store(tmp_path, attempts=calls, hits=hits), LAST, LAST), load_sections())
    assert found.select("call_id", "category").rows() == [("b", "self_harm"), ("a", "complaint")]


HEARD = [  # stored outcome, categories kept, who answered, heard, agrees
    ("PTP", ["promise_to_pay"], "debtor", "PTP", True),
    ("REFUSE", ["promise_to_pay"], "debtor", "PTP", False),
    ("PTP", ["promise_to_pay", "complaint"], "debtor", "COMPLAINT", False),
    ("NO_ANSWER", [], "voicemail", "VOICEMAIL", True),
    ("THIRD_PARTY_MSG", [], "third_party", "THIRD_PARTY_MSG", True),
    ("PTP", [], "third_party", "THIRD_PARTY_MSG", False),
    ("OTHER", [], "debtor", None, None),
    ("OTHER", ["threat"], None, None, None),
]


@pytest.mark.parametrize("case", HEARD)
def test_what_a_call_amounts_to(tmp_path, case):
    outcome, categories, who, amounts_to, agrees = case
    call = {"call_id": "a", "business_date": LAST, "timezone": "Asia/Shanghai", "outcome": outcome}
    tables = {
        "attempts": [call],
        "reconciliation": [{"call_id": "a", "state": "inspected", "answered": True}],
        "hits": [{"call_id": "a", "category": name, "kept": True} for name in categories] or [{"call_id": "z"}],
        "identity": [{"call_id": "a", "at_ms": 1, "who": who}] if who else [{"call_id": "z"}],
    }
    found = judged.heard(Span(small_store(tmp_path, **tables), LAST, LAST), load_sections())
    assert found.select("heard", "agrees").rows() == [(amounts_to, agrees)]


def test_mismatch_matrix_holds_every_inspected_call(span):
    assert judged.mismatch(span, load_sections())["calls"].sum() == measures.summary(span)["inspected"]


def test_frequency_counts_each_number_and_debtor_once_a_day(span, rows):
    numbers = {row["phone_key"] for row in rows["attempts"]}
    debtors = {row["debtor_id"] for row in rows["attempts"] if row["answered_at"]}
    table = measures.frequency(span)
    assert (table["numbers"].sum(), table["debtors"].sum()) == (len(numbers), len(debtors))


def test_repeat_offenders_are_those_with_two_calls_of_one_rule(store):
    found = judged.repeat_offenders(Span(store, LAST - timedelta(days=3), LAST))
    assert len(found)
    assert found["calls"].min() >= 2
    assert found.height == found.unique(["agent_id", "team", "rule_id"]).height


def test_only_narrows_every_table(span):
    robots = span.only(pl.col("agent_kind") == "robot")
    ids = set(robots.calls.collect()["call_id"])
    assert 0 < len(ids) < span.calls.collect().height
    for name in ("turns", "findings", "scores", "audio"):
        assert set(robots.table(name).collect()["call_id"]) <= ids


def test_several_days_count_what_each_of_them_counts(store):
    days = [LAST - timedelta(days=back) for back in (3, 2, 1, 0)]
    whole, single = Span(store, days[0], LAST), [Span(store, day, day) for day in days]
    sums = ["listed", "connected", "inspected", "skipped", "fatal_calls", "failed_calls", "unsure_calls", "possible"]
    for narrow in (lambda span: span, lambda span: span.only(pl.col("agent_kind") == "human")):
        parts = [measures.summary(narrow(day)) for day in single]
        total = measures.summary(narrow(whole))
        assert [total[name] for name in sums] == [pytest.approx(sum(part[name] for part in parts)) for name in sums]
        assert 0 < total["inspected"] < total["listed"]


def test_what_a_range_puts_aside_goes_with_it(store):
    span = Span(store, LAST - timedelta(days=1), LAST)
    aside = span._aside
    narrowed = span.only(pl.col("inspected"))
    del span
    assert measures.summary(narrowed)["listed"] > 0
    assert len(list(aside.iterdir())) == 2
    del narrowed
    gc.collect()
    assert not aside.exists()


def test_a_long_list_is_cut_in_the_workbook_which_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    frame = pl.DataFrame({"agent_id": [f"A{n}" for n in range(5)]})
    printer = Printer(wording("en"), "Asia/Shanghai", 30)
    workbook.write_workbook(tmp_path / "x.xlsx", [Sheet("agents", frame), Sheet("repeat", frame.head(3))], printer)
    pages = pl.read_excel(tmp_path / "x.xlsx", sheet_id=0)
    long, short = (page.to_series().to_list() for page in pages.values())
    assert long == ["A0", "A1", "A2", "the first 3 of 5 rows; the Parquet file has all"]
    assert short == ["A0", "A1", "A2"]


def test_a_day_without_rows_counts_to_nothing(tmp_path):
    span = Span(Store(tmp_path), LAST, LAST)
    total = measures.summary(span)
    assert (total["listed"], total["coverage"], total["score"]) == (0, None, None)
    assert measures.trend(span).is_empty()
    assert judged.rules(span, judged.rule_trend(span)).is_empty()


# Reference values: R 4, prop.test(correct = FALSE), and the limits in closed form for k = 0 (z²/(n+z²)).
WILSON = [
    (0, 10, 0.0, 0.2775328),
    (1, 10, 0.0178762, 0.4041500),
    (5, 10, 0.2365931, 0.7634069),
    (10, 10, 0.7224672, 1.0),
]


@pytest.mark.parametrize(("part", "whole", "low", "high"), WILSON)
def test_wilson_interval(part, whole, low, high):
    row = pl.DataFrame({"k": [part], "n": [whole]}).select(wilson("k", "n")).row(0)
    assert row == pytest.approx((low, high), abs=1e-6)


def test_wilson_interval_of_nothing_is_null():
    assert pl.DataFrame({"k": [0], "n": [0]}).select(wilson("k", "n")).row(0) == (None, None)


def test_the_factory_repeats_itself():
    one, two = make_day(date(2026, 3, 2), 20, 1), make_day(date(2026, 3, 2), 20, 1)
    assert all(one[name].equals(two[name]) for name in STORED)
