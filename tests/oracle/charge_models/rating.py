"""A charge's price of a measured quantity, by charge model.

Belongs here: which function prices which model, and the pricing unit. Does not belong here: the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .given import dynamic, tiers_by_property
from .percentage import has_transaction_bounds, percentage, percentage_per_transaction
from .prices import Prices, given, or_zero
from .prorated import Step, graduated_walk
from .tiered import graduated, graduated_percentage, package, standard, volume


@dataclass(frozen=True)
class Measure:
    """What is priced: the units of a charge through one instant, and what event-level models ask of its events.

    `units`: the aggregate, or in advance the high-water mark; `quantity`: the aggregate itself (None: the same).
    `prorated_units` and `steps`: None and empty unless prorated. `values`, `cents`, `custom_events`: of the period's
    events in time order; carried-over history has none.
    """

    units: Fraction
    quantity: Fraction | None = None
    prorated_units: Fraction | None = None
    steps: tuple[Step, ...] = ()
    values: tuple[Fraction, ...] = ()
    cents: tuple[Decimal, ...] = ()
    custom_events: tuple[tuple[Fraction, Mapping[str, Any]], ...] = ()

    @property
    def aggregate(self) -> Fraction:
        return self.units if self.quantity is None else self.quantity


def charge_amount(
    charge_model: str,
    prices: Prices,
    measure: Measure,
    *,
    conversion_rate: Decimal = Decimal(1),
) -> Fraction:
    """The unrounded amount of a charge, in the plan's currency.

    Source: BILLING_RULES §3 "Pricing units: amounts in a custom unit × conversion rate"; "negative → 0".
    """
    return _amount_in_pricing_unit(charge_model, prices, measure) * Fraction(conversion_rate)


def _amount_in_pricing_unit(charge_model: str, prices: Prices, measure: Measure) -> Fraction:
    units = max(measure.units, Fraction(0))
    is_prorated = measure.prorated_units is not None
    priced_units = units if measure.prorated_units is None else measure.prorated_units
    priced_units = max(priced_units, Fraction(0))
    if charge_model == "standard":
        return standard(priced_units, given(prices.unit_amount))
    if charge_model == "graduated":
        if is_prorated:
            return graduated_walk(measure.steps, prices.tiers)
        return graduated(units, prices.tiers)
    if charge_model == "graduated_percentage":
        return graduated_percentage(units, prices.tiers)
    if charge_model == "volume":
        return volume(units, prices.tiers, prorated_units=priced_units)
    if charge_model == "package":
        return package(
            units,
            package_amount=given(prices.package_amount),
            package_size=given(prices.package_size),
            free_units=or_zero(prices.free_units),
        )
    if charge_model == "percentage":
        if has_transaction_bounds(prices):
            return percentage_per_transaction(measure.values, prices)
        return percentage(units, measure.values, prices)
    if charge_model == "dynamic":
        return dynamic(units, measure.cents)
    if charge_model == "custom":
        return tiers_by_property(measure.custom_events, prices.custom_properties)
    raise ValueError(f"charge model {charge_model!r}: no rule")
