"""Parquet files per table and publication: `published/parquet/<table>/<close_date>-<publication_no>.parquet`.

Belongs here: writing the rows of one publication in fixed order, the same bytes at every run. Does not belong here:
which publications still lack their files (`sync`), and telling damaged ones (`damage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.contracts import TableContract
from orchestration.publish.damage import note_file
from orchestration.publish.finance_views import table_sql


@dataclass(frozen=True)
class Publication:
    """A visible publication: its place in the chain, and what its files are called by."""

    sequence: int
    close_date: date
    number: int
    publication_hash: str


def publication_sql(contract: TableContract, publication: Publication) -> str:
    """The rows of a finance table that a publication's file holds, without an order.

    `publish.rows` of the contract decides: `added` and `summed`, its own rows; `state`, all rows as they stand after
    it; `moved`, computed from all rows so far, those of this publication.
    """
    rows = contract.meta["publish"]["rows"]
    if rows in ("added", "summed"):
        return table_sql(contract.name, f"publication_sequence = {publication.sequence}")
    state = table_sql(contract.name, f"publication_sequence <= {publication.sequence}")
    if rows == "state":
        return state
    return (
        f"select * from ({state}) as moved where close_date = date '{publication.close_date}' "
        f"and publication_no = {publication.number}"
    )


def file_of(published: Path, contract: TableContract, publication: Publication) -> Path:
    """Where the file of a table and publication lies."""
    name = f"{publication.close_date}-{publication.number}.parquet"
    return published / "parquet" / contract.name / name


def write_file(
    con: duckdb.DuckDBPyConnection,
    contract: TableContract,
    publication: Publication,
    published: Path,
) -> None:
    """Write one file below `published` under a temporary name and move it into place."""
    path = file_of(published, contract, publication)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    keys = ", ".join(contract.meta["publish"]["key"])
    query = f"select * from ({publication_sql(contract, publication)}) as ordered order by {keys}"
    # Straight from the query, the encoding would depend on whether the stored column had a NULL later.
    con.execute(f"create or replace temp table written_rows as {query}")
    con.execute(f"copy written_rows to '{_quoted(part)}' (format parquet, compression zstd)")
    con.execute("drop table written_rows")
    # Before the file is seen: one that is there has its hash.
    note_file(con, published, path, part)
    part.replace(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
