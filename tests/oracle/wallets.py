"""Prepaid money: which lots may pay what of an invoice, and how much each of them does.

Belongs here: BILLING_RULES §5 "Money wallets": scopes, buckets, the order of lots, expiry. Does not belong here: what
is owed, lots that lapse, top-ups, wallets of units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, Lot, Wallet
from .lines import PROGRESSIVE_CREDIT, InvoiceLine
from .numbers import round_half_away
from .periods import local_date
from .settlement import Draw

LOT_KINDS_IN_ORDER = ("granted", "purchased")
# The words by which a wallet is limited to fee types.
SCOPE_OF_FEE_TYPE = {
    "subscription": "subscription",
    "fixed_charge": "fixed_charge",
    "fixed_charge_in_advance": "fixed_charge",
    "charge": "charge",
    "charge_in_advance": "charge",
    "charge_maximum": "charge",
    "charge_true_up": "charge",
    "progressive_charge": "charge",
    "progressive_maximum": "charge",
    PROGRESSIVE_CREDIT: "charge",
    "commitment_true_up": "commitment",
    "period_maximum": "commitment",
    "add_on": "add_on",
}
BucketKey = tuple[str, str]  # a word of a scope, and a metric or ''


@dataclass(frozen=True)
class Owed:
    """What an invoice asks for one of its lines, less coupons, with its unrounded tax."""

    key: BucketKey
    starts_on: date
    amount: Fraction


class Bucket:
    """What is owed for a fee type and metric, in the order in which service periods start, and what was drawn of it."""

    def __init__(self, key: BucketKey, owed: Iterable[Owed]) -> None:
        self.key = key
        self._owed = sorted((one.starts_on, one.amount) for one in owed)
        self._drawn = Fraction(0)

    @property
    def cap(self) -> Fraction:
        return sum((amount for _, amount in self._owed), Fraction(0))

    def add(self, gap: Fraction) -> None:
        """More, or less, for what is paid last."""
        self._owed.append((self._owed[-1][0], gap))

    def draw(self, most: Fraction, expires_on: date | None) -> Fraction:
        """What a lot pays of it, which is taken off: of lines alone whose service period starts before its expiry.

        What was drawn before has paid the lines that start first.
        """
        own = (amount for on, amount in self._owed if expires_on is None or on < expires_on)
        left = min(sum(own, Fraction(0)), self.cap) - self._drawn
        drawn = max(min(left, most), Fraction(0))
        self._drawn += drawn
        return drawn


def owed_of_lines(
    lines: Sequence[InvoiceLine],
    left: Sequence[Fraction],
    rates: Sequence[Mapping[str, Decimal]],
    zone_name: str,
) -> list[Owed]:
    """What is owed for each line; `left`: what coupons leave of it, `rates`: of its taxes, in percent."""
    return [
        Owed(
            key=(SCOPE_OF_FEE_TYPE[line.fee_type], line.metric_code or ""),
            starts_on=local_date(line.service_period_start, zone_name),
            amount=amount + amount * sum(map(Fraction, own.values()), Fraction(0)) / 100,
        )
        for line, amount, own in zip(lines, left, rates, strict=True)
    ]


def buckets_of(owed: Iterable[Owed], total: Fraction, scale: int) -> list[Bucket]:
    """The buckets of an invoice, largest first: money each, and the first takes what that leaves of the total.

    Source: BILLING_RULES §5 "Draw per (fee type, metric) bucket including tax, largest first, the order fixed before
    drawing", "Bucket caps use unrounded tax; a gap of up to a cent per bucket goes to the largest"; §0, rounding 6
    "money rounded": a draw is money, and is made per bucket.

    >>> owed = [Owed(("charge", ""), date.min, Fraction(amount)) for amount in ("534.127", "534.127")]
    >>> [str(bucket.cap) for bucket in buckets_of(owed, Fraction("1068.26"), 2)]
    ['53413/50']
    >>> owed = [Owed(("charge", key), date.min, Fraction(key)) for key in ("10.0134", "6.5654", "2.0159")]
    >>> [float(bucket.cap) for bucket in buckets_of(owed, Fraction("18.59"), 2)]
    [10.0, 6.57, 2.02]
    """
    by_key: dict[BucketKey, list[Owed]] = defaultdict(list)
    for one in owed:
        by_key[one.key].append(one)
    found = [Bucket(key, own) for key, own in by_key.items()]
    found.sort(key=lambda bucket: (-bucket.cap, bucket.key))
    for bucket in found:
        bucket.add(Fraction(round_half_away(bucket.cap, scale)) - bucket.cap)
    if found:
        found[0].add(total - sum((bucket.cap for bucket in found), Fraction(0)))
    return found


def lots_in_order(
    catalog: Catalog, customer_id: str, currency: str, day: date
) -> list[tuple[Wallet, Lot]]:
    """The lots that may pay an invoice of `day`, in the order in which they do.

    Source: BILLING_RULES §5 "Money wallets: priority (1 first), then age; same currency. … Inside: lots by priority,
    soonest expiry, granted before purchased, age". A wallet's age is its place in the file; a lot's the day of its
    grant, then its place. A lot exists from that day on.
    """
    wallets = [
        wallet
        for wallet in catalog.wallets
        if wallet.customer_id == customer_id and wallet.currency == currency
    ]
    return [
        (wallet, lot)
        for wallet in sorted(wallets, key=lambda wallet: (wallet.priority, wallet.position))
        for lot in sorted(
            wallet.lots,
            key=lambda lot: (
                lot.priority,
                expiry_of(wallet, lot) or date.max,
                LOT_KINDS_IN_ORDER.index(lot.lot_kind),
                lot.granted_on,
                lot.position,
            ),
        )
        if lot.granted_on <= day and not lot.is_voided(day)
    ]


def expiry_of(wallet: Wallet, lot: Lot) -> date | None:
    """The first day that a lot does not pay for: its own expiry, or its wallet's where that is sooner."""
    days = [day for day in (wallet.expires_on, lot.expires_on) if day is not None]
    return min(days, default=None)


