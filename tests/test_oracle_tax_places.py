"""The oracle's taxes by place, by hand: EU VAT, US sales tax, certificates, and bills that bear them.

Belongs here: expected decisions and amounts with their arithmetic. Does not belong here: comparing with the product
(`test_properties_taxes`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.bill import Bill
from tests.oracle.hand_written import (
    ALWAYS,
    BASE,
    Cells,
    Tables,
    hand_bill,
    hand_catalog,
    plan,
    subscription,
)
from tests.oracle.random_taxes import VAT_IDS
from tests.oracle.settlement import tax_rate_on
from tests.oracle.tax_place_rows import (
    Exemption,
    Jurisdiction,
    Place,
    TaxCheck,
    eu_reference,
    last_check,
)
from tests.oracle.tax_places import certificates, eu_vat, us_sales_tax, vat_id_state

ITALIAN, FRENCH, GREEK, SWISS = "IT00743110157", "FR40303265045", "EL094259216", "CHE107787577MWST"
DAY = date(2025, 7, 1)


def check(vat_id: str, is_valid: bool = True, day: str = "2025-06-15") -> TaxCheck:
    return TaxCheck("atlas", vat_id, date.fromisoformat(day), is_valid, "vies")


# EU VAT, of an entity in France.


@pytest.mark.parametrize(
    ("place", "answer", "kind", "code"),
    [
        # The territory comes first, also before a valid id.
        (Place("IT", "23041", vat_id=ITALIAN), True, "territory", "eu_it_livigno"),
        (Place("PT", "9000-034"), None, "territory", "eu_pt_madeira"),
        # Zip codes of another country are none of the territory's, nor those without a country.
        (Place("DE", "23041"), None, "consumer", "eu_de_standard"),
        (Place(None, "23041"), None, "no country", "eu_fr_standard"),
        # A valid id of another member state, wherever the customer is.
        (Place("IT", vat_id=ITALIAN), True, "reverse charge", "eu_reverse_charge"),
        (Place("FR", vat_id=ITALIAN), True, "reverse charge", "eu_reverse_charge"),
        (Place("US", vat_id=ITALIAN), True, "reverse charge", "eu_reverse_charge"),
        (Place(None, vat_id=ITALIAN), True, "reverse charge", "eu_reverse_charge"),
        (Place("GR", vat_id=GREEK), True, "reverse charge", "eu_reverse_charge"),
        # A valid id of the entity's own state.
        (Place("FR", vat_id=FRENCH), True, "same state", "eu_fr_standard"),
        (Place("IT", vat_id=FRENCH), True, "same state", "eu_fr_standard"),
        # No valid id: none, refused, never checked, or not of a member state.
        (Place("EE"), None, "consumer", "eu_ee_standard"),
        (Place("IT", vat_id=ITALIAN), False, "consumer", "eu_it_standard"),
        (Place("IT", vat_id=ITALIAN), None, "consumer", "eu_it_standard"),
        (Place("IT", vat_id=SWISS), True, "consumer", "eu_it_standard"),
        (Place(None, vat_id=ITALIAN), False, "no country", "eu_fr_standard"),
        (Place("CH", vat_id=SWISS), True, "outside", "eu_tax_exempt"),
        (Place("US"), None, "outside", "eu_tax_exempt"),
    ],
)
def test_eu_vat_is_decided_in_the_order_of_the_rules(
    place: Place, answer: bool | None, kind: str, code: str
) -> None:
    known = None if answer is None or place.vat_id is None else check(place.vat_id, answer)
    found = eu_vat(place, known, seller_state="FR", reference=eu_reference())
    assert (found.kind, found.tax_codes) == (kind, (code,))


def test_a_greek_entity_knows_its_own_ids() -> None:
    place = Place("GR", vat_id=GREEK)
    found = eu_vat(place, check(GREEK), seller_state="GR", reference=eu_reference())
    assert (found.kind, found.tax_codes) == ("same state", ("eu_gr_standard",))


@pytest.mark.parametrize(
    ("day", "answer"),
    [("2025-06-14", None), ("2025-06-15", False), ("2025-06-30", False), ("2025-07-01", True)],
)
def test_the_last_answer_by_the_day_counts(day: str, answer: bool | None) -> None:
    checks = [
        check(ITALIAN, True, "2025-07-01"),
        check(ITALIAN, False),
        check(FRENCH, True, "2025-06-20"),
        TaxCheck("borea", ITALIAN, date(2025, 6, 20), True, "vies"),
    ]
    found = last_check(checks, "atlas", ITALIAN, date.fromisoformat(day))
    assert (found.is_valid if found else None) is answer


@pytest.mark.parametrize(
    ("code", "day", "rate"),
    [
        # Estonia: 22 % from 2024, 24 % from 1 July 2025.
        ("eu_ee_standard", "2025-06-30", "22"),
        ("eu_ee_standard", "2025-07-01", "24"),
        # Madeira by the company's own row of June, and by the reference data before and after it.
        ("eu_pt_madeira", "2025-05-31", "22"),
        ("eu_pt_madeira", "2025-06-01", "12.5"),
        ("eu_pt_madeira", "2025-06-30", "12.5"),
        ("eu_pt_madeira", "2025-07-01", "22"),
    ],
)
def test_own_rates_win_while_they_hold(tmp_path: Path, code: str, day: str, rate: str) -> None:
    own = {"tax_code": "eu_pt_madeira", "rate_percent": "12.5", **ALWAYS}
    own |= {"valid_from": "2025-06-01", "valid_to": "2025-07-01"}
    catalog = hand_catalog(tmp_path, {"tax/taxes": [own]})
    assert tax_rate_on(catalog, code, date.fromisoformat(day)) == Decimal(rate)


def test_a_code_without_a_rate_is_an_error(tmp_path: Path) -> None:
    catalog = hand_catalog(tmp_path, {})
    with pytest.raises(LookupError, match="eu_fr_standard"):
        tax_rate_on(catalog, "eu_fr_standard", date(2016, 12, 31))


def test_drawn_ids_are_valid_ones_of_their_states() -> None:
    """By their check digits: the catalog refuses others. Two per state, of which one is Greece."""
    from stdnum.eu import vat

    assert {len(own) for own in VAT_IDS.values()} == {2}
    for state, own in VAT_IDS.items():
        assert {vat_id_state(one) for one in own} == {state}
        assert all(vat.is_valid(one) for one in own)
    assert "GR" in VAT_IDS


# US sales tax.


def row(state: str, county: str | None, city: str | None, code: str) -> Jurisdiction:
    return Jurisdiction(state, county, city, code, date(2025, 7, 1), date(2025, 8, 1))


NEW_YORK = [
    row("NY", None, None, "state"),
    row("NY", "Kings", None, "county"),
    row("NY", None, "New York", "city"),
    row("NY", "Kings", "New York", "district"),
    row("NY", "Queens", "New York", "queens"),
    row("NJ", None, None, "jersey"),
]


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        (("NY", "Kings", "New York"), ("city", "county", "district", "state")),
        (("ny", "KINGS", "new york"), ("city", "county", "district", "state")),
        (("NY", "Queens", "New York"), ("city", "queens", "state")),
        (("NY", None, "New York"), ("city", "state")),
        (("NY", "Kings", None), ("county", "state")),
        (("NY", None, None), ("state",)),
        (("NJ", "Kings", "New York"), ("jersey",)),
        (("TX", "Kings", "New York"), None),
        ((None, "Kings", "New York"), None),
    ],
)
def test_rows_of_state_county_and_city_add(
    place: tuple[str | None, ...], codes: tuple[str, ...] | None
) -> None:
    state, county, city = place
    own = Place("US", None, state, county, city)
    found = us_sales_tax(own, NEW_YORK, DAY, seller_country="US")
    assert (found.tax_codes if found else None) == codes


@pytest.mark.parametrize(
    ("country", "seller_country", "is_taxed"),
    [("US", "US", True), ("CA", "US", False), (None, "US", True), (None, "CA", False)],
)
def test_only_places_in_the_usa_bear_us_sales_tax(
    country: str | None, seller_country: str, is_taxed: bool
) -> None:
    place = Place(country, None, "NY")
    found = us_sales_tax(place, NEW_YORK, DAY, seller_country=seller_country)
    assert (found is not None) == is_taxed


@pytest.mark.parametrize(
    ("day", "is_in_force"),
    [("2025-06-30", False), ("2025-07-01", True), ("2025-07-31", True), ("2025-08-01", False)],
)
def test_rows_and_certificates_hold_until_the_day_before_their_end(
    day: str, is_in_force: bool
) -> None:
    on = date.fromisoformat(day)
    found = us_sales_tax(Place("US", None, "NY"), NEW_YORK, on, seller_country="US")
    assert (found is not None) == is_in_force
    own = [Exemption("atlas", "C 1", "state", date(2025, 7, 1), date(2025, 8, 1))]
    assert certificates(own, "atlas", ["state"], on) == ({"state": "C 1"} if is_in_force else {})


def test_a_certificate_takes_off_its_tax_or_all() -> None:
    one = Exemption("atlas", "ONE", "state", date(2025, 7, 1), None)
    every = Exemption("atlas", "ALL", None, date(2025, 7, 1), None)
    both = ("city", "state")
    assert certificates([one], "atlas", both, DAY) == {"state": "ONE"}
    assert certificates([every], "atlas", both, DAY) == {"city": "ALL", "state": "ALL"}
    assert certificates([one, every], "borea", both, DAY) == {}
    assert certificates([], "atlas", both, DAY) == {}


# Whole bills: a base fee of 99.99 each month, June billed on 1 July and July on 1 August.


def bill_of(folder: Path, customer: Cells, entity: Cells, **tables: list[Cells]) -> Bill:
    """The bill of one customer; `tables` by the names of files in tax/."""
    own: Tables = {
        "prices/plans": [plan("p", "99.99")],
        "accounts/billing_entities": [{**BASE["accounts/billing_entities"][0], **entity}],
        "accounts/customers": [{"customer_id": "atlas", "billing_entity_code": "us", **customer}],
        "accounts/subscriptions": [subscription("s", "p", "2025-06-01")],
        **{f"tax/{name}": rows for name, rows in tables.items()},
    }
    return hand_bill(folder, own, [[]], "2025-08-01")


def borne(result: Bill) -> list[tuple[str, str]]:
    """The tax of each invoice and why its line bears it."""
    return [
        (format(one.tax_amount.normalize(), "f"), one.line_taxes[0].evidence)
        for one in result.invoices
    ]


FRANCE = {"country": "FR", "automatic_tax": "eu_vat"}
USA = {"country": "US", "automatic_tax": "us_sales_tax"}
TAX = {"tax_code": "state", "rate_percent": "4", **ALWAYS}


def test_reverse_charge_holds_from_the_check_on(tmp_path: Path) -> None:
    # 22 % of 99.99 are 21.9978.
    check_rows = [
        {"customer_id": "atlas", "vat_id": ITALIAN, "checked_on": day, "source": "vies"}
        | {"is_valid": is_valid}
        for day, is_valid in (("2025-06-01", "false"), ("2025-08-01", "true"))
    ]
    customer = {"country": "IT", "vat_id": ITALIAN}
    result = bill_of(tmp_path, customer, FRANCE, tax_checks=check_rows)
    assert borne(result) == [
        ("22", f"customer: eu_vat, standard IT, {ITALIAN} not valid on 2025-06-01 by vies"),
        ("0", f"customer: eu_vat, reverse charge, {ITALIAN} valid on 2025-08-01 by vies"),
    ]
    # Reverse charge is a row of 0 %, since the invoice must name it.
    assert [one.tax_code for one in result.invoices[1].taxes] == ["eu_reverse_charge"]


def test_a_certificate_that_begins_and_one_that_ends(tmp_path: Path) -> None:
    # 4 % of 99.99 are 3.9996, 1.5 % are 1.49985; both together 5.49945.
    taxes = [TAX, {**TAX, "tax_code": "city", "rate_percent": "1.5"}]
    jurisdictions = [
        {"state": "NY", "city": city, "tax_code": code, "valid_from": "2025-01-01"}
        for city, code in (("", "state"), ("Albany", "city"))
    ]
    certificate = {"customer_id": "atlas", "certificate": "C"}
    for number, (dates, expected) in enumerate(
        (
            (("2025-07-02", ""), ["5.5", "0"]),
            (("2025-07-01", "2025-08-01"), ["0", "5.5"]),
        )
    ):
        own = certificate | dict(zip(("valid_from", "valid_to"), dates, strict=True))
        result = bill_of(
            tmp_path / str(number),
            {"state": "NY", "city": "Albany"},
            USA,
            taxes=taxes,
            us_sales_taxes=jurisdictions,
            tax_exemptions=[own],
        )
        assert [amount for amount, _ in borne(result)] == expected


def test_stated_taxes_win_over_places_and_places_over_the_entity(tmp_path: Path) -> None:
    # 4 % of 99.99 are 3.9996.
    own = [{"customer_id": "atlas", "tax_code": "state"}]
    of_entity = [{"level": "entity", "code": "us", "tax_code": "state"}]
    stated = bill_of(
        tmp_path / "stated", {"country": "US"}, FRANCE, taxes=[TAX], customer_taxes=own
    )
    assert borne(stated) == [("4", "customer")] * 2
    abroad = {"country": "CA", "state": "NY"}
    elsewhere = bill_of(tmp_path / "elsewhere", abroad, USA, taxes=[TAX], assigned_taxes=of_entity)
    assert borne(elsewhere) == [("4", "entity")] * 2
    outside = bill_of(
        tmp_path / "outside", {"country": "US"}, FRANCE, taxes=[TAX], assigned_taxes=of_entity
    )
    assert borne(outside) == [("0", "customer: eu_vat, US is outside the EU")] * 2


def test_an_exempt_level_gives_way_to_no_other(tmp_path: Path) -> None:
    exempt = {"customer_id": "atlas", "certificate": "C", "valid_from": "2025-01-01"}
    of_plan = [{"level": "plan", "code": "p", "tax_code": "state"}]
    result = bill_of(
        tmp_path,
        {"country": "EE"},
        FRANCE,
        taxes=[TAX],
        assigned_taxes=of_plan,
        tax_exemptions=[{**exempt, "tax_code": "state"}],
    )
    assert borne(result) == [("0", "plan; state exempt by certificate C")] * 2
    assert not any(one.taxes for one in result.invoices)


def test_a_note_bears_what_its_invoice_bore(tmp_path: Path) -> None:
    """At Estonia's 22 % of June, though it is 24 % from 1 July on."""
    row = subscription("s", "p", "2025-06-30")
    before: Tables = {
        "prices/plans": [plan("p", "31", is_pay_in_advance="true", interval="weekly")],
        "accounts/billing_entities": [{**BASE["accounts/billing_entities"][0], **FRANCE}],
        "accounts/customers": [
            {"customer_id": "atlas", "billing_entity_code": "us", "country": "EE"}
        ],
        "accounts/subscriptions": [row],
    }
    # A week from Monday 30 June for 31, whose last day used is 2 July: 4 of 7 days come back, 31 × 4 ÷ 7 = 17.714…,
    # with 22 % of it, 3.897….
    after = {**before, "accounts/subscriptions": [{**row, "ended_at": "2025-07-02T10:00Z"}]}
    result = hand_bill(tmp_path, after, [[]], "2025-07-07", earlier={"2025-06-30": before})
    [note] = result.credit_notes
    assert (note.subtotal_amount, note.tax_amount) == (Decimal("17.71"), Decimal("3.90"))
