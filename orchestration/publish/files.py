"""Files that appear whole or not at all.

Belongs here: writing under a temporary name, then `os.replace`. Does not belong here: what the files hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".writing-"


def quoted(path: Path) -> str:
    """`path` as an SQL string literal, for the statements of DuckDB that take no parameter there."""
    return "'" + str(path).replace("'", "''") + "'"


@contextmanager
def swapped_in(file: Path) -> Iterator[Path]:
    """Give a temporary path beside `file`; at the end of the block it is on disk and takes `file`'s place.

    Who has the old file open keeps reading the old one. If the block raises, `file` is as it was.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(_PREFIX + file.name)
    _remove(temporary)
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, file)
        _flush(file.parent)
    finally:
        _remove(temporary)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half-written directly in `folder`."""
    for file in folder.glob(f"{_PREFIX}*"):
        file.unlink(missing_ok=True)


def _remove(temporary: Path) -> None:
    temporary.unlink(missing_ok=True)
    temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def _flush(path: Path) -> None:
    # A rename that survives a power cut must not point to content that did not.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
