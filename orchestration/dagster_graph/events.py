"""What the steps of a close report, as metadata of Dagster's events.

Belongs here: counts, totals and tables that the UI shows or plots. Does not belong here: deciding anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from orchestration.close_run import CloseRun
from orchestration.close_steps import CloseReport
from orchestration.dagster_graph.session import table_metadata
from orchestration.dagster_graph.specs import (
    GATE_CHECK,
    STATISTICS_CHECK,
    ModelAssets,
    stage_check_name,
)
from orchestration.errors import OffenderTable
from orchestration.gate import CheckOutcome, GateRefused, Judgement

if TYPE_CHECKING:
    from orchestration.catalog import CatalogVersion
    from orchestration.ingest import IngestReport

Metadata = dict[str, Any]


def row_counts(
    con: duckdb.DuckDBPyConnection, models: ModelAssets, keys: Sequence[dg.AssetKey]
) -> dict[dg.AssetKey, Metadata]:
    """The number of rows of each asset's table, as the metadata that Dagster plots over time."""
    union = " union all ".join(
        f"select {position} as position, count(*) as row_count from {models.relations[key]}"
        for position, key in enumerate(keys)
    )
    counts = dict(con.execute(union).fetchall()) if keys else {}
    return {key: {"dagster/row_count": counts[position]} for position, key in enumerate(keys)}


def run_metadata(run: CloseRun) -> Metadata:
    """What a close was made with."""
    return {
        "close_date": str(run.close_date),
        "close_sequence": run.close_sequence,
        "cutoff_batch": run.cutoff_batch,
        "catalog_version": run.catalog_version[:12],
    }


def report_metadata(report: CloseReport) -> Metadata:
    """Documents and totals of a close; each total as text, and for Dagster to plot as a whole number of minor units."""
    metadata: Metadata = {
        "outcome": report.outcome,
        "invoice_count": report.invoice_count,
        "credit_note_count": report.credit_note_count,
        "held_count": report.held_count,
        "warning_count": report.warning_count,
    }
    for currency, total in report.totals.items():
        name = f"total_{currency.lower()}"
        _, _, exponent = total.as_tuple()
        metadata[name] = f"{total:f}"
        metadata[f"{name}_minor_units"] = int(total.scaleb(-int(exponent)))
    return metadata


def of_partition(
    instance: dg.DagsterInstance,
    results: Iterable[dg.MaterializeResult[Any] | dg.AssetCheckResult],
    close_date: date,
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """The same events as `results`, of the partition `close_date` alone, whatever other partitions the run has."""
    for result in results:
        if isinstance(result, dg.AssetCheckResult):
            assert result.asset_key is not None
            yield dg.AssetCheckEvaluation(
                asset_key=result.asset_key,
                check_name=result.check_name,
                passed=result.passed,
                severity=result.severity,
                description=result.description,
                metadata=result.metadata,
                partition=str(close_date),
                target_materialization_data=_latest_of(instance, result.asset_key, close_date),
            )
        else:
            yield dg.AssetMaterialization(
                asset_key=result.asset_key, metadata=result.metadata, partition=str(close_date)
            )


def _latest_of(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, close_date: date
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """What a check looked at. Without it Dagster takes the check of a date for one of older rows, and shows none."""
    of_date = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=[str(close_date)])
    for record in instance.fetch_materializations(of_date, limit=1).records:
        return AssetCheckEvaluationTargetMaterializationData(
            run_id=record.run_id, storage_id=record.storage_id, timestamp=record.timestamp
        )
    return None


def check_results(
    checks: Sequence[dg.AssetCheckSpec], judgement: Judgement
) -> Iterator[dg.AssetCheckResult]:
    """One result per stage, the gate's and the statistical one."""
    for check in checks:
        if check.name == GATE_CHECK:
            yield _gate_result(check, judgement)
            continue
        if check.name == STATISTICS_CHECK:
            yield _statistics_result(check, judgement)
            continue
        outcomes = [
            outcome
            for outcome in judgement.outcomes
            if stage_check_name(outcome.check.stage) == check.name
        ]
        metadata: Metadata = {"close_date": str(judgement.run.close_date), "tests": len(outcomes)}
        not_passed = [outcome for outcome in outcomes if outcome.result != "pass"]
        if not_passed:
            metadata["failing_tests"] = table_metadata(_outcome_table(not_passed))
        refuses = any(outcome.refuses for outcome in outcomes)
        holds = any(outcome.holds for outcome in outcomes)
        yield dg.AssetCheckResult(
            check_name=check.name,
            asset_key=check.asset_key,
            passed=not refuses and not holds,
            # What only holds documents must not keep the others from being published.
            severity=dg.AssetCheckSeverity.WARN
            if holds and not refuses
            else dg.AssetCheckSeverity.ERROR,
            metadata=metadata,
        )


def _gate_result(check: dg.AssetCheckSpec, judgement: Judgement) -> dg.AssetCheckResult:
    receipt = judgement.receipt
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset_key,
        passed=receipt.is_passed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            **run_metadata(judgement.run),
            "checks_expected": receipt.checks_expected,
            "checks_run": receipt.checks_run,
            "drafts_digest": receipt.drafts_digest or "none",
            "held_documents": len(judgement.held),
        },
    )


