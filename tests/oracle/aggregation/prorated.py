"""Prorated sums and unique counts of recurring metrics. Source: BILLING_RULES §2, last paragraph.

Belongs here: for how many days of the period something counts. Does not belong here: prices. `last_day` is the last
day of the billed period, both its first and last day used; `period_days` are the days of the whole calendar period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from ..charge_models.prorated import Step
from .unique import REMOVE

ONE_DAY = timedelta(days=1)


def share_from(day: date, last_day: date, period_days: int) -> Fraction:
    """Days from `day` to the period's last, both counted, ÷ days of the whole period.

    >>> share_from(date(2024, 2, 6), date(2024, 2, 29), 29)
    Fraction(24, 29)
    """
    return Fraction((last_day - day).days + 1, period_days)


def sum_steps(
    values: Iterable[tuple[date, Fraction]],
    *,
    first_day: date,
    last_day: date,
    period_days: int,
    carried_over: Fraction = Fraction(0),
) -> list[Step]:
    """The changes of a recurring sum, each with the share of the period for which it counts; first what was before.

    Source: "value × days from its local date to the period end, inclusive ÷ days of the period; carried-over state
    counts in full": for every day that is billed, as if it came on the first. A period that is cut short has less of
    them, or an upgrade would bill one seat twice for one day.
    """
    own = [Step(value, share_from(day, last_day, period_days)) for day, value in values]
    return [Step(carried_over, share_from(first_day, last_day, period_days)), *own]


def days_present(
    changes: Iterable[tuple[date, str, str]],
    *,
    first_day: date,
    last_day: date,
    present: Iterable[str] = (),
) -> dict[str, set[date]]:
    """The local days of the period on which each value was present.

    `changes`: (local date, value, "add" or "remove"), in time order; `present`: values that were there before.
    A change after `last_day`, on a day that is another subscription's, adds no day.
    Source: "days each value was present (add day and removal day both count, a day once)".
    """
    days: dict[str, set[date]] = {}
    since = dict.fromkeys(present, first_day)
    for day, value, operation in changes:
        if operation == REMOVE and value in since:
            days.setdefault(value, set()).update(_days(since.pop(value), min(day, last_day)))
        elif operation != REMOVE:
            since.setdefault(value, day)
    for value, first in since.items():
        days.setdefault(value, set()).update(_days(first, last_day))
    return days


def _days(first: date, last: date) -> list[date]:
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


def prorated_unique_count(
    changes: Iterable[tuple[date, str, str]],
    *,
    first_day: date,
    last_day: date,
    period_days: int,
    present: Iterable[str] = (),
) -> Fraction:
    """Days on which each value was present, added up, ÷ days of the whole period."""
    days = days_present(changes, first_day=first_day, last_day=last_day, present=present)
    return Fraction(sum(map(len, days.values())), period_days)


def unique_steps(
    changes: Sequence[tuple[date, str, str]],
    *,
    first_day: date,
    last_day: date,
    period_days: int,
    present: Iterable[str] = (),
) -> list[Step]:
    """A prorated unique count as a walk: +1 on the first day of a value's days, −1 after their last.

    What was there before comes first, as one step. A value's last day is over before the next one begins, so on each
    day those that left come before those that came.
    """
    before = frozenset(present)
    days = days_present(changes, first_day=first_day, last_day=last_day, present=before)
    steps = [Step(Fraction(len(before)), share_from(first_day, last_day, period_days))]
    for day in _days(first_day, last_day):
        yesterday = day - ONE_DAY
        left = sum(1 for own in days.values() if yesterday in own and day not in own)
        came = sum(
            1
            for value, own in days.items()
            if day in own and yesterday not in own and not (day == first_day and value in before)
        )
        share = share_from(day, last_day, period_days)
        steps.extend([Step(Fraction(-1), share)] * left)
        steps.extend([Step(Fraction(1), share)] * came)
    return [*steps, *_steps_without_days(changes, last_day, before)]


def _steps_without_days(
    changes: Iterable[tuple[date, str, str]], last_day: date, present: Iterable[str]
) -> Iterator[Step]:
    """What comes and goes on a last day that is the next plan's: it counts no day, but stands."""
    there = set(present)
    for day, value, operation in changes:
        is_change = (operation == REMOVE) == (value in there)
        there ^= {value} if is_change else set()
        if is_change and day > last_day:
            yield Step(Fraction(-1 if operation == REMOVE else 1), Fraction(0))
