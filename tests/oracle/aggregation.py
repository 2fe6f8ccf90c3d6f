"""The quantity of one billable metric in one period. Source: BILLING_RULES §2.

Belongs here: count and sum. Does not belong here: which events belong to the period (see `metering`).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction


def aggregate(aggregation_type: str, values: Iterable[Fraction]) -> Fraction:
    """The quantity of a metric from its events' values (one per event; those of a count do not matter)."""
    if aggregation_type == "count":
        return count(values)
    if aggregation_type == "sum":
        return total(values)
    raise ValueError(f"aggregation {aggregation_type!r}: no rule")


def count(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "count (all events)".

    >>> count([Fraction(0), Fraction(7)])
    Fraction(2, 1)
    """
    return Fraction(sum(1 for _ in values))


def total(values: Iterable[Fraction]) -> Fraction:
    """Source: BILLING_RULES §2 "sum".

    >>> total([Fraction("0.1"), Fraction("0.2")])
    Fraction(3, 10)
    """
    return sum(values, Fraction(0))
