"""What follows the dbt project rather than the data: its digest, its manifest, and the views that stand on it.

Belongs here: telling whether the project changed since this workspace last saw it, and making manifest and views anew
if so. Does not belong here: the drafts of a close, which every close builds, and schemas and tables (`migrate`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from orchestration.dbt_runner import (
    DERIVED_TERMS_MODEL,
    TERMS_MODEL,
    DbtResult,
    prepare_args,
    run_dbt,
)
from orchestration.errors import MeterhouseError, OffenderTable, Refused
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import DBT_PROJECT, REPO, Workspace

PROJECT_FOLDERS = (DBT_PROJECT, REPO / "macros")

# dbt writes these into the project folder when it is run by hand; they are results, not project.
_NOT_PROJECT = {"target", "logs", "dbt_packages", "__pycache__"}
_MANIFEST = "manifest.json"
_MANIFEST_DIGEST = "manifest.digest"


def project_digest(folders: Iterable[Path] = PROJECT_FOLDERS) -> str:
    """The sha256 (hex) over names and bytes of all files of the dbt project, in name order.

    Args:
        folders: the project's folders; each file is named relative to its folder's parent, so that a moved clone
            has the digest of the original.

    Returns:
        64 hex digits; equal for equal content, whatever the times and places of the files.
    """
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(_project_files(folder)):
            digest.update(str(file.relative_to(folder.parent)).encode())
            digest.update(b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _project_files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        # Hidden files are an editor's or dbt's own (.user.yml), never read as part of the project.
        if entry.name.startswith(".") or entry.name in _NOT_PROJECT:
            continue
        if entry.is_dir():
            yield from _project_files(entry)
        elif entry.is_file():
            yield entry


def prepare_views(ws: Workspace) -> bool:
    """Build the staging views and the schedule of periods, if the project changed since they were built.

    The due check reads them before any close has run in this warehouse. Every close builds the schedule anew, the
    staging views stand until the project changes.

    Returns:
        True if the views were built, False if they were up to date.

    Raises:
        Refused: dbt could not build them; the message names the model.
    """
    digest = project_digest()
    with writer_lock(ws, "prepare"):
        with connect(ws) as con:
            if con.execute("select project_digest from control.prepared").fetchall() == [(digest,)]:
                return False
        result = run_dbt(ws, prepare_args(is_scratch=ws.production is not None))
        if not result.success or not result.nodes:
            raise dbt_refusal("The views over the sources could not be built", result)
        with connect(ws) as con:
            con.execute("begin")
            con.execute("delete from control.prepared")
            con.execute("insert into control.prepared (project_digest) values (?)", [digest])
            con.execute("commit")
    return True


def refresh_terms(con: duckdb.DuckDBPyConnection) -> None:
    """Derive the terms of subscriptions anew, as a close does, for the views that tell what is due in `control.run`.

    Args:
        con: a read-write connection.
    """
    con.execute(
        f"create or replace table subscriptions.{TERMS_MODEL} as"
        f" select * from subscriptions.{DERIVED_TERMS_MODEL}"
    )


def is_prepared(ws: Workspace, digest: str) -> bool:
    """Whether a close built the project with this digest here: its views stand, and its manifest is that of `ws`."""
    with connect(ws) as con:
        rows = con.execute("select project_digest, views_digest from control.prepared").fetchall()
    return rows == [(digest, digest)] and _is_manifest_of(ws, digest)


def note_prepared(ws: Workspace, digest: str) -> None:
    """Note that a close built the project with this digest here, so that the next one need not build all of it."""
    with connect(ws) as con:
        con.execute(
            "update control.prepared set views_digest = ? where project_digest = ?", [digest] * 2
        )
    (ws.target_path / _MANIFEST_DIGEST).write_text(digest, encoding="utf-8")


def _is_manifest_of(ws: Workspace, digest: str) -> bool:
    stamp = ws.target_path / _MANIFEST_DIGEST
    is_current = stamp.exists() and stamp.read_text(encoding="utf-8") == digest
    return is_current and (ws.target_path / _MANIFEST).exists()


def ensure_manifest(ws: Workspace) -> Mapping[str, Any]:
    """The dbt manifest of workspace `ws`, parsed anew only if the project changed since it was written.

    Raises:
        MeterhouseError: the project does not parse; the message is dbt's first line.
    """
    digest = project_digest()
    ws.target_path.mkdir(parents=True, exist_ok=True)
    # Several Dagster processes load the definitions at once: one parses, the others wait for its file.
    with FileLock(ws.target_path / "manifest.lock"):
        if _is_manifest_of(ws, digest):
            # Each invocation of dbt writes it, and one that was killed may have left half of it.
            with contextlib.suppress(ValueError):
                return read_manifest(ws)
        result = run_dbt(ws, ["parse"])
        if not result.success:
            raise dbt_refusal("The dbt project does not parse", result)
        (ws.target_path / _MANIFEST_DIGEST).write_text(digest, encoding="utf-8")
        return read_manifest(ws)


def read_manifest(ws: Workspace) -> Mapping[str, Any]:
    """The manifest that dbt's last invocation in workspace `ws` wrote."""
    return json.loads((ws.target_path / _MANIFEST).read_text(encoding="utf-8"))


def dbt_refusal(sentence: str, result: DbtResult) -> MeterhouseError:
    """An error for a failed dbt invocation: its own exception, or the table of the nodes that failed."""
    if result.exception is not None:
        reason = first_line(str(result.exception)) or type(result.exception).__name__
        return Refused(f"{sentence}: {reason}")
    if not result.nodes:
        return Refused(f"{sentence}: the selection matched no model; is the project complete?")
    return Refused(f"{sentence}.", [failed_nodes(result)])


def failed_nodes(result: DbtResult) -> OffenderTable:
    """The models and tests of `result` that erred, with dbt's message on one line each."""
    rows: Sequence[Sequence[Any]] = [
        (node.name, node.status, first_line(node.message or ""))
        for node in result.not_ok
        if node.status != "skipped"
    ]
    return OffenderTable("What dbt could not build", ("name", "status", "message"), rows)


def first_line(message: str) -> str:
    """`message` on one line, without the indentation of dbt's and DuckDB's many-line errors."""
    return " ".join(message.split())[:500]
