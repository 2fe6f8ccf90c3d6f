"""Numbers and counts as a person writes them.

Belongs here: texts of single values that messages and views share. Does not belong here: sentences and tables.
"""

from __future__ import annotations

from decimal import Decimal


def money(amount: Decimal, minor_unit: int) -> str:
    """An amount with the decimals of its currency: 1,234.50, or 1,235 in yen."""
    return f"{amount:,.{minor_unit}f}"


def number(value: Decimal) -> str:
    """A decimal without trailing zeros or exponent: 0.01, 100, 12345678.9."""
    return _without_zeros(f"{value:f}")


def grouped(value: Decimal) -> str:
    """A quantity for reading: thousands parted, trailing zeros gone."""
    return _without_zeros(f"{value:,f}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "invoice"), counted(1200, "event")
        ('1 invoice', '1,200 events')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
