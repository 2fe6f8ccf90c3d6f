"""Invoices and credit notes as documents: their lines and what their amounts add up to.

Belongs here: plain sums. Does not belong here: which lines, taxes, notes and draws a document has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .coupons import CouponUse, shown_shares
from .lines import PROGRESSIVE_CREDIT as CREDIT
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .settlement import Draw, LineTaxes, TaxRow, effective_tax_rate

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
    """One invoice per payer, currency, type and close. Amounts in currency units.

    `customer_id`: who is invoiced, whoever used. `line_taxes`: what each line bears, and why.
    """

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
    coupon_uses: tuple[CouponUse, ...] = ()
    line_taxes: tuple[LineTaxes, ...] = ()

    @property
    def key(self) -> InvoiceKey:
        return self.close_date, self.customer_id, self.currency, self.invoice_type

    @property
    def line_rates(self) -> tuple[Mapping[str, Decimal], ...]:
        """The rates of each line in percent, by tax code."""
        return tuple(one.rates for one in self.line_taxes)

    @property
    def fees_amount(self) -> Decimal:
        return total(line.amount for line in self.lines if line.fee_type != CREDIT)

    @property
    def progressive_credit_amount(self) -> Decimal:
        return total(-line.amount for line in self.lines if line.fee_type == CREDIT)

    @property
    def coupon_amount(self) -> Decimal:
        return total(use.amount for use in self.coupon_uses)

    @property
    def coupon_shares(self) -> tuple[Fraction, ...]:
        """The exact share of each line in all coupons."""
        return coupon_shares(self.lines, self.coupon_uses)

    @property
    def line_coupon_amounts(self) -> list[Decimal]:
        """The shares of the lines in minor units, which add up to the coupons."""
        return shown_shares(self.coupon_shares, scale=minor_unit(self.currency))

    @property
    def tax_amount(self) -> Decimal:
        return total(tax.tax_amount for tax in self.taxes)

    @property
    def total_amount(self) -> Decimal:
        """Source: BILLING_RULES §5: fees less progressive credit, less coupons, with tax."""
        credits = (-self.progressive_credit_amount, -self.coupon_amount)
        return total((self.fees_amount, *credits, self.tax_amount))

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
    def subtotal_amount(self) -> Decimal:
        """Source: BILLING_RULES, Words: fees − progressive credit − coupons."""
        return total((self.total_amount, -self.tax_amount))

    @property
    def effective_tax_rate(self) -> Decimal:
        """In percent. A progressive credit is no fee: it has no part in the mean over fees."""
        left = [
            (Fraction(line.amount) - share, rates)
            for line, share, rates in zip(
                self.lines, self.coupon_shares, self.line_rates, strict=True
            )
        ]
        if self.subtotal_amount == 0:
            left = [
                (Fraction(0), rates)
                for line, rates in zip(self.lines, self.line_rates, strict=True)
                if line.fee_type != CREDIT
            ]
        return effective_tax_rate(left)

    def owed_of(self, numbers: Collection[int]) -> tuple[Fraction, Fraction]:
        """What is owed of lines for each unit of their amounts: without tax, and the tax of it.

        Source: BILLING_RULES §5 "Rates add, never compound", on what coupons leave.
        """
        shares = self.coupon_shares
        amount = sum((Fraction(self.lines[number].amount) for number in numbers), Fraction(0))
        if amount == 0:
            return Fraction(1), Fraction(0)
        owed = tax = Fraction(0)
        for number in numbers:
            left = Fraction(self.lines[number].amount) - shares[number]
            rates = map(Fraction, self.line_rates[number].values())
            owed += left
            tax += left * sum(rates, Fraction(0)) / 100
        return owed / amount, tax / amount


@dataclass(frozen=True)
class Lapse:
    """What was left of a lot when it expired, or was given up."""

    close_date: date
    lot_id: str
    amount: Decimal
    is_voided: bool = False


@dataclass(frozen=True)
class Payment:
    """Money that a customer paid to an invoice, or took back (below 0).

    `known_from`: the first day whose close may know of it.
    """

    invoice_key: InvoiceKey
    amount: Decimal
    paid_on: date
    known_from: date = date.min


@dataclass(frozen=True)
class CreditNote:
    """What is given back of one subscription's base fees, or of its progressive ones, on one invoice.

    Its four parts add up to its total. `returns`: money that goes back to the lots that paid the invoice. `reason`:
    termination or progressive_billing. `item_amount`: what comes back of the fees before coupons, unrounded.
    `taxes`: its tax by code and rate; `tax_rate`: of all of them together.
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
    item_amount: Fraction = Fraction(0)
    taxes: tuple[TaxRow, ...] = ()
    tax_rate: Decimal = Decimal(0)

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


def coupon_shares(lines: Iterable[InvoiceLine], uses: Iterable[CouponUse]) -> tuple[Fraction, ...]:
    """The exact share of each line in all of some coupons."""
    found = [Fraction(0) for _ in lines]
    for use in uses:
        found = [was + share for was, share in zip(found, use.shares, strict=True)]
    return tuple(found)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """An exact sum of money (four decimals, the scale of every money column)."""
    return round_half_away(sum(map(Fraction, amounts), Fraction(0)), 4)
