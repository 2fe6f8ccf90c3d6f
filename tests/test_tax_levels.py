"""Taxes stated on fees, charges, add-ons, plans, commitments, customers and entities: which of them a line bears.

Belongs here: one company closed twice, and sums worked by hand. Does not belong here: checks of the catalog's rows
(`test_catalog_taxes`), and taxes that follow from places and VAT ids.
"""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.gate import GateRefused
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import VALID, charge, metric, write_book
from tests.small_company import clock

FIRST, SECOND, THIRD = date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
# code: percent. Each name says where the tax stands.
RATES = {
    "entity": "1",
    "charge": "2",
    "commitment": "3",
    "addon_a": "4",
    "addon_b": "1.125",
    "plan": "5",
    "fee": "7",
    "customer": "10",
}
ASSIGNED = [
    ("entity", "eu", "entity"),
    ("charge", "calls", "charge"),
    ("commitment", "taxed", "commitment"),
    ("add_on", "desk", "addon_b"),
    ("add_on", "desk", "addon_a"),
    ("plan", "taxed", "plan"),
    ("one_off_fee", "own_tax", "fee"),
]
SUBSCRIPTIONS = {"bare": "plain", "own": "plain", "both": "taxed"}


def _plan(code: str, minimum: str) -> dict[str, str]:
    named = {"plan_code": code, "plan_name": code, "interval": "monthly", "currency": "EUR"}
    terms = {"amount": "100", "minimum_commitment_amount": minimum, "is_pay_in_advance": "false"}
    return named | terms | VALID


def _fixed(code: str, plan_code: str, units: str, unit_amount: str) -> dict[str, str]:
    named = {"fixed_charge_code": f"{code}s", "plan_code": plan_code, "add_on_code": code}
    terms = {"charge_model": "standard", "display_name": code, "is_prorated": "false"}
    priced = {"is_pay_in_advance": "false", "units": units, "unit_amount": unit_amount}
    return named | terms | priced | VALID


def _fee(name: str, customer: str, add_on: str) -> dict[str, str]:
    named = {"one_off_fee_id": name, "customer_id": customer, "add_on_code": add_on}
    return named | {"billed_on": "2025-11-01", "units": "1", "recorded_at": VALID["recorded_at"]}


def _event(number: int, subscription: str) -> str:
    event = {
        "transaction_id": f"{subscription}-{number}",
        "external_subscription_id": subscription,
        "code": "calls",
        "timestamp": f"2025-10-{number:02}T09:00:00Z",
        "properties": {},
    }
    return json.dumps(event) + "\n"


