"""Which files lie in the landing folder, and which of them are new.

Belongs here: walking the folder, the formats by ending, and remembering a file by name, size and time so that its
bytes are hashed once. Does not belong here: reading lines (`readers`) and batches (`run`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import BadInput

FORMATS_BY_ENDING = {
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
}

HASH_BLOCK_BYTES = 1 << 20

RETRIED = "it is tried again at the next ingest"
LET_THE_WRITER_FINISH = f"let its writer finish, or send the file again; {RETRIED}"


@dataclass(frozen=True)
class FileProblem:
    """A file that was not loaded: `file` is its path in the landing folder, `mend` what to do about it."""

    file: str
    reason: str
    mend: str


class Unreadable(Exception):
    """A file that cannot be loaded as a whole, and therefore is not loaded at all."""

    def __init__(self, reason: str, mend: str = LET_THE_WRITER_FINISH) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


@dataclass(frozen=True)
class Stamp:
    """What changes when a file is written: size in bytes, time of modification in nanoseconds since 1970."""

    byte_count: int
    modified_ns: int


@dataclass(frozen=True)
class FoundFile:
    """A file with a known ending. `name` is its path in the landing folder, with forward slashes."""

    path: Path
    name: str
    file_format: str
    stamp: Stamp

    @property
    def is_gzipped(self) -> bool:
        return self.name.lower().endswith(".gz")


@dataclass(frozen=True)
class Discovery:
    """The landing folder: `files` and `problems`, both by name."""

    files: tuple[FoundFile, ...]
    problems: tuple[FileProblem, ...]

    @property
    def is_empty(self) -> bool:
        return not self.files and not self.problems


def discover(landing: Path) -> Discovery:
    """Look through the landing folder and its sub-folders. Hidden entries, somebody's bookkeeping, are passed over.

    Raises:
        BadInput: there is no such folder. An empty one is for the caller to judge.

    Example:
        >>> discover(Path("var/landing")).files[0].name  # doctest: +SKIP
        '2025-10/usage.jsonl.gz'
    """
    if not landing.exists():
        raise BadInput(
            f"{landing}: there is no such landing folder; create it and put usage files into it, "
            "or give another with --landing."
        )
    if not landing.is_dir():
        raise BadInput(f"{landing}: the landing folder is a file; give a folder with --landing.")
    files, problems = [], []
    for found in _walk(landing, landing):
        (problems if isinstance(found, FileProblem) else files).append(found)
    return Discovery(
        tuple(sorted(files, key=lambda file: file.name)),
        tuple(sorted(problems, key=lambda problem: problem.file)),
    )


def _walk(folder: Path, landing: Path) -> Iterator[FoundFile | FileProblem]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield os_problem(_name(folder, landing), error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            status = entry.stat()
        except OSError as error:
            yield os_problem(_name(entry, landing), error)
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _file(entry, _name(entry, landing), status)
        elif entry.is_symlink():
            # Followed, a link to a folder above would be walked for ever.
            yield FileProblem(
                _name(entry, landing),
                "it is a link to a folder, which is not followed",
                "move the folder here, or give it with --landing",
            )
        else:
            yield from _walk(entry, landing)


def _file(path: Path, name: str, status: os.stat_result) -> FoundFile | FileProblem:
    if not stat.S_ISREG(status.st_mode):
        return FileProblem(name, "it is not a regular file", "move it out of the landing folder")
    file_format = format_of(name)
    if file_format is None:
        return FileProblem(
            name,
            "its ending is none of " + ", ".join(FORMATS_BY_ENDING),
            "rename it if it is one of these formats, else move it out of the landing folder",
        )
    return FoundFile(path, name, file_format, _stamp(status))


def format_of(name: str) -> str | None:
    """The format that a file name's ending stands for, or None.

    Example:
        >>> format_of("october/Usage.JSONL.gz"), format_of("usage.json")
        ('jsonl', None)
    """
    lowered = name.lower()
    return next(
        (form for ending, form in FORMATS_BY_ENDING.items() if lowered.endswith(ending)), None
    )


def _name(path: Path, landing: Path) -> str:
    # A name may hold bytes that are no text; the warehouse takes text only.
    name = path.relative_to(landing).as_posix()
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def os_problem(name: str, error: OSError) -> FileProblem:
    """The problem that the operating system has with a file or folder."""
    reason = error.strerror or type(error).__name__
    return FileProblem(name, f"it cannot be read ({reason})", f"check its access rights; {RETRIED}")


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns)


def refuse_if_changed(file: FoundFile) -> None:
    """Make sure that the file is still the one that was found: else its lines are of two states of it.

    Raises:
        Unreadable: size or time of modification differ.
        OSError: the file is gone.
    """
    if _stamp(file.path.stat()) != file.stamp:
        raise Unreadable("it changed while it was being read")


def hash_content(file: FoundFile) -> str:
    """The sha256 (hex) of the file's bytes: its identity, whatever its name.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with file.path.open("rb") as stream:
        while block := stream.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def known_files(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, Stamp], str]:
    """The content hashes of files that earlier ingests dealt with, by name, size and time."""
    rows = con.execute(
        "select file_name, byte_count, modified_ns, file_hash from control.known_files"
    ).fetchall()
    return {
        (name, Stamp(size, modified_ns)): file_hash for name, size, modified_ns, file_hash in rows
    }


def remember(con: duckdb.DuckDBPyConnection, hashed: dict[FoundFile, str]) -> None:
    """Remember files with their content hashes, in place of what was known under their names.

    Called in the transaction that completes their batch: a file of a batch that failed must be read again.
    """
    if not hashed:
        return
    con.executemany(
        "delete from control.known_files where file_name = ?", [(file.name,) for file in hashed]
    )
    con.executemany(
        "insert into control.known_files (file_name, byte_count, modified_ns, file_hash)"
        " values (?, ?, ?, ?)",
        [
            (file.name, file.stamp.byte_count, file.stamp.modified_ns, file_hash)
            for file, file_hash in hashed.items()
        ],
    )
