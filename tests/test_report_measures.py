"""What the report counts, against counting by hand over the same rows."""

import gc
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from report_factory import LAST, fill, make_day

from inspection.report import heat as heat_module
from inspection.report import judged, measures, workbook
from inspection.report.daily import every_sheet
from inspection.report.intervals import of_ratio, wilson
from inspection.report.sections import load_sections
from inspection.report.sheets import SHARES, Printer, Sheet, clock, whole_of
from inspection.report.span import Span
from inspection.report.wording import wording
from inspection.results.store import Store
from inspection.settings import Settings
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


def test_the_funnel_loses_each_call_at_the_step_it_lacks(span, rows):
    funnel = {row["step"]: row for row in measures.funnel(span).iter_rows(named=True)}
    calls = rows["reconciliation"]
    left = list(calls)
    for step, has in zip(measures.STEPS, ("answered", "has_recording", "has_transcript", "has_score"), strict=True):
        gone = [row for row in left if not row[has]]
        left = [row for row in left if row[has]]
        assert (funnel[step]["calls"], funnel[step]["lost"]) == (len(left), len(gone))
        assert set(funnel[step]["skip_reasons"] or []) == {row["reason"] for row in gone}
    assert funnel["transcribed"]["lost"] > 0
    assert funnel["scored"]["calls"] == measures.summary(span)["inspected"]


def test_each_missing_call_is_named_with_its_step_and_reason(span, rows):
    table = measures.missing(span)
    skipped = {row["call_id"]: row for row in rows["reconciliation"] if row["state"] == "skipped"}
    assert set(table["call_id"]) == set(skipped)
    for call_id, step, reason in table.select("call_id", "lost_at", "skip_reason").iter_rows():
        assert reason == skipped[call_id]["reason"]
        assert step == ("transcribed" if skipped[call_id]["has_recording"] else "recorded")


def test_lengths_are_compared_the_farthest_first(tmp_path):
    lengths = {"a": (10_000, 9_900), "b": (60_000, 30_000), "c": (100_000, 108_000), "d": (10_000, 14_900)}
    state = {"state": "inspected", "answered": True}
    rows = [{"call_id": n, "talk_ms": t, "duration_ms": d, **state} for n, (t, d) in lengths.items()]
    calls = [{"call_id": name, "business_date": LAST, "timezone": "Asia/Shanghai"} for name in lengths]
    table = measures.durations(Span(small_store(tmp_path, attempts=calls, reconciliation=rows), LAST, LAST))
    assert table.select("call_id", "difference_ms", "agrees").rows() == [
        ("b", -30_000, False),
        ("c", 8_000, True),
        ("d", 4_900, True),
        ("a", -100, True),
    ]


@pytest.mark.parametrize(("milliseconds", "shown"), [(-30_400, "−0:30"), (-400, "0:00"), (3_723_000, "1:02:03")])
def test_lengths_read_as_a_clock(milliseconds, shown):
    assert clock(milliseconds) == shown


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


def test_every_dimension_has_its_heat_map(span, rows):
    """Each cell against counting by hand over calls, hours and live failures."""
    table = measures.heat(span)
    assert table["dimension"].unique(maintain_order=True).to_list() == ["all", *measures.DIMENSIONS]
    inspected = {row["call_id"] for row in rows["reconciliation"] if row["state"] == "inspected"}
    failed = {row["call_id"] for row in rows["findings"] if (row["verdict"], row["status"]) == ("fail", "live")}
    calls = [row for row in rows["attempts"] if row["call_id"] in inspected]
    counted: dict[tuple, list[int]] = {}
    for call in calls:
        hour = call["dialed_at"].astimezone(ZoneInfo(call["timezone"])).hour
        for dimension in ("all", *measures.DIMENSIONS):
            value = f"{call['agent_id']} · {call['team']}" if dimension == "agent_id" else call.get(dimension)
            cell = counted.setdefault((dimension, value, hour), [0, 0])
            cell[0] += 1
            cell[1] += call["call_id"] in failed
    keys = ["dimension", "value", "hour"]
    found = {row[:3]: list(row[3:]) for row in table.select(*keys, "inspected", "failed_calls").iter_rows()}
    assert found == counted


