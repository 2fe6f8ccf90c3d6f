"""Invoices and credit notes as documents: their lines and what their amounts add up to.

Belongs here: plain sums. Does not belong here: which lines, taxes, notes and draws a document has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .lines import PROGRESSIVE_CREDIT as CREDIT
from .lines import InvoiceLine
from .numbers import round_half_away
from .settlement import Draw, TaxRow

InvoiceKey = tuple[date, str, str, str]  # close date, customer, currency, type
# Close date, subscription, close date of the original invoice and its type.
NoteKey = tuple[date, str, date, str]


@dataclass(frozen=True)
class NoteUse:
    """Money that a credit note's balance pays to an invoice."""

    note_key: NoteKey
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """One invoice per customer, currency, type and close. Amounts in currency units."""

    close_date: date
    due_date: date
    customer_id: str
    billing_entity_code: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...]
    draws: tuple[Draw, ...]
    note_uses: tuple[NoteUse, ...] = ()
    invoice_type: str = "subscription"

    @property
    def key(self) -> InvoiceKey:
        return self.close_date, self.customer_id, self.currency, self.invoice_type

    @property
    def fees_amount(self) -> Decimal:
        return total(line.amount for line in self.lines if line.fee_type != CREDIT)

    @property
    def progressive_credit_amount(self) -> Decimal:
        return total(-line.amount for line in self.lines if line.fee_type == CREDIT)

    @property
    def tax_amount(self) -> Decimal:
        return total(tax.tax_amount for tax in self.taxes)

    @property
    def total_amount(self) -> Decimal:
        return total((self.fees_amount, -self.progressive_credit_amount, self.tax_amount))

    @property
    def credit_note_amount(self) -> Decimal:
        return total(use.amount for use in self.note_uses)

    @property
    def prepaid_credit_amount(self) -> Decimal:
        return total(draw.amount for draw in self.draws)

    @property
    def amount_due(self) -> Decimal:
        return total((self.total_amount, -self.credit_note_amount, -self.prepaid_credit_amount))

    @property
    def tax_ratio(self) -> Fraction:
        """Σ rates ÷ 100. Source: BILLING_RULES §5 "Rates add, never compound"."""
        return sum((Fraction(tax.rate_percent) for tax in self.taxes), Fraction(0)) / 100


@dataclass(frozen=True)
class Payment:
    """Money that a customer paid to an invoice."""

    invoice_key: InvoiceKey
    amount: Decimal
    paid_on: date


@dataclass(frozen=True)
class CreditNote:
    """What is given back of one subscription's base fees, or of its progressive ones, on one invoice.

    Its four parts add up to its total. `returns`: money that goes back to the lots that paid the invoice. `reason`:
    termination or progressive_billing.
    """

    close_date: date
    subscription_id: str
    invoice_key: InvoiceKey
    subtotal_amount: Decimal
    tax_amount: Decimal
    refund_amount: Decimal
    offset_amount: Decimal
    reason: str = "termination"
    returns: tuple[Draw, ...] = ()

    @property
    def key(self) -> NoteKey:
        return self.close_date, self.subscription_id, self.invoice_key[0], self.invoice_key[3]

    @property
    def total_amount(self) -> Decimal:
        return total((self.subtotal_amount, self.tax_amount))

    @property
    def returned_amount(self) -> Decimal:
        return total(one.amount for one in self.returns)

    @property
    def credit_amount(self) -> Decimal:
        elsewhere = (self.refund_amount, self.offset_amount, self.returned_amount)
        return total((self.total_amount, *(-amount for amount in elsewhere)))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """An exact sum of money (four decimals, the scale of every money column)."""
    return round_half_away(sum(map(Fraction, amounts), Fraction(0)), 4)
