"""Which taxes follow from a customer's place, VAT id and certificates, and the words that say so.

Belongs here: the decisions of BILLING_RULES §5 "Tax": EU VAT, US sales tax, exemptions. Does not belong here: at which
level a tax stands and what it comes to (see `settlement`); reading of rows (see `tax_place_rows`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from .tax_place_rows import (
    EuReference,
    Exemption,
    Jurisdiction,
    Place,
    TaxCheck,
    Territory,
    holds_on,
)

REVERSE_CHARGE = "eu_reverse_charge"
OUTSIDE_EU = "eu_tax_exempt"
# VAT ids of Greece begin with another code than its addresses have.
STATE_OF_PREFIX = {"EL": "GR"}


@dataclass(frozen=True)
class Decision:
    """The tax codes that a customer bears, which branch decided, and the evidence as a line states it."""

    kind: str
    tax_codes: tuple[str, ...]
    evidence: str


def vat_id_state(vat_id: str) -> str:
    """The country that a VAT id is of, as addresses write it.

    >>> vat_id_state("IT00743110157"), vat_id_state("EL094259216")
    ('IT', 'GR')
    """
    return STATE_OF_PREFIX.get(vat_id[:2], vat_id[:2])


def territory_of(place: Place, territories: Iterable[Territory]) -> Territory | None:
    """The special territory that a place lies in, by country and beginning of the zip code."""
    for one in territories:
        is_in_country = place.country == one.country
        if is_in_country and (place.zipcode or "").startswith(one.zipcode_prefix):
            return one
    return None


def eu_vat(
    place: Place, check: TaxCheck | None, *, seller_state: str, reference: EuReference
) -> Decision:
    """The VAT that a customer of an entity in a member state bears.

    Args:
        place: the customer's.
        check: the last answer about its VAT id by the billing date.
        seller_state: the member state of the billing entity.
        reference: standard rates and territories.

    Source: BILLING_RULES §5 "EU VAT, in this order: special territory; valid VAT id in another member state → reverse
    charge 0 %; valid in the same state → standard; no valid id: the customer state's standard (no country known: the
    entity's); outside the EU → exempt". An id that nobody has checked is not valid (D-46 "when its id was not known as
    valid"), and the id of a country that is no member state is none in a member state.
    """
    standard = reference.standard_codes
    territory = territory_of(place, reference.territories)
    if territory is not None:
        said = f"{territory.territory_name}, zipcode {place.zipcode}"
        return Decision("territory", (territory.tax_code,), f"eu_vat, {said}")
    checked = check_text(place, check)
    if place.vat_id and check is not None and check.is_valid:
        state = vat_id_state(place.vat_id)
        if state == seller_state:
            said = f"eu_vat, standard {state}, {checked}"
            return Decision("same state", (standard[state],), said)
        if state in standard:
            said = f"eu_vat, reverse charge, {checked}"
            return Decision("reverse charge", (REVERSE_CHARGE,), said)
    if place.country is None:
        said = f"eu_vat, standard {seller_state}, country not known"
        return Decision("no country", (standard[seller_state],), said)
    if place.country in standard:
        said = f"eu_vat, standard {place.country}, {checked}"
        return Decision("consumer", (standard[place.country],), said)
    return Decision("outside", (OUTSIDE_EU,), f"eu_vat, {place.country} is outside the EU")


def check_text(place: Place, check: TaxCheck | None) -> str:
    """What is known of the VAT id of a place, as evidence states it.

    >>> check_text(Place(country="IT"), None)
    'no VAT id'
    """
    if place.vat_id is None:
        return "no VAT id"
    if check is None:
        return f"{place.vat_id} not checked"
    answer = "valid" if check.is_valid else "not valid"
    return f"{place.vat_id} {answer} on {check.checked_on} by {check.source}"


def us_sales_tax(
    place: Place,
    jurisdictions: Iterable[Jurisdiction],
    day: date,
    *,
    seller_country: str | None,
) -> Decision | None:
    """The taxes of a customer's state, county and city together; None where there is none.

    A row without county or city is of the whole state. Names are compared without regard to case. Where no country is
    known, it is the entity's, as with EU VAT.
    Source: BILLING_RULES §5 "US sales tax by jurisdiction", "Rates add, never compound", "Rates are dated data".
    """
    if (place.country or seller_country) != "US":
        return None
    address = (place.state, place.county, place.city)
    codes = {
        one.tax_code
        for one in jurisdictions
        if holds_on(one, day)
        and one.state.casefold() == (place.state or "").casefold()
        and one.county in (None, *_alike(one.county, place.county))
        and one.city in (None, *_alike(one.city, place.city))
    }
    if not codes:
        return None
    said = ", ".join(part for part in address if part)
    return Decision("jurisdictions", tuple(sorted(codes)), f"us_sales_tax, {said}")


def _alike(name: str | None, other: str | None) -> tuple[str | None, ...]:
    """The name itself, if the other one is the same in any case."""
    return (name,) if name and other and name.casefold() == other.casefold() else ()


def certificates(
    exemptions: Iterable[Exemption], customer_id: str, tax_codes: Collection[str], day: date
) -> dict[str, str]:
    """The certificate that exempts a customer of each of some taxes on a day; others are left out.

    Whichever level states the tax: a certificate says of what, not why it would be borne. Of several that which names
    the tax comes before one for all, then the order of the file.
    Source: README, Taxes: "Certificates exempt"; BILLING_RULES §5 has no word on them.
    """
    own = [one for one in exemptions if one.customer_id == customer_id and holds_on(one, day)]
    own.sort(key=lambda one: one.tax_code is None)
    return {
        code: next(one.certificate for one in own if one.tax_code in (None, code))
        for code in sorted(tax_codes)
        if any(one.tax_code in (None, code) for one in own)
    }
