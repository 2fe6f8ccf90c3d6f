"""The oracle's progressive billing, by hand: which thresholds are passed, and what is billed then.

Belongs here: thresholds, progressive invoices, the days on which they are looked at. Does not belong here: credits and
notes (`test_oracle_progressive_credits`), the worked cases (`test_cases`), the fees (`test_oracle_usage_lines`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.oracle.hand_progressive import CALLS, TOKENS, company, documents, notes, threshold, used
from tests.oracle.hand_written import (
    charge,
    event,
    hand_bill,
    in_zone,
    of_row,
    subscription,
    tier,
)
from tests.oracle.thresholds import Thresholds, passed_thresholds

# Which thresholds are passed.


@pytest.mark.parametrize(
    ("fixed", "step", "before", "after", "passed"),
    [
        ([10, 20], None, "9.99", "10", [10]),
        ([10, 20], None, "10", "19.99", []),
        ([10, 20], None, 0, "20.01", [10, 20]),
        ([10, 20], None, 30, 0, []),
        # Above 20, at 25, 30, …; none of them below.
        ([10, 20], 5, 0, "24.99", [10, 20]),
        ([10, 20], 5, 0, 25, [10, 20, 5]),
        ([10, 20], 5, 25, "29.99", []),
        ([10, 20], 5, "29.99", 30, [5]),
        ([10, 20], 5, 26, 1000, [5]),
        ([10, 20], 5, 31, 26, []),
        # Without fixed ones, from 0 on: 0 itself is no multiple.
        ([], 5, "-1", "4.99", []),
        ([], 5, "-1", 5, [5]),
        ([], "0.3", "0.3", "0.6", ["0.3"]),
        ([], "0.3", "0.6", "0.89", []),
        ([], None, 0, 1000, []),
    ],
)
def test_thresholds_are_passed(
    fixed: list[int], step: object, before: object, after: object, passed: list[object]
) -> None:
    thresholds = Thresholds(
        tuple(map(Decimal, fixed)), None if step is None else Decimal(str(step))
    )
    found = passed_thresholds(thresholds, Fraction(str(before)), Fraction(str(after)))
    assert found == [Decimal(str(one)) for one in passed]


# What is billed, and when.


def test_a_passed_threshold_bills_the_usage_so_far_once(tmp_path: Path) -> None:
    """60 on the 3rd stay below 100; 50 on the 5th pass it: 110 on the 6th. The month of 130 then owes 20 more."""
    result = hand_bill(
        tmp_path,
        company([threshold("100")], tax="20"),
        [[used("06-03", 60), used("06-05", 50), used("06-20", 20)]],
        "2025-07-01",
    )
    assert documents(result) == [
        "06-06 progressive: fee tokens 110",
        "07-01 subscription: fee tokens 130, credit tokens -110",
    ]
    first, last = result.invoices
    assert (first.fees_amount, first.tax_amount, first.total_amount) == (110, 22, 132)
    assert (last.fees_amount, last.progressive_credit_amount) == (130, 110)
    assert (last.tax_amount, last.total_amount) == (4, 24)
    assert [tax.taxable_amount for tax in last.taxes] == [20]
    assert first.due_date == date(2025, 7, 6)
    [line] = first.lines
    assert line.service_period_start.isoformat() == "2025-06-01T00:00:00+00:00"
    assert line.service_period_end.isoformat() == "2025-06-06T00:00:00+00:00"
    assert (line.quantity, line.unit_amount) == (110, 1)


def test_a_threshold_is_looked_at_the_day_after_in_the_customer_s_zone(tmp_path: Path) -> None:
    """23:30 UTC on the 4th is the 5th in Berlin: looked at on the 6th, whose midnight is 22:00 UTC on the 5th."""
    tables = {**company([threshold("10")]), "accounts/customers": in_zone("Europe/Berlin")}
    usage = [
        event("a", "2025-06-04T23:30:00Z", "tokens", amount=10),
        event("b", "2025-06-05T21:59:59Z", "tokens", amount=1),
        event("c", "2025-06-05T22:00:00Z", "tokens", amount=2),
    ]
    [one] = hand_bill(tmp_path, tables, [usage], "2025-06-30").invoices
    assert (one.close_date, one.fees_amount) == (date(2025, 6, 6), 11)
    assert one.lines[0].service_period_end.isoformat() == "2025-06-05T22:00:00+00:00"


def test_several_thresholds_at_once_make_one_invoice(tmp_path: Path) -> None:
    """Recurring steps of 50 above 20: at 70, 120, 170, …: 130 passes 20, 70 and 120; 169 none, 170 one."""
    result = hand_bill(
        tmp_path,
        company([threshold("10"), threshold("20"), threshold("50", recurring=True)]),
        [[used("06-03", 130), used("06-04", 39), used("06-05", 1), used("06-06", 49)]],
        "2025-07-01",
    )
    assert documents(result) == [
        "06-04 progressive: fee tokens 130",
        "06-06 progressive: fee tokens 170, credit tokens -130",
        "07-01 subscription: fee tokens 219, credit tokens -170",
    ]


def test_a_fixed_threshold_is_of_the_lifetime(tmp_path: Path) -> None:
    """June's 60 are below 100, July's 39 are at 99; 1 more passes it, and August's 500 pass nothing."""
    usage = [used("06-03", 60), used("07-03", 39), used("07-05", 1), used("08-03", 500)]
    result = hand_bill(tmp_path, company([threshold("100")]), [usage], "2025-09-01")
    assert documents(result) == [
        "07-01 subscription: fee tokens 60",
        "07-06 progressive: fee tokens 40",
        "08-01 subscription: fee tokens 40, credit tokens -40",
        "09-01 subscription: fee tokens 500",
    ]


