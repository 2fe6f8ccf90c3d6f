"""The steps of a close, each a function that the command and the Dagster assets call alike.

Belongs here: the order of the steps inside one close, what is recorded when one fails, and computing a published close
again. Does not belong here: which dates are closed and in which process (`close`), and Dagster.

A close changes three places, in this order: the draft schemas (rebuilt at will), `issued` (one transaction, after the
gate), and the published folder (made from `issued`). A crash between the last two is mended by `mend_publication`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.acknowledgements import open_warnings
from orchestration.close_run import (
    CloseRun,
    begin_close,
    due_dates,
    fail_close,
    finish_published,
    published_digest,
    published_run,
    running_close,
    set_run_of,
)
from orchestration.dbt_runner import (
    DbtResult,
    close_args,
    preview_args,
    preview_check_args,
    run_dbt,
)
from orchestration.errors import OffenderTable, Refused
from orchestration.gate import GateRefused, Judgement, judge
from orchestration.holds.groups import ACTIVE_HOLDS, names_documents
from orchestration.prepare import first_line, is_prepared, note_prepared, project_digest
from orchestration.publish import publish, sync_published
from orchestration.publish.digest import drafts_digest
from orchestration.publish.tables import ADDED, DRAFTS, issued_columns
from orchestration.texts import counted
from orchestration.threshold_dates import candidate_dates, first_passed
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

Clock = Callable[[], datetime]

ROWS_PER_SIDE = 3


def utc_now() -> datetime:
    """The present instant, with its offset."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class CloseReport:
    """What one close did. `outcome` is published, or unchanged (or differs) when a published one was computed again.

    `totals` maps a currency to the sum of its invoices' totals, at the currency's minor unit. `held_count` documents
    are held; `warning_count` statistical checks wait for an acknowledgement.
    """

    close_date: date
    close_sequence: int
    outcome: str
    invoice_count: int
    totals: Mapping[str, Decimal]
    seconds: float
    credit_note_count: int = 0
    held_count: int = 0
    warning_count: int = 0

    def line(self) -> str:
        """One line for the terminal.

        Example:
            >>> CloseReport(date(2026, 1, 31), 4, "published", 2, {"USD": Decimal("1099.50")}, 2.345).line()
            '2026-01-31  2 invoices  USD 1,099.50  2.3 s'
        """
        noun = "invoice" if self.invoice_count == 1 else "invoices"
        totals = [f"{currency} {amount:,}" for currency, amount in sorted(self.totals.items())]
        words = [str(self.close_date), f"{self.invoice_count} {noun}", *totals]
        if self.credit_note_count:
            noun = "credit note" if self.credit_note_count == 1 else "credit notes"
            words.append(f"{self.credit_note_count} {noun}")
        if self.held_count:
            words.append(f"{self.held_count} held, see `meterhouse holds`")
        if self.warning_count:
            words.append(f"{counted(self.warning_count, 'warning')}, see `meterhouse checks`")
        if self.outcome != "published":
            words.append(self.outcome)
        return "  ".join([*words, f"{self.seconds:.1f} s"])


@dataclass(frozen=True)
class JudgedDrafts:
    """Drafts that stand in the warehouse, and what the gate said about them."""

    run: CloseRun
    judgement: Judgement


def pending_dates(
    ws: Workspace, through: date, looking_at: Callable[[date], object] | None = None
) -> Sequence[date]:
    """The billing dates due and not closed by `through`, in order.

    Of the dates on which a threshold is passed, only the first is known: what it bills decides on the next. To look at
    one takes half as long as a close; `looking_at` is told of each.
    """
    with writer_lock(ws, "due check"):
        with connect(ws) as con:
            due = due_dates(con, through)
            looked_at = candidate_dates(con, through)
        passed = first_passed(ws, [day for day in looked_at if not due or day < due[0]], looking_at)
        return due if passed is None else (passed, *due)


def may_be_due(ws: Workspace, close_date: date) -> bool:
    """Whether `close_date` is due, or may be once what is due before it is closed."""
    with writer_lock(ws, "due check"), connect(ws) as con:
        return close_date in due_dates(con, close_date) or close_date in candidate_dates(
            con, close_date
        )


