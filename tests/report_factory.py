"""Plausible stored tables without any audio: days of attempts, calls, words, hits and findings for the report's tests.

Every frame follows tables.py; the same seed gives the same days. `fill` writes them into a real store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from inspection.results.store import Store
from inspection.tables import STORED, conform

PHONE, ID_CARD = "13800138000", "11010519491231002X"
ROBOT_OPENING = [
    ("robot", "您好，我是示例银行信用卡中心的智能客服，本次通话将被录音", ""),
    ("robot", "请问是张三先生本人吗", ""),
    ("customer", "是我", ""),
]
HUMAN_OPENING = [
    ("agent", "您好，我是受示例银行委托的工作人员，工号一零二四，通话会录音", ""),
    ("agent", "请问是张三先生本人吗", ""),
    ("customer", "对，我是", ""),
]
MIDDLE = [
    ("agent", "您名下的信用卡账单一千二百三十四元已经逾期七天", ""),
    ("customer", "知道了", ""),
    ("agent", "您可以通过手机银行还款", ""),
    ("customer", "明天下午还", "promise_to_pay|promise.date|明天下午还"),
]
CLOSING = [("agent", "感谢您的接听，再见", "")]
PLANTED = {  # rule id -> (turn, category, severity)
    "CN-THR-01": (("agent", "再不还我就叫几个人去你家", "threat|threat.visit|叫几个人去你家"), "fatal"),
    "CN-ABU-01": (("agent", "你这个人怎么这么不要脸", "abuse|abuse.shame|不要脸"), "fatal"),
    "CN-FEE-01": (("agent", "你加我微信转给我就行", "private_payment|fee.wechat|加我微信"), "fatal"),
    "CN-CMP-01": (("agent", "你投诉也没用", "obstruct_complaint|obstruct.useless|投诉也没用"), "major"),
    "CN-PRESS-01": (("agent", "今天必须还，没有商量", "pressure|pressure.today|今天必须还"), "minor"),
}
WARNED = {
    "complaint": ("customer", "我要投诉你们，打12378", "complaint|complaint.regulator|我要投诉"),
    "self_harm": ("customer", "你们逼得我不想活了", "self_harm|self_harm.life|不想活了"),
}
PRIVATE = ("customer", f"我的号码是{PHONE}，身份证{ID_CARD}", "")
TITLES = {
    "CN-THR-01": "暴力威胁",
    "CN-ABU-01": "辱骂侮辱",
    "CN-FEE-01": "私下收款",
    "CN-CMP-01": "阻碍投诉",
    "CN-PRESS-01": "高压催收",
    "CN-HOUR-01": "禁止时段拨打",
    "CN-FREQ-01": "每日接通次数超限",
    "CN-3P-02": "向第三方泄露债务",
    "CN-DISP-01": "外呼结果与通话不符",
    "CN-REC-01": "录音告知",
    "CN-ROBOT-03": "机器人话术与模板不符",
}
CHECKPOINTS = [
    ("CP1", "问候"),
    ("CP2", "机构自报"),
    ("CP4", "录音告知"),
    ("CP5", "身份核实"),
    ("CP6", "欠款与到期日"),
    ("CP11", "结束语"),
]
OUTCOMES = ["PTP", "REFUSE", "CALLBACK", "NON_OWNER", "THIRD_PARTY_MSG", "VOICEMAIL", "COMPLAINT", "OTHER"]
SILENT_OUTCOMES = ["NO_ANSWER", "BUSY", "POWER_OFF", "REJECT"]


LAST = date(2026, 3, 2)


def fill(root: Path, days: int = 3, attempts: int = 240, last: date = LAST, seed: int = 7) -> Store:
    """A store at `root` with that many days, the last one `last`."""
    store = Store(root)
    for index in range(days):
        day = last - timedelta(days=days - 1 - index)
        store.swap_day(day, make_day(day, attempts, seed + index))
    return store


def make_day(day: date, attempts: int, seed: int) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict]] = {name: [] for name in STORED}
    for number in range(attempts):
        _call(rows, rng, day, number)
    inspected = sum(row["state"] == "inspected" for row in rows["reconciliation"])
    rows["gates"] = list(_gates())
    rows["runs"].append(
        {
            "business_date": day,
            "run_id": f"run-{day}",
            "listed": attempts,
            "inspected": inspected,
            "skipped": attempts - inspected,
            "rulebook_fingerprint": "5f" * 32,
            "rulebook_version": "2026.03",
            "speech_fingerprint": "a1" * 32,
            "package_version": "0.1.0",
        }
    )
    return {
        name: conform(
            pl.DataFrame(rows[name], schema=None if rows[name] else schema, infer_schema_length=None),
            schema,
            table=name,
        )
        for name, schema in STORED.items()
    }


def _call(rows: dict[str, list[dict]], rng: np.random.Generator, day: date, number: int) -> None:
    attempt = _attempt(rng, day, number)
    rows["attempts"].append(attempt)
    call_id, talk = attempt["call_id"], attempt["talk_ms"]
    verdict = {
        "call_id": call_id,
        "answered": talk > 0,
        "talk_ms": talk,
        "has_recording": False,
        "has_transcript": False,
        "has_score": False,
    }
    if not talk:
        rows["reconciliation"].append(verdict | {"state": "not_connected", "reason": "not_connected"})
        rows["skips"].append({"call_id": call_id, "stage": "intake", "reason": "not_connected"})
        return
    if rng.random() < 0.06:
        reason = str(rng.choice(["recording_missing", "silent", "recording_truncated"]))
        rows["reconciliation"].append(
            verdict | {"state": "skipped", "reason": reason, "has_recording": reason != "recording_missing"}
        )
        rows["skips"].append({"call_id": call_id, "stage": "speech", "reason": reason, "detail": "a planted skip"})
        return
    duration = _heard(rows, rng, attempt)
    rows["recordings"].append(
        {
            "recording_id": f"r-{call_id}",
            "call_id": call_id,
            "location": f"{call_id}.wav",
            "size_bytes": talk * 8,
            "matched_by": "hint",
        }
    )
    rows["reconciliation"].append(
        verdict
        | {
            "recording_id": f"r-{call_id}",
            "state": "inspected",
            "has_recording": True,
            "has_transcript": True,
            "has_score": True,
            "duration_ms": duration,
        }
    )


def _attempt(rng: np.random.Generator, day: date, number: int) -> dict:
    hour = int(np.clip(rng.normal(14, 3.5), 7, 22))
    dialed = datetime(
        day.year, day.month, day.day, hour, int(rng.integers(60)), tzinfo=ZoneInfo("Asia/Shanghai")
    ).astimezone(UTC)
    answered, robot = rng.random() < 0.5, rng.random() < 0.4
    agency = str(rng.choice(["自营", "诚信外包", "华南外包"], p=[0.4, 0.35, 0.25]))
    talk = int(rng.integers(20_000, 90_000)) if answered else 0
    kind = "robot" if robot else "human"
    return {
        "call_id": f"{day:%Y%m%d}-{number:05d}",
        "business_date": day,
        "dialer": "demo",
        "direction": "outbound",
        "debtor_id": f"d{rng.integers(150)}",
        "case_id": f"c{number}",
        "customer_name": "张三",
        "phone_key": f"p{rng.integers(170)}",
        "phone_last4": "8000",
        "phone_owner": str(rng.choice(["debtor", "contact"], p=[0.85, 0.15])),
        "stage": str(rng.choice(["M0", "M1", "M2"])),
        "dpd": int(rng.integers(0, 90)),
        "product": "信用卡",
        "institution": "示例银行",
        "agency": agency,
        "agency_type": "own" if agency == "自营" else "agency",
        "team": f"{agency}{rng.integers(1, 3)}组",
        "campaign": str(rng.choice(["早期提醒", "常规催收"])),
        "agent_kind": kind,
        "agent_id": f"{'R' if robot else 'A'}{rng.integers(1, 9):03d}",
        "dialed_at": dialed,
        "answered_at": dialed + timedelta(seconds=8) if answered else None,
        "ended_at": dialed + timedelta(seconds=8, milliseconds=talk),
        "timezone": "Asia/Shanghai",
        "talk_ms": talk,
        "term_reason": "customer",
        "outcome": str(rng.choice(OUTCOMES if answered else SILENT_OUTCOMES)),
        "amount_due_cents": 123_456,
        "due_date": day - timedelta(days=7),
        "script_id": "m1",
    }


def _heard(rows: dict[str, list[dict]], rng: np.random.Generator, attempt: dict) -> int:
    """Turns, words, hits, checkpoints, findings, components and the score of one call; returns the audio's length."""
    call_id, robot = attempt["call_id"], attempt["agent_kind"] == "robot"
    heard = len(rows["audio"])
    drawn = rng.choice(list(PLANTED), size=int(rng.random() < 0.2), replace=False)
    planted = [list(PLANTED)[heard]] if heard < len(PLANTED) else [str(rule) for rule in drawn]  # each at least once
    warned = [kind for kind, chance in (("complaint", 0.06), ("self_harm", 0.015)) if rng.random() < chance]
    talk = [
        *(ROBOT_OPENING if robot else HUMAN_OPENING),
        *MIDDLE,
        *(PLANTED[rule][0] for rule in planted),
        *(WARNED[kind] for kind in warned),
        *([PRIVATE] if rng.random() < 0.3 else []),
        *CLOSING,
    ]
    clock, spoken = 500, {"agent": 0, "customer": 0}
    for index, (role, text, mark) in enumerate(talk):
        said_by = "robot" if robot and role == "agent" else role
        start, clock = clock, clock + 200 * len(text)
        spoken["customer" if role == "customer" else "agent"] += clock - start
        probability = float(rng.uniform(0.5, 0.99))
        rows["turns"].append(
            {
                "call_id": call_id,
                "turn_index": index,
                "role": said_by,
                "start_ms": start,
                "end_ms": clock,
                "text": text,
                "role_confidence": 0.9,
                "word_probability": probability,
            }
        )
        rows["words"].extend(
            {
                "call_id": call_id,
                "turn_index": index,
                "start": place,
                "end": place + 1,
                "start_ms": start + 200 * place,
                "end_ms": start + 200 * place + 200,
                "probability": probability,
            }
            for place in range(len(text))
        )
        if mark:
            category, entry, quote = mark.split("|")
            place = text.index(quote)
            rows["hits"].append(
                {
                    "call_id": call_id,
                    "turn_index": index,
                    "role": said_by,
                    "category": category,
                    "entry_id": entry,
                    "entry_version": 1,
                    "term": quote,
                    "quote": quote,
                    "start": place,
                    "end": place + len(quote),
                    "end_turn_index": index,
                    "start_ms": start + 200 * place,
                    "end_ms": start + 200 * (place + len(quote)),
                    "via": "text",
                    "confidence": probability,
                    "severity": "fatal",
                    "status": "live",
                    "kept": True,
                    "steps": ["kept"],
                }
            )
        clock += 300
    _judge(rows, rng, call_id, planted)
    rows["identity"].append(
        {
            "call_id": call_id,
            "at_ms": 4000,
            "turn_index": 2,
            "who": str(rng.choice(["debtor", "third_party"], p=[0.9, 0.1])),
            "quote": "是我",
            "confidence": 0.9,
        }
    )
    rows["acoustics"].append(
        {"call_id": call_id, "start_ms": 3000, "end_ms": 6500, "kind": "silence", "role": "none", "value": 3500.0}
    )
    rows["audio"].append(
        {
            "call_id": call_id,
            "audio_sha256": hashlib.sha256(call_id.encode()).hexdigest(),
            "speech_fingerprint": "a1" * 32,
            "duration_ms": clock,
            "channels": 2,
            "codec": str(rng.choice(["pcm_mulaw", "mp3"])),
            "sample_rate_hz": 8000,
            "layout": str(rng.choice(["stereo", "mono"])),
            "quality_flags": ["crosstalk"] if rng.random() < 0.1 else [],
            "role_confidence": 0.9,
            "role_basis": "dialer",
            "word_probability": float(rng.uniform(0.3, 0.98)),
            "speech_ms": sum(spoken.values()),
            "agent_speech_ms": spoken["agent"],
            "customer_speech_ms": spoken["customer"],
            "overtalk_ms": int(rng.integers(0, 900)),
            "silence_ms": int(rng.integers(0, 5000)),
            "first_agent_word_ms": 500,
            "dead_end_ms": 300,
        }
    )
    return clock


