"""Top-ups by rule in real closes, against amounts worked by hand: what is sold and given, and when it pays.

Belongs here: what each customer of the company is sold, owes and holds. Does not belong here: the company
(`top_up_company`), and what a catalog must say (`test_catalog_top_ups`).
"""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.look import invoice as look_at_invoice
from tests.conftest import ClosedCompany
from tests.oracle.top_ups import TopUpRule, top_up
from tests.plain_close import close_date
from tests.top_up_company import HOLDERS, STEPS, close_company, close_to, write_step

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    return close_company(tmp_path_factory.mktemp("top_ups"))


def top_ups(company: ClosedCompany, customer: str) -> list[str]:
    """What rules put into the wallets of a customer: date, kind, credits and money."""
    rows = company.finance(
        f"""
        select strftime(close_date, '%m-%d'), lot_kind, credits, amount from top_ups
        where customer_id = '{customer}' order by close_date, lot_kind, top_up_rule_id
        """
    )
    return [f"{day} {kind} {credits:f} = {amount:.2f}" for day, kind, credits, amount in rows]


def ongoing(company: ClosedCompany, customer: str) -> list[Decimal | None]:
    """The ongoing balances that its rules found, close by close."""
    rows = company.finance(
        f"""
        select distinct close_date, top_up_rule_id, ongoing_balance_amount from top_ups
        where customer_id = '{customer}' order by close_date, top_up_rule_id
        """
    )
    return [amount for _, _, amount in rows]


def movements(company: ClosedCompany, customer: str) -> list[str]:
    """All that moved in the lots of rules: date, kind, amount."""
    rows = company.finance(
        f"""
        select strftime(movement_date, '%m-%d'), movement_kind, amount, lot_id from credit_movements
        where customer_id = '{customer}' and lot_id like 'top_up/%' order by close_date, lot_id, movement_kind
        """
    )
    return [f"{day} {kind} {amount:.2f}" for day, kind, amount, _ in rows]


def due(company: ClosedCompany, customer: str, invoice_type: str = "subscription") -> list[str]:
    """Total and amount due of its invoices that come to something."""
    rows = company.finance(
        f"""
        select total_amount, amount_due from invoices
        where customer_id = '{customer}' and invoice_type = '{invoice_type}' and total_amount <> 0
        order by close_date
        """
    )
    return [f"{total:.2f} {left:.2f}" for total, left in rows]


def test_a_gap_is_filled_by_the_smallest_multiple_above_it(company: ClosedCompany) -> None:
    """10 held less 439.80 of open usage is -429.80; 439.80 below the threshold of 10, and 9 x 50 exceed it."""
    assert ongoing(company, "gap") == [Decimal("-429.8")]
    assert top_ups(company, "gap") == ["02-15 purchased 450.00000 = 450.00"]
    assert due(company, "gap", "top_up") == ["450.00 450.00"]


def test_a_lot_counts_from_the_day_on_which_its_invoice_is_paid_in_full(
    company: ClosedCompany,
) -> None:
    """400 came on the 18th, 50 on the 20th. Of February's 439.80 the first lot pays 10, the bought one 429.80."""
    assert movements(company, "gap") == ["02-20 granted 450.00", "03-01 used 429.80"]
    assert due(company, "gap") == ["439.80 0.00"]


def test_what_is_not_paid_pays_nothing_and_is_not_sold_again(company: ClosedCompany) -> None:
    """On 1 March the wallet is empty, but 450 are on their way: above the threshold of 10."""
    assert top_ups(company, "unpaid") == ["02-15 purchased 450.00000 = 450.00"]
    assert movements(company, "unpaid") == []
    assert due(company, "unpaid") == ["439.80 429.80"]


def test_a_payment_a_cent_short_is_none(company: ClosedCompany) -> None:
    assert movements(company, "minimum") == []
    ((status, outstanding),) = company.finance(
        "select payment_status, outstanding_amount from invoice_balances"
        " where payer_customer_id = 'minimum' and payment_status <> 'paid'"
    )
    assert (status, outstanding) == ("partly_paid", Decimal("0.01"))


def test_a_maximum_holds_the_multiple(company: ClosedCompany) -> None:
    """Two steps of 50 fit into 120."""
    assert top_ups(company, "maximum") == ["02-15 purchased 100.00000 = 100.00"]


