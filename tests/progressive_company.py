"""A company with usage thresholds in December 2025: each customer on a plan of its own, closed in three steps.

Belongs here: its catalog, its usage as it becomes known, and closing it. Does not belong here: amounts (the test says
them).

Usage is of the 4th, the 10th and the 20th, in two zones of the 15th, so that thresholds are passed on the days after.
Before the second step usage of the 3rd arrives and some of the 4th is retracted, before the third a plan is changed,
and one turns out to have been another from the start.
One customer's entity has five days of grace. A token costs 1, a call too, where nothing else is said.
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
START = "2025-12-01T00:00:00Z"
STEPS = (date(2025, 12, 5), date(2025, 12, 11), date(2026, 1, 1))
STARTS = {"grace": "2025-11-01T00:00:00Z", "west": "2025-12-01T05:00:00Z"}
ZONES = {"west": "America/New_York", "east": "Asia/Kathmandu"}
UPGRADE = "2025-12-20T10:00:00Z"

Row = dict[str, Any]


def plan(code: str, amount: str = "0", **columns: str) -> Row:
    terms = {"interval": "monthly", "is_pay_in_advance": "false", "currency": "EUR"}
    return {"plan_code": code, "plan_name": code, "amount": amount} | terms | SINCE | columns


def charge(plan_code: str, metric: str = "tokens", price: str = "1", **columns: str) -> Row:
    named = {"plan_code": plan_code, "charge_code": metric, "metric_code": metric}
    model = {"charge_model": "standard", "display_name": metric, "unit_amount": price}
    return named | model | SINCE | columns


def threshold(plan_code: str, amount: str, is_recurring: str = "") -> Row:
    return {"plan_code": plan_code, "threshold_amount": amount, "is_recurring": is_recurring}


def detail(charge_code: str, **columns: str) -> Row:
    return {"plan_code": "groups", "charge_code": charge_code} | SINCE | columns


PLANS = [
    plan("rise", "10"),
    plan("steps"),
    plan("change_1"),
    plan("change_2"),
    plan("cap"),
    plan("most", maximum_amount="40"),
    plan("least", minimum_commitment_amount="1000"),
    plan("groups"),
    plan("back"),
    plan("paid", "30"),
    plan("ahead"),
    plan("opening"),
    plan("late"),
    plan("yen", currency="JPY"),
    plan("wallet"),
    plan("west"),
    plan("east"),
    plan("twice"),
    plan("grace"),
    plan("turn"),
    plan("gone_1"),
    plan("gone_2"),
]
CHARGES = [
    *(charge(one) for one in ("rise", "steps", "change_1", "change_2", "most", "least", "back")),
    *(charge(one) for one in ("paid", "ahead", "opening", "late", "wallet", "west", "east")),
    *(charge(one) for one in ("twice", "grace", "gone_1", "gone_2")),
    charge("turn", maximum_amount="100", valid_to="2025-12-16"),
    charge("turn", price="2", maximum_amount="100", valid_from="2025-12-16"),
    charge("cap", maximum_amount="80"),
    charge("most", "calls", "20"),
    charge("least", "calls", minimum_amount="500"),
    charge("groups", charge_model="graduated", unit_amount=""),
    charge("groups", "calls", pricing_group_keys="region"),
    charge("ahead", "calls", "70", is_pay_in_advance="true"),
    charge("yen", price="3.5"),
]
THRESHOLDS = [
    threshold("rise", "100"),
    threshold("steps", "10"),
    threshold("steps", "20"),
    threshold("steps", "50", "true"),
    threshold("change_1", "50"),
    threshold("change_2", "100"),
    threshold("cap", "80"),
    threshold("most", "50"),
    threshold("least", "80"),
    threshold("groups", "23"),
    threshold("back", "100"),
    threshold("paid", "100"),
    threshold("ahead", "100"),
    threshold("opening", "100"),
    threshold("late", "100"),
    threshold("yen", "1000"),
    threshold("wallet", "50"),
    threshold("west", "10"),
    threshold("east", "10"),
    threshold("twice", "25"),
    threshold("twice", "50"),
    threshold("grace", "100"),
    threshold("turn", "100"),
    threshold("gone_1", "50"),
]


def used(external_id: str, day: str, n: float, code: str = "tokens", **properties: str) -> Row:
    """An event of a day of December, at nine; or at the instant that is given."""
    instant = day if "T" in day else f"2025-12-{day}T09:00:00Z"
    return {
        "transaction_id": f"{external_id}-{code}-{instant}-{n}",
        "external_subscription_id": external_id,
        "code": code,
        "timestamp": instant,
        "properties": {"n": n, **properties},
    }


def retracted(line: Row) -> Row:
    return {
        "transaction_id": f"no-{line['transaction_id']}",
        "external_subscription_id": line["external_subscription_id"],
        "retracts": line["transaction_id"],
    }


USAGE = (
    [
        used("rise", "04", 60),
        used("steps", "04", 130),
        used("change", "04", 60),
        used("cap", "04", 85),
        used("most", "04", 30),
        used("most", "04", 1, "calls"),
        used("least", "04", 85),
        used("groups", "04", 4, region="eu"),
        used("groups", "04", 12, region="us"),
        used("groups", "04", 1, "calls", region="us"),
        used("back", "04", 60),
        used("back", "04", 50),
        used("paid", "04", 60),
        used("paid", "04", 50),
        used("ahead", "04", 29),
        used("opening", "04", 5),
        used("late", "04", 60),
        used("yen", "04", 301),
        used("wallet", "04", 60),
        used("twice", "04", 30),
        used("turn", "04", 120),
        used("gone", "04", 60),
        used("grace", "2025-11-20T09:00:00Z", 60),
        used("grace", "04", 50),
    ],
    [
        used("rise", "10", 50),
        used("steps", "10", 39),
        used("groups", "10", 1, "calls", region="eu"),
        retracted(used("back", "04", 60)),
        retracted(used("paid", "04", 60)),
        used("ahead", "10", 1, "calls"),
        used("ahead", "10", 1),
        used("late", "03", 50),
        used("twice", "10", 30),
    ],
    [
        used("rise", "20", 20),
        used("steps", "20", 1),
        used("change", "20", 5),
        used("change", "2025-12-20T12:00:00Z", 45),
        used("yen", "20", 100),
        used("wallet", "20", 45),
        # In New York 22:00 of the 15th, and the first instant of the 16th; in Kathmandu 1:00 of the 15th.
        used("west", "2025-12-16T03:00:00Z", 10),
        used("west", "2025-12-16T05:00:00Z", 2),
        used("east", "2025-12-14T19:15:00Z", 10),
        retracted(used("twice", "04", 30)),
        retracted(used("twice", "10", 30)),
    ],
)


def subscription(plan_code: str, started_at: str = START) -> Row:
    external_id = plan_code.partition("_")[0]
    return {
        "subscription_id": plan_code,
        "external_subscription_id": external_id,
        "customer_id": external_id,
        "plan_code": plan_code,
        "started_at": STARTS.get(plan_code, started_at),
        "recorded_at": "2025-11-01T00:00:00Z",
        "lifetime_usage_amount": "95" if plan_code == "opening" else "",
    }


def catalog(step: int, payments: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows by file, as they are known at a step, from 0."""
    codes = [one["plan_code"] for one in PLANS if not one["plan_code"].endswith("_2")]
    customers = sorted({code.partition("_")[0] for code in codes})
    rates = {"rise": "vat", "back": "vat", "paid": "vat", "twice": "vat", "yen": "levy"}
    return {
        "prices/billable_metrics": [
            {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "count"},
            {"metric_code": "tokens", "metric_name": "Tokens", "aggregation_type": "sum"}
            | {"field_name": "n"},
        ],
        "prices/plans": [*PLANS],
        "prices/charges": [*CHARGES],
        "prices/usage_thresholds": [*THRESHOLDS],
        "prices/charge_filters": [detail("tokens", filter_code="eu", display_name="EU")],
        "prices/charge_filter_values": [
            detail("tokens", filter_code="eu", property_name="region", property_value="eu")
        ],
        "prices/charge_tiers": [
            detail("tokens", filter_code="eu", unit_amount="2"),
            detail("tokens", up_to="10", unit_amount="1", flat_amount="3"),
            detail("tokens", unit_amount="0.5"),
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": code, "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": code.upper(), "net_payment_days": "30", "grace_days": days}
            for code, days in (("eu", "0"), ("five", "5"))
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name}
            | {"billing_entity_code": "five" if name == "grace" else "eu"}
            | {"timezone": ZONES.get(name, "UTC")}
            for name in customers
        ],
        "accounts/subscriptions": [
            *map(subscription, codes),
            *([subscription("change_2", UPGRADE), subscription("gone_2")] if step == 2 else []),
        ],
        "accounts/payments": list(payments),
        "credits/wallets": [
            {"wallet_id": "w", "customer_id": "wallet", "wallet_name": "Credits"}
            | {"currency": "EUR", "priority": "1"}
        ],
        "credits/wallet_lots": [
            {"lot_id": "l", "wallet_id": "w", "lot_kind": "granted", "amount": "100"}
            | {"granted_on": "2025-12-01"}
        ],
        "tax/taxes": [
            {"tax_code": "vat", "tax_name": "VAT", "rate_percent": "20"} | SINCE,
            {"tax_code": "levy", "tax_name": "Levy", "rate_percent": "10"} | SINCE,
        ],
        "tax/customer_taxes": [
            {"customer_id": name, "tax_code": code} for name, code in rates.items()
        ],
    }


def write_step(folder: Path, step: int, payments: Sequence[Row] = ()) -> Workspace:
    """Write below `folder` what becomes known before a step, from 0."""
    ws = write_book(folder, catalog(step, payments))
    ws.landing.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(line)}\n" for line in USAGE[step])
    (ws.landing / f"usage_{step}.jsonl").write_text(lines, encoding="utf-8")
    return ws


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through New Year; after the first step one customer pays its progressive invoice."""
    company = ClosedCompany(write_step(folder, 0))
    payments: list[Row] = []
    for step, through in enumerate(STEPS):
        if step:
            ((number,),) = company.finance(
                "select min(invoice_number) from invoices where customer_id = 'paid'"
            )
            payment = {"payment_id": "p", "invoice_number": number, "amount": "132"}
            payments = [payment | {"paid_on": "2025-12-09"}]
            write_step(folder, step, payments)
        close_through(company.workspace, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return company
