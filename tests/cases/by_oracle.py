"""The same trials computed by the oracle's functions, as the same facts.

Belongs here: which of the oracle's functions a trial asks for. Does not belong here: a rule (tests/oracle), and the
product.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.aggregation import (
    Filter,
    aggregate,
    group_key,
    matching_filter,
    present_values,
    prorated_unique_count,
    rounded_quantity,
    sum_steps,
    unique_count,
    unique_steps,
    weighted_sum,
)
from tests.oracle.charge_models import (
    Measure,
    Prices,
    Step,
    Tier,
    charge_amount,
    first_fees,
    high_water_marks,
    running_totals,
    true_up,
)
from tests.oracle.numbers import minor_unit, round_half_away

from .facts import Facts, Line, Point
from .trials import Charge, Metric, Trial, UsageEvent, first_instant, local_date
from .trials import Prices as StatedPrices

_QUANTITY_SCALE, _UNIT_AMOUNT_SCALE, _UNROUNDED_SCALE = 9, 12, 21
_WHOLE_NUMBERS = ("free_units_per_events",)


@dataclass(frozen=True)
class _Owned:
    """An event with its position in the case and, where days are given, its share of the period."""

    position: int
    event: UsageEvent
    share: Fraction | None = None

    @property
    def value(self) -> Fraction:
        return Fraction(self.event.properties.get("value", "1"))


@dataclass(frozen=True)
class _Measured:
    """The state through an instant: quantity as displayed, full units, and what is priced."""

    quantity: Fraction
    full_units: Fraction
    measure: Measure
    amount: Fraction = Fraction(0)


@dataclass
class _Collected:
    points: list[Point] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def facts_by_oracle(trial: Trial) -> Facts:
    """What the oracle makes of a trial."""
    found = _Collected()
    scale = minor_unit(trial.currency)
    totals: dict[tuple[str, str | None], tuple[int, Decimal]] = {}
    running: list[Decimal] = []
    for charge in trial.charges:
        parts = _parts(trial, charge)
        for (filter_code, key), events in parts.items():
            one = _Part(trial, charge, filter_code, key, events)
            one.add_to(found, scale)
            total = sum((owned.value for owned in events), Fraction(0))
            totals[(charge.code, filter_code)] = (len(events), _decimal(total, _QUANTITY_SCALE))
            running = running or one.running_totals()
        _add_true_up(found, trial, charge, scale)
    fees = sum((Fraction(line.amount) for line in found.lines), Fraction(0))
    tax = round_half_away(fees * Fraction(trial.tax_rate_percent or 0) / 100, scale)
    return Facts(
        points=found.points,
        lines=found.lines,
        minor_unit=scale,
        total_amount=round_half_away(fees, scale) + tax,
        tax_amount=tax,
        event_totals=totals,
        running_totals=running,
    )


def _parts(trial: Trial, charge: Charge) -> dict[tuple[str | None, str | None], list[_Owned]]:
    """The events of each filter and group in time order; each filter is there, a group only if it occurs."""
    filters = [
        Filter(one.code, {name: frozenset(values) for name, values in one.values.items()})
        for one in charge.filters
    ]
    codes = [None, *(one.filter_code for one in filters)]
    found: dict[tuple[str | None, str | None], list[_Owned]] = {}
    if not charge.group_keys:
        found = {(code, None): [] for code in codes}
    for owned in _events_in_time(trial, trial.metric_of(charge)):
        match = matching_filter(filters, owned.event.properties)
        key = group_key(charge.group_keys, owned.event.properties)
        found.setdefault((match.filter_code if match else None, key), []).append(owned)
    return found


def _events_in_time(trial: Trial, metric: Metric) -> list[_Owned]:
    given = trial.given
    shares: list[Fraction | None] = [None] * len(trial.events)
    if given and given.period_days:
        shares = [Fraction(days, given.period_days) for days in given.days_left]
    numbered = [
        _Owned(position, event, share)
        for position, (event, share) in enumerate(zip(trial.events, shares, strict=True))
        if event.at < trial.span.ends_at
        and (metric.is_recurring or trial.span.starts_at <= event.at)
    ]
    return sorted(numbered, key=lambda owned: owned.event.at)


class _Part:
    """One filter and group of a charge, with its events in time order."""

    def __init__(
        self,
        trial: Trial,
        charge: Charge,
        filter_code: str | None,
        key: str | None,
        events: Sequence[_Owned],
    ) -> None:
        own = next((one for one in charge.filters if one.code == filter_code), None)
        self._trial = trial
        self._charge = charge
        self._metric = trial.metric_of(charge)
        self._prices = _prices(own.prices if own else charge.prices)
        self._filter_code = filter_code
        self._group = None if key is None else json.loads(key)
        self._events = events

    def add_to(self, found: _Collected, scale: int) -> None:
        if self._charge.is_pay_in_advance:
            self._add_advance(found, scale)
            return
        state = self._state(self._events)
        self._add_point(found, 1, state, len(self._events), None)
        self._add_line(found, state.quantity, state.full_units, state.amount, scale)

    def running_totals(self) -> list[Decimal]:
        """The running totals that free units look at, for a percentage."""
        totals = running_totals(
            [owned.value for owned in self._events],
            free_count=self._prices.free_units_per_events,
            free_total=self._prices.free_units_per_total_aggregation,
        )
        return [_decimal(total, _QUANTITY_SCALE) for total in totals]

    def _add_advance(self, found: _Collected, scale: int) -> None:
        """A point and a line per event of the period; the state before it begins is billed elsewhere."""
        before = [one for one in self._events if one.event.at < self._trial.span.starts_at]
        states, owners = [], []
        if self._metric.is_recurring:
            self._add_point(found, 0, self._state(before), len(before), None)
        for count in range(len(before) + 1, len(self._events) + 1):
            states.append(self._state(self._events[:count]))
            owners.append(self._events[count - 1])
        start = self._state(before)
        marks = high_water_marks((one.full_units for one in states), start=start.full_units)
        amounts = self._advance_amounts(states, marks, owners, start)
        fees = first_fees(amounts, scale=scale)
        previous = start.full_units
        for number, (state, mark, owner, amount, fee) in enumerate(
            zip(states, marks, owners, amounts, fees, strict=True), start=1
        ):
            shown = _Measured(state.full_units, mark, state.measure)
            self._add_point(found, number, shown, number, owner.position)
            rise = max(state.full_units - previous, Fraction(0))
            previous = state.full_units
            self._add_line(found, rise, rise, amount, scale, owner.position, fee)

    def _advance_amounts(
        self,
        states: Sequence[_Measured],
        marks: Sequence[Fraction],
        owners: Sequence[_Owned],
        start: _Measured,
    ) -> list[Fraction]:
        """A(high-water mark) after each event; prorated, what an event adds counts from its day."""
        amounts, prorated, before, steps = [], Fraction(0), start.full_units, list[Step]()
        for state, mark, owner in zip(states, marks, owners, strict=True):
            steps.append(Step(mark - before, self._share(owner)))
            prorated += steps[-1].prorated_units
            before = mark
            measure = Measure(
                units=mark,
                quantity=state.full_units,
                prorated_units=prorated if self._charge.is_prorated else None,
                steps=tuple(steps),
                values=state.measure.values,
                cents=state.measure.cents,
            )
            amounts.append(charge_amount(self._charge.model, self._prices, measure))
        return amounts

    def _state(self, events: Sequence[_Owned]) -> _Measured:
        """The aggregate of these events, and its amount."""
        given = self._trial.given
        if given and self._charge.code in given.amounts:
            units, amount = given.amounts[self._charge.code]
            return _Measured(
                Fraction(units), Fraction(units), Measure(Fraction(units)), Fraction(amount)
            )
        units = self._rounded(self._units(events))
        steps = self._steps(events) if self._charge.is_prorated else ()
        prorated = None
        if self._charge.is_prorated:
            prorated = self._rounded(self._prorated_units(events, steps))
        in_period = [one for one in events if one.event.at >= self._trial.span.starts_at]
        measure = Measure(
            units=units,
            prorated_units=prorated,
            steps=tuple(steps),
            values=tuple(one.value for one in in_period),
            cents=tuple(Decimal(one.event.precise_cents or 0) for one in in_period),
            custom_events=tuple((one.value, one.event.properties) for one in in_period),
        )
        amount = charge_amount(self._charge.model, self._prices, measure)
        return _Measured(units if prorated is None else prorated, units, measure, amount)

    def _rounded(self, units: Fraction) -> Fraction:
        metric = self._metric
        return rounded_quantity(units, metric.rounding_function, metric.rounding_precision or 0)

    def _units(self, events: Sequence[_Owned]) -> Fraction:
        span = self._trial.span
        if self._metric.aggregation == "unique_count":
            return unique_count(_change(one) for one in events)
        if self._metric.aggregation != "weighted_sum":
            return aggregate(self._metric.aggregation, [one.value for one in events])
        before = [one.value for one in events if one.event.at < span.starts_at]
        return weighted_sum(
            [(one.event.at, one.value) for one in events if one.event.at >= span.starts_at],
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            whole_period=(
                first_instant(span.whole_start, span.timezone),
                first_instant(span.whole_end, span.timezone),
            ),
            carried_over=sum(before, Fraction(0)),
        )

    # Proration.

    def _share(self, owned: _Owned) -> Fraction:
        """The share of the whole period for which an event counts."""
        if owned.share is not None:
            return owned.share
        span = self._trial.span
        last = local_date(span.ends_at - timedelta(microseconds=1), span.timezone)
        days = (last - local_date(owned.event.at, span.timezone)).days + 1
        return Fraction(days, (span.whole_end - span.whole_start).days)

    def _steps(self, events: Sequence[_Owned]) -> list[Step]:
        before = [one for one in events if one.event.at < self._trial.span.starts_at]
        inside = [one for one in events if one.event.at >= self._trial.span.starts_at]
        if self._metric.aggregation == "unique_count":
            return unique_steps(
                self._dated_changes(inside),
                present=present_values(_change(one) for one in before),
                **self._bounds(),
            )
        carried_over = sum((one.value for one in before), Fraction(0))
        first = sum_steps([], carried_over=carried_over, **self._bounds())
        return [*first, *(Step(one.value, self._share(one)) for one in inside)]

    def _prorated_units(self, events: Sequence[_Owned], steps: Sequence[Step]) -> Fraction:
        if self._metric.aggregation != "unique_count":
            return sum((step.prorated_units for step in steps), Fraction(0))
        before = [one for one in events if one.event.at < self._trial.span.starts_at]
        inside = [one for one in events if one.event.at >= self._trial.span.starts_at]
        present = present_values(_change(one) for one in before)
        return prorated_unique_count(self._dated_changes(inside), present=present, **self._bounds())

    def _dated_changes(self, events: Sequence[_Owned]) -> list[tuple[Any, str, str]]:
        zone = self._trial.span.timezone
        return [(local_date(one.event.at, zone), *_change(one)) for one in events]

    def _last_day(self) -> Any:
        span = self._trial.span
        return local_date(span.ends_at - timedelta(microseconds=1), span.timezone)

    def _bounds(self) -> dict[str, Any]:
        span = self._trial.span
        return {
            "first_day": local_date(span.starts_at, span.timezone),
            "last_day": self._last_day(),
            "period_days": (span.whole_end - span.whole_start).days,
        }

    # Rows.

    def _add_point(
        self,
        found: _Collected,
        number: int,
        state: _Measured,
        count: int,
        position: int | None,
    ) -> None:
        cents = sum(map(Fraction, state.measure.cents), Fraction(0))
        found.points.append(
            Point(
                charge_code=self._charge.code,
                filter_code=self._filter_code,
                group=self._group,
                point_number=number,
                quantity=_decimal(state.quantity, _QUANTITY_SCALE),
                rated_quantity=_decimal(state.full_units, _QUANTITY_SCALE),
                event_count=count,
                given_amount=_decimal(cents / 100, _UNROUNDED_SCALE),
                event_position=position,
            )
        )

    def _add_line(
        self,
        found: _Collected,
        quantity: Fraction,
        full_units: Fraction,
        amount: Fraction,
        scale: int,
        position: int | None = None,
        fee: Decimal | None = None,
    ) -> None:
        unit_amount = amount / full_units if full_units else Fraction(0)
        found.lines.append(
            Line(
                charge_code=self._charge.code,
                filter_code=self._filter_code,
                group=self._group,
                fee_type="charge",
                quantity=_decimal(quantity, _QUANTITY_SCALE),
                unit_amount=_decimal(unit_amount, _UNIT_AMOUNT_SCALE),
                amount_unrounded=_decimal(amount, _UNROUNDED_SCALE),
                amount=round_half_away(amount, scale) if fee is None else fee,
                event_position=position,
            )
        )


def _add_true_up(found: _Collected, trial: Trial, charge: Charge, scale: int) -> None:
    if charge.minimum_amount is None:
        return
    span = trial.span
    days = (span.whole_end - local_date(span.starts_at, span.timezone)).days
    amount = true_up(
        [(charge.minimum_amount, days)],
        [line.amount for line in found.lines if line.charge_code == charge.code],
        period_days=(span.whole_end - span.whole_start).days,
    )
    if amount > 0:
        found.lines.append(
            Line(
                charge_code=charge.code,
                filter_code=None,
                group=None,
                fee_type="charge_true_up",
                quantity=Decimal(1),
                unit_amount=_decimal(amount, _UNIT_AMOUNT_SCALE),
                amount_unrounded=_decimal(amount, _UNROUNDED_SCALE),
                amount=round_half_away(amount, scale),
            )
        )


def _change(owned: _Owned) -> tuple[str, str]:
    properties = owned.event.properties
    return properties["unique_id"], properties.get("operation_type", "add")


def _decimal(value: Fraction, scale: int) -> Decimal:
    return round_half_away(value, scale)


def _prices(stated: StatedPrices) -> Prices:
    """The case's price columns as the oracle's."""
    columns: dict[str, Any] = {}
    known = {one.name for one in fields(Prices)}
    for name, text in stated.columns.items():
        if name not in known:
            raise AssertionError(f"the oracle has no price {name!r}")
        if name == "custom_properties":
            columns[name] = json.loads(text)
        else:
            columns[name] = int(text) if name in _WHOLE_NUMBERS else Decimal(text)
    tiers = tuple(
        Tier(
            Decimal(tier["up_to"]) if tier["up_to"] else None,
            **{name: Decimal(tier[name]) for name in tier if name != "up_to"},
        )
        for tier in stated.tiers
    )
    return Prices(**columns, tiers=tiers)
