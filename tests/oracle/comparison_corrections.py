"""The taxes of published documents, corrections too, against what the oracle decides for each of their lines.

Belongs here: what each line of an invoice or note ought to bear, and which documents bear something else. Does not
belong here: amounts before tax (see `comparison_fees`), and documents with coupons, whose exact shares are not
published.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .catalog import Catalog
from .comparison import Query, Rows
from .lines import InvoiceLine
from .numbers import minor_unit, round_half_away
from .settlement import tax_rows_of_lines, taxes_of_line

OF_ORIGINAL = "original_invoice"
LINES = """
    select
        i.payer_customer_id, l.invoice_number, l.line_number,
        coalesce(original.close_date, i.close_date) as taxed_on, l.original_invoice_number,
        l.subscription_id, l.fee_type, l.charge_code, l.amount, l.coupon_amount, l.currency,
        coalesce(l.tax_codes, ''), l.tax_rate, coalesce(l.tax_evidence, '')
    from invoice_lines as l
    inner join invoices as i using (invoice_number)
    left join invoices as original on l.original_invoice_number = original.invoice_number
"""
CREDITED_LINES = """
    select
        n.payer_customer_id, l.credit_note_number, l.line_number, l.invoice_number,
        l.invoice_line_number, l.amount, l.amount_unrounded, coalesce(l.tax_codes, ''), l.tax_rate
    from credit_note_lines as l
    inner join credit_notes as n using (credit_note_number)
    order by n.number_index, l.line_number
"""
OF_INVOICES = """
    select i.payer_customer_id, t.invoice_number, t.tax_code, t.tax_rate, t.taxable_amount, t.tax_amount
    from invoice_taxes as t inner join invoices as i using (invoice_number)
"""
OF_NOTES = (
    "select payer_customer_id, credit_note_number, invoice_number, tax_amount from credit_notes"
)
# What corrects a line, and the closes of both.
CORRECTED = """
    select
        'lines' as correction, i.payer_customer_id, l.subscription_id, l.fee_type, l.charge_code,
        i.close_date as corrected_on, original.close_date as taxed_on
    from invoice_lines as l
    inner join invoices as i using (invoice_number)
    inner join invoices as original on l.original_invoice_number = original.invoice_number
    union all
    select
        'notes', n.payer_customer_id, l.subscription_id, l.fee_type, l.charge_code,
        n.issue_date, coalesce(original.close_date, i.close_date)
    from credit_note_lines as c
    inner join credit_notes as n using (credit_note_number)
    inner join invoice_lines as l
        on c.invoice_number = l.invoice_number and c.invoice_line_number = l.line_number
    inner join invoices as i on l.invoice_number = i.invoice_number
    left join invoices as original on l.original_invoice_number = original.invoice_number
