"""Small companies with usage thresholds, written by hand, and their documents as short texts.

Belongs here: what saves the tests of progressive billing from repeating themselves. Does not belong here: expected
amounts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .bill import Bill
from .hand_written import ALWAYS, Cells, Tables, charge, event, plan, subscription

TOKENS = charge("tokens", unit_amount="1")
CALLS = charge("calls", unit_amount="1")
NO_CLOCK = [subscription("s", "p", "2025-06-01")]


def threshold(amount: str, *, recurring: bool = False, plan_code: str = "p") -> Cells:
    return {
        "plan_code": plan_code,
        "threshold_amount": amount,
        "is_recurring": str(recurring).lower(),
    }


def company(
    thresholds: list[Cells],
    *charges: Cells,
    tax: str = "0",
    rows: list[Cells] | None = None,
    **cells: str,
) -> Tables:
    """A monthly plan with charges and thresholds, and nobody else, so that nothing closes but what is due or passed."""
    return {
        "prices/plans": [plan("p", cells.pop("amount", "0"), **cells)],
        "prices/charges": [{**row, "plan_code": "p"} for row in charges or (TOKENS,)],
        "prices/usage_thresholds": thresholds,
        "accounts/subscriptions": rows or NO_CLOCK,
        "tax/taxes": [{"tax_code": "vat", "rate_percent": tax, **ALWAYS}],
        "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "vat"}],
    }


def used(day: str, units: float | str, code: str = "tokens", **properties: Any) -> dict[str, Any]:
    return event(f"{day}-{code}-{units}", f"2025-{day}", code, amount=units, **properties)


def documents(result: Bill) -> list[str]:
    """Each invoice with lines: date, type, its lines by charge and amount, and the amount due."""
    found = []
    for one in result.invoices:
        lines = [
            f"{SHORT.get(line.fee_type, line.fee_type)} {line.charge_code} {plain(line.amount)}"
            for line in one.lines
            if line.amount and line.fee_type != "subscription"
        ]
        found.append(f"{one.close_date:%m-%d} {one.invoice_type}: {', '.join(lines)}")
    return found


SHORT = {
    "charge": "fee",
    "charge_maximum": "maximum",
    "progressive_charge": "fee",
    "progressive_maximum": "maximum",
    "progressive_credit": "credit",
}


def plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def notes(result: Bill) -> list[str]:
    """Each note: its date, that of its invoice, subtotal + tax, of which offset."""
    return [
        f"{one.close_date:%m-%d} of {one.invoice_key[0]:%m-%d} {one.invoice_key[3]}: "
        f"{plain(one.subtotal_amount)} + {plain(one.tax_amount)}, offset {plain(one.offset_amount)}"
        for one in result.credit_notes
    ]
