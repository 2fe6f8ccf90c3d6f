"""What came out for one life: lines, invoices, credit notes and registered periods of one customer.

Belongs here: these rows, and picking among them. Does not belong here: reading tables (`life_stored`) and rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from .comparing import decimal_of

RATE_SCALE = 5
SUBSCRIPTION = "subscription"
PROGRESSIVE = "progressive"
CREDIT = "progressive_credit"
FIXED_FEES = ("fixed_charge", "fixed_charge_in_advance")
USAGE_FEES = ("charge", "charge_in_advance")


@dataclass(frozen=True)
class LifeLine:
    """An invoice line. `moment` is the number of the close, from 0; amounts in currency units, instants in UTC.

    `code`: its subscription's, '' of a one-off fee. `coupon_unrounded`: its share in coupons.
    """

    moment: int
    code: str
    fee_type: str
    charge_code: str | None
    amount: Decimal
    amount_unrounded: Decimal
    tax_rate: Decimal
    starts_at: datetime
    ends_at: datetime
    invoice_type: str = SUBSCRIPTION
    coupon_unrounded: Decimal = Decimal(0)
    tax_codes: str = ""

    @property
    def taxable_amount(self) -> Decimal:
        return self.amount - self.coupon_unrounded

    @property
    def tax_unrounded(self) -> Decimal:
        return self.taxable_amount * self.tax_rate / 100


@dataclass(frozen=True)
class LifeTax:
    """A tax of an invoice or a note; `rate_percent` of `taxable_amount`."""

    rate_percent: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal


def rate_of(parts: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The rate in percent that amounts bear together, each with its own; of nothing the mean. No table states it."""
    listed = list(parts)
    whole = sum((Fraction(amount) for amount, _ in listed), Fraction(0))
    weights = [(Fraction(amount) if whole else Fraction(1), rate) for amount, rate in listed]
    total = sum((weight for weight, _ in weights), Fraction(0))
    if not total:
        return Decimal(0)
    weighted = sum((weight * Fraction(rate) for weight, rate in weights), Fraction(0))
    return decimal_of(weighted / total, RATE_SCALE)


@dataclass(frozen=True)
class LifeUse:
    """What a coupon credits of an invoice; `position`: its place among the coupons of the life, from 0."""

    moment: int
    position: int
    amount: Decimal
    invoice_type: str = SUBSCRIPTION


@dataclass(frozen=True)
class LifeDraw:
    """What a lot pays of an invoice, in money and credits; `wallet`, `lot`: their places, from 0."""

    moment: int
    wallet: int
    lot: int
    amount: Decimal
    credits: Decimal


@dataclass(frozen=True)
class LifeLot:
    """A lot after the last close."""

    wallet: int
    lot: int
    kind: str
    granted_amount: Decimal
    granted_credits: Decimal
    remaining_amount: Decimal
    remaining_credits: Decimal


@dataclass(frozen=True)
class LifeTopUp:
    """What a rule put into a wallet at a close, in money and credits."""

    moment: int
    kind: str
    amount: Decimal
    credits: Decimal


@dataclass(frozen=True)
class LifeNoteUse:
    """What an invoice takes of a note's balance; `note`: its place among the notes, from 0."""

    moment: int
    note: int
    amount: Decimal


@dataclass(frozen=True)
class LifeInvoice:
    """`tax_rate`: the one that all lines bear together."""

    moment: int
    fees_amount: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    credit_note_amount: Decimal
    amount_due: Decimal
    invoice_type: str = SUBSCRIPTION
    progressive_credit_amount: Decimal = Decimal(0)
    coupon_amount: Decimal = Decimal(0)
    prepaid_credit_amount: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)
    taxes: tuple[LifeTax, ...] = ()

    @property
    def subtotal_amount(self) -> Decimal:
        return self.total_amount - self.tax_amount


@dataclass(frozen=True)
class LifeNote:
    """A credit note for a subscription; `amount_unrounded` is the sum of its lines, before coupons."""

    moment: int
    code: str
    amount_unrounded: Decimal
    subtotal_amount: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    credit_amount: Decimal
    refund_amount: Decimal
    offset_amount: Decimal
    balance_amount: Decimal
    reason: str = "termination"
    taxes: tuple[LifeTax, ...] = ()
    tax_rate: Decimal = Decimal(0)

    @property
    def coupon_amount(self) -> Decimal:
        """What coupons had taken off, which is not given back."""
        return self.amount_unrounded - self.subtotal_amount


@dataclass(frozen=True)
class LifePeriod:
    """A registered period; dates are local, half-open."""

    code: str
    fee_family: str
    starts_at: datetime
    ends_at: datetime
    start_date: date
    end_date: date
    days: int
    period_days: int


@dataclass(frozen=True)
class LifeFacts:
    """All that came out for one life, in order. `minor_unit` is its currency's."""

    lines: Sequence[LifeLine]
    invoices: Sequence[LifeInvoice]
    notes: Sequence[LifeNote]
    periods: Sequence[LifePeriod]
    minor_unit: int
    coupon_uses: Sequence[LifeUse] = ()
    draws: Sequence[LifeDraw] = ()
    lots: Sequence[LifeLot] = ()
    note_uses: Sequence[LifeNoteUse] = ()
    top_ups: Sequence[LifeTopUp] = ()

    def cents(self, amount: Decimal | None) -> Decimal | None:
        """An amount in the currency's minor unit."""
        return None if amount is None else amount.scaleb(self.minor_unit)

    def fee_lines(
        self, *fee_types: str, code: str | None = None, moment: int | None = None
    ) -> list[LifeLine]:
        """The lines of these types, of one subscription and close or of all."""
        return [
            line
            for line in self.lines
            if line.fee_type in fee_types
            and code in (None, line.code)
            and moment in (None, line.moment)
        ]

    def invoice(self, moment: int, invoice_type: str = SUBSCRIPTION) -> LifeInvoice | None:
        """The invoice of what is due at a close, of which a life has one at most of each type."""
        own = (one for one in self.invoices if one.invoice_type == invoice_type)
        return next((one for one in own if one.moment == moment), None)

    @property
    def progressive_invoices(self) -> list[LifeInvoice]:
        return [one for one in self.invoices if one.invoice_type == PROGRESSIVE]

    def base_periods(self, code: str = "sub") -> list[LifePeriod]:
        return [
            period for period in self.periods if (period.code, period.fee_family) == (code, "base")
        ]

    def net_amount(self) -> Decimal:
        """All invoices with tax, less all notes: what the customer owes in the end."""
        charged = sum((one.total_amount for one in self.invoices), Decimal(0))
        return charged - sum((one.total_amount for one in self.notes), Decimal(0))


#: What comes out where the product takes none of it.
NOTHING = LifeFacts([], [], [], [], 0)
