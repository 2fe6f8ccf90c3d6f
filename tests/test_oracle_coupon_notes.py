"""The oracle's credit notes of fees that coupons have discounted, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle.bill import Bill
from tests.oracle.hand_coupons import applied_row, coupon, with_coupons
from tests.oracle.hand_progressive import company, threshold, used
from tests.oracle.hand_written import ALWAYS, BASE, Tables, hand_bill, plan, subscription
from tests.oracle.invoices import Payment

CLOCK = BASE["accounts/subscriptions"][1]


def note_parts(result: Bill) -> list[tuple[str, ...]]:
    """Subtotal, tax, credit, refund, offset of every note."""
    return [
        tuple(
            f"{amount:.2f}"
            for amount in (
                one.subtotal_amount,
                one.tax_amount,
                one.credit_amount,
                one.refund_amount,
                one.offset_amount,
            )
        )
        for one in result.credit_notes
    ]


def test_a_note_gives_back_less_the_coupon_s_share(tmp_path: Path) -> None:
    """31 in advance with 5 off, 20 % tax; ended after 15 of 31 days: 16 × 26 ÷ 31 = 13.419…; tax 2.6838….

    Of the 31.20 that were paid, 15 used days are 15 × 26 ÷ 31 × 1.2 = 15.0967…: 31.20 − 15.10 = 16.10 come back.
    """
    row = subscription("s", "p", "2025-06-15", on_termination="refund")
    before: Tables = {
        **with_coupons(coupon("c", "fixed", "5")),
        "prices/plans": [plan("p", "31", is_pay_in_advance="true")],
        "accounts/subscriptions": [row],
        "tax/taxes": [{"tax_code": "vat", "rate_percent": "20", **ALWAYS}],
        "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "vat"}],
    }
    after = {**before, "accounts/subscriptions": [{**row, "ended_at": "2025-07-15T10:00Z"}]}
    july = (date(2025, 7, 1), "atlas", "EUR", "subscription")
    result = hand_bill(
        tmp_path,
        after,
        [],
        "2025-07-31",
        earlier={"2025-07-05": before},
        payments=[Payment(july, Decimal("31.20"), date(2025, 7, 3))],
    )
    assert note_parts(result) == [("13.42", "2.68", "0.00", "16.10", "0.00")]


def test_the_last_note_of_an_invoice_has_what_rounding_left(tmp_path: Path) -> None:
    """Two plans of 31 in June and July, 1.01 off July's: 30.495 each. Both ended in June: 30.50, then 30.49."""
    rows = [
        subscription(name, "p", "2025-06-01", external_subscription_id=name) for name in ("a", "b")
    ]
    before: Tables = {
        **with_coupons(coupon("c", "fixed", "1.01"), rows=[applied_row("c", "2025-07-01")]),
        "prices/plans": [plan("p", "31", is_pay_in_advance="true"), plan("week", "0", "weekly")],
        "accounts/subscriptions": [*rows, CLOCK],
    }
    ended = [{**row, "ended_at": "2025-07-01T00:00Z"} for row in rows]
    after = {**before, "accounts/subscriptions": [*ended, CLOCK]}
    result = hand_bill(tmp_path, after, [], "2025-07-31", earlier={"2025-07-01": before})
    assert [f"{one.subtotal_amount:.2f}" for one in result.credit_notes] == ["30.50", "30.49"]


def test_a_progressive_note_gives_back_less_the_coupon_s_share(tmp_path: Path) -> None:
    """Tokens of 20, half of it off: 10 billed. 5 come back by a retraction of the period: 2.50 of them were billed."""
    tables = {
        **company([threshold("20")], tax="10"),
        **with_coupons(coupon("c", "percentage", "50", "once")),
    }
    lines: list[dict[str, Any]] = [used("06-04", 20), used("06-20", -5)]
    result = hand_bill(tmp_path, tables, [lines], "2025-07-01")
    assert [one.total_amount for one in result.invoices] == [Decimal("11.00"), Decimal(0)]
    assert note_parts(result) == [("2.50", "0.25", "0.00", "0.00", "2.75")]
