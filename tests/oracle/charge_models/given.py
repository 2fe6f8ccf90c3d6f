"""Amounts that come with the events: dynamic prices and custom models. Source: BILLING_RULES §3 "dynamic", "custom".

Belongs here: the dynamic sum and the custom model `tiers_by_property`. Does not belong here: tiers of a quantity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .tiered import total_in_tier

Range = tuple[Fraction, Fraction | None, Mapping[str, Any]]


def dynamic(units: Fraction, cents_of_events: Iterable[Decimal | Fraction]) -> Fraction:
    """Source: BILLING_RULES §3 dynamic: Σ precise_total_amount_cents ÷ 100; 0 if u = 0 ("negative → 0" for both).

    >>> dynamic(Fraction(20), [Decimal("40.2")])
    Fraction(201, 500)
    """
    if units <= 0:
        return Fraction(0)
    return max(sum(map(Fraction, cents_of_events), Fraction(0)) / 100, Fraction(0))


def tiers_by_property(
    events: Sequence[tuple[Fraction, Mapping[str, Any]]], custom_properties: Mapping[str, Any]
) -> Fraction:
    """The only custom model there is here. Source: BILLING_RULES §3 custom.

    Walk the events (units, properties) in time order: the running total of all units chooses the range. An event that
    spans ranges splits. The unit price is the range's entry named by the event's value of `property`;
    where there is none, the price is missing, which is an error.
    """
    name = str(custom_properties["property"])
    amount, total = Fraction(0), Fraction(0)
    for units, properties in events:
        for inside, prices in _split(total, total + units, _ranges(custom_properties)):
            amount += inside * Fraction(str(prices[str(properties[name])]))
        total += units
    return amount


def _ranges(custom_properties: Mapping[str, Any]) -> list[Range]:
    found: list[Range] = []
    previous_up_to = Fraction(0)
    for one in custom_properties["ranges"]:
        up_to = None if one["up_to"] is None else Fraction(str(one["up_to"]))
        found.append((previous_up_to, up_to, one))
        previous_up_to = previous_up_to if up_to is None else up_to
    return found


def _split(
    start: Fraction, end: Fraction, ranges: Sequence[Range]
) -> list[tuple[Fraction, Mapping[str, Any]]]:
    """The units between two running totals by range; negative where the total falls. Below 0 is the first range."""
    found = []
    for position, (previous_up_to, up_to, prices) in enumerate(ranges):
        inside = total_in_tier(end, position, previous_up_to, up_to) - total_in_tier(
            start, position, previous_up_to, up_to
        )
        if inside != 0:
            found.append((inside, prices))
    return found
