"""Holds as Dagster shows them: a close that holds is published, with a warning; jobs release and discard.

Belongs here: check results, the jobs and what they tell. Does not belong here: amounts (`test_holds`).
"""

from __future__ import annotations

import dagster as dg
import pytest

from orchestration.dagster_graph.specs import PUBLISHED_INVOICES
from orchestration.errors import BadInput
from tests.held_company import begun, naming
from tests.small_company import SECOND_CLOSE
from tests.test_dagster import SILENT, Location, open_location


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    return open_location(begun(tmp_path_factory.mktemp("hold_jobs")).workspace)


@pytest.fixture(scope="module")
def close(location: Location) -> dg.ExecuteInProcessResult:
    with naming("atlas"):
        return location.run(str(SECOND_CLOSE))


def decide(location: Location, job: str, document: str) -> dg.ExecuteInProcessResult:
    config = {"document": document, "by": "A. Lovelace", "reason": "Seen"}
    return location.definitions.resolve_job_def(job).execute_in_process(
        instance=location.instance,
        run_config={"ops": {f"{job}_document": {"config": config}}, **SILENT},
        raise_on_error=False,
    )


def test_a_close_that_holds_is_published_with_a_warning(
    location: Location, close: dg.ExecuteInProcessResult
) -> None:
    assert close.success
    evaluations = {one.check_name: one for one in close.get_asset_check_evaluations()}
    settled = evaluations["settlement_checks"]
    assert (settled.passed, settled.severity) == (False, dg.AssetCheckSeverity.WARN)
    (row,) = settled.metadata["failing_tests"].records
    assert (row.data["test"], row.data["result"]) == ("invoice_totals_add_up", "held")
    assert evaluations["gate"].passed
    assert evaluations["gate"].metadata["held_documents"].value == 1
    (published,) = close.asset_materializations_for_node("published_invoices")
    assert published.metadata["held_count"].value == 1
    assert published.metadata["invoice_count"].value == 1


def test_jobs_release_what_is_held_and_say_what_is_not(
    location: Location, close: dg.ExecuteInProcessResult
) -> None:
    assert not decide(location, "discard", "H-9").success
    assert isinstance(location.session.error, BadInput)

    released = decide(location, "release", "H-1")
    assert released.success
    (told,) = released.asset_materializations_for_node("release_document")
    assert (told.asset_key, told.partition) == (PUBLISHED_INVOICES, str(SECOND_CLOSE))
    assert told.metadata["numbers"].value == "US-000004"
