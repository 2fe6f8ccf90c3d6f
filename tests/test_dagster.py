"""The warehouse as Dagster shows it: the graph, one close as a run, and what the schedule starts.

Belongs here: asset keys, groups and dependencies, events in the instance, and that no launch bypasses the gate. Does
not belong here: the steps of a close (`test_close`) and verdicts (`test_gate`).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState, TimeWindowFreshnessPolicy
from dagster._core.definitions.freshness_evaluator import FRESHNESS_EVALUATORS_BY_POLICY_TYPE
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from orchestration.dagster_graph.instance import make_home, open_instance
from orchestration.dagster_graph.location import CLOSE_JOB, INGEST_JOB, build_definitions
from orchestration.dagster_graph.schedule import dates_to_close
from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import (
    CLOSE_DATES,
    LANDING_USAGE,
    PUBLISHED_INVOICES,
    STAGE_ORDER,
)
from orchestration.errors import Refused
from orchestration.prepare import ensure_manifest
from orchestration.warehouse import connect
from orchestration.workspace import Workspace
from tests.conftest import ClosedCompany
from tests.public_assets import PUBLIC_ASSETS
from tests.replayed_dbt import REPLAYED
from tests.small_company import (
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)

THIRD_CLOSE = date(2026, 1, 1)
FOURTH_CLOSE = date(2026, 2, 1)
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclasses.dataclass
class Location:
    """A code location on a company that the test may change."""

    ws: Workspace
    session: CloseSession
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def run(self, partition: str, *keys: dg.AssetKey) -> dg.ExecuteInProcessResult:
        """Run the job `close` as the UI would: all of it, or the assets `keys`."""
        self.session.begin(clock)
        self.instance.add_dynamic_partitions(str(CLOSE_DATES.name), [partition])
        with REPLAYED.patched(self.ws.warehouse_file):
            return self.definitions.resolve_job_def(CLOSE_JOB).execute_in_process(
                instance=self.instance,
                partition_key=partition,
                asset_selection=keys or None,
                run_config=SILENT,
                raise_on_error=False,
            )

    def closed_partitions(self) -> set[str]:
        return set(self.instance.get_materialized_partitions(PUBLISHED_INVOICES))


# What belongs to a close date: the drafts and what is published of them.
PARTITIONED = [
    *(
        dg.AssetKey(name.split("/"))
        for stage in ("subscriptions", "metering", "rating", "invoicing", "settlement")
        for name in PUBLIC_ASSETS[stage]
    ),
    PUBLISHED_INVOICES,
]


@contextmanager
def tampered_usage(ws: Workspace) -> Iterator[None]:
    """Usage that says something else than when it was billed."""

    def add(amount: int) -> None:
        with connect(ws) as con:
            con.execute(f"update landing.fct_usage_hours set value_sum = value_sum + {amount}")
            con.execute(f"update landing.fct_events set quantity = quantity + {amount}")

    add(1000)
    try:
        yield
    finally:
        add(-1000)


def open_location(ws: Workspace) -> Location:
    session = CloseSession()
    definitions = build_definitions(ws, ensure_manifest(ws), session)
    return Location(ws, session, definitions, open_instance(ws))


@pytest.fixture(scope="module")
def location(small_company: ClosedCompany, tmp_path_factory) -> Location:  # noqa: F811
    """A copy of the small company, whose first date the command has closed."""
    return open_location(small_company.copy(tmp_path_factory.mktemp("dagster")).workspace)


@pytest.fixture(scope="module")
def graph(location: Location) -> dg.AssetGraph:
    return location.definitions.get_repository_def().asset_graph


def test_the_public_models_and_what_surrounds_them_are_the_assets(graph: dg.AssetGraph) -> None:
    shown: dict[str, list[str]] = {}
    for key in sorted(graph.get_all_asset_keys()):
        shown.setdefault(graph.get(key).group_name, []).append(key.to_user_string())
    assert shown == PUBLIC_ASSETS


def test_every_arrow_leads_to_the_right(graph: dg.AssetGraph) -> None:
    order = {stage: position for position, stage in enumerate(STAGE_ORDER)}
    backwards = [
        (parent.to_user_string(), key.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if order[graph.get(parent).group_name] > order[graph.get(key).group_name]
    ]
    assert backwards == []


def test_only_what_comes_from_outside_stands_on_nothing(graph: dg.AssetGraph) -> None:
    roots = {
        key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).parent_keys
    }
    brought = {"catalog_folder", "landing_folder"}
    assert {root for root in roots if not root.startswith("issued_before/")} == brought


def test_assets_carry_the_docs_of_their_models(graph: dg.AssetGraph) -> None:
    invoices = graph.get(dg.AssetKey(["settlement", "fct_invoices"]))
    columns = {column.name: column for column in invoices.metadata["dagster/column_schema"].columns}
    assert columns["total_amount"].type == "decimal(20,4)"
    assert columns["total_amount"].description
    assert "```sql" in invoices.description
    assert invoices.kinds == {"dbt", "duckdb"}
    assert list(invoices.owners) == ["team:billing"]


def test_each_stage_of_drafts_has_one_check_and_the_gate_and_statistics_their_own(
    graph: dg.AssetGraph,
) -> None:
    names = sorted(key.name for key in graph.asset_check_keys)
    assert names == [
        "gate",
        "invoicing_checks",
        "metering_checks",
        "rating_checks",
        "settlement_checks",
        "statistics",
        "subscriptions_checks",
    ]


def test_jobs_run_in_one_process(location: Location) -> None:
    for name in (CLOSE_JOB, INGEST_JOB):
        job = location.definitions.resolve_job_def(name)
        assert job.executor_def.name == "in_process"


def test_the_chain_has_one_backfill_policy(graph: dg.AssetGraph) -> None:
    partitioned = [
        graph.get(key)
        for key in graph.get_all_asset_keys()
        if graph.get(key).partitions_def is not None
    ]
    assert len(partitioned) == 35
    assert {str(node.backfill_policy) for node in partitioned} == {
        str(dg.BackfillPolicy.single_run())
    }
    assert {node.partitions_def.name for node in partitioned} == {"close_date"}


def test_the_home_is_quiet_and_keeps_what_someone_edited(tmp_path, monkeypatch) -> None:
    ws = Workspace.resolve(warehouse=tmp_path / "warehouse")
    settings = make_home(ws) / "dagster.yaml"
    # Before the first run: the queue takes a pool that it has not seen for one without a limit.
    (limit,) = open_instance(ws).event_log_storage.get_pool_limits()
    assert (limit.name, limit.limit) == ("warehouse", 1)
    assert "telemetry: {enabled: false}" in settings.read_text(encoding="utf-8")
    settings.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    make_home(ws)
    assert settings.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"


def test_a_close_by_the_command_is_in_the_history(location: Location) -> None:
    assert str(FIRST_CLOSE) in location.closed_partitions()
    runs = location.instance.get_runs(filters=dg.RunsFilter(job_name=CLOSE_JOB))
    assert {run.tags["dagster/partition"] for run in runs} == {str(FIRST_CLOSE)}
    event = location.instance.get_latest_materialization_event(dg.AssetKey("landing_usage"))
    assert event is not None


def test_a_run_from_the_ui_closes_earlier_dates_first_and_reports_all(location: Location) -> None:
    """The whole job, inputs included; the tests after this one look at the history it leaves."""
    result = location.run(str(THIRD_CLOSE))
    assert result.success
    assert location.closed_partitions() == {
        str(day) for day in (FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE)
    }

    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    executable = {key for group, keys in PUBLIC_ASSETS.items() for key in keys}
    executable -= {key for key in executable if key.startswith("issued_before/")}
    assert made == executable - {"catalog_folder", "landing_folder", "preview_invoices"}

    checks = result.get_asset_check_evaluations()
    assert {check.check_name for check in checks} >= {
        "gate",
        "settlement_checks",
        "statistics",
    }
    assert all(check.passed for check in checks)

    published = location.instance.get_latest_materialization_event(PUBLISHED_INVOICES)
    metadata = published.asset_materialization.metadata
    with connect(location.ws, read_only=True) as con:
        ((count, total),) = con.execute(
            "select count(*), sum(total_amount) from finance.invoices where close_date = ?",
            [THIRD_CLOSE],
        ).fetchall()
    assert metadata["invoice_count"].value == count > 0
    assert metadata["outcome"].value == "published"
    assert Decimal(metadata["total_usd"].value) == total
    assert metadata["total_usd_minor_units"].value == total * 100


def test_a_published_date_run_again_is_unchanged(location: Location) -> None:
    before = published_bytes(ClosedCompany(location.ws))
    result = location.run(str(FIRST_CLOSE), *PARTITIONED)
    assert result.success
    assert location.session.report.outcome == "unchanged"
    assert published_bytes(ClosedCompany(location.ws)) == before


def test_a_published_date_that_comes_out_otherwise_warns_and_stays_green(
    location: Location,
) -> None:
    with tampered_usage(location.ws):
        result = location.run(str(FIRST_CLOSE), *PARTITIONED)
    assert result.success
    assert result.get_asset_materialization_events() == []
    (gate,) = (
        check for check in result.get_asset_check_evaluations() if check.check_name == "gate"
    )
    assert not gate.passed
    assert gate.severity == dg.AssetCheckSeverity.WARN
    assert "issued.usage_daily" in gate.metadata
    assert str(FIRST_CLOSE) in location.closed_partitions()


def test_a_failed_gate_stops_the_run_before_publication(location: Location) -> None:
    before = published_bytes(ClosedCompany(location.ws))
    with connect(location.ws) as con:
        con.execute("update landing.fct_file_verdicts set accepted_count = accepted_count + 1")
    try:
        result = location.run(str(FOURTH_CLOSE), *PARTITIONED)
        alone = location.run(str(FOURTH_CLOSE), PUBLISHED_INVOICES)
    finally:
        with connect(location.ws) as con:
            con.execute("update landing.fct_file_verdicts set accepted_count = accepted_count - 1")
    assert not result.success
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not checks["gate"].passed
    assert not checks["metering_checks"].passed
    failing = checks["metering_checks"].metadata["failing_tests"].records
    assert "chk_events_lost_or_counted_twice" in {record.data["test"] for record in failing}

    # A launch of the publishing asset alone does not get past the failed gate either.
    assert not alone.success
    assert "the gate" in str(location.session.error)
    assert str(FOURTH_CLOSE) not in location.closed_partitions()
    assert published_bytes(ClosedCompany(location.ws)) == before


def test_publishing_alone_without_drafts_of_that_date_is_refused(location: Location) -> None:
    result = location.run("2026-03-01", PUBLISHED_INVOICES)
    assert not result.success
    assert isinstance(location.session.error, Refused)
    assert "2026-03-01" not in location.closed_partitions()


def test_a_date_on_which_nothing_is_due_is_refused(location: Location) -> None:
    result = location.run("2025-12-07")
    assert not result.success
    assert "Nothing is due on 2025-12-07" in str(location.session.error)


@pytest.mark.parametrize(
    ("key", "is_fresh_for", "fails_after"),
    [
        (LANDING_USAGE, timedelta(hours=26), timedelta(hours=48)),
        (PUBLISHED_INVOICES, timedelta(days=32), timedelta(days=35)),
    ],
)
def test_usage_and_invoices_age(
    location: Location,
    graph: dg.AssetGraph,
    key: dg.AssetKey,
    is_fresh_for: timedelta,
    fails_after: timedelta,
) -> None:
    made = location.instance.get_latest_materialization_event(key)
    assert made is not None
    made_at = datetime.fromtimestamp(made.timestamp, UTC)
    second = timedelta(seconds=1)

    def state(age: timedelta) -> FreshnessState:
        evaluator = FRESHNESS_EVALUATORS_BY_POLICY_TYPE[TimeWindowFreshnessPolicy]()
        with freeze_time(made_at + age):
            loading = LoadingContextForTest(location.instance)
            return asyncio.run(evaluator.evaluate_freshness(loading, graph.get(key)))

    assert state(is_fresh_for - second) == FreshnessState.PASS
    assert state(is_fresh_for + second) == FreshnessState.WARN
    assert state(fails_after - second) == FreshnessState.WARN
    assert state(fails_after + second) == FreshnessState.FAIL


def test_the_schedule_skips_without_due_dates_and_starts_one_run_for_all(
    location: Location,
) -> None:
    schedule = location.definitions.resolve_schedule_def("daily_close")

    def tick(day: date) -> dg.ScheduleExecutionData:
        return schedule.evaluate_tick(
            dg.build_schedule_context(
                instance=location.instance,
                scheduled_execution_time=datetime(day.year, day.month, day.day, 0, 15, tzinfo=UTC),
                repository_def=location.definitions.get_repository_def(),
            )
        )

    before = location.instance.get_dynamic_partitions(str(CLOSE_DATES.name))
    skipped = tick(THIRD_CLOSE)
    assert skipped.skip_message == "Nothing is due."
    assert location.instance.get_dynamic_partitions(str(CLOSE_DATES.name)) == before

    due = dates_to_close(location.ws, datetime(2026, 4, 2, 0, 15, tzinfo=UTC))
    assert due[0] == FOURTH_CLOSE
    assert due[-1] == date(2026, 4, 1)
    (request,) = tick(date(2026, 4, 2)).run_requests
    assert request.partition_key == "2026-04-01"


def test_the_schedule_does_not_count_a_day_that_has_not_ended(location: Location) -> None:
    assert date(2026, 4, 1) not in dates_to_close(
        location.ws, datetime(2026, 4, 1, 23, 59, tzinfo=UTC)
    )
