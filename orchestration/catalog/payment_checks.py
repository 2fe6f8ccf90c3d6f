"""Payments in the light of what is issued: those that a close counted may not change, and each pays an invoice.

Belongs here: comparing payments with the warehouse. Does not belong here: their types and keys (`validate`, `checks`),
and what they decide (the models of settlement).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.catalog.charge_rows import Tables
from orchestration.catalog.issued import issued_rows

PAYMENTS = "accounts/payments.csv"
_MEND = "put it back, and add a row of its own with the difference"


def changed_payments(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Payments that a published close counted and that the folder has no more, or has otherwise."""
    now = {row["payment_id"]: row for row in tables["payments"]}
    for payment_id, invoice_number, amount, paid_on in issued_rows(
        con, "payments", "payment_id", "invoice_number", "amount", "paid_on"
    ):
        row = now.get(payment_id)
        known = f"{amount:f} for {invoice_number} on {paid_on}"
        if row is None:
            yield f"{PAYMENTS}: payment '{payment_id}' ({known}) was counted by a close; {_MEND}"
        elif (row["invoice_number"], row["amount"], row["paid_on"]) != (
            invoice_number,
            amount,
            paid_on,
        ):
            yield (
                f"{PAYMENTS} row {row.line}: payment '{payment_id}' was counted by a close as {known}; {_MEND}"
            )


def payments_of_nothing(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Payments of an invoice that is not issued: they count for nothing."""
    known = {number for (number,) in issued_rows(con, "invoices", "invoice_number")}
    for row in tables["payments"]:
        if row["invoice_number"] not in known:
            yield (
                f"{PAYMENTS} row {row.line}: no invoice '{row['invoice_number']}' is issued; "
                "correct invoice_number"
            )
