"""Weighted sums. Source: BILLING_RULES §2 "weighted_sum".

Belongs here: a running value held for a while. Does not belong here: calendar days; real time counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from ..numbers import round_half_away

WEIGHTED_SUM_SCALE = 9
MICROSECOND = timedelta(microseconds=1)


def weighted_sum(
    changes: Sequence[tuple[datetime, Fraction]],
    *,
    starts_at: datetime,
    ends_at: datetime,
    whole_period: tuple[datetime, datetime],
    carried_over: Fraction = Fraction(0),
) -> Fraction:
    """Σ running value × time held ÷ time of the whole period, rounded half up at scale 9.

    `changes`: (instant, change), in time order, within [starts_at, ends_at); `carried_over`: the running value at
    `starts_at` (recurring metrics; else 0); `whole_period`: [start, end) of the whole calendar period, "also when the
    subscription starts inside it". All instants UTC.
    Source: "Σ running value × seconds held ÷ real seconds of the *whole* period; recurring: starts from history"; §0
    "weighted_sum divides once and is rounded half up at scale 9".
    """
    held = Fraction(0)
    running, since = carried_over, starts_at
    for at, change in changes:
        held += running * ((at - since) // MICROSECOND)
        running, since = running + change, at
    held += running * ((ends_at - since) // MICROSECOND)
    whole = (whole_period[1] - whole_period[0]) // MICROSECOND
    return Fraction(round_half_away(held / whole, WEIGHTED_SUM_SCALE))
