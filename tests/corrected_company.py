"""A company each subscription of which has something changed behind it after it was billed.

Belongs here: its catalog as it is known at three times, its usage as it comes, and closing it. Does not belong here:
amounts (`test_adjustments`). A subscription, its customer and its plan have one name, which tells what changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
CORRECTED = {"valid_from": "2025-01-01", "recorded_at": "2025-02-10T00:00:00Z"}
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def plan(code: str, amount: str = "0", **columns: str) -> dict[str, str]:
    terms = {"interval": "monthly", "is_pay_in_advance": "false", "currency": "EUR"}
    return {"plan_code": code, "plan_name": code, "amount": amount} | terms | SINCE | columns


def charge(plan_code: str, metric: str = "calls", **columns: str) -> dict[str, str]:
    named = {"plan_code": plan_code, "charge_code": metric, "metric_code": metric}
    price = {"charge_model": "standard", "unit_amount": "1", "display_name": metric}
    return named | price | SINCE | columns


NAMES = (
    "advance", "amended_down", "amended_month", "amended_up", "backdated", "both", "committed", "corrected", "ended",
    "graded", "late", "monthly_cap", "old", "paid", "postponed", "prolonged", "refunded", "renamed", "retaxed",
    "retracted", "seats", "small", "withdrawn", "withdrawn_advance",
)  # fmt: skip
# Whose customers pay tax.
TAXED = ("amended_down", "amended_up", "late", "retaxed", "retracted")


def subscriptions(*, is_changed: bool, is_withdrawn: bool) -> list[dict[str, str]]:
    """As they are at first, once starts and ends are known, or once ends are withdrawn or moved on."""
    rows = {
        name: {
            "subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": name,
            "started_at": "2025-01-01T00:00:00Z", "ended_at": "", "recorded_at": "2025-01-01T00:00:00Z",
        }
        for name in NAMES
    }  # fmt: skip
    if is_changed:
        rows["ended"]["ended_at"] = "2025-01-16T00:00:00Z"
        rows["postponed"]["started_at"] = "2025-01-11T00:00:00Z"
    else:
        rows["backdated"]["started_at"] = "2025-01-11T00:00:00Z"
    if not is_withdrawn:
        rows["withdrawn"]["ended_at"] = "2025-02-11T00:00:00Z"
        rows["withdrawn_advance"]["ended_at"] = "2025-02-11T00:00:00Z" if is_changed else ""
    rows["prolonged"]["ended_at"] = f"2025-02-{21 if is_withdrawn else 11}T00:00:00Z"
    return list(rows.values())


PLANS = [
    plan("advance", "31", is_pay_in_advance="true"),
    plan("amended_down"),
    plan("amended_month"),
    plan("amended_up"),
    plan("backdated", "31"),
    plan("both", "31"),
    plan("committed", minimum_commitment_amount="50"),
    plan("corrected"),
    plan("ended", "31"),
    plan("graded"),
    plan("late"),
    plan("monthly_cap", interval="yearly", bills_charges_monthly="true", maximum_amount="100"),
    plan("old", adjustment_days="10"),
    plan("paid"),
    plan("postponed", "31"),
    plan("prolonged", "28"),
    plan("refunded"),
    plan("renamed", "31"),
    plan("retaxed", "31"),
    plan("retracted"),
    plan("seats"),
    plan("small", adjustment_minimum_amount="3"),
    plan("withdrawn", "28"),
    plan("withdrawn_advance", "28", is_pay_in_advance="true"),
]
CHARGES = [
    charge("amended_down"),
    charge("amended_month"),
    charge("amended_up", charge_model="graduated", unit_amount=""),
    charge("backdated", minimum_amount="31"),
    charge("both"),
    charge("committed"),
    charge("corrected"),
    charge("ended"),
    charge("graded", charge_model="graduated", unit_amount=""),
    charge("late"),
    charge("monthly_cap"),
    charge("old"),
    charge("paid", is_pay_in_advance="true"),
    charge("postponed"),
    charge("prolonged"),
    charge("refunded", is_pay_in_advance="true"),
    charge("renamed"),
    charge("retaxed"),
    charge("retracted"),
    charge("seats", "seats"),
    charge("small"),
    charge("withdrawn", charge_model="graduated", unit_amount=""),
]
CORRECTED_PLANS = [
    plan("advance", "62", is_pay_in_advance="true") | CORRECTED,
    plan("renamed", "31", plan_name="By another name") | CORRECTED,
]
CORRECTED_CHARGES = [
    charge("corrected", unit_amount="2") | CORRECTED,
    charge("renamed", display_name="API calls") | CORRECTED,
]
TAXES = [{"tax_code": "vat", "tax_name": "VAT", "rate_percent": "20"} | SINCE]
# The rate is said to have been 25 % from the start, and one customer owes another tax too.
CORRECTED_TAXES = [
    TAXES[0] | CORRECTED | {"rate_percent": "25"},
    {"tax_code": "levy", "tax_name": "Levy", "rate_percent": "1"} | SINCE,
]


def book(*, is_changed: bool, is_withdrawn: bool = False) -> Book:
    """The catalog. Once it has changed, the entity, the customers and a metric have other names too."""
    legal_form = "SE" if is_changed else "GmbH"
    customer_taxes = [{"customer_id": name, "tax_code": "vat"} for name in TAXED]
    if is_changed:
        customer_taxes.append({"customer_id": "retaxed", "tax_code": "levy"})
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "API calls" if is_changed else "Calls",
             "aggregation_type": "sum", "field_name": "n"},
            {"metric_code": "seats", "metric_name": "Seats", "aggregation_type": "sum", "field_name": "n",
             "is_recurring": "true"},
        ],
        "prices/plans": PLANS + (CORRECTED_PLANS if is_changed else []),
        "prices/charges": CHARGES + (CORRECTED_CHARGES if is_changed else []),
        "prices/charge_tiers": [
            {"plan_code": code, "charge_code": "calls", "up_to": up_to, "unit_amount": price, "flat_amount": "0"}
            | SINCE
            for code in ("amended_up", "graded", "withdrawn")
            for up_to, price in (("10", "2"), ("", "1"))
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": f"Example {legal_form}", "country": "DE",
             "invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": f"{name.title()} {legal_form}", "billing_entity_code": "eu"}
            for name in NAMES
        ],
        "accounts/subscriptions": subscriptions(is_changed=is_changed, is_withdrawn=is_withdrawn),
        "tax/taxes": TAXES + (CORRECTED_TAXES if is_changed else []),
        "tax/customer_taxes": customer_taxes,
    }  # fmt: skip


def event(key: str, name: str, instant: str, units: int, **more: Any) -> dict[str, Any]:
    code = "seats" if name == "seats" else "calls"
    named = {"transaction_id": key, "external_subscription_id": name, "code": code}
    return named | {"timestamp": instant, "properties": {"n": units}} | more


def amendment(
    key: str, amended: str, name: str, units: int, instant: str = "2025-01-20T12:00:00Z"
) -> dict[str, Any]:
    """An event that stands instead of another one of the subscription."""
    return event(key, name, instant, units, amends=amended)


JANUARY = [
    event(f"{name}-1", name, "2025-01-20T12:00:00Z", 10)
    for name in NAMES
    if name not in ("advance", "ended", "monthly_cap", "graded", "refunded", "withdrawn_advance")
] + [
    event("ended-1", "ended", "2025-01-10T12:00:00Z", 7),
    event("ended-2", "ended", "2025-01-20T12:00:00Z", 3),
    event("graded-1", "graded", "2025-01-20T12:00:00Z", 8),
    event("monthly_cap-1", "monthly_cap", "2025-01-20T12:00:00Z", 60),
    event("retracted-2", "retracted", "2025-01-21T12:00:00Z", 4),
    event("both-2", "both", "2025-01-21T12:00:00Z", 4),
    event("postponed-0", "postponed", "2025-01-05T12:00:00Z", 4),
]  # fmt: skip
FEBRUARY = [
    event(f"late-{name}", name, "2025-01-15T12:00:00Z", 5)
    for name in ("late", "committed", "old", "graded", "paid", "seats")
] + [
    event("late-small", "small", "2025-01-15T12:00:00Z", 2),
    event("february-cap", "monthly_cap", "2025-02-15T12:00:00Z", 60),
    {"transaction_id": "r-1", "external_subscription_id": "retracted", "retracts": "retracted-2"},
    {"transaction_id": "r-2", "external_subscription_id": "both", "retracts": "both-2"},
    event("withdrawn-2", "withdrawn", "2025-02-05T12:00:00Z", 8),
    event("refunded-1", "refunded", "2025-02-05T12:00:00Z", 8),
    event("late-both", "both", "2025-01-15T12:00:00Z", 5),
    amendment("up-2", "amended_up-1", "amended_up", 14),
    amendment("down-2", "amended_down-1", "amended_down", 6),
    amendment("month-2", "amended_month-1", "amended_month", 10, "2025-02-20T12:00:00Z"),
    event("prolonged-2", "prolonged", "2025-02-05T12:00:00Z", 4),
    event("prolonged-3", "prolonged", "2025-02-15T12:00:00Z", 6),
]  # fmt: skip
MARCH = [
    event("later-small", "small", "2025-01-16T12:00:00Z", 2),
    event("withdrawn-3", "withdrawn", "2025-02-25T12:00:00Z", 8),
    event("backdated-0", "backdated", "2025-01-05T12:00:00Z", 30),
    {"transaction_id": "r-4", "external_subscription_id": "refunded", "retracts": "refunded-1"},
    event("later-cap", "monthly_cap", "2025-01-16T12:00:00Z", 50),
    event("later-ended", "ended", "2025-01-02T12:00:00Z", 6),
    {"transaction_id": "r-3", "external_subscription_id": "late", "retracts": "late-late"},
    amendment("up-3", "up-2", "amended_up", 4),
    amendment("down-3", "down-2", "amended_down", 9),
]


def step(
    folder: Path, files: Sequence[tuple[str, Sequence[Any]]], through: date, **known: bool
) -> ClosedCompany:
    ws = write_book(folder, book(**known))
    ws.landing.mkdir(exist_ok=True)
    for name, rows in files:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (ws.landing / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    close_through(ws, through, clock=lambda: LATER)
    return ClosedCompany(ws)


def closed_in(folder: Path) -> ClosedCompany:
    """The company in a folder of its own, closed through 1 April 2025."""
    step(folder, [("january", JANUARY)], date(2025, 2, 1), is_changed=False)
    step(folder, [("february", FEBRUARY)], date(2025, 3, 1), is_changed=True)
    return step(folder, [("march", MARCH)], date(2025, 4, 1), is_changed=True, is_withdrawn=True)
