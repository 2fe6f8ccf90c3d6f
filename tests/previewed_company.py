"""A company in the middle of March 2025: weeks, months and years are open, usage came late, and some is dated ahead.

Belongs here: its catalog and usage, and a fixture that closes what is due by 10 March. Does not belong here: amounts,
which the tests say. A call costs 1.00 on every plan.

Closed are 1 February, 1 March and 10 March. What came since then, in the second batch, is ingested and not billed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from orchestration.catalog import load_catalog
from orchestration.ingest import ingest
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
LAST_CLOSE = date(2025, 3, 10)
NEXT_WEEK, NEXT_MONTH, NEXT_YEAR = date(2025, 3, 17), date(2025, 4, 1), date(2026, 1, 1)

# Plan: interval, is_pay_in_advance, amount.
PLANS = {
    "week": ("weekly", "false", "7"),
    "month": ("monthly", "false", "10"),
    "ahead": ("monthly", "true", "30"),
    "year": ("yearly", "false", "365"),
}
# Subscription: customer, plan, start, end.
SUBSCRIPTIONS = {
    "weekly": ("weekly", "week", "2025-03-03", None),
    "yearly": ("yearly", "year", "2025-01-01", None),
    "advance": ("advance", "ahead", "2025-02-01", None),
    "late": ("late", "month", "2025-02-01", None),
    "ended": ("ended", "month", "2025-02-01", "2025-03-01"),
    "mixed_week": ("mixed", "week", "2025-03-03", None),
    "mixed_year": ("mixed", "year", "2025-01-01", None),
    "coming": ("coming", "month", "2025-06-01", None),
}
CUSTOMERS = tuple(dict.fromkeys(customer for customer, *_ in SUBSCRIPTIONS.values()))


def now() -> datetime:
    """Wednesday, 12 March 2025, at noon."""
    return datetime(2025, 3, 12, 12, tzinfo=UTC)


def book() -> Book:
    """The catalog's rows by file."""
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum", "field_name": "n"},
        ],
        "prices/plans": [
            {"plan_code": code, "plan_name": code.title(), "interval": interval, "is_pay_in_advance": in_advance,
             "amount": amount, "currency": "EUR"} | SINCE
            for code, (interval, in_advance, amount) in PLANS.items()
        ],
        "prices/charges": [
            {"plan_code": code, "charge_code": "calls", "metric_code": "calls", "charge_model": "graduated",
             "display_name": "Calls"} | SINCE
            for code in PLANS
        ],
        "prices/charge_tiers": [
            {"plan_code": code, "charge_code": "calls", "unit_amount": "1"} | SINCE for code in PLANS
        ],
        "prices/add_ons": [
            {"add_on_code": "setup", "add_on_name": "Setup", "unit_amount": "50", "currency": "EUR"},
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Example GmbH", "country": "DE", "invoice_prefix": "EU",
             "net_payment_days": "14", "grace_days": "0"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"} for name in CUSTOMERS
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": customer, "plan_code": plan,
             "started_at": f"{start}T00:00:00Z", "ended_at": f"{end}T00:00:00Z" if end else "",
             "recorded_at": "2025-01-01T00:00:00Z"}
            for name, (customer, plan, start, end) in SUBSCRIPTIONS.items()
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "setup", "customer_id": "mixed", "add_on_code": "setup", "billed_on": "2025-03-14",
             "units": "1", "unit_amount": "", "currency": "EUR", "description": "",
             "recorded_at": "2025-03-01T00:00:00Z"},
        ],
        "credits/wallets": [
            {"wallet_id": "advance", "customer_id": "advance", "wallet_name": "Credits", "currency": "EUR",
             "priority": "1"},
        ],
        "credits/wallet_lots": [
            {"lot_id": "bonus", "wallet_id": "advance", "lot_kind": "granted", "amount": "80",
             "granted_on": "2025-02-01"},
        ],
        "tax/taxes": [{"tax_code": "vat", "tax_name": "VAT", "rate_percent": "10"} | SINCE],
        "tax/customer_taxes": [{"customer_id": "advance", "tax_code": "vat"}],
    }  # fmt: skip


def event(key: str, subscription: str, instant: str, calls: int) -> dict[str, Any]:
    return {
        "transaction_id": key,
        "external_subscription_id": subscription,
        "code": "calls",
        "timestamp": instant,
        "properties": {"n": calls},
    }


BILLED = (
    event("w0", "weekly", "2025-03-04T00:00:00Z", 5),
    event("y0", "yearly", "2025-02-05T00:00:00Z", 2),
    event("l0", "late", "2025-02-20T00:00:00Z", 2),
)
SINCE_THEN = (
    event("w1", "weekly", "2025-03-11T08:00:00Z", 3),
    # Dated three days ahead of the present, in the same week.
    event("w2", "weekly", "2025-03-15T08:00:00Z", 1),
    event("y1", "yearly", "2025-03-11T08:00:00Z", 1),
    event("a1", "advance", "2025-03-11T08:00:00Z", 5),
    # These two are of February, which is billed.
    event("l1", "late", "2025-02-21T00:00:00Z", 1),
    event("e1", "ended", "2025-02-21T00:00:00Z", 4),
    event("mw1", "mixed_week", "2025-03-11T08:00:00Z", 1),
    event("my1", "mixed_year", "2025-03-11T08:00:00Z", 2),
)


def write_usage(ws: Workspace, name: str, events: Sequence[dict[str, Any]]) -> None:
    ws.landing.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(one) + "\n" for one in events)
    (ws.landing / name).write_text(lines, encoding="utf-8")


@pytest.fixture(scope="module")
def previewed_company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """The company, closed through 10 March, with what came since ingested."""
    folder = tmp_path_factory.mktemp("previewed_company")
    ws = write_book(folder, book())
    write_usage(ws, "until-march-10.jsonl", BILLED)
    close_through(ws, LAST_CLOSE, clock=now)
    write_usage(ws, "since.jsonl", SINCE_THEN)
    load_catalog(ws)
    ingest(ws)
    return ClosedCompany(ws)
