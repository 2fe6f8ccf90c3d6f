"""What is issued, for checks of a folder: visible rows, also of a warehouse that an older release made.

Belongs here: reading them. Does not belong here: comparing a folder with them (`history`, `*_checks`).
"""

from __future__ import annotations

import duckdb


def issued_rows(con: duckdb.DuckDBPyConnection, table: str, *columns: str) -> list[tuple]:
    """Visible rows of `issued.<table>`, sorted; NULL for a column, and none for a table, that is not made yet."""
    described = con.execute(
        "select column_name from information_schema.columns where table_catalog = current_database()"
        " and table_schema = 'issued' and table_name = ?",
        [table],
    ).fetchall()
    there = {name for (name,) in described}
    if not there:
        return []
    cells = ", ".join(column if column in there else "null" for column in columns)
    return con.execute(
        f"select {cells} from issued.{table} where publication_sequence in"
        " (select publication_sequence from issued.publications) order by all"
    ).fetchall()