def test_what_is_given_beside_counts_toward_the_gap(company: ClosedCompany) -> None:
    """10 - 75 = -65, 75 below 10. A step is 50 + 25; the gap is one step exactly, so that two are strictly above.
    Given 50 pay in March beside the first 10; the 100 that were sold are not paid.
    """
    assert top_ups(company, "mixed") == [
        "02-15 granted 50.00000 = 50.00",
        "02-15 purchased 100.00000 = 100.00",
    ]
    assert due(company, "mixed") == ["75.00 15.00"]


def test_a_target_is_sold_for_the_minimum_at_least(company: ClosedCompany) -> None:
    """January's 5 with 20 % tax take 6 of 10. To the target of 10 lack 6; the wallet sells for 50 at least."""
    assert ongoing(company, "minimum") == [Decimal(4)]
    assert top_ups(company, "minimum") == ["02-01 purchased 50.00000 = 50.00"]
    assert top_ups(company, "ignored") == ["02-01 purchased 6.00000 = 6.00"]


def test_a_target_that_is_given_asks_for_no_minimum_and_pays_from_the_next_close(
    company: ClosedCompany,
) -> None:
    """On 15 February 10 less 12 of open usage is -2: 12 are given. February's 12 take 4 of the first lot, then 6, then
    2 of the newest: granted lots by age.
    """
    assert ongoing(company, "free") == [Decimal(4), Decimal(-2)]
    assert top_ups(company, "free") == [
        "02-01 granted 6.00000 = 6.00",
        "02-15 granted 12.00000 = 12.00",
    ]
    assert movements(company, "free") == [
        "02-01 granted 6.00",
        "02-15 granted 12.00",
        "03-01 used 6.00",
        "03-01 used 2.00",
    ]
    assert due(company, "free") == ["6.00 0.00", "12.00 0.00"]


def test_a_rule_ends_on_its_date_or_with_its_wallet(company: ClosedCompany) -> None:
    assert top_ups(company, "ended") == []
    assert top_ups(company, "expired") == []


def test_dates_of_rules_are_close_dates(company: ClosedCompany) -> None:
    closes = company.finance("select close_date from publications order by 1")
    assert closes == [(date(2025, 2, 1),), (date(2025, 2, 15),), (date(2025, 3, 1),)]


def test_an_interval_sells_and_gives_its_credits_on_one_invoice(company: ClosedCompany) -> None:
    """20 credits at 2 are 40, and 5 are given; 7 of the other wallet: 47. The local day begins at 18:15 UTC."""
    assert top_ups(company, "dated") == [
        "02-15 granted 5.00000 = 10.00",
        "02-15 purchased 20.00000 = 40.00",
        "02-15 purchased 7.00000 = 7.00",
    ]
    assert due(company, "dated", "top_up") == ["47.00 47.00"]
    lines = company.finance(
        """
        select line_number, fee_type, description, quantity, unit_amount, lines.amount, service_period_start
        from invoice_lines as lines inner join invoices using (invoice_number)
        where invoices.customer_id = 'dated' order by line_number
        """
    )
    starts_at = datetime(2025, 2, 14, 18, 15)
    assert lines == [
        (1, "top_up", "Monthly pack: 20 credits at 2 EUR", 20, 2, 40, starts_at),
        (2, "top_up", "Top-up of spare: 7 credits at 1 EUR", 7, 1, 7, starts_at),
    ]
    # Paid on the 16th, both lots count in March.
    assert movements(company, "dated") == [
        "02-15 granted 10.00",
        "02-16 granted 40.00",
        "02-16 granted 7.00",
    ]


def test_a_threshold_looks_after_what_a_date_put_in(company: ClosedCompany) -> None:
    """10 + 100 given - 40 of usage = 70, which is not above 70; the gap is 0, and 50 the smallest multiple above it."""
    assert ongoing(company, "both") == [None, Decimal(70)]
    assert top_ups(company, "both") == [
        "02-15 granted 100.00000 = 100.00",
        "02-15 purchased 50.00000 = 50.00",
    ]


def test_a_dated_target_tops_up_what_lacks(company: ClosedCompany) -> None:
    """10 reach 10; 10 - 1.21 = 8.79 lack 1.71 to 10.50."""
    assert top_ups(company, "reached") == []
    assert top_ups(company, "refilled") == ["02-15 purchased 1.71000 = 1.71"]


def test_money_is_rounded_and_credits_are_those_that_it_buys(company: ClosedCompany) -> None:
    """4.39999 credits at 1 JPY are 4 yen, which buy 4; 4.3789 at 100 EUR are 437.89."""
    assert top_ups(company, "yen") == ["02-15 purchased 4.00000 = 4.00"]
    assert top_ups(company, "hundred") == ["02-15 purchased 4.37890 = 437.89"]


