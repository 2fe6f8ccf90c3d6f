"""Taxes that stand on nothing, and places, VAT ids and certificates that nobody could use, are named with their mend.

Each case takes the price book with taxes of each kind, changes it, and reads all that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.catalog import check_catalog
from tests.price_book import Book, errors_of, price_book, write_book  # noqa: F401

A = "tax/assigned_taxes"
C = "accounts/customers"
E = "accounts/billing_entities"
K = "tax/tax_checks"
U = "tax/us_sales_taxes"
X = "tax/tax_exemptions"
R = "tax/exchange_rates"
LEVELS = {
    "one_off_fee": "fee",
    "charge": "calls",
    "add_on": "setup",
    "commitment": "pro",
    "plan": "pro",
    "entity": "us",
}


@pytest.fixture(name="rows")
def rows_with_taxes(book: Book) -> Book:
    recorded = book["tax/taxes"][0]["recorded_at"]
    return book | {
        "prices/add_ons": [
            {"add_on_code": "setup", "add_on_name": "Set-up", "unit_amount": "500", "currency": "USD"},
        ],
        "accounts/one_off_fees": [
            {"one_off_fee_id": "fee", "customer_id": "atlas", "add_on_code": "setup", "billed_on": "2026-01-05",
             "units": "1", "recorded_at": recorded},
        ],
        E: [
            *book[E],
            {"billing_entity_code": "fr", "entity_name": "Exemple SA", "country": "FR", "invoice_prefix": "FR",
             "net_payment_days": "30", "grace_days": "0", "automatic_tax": "eu_vat"},
        ],
        C: [
            *book[C],
            {"customer_id": "ypsilon", "customer_name": "Ypsilon", "billing_entity_code": "fr", "country": "GR",
             "vat_id": "EL094259216"},
            {"customer_id": "zurich", "customer_name": "Zurich", "billing_entity_code": "fr", "country": "CH",
             "vat_id": "CHE-107.787.577 MWST"},
        ],
        K: [
            {"customer_id": "ypsilon", "vat_id": vat_id, "checked_on": day, "is_valid": "true", "source": "vies"}
            for day, vat_id in (("2026-01-05", "EL094259216"), ("2026-01-04", "XI110305878"))
        ],
        U: [
            {"state": "NY", "county": county, "tax_code": "ny", "valid_from": "2025-01-01", "valid_to": "2025-01-02"}
            for county in ("", "Kings")
        ],
        X: [
            {"customer_id": "atlas", "certificate": "ST-120", "tax_code": code, "valid_from": "2025-01-01",
             "valid_to": "2026-01-01"}
            for code in ("", "ny", "eu_fr_standard")
        ],
        R: [
            {"rate_date": day, "currency": "USD", "units_per_euro": "1.1"} for day in ("2025-10-30", "2025-10-31")
        ],
        A: [{"level": level, "code": code, "tax_code": "ny"} for level, code in LEVELS.items()],
    }  # fmt: skip


def unknown(
    row: int, level: str, noun: str, code: str, file: str
) -> tuple[Callable[[Book], object], str]:
    return (
        lambda b: b[A][row - 2].update(code=code),
        f"{A}.csv row {row}: unknown {noun} '{code}' at level {level}; add it to {file} or correct code",
    )


CASES: dict[str, tuple[Callable[[Book], object], str]] = {
    "unknown one-off fee": unknown(2, "one_off_fee", "one off fee", "setup", "accounts/one_off_fees.csv"),
    "unknown charge": unknown(3, "charge", "charge", "pro", "prices/charges.csv"),
    "unknown add-on": unknown(4, "add_on", "add on", "calls", "prices/add_ons.csv"),
    "unknown plan of a commitment": unknown(5, "commitment", "plan", "us", "prices/plans.csv"),
    "unknown plan": unknown(6, "plan", "plan", "setup", "prices/plans.csv"),
    "unknown entity": unknown(7, "entity", "billing entity", "pro", "accounts/billing_entities.csv"),
    "unknown level": (
        lambda b: b[A][0].update(level="customer"),
        f"{A}.csv row 2: level is 'customer'; it must be one of one_off_fee, charge, add_on, commitment, plan, entity",
    ),
    "unknown tax": (
        lambda b: b[A][1].update(tax_code="nj"),
        f"{A}.csv row 3: unknown tax 'nj'; add it to taxes or correct tax_code",
    ),
    "the same tax twice": (
        lambda b: b[A].append(b[A][1]),
        f"{A}.csv row 8: duplicate key (level charge, code calls, tax_code ny), which row 3 has too; remove one, or "
        "give the correction a later recorded_at",
    ),
    "EU VAT outside the EU": (
        lambda b: b[E][1].update(country="CH"),
        f"{E}.csv row 3: automatic_tax is eu_vat, but CH is no member state of the EU; correct country, or state taxes "
        "in tax/",
    ),
    "unknown automatic tax": (
        lambda b: b[E][1].update(automatic_tax="vat"),
        f"{E}.csv row 3: automatic_tax is 'vat'; it must be one of none, eu_vat, us_sales_tax",
    ),
    "wrong check digits": (
        lambda b: b[C][1].update(vat_id="EL094259217"),
        f"{C}.csv row 3: vat_id is 'EL094259217', which no registry of EL gives: its length or check digits are wrong; "
        "correct it",
    ),
    "no country in a VAT id": (
        lambda b: b[C][1].update(vat_id="094259216"),
        f"{C}.csv row 3: vat_id is '094259216'; it must begin with its country, like DE136695976",
    ),
    "Greece by its other code": (
        lambda b: b[C][1].update(vat_id="GR094259216"),
        f"{C}.csv row 3: vat_id is 'GR094259216'; write it as EL094259216",
    ),
    "blanks in a checked VAT id": (
        lambda b: b[K][0].update(vat_id="EL 094259216"),
        f"{K}.csv row 2: vat_id is 'EL 094259216'; write it as EL094259216",
    ),
    "a check of nobody": (
        lambda b: b[K][0].update(customer_id="nobody"),
        f"{K}.csv row 2: unknown customer 'nobody'; add it to customers or correct customer_id",
    ),
    "two answers of one day": (
        lambda b: b[K][1].update(b[K][0]),
        f"{K}.csv row 3: duplicate key (customer_id ypsilon, vat_id EL094259216, checked_on 2026-01-05), which row 2 "
        "has too; remove one, or give the correction a later recorded_at",
    ),
    "a sales tax that nobody knows": (
        lambda b: b[U][0].update(tax_code="nj"),
        f"{U}.csv row 2: unknown tax 'nj'; add it to taxes or correct tax_code",
    ),
    "a sales tax twice": (
        lambda b: b[U][1].update(county=""),
        f"{U}.csv row 3: duplicate key (state NY, tax_code ny, valid_from 2025-01-01), which row 2 has too; remove "
        "one, or give the correction a later recorded_at",
    ),
    "a sales tax that holds on no day": (
        lambda b: b[U][1].update(valid_to="2025-01-01"),
        f"{U}.csv row 3: valid_to is not after valid_from; correct one of them",
    ),
    "a certificate that holds on no day": (
        lambda b: b[X][2].update(valid_to="2024-12-31"),
        f"{X}.csv row 4: valid_to is not after valid_from; correct one of them",
    ),
    "a certificate for a tax that nobody knows": (
        lambda b: b[X][1].update(tax_code="nj"),
        f"{X}.csv row 3: unknown tax 'nj'; correct tax_code, or leave it empty if the customer is exempt of all",
    ),
    "a certificate of nobody": (
        lambda b: b[X][0].update(customer_id="nobody"),
        f"{X}.csv row 2: unknown customer 'nobody'; add it to customers or correct customer_id",
    ),
    "two rates of one day": (
        lambda b: b[R][1].update(rate_date="2025-10-30"),
        f"{R}.csv row 3: duplicate key (rate_date 2025-10-30, currency USD), which row 2 has too; remove one, or give "
        "the correction a later recorded_at",
    ),
    "a rate of nothing": (
        lambda b: b[R][1].update(units_per_euro="0"),
        f"{R}.csv row 3: units_per_euro is 0; it must be above 0",
    ),
    "a rate of the euro": (
        lambda b: b[R][0].update(currency="EUR"),
        f"{R}.csv row 2: a rate of EUR is always 1; remove the row",
    ),
    "reporting in no currency": (
        lambda b: b[E][1].update(reporting_currency="EURO"),
        f"{E}.csv row 3: unknown reporting currency 'EURO'; add it to currencies or correct reporting_currency",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_could_not_be_taxed_is_refused(case: str, rows: Book, tmp_path: Path) -> None:
    change, message = CASES[case]
    change(rows)
    assert errors_of(write_book(tmp_path, rows)) == [message]


def test_a_tax_of_the_entity_is_one_of_its_customers(rows: Book, tmp_path: Path) -> None:
    rows["tax/customer_taxes"] = []
    assert check_catalog(write_book(tmp_path, rows)) == []
    rows[A].pop()
    (warning,) = check_catalog(write_book(tmp_path, rows))
    assert warning.subject == "taxes"
