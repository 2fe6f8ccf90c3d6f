"""A company whose customers pay from wallets in the first months of 2025: each customer has one question to itself.

Belongs here: its catalog, its usage as it becomes known, and closing it. Does not belong here: amounts (`test_wallets`
says them).

Plans are monthly in arrears, and without a base fee where nothing else is said; a token costs 1, a call too. Usage of
January is billed on 1 February, of February on 1 March. Between the two, some of January's is retracted, and one
customer pays its invoice.
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
STEPS = (date(2025, 2, 1), date(2025, 3, 1))

Row = dict[str, Any]

# Of each customer in the order of the file: wallet, priority, fee types, metrics (parted by blanks), its lots.
# A lot is granted on New Year, of 10.00 and without an end, where it does not say otherwise.
WALLETS: dict[str, Sequence[tuple[str, int, str, str, Sequence[Row]]]] = {
    "drain": [
        ("normal", 50, "", "", [{}]),
        ("prio", 49, "", "", [{}]),
        ("charge", 50, "charge", "", [{}]),
        ("prio_charge", 49, "charge", "", [{}]),
        ("sub", 50, "subscription", "", [{}]),
        ("prio_sub", 49, "subscription", "", [{}]),
    ],
    "either": [
        ("normal", 50, "", "", [{"amount": "100"}]),
        ("mixed", 49, "subscription, add_on", "calls", [{"amount": "100"}]),
        ("tokens", 49, "", "tokens", [{"amount": "100"}]),
    ],
    "gap": [
        ("calls", 1, "", "calls", [{"amount": "1000"}]),
        ("tokens", 2, "", "tokens", [{"amount": "1000"}]),
    ],
    "note": [
        ("tokens", 1, "", "tokens", [{"amount": "100", "granted_on": "2025-02-10"}]),
        ("calls", 2, "", "calls", [{"amount": "50", "granted_on": "2025-02-10"}]),
    ],
    "two": [
        ("add_ons", 1, "add_on", "", [{"amount": "20"}]),
        ("all", 2, "", "", [{"amount": "20"}]),
    ],
    "order": [
        (
            "one",
            1,
            "",
            "",
            [
                {"lot_id": "bought", "amount": "5", "lot_kind": "purchased"},
                {"lot_id": "given", "amount": "5"},
                {"lot_id": "april", "amount": "5", "expires_on": "2025-04-01"},
                {"lot_id": "march", "amount": "5", "expires_on": "2025-03-15"}
                | {"lot_kind": "purchased"},
                {"lot_id": "first", "amount": "5", "priority": "49", "lot_kind": "purchased"},
                {"lot_id": "given_before", "amount": "5", "granted_on": "2024-12-31"},
            ],
        )
    ],
    "expiry": [
        (
            "one",
            1,
            "",
            "",
            [
                {"lot_id": "end", "priority": "2"},
                {"lot_id": "january", "expires_on": "2025-02-01", "priority": "1"},
                {"lot_id": "february", "expires_on": "2025-02-20", "priority": "1"},
            ],
        )
    ],
    "late": [("one", 1, "", "", [{"lot_id": "late", "amount": "30", "expires_on": "2025-02-01"}])],
    "yearly": [("one", 1, "", "", [{"lot_id": "yearly", "expires_on": "2025-02-01"}])],
    "gone": [("one", 1, "", "", [{"lot_id": "gone", "expires_on": "2025-02-10"}])],
    "voided": [
        (
            "one",
            1,
            "",
            "",
            [
                {"lot_id": "void", "voided_on": "2025-02-20"},
                {"lot_id": "kept", "granted_on": "2025-02-01"},
            ],
        )
    ],
    "credits": [
        (
            "milli",
            1,
            "",
            "",
            [
                {"lot_id": "milli_given", "credits": "1034", "amount": ""},
                {"lot_id": "milli_bought", "credits": "1034", "amount": ""}
                | {"lot_kind": "purchased"},
                {"lot_id": "milli_unpaid", "lot_kind": "purchased", "paid_on": "2025-02-02"},
            ],
        )
    ],
}
# Currency units per credit.
CREDIT_RATES = {"credits": "0.001"}
AMOUNTS = {"drain": "36", "either": "60"}
RATES = {"either": "10", "gap": "6.8254"}


def used(customer: str, month: str, code: str, n: str) -> Row:
    return {
        "transaction_id": f"{customer}-{month}-{code}-{n}",
        "external_subscription_id": customer,
        "code": code,
        "timestamp": f"2025-{month}-10T09:00:00Z",
        "properties": {"n": n},
    }


def retracted(line: Row) -> Row:
    return {
        "transaction_id": f"no-{line['transaction_id']}",
        "external_subscription_id": line["external_subscription_id"],
        "retracts": line["transaction_id"],
    }


USAGE = (
    [
        used("drain", "01", "tokens", "15.5"),
        used("either", "01", "tokens", "40"),
        used("either", "01", "calls", "5"),
        used("gap", "01", "tokens", "500"),
        used("gap", "01", "calls", "500"),
        used("note", "01", "tokens", "25"),
        used("note", "01", "tokens", "24"),
        used("two", "01", "tokens", "15"),
        used("order", "01", "tokens", "27"),
        used("expiry", "01", "tokens", "4"),
        used("late", "01", "tokens", "15"),
        used("late", "01", "tokens", "5"),
        used("yearly", "01", "tokens", "4"),
        used("gone", "01", "tokens", "4"),
        used("voided", "01", "tokens", "2"),
        used("voided", "01", "tokens", "2.5"),
        used("credits", "01", "tokens", "1.04"),
    ],
    [
        retracted(used("note", "01", "tokens", "25")),
        used("note", "02", "tokens", "40"),
        used("note", "02", "calls", "60"),
        used("expiry", "02", "tokens", "17"),
        retracted(used("late", "01", "tokens", "5")),
        used("late", "02", "tokens", "7"),
        used("yearly", "02", "tokens", "3"),
        retracted(used("voided", "01", "tokens", "2")),
        used("voided", "02", "tokens", "3"),
        used("credits", "02", "tokens", "2.03"),
    ],
)


def wallet_rows(customer: str) -> tuple[list[Row], list[Row], list[Row]]:
    """Wallets, targets and lots. A wallet is called customer/name, a lot without a name like its wallet."""
    wallets, targets, lots = [], [], []
    for name, priority, fee_types, metrics, listed in WALLETS[customer]:
        wallet_id = f"{customer}/{name}"
        wallets.append(
            {"wallet_id": wallet_id, "customer_id": customer, "wallet_name": name}
            | {"currency": "EUR", "priority": priority, "scope_fee_types": fee_types}
            | {"rate": CREDIT_RATES.get(customer, "")}
        )
        targets += [{"wallet_id": wallet_id, "metric_code": metric} for metric in metrics.split()]
        lots += [
            {"lot_id": wallet_id, "wallet_id": wallet_id, "lot_kind": "granted", "amount": "10"}
            | {"granted_on": "2025-01-01"}
            | lot
            for lot in listed
        ]
    return wallets, targets, lots


def plan_rows(customer: str) -> tuple[Row, list[Row]]:
    plan = {"plan_code": customer, "plan_name": customer, "amount": AMOUNTS.get(customer, "0")}
    plan |= {"interval": "yearly" if customer == "yearly" else "monthly", "currency": "EUR"}
    plan |= {"is_pay_in_advance": "false"}
    plan |= {"bills_charges_monthly": "true" if customer == "yearly" else "false"}
    charge = {"plan_code": customer, "charge_model": "standard", "unit_amount": "1"} | SINCE
    charges = [
        charge | {"charge_code": metric, "metric_code": metric, "display_name": metric}
        for metric in ("tokens", "calls")
    ]
    return plan | SINCE, charges


def catalog(payments: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows by file."""
    credits = [wallet_rows(customer) for customer in WALLETS]
    plans = [plan_rows(customer) for customer in WALLETS]
    return {
        "prices/billable_metrics": [
            {"metric_code": code, "metric_name": code, "aggregation_type": "sum", "field_name": "n"}
            for code in ("tokens", "calls")
        ],
        "prices/plans": [plan for plan, _ in plans],
        "prices/charges": [charge for _, charges in plans for charge in charges],
        "prices/add_ons": [{"add_on_code": "setup", "add_on_name": "Setup"}],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name, "billing_entity_code": "eu"}
            | {"timezone": "Asia/Kathmandu" if name == "yearly" else "UTC"}
            for name in WALLETS
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name}
            | {
                "plan_code": name,
                "started_at": "2024-12-31T18:15:00Z"
                if name == "yearly"
                else "2025-01-01T00:00:00Z",
            }
            | {"ended_at": "2025-01-20T12:00:00Z" if name == "gone" else ""}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
            for name in WALLETS
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "setup", "customer_id": "two", "add_on_code": "setup"}
            | {"billed_on": "2025-02-01", "units": "1", "unit_amount": "30", "currency": "EUR"}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
        ],
        "accounts/payments": list(payments),
        "credits/wallets": [row for wallets, _, _ in credits for row in wallets],
        "credits/wallet_targets": [row for _, targets, _ in credits for row in targets],
        "credits/wallet_lots": [row for _, _, lots in credits for row in lots],
        "tax/taxes": [
            {"tax_code": name, "tax_name": name, "rate_percent": rate} | SINCE
            for name, rate in RATES.items()
        ],
        "tax/customer_taxes": [{"customer_id": name, "tax_code": name} for name in RATES],
    }


def write_step(folder: Path, step: int, payments: Sequence[Row] = ()) -> Workspace:
    """Write below `folder` what becomes known before a step, from 0."""
    ws = write_book(folder, catalog(payments))
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    ws.landing.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(line)}\n" for line in USAGE[step])
    (ws.landing / f"usage_{step}.jsonl").write_text(lines, encoding="utf-8")
    return ws


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through 1 March."""
    company = ClosedCompany(write_step(folder, 0))
    for step, through in enumerate(STEPS):
        if step:
            ((number,),) = company.finance(
                "select invoice_number from invoices where customer_id = 'note'"
            )
            payment = {"payment_id": "p", "invoice_number": number, "amount": "49"}
            write_step(folder, step, [payment | {"paid_on": "2025-02-09"}])
        close_through(company.workspace, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return company
