"""The usage of a charge-model case, from whichever of its keys state it, as events of one month.

Belongs here: events that add up to stated units, running totals or prorated units. Does not belong here: prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import lcm

from .comparing import rounded
from .prices import property_text
from .reading import Keys, UnsupportedCase, plain
from .trials import GivenRows, Span, UsageEvent

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Usage:
    """Events of a month, the aggregation they are counted by, and what of them no usage could make."""

    span: Span
    events: tuple[UsageEvent, ...]
    aggregation: str = "sum"
    group_keys: tuple[str, ...] = ()
    given: GivenRows | None = None


@dataclass
class Draft:
    """An event before it has its instant."""

    properties: dict[str, str] = field(default_factory=dict)
    precise_cents: str | None = None


def case_usage(keys: Keys, model: str, *, is_prorated: bool) -> Usage:
    """Take the keys that state usage.

    Raises:
        UnsupportedCase: none does, or they contradict each other.
    """
    aggregation = keys.text("aggregation")
    for name in ("event_units", "events", "usage", "groups", "event_values", "units"):
        if name not in keys:
            continue
        if name == "event_units":
            return _prorated_events(keys, aggregation or "sum")
        if name == "units" and is_prorated:
            return _prorated_units(keys, aggregation or "sum")
        drafts, found_aggregation, group_keys = _drafts(keys, name, model, aggregation)
        return Usage(Span.of_days(), spread(drafts), aggregation or found_aggregation, group_keys)
    raise UnsupportedCase("inputs: no key that states usage")


def spread(drafts: Iterable[Draft]) -> tuple[UsageEvent, ...]:
    """The events a minute apart, on the second day of the month that cases without dates use."""
    first = Span.of_days().starts_at + timedelta(days=1)
    return tuple(
        UsageEvent(first + position * MINUTE, draft.properties, draft.precise_cents)
        for position, draft in enumerate(drafts)
    )


def _drafts(
    keys: Keys, name: str, model: str, aggregation: str | None
) -> tuple[list[Draft], str, tuple[str, ...]]:
    """Events, the aggregation that they suggest, and the properties that group them."""
    if name == "events":
        events = keys.objects("events")
        is_unique = aggregation == "unique_count" or (
            aggregation is None and any("op" in event for event in events)
        )
        drafts = [_stated_event(event, is_unique=is_unique) for event in events]
        return drafts, "unique_count" if is_unique else "sum", ()
    if name in ("usage", "groups"):
        drafts = [_measured(row) for row in keys.objects(name)]
        grouped = {key for draft in drafts for key in draft.properties} - {"value"}
        return drafts, "sum", tuple(sorted(grouped)) if name == "groups" else ()
    if name == "event_values":
        values = keys.numbers("event_values")
        _check_totals(keys, values)
        return [valued(value) for value in values], "sum", ()
    return _of_units(keys, model, aggregation), "sum", ()


def _stated_event(event: Keys, *, is_unique: bool) -> Draft:
    properties = {}
    if is_unique:
        value = event.take("unique_id") or event.take("id")
        if value is None:
            raise UnsupportedCase(f"{event.where}: key 'unique_id' is missing")
        properties["unique_id"] = property_text(value)
        operation = event.text("op")
        if operation is not None:
            properties["operation_type"] = operation
    elif "value" in event:
        properties["value"] = plain(event.needed("value"))
    cents = event.number("precise_total_amount_cents")
    rest = {name: property_text(value) for name, value in event.rest().items()}
    return Draft({**properties, **rest}, None if cents is None else plain(cents))


def _measured(row: Keys) -> Draft:
    """Units, or a given amount, for a combination of properties."""
    units = row.number("units", Decimal(1))
    cents = row.number("sum_precise_total_amount_cents")
    properties = {name: property_text(value) for name, value in row.rest().items()}
    properties["value"] = plain(units or Decimal(0))
    return Draft(properties, None if cents is None else plain(cents))


def valued(value: Decimal) -> Draft:
    """An event of so many units."""
    return Draft({"value": plain(value)})


def _check_totals(keys: Keys, values: Sequence[Decimal]) -> None:
    """Units and events that are stated beside the events must be theirs; a running total follows from them."""
    units, count = keys.number("units"), keys.number("events_count")
    keys.take("running_total")
    if units is not None and units != sum(values):
        raise UnsupportedCase(f"inputs: 'units' {units} is not the sum of the events' values")
    if count is not None and count != len(values):
        raise UnsupportedCase(f"inputs: 'events_count' {count} is not their number")


def _of_units(keys: Keys, model: str, aggregation: str | None) -> list[Draft]:
    """Events that add up to `units`: as many as `events_count`, with the running total that is stated."""
    units = keys.needed("units")
    full_units = keys.number("full_units")
    if full_units not in (None, units):
        raise UnsupportedCase("inputs: 'full_units' differ from 'units' where nothing is prorated")
    cents = keys.number("sum_precise_total_amount_cents")
    if aggregation == "count":
        if units != units.to_integral_value() or units < 0:
            raise UnsupportedCase(f"inputs: {units} events cannot be counted")
        return [Draft() for _ in range(int(units))]
    if aggregation == "unique_count":
        return [Draft({"unique_id": f"id_{number}"}) for number in range(int(units))]
    if "events_count" in keys or "running_total" in keys:
        return [valued(value) for value in _values_behind(keys, units)]
    if units == 0 and cents is None:
        return []
    return [Draft({"value": plain(units)}, None if cents is None else plain(cents))]


def _values_behind(keys: Keys, units: Decimal) -> list[Decimal]:
    """Event values with the stated running total; the first event beyond it takes the rest."""
    totals = keys.numbers("running_total")
    count = int(keys.number("events_count", Decimal(len(totals) + 1)) or 0)
    values = [total - before for before, total in zip([Decimal(0), *totals], totals, strict=False)]
    rest = units - sum(values, Decimal(0))
    if count < len(totals) or (count == len(totals) and rest != 0):
        raise UnsupportedCase("inputs: no events have this 'running_total' and add up to 'units'")
    if count > len(totals):
        values += [rest, *[Decimal(0)] * (count - len(totals) - 1)]
    return values


# Prorated usage.


def _prorated_units(keys: Keys, aggregation: str) -> Usage:
    """Two events of `full_units` in sum, on such days of the month that they prorate to `units`."""
    units = keys.needed("units")
    full_units = keys.number("full_units", units) or Decimal(0)
    span = Span.of_days()
    days = (span.whole_end - span.whole_start).days
    if aggregation != "sum":
        raise UnsupportedCase(f"inputs: prorated 'units' with aggregation {aggregation!r}")
    # early × 30 ÷ 30 + late × 10 ÷ 30 = units, and early + late = full units: the division by 20 terminates.
    late_days = 10
    early = (units * days - full_units * late_days) / (days - late_days)
    late = full_units - early
    starts = (0, days - late_days)
    events = tuple(
        UsageEvent(span.starts_at + timedelta(days=day, minutes=1), {"value": plain(value)})
        for day, value in zip(starts, (early, late), strict=True)
        if value != 0
    )
    return Usage(span, events, aggregation)


def _prorated_events(keys: Keys, aggregation: str) -> Usage:
    """Events with stated units and prorated units: on days that give just these, else with given days."""
    units, prorated = keys.numbers("event_units"), keys.numbers("event_prorated_units")
    if len(units) != len(prorated):
        raise UnsupportedCase("inputs: 'event_prorated_units' do not match 'event_units'")
    if any(value == 0 for value in units):
        raise UnsupportedCase("inputs: 'event_units' of 0 have no share of their period")
    for length in (30, 31, 28, 29):
        days = _days_left(units, prorated, length)
        if days is not None:
            span = Span.of_days(length)
            events = tuple(
                UsageEvent(
                    span.starts_at + timedelta(days=length - left) + position * MINUTE,
                    {"value": plain(value)},
                )
                for position, (value, left) in enumerate(zip(units, days, strict=True))
            )
            return Usage(span, events, aggregation)
    shares = [Fraction(part) / Fraction(whole) for part, whole in zip(prorated, units, strict=True)]
    if any(not 0 < share <= 1 for share in shares):
        raise UnsupportedCase("inputs: an event's prorated units are not between 0 and its units")
    period_days = lcm(*(share.denominator for share in shares))
    given = GivenRows(
        "no days of a month give these shares in this order",
        days_left=tuple(int(share * period_days) for share in shares),
        period_days=period_days,
    )
    return Usage(Span.of_days(), spread(map(valued, units)), aggregation, given=given)


def _days_left(
    units: Sequence[Decimal], prorated: Sequence[Decimal], length: int
) -> list[int] | None:
    """Days left in a month of `length` days that prorate each event as stated, to its last digit, in this order."""
    found: list[int] = []
    for value, part in zip(units, prorated, strict=True):
        days = int(rounded(part * length / value, "round", 0))
        decimals = max(-int(part.as_tuple().exponent), 0)
        share = rounded(value * days / length, "round", decimals)
        if share != part or not 1 <= days <= (found[-1] if found else length):
            return None
        found.append(days)
    return found
