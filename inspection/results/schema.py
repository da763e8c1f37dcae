"""The published tables' schema: its migrations, the view over the dialer's own table, the grants."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import sqlalchemy as sa

from inspection.errors import ResultsError

VERSION_TABLE = "qc_schema_version"
TABLES = ("qc_runs", "qc_call_results", "qc_findings", "qc_components")
VIEWS = ("qc_violations", "qc_outcome_mismatches", "qc_promises_unfounded", "qc_agent_days")
OUTCOMES_VIEW = "qc_outcomes_now"


def migrate(connection: sa.Connection) -> bool:
    """Brings the published tables to this version; returns whether there was anything to do.

    Needs the right to create tables only when there is, so the nightly user may do without it (docs/sql.md).
    """
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    script = ScriptDirectory.from_config(config)
    if current == script.get_current_head():
        return False
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise ResultsError(f"publish: the tables are of a newer version ({current}) than this program; update it first")
    command.upgrade(config, "head")
    return True


def join_outcomes(connection: sa.Connection, table: str, call_id: str, outcome: str) -> None:
    """Makes the view `qc_outcomes_now`: the published results beside the dialer's own table, as it is at this moment.

    `table` may carry a schema (`dialer.call_log`). Only a view is made; the dialer's table stays as it is.
    """
    quoted = connection.dialect.identifier_preparer
    name = ".".join(quoted.quote(part) for part in table.split("."))
    key, code = f"d.{quoted.quote(call_id)}", f"d.{quoted.quote(outcome)}"
    joined = f"CONVERT({key} USING utf8mb4) COLLATE utf8mb4_bin" if _is_mysql(connection) else key
    if connection.dialect.name == "postgresql":
        joined = f"CAST({key} AS VARCHAR)"
    connection.execute(sa.text(f"DROP VIEW IF EXISTS {OUTCOMES_VIEW}"))
    connection.execute(
        sa.text(
            f"CREATE VIEW {OUTCOMES_VIEW} AS SELECT c.business_date, c.call_id, c.agent_id, c.outcome, c.outcome_raw,"
            f" {code} AS outcome_now, c.state, c.score, c.fatal, c.verdict"
            f" FROM qc_call_results c JOIN {name} d ON {joined} = c.call_id".replace(":", r"\:")
        )
    )


def grants(dialect: str, user: str, schema: str) -> list[str]:
    """SQL that gives `user` the least it needs to publish: rows of our tables, nothing of the dialer's.

    Readers get SELECT on the views alone. Raises ResultsError for a database without users or an odd name.
    """
    for name in (user, schema):
        if not re.fullmatch(r"\w+", name):
            raise ResultsError(f"grants: {name!r} is not a plain name of letters, digits and underscores")
    if dialect == "postgresql":
        place, who = f'"{schema}".', f'"{user}"'
        opening = [f'GRANT USAGE ON SCHEMA "{schema}" TO {who};']
    elif dialect in ("mysql", "mariadb"):
        place, who, opening = f"`{schema}`.", f"'{user}'@'%'", []
    else:
        raise ResultsError(f"grants: {dialect} has no users; protect its file instead")
    writing = [f"GRANT SELECT, INSERT, UPDATE, DELETE ON {place}{table} TO {who};" for table in TABLES]
    return [*opening, *writing, f"GRANT SELECT ON {place}{VERSION_TABLE} TO {who};"]


def _is_mysql(connection: sa.Connection) -> bool:
    return connection.dialect.name in ("mysql", "mariadb")
