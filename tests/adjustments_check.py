"""Random customers whose past changes, billed in a few closes, against what is owed once everything is known.

Belongs here: running the closes, and what must hold of all that they issued. Does not belong here: what is drawn
(`oracle.random_histories`), and what is owed (`oracle.full_knowledge`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from tests.company_check import query_of
from tests.oracle.company_files import prefix_of, write_catalog, write_lines
from tests.oracle.comparison import table_differences
from tests.oracle.comparison_fees import expected_fees, published_fees
from tests.oracle.full_knowledge import Owed
from tests.oracle.random_histories import CLOSE_DATES, WINTER_2025, History
from tests.oracle.random_rows import Example
from tests.oracle.usage import landing_files
from tests.plain_close import close_date, close_through

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

LATER = datetime(2027, 1, 1, tzinfo=UTC)
# The closes of each catalog, by the catalogs.
ONCE_A_MONTH = tuple((day,) for day in CLOSE_DATES)


@dataclass(frozen=True)
class HistoryCompany:
    """The folders of a company: a catalog and a batch of usage for each close."""

    folder: Path
    catalogs: tuple[Path, ...]
    batches: tuple[Path, ...]

    def owed(self, close_dates: Sequence[Sequence[date]] = ONCE_A_MONTH) -> Owed:
        """What is owed when each catalog's closes are those of these dates."""
        files = [landing_files(batch) for batch in self.batches]
        known = zip(close_dates, self.catalogs, strict=True)
        return Owed([(day, catalog) for days, catalog in known for day in days], files)


def write_histories(folder: Path, histories: Sequence[History]) -> HistoryCompany:
    """One company of many customers."""
    catalogs, batches = [], []
    for step in range(len(CLOSE_DATES)):
        known = {
            prefix_of(number): Example(one.catalogs[step], one.batches[step], is_permutable=False)
            for number, one in enumerate(histories)
        }
        catalogs.append(folder / f"catalog{step}")
        write_catalog(
            catalogs[-1], WINTER_2025, known, copies=("a",), taxes_changed_on=CLOSE_DATES[1]
        )
        batches.append(folder / f"batch{step}")
        owned = [(prefix, line) for prefix, one in known.items() for line in one.lines]
        write_lines(WINTER_2025, batches[-1] / "a", owned)
    return HistoryCompany(folder, tuple(catalogs), tuple(batches))


def close_all(
    company: HistoryCompany, *, is_on_each_due_date: bool = False
) -> tuple[Workspace, list[list[date]]]:
    """Close, and say on which dates each catalog was closed.

    Once a month: what fell due in between waits for the month's first, as if nobody had closed before. Or on each date
    on which anything falls due, as a schedule would.
    """
    from orchestration import close_steps
    from orchestration.workspace import Workspace

    folder = company.folder
    workspace = Workspace.resolve(
        catalog=folder / "known_catalog",
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        published=folder / "published",
    )
    pending = close_steps.pending_dates

    def chosen(ws: Workspace, through: date, _: object = None) -> Sequence[date]:
        return pending(ws, through)[0 if is_on_each_due_date else -1 :]

    close_dates = []
    for day, catalog, batch in zip(CLOSE_DATES, company.catalogs, company.batches, strict=True):
        shutil.copytree(catalog, workspace.catalog, dirs_exist_ok=True)
        shutil.copytree(batch, workspace.landing / batch.name)
        with patch.object(close_steps, "pending_dates", chosen):
            reports = close_through(workspace, day, clock=lambda: LATER)
        close_dates.append([one.close_date for one in reports])
        assert close_dates[-1][-1] == day
        assert is_on_each_due_date == (len(close_dates[-1]) > 1)
    (again,) = close_date(workspace, CLOSE_DATES[-1], clock=lambda: LATER)
    assert again.outcome == "unchanged"
    return workspace, close_dates


def differences(workspace: Workspace, owed: Owed) -> list[str]:
    """One sentence per fee that is not as owed."""
    finance = query_of(workspace.published / "finance.duckdb")
    found = table_differences(expected_fees(owed), published_fees(finance, owed))
    return [sentence for sentences in found.values() for sentence in sentences]
