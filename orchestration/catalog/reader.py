"""CSV files of a catalog folder as rows of text, by header name.

Belongs here: files, encodings, headers and the number of fields. Does not belong here: types and allowed values
(`validate`), nor anything about two rows at once (`checks`).
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.contracts import TableContract, load_contracts

# The loader adds these; they are not columns of the file.
ADDED_COLUMNS = ("catalog_version", "reference_version", "row_number")


@dataclass(frozen=True)
class CatalogFile:
    """One file as text: `rows` are (line number, {column: text}), the header being line 1."""

    contract: TableContract
    file_name: str
    rows: Sequence[tuple[int, Mapping[str, str]]] = ()


@dataclass
class Reading:
    """Files that could be read, and a line for each thing that could not."""

    files: dict[str, CatalogFile] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def catalog_contracts() -> dict[str, TableContract]:
    """The contracts of the files of a catalog folder, by table name."""
    return {
        contract.name: contract
        for contract in load_contracts().values()
        if contract.schema == "catalog" and "file" in contract.meta
    }


def reference_contracts() -> dict[str, TableContract]:
    """The contracts of the reference files, by table name."""
    return {c.name: c for c in load_contracts().values() if c.schema == "reference"}


def read_folder(folder: Path, contracts: Mapping[str, TableContract]) -> Reading:
    """Read every file that `contracts` name; report missing, unknown and unreadable ones."""
    reading = Reading()
    known = {str(contract.meta["file"]) for contract in contracts.values()}
    for stray in stray_files(folder, known):
        hint = _nearest(stray, known)
        reading.problems.append(f"{stray}: not a file of the catalog; {hint or 'remove it'}")
    for name, contract in contracts.items():
        path = folder / contract.meta["file"]
        if path.is_file():
            _read_file(path, contract, reading)
        elif not contract.meta.get("optional"):
            reading.problems.append(
                f"{contract.meta['file']}: the file is missing; create it with the header "
                f"{','.join(file_columns(contract))}"
            )
        reading.files.setdefault(name, CatalogFile(contract, contract.meta["file"]))
    return reading


def file_columns(contract: TableContract) -> list[str]:
    """The columns that a file may have, in the order of its contract."""
    return [column.name for column in contract.columns if column.name not in ADDED_COLUMNS]


def stray_files(folder: Path, known: set[str]) -> list[str]:
    """CSV files of a folder that are none of `known`, by name; those of reference data stand beside the demo's."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))
    return sorted(name for name in found if name not in known and not name.startswith("reference/"))


def _read_file(path: Path, contract: TableContract, reading: Reading) -> None:
    name = str(contract.meta["file"])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reading.problems.append(f"{name}: cannot be read ({error.strerror}); check its permissions")
        return
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        reading.problems.append(f"{name} row {line}: not UTF-8 text; save the file as UTF-8")
        return
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, None)
        problems = _header_problems(name, header, contract)
        if header is None or problems:
            reading.problems.extend(problems)
            return
        reading.files[contract.name] = CatalogFile(
            contract, name, tuple(_rows(name, header, lines, reading.problems))
        )
    except csv.Error as error:
        reading.problems.append(f"{name} row {lines.line_num}: not CSV ({error}); mend the quotes")


def _header_problems(name: str, header: Sequence[str] | None, contract: TableContract) -> list[str]:
    columns = file_columns(contract)
    if header is None:
        return [f"{name}: the file is empty; its first line must be {','.join(columns)}"]
    required = [
        c.name for c in contract.columns if c.meta.get("required") and "default" not in c.meta
    ]
    problems = []
    for column in header:
        if column not in columns:
            hint = _nearest(column, columns) or f"the columns are {', '.join(columns)}"
            problems.append(f"{name} row 1: unknown column '{column}'; {hint}")
    problems += [
        f"{name} row 1: column '{column}' is missing; add it to the header"
        for column in required
        if column not in header
    ]
    problems += [
        f"{name} row 1: column '{column}' stands twice; remove one"
        for column in sorted({c for c in header if header.count(c) > 1})
    ]
    return problems


def _rows(name: str, header: Sequence[str], lines, problems: list[str]):
    for fields in lines:
        line = lines.line_num
        if not fields:
            continue
        if len(fields) != len(header):
            problems.append(
                f"{name} row {line}: {len(fields)} fields, but the header has {len(header)}; "
                "add or remove commas"
            )
            continue
        yield line, dict(zip(header, (value.strip() for value in fields), strict=True))


def _nearest(word: str, known: Sequence[str] | set[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"did you mean '{near[0]}'?" if near else ""
