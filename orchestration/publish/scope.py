"""Which publications a finance query sees.

Belongs here: running the SQL of the finance views over some publications instead of all. Does not belong here: that SQL.

The queries name `issued.<table>`. A scope is an in-memory database whose schema `issued` holds views of the
warehouse's tables, with `publications` narrowed to a range: so one definition serves the views, Parquet and finance.duckdb.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

_SCOPE = "publication_scope"


@contextmanager
def publications_between(con: duckdb.DuckDBPyConnection, first: int, last: int) -> Iterator[None]:
    """Within the block, `issued.publications` is the publications from `first` through `last`.

    Args:
        con: a read-write connection to the warehouse, outside a transaction. Tables of other databases must be
            named with their database within the block.
        first: a publication_sequence.
        last: a publication_sequence, inclusive.
    """
    (warehouse,) = con.execute("select current_database()").fetchone() or ("warehouse",)
    tables = con.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'issued'",
        [warehouse],
    ).fetchall()
    con.execute(f"attach ':memory:' as {_SCOPE}")
    try:
        con.execute(f"create schema {_SCOPE}.issued")
        for (table,) in tables:
            seen = (
                f" where publication_sequence between {int(first)} and {int(last)}"
                if table == "publications"
                else ""
            )
            con.execute(
                f"create view {_SCOPE}.issued.{table} as"
                f" select * from {warehouse}.issued.{table}{seen}"
            )
        con.execute(f"use {_SCOPE}")
        yield
    finally:
        con.execute(f"use {warehouse}")
        con.execute(f"detach {_SCOPE}")
