"""Closes end to end on a small company: repeated, refused, failed and mended, interrupted.

Belongs here: what a close leaves in `control`, `issued` and the published folder. Does not belong here: amounts (golden
and worked cases), verdicts of the gate, and Dagster's history.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.close import SilentReporter, close_date, close_through
from orchestration.close_steps import CloseReport
from orchestration.errors import Refused
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests import plain_close
from tests.conftest import ClosedCompany
from tests.small_company import (
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)


class Recorder(SilentReporter):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def close_begins(self, close_date: date) -> None:
        self.seen.append(f"begins {close_date}")

    def close_ended(self, report: CloseReport) -> None:
        self.seen.append(f"ended {report.close_date} {report.outcome}")


@pytest.fixture(scope="module")
def company(small_company: ClosedCompany, tmp_path_factory) -> ClosedCompany:  # noqa: F811
    """A copy of the small company, in which each test leaves what it found, or says what it closed."""
    return small_company.copy(tmp_path_factory.mktemp("close"))


def closes(company: ClosedCompany) -> dict[date, str]:
    return dict(company.warehouse("select close_date, status from control.closes"))


def change(company: ClosedCompany, sql: str) -> None:
    with connect(company.workspace) as con:
        con.execute(sql)


@pytest.mark.parametrize("closing", [close_through, close_date])
def test_a_date_that_has_not_ended_in_utc_is_refused_and_nothing_is_made(
    closing, tmp_path: Path
) -> None:
    ws = Workspace.resolve(*(tmp_path / name for name in ("c", "l", "w", "p")))
    for present in (
        datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    ):
        with pytest.raises(Refused, match="2026-01-31 has not ended in UTC") as refused:
            closing(ws, date(2026, 1, 31), clock=lambda present=present: present)
        assert refused.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_the_first_close_is_published_and_recorded(company: ClosedCompany) -> None:
    ((status, started, finished, digest),) = company.warehouse(
        "select status, started_at, finished_at, drafts_digest from control.closes"
    )
    assert status == "published"
    assert started <= finished
    assert [(digest,)] == company.warehouse("select drafts_digest from issued.publications")
    assert company.finance("select count(*) > 0 from invoices") == [(True,)]


def test_when_nothing_is_due_nothing_changes(company: ClosedCompany) -> None:
    before = published_bytes(company)
    recorder = Recorder()
    assert close_through(company.workspace, FIRST_CLOSE, recorder, clock=clock) == []
    assert close_date(company.workspace, date(2025, 11, 2), recorder, clock=clock) == []
    assert recorder.seen == []
    assert published_bytes(company) == before


def test_a_published_close_computed_again_is_unchanged(company: ClosedCompany) -> None:
    before = published_bytes(company)
    recorder = Recorder()
    (report,) = plain_close.close_date(company.workspace, FIRST_CLOSE, recorder, clock=clock)
    assert report.outcome == "unchanged"
    assert report.invoice_count > 0
    assert recorder.seen == ["begins 2025-11-01", "ended 2025-11-01 unchanged"]
    assert published_bytes(company) == before
    assert closes(company) == {FIRST_CLOSE: "published"}


def test_a_published_close_that_would_come_out_otherwise_is_refused(company: ClosedCompany) -> None:
    before = published_bytes(company)
    change(company, "update landing.fct_usage_hours set value_sum = value_sum + 1000")
    change(company, "update landing.fct_events set quantity = quantity + 1000")
    try:
        with pytest.raises(Refused, match="gives other rows") as refused:
            plain_close.close_date(company.workspace, FIRST_CLOSE, clock=clock)
    finally:
        change(company, "update landing.fct_usage_hours set value_sum = value_sum - 1000")
        change(company, "update landing.fct_events set quantity = quantity - 1000")
    assert refused.value.exit_code == 1
    tables = {table.title: table for table in refused.value.tables}
    usage = tables["issued.usage_daily"]
    assert {row[0] for row in usage.rows} == {"published", "computed now"}
    assert "quantity" in usage.columns
    assert published_bytes(company) == before
    assert closes(company) == {FIRST_CLOSE: "published"}


def test_files_that_a_killed_close_did_not_write_are_written_by_the_next(
    company: ClosedCompany,
) -> None:
    """As if killed after the transaction: the publication is issued, its files and its status are not there."""
    before = published_bytes(company)
    published = company.workspace.published
    lost = sorted((published / "parquet").rglob("*.parquet"))[0]
    lost.unlink()
    (published / "finance.duckdb").unlink()
    change(company, "update control.closes set status = 'running', finished_at = null")
    assert close_through(company.workspace, FIRST_CLOSE, clock=clock) == []
    assert parquet_only(published_bytes(company)) == parquet_only(before)
    assert company.finance("select count(*) > 0 from invoices") == [(True,)]
    assert closes(company) == {FIRST_CLOSE: "published"}


def test_a_failed_close_publishes_nothing_and_closes_once_mended(
    company: ClosedCompany,
    small_company: ClosedCompany,  # noqa: F811
    tmp_path: Path,
) -> None:
    before = published_bytes(company)
    change(company, "update landing.fct_file_verdicts set accepted_count = accepted_count + 1")
    with pytest.raises(Refused, match="chk_events_lost_or_counted_twice") as refused:
        close_through(company.workspace, SECOND_CLOSE, clock=clock)
    assert refused.value.exit_code == 1
    assert any("chk_events_lost" in table.title and table.rows for table in refused.value.tables)
    assert published_bytes(company) == before
    ((message, finished),) = company.warehouse(
        f"select message, finished_at from control.closes where close_date = '{SECOND_CLOSE}'"
    )
    assert "chk_events_lost_or_counted_twice" in message
    assert finished is not None
    assert closes(company)[SECOND_CLOSE] == "failed"

    change(company, "update landing.fct_file_verdicts set accepted_count = accepted_count - 1")
    # An attempt that was killed looks like this: begun, and never ended.
    change(
        company,
        f"update control.closes set status = 'running' where close_date = '{SECOND_CLOSE}'",
    )
    (report,) = close_through(company.workspace, SECOND_CLOSE, clock=clock)
    assert (report.close_date, report.close_sequence) == (SECOND_CLOSE, 2)
    assert closes(company) == {FIRST_CLOSE: "published", SECOND_CLOSE: "published"}
    after = published_bytes(company)
    assert parquet_only(before).items() <= parquet_only(after).items()

    repeated = small_company.copy(tmp_path / "repeated")
    plain_close.close_through(repeated.workspace, SECOND_CLOSE, clock=clock)
    assert parquet_only(published_bytes(repeated)) == parquet_only(after)
    for (table,) in company.finance("select table_name from information_schema.tables order by 1"):
        rows = f"select * from {table} order by all"
        assert repeated.finance(rows) == company.finance(rows), table


def parquet_only(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.endswith(".parquet")}
