"""Recordings: listed, hashed and read below the configured roots, and nothing outside them whatever a location says."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from inspection.errors import IntakeError
from inspection.intake import recordings
from inspection.intake.recordings import Archive, settled
from inspection.intake.roots import ForbiddenError
from inspection.settings import RecordingSettings

DAY = date(2026, 11, 20)


def archive(folder: Path, *roots: str, cache: Path | None = None, **settings: object) -> Archive:
    return Archive(RecordingSettings(roots=roots or (str(folder),), **settings), cache or folder.parent / "cache")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with two recordings, beside a secret that lies outside it."""
    root = tmp_path / "rec"
    (root / "a").mkdir(parents=True)
    (root / "a" / "one.wav").write_bytes(b"one")
    (root / "two.mp3").write_bytes(b"two!")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    return root


def test_every_file_of_a_root_is_listed_once_with_its_facts(tree: Path) -> None:
    listed = archive(tree).listed(DAY)
    assert listed.select("relative", "size_bytes", "forbidden").rows() == [
        ("a/one.wav", 3, False),
        ("two.mp3", 4, False),
    ]
    assert listed["recording_id"][1] == hashlib.sha256(b"two.mp3").hexdigest()
    assert listed["location"][0] == str(tree / "a" / "one.wav")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/*", ["a/one.wav", "two.mp3"]),
        ("**/*.wav", ["a/one.wav"]),
        ("*", ["two.mp3"]),
        ("%Y/**/*", []),
        ("a/*.wav", ["a/one.wav"]),
    ],
)
def test_a_pattern_chooses_and_may_hold_the_date(tree: Path, pattern: str, names: list[str]) -> None:
    assert archive(tree, pattern=pattern).listed(DAY)["relative"].to_list() == names


def test_a_pattern_with_the_date_lists_one_days_folder(tree: Path) -> None:
    (tree / "2026" / "11" / "20").mkdir(parents=True)
    (tree / "2026" / "11" / "20" / "x.wav").write_bytes(b"x")
    assert archive(tree, pattern="%Y/%m/%d/**/*").listed(DAY)["relative"].to_list() == ["2026/11/20/x.wav"]


def test_names_may_repeat_in_several_roots(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "two.mp3").write_bytes(b"other")
    both = archive(tree, str(tree), str(tmp_path / "other"))
    listed = both.listed(DAY)
    assert listed["recording_id"].n_unique() == listed.height == 3
    assert {both.read(location) for location in listed["location"]} == {b"one", b"two!", b"other"}


def test_a_missing_root_is_an_intake_error(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="nowhere: no such folder"):
        archive(tmp_path / "nowhere").listed(DAY)


@pytest.mark.parametrize("scheme", ["ftp://host/x", "gopher://host"])
def test_an_unknown_kind_of_root_is_named(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"recordings.roots: \w+://: not one of"):
        archive(tmp_path, scheme)


@pytest.mark.parametrize(
    "location",
    [
        "{tmp}/secret.wav",
        "{root}/../secret.wav",
        "{root}/a/../../secret.wav",
        "../secret.wav",
        "secret.wav",
        "/etc/passwd",
        "file:///etc/passwd",
        "file://{root}/../secret.wav",
        "http://169.254.169.254/latest/meta-data",
        "{root}",
        "{root}/link.wav",
        "{root}/folder-link/secret.wav",
        "{root}/fifo.wav",
        "{root}/a\\..\\..\\..\\secret.wav",
        "{root}/a/\n/x",
        "",
    ],
)
def test_no_location_leaves_the_roots(tree: Path, tmp_path: Path, location: str) -> None:
    (tree / "link.wav").symlink_to(tmp_path / "secret.wav")
    (tree / "folder-link").symlink_to(tmp_path)
    os.mkfifo(tree / "fifo.wav")
    house = archive(tree)
    with pytest.raises(ForbiddenError):
        house.read(location.format(root=tree, tmp=tmp_path))
    with pytest.raises(ForbiddenError):
        house.local_copy(location.format(root=tree, tmp=tmp_path))


def test_links_and_devices_are_listed_as_forbidden_and_never_hashed(tree: Path, tmp_path: Path) -> None:
    (tree / "out.wav").symlink_to(tmp_path / "secret.wav")
    (tree / "gone.wav").symlink_to(tree / "nothing.wav")
    (tree / "in.wav").symlink_to(tree / "two.mp3")
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "fifo.wav")
    listed = archive(tree).listed(DAY)
    assert set(listed.filter(pl.col("forbidden"))["relative"]) == {"out.wav", "gone.wav", "fifo.wav"}
    assert set(listed.filter(~pl.col("forbidden"))["relative"]) == {"a/one.wav", "two.mp3", "in.wav"}
    assert archive(tree).read(str(tree / "in.wav")) == b"two!"


