"""A company whose customers have prepaid units in the first months of 2025: each customer has one question to itself.

Belongs here: its catalog, its usage as it becomes known, and closing it. Does not belong here: amounts
(`test_unit_wallets` says them).

Plans are monthly in arrears, in euros, without base fees and taxes; a token costs 1.00 where a customer has no prices
of its own. The group pays for January of its branch. Usage of January is billed on 1 February, of February on 1
March, of March on 1 April. Between the first two, some of January's is retracted, and some comes late.
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
STEPS = (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1))

Row = dict[str, Any]

# Of each customer in the order of the file: wallet, priority, what it holds, its lots. A lot is granted on New Year, of
# 10 units and without an end, where it does not say otherwise.
WALLETS: dict[str, Sequence[tuple[str, int, str, Sequence[Row]]]] = {
    "order": [
        ("second", 2, "tokens", [{"lot_id": "second", "priority": "1"}]),
        (
            "one",
            1,
            "tokens",
            [
                {"lot_id": "bought", "units": "5", "lot_kind": "purchased"},
                {"lot_id": "given", "units": "5"},
                {"lot_id": "april", "units": "5", "expires_on": "2025-04-01"},
                {"lot_id": "march", "units": "5", "expires_on": "2025-03-15"}
                | {"lot_kind": "purchased"},
                {"lot_id": "first", "units": "5", "priority": "49", "lot_kind": "purchased"},
                {"lot_id": "given_before", "units": "5", "granted_on": "2024-12-31"},
            ],
        ),
    ],
    "expiry": [
        (
            "one",
            1,
            "tokens",
            [
                {"lot_id": "end", "priority": "2"},
                {"lot_id": "january", "expires_on": "2025-02-01", "priority": "1"},
                {"lot_id": "february", "expires_on": "2025-02-20", "priority": "1"},
            ],
        )
    ],
    "models": [
        ("tokens", 1, "tokens", [{"lot_id": "graduated", "units": "25"}]),
        ("calls", 1, "calls", [{"lot_id": "package", "units": "8"}]),
        ("hours", 1, "hours", [{"lot_id": "volume", "units": "6.5"}]),
        ("shares", 1, "shares", [{"lot_id": "percent", "units": "100.5"}]),
    ],
    "parts": [("one", 1, "tokens", [{"lot_id": "parts", "units": "12"}])],
    "price": [("one", 1, "tokens", [{"lot_id": "price", "units": "12"}])],
    "pair": [("one", 1, "tokens", [{"lot_id": "pair", "units": "8"}])],
    "unpaid": [
        (
            "one",
            1,
            "tokens",
            [{"lot_id": "unpaid", "lot_kind": "purchased", "paid_on": "2025-02-10"}],
        )
    ],
    "minimum": [("one", 1, "tokens", [{"lot_id": "minimum"}])],
    "both": [
        ("units", 1, "tokens", [{"lot_id": "both_units"}]),
        ("money", 1, "", [{"lot_id": "both_money", "amount": "3", "units": ""}]),
    ],
    "late": [("one", 1, "tokens", [{"lot_id": "late", "units": "30"}])],
    "less": [
        (
            "one",
            1,
            "tokens",
            [{"lot_id": "less_1", "units": "12"}, {"lot_id": "less_2", "units": "30"}],
        )
    ],
    "dear": [("one", 1, "tokens", [{"lot_id": "dear"}])],
    "lapsed": [
        ("one", 1, "tokens", [{"lot_id": "lapsed", "units": "30", "expires_on": "2025-02-01"}])
    ],
    "whole": [("one", 1, "minutes", [{"lot_id": "whole", "units": "100"}])],
    "group": [("one", 1, "tokens", [{"lot_id": "group"}])],
    "branch": [("one", 1, "tokens", [{"lot_id": "branch"}])],
    "commit": [
        (
            "one",
            1,
            "",
            [
                {"lot_id": "commit", "lot_kind": "purchased", "amount": "2400", "units": ""}
                | {"granted_on": "2025-02-01", "paid_on": "2025-02-10", "expires_on": "2025-04-01"}
            ],
        )
    ],
}
# Who pays for whom until the first close.
PAYERS = {"branch": "group"}


def used(customer: str, day: str, code: str, n: str, **properties: str) -> Row:
    return {
        "transaction_id": f"{customer}-{day}-{code}-{n}-{'-'.join(properties.values())}",
        "external_subscription_id": customer,
        "code": code,
        "timestamp": f"2025-{day}T09:00:00Z",
        "properties": {"n": n} | properties,
    }


def retracted(line: Row) -> Row:
    return {
        "transaction_id": f"no-{line['transaction_id']}",
        "external_subscription_id": line["external_subscription_id"],
        "retracts": line["transaction_id"],
    }


USAGE = (
    [
        used("order", "01-10", "tokens", "37"),
        used("expiry", "01-10", "tokens", "4"),
        used("models", "01-10", "tokens", "40"),
        used("models", "01-10", "calls", "20.5"),
        used("models", "01-10", "hours", "14"),
        used("models", "01-10", "shares", "300"),
        used("parts", "01-10", "tokens", "6", region="eu", size="large"),
        used("parts", "01-10", "tokens", "7", region="us", size="large"),
        used("parts", "01-10", "tokens", "5", region="us", size="small"),
        used("parts", "01-10", "tokens", "4", region="eu", size="small"),
        used("price", "01-10", "tokens", "10"),
        used("price", "01-20", "tokens", "8"),
        used("pair", "01-10", "tokens", "6"),
        used("pair_b", "01-10", "tokens", "6"),
        used("unpaid", "01-10", "tokens", "4"),
        used("minimum", "01-10", "tokens", "15"),
        used("both", "01-10", "tokens", "15"),
        used("late", "01-10", "tokens", "20"),
        used("less", "01-10", "tokens", "15"),
        used("less", "01-11", "tokens", "5"),
        used("dear", "01-10", "tokens", "15"),
        used("dear", "01-11", "tokens", "14"),
        used("lapsed", "01-10", "tokens", "15"),
        used("lapsed", "01-11", "tokens", "5"),
        used("whole", "01-10", "minutes", "3.2"),
        used("commit", "01-10", "tokens", "50"),
        used("group", "01-10", "tokens", "5"),
        used("branch", "01-10", "tokens", "4"),
        used("branch", "01-11", "tokens", "3"),
    ],
    [
        used("late", "01-20", "tokens", "5"),
        used("late", "02-10", "tokens", "7"),
        retracted(used("less", "01-10", "tokens", "15")),
        used("less", "02-10", "tokens", "32"),
        retracted(used("dear", "01-11", "tokens", "14")),
        retracted(used("lapsed", "01-11", "tokens", "5")),
        used("expiry", "02-10", "tokens", "17"),
        used("models", "02-10", "tokens", "12"),
        used("unpaid", "02-10", "tokens", "4"),
        used("commit", "02-10", "tokens", "900"),
        used("group", "02-10", "tokens", "1"),
        retracted(used("branch", "01-11", "tokens", "3")),
        used("branch", "02-10", "tokens", "6"),
    ],
    [used("commit", "03-10", "tokens", "700"), used("late", "03-10", "tokens", "2")],
)


def wallet_rows(customer: str) -> tuple[list[Row], list[Row]]:
    """Wallets and lots. A wallet is called customer/name; one that holds nothing in particular holds euros."""
    wallets, lots = [], []
    for name, priority, metric, listed in WALLETS[customer]:
        wallet_id = f"{customer}/{name}"
        wallets.append(
            {"wallet_id": wallet_id, "customer_id": customer, "wallet_name": name}
            | {"currency": "" if metric else "EUR", "priority": priority, "metric_code": metric}
        )
        lots += [
            {"wallet_id": wallet_id, "lot_kind": "granted", "amount": "", "units": "10"}
            | {"granted_on": "2025-01-01"}
            | lot
            for lot in listed
        ]
    return wallets, lots


def _charge(customer: str, metric: str, model: str, **columns: str) -> Row:
    named = {"plan_code": customer, "charge_code": metric, "metric_code": metric}
    return named | {"charge_model": model, "display_name": metric} | SINCE | columns


def charge_rows(customer: str) -> list[Row]:
    if customer == "models":
        return [
            _charge(customer, "tokens", "graduated"),
            _charge(customer, "calls", "package")
            | {"package_amount": "7", "package_size": "10", "free_units": "5"},
            _charge(customer, "hours", "volume"),
            _charge(customer, "shares", "graduated_percentage"),
        ]
    if customer == "price":
        price = _charge(customer, "tokens", "standard", unit_amount="1", valid_to="2025-01-16")
        return [price, price | {"unit_amount": "2", "valid_from": "2025-01-16", "valid_to": ""}]
    if customer == "parts":
        return [
            _charge(customer, "tokens", "standard", unit_amount="1", pricing_group_keys="region")
        ]
    minimum = {"minimum_amount": "20"} if customer == "minimum" else {}
    metric = "minutes" if customer == "whole" else "tokens"
    return [_charge(customer, metric, "standard", unit_amount="1") | minimum]


def tier_rows() -> list[Row]:
    def tier(metric: str, **columns: str) -> Row:
        return {"plan_code": "models", "charge_code": metric} | SINCE | columns

    return [
        tier("tokens", up_to="10", unit_amount="2"),
        tier("tokens", unit_amount="1"),
        tier("hours", up_to="10", unit_amount="3"),
        tier("hours", unit_amount="2"),
        tier("shares", up_to="100", rate="10"),
        tier("shares", rate="5", flat_amount="1"),
    ]


def subscription(name: str, customer: str) -> Row:
    named = {"subscription_id": name, "external_subscription_id": name, "customer_id": customer}
    return named | {
        "plan_code": customer,
        "started_at": "2025-01-01T00:00:00Z",
        "recorded_at": "2025-01-01T00:00:00Z",
    }


def catalog(step: int) -> dict[str, list[Row]]:
    """The rows by file, as they are known before a step."""
    credits = [wallet_rows(customer) for customer in WALLETS]
    large = {"plan_code": "parts", "charge_code": "tokens", "filter_code": "large"} | SINCE
    plan = {"interval": "monthly", "is_pay_in_advance": "false", "amount": "0", "currency": "EUR"}
    return {
        "prices/billable_metrics": [
            {"metric_code": code, "metric_name": code, "aggregation_type": "sum", "field_name": "n"}
            | {"rounding_function": "ceil" if code == "minutes" else ""}
            for code in ("tokens", "calls", "hours", "shares", "minutes")
        ],
        "prices/plans": [{"plan_code": name, "plan_name": name} | plan | SINCE for name in WALLETS],
        "prices/charges": [row for name in WALLETS for row in charge_rows(name)],
        "prices/charge_filters": [large | {"display_name": "large", "unit_amount": "2"}],
        "prices/charge_filter_values": [
            large | {"property_name": "size", "property_value": "large"}
        ],
        "prices/charge_tiers": tier_rows(),
        "prices/add_ons": [{"add_on_code": "year", "add_on_name": "Annual commitment"}],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name, "billing_entity_code": "eu"}
            | {"payer_customer_id": "" if step else PAYERS.get(name, "")}
            for name in WALLETS
        ],
        "accounts/subscriptions": [
            *(subscription(name, name) for name in WALLETS),
            subscription("pair_b", "pair"),
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "year", "customer_id": "commit", "add_on_code": "year"}
            | {"billed_on": "2025-02-01", "units": "1", "unit_amount": "2400", "currency": "EUR"}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
        ],
        "credits/wallets": [row for wallets, _ in credits for row in wallets],
        "credits/wallet_lots": [row for _, lots in credits for row in lots],
    }


def write_step(folder: Path, step: int) -> Workspace:
    """Write below `folder` what becomes known before a step, from 0."""
    ws = write_book(folder, catalog(step))
    ws.landing.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(line)}\n" for line in USAGE[step])
    (ws.landing / f"usage_{step}.jsonl").write_text(lines, encoding="utf-8")
    return ws


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through 1 April."""
    for step, through in enumerate(STEPS):
        ws = write_step(folder, step)
        close_through(ws, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    return ClosedCompany(ws)
