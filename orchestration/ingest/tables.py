"""Rows of CSV and Parquet files as lines: each a JSON object, its values texts with all the digits of the file.

Belongs here: cells, headers, column types. Does not belong here: bytes and line ends of JSONL (`readers`).

No cell passes through a binary float that was none before. A column that is not the event's own becomes a property;
a blank or null cell is left out; a column `properties` (CloudEvents: `data`) holds a JSON object.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from json.encoder import encode_basestring as quoted
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ingest.files import FoundFile, Unreadable
from orchestration.ingest.readers import (
    LINE_BYTES_LIMIT,
    Block,
    Line,
    judge_line,
    open_bytes,
    presentable,
    to_batch,
)
from orchestration.ingest.shapes import own_columns

ROWS_PER_BLOCK = 20_000

# A cell as it goes into JSON text; None for a cell that is left out.
Cell = str | None


class RowWriter:
    """Makes JSON objects of rows with given columns. `properties_at` is where the properties stand, or None.

    Example:
        >>> RowWriter(["code", "tokens"]).line(['"llm"', '"12"'])
        '{"code":"llm","properties":{"tokens":"12"}}'
    """

    def __init__(self, names: Sequence[str]) -> None:
        _refuse_bad_header(names)
        shape = own_columns(names)
        own, properties = shape.columns, shape.properties
        keys = [quoted(name) + ":" for name in names]
        self._properties_key = quoted(properties) + ":"
        self.properties_at = names.index(properties) if properties in own else None
        self._own = [
            (at, keys[at]) for at, name in enumerate(names) if name in own and name != properties
        ]
        self._other = [(at, keys[at]) for at, name in enumerate(names) if name not in own]

    def line(self, cells: Sequence[Cell]) -> str:
        """One row as JSON text. Cells are JSON already, but for blanks, which are left out."""
        parts = [key + cell for at, key in self._own if (cell := cells[at]) is not None]
        others = [key + cell for at, key in self._other if (cell := cells[at]) is not None]
        given = None if self.properties_at is None else cells[self.properties_at]
        if given is not None and not others:
            parts.append(self._properties_key + given)
        elif given is not None and given.startswith("{"):
            inner = given.strip()[1:-1].strip()
            parts.append(
                f"{self._properties_key}{{{','.join([*others, inner] if inner else others)}}}"
            )
        elif given is not None:
            # Not an object: it is kept as it is, so that the row is rejected for it.
            parts.append(self._properties_key + given)
        elif others:
            parts.append(f"{self._properties_key}{{{','.join(others)}}}")
        return "{" + ",".join(parts) + "}"


def _refuse_bad_header(names: Sequence[str]) -> None:
    mend = "give every column a name of its own; the file is tried again at the next ingest"
    for position, name in enumerate(names, 1):
        if not name:
            raise Unreadable(f"its column {position} has no name", mend)
        if names.index(name) != position - 1:
            raise Unreadable(f"it has two columns {presentable(name)!r}", mend)


def object_or_text(text: str) -> str:
    """A cell of the column of properties as JSON: the object that stands in it, else a text (which is then rejected).

    Example:
        >>> object_or_text('{"tokens": 1.50}'), object_or_text("none")
        ('{"tokens": 1.50}', '"none"')
    """
    try:
        if isinstance(json.loads(text, parse_int=str, parse_float=str), dict):
            return text.strip()
    except (ValueError, RecursionError):
        pass
    return quoted(text)


class _Tail(io.RawIOBase):
    """Passes bytes through and remembers the last one, which tells whether the last line has its line end."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._last = b""

    @property
    def has_line_end(self) -> bool:
        return self._last in (b"\n", b"\r")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._content.read(len(buffer))
        buffer[: len(data)] = data
        self._last = data[-1:] or self._last
        return len(data)


@dataclass(frozen=True)
class _CsvRow:
    """A row, the line on which it begins and its text; `cells` is the error if it is not valid CSV."""

    line_number: int
    text: str
    cells: list[str] | csv.Error


def read_csv(file: FoundFile) -> Iterator[Block]:
    """Rows of a CSV file with a header, separated by commas. A row with too few or too many cells is a bad line."""
    with open_bytes(file) as (content, raw):
        tail = _Tail(content)
        stream = io.TextIOWrapper(
            io.BufferedReader(tail, 1 << 20), "utf-8-sig", errors="surrogateescape", newline=""
        )
        rows = _csv_rows(stream)
        header = next(rows, None)
        if header is None:
            raise Unreadable("it has no header")
        names = _header_names(header)
        lines = _csv_lines(rows, names, header, tail)
        while block := list(islice(lines, ROWS_PER_BLOCK)):
            yield Block(to_batch(block), raw.tell())


