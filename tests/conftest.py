"""Fixtures that several test modules share: above all one demo company, built and closed once per session.

Belongs here: what is dear to build and safe to share, read-only. Does not belong here: anything that a test changes;
such a test copies the folders (`demo.copy`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from xdist.scheduler import LoadFileScheduling

from orchestration.workspace import REPO, Workspace
from tests.replayed_dbt import REPLAYED
from tests.shared_parse import SharedParse, carry_manifest

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
        ws = Workspace.resolve(
            catalog=folder / "catalog",
            landing=folder / "landing",
            warehouse=folder / "warehouse",
            published=folder / "published",
        )
        carry_manifest(self.workspace, ws)
        return ClosedCompany(ws)


def _query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(sql).fetchall()


# Companies of the whole session that are dear to build.
DEAR_COMPANIES = ("demo", "notes_company")


class _ByCompany(LoadFileScheduling):
    """A module's tests run in one worker, and so do all modules that look at the same dear company."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        text = (self.config.rootpath / scope).read_text(encoding="utf-8")
        names = (name for name in DEAR_COMPANIES if re.search(rf"\b{name}: [A-Z]", text))
        return next(names, scope)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """None where tests are dealt out one by one, as the long runs are: each builds a company of its own."""
    return _ByCompany(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def _one_parse() -> Iterator[None]:
    """Parse the dbt project once, not for every workspace."""
    with SharedParse().patched():
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_recording(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Repeat in each worker what dbt did in another."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        REPLAYED.share(shared_folder(tmp_path_factory) / "recordings")


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of a test run have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(autouse=True)
def _no_workspace_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own METERHOUSE_* variables must not lead a test into their warehouse."""
    for name in ("CATALOG", "LANDING", "WAREHOUSE", "PUBLISHED", "LOCK_WAIT"):
        monkeypatch.delenv(f"METERHOUSE_{name}", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@dataclass(frozen=True)
class DemoRun(ClosedCompany):
    """The demo company as `make run` left it: `checkout` is where it ran, `output` what it printed."""

    checkout: Path
    output: str

    def run(self, command: str) -> str:
        """Run a shell command in the checkout, with its folders as the workspace; returns what it printed."""
        folders = {
            f"METERHOUSE_{name.upper()}": str(getattr(self.workspace, name))
            for name in ("catalog", "landing", "warehouse", "published")
        }
        return run_in(self.checkout, command, folders)


def run_in(folder: Path, command: str, variables: dict[str, str]) -> str:
    """Run a shell command; fails the test with its output if it fails."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo company, closed by the README's first command in a checkout of its own.

    The environment is this one's: making it anew is what CI does with the whole repository.
    """
    checkout = tmp_path_factory.mktemp("demo") / "meterhouse"
    for name in ("seeds", "dbt_project", "macros", "orchestration"):
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(REPO / name, checkout / name, ignore=ignored)
    for name in ("Makefile", "README.md", "pyproject.toml", "requirements.lock"):
        shutil.copy2(REPO / name, checkout / name)
    (checkout / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    (Path(sys.prefix) / ".installed").touch()
    output = run_in(checkout, "make run", {})
    var = checkout / "var"
    ws = Workspace.resolve(
        catalog=checkout / "seeds",
        landing=var / "landing",
        warehouse=var / "warehouse",
        published=var / "published",
    )
    return DemoRun(ws, checkout, output)
