"""`finance.duckdb`: the tables of finance in one file that BI can open at any time.

Belongs here: extending a copy of the file by the publications that it lacks, and swapping it in. Does not belong here:
what the tables show (`finance_views`). Readers that hold the old file open keep reading it until they open it anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.contracts import TableContract
from orchestration.publish.finance_views import table_sql
from orchestration.publish.parquet import Publication, publication_sql
from orchestration.publish.tables import finance_tables

FILE_NAME = "finance.duckdb"
# The oldest storage that this engine still writes: clients of any 1.x read it.
STORAGE_VERSION = "v1.0.0"


def held_hashes(file: Path) -> tuple[str, ...] | None:
    """The hashes of the publications that the file holds, in order; None if it is missing, unreadable or misshapen."""
    if not file.exists():
        return None
    try:
        with duckdb.connect(str(file), read_only=True) as con:
            for contract in finance_tables():
                columns = [row[0] for row in con.execute(f"describe {contract.name}").fetchall()]
                if columns != [column.name for column in contract.columns]:
                    return None
            rows = con.execute(
                "select publication_hash from publications order by publication_sequence"
            ).fetchall()
            return tuple(publication_hash for (publication_hash,) in rows)
    except duckdb.Error:
        return None


def extend(
    con: duckdb.DuckDBPyConnection, file: Path, missing: Sequence[Publication], *, rebuild: bool
) -> None:
    """Bring `file` to the last publication: extend a copy of it by `missing`, or build it anew; then swap it in.

    Args:
        con: a connection to the warehouse.
        file: the published `finance.duckdb`.
        missing: publications that the file lacks, in order.
        rebuild: make every table from all publications, whatever the file holds.
    """
    part = file.with_suffix(".part")
    # With the log of a killed one, which would be played back onto the copy, as if it were its own.
    for leftover in (part, part.with_name(f"{part.name}.wal")):
        leftover.unlink(missing_ok=True)
    if not rebuild:
        shutil.copyfile(file, part)
    name = str(part).replace("'", "''")
    con.execute(f"attach '{name}' as finance_copy (storage_version '{STORAGE_VERSION}')")
    try:
        con.execute("begin")
        for contract in finance_tables():
            if rebuild:
                _create(con, contract)
            else:
                _extend_table(con, contract, missing)
        con.execute("commit")
        con.execute("checkpoint finance_copy")
    finally:
        con.execute("detach finance_copy")
    part.replace(file)


def _create(con: duckdb.DuckDBPyConnection, contract: TableContract) -> None:
    target = f"finance_copy.main.{contract.name}"
    definition = ", ".join(f'"{column.name}" {column.data_type}' for column in contract.columns)
    con.execute(f"create or replace table {target} ({definition})")
    keys = ", ".join(contract.meta["publish"]["key"])
    con.execute(
        f"insert into {target} select * from ({table_sql(contract.name)}) as rows_now order by {keys}"
    )
    for column in contract.columns:
        comment = " ".join(column.description.split()).replace("'", "''")
        con.execute(f"comment on column {target}.\"{column.name}\" is '{comment}'")


def _extend_table(
    con: duckdb.DuckDBPyConnection, contract: TableContract, missing: Sequence[Publication]
) -> None:
    target = f"finance_copy.main.{contract.name}"
    rows = contract.meta["publish"]["rows"]
    keys = contract.meta["publish"]["key"]
    order = ", ".join(keys)
    if rows == "state":
        con.execute(f"delete from {target}")
        con.execute(
            f"insert into {target} select * from ({table_sql(contract.name)}) as s order by {order}"
        )
        return
    for publication in missing:
        added = publication_sql(contract, publication)
        if rows == "summed":
            touched = " and ".join(f"target.{key} = added.{key}" for key in keys)
            con.execute(f"delete from {target} as target using ({added}) as added where {touched}")
            touched = " and ".join(f"total.{key} = added.{key}" for key in keys)
            state = table_sql(contract.name, f"publication_sequence <= {publication.sequence}")
            added = (
                f"select total.* from ({state}) as total inner join ({added}) as added on {touched}"
            )
        con.execute(f"insert into {target} select * from ({added}) as added_rows order by {order}")
