"""What MySQL 8 refuses and MariaDB, which the other tests talk to, lets pass by default."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from databases import database
from judged_day import DAY, judged_day
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MYSQL

from inspection.results.publish import prepare, publish

MODE_OF_MYSQL_8 = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)

NOT_RESERVED = {"role"}
"""A keyword since 8.0.1 that needs no quotes (MySQL 8.0 Reference Manual, section 9.3); SQLAlchemy quotes it anyway."""


def places(url: str) -> dict[str, list[str]]:
    """Tables and views of ours with their columns."""
    found = sa.inspect(sa.create_engine(url, poolclass=sa.NullPool))
    names = [*found.get_table_names(), *found.get_view_names()]
    return {name: [column["name"] for column in found.get_columns(name)] for name in names}


def test_no_table_view_or_column_is_a_reserved_word(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/results.sqlite"
    prepare(url)
    names = {name.lower() for place, columns in places(url).items() for name in (place, *columns)}
    assert len(names) > 40
    assert not names & (RESERVED_WORDS_MYSQL - NOT_RESERVED)


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_a_day_is_published_and_every_view_read_under_its_strict_mode(tmp_path: Path, again: bool) -> None:
    with database("mariadb", tmp_path) as plain:
        mode = f"SET SESSION sql_mode='{MODE_OF_MYSQL_8}'"
        url = sa.make_url(plain).update_query_dict({"init_command": mode}).render_as_string(hide_password=False)
        for _ in range(1 + again):
            publish(url, DAY, judged_day())
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            assert "ONLY_FULL_GROUP_BY" in connection.execute(sa.text("SELECT @@sql_mode")).scalar_one()
            frames = {name: pl.read_database(f"SELECT * FROM {name}", connection) for name in places(url)}
        assert frames["qc_call_results"].height == 6
        assert frames["qc_findings"].height == 2
        assert {name for name, frame in frames.items() if frame.is_empty()} <= {"qc_outcomes"}
