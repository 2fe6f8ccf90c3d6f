"""Credit notes of a whole company: from the end of a subscription to the invoice that uses its note.

Belongs here: what closes publish and what a person reads of it. Does not belong here: each step alone, which has its
unit test beside the model.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from orchestration.catalog import load_catalog
from orchestration.catalog.load import check_catalog
from orchestration.errors import BadInput
from orchestration.look import credit_notes, invoice, invoices
from tests.conftest import ClosedCompany
from tests.notes_company import (
    ENDED,
    KNOWN_IN_FEBRUARY,
    KNOWN_IN_MARCH,
    UPGRADED,
    NotesCompany,
    clock,
    end_subscriptions,
    invoice_of,
    notes_company,  # noqa: F401  a fixture
    write_catalog,
)
from tests.plain_close import close_date, close_through
from tests.small_company import published_bytes


@pytest.fixture(scope="module")
def company(notes_company: NotesCompany) -> ClosedCompany:  # noqa: F811
    return notes_company.at_last


def euros(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)


def notes_of(company: ClosedCompany, subscription: str) -> list[tuple]:
    """Number, date, subtotal, tax, refund, offset, credit, balance."""
    return company.finance(
        "select credit_note_number, cast(issue_date as varchar), subtotal_amount, tax_amount, refund_amount,"
        " offset_amount, credit_amount, balance_amount"
        f" from credit_notes where subscription_id = '{subscription}' order by credit_note_number"
    )


def uses_of(company: ClosedCompany, customer: str) -> list[tuple]:
    return company.finance(
        "select cast(close_date as varchar), credit_note_number, amount from credit_note_uses"
        f" where payer_customer_id = '{customer}' order by close_date, credit_note_number"
    )


def dues_of(company: ClosedCompany, customer: str) -> list[tuple]:
    """Per close in euros: total, credit notes, prepaid credit, amount due."""
    return company.finance(
        "select cast(close_date as varchar), total_amount, credit_note_amount, prepaid_credit_amount, amount_due"
        f" from invoices where customer_id = '{customer}' and currency = 'EUR' order by close_date"
    )


def test_a_note_pays_later_invoices_until_its_balance_is_used(company: ClosedCompany) -> None:
    """7 of 28 days at 100.00 are 25.00, and 5.00 tax; 24.00 a month are due, and 5.00 prepaid come after the note."""
    (note,) = notes_of(company, "bal_big")
    assert note == ("EU-CN-000001", "2025-02-22", *euros("25", "5", "0", "0", "30", "0"))
    assert dues_of(company, "balance") == [
        ("2025-02-01", *euros("144", "0", "0", "144")),
        ("2025-03-01", *euros("24", "24", "0", "0")),
        ("2025-04-01", *euros("24", "6", "5", "13")),
    ]
    assert uses_of(company, "balance") == [
        ("2025-03-01", "EU-CN-000001", *euros("24")),
        ("2025-04-01", "EU-CN-000001", *euros("6")),
    ]


def test_a_note_pays_the_invoice_of_its_own_close(company: ClosedCompany) -> None:
    """0 + 20.00 + 50.00, a true-up of 100.00 x 25/28 - 70.00 = 19.29, tax 17.86; back go 3/28 of 50.00, 5.36 + 1.07."""
    (note,) = notes_of(company, "minimum")
    assert note[1:] == ("2025-02-26", *euros("5.36", "1.07", "0", "0", "6.43", "0"))
    assert dues_of(company, "minimum")[-1] == (
        "2025-02-26",
        *euros("107.15", "6.43", "0", "100.72"),
    )


def test_a_refund_pays_back_what_was_paid_beyond_the_used_part(company: ClosedCompany) -> None:
    """75.00 of 90.00 are paid and 60.00 used: 15.00 of the note of 30.00 are paid back, 15.00 pay usage of 60.00."""
    (note,) = notes_of(company, "refund")
    assert note[1:] == ("2025-02-22", *euros("25", "5", "15", "0", "15", "0"))
    assert dues_of(company, "refund") == [
        ("2025-02-08", *euros("90", "0", "0", "90")),
        ("2025-02-22", *euros("60", "15", "0", "45")),
    ]


def test_an_offset_lowers_what_is_open_and_the_rest_waits(company: ClosedCompany) -> None:
    (note,) = notes_of(company, "offset")
    assert note[2:] == euros("25", "5", "0", "20", "10", "10")


def test_who_wants_no_note_or_ended_before_the_fee_was_billed_has_none(
    company: ClosedCompany,
) -> None:
    assert notes_of(company, "skip") == notes_of(company, "known") == []
    assert dues_of(company, "known") == [("2025-02-01", *euros("90", "0", "0", "90"))]


def test_two_notes_are_used_oldest_first(company: ClosedCompany) -> None:
    assert notes_of(company, "two_a")[0][:2] == ("EU-CN-000005", "2025-02-22")
    assert notes_of(company, "two_b")[0][:2] == ("EU-CN-000010", "2025-02-26")
    assert uses_of(company, "two") == [
        ("2025-03-01", "EU-CN-000005", *euros("8.4")),
        ("2025-03-01", "EU-CN-000010", *euros("2.4")),
        ("2025-04-01", "EU-CN-000010", *euros("1.2")),
    ]


def test_each_price_of_a_period_gives_back_its_own_days(company: ClosedCompany) -> None:
    """23 days at 1.00 and 5 at 2.00, of which 21 of the first are used."""
    lines = company.finance(
        "select lines.line_number, lines.amount, lines.price_details from credit_note_lines as lines"
        " where subscription_id = 'seg' order by 1"
    )
    assert [line[:2] for line in lines] == [(1, Decimal(2)), (2, Decimal(10))]
    details = json.loads(lines[0][2])
    assert details == {
        "model": "unused_days",
        "plan_amount": "28",
        "unused_days": "2",
        "period_days": "28",
        "from_date": "2025-02-22",
        "until_date": "2025-02-24",
    }
    assert notes_of(company, "seg")[0][2:4] == euros("12", "2.4")


def test_a_note_stays_in_its_currency_and_its_taxes_add_up(company: ClosedCompany) -> None:
    """250 yen at 1.3 % and 1.1 % are 3.25 and 2.75, together 6: the odd yen goes to the larger remainder."""
    (note,) = notes_of(company, "yen")
    assert note[2:] == euros("250", "6", "0", "0", "256", "256")
    taxes = company.finance(
        "select tax_code, taxable_amount, tax_amount from credit_note_taxes where currency = 'JPY' order by 1"
    )
    assert taxes == [("levy_a", *euros("250", "3")), ("levy_b", *euros("250", "3"))]
    assert {row[2] for row in dues_of(company, "yen")} == {Decimal(0)}


def test_days_of_a_trial_are_not_given_back(company: ClosedCompany) -> None:
    """14 days are billed after a trial of 14, of which 7 are used; no day of the trial counts."""
    assert dues_of(company, "zoe") == [("2025-02-01", *euros("16.8", "0", "0", "16.8"))]
    (note,) = notes_of(company, "zoe")
    assert note[2:] == euros("7", "1.4", "0", "0", "8.4", "8.4")


def test_the_day_of_an_upgrade_is_given_back_and_the_note_pays_the_new_plan(
    company: ClosedCompany,
) -> None:
    """9.00 are used through 20 February: 8/28 go back, 2.571… and 0.514…; of 100.00 8/28 are billed."""
    (note,) = notes_of(company, "zed_old")
    assert note[1:] == ("2025-02-22", *euros("2.57", "0.51", "0", "0", "3.08", "0"))
    assert dues_of(company, "zed") == [
        ("2025-02-01", *euros("10.8", "0", "0", "10.8")),
        ("2025-02-21", *euros("34.28", "0", "0", "34.28")),
        ("2025-03-01", *euros("120", "3.08", "0", "116.92")),
        ("2025-04-01", *euros("120", "0", "0", "120")),
    ]
    assert company.finance(
        "select cause from credit_note_lines where subscription_id = 'zed_old'"
    ) == [("upgrade",)]


def test_an_end_that_is_known_late_gives_back_every_period_billed_after_it(
    company: ClosedCompany,
) -> None:
    """8/28 of February, 28.571… and 5.714…, and the whole of March, with the next close."""
    assert [note[1:4] for note in notes_of(company, "late")] == [
        ("2025-04-01", *euros("28.57", "5.71")),
        ("2025-04-01", *euros("100", "20")),
    ]
    assert len(dues_of(company, "late")) == 2


def test_numbers_are_gapless_and_lines_taxes_and_uses_add_up(company: ClosedCompany) -> None:
    numbers = company.finance("select credit_note_number from credit_notes order by issue_date, 1")
    assert [number for (number,) in numbers] == [f"EU-CN-{n:06}" for n in range(1, 13)]
    differing = company.finance(
        """
        select notes.credit_note_number
        from credit_notes as notes
        where
            subtotal_amount <> (
                select sum(amount) from credit_note_lines as lines
                where lines.credit_note_number = notes.credit_note_number
            )
            or tax_amount <> (
                select sum(tax_amount) from credit_note_taxes as taxes
                where taxes.credit_note_number = notes.credit_note_number
            )
            or total_amount <> credit_amount + refund_amount + offset_amount + returned_amount
            or balance_amount <> credit_amount - used_amount or balance_amount < 0
        """
    )
    assert differing == []
    assert company.finance("select sum(credit_note_amount) from invoices") == company.finance(
        "select sum(amount) from credit_note_uses"
    )


def test_payments_are_published_by_the_close_that_first_knew_them(company: ClosedCompany) -> None:
    assert company.finance("select payment_id, amount, close_date from payments order by 1") == [
        ("p1", Decimal(75), UPGRADED),
        ("p2", Decimal(100), UPGRADED),
    ]


def test_balances_tell_what_is_paid_and_what_is_not(company: ClosedCompany) -> None:
    """75.00 of 90.00 came in, due 10 March; 100.00 and a note of 20.00 paid off 120.00. Issued 1 April: not due yet."""
    columns = "paid_amount, outstanding_amount, payment_status, days_overdue, as_of_date"
    found = {
        row[0]: row[1:]
        for row in company.finance(f"select invoice_number, {columns} from invoice_balances")
    }
    partly = invoice_of(company, "refund", "2025-02-08")
    assert found[partly] == (*euros("75", "15"), "partly_paid", 22, date(2025, 4, 1))
    assert found[invoice_of(company, "offset", "2025-02-01")][1:4] == (Decimal(0), "paid", 0)
    unpaid = invoice_of(company, "known", "2025-02-01")
    assert found[unpaid][:4] == (*euros("0", "90"), "open", 29)
    days = dict(
        company.finance(
            "select invoice_number, days_overdue from invoice_balances where issue_date = as_of_date"
        )
    )
    assert set(days.values()) <= {0}
    numbers = [number for (number,) in company.finance("select invoice_number from invoices")]
    assert sorted(found) == sorted(numbers)


def read(capsys) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_list_shows_what_is_left(company: ClosedCompany, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    credit_notes.show_all(company.workspace)
    lines = read(capsys)
    assert lines[0] == "number customer issued of invoice total refund offset returned credit left"
    assert "EU-CN-000002 Offset 2025-02-22 EU-000005 EUR 30.00 0.00 20.00 0.00 10.00 10.00" in lines
    assert "EU-CN-000003 Refund 2025-02-22 EU-000013 EUR 30.00 15.00 0.00 0.00 15.00 0.00" in lines
    assert "EU-CN-000006 Yen 2025-02-22 EU-000010 JPY 256 0 0 0 256 256" in lines
    credit_notes.show_all(company.workspace, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["balance_amount"] == "0"


def test_a_note_tells_its_days_its_tax_and_where_it_went(
    company: ClosedCompany, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    credit_notes.show(company.workspace, "EU-CN-000001")
    lines = read(capsys)
    march, april = (invoice_of(company, "balance", day) for day in ("2025-03-01", "2025-04-01"))
    for expected in (
        "│ Exemple SA Credit note EU-CN-000001 │",
        "│ to Balance issued 22 February 2025 │",
        "│ balance of EU-000001 │",
        "hundred, unused 22 Feb – 28 Feb 2025 25.00",
        "7 of 28 days at 100.00 (terminated, bal_big)",
        "Credited 25.00",
        "VAT 20 % on 25.00 5.00",
        "Total 30.00",
        f"Used by {march} (2025-03-01) -24.00",
        f"Used by {april} (2025-04-01) -6.00",
        "Left EUR 0.00",
    ):
        assert expected in lines, expected
    credit_notes.show(company.workspace, "EU-CN-000003")
    assert "Paid back -15.00" in read(capsys)
    credit_notes.show(company.workspace, "EU-CN-000002", as_json=True)
    shown = json.loads(capsys.readouterr().out, parse_float=lambda text: pytest.fail(text))
    assert shown["credit_note"]["offset_amount"] == "20"
    with pytest.raises(BadInput, match="did you mean EU-CN-0000"):
        credit_notes.show(company.workspace, "EU-CN-99")


def test_invoices_name_the_notes_they_used_and_those_that_credit_them(
    company: ClosedCompany, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    invoice.show(company.workspace, invoice_of(company, "balance", "2025-04-01"))
    lines = read(capsys)
    note = lines.index("Credit note EU-CN-000001 (0.00 left) -6.00")
    assert lines[note + 1 : note + 3] == [
        "Prepaid credit lot (0.00 left) -5.00",
        "Amount due EUR 13.00",
    ]
    offset = invoice_of(company, "offset", "2025-02-01")
    invoice.show(company.workspace, offset)
    lines = read(capsys)
    due = lines.index("Amount due EUR 120.00")
    assert lines[due + 1 : due + 4] == [
        "Paid 2025-02-10 -100.00",
        "Set off by EU-CN-000002 -20.00",
        "Credited by EU-CN-000002 30.00",
    ]
    invoices.show(company.workspace, as_json=True)
    shown = {row["invoice_number"]: row for row in json.loads(capsys.readouterr().out)}
    assert shown[offset]["status"] == "paid"
    assert shown[invoice_of(company, "refund", "2025-02-08")]["status"] == "open"


def test_a_close_with_notes_computed_again_is_unchanged(company: ClosedCompany) -> None:
    before = published_bytes(company)
    for closed in (date(2025, 2, 22), date(2025, 2, 26), date(2025, 4, 1)):
        (report,) = close_date(company.workspace, closed, clock=clock)
        assert report.outcome == "unchanged"
        assert report.credit_note_count > 0
    assert published_bytes(company) == before


def test_a_payment_that_was_counted_stays_and_one_of_nothing_is_named(
    company: ClosedCompany, tmp_path
) -> None:
    again = company.copy(tmp_path)
    paid = invoice_of(again, "refund", "2025-02-08")
    write_catalog(
        again.workspace,
        KNOWN_IN_MARCH,
        [("p1", paid, "76", "2025-02-10"), ("p3", "EU-999999", "1", "2025-02-10")],
    )
    lines = [finding.text for finding in check_catalog(again.workspace)]
    assert [line.partition(";")[0] for line in lines] == [
        f"accounts/payments.csv row 2: payment 'p1' was counted by a close as 75.0000 for {paid} on 2025-02-10",
        f"accounts/payments.csv: payment 'p2' (100.0000 for {invoice_of(again, 'offset', '2025-02-01')}"
        " on 2025-02-10) was counted by a close",
        "accounts/payments.csv row 3: no invoice 'EU-999999' is issued",
    ]
    with pytest.raises(BadInput, match="was counted by a close"):
        load_catalog(again.workspace)


@pytest.mark.deep
def test_the_same_ends_from_a_copy_give_the_same_bytes(
    notes_company: NotesCompany,  # noqa: F811
    tmp_path,
) -> None:
    again = notes_company.billed.copy(tmp_path)
    end_subscriptions(again, KNOWN_IN_FEBRUARY)
    close_through(again.workspace, ENDED, clock=clock)
    files = published_bytes(again)
    expected = published_bytes(notes_company.at_last)
    of_the_close = {name for name in files if name.endswith("2025-02-22-1.parquet")}
    assert {"parquet/credit_notes/2025-02-22-1.parquet"} <= of_the_close
    assert {name: files[name] for name in of_the_close} == {
        name: expected[name] for name in of_the_close
    }
