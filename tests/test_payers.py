"""Payers in real closes, against amounts worked by hand: what is whose on an invoice, before and after a payer changes.

Belongs here: what each payer of the company is billed and for whom. Does not belong here: the company
(`payers_company`), and what a catalog must say of payers (`test_catalog_payers`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.catalog.findings import ERROR
from orchestration.catalog.load import check_catalog
from orchestration.look import invoice
from tests.conftest import ClosedCompany
from tests.payers_company import close_company

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("payers"))


def invoices(company: ClosedCompany, month: str) -> list[str]:
    """Payer, user, currency, type: fees - coupons + tax = total - notes - prepaid = due."""
    rows = company.finance(
        f"""
        select payer_customer_id, customer_id, currency, invoice_type, fees_amount, coupon_amount, tax_amount,
            total_amount, credit_note_amount, prepaid_credit_amount, amount_due
        from invoices where strftime(close_date, '%m') = '{month}' order by invoice_number
        """
    )
    return [" ".join([*map(str, row[:4]), *(f"{one:.2f}" for one in row[4:])]) for row in rows]


def lines(company: ClosedCompany, number: str) -> list[str]:
    """User, subscription, fee type: amount, share of coupons, taxes."""
    rows = company.finance(
        f"""
        select customer_id, subscription_id, fee_type, amount, coupon_amount, tax_codes, cause
        from invoice_lines where invoice_number = '{number}' and amount <> 0 order by line_number
        """
    )
    return [
        f"{user} {subscription} {fee_type} {amount:.2f} -{coupon:.2f} {taxes} {cause or ''}".strip()
        for user, subscription, fee_type, amount, coupon, taxes, cause in rows
    ]


def test_all_that_one_pays_stands_on_one_invoice_of_a_currency(company: ClosedCompany) -> None:
    # 360.00 of three users, a tenth off by the group's coupon, 20 % of 324.00 by the group's tax. Its 50.00 of prepaid
    # credit pay the one-off invoice first, whose document comes first, and 41.60 of the other. What north pays itself,
    # and what third's other subscription costs, bear their own taxes, and no coupon.
    assert invoices(company, "02") == [
        "group north EUR one_off 7.00 0.00 1.40 8.40 0.00 8.40 0.00",
        "group None EUR subscription 360.00 36.00 64.80 388.80 0.00 41.60 347.20",
        "group south USD subscription 50.00 5.00 9.00 54.00 0.00 0.00 54.00",
        "north north EUR subscription 100.00 0.00 50.00 150.00 0.00 0.00 150.00",
        "third third EUR subscription 100.00 0.00 0.00 100.00 0.00 0.00 100.00",
    ]


def test_lines_name_who_used_and_periods_are_those_of_their_zones(company: ClosedCompany) -> None:
    # Four calls of north's lie in Tokyo's February; seventeen of south's in New York's January, but not in UTC's.
    assert lines(company, "EU-000002") == [
        "north north subscription 100.00 -10.00 group",
        "north north charge 10.00 -1.00 group",
        "south south subscription 100.00 -10.00 group",
        "south south charge 20.00 -2.00 group",
        "third third_paid subscription 100.00 -10.00 group",
        "third third_paid charge 30.00 -3.00 group",
    ]
    starts = company.finance(
        "select distinct cast(service_period_start as varchar) from invoice_lines"
        " where invoice_number = 'EU-000002' order by 1"
    )
    assert starts == [("2024-12-31 15:00:00",), ("2025-01-01 00:00:00",), ("2025-01-01 05:00:00",)]
    orders = company.finance("select distinct payer_customer_id, purchase_order from invoices")
    assert sorted(orders) == [(name, f"PO-{name}") for name in ("group", "heir", "north", "third")]


def test_who_pays_next_is_billed_what_comes_and_corrections_go_to_who_was(
    company: ClosedCompany,
) -> None:
    # north's February is its heir's: 104.00 and 5 %. Its five late calls of January are the group's, a tenth off, under
    # the group's tax: 200.00 + 5.00 - 20.50 = 184.50, and 20 % of it. The note of south's three calls pays 3.24 of it.
    assert invoices(company, "03") == [
        "group None EUR subscription 205.00 20.50 36.90 221.40 3.24 0.00 218.16",
        "group south USD subscription 50.00 5.00 9.00 54.00 0.00 0.00 54.00",
        "heir north EUR subscription 104.00 0.00 5.20 109.20 0.00 0.00 109.20",
        "north north EUR subscription 100.00 0.00 50.00 150.00 0.00 0.00 150.00",
        "third third EUR subscription 100.00 0.00 0.00 100.00 0.00 0.00 100.00",
    ]
    assert lines(company, "EU-000006") == [
        "north north charge 5.00 -0.50 group late_usage",
        "south south subscription 100.00 -10.00 group",
        "third third_paid subscription 100.00 -10.00 group",
    ]
    # 3.00 less a tenth, and 20 %; the coupon counts what is new only.
    assert company.finance(
        "select invoice_number, customer_id, payer_customer_id, cast(total_amount as varchar),"
        " cast(credit_amount as varchar) from credit_notes"
    ) == [("EU-000002", "south", "group", "3.2400", "3.2400")]
    assert company.finance(
        "select customer_id, cast(sum(amount) as varchar) from coupon_uses where close_date = date '2025-03-01'"
        " and currency = 'EUR' group by customer_id"
    ) == [("group", "20.0000")]


def test_a_payer_that_changed_reopens_nothing(company: ClosedCompany) -> None:
    # Late usage and a retraction, no more; the registered periods name the documents that billed them.
    assert company.finance(
        "select subscription_id, cast(difference_amount as varchar), cause from adjustments order by 1"
    ) == [("north", "5.0000", "late_usage"), ("south", "-3.0000", "retracted_usage")]
    assert company.warehouse(
        "select distinct document_key from issued.billed_periods where subscription_id = 'north' order by 1"
    ) == [
        ("invoice/2025-02-01/eu/group/EUR/subscription",),
        ("invoice/2025-03-01/eu/heir/EUR/subscription",),
    ]


def test_a_lot_waits_for_the_periods_that_its_holder_pays(company: ClosedCompany) -> None:
    # Both lots expired on 20 January. The yearly period that began before is unbilled, and keeper pays it; the lot of
    # year, who pays nothing, lapses with the first close.
    assert company.finance(
        "select lot_id, movement_kind, cast(movement_date as varchar) from credit_movements"
        " where lot_id in ('keeper', 'year') order by 1, 3"
    ) == [
        ("keeper", "granted", "2025-01-01"),
        ("year", "granted", "2025-01-01"),
        ("year", "expired", "2025-02-01"),
    ]


def test_a_statement_says_for_whom_in_their_days(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    invoice.show(company.workspace, "EU-000002")
    out = capsys.readouterr().out
    assert "to Group" in out
    for name in ("North", "South", "Third"):
        assert out.count(f"for {name}\n") == 2 or out.count(f"for {name} ") == 2
    assert out.count("1 Jan – 31 Jan 2025") == 6
    assert "Periods are local to America/New_York and Asia/Tokyo and UTC." in out


def test_who_was_invoiced_for_others_stays_a_customer(
    company: ClosedCompany, tmp_path: Path
) -> None:
    other = company.copy(tmp_path)
    folder = other.workspace.catalog
    for name in ("accounts/customers", "accounts/subscriptions"):
        file = folder / f"{name}.csv"
        text = file.read_text(encoding="utf-8").replace(",group", ",heir")
        kept = [line for line in text.splitlines() if not line.startswith("group,")]
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    for name in ("credits/wallets", "credits/applied_coupons", "tax/customer_taxes"):
        file = folder / f"{name}.csv"
        kept = [
            line for line in file.read_text(encoding="utf-8").splitlines() if "group" not in line
        ]
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    lots = folder / "credits/wallet_lots.csv"
    kept = [line for line in lots.read_text(encoding="utf-8").splitlines() if "group" not in line]
    lots.write_text("\n".join(kept) + "\n", encoding="utf-8")
    problems = [one.text for one in check_catalog(other.workspace) if one.severity == ERROR]
    credit = [problem for problem in problems if problem.startswith("credits/")]
    assert {problem.partition(":")[0] for problem in credit} == {
        "credits/wallets.csv",
        "credits/wallet_lots.csv",
        "credits/applied_coupons.csv",
    }
    assert [problem for problem in problems if problem not in credit] == [
        "accounts/customers.csv: customer 'group' is gone, but EU-000007 invoiced it for what others used, and what "
        "corrects that is for it; put it back"
    ]
