"""The cases in which we differ on purpose: the list EXACT at the end of BILLING_RULES, and nothing else by its id.

Belongs here: ids and prefixes, why we differ, and what can be compared all the same. Does not belong here: any other
case's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from .comparing import Agreement, Comparison, shown
from .reading import Case, plain
from .trials import Trial, first_instant


@dataclass(frozen=True)
class Difference:
    """Why we differ; `compare` makes ours theirs, where a rounding does.

    `is_net`: what we bill in the end equals what they bill less what they credit. Their documents come out, too, where
    each end is known only after the close that billed its period: the case is that life, its probe `in_time` ours.
    `net_amount`: what we bill with tax, computed by hand, in currency units. `within`: how far apart numbers may be.
    """

    sentence: str
    compare: Comparison | None = None
    is_net: bool = False
    net_amount: Decimal | None = None
    within: Decimal | None = None

    @property
    def is_checked(self) -> bool:
        """Whether what comes out is compared with the case for all that."""
        return self.compare is not None or self.is_net or self.within is not None


_CEILED = Difference(
    "we keep numerator and denominator, they ceil the prorated quantity to 5 decimals",
    ("ceil", 5),
)
_NET = Difference(
    "started and ended before one close: we bill the days used, they bill in full and credit",
    is_net=True,
)
_SHARES = Difference(
    "shares of a coupon are exact and add up to it, theirs carry a float's error",
    within=Decimal("0.0001"),
)
_SECONDS = Difference("a weighted sum is divided by real seconds, theirs by days × 86400")

BY_ID = {
    "psum-float": _CEILED,
    # 50.00 x 1/28 = 1.79, tax 0.36.
    "term-pia-same-day": replace(_NET, net_amount=Decimal("2.15")),
    # 100.00 x 1/28 = 3.57, and 50.00 of usage; tax of 53.5714 is 10.71.
    "scn-terminate-same-day": replace(_NET, net_amount=Decimal("64.28")),
    # 200.00 x 1/30 = 6.67, tax 1.67.
    "cn-round-20000": replace(_NET, net_amount=Decimal("8.34")),
    # 10.00 x 27/31 = 8.71, tax 2.18; 19.00 x 20/31 = 12.26, tax 3.07; less 10.00 x 20/31 = 6.45 and tax 1.61.
    "multi-upgrade-calendar": replace(_NET, net_amount=Decimal("18.16")),
    # 10.00, tax 2.50; 19.00 x 24/31 = 14.71, tax 3.68; less 10.00 x 24/31 = 7.74 and tax 1.94.
    "multi-upgrade-anniversary": replace(_NET, net_amount=Decimal("21.21")),
}
BY_PREFIX = {"puniq-": _CEILED, "cpn-breakdown": _SHARES, "multi-upgrade-": _NET}


def deliberate_difference(case: Case, trial: Any) -> Difference | None:
    """Why we differ from a case on purpose; None for all but those of EXACT."""
    if case.id in BY_ID:
        return BY_ID[case.id]
    for prefix, difference in BY_PREFIX.items():
        if case.id.startswith(prefix):
            return difference
    if isinstance(trial, Trial) and _is_weighted_over_clock_change(trial):
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


def near_agreement(difference: Difference, agreement: Agreement) -> Agreement:
    """An agreement in which numbers that are as near as the difference allows are equal."""
    if agreement.is_equal or difference.within is None:
        return agreement
    try:
        apart = abs(Decimal(agreement.expected) - Decimal(agreement.got))
    except InvalidOperation:
        return agreement
    if apart > difference.within:
        return agreement
    return replace(agreement, is_equal=True, note=f"within {plain(difference.within)}")


def net_agreements(difference: Difference, outcome: Mapping[str, Any]) -> list[Agreement]:
    """Our net beside that of their documents, and beside the one computed by hand.

    Each document is rounded, so that two ways to one net may be a minor unit apart per document.
    """
    theirs, ours = outcome[""], outcome.get("in_time", outcome[""])
    net = ours.net_amount()
    documents = len(theirs.invoices) + len(theirs.notes)
    unit = Decimal(1).scaleb(-ours.minor_unit)
    is_near = bool(ours.invoices) and abs(net - theirs.net_amount()) <= documents * unit
    note = f"within a minor unit for each of {documents} documents"
    found = [Agreement("net", plain(theirs.net_amount()), shown(net), is_near, note)]
    if difference.net_amount is not None:
        by_hand = difference.net_amount
        found.append(Agreement("net by hand", plain(by_hand), shown(net), net == by_hand))
    return found
