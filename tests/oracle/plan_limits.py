"""The least and the most that a plan's fees come to in a period: commitments and the maximum of a period.

Belongs here: BILLING_RULES §4 "Minimum commitment", §3 "Maximum spend: … then per period". Does not belong here: the
limits of a charge (see `charge_limits`), and the fees themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from .catalog import Catalog
from .charge_models import excess
from .invoicing import base_fee_lines
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .periods import ONE_DAY, Period, first_instant
from .price_rows import Plan, Segment, segments
from .terms import Terms, plan_on

# What the maximum of a period looks at: fees, and what maximums took from them; no true-up.
LIMITED_FEE_TYPES = (
    "subscription",
    "charge",
    "charge_in_advance",
    "charge_maximum",
    "fixed_charge",
    "fixed_charge_in_advance",
    "period_maximum",
)


def period_maximum_lines(
    catalog: Catalog,
    terms: Terms,
    period: Period,
    issued: Sequence[InvoiceLine],
    now: Sequence[InvoiceLine],
) -> list[InvoiceLine]:
    """The line, below 0, of what fees exceed the maximum of the plan's period that holds a period of usage.

    `issued` and `now`: the subscription's lines of earlier closes and of this one. It takes no more than this close
    bills for the plan's period in arrears (D-28). A plan that has none on a part of the period has none for the period.
    Source: BILLING_RULES §3 "Maximum spend: a cap per charge, then per period, as a negative line, before minimums".
    """
    whole = plan_period_of(terms, period)
    maximums = [
        (one.row.maximum_amount, whole.days_within(one.start, one.end))
        for one in _plan_segments(catalog, terms, whole)
    ]
    in_arrears = [
        line
        for line in lines_of(catalog, terms, whole, now)
        if not (line.fee_type == "subscription" and terms.is_in_advance("base"))
    ]
    billed_now = _limited_amounts(in_arrears)
    amounts = _limited_amounts(lines_of(catalog, terms, whole, [*issued, *now]))
    above = excess(maximums, amounts, period_days=whole.period_days)
    taken = min(above, sum(billed_now, Fraction(0)))
    return [] if taken <= 0 else [_line(terms, period, "period_maximum", -taken)]


def commitment_lines(
    catalog: Catalog, terms: Terms, period: Period, lines: Sequence[InvoiceLine]
) -> list[InvoiceLine]:
    """The line of what all fees of a period lack to the plan's commitment; none where they reach it.

    `lines`: all of the subscription, of earlier closes and of this one. The commitment is rounded, then compared.
    Source: BILLING_RULES §4 "Minimum commitment: prorated by days; true-up = commitment − all fees of the period
    (advance ones included), before coupons and tax. Yearly with monthly charges: once, at year end".
    """
    committed = sum(
        (
            Fraction(one.row.minimum_commitment_amount or 0)
            * period.days_within(one.start, one.end)
            / period.period_days
            for one in _plan_segments(catalog, terms, period)
        ),
        Fraction(0),
    )
    rounded = Fraction(round_half_away(committed, minor_unit(terms.currency)))
    of_period = lines_of(catalog, terms, period, lines)
    fees = sum((Fraction(line.amount) for line in of_period), Fraction(0))
    lacking = rounded - fees
    if rounded == 0 or lacking <= 0:
        return []
    return [_line(terms, period, "commitment_true_up", lacking)]


def plan_period_of(terms: Terms, period: Period) -> Period:
    """The period of the plan's interval in which a shorter one lies."""
    return next(one for one in terms.periods("commitment") if period.start < one.end)


def lines_of(
    catalog: Catalog, terms: Terms, period: Period, lines: Sequence[InvoiceLine]
) -> list[InvoiceLine]:
    """The lines whose service period starts in a period, which is the whole one where its subscription left early.

    Of a base fee in advance the used days are left then, as if the end had been known, unless the end is skipped.
    Source: BILLING_RULES §4 "all fees of the period (advance ones included)", "End of an advance plan: credit note for
    the unused days … (credit, refund, offset, skip); this note alone settles an end", as read by D-28.
    """
    starts_at, ends_at = terms.bounds(period)
    used_until = period.last_billable_day + ONE_DAY
    is_left_early = terms.last_day is not None and used_until < period.whole_end
    if is_left_early:
        ends_at = first_instant(terms.zone_name, period.whole_end)
    found = [line for line in lines if starts_at <= line.service_period_start < ends_at]
    is_given_back = terms.is_in_advance("base") and terms.subscription.on_termination != "skip"
    if not (is_left_early and is_given_back):
        return found
    others = [line for line in found if line.fee_type != "subscription"]
    return others if others == found else [*others, *base_fee_lines(catalog, terms, period)]


def _limited_amounts(lines: Sequence[InvoiceLine]) -> list[Fraction]:
    return [Fraction(line.amount) for line in lines if line.fee_type in LIMITED_FEE_TYPES]


def _plan_segments(catalog: Catalog, terms: Terms, period: Period) -> list[Segment[Plan]]:
    """The days of a period by the plan row in force."""
    return segments(period.start, period.end, partial(plan_on, catalog, terms))


def _line(terms: Terms, period: Period, fee_type: str, amount: Fraction) -> InvoiceLine:
    starts_at, ends_at = terms.bounds(period)
    return InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type=fee_type,
        charge_code=None,
        metric_code=None,
        service_period_start=starts_at,
        service_period_end=ends_at,
        exact_quantity=Fraction(1),
        exact_amount=amount,
        currency=terms.currency,
    )
