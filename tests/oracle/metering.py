"""Which subscription and period an accepted event belongs to, or why it belongs to none.

Belongs here: the verdicts on accepted events that need the catalog (BILLING_RULES §1). Does not belong here: verdicts
on lines (see `usage`), which of several rows of one key stands (see `retractions`), quantities (see `measuring`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .aggregation.expressions import expression_value
from .aggregation.selection import text_of
from .catalog import Catalog, Charge, Metric, Subscription
from .numbers import event_value_fault, parse_number
from .periods import local_date
from .shapes import Event
from .terms import Terms, charges_on, terms_of

MATCHED = ("billed", "open", "not_charged", "before_start")


@dataclass(frozen=True)
class Value:
    """What a metric takes from an event: a number, or for unique counts a text; or the fault of what is there."""

    number: Fraction | None = None
    text: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class MeteredEvent:
    """An accepted event with its verdict; with a subscription where it is matched. `order`: its place in load order."""

    event: Event
    order: int
    verdict: str
    subscription_id: str | None = None
    value: Value = Value(fault="not_numeric")

    @property
    def is_matched(self) -> bool:
        """Source: BILLING_RULES §1 "unmatched (`no_active_subscription`, `unknown_metric`, …, `not_numeric`)"."""
        return self.verdict in MATCHED

    @property
    def is_measured(self) -> bool:
        """Whether it can count in a quantity: matched, its value without fault."""
        return self.is_matched and self.value.fault is None


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

    def judge(self, event: Event, order: int = 0) -> MeteredEvent:
        """The verdict on one event: what, who used, when, whether it is charged, whether it is a number, whether due.

        Source: BILLING_RULES §1 "at each close accepted = billed + open + not_charged + unmatched + … + before_start";
        the order is that of D-10.
        """
        metric = self._catalog.metrics.get(event.code or "")
        if metric is None:
            return MeteredEvent(event, order, "unknown_metric")
        candidates = self._candidates(event)
        active = [subscription for subscription in candidates if _is_active(subscription, event.at)]
        if len(active) > 1:
            return MeteredEvent(event, order, "ambiguous_subscription")
        if not active:
            return MeteredEvent(event, order, "no_active_subscription")
        terms = self._terms[active[0].subscription_id]
        value = event_value(event, metric)
        verdict = self._verdict_of_matched(event, metric, value, terms)
        return MeteredEvent(event, order, verdict, active[0].subscription_id, value)

    def _candidates(self, event: Event) -> list[Subscription]:
        """The subscriptions that the event may mean: with one external id, or any of a customer's.

        Source: BILLING_RULES §1 "or a customer with exactly one subscription (short form's `user_id`), else
        `ambiguous_subscription`. Matched to the subscription active at the instant": how many it has is asked for the
        same instant.
        """
        if event.external_subscription_id is not None:
            return self._by_external_id.get(event.external_subscription_id, [])
        assert event.external_customer_id is not None
        return self._by_customer.get(event.external_customer_id, [])

    def _verdict_of_matched(self, event: Event, metric: Metric, value: Value, terms: Terms) -> str:
        """Source: BILLING_RULES §1 "not_charged (plan has no charge for it)": on the event's local date."""
        if event.at < terms.billing_starts_at:
            return "before_start"
        day = local_date(event.at, terms.zone_name)
        charges = [
            charge
            for charge in charges_on(self._catalog, terms, day)
            if charge.metric_code == metric.metric_code
        ]
        if not charges:
            return "not_charged"
        if value.fault is not None:
            return value.fault
        if lacks_cents(event, charges):
            return "not_numeric"
        calendar = self._calendars.setdefault(terms.subscription.subscription_id, _Calendar(terms))
        return "billed" if calendar.due_on(event.at) <= self._through else "open"


class _Calendar:
    """The due dates of the usage of one subscription by instant, made as far as they are asked for."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._coming = terms.periods("usage")
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._due: list[date] = []

    def due_on(self, instant: datetime) -> date:
        """When the period that holds `instant` is due."""
        while not self._ends or self._ends[-1] <= instant:
            period = next(self._coming)
            starts_at, ends_at = self._terms.bounds(period)
            self._starts.append(starts_at)
            self._ends.append(ends_at)
            self._due.append(self._terms.due_on(period, "usage"))
        index = bisect_right(self._starts, instant) - 1
        assert index >= 0, f"{instant} is before the first period of {self._terms.subscription}"
        return self._due[index]


def _is_active(subscription: Subscription, instant: datetime) -> bool:
    """Source: BILLING_RULES §1 "the subscription active at the instant: started ≤ t < ended"."""
    ended_at = subscription.ended_at
    return subscription.started_at <= instant and (ended_at is None or instant < ended_at)


def lacks_cents(event: Event, charges: list[Charge]) -> bool:
    """Whether a dynamic charge asks for a price that the event does not have: it is then `not_numeric`."""
    is_dynamic = any(charge.charge_model == "dynamic" for charge in charges)
    return is_dynamic and event.precise_total_amount_cents is None


def event_value(event: Event, metric: Metric) -> Value:
    """What the metric takes from the event.

    Source: BILLING_RULES §1 "`not_numeric` where an aggregation needs a number"; a count needs none, a unique count a
    text or a number. An expression reads properties only; else a quantity in the event's own field comes before them.
    """
    if metric.aggregation_type == "count":
        return Value(number=Fraction(1))
    if metric.aggregation_type == "unique_count":
        return _counted_value(event.properties.get(metric.field_name))
    if metric.expression is not None:
        number, fault = expression_value(metric.expression, event.properties)
        return Value(number=number, fault=fault)
    if event.quantity is not None:
        return _number(event.quantity)
    return _number(parse_number(event.properties.get(metric.field_name)))


def _counted_value(value: Any) -> Value:
    is_there = isinstance(value, (bool, Decimal)) or (
        isinstance(value, str) and value.strip() != ""
    )
    return Value(text=text_of(value)) if is_there else Value(fault="not_numeric")


def _number(stated: Decimal | None) -> Value:
    if stated is None:
        return Value(fault="not_numeric")
    fault = event_value_fault(stated)
    return Value(fault=fault) if fault is not None else Value(number=Fraction(stated))
