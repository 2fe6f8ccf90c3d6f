"""The maximum of a charge or of a period. Source: BILLING_RULES §3 "Maximum spend".

Belongs here: the excess. Does not belong here: the fees that it is taken from.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def excess(
    maximums: Sequence[tuple[Decimal | None, int]],
    fees: Sequence[Decimal | Fraction],
    *,
    period_days: int,
) -> Fraction:
    """What fees come to above the maximum, unrounded; 0 if they do not, or where a part of the period has none.

    `maximums`: each maximum with the days for which it holds; `fees`: rounded.
    Source: BILLING_RULES §3 "Maximum spend: a cap per charge, then per period", prorated by days like a minimum.

    >>> excess([(Decimal(10), 15)], [Decimal(7)], period_days=30)
    Fraction(2, 1)
    """
    most = Fraction(0)
    for amount, days in maximums:
        if amount is None:
            return Fraction(0)
        most += Fraction(amount) * days / period_days
    return (
        max(sum(map(Fraction, fees), Fraction(0)) - most, Fraction(0)) if maximums else Fraction(0)
    )
