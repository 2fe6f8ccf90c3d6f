"""Random usage thresholds of an example's plans, and its usage moved to few days.

Belongs here: thresholds, opening usage, maximums that cut progressive fees, and the care that keeps the days few after
which thresholds are looked at. Does not belong here: any amount that is billed.

A day of usage of such a plan may make a close, which costs seconds. So it all falls on days before a close date, and
on two more; and fees that may grow on any day stand beside thresholds only where each day is a close date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from .numbers import from_units, minor_unit, parse_number
from .periods import ONE_DAY, first_instant, local_date
from .random_charges import Rows
from .random_limits import with_maximums
from .random_rows import MICROSECOND, DrawnSubscription, Example, JsonNumber, UsageLine, Window

AMOUNTS = ("1", "5", "10", "25", "100", "1000", "25000")
WITH_CENTS = ("0.01", "0.5", "9.99", "12.34")
NEAR = 8 * ONE_DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days_looked_at(window: Window) -> list[date]:
    """The close dates of a window, the day after its middle, and one more."""
    more = {window.middle + ONE_DAY, window.first + 3 * ONE_DAY}
    return sorted(window.close_dates | {day for day in more if day < window.through})


@st.composite
def with_thresholds(
    draw: st.DrawFn,
    window: Window,
    drawn: Sequence[DrawnSubscription],
    rows: Rows,
    lines: tuple[UsageLine, ...],
) -> tuple[Rows, tuple[UsageLine, ...]]:
    """Most examples whose fees grow by usage only get thresholds; the others stay as they are."""
    on_few_days = moved(lines, days_looked_at(window), drawn[0].zone_name)
    if not on_few_days or _has_growing_metrics(rows) or draw(st.integers(0, 2)) == 0:
        return rows, lines
    return draw(_with_drawn_thresholds(_without_flat_amounts(rows))), on_few_days


@st.composite
def with_thresholds_on_any_day(draw: st.DrawFn, rows: Rows) -> Rows:
    """A third of the examples get thresholds, for a window of which each day is a close date."""
    return rows if draw(st.integers(0, 2)) != 0 else draw(_with_drawn_thresholds(rows))


@st.composite
def _with_drawn_thresholds(draw: st.DrawFn, rows: Rows) -> Rows:
    found: list[dict[str, str]] = []
    for plan_code in sorted({row["plan_code"] for row in rows["accounts/subscriptions"]}):
        [currency] = {
            row["currency"] for row in rows["prices/plans"] if row["plan_code"] == plan_code
        }
        amounts = st.sampled_from([*AMOUNTS, *(WITH_CENTS if minor_unit(currency) > 0 else ())])
        fixed = draw(st.lists(amounts, unique=True, max_size=3))
        found.extend(_row(plan_code, amount) for amount in fixed)
        if not fixed or draw(st.booleans()):
            found.append({**_row(plan_code, draw(amounts)), "is_recurring": "true"})
    subscriptions = [
        {**row, "lifetime_usage_amount": draw(st.sampled_from(["", "", "", "4.99", "90", "1234567"]))}
        for row in rows["accounts/subscriptions"]
    ]  # fmt: skip
    limited = draw(with_maximums(rows))
    return {**limited, "prices/usage_thresholds": found, "accounts/subscriptions": subscriptions}


def without_thresholds(example: Example) -> Example:
    """The example with plans that bill nothing before its period is over."""
    return replace(example, rows={**example.rows, "prices/usage_thresholds": []})


def _has_growing_metrics(rows: Rows) -> bool:
    """Whether a charge may come to more on a day without usage: by time, by own SQL, or by what is carried over."""
    growing = {
        row["metric_code"]
        for row in rows["prices/billable_metrics"]
        if row["aggregation_type"] in ("weighted_sum", "custom")
        or row.get("is_recurring") == "true"
    }
    return any(row["metric_code"] in growing for row in rows.get("prices/charges", []))


def _without_flat_amounts(rows: Rows) -> Rows:
    """Flat amounts are owed from a period's first day on, whatever is used."""
    tiers = [
        {**row, "flat_amount": "0"} if row.get("flat_amount") else row
        for row in rows.get("prices/charge_tiers", [])
    ]
    return {**rows, "prices/charge_tiers": tiers}


def _row(plan_code: str, amount: str) -> dict[str, str]:
    return {
        "plan_code": plan_code,
        "threshold_amount": amount,
        "is_recurring": "",
        "display_name": "",
    }


def moved(
    lines: Sequence[UsageLine], days: Sequence[date], zone_name: str
) -> tuple[UsageLine, ...]:
    """The lines, each by as many days as bring it to the local day before one of `days`, in turn one of the near ones.

    Lines of one instant stay together, and those of two do not meet. Usage without an instant is left out: it is of the
    day on which its file is received.
    """
    instants = {at for line in lines if (at := _instant_of(line)) is not None}
    places: dict[datetime, timedelta] = {}
    taken: set[datetime] = set()
    for number, instant in enumerate(sorted(instants)):
        own = local_date(instant, zone_name) + ONE_DAY
        near = [day for day in days if abs(day - own) <= NEAR]
        day = (
            near[number % len(near)] if near else min(days, key=lambda day, own=own: abs(day - own))
        )
        place = instant + (day - own)
        # A clock may have been set in between; and bounds of days are where instants meet.
        if place in taken or local_date(place, zone_name) + ONE_DAY != day:
            place = first_instant(zone_name, day - ONE_DAY) + timedelta(hours=12)
        while place in taken:
            place += MICROSECOND
        taken.add(place)
        places[instant] = place - instant
    return tuple(
        line if (at := _instant_of(line)) is None else _shifted(line, places[at])
        for line in lines
        if "timestamp" in line.record or "retracts" in line.record or line.shape == "raw"
    )


def _instant_of(line: UsageLine) -> datetime | None:
    text = line.record.get("timestamp")
    if text is None:
        return None
    seconds = parse_number(text)
    if seconds is None:
        return datetime.fromisoformat(text).astimezone(UTC)
    return EPOCH + int(seconds.scaleb(6)) * MICROSECOND


def _shifted(line: UsageLine, by: timedelta) -> UsageLine:
    """The line at another instant, written in the same way."""
    text = line.record["timestamp"]
    at = _instant_of(line)
    assert at is not None
    if parse_number(text) is None:
        written = (datetime.fromisoformat(text) + by).isoformat()
        written = written.replace("+00:00", "Z") if text.endswith("Z") else written
    else:
        written = format(from_units((at + by - EPOCH) // MICROSECOND, 6), "f")
        written = JsonNumber(written) if isinstance(text, JsonNumber) else written
    return replace(line, record={**line.record, "timestamp": written})
