"""Manual lines from the catalog to the invoice: an amount that somebody decided, with its reason and author, once.

Belongs here: one company with manual lines beside its subscriptions, closed three times, and the checks of their rows.
Does not belong here: one-off fees of add-ons (`test_one_offs`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from orchestration.look import invoice
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401
from tests.small_company import clock, write_company

pytestmark = pytest.mark.timeout(1200)

HEADER = (
    "manual_line_id,customer_id,billed_on,amount,currency,description,reason,author,recorded_at"
)
M = "accounts/manual_lines"
RECORDED = "2025-10-20T00:00:00Z"
# Known before the first close: one on its date, one on a date of its own. borea's tax is 8.875 %.
EARLY = (
    f'audit,borea,2025-11-01,250.40,USD,Audit,"Agreed on the phone, see ""A-17""",Ann Ito,{RECORDED}',
    f"taxed,borea,2025-11-01,100,USD,Licence,Contract 12,Ann Ito,{RECORDED}",
    f"yen,atlas,2025-11-10,123456789012,JPY,Migration,Contract 9,Bo Chen,{RECORDED}",
)
# Recorded after its day was closed: the next close bills it, for its own day.
LATE = (f"late,borea,2025-10-20,30,USD,Courier,Forgotten,Ann Ito,{RECORDED}",)
DATES = [date(2025, 11, 1), date(2025, 11, 10), date(2025, 12, 1)]
TAXES = """\
tax_code,tax_name,rate_percent,valid_from,valid_to,recorded_at
ny,New York sales tax,8.875,2025-01-01,,2025-01-01T00:00:00Z
half,Half,50,2025-01-01,,2025-01-01T00:00:00Z
"""


