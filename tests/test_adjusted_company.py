"""Corrections of bills taxed at other rates or paid by wallets, in real closes, against amounts worked by hand.

Belongs here: what closes publish and what a person reads of it. Does not belong here: which fees are corrected
(`test_adjustments`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.look import credit_notes, invoice
from tests.adjusted_company import LATER, adjusted_company  # noqa: F401  a fixture
from tests.conftest import ClosedCompany
from tests.oracle.credit_notes import returns_of_note
from tests.oracle.settlement import Draw, tax_rows_of_lines
from tests.plain_close import close_date


@pytest.fixture(scope="module", name="company")
def company_of_the_session(adjusted_company: ClosedCompany) -> ClosedCompany:  # noqa: F811
    return adjusted_company


def number_of(company: ClosedCompany, customer: str, day: str) -> str:
    """The number of the customer's invoice of a close."""
    ((number,),) = company.finance(
        f"select invoice_number from invoices where customer_id = '{customer}' and issue_date = '{day}'"
    )
    return number


def taxes_of(company: ClosedCompany, customer: str, day: str) -> list[tuple[str, ...]]:
    """Code, rate, base and tax of every tax row of the customer's invoice of a close."""
    rows = company.finance(
        "select tax_code, tax_rate, taxable_amount, tax_amount from invoice_taxes"
        f" where invoice_number = '{number_of(company, customer, day)}' order by tax_code, tax_rate"
    )
    return [
        (code, f"{rate:f}".rstrip("0").rstrip("."), *(f"{one:.2f}" for one in amounts))
        for code, rate, *amounts in rows
    ]


def lines_of(company: ClosedCompany, customer: str, day: str) -> list[tuple]:
    """First day, amount, tax codes and rate of every line that is not 0."""
    rows = company.finance(
        "select cast(cast(service_period_start as date) as varchar), amount, tax_codes, tax_rate from invoice_lines"
        f" where invoice_number = '{number_of(company, customer, day)}' and amount <> 0 order by line_number"
    )
    return [(first, f"{amount:.2f}", codes, int(rate)) for first, amount, codes, rate in rows]


def test_an_invoice_has_two_rates_of_one_code(company: ClosedCompany) -> None:
    """10 of February at 20 %, 5 of January at its 19 %: 2.00 and 0.95."""
    assert lines_of(company, "raised", "2025-03-01") == [
        ("2025-02-01", "10.00", "vat", 20),
        ("2025-01-01", "5.00", "vat", 19),
    ]
    assert taxes_of(company, "raised", "2025-03-01") == [
        ("vat", "19", "5.00", "0.95"),
        ("vat", "20", "10.00", "2.00"),
    ]
    assert company.finance(
        "select tax_amount, total_amount from invoices"
        f" where invoice_number = '{number_of(company, 'raised', '2025-03-01')}'"
    ) == [(Decimal("2.95"), Decimal("17.95"))]


def test_what_corrects_an_invoice_of_two_rates_bears_the_one_of_its_own_period(
    company: ClosedCompany,
) -> None:
    """3 more of February bear the 20 % of the invoice's own lines; 5 of January go back at 19 %."""
    assert lines_of(company, "raised", "2025-04-01") == [("2025-02-01", "3.00", "vat", 20)]
    assert taxes_of(company, "raised", "2025-04-01") == [("vat", "20", "3.00", "0.60")]
    assert notes_of(company, "raised") == [("5.00", "0.95", "5.95", "0.00")]
    assert note_taxes_of(company, "raised") == [("vat", 19, "5.00", "0.95")]


def test_a_note_gives_back_each_line_at_its_own_rate(company: ClosedCompany) -> None:
    """5 at 19 % and 4 at 20 %, and 1 % of both: 0.95 + 0.80 + 0.09."""
    assert taxes_of(company, "lowered", "2025-03-01") == [
        ("levy", "1", "15.00", "0.15"),
        ("vat", "19", "5.00", "0.95"),
        ("vat", "20", "10.00", "2.00"),
    ]
    assert notes_of(company, "lowered") == [("9.00", "1.84", "10.84", "0.00")]
    assert note_taxes_of(company, "lowered") == [
        ("levy", 1, "9.00", "0.09"),
        ("vat", 19, "5.00", "0.95"),
        ("vat", 20, "4.00", "0.80"),
    ]


