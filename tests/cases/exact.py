"""The cases in which we differ on purpose: the list EXACT at the end of BILLING_RULES, and nothing else by its id.

Belongs here: ids and prefixes, why we differ, and what can be compared all the same. Does not belong here: any other
case's id.
"""

from __future__ import annotations

from dataclasses import dataclass

from .comparing import Comparison
from .reading import Case
from .trials import Trial, first_instant


@dataclass(frozen=True)
class Difference:
    """Why we differ; `compare` makes ours theirs, where a rounding does."""

    sentence: str
    compare: Comparison | None = None


_CEILED = Difference(
    "we keep numerator and denominator, they ceil the prorated quantity to 5 decimals",
    ("ceil", 5),
)
_NET = Difference(
    "started and ended before one close: we bill the days used, they bill in full and credit"
)
_SHARES = Difference("shares of a coupon are exact and add up to it, theirs carry a float's error")
_SECONDS = Difference("a weighted sum is divided by real seconds, theirs by days × 86400")

BY_ID = {
    "psum-float": _CEILED,
    "term-pia-same-day": _NET,
    "scn-terminate-same-day": _NET,
    "cn-round-20000": _NET,
}
BY_PREFIX = {"puniq-": _CEILED, "cpn-breakdown": _SHARES, "multi-upgrade-": _NET}


def deliberate_difference(case: Case, trial: Trial | None) -> Difference | None:
    """Why we differ from a case on purpose; None for all but those of EXACT."""
    if case.id in BY_ID:
        return BY_ID[case.id]
    for prefix, difference in BY_PREFIX.items():
        if case.id.startswith(prefix):
            return difference
    if trial is not None and _is_weighted_over_clock_change(trial):
        return _SECONDS
    return None


def _is_weighted_over_clock_change(trial: Trial) -> bool:
    """A weighted sum in a period whose local days are not all 24 hours long."""
    if all(metric.aggregation != "weighted_sum" for metric in trial.metrics):
        return False
    span = trial.span
    seconds = (
        first_instant(span.whole_end, span.timezone)
        - first_instant(span.whole_start, span.timezone)
    ).total_seconds()
    return seconds != (span.whole_end - span.whole_start).days * 86_400
