"""Bringing the published folder up to the last visible publication, whatever a crash left behind.

Belongs here: finding what is missing and having it written. Does not belong here: the formats (`parquet`,
`finance_db`, `statistics.page`) and the decision to publish (`append`).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from orchestration.errors import Refused
from orchestration.publish.finance_db import FILE_NAME, extend, held_hashes
from orchestration.publish.parquet import Publication, file_of, write_file
from orchestration.publish.tables import finance_tables
from orchestration.statistics import page
from orchestration.statistics.report import read_checks
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace


def sync_published(ws: Workspace) -> bool:
    """Write the files that the published folder lacks; True if it wrote any. Files that are there stay untouched.

    Parquet files come first and `finance.duckdb` last, so that who sees a publication in the one finds it in the other.

    Raises:
        Refused: the folder shows a publication that the warehouse does not know; it is left as it was.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        publications = _publications(con)
        held = refuse_foreign_folder(ws, con)
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
            write_file(con, contract, publication, ws.published)
        file = ws.published / FILE_NAME
        has_new_pages = _write_pages(ws, con, publications, held or ())
        known = tuple(publication.publication_hash for publication in publications)
        if held == known:
            return bool(missing) or has_new_pages
        # Anything but the beginning of the chain is a file with holes: made anew like a broken one.
        rebuild = held is None or held != known[: len(held)]
        later = [] if held is None or rebuild else publications[len(held) :]
        extend(con, file, later, rebuild=rebuild)
        return True


def _write_pages(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    publications: Sequence[Publication],
    held: Sequence[str],
) -> bool:
    """Write the page of each close's checks that is not there, or that was decided about; True if it wrote any.

    `held` are the publications that `finance.duckdb` shows already: of those, all that was decided is on the pages.
    """
    has_written = False
    new = {one.close_date for one in publications if one.publication_hash not in held}
    for close_date in sorted({publication.close_date for publication in publications}):
        if close_date not in new and page.file_of(ws.published, close_date).exists():
            continue
        close = read_checks(con, close_date)
        if close is not None:
            page.write_page(ws.published, close)
            has_written = True
    return has_written


def refuse_foreign_folder(ws: Workspace, con: duckdb.DuckDBPyConnection) -> tuple[str, ...] | None:
    """Refuse a folder whose `finance.duckdb` shows a publication that the warehouse does not know.

    It is another company's, or the warehouse was put back to an older copy: either way its invoices are out, and
    neither mixing two companies in one file nor taking invoices back is this command's to decide.

    Returns:
        The hashes of the publications that the file holds, in order; None as `held_hashes` does.

    Raises:
        Refused: names the file and the mend.
    """
    file = ws.published / FILE_NAME
    known = {publication.publication_hash for publication in _publications(con)}
    held = held_hashes(file)
    if set(held or ()) - known:
        raise Refused(
            f"{file}: it shows a publication that {ws.warehouse_file} does not know: the folder is another "
            "warehouse's, or the warehouse is an older copy; give another folder with --published."
        )
    return held


def _publications(con: duckdb.DuckDBPyConnection) -> list[Publication]:
    rows = con.execute(
        """
        select publication_sequence, close_date, publication_no, publication_hash
        from issued.publications
        order by publication_sequence
        """
    ).fetchall()
    return [Publication(*row) for row in rows]
