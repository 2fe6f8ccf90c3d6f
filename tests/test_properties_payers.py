"""Random companies whose payers change between closes: what is drawn of them, and bills by both sides.

Belongs here: counts with margins, what holds of every such bill, and comparisons. Does not belong here: payers worked
by hand (`test_payers`), and how two sides are compared (`company_check`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.company_check import billed_by_oracle, check, compare, oracle_bill
from tests.oracle.bill import Bill
from tests.oracle.catalog import read_catalog
from tests.oracle.closing import due_periods
from tests.oracle.company_files import prefix_of, write_company
from tests.oracle.coverage_payers import payer_features_of
from tests.oracle.draw import draw_examples
from tests.oracle.random_rows import OCTOBER, Example
from tests.oracle.timelines import with_timelines

EXAMPLES = 120
SEED = 1
EXAMPLES_DEEP = 250
SEEDS_DEEP = (2, 4)
THRESHOLDS = "prices/usage_thresholds"

# Over both copies of each example: at least so many.
LEAST = {
    **dict.fromkeys(["new payer", "new payer's taxes"], 20),
    **dict.fromkeys(["new payer's lots", "new payer with coupons"], 4),
    **dict.fromkeys(["for several", "payers there and back"], 2),
}
LEAST_DEEP = {"credit of another's fees": 2}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Example]:
    """Those that `make test` bills: none of them makes a close of its own."""
    drawn = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, credits=True, payers=True)
    plain = [one for one in drawn if not one.rows.get(THRESHOLDS)]
    company = write_company(tmp_path_factory.mktemp("all"), plain, OCTOBER)
    due = due_periods(with_timelines(read_catalog(company.catalog)), OCTOBER.through)
    alone = {
        one.terms.subscription.subscription_id[: len(prefix_of(0))]
        for one in due
        if one.due_on not in OCTOBER.close_dates
    }
    return [own for prefix, own in company.examples.items() if prefix not in alone]


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory, examples: Sequence[Example]) -> Bill:
    folder = tmp_path_factory.mktemp("payers")
    return oracle_bill(write_company(folder, examples, OCTOBER))


def lacking(bill: Bill, least: dict[str, int]) -> dict[str, int]:
    features = payer_features_of(bill)
    return {name: features[name] for name in least if features[name] < least[name]}


def test_payers_change_in_every_way(billed: Bill) -> None:
    assert lacking(billed, LEAST) == {}


def test_no_fee_is_billed_to_two_payers(billed: Bill) -> None:
    """Who pays next goes on where who paid before was invoiced."""
    payers = defaultdict(set)
    for invoice in billed.invoices:
        for line in invoice.lines:
            if line.subscription_id and line.fee_type != "charge_in_advance":
                starts_at, ends_at = line.service_period_start, line.service_period_end
                fee = (line.fee_type, line.charge_code, line.filter_code, line.group_key)
                payers[line.subscription_id, *fee, starts_at, ends_at].add(invoice.key)
    assert len(payers) >= 100
    assert max(len(own) for own in payers.values()) == 1


def test_oracle_bills_permuted_files_alike(tmp_path: Path, examples: Sequence[Example]) -> None:
    company = write_company(tmp_path, examples, OCTOBER)
    expected = billed_by_oracle(company)
    assert compare(company, expected, expected).is_equal


@pytest.mark.timeout(1800)
def test_bills_of_other_payers_equal_the_oracles(
    tmp_path: Path, examples: Sequence[Example]
) -> None:
    check(tmp_path, examples, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_bills_of_many_other_payers_equal_the_oracles(tmp_path: Path, seed_number: int) -> None:
    """With thresholds: the period's invoice credits what a progressive one billed to who paid before."""
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, credits=True, payers=True
    )
    company = write_company(tmp_path / "oracle", drawn, OCTOBER)
    assert lacking(oracle_bill(company), LEAST | LEAST_DEEP) == {}
    check(tmp_path, drawn, OCTOBER)
