"""A company whose subscriptions end in mid-period, each in another way: what becomes of base fees paid in advance.

Belongs here: its catalog as it was known at three moments, its usage, and a fixture that closes two months once. Does
not belong here: amounts (the tests say them), and anything but ends and credit notes.

All plans are monthly and paid in advance, in February 2025, which has 28 days: a day of a plan of 28.00 is worth 1.00.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through

BILLED = date(2025, 2, 8)
UPGRADED = date(2025, 2, 21)
ENDED = date(2025, 2, 22)
LAST = date(2025, 4, 1)

PLANS = {"hundred": 100, "metered": 100, "fifty": 50, "twenty": 20, "twenty_eight": 28, "nine": 9}
VALID = "2025-01-01,,2025-01-01T00:00:00Z"

# subscription: customer, plan, start, what becomes of the rest; by its end, and when that is known.
SUBSCRIPTIONS = {
    "bal_big": ("balance", "hundred", "2025-02-01", ""),
    "bal_small": ("balance", "twenty", "2025-02-01", ""),
    "known": ("known", "hundred", "2025-02-01", ""),
    "late": ("late", "hundred", "2025-02-01", "credit"),
    "minimum": ("minimum", "fifty", "2025-02-01", "credit"),
    "offset": ("offset", "hundred", "2025-02-01", "offset"),
    "refund": ("refund", "metered", "2025-02-08", "refund"),
    "seg": ("seg", "seg", "2025-02-01", ""),
    "skip": ("skip", "hundred", "2025-02-01", "skip"),
    "two_a": ("two", "twenty_eight", "2025-02-01", ""),
    "two_b": ("two", "twenty_eight", "2025-02-01", ""),
    "two_c": ("two", "nine", "2025-02-01", ""),
    "yen": ("yen", "yen", "2025-02-01", ""),
    "yen_eur": ("yen", "twenty", "2025-02-01", ""),
    "zed_old": ("zed", "nine", "2025-02-01", ""),
    "zoe": ("zoe", "on_trial", "2025-02-01", ""),
}
# A second row of one external id, known with the ends: an upgrade, whose day is the new plan's; billed at once.
UPGRADE = "zed_new,zed_old,zed,hundred,2025-02-21T10:00:00Z,,,,2025-02-21T00:00:00Z"
KNOWN_FROM_THE_START = {"known": "2025-02-21T10:00:00Z"}
KNOWN_IN_FEBRUARY = KNOWN_FROM_THE_START | dict.fromkeys(
    ("bal_big", "offset", "refund", "seg", "skip", "two_a", "yen", "zoe"), "2025-02-21T10:00:00Z"
)
KNOWN_IN_FEBRUARY |= {"minimum": "2025-02-25T08:00:00Z", "two_b": "2025-02-25T10:00:00Z"}
KNOWN_IN_MARCH = KNOWN_IN_FEBRUARY | {"late": "2025-02-20T10:00:00Z"}

_FILES = {
    "prices/billable_metrics": """
        metric_code,metric_name,aggregation_type,field_name,unit_name
        units,Units,sum,units,unit
        calls,Calls,count,,call
        """,
    "prices/charges": f"""
        charge_code,plan_code,metric_code,charge_model,display_name,unit_amount,package_amount,package_size,free_units,minimum_amount,valid_from,valid_to,recorded_at
        units,metered,units,standard,Units,0.5,,,,,{VALID}
        calls,fifty,calls,standard,Calls,0,,,,100,{VALID}
        """,
    "prices/charge_filters": """
        plan_code,charge_code,valid_from,recorded_at,filter_code,display_name,unit_amount
        fifty,calls,2025-01-01,2025-01-01T00:00:00Z,europe,Europe,20
        fifty,calls,2025-01-01,2025-01-01T00:00:00Z,usa,USA,50
        """,
    "prices/charge_filter_values": """
        plan_code,charge_code,valid_from,recorded_at,filter_code,property_name,property_value
        fifty,calls,2025-01-01,2025-01-01T00:00:00Z,europe,region,europe
        fifty,calls,2025-01-01,2025-01-01T00:00:00Z,usa,region,usa
        """,
    "prices/charge_tiers": "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount",
    "accounts/billing_entities": """
        billing_entity_code,entity_name,country,timezone,invoice_prefix,net_payment_days,grace_days
        eu,Exemple SA,FR,UTC,EU,30,0
        """,
    "credits/wallets": """
        wallet_id,customer_id,wallet_name,currency,priority
        wallet,balance,Credits,EUR,1
        """,
    "credits/wallet_lots": """
        lot_id,wallet_id,lot_kind,amount,granted_on
        lot,wallet,granted,5,2025-03-15
        """,
    "tax/taxes": f"""
        tax_code,tax_name,rate_percent,valid_from,valid_to,recorded_at
        vat,VAT,20,{VALID}
        levy_a,Levy A,1.3,{VALID}
        levy_b,Levy B,1.1,{VALID}
        """,
}
_USAGE = (
    ("refund", "units", "2025-02-10T09:00:00Z", {"units": "100"}),
    ("minimum", "calls", "2025-02-10T09:00:00Z", {"region": "usa"}),
    ("minimum", "calls", "2025-02-11T09:00:00Z", {"region": "europe"}),
)


def clock() -> datetime:
    """A present after every close of the tests."""
    return datetime(2026, 6, 1, tzinfo=UTC)


def write_catalog(
    ws: Workspace, ends: dict[str, str], payments: Sequence[tuple[str, str, str, str]] = ()
) -> None:
    """Write the catalog as it is once the given ends and payments are known."""
    files = dict(_FILES)
    customers = sorted({customer for customer, *_ in SUBSCRIPTIONS.values()})
    plans = [f"{code},{code},monthly,true,{amount},EUR,0,{VALID}" for code, amount in PLANS.items()]
    plans.append(f"yen,yen,monthly,true,1000,JPY,0,{VALID}")
    plans.append(f"on_trial,on_trial,monthly,true,28,EUR,14,{VALID}")
    plans.append("seg,seg,monthly,true,28,EUR,0,2025-01-01,2025-02-24,2025-01-01T00:00:00Z")
    plans.append("seg,seg,monthly,true,56,EUR,0,2025-02-24,,2025-01-01T00:00:00Z")
    files["prices/plans"] = "\n".join(
        [
            "plan_code,plan_name,interval,is_pay_in_advance,amount,currency,trial_days,valid_from,valid_to,"
            "recorded_at",
            *plans,
        ]
    )
    files["accounts/customers"] = "\n".join(
        [
            "customer_id,customer_name,billing_entity_code,country,timezone,purchase_order,metadata",
            *(f"{customer},{customer.title()},eu,FR,,," for customer in customers),
        ]
    )
    taxed = [(c, "vat") for c in customers if c != "yen"] + [("yen", "levy_a"), ("yen", "levy_b")]
    files["tax/customer_taxes"] = "\n".join(
        ["customer_id,tax_code", *(f"{customer},{code}" for customer, code in taxed)]
    )
    files["accounts/subscriptions"] = "\n".join(
        [
            "subscription_id,external_subscription_id,customer_id,plan_code,started_at,ended_at,"
            "billing_starts_at,on_termination,recorded_at",
            *(
                f"{name},{name},{customer},{plan},{start}T00:00:00Z,{ends.get(name, '')},,{rest},"
                "2025-02-01T00:00:00Z"
                for name, (customer, plan, start, rest) in SUBSCRIPTIONS.items()
            ),
            *([UPGRADE] if ends != KNOWN_FROM_THE_START else []),
        ]
    )
    if payments:
        files["accounts/payments"] = "\n".join(
            ["payment_id,invoice_number,amount,paid_on", *(",".join(row) for row in payments)]
        )
    for name, text in files.items():
        file = ws.catalog / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [line.strip() for line in text.strip().splitlines()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_usage(ws: Workspace) -> None:
    """Write the few events there are."""
    ws.landing.mkdir(parents=True)
    events = [
        {
            "transaction_id": f"{subscription}-{number}",
            "external_subscription_id": subscription,
            "code": code,
            "timestamp": instant,
            "properties": properties,
        }
        for number, (subscription, code, instant, properties) in enumerate(_USAGE)
    ]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (ws.landing / "usage.jsonl").write_text(lines, encoding="utf-8")


def invoice_of(company: ClosedCompany, customer: str, close_date: str) -> str:
    """The number of a customer's only invoice of a close, in euros."""
    ((number,),) = company.finance(
        f"select invoice_number from invoices where customer_id = '{customer}'"
        f" and close_date = date '{close_date}' and currency = 'EUR'"
    )
    return number


