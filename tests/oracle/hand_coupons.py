"""Coupons of small companies that are written by hand.

Belongs here: what saves the tests of coupons from repeating themselves. Does not belong here: expected amounts.
"""

from __future__ import annotations

from .hand_written import Cells, Tables


def coupon(code: str, kind: str, value: str, frequency: str = "forever", **cells: str) -> Cells:
    value_cells = {"rate_percent": value}
    if kind == "fixed":
        value_cells = {"amount": value, "currency": "EUR"}
    return {
        "coupon_code": code,
        "coupon_type": kind,
        "frequency": frequency,
        **value_cells,
        **cells,
    }


def applied_row(code: str, applied_on: str = "2025-06-01", **cells: str) -> Cells:
    return {
        "applied_coupon_id": f"{code}-{applied_on}",
        "coupon_code": code,
        "customer_id": "atlas",
        "applied_on": applied_on,
        **cells,
    }


def with_coupons(*coupons: Cells, rows: list[Cells] | None = None, **more: list[Cells]) -> Tables:
    return {
        "credits/coupons": list(coupons),
        "credits/applied_coupons": rows or [applied_row(one["coupon_code"]) for one in coupons],
        **{name.replace("__", "/"): own for name, own in more.items()},
    }
