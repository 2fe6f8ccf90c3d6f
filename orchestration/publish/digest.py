"""The digest of the drafts: what the gate judged and publication copies, in one number.

Belongs here: which draft tables are published, and their digest. Does not belong here: the hash of a single document,
which settlement computes in SQL, and the publication's hash (`sql/append/publications.sql`).
"""

from __future__ import annotations

import hashlib

import duckdb

#: Draft table → the table of `issued` that its rows are copied to. Parents first: lines take their invoice's number.
DRAFTS = {
    "settlement.fct_invoices": "invoices",
    "settlement.fct_settled_lines": "invoice_lines",
    "settlement.fct_invoice_taxes": "invoice_taxes",
    "settlement.fct_credit_movements": "credit_movements",
    "invoicing.fct_billed_periods": "billed_periods",
    "metering.fct_usage_daily": "usage_daily",
}


def drafts_digest(con: duckdb.DuckDBPyConnection) -> str:
    """The sha256 (hex) over every value of every row of the drafts, whatever the order in which they are stored.

    A row's text is `column=value` of its non-NULL columns by column name, strings quoted as JSON, decimals at their
    scale. NULLs are left out, so that a column that a later release adds, NULL for the rules of today, leaves the
    digest of an old close as it was.

    Args:
        con: a connection to the warehouse; all draft tables must exist.

    Returns:
        64 hex digits.
    """
    tables = [f"{name} {_table_digest(con, name)}\n" for name in DRAFTS]
    return hashlib.sha256("".join(tables).encode()).hexdigest()


def _table_digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = sorted(row[:2] for row in con.execute(f"describe {table}").fetchall())
    values = ", ".join(_labelled(name, data_type) for name, data_type in columns)
    # Two equal rows give two equal hashes: sorted and joined, not folded by xor, which would cancel them.
    row = con.execute(
        f"""
        with hashed as (select sha256(concat_ws(',', {values})) as row_hash from {table})
        select count(*) || ' ' || sha256(coalesce(string_agg(row_hash, '' order by row_hash), ''))
        from hashed
        """
    ).fetchone()
    assert row is not None  # An aggregate without groups has one row.
    return row[0]


def _labelled(name: str, data_type: str) -> str:
    is_text = data_type.upper() == "VARCHAR"
    value = f'cast(to_json("{name}") as text)' if is_text else f'cast("{name}" as text)'
    return f"'{name}=' || {value}"