def notes_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Subtotal, tax, offset and credit of every note."""
    rows = company.finance(
        "select subtotal_amount, tax_amount, offset_amount, credit_amount from credit_notes"
        f" where customer_id = '{customer}' order by credit_note_number"
    )
    return [tuple(f"{amount:.2f}" for amount in row) for row in rows]


def note_taxes_of(company: ClosedCompany, customer: str) -> list[tuple]:
    rows = company.finance(
        "select taxes.tax_code, taxes.tax_rate, taxes.taxable_amount, taxes.tax_amount from credit_note_taxes as taxes"
        " inner join credit_notes as notes on taxes.credit_note_number = notes.credit_note_number"
        f" where notes.customer_id = '{customer}' order by 1, 2"
    )
    return [(code, int(rate), f"{base:.2f}", f"{tax:.2f}") for code, rate, base, tax in rows]


def test_a_statement_shows_both_rates(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    invoice.show(company.workspace, number_of(company, "raised", "2025-03-01"))
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = shown.index("VAT 19 % on 5.00 0.95")
    assert shown[at + 1] == "VAT 20 % on 10.00 2.00"
    ((note,),) = company.finance(
        "select credit_note_number from credit_notes where customer_id = 'lowered'"
    )
    credit_notes.show(company.workspace, note)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = shown.index("VAT 19 % on 5.00 0.95")
    assert shown[at + 1] == "VAT 20 % on 4.00 0.80"


def test_the_oracle_taxes_the_lines_alike(company: ClosedCompany) -> None:
    """From each line's amount and rates; the levy of 1 % is always the same."""
    numbers = company.finance(
        "select invoice_number from invoices where customer_id in ('lowered', 'raised')"
    )
    for (number,) in numbers:
        lines = [
            (
                amount,
                {"vat": rate - len(codes.split(",")) + 1}
                | ({"levy": Decimal(1)} if "levy" in codes else {}),
            )
            for amount, codes, rate in company.finance(
                f"select amount, tax_codes, tax_rate from invoice_lines where invoice_number = '{number}'"
            )
        ]
        expected = tax_rows_of_lines(lines, scale=2)
        assert company.finance(
            "select tax_code, tax_rate, taxable_amount, tax_amount from invoice_taxes"
            f" where invoice_number = '{number}' order by 1, 2"
        ) == [
            (row.tax_code, row.rate_percent, row.taxable_amount, row.tax_amount) for row in expected
        ]


def parts_of(company: ClosedCompany, customer: str) -> list[tuple[str, ...]]:
    """Date, total, offset, refund, credit and what returns of every note."""
    rows = company.finance(
        "select cast(issue_date as varchar), total_amount, offset_amount, refund_amount, credit_amount,"
        f" returned_amount from credit_notes where customer_id = '{customer}' order by credit_note_number"
    )
    return [(day, *(f"{amount:.2f}" for amount in amounts)) for day, *amounts in rows]


def ledger_of(company: ClosedCompany, lot: str) -> list[tuple[str, ...]]:
    """Date, opening, granted, returned, used and closing of every close that moved the lot."""
    rows = company.finance(
        "select cast(close_date as varchar), opening_amount, granted_amount, returned_amount, used_amount,"
        f" closing_amount from credit_ledger where lot_id = '{lot}' order by close_date"
    )
    return [(day, *(f"{amount:.0f}" for amount in amounts)) for day, *amounts in rows]


def test_what_wallets_paid_returns_to_its_lots_in_reverse_order(company: ClosedCompany) -> None:
    """Of 10, one lot paid 4 and the other 6; 7 go back, then 3. February's 20 draw what returned at once."""
    assert parts_of(company, "prepaid") == [
        ("2025-03-01", "7.00", "0.00", "0.00", "0.00", "7.00"),
        ("2025-04-01", "3.00", "0.00", "0.00", "0.00", "3.00"),
    ]
    assert ledger_of(company, "given") == [
        ("2025-02-01", "0", "4", "0", "4", "0"),
        ("2025-03-01", "0", "0", "1", "1", "0"),
        ("2025-04-01", "0", "0", "3", "0", "3"),
    ]
    assert ledger_of(company, "bought") == [
        ("2025-02-01", "0", "10", "0", "6", "4"),
        ("2025-03-01", "4", "0", "6", "10", "0"),
    ]
    assert company.finance(
        "select prepaid_credit_amount, amount_due from invoices"
        f" where invoice_number = '{number_of(company, 'prepaid', '2025-03-01')}'"
    ) == [(Decimal(11), Decimal(9))]