def write_lines(ws: Workspace, rows: Sequence[str]) -> None:
    text = "".join(f"{row}\n" for row in (HEADER, *rows))
    (ws.catalog / f"{M}.csv").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Closed through November. A wallet of borea pays manual lines only."""
    ws = write_company(tmp_path_factory.mktemp("manual_lines"))
    (ws.catalog / "tax/taxes.csv").write_text(TAXES, encoding="utf-8")
    (ws.catalog / "tax/assigned_taxes.csv").write_text(
        "level,code,tax_code\none_off_fee,taxed,half\n", encoding="utf-8"
    )
    (ws.catalog / "credits/wallets.csv").write_text(
        "wallet_id,customer_id,wallet_name,currency,priority,scope_fee_types\n"
        "wallet_atlas,atlas,Credits,USD,1,\nby_hand,borea,Credits,USD,1,manual\n",
        encoding="utf-8",
    )
    with (ws.catalog / "credits/wallet_lots.csv").open("a", encoding="utf-8") as file:
        file.write("by_hand,by_hand,granted,400,2025-10-01\n")
    write_lines(ws, EARLY)
    assert [one.close_date for one in close_through(ws, DATES[1], clock=clock)] == DATES[:2]
    write_lines(ws, [*EARLY, *LATE])
    assert [one.close_date for one in close_through(ws, DATES[2], clock=clock)] == DATES[2:]
    return ClosedCompany(ws)


def test_manual_lines_are_billed_once_with_tax_on_one_off_invoices(company: ClosedCompany) -> None:
    # 250.40 x 8.875 % = 22.223, 100 x 50 % = 50: 72.22 of tax. Of the 422.62 the lot pays 400.00; 30 x 8.875 % = 2.66.
    # Yen have no cents, and amounts far above a price have room.
    assert company.finance(
        "select payer_customer_id, close_date, currency, fees_amount, tax_amount, prepaid_credit_amount, amount_due"
        " from invoices where invoice_type = 'one_off' order by close_date"
    ) == [
        ("borea", DATES[0], "USD", *map(Decimal, ("350.4", "72.22", "400", "22.62"))),
        ("atlas", DATES[1], "JPY", *map(Decimal, ("123456789012", "0", "0", "123456789012"))),
        ("borea", DATES[2], "USD", *map(Decimal, ("30", "2.66", "0", "32.66"))),
    ]
    lines = company.finance(
        "select description, fee_type, quantity, unit_amount, amount, subscription_id, tax_codes,"
        " price_details ->> 'reason', price_details ->> 'author', cast(service_period_start as varchar)"
        " from invoice_lines where fee_type = 'manual' order by invoice_number, line_number"
    )
    said = 'Agreed on the phone, see "A-17"', "Ann Ito"
    amounts = [Decimal(one) for one in ("250.4", "100", "123456789012", "30")]
    assert [line[4] for line in lines] == [line[3] for line in lines] == amounts
    assert [(line[0], line[1], line[5], *line[6:]) for line in lines] == [
        ("Audit", "manual", None, "ny", *said, "2025-11-01 04:00:00"),
        ("Licence", "manual", None, "half", "Contract 12", "Ann Ito", "2025-11-01 04:00:00"),
        ("Migration", "manual", None, None, "Contract 9", "Bo Chen", "2025-11-10 00:00:00"),
        ("Courier", "manual", None, "ny", "Forgotten", "Ann Ito", "2025-10-20 04:00:00"),
    ]


def test_the_statement_says_who_decided_and_why(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((number,),) = company.finance(
        "select invoice_number from invoices where payer_customer_id = 'borea'"
        " and invoice_type = 'one_off' and close_date = date '2025-11-01'"
    )
    invoice.show(company.workspace, number)
    out = capsys.readouterr().out
    assert 'Agreed on the phone, see "A-17" (Ann Ito)' in out
    assert "Contract 12 (Ann Ito)" in out
    assert "250.40" in out


def test_a_billed_line_stays_as_it_was(company: ClosedCompany, tmp_path: Path) -> None:
    other = company.copy(tmp_path)
    changed = EARLY[1].replace("Contract 12", "Contract 13")
    write_lines(other.workspace, [changed, *EARLY[2:], *LATE])
    problems = [one.text for one in check_catalog(other.workspace) if one.severity == ERROR]
    mend = (
        "put it back, and add a manual line with an id of its own for what is to be billed besides"
    )
    billed = "US-000002 of 2025-11-01 billed it"
    assert problems == [
        f"{M}.csv: manual line 'audit' is gone, but {billed}; {mend}",
        f"{M}.csv row 2: reason of manual line 'taxed' was Contract 12 when {billed}, and is Contract 13 now; {mend}",
    ]


CASES: dict[str, tuple[Callable[[dict[str, str]], object], str]] = {
    "no reason": (
        lambda row: row.update(reason=""),
        f"{M}.csv row 2: reason is empty; fill it in",
    ),
    "no author": (
        lambda row: row.update(author=""),
        f"{M}.csv row 2: author is empty; fill it in",
    ),
    "nothing": (
        lambda row: row.update(amount="0"),
        f"{M}.csv row 2: manual line 'm' bills nothing; write an amount above 0, or remove it",
    ),
    "parts of a cent": (
        lambda row: row.update(amount="1.001"),
        f"{M}.csv row 2: amount 1.001 has more decimals than USD has (2); round it",
    ),
    "too much": (
        lambda row: row.update(amount="1000000000000000"),
        f"{M}.csv row 2: manual line 'm' bills 1000000000000000; an amount may not have more than 15 digits "
        "before the point",
    ),
    "the id of a fee": (
        lambda row: row.update(manual_line_id="fee"),
        f"{M}.csv row 2: manual line 'fee' has the id of the one-off fee in row 2 of accounts/one_off_fees.csv, and "
        "taxes name both by their ids; give it another",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_line_that_nobody_could_bill_is_refused(case: str, book: Book, tmp_path: Path) -> None:
    change, problem = CASES[case]
    customer = book["accounts/customers"][0]["customer_id"]
    row = {"manual_line_id": "m", "customer_id": customer, "billed_on": "2026-01-05"}
    row |= {"amount": "1.00", "currency": "USD", "description": "Something", "reason": "Why"}
    row |= {"author": "Who", "recorded_at": RECORDED}
    fee = {"one_off_fee_id": "fee", "customer_id": customer, "add_on_code": "setup", "units": "1"}
    fee |= {"billed_on": "2026-01-05", "recorded_at": RECORDED}
    add_on = {
        "add_on_code": "setup",
        "add_on_name": "Set-up",
        "unit_amount": "5",
        "currency": "USD",
    }
    change(row)
    rows = book | {M: [row], "accounts/one_off_fees": [fee], "prices/add_ons": [add_on]}
    assert errors_of(write_book(tmp_path, rows)) == [problem]
