"""Closes whose process is killed, or whose disk is full: run again, they publish what an undisturbed one does.

Belongs here: real commands that are stopped with SIGKILL at random moments, in ingest, dbt and publication alike. Does
not belong here: what each step leaves behind if it is stopped at a chosen point (`test_ingest_crash`, `test_close`,
`test_publish`).
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.disk import no_room
from orchestration.workspace import REPO, Workspace
from tests.conftest import ClosedCompany
from tests.small_company import write_company

THROUGH = "2025-12-31"
KILLS = 14


def command(ws: Workspace, *words: str) -> list[str]:
    folders = (
        f"--{name}={getattr(ws, name)}" for name in ("catalog", "landing", "warehouse", "published")
    )
    return [sys.executable, "-m", "orchestration.cli", *words, *folders]


def start(ws: Workspace, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(ws, "close", "--through", THROUGH),
        cwd=REPO,
        env={**os.environ, "DAGSTER_HOME": str(ws.warehouse / "dagster")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=limit,
    )


def published_files(ws: Workspace) -> dict[str, bytes]:
    """The Parquet files and pages; what was about to be moved into place is no published file."""
    return {
        str(file.relative_to(ws.published)): file.read_bytes()
        for file in sorted(ws.published.rglob("*"))
        if file.suffix in (".parquet", ".html")
    }


def finance_rows(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(ws.published / "finance.duckdb"), read_only=True) as con:
        names = [
            name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()
        ]
        return {name: con.execute(f"from {name} order by all").fetchall() for name in sorted(names)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, float]:
    """The company after its closes, and how many seconds they took."""
    ws = write_company(tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    process = start(ws)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return ws, time.monotonic() - started


def finish(ws: Workspace) -> None:
    process = start(ws)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output


def assert_whole(ws: Workspace) -> None:
    """What readers see after a kill: nothing, or closes that are published whole."""
    file = ws.published / "finance.duckdb"
    if not file.exists():
        return
    wrong = ClosedCompany(ws).finance(
        "select publication_no from publications as p where p.invoice_count <> (select count(*) from invoices as i"
        " where i.close_date = p.close_date and i.publication_no = p.publication_no)"
    )
    assert wrong == []


@pytest.mark.deep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", [1, 2])
def test_closes_killed_at_random_moments_publish_the_same(
    undisturbed: tuple[Workspace, float], tmp_path: Path, seed: int
) -> None:
    whole, seconds = undisturbed
    moments = random.Random(seed)
    companies = (write_company(tmp_path / str(number)) for number in itertools.count())
    ws = next(companies)
    kills = 0
    while kills < KILLS:
        process = start(ws)
        if kills % 3 == 2:
            # Publication is short: wait for a file that is new, then a moment.
            known = len(published_files(ws))
            while process.poll() is None and len(published_files(ws)) == known:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.4))
        else:
            time.sleep(moments.uniform(0.3, 1) * seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        output, _ = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), output
        assert_whole(ws)
        if process.returncode == 0:
            # It got through: nothing is left to kill.
            assert_same(ws, whole)
            ws = next(companies)
    finish(ws)
    assert_same(ws, whole)


def assert_same(ws: Workspace, whole: Workspace) -> None:
    assert published_files(ws) == published_files(whole)
    assert finance_rows(ws) == finance_rows(whole)


@pytest.mark.deep
@pytest.mark.timeout(3000)
# Of the files that a close writes the warehouse is the largest: loaded it has 5 MB, with drafts more.
@pytest.mark.parametrize("kilobytes", [700, 3000, 6000])
def test_a_full_disk_is_told_and_nothing_is_lost(
    undisturbed: tuple[Workspace, float], tmp_path: Path, kilobytes: int
) -> None:
    """A limit on the size of each file, which fails as a full disk does."""
    whole, _ = undisturbed
    ws = write_company(tmp_path)
    size = kilobytes * 1000
    process = start(ws, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 2, output
    assert "No room is left on disk: " in output.splitlines()[-1]
    assert "Traceback" not in output
    assert_whole(ws)
    finish(ws)
    assert published_files(ws) == published_files(whole)


def test_a_full_disk_is_found_behind_other_errors() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "warehouse.duckdb.wal")
        except OSError:
            raise RuntimeError("cannot rollback")  # noqa: B904  as a library does
    except RuntimeError as error:
        told = no_room(error)
    assert "No room is left on disk: [Errno 28] No space left on device" in str(told)
    assert no_room(RuntimeError("a disk")) is None
