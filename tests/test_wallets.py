"""Wallets in real closes, against amounts worked by hand: what each lot pays, and what is left of it.

Belongs here: what each customer of the company owes and holds. Does not belong here: the company (`wallet_company`),
single steps, which have unit tests beside their models, and what a catalog must say (`test_catalog_wallets`).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.conftest import ClosedCompany
from tests.wallet_company import close_company

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("wallets"))


def draws(company: ClosedCompany, customer: str, month: str) -> list[str]:
    """What the invoices of a month drew: lot and amount, by invoice and in the order of drawing."""
    rows = company.finance(
        f"""
        select invoice_type, lot_id, amount
        from credit_movements inner join invoices using (invoice_number)
        where invoices.customer_id = '{customer}' and strftime(invoices.close_date, '%m') = '{month}'
        order by invoice_type, draw_number
        """
    )
    return [f"{lot.removeprefix(customer + '/')} {amount:.2f}" for _, lot, amount in rows]


def due(company: ClosedCompany, customer: str, month: str) -> list[str]:
    rows = company.finance(
        f"""
        select amount_due from invoices
        where customer_id = '{customer}' and strftime(close_date, '%m') = '{month}' order by invoice_type
        """
    )
    return [f"{amount:.2f}" for (amount,) in rows]


def movements(company: ClosedCompany, lot: str) -> list[str]:
    """All that moved in a lot: date, kind and amount."""
    rows = company.finance(
        f"""
        select strftime(movement_date, '%m-%d'), movement_kind, amount from credit_movements
        where lot_id = '{lot}'
        order by movement_date, list_position(['granted', 'returned', 'used', 'expired', 'voided'], movement_kind)
        """
    )
    return [f"{day} {kind} {amount:.2f}" for day, kind, amount in rows]


def test_each_wallet_draws_over_what_it_admits_by_priority_then_place(
    company: ClosedCompany,
) -> None:
    """Base fee 36 and tokens 15.50. Of the base fee prio, prio_sub and normal take 10 each, for its place in the order
    is fixed before anything is drawn; prio_charge takes 10 of tokens; charge and sub what is left of each.
    """
    assert draws(company, "drain", "02") == [
        "prio 10.00",
        "prio_charge 10.00",
        "prio_sub 10.00",
        "normal 10.00",
        "charge 5.50",
        "sub 6.00",
    ]
    assert due(company, "drain", "02") == ["0.00"]


def test_fee_type_or_metric_admits_a_fee_with_its_tax(company: ClosedCompany) -> None:
    """With 10 % tax: base fee 66, tokens 44, calls 5.50. `mixed` pays base fee and calls, `normal` nothing."""
    assert draws(company, "either", "02") == ["mixed 71.50", "tokens 44.00"]


def test_the_cent_between_buckets_and_total_is_the_largest_buckets(company: ClosedCompany) -> None:
    """Each 500 x 1.068254 = 534.127, rounded 534.13; fees 1000 and tax 68.254 make 1068.25: a cent less."""
    assert draws(company, "gap", "02") == ["calls 534.12", "tokens 534.13"]
    assert due(company, "gap", "02") == ["0.00"]


def test_credit_notes_pay_the_smallest_bucket_first(company: ClosedCompany) -> None:
    """January's 49 are paid, then 25 retracted: a note. February: calls 60, tokens 40 less 25; calls have 50."""
    assert draws(company, "note", "03") == ["tokens 15.00", "calls 50.00"]
    assert due(company, "note", "03") == ["10.00"]


def test_invoices_of_one_close_settle_in_order(company: ClosedCompany) -> None:
    """The one-off invoice of 30 comes first: 20 of its own wallet, 10 of the other; 10 are left for tokens of 15."""
    assert draws(company, "two", "02") == ["add_ons 20.00", "all 10.00", "all 10.00"]
    assert due(company, "two", "02") == ["0.00", "5.00"]


def test_lots_by_priority_expiry_kind_and_age(company: ClosedCompany) -> None:
    """27 tokens, and six lots of 5."""
    assert draws(company, "order", "02") == [
        "first 5.00",
        "march 5.00",
        "april 5.00",
        "given_before 5.00",
        "given 5.00",
        "bought 2.00",
    ]


def test_a_lot_pays_what_began_before_it_expires_and_lapses(company: ClosedCompany) -> None:
    """January 4, February 17. Of January's lot 6 lapse with the bill of January; February's pays 10, the third 7."""
    assert movements(company, "january") == [
        "01-01 granted 10.00",
        "02-01 used 4.00",
        "02-01 expired 6.00",
    ]
    assert movements(company, "february") == ["01-01 granted 10.00", "03-01 used 10.00"]
    assert movements(company, "end") == ["01-01 granted 10.00", "03-01 used 7.00"]


