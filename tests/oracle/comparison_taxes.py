"""What each line bears and why, once from the oracle's bill and once from what finance reads.

Belongs here: codes, rate and evidence of lines. Does not belong here: what an invoice bears (see `comparison`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .bill import Bill
from .comparison import LINE_KEY, Query, Rows, keyed

COLUMNS = ("tax_codes", "tax_rate", "tax_evidence")
INVOICE_KEY = "i.payer_customer_id, i.close_date, i.currency, i.invoice_type"
KEY_LENGTH = 4 + len(LINE_KEY)


def expected_line_taxes(bill: Bill) -> dict[str, Rows]:
    """The oracle's: codes by comma, the sum of their rates in percent, and the words that finance states."""
    rows: list[tuple[Any, ...]] = []
    for invoice in bill.invoices:
        key = (invoice.customer_id, invoice.close_date, invoice.currency, invoice.invoice_type)
        for line, taxes in zip(invoice.lines, invoice.line_taxes, strict=True):
            rows.append(
                (
                    *key,
                    *(getattr(line, column) for column in LINE_KEY),
                    ",".join(sorted(taxes.rates)),
                    sum(taxes.rates.values(), Decimal(0)),
                    taxes.evidence,
                )
            )
    return {"line_taxes": keyed(rows, KEY_LENGTH, COLUMNS)}


def published_line_taxes(finance: Query) -> dict[str, Rows]:
    """The same lines as finance reads them."""
    columns = ", ".join(f"l.{column}" for column in (*LINE_KEY, *COLUMNS))
    rows = finance(
        f"select {INVOICE_KEY}, {columns} from invoice_lines as l"
        " inner join invoices as i using (invoice_number)"
    )
    return {"line_taxes": keyed(rows, KEY_LENGTH, COLUMNS)}
