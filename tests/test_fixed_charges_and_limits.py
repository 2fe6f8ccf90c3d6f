"""Fixed charges, minimum commitments and maximums in real closes, against amounts worked by hand.

Belongs here: one small company whose subscriptions each owe what one of the cases says. Does not belong here: single
steps, which have unit tests beside their models.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from orchestration.look import invoice
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import Book, write_book

SINCE = {"valid_from": "2023-01-01", "recorded_at": "2023-01-01T00:00:00Z"}
MONTHLY = {"interval": "monthly", "is_pay_in_advance": "false", "currency": "EUR"} | SINCE
YEARLY = MONTHLY | {"interval": "yearly", "bills_charges_monthly": "true"}


def plan(code: str, amount: str, terms: dict[str, str] = MONTHLY, **columns: str) -> dict[str, Any]:
    return {"plan_code": code, "plan_name": code.title(), "amount": amount} | terms | columns


def charge(plan_code: str, code: str, metric: str, **columns: str) -> dict[str, Any]:
    named = {"plan_code": plan_code, "charge_code": code, "metric_code": metric, "unit_amount": "1"}
    return named | {"charge_model": "standard", "display_name": code.title()} | SINCE | columns


def fixed(
    plan_code: str,
    code: str,
    add_on: str,
    units: str,
    price: str,
    *,
    flags: str = "",
    **columns: str,
) -> dict[str, Any]:
    """`flags`: advance, prorated or both."""
    named = {"plan_code": plan_code, "fixed_charge_code": code, "add_on_code": add_on}
    price_columns = {"charge_model": "standard", "units": units, "unit_amount": price}
    terms = {
        "is_pay_in_advance": str("advance" in flags).lower(),
        "is_prorated": str("prorated" in flags).lower(),
    }
    return named | price_columns | terms | {"display_name": code} | SINCE | columns


def subscription(code: str, started: str, ended: str = "", **columns: str) -> dict[str, Any]:
    """A subscription of a customer of its own, who has its name."""
    named = {"subscription_id": code, "external_subscription_id": code, "customer_id": code}
    dates = {"started_at": started, "ended_at": ended, "recorded_at": "2023-01-01T00:00:00Z"}
    return named | {"plan_code": code} | dates | columns


SUBSCRIPTIONS = [
    subscription("leap", "2024-02-04T00:00:00Z", "2024-04-01T00:00:00Z"),
    subscription("committed", "2024-02-28T10:00:00Z", "2024-04-01T00:00:00Z"),
    subscription("advance", "2024-02-01T00:00:00Z", "2024-04-01T00:00:00Z"),
    subscription("yearly", "2023-11-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    subscription("capped_year", "2023-11-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    subscription("capped", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
    subscription("tiered", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
]
_OF_BASIC = {"external_subscription_id": "basic", "customer_id": "basic"}
UPGRADE = [
    subscription("basic", "2023-07-19T12:12:00Z"),
    subscription("pro", "2023-08-21T12:00:00Z", **_OF_BASIC),
]

BOOK: Book = {
    "prices/billable_metrics": [
        {"metric_code": "calls", "metric_name": "Calls", "aggregation_type": "sum", "field_name": "n"},
        {"metric_code": "jobs", "metric_name": "Jobs", "aggregation_type": "sum", "field_name": "n"},
        {"metric_code": "seats", "metric_name": "Seats", "aggregation_type": "sum", "field_name": "n",
         "is_recurring": "true"},
    ],
    "prices/add_ons": [
        {"add_on_code": code, "add_on_name": code} for code in ("A", "B", "C", "support")
    ],
    "prices/plans": [
        plan("leap", "50000"),
        plan("committed", "100", minimum_commitment_amount="10000"),
        plan("advance", "100", is_pay_in_advance="true", minimum_commitment_amount="300"),
        plan("yearly", "365", YEARLY, minimum_commitment_amount="3650"),
        plan("capped_year", "0", YEARLY, maximum_amount="365"),
        plan("capped", "100", minimum_commitment_amount="110", maximum_amount="120"),
        plan("tiered", "0"),
        plan("basic", "1"),
        plan("pro", "100"),
    ],
    "prices/charges": [
        charge("committed", "arrears", "calls"),
        charge("committed", "advance", "jobs", is_pay_in_advance="true"),
        charge("committed", "seats", "seats", is_pay_in_advance="true"),
        charge("advance", "arrears", "calls"),
        charge("yearly", "arrears", "calls"),
        charge("capped_year", "arrears", "calls"),
        charge("capped", "arrears", "calls", maximum_amount="50"),
        charge("capped", "idle", "jobs", minimum_amount="7"),
    ],
    "prices/fixed_charges": [
        fixed("leap", "whole", "support", "10", "200"),
        fixed("leap", "whole advance", "support", "10", "200", flags="advance"),
        fixed("leap", "prorated", "support", "10", "200", flags="prorated"),
        fixed("leap", "prorated advance", "support", "10", "200", flags="advance prorated"),
        fixed("basic", "A", "A", "10", "1", flags="advance prorated"),
        fixed("basic", "B", "B", "5", "3", flags="advance prorated"),
        fixed("pro", "B of pro", "B", "10", "10", flags="advance prorated"),
        fixed("pro", "C", "C", "1", "20", flags="advance prorated"),
        fixed("tiered", "steps", "support", "15", "", flags="prorated", charge_model="graduated",
              valid_to="2024-02-11"),
        fixed("tiered", "steps", "support", "0", "", flags="prorated", charge_model="volume",
              valid_from="2024-02-11"),
    ],
    "prices/fixed_charge_tiers": [
        {"plan_code": "tiered", "fixed_charge_code": "steps", "up_to": up_to, "unit_amount": price, "flat_amount": flat}
        | SINCE | {"valid_from": valid_from}
        for valid_from in ("2023-01-01", "2024-02-11")
        for up_to, price, flat in (("10", "2", "4"), ("", "1", "3"))
    ],
    "accounts/billing_entities": [
        {"billing_entity_code": "eu", "entity_name": "Example GmbH", "country": "DE", "invoice_prefix": "EU",
         "net_payment_days": "30", "grace_days": "0"},
    ],
    "accounts/customers": [
        {"customer_id": name, "customer_name": name.title(), "billing_entity_code": "eu"}
        for name in sorted({row["customer_id"] for row in SUBSCRIPTIONS + UPGRADE})
    ],
    "tax/taxes": [{"tax_code": "vat", "tax_name": "VAT", "rate_percent": "19"} | SINCE],
    "tax/customer_taxes": [{"customer_id": "committed", "tax_code": "vat"}],
}  # fmt: skip

USAGE = [
    ("committed", "calls", "2024-02-28T12:00:00Z", 10),
    ("committed", "jobs", "2024-02-28T12:00:00Z", 10),
    ("committed", "seats", "2024-02-28T12:00:00Z", 10),
    ("advance", "calls", "2024-02-10T00:00:00Z", 30),
    ("yearly", "calls", "2023-11-10T00:00:00Z", 10),
    ("yearly", "calls", "2023-12-10T00:00:00Z", 20),
    ("capped_year", "calls", "2023-11-10T00:00:00Z", 40),
    ("capped_year", "calls", "2023-12-10T00:00:00Z", 40),
    ("capped", "calls", "2024-02-10T00:00:00Z", 80),
]


def usage_line(number: int, row: tuple[str, str, str, int]) -> str:
    external, code, instant, units = row
    return json.dumps(
        {
            "transaction_id": str(number),
            "external_subscription_id": external,
            "code": code,
            "timestamp": instant,
            "properties": {"n": units},
        }
    )


def close_company(
    folder: Path, subscriptions: Sequence[dict[str, Any]], through: date
) -> ClosedCompany:
    """A company with some of the subscriptions, closed for the first time or further."""
    ws = write_book(folder, BOOK | {"accounts/subscriptions": subscriptions})
    # No charge of usage is tiered here, but the file is one that every company has.
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount,flat_amount\n"
    (ws.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    ws.landing.mkdir(exist_ok=True)
    lines = [usage_line(number, row) for number, row in enumerate(USAGE)]
    (ws.landing / "usage.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    close_through(ws, through, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    return ClosedCompany(ws)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("limits"), SUBSCRIPTIONS, date(2024, 4, 1))


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Nobody knows of the upgrade before August has been billed in advance."""
    folder = tmp_path_factory.mktemp("upgraded")
    close_company(folder, UPGRADE[:1], date(2023, 8, 20))
    return close_company(folder, UPGRADE, date(2023, 9, 1))


