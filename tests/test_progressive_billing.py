"""Usage thresholds in real closes, against amounts worked by hand: what is billed early, credited, and given back.

Belongs here: what each customer owes over December. Does not belong here: the company (`progressive_company`), single
steps, which have unit tests beside their models, and the arithmetic of thresholds (`test_oracle_progressive`).

A document is its close date and type, and its lines but those of 0.00: what, of which charge, filter or group, amount.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.conftest import ClosedCompany
from tests.progressive_company import close_company

# Six closes; a busy machine takes its time.
pytestmark = pytest.mark.timeout(900)

NAMES = {
    "subscription": "base",
    "charge": "fee",
    "charge_in_advance": "in advance",
    "charge_maximum": "maximum",
    "charge_true_up": "true-up",
    "commitment_true_up": "commitment",
    "period_maximum": "plan maximum",
    "progressive_charge": "fee",
    "progressive_maximum": "maximum",
    "progressive_credit": "credit",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("progressive"))


def documents(company: ClosedCompany, customer: str) -> list[str]:
    rows = company.finance(
        f"""
        select strftime(close_date, '%m-%d') || ' ' || invoice_type as document, fee_type, charge_code,
            coalesce(filter_code, json_extract_string(group_key, '$.region')) as part, amount
        from invoice_lines inner join invoices using (invoice_number)
        where invoices.customer_id = '{customer}' and amount <> 0
        order by close_date, invoice_type, fee_type, charge_code desc, part nulls last
        """
    )
    found: dict[str, list[str]] = {}
    for document, fee_type, charge_code, part, amount in rows:
        words = [NAMES[fee_type], charge_code, part, f"{amount:.2f}"]
        found.setdefault(document, []).append(" ".join(one for one in words if one))
    return [f"{document}: {', '.join(lines)}" for document, lines in found.items()]


def totals(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Close date, fees, progressive credit, tax, what notes and wallets paid, what is due, of every invoice."""
    rows = company.finance(
        f"""
        select strftime(close_date, '%m-%d'), fees_amount, progressive_credit_amount, tax_amount,
            credit_note_amount, prepaid_credit_amount, amount_due
        from invoices where customer_id = '{customer}' order by close_date, invoice_type
        """
    )
    return [(day, *(f"{amount:.2f}" for amount in amounts)) for day, *amounts in rows]


