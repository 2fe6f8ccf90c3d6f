"""Prepaid units: which usage of a close lots of units pay, before anything is priced.

Belongs here: BILLING_RULES §5 "Unit wallets": what may be paid, the order of usage and lots, what is left, and lapses.
Does not belong here: the price of the rest (`invoicing`), wallets of money, periods that are computed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, Charge, Lot, Wallet
from .invoices import Lapse
from .measuring import Selection, period_usage, selections
from .metering import MeteredEvent
from .numbers import round_half_away
from .periods import Period, local_date
from .price_rows import Segment
from .terms import Terms, charge_segments, segment_bounds
from .upgrades import is_left_to_successor
from .wallets import LOT_KINDS_IN_ORDER, expiry_of, is_lapsed

UNIT_SCALE = 9
# Subscription, charge, filter, group, and the first instant of the part of a period that has one price.
PartKey = tuple[str, str, str | None, str | None, datetime]
Prepaid = Mapping[PartKey, Fraction]


@dataclass(frozen=True)
class Part:
    """Units that may be paid. `place`: where it stands among all of a metric that a customer pays for."""

    key: PartKey
    customer_id: str
    metric_code: str
    place: tuple[datetime, str, int, int, str]
    starts_on: date
    units: Fraction


@dataclass(frozen=True)
class UnitDraw:
    close_date: date
    customer_id: str
    key: PartKey
    lot_id: str
    units: Decimal


class UnitBook:
    """What is left of each lot, and what was drawn."""

    def __init__(self) -> None:
        self.left: dict[str, Fraction] = {}
        self.draws: list[UnitDraw] = []
        self.lapses: list[Lapse] = []

    def copy(self) -> UnitBook:
        """A book in which a close can be tried."""
        other = UnitBook()
        other.left, other.draws, other.lapses = dict(self.left), list(self.draws), list(self.lapses)
        return other

    def draw(self, catalog: Catalog, parts: Iterable[Part], close_date: date) -> Prepaid:
        """What is paid of each part, which is in the book afterwards.

        Source: BILLING_RULES §5 "they reduce the billable units before rating, by the same order of lots", "A lot may
        pay lines whose service period starts before its expiry", "Never below 0".
        """
        prepaid: dict[PartKey, Fraction] = defaultdict(Fraction)
        for part in sorted(parts, key=lambda part: part.place):
            needed = part.units
            for wallet, lot in unit_lots_in_order(
                catalog, part.customer_id, part.metric_code, close_date
            ):
                expires_on = expiry_of(wallet, lot)
                if expires_on is not None and part.starts_on >= expires_on:
                    continue
                left = self.left.setdefault(lot.lot_id, Fraction(lot.amount))
                units = min(left, needed)
                if units > 0:
                    self.left[lot.lot_id] -= units
                    needed -= units
                    prepaid[part.key] += units
                    shown = round_half_away(units, UNIT_SCALE)
                    self.draws.append(
                        UnitDraw(close_date, part.customer_id, part.key, lot.lot_id, shown)
                    )
        return prepaid

    def lapse(
        self, catalog: Catalog, day: date, is_all_billed: Callable[[str, date], bool]
    ) -> None:
        """What is left of lots that pay nothing any more is gone, as of lots of money (see `wallets.lapsed_lots`)."""
        for wallet in catalog.unit_wallets:
            for lot in wallet.lots:
                left = self.left.setdefault(lot.lot_id, Fraction(lot.amount))
                is_voided = lot.is_voided(day)
                if (
                    left
                    and lot.granted_on <= day
                    and (is_voided or is_lapsed(wallet, lot, day, is_all_billed))
                ):
                    shown = round_half_away(left, UNIT_SCALE)
                    self.lapses.append(Lapse(day, lot.lot_id, shown, is_voided))
                    self.left[lot.lot_id] = Fraction(0)


def unit_lots_in_order(
    catalog: Catalog, customer_id: str, metric_code: str, day: date
) -> list[tuple[Wallet, Lot]]:
    """As lots of money: by wallet, then priority, soonest expiry, granted before purchased, age."""
    found = [
        (wallet, lot)
        for wallet in catalog.unit_wallets
        if wallet.customer_id == customer_id and wallet.unit_metric == metric_code
        for lot in wallet.lots
        if lot.granted_on <= day and not lot.is_voided(day)
    ]
    return sorted(
        found,
        key=lambda one: (
            (one[0].priority, one[0].position, one[1].priority),
            expiry_of(*one) or date.max,
            LOT_KINDS_IN_ORDER.index(one[1].lot_kind),
            (one[1].granted_on, one[1].position),
        ),
    )


def parts_of_period(
    catalog: Catalog, terms: Terms, period: Period, events: Iterable[MeteredEvent]
) -> Iterator[Part]:
    """What lots may pay of a period: charges in arrears on a metric that its payer has units of.

    Source: BILLING_RULES, Words: "payer: … wallets are the payer's".

    What a later part takes back is not paid in an earlier one: a part counts as far as it is still there at the end.
    """
    customer_id = catalog.payer_of(terms.subscription.customer_id, terms.subscription)
    metrics = {
        wallet.unit_metric for wallet in catalog.unit_wallets if wallet.customer_id == customer_id
    }
    if not metrics:
        return
    usage = period_usage(terms, period, events)
    measured: dict[tuple[str, str, Selection], list[tuple[Segment[Charge], Fraction]]]
    measured = defaultdict(list)
    for segment in (one for own in charge_segments(catalog, terms, period).values() for one in own):
        charge = segment.row
        if (
            charge.metric_code not in metrics
            or charge.is_pay_in_advance
            or is_left_to_successor(catalog, terms, period, charge)
        ):
            continue
        starts_at, ends_at = segment_bounds(terms, period, segment)
        chosen = selections(charge, catalog.metrics[charge.metric_code], usage, ends_at)
        for key, selected in chosen.items():
            units = selected.through(ends_at).units
            if segment.start > period.start:
                units -= selected.through(starts_at).units
            measured[charge.charge_code, charge.metric_code, key].append((segment, units))
    for (charge_code, metric_code, key), own in measured.items():
        for (segment, _), units in zip(own, _lasting([units for _, units in own]), strict=True):
            starts_at, _ = segment_bounds(terms, period, segment)
            yield Part(
                key=(terms.subscription.subscription_id, charge_code, *key, starts_at),
                customer_id=customer_id,
                metric_code=metric_code,
                place=(
                    starts_at,
                    terms.subscription.subscription_id,
                    catalog.charges.index(segment.row),
                    _filter_place(segment.row, key[0]),
                    key[1] or "",
                ),
                starts_on=local_date(starts_at, catalog.timezone_of(customer_id)),
                units=units,
            )


def _lasting(changes: Sequence[Fraction]) -> list[Fraction]:
    """What is left of each change at the end, if what is taken back is taken of the last ones first.

    >>> [str(units) for units in _lasting([Fraction(10), Fraction(-3), Fraction(1)])]
    ['7', '0', '1']
    >>> [str(units) for units in _lasting([Fraction(-2), Fraction(5)])]
    ['0', '3']
    """
    left = [Fraction(0) for _ in changes]
    owed = Fraction(0)
    for place, change in enumerate(changes):
        if change >= 0:
            left[place] = max(change - owed, Fraction(0))
            owed = max(owed - change, Fraction(0))
            continue
        owed -= change
        for earlier in reversed(range(place)):
            taken = min(left[earlier], owed)
            left[earlier] -= taken
            owed -= taken
    return left


def _filter_place(charge: Charge, filter_code: str | None) -> int:
    codes = [one.condition.filter_code for one in charge.filters]
    return codes.index(filter_code) + 1 if filter_code is not None else 0
