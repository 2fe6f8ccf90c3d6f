"""The least and the most that a charge comes to in a period.

Belongs here: BILLING_RULES §3 "Charge minimum", "Maximum spend: a cap per charge". Does not belong here: the fees that
they are compared with, and the limits of a plan (see `plan_limits`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .catalog import Charge
from .charge_models import excess, true_up
from .lines import InvoiceLine
from .periods import Period
from .price_rows import Segment
from .terms import Terms


def maximum_lines(
    terms: Terms, period: Period, in_arrears: Sequence[Segment[Charge]], fees: Sequence[InvoiceLine]
) -> list[InvoiceLine]:
    """The line, below 0, of what a charge's fees exceed its maximum; none where they do not.

    A charge that has no maximum on a part of the period has none for the period.
    Source: BILLING_RULES §3 "Maximum spend: a cap per charge, then per period, as a negative line, before minimums".
    """
    maximums = [(one.row.maximum_amount, days_of(period, one)) for one in in_arrears]
    above = excess(maximums, [line.amount for line in fees], period_days=period.period_days)
    return [] if above == 0 else _lines(terms, period, in_arrears[-1], "charge_maximum", -above)


def true_up_lines(
    terms: Terms, period: Period, in_arrears: Sequence[Segment[Charge]], fees: Sequence[InvoiceLine]
) -> list[InvoiceLine]:
    """The line of what a charge's fees lack to its minimum; none where they reach it, or where there is none.

    A minimum of 0 is none: it does not lift fees that a model of one's own made negative. `fees`: what a maximum took
    from them too.
    Source: BILLING_RULES §3 "Charge minimum: arrears only, per charge over all its fees, prorated by days".
    """
    minimums = [
        (one.row.minimum_amount, days_of(period, one))
        for one in in_arrears
        if one.row.minimum_amount
    ]
    lacking = true_up(minimums, [line.amount for line in fees], period_days=period.period_days)
    return _lines(terms, period, in_arrears[-1], "charge_true_up", lacking) if minimums else []


def days_of(period: Period, segment: Segment[Charge]) -> int:
    """The days of a segment that count."""
    return period.days_within(segment.start, segment.end)


def _lines(
    terms: Terms, period: Period, last: Segment[Charge], fee_type: str, amount: Fraction
) -> list[InvoiceLine]:
    """One line, or none where the amount rounds to nothing."""
    starts_at, ends_at = terms.bounds(period)
    line = InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type=fee_type,
        charge_code=last.row.charge_code,
        metric_code=last.row.metric_code,
        service_period_start=starts_at,
        service_period_end=ends_at,
        exact_quantity=Fraction(1),
        exact_amount=amount,
        currency=terms.currency,
    )
    return [line] if line.amount else []
