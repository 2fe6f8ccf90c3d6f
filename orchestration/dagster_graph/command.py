"""The command's way into Dagster: the job `close`, executed in this process on the workspace's own history.

Belongs here: holding definitions, instance and session together for the length of a command. Does not belong here:
which dates are closed (`orchestration.close`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.close_steps import Clock, CloseReport
from orchestration.dagster_graph import events
from orchestration.dagster_graph.instance import open_instance, report_inputs, run_partition
from orchestration.dagster_graph.location import CLOSE_JOB, build_definitions
from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import (
    CATALOG_VERSION,
    LANDING_USAGE,
    PUBLISHED_INVOICES,
    model_assets,
)
from orchestration.prepare import ensure_manifest
from orchestration.warehouse import connect
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.catalog import CatalogVersion
    from orchestration.ingest import IngestReport


@dataclass(frozen=True)
class CommandRunner:
    """Runs closes of one workspace, one after the other."""

    ws: Workspace
    job: dg.JobDefinition
    instance: dg.DagsterInstance
    session: CloseSession
    assets: Sequence[dg.AssetKey]

    @classmethod
    def open(cls, ws: Workspace) -> CommandRunner:
        """Load the definitions and open the history of workspace `ws`."""
        session = CloseSession()
        manifest = ensure_manifest(ws)
        job = build_definitions(ws, manifest, session).resolve_job_def(CLOSE_JOB)
        drafts = [spec.key for spec in model_assets(manifest).drafts]
        return cls(ws, job, open_instance(ws), session, [*drafts, PUBLISHED_INVOICES])

    def record_inputs(
        self, catalog: CatalogVersion, usage: IngestReport, has_new_views: bool
    ) -> None:
        """Show new inputs in the history; the command has read them already, without a run."""
        models = model_assets(ensure_manifest(self.ws))
        seen = {}
        if catalog.is_new:
            seen[CATALOG_VERSION] = events.catalog_metadata(catalog)
        if usage.batch_number is not None:
            keys = [spec.key for spec in models.landing]
            # First what the others are made of: told after them, it would make them look outdated.
            seen[LANDING_USAGE] = events.ingest_metadata(usage)
            with connect(self.ws) as con:
                seen |= events.row_counts(con, models, keys)
        if has_new_views:
            seen |= {spec.key: {"is_rebuilt": True} for spec in models.staging}
        report_inputs(self.instance, seen)

    def close(self, close_date: date, clock: Clock) -> CloseReport:
        """Run the job for `close_date`, the first that is due; raises what stopped it, as it was raised."""
        self.session.begin(clock, first_due=close_date)
        run_partition(self.job, self.instance, self.session, close_date, self.assets)
        if self.session.report is None:
            raise RuntimeError(f"the Dagster run of {close_date} ended without publishing it")
        return self.session.report
