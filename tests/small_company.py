"""A company small enough to be closed in seconds: two plans, two customers, a handful of events.

Belongs here: its catalog, its usage, and a fixture that closes its first date once for the whole session. Does not
belong here: golden amounts (the demo's), and tests.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.close import close_through
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany, shared_folder
from tests.replayed_dbt import REPLAYED

FIRST_CLOSE = date(2025, 11, 1)
SECOND_CLOSE = date(2025, 12, 1)

CATALOG = {
    "prices/billable_metrics": """
        metric_code,metric_name,aggregation_type,field_name,unit_name
        calls,API calls,count,,call
        tokens,Tokens,sum,tokens,token
        """,
    "prices/plans": """
        plan_code,plan_name,interval,is_pay_in_advance,amount,currency,valid_from,valid_to,recorded_at
        starter,Starter,monthly,false,99,USD,2025-01-01,,2025-01-01T00:00:00Z
        """,
    "prices/charges": """
        charge_code,plan_code,metric_code,charge_model,display_name,unit_amount,package_amount,package_size,free_units,valid_from,valid_to,recorded_at
        calls,starter,calls,standard,API calls,0.01,,,,2025-01-01,,2025-01-01T00:00:00Z
        tokens,starter,tokens,graduated,Tokens,,,,,2025-01-01,,2025-01-01T00:00:00Z
        """,
    "prices/charge_tiers": """
        plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount
        starter,tokens,2025-01-01,2025-01-01T00:00:00Z,1000,0.002,0
        starter,tokens,2025-01-01,2025-01-01T00:00:00Z,,0.001,0
        """,
    "accounts/billing_entities": """
        billing_entity_code,entity_name,country,timezone,invoice_prefix,net_payment_days,grace_days
        us,Example Inc.,US,UTC,US,30,0
        """,
    "accounts/customers": """
        customer_id,customer_name,billing_entity_code,country,timezone,purchase_order,metadata
        atlas,Atlas,us,US,,PO-1,
        borea,Borea,us,US,America/New_York,,
        """,
    "accounts/subscriptions": """
        subscription_id,external_subscription_id,customer_id,plan_code,started_at,ended_at,billing_starts_at,recorded_at
        sub_atlas,ext_atlas,atlas,starter,2025-10-01T00:00:00Z,,,2025-10-01T00:00:00Z
        sub_borea,ext_borea,borea,starter,2025-10-15T12:00:00Z,,,2025-10-15T12:00:00Z
        """,
    "credits/wallets": """
        wallet_id,customer_id,wallet_name,currency,priority
        wallet_atlas,atlas,Credits,USD,1
        """,
    "credits/wallet_lots": """
        lot_id,wallet_id,lot_kind,amount,granted_on
        lot_atlas,wallet_atlas,granted,50,2025-10-01
        """,
    "tax/taxes": """
        tax_code,tax_name,rate_percent,valid_from,valid_to,recorded_at
        ny,New York sales tax,8.875,2025-01-01,,2025-01-01T00:00:00Z
        """,
    "tax/customer_taxes": """
        customer_id,tax_code
        borea,ny
        """,
}

# Three months of usage; in the second before midnight, too.
EVENT_INSTANTS = [
    f"{month}-{day}"
    for month in ("2025-10", "2025-11", "2025-12")
    for day in ("16T09:30:00Z", "30T23:59:59Z")
]


def clock() -> datetime:
    """A present after every close of the tests."""
    return datetime(2026, 6, 1, tzinfo=UTC)


def write_company(folder: Path) -> Workspace:
    """Write catalog and usage under `folder`; nothing is loaded or closed."""
    for name, text in CATALOG.items():
        file = folder / "catalog" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [line.strip() for line in text.strip().splitlines()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    landing = folder / "landing"
    landing.mkdir()
    (landing / "usage.jsonl").write_text("\n".join(usage_lines()) + "\n", encoding="utf-8")
    return _workspace(folder)


def _workspace(folder: Path) -> Workspace:
    names = ("catalog", "landing", "warehouse", "published")
    return Workspace.resolve(**{name: folder / name for name in names})


def usage_lines() -> list[str]:
    """Two kinds of events per instant and subscription, with a duplicate and a broken line among them."""
    lines = []
    for subscription in ("ext_atlas", "ext_borea"):
        for number, instant in enumerate(EVENT_INSTANTS):
            for code, properties in (("calls", {}), ("tokens", {"tokens": "750.5"})):
                event = {
                    "transaction_id": f"{subscription}-{code}-{number}",
                    "external_subscription_id": subscription,
                    "code": code,
                    "timestamp": instant,
                    "properties": properties,
                }
                lines.append(json.dumps(event))
    return [*lines, lines[0], "{this is no JSON"]


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """The small company, closed through its first date by dbt. For looking only: a test that changes it copies it.

    Every module that imports the fixture has one of its own in pytest's eyes; the folder is that of the whole test run.
    """
    folder = shared_folder(tmp_path_factory) / "small_company"
    closed = folder / "closed"
    with FileLock(folder.with_suffix(".lock")):
        if not closed.exists():
            with REPLAYED.recording():
                close_through(write_company(folder), FIRST_CLOSE, clock=clock)
            closed.touch()
    return ClosedCompany(_workspace(folder))


def published_bytes(company: ClosedCompany) -> dict[str, bytes]:
    """Every file of the published folder, by its path in it."""
    folder = company.workspace.published
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
