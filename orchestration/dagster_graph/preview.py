"""The asset `preview_invoices`: drafts of the next invoices, made after new files were read.

Belongs here: the asset, its job, and what Dagster is told of a preview. Does not belong here: drafting
(`orchestration.preview`), and the closes (`assets`).
"""

# No `from __future__ import annotations` here: Dagster reads the annotation of an op's context at run time.

from collections import defaultdict
from decimal import Decimal
from typing import Any

import dagster as dg

from orchestration.dagster_graph import specs
from orchestration.dagster_graph.session import CloseSession, table_metadata
from orchestration.errors import OffenderTable
from orchestration.preview import PreviewReport, preview
from orchestration.workspace import Workspace

PREVIEW_JOB = "preview"


def preview_asset(
    ws: Workspace, session: CloseSession, *, pool: str, writer: str
) -> dg.AssetsDefinition:
    """The asset; it belongs to no close date, because each customer's next invoice has its own."""

    @dg.asset(
        key=specs.PREVIEW_INVOICES,
        deps=[specs.CATALOG_VERSION, specs.LANDING_USAGE],
        group_name="published",
        kinds={"duckdb"},
        owners=specs.OWNERS,
        pool=pool,
        required_resource_keys={writer},
        description=(
            "Drafts of the next invoices with the usage known now, in preview.duckdb beside finance.duckdb. Made in a "
            "scratch warehouse by the models of a close: nothing is issued. A failed check is shown and stops nothing."
        ),
    )
    def preview_invoices(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        with session.failing_as_dagster():
            report = preview(ws, clock=session.clock)
        return dg.MaterializeResult(metadata=preview_metadata(report))

    return preview_invoices


def preview_job() -> Any:
    """The job that makes the asset alone, from what is loaded."""
    return dg.define_asset_job(
        PREVIEW_JOB,
        selection=dg.AssetSelection.assets(specs.PREVIEW_INVOICES),
        executor_def=dg.in_process_executor,
        description="Draft the next invoices from what is loaded; nothing is issued.",
    )


def preview_metadata(report: PreviewReport) -> dict[str, Any]:
    """Drafts, dates, totals per currency as text, and the checks that failed, as the UI shows them."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in report.invoices:
        totals[invoice["currency"]] += invoice["total_amount"]
    metadata: dict[str, Any] = {
        "draft_count": len(report.invoices),
        "close_dates": ", ".join(map(str, report.close_dates)) or "none",
        "cutoff_batch": report.cutoff_batch,
        "catalog_version": report.catalog_version[:12],
        "failed_checks": len(report.failed_checks),
        "locked_seconds": round(report.locked_seconds, 1),
    }
    metadata |= {f"total_{name.lower()}": f"{total:f}" for name, total in sorted(totals.items())}
    if report.failed_checks:
        columns = ("close_date", "test", "result", "offenders")
        rows = [
            (check.close_date, check.check_name, check.result, check.offender_count)
            for check in report.failed_checks
        ]
        table = OffenderTable("failing tests", columns, rows)
        metadata["failing_tests"] = table_metadata(table)
    return metadata