def end_subscriptions(company: ClosedCompany, ends: dict[str, str] = KNOWN_IN_FEBRUARY) -> None:
    """Let the catalog know of ends and payments: 75.00 of 90.00, and 100.00 of 120.00."""
    payments = (
        ("p1", invoice_of(company, "refund", "2025-02-08"), "75", "2025-02-10"),
        ("p2", invoice_of(company, "offset", "2025-02-01"), "100", "2025-02-10"),
    )
    write_catalog(company.workspace, ends, payments)


@dataclass(frozen=True)
class NotesCompany:
    """The company before any end was known, and as it is at last."""

    billed: ClosedCompany
    at_last: ClosedCompany


@pytest.fixture(scope="session")
def notes_company(tmp_path_factory: pytest.TempPathFactory) -> NotesCompany:
    """The company, closed through April; for looking only: a test that changes it copies it.

    Every module that imports the fixture has one of its own in pytest's eyes; the folders are the session's.
    """
    base = tmp_path_factory.getbasetemp() / "notes_company"
    found = NotesCompany(_company(base / "billed"), _company(base / "at_last"))
    if base.exists():
        return found
    write_catalog(found.billed.workspace, KNOWN_FROM_THE_START)
    write_usage(found.billed.workspace)
    close_through(found.billed.workspace, BILLED, clock=clock)
    company = found.billed.copy(base / "at_last")
    end_subscriptions(company)
    close_through(company.workspace, date(2025, 3, 1), clock=clock)
    end_subscriptions(company, KNOWN_IN_MARCH)
    close_through(company.workspace, LAST, clock=clock)
    return found


def _company(folder: Path) -> ClosedCompany:
    names = ("catalog", "landing", "warehouse", "published")
    return ClosedCompany(Workspace.resolve(**{name: folder / name for name in names}))
