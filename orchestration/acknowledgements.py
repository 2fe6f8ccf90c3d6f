"""Warnings of published closes: what a statistical check found without naming a document, until somebody has seen it.

Belongs here: which warnings are open, and writing down who has seen one, and why it is no matter. Does not belong here:
the checks (`statistics`), and held documents (`holds`).

An acknowledgement is a row of `close_checks` in a supplementary publication of its close, without documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.close_run import CloseRun
from orchestration.errors import BadInput
from orchestration.publish.append import append_publication, next_number
from orchestration.publish.sync import refuse_foreign_folder, sync_published
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

# Rows of issued.close_checks that wait for somebody, beside their publications.
_OPEN = """
    select publications.close_date, publications.close_sequence, checks.check_name, checks.result, noted.message
    from issued.close_checks as checks
    inner join issued.publications as publications
        on checks.publication_sequence = publications.publication_sequence
    left join control.statistics_results as noted
        on publications.close_sequence = noted.close_sequence and checks.check_name = noted.check_name
    where checks.stage = 'statistics' and checks.result in ('tripped', 'not_run')
        and not exists (
            select 1
            from issued.close_checks as later_checks
            inner join issued.publications as later_publications
                on later_checks.publication_sequence = later_publications.publication_sequence
            where later_publications.close_sequence = publications.close_sequence
                and later_checks.check_name = checks.check_name
                and later_checks.result = 'acknowledged'
        )
    order by publications.close_sequence, checks.check_name
"""


@dataclass(frozen=True)
class OpenWarning:
    """One that waits: `result` is tripped, or not_run of a check that could not run; `message` says what was found."""

    close_date: date
    close_sequence: int
    check_name: str
    result: str
    message: str | None


def open_warnings(con: duckdb.DuckDBPyConnection) -> list[OpenWarning]:
    """The warnings that nobody has acknowledged, oldest close first."""
    return [OpenWarning(*row) for row in con.execute(_OPEN).fetchall()]


def acknowledge(
    ws: Workspace, check_name: str, by: str, reason: str, close_date: date | None = None
) -> OpenWarning:
    """Publish that somebody has seen a warning.

    Args:
        ws: the company's folders.
        check_name: the statistical check.
        by: who has seen it.
        reason: why it is no matter, or what was done.
        close_date: the close; by default the oldest with an open warning of that check.

    Returns:
        The warning that was acknowledged.

    Raises:
        BadInput: no such warning is open, or name or reason is empty.
    """
    for name, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            raise BadInput(f"{name} is empty; an acknowledgement is kept with who gave it and why.")
    with writer_lock(ws, "acknowledge"):
        with connect(ws) as con:
            refuse_foreign_folder(ws, con)
            warning = _found(open_warnings(con), check_name, close_date)
            con.execute("begin")
            _publish(con, warning, by.strip(), reason.strip())
            con.execute("commit")
        sync_published(ws)
    return warning


def _found(warnings: list[OpenWarning], check_name: str, close_date: date | None) -> OpenWarning:
    for warning in warnings:
        if warning.check_name == check_name and close_date in (None, warning.close_date):
            return warning
    of_close = f" of the close of {close_date}" if close_date else ""
    others = ", ".join(f"{one.check_name} of {one.close_date}" for one in warnings[:3])
    raise BadInput(
        f"No warning of {check_name}{of_close} is open; "
        + (f"open are {others}{', ...' if len(warnings) > 3 else ''}." if others else "none is.")
    )


def _publish(con: duckdb.DuckDBPyConnection, warning: OpenWarning, by: str, reason: str) -> None:
    sequence = next_number(con, "select max(publication_sequence) from issued.publications")
    ((cutoff_batch, catalog_version, digest),) = con.execute(
        "select cutoff_batch, catalog_version, drafts_digest from issued.publications"
        " where close_sequence = ? and publication_no = 1",
        [warning.close_sequence],
    ).fetchall()
    run = CloseRun(warning.close_sequence, warning.close_date, cutoff_batch, catalog_version)
    con.execute(
        "insert into issued.close_checks"
        " (publication_sequence, check_name, stage, result, offender_count, decided_by, reason)"
        " values (?, ?, 'statistics', 'acknowledged', null, ?, ?)",
        [sequence, warning.check_name, by, reason],
    )
    next_close = next_number(con, "select max(close_sequence) from issued.publications")
    append_publication(con, run, sequence, digest, next_close)
