"""What is decided about a held document: its release, or its discard.

Belongs here: both decisions, each one transaction and the files that follow from it. Does not belong here: which
documents are held (`groups`), and how commands and jobs ask (`cli`, `dagster_graph`).

A release copies the rows of the hold into a supplementary publication of the close that held it. A discard is one row,
which takes every row of the hold out of what later closes know. Both count from the next close on: a close that was
published before is computed again as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from orchestration.accounting_locks import refuse_locked
from orchestration.close_run import CloseRun
from orchestration.errors import BadInput, Refused
from orchestration.holds.groups import ACTIVE_HOLDS
from orchestration.publish.append import (
    append_documents,
    append_publication,
    append_rows,
    check_numbers,
    check_rows,
    next_number,
)
from orchestration.publish.sync import refuse_foreign_folder, sync_published
from orchestration.publish.tables import DRAFTS, KINDS
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class Hold:
    """Documents that are held together, as `issued.holds` tells; `name` is how people call them."""

    sequence: int
    close_sequence: int
    close_date: date
    document_keys: tuple[str, ...]
    follows: tuple[int, ...]

    @property
    def name(self) -> str:
        return hold_name(self.sequence)


@dataclass(frozen=True)
class Decision:
    """What was done: `numbers` of the documents that were released; `discarded` holds, those that followed too."""

    hold: Hold
    outcome: str
    numbers: tuple[str, ...]
    discarded: tuple[Hold, ...]


def hold_name(sequence: int) -> str:
    """What people call a hold.

    Example:
        >>> hold_name(-3)
        'H-3'
    """
    return f"H{sequence}"


def release(
    ws: Workspace, document: str, decided_by: str, reason: str, decided_on: date | None = None
) -> Decision:
    """Publish a held document, and those that are held with it, in a supplementary publication of their close.

    They get their numbers now; issue date is the day of the release. What follows them is discarded: it could not name
    them, and the next close makes it anew.

    Args:
        ws: the company's folders.
        document: a document_key, or the hold's name (`H-1`).
        decided_by: who decides.
        reason: why.
        decided_on: the day, in UTC; today by default.

    Raises:
        BadInput: no such document is held, or name or reason is empty.
        Refused: it corrects or credits a document that is held itself, or the day's month is locked for accounting.
    """
    day = decided_on or datetime.now(UTC).date()
    with writer_lock(ws, "release"):
        with connect(ws) as con:
            refuse_foreign_folder(ws, con)
            hold = _held(con, document, decided_by, reason)
            if hold.follows:
                first = hold_name(hold.follows[0])
                raise Refused(
                    f"{hold.name} corrects or credits {first}, which is held: release or discard {first}; "
                    f"{hold.name} is discarded with that, and the next close makes it anew."
                )
            if day < hold.close_date:
                raise BadInput(f"{day} is before the close of {hold.close_date} that held it.")
            con.execute("begin")
            refuse_locked(con, [day])
            sequence = _publish(con, hold, day)
            _end(con, hold, "released", decided_by, reason, day, sequence)
            _append_evidence(con, hold, decided_by, reason, sequence)
            followers = _discard_followers(con, hold, decided_by, day)
            check_numbers(con)
            check_rows(con, sequence)
            _forget_unpublished(con)
            con.execute("commit")
            numbers = _numbers(con, sequence)
        sync_published(ws)
    return Decision(hold, "released", numbers, followers)


def discard(
    ws: Workspace, document: str, decided_by: str, reason: str, decided_on: date | None = None
) -> Decision:
    """Undo a held document, and those that are held with it: what they drew is free, and their periods are due again.

    The next close bills these periods. What follows the documents is discarded too.

    Args, Raises: as `release`.
    """
    day = decided_on or datetime.now(UTC).date()
    with writer_lock(ws, "discard"), connect(ws) as con:
        hold = _held(con, document, decided_by, reason)
        con.execute("begin")
        _end(con, hold, "discarded", decided_by, reason, day, None)
        followers = _discard_followers(con, hold, decided_by, day)
        _forget_unpublished(con)
        con.execute("commit")
    return Decision(hold, "discarded", (), (hold, *followers))


def _held(con: duckdb.DuckDBPyConnection, document: str, decided_by: str, reason: str) -> Hold:
    for name, text in (("--by", decided_by), ("--reason", reason)):
        if not text.strip():
            raise BadInput(f"{name} is empty; a decision is kept with who took it and why.")
    for hold in active_holds(con):
        if document in (hold.name, *hold.document_keys):
            return hold
    raise BadInput(f"{document} is not held; `meterhouse holds` lists what is.")


def active_holds(con: duckdb.DuckDBPyConnection) -> list[Hold]:
    """The holds that nothing was decided about, oldest first."""
    rows = con.execute(
        f"""
        select
            hold_sequence,
            max(close_sequence) as close_sequence,
            max(close_date) as close_date,
            list(document_key order by document_key) as document_keys,
            list(distinct follows_hold_sequence order by follows_hold_sequence desc)
                filter (where follows_hold_sequence is not null) as follows
        from {ACTIVE_HOLDS} as holds
        group by hold_sequence
        order by hold_sequence desc
        """
    ).fetchall()
    return [
        Hold(sequence, close, day, tuple(keys), tuple(follows or ()))
        for sequence, close, day, keys, follows in rows
    ]


def _publish(con: duckdb.DuckDBPyConnection, hold: Hold, day: date) -> int:
    """Copy the rows of `hold` into a new publication; returns its sequence."""
    sequence = next_number(con, "select max(publication_sequence) from issued.publications")
    row = con.execute(
        "select close_date, cutoff_batch, catalog_version, drafts_digest from issued.publications"
        " where close_sequence = ? order by publication_no limit 1",
        [hold.close_sequence],
    ).fetchone()
    if row is None:
        raise Refused(f"{hold.name} belongs to a close that is not published.")
    close_date, cutoff_batch, catalog_version, digest = row
    run = CloseRun(hold.close_sequence, close_date, cutoff_batch, catalog_version)
    for kind in KINDS:
        source = _rows_of(kind.table, hold)
        append_documents(con, kind, source, sequence, catalog_version, f"date '{day}'")
    # The numbers that notes of before had already stand in the held rows.
    given = {("credit_note_uses", "credit_note_number"): "credit_note_number"}
    for table in DRAFTS:
        if table not in {kind.table for kind in KINDS}:
            source = _rows_of(table, hold)
            append_rows(con, table, source, sequence, hold.close_sequence, given)
    append_publication(con, run, sequence, digest, _next_close(con))
    return sequence


def _rows_of(table: str, hold: Hold) -> str:
    return f"(select * from issued.{table} where publication_sequence = {hold.sequence})"


def _next_close(con: duckdb.DuckDBPyConnection) -> int:
    return next_number(con, "select max(close_sequence) from issued.publications")


def _end(
    con: duckdb.DuckDBPyConnection,
    hold: Hold,
    outcome: str,
    decided_by: str,
    reason: str,
    day: date,
    sequence: int | None,
) -> None:
    con.execute(
        "insert into issued.hold_ends (hold_sequence, outcome, decided_by, reason, decided_on,"
        " publication_sequence, known_from_close) values (?, ?, ?, ?, ?, ?, ?)",
        [hold.sequence, outcome, decided_by, reason, day, sequence, _next_close(con)],
    )


def _append_evidence(
    con: duckdb.DuckDBPyConnection, hold: Hold, decided_by: str, reason: str, sequence: int
) -> None:
    """One row per check that had named a document: that it was released, by whom and why."""
    con.execute(
        """
        insert into issued.close_checks by name
        select
            ? as publication_sequence,
            named.check_name,
            max(checks.stage) as stage,
            'released' as result,
            count(distinct named.document_key) as offender_count,
            ? as decided_by,
            ? as reason
        from (
            select document_key, unnest(string_split(check_names, ',')) as check_name
            from issued.holds
            where hold_sequence = ? and check_names is not null
        ) as named
        left join issued.close_checks as checks
            on
                named.check_name = checks.check_name
                and checks.publication_sequence in (
                    select publication_sequence from issued.publications
                    where close_sequence = ? and publication_no = 1
                )
        group by named.check_name
        """,
        [sequence, decided_by, reason, hold.sequence, hold.close_sequence],
    )


def _discard_followers(
    con: duckdb.DuckDBPyConnection, ended: Hold, decided_by: str, day: date
) -> tuple[Hold, ...]:
    """Discard what corrects or credits a document of `ended`, and what follows that in turn."""
    discarded: list[Hold] = []
    queue = [ended]
    while queue:
        first = queue.pop(0)
        for hold in active_holds(con):
            if first.sequence in hold.follows:
                reason = f"It follows {first.name}, which is decided."
                _end(con, hold, "discarded", decided_by, reason, day, None)
                discarded.append(hold)
                queue.append(hold)
    return tuple(discarded)


def _forget_unpublished(con: duckdb.DuckDBPyConnection) -> None:
    """No receipt from before a decision vouches for drafts that did not know of it."""
    con.execute(
        "delete from control.gate_receipts"
        " where close_sequence not in (select close_sequence from issued.publications)"
    )


def _numbers(con: duckdb.DuckDBPyConnection, sequence: int) -> tuple[str, ...]:
    numbers = " union all ".join(
        f"select {kind.number} from issued.{kind.table} where publication_sequence = {sequence}"
        for kind in KINDS
    )
    return tuple(number for (number,) in con.execute(f"{numbers} order by 1").fetchall())