def test_usage_billed_elsewhere_counts_once(tmp_path: Path) -> None:
    """Of two rows of one external id the first one's 95: 4 is below 100, 5 reaches it."""
    rows = [
        subscription("t", "p", "2025-06-10", lifetime_usage_amount="1000"),
        subscription("s", "p", "2025-06-01", "2025-06-09", lifetime_usage_amount="95"),
    ]
    for units, expected in ((4, []), (5, ["06-13 progressive: fee tokens 5"])):
        result = hand_bill(
            tmp_path / str(units),
            company([threshold("100")], rows=rows),
            [[used("06-12", units)]],
            "2025-06-30",
        )
        assert [one for one in documents(result) if "progressive" in one] == expected


def test_a_close_that_is_due_anyhow_looks_too_and_its_own_bills_count_as_billed(
    tmp_path: Path,
) -> None:
    """The last day's 100 are on the bill of 1 July, and nothing is open: no threshold is passed then."""
    result = hand_bill(tmp_path, company([threshold("100")]), [[used("06-30", 100)]], "2025-07-31")
    assert documents(result) == ["07-01 subscription: fee tokens 100"]


def test_days_of_grace_leave_two_periods_open(tmp_path: Path) -> None:
    """June is due on 4 July. On 3 July June's 60 and July's 50 pass 100, and both are billed; June's bill takes its own
    60 off, and July's 50 stay outstanding until August.
    """
    tables = {
        **company([threshold("100")]),
        "accounts/billing_entities": [
            {"billing_entity_code": "us", "net_payment_days": "30", "grace_days": "3"}
        ],
    }
    usage = [used("06-20", 60), used("07-02", 50)]
    result = hand_bill(tmp_path, tables, [usage], "2025-08-04")
    assert documents(result) == [
        "07-03 progressive: fee tokens 60, fee tokens 50",
        "07-04 subscription: fee tokens 60, credit tokens -60",
        "08-04 subscription: fee tokens 50, credit tokens -50",
    ]
    assert notes(result) == []


# What counts, and what does not.


def test_fees_in_advance_count_but_are_not_billed_again(tmp_path: Path) -> None:
    """70 calls in advance, billed with 30 tokens on the day they pass 100; the calls are on an invoice of their own."""
    tables = company(
        [threshold("100")], TOKENS, charge("calls", unit_amount="70", is_pay_in_advance="true")
    )
    usage = [used("06-03", 29), used("06-04", 0, "calls"), used("06-05", 1)]
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert documents(result) == [
        "06-06 progressive: fee tokens 30",
        "06-06 subscription: charge_in_advance calls 70",
        "07-01 subscription: fee tokens 30, credit tokens -30",
    ]


def test_a_maximum_cuts_minimums_do_not_lift(tmp_path: Path) -> None:
    """June's maximum is 80 from its first day on; the minimum of 500 of the other charge waits for the end."""
    tables = company(
        [threshold("80"), threshold("90")],
        {**TOKENS, "maximum_amount": "80"},
        {**CALLS, "minimum_amount": "500"},
        minimum_commitment_amount="1000",
        maximum_amount="70",
    )
    usage = [used("06-03", 85), used("06-04", 3, "calls")]
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert documents(result)[:1] == [
        "06-04 progressive: fee tokens 85, maximum tokens -5",
    ]


def test_the_maximum_is_that_of_the_whole_period(tmp_path: Path) -> None:
    """From 16 June half a month is left: of 100 a maximum of 50, also on the 18th."""
    rows = [subscription("s", "p", "2025-06-16")]
    tables = company([threshold("50")], {**TOKENS, "maximum_amount": "100"}, rows=rows)
    result = hand_bill(tmp_path, tables, [[used("06-17", 51)]], "2025-07-01")
    assert documents(result) == [
        "06-18 progressive: fee tokens 51, maximum tokens -1",
        "07-01 subscription: fee tokens 51, maximum tokens -1, credit tokens -50",
    ]


