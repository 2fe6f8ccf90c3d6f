"""What became of the subscriptions of one external id: upgrades, downgrades, ends, returns.

Belongs here: BILLING_RULES §4 "Upgrade …: at once; … Downgrade: at period end", the first start, the shared day. Does
not belong here: periods (see `terms`) and money, but for the amounts that tell an upgrade from a downgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from .catalog import Catalog, Subscription
from .periods import first_instant, local_date, whole_period
from .price_rows import row_in_force

MICROSECOND = timedelta(microseconds=1)
# Source: BILLING_RULES §4 "Upgrade (yearly-equivalent amount ≥ the old: ×52, ×12, ×4, ×2)".
PERIODS_PER_YEAR = {"weekly": 52, "monthly": 12, "quarterly": 4, "semiannual": 2, "yearly": 1}


def with_timelines(catalog: Catalog, anchors: Mapping[str, datetime] | None = None) -> Catalog:
    """The catalog with its subscriptions as they really began and ended; those that never began are left out.

    `anchors`: by external id, the first start as it was when its first period was registered (D-26).
    """
    rows: dict[str, list[Subscription]] = {}
    for subscription in catalog.subscriptions:
        rows.setdefault(subscription.external_subscription_id, []).append(subscription)
    begun = {
        one.subscription_id: one
        for name, own in rows.items()
        for one in timeline_of(catalog, own, (anchors or {}).get(name))
    }
    ids = [one.subscription_id for one in catalog.subscriptions]
    return replace(catalog, subscriptions=[begun[one] for one in ids if one in begun])


def timeline_of(
    catalog: Catalog, rows: Iterable[Subscription], anchor_at: datetime | None = None
) -> list[Subscription]:
    """The subscriptions of one external id that began, in order, with their real starts and ends."""
    in_order = sorted(rows, key=lambda row: (row.started_at, row.position))
    walk = _Walk(catalog, in_order[0], anchor_at)
    for row in in_order:
        walk.take(row)
    return _with_shared_days(catalog, walk.finish())


class _Walk:
    """The rows of an external id taken in order: one subscription at most is active, and one at most is pending."""

    def __init__(self, catalog: Catalog, first: Subscription, anchor_at: datetime | None) -> None:
        self._catalog = catalog
        self._zone_name = catalog.timezone_of(first.customer_id)
        self._first_started_at = first.started_at
        self._anchor_at = anchor_at or first.started_at
        self._active: Subscription | None = None
        self._pending: Subscription | None = None  # started_at: when it is to begin
        self._begun: list[Subscription] = []

    def take(self, row: Subscription) -> None:
        """A row begins at once where nothing is active, else it asks for a change of plan.

        It is compared with what is active at that instant; a later request replaces the pending one.
        """
        asked_at = row.started_at
        self.reach(asked_at)
        if self._active is None:
            self._begin(row)
        elif self._yearly_amount(row, asked_at) >= self._yearly_amount(self._active, asked_at):
            self._change(row, "upgrade")
        else:
            begins_at = self._boundary(self._active, asked_at)
            self._pending = replace(row, started_at=begins_at)
            self.reach(asked_at)

    def reach(self, instant: datetime | None) -> None:
        """Let happen what is to happen by `instant` (None: ever).

        The pending one begins, unless the active one has ended before or it was itself ended before it could begin.
        Source: BILLING_RULES §4 "Downgrade: at period end".
        """
        pending = self._pending
        if pending is not None and _is_by(pending.started_at, instant):
            if pending.ended_at is not None and pending.ended_at <= pending.started_at:
                self._pending = None
            elif self._active is not None and not _is_before(self._active, pending.started_at):
                self._change(pending, "downgrade")
        ended_at = None if self._active is None else self._active.ended_at
        if ended_at is not None and _is_by(ended_at, instant):
            self._end(ended_at, "terminated")
            self._pending = None

    def _begin(self, row: Subscription) -> None:
        self._active = replace(
            row, first_started_at=self._first_started_at, anchor_at=self._anchor_at
        )
        self._pending = None

    def _change(self, row: Subscription, end_kind: str) -> None:
        self._end(row.started_at, end_kind)
        self._begin(row)

    def _end(self, instant: datetime, end_kind: str) -> None:
        """One that ends at the instant of its start has never begun."""
        assert self._active is not None
        if self._active.started_at < instant:
            self._begun.append(replace(self._active, ended_at=instant, end_kind=end_kind))
        self._active = None

    def finish(self) -> list[Subscription]:
        """All that began, the last one perhaps without end."""
        self.reach(None)
        return [*self._begun, *([self._active] if self._active else [])]

    def _yearly_amount(self, row: Subscription, asked_at: datetime) -> Fraction:
        """The plan's amount on the local date of the request, times its periods in a year."""
        day = local_date(asked_at, self._zone_name)
        plan = row_in_force(
            self._catalog.plan_rows[row.plan_code],
            day,
            subscription_id=row.subscription_id,
            billing_starts_on=local_date(row.billing_begins_at, self._zone_name),
        )
        if plan is None:
            raise LookupError(f"plan {row.plan_code} has no price on {day}")
        return Fraction(plan.amount) * PERIODS_PER_YEAR[plan.interval]

    def _boundary(self, active: Subscription, asked_at: datetime) -> datetime:
        """The first instant at or after the request at which a period of the active one's base fee begins."""
        plan = self._catalog.plan_rows[active.plan_code][0]
        is_anniversary = active.billing_time == "anniversary"
        anchor = local_date(self._anchor_at, self._zone_name) if is_anniversary else None
        day = local_date(asked_at, self._zone_name)
        bounds = whole_period(plan.interval, day, anchor)
        instants = (first_instant(self._zone_name, bound) for bound in bounds)
        return next(instant for instant in instants if instant >= asked_at)


def _is_by(event_at: datetime, instant: datetime | None) -> bool:
    return instant is None or event_at <= instant


def _is_before(active: Subscription, instant: datetime) -> bool:
    """Whether a subscription's own end comes before an instant."""
    return active.ended_at is not None and active.ended_at < instant


def _with_shared_days(catalog: Catalog, begun: Sequence[Subscription]) -> list[Subscription]:
    """Mark those on whose last local day the billing of a later one begins.

    Source: BILLING_RULES §4 "ended by an upgrade: that day is the new plan's. … Cancel and return on one local day:
    billed once".
    """
    found = []
    for number, one in enumerate(begun):
        zone_name = catalog.timezone_of(one.customer_id)
        starts = {
            local_date(later.billing_begins_at, zone_name)
            for later in begun[number + 1 :]
            if later.is_billed
        }
        ended_at = one.ended_at
        is_shared = ended_at is not None and local_date(ended_at - MICROSECOND, zone_name) in starts
        found.append(replace(one, is_last_day_shared=is_shared))
    return found
