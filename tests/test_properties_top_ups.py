"""Random companies whose wallets rules fill, and whose invoices are paid between closes: bills by both sides.

Belongs here: what is drawn, with margins, what holds of every such bill, and comparisons. Does not belong here: amounts
worked by hand (`test_top_ups`), and how two sides are compared (`company_check`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.company_check import billed_by_oracle, check, compare, oracle_bill, payments_of
from tests.oracle.bill import Bill
from tests.oracle.catalog import read_catalog
from tests.oracle.closing import due_periods
from tests.oracle.company_files import Company, prefix_of, write_company
from tests.oracle.coverage_top_ups import top_up_features_of
from tests.oracle.draw import draw_examples
from tests.oracle.random_rows import OCTOBER, Example
from tests.oracle.timelines import with_timelines

EXAMPLES = 60
SEED = 3
EXAMPLES_DEEP = 150
SEEDS_DEEP = (4, 5)
THRESHOLDS = "prices/usage_thresholds"


@dataclass(frozen=True)
class Drawn:
    company: Company
    bill: Bill
    features: Counter[str]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Example]:
    """Those that `make test` bills: none of them makes a close of its own, and usage has no thresholds, which would."""
    drawn = draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED, credits=True, top_ups=True)
    plain = [
        replace(one, rows={name: own for name, own in one.rows.items() if name != THRESHOLDS})
        for one in drawn
    ]
    company = write_company(tmp_path_factory.mktemp("all"), plain, OCTOBER)
    due = due_periods(with_timelines(read_catalog(company.catalog)), OCTOBER.through)
    alone = {
        one.terms.subscription.subscription_id[: len(prefix_of(0))]
        for one in due
        if one.due_on not in OCTOBER.close_dates
    }
    return [own for prefix, own in company.examples.items() if prefix not in alone]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, examples: Sequence[Example]) -> Drawn:
    company = write_company(tmp_path_factory.mktemp("top_ups"), examples, OCTOBER)
    bill = oracle_bill(company)
    return Drawn(company, bill, top_up_features_of(bill))


# Lots with each of these, over both copies of each example: at least so many.
LEAST = {
    "threshold fixed purchased": 30,
    **dict.fromkeys(["threshold fixed granted", "interval fixed purchased"], 10),
    **dict.fromkeys(["interval fixed granted", "interval target purchased"], 4),
    **dict.fromkeys(["threshold target purchased", "threshold target granted"], 4),
    "purchased pays": 4,
    "granted pays": 10,
    **dict.fromkeys(["not paid", "paid later", "sold on its way", "again"], 10),
    "balances that set nothing off": 30,
    **dict.fromkeys(["several steps", "the gap", "below zero"], 4),
    "other rate": 30,
    "rounded": 6,
}
# What the company of `make test` lacks; those of the deep runs have it.
LEAST_DEEP = {
    **dict.fromkeys(["the least", "the most", "near the most"], 4),
    **dict.fromkeys(["rule that is gone", "lapsed"], 2),
}


def lacking(features: Counter[str], least: dict[str, int]) -> dict[str, int]:
    return {name: features[name] for name in least if features[name] < least[name]}


def test_every_kind_is_drawn(drawn: Drawn) -> None:
    assert lacking(drawn.features, LEAST) == {}
    assert len(drawn.company.stages) >= 2
    assert {one.close_date for one in drawn.bill.invoices} == OCTOBER.close_dates


def test_sums_hold(drawn: Drawn) -> None:
    """A lot of a rule counts only once payments reached its invoice, pays nothing before, and never more than it is."""
    lots = {lot.lot_id: lot for wallet in drawn.bill.catalog.wallets for lot in wallet.lots}
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    for invoice in drawn.bill.invoices:
        for draw in invoice.draws:
            assert lots[draw.lot_id].granted_on <= invoice.close_date
            spent[draw.lot_id] += draw.amount
    for invoice in drawn.bill.invoices:
        if invoice.invoice_type == "top_up":
            assert not invoice.taxes
            assert not invoice.draws
            assert invoice.amount_due == invoice.fees_amount > 0
    invoices = {one.key: one for one in drawn.bill.invoices}
    for one in drawn.bill.top_ups:
        assert spent[one.lot_id] <= one.amount
        if one.invoice_key is None:
            assert lots[one.lot_id].granted_on == one.close_date
        elif one.lot_id in lots:
            invoice = invoices[one.invoice_key]
            paid = [own.amount for own in payments_of(drawn.company, invoice) if own.amount > 0]
            assert sum(paid) >= invoice.amount_due


def test_oracle_bills_permuted_files_alike(drawn: Drawn) -> None:
    expected = billed_by_oracle(drawn.company)
    assert expected.tables["top_ups"]
    assert compare(drawn.company, expected, expected).is_equal


@pytest.mark.timeout(1800)
def test_bills_with_top_ups_equal_the_oracles(tmp_path: Path, examples: Sequence[Example]) -> None:
    check(tmp_path, examples, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed_number", SEEDS_DEEP)
def test_bills_of_many_with_top_ups_equal_the_oracles(tmp_path: Path, seed_number: int) -> None:
    """With thresholds on usage too: what progressive invoices billed is open no more."""
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES_DEEP, seed_number=seed_number, credits=True, top_ups=True
    )
    (tmp_path / "oracle").mkdir()
    features = top_up_features_of(oracle_bill(write_company(tmp_path / "oracle", drawn, OCTOBER)))
    assert lacking(features, LEAST | LEAST_DEEP) == {}
    check(tmp_path, drawn, OCTOBER)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_open_usage_bears_the_taxes_of_its_place(tmp_path: Path) -> None:
    drawn = draw_examples(
        OCTOBER, count=EXAMPLES, seed_number=SEED, credits=True, taxes=True, top_ups=True
    )
    check(tmp_path, drawn, OCTOBER)
