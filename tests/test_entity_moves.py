"""A customer that moves to another billing entity: who sends what, in which zone, and what pays for it.

Belongs here: one company of which both customers move between two closes. Does not belong here: customers that change
zone by themselves (`test_moved_zones`), and payers (`test_payers`).
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.small_company import FIRST_CLOSE, SECOND_CLOSE, clock, write_company

pytestmark = pytest.mark.timeout(900)

ENTITIES = """\
billing_entity_code,entity_name,country,timezone,invoice_prefix,net_payment_days,grace_days
us,Example Inc.,US,UTC,US,30,0
eu,Exemple SA,FR,Europe/Paris,EU,14,0
"""
CUSTOMERS = """\
customer_id,customer_name,billing_entity_code,country,timezone,purchase_order,metadata
atlas,Atlas,eu,US,,PO-1,
borea,Borea,eu,US,America/New_York,,
"""
# A call of October that borea made, and tokens of October that atlas takes back.
LATE = (
    {"transaction_id": "late", "external_subscription_id": "ext_borea", "code": "calls"}
    | {"timestamp": "2025-10-20T12:00:00Z", "properties": {}},
    {"transaction_id": "no", "external_subscription_id": "ext_atlas"}
    | {"retracts": "ext_atlas-tokens-0"},
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    ws = write_company(tmp_path_factory.mktemp("entity_moves"))
    close_through(ws, FIRST_CLOSE, clock=clock)
    (ws.catalog / "accounts/billing_entities.csv").write_text(ENTITIES, encoding="utf-8")
    (ws.catalog / "accounts/customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (ws.catalog / "accounts/payments.csv").write_text(
        "payment_id,invoice_number,amount,paid_on\np,US-000001,51.52,2025-11-05\n", encoding="utf-8"
    )
    (ws.landing / "late.jsonl").write_text(
        "".join(f"{json.dumps(line)}\n" for line in LATE), encoding="utf-8"
    )
    close_through(ws, SECOND_CLOSE, clock=clock)
    return ClosedCompany(ws)


def test_a_month_is_the_new_entitys_and_a_correction_the_old_ones(company: ClosedCompany) -> None:
    """November of borea: 99.00, calls 0.02, 1501 tokens 2.50; a call of October 0.01. Both bear 8.875 %."""
    assert company.finance(
        """
        select invoice_number, billing_entity_code, fees_amount, tax_amount, date_diff('day', issue_date, due_date)
        from invoices where payer_customer_id = 'borea' and close_date = date '2025-12-01' order by 1
        """
    ) == [
        ("EU-000002", "eu", Decimal("101.52"), Decimal("9.01"), 14),
        ("US-000003", "us", Decimal("0.01"), Decimal(0), 30),
    ]


def test_a_note_is_the_old_entitys_and_pays_the_new_ones_invoice(company: ClosedCompany) -> None:
    """1501 tokens cost 2.50, 750.5 of them 1.50. atlas' November ends an hour early in UTC: 99.00, 0.01, 1.50."""
    assert company.finance(
        "select credit_note_number, billing_entity_code, total_amount, credit_amount from credit_notes"
    ) == [("US-CN-000001", "us", Decimal(1), Decimal(1))]
    assert company.finance(
        """
        select invoice_number, fees_amount, credit_note_amount, amount_due from invoices
        where payer_customer_id = 'atlas' and close_date = date '2025-12-01'
        """
    ) == [("EU-000001", Decimal("100.51"), Decimal(1), Decimal("99.51"))]


def test_the_new_zone_leaves_no_gap(company: ClosedCompany) -> None:
    assert company.finance(
        """
        select distinct service_period_start, service_period_end from invoice_lines
        where subscription_id = 'sub_atlas' and fee_type = 'subscription' order by 1
        """
    ) == [
        (datetime(2025, 10, 1), datetime(2025, 11, 1)),
        (datetime(2025, 11, 1), datetime(2025, 11, 30, 23)),
    ]


def test_an_entity_that_sent_invoices_stays(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    file = other.workspace.catalog / "accounts/billing_entities.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text(lines[0] + lines[2], encoding="utf-8")
    assert [one.text for one in check_catalog(other.workspace) if one.severity == ERROR] == [
        "accounts/billing_entities.csv: billing entity 'us' is gone, but it sent US-000003; put it back"
    ]
