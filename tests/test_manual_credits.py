"""Manual credits from the catalog to the note: what somebody decided to give back, with its reason and author, once.

Belongs here: one company whose invoices are credited by hand, and the checks of their rows. Does not belong here: what
notes do with a total (`test_credit_notes`), and manual invoice lines (`test_manual_lines`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR, WARNING
from orchestration.catalog.load import check_catalog
from orchestration.close import close_date
from orchestration.look import credit_notes
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.small_company import clock, write_company

pytestmark = pytest.mark.timeout(1200)

FILE = "accounts/manual_credits.csv"
HEADER = "manual_credit_id,invoice_number,line_number,amount,credited_on,handling,reason,author,recorded_at"
RECORDED = "2025-11-10T00:00:00Z"
ATLAS, BOREA = "US-000001", "US-000002"
# atlas was billed 99.00, 0.02 and 2.50 without tax, of which a wallet paid 50.00 and atlas 51.52; borea 54.29, 0.02 and
# 2.50 with 8.875 %, 61.85 in all, which is open.
EARLY = (
    f'outage,{BOREA},1,10,2025-11-15,,"Outage of the 3rd, see ""T-9""",Ann Ito,{RECORDED}',
    f"goodwill,{ATLAS},1,20,2025-11-15,credit,Goodwill,Bo Chen,{RECORDED}",
    f"tokens,{ATLAS},3,2.50,2025-11-15,refund,Counted twice,Bo Chen,{RECORDED}",
)
LATE = (
    f"void,{BOREA},,,2025-11-20,offset,Wrong customer,Ann Ito,{RECORDED}",
    f"rest,{ATLAS},,,2025-12-01,refund,Contract ended well,Ann Ito,{RECORDED}",
)
DATES = [date(2025, 11, 1), date(2025, 11, 15), date(2025, 11, 20), date(2025, 12, 1)]
LATE_CALL = {
    "transaction_id": "late-call",
    "external_subscription_id": "ext_borea",
    "code": "calls",
    "timestamp": "2025-10-20T12:00:00Z",
    "properties": {},
}


