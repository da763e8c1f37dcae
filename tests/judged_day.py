"""A judged day of six calls in the schemas of tables.py, small enough to know every row by heart.

good      inspected, clean, 100 points
threat    inspected, a fatal threat: 0 points; its turns and quotes hold a planted number and the customer's name
vague     the dialer says PTP, nobody promised: CN-PTP-01 fails
lost      talked, but no recording
silent    nobody answered
broken    its recording is truncated
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from inspection.tables import STORED, conform

DAY = date(2026, 11, 20)
NUMBERS = ["13812345678", "11010519491231002X", "4111111111111111", "zhang.san@mail.example"]
NAME = "张三丰"
INSPECTED = {"good": "A1", "threat": "A2", "vague": "A1"}
OTHERS = {"lost": "recording_missing", "silent": "not_connected", "broken": "recording_truncated"}
SAID = f"{NAME}你听好，我叫人去你家，号码{NUMBERS[0]}"


def frame(table: str, rows: list[dict]) -> pl.DataFrame:
    return (
        conform(pl.DataFrame(rows, infer_schema_length=None), STORED[table], table=table)
        if rows
        else pl.DataFrame(schema=STORED[table])
    )


def judged_day(day: date = DAY, prefix: str = "") -> dict[str, pl.DataFrame]:
    """All tables of the store for that date; `prefix` makes other call ids."""
    ids = [*INSPECTED, *OTHERS]
    rows: dict[str, list[dict]] = {name: [] for name in STORED}
    for place, name in enumerate(ids):
        dialled = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(minutes=10 * place)
        answered = name != "silent"
        rows["attempts"].append(
            {
                "call_id": prefix + name,
                "business_date": day,
                "linked_call_id": prefix + name,
                "dialer": "test",
                "direction": "outbound",
                "debtor_id": f"d{place}",
                "case_id": f"case{place}",
                "customer_name": NAME,
                "phone_key": f"key{place}",
                "phone_last4": "5678",
                "phone_owner": "debtor",
                "stage": "M1",
                "dpd": 10,
                "product": "信用卡",
                "institution": "示例银行",
                "agency": "远帆",
                "agency_type": "agency",
                "team": "一组",
                "campaign": "早期",
                "agent_kind": "human",
                "agent_id": INSPECTED.get(name, "A3"),
                "dialed_at": dialled,
                "answered_at": dialled + timedelta(seconds=5) if answered else None,
                "ended_at": dialled + timedelta(seconds=35),
                "timezone": "Asia/Shanghai",
                "talk_ms": 30_000 if answered else 0,
                "outcome_raw": "01",
                "outcome": "PTP" if name == "vague" else "OTHER",
            }
        )
        heard = name in INSPECTED
        if name not in ("lost", "silent"):
            rows["recordings"].append(
                {
                    "recording_id": f"r-{prefix}{name}",
                    "call_id": prefix + name,
                    "location": f"/rec/{NUMBERS[0]}_{name}.wav",
                    "size_bytes": 9,
                    "audio_sha256": f"sha-{prefix}{name}",
                    "matched_by": "hint",
                }
            )
        if heard:
            _heard(rows, prefix + name, name)
        else:
            rows["skips"].append({"call_id": prefix + name, "stage": "intake", "reason": OTHERS[name], "detail": None})
        rows["reconciliation"].append(
            {
                "call_id": prefix + name,
                "recording_id": f"r-{prefix}{name}" if heard else None,
                "answered": answered,
                "has_recording": heard,
                "has_transcript": heard,
                "has_score": heard,
                "state": "inspected" if heard else "not_connected" if name == "silent" else "skipped",
                "reason": OTHERS.get(name),
                "talk_ms": 30_000,
                "duration_ms": 30_500 if heard else None,
            }
        )
    rows["runs"].append(
        {
            "business_date": day,
            "run_id": "run",
            "listed": 6,
            "inspected": 3,
            "skipped": 3,
            "rulebook_fingerprint": "f" * 64,
            "rulebook_version": "1",
            "speech_fingerprint": "e" * 64,
            "package_version": "0.1.0",
        }
    )
    return {name: frame(name, rows[name]) for name in STORED}


def _heard(rows: dict[str, list[dict]], call_id: str, name: str) -> None:
    text = SAID if name == "threat" else "您好"
    rows["audio"].append(
        {
            "call_id": call_id,
            "audio_sha256": f"sha-{call_id}",
            "speech_fingerprint": "e" * 64,
            "duration_ms": 30_500,
            "channels": 2,
            "codec": "pcm_mulaw",
            "layout": "stereo",
            "quality_flags": [],
            "role_confidence": 0.9,
            "role_basis": "dialer",
            "word_probability": 0.9,
        }
    )
    rows["turns"].append(
        {"call_id": call_id, "turn_index": 0, "role": "agent", "start_ms": 0, "end_ms": 5000, "text": text}
    )
    rows["words"] += [
        {
            "call_id": call_id,
            "turn_index": 0,
            "start": at,
            "end": at + 1,
            "start_ms": 100 * at,
            "end_ms": 100 * at + 100,
            "probability": 0.9,
        }
        for at in range(len(text))
    ]
    place = {
        "turn_index": 0,
        "role": "agent",
        "start": 6,
        "end": 12,
        "start_ms": 600,
        "end_ms": 1200,
        "quote": text[6:12],
    }
    if name == "threat":
        rows["hits"] += [
            {
                "call_id": call_id,
                "category": "threat",
                "entry_id": "threat.visit",
                "entry_version": 3,
                "term": "[叫|找] ..4 人",
                "via": "text",
                "confidence": 0.9,
                "severity": "fatal",
                "status": "live",
                "kept": True,
                "end_turn_index": 0,
                "steps": ["kept: nothing clears it"],
                **place,
            },
            {
                "call_id": call_id,
                "category": "abuse",
                "entry_id": "abuse.listen",
                "entry_version": 1,
                "term": "你听好",
                "via": "text",
                "confidence": 0.5,
                "severity": "minor",
                "status": "trial",
                "kept": False,
                "cleared_by": "exception",
                "end_turn_index": 0,
                "steps": ["exception 你听好，我"],
                **place,
            },
        ]
    failed = {"threat": ("CN-THR-01", "fatal"), "vague": ("CN-PTP-01", "major")}.get(name)
    for rule, severity in (("CN-THR-01", "fatal"), ("CN-PTP-01", "major")):
        fails = failed is not None and rule == failed[0]
        rows["findings"].append(
            {
                "call_id": call_id,
                "rule_id": rule,
                "rule_version": 2,
                "title": "标题",
                "verdict": "fail" if fails else "pass",
                "severity": severity,
                "status": "live",
                "confidence": 0.9,
                "reason": f"{NAME}（{NUMBERS[0]}）听到威胁" if fails else "",
                "expected": "只陈述事实" if fails else None,
                "related_calls": ["good"] if fails else [],
                "source": "GB/T 45251-2025",
                **(place | {"quote": SAID} if fails and name == "threat" else {}),
            }
        )
        earned = 0.0 if fails or name == "threat" else 50.0
        rows["components"].append(
            {
                "call_id": call_id,
                "scorecard": "default",
                "component": rule,
                "rule_id": rule,
                "verdict": "fail" if fails else "pass",
                "earned": earned,
                "possible": 50.0,
            }
        )
    points = {"good": 100.0, "threat": 0.0, "vague": 50.0}[name]
    rows["scores"].append(
        {
            "call_id": call_id,
            "scorecard": "default",
            "earned": points,
            "possible": 100.0,
            "score": points,
            "band": "合格",
            "fatal": name == "threat",
            "fatal_rules": ["CN-THR-01"] if name == "threat" else [],
            "unsure": 0,
            "verdict": "pass" if name == "good" else "fail",
        }
    )
