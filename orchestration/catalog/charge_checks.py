"""What a charge row and its filters must say, by charge model: price columns, metric, advance, proration, units.

Belongs here: checks of one charge row with its metric, and of the filters that belong to it. Does not belong here:
tiers (`tier_checks`), and when a row is in force (`validity_checks`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Any

from orchestration.catalog.charge_rows import (
    CHARGES,
    FILTERS,
    VALUES,
    Tables,
    charge_key,
    filter_key,
    key_words,
    property_names,
)
from orchestration.catalog.expression import property_name_fault
from orchestration.catalog.validate import Row
from orchestration.texts import number

# The columns that each charge model needs and may have; every other pricing column must be blank.
CHARGE_COLUMNS = {
    "standard": (("unit_amount",), ()),
    "graduated": ((), ()),
    "graduated_percentage": ((), ()),
    "package": (("package_amount", "package_size"), ("free_units",)),
    "volume": ((), ()),
    "percentage": (
        ("rate",),
        (
            "fixed_amount",
            "free_units_per_events",
            "free_units_per_total_aggregation",
            "per_transaction_min_amount",
            "per_transaction_max_amount",
        ),
    ),
    "dynamic": ((), ()),
    "custom": ((), ("custom_properties",)),
}
PRICING_COLUMNS = tuple(
    dict.fromkeys(
        column for needed, possible in CHARGE_COLUMNS.values() for column in (*needed, *possible)
    )
)
# Decimals of the prices that a conversion rate multiplies, as stg_catalog__charge_prices casts them.
CONVERTED_DECIMALS = {
    "unit_amount": 12,
    "package_amount": 12,
    "rate": 10,
    "fixed_amount": 12,
    "per_transaction_min_amount": 12,
    "per_transaction_max_amount": 12,
    "flat_amount": 12,
}
CONVERTED_INTEGER_DIGITS = 8
PRORATED_MODELS = ("standard", "graduated", "volume")
PRORATED_METRICS = ("sum", "unique_count")
# Products of prices and rates need at most 38 digits.
_EXACT = Context(prec=60)


def charge_problems(tables: Tables) -> Iterator[str]:
    """Each charge has the price columns that its model uses, and a metric and options that go with it."""
    metrics = {row["metric_code"]: row for row in tables["billable_metrics"]}
    plans = plans_of_subscriptions(tables)
    for row in tables["charges"]:
        where = f"{CHARGES} row {row.line}: "
        problems = [
            *price_problems(row, row["charge_model"], "charge"),
            *_group_key_problems(row),
            *_unit_problems(row),
            *conversion_problems(row, row["conversion_rate"]),
        ]
        # An unknown metric has been named already, as a reference.
        if row["metric_code"] in metrics:
            problems += _metric_problems(row, metrics[row["metric_code"]])
            problems += _transaction_problems(row, metrics[row["metric_code"]])
        yield from (where + problem for problem in problems)
        yield from override_problems(CHARGES, row, plans)


def price_problems(row: Row, model: str, noun: str) -> Iterator[str]:
    """The price columns of one charge row or filter."""
    needed, possible = CHARGE_COLUMNS[model]
    for column in PRICING_COLUMNS:
        if column in needed and row[column] is None:
            yield f"a {model} {noun} needs {column}; fill it in"
        if column not in (*needed, *possible) and row[column] is not None:
            yield f"a {model} {noun} does not use {column}; leave it empty"
    least, most = row["per_transaction_min_amount"], row["per_transaction_max_amount"]
    if least is not None and most is not None and least > most:
        yield (
            f"per_transaction_min_amount {number(least)} is above per_transaction_max_amount {number(most)}; "
            "correct one of them"
        )
    if row["custom_properties"] is not None and not _is_json_object(row["custom_properties"]):
        yield 'custom_properties is no JSON object; write one, like {"rate": "0.5"}'


def _is_json_object(text: str) -> bool:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _metric_problems(row: Row, metric: Row) -> Iterator[str]:
    model, kind = row["charge_model"], metric["aggregation_type"]
    named = f"metric '{row['metric_code']}' is {kind}"
    if model == "custom" and kind != "custom":
        yield f"a custom charge needs a custom metric, but {named}; choose another charge_model"
    if model != "custom" and kind == "custom":
        yield f"{named}, which only a custom charge prices; set charge_model to custom"
    if model == "dynamic" and kind not in ("count", "sum"):
        yield f"a dynamic charge needs a metric that counts or sums, but {named}; choose another"
    if row["is_pay_in_advance"]:
        if model == "volume":
            yield "a volume charge cannot be paid in advance; set is_pay_in_advance to false"
        if kind in ("weighted_sum", "custom"):
            yield f"{named}, which cannot be paid in advance; set is_pay_in_advance to false"
        if row["minimum_amount"] is not None:
            yield "a charge paid in advance has no minimum_amount; leave it empty"
    if row["is_prorated"]:
        if model not in PRORATED_MODELS:
            allowed = ", ".join(PRORATED_MODELS[:-1])
            yield (
                f"a {model} charge cannot be prorated, only {allowed} or {PRORATED_MODELS[-1]}; "
                "set is_prorated to false"
            )
        if not metric["is_recurring"] or kind not in PRORATED_METRICS:
            recurring = "recurring" if metric["is_recurring"] else "not recurring"
            yield (
                f"a prorated charge needs a recurring sum or unique_count, but {named} and {recurring}; "
                "set is_prorated to false, or choose another metric"
            )
        if row["is_pay_in_advance"] and model == "graduated" and metric["rounding_function"]:
            yield (
                "a prorated graduated charge in advance goes by the exact units, but metric "
                f"'{row['metric_code']}' has a rounding_function; choose another metric or charge_model"
            )


def _transaction_problems(row: Row, metric: Row) -> Iterator[str]:
    """What a percentage goes by single events for, of a metric whose units are not those of its events."""
    bounds = ("per_transaction_min_amount", "per_transaction_max_amount")
    limits = ("free_units_per_events", "free_units_per_total_aggregation")
    kind = metric["aggregation_type"]
    for column in (*bounds, *limits):
        if row[column] is None:
            continue
        if kind in ("max", "latest", "weighted_sum"):
            yield f"{column} goes by single events, but metric '{metric['metric_code']}' is {kind}; leave it empty"
        elif column in bounds and metric["is_recurring"]:
            yield (
                f"{column} goes by single events, but metric '{metric['metric_code']}' is recurring, and what it "
                "carries over is none; leave it empty"
            )


def _group_key_problems(row: Row) -> Iterator[str]:
    names = property_names(row["pricing_group_keys"])
    for name in names:
        fault = property_name_fault(name)
        if fault:
            yield f"a name in pricing_group_keys {fault}; part the names by ;"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"pricing_group_keys names '{name}' twice; remove one"


def _unit_problems(row: Row) -> Iterator[str]:
    unit, rate = row["pricing_unit_code"], row["conversion_rate"]
    if unit is not None and rate is None:
        yield f"prices in '{unit}' need conversion_rate; fill in what one is worth in the plan's currency"
    if unit is None and rate is not None:
        yield "conversion_rate needs pricing_unit_code; name the unit, or leave both empty"
    if unit is not None and row["charge_model"] == "dynamic":
        yield "a dynamic charge has no pricing unit, its amounts come with the events; leave it empty"


def conversion_problems(row: Row, rate: Decimal | None) -> Iterator[str]:
    """Prices in a unit whose value in the plan's currency has no exact place in the warehouse."""
    if rate is None:
        return
    for column, decimals in CONVERTED_DECIMALS.items():
        price = row.values.get(column)
        if price is None:
            continue
        value = _EXACT.multiply(price, rate)
        named = f"{column} {number(price)} × conversion_rate {number(rate)} = {number(value)}"
        if _EXACT.quantize(value, Decimal(1).scaleb(-decimals)) != value:
            yield f"{named}, with more than {decimals} decimals; prices are never rounded, choose another rate"
        if abs(value) >= 10**CONVERTED_INTEGER_DIGITS:
            yield (
                f"{named}, with more than {CONVERTED_INTEGER_DIGITS} digits before the point; choose another unit"
            )


