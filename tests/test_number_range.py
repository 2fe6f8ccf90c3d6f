"""The edge of the number range: exact up to it, and beyond it a close that is refused by name, never a wrong amount.

Belongs here: quantities near 10^15, prices of 10^-12, and products that a column cannot hold, end to end. Does not
belong here: values that an event cannot have (they are verdicts, see the ingest tests and the oracle's).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.gate import GateRefused
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.small_company import (
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)

D = Decimal
MOST = "999999999999999.999999999"  # the largest value of an event
LEAST_PRICE = "0.000000000001"
VALID = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
CHARGE_KEY = {"plan_code": "edge", "charge_code": "edge", **VALID}


@dataclass(frozen=True)
class Edge:
    """A metric, a charge for it, tiers, and the properties of events, all of one subscription in November 2025."""

    metric: Mapping[str, str]
    charge: Mapping[str, str]
    events: Sequence[Mapping[str, Any]]
    tiers: Sequence[Mapping[str, str]] = ()
    interval: str = "monthly"
    more: Mapping[str, str] = field(default_factory=dict)  # a second charge of the metric


SUM = {"aggregation_type": "sum", "field_name": "units"}


def with_rows(company: ClosedCompany, edges: Mapping[str, Edge]) -> ClosedCompany:
    """The company with a customer for each edge, and their usage."""
    lines = []
    for name, edge in edges.items():
        key = {**CHARGE_KEY, "plan_code": name}
        rows: dict[str, list[Mapping[str, str]]] = {
            "prices/billable_metrics": [
                {"metric_code": name, "metric_name": name, "unit_name": "unit", **edge.metric}
            ],
            "prices/plans": [
                {"plan_code": name, "plan_name": name, "interval": edge.interval, "currency": "USD"}
                | {"is_pay_in_advance": "false", "amount": "0", **VALID}
            ],
            "prices/charges": [
                {**key, **charge, "charge_code": code, "metric_code": name, "display_name": name}
                for code, charge in (("edge", edge.charge), ("more", edge.more))
                if charge
            ],
            "prices/charge_tiers": [{**key, **tier} for tier in edge.tiers],
            "accounts/customers": [
                {"customer_id": name, "customer_name": name, "billing_entity_code": "us"}
            ],
            "accounts/subscriptions": [
                {"subscription_id": f"sub_{name}", "external_subscription_id": name}
                | {"customer_id": name, "plan_code": name, "started_at": "2025-11-01T00:00:00Z"}
                | {"recorded_at": "2025-11-01T00:00:00Z"}
            ],
        }
        for table, own in rows.items():
            _append(company.workspace.catalog / f"{table}.csv", own)
        lines.extend(_event(name, number, one) for number, one in enumerate(edge.events))
    text = "\n".join(map(json.dumps, lines)) + "\n"
    (company.workspace.landing / "edge.jsonl").write_text(text, encoding="utf-8")
    return company


def _append(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        known = list(csv.DictReader(file))
        columns = list(known[0])
    columns += [name for row in rows for name in row if name not in columns]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(columns)), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*known, *rows])


def _event(name: str, number: int, properties: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(properties)
    cents = own.pop("cents", None)
    return {
        "transaction_id": f"{name}-{number}",
        "external_subscription_id": name,
        "code": name,
        "timestamp": f"2025-11-{number + 1:02}T00:00:00Z",
        "properties": own,
        **({} if cents is None else {"precise_total_amount_cents": cents}),
    }


TIERS = [{"up_to": "1", "unit_amount": LEAST_PRICE}, {"unit_amount": LEAST_PRICE}]
ONE = [{"units": MOST}]
# Each with its amount before rounding.
EXACT = {
    "standard": (
        Edge(SUM, {"charge_model": "standard", "unit_amount": LEAST_PRICE}, ONE),
        "999.999999999999999999999",
    ),
    "graduated": (
        Edge(SUM, {"charge_model": "graduated"}, ONE, TIERS),
        "999.999999999999999999999",
    ),
    "volume": (Edge(SUM, {"charge_model": "volume"}, ONE, TIERS), "999.999999999999999999999"),
    # A billionth of a percent of a unit is 10^-12 of it.
    "percentage": (
        Edge(SUM, {"charge_model": "percentage", "rate": "0.0000000001"}, ONE),
        "999.999999999999999999999",
    ),
    # 10^15 packages of a unit, the last one begun.
    "package": (
        Edge(
            SUM,
            {"charge_model": "package", "package_amount": LEAST_PRICE, "package_size": "1"},
            ONE,
        ),
        "1000",
    ),
    # The finest of all: a billionth of a unit at 10^-12, at scale 21.
    "finest": (
        Edge(
            SUM,
            {"charge_model": "standard", "unit_amount": LEAST_PRICE},
            [{"units": "0.000000001"}],
        ),
        "0.000000000000000000001",
    ),
    # Nine times the most fill the amount of a line, which has 16 digits before the point.
    "many": (
        Edge(SUM, {"charge_model": "standard", "unit_amount": "1"}, ONE * 9),
        "8999999999999999.999999991",
    ),
    "dynamic": (
        Edge(
            SUM,
            {"charge_model": "dynamic"},
            [{"units": "1", "cents": "999999999999999999.000000000000001"}],
        ),
        "9999999999999999.99000000000000001",
    ),
    # 30, 29, … 3 days of 30 at the most: 15.4 times the most, at scale 9.
    "weighted": (
        Edge(
            {"aggregation_type": "weighted_sum", "field_name": "units"},
            {"charge_model": "standard", "unit_amount": LEAST_PRICE},
            ONE * 28,
        ),
        "15399.999999999999999999985",
    ),
    # All 30 days of the most, and a tier that it fills to the last billionth.
    "prorated": (
        Edge(
            {**SUM, "is_recurring": "true"},
            {"charge_model": "graduated", "is_prorated": "true"},
            ONE,
            [{"up_to": MOST, "unit_amount": LEAST_PRICE}, {"unit_amount": "1"}],
        ),
        "999.999999999999999999999",
    ),
}


def test_amounts_are_exact_up_to_the_edge(tmp_path: Path, small_company: ClosedCompany) -> None:  # noqa: F811
    edges = {name: edge for name, (edge, _) in EXACT.items()}
    company = with_rows(small_company.copy(tmp_path), edges)
    close_through(company.workspace, SECOND_CLOSE, clock=clock)
    found = company.finance(
        "select subscription_id, amount_unrounded from invoice_lines where charge_code = 'edge'"
    )
    assert dict(found) == {f"sub_{name}": D(amount) for name, (_, amount) in EXACT.items()}


NAMED = r"No amount for charge edge of subscription sub_over: .*more than 16 digits"
INVOICE = r"The lines of invoice/2025-12-0\d/us/over/USD/subscription come to more than 16 digits"
deep = pytest.mark.deep
STANDARD = {"charge_model": "standard"}
OVERFLOWS = [
    # 10^18, which no unrounded amount holds.
    pytest.param(Edge(SUM, {**STANDARD, "unit_amount": "1000"}, ONE), NAMED, id="standard"),
    pytest.param(
        Edge(
            SUM,
            {"charge_model": "graduated"},
            ONE,
            [{"up_to": "1", "unit_amount": "1"}, {"unit_amount": "1000"}],
        ),
        NAMED,
        id="graduated",
        marks=deep,
    ),
    pytest.param(
        Edge(
            SUM,
            {"charge_model": "package", "package_amount": "1", "package_size": "0.000000001"},
            ONE,
        ),
        NAMED,
        id="package",
        marks=deep,
    ),
    # 10^15 units for 30 days are 2.7 x 10^17 at 9, which the walk cannot add up.
    pytest.param(
        Edge(
            {**SUM, "is_recurring": "true"},
            {"charge_model": "graduated", "is_prorated": "true"},
            ONE,
            [{"up_to": "1", "unit_amount": "9"}, {"unit_amount": "9"}],
        ),
        NAMED,
        id="walk",
        marks=deep,
    ),
    # 5 x 10^16, which an unrounded amount holds, but no line.
    pytest.param(Edge(SUM, {**STANDARD, "unit_amount": "50"}, ONE), NAMED, id="line", marks=deep),
    # Two lines of 9 x 10^15, which no invoice holds together.
    pytest.param(
        Edge(
            SUM,
            {**STANDARD, "unit_amount": "9"},
            ONE,
            more={**STANDARD, "unit_amount": "9"},
        ),
        INVOICE,
        id="invoice",
        marks=deep,
    ),
    pytest.param(
        Edge(SUM, {"charge_model": "dynamic"}, [{"units": "1", "cents": "9" * 22}]),
        NAMED,
        id="dynamic",
        marks=deep,
    ),
]


@pytest.mark.parametrize(("edge", "reason"), OVERFLOWS)
def test_beyond_the_edge_the_close_is_refused_by_name(
    tmp_path: Path,
    small_company: ClosedCompany,  # noqa: F811
    edge: Edge,
    reason: str,
) -> None:
    company = with_rows(small_company.copy(tmp_path), {"over": edge})
    before = published_bytes(company)
    with pytest.raises(GateRefused) as refusal:
        close_through(company.workspace, SECOND_CLOSE, clock=clock)
    told = " ".join(str(row) for table in refusal.value.tables for row in table.rows)
    assert re.search(reason, told.replace("\n", " "))
    assert published_bytes(company) == before
