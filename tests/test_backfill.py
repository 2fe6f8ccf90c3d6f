"""Backfills: published closes computed again and due ones closed, in date order, by the command and as one Dagster run.

Belongs here: several dates at once. Does not belong here: one date (`test_close`, `test_dagster`), and what Dagster's
daemon makes of a backfill that its UI launches (`test_daemon`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import backfill as command
from orchestration.close import SilentReporter
from orchestration.close_steps import CloseReport
from orchestration.dagster_graph.location import CLOSE_JOB
from orchestration.dagster_graph.specs import CLOSE_DATES, PUBLISHED_INVOICES
from orchestration.errors import Refused
from orchestration.workspace import Workspace
from tests import plain_close
from tests.conftest import ClosedCompany
from tests.replayed_dbt import REPLAYED
from tests.small_company import (
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)
from tests.test_dagster import PARTITIONED, SILENT, Location, open_location, tampered_usage

THIRD_CLOSE = date(2026, 1, 1)
FOURTH_CLOSE = date(2026, 2, 1)
FIFTH_CLOSE = date(2026, 3, 1)
NO_CLOSE = date(2026, 1, 7)


@pytest.fixture(scope="module")
def company(small_company: ClosedCompany, tmp_path_factory) -> ClosedCompany:  # noqa: F811
    """A copy of the small company with two published closes; the tests close more, in their order."""
    copy = small_company.copy(tmp_path_factory.mktemp("backfill"))
    plain_close.close_through(copy.workspace, SECOND_CLOSE, clock=clock)
    return copy


@pytest.fixture(scope="module")
def location(company: ClosedCompany) -> Location:
    return open_location(company.workspace)


class Recorder(SilentReporter):
    def __init__(self) -> None:
        self.seen: list[tuple[date, str]] = []

    def close_ended(self, report: CloseReport) -> None:
        self.seen.append((report.close_date, report.outcome))


def by_command(ws: Workspace, first: date, last: date) -> Recorder:
    recorder = Recorder()
    plain_close.backfill(ws, first, last, recorder, clock=clock)
    return recorder


def by_one_run(
    location: Location,
    dates: Sequence[date],
    run: Callable[[Path], AbstractContextManager[object]] = REPLAYED.patched,
) -> dg.ExecuteInProcessResult:
    """A run over `dates`, as a backfill makes it; Dagster gets to know them in the order given."""
    location.session.begin(lambda: datetime(2026, 11, 1, tzinfo=UTC))
    name = str(CLOSE_DATES.name)
    for known in location.instance.get_dynamic_partitions(name):
        location.instance.delete_dynamic_partition(name, known)
    location.instance.add_dynamic_partitions(name, [str(day) for day in dates])
    with run(location.ws.warehouse_file):
        return location.definitions.resolve_job_def(CLOSE_JOB).execute_in_process(
            instance=location.instance,
            asset_selection=PARTITIONED,
            tags={
                "dagster/asset_partition_range_start": str(dates[0]),
                "dagster/asset_partition_range_end": str(dates[-1]),
            },
            run_config=SILENT,
            raise_on_error=False,
        )


def outcomes(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    """Partition and outcome of each event of the published invoices, in order."""
    made = [event.materialization for event in result.get_asset_materialization_events()]
    return [
        (str(one.partition), str(one.metadata["outcome"].value))
        for one in made
        if one.asset_key == PUBLISHED_INVOICES
    ]


def gates(result: dg.ExecuteInProcessResult) -> list[tuple[str, bool]]:
    checks = result.get_asset_check_evaluations()
    return [(str(one.partition), one.passed) for one in checks if one.check_name == "gate"]


def test_published_closes_are_unchanged_close_by_close(company: ClosedCompany) -> None:
    before = published_bytes(company)
    recorder = by_command(company.workspace, date(2025, 1, 1), SECOND_CLOSE)
    assert recorder.seen == [(FIRST_CLOSE, "unchanged"), (SECOND_CLOSE, "unchanged")]
    assert by_command(company.workspace, date(2025, 1, 1), date(2025, 10, 31)).seen == []
    assert published_bytes(company) == before


def test_one_run_over_published_closes_reports_each(
    company: ClosedCompany, location: Location
) -> None:
    before = published_bytes(company)
    # As if somebody had added the earlier date last.
    result = by_one_run(location, [SECOND_CLOSE, FIRST_CLOSE])
    assert result.success
    assert outcomes(result) == [(str(FIRST_CLOSE), "unchanged"), (str(SECOND_CLOSE), "unchanged")]
    assert gates(result) == [(str(FIRST_CLOSE), True), (str(SECOND_CLOSE), True)]
    made = {
        (event.asset_key, str(event.materialization.partition))
        for event in result.get_asset_materialization_events()
    }
    assert made == {(key, str(day)) for key in PARTITIONED for day in (FIRST_CLOSE, SECOND_CLOSE)}
    assert published_bytes(company) == before


def test_closes_that_differ_are_all_named_and_nothing_new_is_closed(
    company: ClosedCompany, location: Location
) -> None:
    before = published_bytes(company)
    with tampered_usage(company.workspace):
        with pytest.raises(Refused, match="2025-11-01, 2025-12-01: published, and comp") as refused:
            by_command(company.workspace, FIRST_CLOSE, THIRD_CLOSE)
        alone = by_one_run(location, [FIRST_CLOSE, SECOND_CLOSE])
        with_due = by_one_run(location, [FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE])
    assert refused.value.exit_code == 1
    titles = {table.title for table in refused.value.tables}
    assert {"2025-11-01 issued.usage_daily", "2025-12-01 issued.usage_daily"} <= titles

    assert alone.success
    assert gates(alone) == [(str(FIRST_CLOSE), False), (str(SECOND_CLOSE), False)]
    assert not with_due.success
    assert "nothing new was closed" in str(location.session.error)
    assert gates(with_due) == gates(alone)
    for result in (alone, with_due):
        assert result.get_asset_materialization_events() == []
    assert published_bytes(company) == before


def test_one_run_closes_what_is_due_in_order_and_refuses_other_dates(
    company: ClosedCompany, location: Location
) -> None:
    result = by_one_run(location, [FOURTH_CLOSE, NO_CLOSE, SECOND_CLOSE])
    assert not result.success
    assert str(location.session.error) == (
        "Nothing is due on 2026-01-07: it is not a billing date. The others are done."
    )
    # The third was not asked for, and is due before the fourth.
    assert outcomes(result) == [
        (str(SECOND_CLOSE), "unchanged"),
        (str(THIRD_CLOSE), "published"),
        (str(FOURTH_CLOSE), "published"),
    ]
    assert gates(result) == [(str(day), True) for day in (SECOND_CLOSE, THIRD_CLOSE, FOURTH_CLOSE)]
    assert company.warehouse("select close_date from issued.publications order by 1") == [
        (day,) for day in (FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE, FOURTH_CLOSE)
    ]


def test_the_command_closes_what_is_due_after_it_has_compared(company: ClosedCompany) -> None:
    recorder = by_command(company.workspace, FOURTH_CLOSE, FIFTH_CLOSE)
    assert recorder.seen == [(FOURTH_CLOSE, "unchanged"), (FIFTH_CLOSE, "published")]


@pytest.mark.deep
def test_a_year_in_one_run(small_company: ClosedCompany, tmp_path: Path) -> None:  # noqa: F811
    """Twelve dates by dbt itself: closed by one run that only knew the last, computed again by another."""
    copy = small_company.copy(tmp_path)
    location = open_location(copy.workspace)
    year = [date(2025 + (10 + month) // 12, (10 + month) % 12 + 1, 1) for month in range(12)]
    closed = by_one_run(location, [year[0], year[-1]], run=nullcontext)
    assert closed.success
    before = published_bytes(copy)
    again = by_one_run(location, year, run=nullcontext)
    assert again.success
    assert outcomes(closed) == [
        (str(year[0]), "unchanged"),
        *((str(day), "published") for day in year[1:]),
    ]
    assert outcomes(again) == [(str(day), "unchanged") for day in year]
    assert gates(again) == [(str(day), True) for day in year]
    assert published_bytes(copy) == before


def test_a_last_date_that_has_not_ended_is_refused(company: ClosedCompany) -> None:
    with pytest.raises(Refused, match="2026-03-01 has not ended in UTC"):
        command.backfill(
            company.workspace,
            FIRST_CLOSE,
            FIFTH_CLOSE,
            clock=lambda: datetime(2026, 3, 1, 23, tzinfo=UTC),
        )
