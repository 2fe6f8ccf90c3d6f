"""Errors that a person is meant to read: one line that says what is wrong, where, and how to mend it.

Belongs here: the exceptions that the command turns into an exit code. Does not belong here: anything that a
programmer should see with a stack trace; such errors are left to propagate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OffenderTable:
    """Rows that a failed check names, for the terminal: `title`, `columns`, and `rows` in column order."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class MeterhouseError(Exception):
    """Base of the errors that end a command with a message and no stack trace."""

    exit_code = 1


class BadInput(MeterhouseError):
    """Bad input or usage (exit code 2). The message is one line: file, row, what is wrong, how to mend it."""

    exit_code = 2


class Busy(BadInput):
    """Another process writes the warehouse, or has its file open: the same again, later, may succeed."""


class NoRoom(BadInput):
    """A disk is full: the same again may succeed once there is room."""


class Refused(MeterhouseError):
    """The gate or a business rule said no (exit code 1). `tables` holds the offending rows, if any."""

    exit_code = 1

    def __init__(self, message: str, tables: Sequence[OffenderTable] = ()) -> None:
        super().__init__(message)
        self.tables = tuple(tables)
