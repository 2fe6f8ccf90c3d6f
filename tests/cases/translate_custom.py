"""Charge-model cases of the model custom: an amount that is given, or ranges priced by a property.

Belongs here: the keys that only these cases have. Does not belong here: the custom model itself (dbt, and its copy in
the oracle).
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .case_usage import Usage, case_usage, spread, valued
from .facts import total
from .prices import property_values
from .reading import Keys, UnsupportedCase, plain
from .trials import Charge, GivenRows, Metric, Prices, Reader, Trial

# The entry of the dbt var `custom_aggregations` whose model walks ranges priced by a property.
CUSTOM_MODEL = "tiers_by_property"
_RULE = (
    "per event, walk ranges with the cumulative total of all {property}s; within a range each "
    "event's units are priced at that event's {property} rate"
)
_EXTRA = "standard"


def custom_trial(keys: Keys) -> Trial:
    """Take the keys of a custom case; the caller takes what every charge-model case may have."""
    metric = Metric(aggregation="custom", custom_model=CUSTOM_MODEL)
    if "custom_aggregation_amount" in keys:
        usage, properties = _given_usage(keys)
    else:
        usage, properties = _ranged_usage(keys)
    prices = Prices({"custom_properties": json.dumps(properties)})
    trial = Trial(
        span=usage.span,
        metrics=(metric,),
        charges=(Charge("custom", prices),),
        events=usage.events,
        started_at=usage.span.starts_at,
        given=usage.given,
    )
    extra = keys.number("plus_standard_charge_amount")
    if extra is None:
        return trial
    # One metric in the case, two here: custom is an aggregation of its own.
    second = Charge("standard", Prices({"unit_amount": plain(extra)}), _EXTRA, metric_code=_EXTRA)
    return replace(trial, metrics=(metric, Metric(code=_EXTRA)), charges=(*trial.charges, second))


def _given_usage(keys: Keys) -> tuple[Usage, dict[str, Any]]:
    """An amount that some custom model returned for these units."""
    amount, units = keys.needed("custom_aggregation_amount"), keys.needed("units")
    if keys.number("full_units", units) != units:
        raise UnsupportedCase("inputs: 'full_units' differ from 'units' where nothing is prorated")
    event = valued(units)
    event.properties["kind"] = "any"
    given = GivenRows(
        "the amount is that of an unknown custom model", amounts={"usage": (units, amount)}
    )
    usage = case_usage(Keys({"units": units}, keys.where), "custom", is_prorated=False)
    any_price = {"property": "kind", "ranges": [{"up_to": None, "any": "1"}]}
    return replace(usage, events=spread([event]), aggregation="custom", given=given), any_price


def _ranged_usage(keys: Keys) -> tuple[Usage, dict[str, Any]]:
    """Ranges with a price per value of a property that the events have."""
    ranges, previous = [], Decimal(0)
    for position, one in enumerate(keys.objects("ranges")):
        if one.needed("from") not in (previous, previous + (1 if position else 0)):
            raise UnsupportedCase(f"{one.where}: the range does not follow the last")
        up_to = one.number("to")
        previous = previous if up_to is None else up_to
        prices = {name: property_values(value)[0] for name, value in one.rest().items()}
        ranges.append({"up_to": None if up_to is None else plain(up_to), **prices})
    if not ranges:
        raise UnsupportedCase("inputs: key 'ranges' is missing")
    rule = keys.text("rule")
    usage = case_usage(keys, "custom", is_prorated=False)
    priced = {name for one in ranges for name in one} - {"up_to"}
    names = {
        name
        for event in usage.events
        for name, value in event.properties.items()
        if value in priced
    }
    if len(names) != 1:
        raise UnsupportedCase("inputs: no one property of the events names the prices of 'ranges'")
    property_name = names.pop()
    if rule not in (None, _RULE.format(property=property_name)):
        raise UnsupportedCase("inputs: 'rule' is another one than that of ranges by a property")
    return usage, {"property": property_name, "ranges": ranges}


def custom_reader(name: str) -> Reader | None:
    """The readers of keys that tell the two charges of one metric apart."""
    charges = {"custom_amount_cents": "usage", "standard_amount_cents": _EXTRA}
    if name not in charges:
        return None
    return lambda outcome: outcome[""].cents(
        total([line.amount for line in outcome[""].usage_lines(charges[name])])
    )
