"""Prices of a quantity alone: standard, graduated, graduated_percentage, package, volume.

Belongs here: one function per row of the table in BILLING_RULES §3. Does not belong here: models that look at single
events (`percentage`, `given`, `prorated`). Units are billable: not negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from .prices import Tier


def standard(units: Fraction, unit_amount: Decimal | Fraction) -> Fraction:
    """Source: BILLING_RULES §3 standard: u × unit_amount; prorated, u are the prorated units.

    >>> standard(Fraction(10), Decimal("5.12345")) == Fraction("51.2345")
    True
    """
    return units * Fraction(unit_amount)


def tier_bounds(tiers: Sequence[Tier]) -> Iterator[tuple[Tier, Fraction, Fraction | None]]:
    """Each tier with the bound of the one before it (excluded) and its own (included; None: open)."""
    previous_up_to = Fraction(0)
    for tier in tiers:
        up_to = None if tier.up_to is None else Fraction(tier.up_to)
        yield tier, previous_up_to, up_to
        if up_to is not None:
            previous_up_to = up_to


def units_in_tier(units: Fraction, previous_up_to: Fraction, up_to: Fraction | None) -> Fraction:
    """Source: BILLING_RULES §3: "units in tier = min(u, up_to) − previous up_to"; none before the tier is reached."""
    top = units if up_to is None else min(units, up_to)
    return max(top - previous_up_to, Fraction(0))


def total_in_tier(
    total: Fraction, position: int, previous_up_to: Fraction, up_to: Fraction | None
) -> Fraction:
    """How much of a running total, which may be negative, lies in a tier: what is below 0 lies in the first one."""
    top = total if up_to is None else min(total, up_to)
    return top if position == 0 else max(top - previous_up_to, Fraction(0))


def flat_amounts(highest_units: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """The flat amounts of the tiers that are reached.

    Source: BILLING_RULES §3 "flat_amount of each tier reached", "u = 0 → the first tier's flat": a tier is reached by
    the first unit above the bound of the one before it; the first one always.
    """
    amount = Fraction(0)
    for position, (tier, previous_up_to, _up_to) in enumerate(tier_bounds(tiers)):
        if position == 0 or highest_units > previous_up_to:
            amount += Fraction(tier.flat_amount)
    return amount


def graduated(units: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """Source: BILLING_RULES §3 graduated: Σ units in the tier × unit_amount + flat_amount of each tier reached."""
    amount = flat_amounts(units, tiers)
    for tier, previous_up_to, up_to in tier_bounds(tiers):
        amount += units_in_tier(units, previous_up_to, up_to) * Fraction(tier.unit_amount)
    return amount


def graduated_percentage(units: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """Source: BILLING_RULES §3 graduated_percentage: "same tiers, units × rate% + flat"."""
    amount = flat_amounts(units, tiers)
    for tier, previous_up_to, up_to in tier_bounds(tiers):
        amount += units_in_tier(units, previous_up_to, up_to) * Fraction(tier.rate) / 100
    return amount


def package(
    units: Fraction,
    *,
    package_amount: Decimal | Fraction,
    package_size: Decimal | Fraction,
    free_units: Decimal | Fraction = Decimal(0),
) -> Fraction:
    """Source: BILLING_RULES §3 package: ceil((u − free_units) ÷ package_size) × amount; 0 if u ≤ free_units."""
    paid_units = units - Fraction(free_units)
    if paid_units <= 0:
        return Fraction(0)
    size = Fraction(package_size)
    packages = -((-paid_units) // size)  # the ceiling of an exact division
    return packages * Fraction(package_amount)


def volume(
    units: Fraction, tiers: Sequence[Tier], *, prorated_units: Fraction | None = None
) -> Fraction:
    """Source: BILLING_RULES §3 volume: the whole u at the one tier where previous up_to < u ≤ up_to, × unit_amount +
    its flat; "u = 0 → first tier's flat. Prorated: tier by the full units, price on the prorated".
    """
    priced_units = units if prorated_units is None else prorated_units
    for tier, _previous_up_to, up_to in tier_bounds(tiers):
        if up_to is None or units <= up_to:
            return priced_units * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
    raise ValueError(f"no tier holds {units} units")
