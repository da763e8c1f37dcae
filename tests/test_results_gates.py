"""The gates: a good day passes, each kind of damage is found and named, and a failed gate keeps the last good day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from judged_day import judged_day

from inspection.errors import GateError
from inspection.results import gates
from inspection.results.validation import Expectation, validate
from inspection.tables import GATES

Tables = dict[str, pl.DataFrame]


def intake(tables: Tables) -> pl.DataFrame:
    return gates.after_intake(tables["attempts"], tables["recordings"], tables["skips"])


def speech(tables: Tables) -> pl.DataFrame:
    return gates.after_speech(tables["attempts"], tables["audio"], tables["turns"], tables["words"])


GATE = {"intake": intake, "speech": speech, "publish": gates.before_publish}


def change(table: str, of: str | None = None, **values: object) -> Callable[[Tables], Tables]:
    """Sets values in the rows of a call, or in all rows."""

    def apply(tables: Tables) -> Tables:
        frame = tables[table]
        here = pl.lit(True) if of is None else pl.col("call_id") == of
        columns = [
            pl.when(here)
            .then(value if isinstance(value, pl.Expr) else pl.lit(value))
            .otherwise(name)
            .cast(frame.schema[name])
            .alias(name)
            for name, value in values.items()
        ]
        return tables | {table: frame.with_columns(columns)}

    return apply


def twice(table: str, call_id: str) -> Callable[[Tables], Tables]:
    return lambda tables: (
        tables | {table: pl.concat([tables[table], tables[table].filter(pl.col("call_id") == call_id)])}
    )


def without(table: str) -> Callable[[Tables], Tables]:
    return lambda tables: tables | {table: tables[table].clear()}


@pytest.mark.parametrize("gate", GATE)
def test_a_good_day_passes(gate: str) -> None:
    found = GATE[gate](judged_day())
    assert found.schema == GATES
    failed = found.filter(~pl.col("success"))["expectation"].to_list()
    assert failed == (["attempts.found.ExpectColumnValuesToBeInSet"] if gate == "intake" else [])  # one of five is lost
    gates.require(found)


CRITICAL = {
    "an id twice": ("intake", twice("attempts", "good"), "attempts.call_id.ExpectColumnValuesToBeUnique", ["good"]),
    "no id": (
        "intake",
        change("attempts", "good", call_id=None),
        "attempts.call_id.ExpectColumnValuesToNotBeNull",
        ["row 0"],
    ),
    "no dial time": (
        "intake",
        change("attempts", "lost", dialed_at=None),
        "attempts.dialed_at.ExpectColumnValuesToNotBeNull",
        ["lost"],
    ),
    "unknown owner": (
        "intake",
        change("attempts", "good", phone_owner="neighbour"),
        "attempts.phone_owner.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "unknown reason": (
        "intake",
        change("skips", "lost", reason="mood"),
        "skips.reason.ExpectColumnValuesToBeInSet",
        ["lost"],
    ),
    "two transcripts": ("speech", twice("audio", "good"), "audio.call_id.ExpectColumnValuesToBeUnique", ["good"]),
    "a call from nowhere": (
        "speech",
        change("audio", "good", call_id="ghost"),
        "audio.listed.ExpectColumnValuesToBeInSet",
        ["ghost"],
    ),
    "no sound": (
        "speech",
        change("audio", "vague", duration_ms=0),
        "audio.duration_ms.ExpectColumnValuesToBeBetween",
        ["vague"],
    ),
    "a word that ends before it starts": (
        "speech",
        change("words", "good", end_ms=-1),
        "audio.words_in_order.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "a word after the end": (
        "speech",
        change("words", "good", end_ms=99_999),
        "audio.words_in_order.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "an impossible probability": (
        "speech",
        change("words", "good", probability=1.2),
        "audio.words_in_order.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "a turn backwards": (
        "speech",
        change("turns", "good", end_ms=-5),
        "turns.in_order.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "an unknown role": (
        "speech",
        change("turns", "good", role="boss"),
        "turns.role.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "a call nobody accounts for": (
        "publish",
        change("reconciliation", "lost", reason=None),
        "calls.accounted.ExpectColumnValuesToBeInSet",
        ["lost"],
    ),
    "counts that do not add up": (
        "publish",
        change("runs", listed=7),
        "runs.balanced.ExpectColumnValuesToBeInSet",
        ["run"],
    ),
    "no run on record": ("publish", without("runs"), "runs.table.ExpectTableRowCountToBeBetween", []),
    "a score over 100": (
        "publish",
        change("scores", "good", score=101.0),
        "scores.score.ExpectColumnValuesToBeBetween",
        ["good"],
    ),
    "a fatal call with points": (
        "publish",
        change("scores", "threat", score=10.0),
        "scores.zero_when_fatal.ExpectColumnValuesToBeInSet",
        ["threat"],
    ),
    "a fatal call that passes": (
        "publish",
        change("scores", "threat", verdict="pass"),
        "scores.zero_when_fatal.ExpectColumnValuesToBeInSet",
        ["threat"],
    ),
    "points from nowhere": (
        "publish",
        change("scores", "good", earned=99.0),
        "scores.adds_up.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "more than possible": (
        "publish",
        change("components", "good", earned=60.0),
        "components.in_range.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
    "a failure without a reason": (
        "publish",
        change("findings", "threat", reason=""),
        "findings.reasoned.ExpectColumnValuesToBeInSet",
        ["threat"],
    ),
    "a finding of no call": (
        "publish",
        change("findings", "good", call_id="ghost"),
        "findings.listed.ExpectColumnValuesToBeInSet",
        ["ghost"],
    ),
    "a verdict of its own": (
        "publish",
        change("findings", "good", verdict="maybe"),
        "findings.verdict.ExpectColumnValuesToBeInSet",
        ["good"],
    ),
}


@pytest.mark.parametrize("what", CRITICAL)
def test_damage_is_found_named_and_stops_the_day(what: str) -> None:
    gate, damage, expectation, ids = CRITICAL[what]
    found = GATE[gate](damage(judged_day()))
    failed = found.filter(~pl.col("success") & (pl.col("severity") == "critical"))
    assert expectation in failed["expectation"].to_list()
    assert failed.filter(expectation=expectation)["unexpected_ids"].to_list() == [ids]
    with pytest.raises(GateError, match="nothing was published") as error:
        gates.require(found)
    assert expectation in str(error.value) and "\n" not in str(error.value)
    assert all(name in str(error.value) for name in ids)


WARNINGS = {
    "an unmapped code": (
        "intake",
        change("attempts", outcome="UNMAPPED"),
        "attempts.mapped.ExpectColumnValuesToBeInSet",
    ),
    "answered before dialled": (
        "intake",
        change("attempts", answered_at=pl.lit("2000-01-01").str.to_datetime(time_zone="UTC")),
        "attempts.in_order.ExpectColumnValuesToBeInSet",
    ),
    "no number": (
        "intake",
        change("attempts", "good", phone_key=None),
        "attempts.phone_key.ExpectColumnValuesToNotBeNull",
    ),
    "roles unknown": ("speech", change("audio", role_basis="none"), "audio.told_apart.ExpectColumnValuesToBeInSet"),
    "durations disagree": ("speech", change("audio", duration_ms=90_000), "audio.agrees.ExpectColumnValuesToBeInSet"),
}


@pytest.mark.parametrize("what", WARNINGS)
def test_what_is_only_odd_is_told_and_does_not_stop_the_day(what: str) -> None:
    gate, damage, expectation = WARNINGS[what]
    found = GATE[gate](damage(judged_day()))
    assert not found.filter(expectation=expectation)["success"].item()
    gates.require(found)


def test_unmapped_codes_are_named_and_counted() -> None:
    tables = change("attempts", outcome="UNMAPPED")(judged_day())
    tables = change("attempts", "good", outcome_raw="奇怪")(tables)
    found = intake(tables).filter(pl.col("expectation").str.starts_with("attempts.mapped"))
    assert found["observed"].item() == "01 × 5, 奇怪 × 1"


def test_an_empty_day_warns_and_publishes_nothing_wrong() -> None:
    tables = {name: frame.clear() for name, frame in judged_day().items()}
    found = intake(tables)
    assert found.filter(~pl.col("success"))["expectation"].to_list() == [
        "attempts.table.ExpectTableRowCountToBeBetween"
    ]
    gates.require(found)
    gates.require(speech(tables))


def test_the_rows_to_repair_are_set_aside_with_what_they_failed() -> None:
    tables = change("scores", "good", score=101.0)(change("scores", "vague", earned=7.0)(judged_day()))
    aside = gates.quarantine(tables, gates.before_publish(tables))
    assert list(aside) == ["scores"]
    assert dict(aside["scores"].select("call_id", "failed").iter_rows()) == {
        "good": ["scores.score.ExpectColumnValuesToBeBetween"],
        "vague": ["scores.adds_up.ExpectColumnValuesToBeInSet"],
    }


def test_an_expectation_that_cannot_be_evaluated_fails_aloud() -> None:
    wrong = Expectation("t", "ExpectColumnValuesToNotBeNull", "critical", "missing", {"column": "nowhere"})
    found = validate("intake", {"t": pl.DataFrame({"row_id": ["a"]})}, [wrong])
    assert not found["success"].item() and "could not be evaluated" in found["observed"].item()
    with pytest.raises(GateError):
        gates.require(found)


def test_many_failing_rows_are_all_counted_and_some_named() -> None:
    rows = pl.DataFrame({"row_id": [f"c{n:05}" for n in range(3000)], "good": False})
    [row] = validate("intake", {"t": rows}, [gates.true("t", "good", "all good")]).to_dicts()
    assert row["unexpected_count"] == 3000 and len(row["unexpected_ids"]) == 1000
    with pytest.raises(GateError, match="c00009, …"):
        gates.require(pl.DataFrame([row], schema=GATES))


def test_the_librarys_own_pages_are_built_when_asked_for(tmp_path: Path) -> None:
    tables = judged_day()
    gates.after_intake(tables["attempts"], tables["recordings"], tables["skips"], data_docs=tmp_path)
    assert "attempts" in (tmp_path / "intake" / "index.html").read_text("utf-8")
