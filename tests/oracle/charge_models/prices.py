"""The prices of a charge, as plain data.

Belongs here: price columns and tiers. Does not belong here: what they make of a quantity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Tier:
    """One tier; `up_to` is inclusive, None in the open last one. `rate` is in percent (graduated_percentage)."""

    up_to: Decimal | None
    unit_amount: Decimal = Decimal(0)
    flat_amount: Decimal = Decimal(0)
    rate: Decimal = Decimal(0)


@dataclass(frozen=True)
class Prices:
    """The price columns of a charge or of one of its filters; None where the cell is blank."""

    unit_amount: Decimal | None = None
    package_amount: Decimal | None = None
    package_size: Decimal | None = None
    free_units: Decimal | None = None
    rate: Decimal | None = None
    fixed_amount: Decimal | None = None
    free_units_per_events: int | None = None
    free_units_per_total_aggregation: Decimal | None = None
    per_transaction_min_amount: Decimal | None = None
    per_transaction_max_amount: Decimal | None = None
    custom_properties: Mapping[str, Any] = field(default_factory=dict, hash=False)
    tiers: tuple[Tier, ...] = ()


def given(value: Decimal | None) -> Fraction:
    """A price that must be there. Source: BILLING_RULES §0 "a missing price is a loud error, never 0"."""
    if value is None:
        raise ValueError("the charge has no price: a missing price is an error, never 0")
    return Fraction(value)


def or_zero(value: Decimal | None) -> Fraction:
    """A price that may be blank for none."""
    return Fraction(0) if value is None else Fraction(value)
