"""The dialer's outcome codes and the canonical ones: a file that compliance edits, never a guess.

version: 1
codes:
  01: PTP            # the dialer's code or name, as it stands in its table: the canonical code
  承诺还款: PTP
  无人接听: NO_ANSWER
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import polars as pl
import yaml

from inspection.errors import IntakeError

CANONICAL = MappingProxyType(
    {
        "PTP": "承诺还款",
        "PTP_BROKEN": "跳票",
        "PARTIAL": "部分还款",
        "PAID": "已还款",
        "REFUSE": "拒绝还款",
        "NEGOTIATE": "协商跟进",
        "DISPUTE": "有异议",
        "COMPLAINT": "投诉",
        "THIRD_PARTY_MSG": "第三方转告",
        "THIRD_PARTY_PAY": "第三方代偿",
        "NON_OWNER": "非本人",
        "CALLBACK": "预约回电",
        "TRANSFER": "转人工",
        "VULNERABLE": "弱势关怀",
        "DNC": "停止联系",
        "NO_ANSWER": "无人接听",
        "BUSY": "占线",
        "REJECT": "拒接",
        "POWER_OFF": "关机",
        "OUT_OF_SERVICE": "停机",
        "EMPTY_NUMBER": "空号",
        "VOICEMAIL": "语音信箱",
        "SKIP_LOST": "失联",
        "OTHER": "其他",
    }
)
"""Canonical outcome codes with their Chinese names; the set is that of the public systems of domain §5.5."""

UNMAPPED = "UNMAPPED"


def load_dispositions(path: Path) -> dict[str, str]:
    """The dialer's codes → canonical codes. Raises IntakeError naming file and code for anything else."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # builds text only: a code 01 stays 01
    except OSError as error:
        raise IntakeError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise IntakeError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    codes = content.get("codes") if isinstance(content, dict) else None
    if not isinstance(codes, dict):
        raise IntakeError(f"{path}: needs a key `codes` with the dialer's codes and their canonical ones")
    for raw, canonical in codes.items():
        if canonical not in CANONICAL:
            raise IntakeError(f"{path}: codes.{raw}: {canonical!r} is not one of {', '.join(CANONICAL)}")
    return codes


def canonical_outcome(raw: str, codes: dict[str, str]) -> pl.Expr:
    """The canonical code of column `raw`; UNMAPPED for a code that the file does not name, and for none at all."""
    return pl.col(raw).replace_strict(list(codes), list(codes.values()), default=UNMAPPED, return_dtype=pl.String)


def unmapped_codes(attempts: pl.DataFrame) -> pl.DataFrame:
    """The codes that the file does not name, with their counts: what compliance has to decide next."""
    unknown = attempts.filter(pl.col("outcome") == UNMAPPED)
    return (
        unknown.group_by("outcome_raw").agg(attempts=pl.len()).sort("attempts", "outcome_raw", descending=[True, False])
    )
