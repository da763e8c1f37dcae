"""Forgetting: one call, or all past their date, goes from every place the house keeps it; each leaves an audit row.

Places: store, transcripts, reviewed roles, published tables, report and evidence pages, the workbenches of the day and
of those after it, and what other days say of the call. The scheduler's artifacts hold no call ids (`day.summarise`).
Recordings are the firm's own archive and are only ever read; they are named in the result so that their owner deletes
them as well.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from inspection.errors import ResultsError
from inspection.privacy import mask
from inspection.results import publish
from inspection.results.audit import Forgotten, audit_rows, digest, write_audit
from inspection.results.locks import hold
from inspection.results.store import Store
from inspection.settings import Settings
from inspection.speech.review import withdraw
from inspection.tables import STORED

RELATED_DAYS = 31
"""How many days later a finding may still name a call; rules look back no further."""


def forget(
    settings: Settings, call_id: str, reason: str, *, now: datetime | None = None
) -> tuple[Forgotten, list[str]]:
    """Removes one call from every place; returns what went and the locations of its recordings.

    A call that is already gone from the store is removed from the other places all the same, so an interrupted
    forgetting is finished by repeating it. Raises ResultsError when no place knows the call or a place refuses.
    """
    with _nobody_works(settings):
        return _forget(settings, call_id, reason, now or datetime.now(UTC))


def _forget(settings: Settings, call_id: str, reason: str, now: datetime) -> tuple[Forgotten, list[str]]:
    store = Store(settings.store.root)
    known = store.attempts().filter(pl.col("call_id") == call_id).select("business_date").unique().collect()
    days = sorted(known["business_date"])
    if not days:
        raise ResultsError(f"store {store.root}: no day lists the call {call_id}; nothing to forget")
    locations: list[str] = []
    rows = transcripts = pages = 0
    for day in days:
        audio, found = _recordings(store, day, call_id)
        locations += found
        transcripts += _remove_transcripts(settings, store, audio, call_id)
    pages += _remove_copies(settings, locations)
    pages += sum(_remove_pages(settings, day) for day in days) + _remove_mentions(settings, days, [call_id])
    published = _withdraw(settings, [call_id])
    withdraw(settings.store.reviewed_roles, [call_id])
    for day in [*_related_days(store, days, [call_id]), *days]:  # last, so that an interrupted one still knows the call
        rows += _remove_from_day(store, day, [call_id])
    done = Forgotten(digest(call_id), str(days[-1]), reason, rows, transcripts, published, pages, len(locations))
    write_audit(settings, [done], now)
    return done, locations


def purge(settings: Settings, today: date, *, now: datetime | None = None) -> list[Forgotten]:
    """Removes every day older than `privacy.retention_days` from every place, with an audit row for each call.

    Younger days stay, without the mention of calls that went; reports over a range that quote them go.
    """
    last = today - timedelta(days=settings.privacy.retention_days)
    with _nobody_works(settings):
        due = Store(settings.store.root).days(end=last - timedelta(days=1))
        return [done for day in due for done in _purge_day(settings, day, now or datetime.now(UTC))]


def _purge_day(settings: Settings, day: date, now: datetime) -> list[Forgotten]:
    store = Store(settings.store.root)
    calls = store.day("attempts", day)["call_id"]
    heard = store.day("audio", day)["audio_sha256"]
    hashes = pl.concat([store.day("recordings", day)["audio_sha256"], heard]).drop_nulls().unique()
    counts = _rows_by_call(store, day)
    pages = _remove_pages(settings, day) + _remove_copies(settings, store.day("recordings", day)["location"].to_list())
    pages += _remove_mentions(settings, [day], calls)
    kept = _heard_elsewhere(store, day, hashes)
    removed = sum(_transcripts(settings).remove(sha256) for sha256 in hashes if sha256 not in kept)
    published = _withdraw_day(settings, day)
    withdraw(settings.store.reviewed_roles, calls)
    for later in _related_days(store, [day], calls):
        named = _named_calls(store, later, calls)
        _withdraw(settings, named)
        _remove_from_day(store, later, named)
    done = [
        Forgotten(digest(call_id), str(day), "retention", counts.get(call_id, 0), 0, 0, 0, 0)
        for call_id in calls.sort()
    ]
    whole = Forgotten(digest(str(day)), str(day), "retention: whole day", 0, removed, published, pages, 0)
    write_audit(settings, [*done, whole], now)
    store.remove_day(day)
    return done


def _recordings(store: Store, day: date, call_id: str) -> tuple[list[str], list[str]]:
    found = store.day("recordings", day).filter(pl.col("call_id") == call_id)
    heard = store.day("audio", day).filter(pl.col("call_id") == call_id)["audio_sha256"]
    hashes = pl.concat([found["audio_sha256"], heard]).drop_nulls().unique().sort()
    return hashes.to_list(), found["location"].to_list()


def _remove_transcripts(settings: Settings, store: Store, hashes: Iterable[str], call_id: str) -> int:
    """Transcripts go unless another call has the same audio."""
    others = store.audio().filter((pl.col("call_id") != call_id) & pl.col("audio_sha256").is_in(list(hashes)))
    shared = set(others.select("audio_sha256").collect()["audio_sha256"])
    return sum(_transcripts(settings).remove(sha256) for sha256 in hashes if sha256 not in shared)


def _heard_elsewhere(store: Store, day: date, hashes: pl.Series) -> set[str]:
    others = store.audio().filter((pl.col("business_date") != day) & pl.col("audio_sha256").is_in(hashes.implode()))
    return set(others.select("audio_sha256").collect()["audio_sha256"])


def _related_days(store: Store, days: list[date], calls: Iterable[str]) -> list[date]:
    """Other days whose findings name one of the calls among those that prove a rule."""
    after = store.findings(days[0], days[-1] + timedelta(days=RELATED_DAYS)).select("business_date", "related_calls")
    named = after.explode("related_calls", empty_as_null=True).filter(pl.col("related_calls").is_in(list(calls)))
    found = named.select("business_date").unique().collect()["business_date"]
    return sorted(day for day in found if day not in days)


def _named_calls(store: Store, day: date, calls: Iterable[str]) -> list[str]:
    """Those of the calls that the day's findings name."""
    named = store.findings(day, day).select(pl.col("related_calls").explode()).drop_nulls().unique().collect()
    return sorted(set(named.to_series()) & set(calls))