def _csv_rows(stream: Iterator[str]) -> Iterator[_CsvRow]:
    texts: list[str] = []
    lines_read = 0

    def lines() -> Iterator[str]:
        nonlocal lines_read
        for line in stream:
            lines_read += 1
            texts.append(line)
            yield line

    # Strict: a quote in the wrong place is an error, not a guess.
    reader = csv.reader(lines(), strict=True)
    while True:
        texts.clear()
        first_line = lines_read + 1
        try:
            cells: list[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise Unreadable(
                    f"its last row, from line {first_line}, has a quote that is not closed"
                ) from error
            cells = error
        text = "".join(texts)
        if text.strip():
            yield _CsvRow(first_line, text, cells)


def _header_names(header: _CsvRow) -> list[str]:
    if isinstance(header.cells, csv.Error):
        raise Unreadable(f"its header is not valid CSV ({header.cells})", "mend its first line")
    return [name.strip() for name in header.cells]


def _csv_lines(
    rows: Iterator[_CsvRow], names: Sequence[str], header: _CsvRow, tail: _Tail
) -> Iterator[Line]:
    writer = RowWriter(names)
    last = header
    for row in rows:
        if last is not header:
            yield _csv_line(last, names, writer)
        last = row
    # Only now it is known which row was the last; it may have been cut off.
    is_short = isinstance(last.cells, csv.Error) or len(last.cells) < len(names)
    if not tail.has_line_end and (is_short or last is header):
        raise Unreadable(f"its last row, line {last.line_number}, is cut off")
    if last is not header:
        yield _csv_line(last, names, writer)


def _csv_line(row: _CsvRow, names: Sequence[str], writer: RowWriter) -> Line:
    if isinstance(row.cells, csv.Error):
        return _bad_row(row, f"The row is not valid CSV ({row.cells}).")
    if len(row.cells) != len(names):
        return _bad_row(row, f"The row has {len(row.cells)} cells, the header {len(names)}.")
    if "\0" in row.text:
        return judge_line(row.line_number, row.text)
    cells: list[Cell] = [
        quoted(text) if text and not text.isspace() else None for text in row.cells
    ]
    at = writer.properties_at
    if at is not None and cells[at] is not None:
        cells[at] = object_or_text(row.cells[at])
    text = writer.line(cells)
    return judge_line(row.line_number, text, is_too_long=len(row.text) > LINE_BYTES_LIMIT)


def _bad_row(row: _CsvRow, error: str) -> Line:
    return row.line_number, presentable(row.text.rstrip("\r\n")), error


def read_parquet(file: FoundFile) -> Iterator[Block]:
    """Rows of a Parquet file. Decimals, integers and times keep their digits; floats are as short as they can be."""
    try:
        with pq.ParquetFile(file.path) as parquet:
            names = parquet.schema_arrow.names
            writer = RowWriter(names)
            first_row = 1
            for batch in parquet.iter_batches(batch_size=ROWS_PER_BLOCK):
                columns = [_column_cells(column) for column in batch.columns]
                if writer.properties_at is not None:
                    columns[writer.properties_at] = _properties_cells(
                        batch.columns[writer.properties_at]
                    )
                rows = zip(*columns, strict=True)
                lines = [
                    judge_line(number, text, is_too_long=len(text) > LINE_BYTES_LIMIT)
                    for number, text in enumerate(map(writer.line, rows), first_row)
                ]
                first_row += batch.num_rows
                bytes_read = file.stamp.byte_count * (first_row - 1) // parquet.metadata.num_rows
                yield Block(to_batch(lines), bytes_read)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Unreadable(
            f"it is not complete Parquet ({' '.join(str(error).split())[:200]})"
        ) from error


def _column_cells(column: pa.Array) -> list[Cell]:
    if pa.types.is_nested(column.type):
        return [_nested_json(cell) for cell in column]
    return [None if not text else quoted(text) for text in _texts(column)]


def _properties_cells(column: pa.Array) -> list[Cell]:
    if pa.types.is_nested(column.type):
        return _column_cells(column)
    return [None if not text or text.isspace() else object_or_text(text) for text in _texts(column)]


def _texts(column: pa.Array) -> list[str | None]:
    """The cells of a column as text, exactly."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Without its zone an Arrow timestamp is UTC; one that never had a zone stays without, and is rejected for it.
        texts = column.cast(pa.timestamp(kind.unit)).cast(pa.string()).to_pylist()
        return [None if text is None else f"{text}Z" for text in texts]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if data is None else _decoded(data) for data in column.to_pylist()]
    try:
        return column.cast(pa.string()).to_pylist()
    except UnicodeDecodeError:
        return _texts(column.cast(pa.binary()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return [None if value is None else str(value) for value in column.to_pylist()]


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="surrogateescape")


def _nested_json(cell: pa.Scalar) -> Cell:
    return _json_of(cell.as_py(), cell.type) if cell.is_valid else None


def _json_of(value: Any, kind: pa.DataType) -> str:
    """A value of a nested column as JSON. Decimals and times are texts; nulls of a record are left out."""
    if value is None:
        return "null"
    if pa.types.is_map(kind):
        pairs = [(str(key), _json_of(item, kind.item_type)) for key, item in value]
        return "{" + ",".join(f"{quoted(key)}:{item}" for key, item in pairs) + "}"
    if pa.types.is_struct(kind):
        fields = [(kind.field(at).name, kind.field(at).type) for at in range(kind.num_fields)]
        pairs = [
            (name, _json_of(value[name], inner))
            for name, inner in fields
            if value[name] is not None
        ]
        return "{" + ",".join(f"{quoted(name)}:{item}" for name, item in pairs) + "}"
    if pa.types.is_nested(kind):
        return "[" + ",".join(_json_of(item, kind.value_type) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return quoted(value.isoformat())
    return quoted(_decoded(value) if isinstance(value, bytes) else str(value))
