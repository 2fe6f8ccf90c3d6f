"""The minimum of a charge. Source: BILLING_RULES §3 "Charge minimum".

Belongs here: the shortfall. Does not belong here: the fees that it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction


def true_up(
    minimums: Iterable[tuple[Decimal, int]], fees: Iterable[Decimal], *, period_days: int
) -> Fraction:
    """What lacks to the minimum, unrounded; 0 if nothing does.

    `minimums`: each minimum with the days for which it holds; `fees`: all fees of the charge in the period, rounded.
    Source: "arrears only, per charge over all its fees, prorated by days; the shortfall is a separate true-up fee".

    >>> true_up([(Decimal(10), 31)], [Decimal(7)], period_days=31)
    Fraction(3, 1)
    """
    least = sum((Fraction(amount) * days / period_days for amount, days in minimums), Fraction(0))
    return max(least - sum(map(Fraction, fees), Fraction(0)), Fraction(0))
