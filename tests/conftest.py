"""Fixtures that several test modules share: above all one demo company, built and closed once per session.

Belongs here: what is dear to build and safe to share, read-only. Does not belong here: anything that a test changes;
such a test copies the folders (`demo.copy`).
"""

from __future__ import annotations

import os
import shutil
import zoneinfo
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.workspace import Workspace

LAST_CLOSE = date(2026, 1, 1)

# Expected local times come from the pinned package too: an operating system may know older rules.
zoneinfo.reset_tzpath(to=())

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "False")


@dataclass(frozen=True)
class ClosedCompany:
    """A company whose closes are published: `workspace`, and SQL on what finance sees and on the warehouse."""

    workspace: Workspace

    def finance(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the published `finance.duckdb`; money as `Decimal`."""
        return _query(self.workspace.published / "finance.duckdb", sql)

    def warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse; schemas as in the design."""
        return _query(self.workspace.warehouse_file, sql)

    def copy(self, folder: Path) -> ClosedCompany:
        """The same company in other folders, for a test that changes something."""
        for name in ("catalog", "landing", "warehouse", "published"):
            source = getattr(self.workspace, name)
            shutil.copytree(source, folder / name)
        return ClosedCompany(
            Workspace.resolve(
                catalog=folder / "catalog",
                landing=folder / "landing",
                warehouse=folder / "warehouse",
                published=folder / "published",
            )
        )


def _query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(sql).fetchall()


@pytest.fixture(autouse=True)
def _no_workspace_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own METERHOUSE_* variables must not lead a test into their warehouse."""
    for name in ("CATALOG", "LANDING", "WAREHOUSE", "PUBLISHED", "LOCK_WAIT"):
        monkeypatch.delenv(f"METERHOUSE_{name}", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> ClosedCompany:
    """The demo company with all its usage, closed through its last close date."""
    from orchestration.close import close_through
    from orchestration.demo import generate
    from orchestration.workspace import REPO

    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(REPO / "seeds", folder / "catalog", ignore=shutil.ignore_patterns("reference"))
    ws = Workspace.resolve(
        catalog=folder / "catalog",
        landing=folder / "landing",
        warehouse=folder / "warehouse",
        published=folder / "published",
    )
    generate(ws.landing)
    close_through(ws, LAST_CLOSE)
    return ClosedCompany(ws)
