"""Make `seeds/reference/tz_offsets.csv` from the pinned package tzdata.

Run it by `python -m orchestration.reference.make_tz_offsets`.

Belongs here: from which instant a zone has which offset, so that SQL needs no engine's own zone data (which differ).
Does not belong here: local midnights; the model int_subscriptions__day_starts finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.reference.zones import zone, zone_names
from orchestration.workspace import REFERENCE

FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(2038, 1, 1, tzinfo=UTC)

# Two changes of one zone are never closer than this; Morocco's Ramadan months are the shortest spans.
STEP = timedelta(days=7)


def tz_offsets_csv() -> str:
    """The CSV text: one row per zone and change of its offset from UTC, by zone and instant."""
    lines = ["timezone,offset_starts_at,offset_seconds"]
    for name in zone_names():
        lines += [
            f"{name},{instant:%Y-%m-%dT%H:%M:%SZ},{seconds}" for instant, seconds in _changes(name)
        ]
    return "\n".join(lines) + "\n"


def _changes(name: str) -> Iterator[tuple[datetime, int]]:
    tz = zone(name)
    offset = _offset(tz, FIRST_INSTANT)
    yield datetime(1970, 1, 1, tzinfo=UTC), offset
    instant = FIRST_INSTANT
    while instant < LAST_INSTANT:
        following = instant + STEP
        if _offset(tz, following) != offset:
            change = _bisect(tz, instant, following, offset)
            offset = _offset(tz, change)
            yield change, offset
            instant = change
        else:
            instant = following


def _bisect(tz: ZoneInfo, before: datetime, after: datetime, offset: int) -> datetime:
    """The first whole second after `before` at which the offset is not `offset`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if _offset(tz, middle) == offset else (before, middle)
    return after


def _offset(tz: ZoneInfo, instant: datetime) -> int:
    offset = instant.astimezone(tz).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "tz_offsets.csv").write_text(tz_offsets_csv(), encoding="utf-8")
