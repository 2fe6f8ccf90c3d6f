"""Adjustments in real closes: what changes after a period was billed, against amounts worked by hand.

Belongs here: what is billed and credited of each change, and why, and what changes nothing. Does not belong here: the
company (`corrected_company`), single steps, which have unit tests beside their models, and random histories.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.look import credit_notes, invoice, periods
from tests.conftest import ClosedCompany
from tests.corrected_company import LATER, NAMES, closed_in
from tests.plain_close import close_date


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return closed_in(tmp_path_factory.mktemp("corrected"))


def lines_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Issue date, fee type, first day, amount, cause and original invoice's date of every line, zero lines left out."""
    rows = company.finance(
        f"""
        select
            cast(invoices.issue_date as varchar), lines.fee_type, cast(lines.service_period_start as date)::varchar,
            lines.amount, lines.cause, cast(originals.issue_date as varchar)
        from invoice_lines as lines
        inner join invoices on lines.invoice_number = invoices.invoice_number
        left join invoices as originals on lines.original_invoice_number = originals.invoice_number
        where invoices.customer_id = '{customer}' and lines.amount <> 0
        order by invoices.issue_date, lines.line_number
        """
    )
    return [(row[0], row[1], row[2], f"{row[3]:.2f}", *row[4:]) for row in rows]


def notes_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    rows = company.finance(
        f"""
        select
            cast(notes.issue_date as varchar), cast(invoices.issue_date as varchar), notes.reason,
            notes.subtotal_amount, notes.tax_amount, notes.offset_amount, notes.credit_amount
        from credit_notes as notes
        inner join invoices on notes.invoice_number = invoices.invoice_number
        where notes.customer_id = '{customer}'
        order by notes.issue_date, invoices.issue_date
        """
    )
    return [(*row[:3], *(f"{amount:.2f}" for amount in row[3:])) for row in rows]


