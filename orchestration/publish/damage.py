"""Published Parquet files that are not what was written: a failing disk, or somebody's hand.

Belongs here: the hash of each file, kept in `control.published_files`, and comparing with it. Does not belong here:
writing the files (`parquet`) and those that are missing (`sync`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb


def note_file(con: duckdb.DuckDBPyConnection, published: Path, path: Path, content: Path) -> None:
    """Keep the hash of `content`, which becomes the file `path` below `published`."""
    name = path.relative_to(published).as_posix()
    con.execute("delete from control.published_files where file_name = ?", [name])
    con.execute("insert into control.published_files values (?, ?)", [name, _hash(content)])


def damaged_files(con: duckdb.DuckDBPyConnection, published: Path) -> list[str]:
    """The files below `published`, by name, whose bytes are not those that were written, or that cannot be read.

    Files of a release that kept no hashes are not looked at, nor are those that are missing: these are written anew.
    """
    rows = con.execute(
        "select file_name, content_hash from control.published_files order by file_name"
    ).fetchall()
    return [name for name, content_hash in rows if _is_other(published / name, content_hash)]


def _is_other(file: Path, content_hash: str) -> bool:
    try:
        return _hash(file) != content_hash
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
