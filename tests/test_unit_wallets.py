"""Prepaid units in real closes, against amounts worked by hand: what each lot pays, what is left of it, what is billed.

Belongs here: what each customer of the company owes and holds, and what its invoices say. Does not belong here: the
company (`unit_wallet_company`), single steps, which have unit tests beside their models, any lots and parts
(`test_properties_unit_wallets`), and what a catalog must say (`test_catalog_unit_wallets`).
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from orchestration.look.invoice import show
from tests.conftest import ClosedCompany
from tests.oracle.bill import bill
from tests.oracle.comparison import expected_tables, published_tables, table_differences
from tests.unit_wallet_company import STEPS, close_company

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("unit_wallets"))


def bills(company: ClosedCompany, customer: str) -> list[str]:
    """Fees and amount due of the customer's invoices, month by month."""
    rows = company.finance(
        f"""
        select strftime(close_date, '%m'), fees_amount, amount_due from invoices
        where payer_customer_id = '{customer}' order by close_date, invoice_type
        """
    )
    return [f"{month} {fees:.2f} {due:.2f}" for month, fees, due in rows]


def movements(company: ClosedCompany, lot: str) -> list[str]:
    """All that moved in a lot: date, kind and units."""
    rows = company.finance(
        f"""
        select strftime(movement_date, '%m-%d'), movement_kind, units from credit_movements
        where lot_id = '{lot}'
        order by movement_date, list_position(['granted', 'returned', 'used', 'expired'], movement_kind)
        """
    )
    return [f"{day} {kind} {units.normalize():f}" for day, kind, units in rows]


def lines(company: ClosedCompany, customer: str, month: str) -> list[str]:
    """Metric, quantity, prepaid units and amount of the customer's usage lines of a month."""
    rows = company.finance(
        f"""
        select metric_code, quantity, price_details, amount
        from invoice_lines inner join invoices using (invoice_number)
        where invoices.customer_id = '{customer}' and strftime(close_date, '%m') = '{month}' and metric_code is not null
        order by line_number
        """
    )
    return [
        f"{metric} {quantity.normalize():f} {json.loads(details).get('prepaid_units', '-')} {amount:.2f}"
        for metric, quantity, details, amount in rows
    ]


def test_wallets_by_priority_and_lots_by_priority_expiry_kind_and_age(
    company: ClosedCompany,
) -> None:
    """37 tokens of two wallets: the one of priority 1 has six lots of 5, the other pays the last 7."""
    rows = company.finance(
        """
        select lot_id, units, credit_movements.amount, credit_movements.currency, metric_code
        from credit_movements inner join invoices using (invoice_number)
        where invoices.customer_id = 'order' and movement_kind = 'used' order by draw_number
        """
    )
    assert [f"{lot} {units:.0f}" for lot, units, *_ in rows] == [
        "first 5",
        "march 5",
        "april 5",
        "given_before 5",
        "given 5",
        "bought 5",
        "second 7",
    ]
    assert {tuple(row[2:]) for row in rows} == {(0, None, "tokens")}
    assert bills(company, "order") == ["02 0.00 0.00", "03 0.00 0.00", "04 0.00 0.00"]


def test_a_lot_pays_what_began_before_it_expires_and_lapses(company: ClosedCompany) -> None:
    """January 4, February 17. Of January's lot 6 lapse with the bill of January; February's pays 10, the third 7."""
    assert movements(company, "january") == ["01-01 granted 10", "02-01 used 4", "02-01 expired 6"]
    assert movements(company, "february") == ["01-01 granted 10", "03-01 used 10"]
    assert movements(company, "end") == ["01-01 granted 10", "03-01 used 7"]


def test_prepaid_units_reach_no_tier_package_or_free_unit(company: ClosedCompany) -> None:
    """Graduated: 40 - 25 = 15: 10 x 2 + 5 x 1. Package: 20.5 - 8 = 12.5, 5 are free: one of 10, 7.00. Volume: 14 - 6.5
    = 7.5 at 3, since no more than 10. Percentages: 300 - 100.5 = 199.5: 10 + 99.5 x 5 % + 1 = 15.975.
    In February nothing is left: 10 x 2 + 2 x 1.
    """
    assert lines(company, "models", "02") == [
        "tokens 40 25 25.00",
        "calls 20.5 8 7.00",
        "hours 14 6.5 22.50",
        "shares 300 100.5 15.98",
    ]
    assert lines(company, "models", "03")[0] == "tokens 12 - 22.00"


def test_the_unit_price_is_that_of_the_rest(company: ClosedCompany) -> None:
    """25.00 / 15 units, at scale 12."""
    ((unit_amount,),) = company.finance(
        """
        select unit_amount from invoice_lines inner join invoices using (invoice_number)
        where invoices.customer_id = 'models' and metric_code = 'tokens' and close_date = '2025-02-01'
        """
    )
    assert unit_amount == Decimal("1.666666666667")


