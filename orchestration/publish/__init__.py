"""Publication: from judged drafts to what finance reads.

Belongs here: appending to `issued`, the views of finance, Parquet files and `finance.duckdb`. Does not belong here:
what an invoice says; that is settled in the drafts.
"""

from orchestration.close_run import CloseRun
from orchestration.publish.append import append
from orchestration.publish.sync import refuse_foreign_folder, sync_published
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

__all__ = ["publish", "sync_published"]


def publish(ws: Workspace, run: CloseRun) -> int:
    """Publish the drafts of `run` and bring the published folder up to date; returns the publication_sequence.

    Raises:
        Refused: the gate has not passed exactly the rows that stand in the drafts.
    """
    with writer_lock(ws, "publish"):
        with connect(ws) as con:
            # Before the commit: documents that can never be shown must not be issued.
            refuse_foreign_folder(ws, con)
        sequence = append(ws, run)
        sync_published(ws)
    return sequence
