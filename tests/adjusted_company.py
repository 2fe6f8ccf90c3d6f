"""A company whose bills are corrected after its taxes changed, or after prepaid credit paid them.

Belongs here: its catalog, its usage by month, and a fixture that closes three months once. Does not belong here:
amounts, which the tests say. All plans are monthly and a call costs 1.00.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
LATER = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1))

# From 1 March on, 20 % instead of 19 %.
TAXES = [
    {"tax_code": "vat", "tax_name": "VAT", "rate_percent": "19"} | SINCE | {"valid_to": "2025-03-01"},
    {"tax_code": "vat", "tax_name": "VAT", "rate_percent": "20"} | SINCE | {"valid_from": "2025-03-01"},
    {"tax_code": "levy", "tax_name": "Levy", "rate_percent": "1"} | SINCE,
]  # fmt: skip
CUSTOMER_TAXES = {"raised": ("vat",), "lowered": ("levy", "vat")}
TAXED = ("lowered", "raised")
# Lots by wallet, in the order of drawing. Each wallet is the customer's of the same name.
LOTS = {
    "ended": {"ended": "20"},
    "paid": {"paid": "6"},
    "prepaid": {"given": "4", "bought": "10"},
    "refunded": {"refunded": "20"},
    "unpaid": {"unpaid": "6"},
}
# One whose usage names only the customer; a second subscription of his begins on 10 February.
JOINED = "joined"
CUSTOMERS = (*TAXED, *LOTS, JOINED)
# These two end on 14 February, after half of the month that was paid in advance.
ENDED = {"ended": "credit", "refunded": "refund"}


SECOND = {
    "subscription_id": "joined_later", "external_subscription_id": "joined_later", "customer_id": JOINED,
    "plan_code": "calls", "started_at": "2025-02-10T12:30:00Z", "recorded_at": "2025-02-10T12:30:00Z",
}  # fmt: skip


def book(payments: Sequence[Mapping[str, str]] = (), *, is_end_known: bool = False) -> Book:
    """The catalog's rows by file, as they are known at some time."""
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum", "field_name": "n"},
        ],
        "prices/plans": [
            {"plan_code": "calls", "plan_name": "Calls", "interval": "monthly", "is_pay_in_advance": "false",
             "amount": "0", "currency": "EUR"} | SINCE,
            {"plan_code": "ahead", "plan_name": "Ahead", "interval": "monthly", "is_pay_in_advance": "true",
             "amount": "28", "currency": "EUR"} | SINCE,
        ],
        "prices/charges": [
            {"plan_code": "calls", "charge_code": "calls", "metric_code": "calls", "charge_model": "graduated",
             "display_name": "Calls"} | SINCE,
        ],
        "prices/charge_tiers": [{"plan_code": "calls", "charge_code": "calls", "unit_amount": "1"} | SINCE],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Example GmbH", "country": "DE", "invoice_prefix": "EU",
             "net_payment_days": "30", "grace_days": "0"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"} for name in CUSTOMERS
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name,
             "plan_code": "ahead" if name in ENDED else "calls",
             "started_at": "2025-02-01T00:00:00Z" if name in ENDED else "2025-01-01T00:00:00Z",
             "ended_at": "2025-02-14T12:00:00Z" if name in ENDED and is_end_known else "",
             "on_termination": ENDED.get(name, ""), "recorded_at": "2025-01-01T00:00:00Z"}
            for name in CUSTOMERS
        ] + ([SECOND] if is_end_known else []),
        "accounts/payments": list(payments),
        "credits/wallets": [
            {"wallet_id": name, "customer_id": name, "wallet_name": name, "currency": "EUR", "priority": "1"}
            for name in LOTS
        ],
        "credits/wallet_lots": [
            {"lot_id": lot, "wallet_id": name, "lot_kind": "purchased" if lot == "bought" else "granted",
             "amount": amount, "granted_on": "2025-01-01"}
            for name, lots in LOTS.items() for lot, amount in lots.items()
        ],
        "tax/taxes": TAXES,
        "tax/customer_taxes": [
            {"customer_id": name, "tax_code": code} for name, codes in CUSTOMER_TAXES.items() for code in codes
        ],
    }  # fmt: skip