def _statistics_result(check: dg.AssetCheckSpec, judgement: Judgement) -> dg.AssetCheckResult:
    """A warning if anything is unusual or could not run, with one table per check that names rows."""
    outcomes = judgement.statistics
    rows = [(one.name, one.result, len(one.offenders), one.message) for one in outcomes]
    overview = OffenderTable("statistics", ("check", "result", "offenders", "message"), rows)
    metadata: Metadata = {
        "close_date": str(judgement.run.close_date),
        "named_documents": len({key for one in outcomes for key in one.document_keys}),
    }
    if outcomes:
        metadata["checks"] = table_metadata(overview)
    for one in outcomes:
        if one.offenders:
            table = OffenderTable(one.name, one.columns, one.offenders)
            metadata[one.name] = table_metadata(table)
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset_key,
        passed=bool(outcomes) and all(one.result == "pass" for one in outcomes),
        severity=dg.AssetCheckSeverity.WARN,
        description=None if outcomes else "Not judged: the gate refused these rows.",
        metadata=metadata,
    )


def not_reproduced(
    checks: Sequence[dg.AssetCheckSpec], refused: GateRefused
) -> Iterator[dg.AssetCheckResult]:
    """The results of a published close that gives other rows when it is computed again: warnings, with the rows."""
    tables = {table.title[:100]: table_metadata(table) for table in refused.tables}
    for result in check_results(checks, refused.judgement):
        is_gate = result.check_name == GATE_CHECK
        yield dg.AssetCheckResult(
            check_name=result.check_name,
            asset_key=result.asset_key,
            passed=result.passed and not is_gate,
            severity=dg.AssetCheckSeverity.WARN,
            description=str(refused) if is_gate else None,
            metadata={**result.metadata, **(tables if is_gate else {})},
        )


def _outcome_table(outcomes: Sequence[CheckOutcome]) -> OffenderTable:
    rows = [
        (
            outcome.check.name,
            "held" if outcome.holds else outcome.result,
            outcome.offender_count,
            outcome.check.description or outcome.message,
        )
        for outcome in outcomes
    ]
    return OffenderTable("failing tests", ("test", "result", "offenders", "meaning"), rows)


def catalog_metadata(catalog: CatalogVersion) -> Metadata:
    """What loading the catalog reported."""
    return {
        "catalog_version": catalog.catalog_version[:12],
        "version_number": catalog.version_number,
        "is_new": catalog.is_new,
    }


def ingest_metadata(report: IngestReport) -> Metadata:
    """What ingest reported; batch 0 if there was no new file."""
    return {
        "batch_number": report.batch_number or 0,
        "files": len(report.files),
        "lines": report.line_count,
        "accepted": report.accepted,
        "duplicate": report.duplicate,
        "conflict": report.conflict,
        "rejected": report.rejected,
        "files_with_problems": len(report.problems),
    }
