"""Coupons that nobody could apply are named with their mend.

Each case takes the price book with a coupon of each kind, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401

C = "credits/coupons"
T = "credits/coupon_targets"
A = "credits/applied_coupons"


@pytest.fixture(name="rows")
def rows_with_coupons(book: Book) -> Book:
    customer_id = book["accounts/customers"][0]["customer_id"]
    applied = {"customer_id": customer_id, "applied_on": "2026-01-01"}
    plan = book["prices/plans"][0]["plan_code"]
    metric = book["prices/billable_metrics"][0]["metric_code"]
    off = {"coupon_type": "fixed", "amount": "10", "currency": "USD"}
    rate = {"coupon_type": "percentage", "rate_percent": "20"}
    return book | {
        C: [
            {"coupon_code": "ten", "coupon_name": "Ten off", "frequency": "once"} | off,
            {"coupon_code": "fifth", "coupon_name": "A fifth", "frequency": "recurring", "frequency_duration": "3"}
            | rate,
            {"coupon_code": "always", "coupon_name": "Always", "frequency": "forever", "is_per_invoice": "true"} | off,
        ],
        T: [
            {"coupon_code": "ten", "plan_code": plan, "metric_code": ""},
            {"coupon_code": "fifth", "plan_code": "", "metric_code": metric},
        ],
        A: [
            applied | {"applied_coupon_id": "a1", "coupon_code": "ten", "used_amount": "4"},
            applied | {"applied_coupon_id": "a2", "coupon_code": "fifth", "used_periods": "1"},
            applied | {"applied_coupon_id": "a3", "coupon_code": "always", "ended_on": "2026-06-01"},
        ],
    }  # fmt: skip


Change = Callable[[Book], object]


def crowd(book: Book) -> None:
    """Six more coupons of the same customer, from the second of January on."""
    first = book[A][2]
    book[A] += [
        first | {"applied_coupon_id": f"b{n}", "applied_on": "2026-01-02"} for n in range(6)
    ]


CASES: dict[str, tuple[Change, str]] = {
    "a fixed one without currency": (
        lambda b: b[C][0].update(currency=""),
        f"{C}.csv row 2: coupon 'ten' is fixed and has no currency; fill it in",
    ),
    "a fixed one with a rate": (
        lambda b: b[C][0].update(rate_percent="5"),
        f"{C}.csv row 2: coupon 'ten' is fixed and has a rate_percent, which nothing reads; empty it, or "
        "change coupon_type",
    ),
    "a percentage without rate": (
        lambda b: b[C][1].update(rate_percent=""),
        f"{C}.csv row 3: coupon 'fifth' is percentage and has no rate_percent; fill it in",
    ),
    "recurring without end": (
        lambda b: b[C][1].update(frequency_duration=""),
        f"{C}.csv row 3: coupon 'fifth' is recurring and has no frequency_duration; write for how many billing periods "
        "it is given",
    ),
    "forever, three times": (
        lambda b: b[C][2].update(frequency_duration="3"),
        f"{C}.csv row 4: coupon 'always' is given forever and has a frequency_duration; empty it, or make it recurring",
    ),
    "once per invoice": (
        lambda b: b[C][0].update(is_per_invoice="true"),
        f"{C}.csv row 2: coupon 'ten' is given once and is_per_invoice; empty is_per_invoice, or make it recurring or "
        "forever",
    ),
    "more decimals than the currency": (
        lambda b: b[C][0].update(amount="10.005"),
        f"{C}.csv row 2: amount 10.005 has more decimals than USD has (2); round it",
    ),
    "a target of both kinds": (
        lambda b: b[T][0].update(metric_code=b[T][1]["metric_code"]),
        f"{T}.csv row 2: a target of coupon 'ten' has both a plan_code and a metric_code; fill in one of them",
    ),
    "a target of nothing": (
        lambda b: b[T][0].update(plan_code=""),
        f"{T}.csv row 2: a target of coupon 'ten' has neither a plan_code nor a metric_code; fill in one of them",
    ),
    "targets of two kinds": (
        lambda b: b[T][1].update(coupon_code="ten"),
        f"{T}.csv row 3: a target of coupon 'ten' has a metric_code, and row 2 a plan_code; limit a coupon to plans or "
        "to metrics, or make two of it",
    ),
    "an unknown coupon": (
        lambda b: b[A][0].update(coupon_code="eleven"),
        f"{A}.csv row 2: unknown coupon 'eleven'; add it to coupons or correct coupon_code",
    ),
    "ended before it began": (
        lambda b: b[A][2].update(ended_on="2025-12-31"),
        f"{A}.csv row 4: applied coupon 'a3' ends on 2025-12-31, before it is applied on 2026-01-01; correct one of "
        "them",
    ),
    "more used than there was": (
        lambda b: b[A][0].update(used_amount="11"),
        f"{A}.csv row 2: applied coupon 'a1' has used 11, and coupon 'ten' (row 2 of {C}.csv) is over 10; "
        "correct one of them",
    ),
    "an amount used of a percentage": (
        lambda b: b[A][1].update(used_amount="1"),
        f"{A}.csv row 3: applied coupon 'a2' has a used_amount, and coupon 'fifth' (row 3 of {C}.csv) is not a fixed "
        "one given once; empty it",
    ),
    "periods used of one given once": (
        lambda b: b[A][0].update(used_periods="1"),
        f"{A}.csv row 2: applied coupon 'a1' has used_periods, and coupon 'ten' (row 2 of {C}.csv) is not recurring; "
        "empty it",
    ),
    "nine at once": (
        crowd,
        f"{A}.csv row 5: on 2026-01-02 customer 'CUSTOMER' has 9 coupons at once, and at most 8 are applied; write an "
        "ended_on for those that are used up",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_named(rows: Book, tmp_path: Path, name: str) -> None:
    change, message = CASES[name]
    change(rows)
    message = message.replace("CUSTOMER", rows[A][0]["customer_id"])
    assert errors_of(write_book(tmp_path, rows)) == [message]


def test_coupons_of_every_kind_are_taken(rows: Book, tmp_path: Path) -> None:
    assert errors_of(write_book(tmp_path, rows)) == []
