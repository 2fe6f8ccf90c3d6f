"""The lines of fixed charges: units of an add-on, whole or by days, less what an upgrade finds paid already.

Belongs here: BILLING_RULES §4 "Fixed charges". Does not belong here: the charge models (see `charge_models`), which
period is due (see `terms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from functools import partial

from .catalog import Catalog
from .charge_models import Measure, charge_amount
from .fixed_charge_rows import FixedCharge
from .lines import AMOUNT_UNROUNDED_SCALE, InvoiceLine
from .numbers import minor_unit, round_half_away
from .periods import ONE_DAY, Period
from .price_rows import Segment, row_in_force, segments
from .terms import Terms, segment_bounds, through_the_end

FEE_TYPES = {"fixed": "fixed_charge", "fixed_in_advance": "fixed_charge_in_advance"}


def fixed_charge_lines(
    catalog: Catalog, terms: Terms, period: Period, fee_family: str
) -> list[InvoiceLine]:
    """The lines of all fixed charges of a period that are paid in advance, or of all in arrears; by code.

    Source: BILLING_RULES §4 "add-on × units, effective-dated, standard/graduated/volume, optionally prorated, …
    advance or arrears".
    """
    is_in_advance = fee_family == "fixed_in_advance"
    lines = []
    for code in catalog.fixed_charge_rows.get(terms.subscription.plan_code, {}):
        row_on = partial(fixed_charge_on, catalog, terms, code)
        end = period.last_billable_day + ONE_DAY
        for own in segments(period.start, end, row_on):
            if own.row.is_pay_in_advance != is_in_advance:
                continue
            if own.row.is_prorated:
                bounds = segment_bounds(terms, period, through_the_end(period, own, row_on))
                lines.append(_line(terms, period, own, bounds, fee_family))
            elif own.start <= _deciding_day(period, is_in_advance) < own.end:
                whole = replace(own, start=period.start, end=end)
                lines.append(_line(terms, period, whole, terms.bounds(period), fee_family))
    return lines


def fixed_charge_on(
    catalog: Catalog, terms: Terms, fixed_charge_code: str, day: date
) -> FixedCharge | None:
    """The row of a fixed charge that a subscription has on a local day."""
    subscription = terms.subscription
    return row_in_force(
        catalog.fixed_charge_rows[subscription.plan_code][fixed_charge_code],
        day,
        subscription_id=subscription.subscription_id,
        billing_starts_on=terms.first_day,
    )


def _deciding_day(period: Period, is_in_advance: bool) -> date:
    """The day whose units a fixed charge bills that is not prorated: the first if in advance, else the last."""
    return period.start if is_in_advance else period.last_billable_day


def price_of(row: FixedCharge) -> Fraction:
    """What the units of a row cost for a whole period, by the row's charge model."""
    amount = charge_amount(row.charge_model, row.prices, Measure(units=Fraction(row.units)))
    return Fraction(round_half_away(amount, AMOUNT_UNROUNDED_SCALE))


def _line(
    terms: Terms,
    period: Period,
    segment: Segment[FixedCharge],
    bounds: tuple[datetime, datetime],
    fee_family: str,
) -> InvoiceLine:
    """One line of a segment: its price × its days ÷ days of the whole period, or the price where it is not prorated."""
    row = segment.row
    price = price_of(row)
    share = Fraction(segment.days, period.period_days) if row.is_prorated else Fraction(1)
    return InvoiceLine(
        subscription_id=terms.subscription.subscription_id,
        fee_type=FEE_TYPES[fee_family],
        charge_code=row.fixed_charge_code,
        metric_code=None,
        service_period_start=bounds[0],
        service_period_end=bounds[1],
        exact_quantity=Fraction(row.units),
        exact_amount=price * share,
        currency=terms.currency,
        add_on_code=row.add_on_code,
        is_prorated=row.is_prorated,
        first_day=segment.start,
        end_day=segment.end,
        price=price,
        period_days=period.period_days,
    )


# Upgrades.


def less_what_was_paid(
    lines: Iterable[InvoiceLine],
    issued: Iterable[Sequence[InvoiceLine]],
    upgraded_on: date,
    until: date,
) -> list[InvoiceLine]:
    """The first lines in advance of a plan that an upgrade began, less what old plans' lines paid for its days.

    `issued`: all lines of the subscriptions before it, the last one first. `until`: the day after the new plan's last
    one. What was paid is taken from the prorated lines in their order, never below 0.
    Source: BILLING_RULES §4 "optionally prorated (less the unused part already paid for the same add-on after an
    upgrade)": no day is taken off twice, so that of several upgrades each takes what no plan between has taken.
    """
    paid: dict[str | None, Fraction] = {}
    paid_until: dict[str | None, date] = {}
    taken: dict[str | None, date] = {}
    for own in issued:
        in_advance = [line for line in own if line.fee_type == FEE_TYPES["fixed_in_advance"]]
        for line in (one for one in in_advance if one.is_prorated):
            since = max(upgraded_on, taken.get(line.add_on_code, upgraded_on))
            unused = Fraction(unused_amount(line, since, until))
            paid[line.add_on_code] = paid.get(line.add_on_code, Fraction(0)) + unused
            if unused and line.end_day is not None:
                last = paid_until.get(line.add_on_code, upgraded_on)
                paid_until[line.add_on_code] = max(last, min(line.end_day, until))
        for line in in_advance:
            if line.paid_until is not None:
                last = taken.get(line.add_on_code, upgraded_on)
                taken[line.add_on_code] = max(last, line.paid_until)
    found = []
    for line in lines:
        if line.is_prorated:
            used = min(paid.get(line.add_on_code, Fraction(0)), line.exact_amount)
            paid[line.add_on_code] = paid.get(line.add_on_code, Fraction(0)) - used
            line = replace(
                line,
                exact_amount=line.exact_amount - used,
                paid_until=paid_until.get(line.add_on_code) if used else None,
            )
        found.append(line)
    return found


def unused_amount(line: InvoiceLine, since: date, until: date) -> Fraction:
    """What a line's price makes of its days from one day until before another, rounded to the currency's minor unit."""
    assert line.price is not None
    assert line.first_day is not None
    assert line.end_day is not None
    days = max((min(line.end_day, until) - max(line.first_day, since)).days, 0)
    amount = line.price * days / line.period_days
    return Fraction(round_half_away(amount, minor_unit(line.currency)))
