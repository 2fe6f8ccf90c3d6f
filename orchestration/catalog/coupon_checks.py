"""What coupons must say: an amount in a currency or a rate, for how long, and for which plans or metrics.

Belongs here: checks of one coupon, of its targets, and of what a customer has at once. Does not belong here:
names of unknown coupons, plans, metrics and customers (`checks`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from orchestration.catalog.charge_rows import Tables
from orchestration.catalog.validate import Row

COUPONS = "credits/coupons.csv"
TARGETS = "credits/coupon_targets.csv"
APPLIED = "credits/applied_coupons.csv"
# The steps of int_settlement__coupon_shares.
MOST_AT_ONCE = 8


def coupon_problems(tables: Tables) -> Iterator[str]:
    """Every problem of coupons, their targets, and what customers have of them."""
    for row in tables["coupons"]:
        where = f"{COUPONS} row {row.line}: coupon '{row['coupon_code']}'"
        yield from (f"{where} {problem}" for problem in _problems(row))
    yield from _target_problems(tables)
    coupons = {row["coupon_code"]: row for row in tables["coupons"]}
    for row in tables["applied_coupons"]:
        coupon = coupons.get(row["coupon_code"])
        # What names no coupon has been told already.
        if coupon is not None:
            where = f"{APPLIED} row {row.line}: applied coupon '{row['applied_coupon_id']}'"
            yield from (f"{where} {problem}" for problem in _applied_problems(row, coupon))
    yield from _crowd_problems(tables, coupons)


def _problems(row: Row) -> Iterator[str]:
    is_fixed = row["coupon_type"] == "fixed"
    needed = ("amount", "currency") if is_fixed else ("rate_percent",)
    foreign = ("rate_percent",) if is_fixed else ("amount", "currency")
    for column in needed:
        if row[column] is None:
            yield f"is {row['coupon_type']} and has no {column}; fill it in"
    for column in foreign:
        if row[column] is not None:
            yield f"is {row['coupon_type']} and has a {column}, which nothing reads; empty it, or change coupon_type"
    if row["frequency"] == "recurring" and row["frequency_duration"] is None:
        yield "is recurring and has no frequency_duration; write for how many billing periods it is given"
    if row["frequency"] != "recurring" and row["frequency_duration"] is not None:
        yield f"is given {row['frequency']} and has a frequency_duration; empty it, or make it recurring"
    if row["frequency"] == "once" and row["is_per_invoice"]:
        yield "is given once and is_per_invoice; empty is_per_invoice, or make it recurring or forever"


def _target_problems(tables: Tables) -> Iterator[str]:
    kinds: dict[str, tuple[str, int]] = {}
    for row in tables["coupon_targets"]:
        where = f"{TARGETS} row {row.line}: a target of coupon '{row['coupon_code']}'"
        named = [column for column in ("plan_code", "metric_code") if row[column] is not None]
        if len(named) != 1:
            many = (
                "both a plan_code and a metric_code"
                if named
                else "neither a plan_code nor a metric_code"
            )
            yield f"{where} has {many}; fill in one of them"
            continue
        kind, line = kinds.setdefault(row["coupon_code"], (named[0], row.line))
        if kind != named[0]:
            yield (
                f"{where} has a {named[0]}, and row {line} a {kind}; limit a coupon to plans or to "
                "metrics, or make two of it"
            )


def _applied_problems(row: Row, coupon: Row) -> Iterator[str]:
    named = f"coupon '{coupon['coupon_code']}' (row {coupon.line} of {COUPONS})"
    if row["ended_on"] is not None and row["ended_on"] < row["applied_on"]:
        yield f"ends on {row['ended_on']}, before it is applied on {row['applied_on']}; correct one of them"
    is_amount_used = coupon["coupon_type"] == "fixed" and coupon["frequency"] == "once"
    if row["used_amount"] is not None and not is_amount_used:
        yield f"has a used_amount, and {named} is not a fixed one given once; empty it"
    if is_amount_used and (row["used_amount"] or 0) > (coupon["amount"] or 0):
        yield f"has used {row['used_amount']:f}, and {named} is over {coupon['amount']:f}; correct one of them"
    if row["used_periods"] is not None and coupon["frequency"] != "recurring":
        yield f"has used_periods, and {named} is not recurring; empty it"


def _crowd_problems(tables: Tables, coupons: dict[str, Row]) -> Iterator[str]:
    """More coupons at once than a close can apply one after the other."""
    of_customers: dict[str, list[Row]] = defaultdict(list)
    for row in tables["applied_coupons"]:
        of_customers[row["customer_id"]].append(row)
    for customer_id, rows in of_customers.items():
        for row in rows:
            day = row["applied_on"]
            at_once = [
                one for one in rows if one["applied_on"] <= day and _is_open(one, coupons, day)
            ]
            if len(at_once) > MOST_AT_ONCE:
                yield (
                    f"{APPLIED} row {row.line}: on {day} customer '{customer_id}' has {len(at_once)} coupons "
                    f"at once, and at most {MOST_AT_ONCE} are applied; write an ended_on for those that are used up"
                )
                break


def _is_open(row: Row, coupons: dict[str, Row], day: object) -> bool:
    coupon = coupons.get(row["coupon_code"])
    ends = [row["ended_on"], coupon["expires_on"] if coupon is not None else None]
    return all(end is None or end > day for end in ends)