def test_heat_maps_begin_with_all_calls_and_leave_out_the_least_busy(span, monkeypatch):
    monkeypatch.setattr(heat_module, "MOST_LINES", 3)
    drawn = heat_module.heat(measures.heat(span), Printer(wording("en"), "Asia/Shanghai", 30))
    assert [shown.dimension for shown in drawn.maps] == list(measures.DIMENSIONS)
    assert {shown.lines[0].name for shown in drawn.maps} == {"all"}
    agents = drawn.maps[-1]
    assert len(agents.lines) == 4
    assert agents.left == measures.heat(span).filter(dimension="agent_id")["value"].n_unique() - 3
    cells = [cell for shown in drawn.maps for line in shown.lines for cell in line.cells if cell.text]
    assert {cell.kind for cell in cells} == {"small"}  # fewer than 30 calls in each


def test_frequency_counts_each_number_and_debtor_once_a_day(span, rows):
    numbers = {row["phone_key"] for row in rows["attempts"]}
    debtors = {row["debtor_id"] for row in rows["attempts"] if row["answered_at"]}
    table = measures.frequency(span)
    assert (table["numbers"].sum(), table["debtors"].sum()) == (len(numbers), len(debtors))


def test_parts_that_left_the_script_stand_instead_of_the_whole(tmp_path):
    calls = [{"call_id": name, "business_date": LAST, "timezone": "Asia/Shanghai"} for name in "ab"]
    told = {"a": ["verbatim", "verbatim.opening", "CP4"], "b": ["verbatim"]}
    rows = [
        {"call_id": n, "checkpoint_id": point, "state": "altered"} for n, points in told.items() for point in points
    ]
    rows.append({"call_id": "b", "checkpoint_id": "CP5", "state": "pass"})
    table = judged.deviations(Span(small_store(tmp_path, attempts=calls, checkpoints=rows), LAST, LAST))
    found = sorted(table.select("call_id", "checkpoint_id").rows())
    assert found == [("a", "CP4"), ("a", "verbatim.opening"), ("b", "verbatim")]


def test_agents_speak_at_their_measured_speed(tmp_path):
    """120 characters in 30 s and 60 in 30 s make 180 a minute; a call without known words counts in neither."""
    calls = [{"call_id": name, "business_date": LAST, "agent_id": "A1", "timezone": "Asia/Shanghai"} for name in "abc"]
    turns = [
        {"call_id": "a", "turn_index": 0, "role": "agent", "text": "您好，" + "说" * 118},
        {"call_id": "a", "turn_index": 1, "role": "customer", "text": "好" * 50},
        {"call_id": "b", "turn_index": 0, "role": "agent", "text": "说" * 60},
        {"call_id": "c", "turn_index": 0, "role": "unknown", "text": "说" * 60},
    ]
    audio = [{"call_id": name, "agent_speech_ms": 60_000 if name == "c" else 30_000} for name in "abc"]
    sound = [{**row, "speech_ms": 60_000, "silence_ms": 9_000, "duration_ms": 90_000} for row in audio]
    state = [{"call_id": name, "state": "inspected", "answered": True} for name in "abc"]
    store = small_store(tmp_path, attempts=calls, turns=turns, audio=sound, reconciliation=state)
    row = measures.agents(Span(store, LAST, LAST)).row(0, named=True)
    assert row["speed"] == pytest.approx(180.0)
    assert row["talk_share"] == pytest.approx(120 / 180)
    assert row["silence_share"] == pytest.approx(0.1)


