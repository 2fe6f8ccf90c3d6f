"""finance.duckdb: the published tables in one file that any DuckDB client reads while closes go on.

Belongs here: what the file holds already, and extending it in a copy that then takes its place. Does not belong here:
the rows (`sql/views`) and when it is done (`sync`).

The warehouse file cannot serve BI: DuckDB locks it, so a reader would block closes and a close would block readers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.publish.files import quoted, swapped_in
from orchestration.publish.finance_views import FinanceTable
from orchestration.publish.parquet import PublicationRow
from orchestration.publish.scope import publications_between

FILE_NAME = "finance.duckdb"
#: The oldest that can hold the tables, so that clients older than the warehouse's DuckDB read the file.
STORAGE_VERSION = "v1.0.0"
_ALIAS = "finance_file"
_UPCOMING = "upcoming_rows"


@dataclass(frozen=True)
class FileState:
    """What a finance.duckdb holds: its publications' hashes in order, and each table's (column, type) pairs."""

    publication_hashes: tuple[str, ...]
    tables: dict[str, tuple[tuple[str, str], ...]]


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, file: Path, options: str = "") -> Iterator[None]:
    con.execute(f"attach {quoted(file)} as {_ALIAS} {options}")
    try:
        yield
    finally:
        con.execute(f"detach {_ALIAS}")


def read_state(con: duckdb.DuckDBPyConnection, file: Path) -> FileState | None:
    """What `file` holds, or None if it is missing or cannot be read."""
    if not file.exists():
        return None
    try:
        return _read_state(con, file)
    except duckdb.Error:
        # Another program may hold the file for writing; a copy tells whether it is sound all the same.
        with swapped_out_copy(file) as copy:
            try:
                return _read_state(con, copy)
            except duckdb.Error:
                return None


@contextmanager
def swapped_out_copy(file: Path) -> Iterator[Path]:
    copy = file.with_name(f".writing-check-{file.name}")
    shutil.copyfile(file, copy)
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _read_state(con: duckdb.DuckDBPyConnection, file: Path) -> FileState:
    with attached(con, file, "(read_only)"):
        hashes = con.execute(
            f"select publication_hash from {_ALIAS}.main.publications order by publication_sequence"
        ).fetchall()
        columns = con.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where database_name = ? and schema_name = 'main' order by table_name, column_index",
            [_ALIAS],
        ).fetchall()
    tables: dict[str, tuple[tuple[str, str], ...]] = {}
    for table, column, data_type in columns:
        tables[table] = (*tables.get(table, ()), (column, data_type))
    return FileState(tuple(publication_hash for (publication_hash,) in hashes), tables)


def publications_held(
    con: duckdb.DuckDBPyConnection,
    state: FileState | None,
    publications: Sequence[PublicationRow],
    tables: Sequence[FinanceTable],
) -> int:
    """How many of `publications`, from the first, the file holds in today's tables; 0 if it must be built anew."""
    if state is None:
        return 0
    expected = {
        table.name: tuple(
            row[:2] for row in con.execute(f"describe finance.{table.name}").fetchall()
        )
        for table in tables
    }
    hashes = tuple(publication.publication_hash for publication in publications)
    held = len(state.publication_hashes)
    is_sound = state.tables == expected and state.publication_hashes == hashes[:held]
    return held if is_sound else 0


def extend(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    publications: Sequence[PublicationRow],
    held: int,
    tables: Sequence[FinanceTable],
) -> None:
    """Bring `file` from the first `held` of `publications` to all of them, in a copy that is swapped in.

    Args:
        con: a read-write connection to the warehouse, outside a transaction.
        file: finance.duckdb; with `held` 0 it is built anew, whatever stands there.
        publications: all visible ones, in order of publication_sequence; at least one.
        held: what `publications_held` said.
        tables: the published tables.
    """
    first_new = publications[held].publication_sequence
    last = publications[-1].publication_sequence
    with swapped_in(file) as temporary:
        if held:
            shutil.copyfile(file, temporary)
        with attached(con, temporary, f"(storage_version '{STORAGE_VERSION}')"):
            if not held:
                for table in tables:
                    _make_table(con, table)
            with publications_between(con, first_new, last):
                for table in (t for t in tables if t.rows in ("added", "summed")):
                    _add(con, table)
            with publications_between(con, 1, last):
                for table in (t for t in tables if t.rows == "state"):
                    con.execute(f"delete from {_ALIAS}.main.{table.name}")
                    _insert(con, table)
                for table in (t for t in tables if t.rows == "moved"):
                    _insert(con, table, f"where {_is_new(publications[held:])}")
        # A stale write-ahead log of a client that wrote into the old file does not belong to the new one.
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def _make_table(con: duckdb.DuckDBPyConnection, table: FinanceTable) -> None:
    name = f"{_ALIAS}.main.{table.name}"
    columns = ", ".join(f"{column.name} {column.data_type}" for column in table.columns)
    con.execute(f"create table {name} ({columns})")
    # The descriptions travel with the file, to where BI tools show them.
    con.execute(f"comment on table {name} is {_literal(table.description)}")
    for column in table.columns:
        con.execute(f"comment on column {name}.{column.name} is {_literal(column.description)}")


def _add(con: duckdb.DuckDBPyConnection, table: FinanceTable) -> None:
    if table.rows == "added":
        _insert(con, table)
        return
    # Rows of a key that the file has already take up the new amounts: both are summed, then stand once.
    keys = ", ".join(table.key)
    same_key = " and ".join(f"held.{name} is not distinct from new.{name}" for name in table.key)
    sums = ", ".join(
        c.name if c.name in table.key else f"cast(sum({c.name}) as {c.data_type}) as {c.name}"
        for c in table.columns
    )
    con.execute(
        f"create or replace temp table {_UPCOMING} as"
        f" with new as (select {table.typed_columns} from ({table.query}) as rows),"
        f" held as (select held.* from {_ALIAS}.main.{table.name} as held"
        f" semi join new on {same_key}),"
        " both_sides as (select * from held union all select * from new)"
        f" select {sums} from both_sides group by {keys}"
    )
    con.execute(
        f"delete from {_ALIAS}.main.{table.name} as held using temp.{_UPCOMING} as new"
        f" where {same_key}"
    )
    con.execute(
        f"insert into {_ALIAS}.main.{table.name} ({table.column_list})"
        f" select {table.column_list} from temp.{_UPCOMING} order by {table.order}"
    )
    con.execute(f"drop table temp.{_UPCOMING}")


def _insert(con: duckdb.DuckDBPyConnection, table: FinanceTable, condition: str = "") -> None:
    con.execute(
        f"insert into {_ALIAS}.main.{table.name} ({table.column_list})"
        f" select {table.typed_columns} from ({table.query}) as rows {condition} order by {table.order}"
    )


def _is_new(publications: Sequence[PublicationRow]) -> str:
    pairs = ", ".join(f"(date '{p.close_date}', {p.publication_no})" for p in publications)
    return f"(close_date, publication_no) in ({pairs})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
