"""One-off fees from the catalog to the invoice: when each is billed, by what price, with tax, and never twice.

Belongs here: one company with subscriptions and one without, closed three times. Does not belong here: checks of the
catalog's rows (`test_catalog_one_offs`), and other fees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from orchestration.close_steps import CloseReport, pending_dates
from orchestration.look import invoice
from orchestration.migrate import init
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.plain_close import close_date, close_through
from tests.small_company import clock, write_company

ADD_ONS = """\
add_on_code,add_on_name,unit_amount,currency,pack_units
setup,Set-up,500,USD,
credits,Credits,20,USD,1000
consulting,Consulting,,,
"""
HEADER = "one_off_fee_id,customer_id,add_on_code,billed_on,units,unit_amount,currency,description,recorded_at"
# Known before the first close; cedar, in Tokyo, has no subscription.
EARLY = (
    "setup_atlas,atlas,setup,2025-11-01,1,,,,2025-10-20T00:00:00Z",
    "packs,atlas,credits,2025-11-01,2000.000000001,,,,2025-10-20T00:00:00Z",
    "whole_packs,atlas,credits,2025-11-01,2000,,,Credits of a partner,2025-10-20T00:00:00Z",
    'hours,borea,consulting,2025-11-10,1.5,133.333,USD,"Two ""half"" days",2025-10-20T00:00:00Z',
    "yen,cedar,consulting,2025-11-10,1,1000.5,JPY,,2025-10-20T00:00:00Z",
    "dollars,cedar,setup,2025-11-10,2,,,,2025-10-20T00:00:00Z",
    "nothing,cedar,credits,2025-11-10,0,,,,2025-10-20T00:00:00Z",
)
# Recorded after the days that they are for were closed, and after all closes but the last.
LATE = (
    "late,borea,setup,2025-10-20,1,,,,2025-11-15T00:00:00Z",
    "future,borea,setup,2026-06-01,1,,,,2025-11-15T00:00:00Z",
)
DATES = [date(2025, 11, 1), date(2025, 11, 10), date(2025, 12, 1)]

INVOICES = """
    select
        customer_id, close_date, currency, invoice_type, fees_amount, tax_amount, total_amount, prepaid_credit_amount,
        amount_due
    from invoices
    where customer_id {}
    order by customer_id, close_date, currency, invoice_type
