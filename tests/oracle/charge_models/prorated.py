"""Prorated graduated charges: a walk over the events. Source: BILLING_RULES §3 "Prorated graduated (recurring)".

Belongs here: the walk. Does not belong here: how many days an event counts (see `aggregation.prorated`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .prices import Tier
from .tiered import flat_amounts, tier_bounds, total_in_tier


@dataclass(frozen=True)
class Step:
    """One step of the walk: a change of the full units, and the share of the period for which it counts (0 to 1)."""

    units: Fraction
    share: Fraction

    @property
    def prorated_units(self) -> Fraction:
        return self.units * self.share


def graduated_walk(steps: Sequence[Step], tiers: Sequence[Tier]) -> Fraction:
    """Price each step at the tiers through which it moves the running full total.

    Source: "walk the events; the running full total chooses the tier, an event spanning tiers splits, each part
    prorated alike; flats up to the highest running full total". The units together cost nothing less than 0.
    """
    total, highest, amount = Fraction(0), Fraction(0), Fraction(0)
    for step in steps:
        before, total = total, total + step.units
        highest = max(highest, total)
        for position, (tier, previous_up_to, up_to) in enumerate(tier_bounds(tiers)):
            moved = total_in_tier(total, position, previous_up_to, up_to) - total_in_tier(
                before, position, previous_up_to, up_to
            )
            amount += moved * step.share * Fraction(tier.unit_amount)
    return max(amount, Fraction(0)) + flat_amounts(highest, tiers)
