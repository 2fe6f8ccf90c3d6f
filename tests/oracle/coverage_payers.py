"""Which changes of payers a bill was made of: counts per feature, so that a test sees when one is no longer drawn.

Belongs here: naming the features of who was invoiced. Does not belong here: how many there should be.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from .bill import Bill
from .lines import PROGRESSIVE_CREDIT


def payer_features_of(bill: Bill) -> Counter[str]:
    """How many invoices, or subscriptions, have each feature, over both copies of each example.

    `credit of another's fees`: a bill takes off what progressive invoices of another payer billed.
    """
    found: Counter[str] = Counter()
    invoiced: defaultdict[str, list[str]] = defaultdict(list)
    progressive: defaultdict[str, set[str]] = defaultdict(set)
    for invoice in bill.invoices:
        own = {line.subscription_id for line in invoice.lines if line.subscription_id}
        found["for several"] += len({bill.catalog.users[one] for one in own}) > 1
        of_others = [line for line in invoice.lines if line.fee_type == PROGRESSIVE_CREDIT]
        found["credit of another's fees"] += any(
            progressive[line.subscription_id] - {invoice.customer_id} for line in of_others
        )
        is_new = any(set(invoiced[one]) - {invoice.customer_id} for one in own)
        found["new payer"] += is_new
        found["new payer with coupons"] += is_new and bool(invoice.coupon_uses)
        found["new payer's lots"] += is_new and bool(invoice.draws)
        found["new payer's taxes"] += is_new and bool(invoice.taxes)
        for one in own:
            invoiced[one].append(invoice.customer_id)
            if invoice.invoice_type == "progressive":
                progressive[one].add(invoice.customer_id)
    found["payers there and back"] = sum(
        any(one != own[-1] for one in own) and own[-1] in own[:-1] for own in invoiced.values()
    )
    return found
