"""Billing periods: calendar arithmetic in the customer's zone, and when a period is due.

Belongs here: BILLING_RULES §4 for calendar and anniversary periods of every interval. Does not belong here: which
subscription has which periods (see `terms` and `timelines`), and money.
"""

from __future__ import annotations

import calendar
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
MONTHS = {"monthly": 1, "quarterly": 3, "semiannual": 6, "yearly": 12}


@dataclass(frozen=True)
class Period:
    """Local days [start, end) that a subscription touches, and the whole period [whole_start, whole_end) around them.

    `billable_end` (None: the end): the first day after those that count, where the last day is another subscription's.
    """

    start: date
    end: date
    whole_start: date
    whole_end: date
    billable_end: date | None = None

    @property
    def days(self) -> int:
        """Days of the period that are used, the first and the last both counted; without a shared day, maybe 0."""
        return self.days_within(self.start, self.end)

    def days_within(self, start: date, end: date) -> int:
        """How many of the days [start, end) count in this period."""
        last = min(end, self.end if self.billable_end is None else self.billable_end)
        return max((last - max(start, self.start)).days, 0)

    @property
    def last_billable_day(self) -> date:
        """The day before the billable end; before the start where no day counts."""
        return (self.end if self.billable_end is None else self.billable_end) - ONE_DAY

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


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last.

    >>> add_months(date(2025, 1, 31), 1)
    datetime.date(2025, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def calendar_period(interval: str, day: date) -> tuple[date, date]:
    """First day, and first day after, of the calendar period around `day`.

    Source: BILLING_RULES §4 "calendar (Mon–Sun, month, quarter from Jan …)".

    >>> calendar_period("weekly", date(2025, 10, 1))
    (datetime.date(2025, 9, 29), datetime.date(2025, 10, 6))
    """
    if interval == "weekly":
        monday = day - day.weekday() * ONE_DAY
        return monday, monday + 7 * ONE_DAY
    if interval not in MONTHS:
        raise ValueError(f"interval {interval!r}: no rule")
    months_before = (day.month - 1) % MONTHS[interval]
    first = date(day.year, day.month - months_before, 1)
    return first, add_months(first, MONTHS[interval])


def anniversary_period(interval: str, day: date, anchor: date) -> tuple[date, date]:
    """First day, and first day after, of the period around `day` that is counted from the anchor.

    Source: BILLING_RULES §4 "anniversary (day of the *first* start of the external id, clamped to the month's length,
    re-derived from the original day: 31 Jan → 30 Apr → 31 Jul; 29 Feb → 28 Feb)".

    A start that is corrected leaves days before the anchor, in periods that are counted back from it (D-26).

    >>> anniversary_period("quarterly", date(2022, 5, 31), date(2022, 1, 31))
    (datetime.date(2022, 4, 30), datetime.date(2022, 7, 31))
    >>> anniversary_period("monthly", date(2022, 3, 30), date(2022, 3, 31))
    (datetime.date(2022, 2, 28), datetime.date(2022, 3, 31))
    """
    if interval == "weekly":
        first = day - ((day - anchor).days % 7) * ONE_DAY
        return first, first + 7 * ONE_DAY
    if interval not in MONTHS:
        raise ValueError(f"interval {interval!r}: no rule")
    number = 0
    while add_months(anchor, (number + 1) * MONTHS[interval]) <= day:
        number += 1
    while add_months(anchor, number * MONTHS[interval]) > day:
        number -= 1
    start, end = (add_months(anchor, (number + more) * MONTHS[interval]) for more in (0, 1))
    return start, end


def whole_period(interval: str, day: date, anchor: date | None) -> tuple[date, date]:
    """The period around `day`: from the anchor where there is one, else of the calendar."""
    if anchor is None:
        return calendar_period(interval, day)
    return anniversary_period(interval, day, anchor)


def periods_of(
    interval: str,
    first_day: date,
    last_day: date | None,
    *,
    anchor: date | None = None,
    is_last_day_shared: bool = False,
) -> Iterator[Period]:
    """All periods from `first_day` to `last_day` (both used; None: without end), in order.

    `anchor`: of anniversary periods. A last day that is shared is another subscription's: touched, but not counted.
    Source: BILLING_RULES §4 "inclusive local days × plan amount ÷ days of the whole period. Start and end day both
    count; ended by an upgrade: that day is the new plan's. Cancel and return on one local day: billed once".
    """
    day = first_day
    while last_day is None or day <= last_day:
        whole_start, whole_end = whole_period(interval, day, anchor)
        end = whole_end if last_day is None else min(whole_end, last_day + ONE_DAY)
        is_shared = is_last_day_shared and last_day is not None and end > last_day
        yield Period(
            start=day,
            end=end,
            whole_start=whole_start,
            whole_end=whole_end,
            billable_end=last_day if is_shared else None,
        )
        day = whole_end


def due_on(period: Period, *, is_in_advance: bool, grace_days: int) -> date:
    """The first billing date on which the period can be billed.

    The end is the first day after the period, also where the subscription ends within its last day: the close of D may
    run as soon as D has ended in UTC, when only the midnight that begins D has passed in every zone.
    Source: BILLING_RULES §4 "A period is due if the local date of its end (arrears) or start (advance) + grace days
    ≤ D", "its midnight: the one that begins D".
    """
    return (period.start if is_in_advance else period.end) + timedelta(days=grace_days)
