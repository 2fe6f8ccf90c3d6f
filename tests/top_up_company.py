"""A company whose wallets are topped up by rule in the first months of 2025: each customer has one question to itself.

Belongs here: its catalog, its usage, and closing it. Does not belong here: amounts (`test_top_ups` says them).

Plans are monthly in arrears; a token costs 1, a call too, one in advance is billed by the event. Usage of January is
billed on 1 February, of February on 1 March; 15 February is the date of the interval rules. Before 1 March some pay.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book

SINCE = {"valid_from": "2025-01-01", "recorded_at": "2025-01-01T00:00:00Z"}
STEPS = (date(2025, 2, 15), date(2025, 3, 1))

Row = dict[str, Any]


@dataclass(frozen=True)
class Holder:
    """A customer: columns of its first wallet, credits granted to it on New Year, its rules, and usage by month.

    A rule names no wallet where it tops up the first. Usage is (month, metric, units), each on the 10th.
    """

    rules: Sequence[Row]
    used: Sequence[tuple[str, str, str]] = ()
    credits: str = "10"
    wallet: Row | None = None
    more_wallets: Sequence[Row] = ()
    tax: str = ""
    currency: str = "EUR"
    timezone: str = "UTC"


FEBRUARY = "2025-02-15"
_DATED = {
    "trigger_type": "interval",
    "interval": "monthly",
    "method": "fixed",
    "starts_on": FEBRUARY,
}
_FIFTIES = {"trigger_type": "threshold", "threshold_credits": "10", "method": "fixed"} | {
    "paid_credits": "50",
    "starts_on": FEBRUARY,
}
_TO_TEN = {"trigger_type": "threshold", "threshold_credits": "5", "method": "target"} | {
    "target_ongoing_balance": "10",
    "starts_on": "2025-01-01",
}
_TENS = _FIFTIES | {"paid_credits": "10", "threshold_credits": "30"}

HOLDERS: dict[str, Holder] = {
    "gap": Holder([_FIFTIES], [("02", "tokens", "439.8")]),
    "unpaid": Holder([_FIFTIES], [("02", "tokens", "439.8")]),
    "maximum": Holder(
        [_FIFTIES], [("02", "tokens", "439.8")], wallet={"paid_top_up_max_amount": "120"}
    ),
    "mixed": Holder([_FIFTIES | {"granted_credits": "25"}], [("02", "tokens", "75")]),
    "minimum": Holder(
        [_TO_TEN], [("01", "tokens", "5")], wallet={"paid_top_up_min_amount": "50"}, tax="20"
    ),
    "ignored": Holder(
        [_TO_TEN | {"ignores_paid_top_up_limits": "true"}],
        [("01", "tokens", "6")],
        wallet={"paid_top_up_min_amount": "50"},
    ),
    "free": Holder(
        [_TO_TEN | {"grants_target_top_up": "true"}],
        [("01", "tokens", "6"), ("02", "tokens", "12")],
        wallet={"paid_top_up_min_amount": "50"},
    ),
    "ended": Holder([_TO_TEN | {"ends_on": "2025-02-01"}], [("01", "tokens", "6")]),
    "expired": Holder([_TO_TEN], [("01", "tokens", "6")], wallet={"expires_on": "2025-02-01"}),
    "dated": Holder(
        [
            _DATED | {"paid_credits": "20", "granted_credits": "5", "description": "Monthly pack"},
            _DATED | {"wallet_id": "dated/spare", "paid_credits": "7"},
        ],
        wallet={"rate": "2"},
        more_wallets=[{"wallet_name": "spare", "priority": "2"}],
        timezone="Asia/Kathmandu",
    ),
    "both": Holder(
        [_DATED | {"granted_credits": "100"}, _FIFTIES | {"threshold_credits": "70"}],
        [("02", "tokens", "40")],
    ),
    "reached": Holder([_DATED | {"method": "target", "target_ongoing_balance": "10"}]),
    "refilled": Holder(
        [_DATED | {"method": "target", "target_ongoing_balance": "10.5"}], [("02", "calls", "1.21")]
    ),
    "yen": Holder([_DATED | {"paid_credits": "4.39999"}], currency="JPY"),
    "hundred": Holder([_DATED | {"paid_credits": "4.3789"}], wallet={"rate": "100"}),
    "taxed": Holder([_TENS], [("02", "tokens", "100")], credits="150", tax="20"),
    "above": Holder([_TENS], [("02", "tokens", "100")], credits="150.01", tax="20"),
    "rounded": Holder([_FIFTIES | {"paid_credits": "40"}], [("02", "tokens", "33.33")], tax="20"),
    "barely": Holder([_FIFTIES], [("02", "tokens", "8.33")], credits="20", tax="20"),
    "billed": Holder(
        [_TENS | {"threshold_credits": "5"}], [("02", "in_advance", "12")], credits="20"
    ),
    "scoped": Holder(
        [_TENS | {"threshold_credits": "5", "wallet_id": "scoped/all"}],
        [("02", "calls", "50"), ("02", "tokens", "16")],
        credits="100",
        wallet={"scope_fee_types": "add_on"},
        more_wallets=[{"wallet_name": "all", "priority": "2"}],
    ),
}


def usage() -> list[Row]:
    return [
        {
            "transaction_id": f"{name}-{month}-{code}",
            "external_subscription_id": name,
            "code": code,
            "timestamp": f"2025-{month}-10T09:00:00Z",
            "properties": {"n": n},
        }
        for name, holder in HOLDERS.items()
        for month, code, n in holder.used
    ]


def credit_rows() -> dict[str, list[Row]]:
    """Wallets, targets, lots and rules. The first wallet of a customer is called like it, others customer/name."""
    wallets, lots, rules, targets = [], [], [], []
    for name, holder in HOLDERS.items():
        shared = {"customer_id": name, "currency": holder.currency}
        first = {"wallet_id": name, "wallet_name": name, "priority": "1"}
        wallets.append(shared | first | (holder.wallet or {}))
        lot = {"lot_kind": "granted", "granted_on": "2025-01-01"}
        lots.append(lot | {"lot_id": name, "wallet_id": name, "credits": holder.credits})
        for one in holder.more_wallets:
            wallet_id = f"{name}/{one['wallet_name']}"
            wallets.append(shared | {"wallet_id": wallet_id} | one)
            lots.append(lot | {"lot_id": wallet_id, "wallet_id": wallet_id, "credits": "20"})
        for number, rule in enumerate(holder.rules, start=1):
            rules.append({"top_up_rule_id": f"{name}-{number}", "wallet_id": name} | rule)
    targets.append({"wallet_id": "scoped", "metric_code": "calls"})
    return {
        "credits/wallets": wallets,
        "credits/wallet_targets": targets,
        "credits/wallet_lots": lots,
        "credits/top_up_rules": rules,
    }


def catalog(payments: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows by file."""
    metrics = ("tokens", "calls", "in_advance")
    currencies = ("EUR", "JPY")
    return credit_rows() | {
        "prices/billable_metrics": [
            {"metric_code": code, "metric_name": code, "aggregation_type": "sum", "field_name": "n"}
            for code in metrics
        ],
        "prices/plans": [
            {"plan_code": currency, "plan_name": currency, "amount": "0", "interval": "monthly"}
            | {"currency": currency, "is_pay_in_advance": "false"}
            | SINCE
            for currency in currencies
        ],
        "prices/charges": [
            {"plan_code": currency, "charge_code": code, "metric_code": code, "display_name": code}
            | {"charge_model": "standard", "unit_amount": "1"}
            | {"is_pay_in_advance": "true" if code == "in_advance" else "false"}
            | SINCE
            for currency in currencies
            for code in metrics
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR"}
            | {"invoice_prefix": "EU", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name, "billing_entity_code": "eu"}
            | {"timezone": holder.timezone}
            for name, holder in HOLDERS.items()
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name}
            | {"plan_code": holder.currency, "started_at": "2025-01-01T00:00:00Z"}
            | {"recorded_at": "2025-01-01T00:00:00Z"}
            for name, holder in HOLDERS.items()
            if holder.used
        ],
        "accounts/payments": list(payments),
        "tax/taxes": [
            {"tax_code": f"vat_{rate}", "tax_name": "VAT", "rate_percent": rate} | SINCE
            for rate in ("20",)
        ],
        "tax/customer_taxes": [
            {"customer_id": name, "tax_code": f"vat_{holder.tax}"}
            for name, holder in HOLDERS.items()
            if holder.tax
        ],
    }


