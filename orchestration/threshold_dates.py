"""On which dates lifetime usage passes a threshold, so that progressive invoices are due (R-PROGRESSIVE).

Belongs here: which dates may be such, looking at one, and what was looked at. Does not belong here: due dates that the
schedule of periods tells (`close_run`), and what a progressive invoice bills (the invoicing stage).

A threshold is passed by rated usage, so that a date is looked at by computing its fees: the models of a close through
rating, without checks. Dates at which nothing can have grown are left out. A date that passes none leaves nothing but
its row in `control.threshold_checks`, and is not looked at again: later usage of its day, and a correction of the
catalog, count at the next date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from orchestration.close_run import CloseRun, last_published_date, next_run
from orchestration.control import latest_catalog_version, set_run
from orchestration.dbt_runner import (
    THRESHOLD_DATES_MODEL,
    THRESHOLDS_MODEL,
    run_dbt,
    threshold_args,
)
from orchestration.prepare import dbt_refusal, is_prepared, project_digest
from orchestration.warehouse import connect
from orchestration.workspace import Workspace

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Seen:
    close_date: date
    batch_number: int
    catalog_version: str


def candidate_dates(con: duckdb.DuckDBPyConnection, through: date) -> Sequence[date]:
    """The dates by `through`, in order, at which a threshold may be passed: something is new to all closes and looks.

    Args:
        con: a connection; `control.run` names the running catalog version and batch.
        through: the last date looked at.
    """
    # Who has no thresholds does not pay for looking at usage.
    if not con.execute("select 1 from staging.stg_catalog__usage_thresholds limit 1").fetchall():
        return ()
    seen = _last_seen(con) or _Seen(date.min, -1, "")
    next_date = min(seen.close_date, through) + ONE_DAY
    rows = con.execute(
        "select threshold_date, is_each_later_date, last_date"
        f" from subscriptions.{THRESHOLD_DATES_MODEL} where threshold_date <= ?"
        " and (threshold_date > ? or batch_number > ? or is_each_later_date)",
        [through, seen.close_date, seen.batch_number],
    ).fetchall()
    days: set[date] = set()
    for day, is_daily, last_date in rows:
        first = max(day, next_date)
        end = min(through, last_date or through) if is_daily else first
        days.update(first + number * ONE_DAY for number in range((end - first).days + 1))
    if seen.catalog_version and seen.catalog_version != latest_catalog_version(con):
        days.add(next_date)
    return tuple(sorted(day for day in days if day <= through))


def first_passed(
    ws: Workspace, dates: Sequence[date], looking_at: Callable[[date], object] | None = None
) -> date | None:
    """The first of `dates` at which a threshold is passed, or None. Called under the writer lock.

    `looking_at` is told of each date whose fees are computed.

    Raises:
        Refused: the fees of a date could not be computed; the message names the model.
    """
    for day in dates:
        with connect(ws) as con:
            run = next_run(con, day)
            passed = _noted(con, run)
        if passed is None:
            if looking_at is not None:
                looking_at(day)
            passed = _look_at(ws, run)
        if passed:
            return day
    return None


def _noted(con: duckdb.DuckDBPyConnection, run: CloseRun) -> int | None:
    """How many thresholds are passed at the date of `run`, as far as that is known from the same usage and prices."""
    rows = con.execute(
        "select passed_count from control.threshold_checks"
        " where close_date = ? and checked_batch = ? and catalog_version = ?",
        [run.close_date, run.cutoff_batch, run.catalog_version],
    ).fetchall()
    return int(rows[0][0]) if rows else None


def _look_at(ws: Workspace, run: CloseRun) -> int:
    """Compute the fees so far at the date of `run`, and note how many thresholds they pass."""
    day, batch, version = run.close_date, run.cutoff_batch, run.catalog_version
    with connect(ws) as con:
        set_run(con, "threshold_check", day, batch, version, run.close_sequence)
    result = run_dbt(ws, threshold_args(is_prepared=is_prepared(ws, project_digest())))
    if not result.success:
        raise dbt_refusal(f"Whether a threshold is passed on {day} could not be told", result)
    with connect(ws) as con:
        ((count,),) = con.execute(f"select count(*) from invoicing.{THRESHOLDS_MODEL}").fetchall()
        con.execute("begin")
        con.execute("delete from control.threshold_checks where close_date >= ?", [day])
        con.execute(
            "insert into control.threshold_checks"
            " (close_date, checked_batch, catalog_version, passed_count) values (?, ?, ?, ?)",
            [day, batch, version, count],
        )
        con.execute("commit")
    return int(count)


def _last_seen(con: duckdb.DuckDBPyConnection) -> _Seen | None:
    """What was known at the last date that was closed, or that passed nothing when looked at."""
    last = last_published_date(con)
    rows = con.execute(
        """
        select close_date, checked_batch, catalog_version from control.threshold_checks where passed_count = 0
        union all
        select close_date, cutoff_batch, catalog_version from issued.publications where close_date = ?
        order by 1 desc, 2 desc
        limit 1
        """,
        [last],
    ).fetchall()
    return _Seen(*rows[0]) if rows else None