def test_open_usage_counts_with_its_tax(company: ClosedCompany) -> None:
    """100 with 20 % are 120: of 150 are left 30, which is not above 30; of 150.01 a cent more, which is."""
    assert ongoing(company, "taxed") == [Decimal(30)]
    assert top_ups(company, "taxed") == ["02-15 purchased 10.00000 = 10.00"]
    assert top_ups(company, "above") == []


def test_open_usage_is_rounded_as_its_bill_will_be(company: ClosedCompany) -> None:
    """33.33 with 20 % are billed at 40.00: 10 - 40 = -30 lacks 40 to 10, which two steps of 40 exceed.

    8.33 with 20 % are billed at 10.00: 20 - 10 is at the threshold of 10, not above.
    """
    assert ongoing(company, "rounded") == [Decimal(-30)]
    assert top_ups(company, "rounded") == ["02-15 purchased 80.00000 = 80.00"]
    assert top_ups(company, "barely") == ["02-15 purchased 50.00000 = 50.00"]


def test_a_top_up_bears_no_tax(company: ClosedCompany) -> None:
    rows = company.finance(
        """
        select distinct tax_amount, coupon_amount, credit_note_amount, prepaid_credit_amount,
            total_amount = fees_amount and amount_due = total_amount, due_date = issue_date + 30
        from invoices where invoice_type = 'top_up'
        """
    )
    assert rows == [(0, 0, 0, 0, True, True)]
    taxed = company.finance(
        """
        select tax_codes, tax_rate from invoice_lines
        where fee_type = 'top_up' and (tax_codes is not null or tax_rate <> 0)
        """
    )
    assert taxed == []


def test_what_was_billed_in_advance_is_not_open(company: ClosedCompany) -> None:
    """12 were billed by the event and paid by the wallet on the 15th: 8 of 20 are left, above 5."""
    assert due(company, "billed") == ["12.00 0.00"]
    assert top_ups(company, "billed") == []


def test_usage_is_held_against_the_first_wallet_that_admits_it(company: ClosedCompany) -> None:
    """50 of calls are the limited wallet's, 16 of tokens the other's: 20 - 16 = 4, 1 below 5."""
    assert ongoing(company, "scoped") == [Decimal(4)]
    assert top_ups(company, "scoped") == ["02-15 purchased 10.00000 = 10.00"]


def test_every_lot_balances_at_every_close(company: ClosedCompany) -> None:
    """Recomputed from movements: what a close opens with is what the one before left, and ends on the lot's rest."""
    ledger = company.finance(
        """
        select lot_id, opening_amount, granted_amount, returned_amount, used_amount, expired_amount, voided_amount,
            closing_amount
        from credit_ledger order by lot_id, close_date
        """
    )
    left: dict[str, Decimal] = {}
    for lot, opening, granted, returned, used, expired, voided, closing in ledger:
        assert opening == left.get(lot, Decimal(0)), lot
        assert opening + granted + returned - used - expired - voided == closing, lot
        assert closing >= 0, lot
        left[lot] = closing
    assert left == dict(company.finance("select lot_id, remaining_amount from wallet_lots"))
    assert sum(lot.startswith("top_up/") for lot in left) == 8


def test_lots_come_from_what_was_issued(company: ClosedCompany, tmp_path: Path) -> None:
    """Without any rule in the catalog, the next close knows the lots; a payment of the rest lets one count."""
    other = company.copy(tmp_path)
    ((number,),) = other.finance(
        "select invoice_number from invoices where customer_id = 'unpaid' and invoice_type = 'top_up'"
    )
    rules = other.workspace.catalog / "credits/top_up_rules.csv"
    rules.unlink()
    payments = other.workspace.catalog / "accounts/payments.csv"
    text = payments.read_text(encoding="utf-8")
    payments.write_text(f"{text}late,{number},450,2025-03-05\n", encoding="utf-8")
    assert text.splitlines()[0] == "payment_id,invoice_number,amount,paid_on"
    close_to(other.workspace, date(2025, 4, 1))
    assert movements(other, "unpaid") == ["03-05 granted 450.00"]
    assert len(top_ups(other, "gap")) == 1
    ((left,),) = other.finance(
        "select remaining_amount from wallet_lots where customer_id = 'gap' and lot_kind = 'purchased'"
    )
    assert left == Decimal("20.2")