def write_step(folder: Path, payments: Sequence[Row] = ()) -> Workspace:
    """Write below `folder` what is known before a step."""
    ws = write_book(folder, catalog(payments))
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    ws.landing.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(line)}\n" for line in usage())
    (ws.landing / "usage.jsonl").write_text(lines, encoding="utf-8")
    return ws


def close_to(ws: Workspace, through: date) -> None:
    close_through(ws, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))


def payments_of(company: ClosedCompany) -> list[Row]:
    """`gap` pays in two parts, `minimum` a cent too little, `dated` in full."""
    numbers = dict(
        company.finance(
            "select customer_id, invoice_number from invoices where invoice_type = 'top_up'"
        )
    )
    paid = [("gap", "400", "18"), ("gap", "50", "20"), ("minimum", "49.99", "20")]
    paid.append(("dated", "47", "16"))
    return [
        {"payment_id": f"p{place}", "invoice_number": numbers[name]}
        | {"amount": amount, "paid_on": f"2025-02-{day}"}
        for place, (name, amount, day) in enumerate(paid)
    ]


def close_company(folder: Path) -> ClosedCompany:
    """The company closed through 1 March."""
    company = ClosedCompany(write_step(folder))
    close_to(company.workspace, STEPS[0])
    write_step(folder, payments_of(company))
    close_to(company.workspace, STEPS[1])
    return company
