"""Credit notes of before a company moved over: what they pay, what is left, and what their rows must say.

Belongs here: one company with such notes, closed twice. Does not belong here: notes issued here (`test_credit_notes`),
and the order among many (a unit test beside the model).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from orchestration.close import close_date
from orchestration.look import credit_notes
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.small_company import FIRST_CLOSE, SECOND_CLOSE, clock, write_company

pytestmark = pytest.mark.timeout(900)

FILE = "credits/opening_credit_notes.csv"
# October of atlas comes to 101.52, of which a wallet of 50.00 pays; of borea to 61.85, November of borea to 110.53.
ROWS = (
    "OLD-9,borea,USD,100,2025-09-01",
    "OLD-7,atlas,USD,30,2025-08-01",
    "OLD-8,atlas,EUR,5,2025-07-01",
)


def write_notes(ws: Workspace, rows: Sequence[str]) -> None:
    text = "".join(
        f"{row}\n" for row in ("credit_note_number,customer_id,currency,amount,issued_on", *rows)
    )
    (ws.catalog / FILE).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    ws = write_company(tmp_path_factory.mktemp("opening_notes"))
    write_notes(ws, ROWS)
    close_through(ws, SECOND_CLOSE, clock=clock)
    return ClosedCompany(ws)


def test_they_pay_invoices_before_wallets_until_they_are_used_up(company: ClosedCompany) -> None:
    assert company.finance(
        "select close_date, invoices.payer_customer_id, credit_note_number, amount, prepaid_credit_amount, amount_due"
        " from credit_note_uses inner join invoices using (invoice_number, close_date) order by 1, 2"
    ) == [
        (FIRST_CLOSE, "atlas", "OLD-7", *map(Decimal, ("30", "50", "21.52"))),
        (FIRST_CLOSE, "borea", "OLD-9", *map(Decimal, ("61.85", "0", "0"))),
        (SECOND_CLOSE, "borea", "OLD-9", *map(Decimal, ("38.15", "0", "72.38"))),
    ]


def test_finance_has_them_with_what_is_left(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    assert company.finance(
        "select credit_note_number, issue_date, reason, total_amount, used_amount, balance_amount, invoice_number"
        " from credit_notes order by 1"
    ) == [
        ("OLD-7", date(2025, 8, 1), "opening_balance", Decimal(30), Decimal(30), Decimal(0), None),
        ("OLD-8", date(2025, 7, 1), "opening_balance", Decimal(5), Decimal(0), Decimal(5), None),
        (
            "OLD-9",
            date(2025, 9, 1),
            "opening_balance",
            Decimal(100),
            Decimal(100),
            Decimal(0),
            None,
        ),
    ]
    credit_notes.show_all(company.workspace)
    credit_notes.show(company.workspace, "OLD-9")
    out = capsys.readouterr().out
    assert "brought over" in out
    assert "Used by US-000002" in out


def test_closing_again_changes_nothing(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    for day in (FIRST_CLOSE, SECOND_CLOSE):
        assert [one.outcome for one in close_date(other.workspace, day, clock=clock)] == [
            "unchanged"
        ]


def test_rows_that_could_not_hold_are_refused(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    rows = (ROWS[0].replace("100", "90"), ROWS[2], "US-CN-000012,atlas,USD,1.001,2025-01-01")
    write_notes(other.workspace, rows)
    mend = "put it back; what is to be changed is a manual credit or a manual line"
    assert sorted(one.text for one in check_catalog(other.workspace) if one.severity == ERROR) == [
        f"{FILE} row 2: amount of credit note 'OLD-9' was 100 when a close knew it, and is 90 now; {mend}",
        f"{FILE} row 4: amount 1.001 has more decimals than USD has (2); round it",
        f"{FILE} row 4: credit note 'US-CN-000012' has a number that billing entity 'us' will give again; write a"
        " next_credit_note_number above 12 in row 2 of accounts/billing_entities.csv",
        f"{FILE}: credit note 'OLD-7' is gone, but a close knew it; {mend}",
    ]