def test_filters_and_groups_in_the_order_of_the_invoice(company: ClosedCompany) -> None:
    """12 units: 4 and 5 of the default price, Europe first, 3 of the 6 large ones there; the rest 3 x 2 and 7 x 2."""
    assert lines(company, "parts", "02") == [
        "tokens 4 4 0.00",
        "tokens 5 5 0.00",
        "tokens 6 3 6.00",
        "tokens 7 - 14.00",
    ]


def test_what_was_used_before_a_price_changed_is_paid_first(company: ClosedCompany) -> None:
    """10 at 1 and 8 at 2, 12 prepaid: all of the first part, 2 of the second; 6 x 2 are left."""
    assert lines(company, "price", "02") == ["tokens 10 10 0.00", "tokens 8 2 12.00"]


def test_two_subscriptions_share_a_lot_in_their_order(company: ClosedCompany) -> None:
    assert lines(company, "pair", "02") == ["tokens 6 6 0.00", "tokens 6 2 4.00"]


def test_units_are_the_payers_and_return_to_who_paid(company: ClosedCompany) -> None:
    """January: the branch's 4 and 3 and the group's 5 are 12, of which the group's lot pays 10: the branch comes first
    by name, so that 2 of the group's own are priced. Then the branch pays for itself: of January's 7, 3 are retracted
    and return to the group's lot, which pays 1 of February; the branch's own lot pays its 6.
    """
    assert movements(company, "group") == [
        "01-01 granted 10",
        "02-01 used 10",
        "03-01 returned 3",
        "03-01 used 1",
    ]
    assert movements(company, "branch") == ["01-01 granted 10", "03-01 used 6"]
    assert bills(company, "group") == ["02 2.00 2.00", "03 0.00 0.00", "04 0.00 0.00"]
    assert bills(company, "branch") == ["03 0.00 0.00", "04 0.00 0.00"]


def test_a_purchased_lot_counts_from_its_payment(company: ClosedCompany) -> None:
    """Paid on 10 February: January's 4 are billed, February's are not."""
    assert bills(company, "unpaid") == ["02 4.00 4.00", "03 0.00 0.00", "04 0.00 0.00"]
    assert movements(company, "unpaid") == ["02-10 granted 10", "03-01 used 4"]


def test_a_minimum_looks_at_what_is_priced(company: ClosedCompany) -> None:
    """15 - 10 prepaid = 5.00, and 15.00 to the minimum of 20.00."""
    assert bills(company, "minimum")[0] == "02 20.00 20.00"


def test_units_are_drawn_before_money_pays(company: ClosedCompany) -> None:
    """15 - 10 = 5.00, of which 3.00 are prepaid in money."""
    assert bills(company, "both")[0] == "02 5.00 2.00"
    assert movements(company, "both_units") == ["01-01 granted 10", "02-01 used 10"]


def test_late_usage_is_priced_and_the_period_keeps_its_units(company: ClosedCompany) -> None:
    """January drew 20. Its late 5 are billed, though 10 units are left; February draws 7 of these, March 2."""
    assert bills(company, "late") == ["02 0.00 0.00", "03 5.00 5.00", "04 0.00 0.00"]
    used = ["01-01 granted 30", "02-01 used 20", "03-01 used 7", "04-01 used 2"]
    assert movements(company, "late") == used


def test_units_no_longer_needed_return_from_the_last_lot_first(company: ClosedCompany) -> None:
    """January's 20 were 12 of the first lot and 8 of the second; 5 remain, so that 8 and 7 return. February's 32 are
    the 7 of the first lot and 25 of the 30 of the second. No money moves, and no credit note is needed.
    """
    assert movements(company, "less_1") == [
        "01-01 granted 12",
        "02-01 used 12",
        "03-01 returned 7",
        "03-01 used 7",
    ]
    assert movements(company, "less_2") == [
        "01-01 granted 30",
        "02-01 used 8",
        "03-01 returned 8",
        "03-01 used 25",
    ]
    assert not company.finance("select 1 from credit_notes where customer_id = 'less'")


def test_what_was_priced_is_credited_before_units_return(company: ClosedCompany) -> None:
    """29 - 10 = 19 were billed, 14 are retracted: 15 - 10 = 5, so that a note gives 14 back, and the lot nothing."""
    assert company.finance("select total_amount from credit_notes where customer_id = 'dear'") == [
        (14,)
    ]
    assert movements(company, "dear") == ["01-01 granted 10", "02-01 used 10"]


