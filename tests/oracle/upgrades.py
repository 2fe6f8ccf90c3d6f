"""What an upgrade takes from the old plan's last bill.

Belongs here: which charges of a subscription are left to the one that replaces it. Does not belong here: when that is
(see `timelines`), fixed charges that were paid before (see `fixed_charges`).
"""

from __future__ import annotations

from .catalog import Catalog, Charge, Subscription
from .periods import Period, first_instant
from .terms import Terms, charges_on, terms_of


def successor_of(catalog: Catalog, subscription: Subscription) -> Subscription | None:
    """The subscription that an upgrade put in the place of this one."""
    if subscription.end_kind != "upgrade":
        return None
    return next(
        other
        for other in catalog.subscriptions
        if other.external_subscription_id == subscription.external_subscription_id
        and other.started_at == subscription.ended_at
    )


def is_left_to_successor(catalog: Catalog, terms: Terms, period: Period, charge: Charge) -> bool:
    """Whether the period that an upgrade ends does not bill a charge, as the new plan bills the same state.

    A weighted sum is not left: each plan has its own seconds of it. Nor is a period that ends whole at the upgrade: its
    state is billed for it, the new plan's for the next one.
    Source: BILLING_RULES §4 "a non-prorated recurring arrears charge is not billed on the old plan if the new one
    charges the same metric".
    """
    metric = catalog.metrics[charge.metric_code]
    is_whole_state = metric.is_recurring and metric.aggregation_type != "weighted_sum"
    if not is_whole_state or charge.is_prorated or charge.is_pay_in_advance:
        return False
    successor = successor_of(catalog, terms.subscription)
    if successor is None or terms.last_day is None or period.end <= terms.last_day:
        return False
    ended_at = terms.subscription.ended_at
    if ended_at is None or ended_at >= first_instant(terms.zone_name, period.whole_end):
        return False
    new_terms = terms_of(catalog, successor)
    new_charges = charges_on(catalog, new_terms, new_terms.first_day)
    return charge.metric_code in {one.metric_code for one in new_charges}


def predecessors_of(catalog: Catalog, subscription: Subscription) -> list[Subscription]:
    """The subscriptions in whose places upgrades put this one, the last one first."""
    found: list[Subscription] = []
    while True:
        now = found[-1] if found else subscription
        before = [
            other
            for other in catalog.subscriptions
            if other.external_subscription_id == now.external_subscription_id
            and other.end_kind == "upgrade"
            and other.ended_at == now.started_at
            and other is not now
        ]
        if not before:
            return found
        found.append(before[0])
