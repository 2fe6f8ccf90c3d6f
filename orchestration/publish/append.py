"""The act of publication: drafts of the running close are copied into `issued` with numbers and dates, all or nothing.

Belongs here: the conditions under which it may happen, the one transaction, and the checks of numbers before its
commit. Does not belong here: the copying itself (`sql/append`), and the files that finance reads (`sync`).

No clock is read: the same drafts after the same publications give the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.close_run import CloseRun
from orchestration.contracts import load_contracts
from orchestration.errors import OffenderTable, Refused
from orchestration.publish.digest import DRAFTS, drafts_digest

SQL = Path(__file__).parent / "sql"
OFFENDERS_SHOWN = 5

#: In this order: lines look their number up among the invoices, and `publications` makes the others visible.
APPENDED = (*DRAFTS.values(), "customers", "rejected_events", "close_checks", "publications")


@dataclass(frozen=True)
class Publication:
    """What was published: `publication_no` counts within the close, `publication_hash` is sha256 hex."""

    publication_sequence: int
    close_date: date
    publication_no: int
    invoice_count: int
    drafts_digest: str
    publication_hash: str


def append(con: duckdb.DuckDBPyConnection, run: CloseRun) -> Publication:
    """Copy the drafts of `run` into `issued`, in one transaction whose last row makes them visible.

    Args:
        con: a read-write connection outside a transaction, under the writer lock.
        run: the close whose drafts stand in the warehouse.

    Raises:
        Refused: see `orchestration.publish.publish`; the transaction is rolled back.
    """
    con.execute("begin")
    try:
        _refuse_unless_running(con, run)
        digest = drafts_digest(con)
        _refuse_without_receipt(con, run, digest)
        _set_publishing(con, run, digest)
        for table in APPENDED:
            _copy(con, table)
        _refuse_offenders(con, run)
        publication = _read_publication(con)
        con.execute("drop table temp.publishing")
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return publication


def _refuse_unless_running(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    rows = con.execute(
        "select run_kind, close_sequence, close_date, cutoff_batch, catalog_version from control.run"
    ).fetchall()
    asked = ("close", run.close_sequence, run.close_date, run.cutoff_batch, run.catalog_version)
    if rows != [asked]:
        raise Refused(
            f"The close of {run.close_date} is not published: the warehouse holds the drafts of another run;"
            " run `meterhouse close` again."
        )
    last = con.execute(
        "select close_sequence, close_date from issued.publications"
        " where close_sequence >= ? or close_date >= ? order by publication_sequence desc limit 1",
        [run.close_sequence, run.close_date],
    ).fetchone()
    if last is not None:
        raise Refused(
            f"The close of {run.close_date} is not published: close {last[0]} of {last[1]} already is,"
            " and a published document never changes."
        )


def _refuse_without_receipt(con: duckdb.DuckDBPyConnection, run: CloseRun, digest: str) -> None:
    receipts = con.execute(
        "select is_passed, checks_run, checks_expected, drafts_digest from control.gate_receipts"
        " where close_sequence = ?",
        [run.close_sequence],
    ).fetchall()
    why = None
    if not receipts:
        why = "the gate has not judged its drafts"
    elif any(not passed or not 0 < expected == ran for passed, ran, expected, _ in receipts):
        why = "the gate has not passed its drafts"
    elif any(judged != digest for *_, judged in receipts):
        why = "its drafts changed after the gate judged them"
    if why:
        raise Refused(
            f"The close of {run.close_date} is not published: {why}; run `meterhouse close` again."
        )


def _set_publishing(con: duckdb.DuckDBPyConnection, run: CloseRun, digest: str) -> None:
    """Make `temp.publishing`, the one row from which the SQL of `append` learns what is published."""
    con.execute(
        """
        create or replace temp table publishing as
        select
            cast(coalesce(max(publication_sequence), 0) + 1 as integer) as publication_sequence,
            cast(count(*) filter (where close_sequence = $close_sequence) + 1 as integer)
                as publication_no,
            cast($close_sequence as integer) as close_sequence,
            cast($close_date as date) as close_date,
            cast($cutoff_batch as integer) as cutoff_batch,
            cast($catalog_version as text) as catalog_version,
            cast($drafts_digest as text) as drafts_digest,
            coalesce(max(cutoff_batch), 0) as previous_cutoff_batch,
            coalesce(arg_max(publication_hash, publication_sequence), '')
                as previous_publication_hash
        from issued.publications
        """,
        {
            "close_sequence": run.close_sequence,
            "close_date": run.close_date,
            "cutoff_batch": run.cutoff_batch,
            "catalog_version": run.catalog_version,
            "drafts_digest": digest,
        },
    )


def _copy(con: duckdb.DuckDBPyConnection, table: str) -> None:
    contract = load_contracts()[f"issued.{table}"]
    columns = ", ".join(column.name for column in contract.columns)
    # Named one by one: a column that the drafts lack is an error, not a NULL.
    values = ", ".join(
        "publishing.publication_sequence" if name == "publication_sequence" else f"drafts.{name}"
        for name in (column.name for column in contract.columns)
    )
    query = (SQL / "append" / f"{table}.sql").read_text(encoding="utf-8")
    con.execute(
        f"insert into issued.{table} ({columns})\n"
        f"select {values} from ({query}) as drafts cross join temp.publishing as publishing"
    )


def _refuse_offenders(con: duckdb.DuckDBPyConnection, run: CloseRun) -> None:
    tables = []
    for file in sorted((SQL / "checks").glob("*.sql")):
        rows = con.execute(file.read_text(encoding="utf-8")).fetchall()
        if rows:
            names = tuple(column[0] for column in con.description)
            shown = sorted(rows, key=repr)[:OFFENDERS_SHOWN]
            tables.append(OffenderTable(file.stem.replace("_", " "), names, shown))
    if tables:
        raise Refused(
            f"The close of {run.close_date} is not published: {', '.join(t.title for t in tables)}.", tables
        )


def _read_publication(con: duckdb.DuckDBPyConnection) -> Publication:
    row = con.execute(
        """
        select
            publications.publication_sequence,
            publications.close_date,
            publications.publication_no,
            publications.invoice_count,
            publications.drafts_digest,
            publications.publication_hash
        from issued.publications
        inner join temp.publishing as publishing
            on publications.publication_sequence = publishing.publication_sequence
        """
    ).fetchone()
    assert row is not None  # The transaction has just written it.
    return Publication(*row)
