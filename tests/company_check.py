"""A random company billed by the product and by the oracle, what differs by example, and the smallest that differs.

Belongs here: running both sides, and the report of a failure. Does not belong here: which companies are drawn (the
tests), what is compared (`oracle.comparison`) and how an example is made smaller (`oracle.shrinking`).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tests.oracle.bill import Bill, bill
from tests.oracle.catalog import read_catalog
from tests.oracle.company_files import (
    Company,
    customer_of,
    json_line,
    named,
    prefix_of,
    write_company,
)
from tests.oracle.comparison import (
    Query,
    Rows,
    count_differences,
    expected_counts,
    expected_tables,
    owner_of,
    published_counts,
    published_tables,
    table_differences,
)
from tests.oracle.comparison_coupons import expected_coupons, published_coupons
from tests.oracle.comparison_fees import expected_fees, published_fees
from tests.oracle.comparison_notes import expected_ends, published_ends
from tests.oracle.comparison_payers import expected_users, published_users
from tests.oracle.comparison_taxes import expected_line_taxes, published_line_taxes
from tests.oracle.full_knowledge import Owed
from tests.oracle.invoices import Invoice, Payment
from tests.oracle.paying import Payer
from tests.oracle.random_rows import Example, Window
from tests.oracle.shrinking import shrink, size
from tests.oracle.usage import landing_files

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

Counts = dict[str, Counter[Any]]
Differences = dict[str, list[str]]

# The way of failing of an example that both sides billed; others are the reasons of a refusal.
DIFFERS = frozenset({"differs"})
# How often a round of shrinking is billed at most, each time without those that were refused before.
RUNS_PER_ROUND = 4


@dataclass(frozen=True)
class Billed:
    """What one side made of a company: tables by name, and where every line and event went.

    `below_zero`: customers with an invoice below 0, by the oracle.
    """

    tables: dict[str, Rows]
    counts: Counts
    below_zero: frozenset[str] = frozenset()


BillingOf = Callable[[Company, Path], Billed]


def oracle_bill(company: Company) -> Bill:
    """The company's bill by the oracle.

    A second batch, and what is known late of lives, arrive after the close of the window's middle day.
    """
    earlier = company.earlier_catalog
    return bill(
        company.catalog,
        [landing_files(batch) for batch in company.batches],
        company.window.through,
        batches_known_on=lambda day: len(company.batches) if day > company.window.middle else 1,
        earlier_catalogs=dict(company.stages)
        if earlier is None
        else {company.window.middle: earlier},
        pays=partial(payments_of, company),
    )


def payments_of(company: Company, invoice: Invoice) -> Iterable[Payment]:
    """What is paid to an invoice of a company, by the habits of the example that it is of."""
    example = company.examples.get(owner_of(invoice.customer_id)[: len(prefix_of(0))])
    if example is None:
        return ()
    return Payer(example.habits, sorted(company.window.close_dates)).payments_of(invoice)


def owed_by(company: Company) -> Owed:
    """What the company owes once both of its batches are known."""
    files = [landing_files(batch) for batch in company.batches]
    known = [(company.window.through, company.catalog)]
    if len(files) > 1:
        known.insert(0, (company.window.middle, company.earlier_catalog or company.catalog))
    return Owed(known, files)


def billed_by_oracle(company: Company) -> Billed:
    """The oracle's side of a company: its documents, or what is owed where a second batch changes what was billed."""
    expected = oracle_bill(company)
    below_zero = {owner_of(one.customer_id) for one in expected.invoices if one.total_amount < 0}
    if len(company.batches) == 1:
        tables = {**expected_tables(expected), **expected_coupons(expected)}
        tables |= expected_users(expected) | expected_line_taxes(expected)
    else:
        tables = {**expected_fees(owed_by(company)), **expected_ends(expected)}
    return Billed(tables, expected_counts(expected), frozenset(below_zero))


