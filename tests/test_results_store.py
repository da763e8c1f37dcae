"""The store: a day is swapped whole or not at all, the same input gives the same bytes, readers see only valid days."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from bucket import bucket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.errors import ContractError, ResultsError
from inspection.results import store
from inspection.results.store import Store
from inspection.tables import STORED

DAY = date(2026, 11, 20)


def turns(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"call_id": [f"c{n}" for n in range(len(texts))], "turn_index": 0, "text": list(texts)})


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.suffix in (".parquet", ".json")
    }


def test_a_day_comes_back_in_its_schema_with_its_date(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("您好", "是我")})
    frame = store.turns().collect()
    assert frame.select("call_id", "text", "business_date").rows() == [("c0", "您好", DAY), ("c1", "是我", DAY)]
    assert store.day("turns", DAY).schema == STORED["turns"]
    assert store.days() == [DAY]
    assert store.damage(DAY) == []


@pytest.mark.parametrize("name", STORED)
def test_every_table_is_readable_before_and_after_the_first_day(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    columns = store.table(name).collect().columns
    assert columns[-1] == "business_date" and set(columns) == {*STORED[name], "business_date"}
    store.swap_day(DAY, {})
    assert store.table(name).collect().columns == columns
    assert getattr(store, name)().collect().is_empty()


def test_a_range_reads_its_days_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for back in range(4):
        store.swap_day(DAY - timedelta(days=back), {"turns": turns(f"day-{back}")})
    found = store.turns(DAY - timedelta(days=2), DAY - timedelta(days=1)).collect()
    assert sorted(found["text"]) == ["day-1", "day-2"]
    assert store.turns(DAY + timedelta(days=1)).collect().is_empty()


def test_a_smaller_rerun_leaves_no_stale_row_and_no_stale_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("一", "二", "三"), "skips": pl.DataFrame({"call_id": ["x"]})})
    store.swap_day(DAY, {"turns": turns("一")})
    assert store.turns().collect().height == 1
    assert store.skips().collect().is_empty()
    assert len([name for name in files(tmp_path) if name.endswith(".parquet")]) == len(STORED)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.integers(0, 5))
def test_the_same_rows_give_the_same_bytes_in_any_order_and_any_chunks(
    tmp_path: Path, order: list[int], cut: int
) -> None:
    frame = turns(*"一二三四五六")
    Store(tmp_path / "a").swap_day(DAY, {"turns": frame})
    shuffled = frame[order]
    Store(tmp_path / "b").swap_day(DAY, {"turns": pl.concat([shuffled[:cut], shuffled[cut:]], rechunk=False).lazy()})
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_days_written_by_an_older_version_lack_columns_but_stay_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = pl.Schema({name: dtype for name, dtype in STORED["turns"].items() if name != "word_probability"})
    monkeypatch.setitem(STORED, "turns", older)
    Store(tmp_path).swap_day(DAY, {"turns": turns("旧")})
    monkeypatch.undo()
    store = Store(tmp_path)
    store.swap_day(DAY + timedelta(days=1), {"turns": turns("新").with_columns(word_probability=pl.lit(0.9))})
    found = store.turns().sort("business_date").collect()
    assert found["text"].to_list() == ["旧", "新"]
    assert found["word_probability"].is_null().to_list() == [True, False]


def test_a_table_outside_the_contract_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("好")})
    before = files(tmp_path)
    with pytest.raises(ContractError, match="surprise"):
        store.swap_day(DAY, {"turns": turns("坏").with_columns(surprise=pl.lit(1))})
    with pytest.raises(ResultsError, match="nonsense"):
        store.swap_day(DAY, {"nonsense": turns("坏")})
    assert files(tmp_path) == before


def test_a_removed_day_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("好")})
    store.remove_day(DAY)
    assert files(tmp_path) == {} and store.days() == []
    with pytest.raises(ResultsError, match="no results of 2026-11-20"):
        store.damage(DAY)


def test_changed_bytes_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("好")})
    [path] = tmp_path.rglob("turns.parquet")
    path.write_bytes(path.read_bytes() + b"x")
    assert store.damage(DAY) == ["turns"]


KILLED = """
import os, signal, sys
from datetime import date
import polars as pl
from inspection.results import places
from inspection.results.store import Store

moves = int(sys.argv[2])
put = places.LocalPlace.put

def put_and_die(self, staged, name):
    global moves
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    moves -= 1
    put(self, staged, name)

