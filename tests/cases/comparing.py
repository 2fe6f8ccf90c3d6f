"""What a case expects beside what came out, number by number.

Belongs here: at which scale two numbers are compared. Does not belong here: where a number comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from .reading import UnsupportedCase, number_of, plain

_ROUNDINGS = {"round": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
_WIDE = Context(prec=100)
_FLOAT = Context(prec=15, rounding=ROUND_HALF_UP)
_FRACTION_DECIMALS = 40
Comparison = tuple[str, int]  # a rounding function, and a number of decimals


@dataclass(frozen=True)
class Agreement:
    """One expected value beside what came out; `note` says what the comparison left out."""

    key: str
    expected: str
    got: str
    is_equal: bool
    note: str = ""


def read_compare(text: str | None) -> dict[str, Comparison]:
    """How a case wants its numbers compared, by expected key; the key '' stands for all others.

    Example:
        >>> read_compare("amount ceil 2, unit_amount round 2")
        {'amount': ('ceil', 2), 'unit_amount': ('round', 2)}
        >>> read_compare("round 5")
        {'': ('round', 5)}
    """
    found: dict[str, Comparison] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        match = re.fullmatch(r"(?:(\w+) )?(round|ceil|floor) (-?\d+)", part.strip())
        if match is None:
            raise UnsupportedCase(f"inputs: 'compare' is {text!r}, which says nothing known")
        found[match[1] or ""] = (match[2], int(match[3]))
    return found


def rounded(value: Decimal, function: str, decimals: int) -> Decimal:
    """`value` rounded to `decimals` (which may be negative); `round` is half away from zero.

    Example:
        >>> rounded(Decimal("0.516129"), "ceil", 5)
        Decimal('0.51613')
        >>> rounded(Decimal("123.456"), "round", -2)
        Decimal('1E+2')
    """
    return value.quantize(Decimal(1).scaleb(-decimals), _ROUNDINGS[function], context=_WIDE)


def decimal_of(value: Fraction, decimals: int) -> Decimal:
    """A fraction rounded half away from zero.

    Example:
        >>> decimal_of(Fraction(2, 3), 5)
        Decimal('0.66667')
    """
    exact = _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return rounded(exact, "round", decimals)


def compared(
    key: str, expected: Any, got: Any, how: Mapping[str, Comparison] | None = None
) -> list[Agreement]:
    """One Agreement per number (or text) in `expected`, which may be a list or an object of them.

    Numbers are compared at the lower of their two scales, unless `how` says to how many decimals.
    """
    if isinstance(expected, Mapping):
        members = got if isinstance(got, Mapping) else {}
        return [
            agreement
            for name, value in expected.items()
            for agreement in compared(f"{key}.{name}", value, members.get(name), how)
        ]
    if isinstance(expected, list):
        items = list(got) if isinstance(got, list | tuple) else []
        found = [
            agreement
            for position, value in enumerate(expected)
            for agreement in compared(
                f"{key}[{position}]", value, items[position] if position < len(items) else None, how
            )
        ]
        if not expected and not items:
            found.append(Agreement(key, "nothing", "nothing", True))
        if len(items) > len(expected):
            surplus = ", ".join(shown(item) for item in items[len(expected) :])
            found.append(Agreement(f"{key}[{len(expected)}]", "nothing", surplus, False))
        return found
    return [_compared_values(key, expected, got, how or {})]


def _compared_values(key: str, expected: Any, got: Any, how: Mapping[str, Comparison]) -> Agreement:
    if not isinstance(got, Decimal):
        return Agreement(key, shown(expected), shown(got), got is not None and expected == got)
    wanted = _number_expected(expected, f"expected: {key!r}")
    name = re.split(r"[.\[]", key)[-1 if "." in key else 0]
    rule = how.get(name) or how.get("")
    if rule is not None:
        function, decimals = rule
        is_equal = rounded(got, function, decimals) == wanted
        note = f"{function} to {decimals} decimals, as the case says" if is_equal else ""
    else:
        decimals = min(_scale(wanted), _scale(got))
        is_equal = rounded(got, "round", decimals) == rounded(wanted, "round", decimals)
        note = f"equal at {decimals} decimals" if is_equal else ""
        if not is_equal and _is_float(wanted):
            is_equal = _FLOAT.plus(got) == _FLOAT.plus(wanted)
            note = "equal at the 15 digits that a float keeps" if is_equal else ""
    return Agreement(key, plain(wanted), plain(got), is_equal, "" if got == wanted else note)


def _number_expected(value: Any, where: str) -> Decimal:
    """An exact decimal, or a fraction like 100/91 to more digits than any number of ours has."""
    match = re.fullmatch(r"(-?\d+)/(\d+)", value) if isinstance(value, str) else None
    if match is None:
        return number_of(value, where)
    return rounded(_WIDE.divide(Decimal(match[1]), Decimal(match[2])), "round", _FRACTION_DECIMALS)


def _is_float(value: Decimal) -> bool:
    """Whether a number has the digits of a double's shortest text: its last ones may be an accident."""
    return 16 <= len(value.normalize().as_tuple().digits) <= 17


def _scale(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, 0)


def shown(value: Any) -> str:
    """A value as the report prints it."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {shown(member)}" for name, member in value.items()) + "}"
    return "nothing" if value is None else str(value)
