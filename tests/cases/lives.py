"""The life of a subscription before it becomes files: what a customer signs, when it is known, and when it is billed.

Belongs here: the pieces that translations fill in, and which close bills which moment of a life. Does not belong here:
the keys of a case (`translate_…`), files (`life_rows`) and what came out (`life_facts`).

A close costs seconds, and lives lie years apart. So all of them share a few closes, a day apart: the first bills the
first moment of each life, the second the second, and so on. A life's moment is a date; whatever falls due by it is
billed then, and the catalog has what was known by then. Its billing entity is its own, with as many days of grace as
lie between the moment and the close.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from .life_credits import Coupon, Place, Taxed
from .life_wallets import WalletTerms
from .trials import DAY, Charge, Metric, UsageEvent

ALWAYS = date.min


@dataclass(frozen=True)
class FixedCharge:
    """A fixed charge of a plan; `amount` per unit, in currency units. `code`: '' for one by its place."""

    add_on: str
    units: Decimal
    amount: Decimal
    is_prorated: bool
    is_pay_in_advance: bool
    code: str = ""


@dataclass(frozen=True)
class OneOffFee:
    """One unit of an add-on of its own, billed once, in currency units."""

    code: str
    amount: Decimal
    billed_on: date


@dataclass(frozen=True)
class Threshold:
    """A usage threshold of a plan, in currency units; `known_on`: only at this moment, None: always."""

    amount: Decimal
    is_recurring: bool = False
    known_on: date | None = None


@dataclass(frozen=True)
class PlanTerms:
    """A plan with prices of its own. Amounts in currency units."""

    amount: Decimal
    interval: str = "monthly"
    is_pay_in_advance: bool = False
    trial_days: int = 0
    bills_charges_monthly: bool = False
    minimum_commitment: Decimal | None = None
    charges: tuple[Charge, ...] = ()
    fixed_charges: tuple[FixedCharge, ...] = ()
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True)
class Signed:
    """A row of subscriptions, and from when on it and its end are known.

    Those of one `external` follow each other: one that starts before the end of another is a change of its plan.
    `earlier_end`: what was taken for the end before it was known, and from when on.
    """

    plan: PlanTerms
    started_at: datetime
    code: str = "sub"
    external: str = "ext"
    billing_starts_at: datetime | None = None
    ended_at: datetime | None = None
    known_on: date = ALWAYS
    end_known_on: date = ALWAYS
    on_termination: str = ""
    lifetime_usage: Decimal | None = None
    earlier_end: tuple[datetime, date] | None = None


@dataclass(frozen=True)
class Payment:
    """What was paid of an invoice of a life, in currency units: the first, or that of a `number` from 1."""

    amount: Decimal
    known_on: date
    number: int = 1


@dataclass(frozen=True)
class Life:
    """One customer with its subscriptions, billed at each of its `moments`, which rise.

    `coupons` and `wallets` stand in the order in which the customer got them; `taxes` hold at other levels than the
    customer's one rate. `vat_country`: of the billing entity, which then charges EU VAT by `places`, one a close.
    """

    signed: tuple[Signed, ...]
    moments: tuple[date, ...]
    metrics: tuple[Metric, ...] = ()
    events: tuple[UsageEvent, ...] = ()
    payments: tuple[Payment, ...] = ()
    billing_time: str = "calendar"
    currency: str = "EUR"
    timezone: str = "UTC"
    tax_rate_percent: Decimal | None = None
    coupons: tuple[Coupon, ...] = ()
    taxes: tuple[Taxed, ...] = ()
    one_offs: tuple[OneOffFee, ...] = ()
    wallets: tuple[WalletTerms, ...] = ()
    vat_country: str = ""
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        assert self.moments, "a life without a moment is never billed"
        assert all(one < other for one, other in pairwise(self.moments)), self.moments

    def events_of(self, number: int) -> list[tuple[int, UsageEvent]]:
        """The events whose file arrives before close `number`, from 0, with their places among all."""
        return [
            (position, event)
            for position, event in enumerate(self.events)
            if number
            == next(
                (
                    place
                    for place, moment in enumerate(self.moments)
                    if event.known_on is None or event.known_on <= moment
                ),
                None,
            )
        ]

    def moment(self, number: int) -> date:
        """The moment that close `number`, from 0, bills; after the last one it stays there."""
        return self.moments[min(number, len(self.moments) - 1)]


def close_dates(lives: Iterable[Life], after: date) -> list[date]:
    """The dates on which lives are billed: after `after`, and none before a moment that it bills."""
    listed = list(lives)
    first = max([after, *(life.moments[-1] for life in listed)])
    count = max((len(life.moments) for life in listed), default=0)
    return [first + number * DAY for number in range(1, count + 1)]


def rising(moments: Iterable[date]) -> tuple[date, ...]:
    """Moments in which each is a day after the one before at least.

    Example:
        >>> [str(one) for one in rising([date(2024, 3, 12), date(2024, 3, 12)])]
        ['2024-03-12', '2024-03-13']
    """
    found: list[date] = []
    for moment in moments:
        found.append(max(moment, found[-1] + DAY) if found else moment)
    return tuple(found)