def event(key: str, name: str, day: str, units: int) -> dict[str, Any]:
    return {
        "transaction_id": key,
        "external_subscription_id": name,
        "code": "calls",
        "timestamp": f"{day}T12:00:00Z",
        "properties": {"n": units},
    }


def unnamed(key: str, instant: str, units: int) -> dict[str, Any]:
    """An event that names only the customer."""
    named = event(key, JOINED, "2025-01-01", units)
    del named["external_subscription_id"]
    return named | {"external_customer_id": JOINED, "timestamp": instant}


def retraction(key: str, name: str) -> dict[str, Any]:
    return {"transaction_id": f"no-{key}", "external_subscription_id": name, "retracts": key}


USAGE: dict[date, list[dict[str, Any]]] = {
    MONTHS[0]: [
        *(event(f"january-{name}", name, "2025-01-20", 10) for name in TAXED),
        *(
            event(f"january-{name}", name, "2025-01-20", 3)
            for name in ("paid", "prepaid", "unpaid")
        ),
        unnamed("january-joined", "2025-01-20T12:00:00Z", 10),
        *(event(f"gone-{name}", name, "2025-01-21", 7) for name in ("paid", "prepaid", "unpaid")),
    ],
    MONTHS[1]: [
        *(event(f"late-{name}", name, "2025-01-21", 5) for name in ("lowered", "raised")),
        *(event(f"february-{name}", name, "2025-02-10", 6) for name in ("lowered", "raised")),
        *(event(f"more-{name}", name, "2025-02-11", 4) for name in ("lowered", "raised")),
        *(retraction(f"gone-{name}", name) for name in ("paid", "prepaid", "unpaid")),
        *(event(f"february-{name}", name, "2025-02-10", 2) for name in ("paid", "unpaid")),
        event("february-prepaid", "prepaid", "2025-02-10", 20),
        unnamed("late-joined", "2025-01-21T12:00:00Z", 5),
        unnamed("alone", "2025-02-10T12:29:59Z", 6),
        unnamed("not-alone", "2025-02-10T12:30:00Z", 7),
    ],
    MONTHS[2]: [
        retraction("late-raised", "raised"),
        event("february-late", "raised", "2025-02-12", 3),
        retraction("late-lowered", "lowered"),
        retraction("more-lowered", "lowered"),
        retraction("january-prepaid", "prepaid"),
    ],
}


@pytest.fixture(scope="session")
def adjusted_company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """The company, closed month by month as its usage came; for looking only."""
    return closed_in(tmp_path_factory.mktemp("adjusted_company"))


def closed_in(folder: Path) -> ClosedCompany:
    """The company in a new folder, closed."""
    names = ("catalog", "landing", "warehouse", "published")
    company = ClosedCompany(Workspace.resolve(**{name: folder / name for name in names}))
    company.workspace.landing.mkdir(parents=True)
    for day, events in USAGE.items():
        is_first = day == MONTHS[0]
        payments = [] if is_first else payments_of(company)
        write_book(folder, book(payments, is_end_known=not is_first))
        lines = "".join(json.dumps(one) + "\n" for one in events)
        (company.workspace.landing / f"until-{day}.jsonl").write_text(lines, encoding="utf-8")
        close_through(company.workspace, day, clock=lambda: LATER)
    return company


def payments_of(company: ClosedCompany) -> list[dict[str, str]]:
    """What was due of the first invoices of `paid` and `refunded`, paid on 10 February."""
    rows = company.finance(
        "select customer_id, invoice_number, amount_due from invoices"
        " where customer_id in ('paid', 'refunded') and issue_date = '2025-02-01' order by 1"
    )
    return [
        {"payment_id": name, "invoice_number": number, "amount": str(due), "paid_on": "2025-02-10"}
        for name, number, due in rows
    ]
