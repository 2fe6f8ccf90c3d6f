"""A company in which some pay for others, in the first months of 2025: a group for three customers in three zones.

Belongs here: its catalog and usage as they become known, and closing them. Does not belong here: amounts
(`test_payers` says them).

Plans are monthly in arrears: `flat` is 100.00 EUR and 1.00 a call, `dollars` 50.00 USD, `yearly` 12.00 EUR once a year.
The group pays for north (Tokyo) and south (New York), and for one subscription of third; north pays one of its own
itself. In February north gets another payer, its heir. Keeper has credit that expires, and pays for a yearly plan.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
STEPS = (date(2025, 2, 1), date(2025, 3, 1))

Row = dict[str, Any]

# customer: its zone, and who pays, before and after February.
CUSTOMERS = {
    "group": ("UTC", "", ""),
    "heir": ("UTC", "", ""),
    "keeper": ("UTC", "", ""),
    "north": ("Asia/Tokyo", "group", "heir"),
    "south": ("America/New_York", "group", "group"),
    "third": ("UTC", "", ""),
    "year": ("UTC", "keeper", "keeper"),
}
# subscription: its customer, plan, start (the customer's midnight), and own payer.
SUBSCRIPTIONS = {
    "north": ("north", "flat", "2024-12-31T15:00:00Z", ""),
    "north_self": ("north", "flat", "2024-12-31T15:00:00Z", "north"),
    "south": ("south", "flat", "2025-01-01T05:00:00Z", ""),
    "south_dollars": ("south", "dollars", "2025-01-01T05:00:00Z", ""),
    "third_own": ("third", "flat", "2025-01-01T00:00:00Z", ""),
    "third_paid": ("third", "flat", "2025-01-01T00:00:00Z", "group"),
    "year": ("year", "yearly", "2025-01-01T00:00:00Z", ""),
}
# Rates of the customers' own taxes; north's and south's never count for what the group pays.
RATES = {"group": "20", "heir": "5", "north": "50", "south": "70"}


def used(subscription: str, instant: str, calls: int, number: int = 1) -> Row:
    return {
        "transaction_id": f"{subscription}-{number}",
        "external_subscription_id": subscription,
        "code": "calls",
        "timestamp": instant,
        "properties": {"n": str(calls)},
    }


# Local bounds of January: Tokyo's ends at 15:00 UTC of the 31st, New York's at 05:00 UTC of the 1st.
USAGE = (
    [
        used("north", "2025-01-31T14:59:59Z", 10),
        used("north", "2025-01-31T15:00:00Z", 4, 2),
        used("south", "2025-02-01T04:59:59Z", 17),
        used("south", "2025-01-10T00:00:00Z", 3, 2),
        used("third_paid", "2025-01-31T23:59:59Z", 30),
    ],
    [
        used("north", "2025-01-20T00:00:00Z", 5, 3),
        {
            "transaction_id": "no-south-2",
            "external_subscription_id": "south",
            "retracts": "south-2",
        },
    ],
)


def catalog(step: int, payments: list[Row]) -> dict[str, list[Row]]:
    """The rows by file, as they are known before a step."""
    plans = (("flat", "100", "EUR", "monthly"), ("dollars", "50", "USD", "monthly"))
    plans += (("yearly", "12", "EUR", "yearly"),)
    return {
        "prices/billable_metrics": [
            {
                "metric_code": "calls",
                "metric_name": "Calls",
                "aggregation_type": "sum",
                "field_name": "n",
            }
        ],
        "prices/plans": [
            {"plan_code": code, "plan_name": code.title(), "amount": amount, "currency": currency}
            | {"interval": interval, "is_pay_in_advance": "false"}
            | SINCE
            for code, amount, currency, interval in plans
        ],
        "prices/charges": [
            {"charge_code": "calls", "plan_code": "flat", "metric_code": "calls"}
            | {"charge_model": "standard", "display_name": "Calls", "unit_amount": "1"}
            | SINCE
        ],
        **_credits(),
        "prices/add_ons": [{"add_on_code": "setup", "add_on_name": "Set-up"}],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"}
            | {"timezone": zone, "payer_customer_id": payers[step]}
            | {"purchase_order": f"PO-{name}"}
            for name, (zone, *payers) in CUSTOMERS.items()
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": customer}
            | {"plan_code": plan, "started_at": start, "payer_customer_id": payer}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
            for name, (customer, plan, start, payer) in SUBSCRIPTIONS.items()
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "setup", "customer_id": "north", "add_on_code": "setup"}
            | {"billed_on": "2025-02-01", "units": "1", "unit_amount": "7", "currency": "EUR"}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
        ],
        "accounts/payments": payments,
    }


def _credits() -> dict[str, list[Row]]:
    """Wallets, the group's coupon, and everybody's taxes."""
    return {
        "credits/wallets": [
            {"wallet_id": name, "customer_id": name, "wallet_name": name}
            | {"currency": "EUR", "priority": "1"}
            for name in ("group", "keeper", "year")
        ],
        "credits/wallet_lots": [
            {"lot_id": name, "wallet_id": name, "lot_kind": "granted", "amount": amount}
            | {"granted_on": "2025-01-01", "expires_on": expires_on}
            for name, amount, expires_on in (
                ("group", "50", ""),
                ("keeper", "5", "2025-01-20"),
                ("year", "5", "2025-01-20"),
            )
        ],
        "credits/coupons": [
            {"coupon_code": "tenth", "coupon_name": "A tenth", "coupon_type": "percentage"}
            | {"rate_percent": "10", "frequency": "forever"}
        ],
        "credits/applied_coupons": [
            {"applied_coupon_id": "tenth", "coupon_code": "tenth", "customer_id": "group"}
            | {"applied_on": "2025-01-01"}
        ],
        "tax/taxes": [
            {"tax_code": name, "tax_name": name, "rate_percent": rate} | SINCE
            for name, rate in RATES.items()
        ],
        "tax/customer_taxes": [{"customer_id": name, "tax_code": name} for name in RATES],
    }


def write_step(folder: Path, step: int, payments: list[Row]) -> Workspace:
    """Write below `folder` what becomes known before a step, from 0."""
    ws = write_book(folder, catalog(step, payments))
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    ws.landing.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(line)}\n" for line in USAGE[step])
    (ws.landing / f"usage_{step}.jsonl").write_text(lines, encoding="utf-8")
    return ws


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through 1 March; the group paid its first bill in February."""
    company = ClosedCompany(write_step(folder, 0, []))
    for step, through in enumerate(STEPS):
        if step:
            ((number, amount),) = company.finance(
                "select invoice_number, cast(amount_due as varchar) from invoices"
                " where payer_customer_id = 'group' and currency = 'EUR' and invoice_type = 'subscription'"
            )
            payment = {"payment_id": "p", "invoice_number": number, "amount": amount}
            write_step(folder, step, [payment | {"paid_on": "2025-02-15"}])
        close_through(company.workspace, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return company