def write_credits(ws: Workspace, rows: Sequence[str]) -> None:
    text = "".join(f"{row}\n" for row in (HEADER, *rows))
    (ws.catalog / FILE).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Closed through November: October is credited in parts, then whole; a call of October comes late."""
    ws = write_company(tmp_path_factory.mktemp("manual_credits"))
    (ws.catalog / "accounts/payments.csv").write_text(
        f"payment_id,invoice_number,amount,paid_on\np,{ATLAS},51.52,2025-11-05\n", encoding="utf-8"
    )
    assert [one.close_date for one in close_through(ws, DATES[0], clock=clock)] == DATES[:1]
    write_credits(ws, EARLY)
    assert [one.close_date for one in close_through(ws, DATES[1], clock=clock)] == DATES[1:2]
    write_credits(ws, [*EARLY, *LATE])
    (ws.landing / "late.jsonl").write_text(json.dumps(LATE_CALL) + "\n", encoding="utf-8")
    assert [one.close_date for one in close_through(ws, DATES[3], clock=clock)] == DATES[2:]
    return ClosedCompany(ws)


def test_each_credit_is_one_note_and_its_handling_says_what_becomes_of_it(
    company: ClosedCompany,
) -> None:
    # 10.00 x 8.875 % = 0.8875. The void takes what is left: 46.81 of 56.81 and 4.15 of 5.04 of tax, all of it open.
    # atlas paid 51.52 and its wallet 50.00. Notes take that back from its end: 20.00 and 2.50 of the payment, so that
    # the rest of 79.02 is 29.02 of it and the wallet's 50.00.
    found = company.finance(
        "select issue_date, invoice_number, reason, subtotal_amount, tax_amount, credit_amount, refund_amount,"
        " offset_amount, returned_amount from credit_notes order by issue_date, credit_note_number"
    )
    expected = [
        (DATES[1], ATLAS, "manual", "20", "0", "20", "0", "0", "0"),
        (DATES[1], ATLAS, "manual", "2.5", "0", "0", "2.5", "0", "0"),
        (DATES[1], BOREA, "manual", "10", "0.89", "0", "0", "10.89", "0"),
        (DATES[2], BOREA, "manual", "46.81", "4.15", "0", "0", "50.96", "0"),
        (DATES[3], ATLAS, "manual", "79.02", "0", "0", "29.02", "0", "50"),
    ]
    assert found == [(*row[:3], *map(Decimal, row[3:])) for row in expected]


def test_an_invoice_that_is_credited_whole_has_nothing_left(company: ClosedCompany) -> None:
    lines = company.finance(
        "select invoice_number, invoice_line_number, sum(amount) from credit_note_lines group by all order by all"
    )
    assert lines == company.finance(
        "select invoice_number, line_number, amount from invoice_lines"
        f" where invoice_number in ('{ATLAS}', '{BOREA}') order by all"
    )
    assert company.finance(
        "select invoice_number, payment_status, paid_amount, offset_amount, outstanding_amount from invoice_balances"
        f" where invoice_number in ('{ATLAS}', '{BOREA}') order by all"
    ) == [
        (ATLAS, "paid", Decimal("51.52"), Decimal(0), Decimal(0)),
        (BOREA, "paid", Decimal(0), Decimal("61.85"), Decimal(0)),
    ]


def test_what_was_credited_by_hand_is_not_billed_again(company: ClosedCompany) -> None:
    """The late call reopens October of borea: one call of 0.01 is billed, not what was given back."""
    adjusted = company.finance(
        "select description, amount, cause from invoice_lines where cause is not null"
    )
    assert [row[1] for row in adjusted] == [Decimal("0.01")]


def test_what_goes_back_to_a_wallet_is_drawn_by_the_next_invoice(company: ClosedCompany) -> None:
    assert company.finance(
        "select credit_note_amount, prepaid_credit_amount from invoices"
        " where close_date = date '2025-12-01' and payer_customer_id = 'atlas'"
    ) == [(Decimal(20), Decimal(50))]


def test_a_note_says_who_decided_and_why(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((number,),) = company.finance(
        f"select credit_note_number from credit_notes where invoice_number = '{BOREA}' and subtotal_amount = 10"
    )
    credit_notes.show(company.workspace, number)
    out = capsys.readouterr().out
    assert 'Outage of the 3rd, see "T-9" (Ann Ito)' in out
    assert "Set off against US-000002" in out


def test_closing_again_changes_nothing(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    for day in DATES[1:]:
        assert [one.outcome for one in close_date(other.workspace, day, clock=clock)] == [
            "unchanged"
        ]


def problems(company: ClosedCompany, rows: Sequence[str], severity: str = ERROR) -> list[str]:
    write_credits(company.workspace, rows)
    found = check_catalog(company.workspace)
    return [one.text for one in found if one.severity == severity and FILE in one.text]


def test_rows_that_could_not_be_credited_are_refused_by_name(
    company: ClosedCompany, tmp_path: Path
) -> None:
    other = company.copy(tmp_path)
    rest = f"2025-12-15,,Why,Who,{RECORDED}"
    ((december, left),) = other.finance(
        "select invoice_number, fees_amount from invoices"
        " where close_date = date '2025-12-01' and payer_customer_id = 'borea'"
    )
    rows = (
        *EARLY,
        *LATE,
        f"line,{december},9,1,{rest}",
        f"much,{december},1,99.01,{rest}",
        f"twice,{december},1,60,{rest}",
        f"again,{december},1,60,{rest}",
        f"fine,{december},1,0.001,{rest}",
        f"gone,{BOREA},,,{rest}",
    )
    where = [
        f"{FILE} row {row}: manual credit '{name}'"
        for row, name in enumerate(("line", "much", "twice", "again", "fine", "gone"), start=7)
    ]
    assert left > 99
    assert problems(other, rows) == [
        f"{where[5]} credits all of {BOREA}, as row 5 does; remove one of them",
        f"{where[0]} credits line 9 of {december}, which has lines 1 to 4; correct line_number",
        f"{where[1]} credits 99.01 of line 1 of {december}, which has 99 left before coupons and tax; lower the amount",
        f"{where[3]} credits 60 of line 1 of {december}, which has 39 left before coupons and tax; lower the amount",
        f"{where[4]} credits 0.001 USD, which has 2 decimals; round it",
        f"{where[5]} credits {BOREA}, of which nothing is left; remove it",
    ]


def test_what_a_note_credited_stays_as_it_was(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    changed = EARLY[0].replace(",10,", ",11,").replace("Ann Ito", "Ann Itoh")
    found = problems(other, [changed, EARLY[1], *LATE])
    mend = "put it back, and add a manual line or credit of its own for what is to be changed"
    assert sorted(found) == sorted(
        [
            f"{FILE} row 2: manual credit 'outage': author was Ann Ito when US-CN-000003 credited it, and is Ann Itoh"
            f" now; {mend}",
            f"{FILE} row 2: manual credit 'outage': amount was 10 when US-CN-000003 credited it, and is 11 now; {mend}",
            f"{FILE}: manual credit 'tokens' is gone, but US-CN-000002 credited it; {mend}",
        ]
    )


def test_rows_that_say_too_little_are_refused(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    rest = f"2025-12-15,,Why,Who,{RECORDED}"
    rows = (f"a,US-000003,,5,{rest}", f"b,US-000003,1,,{rest}", f"c,US-000003,,,{rest}")
    rows += (f"d,US-000003,1,5,2025-12-15,given,,Who,{RECORDED}",)
    assert problems(other, [*EARLY, *LATE, *rows[:3]])[:3] == [
        f"{FILE} row 7: manual credit 'a' has an amount and no line_number; name the line, or leave both empty for all"
        " that is left",
        f"{FILE} row 8: manual credit 'b' names a line and no amount; write what is credited of it before coupons"
        " and tax",
        f"{FILE} row 9: manual credit 'c' credits all of US-000003, as row 7 does; remove one of them",
    ]
    refused = problems(other, [*EARLY, *LATE, rows[3]])
    assert [text.split(": ", 1)[1].split(" ")[0] for text in refused] == ["handling", "reason"]
    unknown = problems(other, [*EARLY, *LATE, f"e,US-999999,1,5,{rest}"], WARNING)
    assert unknown == [
        f"{FILE} row 7: manual credit 'e': no invoice 'US-999999' is issued; correct invoice_number"
    ]
