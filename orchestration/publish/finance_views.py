"""The views of schema `finance`: what BI reads inside the warehouse, and the one definition of every published table.

Belongs here: making the views, and what their contract says about publishing them. Does not belong here: their SQL
(`sql/views`, one file per view) and the files made from it (`parquet`, `finance_db`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from orchestration.contracts import ColumnContract, load_contracts

VIEWS = Path(__file__).parent / "sql" / "views"


@dataclass(frozen=True)
class FinanceTable:
    """A published table: `rows` and `key` as its contract's `meta.publish` says, `query` over schema `issued`."""

    name: str
    description: str
    columns: tuple[ColumnContract, ...]
    rows: str
    key: tuple[str, ...]
    query: str

    @property
    def column_list(self) -> str:
        return ", ".join(column.name for column in self.columns)

    @property
    def order(self) -> str:
        return ", ".join(f"{name} nulls last" for name in self.key)

    @property
    def typed_columns(self) -> str:
        """The select list that gives every column its contract's type."""
        return ", ".join(f"cast({c.name} as {c.data_type}) as {c.name}" for c in self.columns)


@cache
def finance_tables() -> tuple[FinanceTable, ...]:
    """The published tables in the order of their contracts."""
    return tuple(
        FinanceTable(
            name=contract.name,
            description=contract.description,
            columns=tuple(contract.columns),
            rows=contract.meta["publish"]["rows"],
            key=tuple(contract.meta["publish"]["key"]),
            query=(VIEWS / f"{contract.name}.sql").read_text(encoding="utf-8"),
        )
        for contract in load_contracts().values()
        if contract.schema == "finance"
    )


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make or replace every view of schema `finance`; the tables of `issued` must be there.

    Args:
        con: a read-write connection; works inside a transaction of the caller.
    """
    con.execute("create schema if not exists finance")
    for table in finance_tables():
        con.execute(f"create or replace view finance.{table.name} as\n{table.query}")
