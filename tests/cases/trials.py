"""What a case is made of before it becomes files: a customer of its own with metrics, charges, a period and events.

Belongs here: the pieces that translations fill in, and the calendar that decides whether usage can make a period.
Does not belong here: the keys of a case (`translate_…`), files (`company`) and tables (`given_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .comparing import Comparison
from .reading import UnsupportedCase

# A calendar period of each length, for cases that name no dates. Most have the 30 days of April: one close bills them.
PERIODS = {
    30: ("monthly", date(2025, 4, 1)),
    31: ("monthly", date(2025, 5, 1)),
    28: ("monthly", date(2025, 2, 1)),
    29: ("monthly", date(2024, 2, 1)),
    7: ("weekly", date(2025, 4, 7)),
    365: ("yearly", date(2025, 1, 1)),
    366: ("yearly", date(2024, 1, 1)),
}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Prices:
    """The price columns of a charge or of one of its filters, and its tiers, by the catalog's column names."""

    columns: Mapping[str, str] = field(default_factory=dict)
    tiers: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class PriceFilter:
    """A charge filter: property names with the values that match, and its own prices."""

    code: str
    values: Mapping[str, tuple[str, ...]]
    prices: Prices


@dataclass(frozen=True)
class Metric:
    """A billable metric; events carry what it counts under `field_name`."""

    code: str = "units"
    aggregation: str = "sum"
    is_recurring: bool = False
    rounding_function: str | None = None
    rounding_precision: int | None = None
    custom_model: str | None = None

    @property
    def field_name(self) -> str:
        """The property that holds the number, or the value counted; a count has none."""
        return {"count": "", "unique_count": "unique_id"}.get(self.aggregation, "value")


@dataclass(frozen=True)
class Charge:
    """A charge of the case's plan. `minimum_amount` is in currency units."""

    model: str
    prices: Prices
    code: str = "usage"
    metric_code: str = "units"
    filters: tuple[PriceFilter, ...] = ()
    group_keys: tuple[str, ...] = ()
    is_pay_in_advance: bool = False
    is_prorated: bool = False
    minimum_amount: Decimal | None = None


@dataclass(frozen=True)
class UsageEvent:
    """One event, sent for every metric of its trial, or for one. `precise_cents`: its precise_total_amount_cents.

    Of a life: `known_on`, the moment that its usage file arrives for (None: with the first one); `code`, the
    subscription that it is of (None: the last one).
    """

    at: datetime
    properties: Mapping[str, str]
    precise_cents: str | None = None
    metric_code: str | None = None
    known_on: date | None = None
    code: str | None = None


@dataclass(frozen=True)
class Span:
    """A billing period, half-open in UTC, and the local dates [whole_start, whole_end) of its calendar period."""

    starts_at: datetime
    ends_at: datetime
    whole_start: date
    whole_end: date
    interval: str = "monthly"
    timezone: str = "UTC"

    @classmethod
    def of_days(cls, days: int = 30) -> Span:
        """The whole calendar period of that many days which cases without dates use, in UTC."""
        interval, first = PERIODS[days]
        end = first + days * DAY
        return cls(first_instant(first), first_instant(end), first, end, interval)


@dataclass(frozen=True)
class GivenRows:
    """What stands in a model's input relation instead of what usage would make of it.

    `period`: the row of fct_subscription_periods. `days_left` (per event, in order) of `period_days`: the columns of
    the charge's events and of the billable charge. `amounts`: given_amount_unrounded with the quantity, by charge code.
    """

    reason: str
    days_left: tuple[int, ...] = ()
    period_days: int | None = None
    amounts: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One customer with one subscription, whose one period is billed."""

    span: Span
    metrics: tuple[Metric, ...]
    charges: tuple[Charge, ...]
    events: tuple[UsageEvent, ...]
    started_at: datetime
    currency: str = "EUR"
    tax_rate_percent: Decimal | None = None
    given: GivenRows | None = None
    billing_time: str = "calendar"

    def metric_of(self, charge: Charge) -> Metric:
        return next(metric for metric in self.metrics if metric.code == charge.metric_code)


# From what came out for each trial or life of a case, by its name: Facts, or LifeFacts.
Reader = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Translation:
    """A case as trials or lives by name ('' is the case itself, others change one thing to look at one part of it).

    `readers` gives, for each expected key, the function that reads what came out from the facts of the trials.
    `refusal`: words with which the product may refuse the case, so that nothing comes out.
    """

    trials: Mapping[str, Any]
    readers: Mapping[str, Reader]
    compare: Mapping[str, Comparison] = field(default_factory=dict)
    refusal: str | None = None

    @property
    def level(self) -> str:
        """`usage`, or `model` where rows are given."""
        return "model" if any(self._given()) else "usage"

    @property
    def given_reason(self) -> str:
        """Why rows are given; empty at level `usage`."""
        return next((given.reason for given in self._given()), "")

    def _given(self) -> list[GivenRows]:
        trials = [one for one in self.trials.values() if isinstance(one, Trial)]
        return [trial.given for trial in trials if trial.given]


def first_instant(day: date, timezone: str = "UTC") -> datetime:
    """The instant at which a local day begins, in UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)


def local_date(instant: datetime, timezone: str = "UTC") -> date:
    return instant.astimezone(ZoneInfo(timezone)).date()


def calendar_period(day: date, interval: str) -> tuple[date, date]:
    """The calendar week, month or year that holds `day`, as [first day, first day of the next)."""
    if interval == "weekly":
        first = day - day.weekday() * DAY
        return first, first + 7 * DAY
    if interval == "monthly":
        first = day.replace(day=1)
        return first, (first + 31 * DAY).replace(day=1)
    if interval == "yearly":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    raise UnsupportedCase(f"interval {interval!r}: only weekly, monthly and yearly are billed")