def _remove_from_day(store: Store, day: date, calls: list[str]) -> int:
    """Swaps the day for one without the calls; other rows only lose the mention of them. Returns the rows removed."""
    tables, removed = {}, 0
    named = publish.naming(calls)
    for name in STORED:
        frame = store.day(name, day)
        if "call_id" in frame.columns:
            rest = frame.filter(~pl.col("call_id").is_in(calls).fill_null(False))
            removed += frame.height - rest.height
            frame = rest
        lists = [column for column in ("related_calls", "unexpected_ids") if column in frame.columns]
        texts = [column for column in ("reason", "detail", "observed") if column in frame.columns]
        tables[name] = frame.with_columns(
            *(pl.col(column).list.eval(pl.element().filter(~pl.element().is_in(calls))) for column in lists),
            *(_unnamed(pl.col(column), named) for column in texts),
        )
    tables["runs"] = _recounted(tables)
    store.swap_day(day, tables)
    return removed


def _unnamed(texts: pl.Expr, named: re.Pattern[str]) -> pl.Expr:
    words = texts.unique().drop_nulls()  # few reasons are different
    changed = words.map_elements(lambda text: named.sub("–", text), return_dtype=pl.String)
    return texts.replace(words.implode(), changed.implode())


def _recounted(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The run's counts after a call went, so that the day still balances."""
    calls = tables["reconciliation"].filter(pl.col("state") != "surplus_recording")
    inspected = calls.filter(pl.col("state") == "inspected").height
    return tables["runs"].with_columns(
        listed=pl.lit(calls.height, pl.Int32),
        inspected=pl.lit(inspected, pl.Int32),
        skipped=pl.lit(calls.height - inspected, pl.Int32),
    )


def _rows_by_call(store: Store, day: date) -> dict[str, int]:
    parts = [store.table(name, day, day).select("call_id") for name in STORED if "call_id" in STORED[name]]
    return dict(pl.concat(parts).drop_nulls().group_by("call_id").len().collect().iter_rows())


def _remove_pages(settings: Settings, day: date) -> int:
    """Reports quote many calls: the day's folder goes whole and is drawn again from what is left.

    So do the workbenches of the day and of those whose findings may name its calls; their results are in the store.
    """
    benches = [settings.store.work / str(day + timedelta(days=after)) for after in range(RELATED_DAYS + 1)]
    removed = 0
    for folder in (settings.report.folder / str(day), *benches):
        if folder.is_dir():
            removed += sum(1 for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
    return removed


def _remove_mentions(settings: Settings, days: list[date], calls: Iterable[str]) -> int:
    """Files of other reports (topics, later days) that name one of the calls; they can be drawn again without it."""
    from ahocorasick_rs import BytesAhoCorasick

    words = sorted({word.encode() for call_id in calls for word in (call_id, mask(call_id), _page(call_id)) if word})
    if not words:
        return 0
    search = BytesAhoCorasick(words)
    found = [
        path for path in _drawn(settings, days) if any(search.find_matches_as_indexes(text) for text in _texts(path))
    ]
    for path in found:
        path.unlink()
    return len(found)


def _drawn(settings: Settings, days: list[date]) -> list[Path]:
    """Files of reports that may quote a call of these days: all but those of days too early or too late for it."""
    last = str(days[-1] + timedelta(days=RELATED_DAYS))
    apart = re.compile(r"\d{4}-\d\d-\d\d")
    folders = settings.report.folder.glob("*")
    near = [one for one in folders if not apart.fullmatch(one.name) or str(days[0]) <= one.name <= last]
    return [path for one in near for path in ([one] if one.is_file() else one.rglob("*")) if path.is_file()]


def _page(call_id: str) -> str:
    """The name of a call's evidence page (report.evidence.page_name), to which other pages lead."""
    return digest(call_id)[:16]


def _texts(path: Path) -> Iterator[bytes]:
    """What a file holds, and its name."""
    yield path.name.encode()
    if path.suffix == ".parquet":
        yield repr(pl.read_parquet(path).cast(pl.String, strict=False).rows()).encode()
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name) for name in book.namelist())
    else:
        yield path.read_bytes()


@contextmanager
def _nobody_works(settings: Settings) -> Iterator[None]:
    """Held while calls go; a run that is going on could bring them back. Raises ResultsError at once while it is."""
    with hold(settings.store.work / ".run.lock", f"the working folder {settings.store.work.parent}"):
        yield


def _remove_copies(settings: Settings, locations: list[str]) -> int:
    """Cached copies of remote recordings."""
    copies = [settings.store.work / "recordings" / digest(location) for location in locations]
    present = [path for path in copies if path.exists()]
    for path in present:
        path.unlink()
    return len(present)


def _withdraw(settings: Settings, call_ids: list[str]) -> int:
    url = settings.publish.url.get_secret_value()
    return publish.withdraw(url, call_ids) if url else 0


def _withdraw_day(settings: Settings, day: date) -> int:
    url = settings.publish.url.get_secret_value()
    return publish.withdraw_day(url, day) if url else 0


def _transcripts(settings: Settings):
    from inspection.speech.transcripts import TranscriptStore

    return TranscriptStore(settings.store.transcripts)


__all__ = ["Forgotten", "audit_rows", "forget", "purge"]
