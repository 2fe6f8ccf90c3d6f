"""Cases of kind aggregation as trials: events with their instants, in a stated period.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: which periods
usage can make (`case_periods`), prices, and what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from .case_periods import CasePeriod, case_period, instant_of
from .case_usage import case_usage
from .comparing import read_compare
from .facts import Facts, Point, total
from .prices import prices_of, property_text, property_values
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_charge_models import amount_cents, fee_lines
from .trials import (
    Charge,
    Metric,
    PriceFilter,
    Reader,
    Span,
    Translation,
    Trial,
    UsageEvent,
)

Outcome = Mapping[str, Facts]
MATCHING = "matching"
_PERCENTAGE_KEYS = ("free_units_per_events", "free_units_per_total_aggregation")


@dataclass(frozen=True)
class _Stated:
    """The events of a case with the period they fall into."""

    events: tuple[UsageEvent, ...]
    period: CasePeriod


def translate_aggregation(case: Case) -> Translation:
    """A case of kind aggregation as one customer with one charge."""
    keys = Keys(case.inputs, "inputs")
    is_prorated = keys.flag("prorated")
    metric = Metric(
        aggregation=keys.text("aggregation", "sum") or "sum",
        is_recurring=keys.flag("recurring"),
        rounding_function=keys.text("rounding_function"),
        rounding_precision=_whole(keys.number("rounding_precision")),
    )
    compare = read_compare(keys.text("compare"))
    charge = replace(
        _charge(keys), is_pay_in_advance=keys.flag("pay_in_advance"), is_prorated=is_prorated
    )
    stated = _stated_events(keys, metric)
    trial = Trial(
        span=stated.period.span,
        metrics=(metric,),
        charges=(charge,),
        events=stated.events,
        started_at=stated.period.started_at,
        currency=keys.text("currency", "EUR") or "EUR",
        tax_rate_percent=keys.number("tax_rate_percent"),
        given=stated.period.given,
        billing_time=stated.period.billing_time,
    )
    # That the usage is looked at before the period ends changes nothing in what it adds up to.
    keys.flag("current_usage")
    keys.refuse_rest()
    readers = {name: _reader(name, trial) for name in case.expected}
    return Translation({"": trial}, readers, compare)


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value)


def _charge(keys: Keys) -> Charge:
    """The charge, at 1 per unit where the case states no price, with its filter and groups."""
    model, stated = keys.text("charge_model"), keys
    if "charge" in keys:
        stated = Keys(keys.take("charge"), "inputs: charge")
        model = stated.text("model") or model
    if model is None:
        model = "percentage" if any(name in keys for name in _PERCENTAGE_KEYS) else "standard"
    default = {"standard": {"amount": "1"}, "percentage": {"rate": "1"}}.get(model, {})
    if stated is keys and not any(name in keys for name in default):
        taken = {name: keys.take(name) for name in _PERCENTAGE_KEYS}
        prices = prices_of(model, Keys({**default, **taken}, "inputs"))
    else:
        prices = prices_of(model, stated)
    if stated is not keys:
        stated.refuse_rest()
    filters = ()
    if "matching_filters" in keys:
        values = Keys(keys.take("matching_filters"), "inputs: matching_filters").rest()
        texts = {name: property_values(value) for name, value in values.items()}
        filters = (PriceFilter(MATCHING, texts, prices),)
    groups = tuple(property_text(name) for name in keys.take("presentation_by", []))
    return Charge(model=model, prices=prices, filters=filters, group_keys=groups)


def _stated_events(keys: Keys, metric: Metric) -> _Stated:
    """The events at their instants; `units` alone are one event of a month without a date."""
    if "events" not in keys and "period" not in keys:
        usage = case_usage(keys, "standard", is_prorated=False)
        return _Stated(usage.events, CasePeriod(usage.span, usage.span.starts_at))
    events = [_event(one, metric) for one in keys.objects("events")]
    events = sorted(events, key=lambda event: event.at)
    period = case_period(keys, [event.at for event in events])
    if "cached" in keys:
        cached = Keys(keys.take("cached"), "inputs: cached")
        events = _cached_events(cached, metric, events, period.span)
    # Events of one instant keep the file's order, which is the load order that decides between them.
    return _Stated(tuple(events), period)


def _event(event: Keys, metric: Metric) -> UsageEvent:
    at = instant_of(event.take("ts"), event.where)
    properties: dict[str, str] = {}
    if metric.aggregation == "unique_count":
        value = event.take("unique_id")
        if value is None:
            raise UnsupportedCase(f"{event.where}: key 'unique_id' is missing")
        properties["unique_id"] = property_text(value)
        operation = event.text("op")
        if operation is not None:
            properties["operation_type"] = operation
    elif metric.aggregation != "count":
        properties["value"] = plain(event.needed("value"))
    cents = event.number("precise_total_amount_cents")
    rest = {name: property_text(value) for name, value in event.rest().items()}
    return UsageEvent(at, {**properties, **rest}, None if cents is None else plain(cents))


def _cached_events(
    cached: Keys, metric: Metric, events: Sequence[UsageEvent], span: Span
) -> list[UsageEvent]:
    """The last event, after others that make the state `current`, reached over the high-water mark `max`."""
    current, highest = cached.needed("current"), cached.needed("max")
    cached.refuse_rest()
    if not events or highest < current or current < 0:
        raise UnsupportedCase("inputs: 'cached' is no state before an event")
    last = events[-1]
    if metric.aggregation == "unique_count":
        if current != int(current) or highest != int(highest):
            raise UnsupportedCase("inputs: 'cached' counts no whole values")
        names = [f"cached_{number}" for number in range(int(highest))]
        drafts = [{"unique_id": name, "operation_type": "add"} for name in names]
        drafts += [
            {"unique_id": name, "operation_type": "remove"} for name in names[int(current) :]
        ]
    elif metric.aggregation == "sum":
        steps = [highest, current - highest]
        drafts = [{"value": plain(value)} for value in steps if value != 0]
    else:
        raise UnsupportedCase(f"inputs: 'cached' with aggregation {metric.aggregation!r}")
    first = span.starts_at
    if first + timedelta(seconds=len(drafts)) > last.at:
        raise UnsupportedCase("inputs: 'cached' before an event at the period's very start")
    made = [
        UsageEvent(first + timedelta(seconds=position), draft)
        for position, draft in enumerate(drafts)
    ]
    return [*made, last]


# Readers.


def _selected(facts: Facts, charge: Charge) -> list[Point]:
    """The last points that the case looks at: those of its filter, or of the default price."""
    return facts.last_points(MATCHING if charge.filters else None, charge.code)


def _reader(name: str, trial: Trial) -> Reader:
    """The function that reads an expected key; a key that is no known one may be a group's value."""
    charge, metric = trial.charges[0], trial.metric_of(trial.charges[0])
    readers: dict[str, Callable[[Facts], Any]] = {
        "aggregation": lambda facts: _sum_of(facts, charge, lambda point: point.quantity),
        "units": lambda facts: _sum_of(facts, charge, lambda point: point.quantity),
        "count": lambda facts: _sum_of(facts, charge, lambda point: Decimal(point.event_count)),
        "current_usage_units": lambda facts: _sum_of(facts, charge, lambda p: p.rated_quantity),
        "total_aggregated_units": lambda facts: _full_units(facts, charge, metric),
        "precise_total_amount_cents": lambda facts: _given_cents(facts, charge),
        "running_total": lambda facts: facts.running_totals,
        "amount_cents": amount_cents,
        "amount_cents_after_each_event": lambda facts: _running_cents(facts, len(trial.events)),
        "units_after_each_event": lambda facts: [p.quantity for p in facts.event_points()],
        "pay_in_advance_aggregation": lambda facts: _last_rise(facts.event_points()),
    }
    if name in readers:
        return lambda outcome: readers[name](outcome[""])
    if charge.group_keys:
        return lambda outcome: _group_quantity(_selected(outcome[""], charge), name)
    raise UnsupportedCase(f"expected: unknown key {name!r}")


