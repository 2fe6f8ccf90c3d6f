"""What came out for one life: lines, invoices, credit notes and registered periods of one customer.

Belongs here: these rows, and picking among them. Does not belong here: reading tables (`life_stored`) and rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

SUBSCRIPTION = "subscription"
PROGRESSIVE = "progressive"
FIXED_FEES = ("fixed_charge", "fixed_charge_in_advance")
USAGE_FEES = ("charge", "charge_in_advance")


@dataclass(frozen=True)
class LifeLine:
    """An invoice line. `moment` is the number of the close, from 0; amounts in currency units, instants in UTC."""

    moment: int
    code: str
    fee_type: str
    charge_code: str | None
    amount: Decimal
    amount_unrounded: Decimal
    tax_rate: Decimal
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class LifeInvoice:
    moment: int
    fees_amount: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    credit_note_amount: Decimal
    amount_due: Decimal
    invoice_type: str = SUBSCRIPTION
    progressive_credit_amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class LifeNote:
    """A credit note for a subscription; `amount_unrounded` is the sum of its lines."""

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

    def invoice(self, moment: int) -> LifeInvoice | None:
        """The invoice of what is due at a close, of which a life has one at most."""
        own = (one for one in self.invoices if one.invoice_type == SUBSCRIPTION)
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
