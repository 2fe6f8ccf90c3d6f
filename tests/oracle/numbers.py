"""Exact numbers: parsing, rounding half away from zero, minor units.

Belongs here: what BILLING_RULES §0 says about numbers. Does not belong here: any rule that knows what a number means.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from iso4217 import Currency

EVENT_VALUE_SCALE = 9
EVENT_VALUE_INTEGER_DIGITS = 15  # an event value is a decimal(24,9)
_NUMBER_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def round_half_away(value: Fraction | Decimal | int, scale: int) -> Decimal:
    """Round `value` to `scale` decimals, halves away from zero; `scale` may be negative.

    Source: BILLING_RULES §0 "Rounding is half away from zero".

    >>> round_half_away(Fraction(1005, 1000), 2), round_half_away(Fraction(-5, 2), 0)
    (Decimal('1.01'), Decimal('-3'))
    """
    exact = Fraction(value)
    scaled = abs(exact) * Fraction(10) ** scale
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest >= scaled.denominator:
        whole += 1
    return from_units(-whole if exact < 0 else whole, scale)


def floor_to_scale(value: Fraction | Decimal, scale: int) -> Decimal:
    """The largest number of `scale` decimals that is not above `value`.

    >>> floor_to_scale(Fraction(199, 100), 1)
    Decimal('1.9')
    """
    scaled = Fraction(value) * Fraction(10) ** scale
    return from_units(scaled.numerator // scaled.denominator, scale)


def from_units(units: int, scale: int) -> Decimal:
    """`units` × 10^-scale as a Decimal, whatever the decimal context.

    >>> from_units(-1205, 2)
    Decimal('-12.05')
    """
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((1 if units < 0 else 0, digits, -scale))


def minor_unit(currency: str) -> int:
    """Decimals of the currency's smallest coin (ISO 4217). Source: BILLING_RULES §0, rounding 2.

    >>> minor_unit("JPY"), minor_unit("USD"), minor_unit("KWD")
    (0, 2, 3)
    """
    return Currency(currency).exponent


def parse_number(value: object) -> Decimal | None:
    """The exact number that a JSON number or a numeric text is; None if it is neither.

    >>> parse_number("12.50"), parse_number(True), parse_number("twelve")
    (Decimal('12.50'), None, None)
    """
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, str) and _NUMBER_TEXT.fullmatch(value.strip()):
        return Decimal(value.strip())
    return None


def event_value_fault(value: Decimal) -> str | None:
    """`out_of_range` or `too_precise` if an event cannot carry this value, else None.

    Source: BILLING_RULES §0 "Event values with more than 9 decimals are rejected as `too_precise`"; the range is that
    of a decimal(24,9). Zeros at the end are no decimals: 1.0000000000 is 1.

    >>> event_value_fault(Decimal("0.0000000001")), event_value_fault(Decimal("1e15"))
    ('too_precise', 'out_of_range')
    """
    if value and value.adjusted() >= EVENT_VALUE_INTEGER_DIGITS:
        return "out_of_range"
    return "too_precise" if decimals_of(value) > EVENT_VALUE_SCALE else None


def decimals_of(value: Decimal) -> int:
    """How many decimals a number needs; zeros at the end are none.

    >>> decimals_of(Decimal("1.500")), decimals_of(Decimal("1e3")), decimals_of(Decimal("0.000"))
    (1, 0, 0)
    """
    _sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if not any(digits):
        return 0
    decimals = -exponent
    for digit in reversed(digits):
        if digit != 0:
            break
        decimals -= 1
    return max(decimals, 0)


def exact_value_fault(value: Fraction) -> str | None:
    """The same fault of a computed value.

    >>> exact_value_fault(Fraction(1, 3)), exact_value_fault(Fraction(10) ** 15)
    ('too_precise', 'out_of_range')
    """
    if abs(value) >= 10**EVENT_VALUE_INTEGER_DIGITS:
        return "out_of_range"
    is_exact = (value * 10**EVENT_VALUE_SCALE).denominator == 1
    return None if is_exact else "too_precise"
