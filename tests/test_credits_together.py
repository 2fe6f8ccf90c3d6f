"""What somebody credits by hand and what closes credit of the same line: together never more than the line.

Belongs here: a manual credit beside an end and beside a correction of its close, and after an end of an earlier close,
which leaves less than its row says. Does not belong here: manual credits alone (`test_manual_credits`).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.holds import decisions
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import VALID, Book, charge, metric, write_book
from tests.small_company import clock

MAY, JUNE, JULY = (date(2025, month, 1) for month in (5, 6, 7))
END = date(2025, 5, 16)
CUSTOMERS = ("ended", "late", "wrong")
PLAN = {"plan_code": "pro", "plan_name": "Pro", "interval": "monthly", "currency": "USD"} | VALID


def book_of(ends: str, manual_credits: list[dict[str, str]]) -> Book:
    """Two are billed May in advance, and end on its 15th if `ends` says so; `wrong` has usage."""
    start = {"started_at": "2025-04-01T00:00:00Z", "recorded_at": "2025-04-01T00:00:00Z"}
    book: Book = {
        "prices/billable_metrics": [metric("calls", "count")],
        "prices/plans": [PLAN | {"amount": "30", "is_pay_in_advance": "true"}],
        "prices/charges": [charge("calls", "calls", "standard", unit_amount="1.30")],
        "accounts/billing_entities": [
            {"billing_entity_code": "us", "entity_name": "US", "country": "US"}
            | {"invoice_prefix": "US", "net_payment_days": "30", "grace_days": "0"}
        ],
        "accounts/customers": [
            {"customer_id": name, "customer_name": name, "billing_entity_code": "us"}
            for name in CUSTOMERS
        ],
        "accounts/subscriptions": [
            {"subscription_id": name, "external_subscription_id": name, "customer_id": name}
            | {"plan_code": "pro", "ended_at": ends if name != "wrong" else ""}
            | start
            for name in CUSTOMERS
        ],
    }
    if manual_credits:
        book["accounts/manual_credits"] = [
            {"handling": "credit", "reason": "Goodwill", "author": "Ann Ito"}
            | {"recorded_at": "2025-05-10T00:00:00Z"}
            | row
            for row in manual_credits
        ]
    return book


def usage(company: ClosedCompany, name: str, *lines: dict[str, object]) -> None:
    company.workspace.landing.mkdir(exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (company.workspace.landing / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Ten calls of April are billed, and all retracted in May; what is credited by hand is decided in May, too."""
    folder = tmp_path_factory.mktemp("together")
    company = ClosedCompany(write_book(folder, book_of("", [])))
    # Of no row, but there.
    header = "plan_code,charge_code,valid_from,recorded_at,up_to,unit_amount\n"
    (company.workspace.catalog / "prices/charge_tiers.csv").write_text(header, encoding="utf-8")
    calls = [
        {"transaction_id": f"call{number}", "external_subscription_id": "wrong", "code": "calls"}
        | {"timestamp": "2025-04-10T00:00:00Z", "properties": {}}
        for number in range(10)
    ]
    usage(company, "april.jsonl", *calls)
    close_through(company.workspace, MAY, clock=clock)
    lines = company.finance(
        "select l.customer_id, l.invoice_number, l.line_number, l.amount from invoice_lines as l"
        " join invoices as i using (invoice_number) where i.close_date = date '2025-05-01'"
        " and l.fee_type = case l.customer_id when 'wrong' then 'charge' else 'subscription' end"
        " order by l.customer_id"
    )
    assert [(line[0], line[3]) for line in lines] == [
        ("ended", Decimal(30)),
        ("late", Decimal(30)),
        ("wrong", Decimal(13)),
    ]
    rows = [
        {"manual_credit_id": line[0], "invoice_number": line[1], "line_number": str(line[2])}
        | {"amount": amount, "credited_on": str(day)}
        for line, amount, day in zip(lines, ("25", "25", "10"), (END, JUNE, JUNE), strict=True)
    ]
    write_book(folder, book_of("2025-05-15T12:00:00Z", rows))
    retractions = [
        {"transaction_id": f"no{number}", "retracts": f"call{number}"}
        | {"external_subscription_id": "wrong"}
        for number in range(10)
    ]
    usage(company, "may.jsonl", *retractions)
    reports = close_through(company.workspace, JUNE, clock=clock, may_hold=True)
    assert [report.close_date for report in reports] == [END, JUNE]
    return company


def credited(company: ClosedCompany, customer_id: str) -> list[tuple[object, ...]]:
    return company.finance(
        "select n.reason, l.amount from credit_note_lines as l join credit_notes as n using (credit_note_number)"
        f" where n.payer_customer_id = '{customer_id}' order by n.reason"
    )


def test_an_end_credits_what_a_manual_credit_of_its_close_leaves(company: ClosedCompany) -> None:
    # May has 31 days at 30.00, of which 15 are used: 16 are worth 15.48, and 30.00 - 25.00 are left.
    assert credited(company, "ended") == [
        ("manual", Decimal(25)),
        ("termination", Decimal(5)),
    ]


def test_a_correction_credits_what_a_manual_credit_of_its_close_leaves(
    company: ClosedCompany,
) -> None:
    # Ten calls at 1.30 are 13.00, none of which is owed any more: 13.00 - 10.00 are left.
    assert credited(company, "wrong") == [("adjustment", Decimal(3)), ("manual", Decimal(10))]
    ((difference, left_out),) = company.finance(
        "select difference_amount, left_out_amount from adjustments where subscription_id = 'wrong'"
    )
    assert (difference, left_out) == (Decimal(-13), Decimal(-10))


def test_more_than_is_left_is_held_and_nothing_else(company: ClosedCompany) -> None:
    assert credited(company, "late") == [("termination", Decimal("15.48"))]
    ((key, checks),) = company.warehouse("select document_key, check_names from issued.holds")
    assert "/late/" in key
    assert key.endswith("/manual/credit")
    assert checks == "chk_invoices_credited_above_fees,chk_lines_credited_above_amount"


def test_a_discarded_credit_is_issued_at_the_amount_it_is_lowered_to(
    company: ClosedCompany, tmp_path: Path
) -> None:
    # 30.00 less 15.48 leave 14.52 of the line.
    other = company.copy(tmp_path)
    decisions.discard(other.workspace, "H-1", "Bo Chen", "Its end had credited most of it")
    file = other.workspace.catalog / "accounts/manual_credits.csv"
    text = file.read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if "late" in line.split(","))
    lowered = row.replace("25,", "14.52,")
    file.write_text(text.replace(row, lowered), encoding="utf-8")
    assert lowered != row
    close_through(other.workspace, JULY, clock=clock)
    assert credited(other, "late") == [
        ("manual", Decimal("14.52")),
        ("termination", Decimal("15.48")),
    ]
