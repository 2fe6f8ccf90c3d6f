"""Credit notes of ends as tables, once from the oracle's bill and once from what finance reads.

Belongs here: naming a note without its number: by customer, close, original invoice and subscription; and what it gives
back. Does not belong here: what pays it or takes of it, which depends on notes of adjustments, and the other tables.
"""

from __future__ import annotations

from .bill import Bill
from .comparison import Query, Rows

COLUMNS = ("subtotal_amount", "tax_amount", "total_amount")
KEY = (
    "o.payer_customer_id, n.issue_date, o.close_date as invoice_date, o.currency, n.subscription_id"
)


def expected_ends(bill: Bill) -> dict[str, Rows]:
    """The oracle's notes."""
    notes: Rows = {}
    for note in (one for one in bill.credit_notes if one.reason == "termination"):
        invoice_date, customer_id, currency, _ = note.invoice_key
        key = (customer_id, note.close_date, invoice_date, currency, note.subscription_id)
        notes[key] = {column: getattr(note, column) for column in COLUMNS}
    return {"credit_notes": notes}


def published_ends(finance: Query) -> dict[str, Rows]:
    """The same notes as finance reads them."""
    rows = finance(
        f"select {KEY}, {', '.join('n.' + column for column in COLUMNS)} from credit_notes as n "
        "inner join invoices as o using (invoice_number) where n.reason = 'termination'"
    )
    return {"credit_notes": {row[:5]: dict(zip(COLUMNS, row[5:], strict=True)) for row in rows}}
