"""An invoice line: one fee, what it is for, and the numbers that finance reads of it.

Belongs here: rounding a fee once (BILLING_RULES §0). Does not belong here: how its amount comes about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from .numbers import minor_unit, round_half_away

AMOUNT_UNROUNDED_SCALE = 21
UNIT_AMOUNT_SCALE = 12
QUANTITY_SCALE = 9
# The fee type of what a line takes off for progressive invoices: no fee, but a credit before tax.
PROGRESSIVE_CREDIT = "progressive_credit"


@dataclass(frozen=True)
class InvoiceLine:
    """One fee. `exact_amount` is the fraction itself; the decimals are what finance reads.

    `full_units`: what a unit amount refers to where the quantity is prorated. `issued_amount`: of a fee in advance.
    Of base fees and fixed charges: the local days [first_day, end_day) that are billed, the `price` of the whole period
    and its days. `period_start`: the first day of the period that bills a fee. `customer_id`: of a line that belongs to
    no subscription and no one-off fee.
    """

    subscription_id: str
    fee_type: str
    charge_code: str | None
    metric_code: str | None
    service_period_start: datetime
    service_period_end: datetime
    exact_quantity: Fraction
    exact_amount: Fraction
    currency: str
    filter_code: str | None = None
    group_key: str | None = None
    event_id: str | None = None
    full_units: Fraction | None = None
    issued_amount: Decimal | None = None
    add_on_code: str | None = None
    is_prorated: bool = False
    paid_until: date | None = None
    first_day: date | None = None
    end_day: date | None = None
    price: Fraction | None = None
    period_days: int = 0
    period_start: date | None = None
    one_off_fee_id: str | None = None
    customer_id: str | None = None

    @property
    def quantity(self) -> Decimal:
        return round_half_away(self.exact_quantity, QUANTITY_SCALE)

    @property
    def amount_unrounded(self) -> Decimal:
        return round_half_away(self.exact_amount, AMOUNT_UNROUNDED_SCALE)

    @property
    def amount(self) -> Decimal:
        """Source: BILLING_RULES §0, rounding 2: each fee once, to the currency's minor unit."""
        if self.issued_amount is not None:
            return self.issued_amount
        return round_half_away(self.exact_amount, minor_unit(self.currency))

    @property
    def unit_amount(self) -> Decimal:
        """Source: BILLING_RULES §0 "unrounded amount ÷ quantity (÷ the full units where prorated), scale 12, 0 at
        quantity 0".
        """
        units = self.exact_quantity if self.full_units is None else self.full_units
        if units == 0:
            return Decimal(0)
        return round_half_away(self.exact_amount / units, UNIT_AMOUNT_SCALE)
