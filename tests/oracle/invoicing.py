"""The lines of a period: base fees and usage in arrears.

Belongs here: proration of the base fee, one line per segment, filter and group (BILLING_RULES §0, §3, §4). Does not
belong here: usage paid in advance (see `advance_lines`), fixed charges, limits (see `charge_limits`, `plan_limits`),
tax and credits (see `settlement`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial

from .catalog import Catalog, Charge
from .charge_limits import maximum_lines, true_up_lines
from .charge_models import Measure, charge_amount
from .lines import AMOUNT_UNROUNDED_SCALE, QUANTITY_SCALE, InvoiceLine
from .measuring import PeriodUsage, Selected, Selection, period_usage, selections
from .metering import MeteredEvent
from .numbers import round_half_away
from .periods import ONE_DAY, Period
from .price_rows import Segment, segments
from .terms import Terms, charge_segments, plan_on, segment_bounds, through_the_end
from .unit_wallets import PartKey, Prepaid
from .upgrades import is_left_to_successor


def base_fee_lines(catalog: Catalog, terms: Terms, period: Period) -> list[InvoiceLine]:
    """The plan's fee for one period: per segment, amount × its days ÷ days of the whole period, quantity 1.

    Only days that count, after the trial: a period without any has no line. Raises LookupError where the plan has no
    price on such a day.
    Source: BILLING_RULES §4 "Proration: inclusive local days × plan amount ÷ days of the whole period", "Trial …: no
    base fee, usage is billed; proration from the trial's end"; §3 "Price change inside a period: base fees split by
    days".
    """
    first, end = max(period.start, terms.trial_end), period.last_billable_day + ONE_DAY
    row_on = partial(plan_on, catalog, terms)
    found = segments(first, end, row_on)
    if sum(segment.days for segment in found) != period.days_within(first, end):
        plan_code = terms.subscription.plan_code
        raise LookupError(f"plan {plan_code} has no price on a day of {period.start}")
    lines = []
    for segment in found:
        starts_at, ends_at = segment_bounds(terms, period, through_the_end(period, segment, row_on))
        lines.append(
            InvoiceLine(
                subscription_id=terms.subscription.subscription_id,
                fee_type="subscription",
                charge_code=None,
                metric_code=None,
                service_period_start=starts_at,
                service_period_end=ends_at,
                exact_quantity=Fraction(1),
                exact_amount=prorated(
                    segment.row.amount, days=segment.days, period_days=period.period_days
                ),
                currency=terms.currency,
                is_prorated=True,
                first_day=segment.start,
                end_day=segment.end,
                price=Fraction(segment.row.amount),
                period_days=period.period_days,
            )
        )
    return lines


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
    events: Iterable[MeteredEvent],
    prepaid: Prepaid | None = None,
) -> list[InvoiceLine]:
    """The lines in arrears of a period, also where nothing was used; `events`: all of the external id.

    `prepaid`: the units of each part that lots of units pay.
    """
    usage = period_usage(terms, period, events)
    lines = []
    for own_segments in charge_segments(catalog, terms, period).values():
        in_arrears = [
            one
            for one in own_segments
            if not one.row.is_pay_in_advance
            and not is_left_to_successor(catalog, terms, period, one.row)
        ]
        fees = [
            line
            for one in in_arrears
            for line in segment_lines(catalog, usage, one, prepaid=prepaid)
        ]
        fees.extend(maximum_lines(terms, period, in_arrears, fees))
        lines.extend(fees)
        lines.extend(true_up_lines(terms, period, in_arrears, fees))
    return lines


def segment_lines(
    catalog: Catalog,
    usage: PeriodUsage,
    segment: Segment[Charge],
    until: datetime | None = None,
    prepaid: Prepaid | None = None,
) -> list[InvoiceLine]:
    """One line per filter and group: A(Q through the segment's end) − A(Q through its start).

    `until`: measure no further; a segment that has not begun by then has no lines.
    Source: BILLING_RULES §3 "usage: the second part is A_new(q1+q2) − A_new(q1); flats, free units and packages once
    per period". Where the segment begins the period, nothing is subtracted; nor from the first fee of a tuple.
    """
    charge, metric = segment.row, catalog.metrics[segment.row.metric_code]
    starts_at, ends_at = segment_bounds(usage.terms, usage.period, segment)
    if until is not None:
        is_begun = starts_at <= until if segment.start == usage.period.start else starts_at < until
        if not is_begun:
            return []
        ends_at = min(ends_at, until)
    lines = []
    for key, selected in selections(charge, metric, usage, ends_at).items():
        after = selected.through(ends_at)
        is_later = segment.start > usage.period.start and selected.is_known(starts_at)
        before = selected.through(starts_at) if is_later else None
        paid = _paid_units(prepaid or {}, selected, key, starts_at)
        lines.append(_usage_line(selected, key, (starts_at, ends_at), after, before, paid))
    return lines


def _paid_units(
    prepaid: Mapping[PartKey, Fraction], selected: Selected, key: Selection, starts_at: datetime
) -> tuple[Fraction, Fraction]:
    """The units that lots pay of a part, and of the parts of the same charge and period before it."""
    terms, charge_code = selected.usage.terms, selected.charge.charge_code
    same = (terms.subscription.subscription_id, charge_code, *key)
    first, _ = terms.bounds(selected.usage.period)
    before = (
        units
        for part, units in prepaid.items()
        if part[:-1] == same and first <= part[-1] < starts_at
    )
    return prepaid.get((*same, starts_at), Fraction(0)), sum(before, Fraction(0))


def amount_of(selected: Selected, key: Selection, measure: Measure) -> Fraction:
    """What a measure costs by the prices of its charge row and filter.

    Source: BILLING_RULES §0 "multiply by price first, divide once, last, at scale 21".
    """
    charge = selected.charge
    amount = charge_amount(
        charge.charge_model,
        charge.prices_of(key[0]),
        measure,
        conversion_rate=charge.conversion_rate,
    )
    return Fraction(round_half_away(amount, AMOUNT_UNROUNDED_SCALE))


def _usage_line(
    selected: Selected,
    key: Selection,
    bounds: tuple[datetime, datetime],
    after: Measure,
    before: Measure | None,
    paid: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0)),
) -> InvoiceLine:
    """`paid`: units that are prepaid, of this part and of those before it; they are used, but not priced.

    Source: BILLING_RULES §5 "Unit wallets … reduce the billable units before rating".
    """
    quantity, priced = shown_quantity(after), replace(after, units=after.units - sum(paid))
    amount, full_units = amount_of(selected, key, priced), priced.units
    if before is not None:
        quantity -= shown_quantity(before)
        priced = replace(before, units=before.units - paid[1])
        amount -= amount_of(selected, key, priced)
        full_units -= priced.units
    return InvoiceLine(
        subscription_id=selected.usage.terms.subscription.subscription_id,
        fee_type="charge",
        charge_code=selected.charge.charge_code,
        metric_code=selected.charge.metric_code,
        service_period_start=bounds[0],
        service_period_end=bounds[1],
        exact_quantity=quantity,
        exact_amount=amount,
        currency=selected.usage.terms.currency,
        filter_code=key[0],
        group_key=key[1],
        full_units=full_units if selected.charge.is_prorated or paid[0] else None,
    )


def shown_quantity(measure: Measure) -> Fraction:
    """The quantity through a point as it is shown: prorated units where there are any, else the aggregate.

    Source: BILLING_RULES §0 "A published quantity is a display at scale 9".
    """
    units = measure.units if measure.prorated_units is None else measure.prorated_units
    return Fraction(round_half_away(units, QUANTITY_SCALE))