def test_a_link_put_there_after_listing_is_not_followed(tree: Path, tmp_path: Path) -> None:
    house = archive(tree)
    listed = house.listed(DAY)
    (tree / "two.mp3").unlink()
    (tree / "two.mp3").symlink_to(tmp_path / "secret.wav")
    hashed = house.hashed(listed)
    assert hashed["audio_sha256"].to_list() == [hashlib.sha256(b"one").hexdigest(), None]


@pytest.mark.parametrize(
    ("hint", "forbidden"),
    [
        ("x.wav", False),
        ("a/x.wav", False),
        ("../x.wav", True),
        ("a\\..\\..\\x.wav", True),
        ("{root}/x.wav", False),
        ("/etc/x.wav", True),
        ("http://evil/x.wav", True),
        ("{root}/../x.wav", True),
    ],
)
def test_a_hint_that_points_outside_is_known_as_such(tree: Path, hint: str, forbidden: bool) -> None:
    assert archive(tree).is_forbidden(hint.format(root=tree)) is forbidden


def test_hashes_are_those_of_the_bytes_and_growth_is_noticed(tree: Path) -> None:
    house = archive(tree)
    listed = house.listed(DAY)
    (tree / "two.mp3").write_bytes(b"two! and more")
    hashed = house.hashed(listed)
    assert hashed["audio_sha256"][0] == hashlib.sha256(b"one").hexdigest()
    assert hashed["grew"].to_list() == [False, True]


def test_too_many_bytes_are_refused(tree: Path) -> None:
    house = archive(tree, max_bytes=3)
    assert house.read(str(tree / "a" / "one.wav")) == b"one"
    with pytest.raises(IntakeError, match=r"larger than recordings.max_bytes = 3"):
        house.read(str(tree / "two.mp3"))


@pytest.mark.parametrize(
    ("age_s", "is_settled"), [(0, False), (29, False), (30, True), (3600, True), (-5, False), (-3600, True)]
)
def test_a_recording_is_settled_when_it_is_old_enough_or_clocks_disagree(age_s: int, is_settled: bool) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    listed = pl.DataFrame({"modified_at": [now - timedelta(seconds=age_s)]})
    assert listed.select(settled(listed, now, 30.0)).item() is is_settled


class Slow:
    """A remote root of one file, for the limits of copying."""

    def __init__(self, content: bytes) -> None:
        self.content, self.opened = content, 0

    def below(self, location: str) -> str | None:
        return location.removeprefix("far://") if location.startswith("far://") else None

    def open(self, relative: str):
        import io

        self.opened += 1
        return io.BytesIO(self.content)


def remote(tmp_path: Path, content: bytes, **settings: object) -> tuple[Archive, Slow]:
    house = archive(tmp_path / "rec", cache=tmp_path / "cache", **settings)
    root = Slow(content)
    object.__setattr__(house, "roots", (root,))
    return house, root


def test_a_remote_recording_is_copied_once_and_read_from_the_copy(tmp_path: Path) -> None:
    house, root = remote(tmp_path, b"far away")
    assert house.local_copy("far://x.wav").read_bytes() == b"far away"
    assert house.read("far://x.wav") == b"far away"
    assert root.opened == 1


def test_copies_are_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    house, root = remote(tmp_path, b"0123456789")
    object.__setattr__(house, "cache_bytes", 25)
    for name in "abc":
        os.utime(house.local_copy(f"far://{name}"), (ord(name), ord(name)))
    assert len(list((tmp_path / "cache").iterdir())) == 2
    house.local_copy("far://c")
    assert root.opened == 3
    house.local_copy("far://a")
    assert root.opened == 4


def test_a_copy_that_is_too_large_or_too_slow_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house, _ = remote(tmp_path, b"0123456789", max_bytes=9)
    with pytest.raises(IntakeError, match="larger than"):
        house.local_copy("far://x")
    house, _ = remote(tmp_path, b"0123456789")
    monkeypatch.setattr(recordings, "DOWNLOAD_S", -1)
    with pytest.raises(IntakeError, match="took more than"):
        house.local_copy("far://x")
    assert list((tmp_path / "cache").iterdir()) == []
