"""The rounding function of a metric. Source: BILLING_RULES §0, rounding 1.

Belongs here: round, ceil and floor to a precision, which may be negative. Does not belong here: money.
"""

from __future__ import annotations

from fractions import Fraction

from ..numbers import round_half_away


def rounded_quantity(
    quantity: Fraction, rounding_function: str | None, precision: int = 0
) -> Fraction:
    """The aggregated quantity after the metric's rounding function; as it is if the metric has none.

    Source: "round/ceil/floor to a precision, which may be negative: on the aggregate, never per event".

    >>> rounded_quantity(Fraction("123.456"), "ceil", -2), rounded_quantity(Fraction("-1.5"), "round")
    (Fraction(200, 1), Fraction(-2, 1))
    """
    if rounding_function is None:
        return quantity
    if rounding_function == "round":
        return Fraction(round_half_away(quantity, precision))
    scaled = quantity * Fraction(10) ** precision
    if rounding_function == "floor":
        whole = scaled.numerator // scaled.denominator
    elif rounding_function == "ceil":
        whole = -(-scaled.numerator // scaled.denominator)
    else:
        raise ValueError(f"rounding function {rounding_function!r}: no rule")
    return whole / Fraction(10) ** precision