def lines_of(company: ClosedCompany, customer: str) -> Sequence[tuple[str, str, str, str]]:
    """Issue date, fee type, charge and amount of every line of a customer, in the order of the invoices."""
    rows = company.finance(
        f"""
        select invoices.issue_date, lines.fee_type, lines.charge_code, lines.amount
        from invoice_lines as lines
        inner join invoices using (invoice_number)
        where invoices.customer_id = '{customer}' order by invoices.issue_date, lines.line_number
        """
    )
    return [(str(day), kind, code or "", f"{amount:.2f}") for day, kind, code, amount in rows]


def test_prorated_or_not_in_advance_or_in_arrears(company: ClosedCompany) -> None:
    """10 at 200 from 4 February 2024: 2000 or 2000 x 26/29 = 1793.10, at the start or at the end of the month."""
    assert lines_of(company, "leap")[:7] == [
        ("2024-02-04", "fixed_charge_in_advance", "whole advance", "2000.00"),
        ("2024-02-04", "fixed_charge_in_advance", "prorated advance", "1793.10"),
        ("2024-03-01", "subscription", "", "44827.59"),
        ("2024-03-01", "fixed_charge", "whole", "2000.00"),
        ("2024-03-01", "fixed_charge", "prorated", "1793.10"),
        ("2024-03-01", "fixed_charge_in_advance", "whole advance", "2000.00"),
        ("2024-03-01", "fixed_charge_in_advance", "prorated advance", "2000.00"),
    ]


