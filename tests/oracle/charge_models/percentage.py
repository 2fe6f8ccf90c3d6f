"""Percentage charges, with free units, free events and bounds per transaction. Source: BILLING_RULES §3 "percentage".

Belongs here: the two ways in which a percentage is priced. Does not belong here: which events there are. Values are
those of the period's events in time order; a limit of 0 is no limit, like a blank one.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from .prices import Prices, given, or_zero


def running_totals(
    values: Sequence[Fraction], *, free_count: int | None, free_total: Decimal | None
) -> list[Fraction]:
    """The running totals that free limits look at.

    Source: "N set → the first N events; else events until the total first exceeds F (that one included)".

    >>> [int(one) for one in running_totals([Fraction(12)] * 4, free_count=None, free_total=Decimal(30))]
    [12, 24, 36]
    """
    totals = list(accumulate(values))
    if free_count:
        return totals[:free_count]
    if not free_total:
        return []
    for position, total in enumerate(totals):
        if total > Fraction(free_total):
            return totals[: position + 1]
    return totals


def free_units_used(totals: Sequence[Fraction], free_total: Decimal | None) -> Fraction:
    """Source: "Free units = the running total's last value, at most F". Never negative."""
    last = max(totals[-1], Fraction(0)) if totals else Fraction(0)
    return min(last, Fraction(free_total)) if free_total else last


def free_events(
    totals: Sequence[Fraction], *, free_count: int | None, free_total: Decimal | None
) -> int:
    """Source: "Free events = the smallest non-zero of N and the number of running totals below F"."""
    below = sum(1 for total in totals if free_total and total < Fraction(free_total))
    return min((number for number in (free_count or 0, below) if number != 0), default=0)


def percentage(units: Fraction, values: Sequence[Fraction], prices: Prices) -> Fraction:
    """A percentage without bounds per transaction.

    Source: "max(0, u − free units) × rate% + paid events × fixed_amount", "Fixed part 0 if u = 0 or all events are
    free".
    """
    free_count = prices.free_units_per_events
    free_total = prices.free_units_per_total_aggregation
    totals = running_totals(values, free_count=free_count, free_total=free_total)
    paid_units = max(units - free_units_used(totals, free_total), Fraction(0))
    amount = paid_units * given(prices.rate) / 100
    free = free_events(totals, free_count=free_count, free_total=free_total)
    paid_events = max(len(values) - free, 0)
    if units > 0:
        amount += paid_events * or_zero(prices.fixed_amount)
    return amount


def has_transaction_bounds(prices: Prices) -> bool:
    bounds = (prices.per_transaction_min_amount, prices.per_transaction_max_amount)
    return any(bound is not None for bound in bounds)


def percentage_per_transaction(values: Sequence[Fraction], prices: Prices) -> Fraction:
    """A percentage with a smallest or largest amount per transaction: the sum over its events.

    Source: "With `per_transaction_min/max`: per event in time order, value × rate% + fixed, raised to min, then cut to
    max". The sum is not negative.
    """
    paid = paid_values(values, prices)
    return max(sum((transaction_amount(one, prices) for one in paid), Fraction(0)), Fraction(0))


def paid_values(values: Sequence[Fraction], prices: Prices) -> list[Fraction]:
    """What of each event is paid, free events left out.

    Source: "with F, events are free while what is left of F exceeds the value, the straddling event pays the rest, N is
    ignored; without F the first N events are free". The straddling event is the first at which the running total
    reaches F; every one after it pays whole.
    """
    free_total = prices.free_units_per_total_aggregation
    if not free_total:
        return list(values[prices.free_units_per_events or 0 :])
    left = Fraction(free_total)
    for position, value in enumerate(values):
        if left <= value:
            return [value - left, *values[position + 1 :]]
        left -= value
    return []


def transaction_amount(value: Fraction, prices: Prices) -> Fraction:
    """The amount of one transaction: value × rate% + fixed, raised to the minimum, then cut to the maximum."""
    amount = value * given(prices.rate) / 100 + or_zero(prices.fixed_amount)
    if prices.per_transaction_min_amount is not None:
        amount = max(amount, Fraction(prices.per_transaction_min_amount))
    if prices.per_transaction_max_amount is not None:
        amount = min(amount, Fraction(prices.per_transaction_max_amount))
    return amount
