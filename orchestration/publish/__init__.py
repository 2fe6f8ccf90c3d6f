"""Publication: drafts that the gate passed become issued documents, then files that finance and BI read.

Belongs here: the one transaction that appends to schema `issued` (`append`), what binds it to the gate (`digest`), the
views, Parquet files and `finance.duckdb` made from it. Does not belong here: what a document says; that is the SQL of
the stages, and nothing here changes an amount.
"""

from __future__ import annotations

from orchestration.close_run import CloseRun
from orchestration.publish.append import Publication, append
from orchestration.publish.digest import drafts_digest
from orchestration.publish.sync import SyncReport, check_folder, sync_published
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

__all__ = ["Publication", "SyncReport", "drafts_digest", "publish", "sync_published"]


def publish(ws: Workspace, run: CloseRun) -> Publication:
    """Append the drafts of `run` to `issued` in one transaction, then bring the published folder up to it.

    A crash between the two leaves the documents issued and the folder as it was; `sync_published` finishes the job.

    Args:
        ws: the workspace.
        run: the close whose drafts stand in the warehouse.

    Returns:
        The publication.

    Raises:
        Refused: the gate has not passed exactly these rows, `run` is not the running close or is published already,
            a number would be given twice or left out, or the published folder belongs to another warehouse. Nothing
            has changed then.
    """
    with writer_lock(ws, "publish"), connect(ws) as con:
        # Before the commit: documents whose files can never be written must not be issued.
        check_folder(ws, con)
        publication = append(con, run)
    sync_published(ws)
    return publication