def test_an_upgrade_pays_less_what_was_paid_for_the_add_on(upgraded: ClosedCompany) -> None:
    """B for 21 to 31 August: 100 x 11/31 = 35.48, of which 15 x 11/31 = 5.32 is paid; A of these days stays paid."""
    assert lines_of(upgraded, "basic") == [
        ("2023-07-19", "fixed_charge_in_advance", "A", "4.19"),
        ("2023-07-19", "fixed_charge_in_advance", "B", "6.29"),
        ("2023-08-01", "subscription", "", "0.42"),
        ("2023-08-01", "fixed_charge_in_advance", "A", "10.00"),
        ("2023-08-01", "fixed_charge_in_advance", "B", "15.00"),
        ("2023-08-21", "fixed_charge_in_advance", "B of pro", "30.16"),
        ("2023-08-21", "fixed_charge_in_advance", "C", "7.10"),
        ("2023-08-22", "subscription", "", "0.65"),
        ("2023-09-01", "subscription", "", "35.48"),
        ("2023-09-01", "fixed_charge_in_advance", "B of pro", "100.00"),
        ("2023-09-01", "fixed_charge_in_advance", "C", "20.00"),
    ]


def test_units_and_model_that_change_inside_a_period(company: ClosedCompany) -> None:
    """15 graduated: 10 x 2 + 4 + 5 x 1 + 3 = 32, x 10/29 = 11.03; then 0 of volume, the flat 4 x 19/29 = 2.62."""
    assert lines_of(company, "tiered") == [
        ("2024-03-01", "subscription", "", "0.00"),
        ("2024-03-01", "fixed_charge", "steps", "11.03"),
        ("2024-03-01", "fixed_charge", "steps", "2.62"),
    ]


def test_a_commitment_counts_every_fee_of_its_period(company: ClosedCompany) -> None:
    """10000 x 2/29 = 689.66, less 6.90 and three charges of 10; then 10000 less 100 and the seats that go on."""
    assert lines_of(company, "committed") == [
        ("2024-03-01", "subscription", "", "6.90"),
        ("2024-03-01", "charge", "arrears", "10.00"),
        ("2024-03-01", "charge_in_advance", "advance", "10.00"),
        # The seats carried into February, those that came, and those carried into March.
        ("2024-03-01", "charge_in_advance", "seats", "0.00"),
        ("2024-03-01", "charge_in_advance", "seats", "10.00"),
        ("2024-03-01", "charge_in_advance", "seats", "10.00"),
        ("2024-03-01", "commitment_true_up", "", "652.76"),
        ("2024-04-01", "subscription", "", "100.00"),
        ("2024-04-01", "charge", "arrears", "0.00"),
        ("2024-04-01", "commitment_true_up", "", "9890.00"),
    ]


