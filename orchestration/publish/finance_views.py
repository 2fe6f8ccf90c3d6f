"""The views of schema `finance`: what BI sees of `issued`.

Belongs here: the SQL of each finance table (`sql/<table>.sql`), over all publications or over some. Does not belong
here: the columns' meaning, which the source YAML of `finance` describes.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.publish.tables import finance_tables

SQL = Path(__file__).parent / "sql"


def table_sql(table: str, condition: str = "true") -> str:
    """The query of a finance table over the publications for which `condition` holds."""
    publications = f"(select * from issued.publications where {condition})"
    return (
        (SQL / f"{table}.sql").read_text(encoding="utf-8").replace("{publications}", publications)
    )


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every view of schema `finance`."""
    con.execute("create schema if not exists finance")
    for contract in finance_tables():
        con.execute(f"create or replace view finance.{contract.name} as {table_sql(contract.name)}")
