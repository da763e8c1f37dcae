"""The workbench: a folder of Parquet files a business date, on which the steps of a day hand over to one another."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import polars as pl

from inspection import tables
from inspection.results.places import writing
from inspection.settings import Settings


class Workbench:
    """The unfinished day's tables; a file is either whole or absent."""

    def __init__(self, settings: Settings, business_date: date) -> None:
        self.folder = settings.store.work / business_date.isoformat()
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, frame: pl.DataFrame) -> None:
        path = self.folder / f"{name}.parquet"
        aside = path.with_suffix(f".{os.getpid()}.part")
        with writing(path):
            try:
                frame.write_parquet(aside)
                os.replace(aside, path)
            finally:
                aside.unlink(missing_ok=True)

    def get(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")

    def scan(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / f"{name}.parquet")

    def gather(self, prefix: str, schema: pl.Schema) -> pl.DataFrame:
        """All frames whose name begins so, one below the other."""
        parts = [pl.read_parquet(path) for path in sorted(self.folder.glob(f"{prefix}*.parquet"))]
        return pl.concat([tables.empty(schema), *parts])

    @property
    def data_docs(self) -> Path:
        """Great Expectations' own pages, a folder a gate; the report draws the same results without a network."""
        return self.folder / "data-docs"

    def clear(self, prefix: str = "") -> None:
        for path in self.folder.glob(f"{prefix}*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
