"""The lines of a period: base fee and usage charges, rounded once.

Belongs here: proration of the base fee, one line per charge, unit amounts (BILLING_RULES §0, §3, §4). Does not belong
here: tax and credits (see `settlement`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from .aggregation import aggregate
from .catalog import Catalog, Charge, in_force
from .charge_models import charge_amount
from .metering import MeteredEvent, Terms, charges_in_force, plan_rows
from .numbers import minor_unit, round_half_away
from .periods import Period

AMOUNT_UNROUNDED_SCALE = 21
UNIT_AMOUNT_SCALE = 12
QUANTITY_SCALE = 9


@dataclass(frozen=True)
class InvoiceLine:
    """One fee. `exact_amount` is the fraction itself; the decimals are what finance reads."""

    subscription_id: str
    fee_type: str
    charge_code: str | None
    metric_code: str | None
    service_period_start: datetime
    service_period_end: datetime
    exact_quantity: Fraction
    exact_amount: Fraction
    currency: str

    @property
    def quantity(self) -> Decimal:
        return round_half_away(self.exact_quantity, QUANTITY_SCALE)

    @property
    def amount_unrounded(self) -> Decimal:
        return round_half_away(self.exact_amount, AMOUNT_UNROUNDED_SCALE)

    @property
    def amount(self) -> Decimal:
        """Source: BILLING_RULES §0, rounding 2: each fee once, to the currency's minor unit."""
        return round_half_away(self.exact_amount, minor_unit(self.currency))

    @property
    def unit_amount(self) -> Decimal:
        """Source: BILLING_RULES §0 "unrounded amount ÷ quantity, scale 12, 0 at quantity 0"."""
        if self.exact_quantity == 0:
            return Decimal(0)
        return round_half_away(self.exact_amount / self.exact_quantity, UNIT_AMOUNT_SCALE)


def base_fee_line(catalog: Catalog, terms: Terms, period: Period) -> InvoiceLine:
    """The plan's fee for one period: amount × days ÷ days of the whole period, quantity 1.

    Raises LookupError where the plan has no price on the period's first day.
    Source: BILLING_RULES §4 "Proration: inclusive local days × plan amount ÷ days of the whole period".
    """
    plan_code = terms.subscription.plan_code
    plan = in_force(plan_rows(catalog, plan_code), period.start)
    if plan is None:
        raise LookupError(f"plan {plan_code} has no price on {period.start}")
    starts_at, ends_at = terms.bounds(period)
    return InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type="subscription",
        charge_code=None,
        metric_code=None,
        service_period_start=starts_at,
        service_period_end=ends_at,
        exact_quantity=Fraction(1),
        exact_amount=prorated(plan.amount, days=period.days, period_days=period.period_days),
        currency=terms.currency,
    )


def prorated(amount: Decimal, *, days: int, period_days: int) -> Fraction:
    """Source: BILLING_RULES §4. `amount` in currency units.

    >>> prorated(Decimal(31), days=17, period_days=31)
    Fraction(17, 1)
    """
    return Fraction(amount) * days / period_days


def usage_lines(
    catalog: Catalog,
    terms: Terms,
    period: Period,
    events_by_code: Mapping[str, Iterable[MeteredEvent]],
) -> list[InvoiceLine]:
    """One line per charge of the plan on the period's first day, also where nothing was used."""
    starts_at, ends_at = terms.bounds(period)
    lines = []
    for charge in charges_in_force(catalog, terms.subscription.plan_code, period.start):
        values = [
            metered.value
            for metered in events_by_code.get(charge.metric_code, ())
            if starts_at <= metered.event.at < ends_at
        ]
        metric = catalog.metrics[charge.metric_code]
        quantity = aggregate(metric.aggregation_type, values)
        lines.append(_usage_line(terms, charge, quantity, (starts_at, ends_at)))
    return lines


def _usage_line(
    terms: Terms, charge: Charge, quantity: Fraction, bounds: tuple[datetime, datetime]
) -> InvoiceLine:
    return InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type="charge",
        charge_code=charge.charge_code,
        metric_code=charge.metric_code,
        service_period_start=bounds[0],
        service_period_end=bounds[1],
        exact_quantity=quantity,
        exact_amount=charge_amount(charge, quantity),
        currency=terms.currency,
    )