"""


def write_fees(ws: Workspace, rows: Sequence[str], add_ons: str = ADD_ONS) -> None:
    (ws.catalog / "prices" / "add_ons.csv").write_text(add_ons, encoding="utf-8")
    lines = "".join(f"{row}\n" for row in (HEADER, *rows))
    (ws.catalog / "accounts" / "one_off_fees.csv").write_text(lines, encoding="utf-8")


def close(ws: Workspace, through: date) -> Sequence[CloseReport]:
    return close_through(ws, through, clock=clock)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """Closed through November; the late fees became known before the last close."""
    ws = write_company(tmp_path_factory.mktemp("one_offs"))
    with (ws.catalog / "accounts" / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("cedar,Cedar,us,JP,Asia/Tokyo,,\n")
    write_fees(ws, EARLY)
    assert [report.close_date for report in close(ws, DATES[1])] == DATES[:2]
    write_fees(ws, [*EARLY, *LATE])
    assert [report.close_date for report in close(ws, DATES[2])] == DATES[2:]
    return ClosedCompany(ws)


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def test_a_one_off_invoice_stands_beside_the_subscription_s_of_the_day(
    company: ClosedCompany,
) -> None:
    # 500.00 of set-up, three packs and two packs; prepaid credit pays it first: its document comes first.
    assert company.finance(INVOICES.format("= 'atlas' and close_date = date '2025-11-01'")) == [
        ("atlas", DATES[0], "USD", "one_off", *amounts("600", "0", "600", "50", "550")),
        (
            "atlas",
            DATES[0],
            "USD",
            "subscription",
            *amounts("101.52", "0", "101.52", "0", "101.52"),
        ),
    ]
    assert company.finance(
        "select description, quantity, unit_amount, amount, subscription_id from invoice_lines"
        " inner join invoices using (invoice_number)"
        " where invoices.customer_id = 'atlas' and invoice_type = 'one_off' order by line_number"
    ) == [
        ("Set-up", *amounts("1", "500", "500"), None),
        ("Credits", *amounts("3", "20", "60"), None),
        ("Credits of a partner", *amounts("2", "20", "40"), None),
    ]


def test_each_currency_has_its_invoice_and_taxes_are_the_customer_s(company: ClosedCompany) -> None:
    # 1.5 × 133.333 = 199.9995, rounded once to 200.00, and 8.875 % of it; 1,000.5 yen are 1,001.
    day = DATES[1]
    assert company.finance(INVOICES.format("is not null and close_date = date '2025-11-10'")) == [
        ("borea", day, "USD", "one_off", *amounts("200", "17.75", "217.75", "0", "217.75")),
        ("cedar", day, "JPY", "one_off", *amounts("1001", "0", "1001", "0", "1001")),
        ("cedar", day, "USD", "one_off", *amounts("1000", "0", "1000", "0", "1000")),
    ]
    assert company.finance(
        "select amount_unrounded, amount, coupon_amount, tax_codes, fee_type, charge_code from invoice_lines"
        " where description = 'Two \"half\" days'"
    ) == [(*amounts("199.9995", "200", "0"), "ny", "add_on", "consulting")]


def test_a_fee_is_for_its_local_day(company: ClosedCompany) -> None:
    assert company.finance(
        "select description, cast(service_period_start as varchar), cast(service_period_end as varchar), amount"
        " from invoice_lines inner join invoices using (invoice_number)"
        " where invoices.customer_id = 'cedar' and invoices.currency = 'USD' order by line_number"
    ) == [
        ("Set-up", "2025-11-09 15:00:00", "2025-11-10 15:00:00", Decimal(1000)),
        ("Credits", "2025-11-09 15:00:00", "2025-11-10 15:00:00", Decimal(0)),
    ]


def test_a_late_fee_is_billed_by_the_next_close_and_only_once(company: ClosedCompany) -> None:
    assert company.finance(INVOICES.format("= 'borea' and close_date = date '2025-12-01'"))[0] == (
        "borea",
        DATES[2],
        "USD",
        "one_off",
        *amounts("500", "44.38", "544.38", "0", "544.38"),
    )
    assert company.finance(
        "select cast(service_period_start as varchar) from invoice_lines inner join invoices using (invoice_number)"
        " where invoices.customer_id = 'borea' and close_date = date '2025-12-01' and invoice_type = 'one_off'"
    ) == [("2025-10-20 04:00:00",)]
    assert company.warehouse(
        "select count(*), count(distinct line_key) from issued.invoice_lines where fee_type = 'add_on'"
    ) == [(8, 8)]
    # The subscriptions' next dates, and the day of the fee that is not due.
    pending = pending_dates(company.workspace, date(2026, 6, 2))
    assert date(2025, 11, 10) not in pending
    assert date(2026, 6, 1) in pending


def test_a_published_close_with_one_offs_is_reproduced(
    company: ClosedCompany, tmp_path: Path
) -> None:
    copy = company.copy(tmp_path)
    # A new price is for fees to come; what was billed, and what is billed once more, is by the old one.
    write_fees(
        copy.workspace, [*EARLY, *LATE], ADD_ONS.replace("setup,Set-up,500", "setup,Set-up,7")
    )
    for day in DATES:
        (report,) = close_date(copy.workspace, day, clock=clock)
        assert report.outcome == "unchanged"
    assert not [found for found in check_catalog(copy.workspace) if found.severity == ERROR]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            EARLY[1:],
            "accounts/one_off_fees.csv: one-off fee 'setup_atlas' is gone, but US-000001 of 2025-11-01 billed it; put "
            "it back, and add a fee with an id of its own for what is to be billed besides",
        ),
        (
            (EARLY[0].replace(",1,,,", ",2,,,"), *EARLY[1:]),
            "accounts/one_off_fees.csv row 2: units of one-off fee 'setup_atlas' was 1 when US-000001 of 2025-11-01 "
            "billed it, and is 2 now; put it back, and add a fee with an id of its own for what is to be billed "
            "besides",
        ),
    ],
)
def test_a_billed_fee_may_not_change(
    company: ClosedCompany, tmp_path: Path, rows: Sequence[str], message: str
) -> None:
    copy = company.copy(tmp_path)
    # A fee that is not billed may go, and one may come.
    write_fees(copy.workspace, [*rows, LATE[0]])
    assert [found.text for found in check_catalog(copy.workspace) if found.severity == ERROR] == [
        message
    ]


@pytest.mark.deep
def test_an_older_warehouse_bills_one_offs(tmp_path: Path) -> None:
    """One whose catalog tables and views know nothing of them."""
    ws = write_company(tmp_path)
    close(ws, DATES[0])
    with connect(ws) as con:
        con.execute("drop table catalog.one_off_fees cascade")
        for column in ("unit_amount", "currency", "pack_units"):
            con.execute(f"alter table catalog.add_ons drop column {column}")
    assert "catalog.one_off_fees" in init(ws).created
    (report,) = close_date(ws, DATES[0], clock=clock)
    assert report.outcome == "unchanged"
    write_fees(ws, EARLY[:4])
    (report,) = close(ws, DATES[1])
    assert (report.close_date, report.invoice_count) == (DATES[1], 2)


def test_the_statement_shows_packs(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    invoice.show(company.workspace, "US-000001")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for expected in (
        "│ Example Inc. One-off invoice US-000001 │",
        "Set-up 1 Nov 2025 1 500 500.00",
        "Credits 1 Nov 2025 3 20 60.00",
        "packs of 1,000, 2,000.000000001 asked for",
        "Amount due USD 550.00",
    ):
        assert expected in lines, expected
