"""The quantities of a charge row: through an instant, and after each event that is paid in advance.

Belongs here: which events a filter and group have, carried-over state, and the aggregation that a metric asks for.
Does not belong here: prices (see `charge_models`) and lines (see `invoicing`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction

from .aggregation import (
    aggregate,
    group_key,
    matching_filter,
    present_values,
    prorated_unique_count,
    rounded_quantity,
    sum_steps,
    text_of,
    unique_count,
    unique_counts,
    unique_steps,
    weighted_sum,
)
from .aggregation.prorated import share_from
from .catalog import Charge, Metric
from .charge_models import Measure, Step, high_water_marks
from .metering import MeteredEvent
from .periods import Period, first_instant, local_date
from .terms import Terms

OPERATION = "operation_type"
Selection = tuple[str | None, str | None]  # filter code and group key


@dataclass(frozen=True)
class Point:
    """The measure after one event that is paid in advance; no event: the state at the period's start."""

    event: MeteredEvent | None
    at: datetime
    measure: Measure


@dataclass(frozen=True)
class PeriodUsage:
    """What a subscription's period is measured from: its own events, and all earlier ones of its external id.

    Both in time order, then load order, and of every metric.
    """

    terms: Terms
    period: Period
    history: Sequence[MeteredEvent]
    own: Sequence[MeteredEvent]

    def local_date(self, one: MeteredEvent) -> date:
        return local_date(one.event.at, self.terms.zone_name)

    @property
    def last_day(self) -> date:
        """The last day that counts; an event on a day that is another subscription's counts for no day."""
        return self.period.last_billable_day


def period_usage(terms: Terms, period: Period, events: Iterable[MeteredEvent]) -> PeriodUsage:
    """Sort the events of an external id into a period and what was before it.

    Source: BILLING_RULES §2 "`recurring` metrics have no lower time bound: state carries over"; only matched events
    count, also those before the billing start.
    """
    starts_at, ends_at = terms.bounds(period)
    in_order = sorted(
        (one for one in events if one.is_measured), key=lambda one: (one.event.at, one.order)
    )
    subscription_id = terms.subscription.subscription_id
    return PeriodUsage(
        terms=terms,
        period=period,
        history=[one for one in in_order if one.event.at < starts_at],
        own=[
            one
            for one in in_order
            if starts_at <= one.event.at < ends_at and one.subscription_id == subscription_id
        ],
    )


