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
from .tax_place_rows import eu_reference, last_check
from .tax_places import Decision, certificates, eu_vat, us_sales_tax

COMMITMENT_FEE_TYPES = ("commitment_true_up", "period_maximum")
EFFECTIVE_RATE_SCALE = 5
# Taxes that were cut by amounts which differ below this scale were cut alike (decision D-45).
LOSS_SCALE = 11


@dataclass(frozen=True)
class TaxRow:
    """The tax of one code and rate on one invoice; `rate_percent` of `taxable_amount`, allotted to the minor unit."""

    tax_code: str
    rate_percent: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True)
class LineTaxes:
    """What a line bears: rates in percent by code, and why.

    `kind`: the level that decided, or the branch of the decision by place. `exempt`: certificates by the codes that
    they take off.
    """

    kind: str
    rates: Mapping[str, Decimal]
    evidence: str
    exempt: Mapping[str, str]


@dataclass(frozen=True)
class Draw:
    """Money that a lot pays to an invoice."""

    lot_id: str
    amount: Decimal


def tax_rates_of_line(
    catalog: Catalog, customer_id: str, line: InvoiceLine, day: date
) -> dict[str, Decimal]:
    """Rate in percent of each tax code of a line on the billing date (see `taxes_of_line`)."""
    return dict(taxes_of_line(catalog, customer_id, line, day).rates)


def taxes_of_line(catalog: Catalog, customer_id: str, line: InvoiceLine, day: date) -> LineTaxes:
    """What a line of a payer bears on the billing date, by the first level that says anything.

    A certificate takes taxes off the level that decided; no other level steps in for it.
    Raises LookupError where a code has no rate on that day.
    Source: BILLING_RULES §5 "the first non-empty level wins: explicit on the line > charge/add-on/commitment > plan >
    customer > entity", "An entity with automatic tax sets the customer level by these two", "Rates are dated data";
    the day is that of the invoice.
    """
    kind, codes, evidence = _deciding_level(catalog, customer_id, line, day)
    exempt = certificates(catalog.place_taxes.exemptions, customer_id, codes, day)
    if exempt:
        said = ", ".join(f"{code} exempt by certificate {exempt[code]}" for code in exempt)
        evidence = f"{evidence}; {said}"
    rates = {code: tax_rate_on(catalog, code, day) for code in codes if code not in exempt}
    return LineTaxes(kind, rates, evidence, exempt)


def _deciding_level(
    catalog: Catalog, customer_id: str, line: InvoiceLine, day: date
) -> tuple[str, Sequence[str], str]:
    """The first level with taxes, or the decision that makes the customer's: its kind, its codes, and its evidence."""
    for level, code in _levels_of(catalog, line):
        if assigned := catalog.assigned_taxes.get((level, code)):
            return level, assigned, level
    if own := catalog.customer_taxes.get(customer_id):
        return "customer", own, "customer"
    if automatic := automatic_tax(catalog, customer_id, day):
        return automatic.kind, automatic.tax_codes, f"customer: {automatic.evidence}"
    entity_code = catalog.entity_of(customer_id).billing_entity_code
    if assigned := catalog.assigned_taxes.get(("entity", entity_code)):
        return "entity", assigned, "entity"
    return "none", (), ""


def automatic_tax(catalog: Catalog, customer_id: str, day: date) -> Decision | None:
    """What the entity's automatic tax makes of the customer's place on a day; None where it makes nothing of it."""
    entity, place = catalog.entity_of(customer_id), catalog.customers[customer_id].place
    rows = catalog.place_taxes
    if entity.automatic_tax == "eu_vat":
        assert entity.country is not None
        check = last_check(rows.checks, customer_id, place.vat_id, day)
        return eu_vat(place, check, seller_state=entity.country, reference=eu_reference())
    if entity.automatic_tax == "us_sales_tax":
        return us_sales_tax(place, rows.jurisdictions, day, seller_country=entity.country)
    assert entity.automatic_tax == "none", entity.automatic_tax
    return None


def tax_rate_on(catalog: Catalog, tax_code: str, day: date) -> Decimal:
    """The rate of a code in percent: by the company's own row in force, else by the reference data.

    Raises LookupError where neither has a rate on that day.
    Source: decision D-46 "A company's own row in `tax/taxes.csv` wins over a rate of the same code".
    """
    row = in_force([tax for tax in catalog.taxes if tax.tax_code == tax_code], day)
    rate = eu_reference().rate_on(tax_code, day) if row is None else row.rate_percent
    if rate is None:
        raise LookupError(f"tax {tax_code} has no rate on {day}")
    return rate


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
    then lack go, one each, to the rows that lost most by the cut, at equal loss in their order; losses are compared at
    11 decimals, the rest is exact.
    Source: BILLING_RULES §0, rounding 4; §5 "Rates add, never compound"; §6 "original tax rates"; decision D-45.

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
    loss = {key: round_half_away(exact[key] - Fraction(cut[key]), LOSS_SCALE) for key in keys}
    by_loss = sorted(keys, key=lambda key: (-loss[key], key))
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
