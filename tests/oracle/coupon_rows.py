"""The rows of coupons: what they take off, what they are limited to, and whom they are applied to.

Belongs here: reading the files of coupons. Does not belong here: what a coupon credits (see `coupons`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from .cells import Row, date_in, day_in, decimal_in, flag_in, integer_in, rows_of, text_in


@dataclass(frozen=True)
class Coupon:
    """`amount` and `currency` of a fixed one, `rate_percent` of a percentage; limited to plans, to metrics or not."""

    coupon_code: str
    coupon_type: str
    frequency: str
    amount: Decimal = Decimal(0)
    currency: str | None = None
    rate_percent: Decimal = Decimal(0)
    frequency_duration: int | None = None
    is_per_invoice: bool = False
    expires_on: date | None = None
    plan_codes: frozenset[str] = frozenset()
    metric_codes: frozenset[str] = frozenset()

    @property
    def is_fixed(self) -> bool:
        return self.coupon_type == "fixed"


@dataclass(frozen=True)
class AppliedCoupon:
    """A coupon of a customer. `used_amount`, `used_periods`: opening balances, what others credited of it before.

    `position` is the row's place in its file.
    """

    applied_coupon_id: str
    coupon: Coupon
    customer_id: str
    applied_on: date
    ended_on: date | None = None
    used_amount: Decimal = Decimal(0)
    used_periods: int = 0
    position: int = 0


def read_applied_coupons(folder: Path) -> list[AppliedCoupon]:
    """All applied coupons with their coupons, in the order of their file; none where there is no file."""
    targets: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows_of(folder / "credits/coupon_targets.csv"):
        for column in ("plan_code", "metric_code"):
            if code := row.get(column):
                targets[text_in(row, "coupon_code"), column].add(code)
    coupons = {
        text_in(row, "coupon_code"): _coupon(row, targets)
        for row in rows_of(folder / "credits/coupons.csv")
    }
    return [
        AppliedCoupon(
            applied_coupon_id=text_in(row, "applied_coupon_id"),
            coupon=coupons[text_in(row, "coupon_code")],
            customer_id=text_in(row, "customer_id"),
            applied_on=day_in(row, "applied_on"),
            ended_on=date_in(row, "ended_on"),
            used_amount=decimal_in(row, "used_amount") or Decimal(0),
            used_periods=integer_in(row, "used_periods") or 0,
            position=position,
        )
        for position, row in enumerate(rows_of(folder / "credits/applied_coupons.csv"))
    ]


def _coupon(row: Row, targets: dict[tuple[str, str], set[str]]) -> Coupon:
    code = text_in(row, "coupon_code")
    return Coupon(
        coupon_code=code,
        coupon_type=text_in(row, "coupon_type"),
        frequency=text_in(row, "frequency"),
        amount=decimal_in(row, "amount") or Decimal(0),
        currency=row.get("currency"),
        rate_percent=decimal_in(row, "rate_percent") or Decimal(0),
        frequency_duration=integer_in(row, "frequency_duration"),
        is_per_invoice=flag_in(row, "is_per_invoice"),
        expires_on=date_in(row, "expires_on"),
        plan_codes=frozenset(targets[code, "plan_code"]),
        metric_codes=frozenset(targets[code, "metric_code"]),
    )
