"""Parquet: for each published table and publication one file, `<table>/<close_date>-<publication_no>.parquet`.

Belongs here: which files there should be, and writing them byte for byte the same whenever they are written. Does not
belong here: which publications there are (`sync`) and what a table holds (`sql/views`).

A table's `rows` decide what its file holds: `added` and `summed`, the publication's own rows; `state`, all rows as they
stand after it; `moved`, computed from all of them, the publication's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb

from orchestration.publish.files import quoted, remove_leftovers, swapped_in
from orchestration.publish.finance_views import FinanceTable
from orchestration.publish.scope import publications_between


@dataclass(frozen=True)
class PublicationRow:
    """What the files need to know of a publication."""

    publication_sequence: int
    close_date: date
    publication_no: int
    publication_hash: str

    @property
    def file_name(self) -> str:
        return f"{self.close_date}-{self.publication_no}.parquet"


def missing_files(
    folder: Path, publications: Sequence[PublicationRow], tables: Sequence[FinanceTable]
) -> list[tuple[PublicationRow, FinanceTable]]:
    """The files that `folder` (published/parquet) should hold and does not, by publication, then table."""
    present = {
        table.name: {file.name for file in (folder / table.name).glob("*.parquet")}
        for table in tables
    }
    return [
        (publication, table)
        for publication in publications
        for table in tables
        if publication.file_name not in present[table.name]
    ]


def write_files(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    missing: Iterable[tuple[PublicationRow, FinanceTable]],
) -> list[Path]:
    """Write the files that `missing_files` names; returns their paths in that order."""
    written = []
    for publication, pairs in groupby(missing, key=lambda pair: pair[0]):
        sequence = publication.publication_sequence
        tables = [table for _, table in pairs]
        for first, group in (
            (sequence, [table for table in tables if table.rows in ("added", "summed")]),
            (1, [table for table in tables if table.rows in ("state", "moved")]),
        ):
            if group:
                with publications_between(con, first, sequence):
                    written += [_write(con, folder, publication, table) for table in group]
    return written


def _write(
    con: duckdb.DuckDBPyConnection, folder: Path, publication: PublicationRow, table: FinanceTable
) -> Path:
    file = folder / table.name / publication.file_name
    own = (
        f"where close_date = date '{publication.close_date}'"
        f" and publication_no = {publication.publication_no}"
        if table.rows == "moved"
        else ""
    )
    remove_leftovers(file.parent)
    with swapped_in(file) as temporary:
        con.execute(
            f"copy (select {table.typed_columns} from ({table.query}) as rows {own}"
            f" order by {table.order}) to {quoted(temporary)}"
            " (format parquet, compression zstd,"
            f" kv_metadata {{publication_hash: '{publication.publication_hash}'}})"
        )
    return file


def published_hashes(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    """What `folder` (published/parquet) says was published: publication_hash → the name of its file."""
    files = sorted((folder / "publications").glob("*.parquet"))
    if not files:
        return {}
    listed = ", ".join(quoted(file) for file in files)
    rows = con.execute(
        f"select publication_hash, filename from read_parquet([{listed}], filename = true)"
    ).fetchall()
    return {publication_hash: Path(name).name for publication_hash, name in rows}
