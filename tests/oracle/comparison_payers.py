"""Who used what stands on an invoice, once from the oracle's bill and once from what finance reads.

Belongs here: the customers of lines, and the one that an invoice names. Does not belong here: who is invoiced, which
every other table says.
"""

from __future__ import annotations

from collections import Counter

from .bill import Bill
from .comparison import Query, Rows

KEY = "i.payer_customer_id, i.close_date, i.currency, i.invoice_type"
KEY_LENGTH = 5


def expected_users(bill: Bill) -> dict[str, Rows]:
    """The oracle's: lines of each customer, and what the invoice says of it: its only customer, or None of several."""
    fees = {one.one_off_fee_id: one.customer_id for one in bill.catalog.one_offs}
    lines: Counter[tuple[object, ...]] = Counter()
    named: Rows = {}
    for invoice in bill.invoices:
        close_date, payer, currency, invoice_type = invoice.key
        key = (payer, close_date, currency, invoice_type)
        users = [
            line.customer_id
            or fees.get(line.one_off_fee_id or "")
            or bill.catalog.users[line.subscription_id]
            for line in invoice.lines
        ]
        lines.update((*key, user) for user in users)
        named[*key, users[0] if len(set(users)) == 1 else ""] = {}
    return {"users": {key: {"lines": count} for key, count in lines.items()}, "named_users": named}


def published_users(finance: Query) -> dict[str, Rows]:
    """The same tables as finance reads them."""
    lines = finance(
        f"select {KEY}, l.customer_id, count(*) from invoice_lines as l"
        f" inner join invoices as i using (invoice_number) group by {KEY}, l.customer_id"
    )
    named = finance(f"select {KEY}, coalesce(i.customer_id, '') from invoices as i")
    return {
        "users": {row[:KEY_LENGTH]: {"lines": row[KEY_LENGTH]} for row in lines},
        "named_users": {row: {} for row in named},
    }
