"""The steps of a day on real models: late recordings are taken up, and a disk that refuses is told in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from days import short_day, transcripts

from inspection import day
from inspection.demo.prepare import BUSINESS_DATE
from inspection.errors import ResultsError
from inspection.results.store import Store
from inspection.settings import ReportSettings, Settings, StoreSettings, load


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
