"""The accounting lock: months whose books are closed, into which no document may be dated any more.

Belongs here: locking and unlocking a month, and refusing a document's date in one. Does not belong here: who is told
how (`lock_commands`), and copying the rows to what finance reads (`publish.context`).

A lock is a row that says who, when and why; an unlock is another one, so that both stay on record. The last row of a
month decides. What is published stays so, whatever is locked: only new documents are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from orchestration.errors import BadInput, Refused
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

LOCK, UNLOCK = "lock", "unlock"
_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class AccountingLock:
    """One row of `control.accounting_locks`: `action` is lock or unlock, `month` its first day, `recorded_at` UTC."""

    lock_number: int
    month: date
    action: str
    recorded_by: str
    reason: str | None
    recorded_at: datetime

    @property
    def month_name(self) -> str:
        """The month as it is written on the command line: 2025-11."""
        return f"{self.month:%Y-%m}"


def parse_month(text: str) -> date:
    """The first day of a month written as 2025-11.

    Raises:
        BadInput: it is none.

    Example:
        >>> parse_month("2025-11")
        datetime.date(2025, 11, 1)
    """
    try:
        if _MONTH.fullmatch(text):
            return date.fromisoformat(f"{text}-01")
    except ValueError:
        pass
    raise BadInput(f"{text!r} is not a month; write it as 2025-11.")


def change_lock(
    ws: Workspace,
    month: date,
    action: str,
    *,
    by: str,
    reason: str | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AccountingLock:
    """Lock or unlock `month` and say who did, and why.

    Args:
        ws: the company's folders.
        month: its first day.
        action: `LOCK` or `UNLOCK`.
        by: whose decision it is; not empty.
        reason: why; an unlock needs one.
        clock: the present.

    Raises:
        BadInput: nobody is named, or an unlock has no reason.
        Refused: the month has not ended in UTC, or it is locked (not locked) already.
    """
    from orchestration.migrate import init

    by, reason = by.strip(), (reason or "").strip() or None
    if not by:
        raise BadInput("--by is empty; name the person who decides.")
    if action == UNLOCK and reason is None:
        raise BadInput("--reason is missing; say why the month is opened again.")
    now = clock().astimezone(UTC)
    if action == LOCK and now.date() < _next_month(month):
        raise Refused(f"{month:%Y-%m} has not ended in UTC; lock it from {_next_month(month)} on.")
    with writer_lock(ws, f"{action}-month"):
        init(ws)
        with connect(ws) as con:
            rows = recorded_locks(con)
            standing = locked_months(rows).get(month)
            if (action == LOCK) == (standing is not None):
                raise Refused(_no_change(month, standing))
            row = AccountingLock(len(rows) + 1, month, action, by, reason, now.replace(tzinfo=None))
            con.execute(
                "insert into control.accounting_locks"
                " (lock_number, locked_month, action, recorded_by, reason, recorded_at) values (?, ?, ?, ?, ?, ?)",
                [row.lock_number, month, action, by, reason, row.recorded_at],
            )
    return row


def _no_change(month: date, standing: AccountingLock | None) -> str:
    if standing is None:
        return f"{month:%Y-%m} is not locked; `meterhouse locks` lists the months that are."
    return f"{month:%Y-%m} is locked already, {_by_whom(standing)}."


def recorded_locks(con: duckdb.DuckDBPyConnection) -> list[AccountingLock]:
    """Every row, in the order in which they were recorded."""
    rows = con.execute(
        "select lock_number, locked_month, action, recorded_by, reason, recorded_at"
        " from control.accounting_locks order by lock_number"
    ).fetchall()
    return [AccountingLock(*row) for row in rows]


def locked_months(rows: Iterable[AccountingLock]) -> dict[date, AccountingLock]:
    """The months that are locked, by their first day, with the row that locked each.

    Example:
        >>> november = AccountingLock(1, date(2025, 11, 1), LOCK, "kent", None, datetime(2025, 12, 9))
        >>> list(locked_months([november]))
        [datetime.date(2025, 11, 1)]
        >>> locked_months([november, AccountingLock(2, november.month, UNLOCK, "lane", "x", november.recorded_at)])
        {}
    """
    latest = {row.month: row for row in sorted(rows, key=lambda row: row.lock_number)}
    return {month: row for month, row in sorted(latest.items()) if row.action == LOCK}


def refuse_locked(con: duckdb.DuckDBPyConnection, days: Iterable[date]) -> None:
    """Refuse documents that would be dated in a locked month.

    Args:
        con: a connection to the warehouse; inside publication's transaction its own rows count.
        days: the dates that documents would have.

    Raises:
        Refused: names the first such date, who locked its month, and the ways out.
    """
    locked = locked_months(recorded_locks(con))
    for day in sorted(set(days)):
        row = locked.get(day.replace(day=1))
        if row is not None:
            raise Refused(
                f"No document may be dated {day}: {row.month_name} is locked, {_by_whom(row)}. Nothing was published; "
                f"`meterhouse unlock-month {row.month_name} --by NAME --reason TEXT` opens it again."
            )


def _by_whom(row: AccountingLock) -> str:
    why = f" ({row.reason})" if row.reason else ""
    return f"by {row.recorded_by} on {row.recorded_at:%Y-%m-%d}{why}"


def unclosed_dates(ws: Workspace, month: date) -> list[date]:
    """The billing dates through the end of `month` that are due and not closed: once it is locked, they cannot be.

    Dates on which a threshold is passed are not among them: to find these, usage is rated.
    """
    from orchestration.close_run import due_dates
    from orchestration.prepare import prepare_views

    with writer_lock(ws, "due check"):
        prepare_views(ws)
        with connect(ws) as con:
            return list(due_dates(con, _next_month(month) - timedelta(days=1)))


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