def test_filters_groups_and_tiers_are_rated_as_on_the_last_bill(tmp_path: Path) -> None:
    """EU costs 2, the rest 1 for each of 10 units, then 0.5, with 3 at once; calls are told apart by region."""
    row = {**TOKENS, "charge_model": "graduated", "unit_amount": ""}
    calls = {**CALLS, "pricing_group_keys": "region"}
    row, calls = ({**one, "plan_code": "p"} for one in (row, calls))
    tables = {
        **company([threshold("20")], row, calls),
        "prices/charge_filters": [of_row(row, filter_code="eu")],
        "prices/charge_filter_values": [
            of_row(row, filter_code="eu", property_name="region", property_value="eu")
        ],
        "prices/charge_tiers": [
            tier(row, "10", "1", "3"),
            tier(row, "", "0.5"),
            tier(row, "", "2", filter_code="eu"),
        ],
    }
    usage = [
        used("06-03", 4, region="eu"),
        used("06-03", 12, region="us"),
        used("06-04", 0, "calls", region="us"),
        used("06-04", 1, "calls", region="eu"),
    ]
    first = hand_bill(tmp_path, tables, [usage], "2025-06-30").invoices[0]
    assert first.close_date == date(2025, 6, 4)
    assert [(line.filter_code, line.amount) for line in first.lines] == [("eu", 8), (None, 14)]
    result = hand_bill(
        tmp_path / "b",
        {**tables, "prices/usage_thresholds": [threshold("23")]},
        [usage],
        "2025-07-01",
    )
    assert documents(result) == [
        "06-05 progressive: fee calls 1, fee calls 1, fee tokens 8, fee tokens 14",
        "07-01 subscription: fee calls 1, fee calls 1, fee tokens 8, fee tokens 14, credit tokens -22, credit calls -2",
    ]  # fmt: skip


def test_a_price_that_changes_makes_two_lines_and_one_credit(tmp_path: Path) -> None:
    """30 at 1 until the 15th, then 10 at 2."""
    old = {**TOKENS, "valid_to": "2025-06-16"}
    new = {**TOKENS, "unit_amount": "2", "valid_from": "2025-06-16"}
    usage = [used("06-03", 30), used("06-18", 10)]
    result = hand_bill(tmp_path, company([threshold("45")], old, new), [usage], "2025-07-01")
    assert documents(result) == [
        "06-19 progressive: fee tokens 30, fee tokens 20",
        "07-01 subscription: fee tokens 30, fee tokens 20, credit tokens -50",
    ]
    ends = [line.service_period_end.day for line in result.invoices[0].lines]
    assert ends == [16, 19]


# On which days.


def test_late_usage_counts_at_the_next_day_looked_at(tmp_path: Path) -> None:
    """The 50 of the 3rd arrive on the 9th: looked at then, as the 6th was the last day, and 110 are billed."""
    result = hand_bill(
        tmp_path,
        company([threshold("100")]),
        [[used("06-05", 60)], [used("06-03", 50)]],
        "2025-06-30",
        batches_known_on=lambda day: 1 if day < date(2025, 6, 9) else 2,
    )
    assert documents(result) == ["06-09 progressive: fee tokens 110"]


def test_days_without_result_issue_nothing(tmp_path: Path) -> None:
    """Fees in advance wait for a close; a day that is looked at in vain is none."""
    tables = company(
        [threshold("100")], TOKENS, charge("calls", unit_amount="1", is_pay_in_advance="true")
    )
    usage = [used("06-03", 1), used("06-04", 0, "calls")]
    result = hand_bill(tmp_path, tables, [usage], "2025-07-01")
    assert [one.close_date for one in result.invoices] == [date(2025, 7, 1)]


def test_wallets_and_notes_pay_progressive_invoices_like_others(tmp_path: Path) -> None:
    wallet = {"wallet_id": "w", "customer_id": "atlas", "currency": "EUR", "priority": "1"}
    lot = {"lot_id": "l", "wallet_id": "w", "lot_kind": "granted", "amount": "100"}
    tables = {
        **company([threshold("50")]),
        "credits/wallets": [wallet],
        "credits/wallet_lots": [lot | {"granted_on": "2025-06-01"}],
    }
    result = hand_bill(tmp_path, tables, [[used("06-03", 60), used("06-09", 45)]], "2025-07-01")
    assert [(one.prepaid_credit_amount, one.amount_due) for one in result.invoices] == [
        (60, 0),
        (40, 5),
    ]
