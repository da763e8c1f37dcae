"""The steps of a day on real models: late recordings are taken up, and a disk that refuses is told in one line."""

from __future__ import annotations

import gc
import pkgutil
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from days import published, short_day, transcripts

from inspection import day
from inspection.demo.prepare import BUSINESS_DATE
from inspection.errors import GateError, ResultsError
from inspection.intake.day import Intake
from inspection.results.store import Store
from inspection.settings import ReportSettings, Settings, StoreSettings, load
from inspection.speech.hear import Heard


def whole_day(settings: Settings) -> None:
    for batch in day.take_in(settings, BUSINESS_DATE):
        day.listen(settings, BUSINESS_DATE, batch)
    day.judge(settings, BUSINESS_DATE)
    day.keep(settings, BUSINESS_DATE)


def ends(settings: Settings) -> dict[str, tuple[str, str | None]]:
    found = Store(settings.store.root).day("reconciliation", BUSINESS_DATE).drop_nulls("call_id")
    return {
        call_id: (state, reason) for call_id, state, reason in found.select("call_id", "state", "reason").iter_rows()
    }


def test_a_late_recording_is_taken_up_and_the_others_are_not_heard_again(tmp_path: Path) -> None:
    path = short_day(tmp_path, recordings=2)
    settings = load(path)
    *_, late = sorted((tmp_path / "recordings").rglob("*.*"), key=lambda file: file.stat().st_size)
    late.rename(tmp_path / "late")
    whole_day(settings)
    before, heard = ends(settings), transcripts(path)
    shutil.move(tmp_path / "late", late)
    whole_day(settings)
    changed = {call_id: (before[call_id], end) for call_id, end in ends(settings).items() if end != before[call_id]}
    assert list(changed.values()) == [(("skipped", "recording_missing"), ("inspected", None))]
    assert heard.items() < transcripts(path).items()
    assert len(transcripts(path)) == len(heard) + 1


def test_a_recording_that_went_or_may_not_be_read_after_the_intake_does_not_stop_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a recording moved away between intake and listening failed the whole run."""
    settings = load(short_day(tmp_path, recordings=3))
    [batch] = day.take_in(settings, BUSINESS_DATE)
    calls = day.Workbench(settings, BUSINESS_DATE).get("calls")
    gone, forbidden, kept = calls["location"]
    Path(gone).unlink()
    from inspection.intake.roots import Folder

    opened = Folder.open

    def refuse(self, relative):
        if forbidden.endswith(relative):
            raise PermissionError(13, "Permission denied")
        return opened(self, relative)

    monkeypatch.setattr(Folder, "open", refuse)  # the tests may run as root, whom no file refuses
    day.listen(settings, BUSINESS_DATE, batch)
    monkeypatch.undo()
    day.judge(settings, BUSINESS_DATE)
    day.keep(settings, BUSINESS_DATE)
    by_place = dict(calls.select("location", "call_id").iter_rows())
    found = ends(settings)
    assert found[by_place[gone]] == ("skipped", "recording_missing")
    assert found[by_place[forbidden]] == ("skipped", "recording_unreadable")
    assert found[by_place[kept]] == ("inspected", None)


@pytest.fixture(scope="module")
def good_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a day that is stored, published and reported."""
    path = short_day(tmp_path_factory.mktemp("good"), recordings=1)
    settings = load(path)
    whole_day(settings)
    day.publish(settings, BUSINESS_DATE)
    day.report(settings, BUSINESS_DATE)
    return path


def kept(path: Path) -> dict[str, object]:
    """Every byte of store and reports, every published row."""
    settings = load(path)
    folders = (Path(settings.store.root), settings.report.folder)
    files = {file: file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}
    locks = [file for file in files if file.suffix == ".lock"]
    rows = {name: frame.rows() for name, frame in published(path).items()}
    return {str(file): files[file] for file in files if file not in locks} | rows


def twice(intake: Intake) -> Intake:
    return replace(intake, attempts=pl.concat([intake.attempts, intake.attempts.head(1)]))


def nobodys(heard: Heard) -> Heard:
    return replace(heard, turns=heard.turns.with_columns(role=pl.lit("nobody")))


def unexplained(balance: pl.DataFrame) -> pl.DataFrame:
    return balance.with_columns(state=pl.lit("skipped"), reason=pl.lit(None, pl.String))


