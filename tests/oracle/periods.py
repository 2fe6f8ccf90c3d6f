"""Billing periods: calendar arithmetic in the customer's zone, and when a period is due.

Belongs here: BILLING_RULES §4 for weekly, monthly and yearly calendar periods. Does not belong here: money.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Period:
    """Local days [start, end) of a subscription, and the whole calendar period [whole_start, whole_end) around them."""

    start: date
    end: date
    whole_start: date
    whole_end: date

    @property
    def days(self) -> int:
        """Days of the period that are used, the first and the last both counted."""
        return (self.end - self.start).days

    @property
    def period_days(self) -> int:
        """Days of the whole period."""
        return (self.whole_end - self.whole_start).days


@cache
def zone(name: str) -> ZoneInfo:
    """The zone as the pinned tzdata package has it, not as this machine has it."""
    resource = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with resource.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def local_date(instant: datetime, zone_name: str) -> date:
    """The date that a calendar on the wall of that zone shows at `instant`."""
    return instant.astimezone(zone(zone_name)).date()


@cache
def first_instant(zone_name: str, day: date) -> datetime:
    """The first UTC instant whose local date is `day` or later, found by looking at every minute.

    No zone is further from UTC than 14 hours, and since 2000 every offset is whole minutes. A day without a midnight
    (a clock set forward at 00:00) begins later, a day with two of them at the earlier one, a day that a zone left out
    where the next one begins.

    >>> first_instant("America/Havana", date(2025, 3, 9)).isoformat()
    '2025-03-09T05:00:00+00:00'
    """
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while local_date(instant, zone_name) < day:
        instant += ONE_MINUTE
    return instant


def calendar_period(interval: str, day: date) -> tuple[date, date]:
    """First day, and first day after, of the calendar period around `day`. Source: BILLING_RULES §4 "Intervals".

    >>> calendar_period("weekly", date(2025, 10, 1))
    (datetime.date(2025, 9, 29), datetime.date(2025, 10, 6))
    """
    if interval == "weekly":
        monday = day - day.weekday() * ONE_DAY
        return monday, monday + 7 * ONE_DAY
    if interval == "monthly":
        next_month = (day.replace(day=1) + 31 * ONE_DAY).replace(day=1)
        return day.replace(day=1), next_month
    if interval == "yearly":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    raise ValueError(f"interval {interval!r}: no rule")


def periods_of(interval: str, first_day: date, last_day: date | None) -> Iterator[Period]:
    """All periods from `first_day` to `last_day` (both used; None: without end), in order.

    Source: BILLING_RULES §4 "inclusive local days × plan amount ÷ days of the whole period. Start and end day both
    count".
    """
    day = first_day
    while last_day is None or day <= last_day:
        whole_start, whole_end = calendar_period(interval, day)
        end = whole_end if last_day is None else min(whole_end, last_day + ONE_DAY)
        yield Period(start=day, end=end, whole_start=whole_start, whole_end=whole_end)
        day = whole_end


def due_on(period: Period, *, is_in_advance: bool, grace_days: int) -> date:
    """The first billing date on which the period can be billed.

    The end is the first day after the period, also where the subscription ends within its last day: the close of D may
    run as soon as D has ended in UTC, when only the midnight that begins D has passed in every zone.
    Source: BILLING_RULES §4 "A period is due if the local date of its end (arrears) or start (advance) + grace days
    ≤ D", "its midnight: the one that begins D".
    """
    return (period.start if is_in_advance else period.end) + timedelta(days=grace_days)
