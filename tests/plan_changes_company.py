"""A company whose customers change their plans in December 2025: rows, usage, and three states of knowledge.

Belongs here: writing it and closing it. Does not belong here: amounts (the test says them).

December has 31 days, and most changes take effect on its 10th: 9 days are the old plan's and 22 the new one's. Of a
plan of 31.00 a day is worth 1.00.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
# Amount of the plan, and what a call costs.
AMOUNTS = {"small": ("31", "1"), "mid": ("62", "0.5"), "big": ("93", "0.25"), "top": ("124", "0.1")}

Signed = tuple[str, str, str, str]  # subscription, plan, start, end
NOON = "2025-12-10T12:00:00Z"
START = "2025-12-01T00:00:00Z"

KNOWN_FROM_THE_START: list[Signed] = [
    ("rise_1", "small", START, ""),
    ("ahead_1", "small_ahead", START, ""),
    ("down_1", "mid", START, ""),
    ("downahead_1", "mid_ahead", START, ""),
    ("three_1", "small", START, ""),
    ("twice_1", "small", START, ""),
    ("twiceahead_1", "small_ahead", START, ""),
    ("back_1", "small", "2025-12-01T05:00:00Z", ""),
    ("backahead_1", "small_ahead", START, ""),
    ("wavers_1", "big", START, ""),
    ("seats_1", "seats_10", START, ""),
    ("gone_1", "seats_10", START, ""),
    ("days_1", "days_62", "2025-11-01T00:00:00Z", ""),
    ("whole_1", "seats_10", START, ""),
    ("trial_1", "trial_14", START, ""),
    ("yearly_1", "yearly", "2025-11-15T00:00:00Z", ""),
]
# What is known when 10 December is closed. A row of the same subscription takes the place of the earlier one.
CHANGES: list[Signed] = [
    ("rise_2", "mid", NOON, ""),
    ("ahead_2", "mid_ahead", NOON, ""),
    ("down_2", "small", NOON, ""),
    ("downahead_2", "small_ahead", NOON, ""),
    ("twice_2", "mid", "2025-12-10T09:00:00Z", ""),
    ("twice_3", "big", "2025-12-10T15:00:00Z", ""),
    ("twiceahead_2", "mid_ahead", "2025-12-10T09:00:00Z", ""),
    ("twiceahead_3", "big_ahead", "2025-12-10T15:00:00Z", ""),
    # In New York 9:00 and 22:00 of one day.
    ("back_1", "small", "2025-12-01T05:00:00Z", "2025-12-10T14:00:00Z"),
    ("back_2", "small", "2025-12-11T03:00:00Z", ""),
    ("backahead_1", "small_ahead", START, "2025-12-10T09:00:00Z"),
    ("backahead_2", "small_ahead", "2025-12-10T15:00:00Z", ""),
    ("wavers_2", "small", "2025-12-05T09:00:00Z", ""),
    ("wavers_3", "top", NOON, ""),
    ("seats_2", "seats_20", NOON, ""),
    ("gone_2", "mid", NOON, ""),
    ("days_2", "days_93", NOON, ""),
    ("whole_2", "seats_20", "2026-01-01T00:00:00Z", ""),
    ("trial_2", "trial_20", NOON, ""),
]
# Told only after 11 December was closed.
LATE_CHANGES: list[Signed] = [
    ("three_2", "mid", "2025-12-03T09:00:00Z", ""),
    ("three_3", "big", "2025-12-05T18:00:00Z", ""),
    ("three_4", "top", NOON, ""),
]

USAGE = [
    ("rise", "calls", "2025-12-05T09:00:00Z", 1),
    ("rise", "calls", "2025-12-10T11:59:59.999999Z", 1),
    ("rise", "calls", NOON, 1),
    ("rise", "calls", "2025-12-20T09:00:00Z", 1),
    ("ahead", "calls", "2025-12-05T09:00:00Z", 1),
    ("down", "calls", "2025-12-05T09:00:00Z", 1),
    ("down", "calls", "2025-12-20T09:00:00Z", 1),
    ("twice", "calls", "2025-12-10T08:00:00Z", 1),
    ("twice", "calls", "2025-12-10T10:00:00Z", 1),
    ("twice", "calls", "2025-12-10T16:00:00Z", 1),
    ("back", "calls", "2025-12-05T09:00:00Z", 1),
    ("back", "calls", "2025-12-10T20:00:00Z", 1),
    ("seats", "seats", "2025-12-02T09:00:00Z", 2),
    ("seats", "seats", "2025-12-15T09:00:00Z", 1),
    ("gone", "seats", "2025-12-02T09:00:00Z", 2),
    ("gone", "seats", "2025-12-15T09:00:00Z", 1),
    ("days", "seats", "2025-11-20T09:00:00Z", 1),
    ("whole", "seats", "2025-12-02T09:00:00Z", 2),
    ("yearly", "calls", "2025-11-20T09:00:00Z", 10),
    ("yearly", "calls", "2025-12-20T09:00:00Z", 20),
]


def plan(code: str, amount: str, **columns: str) -> dict[str, Any]:
    terms = {"interval": "monthly", "is_pay_in_advance": "false", "currency": "EUR"}
    named = {"plan_code": code, "plan_name": code.title(), "amount": amount}
    return named | terms | SINCE | columns


def charge(plan_code: str, metric: str, price: str, **columns: str) -> dict[str, Any]:
    named = {"plan_code": plan_code, "charge_code": metric, "metric_code": metric}
    model = {"charge_model": "standard", "display_name": metric.title(), "unit_amount": price}
    return named | model | SINCE | columns


def catalog(signed: Sequence[Signed]) -> dict[str, list[dict[str, Any]]]:
    """The rows by file, with these subscriptions."""
    ahead = {"is_pay_in_advance": "true"}
    year = {"interval": "yearly", "bills_charges_monthly": "true"}
    plans, charges = [], []
    for code, (amount, price) in AMOUNTS.items():
        plans += [plan(code, amount), plan(f"{code}_ahead", amount, **ahead)]
        charges += [charge(code, "calls", price), charge(f"{code}_ahead", "calls", price)]
    customers = sorted({code.split("_")[0] for code, *_ in signed})
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum"}
            | {"field_name": "n", "is_recurring": "false"},
            {"metric_code": "seats", "metric_name": "Seats", "aggregation_type": "sum"}
            | {"field_name": "n", "is_recurring": "true"},
        ],
        "prices/plans": [
            *plans,
            plan("seats_10", "31"),
            plan("seats_20", "62"),
            plan("days_62", "31"),
            plan("days_93", "62"),
            plan("trial_14", "31", trial_days="14", **ahead),
            plan("trial_20", "62", trial_days="20", **ahead),
            plan("yearly", "365", minimum_commitment_amount="3650", **year),
        ],
        "prices/charges": [
            *charges,
            charge("seats_10", "seats", "10"),
            charge("seats_20", "seats", "20"),
            charge("days_62", "seats", "62", is_prorated="true"),
            charge("days_93", "seats", "93", is_prorated="true"),
            charge("yearly", "calls", "1"),
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"}
            | {"timezone": "America/New_York" if name == "back" else "UTC"}
            for name in customers
        ],
        "accounts/subscriptions": [_row(*one) for one in signed],
        "tax/taxes": [{"tax_code": "vat", "tax_name": "VAT", "rate_percent": "20"} | SINCE],
        "tax/customer_taxes": [{"customer_id": "ahead", "tax_code": "vat"}],
    }


def _row(code: str, plan_code: str, started_at: str, ended_at: str) -> dict[str, Any]:
    customer = code.split("_")[0]
    return {
        "subscription_id": code,
        "external_subscription_id": customer,
        "customer_id": customer,
        "plan_code": plan_code,
        "started_at": started_at,
        "ended_at": ended_at,
        # Of the one that has been there for longer only December is looked at.
        "billing_starts_at": START if code == "days_1" else "",
        "recorded_at": "2025-11-01T00:00:00Z",
    }


def write(folder: Path, signed: Sequence[Signed]) -> Workspace:
    """Write the company below `folder` as it is known; the last row of a subscription holds."""
    known = {one[0]: one for one in signed}
    ws = write_book(folder, catalog(list(known.values())))
    # Nothing here is tiered, but the file is one that every company has.
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    ws.landing.mkdir(exist_ok=True)
    lines = [
        json.dumps(
            {
                "transaction_id": str(number),
                "external_subscription_id": external,
                "code": code,
                "timestamp": instant,
                "properties": {"n": units},
            }
        )
        for number, (external, code, instant, units) in enumerate(USAGE)
    ]
    (ws.landing / "usage.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ws


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through New Year, each close with what was known by then."""
    known = list(KNOWN_FROM_THE_START)
    for more, through in (
        ([], date(2025, 12, 1)),
        (CHANGES, date(2025, 12, 11)),
        (LATE_CHANGES, date(2026, 1, 1)),
    ):
        known += more
        ws = write(folder, known)
        close_through(ws, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return ClosedCompany(ws)
