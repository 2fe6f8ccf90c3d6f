"""Usage that is corrected after its period's invoice credited progressive ones, against amounts worked by hand.

Belongs here: which invoices notes take it off, and that another correction goes on from there. Does not belong here:
what progressive invoices bill and what is known in time (`test_progressive_billing`), adjustments (`test_adjustments`).

Usage is of December 2025. What is retracted in January, and in February, is closed on the first of the month after.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from tests import progressive_company
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import write_book
from tests.progressive_company import (
    Row,
    charge,
    plan,
    retracted,
    subscription,
    threshold,
    used,
)

STEPS = (date(2025, 12, 5), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
CUSTOMERS = ("less", "settled", "limited", "two")
FIRST = {name: used(name, "04", 60) for name in ("less", "settled")}
USAGE = (
    [
        *FIRST.values(),
        *(used(name, "04", 50) for name in FIRST),
        used("limited", "04", 30),
        used("limited", "04", 1, "calls"),
        used("two", "04", 30),
    ],
    [*(used(name, "20", 20) for name in FIRST), used("two", "10", 30)],
    [
        *map(retracted, FIRST.values()),
        retracted(used("limited", "04", 1, "calls")),
        retracted(used("two", "10", 30)),
    ],
    [retracted(used("less", "20", 20))],
)


def catalog(payments: Sequence[Row]) -> dict[str, list[Row]]:
    """The progressive company's, with other customers, whose subscriptions end with the year."""
    rows = progressive_company.catalog(0, payments)
    rows["prices/plans"] += [
        *(plan(name) for name in CUSTOMERS if name != "limited"),
        plan("limited", maximum_amount="40"),
    ]
    rows["prices/charges"] += [*map(charge, CUSTOMERS), charge("limited", "calls", "20")]
    rows["prices/usage_thresholds"] += [
        threshold("less", "100"),
        threshold("settled", "100"),
        threshold("limited", "50"),
        threshold("two", "25"),
        threshold("two", "50"),
    ]
    rows["accounts/customers"] += [
        {"customer_id": name, "customer_name": name, "billing_entity_code": "eu", "timezone": "UTC"}
        for name in CUSTOMERS
    ]
    rows["accounts/subscriptions"] = [
        subscription(name) | {"ended_at": "2026-01-01T00:00:00Z"} for name in CUSTOMERS
    ]
    rows["tax/customer_taxes"] = [{"customer_id": name, "tax_code": "vat"} for name in CUSTOMERS]
    return rows


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Closed through March; after the first step one customer pays its progressive invoice."""
    folder = tmp_path_factory.mktemp("corrections")
    payments: list[Row] = []
    for step, through in enumerate(STEPS):
        ws = write_book(folder, catalog(payments))
        ws.landing.mkdir(exist_ok=True)
        lines = "".join(f"{json.dumps(line)}\n" for line in USAGE[step])
        (ws.landing / f"usage_{step}.jsonl").write_text(lines, encoding="utf-8")
        close_through(ws, through, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
        company = ClosedCompany(ws)
        ((number,),) = company.finance(
            "select min(invoice_number) from invoices where customer_id = 'settled'"
        )
        payment = {"payment_id": "p", "invoice_number": number, "amount": "132"}
        payments = [payment | {"paid_on": "2025-12-09"}]
    return company


def invoices(company: ClosedCompany, customer: str) -> list[str]:
    """Close date, fees, progressive credit and total of every invoice."""
    rows = company.finance(
        f"""
        select strftime(close_date, '%m-%d'), fees_amount, progressive_credit_amount, total_amount
        from invoices where customer_id = '{customer}' order by close_date
        """
    )
    return [" ".join([day, *(f"{amount:.2f}" for amount in amounts)]) for day, *amounts in rows]


def notes(company: ClosedCompany, customer: str) -> list[str]:
    """Issue date, reason, close date of the invoice, subtotal, tax, credit and offset of every note."""
    rows = company.finance(
        f"""
        select strftime(n.issue_date, '%m-%d'), n.reason, strftime(i.close_date, '%m-%d'), n.subtotal_amount,
            n.tax_amount, n.credit_amount, n.offset_amount
        from credit_notes as n inner join invoices as i using (invoice_number)
        where i.customer_id = '{customer}' order by n.issue_date, i.close_date
        """
    )
    return [
        " ".join([*words, *(f"{amount:.2f}" for amount in amounts)])
        for *words, amounts in _split(rows)
    ]


def _split(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [(*row[:3], row[3:]) for row in rows]


def test_notes_take_off_progressive_invoices_what_the_period_s_invoice_credited(
    company: ClosedCompany,
) -> None:
    """110 on the 5th; at the end 130 less 110. 60 less: the 20 of the last invoice, 40 of the first, each with 20 %.

    In February 20 less again: of the last invoice nothing is left.
    """
    assert invoices(company, "less") == ["12-05 110.00 0.00 132.00", "01-01 130.00 110.00 24.00"]
    assert notes(company, "less") == [
        "02-01 adjustment 12-05 40.00 8.00 0.00 48.00",
        "02-01 adjustment 01-01 20.00 4.00 0.00 24.00",
        "03-01 adjustment 12-05 20.00 4.00 0.00 24.00",
    ]


def test_what_was_paid_is_credit(company: ClosedCompany) -> None:
    assert notes(company, "settled") == [
        "02-01 adjustment 12-05 40.00 8.00 48.00 0.00",
        "02-01 adjustment 01-01 20.00 4.00 0.00 24.00",
    ]


def test_the_plan_s_maximum_leaves_nothing_on_the_period_s_invoice(company: ClosedCompany) -> None:
    """30 and 20 on the 5th; at the end 50 less 10 above the maximum less 40, and 10 given back.

    Without the calls 30 are owed: the other 10 of the 20 are given back too.
    """
    assert invoices(company, "limited") == ["12-05 50.00 0.00 60.00", "01-01 40.00 40.00 0.00"]
    assert notes(company, "limited") == [
        "01-01 progressive_billing 12-05 10.00 2.00 0.00 12.00",
        "02-01 adjustment 12-05 10.00 2.00 0.00 12.00",
    ]


def test_the_newest_progressive_invoice_gives_first(company: ClosedCompany) -> None:
    """30 on the 5th, 60 less 30 on the 11th: of this one 30 are left, and 30 are retracted."""
    assert invoices(company, "two") == [
        "12-05 30.00 0.00 36.00",
        "12-11 60.00 30.00 36.00",
        "01-01 60.00 60.00 0.00",
    ]
    assert notes(company, "two") == ["02-01 adjustment 12-11 30.00 6.00 0.00 36.00"]


def test_what_stands_issued_is_what_is_owed(company: ClosedCompany) -> None:
    """After all of it 50, 70, 30 and 30, with 20 %."""
    rows = company.finance(
        """
        with amounts as (
            select customer_id, total_amount as amount from invoices
            union all
            select i.customer_id, -n.total_amount from credit_notes as n inner join invoices as i using (invoice_number)
        )
        select customer_id, sum(amount) from amounts group by customer_id order by customer_id
        """
    )
    assert [(name, f"{amount:.2f}") for name, amount in rows] == [
        ("less", "60.00"),
        ("limited", "36.00"),
        ("settled", "84.00"),
        ("two", "36.00"),
    ]
