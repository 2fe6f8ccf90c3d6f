"""Aggregations of the events' values alone: count, sum, max, latest. Source: BILLING_RULES §2.

Belongs here: what needs no clock. Does not belong here: values that are no numbers (see `unique`).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction


def aggregate(aggregation_type: str, values: Iterable[Fraction]) -> Fraction:
    """The quantity of a metric from its events' values, in time order (those of a count do not matter).

    A custom metric's quantity is the sum of its field; its amount comes from its model.
    """
    rules = {"count": count, "sum": total, "max": maximum, "latest": latest, "custom": total}
    if aggregation_type not in rules:
        raise ValueError(f"aggregation {aggregation_type!r}: no rule")
    return rules[aggregation_type](values)


def count(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "count (all events)".

    >>> count([Fraction(0), Fraction(7)])
    Fraction(2, 1)
    """
    return Fraction(sum(1 for _ in values))


def total(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "sum". A recurring metric's values begin with its first event ever.

    >>> total([Fraction("0.1"), Fraction("0.2")])
    Fraction(3, 10)
    """
    return sum(values, Fraction(0))


def maximum(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "max (0 if none)".

    >>> maximum([Fraction(-3), Fraction(-5)]), maximum([])
    (Fraction(-3, 1), Fraction(0, 1))
    """
    return max(values, default=Fraction(0))


def latest(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "latest (last by timestamp, then load order; negative → 0)"; 0 if none.

    >>> latest(map(Fraction, [12, 8])), latest([Fraction(-1)])
    (Fraction(8, 1), Fraction(0, 1))
    """
    last = Fraction(0)
    for value in values:
        last = value
    return max(last, Fraction(0))
