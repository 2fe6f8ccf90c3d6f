"""Random charges: their rows, filters and tiers, for every charge model with all its parameters.

Belongs here: price rows of usage. Does not belong here: metrics (`random_metrics`) and base fees (`random_rows`).

What the catalog's checks refuse is not drawn: filters that another one hides, prices that conversion would round.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import strategies as st

from .numbers import minor_unit
from .random_metrics import FILTER_LEVELS, REGIONS, DrawnMetric
from .random_rows import COPY, PRICES, decimals_of, scopes_of

PRICING_UNIT = PRICES + "credits"
TIERED = ("graduated", "volume", "graduated_percentage")
PRORATED_MODELS = ("standard", "graduated", "volume")
SCOPE_COLUMNS = ("subscription_id", "first_month", "valid_from", "recorded_at")
CONVERSION_RATES = ("0.01", "2", "0.5", "1.25", "0.000001")
GROUP_KEYS = ("region", "level;region", "level", "no such property")

Rows = dict[str, list[dict[str, str]]]
Columns = dict[str, str]


@dataclass(frozen=True)
class Money:
    """How large and how fine prices may be, so that no product overflows and no conversion rounds."""

    unit_amounts: st.SearchStrategy[str]
    flat_amounts: st.SearchStrategy[str]
    rates: st.SearchStrategy[str]
    bounds: st.SearchStrategy[str]


BOUNDS = st.one_of(st.sampled_from(["1", "10", "100", "0.5", "2", "3"]), decimals_of(2000, 9))
EVERYDAY = Money(
    unit_amounts=st.one_of(
        st.sampled_from(["0.01", "0.0000000375", "0.005", "0.333333333333", "1", "12.5", "0"]),
        st.just("0.000000000001"),
        decimals_of(20, 12),
    ),
    flat_amounts=st.one_of(st.sampled_from(["0", ""]), decimals_of(50, 6)),
    rates=st.one_of(st.sampled_from(["0", "2.9", "100", "0.0000000001"]), decimals_of(30, 10)),
    bounds=BOUNDS,
)
# In a pricing unit: times a conversion rate of up to six decimals these are still exact.
CONVERTED = Money(
    unit_amounts=st.one_of(
        st.sampled_from(["0.01", "0.005", "1", "12.5", "0"]), decimals_of(20, 4)
    ),
    flat_amounts=st.one_of(st.sampled_from(["0", ""]), decimals_of(50, 4)),
    rates=st.one_of(st.sampled_from(["0", "2.9", "100"]), decimals_of(30, 4)),
    bounds=BOUNDS,
)
# For quantities near 10^15.
HUGE = Money(
    unit_amounts=st.sampled_from(["0.000000000001", "0.0000000375", "0.000001", "0"]),
    flat_amounts=EVERYDAY.flat_amounts,
    rates=st.sampled_from(["0", "0.0001", "0.0000000001"]),
    bounds=st.sampled_from(["1", "1000000", "999999999999999", "123456789012345.678"]),
)


@st.composite
def charge_rows(
    draw: st.DrawFn,
    ids: tuple[int, int],
    currency: str,
    metrics: tuple[DrawnMetric, ...],
    change_day: date,
    *,
    is_huge: bool,
) -> Rows:
    """All rows of one charge of a plan, by table; constant, changed, corrected, overridden, in phases, begun late.

    `ids`: the numbers of the plan and of the charge.
    """
    number, charge_number = ids
    metric = draw(st.sampled_from(metrics))
    terms = draw(_charge_terms(metric, currency))
    found: Rows = {}
    for scope in draw(scopes_of(f"{COPY}sub{number}", change_day, may_begin_late=True)):
        if draw(st.integers(0, 7)) == 0:  # the row charges something else than the one before it
            metric = draw(st.sampled_from(metrics))
            terms = draw(_charge_terms(metric, currency))
        key = {
            "plan_code": f"{PRICES}plan{number}",
            "charge_code": f"charge{charge_number}",
            **{column: scope[column] for column in SCOPE_COLUMNS if column in scope},
        }
        row = {
            **key,
            **scope,
            "metric_code": metric.code,
            "display_name": f"Charge {charge_number}",
            **terms,
        }
        for table, rows in draw(_priced_rows(key, row, metric, is_huge=is_huge)).items():
            found.setdefault(table, []).extend(rows)
    return found


@st.composite
def _charge_terms(draw: st.DrawFn, metric: DrawnMetric, currency: str) -> Columns:
    """What holds for all prices of a charge: in advance or not, prorated or not, groups, a minimum."""
    terms: Columns = {}
    may_be_in_advance = metric.aggregation_type not in ("weighted_sum", "custom")
    is_in_advance = may_be_in_advance and draw(st.integers(0, 2)) == 0
    if is_in_advance:
        terms["is_pay_in_advance"] = "true"
    elif draw(st.integers(0, 3)) == 0:
        terms["minimum_amount"] = draw(decimals_of(100, minor_unit(currency)))
    may_be_prorated = metric.is_recurring and metric.aggregation_type in ("sum", "unique_count")
    if may_be_prorated and draw(st.integers(0, 3)) > 0:
        terms["is_prorated"] = "true"
    if draw(st.integers(0, 5)) == 0:
        terms["pricing_group_keys"] = draw(st.sampled_from(GROUP_KEYS))
    return terms


def _models_for(row: Columns, metric: DrawnMetric) -> list[str]:
    if metric.aggregation_type == "custom":
        return ["custom"]
    if row.get("is_prorated"):
        found = list(PRORATED_MODELS)
        if row.get("is_pay_in_advance") and metric.row.get("rounding_function"):
            found.remove("graduated")
    else:
        found = ["standard", "package", "package", "percentage", "percentage", *TIERED]
        if metric.aggregation_type in ("count", "sum"):
            found.extend(["dynamic", "dynamic"])
    return [model for model in found if not (model == "volume" and row.get("is_pay_in_advance"))]


@st.composite
def _priced_rows(
    draw: st.DrawFn, key: Columns, row: Columns, metric: DrawnMetric, *, is_huge: bool
) -> Rows:
    """A charge row with its prices, filters and tiers."""
    model = draw(st.sampled_from(_models_for(row, metric)))
    row = {**row, "charge_model": model}
    money = HUGE if is_huge else EVERYDAY
    if not is_huge and model not in ("dynamic", "custom") and draw(st.integers(0, 7)) == 0:
        money = CONVERTED
        row["pricing_unit_code"] = PRICING_UNIT
        row["conversion_rate"] = draw(st.sampled_from(CONVERSION_RATES))
    prices, tiers = draw(prices_of(model, money, metric))
    found: Rows = {
        "prices/charges": [{**row, **prices}],
        "prices/charge_tiers": [{**key, **tier} for tier in tiers],
        "prices/charge_filters": [],
        "prices/charge_filter_values": [],
    }
    for number, values in enumerate(draw(_filters()), start=1):
        filter_key = {**key, "filter_code": f"filter{number}"}
        prices, tiers = draw(prices_of(model, money, metric))
        found["prices/charge_filters"].append(
            {**filter_key, "display_name": f"Filter {number}", **prices}
        )
        found["prices/charge_filter_values"].extend(
            {**filter_key, "property_name": name, "property_value": value}
            for name, own in values.items()
            for value in own
        )
        found["prices/charge_tiers"].extend({**filter_key, **tier} for tier in tiers)
    return found


@st.composite
def _filters(draw: st.DrawFn) -> list[dict[str, tuple[str, ...]]]:
    """Up to three filters that overlap, none of them hidden by others of the same properties."""
    possible = {"region": REGIONS, "level": FILTER_LEVELS}
    found: list[dict[str, tuple[str, ...]]] = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
        names = draw(st.sampled_from([("region",), ("level",), ("region", "level")]))
        values = {
            name: tuple(
                draw(st.lists(st.sampled_from(possible[name]), min_size=1, max_size=2, unique=True))
            )
            for name in names
        }
        if _matches_something_new(values, found):
            found.append(values)
    return found


def _matches_something_new(
    values: dict[str, tuple[str, ...]], before: list[dict[str, tuple[str, ...]]]
) -> bool:
    alike = [other for other in before if other.keys() == values.keys()]
    return any(
        not any(
            all(value in other[name] for name, value in zip(values, tuple_of_values, strict=True))
            for other in alike
        )
        for tuple_of_values in product(*values.values())
    )


# Prices.


@st.composite
def prices_of(
    draw: st.DrawFn, model: str, money: Money, metric: DrawnMetric
) -> tuple[Columns, list[Columns]]:
    """The price columns of a charge row or filter, and its tiers."""
    if model == "standard":
        return {"unit_amount": draw(money.unit_amounts)}, []
    if model == "package":
        return draw(_package(money)), []
    if model == "percentage":
        return draw(_percentage(money, metric)), []
    if model == "custom":
        return {"custom_properties": json.dumps(draw(_custom_properties(money)))}, []
    if model == "dynamic":
        return {}, []
    name, prices = ("unit_amount", money.unit_amounts)
    if model == "graduated_percentage":
        name, prices = ("rate", money.rates)
    tiers = [
        {"up_to": up_to, name: draw(prices), "flat_amount": draw(money.flat_amounts)}
        for up_to in draw(_ascending_bounds(money))
    ]
    return {}, tiers


@st.composite
def _ascending_bounds(draw: st.DrawFn, money: Money) -> list[str]:
    """Bounds of up to three tiers, and the open one."""
    drawn = draw(st.lists(money.bounds, max_size=3))
    bounds = sorted({Decimal(bound) for bound in drawn} - {Decimal(0)})
    return [*(format(bound, "f") for bound in bounds), ""]


@st.composite
def _package(draw: st.DrawFn, money: Money) -> Columns:
    size = draw(st.one_of(st.sampled_from(["1", "10", "1000"]), money.bounds))
    if money is HUGE:
        size = draw(st.sampled_from(["1000000", "123456789.000000001"]))
    return {
        "package_amount": draw(money.unit_amounts),
        "package_size": size if Decimal(size) >= 1 else "2.5",
        "free_units": draw(st.one_of(st.just("0"), st.just(""), money.bounds)),
    }


@st.composite
def _percentage(draw: st.DrawFn, money: Money, metric: DrawnMetric) -> Columns:
    """A rate, and each of its parameters or not: limits by the event where units are those of events."""
    found = {"rate": draw(money.rates)}
    if draw(st.booleans()):
        found["fixed_amount"] = draw(money.unit_amounts)
    if metric.aggregation_type not in ("count", "sum", "unique_count"):
        return found
    if draw(st.booleans()):
        found["free_units_per_events"] = str(draw(st.integers(0, 4)))
    if draw(st.booleans()):
        found["free_units_per_total_aggregation"] = draw(money.bounds)
    least, most = sorted(draw(st.lists(decimals_of(20, 4), min_size=2, max_size=2)), key=Decimal)
    bounded = draw(st.sampled_from(["", "least", "most", "least and most"]))
    if metric.is_recurring:  # what it carries over is no transaction
        return found
    if "least" in bounded:
        found["per_transaction_min_amount"] = least
    if "most" in bounded:
        found["per_transaction_max_amount"] = most
    return found


@st.composite
def _custom_properties(draw: st.DrawFn, money: Money) -> dict[str, Any]:
    """Ranges of `tiers_by_property` with a price for each region, numbers as texts."""
    ranges = []
    for up_to in draw(_ascending_bounds(money)):
        prices = {region: draw(money.unit_amounts) for region in REGIONS}
        ranges.append({"up_to": up_to or None, **prices})
    return {"property": "region", "ranges": ranges}
