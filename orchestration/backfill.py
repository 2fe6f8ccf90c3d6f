"""`meterhouse backfill`: published closes computed again and compared, in date order; then what is due.

Belongs here: which dates a backfill looks at, in which order, and what it says of those that it leaves. Does not belong
here: computing or closing one of them (`close_steps`), and the backfills of Dagster, which hold to the same order.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from orchestration import close_steps
from orchestration.close import Reporter, SilentReporter, close_through
from orchestration.close_run import last_published_date, refuse_unended
from orchestration.close_steps import Clock, CloseReport, utc_now
from orchestration.errors import OffenderTable, Refused
from orchestration.gate import GateRefused
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

DIFFERS = "differs"


def backfill(
    ws: Workspace,
    first: date,
    last: date,
    reporter: Reporter | None = None,
    *,
    progress: Any = None,
    clock: Clock = utc_now,
) -> None:
    """Compute the published closes from `first` to `last` again, then close what is due by `last`, in date order.

    Args:
        ws: the company's folders.
        first: the first billing date looked at.
        last: the last one, included; it must have ended in UTC.
        reporter: told of every close; its report has the outcome unchanged, differs or published.
        progress: handed to ingest.
        clock: the present, for tests.

    Raises:
        Refused: `last` has not ended; or published closes give other rows than they did: the message names them, the
            tables show the rows. All of them were compared then, and nothing was closed.
        BadInput: catalog, landing folder or warehouse cannot be used.
    """
    from orchestration.migrate import init
    from orchestration.prepare import prepare_views

    reporter = reporter or SilentReporter()
    refuse_unended(last, clock())
    with writer_lock(ws, "backfill"):
        init(ws)
        close_steps.mend_publication(ws, clock)
        prepare_views(ws)
        differing: dict[date, Sequence[OffenderTable]] = {}
        for day in published_dates(ws, first, last):
            reporter.close_begins(day)
            report, tables = _compared(ws, day)
            reporter.close_ended(report)
            if report.outcome == DIFFERS:
                differing[day] = tables
        refuse_left_out(
            list(differing),
            tables=[
                replace(table, title=f"{day} {table.title}")
                for day, tables in differing.items()
                for table in tables
            ],
        )
        with connect(ws) as con:
            closed_through = last_published_date(con)
        # Nothing becomes due by then: new prices and usage need not be read either.
        if closed_through is None or closed_through < last:
            close_through(ws, last, reporter, progress=progress, clock=clock)


def published_dates(ws: Workspace, first: date, last: date) -> Sequence[date]:
    """The billing dates from `first` to `last` whose closes are published, in order."""
    with connect(ws) as con:
        rows = con.execute(
            "select distinct close_date from issued.publications where close_date between ? and ?"
            " order by close_date",
            [first, last],
        ).fetchall()
    return [day for (day,) in rows]


def _compared(ws: Workspace, day: date) -> tuple[CloseReport, Sequence[OffenderTable]]:
    """Compute the published close of `day` again; the rows in which it differs, and none if it is unchanged."""
    run = close_steps.published_close(ws, day)
    if run is None:
        raise ValueError(f"{day} is not published")
    started = time.perf_counter()
    try:
        return close_steps.reproduce(ws, run), ()
    except GateRefused as refused:
        seconds = time.perf_counter() - started
        return close_steps.report_of(ws, run, DIFFERS, seconds), refused.tables


def refuse_left_out(
    differing: Sequence[date],
    waiting: Sequence[date] = (),
    not_due: Sequence[date] = (),
    tables: Sequence[OffenderTable] = (),
) -> None:
    """Refuse at the end of a backfill, if it could not close all that it was asked for.

    Args:
        differing: published dates that give other rows than they did.
        waiting: dates that are due and were not closed because of those.
        not_due: dates on which nothing is due, and that are not published.
        tables: the rows in which the published dates differ.

    Raises:
        Refused: any of `waiting` and `not_due`, or `tables`; the message names the dates.

    Example:
        >>> refuse_left_out([], [], [date(2025, 12, 7)])
        Traceback (most recent call last):
        orchestration.errors.Refused: Nothing is due on 2025-12-07: it is not a billing date. The others are done.
    """
    sentences = []
    if waiting or tables:
        sentences.append(
            f"{_listed(differing)}: published, and computing it again gives other rows; "
            "what is published stays as it is, and nothing new was closed."
        )
    if not_due:
        are_not = "it is not a billing date" if len(not_due) == 1 else "they are not billing dates"
        sentences.append(f"Nothing is due on {_listed(not_due)}: {are_not}.")
    if not sentences:
        return
    if not waiting:
        sentences.append("The others are done.")
    raise Refused(" ".join(sentences), tables)


def _listed(dates: Sequence[date]) -> str:
    return ", ".join(map(str, dates))