"""
NOWHEN = datetime(1, 1, 1)


@dataclass(frozen=True)
class _Line:
    """A published line with the rates that it ought to bear."""

    payer: str
    invoice_number: str
    amount: Decimal
    currency: str
    is_discounted: bool
    rates: Mapping[str, Decimal]


def expected_tax_faults() -> dict[str, Rows]:
    """No document bears other taxes than the oracle decides."""
    return {"line taxes that differ": {}, "invoice taxes that differ": {}, "notes that differ": {}}


def published_tax_faults(finance: Query, catalog: Catalog) -> dict[str, Rows]:
    """Lines, invoices and credit notes that bear other taxes than they ought to.

    Source: BILLING_RULES §6 "adjustment lines (original service period, cause, original tax rates …)": a line that
    corrects bears what the oracle decides for the close of the invoice that it corrects.
    """
    lines: dict[tuple[str, int], _Line] = {}
    faults: Rows = {}
    for row in finance(LINES):
        payer, number, line_number, day, original, *named, amount, coupons, currency = row[:11]
        rates, evidence = _owed(catalog, payer, named, day)
        if original is not None:
            evidence = OF_ORIGINAL if rates else ""
        lines[number, line_number] = _Line(
            payer, number, amount, currency, bool(coupons), dict(rates)
        )
        owed = (_codes(rates), _sum(rates), evidence)
        if owed != row[11:]:
            faults[payer, number, line_number] = {"oracle": owed, "published": row[11:]}
    return {
        "line taxes that differ": faults,
        "invoice taxes that differ": _invoice_faults(finance, lines),
        "notes that differ": _note_faults(finance, lines),
    }


def corrections_by_tax(finance: Query, catalog: Catalog) -> Counter[str]:
    """Lines that correct (`lines`) and lines of notes (`notes`), and how many of each would be taxed otherwise now."""
    found: Counter[str] = Counter()
    for correction, payer, *named, corrected_on, taxed_on in finance(CORRECTED):
        then, _ = _owed(catalog, payer, named, taxed_on)
        now, _ = _owed(catalog, payer, named, corrected_on)
        found[correction] += 1
        found[f"{correction} at other taxes than now"] += then != now
    return found


def _owed(
    catalog: Catalog, payer: str, named: list[Any], day: date
) -> tuple[Mapping[str, Decimal], str]:
    """The rates and evidence of a line of a subscription, fee type and charge."""
    subscription_id, fee_type, charge_code = named
    add_on_code = None
    if fee_type.startswith("fixed_charge"):
        plan_code = catalog.plan_codes[subscription_id]
        add_on_code = catalog.fixed_charge_rows[plan_code][charge_code][0].add_on_code
    if fee_type == "add_on":
        # Which fee it is, is not published.
        assert all(level != "one_off_fee" for level, _ in catalog.assigned_taxes)
        add_on_code = charge_code
    line = InvoiceLine(
        subscription_id=subscription_id,
        fee_type=fee_type,
        charge_code=charge_code,
        metric_code=None,
        service_period_start=NOWHEN,
        service_period_end=NOWHEN,
        exact_quantity=Fraction(0),
        exact_amount=Fraction(0),
        currency="",
        add_on_code=add_on_code,
    )
    found = taxes_of_line(catalog, payer, line, day)
    return found.rates, found.evidence


def _codes(rates: Mapping[str, Decimal]) -> str:
    return ",".join(sorted(rates))


def _sum(rates: Mapping[str, Decimal]) -> Decimal:
    return sum(rates.values(), Decimal(0))


def _invoice_faults(finance: Query, lines: Mapping[tuple[str, int], _Line]) -> Rows:
    """Invoices whose taxes are not those of their lines, rounded once and allotted."""
    published: defaultdict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for payer, number, *row in finance(OF_INVOICES):
        published[payer, number].append(tuple(row))
    of_invoice: defaultdict[tuple[str, str], list[_Line]] = defaultdict(list)
    for line in lines.values():
        of_invoice[line.payer, line.invoice_number].append(line)
    faults: Rows = {}
    for key, own in of_invoice.items():
        if any(line.is_discounted for line in own):
            continue
        rows = tax_rows_of_lines(
            [(line.amount, line.rates) for line in own], scale=minor_unit(own[0].currency)
        )
        owed = [
            (one.tax_code, one.rate_percent, one.taxable_amount, one.tax_amount) for one in rows
        ]
        if sorted(published[key]) != owed:
            faults[key] = {"oracle": owed, "published": sorted(published[key])}
    return faults


def _note_faults(finance: Query, lines: Mapping[tuple[str, int], _Line]) -> Rows:
    """Notes whose lines bear other taxes than the lines that they credit, or that come to another tax.

    The tax of a note is that of what is credited, unrounded, and rounded once; the one that takes the last of an
    invoice's fees gives back the rest of its tax.
    Source: BILLING_RULES §0, rounding 5; §5 "the last note of an invoice absorbs earlier rounding".
    """
    faults: Rows = {}
    taxes = {number: tax for _, number, _, tax in finance(OF_NOTES)}
    exact: defaultdict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    credited: defaultdict[str, Decimal] = defaultdict(Decimal)
    is_last: dict[str, bool] = {}
    billed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines.values():
        billed[line.invoice_number] += line.amount
    for payer, note, number, invoice, invoice_line, amount, unrounded, *found in finance(
        CREDITED_LINES
    ):
        line = lines[invoice, invoice_line]
        owed = (_codes(line.rates), _sum(line.rates))
        if owed != tuple(found):
            faults[payer, note, number] = {"oracle": owed, "published": tuple(found)}
        if not line.is_discounted:
            exact[payer, note, invoice] += Fraction(unrounded) * Fraction(owed[1]) / 100
        credited[invoice] += amount
        is_last[note] = credited[invoice] == billed[invoice]
    given: defaultdict[str, Decimal] = defaultdict(Decimal)
    tax_of_invoice: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, number, _, _, _, tax in finance(OF_INVOICES):
        tax_of_invoice[number] += tax
    for (payer, note, invoice), unrounded in exact.items():
        currency = next(one.currency for one in lines.values() if one.invoice_number == invoice)
        tax = round_half_away(unrounded, minor_unit(currency))
        if is_last[note]:
            tax = tax_of_invoice[invoice] - given[invoice]
        given[invoice] += taxes[note]
        if tax != taxes[note]:
            faults[payer, note] = {"oracle": tax, "published": taxes[note]}
    return faults
