"""The sample day's dialer: an SQLite database in the plain shape of a domestic collection system."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

from inspection.demo.attempts import AGENCIES, OWN_HOUSE, RESULTS, STAGES, Attempt, case_no
from inspection.demo.texts import Day

SCHEMA = """
CREATE TABLE agencies (agency_no TEXT PRIMARY KEY, agency_name TEXT, agency_type TEXT);
CREATE TABLE agents (agent_no TEXT PRIMARY KEY, agent_type TEXT, team_name TEXT);
CREATE TABLE campaigns (campaign_no TEXT PRIMARY KEY, campaign_name TEXT, product_name TEXT);
CREATE TABLE dispositions (result_code TEXT PRIMARY KEY, result_name TEXT);
CREATE TABLE cases (
    case_no TEXT PRIMARY KEY, customer_no TEXT, customer_name TEXT, stage TEXT, overdue_days INTEGER,
    amount_due NUMERIC, due_date TEXT, consent_flag INTEGER, stop_flag INTEGER, waiver_no TEXT
);
CREATE TABLE call_log (
    call_no TEXT PRIMARY KEY, linked_no TEXT, case_no TEXT REFERENCES cases, campaign_no TEXT REFERENCES campaigns,
    agent_no TEXT REFERENCES agents, agency_no TEXT REFERENCES agencies, called_no TEXT, owner_type TEXT,
    dial_time TEXT, answer_time TEXT, hangup_time TEXT, talk_seconds INTEGER, hangup_by TEXT,
    result_code TEXT REFERENCES dispositions, promise_date TEXT, record_file TEXT, agent_channel INTEGER
);
CREATE INDEX call_log_dial_time ON call_log (dial_time);
"""

PRODUCTS = {"card_reminder": "信用卡", "card_early": "信用卡", "loan_early": "消费贷款", "loan_late": "消费贷款"}


def write_database(path: Path, day: Day, rows: dict[str, Attempt], files: dict[str, str]) -> None:
    """A fresh database; `files` gives the recording's name for the calls whose dialer row names one."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        agencies = [OWN_HOUSE, *((number, name, "委外") for name, number in AGENCIES.items())]
        agents = [(no, "机器人" if one["kind"] == "robot" else "人工", one["team"]) for no, one in day.staff.items()]
        database.executemany("INSERT INTO agencies VALUES (?, ?, ?)", agencies)
        database.executemany("INSERT INTO agents VALUES (?, ?, ?)", agents)
        campaigns = [(no, name, PRODUCTS[no]) for no, name in day.campaigns.items()]
        database.executemany("INSERT INTO campaigns VALUES (?, ?, ?)", campaigns)
        database.executemany(
            "INSERT INTO dispositions VALUES (?, ?)", [(code, name) for code, (name, _) in RESULTS.items()]
        )
        database.executemany(f"INSERT INTO cases VALUES ({', '.join('?' * 10)})", _cases(day, rows))
        log = [_log_row(call_no, attempt, files.get(call_no)) for call_no, attempt in rows.items()]
        database.executemany(f"INSERT INTO call_log VALUES ({', '.join('?' * 17)})", log)
    database.close()


def _cases(day: Day, rows: dict[str, Attempt]) -> list[tuple]:
    known = {case_no(day, call): call.facts for call in day.calls}
    cases = {}
    for attempt in rows.values():
        number = int(attempt.case_no[2:])
        stage = STAGES[attempt.campaign]
        late = {"M0": -3, "M1": 1 + number % 28, "M2": 31 + number % 28}[stage]
        facts = known.get(attempt.case_no) or {
            "name": "张王李赵陈刘周吴"[number % 8] + ("先生", "女士")[number // 8 % 2],
            "amount": 600 + number * 37 % 15000, "due": day.business_date - timedelta(days=late), "stage": stage,
        }  # fmt: skip
        overdue = max(0, (day.business_date - facts["due"]).days)
        account = (facts["stage"], overdue, facts["amount"], str(facts["due"]))
        cases[attempt.case_no] = (attempt.case_no, f"KH{number:06d}", facts["name"], *account, 0, 0, None)
    return [cases[key] for key in sorted(cases)]


def _log_row(call_no: str, attempt: Attempt, file: str | None) -> tuple:
    ringing = timedelta(seconds=6 + int(attempt.number[-2:]) % 17)
    answered = attempt.dialed_at + ringing if attempt.talk_ms else None
    ended = (answered or attempt.dialed_at + ringing) + timedelta(milliseconds=attempt.talk_ms)
    ended = ended.replace(microsecond=0)
    return (
        *(call_no, call_no, attempt.case_no, attempt.campaign, attempt.agent, attempt.agency_no),
        *(attempt.number, attempt.owner, str(attempt.dialed_at), _text(answered), str(ended)),
        *(round(attempt.talk_ms / 1000), attempt.hangup_by, attempt.result, _text(attempt.promise)),
        *(file, attempt.agent_channel),
    )


def _text(moment: date | datetime | None) -> str | None:
    return None if moment is None else str(moment)