def credited(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Issue date, fee type, amount and cause of every line of a note, and the date of the invoice that it corrects."""
    rows = company.finance(
        f"""
        select
            cast(notes.issue_date as varchar), lines.fee_type, credited.amount, credited.cause,
            cast(invoices.issue_date as varchar)
        from credit_note_lines as credited
        inner join credit_notes as notes on credited.credit_note_number = notes.credit_note_number
        inner join invoices on credited.invoice_number = invoices.invoice_number
        inner join invoice_lines as lines
            on credited.invoice_number = lines.invoice_number and credited.invoice_line_number = lines.line_number
        where notes.customer_id = '{customer}'
        order by notes.issue_date, invoices.issue_date, lines.line_number
        """
    )
    return [(*row[:2], f"{row[2]:.2f}", *row[3:]) for row in rows]


def taxes_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Issue date, code, rate, base and tax of every tax row of an invoice, rows of 0 left out."""
    rows = company.finance(
        f"""
        select cast(issue_date as varchar), tax_code, tax_rate, taxable_amount, taxes.tax_amount
        from invoice_taxes as taxes
        inner join invoices on taxes.invoice_number = invoices.invoice_number
        where customer_id = '{customer}' and taxable_amount <> 0
        order by issue_date, tax_code, tax_rate
        """
    )
    return [(*row[:2], f"{row[2]:.0f}", f"{row[3]:.2f}", f"{row[4]:.2f}") for row in rows]


def adjusted(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    return [row for row in lines_of(company, customer) if row[4] is not None]


def test_late_usage_is_a_line_of_the_next_invoice_and_a_retraction_takes_it_back(
    company: ClosedCompany,
) -> None:
    """5 late are billed in March at the original 20 %; retracted by April, that line is credited, unpaid as it is."""
    assert adjusted(company, "late") == [
        ("2025-03-01", "charge", "2025-01-01", "5.00", "late_usage", "2025-02-01")
    ]
    assert notes_of(company, "late") == [
        ("2025-04-01", "2025-03-01", "adjustment", "5.00", "1.00", "6.00", "0.00")
    ]


def test_retracted_usage_is_credited_with_its_tax(company: ClosedCompany) -> None:
    assert adjusted(company, "retracted") == []
    assert notes_of(company, "retracted") == [
        ("2025-03-01", "2025-02-01", "adjustment", "4.00", "0.80", "4.80", "0.00")
    ]


def test_what_came_and_what_went_is_netted(company: ClosedCompany) -> None:
    """5 late, 4 retracted."""
    assert adjusted(company, "both") == [
        ("2025-03-01", "charge", "2025-01-01", "1.00", "late_usage,retracted_usage", "2025-02-01")
    ]
    assert notes_of(company, "both") == []


def test_an_amendment_upwards_is_a_line_and_one_downwards_takes_the_newest_off_first(
    company: ClosedCompany,
) -> None:
    """Of 10 calls become 14 in February, and 4 in March. 10 at 2 are 20, and 4 at 1 more are 24; 4 at 2 are 8.

    Of the 16 too much, 4 go off the newer invoice, and 12 off the first; both bear the 20 % of the first.
    """
    assert company.finance(
        "select close_date, computed_amount, issued_amount, net_amount, handling from adjustments"
        " where subscription_id = 'amended_up' order by close_date"
    ) == [
        (date(2025, 3, 1), Decimal(24), Decimal(20), Decimal(4), "lines"),
        (date(2025, 4, 1), Decimal(8), Decimal(24), Decimal(-16), "credit_note"),
    ]
    cause = "late_usage,retracted_usage"
    assert adjusted(company, "amended_up") == [
        ("2025-03-01", "charge", "2025-01-01", "4.00", cause, "2025-02-01")
    ]
    assert taxes_of(company, "amended_up") == [
        ("2025-02-01", "vat", "20", "20.00", "4.00"),
        ("2025-03-01", "vat", "20", "4.00", "0.80"),
    ]
    assert credited(company, "amended_up") == [
        ("2025-04-01", "charge", "12.00", cause, "2025-02-01"),
        ("2025-04-01", "charge", "4.00", cause, "2025-03-01"),
    ]
    assert notes_of(company, "amended_up") == [
        ("2025-04-01", "2025-02-01", "adjustment", "12.00", "2.40", "14.40", "0.00"),
        ("2025-04-01", "2025-03-01", "adjustment", "4.00", "0.80", "4.80", "0.00"),
    ]


def test_an_amendment_downwards_is_a_note_and_one_upwards_bills_what_it_gave_back(
    company: ClosedCompany,
) -> None:
    """10 calls at 1 become 6 in February, and 9 in March: 4 are credited, then 3 are more than the 6 that are left."""
    cause = "late_usage,retracted_usage"
    assert credited(company, "amended_down") == [
        ("2025-03-01", "charge", "4.00", cause, "2025-02-01")
    ]
    assert notes_of(company, "amended_down") == [
        ("2025-03-01", "2025-02-01", "adjustment", "4.00", "0.80", "4.80", "0.00")
    ]
    assert adjusted(company, "amended_down") == [
        ("2025-04-01", "charge", "2025-01-01", "3.00", cause, "2025-02-01")
    ]
    assert taxes_of(company, "amended_down") == [
        ("2025-02-01", "vat", "20", "10.00", "2.00"),
        ("2025-04-01", "vat", "20", "3.00", "0.60"),
    ]


def test_an_amendment_to_another_month_leaves_the_first_one(company: ClosedCompany) -> None:
    """10 calls of January turn out to be February's, which was not billed yet: a fee like any other there."""
    assert credited(company, "amended_month") == [
        ("2025-03-01", "charge", "10.00", "retracted_usage", "2025-02-01")
    ]
    assert [row[:5] for row in lines_of(company, "amended_month")] == [
        ("2025-02-01", "charge", "2025-01-01", "10.00", None),
        ("2025-03-01", "charge", "2025-02-01", "10.00", None),
    ]


def test_what_a_commitment_had_billed_is_not_billed_again(company: ClosedCompany) -> None:
    """15 of usage leave 35 of the commitment of 50; 10 and 40 were billed."""
    assert adjusted(company, "committed") == notes_of(company, "committed") == []
    assert company.finance(
        "select fee_type, computed_amount, issued_amount, handling from adjustments"
        " where subscription_id = 'committed' order by fee_type"
    ) == [
        ("charge", Decimal(15), Decimal(10), "none"),
        ("commitment_true_up", Decimal(35), Decimal(40), "none"),
    ]


def test_the_tiers_are_those_of_the_whole_period(company: ClosedCompany) -> None:
    """8 at 2 are 16; 13 are 10 at 2 and 3 at 1."""
    assert [row[3] for row in adjusted(company, "graded")] == ["7.00"]


def test_a_recurring_metric_changes_every_later_period(company: ClosedCompany) -> None:
    """5 more of January; February was not billed yet and counts them."""
    assert [(row[0], row[3]) for row in lines_of(company, "seats")] == [
        ("2025-02-01", "10.00"), ("2025-03-01", "15.00"), ("2025-03-01", "5.00"), ("2025-04-01", "15.00"),
    ]  # fmt: skip


def test_fees_in_advance_are_adjusted_by_the_charge(company: ClosedCompany) -> None:
    assert [(row[1], row[3]) for row in adjusted(company, "paid")] == [
        ("charge_in_advance", "5.00")
    ]


def test_a_corrected_price_reaches_back(company: ClosedCompany) -> None:
    """Each period's difference corrects the invoice that billed it."""
    assert adjusted(company, "advance") == [
        ("2025-03-01", "subscription", "2025-01-01", "31.00", "corrected_price", "2025-01-01"),
        ("2025-03-01", "subscription", "2025-02-01", "31.00", "corrected_price", "2025-02-01"),
    ]
    assert [row[3] for row in adjusted(company, "corrected")] == ["10.00"]


def test_an_end_that_moved_back_credits_days_and_usage_after_it(company: ClosedCompany) -> None:
    """15 of 31 days, 7 of 10 calls: 16 and 3 too much. 6 more of before the end come in the next month."""
    assert notes_of(company, "ended") == [
        ("2025-03-01", "2025-02-01", "adjustment", "19.00", "0.00", "19.00", "0.00")
    ]
    assert credited(company, "ended") == [
        ("2025-03-01", "subscription", "16.00", "changed_subscription", "2025-02-01"),
        ("2025-03-01", "charge", "3.00", "changed_subscription", "2025-02-01"),
    ]
    assert adjusted(company, "ended") == [
        ("2025-04-01", "charge", "2025-01-01", "6.00", "late_usage", "2025-02-01")
    ]


def test_an_end_that_moved_on_bills_days_and_usage_before_it(company: ClosedCompany) -> None:
    """10 of 28 days and 4 calls were billed; until the 20th it is 20 days, and 6 calls that belonged to nobody."""
    billed = [(row[1], row[3]) for row in lines_of(company, "prolonged") if row[0] == "2025-02-11"]
    assert billed == [("subscription", "10.00"), ("charge", "4.00")]
    assert adjusted(company, "prolonged") == [
        ("2025-04-01", "charge", "2025-02-01", "6.00", "changed_subscription", "2025-02-11"),
        ("2025-04-01", "subscription", "2025-02-01", "10.00", "changed_subscription", "2025-02-11"),
    ]


def test_a_start_that_moved_back_makes_the_period_whole(company: ClosedCompany) -> None:
    """21 days of 31, a minimum of 21 and 10 calls; then 31, 31 and 10; at last 40 calls without a true-up."""
    first = [(row[1], row[3]) for row in lines_of(company, "backdated") if row[0] == "2025-02-01"]
    assert first == [("subscription", "21.00"), ("charge", "10.00"), ("charge_true_up", "11.00")]
    changed = ("changed_subscription", "2025-02-01")
    late = ("late_usage", "2025-02-01")
    assert adjusted(company, "backdated") == [
        ("2025-02-11", "charge_true_up", "2025-01-01", "10.00", *changed),
        ("2025-02-11", "subscription", "2025-01-01", "10.00", *changed),
        ("2025-04-01", "charge", "2025-01-01", "30.00", *late),
        ("2025-04-01", "charge_true_up", "2025-01-01", "-21.00", *late),
    ]
    total = sum(Decimal(row[3]) for row in lines_of(company, "backdated") if row[2] < "2025-02-01")
    assert total == Decimal(31 + 40)


def test_a_start_that_moved_on_credits_days_and_usage_before_it(company: ClosedCompany) -> None:
    """31 days and 14 calls were billed; from the 11th it is 21 days and 10 calls."""
    assert company.finance(
        "select fee_type, sum(computed_amount), sum(issued_amount) from adjustments"
        " where subscription_id = 'postponed' group by fee_type order by fee_type"
    ) == [("charge", Decimal(10), Decimal(14)), ("subscription", Decimal(21), Decimal(31))]
    assert notes_of(company, "postponed") == [
        ("2025-03-01", "2025-02-01", "adjustment", "14.00", "0.00", "14.00", "0.00")
    ]
    assert credited(company, "postponed") == [
        ("2025-03-01", "subscription", "10.00", "changed_subscription", "2025-02-01"),
        ("2025-03-01", "charge", "4.00", "changed_subscription", "2025-02-01"),
    ]
    assert adjusted(company, "postponed") == []


def test_an_end_that_is_withdrawn_makes_the_period_whole_again(company: ClosedCompany) -> None:
    """10 of 28 days and 8 calls at 2 were billed; 28 days and 16 calls are 28 and 20 + 6."""
    assert adjusted(company, "withdrawn") == [
        ("2025-04-01", "charge", "2025-02-01", "10.00", "changed_subscription", "2025-02-11"),
        ("2025-04-01", "subscription", "2025-02-01", "18.00", "changed_subscription", "2025-02-11"),
    ]
    assert [row[3] for row in lines_of(company, "withdrawn") if row[2] == "2025-03-01"] == ["28.00"]


def test_what_a_note_gave_back_is_billed_again_once_its_end_is_withdrawn(
    company: ClosedCompany,
) -> None:
    assert notes_of(company, "withdrawn_advance")[0][2:4] == ("termination", "18.00")
    assert [(row[0], *row[3:]) for row in adjusted(company, "withdrawn_advance")] == [
        ("2025-04-01", "18.00", "changed_subscription", "2025-02-01")
    ]


def test_the_maximum_of_a_long_plan_moves_with_late_usage(company: ClosedCompany) -> None:
    """60 and 60 less 20; with 50 more in January it is 110 less 10, and 60 less 60: 40 up and 40 down."""
    assert [(row[1], row[3]) for row in adjusted(company, "monthly_cap")] == [
        ("charge", "50.00"),
        ("period_maximum", "-10.00"),
    ]
    assert [row[3] for row in notes_of(company, "monthly_cap")] == ["40.00"]


def test_what_policy_leaves_out_is_reported(company: ClosedCompany) -> None:
    """old: ended 28 days ago, 10 are allowed. small: 2, then 4 of at least 3."""
    left_out = company.finance(
        "select subscription_id, close_date, left_out_amount, is_latest from adjustments"
        " where left_out_amount <> 0 order by 1"
    )
    assert left_out == [
        ("old", date(2025, 3, 1), Decimal(5), True),
        ("small", date(2025, 3, 1), Decimal(2), False),
    ]
    assert adjusted(company, "old") == []
    assert [(row[0], row[3]) for row in adjusted(company, "small")] == [("2025-04-01", "4.00")]


def test_what_was_billed_in_advance_and_retracted_goes_back(company: ClosedCompany) -> None:
    """8 were billed on 11 February; the retraction comes after February was closed."""
    assert [row[3] for row in lines_of(company, "refunded")] == ["8.00"]
    assert [row[3] for row in notes_of(company, "refunded")] == ["8.00"]


def test_daily_usage_follows(company: ClosedCompany) -> None:
    assert company.finance(
        "select usage_date, event_count, quantity from usage_daily where subscription_id = 'retracted' order by 1"
    ) == [(date(2025, 1, 20), 1, Decimal(10)), (date(2025, 1, 21), 0, Decimal(0))]
    assert company.finance(
        "select subscription_id, usage_date, event_count, quantity from usage_daily"
        " where subscription_id in ('amended_month', 'amended_up') order by 1, 2"
    ) == [
        ("amended_month", date(2025, 1, 20), 0, Decimal(0)),
        ("amended_month", date(2025, 2, 20), 1, Decimal(10)),
        ("amended_up", date(2025, 1, 20), 1, Decimal(4)),
    ]


def test_a_tax_or_name_that_changes_reopens_nothing(company: ClosedCompany) -> None:
    """Only this one had nothing else changed behind it: rates, taxes, names of the customer, entity and metric.

    January stays at 20 %: 8.20 on 41. February and March pay 25 % and 1 % more: 7.75 and 0.31 on 31.
    """
    again = company.warehouse(
        "select distinct subscription_id from issued.billed_periods where is_adjustment"
    )
    assert set(NAMES) - {name for (name,) in again} == {"retaxed"}
    assert [row[3:5] for row in lines_of(company, "retaxed")] == [
        ("31.00", None), ("10.00", None), ("31.00", None), ("31.00", None),
    ]  # fmt: skip
    assert taxes_of(company, "retaxed") == [
        ("2025-02-01", "vat", "20", "41.00", "8.20"),
        ("2025-03-01", "levy", "1", "31.00", "0.31"),
        ("2025-03-01", "vat", "25", "31.00", "7.75"),
        ("2025-04-01", "levy", "1", "31.00", "0.31"),
        ("2025-04-01", "vat", "25", "31.00", "7.75"),
    ]
    assert notes_of(company, "retaxed") == []


def test_a_plan_or_charge_of_another_name_is_computed_again_to_the_same(
    company: ClosedCompany,
) -> None:
    """What they are called stands in the rows that priced them, whose correction is a row of its own."""
    assert company.warehouse(
        "select distinct cast(period_start_date as varchar) from issued.billed_periods"
        " where is_adjustment and subscription_id = 'renamed'"
    ) == [("2025-01-01",)]
    assert adjusted(company, "renamed") == notes_of(company, "renamed") == []
    assert company.finance("select * from adjustments where subscription_id = 'renamed'") == []


def test_a_digest_is_of_bounds_and_of_the_rows_in_force(company: ClosedCompany) -> None:
    """Nothing else is in it: whoever takes another text for it reopens all that was ever registered."""
    bounds = "2025-01-01 00:00:00|2025-02-01 00:00:00|2025-01-01|2025-02-01|"
    row = "||2025-01-01|2025-01-01 00:00:00|2025-01-01|2025-02-01"
    prices = f"charge|calls|{row}\nplan||{row}"
    expected = "/".join(hashlib.md5(text.encode()).hexdigest() for text in (bounds, prices))
    assert company.warehouse(
        "select fee_family, inputs_digest from issued.billed_periods"
        " where subscription_id = 'retaxed' and period_start_date = '2025-01-01' order by 1"
    ) == [("base", expected), ("usage", expected)]


def test_a_close_with_adjustments_computed_again_is_unchanged(company: ClosedCompany) -> None:
    (report,) = close_date(company.workspace, date(2025, 4, 1), clock=lambda: LATER)
    assert report.outcome == "unchanged"


# The start of `backdated` moved from 11 January to the 1st: 21 of 31 days, and a minimum of 21 for 10 calls; then 31
# days and 40 calls. Of `retracted`, a note credits 4 of 14 calls; its base fee is computed again with them, as it was.
LISTED = {
    "backdated": [
        "base 2025-01-01 31 2025-02-01 21.00 10.00", "usage 2025-01-01 31 2025-02-01 21.00 19.00",
        "base 2025-02-01 28 2025-03-01 31.00", "usage 2025-02-01 28 2025-03-01 31.00",
    ],
    "retracted": [
        "base 2025-01-01 31 2025-02-01 0.00", "usage 2025-01-01 31 2025-02-01 14.00 -4.00",
        "base 2025-02-01 28 2025-03-01 0.00", "usage 2025-02-01 28 2025-03-01 0.00",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_a_period_is_listed_once_with_what_was_billed_and_what_changed_since(
    company: ClosedCompany, tmp_path: Path, name: str
) -> None:
    rows = periods.read(company.copy(tmp_path).workspace, name, date(2025, 2, 28))
    rows = [row for row in rows if row["period_start_date"] < date(2025, 3, 1)]
    listed = []
    for row in rows:
        amounts = [row[f"{which}_amount"] for which in ("billed", "adjusted")]
        facts = [row[key] for key in ("fee_family", "period_start_date", "days", "close_date")]
        facts += [f"{amount:.2f}" for amount in amounts if amount is not None]
        listed.append(" ".join(map(str, facts)))
    assert listed == LISTED[name]
    sql = f"select invoice_number, issue_date from invoices where customer_id = '{name}'"
    issued = dict(company.finance(sql))
    assert [issued[row["invoice_number"]] for row in rows] == [row["close_date"] for row in rows]


def test_an_invoice_and_a_note_say_what_they_correct(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((number,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'late' and issue_date = '2025-03-01'"
    )
    ((corrected,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'late' and issue_date = '2025-02-01'"
    )
    invoice.show(company.workspace, number)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"late_usage, corrects {corrected}" in shown
    assert "is 15.00 now, 10.00 was billed" in shown
    ((note,),) = company.finance(
        "select credit_note_number from credit_notes where customer_id = 'retracted'"
    )
    credit_notes.show(company.workspace, note)
    shown = " ".join(capsys.readouterr().out.split())
    assert "calls 2025-01-01 to 2025-02-01 UTC 4.00" in shown
    assert "billed too much (retracted_usage, retracted)" in shown
