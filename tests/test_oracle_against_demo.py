"""The demo company's bills: what finance reads equals what the oracle computes, row by row.

Belongs here: the comparison of the one built demo with the oracle. Does not belong here: expected amounts (the golden
invoices have their arithmetic elsewhere).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bill import Bill, bill
from tests.oracle.comparison import (
    count_differences,
    expected_counts,
    expected_tables,
    published_counts,
    published_tables,
    table_differences,
)
from tests.oracle.usage import landing_files

TABLES = (
    "invoices",
    "invoice_lines",
    "invoice_taxes",
    "wallet_draws",
    "credit_ledger",
    "wallet_lots",
    "unit_draws",
    "unit_lots",
)


@pytest.fixture(scope="module")
def demo_bill(demo: Any) -> Bill:
    """The oracle's bill of the demo, through its last close, from the batches in which its files arrived."""
    [(through,)] = demo.finance("select max(close_date) from invoices")
    assert isinstance(through, date)
    return bill(Path(demo.workspace.catalog), _batches(demo), through)


def _batches(demo: Any) -> list[list[Path]]:
    """Every file of the landing folder under the batch that took it; the order of batches is an input of a bill."""
    folder = Path(demo.workspace.landing)
    taken = dict(demo.warehouse("select file_name, batch_number from landing.files"))
    batches: dict[int, list[Path]] = {}
    for path in landing_files(folder):
        name = path.relative_to(folder).as_posix()
        assert name in taken, f"{name} was never loaded"
        batches.setdefault(taken[name], []).append(path)
    return [batches[number] for number in sorted(batches)]


@pytest.mark.parametrize("table", TABLES)
def test_published_rows_equal_the_oracles(demo: Any, demo_bill: Bill, table: str) -> None:
    expected = {table: expected_tables(demo_bill)[table]}
    actual = {table: published_tables(demo.finance, demo.warehouse)[table]}
    assert expected[table], f"the demo has no {table} to compare"
    assert table_differences(expected, actual) == {}


def test_every_line_and_event_has_the_oracles_verdict(demo: Any, demo_bill: Bill) -> None:
    published = published_counts(demo.finance, demo.warehouse)
    assert count_differences(expected_counts(demo_bill), published) == []
