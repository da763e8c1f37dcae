"""Findings say what was expected; the views on outcomes read the rules' names from a table that a firm may add to."""

import sqlalchemy as sa
from alembic import op

from inspection.results.migrations.versions.r0001_results import CODE, NAME, TABLE, WHO
from inspection.results.migrations.versions.r0001_results import VIEWS as BEFORE

revision = "r0002"
down_revision = "r0001"

OUTCOME = [
    "CN-PTP-01", *(f"CN-DISP-0{number}" for number in range(1, 10)),
    *(f"US-DISP-{name}" for name in ("PTP", "CMP", "DNC", "NOANS", "RPC", "TP", "REFUSE", "VM", "LEN", "SILENT")),
]  # fmt: skip
"""Rules that hold the stored outcome against the conversation, of both packs."""
PROMISE = ["CN-PTP-01", "CN-DISP-05", "CN-DISP-09", "US-DISP-PTP", "US-DISP-TP", "US-DISP-SILENT"]
"""Those of them by which a stored promise was not made: none was heard, a third party spoke, nobody spoke."""


def upgrade() -> None:
    connection = op.get_bind()
    if "expected" not in {column["name"] for column in sa.inspect(connection).get_columns("qc_findings")}:
        op.add_column("qc_findings", sa.Column("expected", sa.Text))
    op.create_table(
        "qc_rules",
        sa.Column("rule_id", NAME, primary_key=True),
        sa.Column("about", CODE, primary_key=True),
        **TABLE,
        if_not_exists=True,  # a migration that was killed may be run again
    )
    rules = sa.table("qc_rules", sa.column("rule_id"), sa.column("about"))
    there = {tuple(row) for row in connection.execute(sa.select(rules.c.rule_id, rules.c.about))}
    named = [(rule, "outcome") for rule in OUTCOME] + [(rule, "promise") for rule in PROMISE]
    op.bulk_insert(rules, [{"rule_id": rule, "about": about} for rule, about in named if (rule, about) not in there])
    _make(VIEWS)


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
    op.drop_column("qc_findings", "expected")
    op.drop_table("qc_rules")
    _make({name: BEFORE[name] for name in VIEWS})


def _make(views: dict[str, str]) -> None:
    """Replaced where the database can, so that what readers were granted stays."""
    replaces = op.get_bind().dialect.name != "sqlite"
    for name, query in views.items():
        if not replaces:
            op.execute(f"DROP VIEW IF EXISTS {name}")
        op.execute(f"CREATE {'OR REPLACE ' if replaces else ''}VIEW {name} AS {query}")


VIEWS = {
    "qc_violations": f"""
    SELECT {WHO}, f.finding_no, f.rule_id, f.rule_version, f.title, f.verdict, f.severity, f.status, f.role,
        f.start_ms, f.end_ms, f.quote, f.confidence, f.reason, c.score, c.audio_sha256,
        r.run_id, r.rulebook_version, r.rulebook_fingerprint, r.speech_fingerprint, f.expected
    FROM qc_findings f
    JOIN qc_call_results c ON c.business_date = f.business_date AND c.call_id = f.call_id
    LEFT JOIN qc_runs r ON r.business_date = f.business_date
    WHERE f.verdict = 'fail'""",
    "qc_outcome_mismatches": f"""
    SELECT {WHO}, c.promise_date, f.rule_id, f.rule_version, f.verdict, f.severity, f.quote, f.reason, f.expected
    FROM qc_call_results c
    JOIN qc_findings f ON f.business_date = c.business_date AND f.call_id = c.call_id
    JOIN qc_rules q ON q.rule_id = f.rule_id AND q.about = 'outcome'""",
    "qc_promises_unfounded": f"""
    SELECT {WHO}, c.promise_date, c.score, MIN(f.rule_id) AS rule_id, MIN(f.reason) AS reason
    FROM qc_call_results c
    JOIN qc_findings f ON f.business_date = c.business_date AND f.call_id = c.call_id
    JOIN qc_rules q ON q.rule_id = f.rule_id AND q.about = 'promise'
    WHERE c.outcome = 'PTP' AND f.verdict = 'fail'
    GROUP BY {WHO}, c.promise_date, c.score""",
}
