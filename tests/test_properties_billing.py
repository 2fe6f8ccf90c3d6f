"""Random companies, billed by the product and by the oracle, to the last stored digit.

Belongs here: drawing many random customers, putting them into one company (a close costs seconds, whoever is in it),
and billing it. Does not belong here: what is drawn (`oracle.random_companies`), how the two sides are compared
(`company_check`) and any rule (`oracle`).

Each example stands twice in the company; copy b has shuffled lines, split files and more duplicates.
"""

from __future__ import annotations

import importlib
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.company_check import billed_by_oracle, check, compare, oracle_bill
from tests.oracle.company_files import Company, write_company
from tests.oracle.comparison import expected_tables
from tests.oracle.draw import ROOT, draw_examples
from tests.oracle.progressive import INVOICE_TYPE as PROGRESSIVE
from tests.oracle.random_rows import AUTUMN, NEW_YEAR, OCTOBER, SPRING, Example, Window
from tests.oracle.random_thresholds import days_looked_at, without_thresholds

EXAMPLES = 200
SEED = 25
EXAMPLES_LATE = 60
EXAMPLES_DEEP = 2_000

# A failure is shrunk, which takes a close per round.
may_shrink = pytest.mark.timeout(3600)


# Without credits; with them `test_properties_credits` bills more in every run.
@pytest.mark.deep
@may_shrink
def test_bills_of_random_customers_equal_the_oracles(tmp_path: Path) -> None:
    check(tmp_path, draw_examples(OCTOBER, count=EXAMPLES, seed_number=SEED), OCTOBER)


@may_shrink
def test_bills_with_late_files_equal_the_oracles(tmp_path: Path) -> None:
    """Usage arrives in two batches between closes: what was billed is adjusted until each fee is as owed."""
    drawn = draw_examples(OCTOBER, count=EXAMPLES_LATE, seed_number=8)
    check(tmp_path, drawn, OCTOBER, batch_count=2)


# Two of them with thresholds, which cost half a close for each date that is looked at.
DEEP = [
    *((AUTUMN, seed_number, 1) for seed_number in (2, 3, 12)),
    *((SPRING, seed_number, 1) for seed_number in (4, 5)),
    *((NEW_YEAR, seed_number, 1) for seed_number in (6, 7)),
    (AUTUMN, 13, 2),
    (SPRING, 14, 2),
    (NEW_YEAR, 15, 2),
]
WITH_THRESHOLDS = (2, 15)


@pytest.mark.deep
@may_shrink
@pytest.mark.parametrize(
    ("window", "seed_number", "batch_count"),
    DEEP,
    ids=lambda value: value.name if isinstance(value, Window) else str(value),
)
def test_bills_of_many_random_customers_equal_the_oracles(
    tmp_path: Path, window: Window, seed_number: int, batch_count: int
) -> None:
    drawn = draw_examples(window, count=EXAMPLES_DEEP, seed_number=seed_number)
    if seed_number not in WITH_THRESHOLDS:
        drawn = [without_thresholds(one) for one in drawn]
    check(tmp_path, drawn, window, batch_count=batch_count)


def test_the_long_runs_bill_20_000_examples() -> None:
    assert len(DEEP) * EXAMPLES_DEEP == 20_000


# The oracle and the examples themselves, without the product.

WINDOWS = pytest.mark.parametrize(
    "window", [OCTOBER, AUTUMN, SPRING, NEW_YEAR], ids=lambda window: window.name
)


@cache
def _drawn(window: Window, count: int, seed_number: int) -> list[Example]:
    return draw_examples(window, count=count, seed_number=seed_number)


def _small_company(folder: Path, window: Window, *, batch_count: int = 1) -> Company:
    return write_company(folder, _drawn(window, 40, 11), window, batch_count=batch_count)


@WINDOWS
def test_examples_fall_due_on_few_close_dates(tmp_path: Path, window: Window) -> None:
    expected = oracle_bill(_small_company(tmp_path, window))
    closed = {invoice.close_date for invoice in expected.invoices}
    assert closed >= window.close_dates
    # A threshold that is passed makes a close, on two more days at most.
    passed = {one.close_date for one in expected.invoices if one.invoice_type == PROGRESSIVE}
    assert closed - window.close_dates <= passed
    assert closed <= set(days_looked_at(window))
    assert len(closed) <= 12


@pytest.mark.parametrize("batch_count", [1, 2])
@WINDOWS
def test_oracle_bills_permuted_files_alike(
    tmp_path: Path, window: Window, batch_count: int
) -> None:
    company = _small_company(tmp_path, window, batch_count=batch_count)
    expected = billed_by_oracle(company)
    assert compare(company, expected, expected).is_equal


def test_oracle_gives_every_accepted_event_one_verdict(tmp_path: Path) -> None:
    expected = oracle_bill(_small_company(tmp_path, AUTUMN))
    assert sum(expected.event_verdicts.values()) == expected.line_verdicts["accepted"]


def test_a_seed_draws_the_same_examples_whatever_is_imported() -> None:
    drawn = draw_examples(AUTUMN, count=20, seed_number=1)
    for file in (ROOT / "orchestration" / "look").glob("*.py"):
        importlib.import_module(f"orchestration.look.{file.stem}")
    assert drawn == draw_examples(AUTUMN, count=20, seed_number=1)
    assert drawn != draw_examples(AUTUMN, count=20, seed_number=2)


def test_late_lines_change_what_is_billed(tmp_path: Path) -> None:
    """Two batches are no test of late files if the second one has nothing for a close that has been."""
    company = _small_company(tmp_path, OCTOBER, batch_count=2)
    at_once = replace(company, batches=(_together(tmp_path / "together", company),))
    late, early = oracle_bill(company), oracle_bill(at_once)
    lines_then, lines_at_once = (expected_tables(one)["invoice_lines"] for one in (late, early))
    differing = {key[0] for key, line in lines_then.items() if lines_at_once.get(key) != line}
    assert len(differing) > 15
    assert late.line_verdicts["accepted"] == early.line_verdicts["accepted"]


def _together(folder: Path, company: Company) -> Path:
    for batch in company.batches:
        shutil.copytree(batch, folder / batch.name)
    return folder