def test_what_was_topped_up_is_voided(company: ClosedCompany, tmp_path: Path) -> None:
    """`gap` charges its payment back: 20.20 are left. `unpaid` never pays: what is on its way holds up no top-up."""
    other = company.copy(tmp_path)
    lots = dict(
        other.finance("select customer_id, lot_id from top_ups where lot_kind = 'purchased'")
    )
    voids = [f"{lots[name]},2025-03-10,charged back,Kim" for name in ("gap", "unpaid")]
    text = "\n".join(["lot_id,voided_on,reason,author", *voids, ""])
    file = other.workspace.catalog / "credits/voided_top_ups.csv"
    file.write_text(text, encoding="utf-8")
    close_to(other.workspace, date(2025, 3, 15))
    assert movements(other, "gap")[-1] == "03-15 voided 20.20"
    assert movements(other, "unpaid") == []
    for name in ("gap", "unpaid"):
        assert top_ups(other, name)[-1] == "03-15 purchased 50.00000 = 50.00"


def test_a_close_of_top_ups_computed_again_is_the_same(company: ClosedCompany) -> None:
    for day in (date(2025, 2, 15), STEPS[1]):
        (report,) = close_date(
            company.workspace, day, clock=lambda: datetime(2026, 6, 1, tzinfo=UTC)
        )
        assert report.outcome == "unchanged"


def test_the_same_company_closed_again_gives_the_same_bytes(
    company: ClosedCompany, tmp_path: Path
) -> None:
    again = ClosedCompany(write_step(tmp_path))
    close_to(again.workspace, STEPS[0])
    query = "select close_date, publication_hash from publications where close_date <= '2025-02-15' order by 1"
    assert again.finance(query) == company.finance(query)
    assert again.finance("select * from top_ups order by lot_id") == company.finance(
        "select * from top_ups where close_date <= '2025-02-15' order by lot_id"
    )


def test_an_invoice_shows_credits_rate_and_what_the_rule_found(
    company: ClosedCompany, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    ((number,),) = company.finance(
        "select invoice_number from invoices where customer_id = 'gap' and invoice_type = 'top_up'"
    )
    look_at_invoice.show(company.workspace, number)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"Top-up invoice {number}" in shown
    assert "Top-up of gap: 450 credits at 1 EUR 15 Feb 2025 450 1 450.00" in shown
    assert "from an ongoing balance of -429.80 above 10 credits" in shown
    assert "Amount due EUR 450.00 Paid 2025-02-18 -400.00 Paid 2025-02-20 -50.00" in shown


def test_amounts_are_those_of_the_oracle(company: ClosedCompany) -> None:
    """From the ongoing balances that were published: what each rule sold and gave, in credits and in money."""
    rows = company.finance(
        """
        select top_up_rule_id, ongoing_balance_amount,
            sum(credits) filter (where lot_kind = 'purchased'), sum(amount) filter (where lot_kind = 'purchased'),
            sum(credits) filter (where lot_kind = 'granted'), sum(amount) filter (where lot_kind = 'granted')
        from top_ups group by all
        """
    )
    assert len(rows) == 19
    for rule_id, balance, *figures in rows:
        expected = top_up(oracle_rule(rule_id), balance or Decimal(0))
        assert [figure or Decimal(0) for figure in figures] == list(astuple(expected)[:4]), rule_id


def oracle_rule(rule_id: str) -> TopUpRule:
    name, number = rule_id.rsplit("-", 1)
    holder = HOLDERS[name]
    rule = holder.rules[int(number) - 1]
    wallet = (holder.wallet or {}) if "wallet_id" not in rule else {}

    def decimal(row: dict[str, Any], column: str) -> Decimal | None:
        return Decimal(row[column]) if column in row else None

    has_limits = "ignores_paid_top_up_limits" not in rule
    return TopUpRule(
        currency=holder.currency,
        rate=decimal(wallet, "rate") or Decimal(1),
        threshold=decimal(rule, "threshold_credits"),
        paid_credits=decimal(rule, "paid_credits") or Decimal(0),
        granted_credits=decimal(rule, "granted_credits") or Decimal(0),
        target=decimal(rule, "target_ongoing_balance"),
        is_granted="grants_target_top_up" in rule,
        least=decimal(wallet, "paid_top_up_min_amount") if has_limits else None,
        most=decimal(wallet, "paid_top_up_max_amount") if has_limits else None,
    )


def test_every_customer_has_its_question() -> None:
    """A customer that nothing asks about would be a case that cannot fail."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in HOLDERS if f'"{name}"' not in text and f"'{name}'" not in text] == []
