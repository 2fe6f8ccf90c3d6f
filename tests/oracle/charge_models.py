"""What a quantity costs, before rounding. Source: BILLING_RULES §3, one function per row of its table.

Belongs here: standard, graduated, package. Does not belong here: where the quantity comes from, and rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from .catalog import Charge, Tier


def charge_amount(charge: Charge, quantity: Fraction) -> Fraction:
    """The unrounded amount of a charge, in currency units. A negative quantity is billed as none ("negative → 0")."""
    units = max(quantity, Fraction(0))
    if charge.charge_model == "standard":
        return standard(units, _given(charge.unit_amount))
    if charge.charge_model == "graduated":
        return graduated(units, charge.tiers)
    if charge.charge_model == "package":
        free_units = charge.free_units if charge.free_units is not None else Decimal(0)
        return package(
            units,
            package_amount=_given(charge.package_amount),
            package_size=_given(charge.package_size),
            free_units=free_units,
        )
    raise ValueError(f"charge model {charge.charge_model!r}: no rule")


def standard(units: Fraction, unit_amount: Decimal) -> Fraction:
    """Source: BILLING_RULES §3 standard: u × unit_amount.

    >>> standard(Fraction(10), Decimal("5.12345")) == Fraction("51.2345")
    True
    """
    return units * Fraction(unit_amount)


def units_in_tier(units: Fraction, previous_up_to: Fraction, up_to: Fraction | None) -> Fraction:
    """Source: BILLING_RULES §3: "units in tier = min(u, up_to) − previous up_to"; none before the tier is reached."""
    top = units if up_to is None else min(units, up_to)
    return max(top - previous_up_to, Fraction(0))


def graduated(units: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """Source: BILLING_RULES §3 graduated: Σ units in the tier × unit_amount + flat_amount of each tier reached.

    A tier is reached by the first unit above the bound of the one before it; the first one always ("u = 0 → the
    first tier's flat").
    """
    amount = Fraction(tiers[0].flat_amount)
    previous_up_to = Fraction(0)
    for position, tier in enumerate(tiers):
        up_to = None if tier.up_to is None else Fraction(tier.up_to)
        inside = units_in_tier(units, previous_up_to, up_to)
        amount += inside * Fraction(tier.unit_amount)
        if position > 0 and inside > 0:
            amount += Fraction(tier.flat_amount)
        if up_to is not None:
            previous_up_to = up_to
    return amount


def package(
    units: Fraction, *, package_amount: Decimal, package_size: Decimal, free_units: Decimal
) -> Fraction:
    """Source: BILLING_RULES §3 package: ceil((u − free_units) ÷ package_size) × amount; 0 if u ≤ free_units."""
    paid_units = units - Fraction(free_units)
    if paid_units <= 0:
        return Fraction(0)
    size = Fraction(package_size)
    packages = -((-paid_units) // size)  # the ceiling of an exact division
    return packages * Fraction(package_amount)


def _given(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("the charge has no price: a missing price is an error, never 0")
    return value
