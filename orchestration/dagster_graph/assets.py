"""The ops behind the assets: each calls one step of a close and reports what it did.

Belongs here: wiring steps to assets, jobs and the lock. Does not belong here: what a step does (`close_steps`), which
assets there are (`specs`) and what is told about them (`events`).
"""

# No `from __future__ import annotations` here: Dagster reads the annotation of an op's context at run time.

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import dagster as dg

from orchestration import close_steps
from orchestration.backfill import refuse_left_out
from orchestration.close_run import CloseRun, refuse_unended
from orchestration.dagster_graph import events, specs
from orchestration.dagster_graph.preview import preview_asset
from orchestration.dagster_graph.session import CloseSession
from orchestration.dagster_graph.specs import POOL, PUBLISHED_INVOICES, ModelAssets
from orchestration.errors import Busy, Refused
from orchestration.gate import GateRefused
from orchestration.publish.tables import DRAFTS
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

WRITER = "warehouse_writer"
# A run waits so many times as long as a command for a busy warehouse: nobody is there to start it again.
BUSY_ATTEMPTS = 10

# One policy on the whole chain: with two, a failed gate in one run would not stop another run from publishing.
_ONE_RUN = dg.BackfillPolicy.single_run()


@dataclass(frozen=True)
class Location:
    """What every op of a code location needs: where the company's folders are, the graph and the session."""

    ws: Workspace
    models: ModelAssets
    session: CloseSession

    @cached_property
    def draft_checks(self) -> Sequence[dg.AssetCheckSpec]:
        return specs.draft_check_specs(self.models.drafts)


def writer_resource(ws: Workspace) -> dg.ResourceDefinition:
    """Hold the warehouse for a whole run: between gate and publication nobody else may build drafts."""

    @dg.resource(description="The writer lock of the warehouse, held for the whole run.")
    def warehouse_writer(context: dg.InitResourceContext) -> Iterator[None]:
        with ExitStack() as held:
            for attempt in range(1, BUSY_ATTEMPTS + 1):
                try:
                    held.enter_context(writer_lock(ws, "a Dagster run"))
                    # A program that has the file open keeps dbt from it as well.
                    with connect(ws):
                        break
                except Busy as busy:
                    held.close()
                    if attempt == BUSY_ATTEMPTS:
                        raise
                    if context.log is not None:
                        context.log.warning(f"Attempt {attempt} of {BUSY_ATTEMPTS}: {busy}")
            yield

    return warehouse_writer


def build_assets(location: Location) -> Sequence[dg.AssetsDefinition | dg.AssetSpec]:
    """All assets of the code location, inputs first."""
    return (
        *specs.folder_specs(),
        *location.models.issued_before,
        _catalog_version(location),
        _landing_usage(location),
        _staging_views(location),
        _drafts(location),
        _published_invoices(location),
        preview_asset(location.ws, location.session, pool=POOL, writer=WRITER),
    )


