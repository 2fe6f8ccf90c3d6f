"""Answers of the command in forms that several commands share.

Belongs here: JSON for programs, and tables of rows that a refusal names. Does not belong here: the views of what is
published (`look`), and which command answers what (`cli`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from orchestration.errors import OffenderTable

# In a pipe rich assumes 80 columns, which would cut rows and messages.
PIPE_WIDTH = 160
# Beyond this many columns a table of offenders is drawn with one line per column.
_WIDE_TABLE_COLUMNS = 7


def print_json(value: Any) -> None:
    """Print for a program; money and dates as text."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """`value` in JSON's own types; money and dates as text, because a JSON number may become a float."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def offenders(table: OffenderTable) -> Table:
    """Draw the rows; with many columns each row becomes a column of its own, so that no value is cut to nothing."""
    rows = [["NULL" if value is None else str(value) for value in row] for row in table.rows]
    names: Sequence[str] = table.columns
    if len(names) > _WIDE_TABLE_COLUMNS:
        rows = [[name, *(row[i] for row in rows)] for i, name in enumerate(table.columns)]
        names = ["", *(f"row {number}" for number in range(1, len(table.rows) + 1))]
    drawn = Table(title=Text(table.title), title_justify="left")
    for name in names:
        drawn.add_column(Text(name), overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return drawn
