"""Events drawn from the designed totals: exact splits, instants inside their period, both ends of it included.

Belongs here: what an event is, independent of the shape it is written in. Does not belong here: files (`generate`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from orchestration.demo.story import NANO, Usage
from orchestration.reference.zones import zone

MICROSECOND = timedelta(microseconds=1)

# Local times that occur twice (first and second pass), in UTC: where a careless bound counts an hour twice or never.
DST_NIGHTS = {
    ("Europe/Berlin", date(2025, 10, 1)): ("2025-10-26T00:30:00", "2025-10-26T01:30:00"),
    ("America/New_York", date(2025, 11, 1)): ("2025-11-02T05:30:00", "2025-11-02T06:30:00"),
}


@dataclass(frozen=True)
class Event:
    """One event: `value` counts 10^-9 units where the metric has a field, and is None where events are counted."""

    id: str
    subscription: str
    customer: str
    code: str
    at: datetime
    zone: str
    field: str
    value: int | None
    properties: Mapping[str, str]

    @property
    def value_text(self) -> str:
        """The value as a plain decimal without trailing zeros."""
        whole, rest = divmod(self.value or 0, NANO)
        return f"{whole}.{rest:09}".rstrip("0").rstrip(".")

    def local_iso(self) -> str:
        """The instant in local time with its offset, microseconds kept."""
        return self.at.astimezone(zone(self.zone)).isoformat()

    def utc_iso(self) -> str:
        """The instant in UTC."""
        return self.at.isoformat().replace("+00:00", "Z")


def events_of(usage: Usage, first_day: date) -> Iterator[Event]:
    """The events of one period of `usage`, by time; their values add up to the designed total exactly."""
    draw = random.Random(f"{usage.name}/{first_day}")
    total = usage.totals[first_day]
    count = usage.event_count or total
    values: Sequence[int | None] = (
        split(total, count, usage.step, draw) if usage.field else [None] * count
    )
    instants = instants_in(usage.zone, first_day, _next_period(usage, first_day), count, draw)
    for number, (at, value) in enumerate(zip(instants, values, strict=True)):
        yield Event(
            f"{usage.name}-{first_day:%y%m%d}-{number:05}",
            usage.subscription,
            usage.customer,
            usage.metric,
            at,
            usage.zone,
            usage.field,
            value,
            dict(usage.properties),
        )


def split(total: int, count: int, step: int, draw: random.Random) -> list[int]:
    """`count` positive multiples of `step` that add up to `total`, itself one, exactly; the first is one `step`."""
    left = total // step - count
    cuts = sorted(draw.randrange(left + 1) for _ in range(count - 2))
    bounds = [0, *cuts, left]
    values = [0, *(after - before for before, after in pairwise(bounds))]
    return [(value + 1) * step for value in values]


def instants_in(
    zone_name: str, first_day: date, last_day: date, count: int, draw: random.Random
) -> list[datetime]:
    """`count` instants of the local period, by time: its first and last microsecond, DST nights, the rest at random."""
    tz = zone(zone_name)
    starts_at, ends_at = _midnight(first_day, tz), _midnight(last_day, tz)
    fixed = [starts_at, ends_at - MICROSECOND]
    for text in DST_NIGHTS.get((zone_name, first_day), ()):
        fixed.append(datetime.fromisoformat(text).replace(tzinfo=UTC))
    length = (ends_at - starts_at) // MICROSECOND
    drawn = (starts_at + draw.randrange(length) * MICROSECOND for _ in range(count - len(fixed)))
    return sorted([*fixed, *drawn])


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def _next_period(usage: Usage, first_day: date) -> date:
    if usage.days:
        return first_day + timedelta(days=usage.days)
    return date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)
