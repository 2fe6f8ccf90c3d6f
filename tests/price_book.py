"""A catalog that has every aggregation and charge model once, as rows that a test changes before they are written.

Belongs here: the rows, writing them as CSV, and what the check says of them. Does not belong here: usage
(`small_company` has some), and tests.
"""

from __future__ import annotations

import copy
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestration.catalog import check_catalog
from orchestration.workspace import Workspace

Book = dict[str, list[dict[str, Any]]]

# The files of prices, as tests name them in every line.
M = "prices/billable_metrics"
C = "prices/charges"
F = "prices/charge_filters"
V = "prices/charge_filter_values"
T = "prices/charge_tiers"
P = "prices/plans"

VALID = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
PLAN = {
    "plan_code": "pro",
    "plan_name": "Pro",
    "interval": "monthly",
    "amount": "99",
    "currency": "USD",
} | VALID


def metric(code: str, kind: str, **columns: str) -> dict[str, Any]:
    """A row of billable_metrics."""
    return {"metric_code": code, "metric_name": code, "aggregation_type": kind, **columns}


def charge(code: str, metric_code: str, model: str, **columns: str) -> dict[str, Any]:
    """A row of charges on the plan `pro`."""
    named = {
        "charge_code": code,
        "plan_code": "pro",
        "metric_code": metric_code,
        "charge_model": model,
    }
    return named | {"display_name": code} | VALID | columns


def detail(charge_code: str, **columns: str) -> dict[str, Any]:
    """A row of charge_filters, charge_filter_values or charge_tiers of a charge of `charge`."""
    return {"plan_code": "pro", "charge_code": charge_code} | VALID | columns


_BOOK: Book = {
    "prices/billable_metrics": [
        metric("calls", "count"),
        metric("tokens", "sum", field_name="tokens"),
        metric("seats", "unique_count", field_name="user_id", is_recurring="true"),
        metric("storage", "weighted_sum", field_name="gb", is_recurring="true"),
        metric("weighted", "sum", expression="prompt + 4 * completion"),
        metric("peak", "max", field_name="load", rounding_function="ceil", rounding_precision="-1"),
        metric("level", "latest", expression="`level-a` / 4"),
        metric("special", "custom", custom_model="tiers_by_property"),
        metric("stock", "sum", field_name="units", is_recurring="true"),
    ],
    "prices/pricing_units": [{"pricing_unit_code": "credit", "pricing_unit_name": "Credit"}],
    "prices/plans": [
        PLAN | {"is_pay_in_advance": "false"},
        PLAN | {"is_pay_in_advance": "false", "amount": "79", "subscription_id": "sub_1"},
    ],
    "prices/charges": [
        charge("calls", "calls", "standard", unit_amount="0.01", pricing_group_keys="region; tier"),
        charge("tokens", "tokens", "graduated", minimum_amount="5"),
        charge("weighted", "weighted", "graduated_percentage"),
        charge("packs", "calls", "package", package_amount="5", package_size="100", free_units="10"),
        charge("seats", "seats", "volume", is_prorated="true"),
        charge(
            "fees", "tokens", "percentage", rate="1.5", fixed_amount="0.1", free_units_per_events="3",
            per_transaction_min_amount="0.5", per_transaction_max_amount="10", is_pay_in_advance="true",
        ),
        charge("given", "calls", "dynamic"),
        charge("special", "special", "custom", custom_properties='{"steps": [1, 2]}'),
        charge("storage", "storage", "standard", unit_amount="3", pricing_unit_code="credit", conversion_rate="0.5"),
        charge("stock", "stock", "standard", unit_amount="2", is_prorated="true"),
        charge("peak", "peak", "standard", unit_amount="1"),
        charge("level", "level", "standard", unit_amount="1"),
        charge("models", "calls", "standard", unit_amount="1"),
        charge("bulk", "tokens", "volume"),
    ],
    "prices/charge_filters": [
        detail("models", filter_code="large", display_name="Large", unit_amount="2"),
        detail("models", filter_code="large_eu", display_name="Large, EU", unit_amount="3"),
        detail("bulk", filter_code="eu", display_name="EU"),
    ],
    "prices/charge_filter_values": [
        detail("models", filter_code="large", property_name="model", property_value="l"),
        detail("models", filter_code="large", property_name="model", property_value="xl"),
        detail("models", filter_code="large_eu", property_name="model", property_value="l"),
        detail("models", filter_code="large_eu", property_name="region", property_value="eu"),
        detail("bulk", filter_code="eu", property_name="region", property_value="eu"),
    ],
    "prices/charge_tiers": [
        detail("tokens", up_to="1000", unit_amount="0.002", flat_amount="1"),
        detail("tokens", unit_amount="0.001"),
        detail("weighted", up_to="100", rate="2"),
        detail("weighted", rate="1"),
        detail("seats", up_to="10", unit_amount="5"),
        detail("seats", unit_amount="4"),
        detail("bulk", unit_amount="0.5"),
        detail("bulk", filter_code="eu", up_to="10.5", unit_amount="0.4"),
        detail("bulk", filter_code="eu", unit_amount="0.3"),
    ],
    "accounts/billing_entities": [
        {"billing_entity_code": "us", "entity_name": "Example Inc.", "country": "US", "invoice_prefix": "US",
         "net_payment_days": "30", "grace_days": "0"},
    ],
    "accounts/customers": [
        {"customer_id": "atlas", "customer_name": "Atlas", "billing_entity_code": "us"},
    ],
    "accounts/subscriptions": [
        {"subscription_id": f"sub_{number}", "external_subscription_id": f"ext_{number}", "customer_id": "atlas",
         "plan_code": "pro", "started_at": "2025-10-01T00:00:00Z", "recorded_at": "2025-10-01T00:00:00Z"}
        for number in (1, 2)
    ],
    "tax/taxes": [{"tax_code": "ny", "tax_name": "Sales tax", "rate_percent": "8.875"} | VALID],
    "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "ny"}],
}  # fmt: skip


@pytest.fixture(name="book")
def price_book() -> Book:
    """The rows by file, the test's own."""
    return copied_book()


def copied_book() -> Book:
    """The rows by file, the caller's own."""
    return copy.deepcopy(_BOOK)


def write_book(folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Workspace:
    """Write rows as the catalog folder of a workspace under `folder`; a file without rows is left out."""
    for name, listed in rows.items():
        file = folder / "catalog" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if listed:
            columns = list(dict.fromkeys(column for row in listed for column in row))
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, columns)
                writer.writeheader()
                writer.writerows(listed)
    names = ("catalog", "landing", "warehouse", "published")
    return Workspace.resolve(**{name: folder / name for name in names})


def errors_of(ws: Workspace) -> list[str]:
    """What keeps the catalog of a workspace from being loaded, one line each."""
    return [finding.text for finding in check_catalog(ws) if finding.severity == "error"]
