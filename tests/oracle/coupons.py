"""Coupons: which of a customer's are in force, what each credits of an invoice, and how that is spread over its lines.

Belongs here: BILLING_RULES §5 "Coupons". Does not belong here: reading them (see `coupon_rows`), the tax of what is
left (see `settlement`), what credit notes give back of discounted lines (see `credit_notes`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

from .coupon_rows import AppliedCoupon, Coupon
from .lines import InvoiceLine
from .numbers import floor_to_scale, minor_unit, round_half_away

# One-off invoices carry tax, no coupon.
INVOICE_TYPES = ("subscription", "progressive")
# What a coupon's credit counts against: all of it, a billing period (its first day), or an invoice.
Slot = str | date | tuple[date, str, str, str]
ONCE = "once"


@dataclass(frozen=True)
class CouponUse:
    """What a coupon credits of an invoice, and the exact share of each of the invoice's lines."""

    applied_coupon_id: str
    coupon_code: str
    slot: Slot
    amount: Decimal
    shares: tuple[Fraction, ...]


class CouponBook:
    """What invoices have used of each applied coupon, by slot."""

    def __init__(self) -> None:
        self._used: dict[str, dict[Slot, Fraction]] = defaultdict(dict)

    def left_of(self, applied: AppliedCoupon, slot: Slot) -> Fraction | None:
        """The money that a fixed coupon may still credit in a slot; of a percentage None, or 0 where it has ended.

        Source: BILLING_RULES §5 "once: until used up; recurring/forever: full amount once per billing period". A slot
        that nothing was credited of is not used: of a recurring coupon there are as many as its duration says.
        """
        coupon, used = applied.coupon, self._used[applied.applied_coupon_id]
        if coupon.frequency == "once":
            if not coupon.is_fixed:
                return Fraction(0) if used else None
            spent = sum(used.values(), Fraction(0)) + Fraction(applied.used_amount)
            return max(Fraction(coupon.amount) - spent, Fraction(0))
        if coupon.frequency == "recurring" and slot not in used:
            assert coupon.frequency_duration is not None
            if len(used) + applied.used_periods >= coupon.frequency_duration:
                return Fraction(0)
        return Fraction(coupon.amount) - used.get(slot, Fraction(0)) if coupon.is_fixed else None

    def use(self, applied_coupon_id: str, slot: Slot, amount: Decimal) -> None:
        own = self._used[applied_coupon_id]
        own[slot] = own.get(slot, Fraction(0)) + Fraction(amount)


@dataclass(frozen=True)
class CouponScene:
    """What coupons see of an invoice: its lines before tax and the plan of each subscription.

    `key`: close date, customer, currency, type.
    """

    key: tuple[date, str, str, str]
    lines: Sequence[InvoiceLine]
    plans: Mapping[str, str]

    @property
    def currency(self) -> str:
        return self.key[2]

    def is_eligible(self, coupon: Coupon, line: InvoiceLine) -> bool:
        """Source: BILLING_RULES §5 "metric-limited …, plan-limited (all fees of that plan's subscriptions), then any".

        A line below 0 counts as any other: it lowers what is left to credit.
        """
        if coupon.metric_codes:
            return line.metric_code in coupon.metric_codes
        if coupon.plan_codes:
            return self.plans.get(line.subscription_id) in coupon.plan_codes
        return True

    def slot_of(self, coupon: Coupon) -> Slot:
        """Where a credit counts. The billing period of an invoice is the latest one of its fees."""
        if coupon.frequency == "once":
            return ONCE
        if coupon.is_per_invoice:
            return self.key
        starts = [line.period_start for line in self.lines if line.period_start is not None]
        return max(starts)


def in_force(applied: Iterable[AppliedCoupon], customer_id: str, day: date) -> list[AppliedCoupon]:
    """The coupons of a customer on a billing date, in the order in which they credit.

    Source: BILLING_RULES §5 "metric-limited first, then plan-limited …, then any; then by creation", "Valid if applied
    ≤ billing date < expiry".
    """
    own = [
        one
        for one in applied
        if one.customer_id == customer_id
        and one.applied_on <= day
        and all(end is None or day < end for end in (one.coupon.expires_on, one.ended_on))
    ]
    return sorted(own, key=lambda one: (_rank(one.coupon), one.applied_on, one.position))


def _rank(coupon: Coupon) -> int:
    if coupon.metric_codes:
        return 0
    return 1 if coupon.plan_codes else 2


def use_coupons(
    applied: Iterable[AppliedCoupon], scene: CouponScene, book: CouponBook
) -> list[CouponUse]:
    """What the coupons of an invoice's customer credit of it, one after another; it is in the book afterwards.

    Source: BILLING_RULES §5 "Base: the running subtotal of eligible lines; spread pro rata. A credit of 0 uses
    nothing", "one-off invoices carry tax, no coupon".
    """
    close_date, customer_id, currency, invoice_type = scene.key
    if invoice_type not in INVOICE_TYPES:
        return []
    left = [Fraction(line.amount) for line in scene.lines]
    uses = []
    for one in in_force(applied, customer_id, close_date):
        if one.coupon.is_fixed and one.coupon.currency != currency:
            continue
        base = [
            amount if scene.is_eligible(one.coupon, line) else Fraction(0)
            for line, amount in zip(scene.lines, left, strict=True)
        ]
        whole = sum(base, Fraction(0))
        if whole <= 0:
            continue
        slot = scene.slot_of(one.coupon)
        amount = credit_of(one.coupon, whole, book.left_of(one, slot), scale=minor_unit(currency))
        if amount > 0:
            shares = shares_of(amount, base)
            left = [was - share for was, share in zip(left, shares, strict=True)]
            book.use(one.applied_coupon_id, slot, amount)
            uses.append(
                CouponUse(one.applied_coupon_id, one.coupon.coupon_code, slot, amount, shares)
            )
    return uses


def credit_of(coupon: Coupon, base: Fraction, left: Fraction | None, *, scale: int) -> Decimal:
    """What a coupon credits of a base above 0: money, no more than the base has whole minor units.

    `left`: see `CouponBook.left_of`. Source: BILLING_RULES §0, rounding 3 "a percentage coupon's credit, once".

    >>> tenth = Coupon("tenth", "percentage", "forever", rate_percent=Decimal(10))
    >>> credit_of(tenth, Fraction(105, 100), None, scale=2)
    Decimal('0.11')
    """
    most = floor_to_scale(base, scale)
    if left is not None:
        return min(floor_to_scale(left, scale), most)
    return min(round_half_away(base * Fraction(coupon.rate_percent) / 100, scale), most)


def shares_of(amount: Decimal, base: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """An amount spread in proportion to what is left of each line; a line below 0 has a share below 0.

    >>> [str(share) for share in shares_of(Decimal(6), [Fraction(200), Fraction(100)])]
    ['4', '2']
    """
    ratio = Fraction(amount) / sum(base, Fraction(0))
    return tuple(one * ratio for one in base)


def shown_shares(shares: Sequence[Fraction], *, scale: int) -> list[Decimal]:
    """Shares in minor units, rounded in turn, so that they add up to the rounded whole.

    Source: BILLING_RULES §0 "Splits … add up to the whole: remainders are allotted in line order".

    >>> [str(share) for share in shown_shares([Fraction(1, 3)] * 3, scale=2)]
    ['0.33', '0.34', '0.33']
    """
    sums = [round_half_away(one, scale) for one in accumulate(shares, initial=Fraction(0))]
    return [
        round_half_away(Fraction(after) - Fraction(before), scale)
        for before, after in pairwise(sums)
    ]