def notes(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Issue date, close date of the invoice, subtotal, tax, credit, offset, and what is left of the credit."""
    rows = company.finance(
        f"""
        select strftime(n.issue_date, '%m-%d'), strftime(i.close_date, '%m-%d'), n.subtotal_amount, n.tax_amount,
            n.credit_amount, n.offset_amount, n.balance_amount
        from credit_notes as n inner join invoices as i using (invoice_number)
        where i.customer_id = '{customer}' and n.reason = 'progressive_billing' order by 1, 2
        """
    )
    return [(*row[:2], *(f"{amount:.2f}" for amount in row[2:])) for row in rows]


def test_closes_are_those_on_which_a_threshold_was_passed(company: ClosedCompany) -> None:
    """Of the days after usage 5, 6, 11, 16 and 21 December pass one; 21 November did not."""
    dates = company.finance(
        "select strftime(close_date, '%Y-%m-%d') from publications order by close_date"
    )
    assert dates == [
        ("2025-12-05",),
        ("2025-12-06",),
        ("2025-12-11",),
        ("2025-12-16",),
        ("2025-12-21",),
        ("2026-01-01",),
    ]


def test_a_fixed_threshold_bills_the_usage_so_far(company: ClosedCompany) -> None:
    """60 are below 100, 110 are above; with 20 % 132.00. The bill: 10 + 130 − 110 = 30, with tax 36.00."""
    assert documents(company, "rise") == [
        "12-11 progressive: fee tokens 110.00",
        "01-01 subscription: fee tokens 130.00, credit tokens -110.00, base 10.00",
    ]
    assert totals(company, "rise") == [
        ("12-11", "110.00", "0.00", "22.00", "0.00", "0.00", "132.00"),
        ("01-01", "140.00", "110.00", "6.00", "0.00", "0.00", "36.00"),
    ]
    ((start, end, quantity),) = company.finance(
        """
        select strftime(service_period_start, '%Y-%m-%d %H:%M'), strftime(service_period_end, '%Y-%m-%d %H:%M'),
            cast(quantity as integer)
        from invoice_lines where fee_type = 'progressive_charge' and subscription_id = 'rise'
        """
    )
    assert (start, end, quantity) == ("2025-12-01 00:00", "2025-12-11 00:00", 110)


def test_several_thresholds_passed_at_once_make_one_invoice(company: ClosedCompany) -> None:
    """130 pass 10, 20, 70 and 120; 169 pass nothing; 170 are 20 + 3 × 50."""
    assert documents(company, "steps") == [
        "12-05 progressive: fee tokens 130.00",
        "12-21 progressive: fee tokens 170.00, credit tokens -130.00",
        "01-01 subscription: fee tokens 170.00, credit tokens -170.00",
    ]


def test_an_upgrade_bills_the_old_plan_and_the_lifetime_goes_on(company: ClosedCompany) -> None:
    """65 are billed on the 21st, less 60; with them the new plan's 45 come to 110, above its 100."""
    assert documents(company, "change") == [
        "12-05 progressive: fee tokens 60.00",
        "12-21 progressive: fee tokens 45.00",
        "12-21 subscription: fee tokens 65.00, credit tokens -60.00",
        "01-01 subscription: fee tokens 45.00, credit tokens -45.00",
    ]


def test_a_charge_s_maximum_cuts_progressive_fees_too(company: ClosedCompany) -> None:
    assert documents(company, "cap") == [
        "12-05 progressive: fee tokens 85.00, maximum tokens -5.00",
        "01-01 subscription: fee tokens 85.00, maximum tokens -5.00, credit tokens -80.00",
    ]


def test_a_charge_s_maximum_is_that_of_the_whole_period(company: ClosedCompany) -> None:
    """100 over both rows of the price; of the first alone it would be 48.39 on the 5th."""
    assert documents(company, "turn") == [
        "12-05 progressive: fee tokens 120.00, maximum tokens -20.00",
        "01-01 subscription: fee tokens 120.00, maximum tokens -20.00, credit tokens -100.00",
    ]


def test_the_plan_s_maximum_caps_the_credits_in_the_order_of_charges(
    company: ClosedCompany,
) -> None:
    """30 and 20 were billed; of the bill's 40 tokens take 30, calls 10, and 10 of calls are given back."""
    assert documents(company, "most") == [
        "12-05 progressive: fee tokens 30.00, fee calls 20.00",
        "01-01 subscription: fee tokens 30.00, fee calls 20.00, plan maximum -10.00, "
        "credit tokens -30.00, credit calls -10.00",
    ]
    assert notes(company, "most") == [("01-01", "12-05", "10.00", "0.00", "0.00", "10.00", "0.00")]


def test_minimums_and_commitments_wait_and_count_no_progressive_line(
    company: ClosedCompany,
) -> None:
    """The commitment of 1000 lacks 1000 − 85 − 500."""
    assert documents(company, "least") == [
        "12-05 progressive: fee tokens 85.00",
        "01-01 subscription: fee tokens 85.00, true-up calls 500.00, commitment 415.00, "
        "credit tokens -85.00",
    ]


def test_filters_and_groups_have_lines_and_charges_have_credits(company: ClosedCompany) -> None:
    """4 at 2; 3 and 10 at 1 and 2 at 0.5; a call: 23. The next call passes nothing."""
    assert documents(company, "groups") == [
        "12-05 progressive: fee tokens eu 8.00, fee tokens 14.00, fee calls us 1.00",
        "01-01 subscription: fee tokens eu 8.00, fee tokens 14.00, fee calls eu 1.00, fee calls us 1.00, "
        "credit tokens -22.00, credit calls -1.00",
    ]


def test_retracted_usage_is_given_back_by_a_note(company: ClosedCompany) -> None:
    """60 of 110 with 20 % are 72.00, off the invoice of which nothing is paid."""
    assert documents(company, "back") == [
        "12-05 progressive: fee tokens 110.00",
        "01-01 subscription: fee tokens 50.00, credit tokens -50.00",
    ]
    assert notes(company, "back") == [("01-01", "12-05", "60.00", "12.00", "0.00", "72.00", "0.00")]
    assert totals(company, "back")[-1] == (
        "01-01",
        "50.00",
        "50.00",
        "0.00",
        "0.00",
        "0.00",
        "0.00",
    )


def test_the_note_on_a_paid_invoice_pays_the_same_close(company: ClosedCompany) -> None:
    """72.00 are credit; the bill of 30 with 20 % takes 36.00 of it."""
    assert notes(company, "paid") == [
        ("01-01", "12-05", "60.00", "12.00", "72.00", "0.00", "36.00")
    ]
    assert totals(company, "paid") == [
        ("12-05", "110.00", "0.00", "22.00", "0.00", "0.00", "132.00"),
        ("01-01", "80.00", "50.00", "6.00", "36.00", "0.00", "0.00"),
    ]


def test_notes_give_back_of_each_invoice_what_it_came_to(company: ClosedCompany) -> None:
    """30 and 60 less 30, each 36.00 with tax; all is retracted, so that each is 36.00 less."""
    assert documents(company, "twice") == [
        "12-05 progressive: fee tokens 30.00",
        "12-11 progressive: fee tokens 60.00, credit tokens -30.00",
    ]
    assert notes(company, "twice") == [
        ("01-01", "12-05", "30.00", "6.00", "0.00", "36.00", "0.00"),
        ("01-01", "12-11", "30.00", "6.00", "0.00", "36.00", "0.00"),
    ]


def test_usage_of_a_period_that_is_corrected_away_is_given_back(company: ClosedCompany) -> None:
    """Known before the 16th: the plan was another one, which has no thresholds, from the start."""
    assert documents(company, "gone") == [
        "12-05 progressive: fee tokens 60.00",
        "01-01 subscription: fee tokens 60.00",
    ]
    assert notes(company, "gone") == [("12-16", "12-05", "60.00", "0.00", "0.00", "60.00", "0.00")]


def test_days_of_grace_leave_two_periods_open(company: ClosedCompany) -> None:
    """November is due on the 6th. On the 5th its 60 and December's 50 pass 100; its bill takes its own 60 off."""
    assert documents(company, "grace") == [
        "12-05 progressive: fee tokens 60.00, fee tokens 50.00",
        "12-06 subscription: fee tokens 60.00, credit tokens -60.00",
    ]
    assert notes(company, "grace") == []


def test_fees_in_advance_count_and_are_billed_by_themselves(company: ClosedCompany) -> None:
    """A call of 70 and 30 tokens reach 100."""
    assert documents(company, "ahead") == [
        "12-11 progressive: fee tokens 30.00",
        "12-11 subscription: in advance calls 70.00",
        "01-01 subscription: fee tokens 30.00, credit tokens -30.00",
    ]


def test_usage_billed_elsewhere_counts(company: ClosedCompany) -> None:
    """95 and 5."""
    assert documents(company, "opening") == [
        "12-05 progressive: fee tokens 5.00",
        "01-01 subscription: fee tokens 5.00, credit tokens -5.00",
    ]


def test_late_usage_counts_on_the_next_day(company: ClosedCompany) -> None:
    """The 50 of the 3rd arrive when the 5th is closed: with 60 they are billed on the 6th."""
    assert documents(company, "late") == [
        "12-06 progressive: fee tokens 110.00",
        "01-01 subscription: fee tokens 110.00, credit tokens -110.00",
    ]


def test_days_are_the_customer_s(company: ClosedCompany) -> None:
    """In New York 10 are of the 15th, not of the 16th as in UTC; in Kathmandu of the 15th, not the 14th."""
    assert documents(company, "west") == [
        "12-16 progressive: fee tokens 10.00",
        "01-01 subscription: fee tokens 12.00, credit tokens -10.00",
    ]
    assert documents(company, "east") == [
        "12-16 progressive: fee tokens 10.00",
        "01-01 subscription: fee tokens 10.00, credit tokens -10.00",
    ]


def test_amounts_are_rounded_to_the_currency_before_they_are_credited(
    company: ClosedCompany,
) -> None:
    """301 × 3.5 = 1053.5 → 1054, 10 % 105.4 → 105; 401 × 3.5 = 1403.5 → 1404, less 1054 350, with 10 % 385."""
    assert totals(company, "yen") == [
        ("12-05", "1054.00", "0.00", "105.00", "0.00", "0.00", "1159.00"),
        ("01-01", "1404.00", "1054.00", "35.00", "0.00", "0.00", "385.00"),
    ]


def test_wallets_pay_progressive_invoices(company: ClosedCompany) -> None:
    """Of 100.00 60.00 on the 5th, the other 40.00 of 45.00 at the end."""
    assert [one[-2:] for one in totals(company, "wallet")] == [("60.00", "0.00"), ("40.00", "5.00")]


def test_progressive_lines_and_their_notes_come_to_nothing(company: ClosedCompany) -> None:
    assert (
        company.finance(
            """
            with amounts as (
                select subscription_id, amount from invoice_lines
                where starts_with(fee_type, 'progressive_') and subscription_id <> 'grace'
                union all
                select subscription_id, -subtotal_amount from credit_notes where reason = 'progressive_billing'
            )
            select subscription_id, sum(amount) from amounts group by subscription_id having sum(amount) <> 0
            """
        )
        == []
    )
    ((count, amount),) = company.finance(
        "select count(*), sum(amount) from invoice_lines where fee_type = 'progressive_charge' and amount <> 0"
    )
    # 110, 130 and 170, 60 and 45, 85, 30 and 20, 85, 8 and 14 and 1, 110, 110, 30, 5, 110, 1054, 60, 10, 10, 30 and 60,
    # 60 and 50, 120, 60.
    assert (count, amount) == (27, Decimal(2637))