def _sum_of(facts: Facts, charge: Charge, value: Callable[[Point], Decimal]) -> Decimal | None:
    return total([value(point) for point in _selected(facts, charge)])


def _full_units(facts: Facts, charge: Charge, metric: Metric) -> Decimal | None:
    """The state at the end: what the events of a weighted sum add up to, else the units themselves."""
    if metric.aggregation != "weighted_sum":
        return _sum_of(facts, charge, lambda point: point.rated_quantity)
    found = facts.event_totals.get((charge.code, MATCHING if charge.filters else None))
    return None if found is None else found[1]


def _given_cents(facts: Facts, charge: Charge) -> Decimal | None:
    amounts = [point.given_amount for point in _selected(facts, charge)]
    return total([amount.scaleb(2) for amount in amounts if amount is not None])


def _running_cents(facts: Facts, events: int) -> list[Decimal | None]:
    """What is billed after each event, from the period's start."""
    fees = [None if line is None else line.amount for line in fee_lines(facts, events)]
    return [facts.cents(amount) for amount in accumulate(fee or Decimal(0) for fee in fees)]


def _last_rise(points: Sequence[Point]) -> Decimal | None:
    """By how much the last event raised the high-water mark."""
    if not points:
        return None
    before = points[-2].rated_quantity if len(points) > 1 else Decimal(0)
    return points[-1].rated_quantity - before


def _group_quantity(points: Sequence[Point], value: str) -> Decimal | None:
    """The quantity of the group whose key has one value."""
    return total([p.quantity for p in points if list((p.group or {}).values()) == [value]])
