"""What decides the periods of a subscription, and which price rows it has on a day.

Belongs here: a subscription together with its plan, its zone and its days. Does not belong here: usage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from .catalog import Catalog, Subscription
from .fixed_charge_rows import FixedCharge
from .periods import ONE_DAY, Period, due_on, first_instant, local_date, periods_of
from .price_rows import Charge, Plan, Scoped, ScopedRow, Segment, row_in_force, segments
from .timelines import MICROSECOND

FEE_FAMILIES = ("base", "usage", "fixed", "fixed_in_advance", "commitment")


@dataclass(frozen=True)
class Terms:
    """What decides a subscription's periods: its plan's interval and timing, its zone, its first and last day.

    `anchor`: the day from which anniversary periods are counted, None for those of the calendar. `trial_end`: the first
    day of which a base fee is owed.
    """

    subscription: Subscription
    plan: Plan
    zone_name: str
    grace_days: int
    billing_starts_at: datetime
    first_day: date
    last_day: date | None
    anchor: date | None
    trial_end: date
    fee_families: tuple[str, ...]

    @property
    def currency(self) -> str:
        return self.plan.currency

    def interval(self, fee_family: str) -> str:
        """Source: BILLING_RULES §4 "Long plans may bill charges monthly"."""
        is_monthly = {
            "usage": self.plan.bills_charges_monthly,
            "fixed": self.plan.bills_fixed_charges_monthly,
            "fixed_in_advance": self.plan.bills_fixed_charges_monthly,
        }
        return "monthly" if is_monthly.get(fee_family, False) else self.plan.interval

    @property
    def days_end(self) -> date:
        """The day after the last one that counts for fees by days: a day that the next plan shares is that one's."""
        if self.last_day is None:
            return date.max
        return self.last_day if self.subscription.is_last_day_shared else self.last_day + ONE_DAY

    def periods(self, fee_family: str) -> Iterator[Period]:
        """None where the subscription ends before its billing begins."""
        if not self.subscription.is_billed:
            return iter(())
        return periods_of(
            self.interval(fee_family),
            self.first_day,
            self.last_day,
            anchor=self.anchor,
            is_last_day_shared=self.subscription.is_last_day_shared,
        )

    def is_in_advance(self, fee_family: str) -> bool:
        """Source: BILLING_RULES §4 "usage is in arrears unless the charge is pay-in-advance", "Fixed charges: … advance
        or arrears", "Minimum commitment": it is known when the period has ended.
        """
        if fee_family == "base":
            return self.plan.is_pay_in_advance
        return fee_family == "fixed_in_advance"

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
    """The terms of a subscription. A plan's interval, timing, currency and trial are the same in each of its rows.

    `billing_starts_at` takes the place of the start for everything that is billed: the period that holds it begins
    there. The last day is the local date of the last instant before the end: an end at local midnight leaves nothing of
    the day that it begins.
    Source: BILLING_RULES §4 "Billing begins at `billing_starts_at` (default: start)", "Start and end day both count",
    "Trial days count from the first start (kept across plan changes)"; decisions D-6 and D-26.
    """
    plan = catalog.plan_rows[subscription.plan_code][0]
    zone_name = catalog.timezone_of(subscription.customer_id)
    ended_at = subscription.ended_at
    first_start_at = subscription.first_started_at or subscription.started_at
    anchor = local_date(subscription.anchor_at or first_start_at, zone_name)
    return Terms(
        subscription=subscription,
        plan=plan,
        zone_name=zone_name,
        grace_days=catalog.entity_of(subscription.customer_id).grace_days,
        billing_starts_at=subscription.billing_begins_at,
        first_day=local_date(subscription.billing_begins_at, zone_name),
        last_day=None if ended_at is None else local_date(ended_at - MICROSECOND, zone_name),
        anchor=anchor if subscription.billing_time == "anniversary" else None,
        trial_end=local_date(first_start_at, zone_name) + timedelta(days=plan.trial_days),
        fee_families=_fee_families(catalog, subscription),
    )


def _fee_families(catalog: Catalog, subscription: Subscription) -> tuple[str, ...]:
    """Base and usage always; the others where a row of the plan that may hold for the subscription asks for them."""

    def concerns(row: Scoped) -> bool:
        return row.scope.subscription_id in (None, subscription.subscription_id)

    fixed = catalog.fixed_charge_rows.get(subscription.plan_code, {}).values()
    is_in_advance = {row.is_pay_in_advance for own in fixed for row in own if concerns(row)}
    plans = filter(concerns, catalog.plan_rows[subscription.plan_code])
    has = {
        "fixed": False in is_in_advance,
        "fixed_in_advance": True in is_in_advance,
        "commitment": any(row.minimum_commitment_amount for row in plans),
    }
    return tuple(family for family in FEE_FAMILIES if has.get(family, True))


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
    terms: Terms, period: Period, segment: Segment[Charge] | Segment[Plan] | Segment[FixedCharge]
) -> tuple[datetime, datetime]:
    """The UTC instants [start, end) of a segment: whole local days, within the period."""
    starts_at, ends_at = terms.bounds(period)
    if segment.start > period.start:
        starts_at = min(first_instant(terms.zone_name, segment.start), ends_at)
    if segment.end < period.end:
        ends_at = min(first_instant(terms.zone_name, segment.end), ends_at)
    return starts_at, ends_at


def through_the_end(
    period: Period, segment: Segment[ScopedRow], row_on: Callable[[date], ScopedRow | None]
) -> Segment[ScopedRow]:
    """A segment with the last day of its period, if it lacks but that: the next plan's, which counts in no fee by days.

    It is for the bounds of a line: the subscription goes on until it ends, at whatever hour.
    """
    if segment.end == period.last_billable_day + ONE_DAY < period.end:
        row = row_on(segment.end)
        if row is not None and row.scope == segment.row.scope:
            return replace(segment, end=period.end)
    return segment
