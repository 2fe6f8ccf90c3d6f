"""The scratch warehouse of a preview: its inputs are views of production's, its drafts are its own.

Belongs here: making it, and making it anew when it cannot be used. Does not belong here: what is built in it (`run`).

Production is attached read-only under the name that `warehouse.PRODUCTION` gives, by every connection and by dbt. What
a run says of itself (`control`) is the scratch warehouse's own, so that the models of a close need not know.
"""

from __future__ import annotations

from orchestration.errors import BadInput
from orchestration.migrate import kept_tables, missing_objects
from orchestration.warehouse import PRODUCTION, connect, writer_lock
from orchestration.workspace import Workspace

PURPOSE = "preview"
_OWN_SCHEMA = "control"


def refuse_older_release(ws: Workspace) -> None:
    """Refuse a warehouse that lacks what this release reads: a preview does not upgrade it.

    Raises:
        BadInput: a table or column is missing; names the first one.
    """
    with connect(ws, read_only=True) as con:
        # What a run says of itself is the scratch warehouse's own.
        missing = [name for name in missing_objects(con) if not name.startswith(f"{_OWN_SCHEMA}.")]
    if missing:
        raise BadInput(
            f"{ws.warehouse_file}: {missing[0]} is missing, because an older release made the warehouse; "
            "run `meterhouse init`, which adds to it, then run the command again."
        )


def make_scratch(ws: Workspace) -> Workspace:
    """The scratch warehouse of production `ws`, with views of its inputs as they are now. Called under its lock.

    What a preview that was killed left there is written over; a file that cannot be opened is made anew, as nothing in
    it is worth keeping.

    Raises:
        BadInput: another program holds one of the two files.
    """
    scratch = ws.scratch(PURPOSE)
    with writer_lock(scratch, PURPOSE):
        try:
            _make_inputs(scratch)
        except BadInput:
            if not _is_broken(scratch):
                raise
            for file in scratch.warehouse.glob("warehouse.duckdb*"):
                file.unlink()
            _make_inputs(scratch)
    return scratch


def _is_broken(scratch: Workspace) -> bool:
    """Whether the scratch file is what cannot be opened, and not production's."""
    try:
        with connect(
            Workspace(scratch.catalog, scratch.landing, scratch.warehouse, scratch.published)
        ):
            return False
    except BadInput as error:
        return "cannot be opened" in str(error)


def _make_inputs(scratch: Workspace) -> None:
    with connect(scratch) as con:
        con.execute("begin")
        for contract in kept_tables():
            con.execute(f"create schema if not exists {contract.schema}")
            if contract.schema == _OWN_SCHEMA:
                columns = ", ".join(
                    f'"{column.name}" {column.data_type}' for column in contract.columns
                )
                con.execute(f"create table if not exists {contract.full_name} ({columns})")
            else:
                con.execute(
                    f"create or replace view {contract.full_name} as"
                    f" select * from {PRODUCTION}.{contract.full_name}"
                )
        con.execute("commit")
