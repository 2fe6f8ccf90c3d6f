"""Which price row is in force, by hand: corrections, overrides, phases, segments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.cells import Validity
from tests.oracle.charge_models import Prices, Tier
from tests.oracle.hand_written import Tables, charge, write_tables
from tests.oracle.price_rows import (
    Scope,
    Segment,
    add_months,
    read_charges,
    read_metrics,
    row_in_force,
    segments,
)


@dataclass(frozen=True)
class Named:
    """A row that has nothing but a name and a scope."""

    name: str
    scope: Scope


def named(
    name: str,
    *,
    valid: tuple[str, str | None] = ("2025-01-01", None),
    recorded: str = "2025-01-01",
    subscription_id: str | None = None,
    months: tuple[int | None, int | None] = (None, None),
) -> Named:
    first, last = valid
    validity = Validity(
        date.fromisoformat(first),
        None if last is None else date.fromisoformat(last),
        datetime.fromisoformat(recorded).replace(tzinfo=UTC),
    )
    return Named(name, Scope(subscription_id, *months, validity, position=0))


def in_file(*rows: Named) -> list[Named]:
    """The rows with their places."""
    return [
        replace(row, scope=replace(row.scope, position=position))
        for position, row in enumerate(rows)
    ]


def holds_on(rows: list[Named], day: str, start: str = "2025-01-31") -> str | None:
    row = row_in_force(
        rows,
        date.fromisoformat(day),
        subscription_id="s1",
        billing_starts_on=date.fromisoformat(start),
    )
    return row.name if row else None


def test_a_correction_is_the_row_recorded_last() -> None:
    rows = in_file(
        named("old", valid=("2025-01-01", "2025-06-01")),
        named("corrected", valid=("2025-06-01", None), recorded="2025-07-01"),
        named("new", valid=("2025-06-01", None)),
    )
    assert holds_on(rows, "2024-12-31") is None
    assert holds_on(rows, "2025-05-31") == "old"
    assert holds_on(rows, "2025-06-01") == "corrected"


def test_of_rows_recorded_together_the_last_in_the_file_holds() -> None:
    assert holds_on(in_file(named("one"), named("two")), "2025-02-01") == "two"


def test_an_own_row_comes_before_a_phase_and_a_phase_before_a_correction() -> None:
    general = named("general", recorded="2025-03-01")
    phase = named("phase", months=(1, 3))
    own = named("own", subscription_id="s1", recorded="2024-01-01")
    own_phase = named("own phase", subscription_id="s1", months=(None, 2), recorded="2024-01-01")
    other = named("other", subscription_id="s2", recorded="2026-01-01")
    assert holds_on(in_file(other, general), "2025-02-01") == "general"
    assert holds_on(in_file(phase, general), "2025-02-01") == "phase"
    assert holds_on(in_file(own, phase, general), "2025-02-01") == "own"
    assert holds_on(in_file(own_phase, own, phase), "2025-02-01") == "own phase"
    assert holds_on(in_file(own_phase, own, phase), "2025-03-31") == "own"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2025-01-31", "one"),
        ("2025-02-27", "one"),
        ("2025-02-28", "two"),  # 31 January + 1 month
        ("2025-03-30", "two"),
        ("2025-03-31", "two"),  # month 3 begins on the 31st again
        ("2025-04-29", "two"),
        ("2025-04-30", "later"),  # + 3 months
        ("2030-01-01", "later"),
    ],
)
def test_phases_count_months_from_the_billing_start(day: str, name: str) -> None:
    rows = in_file(
        named("one", months=(None, 1)),
        named("two", months=(2, 3)),
        named("later", months=(4, None)),
    )
    assert holds_on(rows, day) == name


def test_months_end_where_the_day_is_missing() -> None:
    start = date(2024, 2, 29)
    assert [add_months(start, months) for months in (0, 1, 12, -2, 48)] == [
        date(2024, 2, 29),
        date(2024, 3, 29),
        date(2025, 2, 28),
        date(2023, 12, 29),
        date(2028, 2, 29),
    ]


def test_segments_join_days_of_one_row_and_leave_out_days_without() -> None:
    first, second = in_file(named("first"), named("second"))
    by_day = {1: first, 2: first, 3: second, 5: first, 6: first}
    found = segments(date(2025, 6, 1), date(2025, 6, 7), lambda day: by_day.get(day.day))
    assert found == [
        Segment(first, date(2025, 6, 1), date(2025, 6, 3)),
        Segment(second, date(2025, 6, 3), date(2025, 6, 4)),
        Segment(first, date(2025, 6, 5), date(2025, 6, 7)),
    ]
    assert [one.days for one in found] == [2, 1, 2]


def test_price_columns_tiers_and_filters_of_a_row(tmp_path: Path) -> None:
    """Two rows of one charge: what names the phase belongs to the phase, what names a filter to the filter."""
    row = charge("tokens", "percentage", rate="1.5", free_units_per_events="3", fixed_amount="2")
    row |= {"is_prorated": "yes", "pricing_group_keys": "a;b", "minimum_amount": "7"}
    phase = charge("tokens", "graduated", first_month="2", custom_properties='{"x": [1.10]}')
    names = ("plan_code", "charge_code", "valid_from", "recorded_at")
    key = {name: row[name] for name in names}
    tables: Tables = {
        "prices/billable_metrics": [
            {"metric_code": "tokens", "aggregation_type": "sum", "rounding_precision": "-2"}
            | {"rounding_function": "ceil", "is_recurring": "true", "expression": "a + b"},
            {"metric_code": "calls", "aggregation_type": "count"},
        ],
        "prices/charges": [row, phase],
        "prices/charge_tiers": [
            {**key, "first_month": "2", "up_to": "10", "unit_amount": "1", "flat_amount": ""},
            {**key, "filter_code": "f", "first_month": "", "up_to": "", "unit_amount": "9"},
            {**key, "first_month": "2", "up_to": "", "unit_amount": "0.5", "flat_amount": "4"},
        ],
        "prices/charge_filters": [{**key, "filter_code": "f", "per_transaction_max_amount": "8"}],
        "prices/charge_filter_values": [
            {**key, "filter_code": "f", "property_name": "size", "property_value": value}
            for value in ("2", "4")
        ],
    }
    folder = write_tables(tmp_path, tables)
    metrics = read_metrics(folder)
    assert metrics["tokens"].is_recurring
    assert metrics["tokens"].rounding_precision == -2
    assert not metrics["calls"].is_recurring
    first, second = read_charges(folder)
    assert first.prices == Prices(
        rate=Decimal("1.5"), free_units_per_events=3, fixed_amount=Decimal(2)
    )
    assert first.is_prorated
    assert first.pricing_group_keys == ("a", "b")
    assert (first.minimum_amount, first.conversion_rate) == (Decimal(7), Decimal(1))
    [own_filter] = first.filters
    assert own_filter.condition.values == {"size": frozenset({"2", "4"})}
    assert first.prices_of("f") == Prices(
        per_transaction_max_amount=Decimal(8), tiers=(Tier(None, Decimal(9)),)
    )
    assert second.filters == ()
    assert second.prices.custom_properties == {"x": [Decimal("1.10")]}
    assert second.prices.tiers == (
        Tier(Decimal(10), Decimal(1)),
        Tier(None, Decimal("0.5"), Decimal(4)),
    )
