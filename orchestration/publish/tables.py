"""Which rows a publication takes from where.

Belongs here: the pairs of draft and issued table, and what finance sees of them. Does not belong here: how rows are
numbered, hashed or written.
"""

from __future__ import annotations

from orchestration.contracts import TableContract, load_contracts

# Drafts of the running close that publication copies, in the order in which they are copied.
DRAFTS = {
    "invoices": "settlement.fct_invoices",
    "invoice_lines": "settlement.fct_settled_lines",
    "invoice_taxes": "settlement.fct_invoice_taxes",
    "credit_movements": "settlement.fct_credit_movements",
    "billed_periods": "invoicing.fct_billed_periods",
    "usage_daily": "metering.fct_usage_daily",
}

# What of an issued table is not a column of its draft: publication adds it.
ADDED = (
    "publication_sequence",
    "close_sequence",
    "invoice_number",
    "number_index",
    "issue_date",
    "due_date",
)


def issued_columns(table: str) -> list[str]:
    """The columns of `issued.<table>`, in contract order."""
    return [column.name for column in load_contracts()[f"issued.{table}"].columns]


def finance_tables() -> list[TableContract]:
    """The tables that finance sees, in the order of their names."""
    return [c for name, c in sorted(load_contracts().items()) if c.schema == "finance"]