def test_what_was_left_to_pay_is_taken_back_before_what_wallets_paid(
    company: ClosedCompany,
) -> None:
    """Of 10, a lot paid 6; of 7, 4 are what was due: lowered while it is open, credit once it is paid."""
    assert parts_of(company, "unpaid") == [("2025-03-01", "7.00", "4.00", "0.00", "0.00", "3.00")]
    assert parts_of(company, "paid") == [("2025-03-01", "7.00", "0.00", "0.00", "4.00", "3.00")]
    assert ledger_of(company, "unpaid")[1:] == [("2025-03-01", "0", "0", "3", "2", "1")]
    assert ledger_of(company, "paid")[1:] == [("2025-03-01", "0", "0", "3", "0", "3")]


def test_unused_days_return_to_the_wallet_too(company: ClosedCompany) -> None:
    """Of 28, a lot paid 20; 14 go back: 8 of what was due, as credit or, where it was paid, as money, and 6."""
    assert parts_of(company, "ended") == [("2025-02-15", "14.00", "0.00", "0.00", "8.00", "6.00")]
    assert parts_of(company, "refunded") == [
        ("2025-02-15", "14.00", "0.00", "8.00", "0.00", "6.00")
    ]
    for lot in ("ended", "refunded"):
        assert ledger_of(company, lot)[1:] == [("2025-02-15", "0", "0", "6", "0", "6")]


def test_lots_add_up(company: ClosedCompany) -> None:
    assert (
        company.finance(
            "select lot_id from credit_ledger where opening_amount + granted_amount + returned_amount - used_amount"
            " - expired_amount - voided_amount <> closing_amount or closing_amount < 0"
        )
        == []
    )
    assert company.finance(
        "select sum(granted_amount), sum(returned_amount), sum(used_amount), sum(remaining_amount) from wallet_lots"
    ) == company.finance(
        "select 66, (select sum(returned_amount) from credit_notes),"
        " (select sum(prepaid_credit_amount) from invoices), 66 + sum(returned_amount)"
        " - (select sum(prepaid_credit_amount) from invoices) from credit_notes"
    )


def test_the_oracle_returns_the_same(company: ClosedCompany) -> None:
    """From each invoice's draws and what it left due, its notes in order."""
    notes = company.finance(
        "select notes.credit_note_number, notes.invoice_number, notes.total_amount, notes.offset_amount,"
        " invoices.amount_due from credit_notes as notes inner join invoices"
        " on notes.invoice_number = invoices.invoice_number order by notes.issue_date, notes.credit_note_number"
    )
    before: dict[str, list[tuple[Decimal, list[Draw]]]] = {}
    for note, invoiced, amount, offset, due in notes:
        draws = draws_of(company, f"invoice_number = '{invoiced}'", "draw_number")
        earlier = before.setdefault(invoiced, [])
        expected = returns_of_note(due, draws, earlier, amount, offset)
        returned = draws_of(company, f"credit_note_number = '{note}'", "lot_id")
        assert returned == sorted(expected, key=lambda one: one.lot_id)
        earlier.append((amount, expected))
    assert len(notes) == 8


def draws_of(company: ClosedCompany, condition: str, order: str) -> list[Draw]:
    rows = company.finance(
        f"select lot_id, amount from credit_movements where {condition} order by {order}"
    )
    return [Draw(lot, amount) for lot, amount in rows]


def test_a_note_tells_what_it_returns(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((note,),) = company.finance(
        "select credit_note_number from credit_notes where customer_id = 'prepaid' and issue_date = '2025-03-01'"
    )
    credit_notes.show(company.workspace, note)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = shown.index("Returned to prepaid credit bought -6.00")
    assert shown[at + 1 : at + 3] == [
        "Returned to prepaid credit given -1.00",
        "Left EUR 0.00",
    ]


def test_usage_that_names_a_customer_stays_where_it_was_matched(company: ClosedCompany) -> None:
    """10 of January were billed; 5 more come when there is a second subscription, begun within an hour."""
    assert lines_of(company, "joined", "2025-03-01") == [
        ("2025-02-01", "6.00", None, 0),
        ("2025-01-01", "5.00", None, 0),
    ]
    assert notes_of(company, "joined") == []
    assert company.warehouse(
        "select event_count from metering.fct_event_verdicts where verdict = 'ambiguous_subscription'"
    ) == [(1,)]


def test_closes_computed_again_are_unchanged(company: ClosedCompany) -> None:
    for day in (date(2025, 2, 15), date(2025, 3, 1), date(2025, 4, 1)):
        (report,) = close_date(company.workspace, day, clock=lambda: LATER)
        assert report.outcome == "unchanged"