def _catalog_version(location: Location) -> dg.AssetsDefinition:
    from orchestration.catalog import load_catalog
    from orchestration.migrate import init

    @dg.asset(
        key=specs.CATALOG_VERSION,
        deps=[specs.CATALOG_FOLDER],
        group_name="inputs",
        kinds={"duckdb"},
        owners=specs.OWNERS,
        pool=POOL,
        required_resource_keys={WRITER},
        description="The catalog folder, validated row by row and kept as one version under its content hash.",
    )
    def catalog_version(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        with location.session.failing_as_dagster():
            init(location.ws)
            loaded = load_catalog(location.ws)
        return dg.MaterializeResult(metadata=events.catalog_metadata(loaded))

    return catalog_version


def _landing_usage(location: Location) -> dg.AssetsDefinition:
    from orchestration.ingest import ingest

    usage = dg.AssetSpec(
        key=specs.LANDING_USAGE,
        deps=[specs.LANDING_FOLDER],
        group_name="landing",
        kinds={"python", "duckdb"},
        owners=specs.OWNERS,
        freshness_policy=specs.USAGE_IS_FRESH,
        description="New files of the landing folder as one numbered batch of lines; each file is read once.",
    )

    @dg.multi_asset(
        name="landing_usage",
        specs=[usage, *location.models.landing],
        pool=POOL,
        required_resource_keys={WRITER},
    )
    def landing_usage(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with location.session.failing_as_dagster():
            report = ingest(location.ws)
            keys = [spec.key for spec in location.models.landing]
            with connect(location.ws) as con:
                counts = events.row_counts(con, location.models, keys)
        yield dg.MaterializeResult(
            asset_key=specs.LANDING_USAGE, metadata=events.ingest_metadata(report)
        )
        for key in keys:
            yield dg.MaterializeResult(asset_key=key, metadata=counts[key])

    return landing_usage


def _staging_views(location: Location) -> dg.AssetsDefinition:
    from orchestration.prepare import prepare_views

    @dg.multi_asset(
        name="staging_views",
        specs=location.models.staging,
        pool=POOL,
        required_resource_keys={WRITER},
    )
    def staging_views(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        with location.session.failing_as_dagster():
            is_rebuilt = prepare_views(location.ws)
        for spec in location.models.staging:
            yield dg.MaterializeResult(asset_key=spec.key, metadata={"is_rebuilt": is_rebuilt})

    return staging_views


def _drafts(location: Location) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="drafts",
        specs=location.models.drafts,
        check_specs=location.draft_checks,
        partitions_def=specs.CLOSE_DATES,
        backfill_policy=_ONE_RUN,
        pool=POOL,
        required_resource_keys={WRITER},
        description="The drafts of a close: one dbt invocation in this process, then the gate.",
    )
    def drafts(context: dg.AssetExecutionContext) -> Iterator[Any]:
        dates = _dates(context)
        ws, session = location.ws, location.session
        with session.failing_as_dagster():
            refuse_unended(dates[-1], session.clock())
            close_steps.mend_publication(ws, session.clock)
        if len(dates) > 1:
            yield from _backfilled(context, location, dates)
            return
        (close_date,) = dates
        pending = yield from _close_earlier(context, location, close_date)
        with session.failing_as_dagster():
            published = close_steps.published_close(ws, close_date)
            if published is None and close_date not in pending:
                raise Refused(f"Nothing is due on {close_date}: it is not a billing date.")
        if published is None:
            yield from _built(location, close_date)
        else:
            yield from _reproduced(location, published)

    return drafts


def _dates(context: dg.AssetExecutionContext) -> Sequence[date]:
    """The close dates of the run, in order: Dagster has them in the order in which they became known to it."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def _backfilled(
    context: dg.AssetExecutionContext, location: Location, dates: Sequence[date]
) -> Iterator[Any]:
    """Compute published dates again and close due ones, each reported as its partition as soon as it is done.

    What an op hands on is an event of every partition of its run. So nothing is handed on, and the publishing op, which
    comes after all of them, is skipped: its events are told here.
    """
    ws, session = location.ws, location.session
    selected = context.run.asset_selection
    is_published = selected is None or PUBLISHED_INVOICES in selected
    differing, waiting, not_due = [], [], []
    for day in dates:
        with session.failing_as_dagster():
            published = close_steps.published_close(ws, day)
        if published is not None:
            yield from events.of_partition(context.instance, _reproduced(location, published), day)
            if session.error is None:
                yield from events.of_partition(context.instance, [_publish(location, day)], day)
            else:
                differing.append(day)
                session.error = None
        elif differing:
            # What was billed first must be understood before more is billed.
            waiting.append(day)
        elif day not in (yield from _close_earlier(context, location, day)):
            not_due.append(day)
        elif day == dates[-1] and not is_published:
            yield from events.of_partition(context.instance, _built(location, day), day)
        else:
            yield from events.of_partition(context.instance, _closed(location, day), day)
    with session.failing_as_dagster():
        refuse_left_out(differing, waiting, not_due)
    # Dagster asks for a result of every check; those of each partition are told above.
    for check in location.draft_checks:
        yield dg.Output(None, check.get_python_identifier())


def _close_earlier(
    context: dg.AssetExecutionContext, location: Location, close_date: date
) -> Generator[Any, None, Sequence[date]]:
    """Close what is due before `close_date`, whatever order the UI launches in, and report those partitions.

    Returns:
        What is due by `close_date` then: this date, or nothing.
    """
    session = location.session
    if session.first_due == close_date:
        return [close_date]
    while True:
        with session.failing_as_dagster():
            pending = close_steps.pending_dates(location.ws, close_date)
        if not pending or pending[0] >= close_date:
            return pending
        context.log.info(f"{pending[0]} is closed first, because it is due before {close_date}.")
        context.instance.add_dynamic_partitions(str(specs.CLOSE_DATES.name), [str(pending[0])])
        yield from events.of_partition(context.instance, _closed(location, pending[0]), pending[0])


def _closed(location: Location, close_date: date) -> Iterator[Any]:
    """Close a due date from first to last step."""
    yield from _built(location, close_date)
    yield _publish(location, close_date)


def _built(location: Location, close_date: date) -> Iterator[Any]:
    """Build and judge the drafts of a due date; the models that were built are reported even if the gate refuses."""
    session = location.session
    with session.failing_as_dagster():
        try:
            drafted = close_steps.build_drafts(location.ws, close_date, session.clock)
        except GateRefused as refused:
            # Dagster gets the checks first: they say what the failure that follows is about.
            yield from events.check_results(location.draft_checks, refused.judgement)
            raise
    yield from _draft_events(location, drafted)


def _reproduced(location: Location, run: CloseRun) -> Iterator[Any]:
    """Compute a published close again. A difference is a warning of the gate and makes no asset.

    It does not fail the run: Dagster would paint a partition as failed that is published, and stays so.
    """
    with location.session.failing_as_dagster():
        try:
            drafted = close_steps.reproduce_drafts(location.ws, run)
        except GateRefused as refused:
            location.session.error = refused
            yield from events.not_reproduced(location.draft_checks, refused)
            return
    yield from _draft_events(location, drafted)


def _draft_events(location: Location, drafted: close_steps.JudgedDrafts) -> Iterator[Any]:
    keys = [spec.key for spec in location.models.drafts]
    with connect(location.ws) as con:
        counts = events.row_counts(con, location.models, keys)
    for key in keys:
        yield dg.MaterializeResult(
            asset_key=key, metadata={**counts[key], **events.run_metadata(drafted.run)}
        )
    yield from events.check_results(location.draft_checks, drafted.judgement)


def _published_invoices(location: Location) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED_INVOICES,
        deps=location.models.keys_of(DRAFTS.values()),
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=specs.OWNERS,
        freshness_policy=specs.INVOICES_ARE_FRESH,
        partitions_def=specs.CLOSE_DATES,
        backfill_policy=_ONE_RUN,
        pool=POOL,
        required_resource_keys={WRITER},
        description=(
            "Invoices, lines, taxes and credits of the close, appended to what is issued and written to the published "
            "folder. Refused without the gate's receipt for exactly the rows that stand as drafts."
        ),
    )
    def published_invoices(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        for day in _dates(context):
            published = _publish(location, day)
            context.add_asset_metadata(published.metadata or {}, partition_key=str(day))
        return dg.MaterializeResult()

    return published_invoices


def _publish(location: Location, close_date: date) -> dg.MaterializeResult[Any]:
    """Publish the drafts of `close_date` that stand in the warehouse, unless it is published."""
    ws, session = location.ws, location.session
    with session.failing_as_dagster():
        run, outcome = close_steps.published_close(ws, close_date), "unchanged"
        if run is None:
            run, outcome = close_steps.publish_drafts(ws, close_date, session.clock), "published"
        session.report = close_steps.report_of(ws, run, outcome, 0.0)
    metadata = {**events.run_metadata(run), **events.report_metadata(session.report)}
    return dg.MaterializeResult(asset_key=PUBLISHED_INVOICES, metadata=metadata)
