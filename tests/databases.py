"""Databases for the tests: SQLite always, PostgreSQL and MariaDB where they are reachable.

INSPECTION_TEST_POSTGRES and INSPECTION_TEST_MARIADB name them (SQLAlchemy addresses). Every test gets a schema or a
database of its own, which is dropped afterwards; nothing else on the server is touched.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

KINDS = ["sqlite", "postgresql", "mariadb"]
SERVERS = {
    "postgresql": ("INSPECTION_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"),
    "mariadb": ("INSPECTION_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test"),
}


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database; skips the test, saying why, where the server is not reachable."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/results.sqlite"
        return
    variable, usual = SERVERS[kind]
    server = sa.make_url(os.environ.get(variable, usual))
    name = f"inspection_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(
        server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    word = "SCHEMA" if kind == "postgresql" else "DATABASE"
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE {word} {name}"))
    except sa.exc.OperationalError as error:
        pytest.skip(
            f"{kind} is not reachable at {server.host}:{server.port} ({variable}): {str(error.orig).splitlines()[0]}"
        )
    try:
        own = (
            server.update_query_dict({"options": f"-csearch_path={name}"})
            if kind == "postgresql"
            else server.set(database=name)
        )
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP {word} {name}" + (" CASCADE" if kind == "postgresql" else "")))