def _judge(rows: dict[str, list[dict]], rng: np.random.Generator, call_id: str, planted: list[str]) -> None:
    hits = {row["entry_id"]: row for row in rows["hits"][-12:] if row["call_id"] == call_id}
    earned = possible = 0.0
    fatal, unsure = [], 0
    for rule, title in TITLES.items():
        severity = PLANTED[rule][1] if rule in PLANTED else "major"
        verdict = (
            "fail"
            if rule in planted or (rule not in PLANTED and rng.random() < 0.04)
            else "unsure"
            if rng.random() < 0.02
            else "pass"
        )
        hit = hits.get(PLANTED[rule][0][2].split("|")[1], {}) if rule in PLANTED else {}
        place = {key: hit.get(key) for key in ("role", "turn_index", "start", "end", "start_ms", "end_ms", "quote")}
        rows["findings"].append(
            {
                "call_id": call_id,
                "rule_id": rule,
                "rule_version": 1,
                "title": title,
                "verdict": verdict,
                "severity": severity,
                "status": "live",
                "confidence": 0.8,
                "reason": "坐席在核实身份后说出禁止的话" if verdict == "fail" else "",
                "expected": "应当先核实身份 <b>" if verdict == "fail" else None,
                "related_calls": ["20260302-00001"] if rule == "CN-FREQ-01" and verdict == "fail" else [],
                "source": "GB/T 45251-2025",
                **place,
            }
        )
        worth = 10.0
        gained = 0.0 if verdict == "fail" else worth
        earned, possible = earned + gained, possible + worth
        fatal += [rule] if verdict == "fail" and severity == "fatal" else []
        unsure += verdict == "unsure"
        rows["components"].append(
            {
                "call_id": call_id,
                "scorecard": "collections",
                "component": title,
                "rule_id": rule,
                "verdict": verdict,
                "earned": gained,
                "possible": worth,
            }
        )
    for place, (checkpoint, title) in enumerate(CHECKPOINTS):
        state = str(
            rng.choice(
                ["pass", "late", "missing", "altered", "unsure", "not_applicable"],
                p=[0.78, 0.06, 0.08, 0.02, 0.03, 0.03],
            )
        )
        rows["checkpoints"].append(
            {
                "call_id": call_id,
                "script_id": "m1",
                "checkpoint_id": checkpoint,
                "title": title,
                "state": state,
                "mandatory": True,
                "at_ms": 500 + place * 3000 if state in {"pass", "late"} else None,
                "deadline_ms": 10_000,
                "confidence": 0.9,
                "detail": "漏“本次通话将被录音”" if state == "altered" else None,
            }
        )
    score = 0.0 if fatal else round(100 * earned / possible, 2)
    rows["scores"].append(
        {
            "call_id": call_id,
            "scorecard": "collections",
            "earned": earned,
            "possible": possible,
            "score": score,
            "band": "合格" if score >= 90 else "待改进" if score >= 70 else "预警",
            "fatal": bool(fatal),
            "fatal_rules": fatal,
            "unsure": unsure,
            "verdict": "fail" if fatal else "unsure" if unsure else "pass",
        }
    )


def _gates() -> Iterator[dict]:
    for gate, text, good in [
        ("intake", "每通电话有唯一编号 · every call has one id", True),
        ("speech", "录音与通话时长相差不超过一成 · lengths differ by at most a tenth", False),
        ("publish", "每通电话有得分或跳过原因 · every call is scored or skipped", True),
    ]:
        yield {
            "gate": gate,
            "expectation": "expect_column_values_to_not_be_null",
            "description": text,
            "severity": "critical" if good else "warning",
            "success": good,
            "observed": "0.0 %" if good else "2.1 %",
            "unexpected_count": 0 if good else 3,
            "unexpected_ids": [] if good else ["20260302-00004"],
        }
