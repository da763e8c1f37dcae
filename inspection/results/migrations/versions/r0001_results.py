"""Call results, findings, components and runs, with the views that join them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "r0001"
down_revision = None

ID, NAME, CODE, HASH = sa.String(150), sa.String(120), sa.String(40), sa.String(64)
WHEN = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
TABLE = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""Exact comparison of ids, and a storage engine with transactions, whatever the server's defaults are."""
TABLE |= {f"mariadb_{name.removeprefix('mysql_')}": value for name, value in TABLE.items()}


def upgrade() -> None:
    op.create_table(
        "qc_runs",
        sa.Column("business_date", sa.Date, primary_key=True),
        sa.Column("run_id", HASH, nullable=False),
        sa.Column("listed", sa.Integer, nullable=False),
        sa.Column("inspected", sa.Integer, nullable=False),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.Column("rulebook_version", CODE),
        sa.Column("rulebook_fingerprint", HASH),
        sa.Column("speech_fingerprint", HASH),
        sa.Column("package_version", CODE),
        **TABLE,
        if_not_exists=True,  # a migration that was killed may be run again
    )
    op.create_table(
        "qc_call_results",
        sa.Column("business_date", sa.Date, primary_key=True),
        sa.Column("call_id", ID, primary_key=True),
        sa.Column("linked_call_id", ID),
        sa.Column("dialer", NAME),
        sa.Column("direction", CODE),
        sa.Column("debtor_id", HASH),
        sa.Column("case_id", ID),
        sa.Column("phone_last4", sa.String(4)),
        sa.Column("phone_owner", CODE),
        sa.Column("stage", CODE),
        sa.Column("dpd", sa.Integer),
        sa.Column("product", NAME),
        sa.Column("agency", NAME),
        sa.Column("agency_type", CODE),
        sa.Column("team", NAME),
        sa.Column("campaign", NAME),
        sa.Column("agent_kind", CODE),
        sa.Column("agent_id", NAME),
        sa.Column("dialed_at", WHEN),
        sa.Column("answered_at", WHEN),
        sa.Column("ended_at", WHEN),
        sa.Column("talk_ms", sa.BigInteger),
        sa.Column("term_reason", CODE),
        sa.Column("outcome_raw", NAME),
        sa.Column("outcome", CODE),
        sa.Column("promise_date", sa.Date),
        sa.Column("state", CODE, nullable=False),
        sa.Column("reason", CODE),
        sa.Column("recording_id", HASH),
        sa.Column("audio_sha256", HASH),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("scorecard", NAME),
        sa.Column("earned", sa.Float(53)),
        sa.Column("possible", sa.Float(53)),
        sa.Column("score", sa.Float(53)),
        sa.Column("band", CODE),
        sa.Column("fatal", sa.Boolean),
        sa.Column("fatal_rules", sa.Text),
        sa.Column("unsure", sa.Integer),
        sa.Column("verdict", CODE),
        **TABLE,
        if_not_exists=True,  # a migration that was killed may be run again
    )
    op.create_index("qc_call_results_day", "qc_call_results", ["business_date", "agent_id"], if_not_exists=True)
    op.create_index("qc_call_results_call", "qc_call_results", ["call_id"], if_not_exists=True)
    op.create_table(
        "qc_findings",
        sa.Column("business_date", sa.Date, primary_key=True),
        sa.Column("call_id", ID, primary_key=True),
        sa.Column("finding_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule_id", NAME, nullable=False),
        sa.Column("rule_version", sa.Integer),
        sa.Column("title", sa.Text),
        sa.Column("verdict", CODE, nullable=False),
        sa.Column("severity", CODE, nullable=False),
        sa.Column("status", CODE),
        sa.Column("role", CODE),
        sa.Column("turn_index", sa.Integer),
        sa.Column("start_ms", sa.BigInteger),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("quote", sa.Text),
        sa.Column("confidence", sa.Float(24)),
        sa.Column("reason", sa.Text),
        sa.Column("related_calls", sa.Text),
        sa.Column("source", sa.Text),
        **TABLE,
        if_not_exists=True,  # a migration that was killed may be run again
    )
    op.create_index("qc_findings_day", "qc_findings", ["business_date", "rule_id"], if_not_exists=True)
    op.create_index("qc_findings_call", "qc_findings", ["call_id"], if_not_exists=True)
    op.create_table(
        "qc_components",
        sa.Column("business_date", sa.Date, primary_key=True),
        sa.Column("call_id", ID, primary_key=True),
        sa.Column("component_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("scorecard", NAME),
        sa.Column("component", NAME),
        sa.Column("rule_id", NAME),
        sa.Column("verdict", CODE),
        sa.Column("earned", sa.Float(53)),
        sa.Column("possible", sa.Float(53)),
        **TABLE,
        if_not_exists=True,  # a migration that was killed may be run again
    )
    op.create_index("qc_components_call", "qc_components", ["call_id"], if_not_exists=True)
    for name, query in VIEWS.items():
        op.execute(f"DROP VIEW IF EXISTS {name}")
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    for name in ("qc_components", "qc_findings", "qc_call_results", "qc_runs"):
        op.drop_table(name)


WHO = """c.business_date, c.call_id, c.dialed_at, c.agency, c.agency_type, c.team, c.campaign, c.agent_kind, c.agent_id,
    c.stage, c.product, c.debtor_id, c.case_id, c.outcome_raw, c.outcome"""

VIEWS = {
    "qc_violations": f"""
    SELECT {WHO}, f.finding_no, f.rule_id, f.rule_version, f.title, f.verdict, f.severity, f.status, f.role,
        f.start_ms, f.end_ms, f.quote, f.confidence, f.reason, c.score, c.audio_sha256,
        r.run_id, r.rulebook_version, r.rulebook_fingerprint, r.speech_fingerprint
    FROM qc_findings f
    JOIN qc_call_results c ON c.business_date = f.business_date AND c.call_id = f.call_id
    LEFT JOIN qc_runs r ON r.business_date = f.business_date
    WHERE f.verdict = 'fail'""",
    "qc_outcome_mismatches": f"""
    SELECT {WHO}, c.promise_date, f.rule_id, f.rule_version, f.verdict, f.severity, f.quote, f.reason
    FROM qc_call_results c
    JOIN qc_findings f ON f.business_date = c.business_date AND f.call_id = c.call_id
    WHERE f.rule_id = 'CN-PTP-01' OR f.rule_id LIKE 'CN-DISP-%'""",
    "qc_promises_unfounded": f"""
    SELECT {WHO}, c.promise_date, c.score, MIN(f.rule_id) AS rule_id, MIN(f.reason) AS reason
    FROM qc_call_results c
    JOIN qc_findings f ON f.business_date = c.business_date AND f.call_id = c.call_id
    WHERE c.outcome = 'PTP' AND f.verdict = 'fail' AND f.rule_id IN ('CN-PTP-01', 'CN-DISP-05', 'CN-DISP-09')
    GROUP BY {WHO}, c.promise_date, c.score""",
    "qc_agent_days": """
    SELECT c.business_date, c.agency, c.team, c.agent_kind, c.agent_id,
        COUNT(*) AS calls,
        SUM(CASE WHEN c.state = 'inspected' THEN 1 ELSE 0 END) AS inspected,
        SUM(CASE WHEN c.fatal THEN 1 ELSE 0 END) AS fatal_calls,
        SUM(CASE WHEN c.verdict = 'fail' THEN 1 ELSE 0 END) AS failed_calls,
        SUM(c.earned) AS earned, SUM(c.possible) AS possible
    FROM qc_call_results c
    GROUP BY c.business_date, c.agency, c.team, c.agent_kind, c.agent_id""",
}
