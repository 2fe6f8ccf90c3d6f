"""Rows and lines that trials and lives write alike.

Belongs here: metrics, charges with filters and tiers, taxes, and an event as a line. Does not belong here: whose they
are (`company`, `life_rows`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .reading import plain
from .trials import Charge, Metric, UsageEvent

RECORDED_AT = "2000-01-01T00:00:00Z"
VALID_FROM = "2000-01-01"
NO_TAX = "none"
Rows = dict[str, list[dict[str, str]]]


def add_tax(rows: Rows, code: str, rate_percent: Decimal) -> None:
    rows["tax/taxes"].append(
        {
            "tax_code": code,
            "tax_name": code,
            "rate_percent": plain(rate_percent),
            "valid_from": VALID_FROM,
            "recorded_at": RECORDED_AT,
        }
    )


def add_metric(rows: Rows, name: str, metric: Metric) -> None:
    row = {
        "metric_code": f"{name}_{metric.code}",
        "metric_name": metric.code,
        "aggregation_type": metric.aggregation,
        "field_name": metric.field_name,
        "unit_name": "unit",
    }
    if metric.is_recurring:
        row["is_recurring"] = "true"
    if metric.rounding_function:
        row["rounding_function"] = metric.rounding_function
    if metric.rounding_precision is not None:
        row["rounding_precision"] = str(metric.rounding_precision)
    if metric.custom_model:
        row["custom_model"] = metric.custom_model
    rows["prices/billable_metrics"].append(row)


def add_charge(rows: Rows, name: str, plan_code: str, charge: Charge) -> None:
    owner = {
        "plan_code": plan_code,
        "charge_code": charge.code,
        "valid_from": VALID_FROM,
        "recorded_at": RECORDED_AT,
    }
    row = {
        **owner,
        "metric_code": f"{name}_{charge.metric_code}",
        "charge_model": charge.model,
        "display_name": charge.code,
        **charge.prices.columns,
    }
    if charge.is_pay_in_advance:
        row["is_pay_in_advance"] = "true"
    if charge.is_prorated:
        row["is_prorated"] = "true"
    if charge.group_keys:
        row["pricing_group_keys"] = ";".join(charge.group_keys)
    if charge.minimum_amount is not None:
        row["minimum_amount"] = plain(charge.minimum_amount)
    rows["prices/charges"].append(row)
    rows["prices/charge_tiers"] += [{**owner, **tier} for tier in charge.prices.tiers]
    for one in charge.filters:
        rows.setdefault("prices/charge_filters", []).append(
            {
                **owner,
                "filter_code": one.code,
                "display_name": one.code,
                **one.prices.columns,
            }
        )
        rows.setdefault("prices/charge_filter_values", []).extend(
            {
                **owner,
                "filter_code": one.code,
                "property_name": property_name,
                "property_value": value,
            }
            for property_name, values in one.values.items()
            for value in values
        )
        rows["prices/charge_tiers"] += [
            {**owner, "filter_code": one.code, **tier} for tier in one.prices.tiers
        ]


def transaction_id(name: str, metric_code: str, position: int) -> str:
    """The id of a customer's event number `position`, from 0."""
    return f"{name}-{metric_code}-{position}"


def event_line(name: str, external: str, metric_code: str, position: int, event: UsageEvent) -> str:
    """An event for one metric as a flat JSON line."""
    record: dict[str, Any] = {
        "transaction_id": transaction_id(name, metric_code, position),
        "external_subscription_id": external,
        "code": f"{name}_{metric_code}",
        "timestamp": instant_text(event.at),
    }
    if event.properties:
        record["properties"] = dict(event.properties)
    if event.precise_cents is not None:
        record["precise_total_amount_cents"] = event.precise_cents
    return json.dumps(record)


def instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
