"""The landing folder as events, each line with its verdict.

Belongs here: the file formats and which line owns an idempotency key (BILLING_RULES §1). Does not belong here: what a
line must hold (see `shapes`), and whatever needs the catalog (see `metering`).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet

from .shapes import UNIX_EPOCH, Event, Key, read_event


@dataclass(frozen=True)
class Line:
    """A line of a file with its verdict: accepted, duplicate, conflict, or rejected (then with a reason)."""

    batch_number: int
    file_hash: str
    line_number: int
    verdict: str
    reason: str | None
    event: Event | None


def landing_files(folder: Path) -> list[Path]:
    """Every usage file of a landing folder and its sub-folders."""
    endings = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")
    return [path for path in sorted(folder.rglob("*")) if path.name.endswith(endings)]


def read_batches(batches: Sequence[Sequence[Path]]) -> list[Line]:
    """All lines of all batches in load order: batch, file hash, line.

    A file whose bytes were read before is not read again. The first accepted line of a key owns it; a later one is a
    duplicate if it says the same, else a conflict; a rejected line owns nothing.

    Source: BILLING_RULES §1 "First *accepted* row in load order (ingest batch, file hash, line) wins".
    """
    owners: dict[Key, tuple[str, ...]] = {}
    lines: list[Line] = []
    for batch_number, file_hash, path in _files_in_load_order(batches):
        occurrences: Counter[tuple[str, ...]] = Counter()
        received_at = _received_at(path)
        for line_number, record in enumerate(_records(path), start=1):
            event, reason = read_event(record, received_at, occurrences)
            if event is None:
                verdict = "rejected"
            elif event.transaction_key not in owners:
                owners[event.transaction_key] = event.content
                verdict = "accepted"
            elif owners[event.transaction_key] == event.content:
                verdict = "duplicate"
            else:
                verdict = "conflict"
            lines.append(Line(batch_number, file_hash, line_number, verdict, reason, event))
    return lines


def _files_in_load_order(batches: Sequence[Sequence[Path]]) -> Iterator[tuple[int, str, Path]]:
    known: set[str] = set()
    for batch_number, paths in enumerate(batches, start=1):
        hashed = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
        for file_hash in sorted(hashed):
            if file_hash not in known:
                known.add(file_hash)
                yield batch_number, file_hash, hashed[file_hash]


def _received_at(path: Path) -> datetime:
    """The modification time of a file, cut to microseconds. Source: BILLING_RULES §1 "absent → receipt time"."""
    return UNIX_EPOCH + timedelta(microseconds=path.stat().st_mtime_ns // 1000)


# Formats. A JSONL line stays text until it is judged, because it may be no JSON.


def _records(path: Path) -> Iterator[str | dict[str, Any]]:
    """One record per line that is not blank: the text of a JSONL line, or a CSV or Parquet row by column name."""
    if path.name.endswith(".parquet"):
        for row in pyarrow.parquet.read_table(path).to_pylist():
            yield {name: _plain(value) for name, value in row.items()}
        return
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig")
    if ".csv" in path.name:
        yield from csv.DictReader(io.StringIO(text, newline=""))
    else:
        for line in text.split("\n"):
            if line.strip():
                yield line


def _plain(value: Any) -> Any:
    """A Parquet value as the text that a CSV file would have: instants ISO, decimals and integers exact."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool) or value is None or isinstance(value, dict | list | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def count_verdicts(lines: Iterable[Line]) -> Counter[str]:
    """How many lines have each verdict. Source: BILLING_RULES §1 "Conservation, always"."""
    return Counter(line.verdict for line in lines)


def count_reasons(lines: Iterable[Line]) -> Counter[str]:
    """How many lines each reason rejected; conflicts stand among them under that word."""
    rejected = Counter(line.reason for line in lines if line.reason is not None)
    conflicts = sum(1 for line in lines if line.verdict == "conflict")
    if conflicts:
        rejected["conflict"] = conflicts
    return rejected