def mend_publication(ws: Workspace, clock: Clock = utc_now) -> None:
    """Finish what a close that was killed after its transaction left behind: its status, and the published files."""
    with writer_lock(ws, "publish"):
        with connect(ws) as con:
            finish_published(con, clock())
        sync_published(ws)


def build_drafts(ws: Workspace, close_date: date, clock: Clock = utc_now) -> JudgedDrafts:
    """Begin the close of `close_date`, build its drafts and have them judged.

    Raises:
        Refused: a blocking check or a model failed; `control.closes` says so too.
    """
    with writer_lock(ws, "close"):
        with connect(ws) as con:
            run = begin_close(con, close_date, clock())
        with recording_failure(ws, run, clock):
            return JudgedDrafts(run, judge(ws, run, _run_drafts(ws)))


def _run_drafts(ws: Workspace) -> DbtResult:
    """Build the drafts and check them; whole, too, where a check finds fault with some documents alone.

    dbt builds nothing below a model that a check finds fault with. Documents that are held are no reason for that:
    everything is built then, and checked afterwards.
    """
    digest = project_digest()
    was_prepared = is_prepared(ws, digest)
    result = run_dbt(ws, close_args(is_prepared=was_prepared))
    if not result.success and _is_cut_short_by_documents(ws, result):
        built = run_dbt(ws, preview_args(is_prepared=was_prepared))
        if not built.success:
            # What the checks found says more than a model that cannot live with it.
            return result
        checked = run_dbt(ws, preview_check_args())
        result = replace(checked, nodes=(*built.nodes, *checked.nodes))
        note_prepared(ws, digest)
    elif result.success:
        note_prepared(ws, digest)
    return result


def _is_cut_short_by_documents(ws: Workspace, result: DbtResult) -> bool:
    """Whether nodes were skipped for no other reason than tests whose every row names a document."""
    failed = [node for node in result.not_ok if node.status != "skipped"]
    if len(failed) in (0, len(result.not_ok)) or any(node.status != "fail" for node in failed):
        return False
    with connect(ws) as con:
        return all(names_documents(con, node.relation_name) for node in failed)


def publish_drafts(ws: Workspace, close_date: date, clock: Clock = utc_now) -> CloseRun:
    """Publish the drafts that stand in the warehouse, if they are those of `close_date` and the gate vouches for them.

    Raises:
        Refused: no close of that date has begun, or its drafts have no receipt.
    """
    # Held open: every connection before the last would load the warehouse's catalog and write a checkpoint.
    with writer_lock(ws, "close"), connect(ws):
        with connect(ws) as con:
            run = running_close(con, close_date)
        if run is None:
            raise Refused(
                f"{close_date} cannot be published: no drafts of this date have passed the gate; "
                f"run `meterhouse close --through {close_date}`."
            )
        with recording_failure(ws, run, clock):
            publish(ws, run)
        with connect(ws) as con:
            finish_published(con, clock())
        return run


def close_one(ws: Workspace, close_date: date, clock: Clock = utc_now) -> CloseReport:
    """Close one due date from first to last step."""
    started = time.perf_counter()
    with writer_lock(ws, "close"):
        run = build_drafts(ws, close_date, clock).run
        publish_drafts(ws, close_date, clock)
        return report_of(ws, run, "published", time.perf_counter() - started)


def reproduce(ws: Workspace, run: CloseRun) -> CloseReport:
    """Compute the published close `run` again; returns a report with the outcome `unchanged`.

    Raises:
        Refused: see `reproduce_drafts`.
    """
    started = time.perf_counter()
    with writer_lock(ws, "close"):
        reproduce_drafts(ws, run)
        return report_of(ws, run, "unchanged", time.perf_counter() - started)


