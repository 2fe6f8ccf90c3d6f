"""A company whose customers have coupons, each in another way, in the first months of 2025.

Belongs here: its catalog, its usage in two batches, and a fixture that closes three months once. Does not belong here:
amounts (the tests say them).

Plans are monthly. `flat` is 100.00 in arrears, `ahead` 31.00 in advance; `metered` has calls and units at 1.00 each.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through

FEBRUARY, MARCH, APRIL = date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)
VALID = "2025-01-01,,2025-01-01T00:00:00Z"

# customer: its subscriptions' plans, the first one named as the customer.
PLANS_OF = {
    "ahead": ("ahead",),
    "covered": ("flat",),
    "euro_dollar": ("flat", "dollars"),
    "expired": ("flat",),
    "forever": ("flat",),
    "late": ("metered",),
    "moved": ("flat",),
    "once": ("flat",),
    "recurring": ("flat",),
    "stack": ("metered", "other"),
    "steps": ("stepped",),
    "steps_each": ("stepped",),
    "taken": ("metered",),
}
COUPONS = """
    coupon_code,coupon_name,coupon_type,amount,currency,rate_percent,frequency,frequency_duration,is_per_invoice,expires_on
    all_five,Five off,fixed,5,EUR,,once,,,
    other_ten,Ten off other,fixed,10,EUR,,once,,,
    metrics_twenty,Twenty off usage,fixed,20,EUR,,once,,,
    big,A hundred and fifty,fixed,150,EUR,,once,,,
    huge,Five thousand,fixed,5000,EUR,,once,,,
    fifth_twice,A fifth,percentage,,,20,recurring,2,,
    thirty_forever,Thirty a month,fixed,30,EUR,,forever,,,
    half_until_march,Half,percentage,,,50,forever,,,2025-03-01
    half_once,Half once,percentage,,,50,once,,,
    twelve,Twelve a month,fixed,12,EUR,,forever,,,
    twelve_each,Twelve an invoice,fixed,12,EUR,,forever,,true,
    tenth,A tenth,percentage,,,10,forever,,,
    three_periods,Four for three months,fixed,4,EUR,,recurring,3,,
    """
TARGETS = """
    coupon_code,plan_code,metric_code
    metrics_twenty,,calls
    metrics_twenty,,units
    other_ten,other,
    """
APPLIED = """
    applied_coupon_id,coupon_code,customer_id,applied_on,ended_on,used_amount,used_periods
    stack_all,all_five,stack,2025-01-01,,,
    stack_other,other_ten,stack,2025-01-01,,,
    stack_metrics,metrics_twenty,stack,2025-01-02,,,
    once_big,big,once,2025-01-01,,,
    covered_huge,huge,covered,2025-01-01,,,
    recurring_fifth,fifth_twice,recurring,2025-01-01,,,
    forever_thirty,thirty_forever,forever,2025-01-01,2025-04-01,,
    expired_half,half_until_march,expired,2025-01-01,,,
    euro_half,half_once,euro_dollar,2025-01-01,,,
    euro_five,all_five,euro_dollar,2025-01-02,,,
    steps_twelve,twelve,steps,2025-01-01,,,
    steps_each_twelve,twelve_each,steps_each,2025-01-01,,,
    late_tenth,tenth,late,2025-01-01,,,
    taken_tenth,tenth,taken,2025-01-01,,,
    ahead_twelve,twelve,ahead,2025-01-01,,,
    moved_three,three_periods,moved,2025-01-01,,,2
    moved_big,big,moved,2025-01-02,,140,
    """
_PLANS = f"""
    plan_code,plan_name,interval,is_pay_in_advance,amount,currency,valid_from,valid_to,recorded_at
    flat,Flat,monthly,false,100,EUR,{VALID}
    dollars,Dollars,monthly,false,100,USD,{VALID}
    other,Other,monthly,false,30,EUR,{VALID}
    ahead,Ahead,monthly,true,31,EUR,{VALID}
    metered,Metered,monthly,false,0,EUR,{VALID}
    stepped,Stepped,monthly,false,0,EUR,{VALID}
    """
_FILES = {
    "prices/billable_metrics": """
        metric_code,metric_name,aggregation_type,field_name,unit_name
        calls,Calls,sum,calls,call
        units,Units,sum,units,unit
        """,
    "prices/plans": _PLANS,
    "prices/charges": f"""
        charge_code,plan_code,metric_code,charge_model,display_name,unit_amount,valid_from,valid_to,recorded_at
        calls,metered,calls,standard,Calls,1,{VALID}
        units,metered,units,standard,Units,1,{VALID}
        stepped_calls,stepped,calls,standard,Calls,1,{VALID}
        """,
    "prices/charge_tiers": "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount",
    "prices/usage_thresholds": """
        plan_code,threshold_amount,is_recurring
        stepped,50,
        """,
    "accounts/billing_entities": """
        billing_entity_code,entity_name,country,timezone,invoice_prefix,net_payment_days,grace_days
        eu,Exemple SA,FR,UTC,EU,30,0
        """,
    "credits/coupons": COUPONS,
    "credits/coupon_targets": TARGETS,
    "credits/applied_coupons": APPLIED,
    "tax/taxes": f"""
        tax_code,tax_name,rate_percent,valid_from,valid_to,recorded_at
        vat,VAT,20,{VALID}
        """,
}
# customer, metric, instant, units, and which batch it comes with.
_USAGE = (
    ("stack", "calls", "2025-01-10T09:00:00Z", "10", 1),
    ("stack", "units", "2025-01-11T09:00:00Z", "20", 1),
    ("late", "calls", "2025-01-10T09:00:00Z", "10", 1),
    ("late", "calls", "2025-01-12T09:00:00Z", "5", 2),
    ("late", "units", "2025-01-12T09:00:00Z", "7", 2),
    ("taken", "calls", "2025-01-10T09:00:00Z", "10.05", 1),
    ("taken", "calls", "2025-01-11T09:00:00Z", "20", 1),
    ("steps", "calls", "2025-02-10T09:00:00Z", "60", 1),
    ("steps", "calls", "2025-02-20T09:00:00Z", "30", 1),
    ("steps_each", "calls", "2025-02-10T09:00:00Z", "60", 1),
    ("steps_each", "calls", "2025-02-20T09:00:00Z", "30", 1),
)


def clock() -> datetime:
    """A present after every close of the tests."""
    return datetime(2026, 6, 1, tzinfo=UTC)


def write_catalog(ws: Workspace, ends: dict[str, str] | None = None) -> None:
    """Write the catalog; `ends` of subscriptions as they are known then."""
    files = dict(_FILES)
    files["accounts/customers"] = "\n".join(
        [
            "customer_id,customer_name,billing_entity_code,country,timezone,purchase_order,metadata",
            *(f"{customer},{customer.title()},eu,FR,,," for customer in PLANS_OF),
        ]
    )
    files["tax/customer_taxes"] = "\n".join(
        ["customer_id,tax_code", *(f"{customer},vat" for customer in PLANS_OF)]
    )
    rows = [
        (customer if number == 0 else f"{customer}_{plan}", customer, plan)
        for customer, plans in PLANS_OF.items()
        for number, plan in enumerate(plans)
    ]
    files["accounts/subscriptions"] = "\n".join(
        [
            "subscription_id,external_subscription_id,customer_id,plan_code,started_at,ended_at,"
            "billing_starts_at,recorded_at",
            *(
                f"{name},{name},{customer},{plan},2025-01-01T00:00:00Z,"
                f"{(ends or {}).get(name, '')},,2025-01-01T00:00:00Z"
                for name, customer, plan in rows
            ),
        ]
    )
    for name, text in files.items():
        file = ws.catalog / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [line.strip() for line in text.strip().splitlines()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_usage(ws: Workspace, batch: int) -> None:
    """Write the events of a batch, as a file of its own; the second one retracts an event of the first."""
    ws.landing.mkdir(parents=True, exist_ok=True)
    events = [
        {
            "transaction_id": f"{customer}-{number}",
            "external_subscription_id": customer,
            "code": metric,
            "timestamp": instant,
            "properties": {metric: value},
        }
        for number, (customer, metric, instant, value, own_batch) in enumerate(_USAGE)
        if own_batch == batch
    ]
    if batch == 2:
        retraction = {
            "transaction_id": "taken-back",
            "external_subscription_id": "taken",
            "code": "calls",
            "timestamp": "2025-01-10T09:00:00Z",
            "retracts": "taken-5",
        }
        events.append(retraction)
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (ws.landing / f"usage_{batch}.jsonl").write_text(lines, encoding="utf-8")


@pytest.fixture(scope="session")
def coupons_company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """The company, closed through March; the second batch and an end are known from the close of 1 March on."""
    folder = tmp_path_factory.getbasetemp() / "coupons_company"
    company = _company(folder)
    if folder.exists():
        return company
    write_catalog(company.workspace)
    write_usage(company.workspace, 1)
    close_through(company.workspace, FEBRUARY, clock=clock)
    write_catalog(company.workspace, {"ahead": "2025-02-14T12:00:00Z"})
    write_usage(company.workspace, 2)
    close_through(company.workspace, APRIL, clock=clock)
    return company


def _company(folder: Path) -> ClosedCompany:
    names = ("catalog", "landing", "warehouse", "published")
    return ClosedCompany(Workspace.resolve(**{name: folder / name for name in names}))