@dataclass(frozen=True)
class Selected:
    """The usage of one charge row under one filter and group. History is empty unless the metric is recurring."""

    charge: Charge
    metric: Metric
    usage: PeriodUsage
    history: tuple[MeteredEvent, ...]
    own: tuple[MeteredEvent, ...]

    @property
    def _numbers_before(self) -> list[Fraction]:
        return [_number(one) for one in self.history]

    @property
    def _present_before(self) -> frozenset[str]:
        return present_values(_change(one) for one in self.history)

    def is_known(self, at: datetime) -> bool:
        """Whether there is a fee before `at`: always, or of a group where its tuple has occurred."""
        has_occurred = bool(self.history) or any(one.event.at < at for one in self.own)
        return has_occurred or not self.charge.pricing_group_keys

    def through(self, until: datetime) -> Measure:
        """The measure of all events before `until`."""
        own = [one for one in self.own if one.event.at < until]
        prorated, steps = self._prorated(own) if self.charge.is_prorated else (None, ())
        measure = Measure(
            units=self._rounded(self._aggregate(own, until)),
            prorated_units=None if prorated is None else self._rounded(prorated),
            steps=tuple(steps),
        )
        return self._with_events(measure, own)

    def _rounded(self, quantity: Fraction) -> Fraction:
        return rounded_quantity(
            quantity, self.metric.rounding_function, self.metric.rounding_precision
        )

    def _aggregate(self, own: Sequence[MeteredEvent], until: datetime) -> Fraction:
        """The aggregate of history and own events, before the metric's rounding function."""
        if self.metric.aggregation_type == "unique_count":
            return unique_count(map(_change, own), self._present_before)
        if self.metric.aggregation_type == "weighted_sum":
            return self._weighted_sum(own, until)
        values = [*self._numbers_before, *map(_number, own)]
        return aggregate(self.metric.aggregation_type, values)

    def _weighted_sum(self, own: Sequence[MeteredEvent], until: datetime) -> Fraction:
        terms, period = self.usage.terms, self.usage.period
        return weighted_sum(
            [(one.event.at, _number(one)) for one in own],
            starts_at=terms.bounds(period)[0],
            ends_at=until,
            whole_period=(
                first_instant(terms.zone_name, period.whole_start),
                first_instant(terms.zone_name, period.whole_end),
            ),
            carried_over=sum(self._numbers_before, Fraction(0)),
        )

    def _prorated(self, own: Sequence[MeteredEvent]) -> tuple[Fraction, list[Step]]:
        """The prorated units of a recurring sum or unique count, and the steps of their walk."""
        period = self.usage.period
        if self.metric.aggregation_type == "sum":
            steps = sum_steps(
                [(self.usage.local_date(one), _number(one)) for one in own],
                first_day=period.start,
                last_day=self.usage.last_day,
                period_days=period.period_days,
                carried_over=sum(self._numbers_before, Fraction(0)),
            )
            return sum((step.prorated_units for step in steps), Fraction(0)), steps
        if self.metric.aggregation_type != "unique_count":
            raise ValueError(f"a prorated {self.metric.aggregation_type} has no rule")
        changes = [(self.usage.local_date(one), *_change(one)) for one in own]
        steps = unique_steps(
            changes,
            first_day=period.start,
            last_day=self.usage.last_day,
            period_days=period.period_days,
            present=self._present_before,
        )
        units = prorated_unique_count(
            changes,
            first_day=period.start,
            last_day=self.usage.last_day,
            period_days=period.period_days,
            present=self._present_before,
        )
        return units, steps

    def _with_events(self, measure: Measure, own: Sequence[MeteredEvent]) -> Measure:
        """The measure with what event-level models ask for.

        Percentages look at the period's own events. Amounts that come with the events belong to all that make up the
        quantity, history too.
        """
        together = (*self.history, *own)
        cents = (one.event.precise_total_amount_cents for one in together)
        is_custom = self.charge.charge_model == "custom"
        return replace(
            measure,
            values=tuple(self._values(own)),
            cents=tuple(one for one in cents if one is not None),
            custom_events=tuple((_number(one), _texts(one)) for one in together if is_custom),
        )

    def _values(self, own: Sequence[MeteredEvent]) -> list[Fraction]:
        """The value of each event; of a unique count, what it changed."""
        if self.metric.aggregation_type != "unique_count":
            return [_number(one) for one in own]
        before = self._present_before
        counts = [Fraction(len(before)), *unique_counts(map(_change, own), before)]
        return [after - earlier for earlier, after in itertools.pairwise(counts)]

    # Pay in advance.

    def points(self, until: datetime) -> list[Point]:
        """The measure after each event before `until`; of a recurring metric first the state at the period's start.

        A group that did not occur before the period has no state.
        The units are the high-water mark of the period. Prorated, each rise of the mark counts from its event's day on,
        and the state in full; the metric's rounding function rounds units and prorated units, no event's.
        Source: BILLING_RULES §3 "Pay in advance"; §0, rounding 1.
        """
        starts_at = self.usage.terms.bounds(self.usage.period)[0]
        own = [one for one in self.own if one.event.at < until]
        state = self._aggregate([], starts_at) if self.metric.is_recurring else Fraction(0)
        quantities = [
            self._aggregate(own[: number + 1], one.event.at) for number, one in enumerate(own)
        ]
        marks = high_water_marks([state, *quantities])
        steps = tuple(self._steps(marks, own))
        has_state = self.metric.is_recurring and self.is_known(starts_at)
        found = []
        for number, event in enumerate([None, *own]):
            if event is None and not has_state:
                continue
            prorated = sum((step.prorated_units for step in steps[: number + 1]), Fraction(0))
            measure = Measure(
                units=self._rounded(marks[number]),
                quantity=self._rounded([state, *quantities][number]),
                prorated_units=self._rounded(prorated) if self.charge.is_prorated else None,
                steps=steps[: number + 1],
            )
            measure = self._with_events(measure, own[:number])
            found.append(Point(event, event.event.at if event else starts_at, measure))
        return found

    def _steps(self, marks: Sequence[Fraction], own: Sequence[MeteredEvent]) -> Iterator[Step]:
        yield Step(marks[0], Fraction(1))
        for number, one in enumerate(own):
            share = share_from(
                self.usage.local_date(one), self.usage.last_day, self.usage.period.period_days
            )
            yield Step(marks[number + 1] - marks[number], share)


def _number(one: MeteredEvent) -> Fraction:
    assert one.value.number is not None, f"{one.event} has no number"
    return one.value.number


def _change(one: MeteredEvent) -> tuple[str, str]:
    """The counted value, and whether it was added or removed. Source: "with optional `operation_type` add/remove"."""
    assert one.value.text is not None
    is_removal = one.event.properties.get(OPERATION) == "remove"
    return one.value.text, "remove" if is_removal else "add"


def _texts(one: MeteredEvent) -> dict[str, str | None]:
    return {name: text_of(value) for name, value in one.event.properties.items()}


def selections(
    charge: Charge, metric: Metric, usage: PeriodUsage, until: datetime
) -> dict[Selection, Selected]:
    """The usage of a charge row through `until`, by filter and group.

    Source: BILLING_RULES §2 "One fee per filter plus the default's"; "one fee per distinct tuple": a filter's fee is
    there without usage too, a tuple's only where the tuple occurs.
    """
    conditions = [one.condition for one in charge.filters]
    pools: dict[Selection, tuple[list[MeteredEvent], list[MeteredEvent]]] = {}
    if not charge.pricing_group_keys:
        for condition in conditions:
            pools[condition.filter_code, None] = ([], [])
        pools[None, None] = ([], [])
    history = usage.history if metric.is_recurring else ()
    for events, place in ((history, 0), (usage.own, 1)):
        for one in events:
            if one.event.code == metric.metric_code and one.event.at < until:
                found = matching_filter(conditions, one.event.properties)
                key = (
                    found.filter_code if found else None,
                    group_key(charge.pricing_group_keys, one.event.properties),
                )
                pools.setdefault(key, ([], []))[place].append(one)
    return {
        key: Selected(charge, metric, usage, tuple(before), tuple(own))
        for key, (before, own) in pools.items()
    }
