"""Digests that bind the gate's receipt and the chain of publications to exact rows.

Belongs here: hashes over rows, computed inside DuckDB. Does not belong here: deciding anything by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb

from orchestration.publish.tables import DRAFTS, KINDS, LATER_COLUMNS, LATER_DRAFTS, issued_columns

_NO_ROWS = "0:"


def drafts_digest(con: duckdb.DuckDBPyConnection, is_of_older_release: bool = False) -> str:
    """The sha256 (hex) over every column of every row of the drafts that publication copies.

    Rows are ordered by their own text, so that their physical order does not count; NULL and an empty text differ.

    Args:
        con: a connection that sees the drafts.
        is_of_older_release: give the digest as releases wrote it that had no `LATER_COLUMNS`.
    """
    digest = hashlib.sha256()
    for table, relation in DRAFTS.items():
        without = LATER_COLUMNS.get(table, ()) if is_of_older_release else ()
        rows = rows_digest(con, relation, without)
        if table in LATER_DRAFTS and rows == _NO_ROWS:
            continue
        digest.update(f"{table}:{rows}\n".encode())
    return digest.hexdigest()


def rows_digest(con: duckdb.DuckDBPyConnection, relation: str, without: Sequence[str] = ()) -> str:
    """The number of rows and the sha256 over them, over all columns but those named in `without`."""
    described = con.execute(f"describe {relation}").fetchall()
    columns = [row[0] for row in described if row[0] not in without]
    # '~' for NULL, '=' before a value: no text can look like a NULL, nor reach into the next column.
    fields = " || chr(31) || ".join(
        f"coalesce('=' || cast(\"{column}\" as varchar), '~')" for column in columns
    )
    row = con.execute(
        f"select count(*) || ':' || coalesce(sha256(string_agg(sha256({fields}), '' order by sha256({fields}))), '')"
        f" from {relation}"
    ).fetchone()
    return str(row[0]) if row else ""


def publication_hash(con: duckdb.DuckDBPyConnection, publication_sequence: int, head: str) -> str:
    """The sha256 (hex) over `head` and each document's hash, number and dates, in order of number.

    Args:
        con: a connection that sees the rows just appended.
        publication_sequence: whose documents.
        head: the previous publication's hash and the facts of this one, as text.
    """
    lines = [head]
    for kind in KINDS:
        dates = ", ".join(
            name for name in issued_columns(kind.table) if name in ("issue_date", "due_date")
        )
        documents = con.execute(
            f"select {kind.number}, {dates}, document_hash from issued.{kind.table}"
            " where publication_sequence = ? order by billing_entity_code, number_index",
            [publication_sequence],
        ).fetchall()
        lines += ["|".join(map(str, document)) for document in documents]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