def _write(folder: Path) -> Workspace:
    calls = {"unit_amount": "1"}
    book = {
        "prices/billable_metrics": [metric("calls", "count")],
        "prices/plans": [_plan("plain", "200"), _plan("taxed", "300")],
        "prices/charges": [
            charge("calls", "calls", "standard", **calls) | {"plan_code": plan}
            for plan in ("plain", "taxed")
        ],
        "prices/add_ons": [
            {"add_on_code": code, "add_on_name": code, "unit_amount": "50", "currency": "EUR"}
            for code in ("seat", "desk", "setup")
        ],
        "prices/fixed_charges": [
            _fixed("seat", "plain", "2", "10"),
            _fixed("desk", "taxed", "3", "10"),
        ],
        "accounts/billing_entities": [
            {"billing_entity_code": "eu", "entity_name": "Exemple SA", "country": "FR", "invoice_prefix": "EU",
             "net_payment_days": "30", "grace_days": "0"},
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu", "country": "FR"}
            for name in SUBSCRIPTIONS
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name, "plan_code": plan,
             "started_at": "2025-10-01T00:00:00Z", "recorded_at": "2025-10-01T00:00:00Z"}
            for name, plan in SUBSCRIPTIONS.items()
        ],
        "accounts/one_off_fees": [
            _fee("own_tax", "bare", "desk"),
            _fee("of_add_on", "own", "desk"),
            _fee("of_customer", "own", "setup"),
        ],
        "tax/taxes": [
            {"tax_code": code, "tax_name": code.title(), "rate_percent": rate} | VALID
            for code, rate in RATES.items()
        ],
        "tax/customer_taxes": [
            {"customer_id": name, "tax_code": "customer"} for name in ("own", "both")
        ],
        "tax/assigned_taxes": [
            {"level": level, "code": code, "tax_code": tax} for level, code, tax in ASSIGNED
        ],
    }  # fmt: skip
    ws = write_book(folder, book)
    tiers = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices" / "charge_tiers.csv").write_text(tiers, encoding="utf-8")
    return ws


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Ten calls each in October; before the second close two more of October become known, and the taxes change."""
    ws = _write(tmp_path_factory.mktemp("tax_levels"))
    ws.landing.mkdir()
    events = "".join(_event(day, name) for name in SUBSCRIPTIONS for day in range(1, 11))
    (ws.landing / "usage.jsonl").write_text(events, encoding="utf-8")
    close_through(ws, FIRST, clock=clock)
    late = "".join(_event(day, "both") for day in (11, 12))
    (ws.landing / "late.jsonl").write_text(late, encoding="utf-8")
    assigned = ws.catalog / "tax" / "assigned_taxes.csv"
    text = assigned.read_text(encoding="utf-8").replace("charge,calls,charge", "charge,calls,fee")
    assigned.write_text(text, encoding="utf-8")
    close_through(ws, SECOND, clock=clock)
    return ClosedCompany(ws)


def _lines(company: ClosedCompany, customer: str, close: date, invoice_type: str) -> list[tuple]:
    return company.finance(
        "select fee_type, amount, tax_codes, tax_rate, tax_evidence from invoice_lines"
        f" inner join invoices using (invoice_number) where invoices.customer_id = '{customer}'"
        f" and invoices.close_date = date '{close}' and invoice_type = '{invoice_type}' order by line_number"
    )


def _line(fee_type: str, amount: str, codes: str, rate: str, evidence: str) -> tuple:
    return fee_type, Decimal(amount), codes, Decimal(rate), evidence


def _tax(company: ClosedCompany, customer: str, invoice_type: str) -> Decimal:
    ((tax,),) = company.finance(
        f"select tax_amount from invoices where customer_id = '{customer}' and close_date = date '{FIRST}'"
        f" and invoice_type = '{invoice_type}'"
    )
    return tax


def test_without_a_tax_of_its_own_a_customer_bears_the_entity_s(company: ClosedCompany) -> None:
    assert _lines(company, "bare", FIRST, "subscription") == [
        _line("subscription", "100", "entity", "1", "entity"),
        _line("fixed_charge", "20", "entity", "1", "entity"),
        _line("charge", "10", "charge", "2", "charge"),
        _line("commitment_true_up", "70", "entity", "1", "entity"),
    ]
    # 1 % of 190.00 and 2 % of 10.00.
    assert _tax(company, "bare", "subscription") == Decimal("2.10")


def test_a_customer_s_tax_wins_over_the_entity_s_and_a_charge_s_over_it(
    company: ClosedCompany,
) -> None:
    assert _lines(company, "own", FIRST, "subscription") == [
        _line("subscription", "100", "customer", "10", "customer"),
        _line("fixed_charge", "20", "customer", "10", "customer"),
        _line("charge", "10", "charge", "2", "charge"),
        _line("commitment_true_up", "70", "customer", "10", "customer"),
    ]
    # 10 % of 190.00 and 2 % of 10.00.
    assert _tax(company, "own", "subscription") == Decimal("19.20")


def test_plan_add_on_and_commitment_win_over_the_customer(company: ClosedCompany) -> None:
    assert _lines(company, "both", FIRST, "subscription") == [
        _line("subscription", "100", "plan", "5", "plan"),
        _line("fixed_charge", "30", "addon_a,addon_b", "5.125", "add_on"),
        _line("charge", "10", "charge", "2", "charge"),
        _line("commitment_true_up", "160", "commitment", "3", "commitment"),
    ]
    # 5.00 + 0.20 + 1.20 + 0.3375 + 4.80 = 11.5375.
    assert _tax(company, "both", "subscription") == Decimal("11.54")


def test_a_one_off_fee_s_own_tax_wins_over_its_add_on_s(company: ClosedCompany) -> None:
    assert _lines(company, "bare", FIRST, "one_off") == [
        _line("add_on", "50", "fee", "7", "one_off_fee")
    ]
    assert _lines(company, "own", FIRST, "one_off") == [
        _line("add_on", "50", "addon_a,addon_b", "5.125", "add_on"),
        _line("add_on", "50", "customer", "10", "customer"),
    ]  # fmt: skip
    # 2.5625 + 5.00.
    assert _tax(company, "own", "one_off") == Decimal("7.56")


def test_a_correction_bears_what_its_line_bore(company: ClosedCompany) -> None:
    # The commitment swallows what two more calls cost, and both bear their own tax as it was in October.
    lines = [line for line in _lines(company, "both", SECOND, "subscription") if line[1] in (2, -2)]
    assert lines == [_line("charge", "2", "charge", "2", "original_invoice")]
    assert company.finance(
        "select credit_note_lines.amount, tax_codes, tax_rate from credit_note_lines"
        " inner join credit_notes using (credit_note_number) where customer_id = 'both'"
    ) == [(Decimal(2), "commitment", Decimal(3))]


def test_a_tax_whose_rates_have_ended_stops_the_close(
    company: ClosedCompany, tmp_path: Path
) -> None:
    """The customer would bear no tax otherwise, and nobody would know."""
    copy = company.copy(tmp_path)
    taxes = copy.workspace.catalog / "tax" / "taxes.csv"
    with taxes.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ended = [row | {"valid_to": "2025-12-15" if row["tax_code"] == "plan" else ""} for row in rows]
    with taxes.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ended[0])
        writer.writeheader()
        writer.writerows(ended)
    with pytest.raises(
        GateRefused, match=r"1 blocking check failed \(taxes_without_a_rate\)"
    ) as refusal:
        close_through(copy.workspace, THIRD, clock=clock)
    assert "plan" in str(refusal.value.tables)
