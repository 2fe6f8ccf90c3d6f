"""Keys that cases about the life of a subscription share, and the calendar that places them.

Belongs here: plans, starts and ends as cases state them. Does not belong here: which life they make (`translate_…`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.periods import whole_period

from .case_periods import instant_of
from .life_credits import Coupon, take_coupons
from .lives import PlanTerms, Signed
from .prices import in_units
from .reading import Keys, UnsupportedCase
from .trials import DAY, first_instant, local_date

MICROSECOND = timedelta(microseconds=1)
_INTERVALS = ("weekly", "monthly", "quarterly", "semiannual", "yearly")
# What only some kinds of cases can have.
_ELSEWHERE = ("coupon_amount_cents", "existing_credit_note_item_cents")


@dataclass(frozen=True)
class Billing:
    """How a case's subscription is billed. `anchor`: the local date from which anniversaries count."""

    interval: str
    billing_time: str
    timezone: str
    currency: str
    tax_rate_percent: Decimal | None
    coupons: tuple[Coupon, ...] = ()

    def whole(self, day: date, anchor: date) -> tuple[date, date]:
        """The whole period around a day, by the oracle's calendar."""
        origin = anchor if self.billing_time == "anniversary" else None
        return whole_period(self.interval, max(day, anchor), origin)

    def date_of(self, instant: datetime) -> date:
        return local_date(instant, self.timezone)

    def first_instant(self, day: date) -> datetime:
        return first_instant(day, self.timezone)

    def life(self) -> dict[str, Any]:
        """What a life takes of it."""
        return {
            "billing_time": self.billing_time,
            "timezone": self.timezone,
            "currency": self.currency,
            "tax_rate_percent": self.tax_rate_percent,
            "coupons": self.coupons,
        }


def take_billing(keys: Keys) -> Billing:
    """Take interval, billing time, zone, currency, tax and coupons."""
    interval = keys.text("interval", "monthly") or "monthly"
    billing_time = keys.text("billing_time", "calendar") or "calendar"
    if interval not in _INTERVALS:
        raise UnsupportedCase(f"{keys.where}: interval {interval!r} is unknown")
    if billing_time not in ("calendar", "anniversary"):
        raise UnsupportedCase(f"{keys.where}: billing time {billing_time!r} is unknown")
    currency = keys.text("currency", "EUR") or "EUR"
    return Billing(
        interval=interval,
        billing_time=billing_time,
        timezone=keys.text("timezone", "UTC") or "UTC",
        currency=currency,
        tax_rate_percent=keys.number("tax_rate_percent"),
        coupons=take_coupons(keys, currency),
    )


def refuse_elsewhere(keys: Keys) -> None:
    """Refuse what cases of another kind can have; an amount of 0 is as good as none."""
    for name in _ELSEWHERE:
        if keys.take(name) not in (None, 0, "0"):
            raise UnsupportedCase(f"{keys.where}: {name!r} is not read here")


def take_plan(
    keys: Keys, billing: Billing, *, prefix: str = "plan_", is_pay_in_advance: bool = False
) -> PlanTerms:
    """Take a plan's amount, trial and commitment."""
    commitment = keys.number("commitment_amount_cents")
    return PlanTerms(
        amount=in_units(keys.number(f"{prefix}amount_cents") or Decimal(0), billing.currency),
        interval=billing.interval,
        is_pay_in_advance=keys.flag("pay_in_advance", is_pay_in_advance),
        trial_days=int(keys.number("trial_days") or 0),
        minimum_commitment=None if commitment is None else in_units(commitment, billing.currency),
    )


def take_instant(keys: Keys, *names: str) -> datetime | None:
    """The instant under the first of these keys that is there; a date is its UTC midnight. All are taken."""
    found = [
        instant_of(value, f"{keys.where}: {name!r}") for name in names if (value := keys.take(name))
    ]
    return found[0] if found else None


def needed_instant(keys: Keys, *names: str) -> datetime:
    found = take_instant(keys, *names)
    if found is None:
        raise UnsupportedCase(f"{keys.where}: key {names[0]!r} is missing")
    return found


def take_end(keys: Keys, name: str) -> datetime | None:
    """The instant after a last one: of a last second, or of a last day that is stated as a date."""
    value = keys.take(name)
    if value is None:
        return None
    if isinstance(value, str) and len(value) == len("2024-05-31"):
        return instant_of(value, f"{keys.where}: {name!r}") + DAY
    instant = instant_of(value, f"{keys.where}: {name!r}")
    return (
        instant.replace(microsecond=0) + timedelta(seconds=1) if instant.second == 59 else instant
    )


def take_termination(keys: Keys, billing: Billing, name: str = "terminated_at") -> datetime | None:
    """The end of a subscription that is there at the instant of its termination, and not after it.

    Our `ended_at` is the first instant without it: at local midnight it leaves nothing of the day that begins there.
    """
    instant = take_instant(keys, name)
    if instant is None:
        return None
    local = instant.astimezone(ZoneInfo(billing.timezone))
    is_midnight = first_instant(local.date(), billing.timezone) == instant
    return instant + MICROSECOND if is_midnight else instant


def with_anchor(
    signed: Signed, anchored_at: datetime | None, previous_amount: Decimal = Decimal(0)
) -> tuple[Signed, ...]:
    """The subscription after an earlier one of a cheaper plan, from which its periods count.

    Of the earlier one only the last days are billed: they are not what a case looks at.
    """
    if anchored_at is None or anchored_at >= signed.started_at:
        return (signed,)
    earlier = Signed(
        plan=PlanTerms(previous_amount, signed.plan.interval),
        started_at=anchored_at,
        code="earlier",
        billing_starts_at=max(anchored_at, signed.started_at - 10 * DAY),
        known_on=signed.known_on,
    )
    return (earlier, signed)


def amounts_in_order(expected: Iterable[Decimal], got: Iterable[Decimal]) -> list[Decimal]:
    """What came out, in the order in which a case lists the same amounts; what it does not list comes last.

    Example:
        >>> amounts_in_order([Decimal(3), Decimal(2)], [Decimal(2), Decimal(4), Decimal(3)])
        [Decimal('3'), Decimal('2'), Decimal('4')]
    """
    left = sorted(got)
    found = []
    for amount in expected:
        if amount in left:
            left.remove(amount)
            found.append(amount)
    return [*found, *left]
