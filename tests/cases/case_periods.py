"""The billing period of an aggregation case, and whether the subscription of a customer can have it.

Belongs here: reading period, billing time and start of a case. Does not belong here: events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.periods import whole_period

from .reading import Keys, UnsupportedCase
from .trials import DAY, GivenRows, Span, calendar_period, first_instant, local_date

_INTERVALS = ("weekly", "monthly", "yearly", "quarterly", "semiannual")


@dataclass(frozen=True)
class CasePeriod:
    """A period, when its subscription started, and why its row is given (None: the subscription has it)."""

    span: Span
    started_at: datetime
    given: GivenRows | None = None
    billing_time: str = "calendar"


@dataclass(frozen=True)
class _Billing:
    """How the subscription is billed, as the case states it."""

    is_anniversary: bool
    interval: str | None
    started_at: datetime | None
    timezone: str

    @property
    def counts_from_start(self) -> bool:
        """Whether periods are anniversaries of a start that the case states."""
        return self.is_anniversary and self.started_at is not None


def instant_of(value: Any, where: str) -> datetime:
    """An ISO 8601 instant, or the UTC midnight of a date.

    Example:
        >>> instant_of("2024-05-31T23:59:59.999Z", "ts").isoformat()
        '2024-05-31T23:59:59.999000+00:00'
    """
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnsupportedCase(f"{where}: {value!r} is no instant") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def case_period(keys: Keys, event_instants: Sequence[datetime]) -> CasePeriod:
    """Take the keys of period and billing.

    Raises:
        UnsupportedCase: they are no period, or name an unknown billing.
    """
    billing = _billing(keys)
    if "period" not in keys:
        return _period_of_last_event(billing, event_instants)
    stated = Keys(keys.take("period"), "inputs: period")
    starts_at = _bound(stated, "from", billing.timezone)
    ends_at = _bound(stated, "to", billing.timezone)
    days = stated.number("charges_duration_days")
    stated.refuse_rest()
    if not starts_at < ends_at:
        raise UnsupportedCase("inputs: the period ends before it starts")
    started_at = billing.started_at
    if started_at is None:
        started_at = min([starts_at, *event_instants])
    started_at = min(started_at, starts_at)
    first, whole_end = _local_dates(starts_at, ends_at, billing.timezone)
    interval = billing.interval or _interval_of(first, whole_end)
    whole_days = None if days is None else int(days)
    own = _own_span(starts_at, ends_at, interval, billing, whole_days)
    if own is not None:
        billing_time = "anniversary" if billing.counts_from_start else "calendar"
        return CasePeriod(own, started_at, billing_time=billing_time)
    length = whole_days or (whole_end - first).days
    span = Span(starts_at, ends_at, first, first + length * DAY, interval, billing.timezone)
    return CasePeriod(span, started_at, GivenRows("no subscription has this period"))


def _billing(keys: Keys) -> _Billing:
    words = [*(keys.text("billing") or "").split(), keys.text("interval") or ""]
    words.append(keys.text("billing_time") or "")
    timezone = keys.text("timezone", "UTC") or "UTC"
    interval = None
    for word in filter(None, words):
        if word in _INTERVALS:
            interval = word
        elif word not in ("calendar", "anniversary"):
            raise UnsupportedCase(f"inputs: billing {word!r} is unknown")
    stated = keys.take("subscription_started") or keys.take("subscription_at")
    return _Billing(
        is_anniversary="anniversary" in words,
        interval=interval,
        started_at=None if stated is None else instant_of(stated, "inputs: subscription start"),
        timezone=timezone,
    )


def _bound(stated: Keys, name: str, timezone: str) -> datetime:
    """A half-open bound; a last instant within the last second of a local day, or a last day, is the next midnight."""
    value = stated.take(name)
    instant = instant_of(value, f"{stated.where}: {name!r}")
    if isinstance(value, str) and len(value) == len("2024-05-31"):
        days = 1 if name == "to" else 0
        return first_instant(instant.date() + days * DAY, timezone)
    local = instant.astimezone(ZoneInfo(timezone))
    if name == "from":
        return instant
    if (local.hour, local.minute, local.second) == (23, 59, 59):
        return first_instant(local.date() + DAY, timezone)
    return instant


def _local_dates(starts_at: datetime, ends_at: datetime, timezone: str) -> tuple[date, date]:
    """The period's local dates, half-open."""
    last = local_date(ends_at - timedelta(microseconds=1), timezone)
    return local_date(starts_at, timezone), last + DAY


def _interval_of(first: date, end: date) -> str:
    return "monthly" if (end - first).days <= 31 else "yearly"


def _own_span(
    starts_at: datetime,
    ends_at: datetime,
    interval: str,
    billing: _Billing,
    whole_days: int | None,
) -> Span | None:
    """The period as one of a subscription that may start or end inside it; None if it is none."""
    first, end = _local_dates(starts_at, ends_at, billing.timezone)
    anchor = None
    if billing.counts_from_start:
        anchor = local_date(billing.started_at, billing.timezone)
        if first < anchor:
            return None
    whole_start, whole_end = whole_period(interval, first, anchor)
    if billing.is_anniversary and anchor is None and whole_start != first:
        return None
    if end > whole_end or whole_days not in (None, (whole_end - whole_start).days):
        return None
    return Span(starts_at, ends_at, whole_start, whole_end, interval, billing.timezone)


def _period_of_last_event(billing: _Billing, event_instants: Sequence[datetime]) -> CasePeriod:
    """The calendar period of the last event, from the subscription's start if that falls into it."""
    if billing.is_anniversary or not event_instants:
        raise UnsupportedCase("inputs: key 'period' is missing")
    interval = billing.interval or "monthly"
    if interval not in ("weekly", "monthly", "yearly"):
        raise UnsupportedCase(f"inputs: interval {interval!r} without 'period'")
    zone = billing.timezone
    whole_start, whole_end = calendar_period(local_date(max(event_instants), zone), interval)
    started_at = billing.started_at or min(event_instants)
    span = Span(
        max(started_at, first_instant(whole_start, zone)),
        first_instant(whole_end, zone),
        whole_start,
        whole_end,
        interval,
        zone,
    )
    return CasePeriod(span, started_at)