def reproduce_drafts(ws: Workspace, run: CloseRun) -> JudgedDrafts:
    """Build the drafts of the published close `run` with its batch and catalog version, and compare their digest.

    Raises:
        GateRefused: the drafts differ from what was published; its tables show the first rows of the difference.
    """
    with writer_lock(ws, "close"):
        with connect(ws) as con:
            set_run_of(con, run)
        judgement = judge(ws, run, _run_drafts(ws), record=False)
        with connect(ws) as con:
            digests = (drafts_digest(con), drafts_digest(con, is_of_older_release=True))
            if published_digest(con, run) not in digests:
                raise GateRefused(
                    f"{run.close_date} was published, and computing it again gives other rows; "
                    "what is published stays as it is.",
                    differences(con, run),
                    judgement,
                )
        return JudgedDrafts(run, judgement)


@contextmanager
def recording_failure(ws: Workspace, run: CloseRun, clock: Clock) -> Iterator[None]:
    """Let `control.closes` tell why the close failed; the error itself goes on to the caller."""
    try:
        yield
    except Exception as error:
        with connect(ws) as con:
            fail_close(con, run, first_line(str(error)) or type(error).__name__, clock())
        raise


def report_of(ws: Workspace, run: CloseRun, outcome: str, seconds: float) -> CloseReport:
    """Count and total the published invoices of `run`."""
    with connect(ws) as con:
        rows = con.execute(
            """
            select
                invoices.currency,
                count(*) as invoice_count,
                sum(invoices.total_amount) as total_amount,
                coalesce(max(currencies.minor_unit), 2) as minor_unit
            from finance.invoices
            left join reference.currencies on invoices.currency = currencies.currency
                and currencies.reference_version = (
                    select max(versions.reference_version) from catalog.versions
                    where versions.catalog_version = ?
                )
            where invoices.close_date = ?
            group by invoices.currency
            order by invoices.currency
            """,
            [run.catalog_version, run.close_date],
        ).fetchall()
        ((credit_note_count,),) = con.execute(
            "select count(*) from finance.credit_notes where issue_date = ?", [run.close_date]
        ).fetchall()
        ((held_count,),) = con.execute(
            f"select count(*) from {ACTIVE_HOLDS} as holds where close_sequence = ?",
            [run.close_sequence],
        ).fetchall()
        warning_count = sum(one.close_sequence == run.close_sequence for one in open_warnings(con))
    totals = {
        currency: total.quantize(Decimal(1).scaleb(-minor_unit))
        for currency, _, total, minor_unit in rows
    }
    count = sum(invoice_count for _, invoice_count, _, _ in rows)
    return CloseReport(
        run.close_date,
        run.close_sequence,
        outcome,
        count,
        totals,
        seconds,
        credit_note_count,
        held_count,
        warning_count,
    )


def published_close(ws: Workspace, close_date: date) -> CloseRun | None:
    """What the published close of `close_date` was made with, or None."""
    with connect(ws) as con:
        return published_run(con, close_date)


def differences(con: duckdb.DuckDBPyConnection, run: CloseRun) -> list[OffenderTable]:
    """For each published table, the first rows that were published and are not computed now, or the other way round."""
    found = []
    for table, draft in DRAFTS.items():
        columns = [column for column in issued_columns(table) if column not in ADDED]
        listed = ", ".join(f'"{column}"' for column in columns)
        published = (
            f"select {listed} from issued.{table} where publication_sequence in (select publication_sequence"
            f" from issued.publications where close_sequence = {run.close_sequence} union all"
            f" select hold_sequence from issued.holds where close_sequence = {run.close_sequence} and hold_sequence"
            " not in (select hold_sequence from issued.hold_ends where outcome = 'released'))"
        )
        computed = f"select {listed} from {draft}"
        rows = con.execute(
            f"""
            (select 'published' as side, * from ({published} except all {computed})
                order by all limit {ROWS_PER_SIDE})
            union all
            (select 'computed now' as side, * from ({computed} except all {published})
                order by all limit {ROWS_PER_SIDE})
            """
        ).fetchall()
        if rows:
            found.append(_differing_columns(f"issued.{table}", ["side", *columns], rows))
    return found


def _differing_columns(
    title: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> OffenderTable:
    """Keep the side, the row's first column, and the columns in which the rows differ."""
    kept = [
        position
        for position in range(len(columns))
        if position < 2 or len({row[position] for row in rows}) > 1
    ]
    return OffenderTable(
        title,
        [columns[position] for position in kept],
        [[row[position] for position in kept] for row in rows],
    )