def test_a_plan_in_advance_is_reconciled_at_the_next_start(company: ClosedCompany) -> None:
    """300 less 100, paid on 1 February, and 30 of usage; of March 300 less 100."""
    assert lines_of(company, "advance") == [
        ("2024-02-01", "subscription", "", "100.00"),
        ("2024-03-01", "subscription", "", "100.00"),
        ("2024-03-01", "charge", "arrears", "30.00"),
        ("2024-03-01", "commitment_true_up", "", "170.00"),
        ("2024-04-01", "charge", "arrears", "0.00"),
        ("2024-04-01", "commitment_true_up", "", "200.00"),
    ]


def test_a_year_with_monthly_charges_has_one_commitment(company: ClosedCompany) -> None:
    """3650 x 61/365 = 610, less 10, issued in November, 20 and the base fee of 365 x 61/365 = 61."""
    assert lines_of(company, "yearly") == [
        ("2023-12-01", "charge", "arrears", "10.00"),
        ("2024-01-01", "subscription", "", "61.00"),
        ("2024-01-01", "charge", "arrears", "20.00"),
        ("2024-01-01", "commitment_true_up", "", "519.00"),
    ]


def test_a_year_with_monthly_charges_has_one_maximum(company: ClosedCompany) -> None:
    """365 x 61/365 = 61: the 40 of November are below it, of the 40 of December 19 are above."""
    assert lines_of(company, "capped_year") == [
        ("2023-12-01", "charge", "arrears", "40.00"),
        ("2024-01-01", "subscription", "", "0.00"),
        ("2024-01-01", "charge", "arrears", "40.00"),
        ("2024-01-01", "period_maximum", "", "-19.00"),
    ]


def test_maximums_come_before_minimums(company: ClosedCompany) -> None:
    """80 of calls are cut to 50, 150 of the plan to 120; a charge's minimum of 7 comes on top."""
    assert lines_of(company, "capped") == [
        ("2024-03-01", "subscription", "", "100.00"),
        ("2024-03-01", "charge", "arrears", "80.00"),
        ("2024-03-01", "charge_maximum", "arrears", "-30.00"),
        ("2024-03-01", "charge", "idle", "0.00"),
        ("2024-03-01", "charge_true_up", "idle", "7.00"),
        ("2024-03-01", "period_maximum", "", "-30.00"),
    ]


def test_no_period_is_left_and_none_is_billed_without_need(company: ClosedCompany) -> None:
    """Families are registered only where a plan has them, each until the end of its subscription."""
    rows = company.warehouse(
        """
        select subscription_id, string_agg(distinct fee_family, ' ' order by fee_family), count(*)
        from issued.billed_periods where not is_adjustment group by subscription_id order by subscription_id
        """
    )
    assert rows == [
        ("advance", "base commitment usage", 6),
        ("capped", "base commitment usage", 3),
        ("capped_year", "base commitment usage", 4),
        ("committed", "base commitment usage", 6),
        ("leap", "base fixed fixed_in_advance usage", 8),
        ("tiered", "base fixed usage", 3),
        ("yearly", "base commitment usage", 4),
    ]


TOLD = {
    ("leap", "2024-03-01"): ["26 of 29 days at 2,000", "1,793.10"],
    ("tiered", "2024-03-01"): ["10 of 29 days at 32", "to 10", "2 + 4 flat", "19 of 29 days at 4"],
    ("committed", "2024-03-01"): ["Committed: minimum commitment", "commitment 689.66, fees 36.90"],
    ("capped", "2024-03-01"): ["Arrears: maximum", "maximum 50.00, fees 80.00", "maximum 120.00, fees 150.00"],
}  # fmt: skip


def explanation(company: ClosedCompany, customer: str, day: str) -> str:
    """What `meterhouse invoice` prints of a customer's invoice of a day."""
    ((number,),) = company.finance(
        f"select invoice_number from invoices where customer_id = '{customer}' and issue_date = '{day}'"
    )
    with redirect_stdout(StringIO()) as out:
        invoice.show(company.workspace, number)
    return out.getvalue()


@pytest.mark.parametrize("statement", TOLD)
def test_an_invoice_explains_its_limits(company: ClosedCompany, statement: tuple[str, str]) -> None:
    shown = explanation(company, *statement)
    assert [text for text in TOLD[statement] if text not in shown] == []


def test_an_invoice_explains_what_was_paid_before_the_upgrade(upgraded: ClosedCompany) -> None:
    shown = explanation(upgraded, "basic", "2023-08-21")
    told = ["11 of 31 days at 100", "less what was paid before the upgrade", "-5.32"]
    assert [text for text in told if text not in shown] == []
