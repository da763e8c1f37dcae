"""A working folder for the sample day: its own copy of the dialer's database, settings that point into the package."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

from inspection.errors import UsageError

DAY = Path(__file__).parent / "day"
BUSINESS_DATE = date(2026, 11, 20)

SETTINGS = """\
# Written by `inspection demo`: the sample day on the small models. A firm's own folder comes from `inspection init`.
firm = "示例银行"
timezone = "Asia/Shanghai"

[dialer]
name = "sample-dialer"
kind = "mapping"
url = "sqlite:///{database}"
mapping = "{day}/mapping.yaml"
dispositions = "{day}/dispositions.yaml"

[recordings]
roots = ["{recordings}"]
settle_s = 0  # nobody is writing the sample day's recordings

[rulebook]
path = "{rulebook}"

[store]
root = "store"
transcripts = "transcripts"
work = "work"

[publish]
url = "sqlite:///{database}"  # beside the outcomes

[report]
folder = "reports"

[privacy]
pseudonym_key = "sample-day-only"
"""


def prepare(out: Path, recordings: Path = DAY / "recordings") -> Path:
    """Fills `out` and returns its settings file; a second call leaves results and transcripts as they are.

    Raises UsageError where `out` cannot be written.
    """
    from inspection.settings import PACKAGE

    out = out.resolve()
    database = out / "dialer.sqlite"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not database.exists():
            aside = out / "dialer.sqlite.part"
            shutil.copyfile(DAY / "dialer.sqlite", aside)
            os.replace(aside, database)
        settings = out / "inspection.toml"
        settings.write_text(
            SETTINGS.format(
                database=database, day=DAY, recordings=recordings, rulebook=PACKAGE.parent / "lexicons" / "zh-CN"
            ),
            "utf-8",
        )
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written: {error.strerror}") from error
    return settings
