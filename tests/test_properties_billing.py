"""Random companies, billed by the product and by the oracle, to the last stored digit.

Belongs here: drawing many random customers, putting them into one company (a close costs seconds, whoever is in it),
billing it once, and comparing each customer. Does not belong here: what is drawn (`oracle.random_companies`) and any
rule (`oracle`).

Each example stands twice in the company; copy b has shuffled lines, split files and more duplicates.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.oracle.bill import Bill, bill
from tests.oracle.catalog import read_catalog
from tests.oracle.company_files import Company, customer_of, json_line, named, write_company
from tests.oracle.comparison import (
    Query,
    Rows,
    count_differences,
    expected_counts,
    expected_tables,
    published_counts,
    published_tables,
    table_differences,
)
from tests.oracle.draw import ROOT, draw_examples
from tests.oracle.random_rows import AUTUMN, NEW_YEAR, SPRING, Example, Window
from tests.oracle.usage import landing_files

EXAMPLES = 200
EXAMPLES_DEEP = 2_000


def oracle_bill(company: Company) -> Bill:
    """The company's bill by the oracle: all its files arrive in one batch."""
    return bill(company.catalog, [landing_files(company.landing)], company.window.through)


class Published:
    """What the product made of a company: `finance` and `warehouse` run SQL and return rows."""

    def __init__(self, company: Company, folder: Path) -> None:
        from orchestration.close import close_through
        from orchestration.workspace import Workspace

        workspace = Workspace.resolve(
            catalog=company.catalog,
            landing=company.landing,
            warehouse=folder / "warehouse",
            published=folder / "published",
        )
        close_through(workspace, company.window.through)
        self.finance = query_of(workspace.published / "finance.duckdb")
        self.warehouse = query_of(workspace.warehouse_file)


def query_of(file: Path) -> Query:
    """A function that runs one query on a DuckDB file, which is closed again each time."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return run


def check_company(folder: Path, window: Window, *, count: int, seed_number: int) -> None:
    """Bill one random company with both and compare everything."""
    drawn = draw_examples(window, count=count, seed_number=seed_number)
    company = write_company(folder, drawn, window)
    expected = oracle_bill(company)
    published = Published(company, folder)
    actual = published_tables(published.finance, published.warehouse)
    differences = table_differences(expected_tables(expected), actual)
    assert not differences, describe(company, differences)

    counts = published_counts(published.finance, published.warehouse)
    # Of an event that is matched, which verdict comes first where two hold is a matter of reading: D-10.
    assert count_differences(_coarse(expected_counts(expected)), _coarse(counts)) == []
    accepted = sum(counts["event verdicts"].values())
    assert accepted == counts["line verdicts"]["accepted"], "an accepted event has no verdict"
    assert permuted_differences(company, actual) == {}


MATCHED = (
    "billed",
    "open",
    "not_charged",
    "before_start",
    "not_numeric",
    "too_precise",
    "out_of_range",
)


def _coarse(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts with the verdicts of events that have a subscription and a metric added up by code."""
    verdicts: dict[Any, int] = {}
    for (verdict, code), count in counts["event verdicts"].items():
        key = ("matched" if verdict in MATCHED else verdict, code)
        verdicts[key] = verdicts.get(key, 0) + count
    return {**counts, "event verdicts": verdicts}


def permuted_differences(
    company: Company, tables: dict[str, Rows]
) -> dict[str, dict[str, list[str]]]:
    """Examples whose two copies are billed differently, though only the order of their lines differs."""
    found = {}
    for prefix, example in company.examples.items():
        if example.is_permutable:
            as_drawn, permuted = (_rows_of_copy(tables, prefix, copy) for copy in ("a", "b"))
            difference = table_differences(as_drawn, permuted)
            if difference:
                found[prefix] = difference
    return found


def _rows_of_copy(tables: dict[str, Rows], prefix: str, copy: str) -> dict[str, Rows]:
    """The rows of one copy of an example, its own ids without the copy's letter."""
    customer, own = customer_of(prefix, copy), f"{prefix}{copy}_"
    return {
        name: {
            tuple(part.replace(own, "") if isinstance(part, str) else part for part in key): row
            for key, row in rows.items()
            if key[0] == customer
        }
        for name, rows in tables.items()
    }


def describe(company: Company, differences: dict[str, list[str]]) -> str:
    """The smallest failing example in full: what differs, its catalog rows, its usage lines."""
    failing = {
        prefix: example
        for prefix, example in company.examples.items()
        if any(customer_of(prefix, copy) in differences for copy in ("a", "b"))
    }
    known = {customer_of(prefix, copy) for prefix in failing for copy in "ab"}
    strangers = {key: sentences for key, sentences in differences.items() if key not in known}
    text = [
        f"{len(failing)} of {len(company.examples)} examples differ",
        *map(str, strangers.items()),
    ]
    if failing:
        prefix = min(failing, key=lambda name: _size(failing[name]))
        for copy in ("a", "b"):
            text.extend(differences.get(customer_of(prefix, copy), []))
        text.extend(_rows_and_lines(prefix, failing[prefix]))
    return "\n".join(text)


