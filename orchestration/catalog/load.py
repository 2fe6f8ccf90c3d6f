"""Loading a catalog folder as one version.

Belongs here: the content hash, which version is new, and the one transaction that writes it. Does not belong here:
what makes a folder valid (`reader`, `validate`, `checks`).

A version is written once and never changed. A folder that goes back to earlier content is that earlier version again;
`control.catalog_loads` tells which one was loaded last, and that one is in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.catalog.checks import all_checks
from orchestration.catalog.reader import (
    catalog_contracts,
    file_columns,
    read_folder,
    reference_contracts,
)
from orchestration.catalog.validate import Row, typed_rows
from orchestration.contracts import TableContract
from orchestration.control import latest_catalog_version
from orchestration.errors import BadInput
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import REFERENCE, Workspace

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class CatalogVersion:
    """A loaded version: `catalog_version` is a sha256 in hex, `row_counts` maps tables to rows (empty if not new)."""

    catalog_version: str
    version_number: int
    is_new: bool
    row_counts: Mapping[str, int] = field(default_factory=dict)


def check_folder(ws: Workspace) -> list[str]:
    """All problems of the catalog folder of `ws`, one line each; empty if it could be loaded."""
    return _read(ws.catalog)[1]


def load_catalog(ws: Workspace) -> CatalogVersion:
    """Load the catalog folder of `ws` if its content is new; otherwise only note which version is in force.

    Raises:
        BadInput: the folder is missing or has problems; nothing was written.
    """
    if not ws.catalog.is_dir():
        raise BadInput(f"{ws.catalog}: no such catalog folder; give one by --catalog")
    reference_version = _content_hash(REFERENCE, reference_contracts().values())
    version = hashlib.sha256(
        (_content_hash(ws.catalog, catalog_contracts().values()) + reference_version).encode()
    ).hexdigest()
    with writer_lock(ws, "catalog load"), connect(ws) as con:
        known = con.execute(
            "select version_number from catalog.versions where catalog_version = ?", [version]
        ).fetchone()
        if known:
            if latest_catalog_version(con) != version:
                _note_load(con, version, ws.catalog)
            return CatalogVersion(version, known[0], is_new=False)
        tables, problems = _read(ws.catalog)
        if problems:
            raise BadInput(_summary(ws.catalog, problems))
        return _write(con, ws, version, reference_version, tables)


def _read(folder: Path) -> tuple[dict[str, list[Row]], list[str]]:
    """Typed rows by table, of the folder and of the reference data; and the problems of the folder."""
    reading = read_folder(folder, catalog_contracts())
    problems = reading.problems
    tables = {name: typed_rows(file, problems) for name, file in reading.files.items()}
    reference = read_folder(REFERENCE, reference_contracts())
    for name, file in reference.files.items():
        tables[name] = typed_rows(file, problems)
    problems.extend(reference.problems)
    # Checks between rows would only repeat what a missing or mistyped value has already said.
    if not problems:
        problems.extend(all_checks(reading.files, tables))
    return tables, problems


def _summary(folder: Path, problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    shown = "\n".join(problems[:SHOWN_PROBLEMS])
    more = len(problems) - SHOWN_PROBLEMS
    tail = f"\n… and {more} more" if more > 0 else ""
    return f"{folder}: {len(problems)} problems in the catalog; mend these rows:\n{shown}{tail}"


def _content_hash(folder: Path, contracts) -> str:
    digest = hashlib.sha256()
    names = {str(contract.meta["file"]) for contract in contracts}
    # Stray files count too: adding one must not pass for a version that is known to be good.
    names |= {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.csv")
        if not path.relative_to(folder).as_posix().startswith("reference/")
    }
    for name in sorted(names):
        path = folder / name
        if path.is_file():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _write(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    version: str,
    reference_version: str,
    tables: Mapping[str, Sequence[Row]],
) -> CatalogVersion:
    row = con.execute(
        "select coalesce(max(version_number), 0) + 1 from catalog.versions"
    ).fetchone()
    number = int(row[0]) if row else 1
    con.execute("begin")
    for contract in catalog_contracts().values():
        _insert(con, contract, "catalog_version", version, tables[contract.name])
    is_known = con.execute(
        "select 1 from catalog.versions where reference_version = ? limit 1", [reference_version]
    ).fetchone()
    if not is_known:
        for contract in reference_contracts().values():
            _insert(con, contract, "reference_version", reference_version, tables[contract.name])
    con.execute(
        "insert into catalog.versions (catalog_version, version_number, reference_version) values (?, ?, ?)",
        [version, number, reference_version],
    )
    _note_load(con, version, ws.catalog)
    con.execute("commit")
    counts = {name: len(tables[name]) for name in catalog_contracts()}
    return CatalogVersion(version, number, is_new=True, row_counts=counts)


def _note_load(con: duckdb.DuckDBPyConnection, version: str, folder: Path) -> None:
    con.execute(
        "insert into control.catalog_loads (catalog_version, loaded_at, folder) values (?, ?, ?)",
        [version, datetime.now(UTC).replace(tzinfo=None), str(folder)],
    )


def _insert(
    con: duckdb.DuckDBPyConnection,
    contract: TableContract,
    version_column: str,
    version: str,
    rows: Sequence[Row],
) -> None:
    """Insert typed rows by way of Arrow text columns and casts: decimals go in digit by digit, never as floats."""
    if not rows:
        return
    columns = file_columns(contract)
    types = {column.name: column.data_type for column in contract.columns}
    arrays = {name: pa.array([_text(row[name]) for row in rows], pa.string()) for name in columns}
    arrays["row_number"] = pa.array([row.line for row in rows], pa.int32())
    incoming = pa.table(arrays)
    casts = ", ".join(f'cast("{name}" as {types[name]})' for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    con.register("incoming_catalog_rows", incoming)
    con.execute(
        f"insert into {contract.full_name} ({version_column}, row_number, {names}) "
        f"select ?, row_number, {casts} from incoming_catalog_rows",
        [version],
    )
    con.unregister("incoming_catalog_rows")


def _text(value: object) -> str | None:
    """A typed value as text that casts back to itself; decimals without exponent."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
