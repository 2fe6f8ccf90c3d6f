"""Usage thresholds of plans, usage that was billed elsewhere before, and which thresholds a rise of usage passes.

Belongs here: reading both, and the comparison of amounts. Does not belong here: how much usage there is, and what is
billed when a threshold is passed (see `progressive`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from .cells import decimal_in, flag_in, required_instant_in, rows_of, text_in


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of a plan in its currency's units: fixed ones, rising, and the step of the recurring one."""

    fixed: tuple[Decimal, ...] = ()
    step: Decimal | None = None


def read_thresholds(folder: Path) -> dict[str, Thresholds]:
    """The thresholds of each plan that has any; none where there is no file."""
    fixed: dict[str, set[Decimal]] = defaultdict(set)
    steps: dict[str, Decimal] = {}
    for row in rows_of(folder / "prices" / "usage_thresholds.csv"):
        plan_code, amount = text_in(row, "plan_code"), Decimal(text_in(row, "threshold_amount"))
        if flag_in(row, "is_recurring"):
            assert plan_code not in steps, f"{plan_code} has two recurring thresholds"
            steps[plan_code] = amount
        else:
            fixed[plan_code].add(amount)
    return {
        plan_code: Thresholds(tuple(sorted(fixed[plan_code])), steps.get(plan_code))
        for plan_code in sorted({*fixed, *steps})
    }


def read_opening_usage(folder: Path) -> dict[str, Decimal]:
    """Usage fees of each external id that were billed elsewhere: what the row of its first start says.

    Source: BILLING_RULES §4 "Opening balances (…, lifetime usage, …) are input"; it counts once for an external id.
    """
    firsts: dict[str, tuple[object, Decimal]] = {}
    for position, row in enumerate(rows_of(folder / "accounts" / "subscriptions.csv")):
        place = (required_instant_in(row, "started_at"), position)
        amount = decimal_in(row, "lifetime_usage_amount") or Decimal(0)
        external_id = text_in(row, "external_subscription_id")
        known = firsts.get(external_id)
        if known is None or place < known[0]:  # type: ignore[operator]
            firsts[external_id] = (place, amount)
    return {external_id: amount for external_id, (_, amount) in firsts.items()}


def passed_thresholds(
    thresholds: Thresholds, before: Fraction | Decimal | int, after: Fraction | Decimal | int
) -> list[Decimal]:
    """The fixed thresholds that lifetime usage passes, rising; last the step of the recurring one, if a multiple is.

    Source: BILLING_RULES §5 "fixed thresholds t on lifetime usage are passed if before < t ≤ after; one recurring step
    above the largest".

    >>> passed_thresholds(Thresholds((Decimal(10), Decimal(20)), Decimal(5)), 9, 24)
    [Decimal('10'), Decimal('20')]
    >>> passed_thresholds(Thresholds((Decimal(10), Decimal(20)), Decimal(5)), 20, 25)
    [Decimal('5')]
    """
    found = [amount for amount in thresholds.fixed if before < amount <= after]
    if thresholds.step is not None:
        top = Fraction(max(thresholds.fixed, default=Decimal(0)))
        step = Fraction(thresholds.step)
        # How many multiples above the top are reached at most; the last of them is passed, or none is.
        reached = (Fraction(after) - top) // step
        if reached >= 1 and before < top + reached * step:
            found.append(thresholds.step)
    return found
