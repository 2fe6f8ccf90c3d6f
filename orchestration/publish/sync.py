"""Bringing the published folder up to the last visible publication, whatever a crash left behind.

Belongs here: finding what is missing and having it written. Does not belong here: the formats (`parquet`,
`finance_db`) and the decision to publish (`append`).
"""

from __future__ import annotations

import duckdb

from orchestration.publish.finance_db import FILE_NAME, extend, last_sequence
from orchestration.publish.parquet import Publication, file_of, write_file
from orchestration.publish.tables import finance_tables
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


def sync_published(ws: Workspace) -> bool:
    """Write the files that the published folder lacks; True if it wrote any. Files that are there stay untouched.

    Parquet files come first and `finance.duckdb` last, so that who sees a publication in the one finds it in the other.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        publications = _publications(con)
        if not publications:
            return False
        con.execute("set threads = 1")
        ws.published.mkdir(parents=True, exist_ok=True)
        missing = [
            (contract, publication)
            for publication in publications
            for contract in finance_tables()
            if not file_of(ws.published, contract, publication).exists()
        ]
        for contract, publication in missing:
            write_file(con, contract, publication, file_of(ws.published, contract, publication))
        file = ws.published / FILE_NAME
        held = last_sequence(file)
        if held == publications[-1].sequence:
            return bool(missing)
        # A file that is ahead of the warehouse belongs to another one: it is made anew like a broken one.
        rebuild = held is None or held > publications[-1].sequence
        later = [p for p in publications if held is not None and p.sequence > held]
        extend(con, file, later, rebuild=rebuild)
        return True


def _publications(con: duckdb.DuckDBPyConnection) -> list[Publication]:
    rows = con.execute(
        """
        select publication_sequence, close_date, publication_no
        from issued.publications
        order by publication_sequence
        """
    ).fetchall()
    return [Publication(*row) for row in rows]
