"""Loading a catalog folder as one version.

Belongs here: the content hash, which version is new, and the one transaction that writes it. Does not belong here:
what makes a folder valid (`examine`).

A version is written once and never changed. A folder that goes back to earlier content is that earlier version again;
`control.catalog_loads` tells which one was loaded last, and that one is in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.catalog.examine import examine_folder
from orchestration.catalog.findings import ERROR, WARNING, Finding
from orchestration.catalog.metric_checks import metric_terms
from orchestration.catalog.reader import (
    catalog_contracts,
    file_columns,
    reference_contracts,
    stray_files,
)
from orchestration.catalog.validate import Row
from orchestration.contracts import TableContract
from orchestration.control import latest_catalog_version
from orchestration.errors import BadInput
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import REFERENCE, Workspace

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class CatalogVersion:
    """A loaded version: `catalog_version` is a sha256 in hex, `row_counts` maps tables to rows (empty if not new).

    `warnings` are what `meterhouse catalog check` warns of, one line each; empty if the version is not new.
    """

    catalog_version: str
    version_number: int
    is_new: bool
    row_counts: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()


def check_catalog(ws: Workspace) -> list[Finding]:
    """Everything that is to be said of the catalog folder of `ws`, also in the light of what is billed; errors first.

    Raises:
        BadInput: there is no such folder.
    """
    _require(ws.catalog)
    examination = examine_folder(ws.catalog)
    if examination.is_complete and ws.warehouse_file.exists():
        try:
            with connect(ws, read_only=True) as con:
                examination.add_history(con)
        except BadInput as error:
            message = f"rows are not compared with what was billed: {error}"
            examination.findings.append(Finding(WARNING, "history", None, None, message))
    return sorted(examination.findings, key=lambda finding: finding.severity != ERROR)


def _require(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such catalog folder; give one by --catalog")


def load_catalog(ws: Workspace) -> CatalogVersion:
    """Load the catalog folder of `ws` if its content is new; otherwise only note which version is in force.

    Raises:
        BadInput: the folder is missing or has problems; nothing was written.
    """
    _require(ws.catalog)
    reference_version = _content_hash(REFERENCE, reference_contracts().values())
    version = hashlib.sha256(
        (_content_hash(ws.catalog, catalog_contracts().values()) + reference_version).encode()
    ).hexdigest()
    with writer_lock(ws, "catalog load"), connect(ws) as con:
        known = con.execute(
            "select version_number from catalog.versions where catalog_version = ?", [version]
        ).fetchone()
        if known and latest_catalog_version(con) == version:
            return CatalogVersion(version, known[0], is_new=False)
        examination = examine_folder(ws.catalog)
        if examination.is_complete:
            examination.add_history(con)
        if examination.errors:
            problems = [finding.text for finding in examination.errors]
            raise BadInput(_summary(ws.catalog, problems))
        if known:
            _note_load(con, version, ws.catalog)
            return CatalogVersion(version, known[0], is_new=False)
        loaded = _write(con, ws, version, reference_version, examination.tables)
    warnings = [finding.text for finding in examination.findings]
    return replace(loaded, warnings=tuple(warnings))


def _summary(folder: Path, problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    shown = "\n".join(problems[:SHOWN_PROBLEMS])
    more = len(problems) - SHOWN_PROBLEMS
    tail = f"\n… and {more} more" if more > 0 else ""
    return f"{folder}: {len(problems)} problems in the catalog; mend these rows:\n{shown}{tail}"


def _content_hash(folder: Path, contracts: Iterable[TableContract]) -> str:
    digest = hashlib.sha256()
    known = {str(contract.meta["file"]) for contract in contracts}
    # Stray files count too: adding one must not pass for a version that is known to be good.
    for name in sorted(known.union(stray_files(folder, known))):
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
    _insert_terms(con, version, tables)
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


def _insert_terms(
    con: duckdb.DuckDBPyConnection, version: str, tables: Mapping[str, Sequence[Row]]
) -> None:
    """The expressions of the version's metrics, multiplied out: so SQL adds up terms and parses nothing."""
    terms = list(metric_terms(tables))
    if terms:
        con.executemany(
            "insert into catalog.metric_terms (catalog_version, metric_code, term_number, property_name_1,"
            " property_name_2, numerator, denominator)"
            " values (?, ?, ?, ?, ?, cast(? as decimal(38, 0)), cast(? as decimal(38, 0)))",
            [
                [
                    version,
                    term.metric_code,
                    term.term_number,
                    term.property_name_1,
                    term.property_name_2,
                    str(term.numerator),
                    str(term.denominator),
                ]
                for term in terms
            ],
        )


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
