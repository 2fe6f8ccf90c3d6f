"""What was paid to invoices, and when that was known.

Belongs here: sums of payments by invoice. Does not belong here: what follows from them (see `credit_notes`,
`topping_up`), and how random customers pay (see `paying`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .invoices import InvoiceKey, Payment


class Payments:
    """All payments that are ever known of, by invoice."""

    def __init__(self, payments: Iterable[Payment] = ()) -> None:
        self._by_invoice: dict[InvoiceKey, list[Payment]] = defaultdict(list)
        self.add(payments)

    def add(self, payments: Iterable[Payment]) -> None:
        for one in payments:
            self._by_invoice[one.invoice_key].append(one)

    def paid(self, invoice_key: InvoiceKey, close_date: date) -> Fraction:
        """What payments paid to an invoice by a close that knows of them."""
        return sum(
            (Fraction(one.amount) for one in self._known(invoice_key, close_date)), Fraction(0)
        )

    def reached_on(self, invoice_key: InvoiceKey, amount: Decimal, close_date: date) -> date | None:
        """The day on which payments first came to an amount, if they still do by a close that knows of them."""
        known = self._known(invoice_key, close_date)
        if self.paid(invoice_key, close_date) < Fraction(amount):
            return None
        sums = {
            day: sum(Fraction(one.amount) for one in known if one.paid_on <= day)
            for day in {one.paid_on for one in known}
        }
        return min(day for day, paid in sums.items() if paid >= Fraction(amount))

    def _known(self, invoice_key: InvoiceKey, close_date: date) -> list[Payment]:
        return [
            one
            for one in self._by_invoice[invoice_key]
            if one.paid_on <= close_date and one.known_from <= close_date
        ]
