"""Metrics, plans and charges as the catalog has them, which row is in force on a day, and segments of a period.

Belongs here: the files below prices/, effective dating, overrides, phases. Does not belong here: what a price makes of
a quantity (see `charge_models`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from .aggregation.selection import Filter
from .cells import (
    Row,
    Validity,
    day_in,
    decimal_in,
    flag_in,
    integer_in,
    object_in,
    required_instant_in,
    rows_of,
    text_in,
    texts_in,
    validity_in,
)
from .charge_models.prices import Prices, Tier
from .periods import ONE_DAY, add_months


@dataclass(frozen=True)
class Metric:
    metric_code: str
    aggregation_type: str
    field_name: str | None
    expression: str | None = None
    is_recurring: bool = False
    rounding_function: str | None = None
    rounding_precision: int = 0
    custom_model: str | None = None


@dataclass(frozen=True)
class Scope:
    """For whom and when a row holds: a subscription or all, months of a subscription or all, days.

    `position` is the row's place in its file.
    """

    subscription_id: str | None
    first_month: int | None
    last_month: int | None
    validity: Validity
    position: int


@dataclass(frozen=True)
class Plan:
    plan_code: str
    interval: str
    is_pay_in_advance: bool
    amount: Decimal
    currency: str
    trial_days: int
    bills_charges_monthly: bool
    bills_fixed_charges_monthly: bool
    minimum_commitment_amount: Decimal | None
    maximum_amount: Decimal | None
    scope: Scope


@dataclass(frozen=True)
class ChargeFilter:
    """A filter with its own prices."""

    condition: Filter
    prices: Prices


@dataclass(frozen=True)
class Charge:
    plan_code: str
    charge_code: str
    metric_code: str
    charge_model: str
    is_pay_in_advance: bool
    is_prorated: bool
    pricing_group_keys: tuple[str, ...]
    minimum_amount: Decimal | None
    maximum_amount: Decimal | None
    conversion_rate: Decimal
    prices: Prices
    filters: tuple[ChargeFilter, ...]
    scope: Scope

    def prices_of(self, filter_code: str | None) -> Prices:
        """The prices of a filter, or the default ones."""
        for one in self.filters:
            if one.condition.filter_code == filter_code:
                return one.prices
        return self.prices


class Scoped(Protocol):
    @property
    def scope(self) -> Scope: ...


ScopedRow = TypeVar("ScopedRow", bound=Scoped)


# Rows in force.


def holds(scope: Scope, day: date, *, subscription_id: str, billing_starts_on: date) -> bool:
    """Whether a row holds for a subscription on a local day.

    Months are counted from the local date of the billing start: month n is [start + n − 1 months, start + n months).
    """
    if scope.subscription_id not in (None, subscription_id):
        return False
    if not scope.validity.contains(day):
        return False
    if scope.first_month is not None and day < add_months(billing_starts_on, scope.first_month - 1):
        return False
    return scope.last_month is None or day < add_months(billing_starts_on, scope.last_month)


def row_in_force(
    rows: Iterable[ScopedRow], day: date, *, subscription_id: str, billing_starts_on: date
) -> ScopedRow | None:
    """The row that holds for a subscription on a local day; None if there is none.

    Of several: one of the subscription's own before one for all; then one of a phase before one for all months; then
    the one recorded last; then the last in its file.
    Source: BILLING_RULES §4 "a correction is a new row with the same validity and a later `recorded_at`", "Per-
    subscription overrides and phases win over the plan".
    """
    found = [
        row
        for row in rows
        if holds(
            row.scope, day, subscription_id=subscription_id, billing_starts_on=billing_starts_on
        )
    ]
    return max(found, key=lambda row: _precedence(row.scope), default=None)


def _precedence(scope: Scope) -> tuple[bool, bool, datetime, int]:
    has_phase = scope.first_month is not None or scope.last_month is not None
    has_subscription = scope.subscription_id is not None
    return has_subscription, has_phase, scope.validity.recorded_at, scope.position


@dataclass(frozen=True)
class Segment(Generic[ScopedRow]):
    """Local days [start, end) of a period on which one row is in force."""

    row: ScopedRow
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def segments(
    start: date, end: date, row_on: Callable[[date], ScopedRow | None]
) -> list[Segment[ScopedRow]]:
    """The days [start, end) cut where another row comes into force; days without a row are in no segment.

    Source: BILLING_RULES §3 "Price change inside a period".
    """
    found: list[Segment[ScopedRow]] = []
    day = start
    while day < end:
        row = row_on(day)
        if row is not None:
            last = found[-1] if found else None
            if last and last.end == day and last.row.scope.position == row.scope.position:
                found[-1] = Segment(row, last.start, day + ONE_DAY)
            else:
                found.append(Segment(row, day, day + ONE_DAY))
        day += ONE_DAY
    return found


# Reading.


def read_metrics(folder: Path) -> dict[str, Metric]:
    metrics = [_metric(row) for row in rows_of(folder / "prices" / "billable_metrics.csv")]
    return {metric.metric_code: metric for metric in metrics}


def _metric(row: Row) -> Metric:
    return Metric(
        metric_code=text_in(row, "metric_code"),
        aggregation_type=text_in(row, "aggregation_type"),
        field_name=row.get("field_name"),
        expression=row.get("expression"),
        is_recurring=flag_in(row, "is_recurring"),
        rounding_function=row.get("rounding_function"),
        rounding_precision=integer_in(row, "rounding_precision") or 0,
        custom_model=row.get("custom_model"),
    )


def read_plans(folder: Path) -> list[Plan]:
    return [
        Plan(
            plan_code=text_in(row, "plan_code"),
            interval=text_in(row, "interval"),
            is_pay_in_advance=flag_in(row, "is_pay_in_advance"),
            amount=Decimal(text_in(row, "amount")),
            currency=text_in(row, "currency"),
            trial_days=integer_in(row, "trial_days") or 0,
            bills_charges_monthly=flag_in(row, "bills_charges_monthly"),
            bills_fixed_charges_monthly=flag_in(row, "bills_fixed_charges_monthly"),
            minimum_commitment_amount=decimal_in(row, "minimum_commitment_amount"),
            maximum_amount=decimal_in(row, "maximum_amount"),
            scope=scope_in(row, position),
        )
        for position, row in enumerate(rows_of(folder / "prices" / "plans.csv"))
    ]


def scope_in(row: Row, position: int) -> Scope:
    return Scope(
        subscription_id=row.get("subscription_id"),
        first_month=integer_in(row, "first_month"),
        last_month=integer_in(row, "last_month"),
        validity=validity_in(row),
        position=position,
    )


RowKey = tuple[str, str, str | None, int | None, date, datetime]
FilterKey = tuple[RowKey, str | None]


def _row_key(row: Row) -> RowKey:
    """What tiers and filters name the row of their charge by."""
    return (
        text_in(row, "plan_code"),
        text_in(row, "charge_code"),
        row.get("subscription_id"),
        integer_in(row, "first_month"),
        day_in(row, "valid_from"),
        required_instant_in(row, "recorded_at"),
    )


def read_charges(folder: Path) -> list[Charge]:
    """Charge rows with their tiers and filters, in the order of the file."""
    prices = folder / "prices"
    tiers: dict[FilterKey, list[Tier]] = {}
    for row in rows_of(prices / "charge_tiers.csv"):
        tiers.setdefault((_row_key(row), row.get("filter_code")), []).append(_tier(row))
    values: dict[FilterKey, dict[str, set[str]]] = {}
    for row in rows_of(prices / "charge_filter_values.csv"):
        own = values.setdefault((_row_key(row), text_in(row, "filter_code")), {})
        own.setdefault(text_in(row, "property_name"), set()).add(text_in(row, "property_value"))
    filters: dict[RowKey, list[ChargeFilter]] = {}
    for row in rows_of(prices / "charge_filters.csv"):
        key = (_row_key(row), text_in(row, "filter_code"))
        lists = {name: frozenset(texts) for name, texts in values.get(key, {}).items()}
        condition = Filter(text_in(row, "filter_code"), lists)
        filters.setdefault(key[0], []).append(
            ChargeFilter(condition, _prices(row, tiers.get(key, ())))
        )
    return [
        _charge(row, position, tiers.get((_row_key(row), None), ()), filters)
        for position, row in enumerate(rows_of(prices / "charges.csv"))
    ]


def _charge(
    row: Row, position: int, tiers: Sequence[Tier], filters: dict[RowKey, list[ChargeFilter]]
) -> Charge:
    conversion_rate = decimal_in(row, "conversion_rate")
    return Charge(
        plan_code=text_in(row, "plan_code"),
        charge_code=text_in(row, "charge_code"),
        metric_code=text_in(row, "metric_code"),
        charge_model=text_in(row, "charge_model"),
        is_pay_in_advance=flag_in(row, "is_pay_in_advance"),
        is_prorated=flag_in(row, "is_prorated"),
        pricing_group_keys=texts_in(row, "pricing_group_keys"),
        minimum_amount=decimal_in(row, "minimum_amount"),
        maximum_amount=decimal_in(row, "maximum_amount"),
        conversion_rate=Decimal(1) if conversion_rate is None else conversion_rate,
        prices=_prices(row, tiers),
        filters=tuple(filters.get(_row_key(row), ())),
        scope=scope_in(row, position),
    )


def _prices(row: Row, tiers: Sequence[Tier]) -> Prices:
    return Prices(
        unit_amount=decimal_in(row, "unit_amount"),
        package_amount=decimal_in(row, "package_amount"),
        package_size=decimal_in(row, "package_size"),
        free_units=decimal_in(row, "free_units"),
        rate=decimal_in(row, "rate"),
        fixed_amount=decimal_in(row, "fixed_amount"),
        free_units_per_events=integer_in(row, "free_units_per_events"),
        free_units_per_total_aggregation=decimal_in(row, "free_units_per_total_aggregation"),
        per_transaction_min_amount=decimal_in(row, "per_transaction_min_amount"),
        per_transaction_max_amount=decimal_in(row, "per_transaction_max_amount"),
        custom_properties=object_in(row, "custom_properties"),
        tiers=tuple(tiers),
    )


def _tier(row: Row) -> Tier:
    return Tier(
        up_to=decimal_in(row, "up_to"),
        unit_amount=decimal_in(row, "unit_amount") or Decimal(0),
        flat_amount=decimal_in(row, "flat_amount") or Decimal(0),
        rate=decimal_in(row, "rate") or Decimal(0),
    )
