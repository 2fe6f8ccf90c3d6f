"""What decides the periods of a subscription, and which price rows it has on a day.

Belongs here: a subscription together with its plan, its zone and its days. Does not belong here: usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from .catalog import Catalog, Subscription
from .periods import Period, due_on, first_instant, local_date, periods_of
from .price_rows import Charge, Plan, ScopedRow, Segment, row_in_force, segments

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Terms:
    """What decides a subscription's periods: its plan's interval and timing, its zone, its first and last day."""

    subscription: Subscription
    interval: str
    is_pay_in_advance: bool
    currency: str
    zone_name: str
    grace_days: int
    billing_starts_at: datetime
    first_day: date
    last_day: date | None

    def periods(self) -> Iterator[Period]:
        return periods_of(self.interval, self.first_day, self.last_day)

    def is_in_advance(self, fee_family: str) -> bool:
        """Source: BILLING_RULES §4 "usage is in arrears unless the charge is pay-in-advance"."""
        return fee_family == "base" and self.is_pay_in_advance

    def due_on(self, period: Period, fee_family: str) -> date:
        return due_on(
            period, is_in_advance=self.is_in_advance(fee_family), grace_days=self.grace_days
        )

    def bounds(self, period: Period) -> tuple[datetime, datetime]:
        """The UTC instants [start, end) of a period; its first and last are those of the subscription.

        Days are counted whole, usage is cut at the instant. Source: BILLING_RULES §4 "Usage splits at the instant".
        """
        starts_at = max(first_instant(self.zone_name, period.start), self.billing_starts_at)
        ends_at = first_instant(self.zone_name, period.end)
        ended_at = self.subscription.ended_at
        return starts_at, ends_at if ended_at is None else min(ends_at, ended_at)

    def row_on(self, rows: Iterable[ScopedRow], day: date) -> ScopedRow | None:
        """Of the rows of a plan or charge, the one that holds for the subscription on a local day."""
        return row_in_force(
            rows,
            day,
            subscription_id=self.subscription.subscription_id,
            billing_starts_on=self.first_day,
        )


def terms_of(catalog: Catalog, subscription: Subscription) -> Terms:
    """The terms of a subscription. A plan's interval, timing and currency are the same in each of its rows.

    `billing_starts_at` takes the place of the start for everything that is billed: the period that holds it begins
    there. The last day is the local date of the last instant before the end: an end at local midnight leaves nothing of
    the day that it begins.
    Source: BILLING_RULES §4 "Billing begins at `billing_starts_at` (default: start)", "Start and end day both count";
    decision D-6.
    """
    plan = catalog.plan_rows[subscription.plan_code][0]
    zone_name = catalog.timezone_of(subscription.customer_id)
    billing_starts_at = max(
        subscription.started_at, subscription.billing_starts_at or subscription.started_at
    )
    ended_at = subscription.ended_at
    return Terms(
        subscription=subscription,
        interval=plan.interval,
        is_pay_in_advance=plan.is_pay_in_advance,
        currency=plan.currency,
        zone_name=zone_name,
        grace_days=catalog.entity_of(subscription.customer_id).grace_days,
        billing_starts_at=billing_starts_at,
        first_day=local_date(billing_starts_at, zone_name),
        last_day=None if ended_at is None else local_date(ended_at - MICROSECOND, zone_name),
    )


def plan_on(catalog: Catalog, terms: Terms, day: date) -> Plan | None:
    """The plan row of a subscription on a local day."""
    return terms.row_on(catalog.plan_rows[terms.subscription.plan_code], day)


def charge_on(catalog: Catalog, terms: Terms, charge_code: str, day: date) -> Charge | None:
    """The row of a charge that a subscription has on a local day."""
    return terms.row_on(catalog.charge_rows[terms.subscription.plan_code][charge_code], day)


def charges_on(catalog: Catalog, terms: Terms, day: date) -> list[Charge]:
    """All charge rows that a subscription has on a local day, by charge code."""
    codes = catalog.charge_rows.get(terms.subscription.plan_code, {})
    found = (charge_on(catalog, terms, charge_code, day) for charge_code in codes)
    return [charge for charge in found if charge is not None]


def charge_segments(
    catalog: Catalog, terms: Terms, period: Period
) -> dict[str, list[Segment[Charge]]]:
    """The segments of a period, by charge code."""
    codes = catalog.charge_rows.get(terms.subscription.plan_code, {})
    return {
        charge_code: segments(
            period.start, period.end, partial(charge_on, catalog, terms, charge_code)
        )
        for charge_code in codes
    }


def segment_bounds(
    terms: Terms, period: Period, segment: Segment[Charge] | Segment[Plan]
) -> tuple[datetime, datetime]:
    """The UTC instants [start, end) of a segment: whole local days, within the period."""
    starts_at, ends_at = terms.bounds(period)
    if segment.start > period.start:
        starts_at = min(first_instant(terms.zone_name, segment.start), ends_at)
    if segment.end < period.end:
        ends_at = min(first_instant(terms.zone_name, segment.end), ends_at)
    return starts_at, ends_at