def billed_by_product(company: Company, folder: Path) -> Billed:
    """The product's side: every batch laid into the landing folder, then the closes that know it. `folder` is empty."""
    from orchestration.catalog.examine import examine_folder
    from orchestration.errors import BadInput
    from orchestration.workspace import Workspace
    from tests.plain_close import close_through
    from tests.staged_closes import close_stage_by_stage

    workspace = Workspace.resolve(
        catalog=folder / "known_catalog",
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        published=folder / "published",
    )
    throughs: list[date] = [company.window.middle] * (len(company.batches) - 1)
    catalogs = [*[company.earlier_catalog or company.catalog] * len(throughs), company.catalog]
    # A close would refuse them too, but show only the first: whoever is to blame shall be named at once.
    problems = [
        problem for one in dict.fromkeys(catalogs) for problem in examine_folder(one).errors
    ]
    if problems:
        raise BadInput("\n".join(problem.text for problem in problems))
    if company.stages or any(one.habits for one in company.examples.values()):
        assert len(company.batches) == 1
        paid = [own for one in oracle_bill(company).invoices for own in payments_of(company, one)]
        close_stage_by_stage(company, workspace, paid)
        return _published(company, workspace)
    for batch, catalog, through in zip(
        company.batches, catalogs, [*throughs, company.window.through], strict=True
    ):
        shutil.copytree(catalog, workspace.catalog, dirs_exist_ok=True)
        shutil.copytree(batch, workspace.landing / batch.name)
        close_through(workspace, through)
    return _published(company, workspace)


def _published(company: Company, workspace: Workspace) -> Billed:
    """What the product has of a company once it is closed."""
    finance = query_of(workspace.published / "finance.duckdb")
    warehouse = query_of(workspace.warehouse_file)
    if len(company.batches) == 1:
        catalog = read_catalog(company.catalog)
        tables = {**published_tables(finance, warehouse), **published_coupons(finance, catalog)}
        tables |= published_users(finance) | published_line_taxes(finance)
    else:
        tables = {**published_fees(finance, owed_by(company)), **published_ends(finance)}
    return Billed(tables, published_counts(finance, warehouse))


def query_of(file: Path) -> Query:
    """A function that runs one query on a DuckDB file, which is closed again each time."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return run


@dataclass(frozen=True)
class Comparison:
    """What differs between the two sides of a company, by example (its prefix), and what belongs to none.

    `reasons`: why the examples were refused that a refusal names; empty if the company was billed.
    """

    company: Company
    by_example: Differences
    others: list[str]
    reasons: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        return not self.by_example and not self.others

    def ways(self, prefix: str) -> frozenset[str]:
        """In which ways a failing example fails: for which reasons it was refused, or that it differs."""
        return self.reasons.get(prefix, DIFFERS)


CompareWithout = Callable[[Sequence[Example], Collection[str]], Comparison]


def compare(company: Company, expected: Billed, billed: Billed) -> Comparison:
    """The product's side (or any) against the oracle's, and its two copies of each example against each other."""
    by_customer = table_differences(expected.tables, billed.tables)
    found: Differences = {}
    others = []
    for prefix, example in company.examples.items():
        for copy in ("a", "b"):
            found.setdefault(prefix, []).extend(by_customer.pop(customer_of(prefix, copy), []))
        if example.is_permutable:
            as_drawn, permuted = (_rows_of_copy(billed.tables, prefix, copy) for copy in ("a", "b"))
            for sentences in table_differences(as_drawn, permuted).values():
                found[prefix].extend(
                    f"copy a is the oracle, b published: {one}" for one in sentences
                )
    for sentence in count_differences(expected.counts, billed.counts):
        prefix = next((one for one in company.examples if f"'{one}_" in sentence), None)
        found.get(prefix or "", others).append(sentence)
    others.extend(sentence for sentences in by_customer.values() for sentence in sentences)
    accepted = sum(billed.counts["event verdicts"].values())
    if accepted != billed.counts["line verdicts"]["accepted"]:
        others.append(f"{accepted} verdicts on {billed.counts['line verdicts']} lines")
    return Comparison(company, {prefix: own for prefix, own in found.items() if own}, others)


def below_zero(company: Company, expected: Billed) -> set[str]:
    """Examples with an invoice below 0: usage that falls after a price has risen. They wait for credit notes."""
    return {
        prefix
        for prefix in company.examples
        if expected.below_zero & {customer_of(prefix, copy) for copy in ("a", "b")}
    }


def refused(company: Company, error: Exception) -> Comparison:
    """A company that could not be closed: the failing examples are those that the error names."""
    text = f"{type(error).__name__}: {error}\n{getattr(error, 'tables', '')}"[:5000]
    # Each line of the message, and each check of the gate with its rows, is a reason of its own.
    said = [(line, line) for line in str(error).splitlines()]
    tables = getattr(error, "tables", ())
    said.extend((table.title.partition(":")[0], str(table.rows)) for table in tables)
    reasons: dict[str, frozenset[str]] = {}
    for reason, names in said:
        # Which rows and how many is not the reason: they are others as soon as the company is smaller.
        kind = f"{type(error).__name__}: {re.sub(r'e[0-9]{5}[ab]?_|[0-9]+', '#', reason)}"
        for prefix in _prefixes_in(names, company):
            reasons[prefix] = reasons.get(prefix, frozenset()) | {kind}
    return Comparison(company, {one: [text] for one in reasons}, [] if reasons else [text], reasons)


def _prefixes_in(text: str, company: Company) -> set[str]:
    """The examples that a text names, by an id or by a row of the catalog."""
    for file, row in re.findall(r"([\w/]+\.csv) row (\d+)", text):
        path = company.catalog / file
        if path.is_file():
            text += "".join(path.read_text(encoding="utf-8").splitlines()[int(row) - 1 : int(row)])
    return set(re.findall(r"e\d{5}(?=[ab]?_)", text)) & company.examples.keys()


def failing_alike(
    candidates: Sequence[Example], ways: frozenset[str], compared: CompareWithout
) -> list[bool]:
    """Which candidates fail by themselves, and in no other way than `ways`: else shrinking would leave its fault.

    Whoever is refused stops the whole company, so that nobody else is judged: those that a refusal names are left out,
    and the others are billed again. Where it names nobody, the round has found nothing more.
    """
    fails: set[str] = set()
    out: set[str] = set()
    for _ in range(RUNS_PER_ROUND):
        found = compared(candidates, out)
        fails |= {prefix for prefix in found.by_example if found.ways(prefix) <= ways}
        out |= found.reasons.keys()
        if not found.reasons or len(out) == len(candidates):
            break
    return [prefix_of(number) in fails for number in range(len(candidates))]


def _rows_of_copy(tables: dict[str, Rows], prefix: str, copy: str) -> dict[str, Rows]:
    """The rows of one copy of an example, its own ids without the copy's letter."""
    customer, own = customer_of(prefix, copy), f"{prefix}{copy}_"
    return {
        name: {
            tuple(part.replace(own, "") if isinstance(part, str) else part for part in key): row
            for key, row in rows.items()
            if owner_of(key[0]) == customer
        }
        for name, rows in tables.items()
    }


