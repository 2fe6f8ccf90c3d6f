"""When rows are in force: validities that are empty, and rows between which nobody could decide.

Belongs here: valid_from, valid_to, months and recorded_at of rows of one file. Does not belong here: validities that
leave a gap, which can be decided but may not be meant (`lint`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations, pairwise
from typing import Any

from orchestration.catalog.charge_rows import by_key
from orchestration.catalog.reader import CatalogFile
from orchestration.catalog.validate import Row

_NO_LAST_MONTH = 10**9


def validity_problems(file: CatalogFile, rows: Sequence[Row]) -> Iterator[str]:
    """Validities that are empty, or overlap at an equal recorded_at (so that none is the later correction)."""
    for row in rows:
        if row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]:
            yield (
                f"{file.file_name} row {row.line}: valid_to {row['valid_to']} is not after valid_from "
                f"{row['valid_from']}; valid_to is the first day on which the row no longer holds"
            )
    if any(column.name == "first_month" for column in file.contract.columns):
        yield from _phase_problems(file, rows)
        return
    key = file.contract.meta["key"]
    groups = by_key(rows, lambda row: (*(row[column] for column in key), row["recorded_at"]))
    for group in groups.values():
        ordered = sorted(group, key=lambda row: row["valid_from"])
        for earlier, later in pairwise(ordered):
            if earlier["valid_from"] < later["valid_from"] < valid_until(earlier):
                yield _overlap(file, earlier, later)


def _phase_problems(file: CatalogFile, rows: Sequence[Row]) -> Iterator[str]:
    """Rows of one rank (all or none of a subscription, all or none of some months) that hold on the same day."""
    key = [column for column in file.contract.meta["key"] if column != "first_month"]

    def rank(row: Row) -> tuple[Any, ...]:
        return (*(row[column] for column in key), is_phase(row), row["recorded_at"])

    for group in by_key(rows, rank).values():
        ordered = sorted(group, key=lambda row: (row["valid_from"], row.line))
        for earlier, later in combinations(ordered, 2):
            is_same_key = (earlier["first_month"], earlier["valid_from"]) == (
                later["first_month"],
                later["valid_from"],
            )
            if later["valid_from"] < valid_until(earlier) and not is_same_key:
                if not is_phase(later):
                    yield _overlap(file, earlier, later)
                elif (
                    months(earlier)[0] < months(later)[1] and months(later)[0] < months(earlier)[1]
                ):
                    yield (
                        f"{file.file_name} row {later.line}: its months and validity overlap those of row "
                        f"{earlier.line} at the same recorded_at; part the months, or record the correction later"
                    )


def _overlap(file: CatalogFile, earlier: Row, later: Row) -> str:
    return (
        f"{file.file_name} row {later.line}: its validity overlaps that of row {earlier.line} "
        "at the same recorded_at; end the earlier one, or record the correction later"
    )


def valid_until(row: Row) -> date:
    """The first day on which the row no longer holds; `date.max` if it holds on."""
    return row["valid_to"] or date.max


def is_phase(row: Row) -> bool:
    """Whether the row holds in some months of a subscription only."""
    return row["first_month"] is not None or row["last_month"] is not None


def months(row: Row) -> tuple[int, int]:
    """First month of the row and the one after its last, counted from 1; rows of a file without months hold in all."""
    last = row.values.get("last_month")
    return row.values.get("first_month") or 1, _NO_LAST_MONTH if last is None else last + 1
