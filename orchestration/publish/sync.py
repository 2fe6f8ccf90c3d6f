"""The published folder follows `issued`: whatever state a crash left it in, a sync brings it to the last publication.

Belongs here: what is missing, and the order in which it is written. Does not belong here: how each file is made.

Nothing missing means that no file is touched. A folder that holds a publication which the warehouse does not know is
never written to: it is another company's, or the warehouse was restored from an older copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.errors import Refused
from orchestration.publish import finance_db, parquet
from orchestration.publish.files import remove_leftovers
from orchestration.publish.finance_views import finance_tables
from orchestration.publish.parquet import PublicationRow
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


@dataclass(frozen=True)
class SyncReport:
    """What a sync wrote: Parquet files, and whether finance.duckdb was `kept`, `extended` or `built` anew."""

    parquet_files: list[Path] = field(default_factory=list)
    finance_file: str = "kept"

    @property
    def is_unchanged(self) -> bool:
        return not self.parquet_files and self.finance_file == "kept"


def sync_published(ws: Workspace) -> SyncReport:
    """Bring the published folder of `ws` up to the last visible publication.

    Args:
        ws: the workspace; its warehouse must be initialised.

    Returns:
        What was written. Before the first publication: nothing, and the folder is not made.

    Raises:
        Refused: the folder holds a publication that the warehouse does not know; it is left as it was.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        publications = _publications(con)
        if not publications:
            return SyncReport()
        check_folder(ws, con)
        tables = finance_tables()
        missing = parquet.missing_files(_parquet_folder(ws), publications, tables)
        state = finance_db.read_state(con, _finance_file(ws))
        held = finance_db.publications_held(con, state, publications, tables)
        # finance.duckdb last: who sees a publication in it finds its Parquet files.
        written = parquet.write_files(con, _parquet_folder(ws), missing)
        if held == len(publications):
            return SyncReport(written)
        remove_leftovers(ws.published)
        finance_db.extend(con, _finance_file(ws), publications, held, tables)
        return SyncReport(written, "extended" if held else "built")


def check_folder(ws: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    """Refuse a published folder that holds a publication which the warehouse does not know.

    Raises:
        Refused: names the folder and the publication.
    """
    known = {publication.publication_hash for publication in _publications(con)}
    held = parquet.published_hashes(con, _parquet_folder(ws))
    state = finance_db.read_state(con, _finance_file(ws))
    for publication_hash in state.publication_hashes if state else ():
        held.setdefault(publication_hash, finance_db.FILE_NAME)
    unknown = [name for publication_hash, name in held.items() if publication_hash not in known]
    if unknown:
        raise Refused(
            f"{ws.published}: {unknown[0]} holds a publication that {ws.warehouse_file} does not know: the folder is"
            " another warehouse's, or the warehouse is an older copy; give another folder with --published."
        )


def _publications(con: duckdb.DuckDBPyConnection) -> list[PublicationRow]:
    rows = con.execute(
        "select publication_sequence, close_date, publication_no, publication_hash"
        " from issued.publications order by publication_sequence"
    ).fetchall()
    return [PublicationRow(*row) for row in rows]


def _parquet_folder(ws: Workspace) -> Path:
    return ws.published / "parquet"


def _finance_file(ws: Workspace) -> Path:
    return ws.published / finance_db.FILE_NAME