def test_agents_by_rule_count_verdicts_and_weeks(store, span, rows):
    agent = {row["call_id"]: (row["agent_id"], row["team"]) for row in rows["attempts"]}
    table = judged.agent_rules(span, judged.offences(measures.month_before(span, 30)))
    counted: dict[tuple, dict[str, int]] = {}
    for row in rows["findings"]:
        cell = counted.setdefault((*agent[row["call_id"]], row["rule_id"]), {"fail": 0, "pass": 0, "unsure": 0})
        cell[row["verdict"]] += 1
    wanted = {key: cell for key, cell in counted.items() if cell["fail"] + cell["unsure"]}
    found = {row[:3]: row[3:] for row in table.select("agent_id", "team", "rule_id", "fail", "judged", "unsure").rows()}
    assert found == {key: (cell["fail"], cell["fail"] + cell["pass"], cell["unsure"]) for key, cell in wanted.items()}


def test_weeks_are_counted_back_from_the_last_day():
    who = {"agent_id": "A1", "agent_kind": "human", "agency": "x", "team": "y", "rule_id": "R", "title": "t"}
    days = {0: 1, 6: 2, 7: 4, 15: 8}
    found = pl.DataFrame([{**who, "business_date": LAST - timedelta(days=ago), "calls": n} for ago, n in days.items()])
    assert judged.weekly(found, LAST)["weeks"].to_list() == [[8, 4, 3]]


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


@pytest.mark.parametrize("narrowed", [False, True])
def test_what_is_counted_by_day_is_that_of_the_whole_range(store, narrowed):
    whole = Span(store, LAST - timedelta(days=2), LAST)
    if narrowed:
        whole = whole.only(pl.col("agent_kind") == "robot")
    by = ["business_date", "rule_id", "status"]
    assert judged.rule_trend(whole).equals(judged.rule_counts(whole, "business_date").collect().sort(by))
    failed = whole.table("findings").filter(verdict="fail", status="live").join(
        whole.calls.select("call_id", *judged.AGENT), on="call_id"
    )  # fmt: skip
    expected = failed.group_by(*judged.AGENT, "rule_id", "business_date").agg(calls=pl.col("call_id").n_unique())
    keys = [*judged.AGENT, "rule_id", "business_date"]
    assert judged.offences(whole).select(*keys, "calls").sort(keys).equals(expected.collect().sort(keys))


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


SINGLE_CALLS = {"calls", "durations"}
"""Tables of single calls: their scores and differences rest on no number of calls."""


def test_every_share_says_on_how_many_it_rests(store, span):
    for name, sheet in every_sheet(span, Settings()).items():
        shares = [column for column in sheet.frame.columns if column in SHARES]
        bare = [column for column in shares if whole_of(column, sheet.frame.columns) is None]
        assert not bare or name in SINGLE_CALLS, (name, bare)


def test_every_kind_of_column_is_written_as_what_it_is(tmp_path):
    """Beside each column its cells as a person reads them, written down here by hand."""
    at = datetime(2026, 11, 20, 2, 30, 15, tzinfo=UTC)
    columns = {
        "dimension": (["agent_id", "outcome", None], ["agent", "outcome", None]),
        "value": (["PTP", "PTP", "=1"], ["PTP", "promise to pay", "=1"]),
        "severity": (["fatal", None, "odd"], ["fatal", None, "odd"]),
        "quote": (["-1", None, "请打13812345678"], ["-1", None, "请打*******5678"]),
        "success": ([True, False, None], ["passed", "failed", None]),
        "what": ([["a", "b"], [], None], ["a, b", None, None]),
        "dialed_at": ([at, None, at], [at.replace(hour=10, tzinfo=None), None, at.replace(hour=10, tzinfo=None)]),
        "first_day": ([at.date(), None, None], [at.date(), None, None]),
        "start_ms": ([1500, None, 0], [1.5, None, 0.0]),
        "calls": ([12, 0, None], [12, 0, None]),
        "score": ([99.5, None, 0.0], [99.5, None, 0.0]),
    }  # fmt: skip
    frame = pl.DataFrame({name: given for name, (given, _) in columns.items()})
    printer = Printer(wording("en"), "Asia/Shanghai", 30)
    workbook.write_workbook(tmp_path / "x.xlsx", [Sheet("heat", frame)], printer)
    page = pl.read_excel(tmp_path / "x.xlsx", engine="calamine")
    for (name, (_, expected)), seen in zip(columns.items(), page.iter_columns(), strict=True):
        assert [None if value == "" else value for value in seen] == expected, name