def plans_of_subscriptions(tables: Tables) -> dict[str | None, set[str]]:
    """The plans that each subscription has or had, by any of its rows."""
    plans: dict[str | None, set[str]] = {}
    for row in tables["subscriptions"]:
        plans.setdefault(row["subscription_id"], set()).add(row["plan_code"])
    return plans


def override_problems(file: str, row: Row, plans: Mapping[str | None, set[str]]) -> Iterator[str]:
    """A row of one subscription or of some months is one that can come into force.

    Args:
        file: the file, for the message.
        row: a plan or charge row.
        plans: as `plans_of_subscriptions` gives them.
    """
    subscription, plan = row["subscription_id"], row["plan_code"]
    # One that does not exist at all has been named already, as a reference.
    if subscription in plans and plan not in plans[subscription]:
        yield (
            f"{file} row {row.line}: subscription '{subscription}' is not on plan '{plan}'; "
            "correct subscription_id or plan_code"
        )
    first, last = row["first_month"], row["last_month"]
    if first is not None and last is not None and first > last:
        yield f"{file} row {row.line}: first_month {first} is after last_month {last}; correct one of them"


def filter_problems(tables: Tables) -> Iterator[str]:
    """Filters belong to a charge row and state all prices of its model; their values belong to a filter."""
    charges = {charge_key(row): row for row in tables["charges"]}
    metrics = {row["metric_code"]: row for row in tables["billable_metrics"]}
    known = set()
    for row in tables["charge_filters"]:
        known.add(filter_key(row))
        where = f"{FILTERS} row {row.line}: "
        charge = charges.get(charge_key(row))
        if charge is None:
            yield where + no_charge_row(row)
            continue
        problems = [
            *price_problems(row, charge["charge_model"], "filter"),
            *conversion_problems(row, charge["conversion_rate"]),
        ]
        if charge["metric_code"] in metrics:
            problems += _transaction_problems(row, metrics[charge["metric_code"]])
        yield from (where + problem for problem in problems)
    for row in tables["charge_filter_values"]:
        where = f"{VALUES} row {row.line}: "
        if charge_key(row) not in charges:
            yield where + no_charge_row(row)
        elif filter_key(row) not in known:
            yield where + unknown_filter(row)
        fault = property_name_fault(row["property_name"])
        if fault:
            yield f"{where}property_name {fault}; correct it"


def no_charge_row(row: Row) -> str:
    """The message for a filter, value or tier whose charge row does not exist."""
    return (
        f"no charge row has {key_words(charge_key(row))}; copy plan_code, charge_code, subscription_id, "
        f"first_month, valid_from and recorded_at from {CHARGES}"
    )


def unknown_filter(row: Row) -> str:
    """The message for a value or tier whose filter does not exist."""
    return (
        f"charge '{row['charge_code']}' has no filter '{row['filter_code']}' in this row; "
        f"add it to {FILTERS} with the same key, or correct filter_code"
    )
