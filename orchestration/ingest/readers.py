"""One reader per file format: files in, batches of lines out. A line is one event as text, not looked into.

Belongs here: bytes, encodings, line ends, and telling a file that is half written from a line that is bad. Does not
belong here: how rows of tables become lines (`tables`) and what a line means (SQL).

A reader gives up a whole file only if its end is missing or its format broken (`Unreadable`). Whatever is wrong with
one line becomes that line's `read_error`, and a row of the reject table.
"""

from __future__ import annotations

import gzip
import json
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import IO

import pyarrow as pa

from orchestration.ingest.files import FoundFile, Unreadable

BLOCK_BYTES = 4 << 20
LINE_BYTES_LIMIT = 1 << 20
SHOWN_CHARACTERS = 2_000

TOO_LONG = f"The line is longer than {LINE_BYTES_LIMIT:,} bytes."
NOT_UTF8 = "The line is not valid UTF-8."
HAS_NUL = "The line contains a NUL byte."

LINES = pa.schema(
    [
        ("line_number", pa.int64()),
        ("line_text", pa.large_string()),
        # Empty for a line that could be read.
        ("read_error", pa.large_string()),
    ]
)

Line = tuple[int, str, str | None]


@dataclass(frozen=True)
class Block:
    """Some lines of a file: `lines` has the columns of `LINES`; `bytes_read` of the file were read so far."""

    lines: pa.RecordBatch
    bytes_read: int


def read_lines(file: FoundFile) -> Iterator[Block]:
    """The lines of a file, in order. Blank lines are not lines, but they count in the line numbers.

    Args:
        file: a file with a known format.

    Returns:
        Blocks of some megabytes. For CSV and Parquet, a line is a row as a JSON object of texts.

    Raises:
        Unreadable: the file is half written or broken. Blocks that were handed out before must be thrown away.
        OSError: the file cannot be read.
    """
    from orchestration.ingest.tables import read_csv, read_parquet

    readers: dict[str, Callable[[FoundFile], Iterator[Block]]] = {
        "jsonl": read_jsonl,
        "csv": read_csv,
        "parquet": read_parquet,
    }
    return readers[file.file_format](file)


@contextmanager
def open_bytes(file: FoundFile) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's content, decompressed, and the file itself, whose position tells how much of it is read."""
    with file.path.open("rb") as raw:
        if not file.is_gzipped:
            yield raw, raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as content:
                yield content, raw
        except EOFError as error:
            raise Unreadable("its compressed data ends too early") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise Unreadable(f"its compressed data is damaged ({error})") from error


def read_jsonl(file: FoundFile) -> Iterator[Block]:
    """Lines of a JSONL file as they stand there, without their line ends."""
    line_number = 1
    with open_bytes(file) as (content, raw):
        rest = _without_mark(content.read(BLOCK_BYTES))
        while data := content.read(BLOCK_BYTES):
            cut = rest.rfind(b"\n") + 1
            if cut:
                block = _block(rest[:cut].split(b"\n")[:-1], line_number)
                line_number += rest.count(b"\n", 0, cut)
                yield Block(block, raw.tell())
                rest = rest[cut:] + data
            elif len(rest) <= LINE_BYTES_LIMIT:
                rest += data
            else:
                # Of a line beyond the limit only its beginning is kept, whatever its length.
                end = data.find(b"\n")
                rest = rest[: LINE_BYTES_LIMIT + 1] + (data[end:] if end >= 0 else b"")
        lines = rest.split(b"\n")
        _refuse_cut_off_line(lines[-1], line_number + len(lines) - 1)
        yield Block(_block(lines, line_number), raw.tell())


def _without_mark(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf")


def _refuse_cut_off_line(line: bytes, line_number: int) -> None:
    """A last line without a line end is complete only if it is JSON."""
    if not line.strip():
        return
    try:
        # The digits are not looked at: Python would refuse an integer of 5,000 of them.
        json.loads(line, parse_int=str, parse_float=str)
    except RecursionError:
        # Too deep for Python to tell; the warehouse reads it without recursion, and judges it.
        return
    except ValueError as error:
        raise Unreadable(
            f"its last line, {line_number}, has no line end and is not complete JSON"
        ) from error


def _block(lines: Sequence[bytes], first_number: int) -> pa.RecordBatch:
    """The fast way for what is nearly all of the input: text without blank lines, NULs or lines beyond the limit."""
    joined = b"\n".join(lines)
    if b"\r" in joined:
        lines = [line.rstrip(b"\r") for line in lines]
    is_plain = (
        _is_utf8(joined)
        and b"\0" not in joined
        and all(line and not line.isspace() for line in lines)
        and max(map(len, lines)) <= LINE_BYTES_LIMIT
    )
    if not is_plain:
        return to_batch(list(_judge_lines(lines, first_number)))
    numbers = range(first_number, first_number + len(lines))
    return _record_batch(numbers, lines, [b""] * len(lines))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _judge_lines(lines: Sequence[bytes], first_number: int) -> Iterator[Line]:
    for line_number, line in enumerate(lines, first_number):
        if line and not line.isspace():
            text = line.decode("utf-8", errors="surrogateescape")
            yield judge_line(line_number, text, is_too_long=len(line) > LINE_BYTES_LIMIT)


def judge_line(line_number: int, text: str, *, is_too_long: bool = False) -> Line:
    r"""A line with what keeps it from being read. Bytes that are no text stand in `text` as surrogates.

    The text of a line that cannot be read is made presentable: every program can show it, and it is not too long.

    Example:
        >>> judge_line(3, "caf\udce9")
        (3, 'caf\\xe9', 'The line is not valid UTF-8.')
    """
    try:
        text.encode("utf-8")
        error = TOO_LONG if is_too_long else HAS_NUL if "\0" in text else None
    except UnicodeEncodeError:
        error = NOT_UTF8
    return (line_number, text, None) if error is None else (line_number, presentable(text), error)


def presentable(text: str) -> str:
    r"""A text of any bytes as a text that can be stored and shown: invalid ones as `\xe9`, NUL as its symbol."""
    shown = text[:SHOWN_CHARACTERS] + ("…" if len(text) > SHOWN_CHARACTERS else "")
    raw = shown.encode("utf-8", errors="surrogateescape")
    return raw.decode("utf-8", errors="backslashreplace").replace("\0", "␀")


def to_batch(lines: Sequence[Line]) -> pa.RecordBatch:
    """Lines as a batch with the columns of `LINES`."""
    return _record_batch(
        [number for number, _, _ in lines],
        [text.encode("utf-8") for _, text, _ in lines],
        [(error or "").encode("utf-8") for _, _, error in lines],
    )


def _record_batch(
    numbers: Sequence[int], texts: Sequence[bytes], errors: Sequence[bytes]
) -> pa.RecordBatch:
    # From bytes as they are: pa.array() imports pandas, which takes longer than reading 100,000 lines.
    columns = [
        pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(array("q", numbers))]),
        _text_array(texts),
        _text_array(errors),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LINES)


def _text_array(texts: Sequence[bytes]) -> pa.Array:
    ends = array("q", accumulate(map(len, texts), initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)
