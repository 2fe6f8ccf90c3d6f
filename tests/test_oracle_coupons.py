"""The oracle's coupons, by hand and by the worked cases: order, base, slots, shares, and the notes of discounted fees.

Belongs here: expected amounts with their arithmetic. Does not belong here: comparing with the product.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bill import Bill
from tests.oracle.coupon_rows import AppliedCoupon, Coupon
from tests.oracle.coupons import CouponBook, CouponScene, CouponUse, shown_shares, use_coupons
from tests.oracle.hand_coupons import applied_row, coupon, with_coupons
from tests.oracle.hand_progressive import company, threshold, used
from tests.oracle.hand_written import (
    Cells,
    Tables,
    charge,
    event,
    hand_bill,
    plan,
    subscription,
)
from tests.oracle.lines import InvoiceLine
from tests.oracle.settlement import tax_rows_of_lines

CASES = {
    one["id"]: one
    for one in json.loads((Path(__file__).parent / "cases/cases.json").read_text())
    if one["kind"] in ("coupon", "tax")
}
KEY = (date(2025, 7, 1), "atlas", "EUR", "subscription")
NOON = datetime.fromisoformat("2025-06-01T12:00:00Z")


# Worked cases: lines and coupons without a company.


def line(amount: str | Decimal, metric: str | None = None, plan_code: str = "P1") -> InvoiceLine:
    """A fee of a subscription that is named like its plan."""
    return InvoiceLine(
        subscription_id=plan_code,
        fee_type="charge" if metric else "subscription",
        charge_code=metric,
        metric_code=metric,
        service_period_start=NOON,
        service_period_end=NOON,
        exact_quantity=Fraction(1),
        exact_amount=Fraction(amount),
        currency="EUR",
        period_start=date(2025, 6, 1),
    )


def applied(cells: dict[str, Any], position: int = 0) -> AppliedCoupon:
    """A coupon of a worked case."""
    coupon = Coupon(
        coupon_code=f"coupon{position}",
        coupon_type=cells["type"],
        frequency=cells["frequency"],
        amount=Decimal(cells.get("amount_cents", 0)) / 100,
        currency="EUR",
        rate_percent=Decimal(cells.get("rate", 0)),
        frequency_duration=cells.get("remaining"),
        plan_codes=frozenset(cells.get("limited_to_plans", ())),
        metric_codes=frozenset(cells.get("limited_to_metrics", ())),
    )
    return AppliedCoupon(
        f"applied{position}",
        coupon,
        "atlas",
        date(2025, 1, 1),
        used_amount=Decimal(cells.get("already_used_cents", 0)) / 100,
        position=position,
    )


def uses_of(
    lines: list[InvoiceLine], coupons: list[dict[str, Any]], book: CouponBook | None = None
) -> list[CouponUse]:
    own = [applied(one, number) for number, one in enumerate(coupons)]
    scene = CouponScene(KEY, lines, {one.subscription_id: one.subscription_id for one in lines})
    return use_coupons(own, scene, book or CouponBook())


def in_cents(amount: Decimal | Fraction) -> Fraction:
    return Fraction(amount) * 100


@pytest.mark.parametrize(
    "case_id", [one for one, case in CASES.items() if case["subkind"] == "coupon_amount"]
)
def test_case_of_an_amount(case_id: str) -> None:
    inputs = CASES[case_id]["inputs"]
    [use] = uses_of([line(Decimal(inputs["base_amount_cents"]) / 100)], [inputs["coupon"]])
    assert in_cents(use.amount) == int(CASES[case_id]["expected"]["credit_amount_cents"])


def test_case_of_what_a_progressive_credit_leaves_of_a_metric() -> None:
    """Of 50 and 150 cents 15 and 45 are credited: 12 cents over 35 and 105 are 3 and 9; the other fee has none."""
    inputs, expected = (CASES["cpn-dist-metric-with-pb"][name] for name in ("inputs", "expected"))
    left = [
        Decimal(one["amount_cents"]) - Decimal(one.get("already_discounted", 0))
        for one in inputs["fees"]
    ]
    lines = [
        line(amount / 100, one["metric"]) for amount, one in zip(left, inputs["fees"], strict=True)
    ]
    [use] = uses_of(lines, [inputs["coupon"]])
    totals = [
        in_cents(share) + Fraction(one.get("already_discounted", 0))
        for share, one in zip(use.shares, inputs["fees"], strict=True)
    ]
    assert totals == [int(expected[f"fee{number}_coupon_total"]) for number in (1, 2, 3)]


@pytest.mark.parametrize("case_id", ["cpn-dist-partial", "cpn-dist-recurring-last"])
def test_case_of_shares_and_of_the_end(case_id: str) -> None:
    """The coupon has credited its last: the next invoice, of another period, gets nothing."""
    inputs, expected = CASES[case_id]["inputs"], CASES[case_id]["expected"]
    lines = [line(Decimal(one["amount_cents"]) / 100) for one in inputs["fees"]]
    book = CouponBook()
    [use] = uses_of(lines, [inputs["coupon"]], book)
    assert in_cents(use.amount) == int(expected["credit_amount_cents"])
    given = [expected[key] for key in ("fee1_coupon", "fee2_coupon") if key in expected]
    assert [str(in_cents(share)) for share in use.shares[: len(given)]] == given
    later = [InvoiceLine(**{**vars(one), "period_start": date(2025, 7, 1)}) for one in lines]
    assert uses_of(later, [inputs["coupon"]], book) == []


def test_case_of_three_coupons_and_two_taxes() -> None:
    """As stated but for roundings of shares to 5 decimals on the way, of which the stated ones keep a remainder."""
    inputs, expected = (CASES["cpn-breakdown-scenario"][name] for name in ("inputs", "expected"))
    lines = [
        line(Decimal(one["amount_cents"]) / 100, one["metric"], one["plan"])
        for one in inputs["fees"]
    ]
    uses = uses_of(lines, inputs["coupons"])
    shares = [sum(own, Fraction(0)) for own in zip(*(use.shares for use in uses), strict=True)]
    assert sum(shares) * 100 == int(expected["coupons_amount_cents"])
    for share, stated in zip(shares, expected["fee_coupons"], strict=True):
        assert abs(in_cents(share) - Fraction(stated)) < Fraction(2, 10**5)
    rows = tax_rows_of_lines(
        (
            (Fraction(one.amount) - share, {fee["tax"]: Decimal(fee["tax"])})
            for one, share, fee in zip(lines, shares, inputs["fees"], strict=True)
        ),
        scale=2,
    )
    taxes = sum((Fraction(row.tax_amount) for row in rows), Fraction(0))
    assert in_cents(taxes) == int(expected["taxes_amount_cents"])


@pytest.mark.parametrize(
    "case_id", [one for one, case in CASES.items() if case["subkind"] == "coupon_stack"]
)
def test_case_of_a_stack(case_id: str) -> None:
    inputs, expected = CASES[case_id]["inputs"], CASES[case_id]["expected"]
    lines = [
        line(Decimal(one["amount_cents"]) / 100, plan_code=one["plan"]) for one in inputs["fees"]
    ]
    uses = uses_of(lines, inputs["coupons_in_created_order"])
    assert len(uses) == int(expected["credits_count"])
    assert sum(in_cents(use.amount) for use in uses) == int(expected["coupons_amount_cents"])


def test_case_of_coupons_above_the_fees() -> None:
    inputs, expected = (CASES["tax-coupon-exceeds"][name] for name in ("inputs", "expected"))
    [fee] = inputs["fees"]
    own = line(Decimal(fee["amount_cents"]) / 100)
    first, second = uses_of([own], inputs["coupons"])
    [share] = [sum(shares) for shares in zip(first.shares, second.shares, strict=True)]
    assert in_cents(share) == int(expected["fee_coupon"])
    [row] = tax_rows_of_lines([(Fraction(own.amount) - share, {"t": Decimal(10)})], scale=2)
    assert row.tax_amount == 0


# Spreading.


def test_a_line_below_zero_has_a_share_below_zero() -> None:
    """10 % of 100 − 20: of the fee 10, of what the maximum takes −2."""
    tenth = {"type": "percentage", "rate": "10", "frequency": "forever"}
    [use] = uses_of([line("100"), line("-20")], [tenth])
    assert (use.amount, use.shares) == (Decimal("8.00"), (Fraction(10), Fraction(-2)))


def test_a_later_coupon_sees_what_is_left_in_whole_cents() -> None:
    """1 of two lines of 1 leaves 0.50 of each; 2 to a metric has 0.50. Of three lines 0.333… is left: 0.66 of two."""
    fixed = {"type": "fixed", "frequency": "once"}
    coupons = [
        {**fixed, "amount_cents": 100, "limited_to_metrics": ["a", "b", "c"]},
        {**fixed, "amount_cents": 200, "limited_to_plans": ["P1"]},
    ]
    both = uses_of([line("1", "a"), line("1", "b", "P2")], coupons)
    assert [use.amount for use in both] == [Decimal("1.00"), Decimal("0.50")]
    three = uses_of([line("0.50", "a"), line("0.50", "b"), line("0.50", "c", "P2")], coupons)
    assert three[0].shares == (Fraction(1, 3),) * 3
    assert three[1].amount == Decimal("0.33")
    assert three[1].shares == (Fraction(33, 200), Fraction(33, 200), Fraction(0))


def test_shown_shares_add_up_in_line_order() -> None:
    shown = shown_shares([Fraction(1, 200)] * 2 + [Fraction(-1, 200), Fraction(2, 200)], scale=2)
    assert [str(one) for one in shown] == ["0.01", "0.00", "0.00", "0.01"]
    assert sum(shown) == Decimal("0.02")


def test_a_coupon_of_a_metric_is_lowered_by_the_credits_of_its_charge() -> None:
    """Usage of 30 less a credit of 20: 50 % are 5, not 15."""
    fee = line("30", "tokens")
    credit = InvoiceLine(**{**vars(line("-20", "tokens")), "fee_type": "progressive_credit"})
    half = {"type": "percentage", "rate": "50", "frequency": "once"}
    [use] = uses_of([fee, credit, line("7")], [{**half, "limited_to_metrics": ["tokens"]}])
    assert use.amount == 5
    assert use.shares == (Fraction(15), Fraction(-10), Fraction(0))


# Companies.


def monthly(amount: str, started_at: str = "2025-06-01", **cells: str) -> Tables:
    return {
        "prices/plans": [plan("p", amount, **cells)],
        "accounts/subscriptions": [subscription("s", "p", started_at)],
    }


def credited(result: Bill) -> list[tuple[str, str, str]]:
    """Close date, coupon and amount of every use."""
    return [
        (one.close_date.isoformat(), use.coupon_code, f"{use.amount:f}")
        for one in result.invoices
        for use in one.coupon_uses
    ]


def test_a_fixed_coupon_once_is_used_up(tmp_path: Path) -> None:
    """25, of which 3 were used before: 10, 10, 2."""
    rows = [applied_row("c", used_amount="3")]
    tables = {**monthly("10"), **with_coupons(coupon("c", "fixed", "25", "once"), rows=rows)}
    result = hand_bill(tmp_path, tables, [], "2025-10-01")
    assert credited(result) == [
        ("2025-07-01", "c", "10.00"),
        ("2025-08-01", "c", "10.00"),
        ("2025-09-01", "c", "2.00"),
    ]
    assert [str(one.total_amount) for one in result.invoices] == ["0.0000", "0.0000", "8.0000", "10.0000"]  # fmt: skip


def test_a_recurring_coupon_has_periods_and_one_without_fees_is_none(tmp_path: Path) -> None:
    """Three periods, one of them used before; June has no usage."""
    rows = [applied_row("c", used_periods="1")]
    tables: Tables = {
        **with_coupons(coupon("c", "fixed", "4", "recurring", frequency_duration="3"), rows=rows),
        "prices/charges": [charge("tokens", unit_amount="1")],
        "accounts/subscriptions": [subscription("s", "pro", "2025-06-01")],
    }
    events = [
        event(f"e{month}", f"2025-{month}-05", "tokens", amount=10) for month in ("07", "08", "09")
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-10-01")
    assert credited(result) == [("2025-08-01", "c", "4.00"), ("2025-09-01", "c", "4.00")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, ["06-05 4.00", "06-10 8.00"]),
        ({"is_per_invoice": "true"}, ["06-05 4.00", "06-10 12.00", "07-01 12.00"]),
    ],
)
def test_a_period_has_one_amount_unless_it_is_per_invoice(
    tmp_path: Path, cells: Cells, expected: list[str]
) -> None:
    """12 a month or an invoice. Usage of 4 and 16 in June is billed as it comes, the last 20 with the month.

    The second invoice credits the first one's 4: 20 − 4 = 16, and 12 − 4 = 8 are left of June's coupon; the month's
    bills 40 − 20.
    """
    tables = {
        **company([threshold("4"), threshold("20")]),
        **with_coupons(coupon("c", "fixed", "12", **cells)),
    }
    lines = [used("06-04", 4), used("06-09", 16), used("06-20", 20)]
    result = hand_bill(tmp_path, tables, [lines], "2025-07-01")
    found = [f"{day[5:]} {amount}" for day, _, amount in credited(result)]
    assert found == expected


def test_in_force_from_its_day_until_it_ends(tmp_path: Path) -> None:
    """Applied on 1 July: that close sees it. Expired or taken off on 1 September: that close does not."""
    percent = coupon("c", "percentage", "10", expires_on="2025-09-01")
    tables = {
        **monthly("10"),
        **with_coupons(
            percent,
            coupon("d", "percentage", "50"),
            rows=[
                applied_row("c", "2025-07-01"),
                applied_row("d", "2025-07-02", ended_on="2025-09-01"),
            ],
        ),
    }
    assert credited(hand_bill(tmp_path, tables, [], "2025-10-01")) == [
        ("2025-07-01", "c", "1.00"),
        ("2025-08-01", "c", "1.00"),
        ("2025-08-01", "d", "4.50"),
    ]


def test_metrics_come_first_then_plans_then_the_rest(tmp_path: Path) -> None:
    """Fees 10 (base) and 20 (tokens): 50 % of tokens 10; plan's 10 % of 20: 2; then 5 of any; last, of today, 1 %.

    30 − 10 − 2 − 5 = 13; 1 % of it is 0.13.
    """
    targets = [
        {"coupon_code": "metric", "metric_code": "tokens"},
        {"coupon_code": "plan", "plan_code": "pro"},
    ]
    coupons = [
        coupon("late", "percentage", "1"),
        coupon("any", "fixed", "5"),
        coupon("plan", "percentage", "10"),
        coupon("metric", "percentage", "50"),
        coupon("dollars", "fixed", "5") | {"currency": "USD"},
    ]
    rows = [applied_row("late", "2025-06-30")]
    rows += [applied_row(one["coupon_code"]) for one in coupons[1:]]
    tables: Tables = {
        **with_coupons(*coupons, rows=rows, credits__coupon_targets=targets),
        "prices/plans": [plan("pro", "10")],
        "prices/charges": [charge("tokens", unit_amount="1")],
        "accounts/subscriptions": [subscription("s", "pro", "2025-06-01")],
    }
    events = [event("e", "2025-06-05", "tokens", amount=20)]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert [(code, amount) for _, code, amount in credited(result)] == [
        ("metric", "10.00"),
        ("plan", "2.00"),
        ("any", "5.00"),
        ("late", "0.13"),
    ]
    [invoice] = result.invoices
    assert invoice.coupon_amount == Decimal("17.13")
    assert sum(invoice.line_coupon_amounts) == invoice.coupon_amount
    assert invoice.total_amount == Decimal("12.87")


def test_once_in_percent_is_one_invoice(tmp_path: Path) -> None:
    tables = {**monthly("10"), **with_coupons(coupon("c", "percentage", "100", "once"))}
    result = hand_bill(tmp_path, tables, [], "2025-09-01")
    assert credited(result) == [("2025-07-01", "c", "10.00")]


def test_one_offs_have_no_coupon(tmp_path: Path) -> None:
    tables: Tables = {
        **with_coupons(coupon("c", "percentage", "10")),
        "prices/add_ons": [{"add_on_code": "setup", "unit_amount": "500", "currency": "EUR"}],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "f", "customer_id": "atlas", "add_on_code": "setup", "units": "1"}
            | {"billed_on": "2025-06-10"}
        ],
    }
    assert credited(hand_bill(tmp_path, tables, [], "2025-06-11")) == []
