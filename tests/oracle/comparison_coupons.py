"""What coupons credited as tables, once from the oracle's bill and once from what finance reads.

Belongs here: uses by invoice and coupon, and the coupons' amount of each invoice; nothing where the company has no
coupons. Does not belong here: the other tables of invoices (see `comparison`).

A slot has a name of its own on each side: it is compared by its place among the slots that a coupon has used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .bill import Bill
from .catalog import Catalog
from .comparison import Query, Rows

INVOICE_KEY = "i.payer_customer_id, i.close_date, i.currency, i.invoice_type"
KEY_LENGTH = 4


def expected_coupons(bill: Bill) -> dict[str, Rows]:
    """The oracle's uses and amounts; no table where the company has no coupons."""
    if not bill.catalog.applied_coupons:
        return {}
    amounts = {_key(one.key): {"coupon_amount": one.coupon_amount} for one in bill.invoices}
    uses = [
        (*_key(one.key), use.applied_coupon_id, use.coupon_code, use.slot, use.amount)
        for one in bill.invoices
        for use in one.coupon_uses
    ]
    return {"coupon_amounts": amounts, "coupon_uses": _uses(uses)}


def published_coupons(finance: Query, catalog: Catalog) -> dict[str, Rows]:
    """The same tables as finance reads them."""
    if not catalog.applied_coupons:
        return {}
    amounts = finance(f"select {INVOICE_KEY}, i.coupon_amount from invoices as i")
    uses = finance(
        f"select {INVOICE_KEY}, u.applied_coupon_id, u.coupon_code, u.slot, u.amount "
        "from coupon_uses as u inner join invoices as i using (invoice_number)"
    )
    return {
        "coupon_amounts": {row[:KEY_LENGTH]: {"coupon_amount": row[KEY_LENGTH]} for row in amounts},
        "coupon_uses": _uses(uses),
    }


def _key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """The customer first, as in all tables that are compared."""
    close_date, customer_id, currency, invoice_type = key
    return customer_id, close_date, currency, invoice_type


def _uses(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """By invoice and applied coupon, slots numbered in the order in which invoices used them."""
    slots: dict[str, dict[Any, int]] = defaultdict(dict)
    found: Rows = {}
    for *key, applied_coupon_id, coupon_code, slot, amount in sorted(rows, key=lambda row: row[:4]):
        known = slots[applied_coupon_id]
        found[*key, applied_coupon_id] = {
            "coupon_code": coupon_code,
            "slot": known.setdefault(slot, len(known) + 1),
            "amount": amount,
        }
    return found