def check(
    folder: Path,
    examples: Sequence[Example],
    window: Window,
    *,
    batch_count: int = 1,
    billing: BillingOf = billed_by_product,
) -> None:
    """Bill a company with both sides; where they differ, fail with the smallest example that was found to differ.

    Args:
        folder: an empty folder for files and warehouses.
        examples: the customers of the company.
        window: the days in which their periods fall due.
        batch_count: 2, if late lines arrive between two closes.
        billing: the product, or what stands in for it in a test.
    """
    numbers = count()

    def written(own: Sequence[Example], left_out: set[str]) -> tuple[Company, Path]:
        place = folder / f"company{next(numbers)}"
        company = write_company(place, own, window, batch_count=batch_count, left_out=left_out)
        return company, place

    def compared(own: Sequence[Example], left_out: Collection[str] = ()) -> Comparison:
        company, place = written(own, set(left_out))
        expected = billed_by_oracle(company)
        owed = below_zero(company, expected)
        if owed:
            company, place = written(own, owed | set(left_out))
            expected = billed_by_oracle(company)
        try:
            billed = billing(company, place)
        except Exception as error:  # whatever stops the product: a failure of whom it names
            return refused(company, error)
        return compare(company, expected, billed)

    whole = compared(examples)
    if whole.is_equal:
        return
    text = [
        f"{len(whole.by_example)} of {len(examples)} examples differ: {', '.join(whole.by_example)}",
        *whole.others[:20],
    ]
    if whole.by_example:
        prefix = min(whole.by_example, key=lambda one: size(whole.company.examples[one]))
        ways = whole.ways(prefix)
        smallest = shrink(
            whole.company.examples[prefix], lambda own: failing_alike(own, ways, compared)
        )
        alone = compared([smallest])
        is_alike = any(alone.ways(one) <= ways for one in alone.by_example)
        found = alone.by_example if is_alike else {prefix: whole.by_example[prefix]}
        text.append(f"the smallest example found, made from {prefix}:")
        text.extend(sentence for sentences in found.values() for sentence in sentences)
        text.extend(rows_and_lines(next(iter(found)), smallest))
    raise AssertionError("\n".join(text))


def rows_and_lines(prefix: str, example: Example) -> Iterator[str]:
    """The catalog rows of an example, blank cells left out, and its usage lines."""
    for name, rows in example.rows.items():
        for row in rows:
            given_cells = {column: value for column, value in row.items() if value != ""}
            yield f"{name}: {named(str(given_cells), prefix, 'a')}"
    for line in example.lines:
        late = " (late)" if line.is_late else ""
        yield f"{line.file_kind}{late}: {named(json_line(line), prefix, 'a')}"