def test_units_that_return_to_a_lapsed_lot_lapse_again(company: ClosedCompany) -> None:
    assert movements(company, "lapsed") == [
        "01-01 granted 30",
        "02-01 used 20",
        "02-01 expired 10",
        "03-01 returned 5",
        "03-01 expired 5",
    ]


def test_units_are_drawn_after_their_metric_rounds(company: ClosedCompany) -> None:
    """3.2 minutes are 4."""
    assert movements(company, "whole") == ["01-01 granted 100", "02-01 used 4"]


def test_opening_and_movements_are_the_closing_of_every_lot(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        select lot_id, opening_units, granted_units, returned_units, used_units, expired_units, voided_units,
            closing_units, closing_amount
        from credit_ledger where metric_code is not null order by lot_id, close_date
        """
    )
    closing: dict[str, Decimal] = {}
    for lot, opening, granted, returned, used, expired, voided, closed, amount in rows:
        assert opening == closing.get(lot, 0)
        assert closed == opening + granted + returned - used - expired - voided >= 0
        assert amount == 0
        closing[lot] = closed
    lots = company.finance(
        "select lot_id, remaining_units, currency, credit_rate from wallet_lots where metric_code is not null"
    )
    assert {lot: units for lot, units, *_ in lots} == closing
    assert {tuple(row[2:]) for row in lots} == {(None, None)}


def test_every_draw_names_its_line_and_adds_up_to_the_lots_movements(
    company: ClosedCompany,
) -> None:
    by_lot = company.finance("select lot_id, sum(units) from unit_draws group by lot_id")
    moved = company.finance(
        """
        select lot_id, sum(case movement_kind when 'used' then units else -units end) from credit_movements
        where metric_code is not null and movement_kind in ('used', 'returned') group by lot_id
        """
    )
    assert sorted(by_lot) == sorted(moved)
    said = company.finance(
        """
        select invoice_lines.invoice_number, line_number, price_details->>'prepaid_units'
        from invoice_lines where price_details->>'prepaid_units' is not null order by all
        """
    )
    drawn = company.finance(
        """
        select invoice_number, line_number, sum(units) from unit_draws
        where invoice_number is not null group by all order by all
        """
    )
    assert [(number, line, Decimal(units)) for number, line, units in said] == drawn
    assert len(drawn) > 20


def test_the_invoice_says_which_lot_paid_how_much(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    ((number,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'price' and close_date = '2025-02-01'"
    )
    show(company.workspace, number)
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "prepaid by price (0 left) 10" in printed
    assert "prepaid by price (0 left) 2" in printed
    show(company.workspace, number, as_json=True)
    units = [draw["units"] for draw in json.loads(capsys.readouterr().out)["unit_draws"]]
    assert [Decimal(text) for text in units] == [10, 2]


def test_an_annual_commitment_is_one_purchased_lot(company: ClosedCompany) -> None:
    """2400.00 are invoiced once, on 1 February, and paid on the 10th; the lot ends on 1 April (a year in little).
    January's 50.00 are due. February draws 900.00, March 700.00, and what is left, 800.00, lapses with that bill.
    """
    assert bills(company, "commit") == [
        "02 2400.00 2400.00",
        "02 50.00 50.00",
        "03 900.00 0.00",
        "04 700.00 0.00",
    ]
    rows = company.finance(
        """
        select strftime(movement_date, '%m-%d'), movement_kind, amount from credit_movements where lot_id = 'commit'
        order by movement_date, movement_kind desc
        """
    )
    assert [f"{day} {kind} {amount:.2f}" for day, kind, amount in rows] == [
        "02-10 granted 2400.00",
        "03-01 used 900.00",
        "04-01 used 700.00",
        "04-01 expired 800.00",
    ]


# Whose January was computed again, which the oracle does not do.
ADJUSTED = ("late", "less", "dear", "lapsed", "group", "branch")


def test_published_rows_equal_the_oracles(company: ClosedCompany) -> None:
    """Every customer but the adjusted ones: invoices, lines, draws of units and what is left of every lot."""
    landing = company.workspace.landing
    expected = bill(
        company.workspace.catalog,
        [[landing / f"usage_{step}.jsonl"] for step in range(len(STEPS))],
        STEPS[-1],
        batches_known_on=lambda day: sum(1 for step in STEPS if step < day) + 1,
    )
    published = published_tables(company.finance, company.warehouse)
    tables = [
        {
            name: {key: row for key, row in rows.items() if key[0] not in ADJUSTED}
            for name, rows in side.items()
        }
        for side in (expected_tables(expected), published)
    ]
    for name in ("invoices", "invoice_lines", "wallet_lots", "unit_draws", "unit_lots"):
        assert tables[0][name], f"there are no {name} to compare"
    assert table_differences(*tables) == {}
