"""Closes whose SQL is repeated without dbt give what dbt's own give, and what fails is never taken for done.

Belongs here: that `replayed_dbt` may stand for dbt where a test looks at bills. Does not belong here: the bills.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.close_steps import close_one
from orchestration.dbt_runner import DbtResult
from tests.conftest import ClosedCompany
from tests.plain_close import close_through
from tests.replayed_dbt import REPLAYED, Recording, _repeats
from tests.small_company import (  # noqa: F401
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,
    write_company,
)


def _parquet(company: ClosedCompany) -> dict[str, bytes]:
    files = published_bytes(company)
    return {name: content for name, content in files.items() if name.endswith(".parquet")}


def test_repeated_closes_publish_the_bytes_that_dbt_s_publish(
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    by_dbt = small_company.copy(tmp_path / "dbt")
    close_one(by_dbt.workspace, SECOND_CLOSE, clock)
    first, second = (ClosedCompany(write_company(tmp_path / name)) for name in ("first", "second"))
    close_through(first.workspace, SECOND_CLOSE, clock=clock)
    before = REPLAYED.repeated
    close_through(second.workspace, SECOND_CLOSE, clock=clock)
    # Ingest, views and two closes.
    assert REPLAYED.repeated - before == 4
    expected = _parquet(by_dbt)
    assert len(expected) > 10
    assert _parquet(first) == expected
    assert _parquet(second) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "select error('a model that fails')",
        '/* {"node_id": "test.meterhouse.chk"} */ select 2 as failures, true, true',
    ],
)
def test_a_failure_is_not_taken_for_done(tmp_path: Path, statement: str) -> None:
    file = str(tmp_path / "warehouse.duckdb")
    recording = Recording(["create table done (a integer)", statement], _OK, None)
    assert not _repeats(recording, file)
    with duckdb.connect(file) as con:
        assert con.execute("select count(*) from done").fetchall() == [(0,)]


_OK = DbtResult(True, (), None)
