"""All trials as one company: a catalog folder and one usage file, each trial a customer of its own.

Belongs here: the rows and lines of a trial, under names of its own. Does not belong here: what a trial is made of
(`trials`), and closing (`billing`).
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from .reading import plain
from .trials import Charge, Prices, Trial, first_instant, local_date

ENTITY = "cases"
RECORDED_AT = "2020-01-01T00:00:00Z"
VALID_FROM = "2020-01-01"
# The customer whose last period ends on the last close date, so that there is one whatever the cases are.
HOST = "host"
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)

# The columns that a catalog file always has; others are written where a trial fills them in.
_COLUMNS = {
    "prices/billable_metrics": "metric_code metric_name aggregation_type field_name unit_name",
    "prices/plans": "plan_code plan_name interval is_pay_in_advance amount currency valid_from "
    "valid_to recorded_at",
    "prices/charges": "charge_code plan_code metric_code charge_model display_name unit_amount "
    "package_amount package_size free_units valid_from valid_to recorded_at",
    "prices/charge_tiers": "plan_code charge_code valid_from recorded_at up_to unit_amount "
    "flat_amount",
    "accounts/billing_entities": "billing_entity_code entity_name country timezone "
    "invoice_prefix net_payment_days grace_days",
    "accounts/customers": "customer_id customer_name billing_entity_code country timezone "
    "purchase_order metadata",
    "accounts/subscriptions": "subscription_id external_subscription_id customer_id plan_code "
    "started_at ended_at billing_starts_at recorded_at",
    "credits/wallets": "wallet_id customer_id wallet_name currency priority",
    "credits/wallet_lots": "lot_id wallet_id lot_kind amount granted_on",
    "tax/taxes": "tax_code tax_name rate_percent valid_from valid_to recorded_at",
    "tax/customer_taxes": "customer_id tax_code",
}
_NO_TAX = "none"
Rows = dict[str, list[dict[str, str]]]


def last_close_date(trials: Mapping[str, Trial]) -> date:
    """The date on which the last period of all trials falls due."""
    return max(
        local_date(trial.span.ends_at - timedelta(microseconds=1), trial.span.timezone)
        + timedelta(days=1)
        for trial in trials.values()
    )


def write_company(folder: Path, trials: Mapping[str, Trial]) -> None:
    """Write catalog/ and landing/ below `folder` for the trials, which are named by their customer."""
    rows: Rows = {name: [] for name in _COLUMNS}
    rows["accounts/billing_entities"].append(
        {
            "billing_entity_code": ENTITY,
            "entity_name": "Cases",
            "country": "FR",
            "timezone": "UTC",
            "invoice_prefix": "C-",
            "net_payment_days": "30",
            "grace_days": "0",
        }
    )
    _add_tax(rows, _NO_TAX, Decimal(0))
    for name, trial in {**trials, HOST: _host(trials)}.items():
        _add_customer(rows, name, trial)
        _add_plan(rows, name, trial)
    for name, listed in rows.items():
        columns = _COLUMNS.get(name, "plan_code charge_code valid_from recorded_at").split()
        _write_rows(folder / "catalog" / f"{name}.csv", columns, listed)
    landing = folder / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    usage = landing / "usage.jsonl"
    lines = (line for name, trial in trials.items() for line in usage_lines(name, trial))
    usage.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    os.utime(usage, (RECEIVED_AT.timestamp(), RECEIVED_AT.timestamp()))


def _host(trials: Mapping[str, Trial]) -> Trial:
    """A customer of one day, without usage."""
    end = last_close_date(trials)
    start = end - timedelta(days=1)
    like = next(iter(trials.values()))
    span = replace(
        like.span,
        starts_at=first_instant(start),
        ends_at=first_instant(end),
        interval="monthly",
        timezone="UTC",
    )
    metric = replace(like.metrics[0], aggregation="sum", is_recurring=False, custom_model=None)
    charge = Charge(model="standard", prices=Prices({"unit_amount": "1"}))
    return Trial(span, (replace(metric, code="units"),), (charge,), (), span.starts_at)


def _add_customer(rows: Rows, name: str, trial: Trial) -> None:
    rows["accounts/customers"].append(
        {
            "customer_id": name,
            "customer_name": name,
            "billing_entity_code": ENTITY,
            "country": "FR",
            "timezone": trial.span.timezone,
        }
    )
    rows["accounts/subscriptions"].append(
        {
            "subscription_id": subscription_id(name),
            "external_subscription_id": f"{name}_ext",
            "customer_id": name,
            "plan_code": f"{name}_plan",
            "started_at": _instant(trial.started_at),
            "ended_at": _instant(trial.span.ends_at),
            "billing_starts_at": _instant(trial.span.starts_at),
            "recorded_at": RECORDED_AT,
        }
    )
    tax_code = _NO_TAX
    if trial.tax_rate_percent is not None:
        tax_code = f"{name}_tax"
        _add_tax(rows, tax_code, trial.tax_rate_percent)
    rows["tax/customer_taxes"].append({"customer_id": name, "tax_code": tax_code})


def _add_tax(rows: Rows, code: str, rate_percent: Decimal) -> None:
    rows["tax/taxes"].append(
        {
            "tax_code": code,
            "tax_name": code,
            "rate_percent": plain(rate_percent),
            "valid_from": VALID_FROM,
            "recorded_at": RECORDED_AT,
        }
    )


def _add_plan(rows: Rows, name: str, trial: Trial) -> None:
    plan_code = f"{name}_plan"
    rows["prices/plans"].append(
        {
            "plan_code": plan_code,
            "plan_name": name,
            "interval": trial.span.interval,
            "is_pay_in_advance": "false",
            "amount": "0",
            "currency": trial.currency,
            "valid_from": VALID_FROM,
            "recorded_at": RECORDED_AT,
        }
    )
    for metric in trial.metrics:
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
    for charge in trial.charges:
        _add_charge(rows, name, charge)


def _add_charge(rows: Rows, name: str, charge: Charge) -> None:
    owner = {
        "plan_code": f"{name}_plan",
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


def subscription_id(name: str) -> str:
    """The subscription of a trial's customer."""
    return f"{name}_sub"


def transaction_id(name: str, metric_code: str, position: int) -> str:
    """The id of a trial's event number `position`, from 0."""
    return f"{name}-{metric_code}-{position}"


def usage_lines(name: str, trial: Trial) -> Iterable[str]:
    """The trial's events as flat JSON lines, one for every metric."""
    for position, event in enumerate(trial.events):
        for metric in trial.metrics:
            record: dict[str, Any] = {
                "transaction_id": transaction_id(name, metric.code, position),
                "external_subscription_id": f"{name}_ext",
                "code": f"{name}_{metric.code}",
                "timestamp": _instant(event.at),
            }
            if event.properties:
                record["properties"] = dict(event.properties)
            if event.precise_cents is not None:
                record["precise_total_amount_cents"] = event.precise_cents
            yield json.dumps(record)


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write_rows(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    more = dict.fromkeys(name for row in rows for name in row if name not in columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns, *more], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
