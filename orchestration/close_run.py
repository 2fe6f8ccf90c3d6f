"""Which close runs: its identity, its row in `control.closes`, and what is due next.

Belongs here: reading and writing `control.closes`, the due dates, and the facts that a published close was made with.
Does not belong here: building, judging and publishing (`close_steps`), and the one-row table `control.run` (`control`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from orchestration.accounting_locks import refuse_locked
from orchestration.control import last_billed_days, latest_batch, latest_catalog_version, set_run
from orchestration.dbt_runner import (
    CREDITS_MODEL,
    LATE_USAGE_MODEL,
    ONE_OFF_MODEL,
    SCHEDULE_MODEL,
    TERMS_MODEL,
    TOP_UP_MODEL,
)
from orchestration.errors import BadInput, Refused
from orchestration.prepare import refresh_terms


@dataclass(frozen=True)
class CloseRun:
    """One close: billing date D, the last batch and the catalog version known to it, and its position from 1."""

    close_sequence: int
    close_date: date
    cutoff_batch: int
    catalog_version: str


def refuse_unended(close_date: date, now: datetime) -> None:
    """Refuse a billing date that has not ended in UTC: its usage may still be arriving.

    Args:
        close_date: the billing date D.
        now: the present instant, with its offset.

    Raises:
        Refused: D ends at or after `now`.

    Example:
        >>> refuse_unended(date(2026, 1, 31), datetime(2026, 2, 1, tzinfo=UTC))
        >>> refuse_unended(date(2026, 1, 31), datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
        Traceback (most recent call last):
        orchestration.errors.Refused: 2026-01-31 has not ended in UTC; it can be closed from 2026-02-01T00:00:00Z on.
    """
    ends_on = close_date + timedelta(days=1)
    if now.astimezone(UTC).date() < ends_on:
        raise Refused(
            f"{close_date} has not ended in UTC; it can be closed from {ends_on}T00:00:00Z on."
        )


def due_dates(con: duckdb.DuckDBPyConnection, through: date) -> Sequence[date]:
    """The billing dates that are to be closed by `through`, in order.

    A period, one-off fee or manual credit that became known only after its date was closed joins the next date on
    which something becomes due: a closed date never comes back. Where something changed for a subscription that is
    over, the first of the next month is one.

    Args:
        con: a read-write connection; `control.run` is replaced, because the schedule reads its date from there, and
            so are the drafts of the terms.
        through: the last date looked at.

    Raises:
        BadInput: a subscription that was billed never begins by the catalog as it is now; the message names it.
    """
    version = latest_catalog_version(con)
    if version is None:
        return ()
    set_run(con, "due_check", through, latest_batch(con), version, None)
    refresh_terms(con)
    _refuse_vanished(con)
    last = last_published_date(con)
    rows = con.execute(
        f"select distinct due_date from (select due_date from subscriptions.{SCHEDULE_MODEL}"
        f" union all select billed_on as due_date from subscriptions.{ONE_OFF_MODEL}"
        f" union all select credited_on as due_date from subscriptions.{CREDITS_MODEL}"
        f" union all select due_date from subscriptions.{TOP_UP_MODEL}) as dates"
        " where due_date <= ? and due_date > ?",
        [through, last or date.min],
    ).fetchall()
    dates = {due_date for (due_date,) in rows}
    if last is not None and _awaits_adjustment(con, version):
        dates.add(_next_month(last))
    return tuple(sorted(due for due in dates if due <= through))


def _refuse_vanished(con: duckdb.DuckDBPyConnection) -> None:
    """Refuse a catalog by which a billed subscription never begins: nothing would ever correct what it was billed."""
    begun = {
        name
        for (name,) in con.execute(
            f"select subscription_id from subscriptions.{TERMS_MODEL}"
        ).fetchall()
    }
    for name, last_day in sorted(last_billed_days(con).items()):
        if name not in begun:
            raise BadInput(
                f"accounts/subscriptions.csv: subscription '{name}' never begins any more, but days through {last_day} "
                "were billed for it; let no other row of its external id start at its start, or replace it"
            )


def _awaits_adjustment(con: duckdb.DuckDBPyConnection, version: str) -> bool:
    """Whether something changed for a subscription that is over, and that no due date of its own brings up again.

    Usage is told from its batches; whether another catalog version changes anything is known by the close only.
    """
    rows = con.execute(
        f"""
        select 1 from subscriptions.{LATE_USAGE_MODEL} where is_over
        union all
        select 1 from subscriptions.int_subscriptions__registered_periods
        where is_over and ? <> (
            select catalog_version from issued.publications order by close_sequence desc limit 1
        )
        union all
        -- What was discarded since the last close is due again.
        select 1 from issued.hold_ends
        where outcome = 'discarded' and known_from_close > (select max(close_sequence) from issued.publications)
        limit 1
        """,
        [version],
    ).fetchall()
    return bool(rows)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def last_published_date(con: duckdb.DuckDBPyConnection) -> date | None:
    """The latest billing date with a publication, or None before the first."""
    ((latest,),) = con.execute("select max(close_date) from issued.publications").fetchall()
    return latest


def published_run(con: duckdb.DuckDBPyConnection, close_date: date) -> CloseRun | None:
    """What the published close of `close_date` was made with, or None if it is not published."""
    row = con.execute(
        "select close_sequence, close_date, cutoff_batch, catalog_version from issued.publications"
        " where close_date = ? order by publication_no limit 1",
        [close_date],
    ).fetchone()
    return None if row is None else CloseRun(*row)


def published_digest(con: duckdb.DuckDBPyConnection, run: CloseRun) -> str:
    """The drafts digest (hex) that was published first for `run`."""
    ((digest,),) = con.execute(
        "select drafts_digest from issued.publications where close_sequence = ?"
        " order by publication_no limit 1",
        [run.close_sequence],
    ).fetchall()
    return digest


def next_run(con: duckdb.DuckDBPyConnection, close_date: date) -> CloseRun:
    """The close of `close_date` as it would be made now: after all published ones, from the latest batch and catalog.

    Raises:
        BadInput: no catalog has been loaded.
    """
    version = latest_catalog_version(con)
    if version is None:
        raise BadInput(
            "control.run: no catalog has been loaded; run `meterhouse catalog load` first."
        )
    ((published,),) = con.execute(
        "select count(distinct close_sequence) from issued.publications"
    ).fetchall()
    return CloseRun(published + 1, close_date, latest_batch(con) or 0, version)


def begin_close(con: duckdb.DuckDBPyConnection, close_date: date, now: datetime) -> CloseRun:
    """Register the close of `close_date` as running with the latest batch and catalog version, and set `control.run`.

    What a failed or interrupted attempt left is replaced: such an attempt has published nothing. Its receipt goes too,
    or it would vouch for drafts of another date that happen to stand in the warehouse.

    Raises:
        BadInput: no catalog has been loaded.
        Refused: the date lies in a month that is locked for accounting.
    """
    refuse_locked(con, [close_date])
    run = next_run(con, close_date)
    con.execute("begin")
    con.execute(
        "delete from control.closes where close_date = ? or close_sequence >= ?",
        [close_date, run.close_sequence],
    )
    for table in ("gate_receipts", "gate_results", "gate_holds", "statistics_results"):
        con.execute(f"delete from control.{table} where close_sequence >= ?", [run.close_sequence])
    con.execute(
        "insert into control.closes"
        " (close_sequence, close_date, cutoff_batch, catalog_version, status, started_at)"
        " values (?, ?, ?, ?, 'running', ?)",
        [run.close_sequence, close_date, run.cutoff_batch, run.catalog_version, _naive_utc(now)],
    )
    set_run_of(con, run)
    con.execute("commit")
    return run


def set_run_of(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    """Let every model learn that `run` is the running close."""
    set_run(con, "close", run.close_date, run.cutoff_batch, run.catalog_version, run.close_sequence)


def running_close(con: duckdb.DuckDBPyConnection, close_date: date) -> CloseRun | None:
    """The close of `close_date` that has begun and is not published, or None."""
    row = con.execute(
        "select close_sequence, close_date, cutoff_batch, catalog_version from control.closes"
        " where close_date = ? and status <> 'published'",
        [close_date],
    ).fetchone()
    return None if row is None else CloseRun(*row)


def fail_close(con: duckdb.DuckDBPyConnection, run: CloseRun, message: str, now: datetime) -> None:
    """Record that `run` ended without a publication, and why. A close that did get published stays so."""
    con.execute(
        "update control.closes set status = 'failed', message = ?, finished_at = ?"
        " where close_date = ? and close_sequence not in"
        " (select close_sequence from issued.publications)",
        [message, _naive_utc(now), run.close_date],
    )


def finish_published(con: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """Mark every close that `issued` shows as published; also those whose run was killed before it could say so.

    Returns:
        The number of closes marked.
    """
    return len(
        con.execute(
            "update control.closes set status = 'published', message = null, finished_at = ?,"
            " drafts_digest = publications.drafts_digest"
            " from issued.publications"
            " where closes.close_sequence = publications.close_sequence"
            " and closes.close_date = publications.close_date"
            " and publications.publication_no = 1 and closes.status <> 'published'"
            " returning closes.close_date",
            [_naive_utc(now)],
        ).fetchall()
    )


def _naive_utc(instant: datetime) -> datetime:
    # Timestamps stand in the warehouse as UTC without an offset.
    return instant.astimezone(UTC).replace(tzinfo=None)
