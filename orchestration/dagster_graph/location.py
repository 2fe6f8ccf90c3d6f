"""The code location of one workspace: assets, jobs, schedule, sensors and resources put together.

Belongs here: which jobs there are and what they select. Does not belong here: which workspace (`definitions` takes it
from the environment, the command from its options).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.dagster_graph.arrivals import new_usage
from orchestration.dagster_graph.assets import WRITER, Location, build_assets, writer_resource
from orchestration.dagster_graph.failures import record_failures
from orchestration.dagster_graph.hold_jobs import hold_jobs
from orchestration.dagster_graph.preview import preview_job
from orchestration.dagster_graph.schedule import daily_close
from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import (
    CATALOG_VERSION,
    LANDING_USAGE,
    POOL,
    PREVIEW_INVOICES,
    PUBLISHED_INVOICES,
    model_assets,
)
from orchestration.workspace import Workspace

CLOSE_JOB = "close"
INGEST_JOB = "ingest"


def build_definitions(
    ws: Workspace, manifest: Mapping[str, Any], session: CloseSession | None = None
) -> dg.Definitions:
    """The definitions of workspace `ws`.

    Args:
        ws: the company's folders.
        manifest: dbt's manifest of that workspace.
        session: where the ops leave their report; the command passes its own.
    """
    location = Location(ws, model_assets(manifest), session or CloseSession())
    with warnings.catch_warnings():
        # Backfill policies and runs over several partitions are beta in Dagster, and checks of partitions a preview;
        # the pinned version has them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        assets = build_assets(location)
        landing = [LANDING_USAGE, *(spec.key for spec in location.models.landing)]
        close = dg.define_asset_job(
            CLOSE_JOB,
            selection=dg.AssetSelection.assets(
                CATALOG_VERSION,
                *landing,
                *(spec.key for spec in location.models.staging),
                *(spec.key for spec in location.models.drafts),
                PUBLISHED_INVOICES,
            ),
            executor_def=dg.in_process_executor,
            description="Read what is new, then close one billing date: drafts, gate, publication.",
        )
        ingest = dg.define_asset_job(
            INGEST_JOB,
            selection=dg.AssetSelection.assets(CATALOG_VERSION, *landing, PREVIEW_INVOICES),
            executor_def=dg.in_process_executor,
            description="Load the catalog and the new files of the landing folder, then draft the next invoices.",
        )
        return dg.Definitions(
            assets=assets,
            jobs=[close, ingest, preview_job(), *hold_jobs(ws, location.session, WRITER, POOL)],
            schedules=[daily_close(ws, close)],
            sensors=[new_usage(ws, ingest), record_failures(ws)],
            resources={WRITER: writer_resource(ws)},
            # Also for what is launched asset by asset: another process per step would import everything again.
            executor=dg.in_process_executor,
        )
