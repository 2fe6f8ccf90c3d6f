"""Which subscription and period an accepted event belongs to, or why it belongs to none.

Belongs here: the verdicts on accepted events that need the catalog (BILLING_RULES §1). Does not belong here: verdicts
on lines (see `usage`) and quantities (see `aggregation`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from .catalog import Catalog, Charge, Metric, Plan, Subscription, in_force
from .numbers import event_value_fault, parse_number
from .periods import Period, due_on, first_instant, local_date, periods_of
from .usage import Event

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


@dataclass(frozen=True)
class MeteredEvent:
    """An accepted event with its verdict; with subscription and value where it is billed or open."""

    event: Event
    verdict: str
    subscription_id: str | None = None
    value: Fraction = Fraction(0)


def terms_of(catalog: Catalog, subscription: Subscription) -> Terms:
    """The terms of a subscription.

    `billing_starts_at` takes the place of the start for everything that is billed: the period that holds it begins
    there. The last day is the local date of the last instant before the end: an end at local midnight leaves nothing of
    the day that it begins.
    Source: BILLING_RULES §4 "Billing begins at `billing_starts_at` (default: start)", "Start and end day both count";
    decision D-6.
    """
    plan = plan_rows(catalog, subscription.plan_code)[0]
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


def plan_rows(catalog: Catalog, plan_code: str) -> list[Plan]:
    """All rows of a plan; its interval, timing and currency are the same in each."""
    return [plan for plan in catalog.plans if plan.plan_code == plan_code]


def charges_in_force(catalog: Catalog, plan_code: str, day: date) -> list[Charge]:
    """One row per charge that the plan has on `day`, by charge code."""
    rows: dict[str, list[Charge]] = defaultdict(list)
    for charge in catalog.charges:
        if charge.plan_code == plan_code:
            rows[charge.charge_code].append(charge)
    found = (in_force(rows[charge_code], day) for charge_code in sorted(rows))
    return [charge for charge in found if charge is not None]


class Meter:
    """Gives accepted events their verdicts, as known when every period due by `through` is registered."""

    def __init__(self, catalog: Catalog, through: date) -> None:
        self._catalog = catalog
        self._through = through
        self._by_external_id: dict[str, list[Subscription]] = defaultdict(list)
        self._by_customer: dict[str, list[Subscription]] = defaultdict(list)
        self._terms: dict[str, Terms] = {}
        self._calendars: dict[str, _Calendar] = {}
        for subscription in catalog.subscriptions:
            self._by_external_id[subscription.external_subscription_id].append(subscription)
            self._by_customer[subscription.customer_id].append(subscription)
            self._terms[subscription.subscription_id] = terms_of(catalog, subscription)

    def judge(self, event: Event) -> MeteredEvent:
        """The verdict on one event: who used, what, whether it is a number, whether it is charged, whether it is due.

        Source: BILLING_RULES §1 "at each close accepted = billed + open + not_charged + unmatched + … + before_start".
        """
        candidates = self._candidates(event)
        if candidates is None:
            return MeteredEvent(event, "ambiguous_subscription")
        active = [subscription for subscription in candidates if _is_active(subscription, event.at)]
        if not active:
            return MeteredEvent(event, "no_active_subscription")
        if len(active) > 1:
            return MeteredEvent(event, "ambiguous_subscription")
        metric = self._catalog.metrics.get(event.code)
        if metric is None:
            return MeteredEvent(event, "unknown_metric")
        value, fault = event_value(event, metric)
        if fault is not None:
            return MeteredEvent(event, fault)
        terms = self._terms[active[0].subscription_id]
        return MeteredEvent(
            event, self._verdict_by_period(event, terms), active[0].subscription_id, value
        )

    def _candidates(self, event: Event) -> list[Subscription] | None:
        """The subscriptions that the event may mean; None if it names a customer with several.

        Source: BILLING_RULES §1 "or a customer with exactly one subscription (short form's `user_id`), else
        `ambiguous_subscription`".
        """
        if event.external_subscription_id is not None:
            return self._by_external_id.get(event.external_subscription_id, [])
        assert event.external_customer_id is not None
        subscriptions = self._by_customer.get(event.external_customer_id, [])
        external_ids = {subscription.external_subscription_id for subscription in subscriptions}
        return subscriptions if len(external_ids) <= 1 else None

    def _verdict_by_period(self, event: Event, terms: Terms) -> str:
        if event.at < terms.billing_starts_at:
            return "before_start"
        calendar = self._calendars.setdefault(
            terms.subscription.subscription_id, _Calendar(self._catalog, terms)
        )
        period, charged_metrics = calendar.at(event.at)
        if event.code not in charged_metrics:
            return "not_charged"
        return "billed" if terms.due_on(period, "usage") <= self._through else "open"


class _Calendar:
    """The periods of one subscription by instant, made as far as they are asked for."""

    def __init__(self, catalog: Catalog, terms: Terms) -> None:
        self._catalog = catalog
        self._terms = terms
        self._coming = terms.periods()
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._periods: list[tuple[Period, frozenset[str]]] = []

    def at(self, instant: datetime) -> tuple[Period, frozenset[str]]:
        """The period that holds `instant`, with the metrics that it charges."""
        while not self._ends or self._ends[-1] <= instant:
            self._add(next(self._coming))
        index = bisect_right(self._starts, instant) - 1
        assert index >= 0, f"{instant} is before the first period of {self._terms.subscription}"
        return self._periods[index]

    def _add(self, period: Period) -> None:
        starts_at, ends_at = self._terms.bounds(period)
        charges = charges_in_force(self._catalog, self._terms.subscription.plan_code, period.start)
        self._starts.append(starts_at)
        self._ends.append(ends_at)
        self._periods.append((period, frozenset(charge.metric_code for charge in charges)))


def _is_active(subscription: Subscription, instant: datetime) -> bool:
    """Source: BILLING_RULES §1 "the subscription active at the instant: started ≤ t < ended"."""
    ended_at = subscription.ended_at
    return subscription.started_at <= instant and (ended_at is None or instant < ended_at)


def event_value(event: Event, metric: Metric) -> tuple[Fraction, str | None]:
    """The number that the metric aggregates and None, or 0 and the fault of what the event says instead.

    Source: BILLING_RULES §1 "`not_numeric` where an aggregation needs a number"; a count needs none.
    """
    if metric.aggregation_type == "count":
        return Fraction(1), None
    stated = event.quantity
    if stated is None:
        stated = parse_number(event.properties.get(metric.field_name))
    if stated is None:
        return Fraction(0), "not_numeric"
    fault = event_value_fault(stated)
    return (Fraction(0), fault) if fault is not None else (Fraction(stated), None)
