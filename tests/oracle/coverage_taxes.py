"""What taxes by place a bill was made of: counts per feature, so that a test sees when one is no longer drawn.

Belongs here: naming the features of what an invoice bears. Does not belong here: how many there should be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from .bill import Bill
from .catalog import Catalog, in_force
from .invoices import Invoice
from .settlement import LineTaxes
from .tax_place_rows import TaxCheck, eu_reference, holds_on, last_check
from .tax_places import vat_id_state

BY_VAT = ("territory", "reverse charge", "same state", "consumer", "no country", "outside")


def tax_features_of(bill: Bill) -> Counter[str]:
    """How many invoices have each feature on any line, over both copies of each example.

    The branches of a decision and the levels by their names; what else there is to see of them in words.
    """
    found: Counter[str] = Counter()
    rates: dict[tuple[str, str], set[Decimal]] = defaultdict(set)
    for invoice in bill.invoices:
        own = {
            name
            for taxes in invoice.line_taxes
            for name in (taxes.kind, *_features(bill.catalog, invoice, taxes))
        }
        found.update(own)
        for taxes in invoice.line_taxes:
            for code, rate in taxes.rates.items():
                rates[invoice.customer_id, code].add(rate)
    found["customers with two rates of a code"] = sum(len(own) > 1 for own in rates.values())
    return found


def _features(catalog: Catalog, invoice: Invoice, taxes: LineTaxes) -> Iterator[str]:
    customer_id, day = invoice.customer_id, invoice.close_date
    yield from _of_certificates(catalog, customer_id, taxes, day)
    for code in taxes.rates:
        if eu_reference().rate_on(code, day) is not None:
            is_own = in_force([one for one in catalog.taxes if one.tax_code == code], day)
            yield "own rate of the EU" if is_own else "reference rate of the EU"
    if taxes.kind in BY_VAT:
        yield from _of_vat(catalog, customer_id, taxes, day)
    elif taxes.kind == "jurisdictions":
        yield from _of_jurisdictions(catalog, customer_id, taxes, day)
    elif taxes.kind in ("entity", "none"):
        automatic = catalog.entity_of(customer_id).automatic_tax
        if automatic == "us_sales_tax":
            yield f"no jurisdiction, then {taxes.kind}"


def _of_vat(catalog: Catalog, customer_id: str, taxes: LineTaxes, day: date) -> Iterator[str]:
    place, checks = catalog.customers[customer_id].place, catalog.place_taxes.checks
    check = last_check(checks, customer_id, place.vat_id, day)
    is_member = bool(place.vat_id) and vat_id_state(place.vat_id or "") in _member_states()
    if taxes.kind == "territory" and check is not None and check.is_valid:
        yield "territory before a valid id"
    if taxes.kind in ("reverse charge", "same state"):
        state = vat_id_state(place.vat_id or "")
        if place.country not in (state, None):
            yield f"{taxes.kind}, address elsewhere"
    if taxes.kind in ("consumer", "no country", "outside") and place.vat_id:
        if check is None:
            yield "not checked"
        elif not check.is_valid:
            yield "registry said invalid"
        elif not is_member:
            yield "valid id of no member state"
    yield from _of_checks(checks, customer_id, place.vat_id, check, day)


def _of_checks(
    checks: tuple[TaxCheck, ...],
    customer_id: str,
    vat_id: str | None,
    last: TaxCheck | None,
    day: date,
) -> Iterator[str]:
    """What other answers there are that do not count, and an answer of the very day."""
    own = [one for one in checks if one.customer_id == customer_id]
    said = last is not None and last.is_valid
    if last is not None and last.checked_on == day:
        yield "answer of the day"
    same = [one for one in own if one.vat_id == vat_id and one.is_valid != said]
    if any(one.checked_on > day for one in same):
        yield "other answer later"
    if last is not None and any(one.checked_on < last.checked_on for one in same):
        yield "other answer before"
    if any(one.vat_id != vat_id and one.is_valid and one.checked_on <= day for one in own):
        yield "valid answer about another id"


def _member_states() -> set[str]:
    return set(eu_reference().standard_codes)


def _of_jurisdictions(
    catalog: Catalog, customer_id: str, taxes: LineTaxes, day: date
) -> Iterator[str]:
    place = catalog.customers[customer_id].place
    codes = {*taxes.rates, *taxes.exempt}
    named = {code.partition("sales_")[2] for code in codes}
    if {"state", "county", "city"} <= named:
        yield "state, county and city"
    if len(codes) == 1:
        yield "one of state, county and city"
    if place.country is None:
        yield "state without a country"
    if {place.state and place.state[-2:], place.county, place.city} & {"ny", "kings", "NEW YORK"}:
        yield "other spelling"
    of_state = [one for one in catalog.place_taxes.jurisdictions if one.tax_code in codes]
    in_force_now = [one for one in of_state if holds_on(one, day)]
    if len({one.tax_code for one in in_force_now}) < len(in_force_now):
        yield "a tax by two rows"
    others = [
        one
        for one in catalog.place_taxes.jurisdictions
        if (place.state or "").casefold() == one.state.casefold() and not holds_on(one, day)
    ]
    if others:
        yield "row not in force"


def _of_certificates(
    catalog: Catalog, customer_id: str, taxes: LineTaxes, day: date
) -> Iterator[str]:
    own = [one for one in catalog.place_taxes.exemptions if one.customer_id == customer_id]
    borne = {*taxes.rates, *taxes.exempt}
    of_these = [one for one in own if one.tax_code is None or one.tax_code in borne]
    if not borne:
        return
    if taxes.exempt:
        yield "exempt of all" if not taxes.rates else "exempt of some"
        yield f"exempt {'by place' if taxes.kind in (*BY_VAT, 'jurisdictions') else 'as stated'}"
    if any(one.valid_from > day for one in of_these):
        yield "certificate not yet"
    if any(one.valid_to is not None and one.valid_to <= day for one in of_these):
        yield "certificate over"
    if sum(holds_on(one, day) for one in of_these) > 1:
        yield "two certificates"
