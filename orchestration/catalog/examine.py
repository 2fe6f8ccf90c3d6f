"""Reading a catalog folder and saying everything that is to be said about it.

Belongs here: the order of reading, checking and linting, and what each leaves to the next. Does not belong here: any
single check (`reader`, `validate`, `checks`, `lint`, `history`), and writing rows (`load`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import duckdb

from orchestration.catalog.checks import all_checks
from orchestration.catalog.findings import ERROR, WARNING, Finding, findings
from orchestration.catalog.history import history_problems
from orchestration.catalog.lint import lint
from orchestration.catalog.manual_credit_checks import (
    changed_credits,
    credits_of_nothing,
    credits_that_nobody_could_issue,
)
from orchestration.catalog.opening_note_checks import changed_opening_notes
from orchestration.catalog.payment_checks import changed_payments, payments_of_nothing
from orchestration.catalog.reader import (
    CatalogFile,
    catalog_contracts,
    read_folder,
    reference_contracts,
)
from orchestration.catalog.validate import Row, typed_rows
from orchestration.contracts import TableContract
from orchestration.workspace import REFERENCE


@dataclass
class Examination:
    """Typed rows by table, of the folder and of the reference data, and what was found so far.

    `is_complete` tells whether every value could be read: else some rows are missing from `tables`.
    """

    tables: Mapping[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    is_complete: bool = True

    @property
    def errors(self) -> list[Finding]:
        """The findings that keep the folder from being loaded."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    def add_history(self, con: duckdb.DuckDBPyConnection) -> None:
        """Find rows that earlier closes billed by and that are otherwise now, and what names no invoice."""
        self.findings += findings(ERROR, "history", history_problems(con, self.tables))
        self.findings += findings(ERROR, "history", changed_payments(con, self.tables))
        self.findings += findings(ERROR, "history", changed_credits(con, self.tables))
        self.findings += findings(ERROR, "history", changed_opening_notes(con, self.tables))
        self.findings += findings(
            ERROR, "manual credits", credits_that_nobody_could_issue(con, self.tables)
        )
        self.findings += findings(WARNING, "payments", payments_of_nothing(con, self.tables))
        self.findings += findings(WARNING, "manual credits", credits_of_nothing(con, self.tables))


def examine_folder(folder: Path) -> Examination:
    """Read a catalog folder and find what is wrong with it, and what is hardly meant."""
    files, tables, problems = _typed(folder, catalog_contracts())
    reference, reference_problems = _reference(_stamp())
    problems = [*problems, *reference_problems]
    examination = Examination({**tables, **reference}, list(findings(ERROR, "files", problems)))
    # Checks between rows would only repeat what a missing or mistyped value has already said, and the lint what a
    # check has.
    examination.is_complete = not problems
    if examination.is_complete:
        for subject, lines in all_checks(files, examination.tables):
            examination.findings += findings(ERROR, subject, lines)
    if not examination.findings:
        examination.findings += lint(examination.tables)
    return examination


def _typed(
    folder: Path, contracts: Mapping[str, TableContract]
) -> tuple[dict[str, CatalogFile], dict[str, list[Row]], list[str]]:
    """The files of a folder, their typed rows by table, and a line for each thing that cannot be read."""
    reading = read_folder(folder, contracts)
    problems = reading.problems
    tables = {name: typed_rows(file, problems) for name, file in reading.files.items()}
    return reading.files, tables, problems


def _stamp() -> tuple[tuple[str, int, int], ...]:
    files = sorted(REFERENCE.glob("*.csv"))
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


@lru_cache(maxsize=1)
def _reference(_: tuple[tuple[str, int, int], ...]) -> tuple[dict[str, list[Row]], list[str]]:
    """The reference data, which come with the release: read again only if its files change."""
    _files, tables, problems = _typed(REFERENCE, reference_contracts())
    return tables, problems
