"""Coupons through real closes: what they credit, how it is spread, and what notes and adjustments make of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestration.look.invoice import show
from tests.conftest import ClosedCompany
from tests.coupons_company import coupons_company  # noqa: F401


def credits_of(company: ClosedCompany, customer: str) -> list[tuple[str, str, Decimal]]:
    """Close date, coupon and credit of everything that a customer's coupons credited."""
    rows = company.finance(
        "select cast(close_date as varchar), coupon_code, amount from coupon_uses"
        f" where customer_id = '{customer}' order by close_date, invoice_number, applied_coupon_id"
    )
    return [tuple(row) for row in rows]


def invoice(company: ClosedCompany, customer: str, close_date: str, currency: str = "EUR") -> tuple:
    """Fees, coupons, tax and total of a customer's only invoice of a close."""
    [found] = company.finance(
        "select fees_amount - progressive_credit_amount, coupon_amount, tax_amount, total_amount from invoices"
        f" where customer_id = '{customer}' and close_date = date '{close_date}' and currency = '{currency}'"
    )
    return tuple(found)


def line_coupons(company: ClosedCompany, customer: str, close_date: str) -> list[Decimal]:
    rows = company.finance(
        "select lines.coupon_amount from invoice_lines as lines inner join invoices using (invoice_number)"
        f" where invoices.customer_id = '{customer}' and close_date = date '{close_date}' and amount <> 0"
        " order by line_number"
    )
    return [row[0] for row in rows]


def money(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        # Metrics first, then the plan, then the rest, although that one is the oldest.
        (
            "stack",
            [
                ("2025-02-01", "all_five", "5"),
                ("2025-02-01", "metrics_twenty", "20"),
                ("2025-02-01", "other_ten", "10"),
            ],
        ),
        # 150.00 once: until it is used up.
        ("once", [("2025-02-01", "big", "100"), ("2025-03-01", "big", "50")]),
        ("covered", [(f"2025-0{month}-01", "huge", "100") for month in (2, 3, 4)]),
        ("recurring", [("2025-02-01", "fifth_twice", "20"), ("2025-03-01", "fifth_twice", "20")]),
        # Taken away on 1 April: that day's invoice has it no more.
        (
            "forever",
            [("2025-02-01", "thirty_forever", "30"), ("2025-03-01", "thirty_forever", "30")],
        ),
        ("expired", [("2025-02-01", "half_until_march", "50")]),
        # Of two invoices the first in order of currency: a percentage once, and euros for euros only.
        ("euro_dollar", [("2025-02-01", "all_five", "5"), ("2025-02-01", "half_once", "50")]),
        # What it gave on the progressive invoice of 10 February it does not give again for February.
        ("steps", [("2025-02-11", "twelve", "12")]),
        ("steps_each", [("2025-02-11", "twelve_each", "12"), ("2025-03-01", "twelve_each", "12")]),
        # Two of three periods and 140.00 of 150.00 were used elsewhere before.
        ("moved", [("2025-02-01", "big", "10"), ("2025-02-01", "three_periods", "4")]),
    ],
)
def test_what_coupons_credit(
    coupons_company: ClosedCompany,  # noqa: F811
    customer: str,
    expected: list[tuple[str, str, str]],
) -> None:
    rows = [(day, code, Decimal(amount)) for day, code, amount in expected]
    assert credits_of(coupons_company, customer) == rows


def test_shares_add_up_and_tax_is_on_what_is_left(coupons_company: ClosedCompany) -> None:  # noqa: F811
    """Calls 10, units 20, other 30: 6 2/3 and 13 1/3 of 20, 10 of other, then a sixth of 30 each way.

    Calls 6.67 + 0.56 = 7.22, units 13.33 + 1.11 = 14.44, other 10 + 3.33: in turn 7.22, 14.45 and 13.33.
    """
    assert invoice(coupons_company, "stack", "2025-02-01") == money("60", "35", "5", "30")
    assert line_coupons(coupons_company, "stack", "2025-02-01") == [
        *money("7.22", "14.45", "13.33")
    ]


def test_a_coupon_pays_no_more_than_the_fees(coupons_company: ClosedCompany) -> None:  # noqa: F811
    assert invoice(coupons_company, "covered", "2025-02-01") == money("100", "100", "0", "0")


def test_the_second_currency_is_not_discounted(coupons_company: ClosedCompany) -> None:  # noqa: F811
    assert invoice(coupons_company, "euro_dollar", "2025-02-01") == money("100", "55", "9", "54")
    dollars = invoice(coupons_company, "euro_dollar", "2025-02-01", "USD")
    assert dollars == money("100", "0", "20", "120")


def test_coupons_count_after_progressive_credit(coupons_company: ClosedCompany) -> None:  # noqa: F811
    """90 less the 60 that were billed before: 12 of 30, tax on 18."""
    assert invoice(coupons_company, "steps_each", "2025-03-01") == money("30", "12", "3.6", "21.6")


def test_adjustments_bear_the_share_of_what_they_correct(coupons_company: ClosedCompany) -> None:  # noqa: F811
    """Calls had 10 %, so 5 late ones have it; units had no line: they have the invoice's. No coupon is used."""
    assert invoice(coupons_company, "late", "2025-03-01") == money("12", "1.2", "2.16", "12.96")
    assert line_coupons(coupons_company, "late", "2025-03-01") == [*money("0.5", "0.7")]
    assert credits_of(coupons_company, "late") == [("2025-02-01", "tenth", Decimal(1))]


@pytest.mark.parametrize(
    ("customer", "amount", "coupon", "subtotal", "tax"),
    [
        # 14 of 28 days of 31.00, less 14 of 28 days of the coupon's 12.00.
        ("ahead", "15.5", "6", "9.5", "1.9"),
        # 10.05 of 30.05, which bore 3.01 (3.005): 10.05 x 3.01 / 30.05 = 1.0067; tax on 9.0433.
        ("taken", "10.05", "1.01", "9.04", "1.81"),
    ],
)
def test_notes_give_back_what_was_paid(
    coupons_company: ClosedCompany,  # noqa: F811
    customer: str,
    amount: str,
    coupon: str,
    subtotal: str,
    tax: str,
) -> None:
    [row] = coupons_company.finance(
        "select lines.amount, lines.coupon_amount, subtotal_amount, tax_amount"
        " from credit_note_lines as lines inner join credit_notes using (credit_note_number)"
        f" where customer_id = '{customer}'"
    )
    assert tuple(row) == money(amount, coupon, subtotal, tax)


def test_the_statement_names_its_coupons(
    coupons_company: ClosedCompany,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    [(number,)] = coupons_company.finance(
        "select invoice_number from invoices where customer_id = 'stack' and close_date = date '2025-02-01'"
    )
    show(coupons_company.workspace, number)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    named = [line for line in lines if line.startswith("Coupon")]
    assert named == [
        "Coupon Twenty off usage -20.00",
        "Coupon Ten off other -10.00",
        "Coupon Five off -5.00",
    ]
    assert "VAT 20 % on 25.00 5.00" in lines
