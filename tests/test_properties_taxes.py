"""Random companies with taxes by place: what is drawn of them, and bills by both sides.

Belongs here: counts with margins, what holds of every such bill, and comparisons. Does not belong here: decisions
worked by hand (`test_oracle_tax_places`), and how two sides are compared (`company_check`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adjustments_check import close_all, differences, write_histories
from tests.company_check import billed_by_oracle, check, compare, oracle_bill, query_of
from tests.oracle.bill import Bill
from tests.oracle.catalog import read_catalog
from tests.oracle.company_files import Company, write_company
from tests.oracle.comparison_corrections import (
    corrections_by_tax,
    expected_tax_faults,
    published_tax_faults,
)
from tests.oracle.coverage_taxes import tax_features_of
from tests.oracle.draw import draw_examples, draw_histories
from tests.oracle.random_rows import OCTOBER
from tests.oracle.timelines import with_timelines

EXAMPLES = 64
SEED = 15
EXAMPLES_DEEP = 300
EXAMPLES_CORRECTED = 100
SEEDS_DEEP = (2, 3)


@dataclass(frozen=True)
class Drawn:
    company: Company
    bill: Bill
    features: Counter[str]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """The company that `make test` bills."""
    examples = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, taxes=True)
    company = write_company(tmp_path_factory.mktemp("taxes"), examples, OCTOBER)
    bill = oracle_bill(company)
    return Drawn(company, bill, tax_features_of(bill))


# Invoices with each of these on a line, over both copies of each example: at least so many.
LEAST = {
    # Branches of EU VAT.
    **dict.fromkeys(["reverse charge", "consumer"], 40),
    **dict.fromkeys(["same state", "no country", "registry said invalid"], 10),
    **dict.fromkeys(["territory", "not checked"], 6),
    "territory before a valid id": 4,
    **dict.fromkeys(["outside", "valid id of no member state"], 2),
    "reverse charge, address elsewhere": 6,
    # Which answer counts.
    **dict.fromkeys(["answer of the day", "other answer before"], 4),
    # US sales tax.
    "jurisdictions": 30,
    **dict.fromkeys(["state, county and city", "a tax by two rows", "row not in force"], 10),
    **dict.fromkeys(["one of state, county and city", "other spelling"], 6),
    **dict.fromkeys(["state without a country", "no jurisdiction, then none"], 4),
    "no jurisdiction, then entity": 10,
    # Certificates.
    **dict.fromkeys(["exempt of all", "exempt of some", "exempt by place", "exempt as stated"], 10),
    **dict.fromkeys(["certificate not yet", "certificate over"], 6),
    "two certificates": 2,
    # Rates and levels.
    **dict.fromkeys(["customers with two rates of a code", "own rate of the EU"], 10),
    "reference rate of the EU": 60,
    **dict.fromkeys(["customer", "entity", "none"], 10),
}
# What the company of `make test` lacks; those of the deep runs have it.
LEAST_DEEP = {
    "same state, address elsewhere": 4,
    "other answer later": 10,
    "valid answer about another id": 4,
}


def lacking(features: Counter[str], least: dict[str, int]) -> dict[str, int]:
    return {name: features[name] for name in least if features[name] < least[name]}


def test_every_branch_is_drawn(drawn: Drawn) -> None:
    assert lacking(drawn.features, LEAST) == {}


def test_sums_hold(drawn: Drawn) -> None:
    """Rows of taxes are those that lines bear, what is exempt bears none, and nothing is taxed without a reason."""
    for invoice in drawn.bill.invoices:
        borne = {pair for one in invoice.line_taxes for pair in one.rates.items()}
        assert {(one.tax_code, one.rate_percent) for one in invoice.taxes} == borne
        for taxes in invoice.line_taxes:
            assert not taxes.rates.keys() & taxes.exempt.keys()
            assert bool(taxes.evidence) == bool({*taxes.rates, *taxes.exempt})
            if taxes.kind in ("reverse charge", "outside"):
                assert set(taxes.rates.values()) <= {Decimal(0)}


def test_oracle_bills_permuted_files_alike(drawn: Drawn) -> None:
    expected = billed_by_oracle(drawn.company)
    assert "line_taxes" in expected.tables
    assert compare(drawn.company, expected, expected).is_equal


@pytest.mark.timeout(3600)
def test_bills_with_taxes_equal_the_oracles(tmp_path: Path) -> None:
    examples = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, taxes=True)
    check(tmp_path, examples, OCTOBER)


@pytest.mark.deep
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_every_branch_is_drawn_of_many(tmp_path: Path, seed_number: int) -> None:
    examples = draw_examples(OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, taxes=True)
    features = tax_features_of(oracle_bill(write_company(tmp_path, examples, OCTOBER)))
    assert lacking(features, LEAST | LEAST_DEEP) == {}


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_bills_of_many_with_taxes_equal_the_oracles(tmp_path: Path, seed_number: int) -> None:
    examples = draw_examples(OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, taxes=True)
    check(tmp_path, examples, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_corrections_bear_the_taxes_of_their_invoice(tmp_path: Path) -> None:
    """Places, answers and rates change between three closes; what corrects the first two has the taxes of then."""
    histories = draw_histories(count=EXAMPLES_CORRECTED, seed_number=2, taxes=True)
    company = write_histories(tmp_path, histories)
    workspace, close_dates = close_all(company)
    assert differences(workspace, company.owed(close_dates)) == []
    finance = query_of(workspace.published / "finance.duckdb")
    catalog = with_timelines(read_catalog(company.catalogs[-1]))
    assert published_tax_faults(finance, catalog) == expected_tax_faults()
    found = corrections_by_tax(finance, catalog)
    least = {"lines at other taxes than now": 5, "notes at other taxes than now": 5}
    assert lacking(found, least) == {}


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_bills_with_taxes_and_credits_equal_the_oracles(tmp_path: Path) -> None:
    """Coupons lower what is taxed, payers bear the taxes of their own place, and lines have taxes before all others."""
    examples = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, taxes=True, credits=True)
    check(tmp_path, examples, OCTOBER)
