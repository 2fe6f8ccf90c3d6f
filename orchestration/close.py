"""`meterhouse close`: every pending billing date in order, or one published date once more.

Belongs here: which dates are closed, and that each close is a run of the Dagster job, in this process, so that the UI
shows the same history. Does not belong here: the steps inside a close (`close_steps`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from orchestration import close_steps
from orchestration.close_run import refuse_unended
from orchestration.close_steps import Clock, CloseReport, utc_now
from orchestration.warehouse import writer_lock
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.catalog import CatalogVersion
    from orchestration.ingest import IngestReport


class Reporter(Protocol):
    """Whoever wants to know how far a close is: the terminal, a log, or nobody."""

    def inputs_read(self, catalog: CatalogVersion, usage: IngestReport) -> None:
        """Catalog and usage are up to date."""

    def date_looked_at(self, close_date: date) -> None:
        """Usage is held against thresholds at `close_date`."""

    def close_begins(self, close_date: date) -> None:
        """The close of `close_date` begins."""

    def close_ended(self, report: CloseReport) -> None:
        """A close is published, or unchanged."""


class SilentReporter:
    """Tells nobody."""

    def inputs_read(self, catalog: CatalogVersion, usage: IngestReport) -> None: ...

    def date_looked_at(self, close_date: date) -> None: ...

    def close_begins(self, close_date: date) -> None: ...

    def close_ended(self, report: CloseReport) -> None: ...


@dataclass(frozen=True)
class Inputs:
    """What was read before the closes; `has_new_views` tells that the staging views were built."""

    catalog: CatalogVersion
    usage: IngestReport
    has_new_views: bool


def close_through(
    ws: Workspace,
    through: date,
    reporter: Reporter | None = None,
    *,
    progress: Any = None,
    clock: Clock = utc_now,
) -> Sequence[CloseReport]:
    """Close every billing date due by `through`, in order.

    Args:
        ws: the company's folders.
        through: the last billing date; it must have ended in UTC.
        reporter: told of every step that takes a while.
        progress: handed to ingest.
        clock: the present, for tests.

    Returns:
        One report per close, in order; empty if nothing was due.

    Raises:
        Refused: `through` has not ended, or the gate refused a close; closes before it are published.
        BadInput: catalog, landing folder or warehouse cannot be used.
    """
    reporter = reporter or SilentReporter()
    refuse_unended(through, clock())
    with writer_lock(ws, "close"):
        inputs = _read_inputs(ws, reporter, progress, clock)
        return _close_pending(ws, through, inputs, reporter, clock)


def close_date(
    ws: Workspace,
    due_date: date,
    reporter: Reporter | None = None,
    *,
    progress: Any = None,
    clock: Clock = utc_now,
) -> Sequence[CloseReport]:
    """Close `due_date` and what is due before it; if it is published, compute it again and compare.

    Returns:
        The reports of the closes, in order; the outcome `unchanged` for a published one. None of `due_date` itself, or
        none at all, if it turns out that nothing is due on it.

    Raises:
        Refused, BadInput: as `close_through`; Refused also if a published close gives other rows than it did.
    """
    from orchestration.migrate import init
    from orchestration.prepare import prepare_views

    reporter = reporter or SilentReporter()
    refuse_unended(due_date, clock())
    with writer_lock(ws, "close"):
        init(ws)
        close_steps.mend_publication(ws, clock)
        published = close_steps.published_close(ws, due_date)
        if published is None:
            inputs = _read_inputs(ws, reporter, progress, clock)
            if not close_steps.may_be_due(ws, due_date):
                return []
            return _close_pending(ws, due_date, inputs, reporter, clock)
        prepare_views(ws)
        reporter.close_begins(due_date)
        report = close_steps.reproduce(ws, published)
        reporter.close_ended(report)
        return [report]


def _close_pending(
    ws: Workspace, through: date, inputs: Inputs, reporter: Reporter, clock: Clock
) -> Sequence[CloseReport]:
    reports: list[CloseReport] = []
    pending = close_steps.pending_dates(ws, through, reporter.date_looked_at)
    if not pending:
        return reports
    run_close = _dagster_close(ws, inputs, clock)
    while pending:
        reporter.close_begins(pending[0])
        reports.append(run_close(pending[0]))
        reporter.close_ended(reports[-1])
        # Asked anew each time: what a close registers decides what is due next.
        pending = close_steps.pending_dates(ws, through, reporter.date_looked_at)
    return reports


def _read_inputs(ws: Workspace, reporter: Reporter, progress: Any, clock: Clock) -> Inputs:
    from orchestration.catalog import load_catalog
    from orchestration.ingest import ingest
    from orchestration.migrate import init
    from orchestration.prepare import prepare_views

    init(ws)
    # First of all: what is issued must be published, even if the catalog turns out to be unusable.
    close_steps.mend_publication(ws, clock)
    catalog = load_catalog(ws)
    usage = ingest(ws, progress=progress)
    inputs = Inputs(catalog, usage, prepare_views(ws))
    reporter.inputs_read(catalog, usage)
    return inputs


def _dagster_close(ws: Workspace, inputs: Inputs, clock: Clock) -> Callable[[date], CloseReport]:
    """A function that closes one date as a run of the Dagster job. Dagster is imported here: it costs seconds."""
    from orchestration.dagster_graph.command import CommandRunner

    runner = CommandRunner.open(ws)
    runner.record_inputs(inputs.catalog, inputs.usage, inputs.has_new_views)

    def run_close(due_date: date) -> CloseReport:
        started = time.perf_counter()
        report = runner.close(due_date, clock)
        return replace(report, seconds=time.perf_counter() - started)

    return run_close
