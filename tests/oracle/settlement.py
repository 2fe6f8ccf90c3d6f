"""From fees to the amount due: tax, then prepaid wallets (BILLING_RULES §5).

Belongs here: the tax of an invoice and the drawdown of lots. Does not belong here: which lines an invoice has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, Lot, Wallet, in_force
from .numbers import floor_to_scale, from_units, round_half_away

LOT_KINDS_IN_ORDER = ("granted", "purchased")


@dataclass(frozen=True)
class TaxRow:
    """The tax of one code on one invoice; `rate_percent` of `taxable_amount`, allotted to the minor unit."""

    tax_code: str
    rate_percent: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True)
class Draw:
    """Money that a lot pays to an invoice."""

    lot_id: str
    amount: Decimal


def customer_tax_rates(catalog: Catalog, customer_id: str, day: date) -> dict[str, Decimal]:
    """Rate in percent of each tax code of a customer on the billing date.

    Raises LookupError where a code has no rate on that day.
    Source: BILLING_RULES §5 "Rates are dated data"; the day is that of the invoice.
    """
    rates = {}
    for tax_code in catalog.customer_taxes.get(customer_id, []):
        row = in_force([tax for tax in catalog.taxes if tax.tax_code == tax_code], day)
        if row is None:
            raise LookupError(f"tax {tax_code} has no rate on {day}")
        rates[tax_code] = row.rate_percent
    return rates


def tax_rows(
    taxable_amount: Decimal, rates_percent: Mapping[str, Decimal], *, scale: int
) -> list[TaxRow]:
    """One row per tax code, by code; their sum is the tax of the invoice.

    The sum of the unrounded taxes is rounded once. Each code gets its own tax cut to the minor unit; the units that
    then lack go, one each, to the codes that lost most by the cut, at equal loss in the order of the codes.
    Source: BILLING_RULES §0, rounding 4; §5 "Rates add, never compound".

    >>> [row.tax_amount for row in tax_rows(Decimal("10.10"), {"a": Decimal(5), "b": Decimal("5.5")}, scale=2)]
    [Decimal('0.50'), Decimal('0.56')]
    """
    codes = sorted(rates_percent)
    exact = {code: Fraction(taxable_amount) * Fraction(rates_percent[code]) / 100 for code in codes}
    cut = {code: floor_to_scale(exact[code], scale) for code in codes}
    tax = round_half_away(sum(exact.values(), Fraction(0)), scale)
    one_unit = Fraction(from_units(1, scale))
    lacking = (Fraction(tax) - sum(map(Fraction, cut.values()), Fraction(0))) / one_unit
    by_loss = sorted(codes, key=lambda code: (Fraction(cut[code]) - exact[code], code))
    assert lacking.denominator == 1
    assert 0 <= lacking <= len(codes)
    raised = set(by_loss[: int(lacking)])
    return [
        TaxRow(
            tax_code=code,
            rate_percent=rates_percent[code],
            taxable_amount=taxable_amount,
            tax_amount=round_half_away(
                Fraction(cut[code]) + (one_unit if code in raised else 0), scale
            ),
        )
        for code in codes
    ]


def lots_in_order(
    catalog: Catalog, customer_id: str, currency: str, day: date
) -> list[tuple[Wallet, Lot]]:
    """The lots that may pay an invoice of `day`, in the order in which they do.

    Source: BILLING_RULES §5 "Money wallets: priority (1 first), then age; same currency. Inside: … granted before
    purchased, age". A wallet's age is its place in the file; a lot's the day of its grant, then its place. A lot
    exists from that day on.
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
            key=lambda lot: (LOT_KINDS_IN_ORDER.index(lot.lot_kind), lot.granted_on, lot.position),
        )
        if lot.granted_on <= day
    ]


def draw_from_lots(
    amount: Decimal, lots: Sequence[Lot], remaining: Mapping[str, Decimal]
) -> list[Draw]:
    """What each lot pays of `amount`, in order; lots that pay nothing are left out.

    Source: BILLING_RULES §5 "Never below 0", drawn after tax.
    """
    draws = []
    still_due = Fraction(amount)
    for lot in lots:
        part = min(still_due, Fraction(remaining[lot.lot_id]))
        if part > 0:
            draws.append(Draw(lot.lot_id, round_half_away(part, 4)))
            still_due -= part
    return draws
