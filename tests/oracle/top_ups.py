"""What a top-up rule sells and gives, from the ongoing balance that it finds.

Belongs here: the arithmetic of one rule, in fractions. Does not belong here: which rules a close looks at, and what an
ongoing balance is made of. Source: BILLING_RULES §5, "Top-ups: threshold or interval; fixed: the smallest multiple of
the amount strictly above the gap; target: target − ongoing balance, at least the wallet's minimum unless granted free",
and §0, rounding 6 "wallet credits: floored to 5 decimals; money rounded; a purchase re-derives its credits from the
rounded money".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from tests.oracle.numbers import floor_to_scale, minor_unit, round_half_away

CREDIT_SCALE = 5


@dataclass(frozen=True)
class TopUpRule:
    """A rule, in credits; the limits of what it sells are money. `threshold`: None of a rule by dates."""

    currency: str
    rate: Decimal = Decimal(1)
    threshold: Decimal | None = None
    paid_credits: Decimal = Decimal(0)
    granted_credits: Decimal = Decimal(0)
    target: Decimal | None = None
    is_granted: bool = False
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True)
class TopUp:
    """Credits that are sold and given, and the money that they are. `paid_exact`: before it was rounded."""

    paid_credits: Decimal = Decimal(0)
    paid_amount: Decimal = Decimal(0)
    granted_credits: Decimal = Decimal(0)
    granted_amount: Decimal = Decimal(0)
    paid_exact: Fraction = field(default=Fraction(0), compare=False)


def top_up(rule: TopUpRule, ongoing: Decimal | Fraction) -> TopUp:
    """What `rule` puts into a wallet whose ongoing balance in money is `ongoing`; nothing if it is not set off.

    Example:
        >>> gap = TopUpRule("EUR", threshold=Decimal(10), paid_credits=Decimal(50))
        >>> top_up(gap, Decimal("-429.8")).paid_amount
        Decimal('450.00')
    """
    rate = Fraction(rule.rate)
    balance = Fraction(ongoing) / rate
    if rule.threshold is not None and balance > rule.threshold:
        return TopUp()
    if rule.target is not None:
        return _to_target(rule, (Fraction(rule.target) - balance) * rate)
    times = 1
    if rule.threshold is not None:
        times = _multiple(rule, Fraction(rule.threshold) - balance)
    return _of_credits(rule, times)


def _multiple(rule: TopUpRule, gap: Fraction) -> int:
    """Counted up one by one, as the sentence says it, but for a first guess below it."""
    step = Fraction(rule.paid_credits) + Fraction(rule.granted_credits)
    times = max(int(gap / step), 1)
    while times * step <= gap:
        times += 1
    paid = Fraction(rule.paid_credits) * Fraction(rule.rate)
    if rule.most is not None and paid:
        times = max(min(times, int(Fraction(rule.most) / paid)), 1)
    return times


def _of_credits(rule: TopUpRule, times: int) -> TopUp:
    exact = times * Fraction(rule.paid_credits) * Fraction(rule.rate)
    paid = _money(rule, exact)
    given = times * rule.granted_credits
    return TopUp(
        _credits(rule, paid),
        paid,
        given,
        _money(rule, Fraction(given) * Fraction(rule.rate)),
        exact,
    )


def _to_target(rule: TopUpRule, gap: Fraction) -> TopUp:
    if gap <= 0:
        return TopUp()
    if rule.is_granted:
        given = _money(rule, gap)
        return TopUp(granted_credits=_credits(rule, given), granted_amount=given)
    if rule.least is not None and gap < rule.least:
        gap = Fraction(rule.least)
    if rule.most is not None and gap > rule.most:
        gap = Fraction(rule.most)
    paid = _money(rule, gap)
    return TopUp(_credits(rule, paid), paid, paid_exact=gap)


def _money(rule: TopUpRule, amount: Fraction) -> Decimal:
    return round_half_away(amount, minor_unit(rule.currency))


def _credits(rule: TopUpRule, amount: Decimal) -> Decimal:
    return floor_to_scale(Fraction(amount) / Fraction(rule.rate), CREDIT_SCALE)