def test_what_returns_to_a_lapsed_lot_lapses_again(company: ClosedCompany) -> None:
    """Of January's 20, all paid by the lot, 5 are retracted: they return, cannot pay February's 7, and lapse."""
    assert movements(company, "late") == [
        "01-01 granted 30.00",
        "02-01 used 20.00",
        "02-01 expired 10.00",
        "03-01 returned 5.00",
        "03-01 expired 5.00",
    ]
    assert due(company, "late", "03") == ["7.00"]


def test_a_lot_waits_for_every_period_that_began_before_and_pays_none_that_began_later(
    company: ClosedCompany,
) -> None:
    """The year is not billed, so that the lot does not lapse; February began in Kathmandu on 31 January 18:15 UTC."""
    assert movements(company, "yearly") == ["01-01 granted 10.00", "02-01 used 4.00"]
    assert due(company, "yearly", "03") == ["3.00"]


def test_a_lot_of_who_has_left_lapses_in_the_first_close_after_its_date(
    company: ClosedCompany,
) -> None:
    """Its last bill is of 21 January; on 1 February the date of 10 February has not come, on 1 March it has."""
    assert movements(company, "gone") == [
        "01-01 granted 10.00",
        "01-21 used 4.00",
        "03-01 expired 6.00",
    ]


def test_credits_are_money_at_the_rate_of_their_grant(company: ClosedCompany) -> None:
    """1034 credits at 0.001 are 1.03, granted they stay 1034, bought they are 1030; 0.01 of
    these pay January's 1.04, the lot that is paid in February pays 1.01 of February's 2.03.
    """
    rows = company.finance(
        """
        select lot_id, granted_amount, remaining_amount, granted_credits, remaining_credits from wallet_lots
        where customer_id = 'credits' order by lot_id
        """
    )
    assert [(lot, *map(float, numbers)) for lot, *numbers in rows] == [
        ("milli_bought", 1.03, 0, 1030, 0),
        ("milli_given", 1.03, 0, 1034, 0),
        ("milli_unpaid", 10, 8.99, 10000, 8990),
    ]
    used = company.finance(
        """
        select strftime(movement_date, '%m-%d'), lot_id, amount, credits from credit_movements
        where customer_id = 'credits' and (movement_kind = 'used' or lot_id = 'milli_unpaid') order by all
        """
    )
    assert [(day, lot, float(amount), float(credits)) for day, lot, amount, credits in used] == [
        ("02-01", "milli_bought", 0.01, 10),
        ("02-01", "milli_given", 1.03, 1030),
        ("02-02", "milli_unpaid", 10, 10000),
        ("03-01", "milli_bought", 1.02, 1020),
        ("03-01", "milli_unpaid", 1.01, 1010),
    ]


def test_opening_and_movements_are_the_closing_of_every_lot(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        select lot_id, close_date, opening_amount, granted_amount, returned_amount, used_amount, expired_amount,
            voided_amount, closing_amount
        from credit_ledger order by lot_id, close_date
        """
    )
    closing: dict[str, Decimal] = {}
    for lot, _, opening, granted, returned, used, expired, voided, closed in rows:
        assert opening == closing.get(lot, 0)
        assert closed == opening + granted + returned - used - expired - voided >= 0
        closing[lot] = closed
    remaining = dict(company.finance("select lot_id, remaining_amount from wallet_lots"))
    assert remaining == closing


def test_finance_says_which_fees_a_lot_paid(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        select lot_id, bucket_number, scope_fee_type, metric_code, strftime(service_period_start, '%m-%d'), amount
        from wallet_draws where lot_id like 'either/%' and close_date = '2025-02-01' order by lot_id, bucket_number
        """
    )
    assert [(*row[:5], float(row[5])) for row in rows] == [
        ("either/mixed", 1, "subscription", None, "01-01", 66),
        ("either/mixed", 3, "charge", "calls", "01-01", 5.5),
        ("either/tokens", 2, "charge", "tokens", "01-01", 44),
    ]


def test_wallets_pay_what_the_invoices_say(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        select prepaid_credit_amount, coalesce(drawn.amount, 0)
        from invoices left join (
            select invoice_number, sum(amount) as amount from credit_movements group by invoice_number
        ) as drawn using (invoice_number)
        """
    )
    assert rows
    assert all(paid == drawn for paid, drawn in rows)


def test_a_voided_lot_pays_nothing_from_its_close_on(company: ClosedCompany) -> None:
    """January's 4.50 are paid before; 2.00 of them come back in March, and go with the 5.50 that are left."""
    assert movements(company, "void") == [
        "01-01 granted 10.00",
        "02-01 used 4.50",
        "03-01 returned 2.00",
        "03-01 voided 7.50",
    ]
    assert draws(company, "voided", "03") == ["kept 3.00"]
