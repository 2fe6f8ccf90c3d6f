"""What a real Dagster, with its daemon, makes of backfills, arriving files and failing runs.

Belongs here: what only processes can show: launches, queues, sensors, notices. Does not belong here: what a run does
(`test_backfill`, `test_dagster`) and which files a sensor asks for (`test_arrivals`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionStatus

from orchestration import failures
from orchestration.dagster_graph.location import INGEST_JOB
from orchestration.dagster_graph.specs import PUBLISHED_INVOICES
from tests import plain_close
from tests.conftest import ClosedCompany
from tests.dagster_server import DagsterServer, running_dagster, wait_for
from tests.small_company import (
    FIRST_CLOSE,
    SECOND_CLOSE,
    clock,
    published_bytes,
    small_company,  # noqa: F401  a fixture
)
from tests.test_dagster import PARTITIONED

THIRD_CLOSE = date(2026, 1, 1)
# A run's process alone takes some ten seconds to start where other tests keep the machine busy.
RUN_SECONDS = 300
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def server(small_company: ClosedCompany, tmp_path_factory) -> Iterator[DagsterServer]:  # noqa: F811
    """Dagster on a copy of the small company with two published closes, and a third that is due."""
    folder = tmp_path_factory.mktemp("daemon")
    company = small_company.copy(folder)
    plain_close.close_through(company.workspace, SECOND_CLOSE, clock=clock)
    told = f"{sys.executable} -c \"open('{folder}/told', 'a').write(input())\""
    with running_dagster(company.workspace, {failures.NOTIFY_VARIABLE: told}) as running:
        yield running


def test_backfills_launched_at_once_queue_and_close_in_order(server: DagsterServer) -> None:
    company = ClosedCompany(server.ws)
    before = published_bytes(company)
    launched = [
        server.launch_backfill([FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE], PARTITIONED),
        server.launch_backfill([FIRST_CLOSE, SECOND_CLOSE], PARTITIONED),
    ]

    def are_done() -> bool:
        statuses = {server.instance.get_backfill(one).status for one in launched}
        return statuses <= set(BULK_ACTION_TERMINAL_STATUSES)

    wait_for(are_done, RUN_SECONDS)
    for one in launched:
        assert server.instance.get_backfill(one).status == BulkActionStatus.COMPLETED_SUCCESS
    records = sorted(
        (
            record
            for one in launched
            for record in server.instance.get_run_records(
                dg.RunsFilter(tags={"dagster/backfill": one})
            )
        ),
        key=lambda record: record.start_time,
    )
    # One run for each, whatever the number of its dates.
    assert [record.dagster_run.is_success for record in records] == [True, True]
    for earlier, later in pairwise(records):
        assert earlier.end_time <= later.start_time

    events = server.instance.fetch_materializations(PUBLISHED_INVOICES, limit=100).records
    made = [
        (event.partition_key, str(event.asset_materialization.metadata["outcome"].value))
        for event in reversed(events)
        if event.run_id in {record.dagster_run.run_id for record in records}
    ]
    assert made.count((str(FIRST_CLOSE), "unchanged")) == 2
    assert made.count((str(SECOND_CLOSE), "unchanged")) == 2
    assert made.count((str(THIRD_CLOSE), "published")) == 1
    after = published_bytes(company)
    parquet = {name for name in before if name.endswith(".parquet")}
    assert {name: after[name] for name in parquet} == {name: before[name] for name in parquet}
    closed = company.warehouse("select close_date from issued.publications order by 1")
    assert closed == [(day,) for day in (FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE)]


_ASSETS = """
{
  assetNodes {
    assetKey { path }
    groupName
    kinds
    description
    owners { ... on TeamAssetOwner { team } }
    dependencyKeys { path }
    metadataEntries { label }
    assetMaterializations(limit: 1) { metadataEntries { label } }
    partitionStats { numMaterialized numFailed numPartitions }
    assetChecksOrError {
      ... on AssetChecks {
        checks {
          name
          blocking
          partitionStatuses {
            ... on AssetCheckDefaultPartitionStatuses { succeededPartitions failedPartitions }
          }
        }
      }
    }
    freshnessStatusInfo { freshnessStatus }
  }
}
"""


def test_the_ui_is_told_what_the_assets_are_and_what_became_of_them(server: DagsterServer) -> None:
    """After the backfills; the webserver's answers are what its pages show."""
    nodes = {"/".join(node["assetKey"]["path"]): node for node in server.ask(_ASSETS)["assetNodes"]}
    assert all(node["groupName"] and node["description"] for node in nodes.values())
    assert all(node["owners"] == [{"team": "billing"}] for node in nodes.values())
    brought = {"catalog_folder", "landing_folder"}
    assert {name for name in nodes if nodes[name]["groupName"] == "inputs"} >= brought

    published = nodes["published_invoices"]
    parents = {"/".join(parent["path"]) for parent in published["dependencyKeys"]}
    checked = {name for name, node in nodes.items() if _checks(node).get("gate")}
    assert checked <= parents
    assert checked == {"settlement/fct_wallet_draws"}
    (made,) = published["assetMaterializations"]
    labels = {entry["label"] for entry in made["metadataEntries"]}
    assert {"outcome", "invoice_count", "total_usd", "total_usd_minor_units"} <= labels

    days = [str(day) for day in (FIRST_CLOSE, SECOND_CLOSE, THIRD_CLOSE)]
    drafts = [nodes["/".join(key.path)] for key in PARTITIONED]
    for node in drafts:
        assert node["partitionStats"] == {
            "numMaterialized": 3, "numFailed": 0, "numPartitions": 3,
        }  # fmt: skip
    for node in drafts[:-1]:
        assert "dagster/column_schema" in {entry["label"] for entry in node["metadataEntries"]}
        (made,) = node["assetMaterializations"]
        assert "dagster/row_count" in {entry["label"] for entry in made["metadataEntries"]}
    checks = {name: check for node in drafts for name, check in _checks(node).items()}
    assert len(checks) == 7
    # What is unusual against earlier closes is told, and blocks nothing.
    assert {name for name, check in checks.items() if not check["blocking"]} == {"statistics"}
    # Of each date: the latest execution alone is of any of a run's dates, for Dagster plans them as a set.
    for check in checks.values():
        assert sorted(check["partitionStatuses"]["succeededPartitions"]) == days
        assert check["partitionStatuses"]["failedPartitions"] == []

    def is_fresh() -> bool:
        found = {
            "/".join(node["assetKey"]["path"]): node for node in server.ask(_ASSETS)["assetNodes"]
        }
        fresh = {
            name: node["freshnessStatusInfo"]["freshnessStatus"]
            for name, node in found.items()
            if node["freshnessStatusInfo"]
        }
        return fresh == {"landing_usage": "HEALTHY", "published_invoices": "HEALTHY"}

    # The daemon looks every half minute.
    wait_for(is_fresh, RUN_SECONDS)


