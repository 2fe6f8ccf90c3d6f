"""What a company states for taxes by place: addresses, answers of registries, jurisdictions, certificates.

Belongs here: these rows and the reference data of EU VAT as dataclasses, and reading them. Does not belong here: which
tax follows from them (see `tax_places`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from .cells import Row, date_in, day_in, flag_in, rows_of, text_in

REFERENCE = Path(__file__).resolve().parents[2] / "seeds" / "reference"


@dataclass(frozen=True)
class Place:
    """Where a customer is, and what it says that it is registered as; None where it says nothing.

    `country`: ISO 3166. `vat_id` begins with its country, EL for Greece.
    """

    country: str | None = None
    zipcode: str | None = None
    state: str | None = None
    county: str | None = None
    city: str | None = None
    vat_id: str | None = None


# Of a customer whose row says nothing of a place.
NOWHERE = Place()


@dataclass(frozen=True)
class TaxCheck:
    """What a registry (`source`) answered on a day about a VAT id of a customer."""

    customer_id: str
    vat_id: str
    checked_on: date
    is_valid: bool
    source: str


@dataclass(frozen=True)
class Jurisdiction:
    """A tax of a state, of its county, of its city, or of both, on the days [valid_from, valid_to)."""

    state: str
    county: str | None
    city: str | None
    tax_code: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Exemption:
    """A certificate that exempts a customer of a tax (None: of all) on the days [valid_from, valid_to)."""

    customer_id: str
    certificate: str
    tax_code: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class PlaceTaxes:
    """All rows of a company that taxes by place follow from, in the order of their files."""

    checks: tuple[TaxCheck, ...] = ()
    jurisdictions: tuple[Jurisdiction, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


# Of a company without such files.
NOTHING_BY_PLACE = PlaceTaxes()


@dataclass(frozen=True)
class ReferenceRate:
    """A rate in percent of the reference data from a day on; `member_state`: whose standard rate it is, if one's."""

    tax_code: str
    member_state: str | None
    rate_percent: Decimal
    valid_from: date


@dataclass(frozen=True)
class Territory:
    """A part of a member state with a tax of its own, known by how its zip codes begin."""

    country: str
    zipcode_prefix: str
    territory_name: str
    tax_code: str


@dataclass(frozen=True)
class EuReference:
    """The dated rates and the special territories of the EU."""

    rates: tuple[ReferenceRate, ...]
    territories: tuple[Territory, ...]

    @property
    def standard_codes(self) -> dict[str, str]:
        """The code of the standard rate of each member state."""
        return {one.member_state: one.tax_code for one in self.rates if one.member_state}

    def rate_on(self, tax_code: str, day: date) -> Decimal | None:
        """The rate in percent that began last; None before the first one, and for a code that is not of the EU."""
        begun = [one for one in self.rates if one.tax_code == tax_code and one.valid_from <= day]
        last = max(begun, key=lambda one: one.valid_from, default=None)
        return None if last is None else last.rate_percent


@cache
def eu_reference() -> EuReference:
    """The rates and territories of seeds/reference."""
    return EuReference(
        tuple(
            ReferenceRate(
                text_in(row, "tax_code"),
                row["member_state"],
                Decimal(text_in(row, "rate_percent")),
                day_in(row, "valid_from"),
            )
            for row in rows_of(REFERENCE / "eu_vat_rates.csv")
        ),
        tuple(
            Territory(
                *(
                    text_in(row, column)
                    for column in ("country", "zipcode_prefix", "territory_name", "tax_code")
                )
            )
            for row in rows_of(REFERENCE / "eu_vat_territories.csv")
        ),
    )


def place_in(row: Row) -> Place:
    """The address and VAT id of a row of customers.csv, which may lack any of the columns."""
    return Place(
        **{
            name: row.get(name)
            for name in ("country", "zipcode", "state", "county", "city", "vat_id")
        }
    )


def read_place_taxes(folder: Path) -> PlaceTaxes:
    """Read tax_checks.csv, us_sales_taxes.csv and tax_exemptions.csv of a catalog folder, each where there is one."""
    return PlaceTaxes(
        checks=tuple(
            TaxCheck(
                text_in(row, "customer_id"),
                text_in(row, "vat_id"),
                day_in(row, "checked_on"),
                flag_in(row, "is_valid"),
                text_in(row, "source"),
            )
            for row in rows_of(folder / "tax" / "tax_checks.csv")
        ),
        jurisdictions=tuple(
            Jurisdiction(
                text_in(row, "state"),
                row.get("county"),
                row.get("city"),
                text_in(row, "tax_code"),
                day_in(row, "valid_from"),
                date_in(row, "valid_to"),
            )
            for row in rows_of(folder / "tax" / "us_sales_taxes.csv")
        ),
        exemptions=tuple(
            Exemption(
                text_in(row, "customer_id"),
                text_in(row, "certificate"),
                row.get("tax_code"),
                day_in(row, "valid_from"),
                date_in(row, "valid_to"),
            )
            for row in rows_of(folder / "tax" / "tax_exemptions.csv")
        ),
    )


def holds_on(row: Jurisdiction | Exemption, day: date) -> bool:
    """Whether a row holds on a day: its last one is the day before `valid_to`."""
    return row.valid_from <= day and (row.valid_to is None or day < row.valid_to)


def last_check(
    checks: Iterable[TaxCheck], customer_id: str, vat_id: str | None, day: date
) -> TaxCheck | None:
    """The last answer by a day about the VAT id that the customer has now; None where there is none.

    Source: decision D-46 "the last one by the billing date counts, for the id that the customer has now".
    """
    own = [
        one
        for one in checks
        if (one.customer_id, one.vat_id) == (customer_id, vat_id) and one.checked_on <= day
    ]
    return max(own, key=lambda one: one.checked_on, default=None)
