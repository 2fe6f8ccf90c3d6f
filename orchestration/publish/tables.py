"""Which rows a publication takes from where.

Belongs here: the pairs of draft and issued table, and what finance sees of them. Does not belong here: how rows are
numbered, hashed or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.contracts import TableContract, load_contracts

# Drafts of the running close that publication copies, in the order in which they are copied.
DRAFTS = {
    "invoices": "settlement.fct_invoices",
    "invoice_lines": "settlement.fct_settled_lines",
    "invoice_taxes": "settlement.fct_invoice_taxes",
    "credit_movements": "settlement.fct_credit_movements",
    "billed_periods": "invoicing.fct_billed_periods",
    "usage_daily": "metering.fct_usage_daily",
    "credit_notes": "settlement.fct_credit_notes",
    "credit_note_lines": "settlement.fct_credit_note_lines",
    "credit_note_taxes": "settlement.fct_credit_note_taxes",
    "credit_note_uses": "settlement.fct_credit_note_uses",
    "adjustments": "invoicing.fct_adjustments",
    "coupon_uses": "settlement.fct_coupon_uses",
    "wallet_draws": "settlement.fct_wallet_draws",
    "unit_draws": "rating.fct_unit_draws",
    "top_ups": "settlement.fct_top_ups",
}

# Drafts that releases before had not: where one is empty, the digest of the drafts is the one that they wrote.
LATER_DRAFTS = (
    "credit_notes",
    "credit_note_lines",
    "credit_note_taxes",
    "credit_note_uses",
    "adjustments",
    "coupon_uses",
    "wallet_draws",
    "unit_draws",
    "top_ups",
)

# Columns that releases before had not, by table: the digest that they wrote is without them.
LATER_COLUMNS = {
    "invoices": ("effective_tax_rate", "reporting_tax_amount"),
    "invoice_lines": ("customer_id",),
    "credit_movements": ("metric_code", "units"),
    "credit_note_uses": ("opening_note_number",),
    "credit_notes": (
        "reporting_currency",
        "reporting_amount",
        "reporting_tax_amount",
        "fx_rate",
        "fx_date",
    ),
}

# Numbers that documents of before had already, by issued column: the column of the draft that holds one.
GIVEN_NUMBERS = {("credit_note_uses", "credit_note_number"): "opening_note_number"}

# What of an issued table is not a column of its draft: publication adds it.
ADDED = (
    "publication_sequence",
    "close_sequence",
    "invoice_number",
    "credit_note_number",
    "number_index",
    "issue_date",
    "due_date",
)


@dataclass(frozen=True)
class Kind:
    """A kind of numbered document: table, noun, the column of its number, and what parts prefix and index in it.

    `keys` maps the tables that name such a document by number to the column that names it by document_key.
    """

    table: str
    noun: str
    number: str
    infix: str
    keys: Mapping[str, str]

    def key_in(self, table: str) -> str | None:
        """The column of the draft of `table` that holds the document_key of a document of this kind."""
        return self.keys.get(table)


KINDS = (
    Kind(
        "invoices",
        "Invoice",
        "invoice_number",
        "-",
        {
            "invoice_lines": "document_key",
            "invoice_taxes": "document_key",
            "credit_movements": "document_key",
            "billed_periods": "document_key",
            "coupon_uses": "document_key",
            "credit_note_uses": "document_key",
            "wallet_draws": "document_key",
            "top_ups": "document_key",
        },
    ),
    Kind(
        "credit_notes",
        "Credit note",
        "credit_note_number",
        "-CN-",
        {
            "credit_note_lines": "document_key",
            "credit_note_taxes": "document_key",
            "credit_note_uses": "credit_note_document_key",
            "credit_movements": "credit_note_document_key",
        },
    ),
)


def issued_columns(table: str) -> list[str]:
    """The columns of `issued.<table>`, in contract order."""
    return [column.name for column in load_contracts()[f"issued.{table}"].columns]


def finance_tables() -> list[TableContract]:
    """The tables that finance sees, in the order of their names."""
    return [c for name, c in sorted(load_contracts().items()) if c.schema == "finance"]
