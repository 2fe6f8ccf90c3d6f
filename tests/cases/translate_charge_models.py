"""Cases of kind charge_model, and the charge true-up, as trials.

Belongs here: which keys these cases have, and where each expected value is read. Does not belong here: prices
(`prices`), usage (`case_usage`), and what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .case_usage import Usage, case_usage
from .comparing import read_compare
from .facts import Facts, Line, total
from .prices import (
    filters_of,
    in_units,
    prices_of,
    property_values,
    single_range_prices,
    with_columns,
    with_tier_prices,
)
from .reading import Case, Keys, UnsupportedCase, plain
from .translate_custom import custom_reader, custom_trial
from .trials import (
    PERIODS,
    Charge,
    Metric,
    Prices,
    Reader,
    Span,
    Translation,
    Trial,
    UsageEvent,
    first_instant,
)

Outcome = Mapping[str, Facts]


def translate_charge_model(case: Case) -> Translation:
    """A case of kind charge_model as one customer with one charge, and probes of parts of its amount."""
    keys = Keys(case.inputs, "inputs")
    model = keys.text("charge_model")
    if model is None:
        raise UnsupportedCase("inputs: key 'charge_model' is missing")
    compare = read_compare(keys.text("compare"))
    trial = custom_trial(keys) if model == "custom" else _trial(keys, model)
    trial = replace(
        trial,
        currency=keys.text("currency", "EUR") or "EUR",
        tax_rate_percent=keys.number("tax_rate_percent"),
    )
    keys.refuse_rest()
    probes = _probes(trial, case.expected)
    readers = {name: _reader(name, value, trial, probes) for name, value in case.expected.items()}
    return Translation({"": trial, **probes}, readers, compare)


def _trial(keys: Keys, model: str) -> Trial:
    """One customer with one charge of any model but custom."""
    is_prorated = keys.flag("prorated")
    prices, filters, usage = _priced_usage(keys, model, is_prorated=is_prorated)
    metric = Metric(
        aggregation=usage.aggregation, is_recurring=keys.flag("recurring") or is_prorated
    )
    if keys.take("premium") is False:
        # Without its licence Lago leaves the bounds per transaction out.
        columns = {
            name: value
            for name, value in prices.columns.items()
            if name not in ("per_transaction_min_amount", "per_transaction_max_amount")
        }
        prices = Prices(columns, prices.tiers)
    charge = Charge(
        model=model,
        prices=prices,
        filters=filters,
        group_keys=usage.group_keys,
        is_pay_in_advance=keys.flag("pay_in_advance"),
        is_prorated=is_prorated,
    )
    return Trial(
        span=usage.span,
        metrics=(metric,),
        charges=(charge,),
        events=usage.events,
        started_at=usage.span.starts_at,
        given=usage.given,
    )


def _priced_usage(
    keys: Keys, model: str, *, is_prorated: bool
) -> tuple[Prices, tuple[Any, ...], Usage]:
    """Prices and filters of the charge, and its usage; the contribution of one range has `total_units`."""
    if "single_range" in keys:
        is_adjacent = keys.flag("adjacent_model")
        one_range = Keys(keys.take("single_range"), "inputs: single_range")
        prices = single_range_prices(model, one_range, is_adjacent=is_adjacent)
        units = Keys({"units": keys.needed("total_units")}, "inputs")
        return prices, (), case_usage(units, model, is_prorated=False)
    filters = filters_of(model, keys.objects("filters"))
    prefix = (
        "default_"
        if any(f"default_{name}" in keys for name in ("amount", "rate", "ranges"))
        else ""
    )
    return (
        prices_of(model, keys, prefix),
        filters,
        case_usage(keys, model, is_prorated=is_prorated),
    )


# Probes: the same customer again with one price changed, so that its amount is the part that is asked for.

_PERCENTAGE_PROBES: dict[str, dict[str, str]] = {
    "per_unit_total_amount": {"fixed_amount": "0"},
    "fixed_fee_total_amount": {"rate": "0"},
    "paid_units": {"rate": "100", "fixed_amount": "0"},
    "paid_events": {"rate": "0", "fixed_amount": "1"},
}
_PROBE_OF_KEY = {"free_units": "paid_units", "free_events": "paid_events"}


def _probes(trial: Trial, expected: Mapping[str, Any]) -> dict[str, Trial]:
    """The probes that the expected keys need, by name."""
    charge = trial.charges[0]
    found = {}
    for key in expected:
        name = _PROBE_OF_KEY.get(key, key)
        if charge.model == "percentage" and name in _PERCENTAGE_PROBES:
            found[name] = with_columns(charge.prices, **_PERCENTAGE_PROBES[name])
        elif charge.prices.tiers and name == "per_unit_total_amount":
            found[name] = with_tier_prices(charge.prices, flat_amount="0")
        elif charge.prices.tiers and name == "range_units":
            found[name] = _unit_priced(charge)
    if found and (charge.filters or charge.group_keys or charge.is_pay_in_advance):
        raise UnsupportedCase("expected: parts of an amount, where several fees have parts")
    return {
        name: replace(trial, charges=(replace(charge, prices=prices),))
        for name, prices in found.items()
    }


def _unit_priced(charge: Charge) -> Prices:
    """The tiers of one range at 1 per unit, so that the amount is the units in it."""
    column, one = (
        ("rate", "100") if charge.model == "graduated_percentage" else ("unit_amount", "1")
    )
    tiers = []
    if all(Decimal(tier[column]) == 0 for tier in charge.prices.tiers):
        raise UnsupportedCase("expected: 'range_units' of a range whose units cost nothing")
    for tier in charge.prices.tiers:
        is_free = Decimal(tier[column]) == 0 and Decimal(tier["flat_amount"]) == 0
        tiers.append({**tier, column: "0" if is_free else one, "flat_amount": "0"})
    return Prices(charge.prices.columns, tuple(tiers))


# Readers.


def amount_unrounded(facts: Facts) -> Decimal | None:
    return total([line.amount_unrounded for line in facts.usage_lines()])


def amount_cents(facts: Facts) -> Decimal | None:
    return facts.cents(total([line.amount for line in facts.usage_lines()]))


def unit_amount(facts: Facts) -> Decimal | None:
    lines = facts.usage_lines()
    return lines[0].unit_amount if len(lines) == 1 else None


def units(facts: Facts) -> Decimal | None:
    return total([line.quantity for line in facts.usage_lines()])


def fee_lines(facts: Facts, events: int) -> list[Line | None]:
    """The line of each event of a pay-in-advance charge, in order of the events; None where there is none."""
    by_event = {line.event_position: line for line in facts.usage_lines()}
    return [by_event.get(position) for position in range(events)]


_READERS: dict[str, Callable[[Facts], Any]] = {
    "amount": amount_unrounded,
    "unit_amount": unit_amount,
    "amount_cents": amount_cents,
    "units": units,
    "total_with_flat_amount": amount_unrounded,
    "total_amount_cents": lambda facts: facts.cents(facts.total_amount),
    "taxes_amount_cents": lambda facts: facts.cents(facts.tax_amount),
    "precise_total_amount_cents": lambda facts: facts.cents(amount_unrounded(facts)),
    "events_count": lambda facts: Decimal(sum(p.event_count for p in facts.last_points())),
}


def _reader(name: str, expected: Any, trial: Trial, probes: Mapping[str, Trial]) -> Reader:
    """The function that reads an expected key."""
    if name in probes:
        return lambda outcome: amount_unrounded(outcome[name])
    if name in _PROBE_OF_KEY:
        return lambda outcome: _free_part(outcome, name)
    custom = custom_reader(name)
    if custom is not None:
        return custom
    if name in ("fee_amount_cents", "fee_units"):
        if not trial.charges[0].is_pay_in_advance:
            raise UnsupportedCase(f"expected: {name!r} of a charge that is not paid in advance")
        return lambda outcome: [
            None
            if line is None
            else (line.quantity if name == "fee_units" else outcome[""].cents(line.amount))
            for line in fee_lines(outcome[""], len(trial.events))
        ]
    if name in ("filters", "groups"):
        return _parts_reader(name, expected, trial.charges[0])
    if name not in _READERS:
        raise UnsupportedCase(f"expected: unknown key {name!r}")
    return lambda outcome: _READERS[name](outcome[""])


def _free_part(outcome: Outcome, name: str) -> Decimal | None:
    """Units or events that cost nothing: all of them but the paid ones."""
    points = outcome[""].last_points()
    paid = amount_unrounded(outcome[_PROBE_OF_KEY[name]])
    if paid is None or not points:
        return None
    point = points[0]
    return (point.quantity if name == "free_units" else Decimal(point.event_count)) - paid


def _parts_reader(name: str, entries: Any, charge: Charge) -> Reader:
    """Reads a list of filters or groups: for each entry expected, the lines that its properties name."""
    if not isinstance(entries, list):
        raise UnsupportedCase(f"expected: {name!r} is no list")
    known = set(charge.group_keys).union(*(one.values for one in charge.filters))
    parts = []
    for entry in entries:
        members = Keys(entry, f"expected: {name}").rest()
        values = {key: value for key, value in members.items() if key not in _READERS}
        for key in values:
            if key not in known:
                raise UnsupportedCase(f"expected: unknown key {key!r} in {name!r}")
        parts.append((values, [key for key in members if key in _READERS]))

    def read(outcome: Outcome) -> list[dict[str, Any]]:
        found = []
        for values, keys in parts:
            lines = [
                line
                for line in outcome[""].usage_lines()
                if _is_part(line, values, charge, is_group=name == "groups")
            ]
            facts = replace(outcome[""], lines=lines)
            found.append({**values, **{key: _READERS[key](facts) for key in keys}})
        return found

    return read


def _is_part(line: Line, values: Mapping[str, Any], charge: Charge, *, is_group: bool) -> bool:
    """Whether a line is that of the group, or of the filter, with these property values."""
    if is_group:
        return dict(line.group or {}) == {name: str(value) for name, value in values.items()}
    wanted = {name: property_values(value) for name, value in values.items()}
    codes = [one.code for one in charge.filters if dict(one.values) == wanted]
    return line.filter_code in codes if codes else (not wanted and line.filter_code is None)


# The charge true-up.


def translate_charge_true_up(case: Case) -> Translation:
    """Usage of a stated amount under a charge minimum, in a period of which the customer is there some days."""
    keys = Keys(case.inputs, "inputs")
    days = int(keys.needed("charges_duration_days"))
    own_days = int(keys.number("days_in_bounds", Decimal(days)) or 0)
    if days not in PERIODS or not 0 < own_days <= days:
        raise UnsupportedCase(
            f"inputs: {own_days} of {days} days are no part of a week, month or year"
        )
    currency = keys.text("currency", "EUR") or "EUR"
    minimum = in_units(keys.needed("charge_min_amount_cents"), currency)
    used = in_units(keys.needed("used_amount_cents"), currency)
    tax_rate = keys.number("tax_rate_percent")
    keys.refuse_rest()
    whole = Span.of_days(days)
    first = whole.whole_end - timedelta(days=own_days)
    span = replace(whole, starts_at=first_instant(first))
    charge = Charge(
        model="standard", prices=Prices({"unit_amount": plain(used)}), minimum_amount=minimum
    )
    event = UsageEvent(span.starts_at + timedelta(minutes=1), {"value": "1"})
    trial = Trial(span, (Metric(),), (charge,), (event,), span.starts_at, currency, tax_rate)
    readers = {name: _true_up_reader(name) for name in case.expected}
    return Translation({"": trial}, readers)


def _true_up_reader(name: str) -> Reader:
    if name in ("true_up_amount_cents", "amount_cents"):
        # No shortfall, no line.
        return lambda outcome: outcome[""].cents(
            total([line.amount for line in outcome[""].true_ups()]) or Decimal(0)
        )
    if name == "precise_amount_cents":
        return lambda outcome: outcome[""].cents(
            total([line.amount_unrounded for line in outcome[""].true_ups()]) or Decimal(0)
        )
    raise UnsupportedCase(f"expected: unknown key {name!r}")
