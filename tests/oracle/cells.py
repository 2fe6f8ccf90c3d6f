"""Cells of the catalog's CSV files.

Belongs here: texts, numbers, days and instants of a cell. Does not belong here: what a column means.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, str | None]


@dataclass(frozen=True)
class Validity:
    """The days on which a row holds, [valid_from, valid_to), and when it was recorded (UTC)."""

    valid_from: date
    valid_to: date | None
    recorded_at: datetime

    def contains(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def rows_of(path: Path) -> list[Row]:
    """Rows of a CSV file by header name, blank cells as None; none where the file is absent."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return [
            {name.strip(): (value or "").strip() or None for name, value in row.items()}
            for row in csv.DictReader(lines)
        ]


def text_in(row: Row, column: str) -> str:
    """A cell that must say something."""
    value = row[column]
    assert value is not None, f"{column} is blank in {row}"
    return value


def texts_in(row: Row, column: str, *, separator: str = ";") -> tuple[str, ...]:
    """Texts with something between them."""
    return tuple(part.strip() for part in (row.get(column) or "").split(separator) if part.strip())


def decimal_in(row: Row, column: str) -> Decimal | None:
    value = row.get(column)
    return None if value is None else Decimal(value)


def integer_in(row: Row, column: str) -> int | None:
    value = row.get(column)
    return None if value is None else int(value)


def flag_in(row: Row, column: str) -> bool:
    """Yes or no; blank is no."""
    return (row.get(column) or "").lower() in ("true", "t", "yes", "1")


def object_in(row: Row, column: str) -> dict[str, Any]:
    """A JSON object, its numbers as exact decimals; blank is an empty one."""
    found = json.loads(row.get(column) or "{}", parse_float=Decimal, parse_int=Decimal)
    assert isinstance(found, dict), f"{column} is no JSON object in {row}"
    return found


def day_in(row: Row, column: str) -> date:
    return date.fromisoformat(text_in(row, column))


def date_in(row: Row, column: str) -> date | None:
    """A day, where there is one."""
    value = row.get(column)
    return None if value is None else date.fromisoformat(value)


def instant_in(row: Row, column: str) -> datetime | None:
    value = row.get(column)
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def required_instant_in(row: Row, column: str) -> datetime:
    return datetime.fromisoformat(text_in(row, column)).astimezone(UTC)


def validity_in(row: Row) -> Validity:
    valid_to = row.get("valid_to")
    return Validity(
        valid_from=day_in(row, "valid_from"),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
        recorded_at=required_instant_in(row, "recorded_at"),
    )
