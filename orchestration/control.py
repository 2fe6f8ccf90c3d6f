"""The few facts of schema `control` (and its neighbours) that several commands share.

Belongs here: `control.run`, the one row from which every model learns what runs, and "which batch and catalog version
are the latest". Does not belong here: closes and receipts, which only `close` and `gate` write.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

# What later closes know of: visible publications, and holds that nothing was decided about.
KNOWN_SEQUENCES = (
    "select publication_sequence from issued.publications union all select hold_sequence from issued.holds"
    " where hold_sequence not in (select hold_sequence from issued.hold_ends)"
)

RUN_KINDS = ("close", "preview", "threshold_check", "due_check", "ingest")


def set_run(
    con: duckdb.DuckDBPyConnection,
    run_kind: str,
    close_date: date | None,
    cutoff_batch: int | None,
    catalog_version: str | None,
    close_sequence: int | None,
) -> None:
    """Replace the one row of `control.run`. Call it under the writer lock, before every dbt invocation.

    Works inside and outside a transaction of the caller. A crash between the two statements leaves no row, which is
    harmless: whatever runs next sets its own.

    Args:
        con: a read-write connection.
        run_kind: one of `RUN_KINDS`.
        close_date: the billing date D; for a due check, the last date looked at; None for an ingest.
        cutoff_batch: the last batch whose events are known; for an ingest, the batch being loaded.
        catalog_version: the version (sha256 hex) whose prices are known; None before the first load.
        close_sequence: position among the published closes, from 1; None if the run is not a close.

    Raises:
        ValueError: an unknown `run_kind`, or one without the facts that its models read.
    """
    if run_kind not in RUN_KINDS:
        raise ValueError(f"run_kind is {run_kind!r}; must be one of {', '.join(RUN_KINDS)}")
    facts = {
        "close_date": close_date,
        "cutoff_batch": cutoff_batch,
        "catalog_version": catalog_version,
        "close_sequence": close_sequence,
    }
    needed = {
        "close": facts,
        "preview": facts,
        "threshold_check": facts,
        "due_check": {"close_date": close_date, "catalog_version": catalog_version},
        "ingest": {"cutoff_batch": cutoff_batch},
    }[run_kind]
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ValueError(f"a run of kind {run_kind!r} needs {', '.join(missing)}")
    con.execute("delete from control.run")
    con.execute(
        "insert into control.run"
        " (run_kind, close_date, cutoff_batch, catalog_version, close_sequence)"
        " values (?, ?, ?, ?, ?)",
        [run_kind, close_date, cutoff_batch, catalog_version, close_sequence],
    )


def latest_batch(con: duckdb.DuckDBPyConnection) -> int | None:
    """The highest complete batch number, or None before the first. A batch is complete once it has its row."""
    return _one(con, "select max(batch_number) from landing.batches")


def latest_catalog_version(con: duckdb.DuckDBPyConnection) -> str | None:
    """The catalog version loaded last (sha256 hex), or None before the first load.

    The load decides, not the version number: a folder put back to what it was has its old number, and is in force.
    """
    return _one(
        con,
        """
        select versions.catalog_version
        from catalog.versions
        left join control.catalog_loads
            on versions.catalog_version = catalog_loads.catalog_version
        group by versions.catalog_version, versions.version_number
        order by max(catalog_loads.loaded_at) desc nulls last, versions.version_number desc
        limit 1
        """,
    )


def _one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    return None if row is None else row[0]


def last_billed_days(con: duckdb.DuckDBPyConnection) -> dict[str, date]:
    """The last local day that is registered for each subscription, by what is held too."""
    found = con.execute(
        f"""
        select subscription_id, cast(max(period_end_date) - interval '1 day' as date) from issued.billed_periods
        where publication_sequence in ({KNOWN_SEQUENCES})
        group by subscription_id
        """
    ).fetchall()
    return dict(found)
