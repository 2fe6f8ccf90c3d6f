"""Schemas and tables of the warehouse, created and upgraded from the contracts: `meterhouse init`.

Belongs here: additive changes to what outlives a close (control, landing, catalog, reference, issued) and the views of
finance over it. Does not belong here: drafts, which dbt builds anew in every close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from orchestration.contracts import TableContract, load_contracts
from orchestration.errors import Refused
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

KEPT_SCHEMAS = ("control", "landing", "catalog", "reference", "issued")


@dataclass(frozen=True)
class InitReport:
    """What `init` changed: `schema.table` names, and `schema.table.column` names; both empty when up to date."""

    created: tuple[str, ...]
    added_columns: tuple[str, ...]


def init(ws: Workspace) -> InitReport:
    """Create what is missing in the warehouse of `ws` and add columns that a newer contract has. Loses no row.

    Raises:
        Refused: a column has another type than its contract; the message names both.
        BadInput: another process holds the warehouse.
    """
    from orchestration.publish.finance_views import create

    ws.warehouse.mkdir(parents=True, exist_ok=True)
    with writer_lock(ws, "init"), connect(ws) as con:
        con.execute("begin")
        report = _upgrade(con)
        create(con)
        con.execute("commit")
    return report


def kept_tables() -> Iterator[TableContract]:
    """The contracts of the tables that outlive a close, in order of their names."""
    for _, contract in sorted(load_contracts().items()):
        is_kept_model = contract.schema == "landing" and contract.materialized == "incremental"
        if contract.schema in KEPT_SCHEMAS and (contract.is_source or is_kept_model):
            yield contract


def has_table(con: duckdb.DuckDBPyConnection, full_name: str) -> bool:
    """Whether the warehouse has the table `schema.table`, which one of an older release may lack."""
    return full_name in _existing_columns(con)


def missing_objects(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The kept tables, and columns of those that are there, that `init` would add: `schema.table[.column]`."""
    existing = _existing_columns(con)
    missing = []
    for contract in kept_tables():
        columns = existing.get(contract.full_name)
        if columns is None:
            missing.append(contract.full_name)
            continue
        names = (column.name for column in contract.columns if column.name not in columns)
        missing += [f"{contract.full_name}.{name}" for name in names]
    return missing


def _upgrade(con: duckdb.DuckDBPyConnection) -> InitReport:
    for schema in KEPT_SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    existing = _existing_columns(con)
    created, added = [], []
    for contract in kept_tables():
        columns = existing.get(contract.full_name)
        if columns is None:
            definition = ", ".join(
                f'"{column.name}" {column.data_type}' for column in contract.columns
            )
            con.execute(f"create table {contract.full_name} ({definition})")
            created.append(contract.full_name)
            continue
        for column in contract.columns:
            if column.name not in columns:
                con.execute(
                    f'alter table {contract.full_name} add column "{column.name}" {column.data_type}'
                )
                added.append(f"{contract.full_name}.{column.name}")
            elif columns[column.name] != _type_name(con, column.data_type):
                raise Refused(
                    f"{contract.full_name}.{column.name} is {columns[column.name]} in the warehouse and "
                    f"{_type_name(con, column.data_type)} in its contract; a type cannot be changed in place: "
                    "add a column of another name, or start a new warehouse folder."
                )
    return InitReport(tuple(created), tuple(added))


def _existing_columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    rows = con.execute(
        """
        select table_schema || '.' || table_name, column_name, data_type
        from information_schema.columns
        where table_catalog = current_database()
        """
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        tables.setdefault(table, {})[column] = data_type
    return tables


def _type_name(con: duckdb.DuckDBPyConnection, data_type: str) -> str:
    """DuckDB's own name of a type: `text` and `varchar` are one."""
    row = con.execute(f"select typeof(cast(null as {data_type}))").fetchone()
    return str(row[0]) if row else data_type