def number_formats(path) -> dict[str, str]:
    """The number format of each formatted cell of a workbook's first sheet."""
    with zipfile.ZipFile(path) as book:
        styles, sheet = (book.read(name).decode() for name in ("xl/styles.xml", "xl/worksheets/sheet1.xml"))
    named = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="([^"]*)"', styles))
    used = re.findall(r'<xf numFmtId="(\d+)"', styles[styles.index("<cellXfs") :])
    return {cell: named.get(used[int(style)], "") for cell, style in re.findall(r'<c r="(\w+)" s="(\d+)"', sheet)}


def test_small_numbers_are_marked_in_the_workbook_and_in_parquet(tmp_path):
    frame = pl.DataFrame({"agency": ["A", "B"], "inspected": [5, 500], "fatal_share": [0.2, 0.1], "low": [0.1, 0.08]})
    printer = Printer(wording("en"), "Asia/Shanghai", 30)
    workbook.write_parquet(tmp_path, [Sheet("agency", frame)], printer)
    kept = pl.read_parquet(tmp_path / "agency.parquet")
    assert kept.select("fatal_share_small", "low_small").rows() == [(True, True), (False, False)]
    workbook.write_workbook(tmp_path / "x.xlsx", [Sheet("agency", frame)], printer)
    formats = number_formats(tmp_path / "x.xlsx")
    assert ["○" in formats[cell] for cell in ("C2", "D2", "C3", "D3")] == [True, True, False, False]
    assert pl.read_excel(tmp_path / "x.xlsx", engine="calamine")["Fatal share"].to_list() == [0.2, 0.1]


def test_the_workbook_holds_the_trend_of_each_rule(store, span, tmp_path):
    sheets = every_sheet(span, Settings())
    workbook.write_workbook(tmp_path / "x.xlsx", [sheets["rules"]], Printer(wording("en"), "Asia/Shanghai", 30))
    page = pl.read_excel(tmp_path / "x.xlsx", engine="calamine")
    days = [str(LAST - timedelta(days=back)) for back in (3, 2, 1, 0)]
    assert page.columns[-4:] == days
    assert [list(row) for row in page.select(days).rows()] == sheets["rules"].frame["trend"].to_list()
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        lines = book.read("xl/worksheets/sheet1.xml").count(b"<x14:sparkline>")
    assert lines == len(page)


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


def test_the_interval_of_a_ratio_of_sums_equals_counting_by_hand():
    earned, possible = [90.0, 40.0, 0.0, 75.0], [100.0, 50.0, 80.0, 100.0]
    ratio = sum(earned) / sum(possible)
    squares = sum((part - ratio * whole) ** 2 for part, whole in zip(earned, possible, strict=True))
    reach = 1.959964 * (4 / 3 * squares) ** 0.5 / sum(possible)
    row = pl.DataFrame({"earned": earned, "possible": possible}).select(of_ratio("earned", "possible")).row(0)
    assert row == pytest.approx((100 * max(ratio - reach, 0), 100 * min(ratio + reach, 1)), rel=1e-6)


@pytest.mark.parametrize("rows", [0, 1])
def test_a_ratio_of_fewer_than_two_rows_has_no_interval(rows):
    frame = pl.DataFrame({"e": [1.0] * rows, "p": [2.0] * rows}, schema={"e": pl.Float64, "p": pl.Float64})
    assert frame.select(of_ratio("e", "p")).row(0) == (None, None)


def test_wilson_interval_of_nothing_is_null():
    assert pl.DataFrame({"k": [0], "n": [0]}).select(wilson("k", "n")).row(0) == (None, None)


def test_the_factory_repeats_itself():
    one, two = make_day(date(2026, 3, 2), 20, 1), make_day(date(2026, 3, 2), 20, 1)
    assert all(one[name].equals(two[name]) for name in STORED)