@pytest.mark.parametrize(
    ("gate", "damage", "table"),
    [
        ("intake", {"inspection.day.list_day": twice}, "attempts"),
        ("speech", {"inspection.speech.hear.hear": nobodys}, "turns"),
        ("publish", {"inspection.day.reconcile": unexplained}, "calls"),
    ],
)
def test_a_failed_gate_keeps_the_last_good_day_and_leaves_its_result_to_be_read(
    good_day: Path, monkeypatch: pytest.MonkeyPatch, gate: str, damage: dict[str, Callable[[Any], Any]], table: str
) -> None:
    """Regression: a day that failed a gate left nothing but a message with ten ids, and no Data Docs at all."""
    settings, before = load(good_day), kept(good_day)
    [(place, change)] = damage.items()
    whole = pkgutil.resolve_name(place)
    monkeypatch.setattr(place, lambda *given, **named: change(whole(*given, **named)))
    with pytest.raises(GateError, match=f"gate {gate} failed, nothing was published: .* are in .*{BUSINESS_DATE}"):
        whole_day(settings)
    assert kept(good_day) == before

    bench = day.Workbench(settings, BUSINESS_DATE)
    with pytest.raises(ResultsError):
        day.keep(settings, BUSINESS_DATE)
    assert kept(good_day) == before, "what a gate refused cannot be kept either"
    failed = bench.get(f"gates-{gate}").filter(~pl.col("success") & (pl.col("severity") == "critical"))
    assert failed["unexpected_count"].min() > 0
    repair = (
        bench.get(f"quarantine-{gate}-{table}").explode("failed").join(failed, left_on="failed", right_on="expectation")
    )
    assert set(repair["call_id"]) == set(failed["unexpected_ids"].explode())
    assert set(repair["failed"]) == set(failed["expectation"])
    pages = bench.data_docs / gate
    assert any("Failed" in page.read_text("utf-8") for page in (pages / "validations").rglob("*.html"))
    assert (pages / "index.html").is_file()


def test_a_day_that_is_repaired_leaves_no_row_to_repair(good_day: Path) -> None:
    settings, before = load(good_day), kept(good_day)
    bench = day.Workbench(settings, BUSINESS_DATE)
    bench.put("quarantine-publish-calls", pl.DataFrame({"call_id": ["repaired"]}))
    whole_day(settings)
    assert not list(bench.folder.glob("quarantine-publish-*"))
    assert {path.name for path in bench.data_docs.iterdir()} == {"intake", "speech", "publish"}
    assert kept(good_day) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_the_unfinished_day_is_one_line_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = day.Workbench(settings_in(tmp_path), BUSINESS_DATE)
    bench.put("calls", pl.DataFrame({"call_id": ["old"]}))
    write = pl.DataFrame.write_parquet
    monkeypatch.setattr(pl.DataFrame, "write_parquet", lambda frame, _, **options: write(frame, "/dev/full", **options))
    with pytest.raises(ResultsError, match=r"calls\.parquet: cannot be written: .*No space left"):
        bench.put("calls", pl.DataFrame({"call_id": ["new"]}))
    assert bench.get("calls")["call_id"].to_list() == ["old"]
    assert [path.name for path in bench.folder.iterdir()] == ["calls.parquet"]


def settings_in(folder: Path) -> Settings:
    return Settings(store=StoreSettings(root=str(folder / "store"), work=folder / "work", transcripts=folder / "t"))


@pytest.mark.parametrize("step", ["lock", "work"])
def test_a_working_folder_that_cannot_be_written_is_one_line(tmp_path: Path, step: str) -> None:
    (tmp_path / "work").write_text("a file where the folder should be")
    settings = settings_in(tmp_path)
    with pytest.raises(ResultsError, match="cannot be written") as error:
        if step == "lock":
            with day.alone_in(settings):
                pass
        else:
            day.Workbench(settings, BUSINESS_DATE)
    assert "\n" not in str(error.value)


def test_a_report_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    from judged_day import DAY as JUDGED
    from judged_day import judged_day

    settings = settings_in(tmp_path).model_copy(update={"report": ReportSettings(folder=tmp_path / "reports")})
    Store(settings.store.root).swap_day(JUDGED, judged_day())
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(ResultsError, match="reports: cannot be written"):
        day.report(settings, JUDGED)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # zipfile closes itself once more
@pytest.mark.parametrize("file", ["report.html", "report.xlsx", "tables/rules.parquet", "figures/rules.png"])
def test_a_full_disk_under_the_report_is_one_line_and_a_second_try_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """Regressions: the workbook's library told a full disk by an error of its own, which came out as a bug, and left
    its unfinished worksheets behind."""
    from judged_day import DAY as JUDGED
    from judged_day import judged_day

    settings = settings_in(tmp_path).model_copy(update={"report": ReportSettings(folder=tmp_path / "reports")})
    Store(settings.store.root).swap_day(JUDGED, judged_day())
    place = tmp_path / "reports" / str(JUDGED) / file
    place.parent.mkdir(parents=True)
    place.symlink_to("/dev/full")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(ResultsError, match=r"reports: cannot be written: .*No space left") as error:
        day.report(settings, JUDGED)
    assert "\n" not in str(error.value)
    assert not list(scratch.iterdir())
    del error
    gc.collect()  # the half workbook goes here, and not in another test
    place.unlink()
    assert day.report(settings, JUDGED).is_file()
    assert place.stat().st_size > 500


def test_a_store_that_cannot_be_reached_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: object storage that was away came out as the traceback of a bug, from the night's first step on."""
    from bucket import bucket

    settings = load(short_day(tmp_path, recordings=0))
    away = settings.model_copy(update={"store": settings.store.model_copy(update={"root": "s3://bank/store"})})
    with bucket(monkeypatch, {}):
        pass  # its settings stay, the server goes
    for step in (day.take_in, day.report, day.summarise):
        with pytest.raises(ResultsError, match=r"store s3://bank/store: .*cannot be read") as error:
            step(away, BUSINESS_DATE)
        assert "\n" not in str(error.value)