def _checks(node: dict[str, Any]) -> dict[str, Any]:
    return {check["name"]: check for check in node["assetChecksOrError"].get("checks", [])}


def ingests(server: DagsterServer) -> list[dg.DagsterRun]:
    return list(server.instance.get_runs(dg.RunsFilter(job_name=INGEST_JOB)))


def test_a_new_file_is_ingested_and_a_failed_run_is_written_down_and_told(
    server: DagsterServer,
) -> None:
    server.switch_on("new_usage")
    usage = server.ws.landing / "usage.jsonl"
    late = server.ws.landing / "late.jsonl"
    lines = usage.read_text(encoding="utf-8").splitlines()[:2]
    late.write_text("\n".join(line.replace("-0", "-late") for line in lines) + "\n")
    (record,) = wait_for(
        lambda: server.instance.get_run_records(dg.RunsFilter(job_name=INGEST_JOB)), RUN_SECONDS
    )
    asked_after_seconds = record.create_timestamp.timestamp() - late.stat().st_mtime
    assert asked_after_seconds <= 30
    wait_for(lambda: all(run.is_finished for run in ingests(server)), RUN_SECONDS)
    assert [run.is_success for run in ingests(server)] == [True]
    assert ClosedCompany(server.ws).warehouse(
        "select accepted_count from landing.fct_file_verdicts order by batch_number desc limit 1"
    ) == [(2,)]

    customers = server.ws.catalog / "accounts/customers.csv"
    customers.write_text(customers.read_text(encoding="utf-8") + "caro,Caro,nobody,US,,,\n")
    (server.ws.landing / "later.jsonl").write_text(lines[0].replace("-0", "-later") + "\n")
    (failure,) = wait_for(lambda: failures.written_down(server.ws), RUN_SECONDS)
    assert (failure.job, failure.close_dates) == (INGEST_JOB, ())
    assert "accounts/customers.csv" in failure.message
    told = Path(server.ws.warehouse.parent / "told")
    wait_for(told.exists, RUN_SECONDS)
    assert told.read_text(encoding="utf-8") == failure.sentence()
    # Asked for again only after a while.
    time.sleep(6)
    assert len(ingests(server)) == 2
