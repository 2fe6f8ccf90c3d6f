"""Making a preview: the models of a close in the scratch warehouse, once for each date on which a next invoice closes.

Belongs here: the order of the steps, what production is locked for, and which checks failed. Does not belong here: the
dates (`dates`), the file (`drafts_file`), the scratch warehouse (`scratch`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.close_run import CloseRun, next_run
from orchestration.close_steps import Clock, utc_now
from orchestration.control import set_run
from orchestration.dbt_runner import preview_args, preview_check_args, run_dbt
from orchestration.errors import BadInput, OffenderTable
from orchestration.gate import check_outcomes, offender_table
from orchestration.gate_checks import expected_checks
from orchestration.prepare import (
    dbt_refusal,
    ensure_manifest,
    is_prepared,
    note_prepared,
    prepare_views,
    project_digest,
    read_manifest,
)
from orchestration.preview import drafts_file
from orchestration.preview.dates import DraftDate, draft_dates
from orchestration.preview.scratch import PURPOSE, make_scratch, refuse_older_release
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class FailedCheck:
    """A check that would refuse the close of `close_date` (`is_blocking`) or warn in it, with its first offenders."""

    close_date: date
    check_name: str
    stage: str
    is_blocking: bool
    result: str
    offender_count: int | None
    offenders: OffenderTable


@dataclass(frozen=True)
class PreviewReport:
    """What was drafted, as of which batch, catalog version and instant (UTC), and for how long production was held.

    `invoices` are the rows of `preview_invoices`, decimals exact; `statements` what `meterhouse invoice` shows of each,
    for one customer only. `file` is what was published, None for one customer.
    """

    previewed_at: datetime
    cutoff_batch: int
    catalog_version: str
    close_dates: tuple[date, ...]
    invoices: tuple[dict[str, Any], ...]
    failed_checks: tuple[FailedCheck, ...]
    locked_seconds: float
    file: Path | None
    statements: tuple[dict[str, Any], ...] = field(default=())


def preview(
    ws: Workspace, customer_id: str | None = None, *, clock: Clock = utc_now
) -> PreviewReport:
    """Draft the next invoice of every customer, or of one, from what is loaded; nothing in production changes.

    Args:
        ws: the company's folders. Its warehouse is only read; the writer lock is held so that no close begins
            meanwhile, and for as long as `locked_seconds` of the report says.
        customer_id: draft what this customer uses or pays, and publish nothing; None: draft all, and write
            `published/preview.duckdb`.
        clock: the present: periods that begin later are not open.

    Raises:
        BadInput: no catalog is loaded, no such customer, the warehouse is of an older release, or another process
            holds it for longer than `wait_seconds()`.
        Refused: a model failed; names it.
    """
    now = clock().astimezone(UTC).replace(tzinfo=None)
    if ws.warehouse_file.exists():
        # Importing dbt and parsing take seconds, for which nobody else need wait.
        import dbt.cli.main  # noqa: F401

        ensure_manifest(ws.scratch(PURPOSE))
    with writer_lock(ws, PURPOSE):
        started = time.perf_counter()
        refuse_older_release(ws)
        with connect(ws, read_only=True) as con:
            run = next_run(con, now.date())
            if customer_id is not None:
                _refuse_unknown(con, run, customer_id)
        scratch = make_scratch(ws)
        prepare_views(scratch)
        with connect(scratch) as con:
            dates = draft_dates(con, run, now)
        wanted = _close_dates(dates, customer_id)
        failed: list[FailedCheck] = []
        invoices: tuple[dict[str, Any], ...] = ()
        statements: tuple[dict[str, Any], ...] = ()
        published = None
        if wanted or customer_id is None:
            file = drafts_file.begin(scratch)
            # Without a date the tables are made all the same, empty.
            for close_date in wanted or (run.close_date,):
                failed += _draft(scratch, run, close_date, dates, now, file)
            invoices, statements = drafts_file.read(file, customer_id)
            if customer_id is None:
                published = drafts_file.publish(ws, file)
            else:
                file.unlink()
        locked_seconds = time.perf_counter() - started
    return PreviewReport(
        now,
        run.cutoff_batch,
        run.catalog_version,
        wanted,
        invoices,
        tuple(failed),
        locked_seconds,
        published,
        statements,
    )


def _refuse_unknown(con: duckdb.DuckDBPyConnection, run: CloseRun, customer_id: str) -> None:
    import difflib

    known = [
        name
        for (name,) in con.execute(
            "select customer_id from catalog.customers where catalog_version = ? order by customer_id",
            [run.catalog_version],
        ).fetchall()
    ]
    if customer_id not in known:
        near = difflib.get_close_matches(customer_id, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "accounts/customers.csv lists them."
        raise BadInput(f"No customer {customer_id} is in the loaded catalog; {hint}")


def _close_dates(dates: Sequence[DraftDate], customer_id: str | None) -> tuple[date, ...]:
    return tuple(
        sorted(
            {
                row.close_date
                for row in dates
                if customer_id in (None, row.customer_id, row.payer_customer_id)
            }
        )
    )


def _draft(
    scratch: Workspace,
    run: CloseRun,
    close_date: date,
    dates: Sequence[DraftDate],
    now: datetime,
    file: Path,
) -> list[FailedCheck]:
    """Compute the drafts of one date and add them to `file`; returns the checks that failed on them."""
    batch, version = run.cutoff_batch, run.catalog_version
    drafted = [
        (row.subscription_id,)
        for row in dates
        if row.subscription_id and row.close_date == close_date
    ]
    with connect(scratch) as con:
        set_run(con, "preview", close_date, batch, version, run.close_sequence)
        con.execute("delete from control.previewed_subscriptions")
        if drafted:
            con.executemany("insert into control.previewed_subscriptions values (?)", drafted)
    digest = project_digest()
    result = run_dbt(scratch, preview_args(is_prepared=is_prepared(scratch, digest)))
    if not result.success:
        raise dbt_refusal(f"The next invoices of {close_date} could not be computed", result)
    note_prepared(scratch, digest)
    checked = run_dbt(scratch, preview_check_args())
    if checked.exception is not None and not checked.nodes:
        raise dbt_refusal(f"The checks of {close_date} could not run", checked)
    outcomes = check_outcomes(expected_checks(read_manifest(scratch)), checked.nodes)
    with connect(scratch) as con:
        failed = [
            FailedCheck(
                close_date,
                outcome.check.name,
                outcome.check.stage,
                outcome.check.is_blocking,
                outcome.result,
                outcome.offender_count,
                offender_table(con, outcome),
            )
            for outcome in outcomes
            if outcome.result != "pass"
        ]
        drafts_file.add(con, file, close_date, dates, failed, (now, batch, version))
    return failed
