"""The tax of an invoice, and what else is done with money (BILLING_RULES §5).

Belongs here: levels and rates of tax. Does not belong here: which lines an invoice has, what coupons (see `coupons`)
and lots (see `wallets`) pay of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .catalog import Catalog, in_force
from .lines import InvoiceLine
from .numbers import floor_to_scale, from_units, round_half_away

COMMITMENT_FEE_TYPES = ("commitment_true_up", "period_maximum")
EFFECTIVE_RATE_SCALE = 5


@dataclass(frozen=True)
class TaxRow:
    """The tax of one code and rate on one invoice; `rate_percent` of `taxable_amount`, allotted to the minor unit."""

    tax_code: str
    rate_percent: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True)
class Draw:
    """Money that a lot pays to an invoice."""

    lot_id: str
    amount: Decimal


def tax_rates_of_line(
    catalog: Catalog, customer_id: str, line: InvoiceLine, day: date
) -> dict[str, Decimal]:
    """Rate in percent of each tax code of a line on the billing date.

    Raises LookupError where a code has no rate on that day.
    Source: BILLING_RULES §5 "the first non-empty level wins: explicit on the line > charge/add-on/commitment > plan >
    customer > entity", "Rates are dated data"; the day is that of the invoice.
    """
    rates = {}
    assigned = (catalog.assigned_taxes.get(key, []) for key in _levels_of(catalog, line))
    entity_key = ("entity", catalog.entity_of(customer_id).billing_entity_code)
    levels = [
        *assigned,
        catalog.customer_taxes.get(customer_id, []),
        catalog.assigned_taxes.get(entity_key, []),
    ]
    for tax_code in next((codes for codes in levels if codes), []):
        row = in_force([tax for tax in catalog.taxes if tax.tax_code == tax_code], day)
        if row is None:
            raise LookupError(f"tax {tax_code} has no rate on {day}")
        rates[tax_code] = row.rate_percent
    return rates


def _levels_of(catalog: Catalog, line: InvoiceLine) -> Iterator[tuple[str, str]]:
    """The levels above the customer at which a line may have taxes, with its codes there, the first one first."""
    plan_code = catalog.plan_codes.get(line.subscription_id)
    if line.one_off_fee_id:
        yield "one_off_fee", line.one_off_fee_id
        if line.charge_code:
            yield "add_on", line.charge_code
    elif line.add_on_code:
        yield "add_on", line.add_on_code
    elif line.fee_type in COMMITMENT_FEE_TYPES and plan_code:
        yield "commitment", plan_code
    elif line.charge_code:
        yield "charge", line.charge_code
    if plan_code:
        yield "plan", plan_code


def effective_tax_rate(
    lines: Sequence[tuple[Decimal | Fraction, Mapping[str, Decimal]]],
) -> Decimal:
    """The rate in percent that lines bear together, less coupons, with the rates of each.

    Source: BILLING_RULES §0 "Effective tax rate = Σ rate × base ÷ subtotal, 5 decimals; at subtotal 0, the mean over
    fees".
    """
    subtotal = sum((Fraction(amount) for amount, _ in lines), Fraction(0))
    weights = [Fraction(amount) if subtotal else Fraction(1) for amount, _ in lines]
    rates = [sum(map(Fraction, own.values()), Fraction(0)) for _, own in lines]
    whole = sum(weights, Fraction(0))
    if whole == 0:
        return Decimal(0)
    weighted = (weight * rate for weight, rate in zip(weights, rates, strict=True))
    return round_half_away(sum(weighted, Fraction(0)) / whole, EFFECTIVE_RATE_SCALE)


def tax_rows(
    taxable_amount: Decimal, rates_percent: Mapping[str, Decimal], *, scale: int
) -> list[TaxRow]:
    """One row per tax code, by code, where all lines bear the same taxes (see `tax_rows_of_lines`).

    >>> [row.tax_amount for row in tax_rows(Decimal("10.10"), {"a": Decimal(5), "b": Decimal("5.5")}, scale=2)]
    [Decimal('0.50'), Decimal('0.56')]
    """
    return tax_rows_of_lines([(taxable_amount, rates_percent)], scale=scale)


def tax_rows_of_lines(
    lines: Iterable[tuple[Decimal | Fraction, Mapping[str, Decimal]]], *, scale: int
) -> list[TaxRow]:
    """One row per tax code and rate, in that order, of lines with their rates; their sum is the tax of the invoice.

    The sum of the unrounded taxes is rounded once. Each row gets its own tax cut to the minor unit; the units that
    then lack go, one each, to the rows that lost most by the cut, at equal loss in their order.
    Source: BILLING_RULES §0, rounding 4; §5 "Rates add, never compound"; §6 "original tax rates".

    >>> of_december, of_january = {"vat": Decimal(19)}, {"vat": Decimal(20)}
    >>> rows = tax_rows_of_lines([(Decimal(10), of_january), (Decimal(5), of_december)], scale=2)
    >>> [(str(row.rate_percent), str(row.tax_amount)) for row in rows]
    [('19', '0.95'), ('20', '2.00')]
    """
    bases: dict[tuple[str, Decimal], Fraction] = defaultdict(Fraction)
    for amount, rates_percent in lines:
        for code, rate in rates_percent.items():
            bases[code, rate] += Fraction(amount)
    keys = sorted(bases)
    exact = {key: bases[key] * Fraction(key[1]) / 100 for key in keys}
    cut = {key: floor_to_scale(exact[key], scale) for key in keys}
    tax = round_half_away(sum(exact.values(), Fraction(0)), scale)
    one_unit = Fraction(from_units(1, scale))
    lacking = (Fraction(tax) - sum(map(Fraction, cut.values()), Fraction(0))) / one_unit
    by_loss = sorted(keys, key=lambda key: (Fraction(cut[key]) - exact[key], key))
    assert lacking.denominator == 1
    assert 0 <= lacking <= len(keys)
    raised = set(by_loss[: int(lacking)])
    return [
        TaxRow(
            tax_code=code,
            rate_percent=rate,
            taxable_amount=round_half_away(bases[code, rate], 4),
            tax_amount=round_half_away(
                Fraction(cut[code, rate]) + (one_unit if (code, rate) in raised else 0), scale
            ),
        )
        for code, rate in keys
    ]
