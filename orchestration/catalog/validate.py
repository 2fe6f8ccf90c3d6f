"""Rows of text as typed rows: each value against its column's contract, by pydantic.

Belongs here: one value or one row at a time. Does not belong here: what holds between rows (`checks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from orchestration.catalog.reader import ADDED_COLUMNS, CatalogFile
from orchestration.contracts import ColumnContract

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Row:
    """One typed row of a file; NULL is None."""

    line: int
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


def typed_rows(file: CatalogFile, problems: list[str]) -> list[Row]:
    """The rows of `file` whose every value is good; a line in `problems` for each value that is not.

    Blank values become the column's default, or None where the column may be empty.
    """
    columns = [c for c in file.contract.columns if c.name not in ADDED_COLUMNS]
    converters = [(column, _converter(column.data_type)) for column in columns]
    rows = []
    for line, texts in file.rows:
        values: dict[str, Any] = {}
        before = len(problems)
        for column, convert in converters:
            try:
                values[column.name] = _value(texts.get(column.name, ""), column, convert)
            except ValidationError as error:
                reason = error.errors()[0].get("ctx", {}).get("error") or error.errors()[0]["msg"]
                problems.append(f"{file.file_name} row {line}: {column.name} {reason}")
            except ValueError as error:
                problems.append(f"{file.file_name} row {line}: {column.name} {error}")
        if len(problems) == before:
            rows.append(Row(line, values))
    return rows


def _value(text: str, column: ColumnContract, convert: Callable[[str], Any]) -> Any:
    meta = column.meta
    if text == "":
        if "default" not in meta:
            if meta.get("required"):
                raise ValueError("is empty; fill it in")
            return None
        text = str(meta["default"])
    value = convert(text)
    allowed = meta.get("allowed")
    if allowed and value not in allowed:
        raise ValueError(f"is '{text}'; it must be one of {', '.join(allowed)}")
    if "minimum" in meta and value < Decimal(str(meta["minimum"])):
        least = meta["minimum"]
        raise ValueError(f"is {text}; it must be {least} or more")
    if "maximum" in meta and value > Decimal(str(meta["maximum"])):
        raise ValueError(f"is {text}; it must be {meta['maximum']} or less")
    return value


@cache
def _converter(data_type: str) -> Callable[[str], Any]:
    """A function from text to the Python value of a contract's type; raises ValueError or ValidationError."""
    found = _DECIMAL.fullmatch(data_type)
    if found:
        precision, scale = int(found[1]), int(found[2])
        kind: Any = Annotated[
            Decimal, BeforeValidator(_plain_number), AfterValidator(_fits(precision, scale))
        ]
    else:
        kind = {
            "varchar": str,
            "text": str,
            "boolean": Annotated[bool, BeforeValidator(_true_or_false)],
            "integer": Annotated[int, BeforeValidator(_whole_number)],
            "date": Annotated[date, BeforeValidator(_iso_date)],
            "timestamp": Annotated[datetime, BeforeValidator(_instant)],
        }[data_type]
    adapter = TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
    return adapter.validate_python


def _plain_number(text: str) -> Decimal:
    if not _PLAIN_NUMBER.fullmatch(text):
        raise ValueError(f"is '{text}', which is no decimal number; write it like 0.002")
    return Decimal(text)


def _fits(precision: int, scale: int) -> Callable[[Decimal], Decimal]:
    def check(value: Decimal) -> Decimal:
        _, digits, exponent = value.normalize().as_tuple()
        if -int(exponent) > scale:
            raise ValueError(
                f"is {value}, with more than {scale} decimals; prices are never rounded"
            )
        if len(digits) + int(exponent) > precision - scale:
            raise ValueError(
                f"is {value}, with more than {precision - scale} digits before the point"
            )
        return value

    return check


def _true_or_false(text: str) -> bool:
    words = {"true": True, "false": False}
    if text.lower() not in words:
        raise ValueError(f"is '{text}'; write true or false")
    return words[text.lower()]


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise ValueError(f"is '{text}', which is no whole number")
    return int(text)


def _iso_date(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"is '{text}', which is no date; write it like 2025-10-01") from None


def _instant(text: str) -> datetime:
    """An ISO 8601 instant with offset, as a naive UTC datetime: what the warehouse stores."""
    mend = "write it with its offset, like 2025-10-01T00:00:00-04:00"
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"is '{text}', which is no instant; {mend}") from None
    if value.tzinfo is None:
        raise ValueError(f"is '{text}', which has no offset from UTC; {mend}")
    return value.astimezone(UTC).replace(tzinfo=None)