def lapsed_lots(
    catalog: Catalog, day: date, is_all_billed: Callable[[str, date], bool]
) -> list[Lot]:
    """The lots that pay nothing any more once a close of the day is published: expired, or given up.

    `is_all_billed`: whether no unbilled period of a customer starts before a date.
    Source: BILLING_RULES §5 "lapses at the first publication after which no unbilled period of the customer starts
    before it"; never before that day itself.
    """
    return [
        lot
        for wallet in catalog.wallets
        for lot in wallet.lots
        if lot.granted_on <= day
        and (lot.is_voided(day) or is_lapsed(wallet, lot, day, is_all_billed))
    ]


def is_lapsed(
    wallet: Wallet, lot: Lot, day: date, is_all_billed: Callable[[str, date], bool]
) -> bool:
    """Whether a lot has expired by a day, and all is billed that it may pay."""
    expires_on = expiry_of(wallet, lot)
    return (
        expires_on is not None
        and expires_on <= day
        and is_all_billed(wallet.customer_id, expires_on)
    )


def is_admitted(wallet: Wallet, key: BucketKey) -> bool:
    """Source: BILLING_RULES §5 "may be limited to fee types or metrics (either match admits)"."""
    if not wallet.fee_types and not wallet.metric_codes:
        return True
    return key[0] in wallet.fee_types or key[1] in wallet.metric_codes


def draw_from_lots(
    amount: Decimal,
    buckets: Sequence[Bucket],
    lots: Sequence[tuple[Wallet, Lot]],
    remaining: Mapping[str, Decimal],
    *,
    scale: int,
) -> list[Draw]:
    """What each lot pays of `amount`, in order; lots that pay nothing are left out.

    `amount`: what credit notes leave of the invoice. Draws are money, rounded in turn, so that those of a bucket's
    parts add up.
    Source: BILLING_RULES §5 "Never below 0"; §0, rounding 6 "money rounded", "Splits … add up to the whole".
    """
    draws = []
    drawn = Fraction(0)
    for wallet, lot in lots:
        left = min(Fraction(amount) - drawn, Fraction(remaining[lot.lot_id]))
        part = Fraction(0)
        for bucket in buckets:
            if is_admitted(wallet, bucket.key):
                part += bucket.draw(left - part, expiry_of(wallet, lot))
        before, drawn = drawn, drawn + part
        paid = Fraction(round_half_away(drawn, scale)) - Fraction(round_half_away(before, scale))
        paid = min(paid, Fraction(remaining[lot.lot_id]))
        if paid > 0:
            draws.append(Draw(lot.lot_id, round_half_away(paid, 4)))
    return draws