places.LocalPlace.put = put_and_die
Store(sys.argv[1]).swap_day(date(2026, 11, 20), {"turns": pl.DataFrame({"call_id": ["new"], "turn_index": [0]})})
"""


@pytest.mark.parametrize("moves", [0, 1, len(STORED) - 1, len(STORED)])
def test_killed_while_writing_leaves_the_old_day(tmp_path: Path, moves: int) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("旧")})
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path, str(moves)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert store.turns().collect()["text"].to_list() == ["旧"]
    assert store.damage(DAY) == []
    store.swap_day(DAY, {"turns": turns("新")})
    assert store.turns().collect()["text"].to_list() == ["新"]
    assert len([name for name in files(tmp_path) if name.endswith(".parquet")]) == len(STORED)


@pytest.mark.parametrize(
    "failure",
    [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")],
    ids=["full", "forbidden"],
)
def test_a_disk_that_refuses_keeps_the_old_day_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    store = Store(tmp_path)
    store.swap_day(DAY, {"turns": turns("旧")})

    def refuse(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(
        ResultsError, match=f"2026-11-20 cannot be written: {failure.strerror}; what was there before is unchanged"
    ):
        store.swap_day(DAY, {"turns": turns("新")})
    monkeypatch.undo()
    assert store.turns().collect()["text"].to_list() == ["旧"]
    assert not list((tmp_path / ".staging").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_is_a_results_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = store.pq.ParquetWriter
    monkeypatch.setattr(store.pq, "ParquetWriter", lambda _, *schema, **options: write("/dev/full", *schema, **options))
    with pytest.raises(ResultsError, match="No space left"):
        Store(tmp_path).swap_day(DAY, {})


@pytest.mark.parametrize("lazy", [False, True])
def test_a_day_written_in_parts_is_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lazy: bool) -> None:
    rows = pl.DataFrame({
        "call_id": [None, "b", "a", "c", "b", None, "d", "a", "b"], "reason": list("jhgfedcba"), "stage": "intake",
    })  # fmt: skip
    monkeypatch.setattr(store, "PART_ROWS", 2)
    Store(tmp_path).swap_day(DAY, {"skips": rows.lazy() if lazy else rows})
    kept = Store(tmp_path).day("skips", DAY).select("call_id", "reason")
    assert kept.equals(rows.select("call_id", "reason").sort("call_id", "reason"))
    assert Store(tmp_path).damage(DAY) == []


def test_two_runs_of_one_day_at_once_the_second_is_told(tmp_path: Path) -> None:
    holder = textwrap.dedent(
        """
        import sys
        from datetime import date
        from inspection.results.store import Store
        with Store(sys.argv[1]).lock(date(2026, 11, 20)):
            print("held", flush=True)
            sys.stdin.read()
        """
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holder, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    store = Store(tmp_path)
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(ResultsError, match=f"2026-11-20 is being worked on by another run .process {other.pid}"):
            store.swap_day(DAY, {})
        with store.lock(DAY + timedelta(days=1)):
            store.swap_day(DAY + timedelta(days=1), {})  # a run's own steps go on under its lock
            with pytest.raises(ResultsError, match="another run"), store.lock(DAY + timedelta(days=1)):
                pass
    finally:
        other.kill()
        other.communicate()
    store.swap_day(DAY, {})  # the kernel dropped the killed run's lock
    assert store.days() == [DAY, DAY + timedelta(days=1)]


def test_object_storage_keeps_days_like_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket(monkeypatch, {}) as objects:
        store, folder = Store("s3://bank/store"), Store(tmp_path)
        for each in (store, folder):
            each.swap_day(DAY, {"turns": turns("旧", "旧")})
            each.swap_day(DAY, {"turns": turns("新")})
            each.swap_day(DAY + timedelta(days=1), {"turns": turns("次日")})
        assert store.days() == [DAY, DAY + timedelta(days=1)]
        assert store.turns(DAY, DAY).collect()["text"].to_list() == ["新"]
        assert {name.removeprefix("bank/store/"): content for name, content in objects.items()} == files(tmp_path)
        assert store.damage(DAY) == []
        store.remove_day(DAY)
        assert store.days() == [DAY + timedelta(days=1)]
    with pytest.raises(ResultsError, match="store s3://bank/store: 2026-11-20 cannot be written"):
        Store("s3://bank/store").swap_day(DAY, {})


@pytest.mark.parametrize("first", [True, False], ids=["a new day", "a day that is there"])
def test_of_two_hosts_that_write_a_day_at_once_the_slower_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """Regression: the day's lock is a file of one host, so another host's swap could remove a day's files under it."""
    with bucket(monkeypatch, {}):
        slow, quick = Store("s3://bank/store"), Store("s3://bank/store")
        if not first:
            slow.swap_day(DAY, {"turns": turns("旧")})
        monkeypatch.setattr(Store, "_lock_file", lambda store, day: tmp_path / f"{id(store)}.lock")  # a kernel each
        stage = Store._stage

        def overtaken(store: Store, folder: Path, name: str, frame: pl.DataFrame | None) -> str:
            if store is slow and name == "turns":
                quick.swap_day(DAY, {"turns": turns("快")})
            return stage(store, folder, name, frame)

        monkeypatch.setattr(Store, "_stage", overtaken)
        with pytest.raises(ResultsError, match="2026-11-20 was written by another run meanwhile"):
            slow.swap_day(DAY, {"turns": turns("慢")})
        assert slow.turns(DAY, DAY).collect()["text"].to_list() == ["快"]
        assert slow.damage(DAY) == []