def _size(example: Example) -> int:
    return len(example.lines) + sum(map(len, example.rows.values()))


def _rows_and_lines(prefix: str, example: Example) -> Sequence[str]:
    text = []
    for name, rows in example.rows.items():
        for row in rows:
            given_cells = {column: value for column, value in row.items() if value != ""}
            text.append(f"{name}: {named(str(given_cells), prefix, 'a')}")
    for line in example.lines:
        text.append(f"{line.file_kind}: {named(json_line(line), prefix, 'a')}")
    return text


def test_bills_of_random_customers_equal_the_oracles(tmp_path: Path) -> None:
    check_company(tmp_path, AUTUMN, count=EXAMPLES, seed_number=1)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("window", "seed_number"),
    [(AUTUMN, 2), (AUTUMN, 3), (SPRING, 4), (SPRING, 5), (NEW_YEAR, 6), (NEW_YEAR, 7)],
    ids=lambda value: value.name if isinstance(value, Window) else f"seed {value}",
)
def test_bills_of_many_random_customers_equal_the_oracles(
    tmp_path: Path, window: Window, seed_number: int
) -> None:
    check_company(tmp_path, window, count=EXAMPLES_DEEP, seed_number=seed_number)


# The oracle and the examples themselves, without the product.


def _small_company(folder: Path, window: Window) -> Company:
    drawn = draw_examples(window, count=60, seed_number=11)
    return write_company(folder, drawn, window)


@pytest.mark.parametrize("window", [AUTUMN, SPRING, NEW_YEAR], ids=lambda window: window.name)
def test_examples_fall_due_on_few_close_dates(tmp_path: Path, window: Window) -> None:
    expected = oracle_bill(_small_company(tmp_path, window))
    assert expected.invoices
    assert {invoice.close_date for invoice in expected.invoices} <= window.close_dates
    assert len(window.close_dates) <= 10


@pytest.mark.parametrize("window", [AUTUMN, SPRING, NEW_YEAR], ids=lambda window: window.name)
def test_oracle_bills_permuted_files_alike(tmp_path: Path, window: Window) -> None:
    company = _small_company(tmp_path, window)
    assert permuted_differences(company, expected_tables(oracle_bill(company))) == {}


def test_oracle_gives_every_accepted_event_one_verdict(tmp_path: Path) -> None:
    expected = oracle_bill(_small_company(tmp_path, AUTUMN))
    assert sum(expected.event_verdicts.values()) == expected.line_verdicts["accepted"]


def test_a_seed_draws_the_same_examples_whatever_is_imported() -> None:
    drawn = draw_examples(AUTUMN, count=20, seed_number=1)
    for file in (ROOT / "orchestration" / "look").glob("*.py"):
        importlib.import_module(f"orchestration.look.{file.stem}")
    assert drawn == draw_examples(AUTUMN, count=20, seed_number=1)
    assert drawn != draw_examples(AUTUMN, count=20, seed_number=2)


def test_examples_cover_what_they_are_drawn_for(tmp_path: Path) -> None:
    """A strategy that stops drawing a case makes every comparison above emptier without a word."""
    company = write_company(tmp_path, draw_examples(AUTUMN, count=EXAMPLES, seed_number=1), AUTUMN)
    expected = oracle_bill(company)
    catalog = read_catalog(company.catalog)
    verdicts = {verdict for verdict, _ in expected.event_verdicts}
    assert verdicts == {
        "billed",
        "open",
        "not_charged",
        "before_start",
        "no_active_subscription",
        "unknown_metric",
        "ambiguous_subscription",
        "not_numeric",
        "too_precise",
        "out_of_range",
    }
    assert min(expected.line_verdicts[v] for v in ("duplicate", "conflict", "rejected")) > 20
    assert len(expected.rejection_reasons) >= 10
    assert {plan.interval for plan in catalog.plans} == {"weekly", "monthly", "yearly"}
    assert {charge.charge_model for charge in catalog.charges} == {
        "standard",
        "graduated",
        "package",
    }
    assert sum(1 for invoice in expected.invoices if invoice.draws) > 20
    assert sum(1 for invoice in expected.invoices if len(invoice.taxes) > 1) > 20
    used_lines = [
        line for invoice in expected.invoices for line in invoice.lines if line.charge_code
    ]
    assert sum(1 for line in used_lines if line.exact_quantity) > 100
    assert sum(1 for example in company.examples.values() if not example.is_permutable) < 100
