"""The landing folder as events, each line with its verdict.

Belongs here: reading the file formats, the event shapes, what a line must be to be an event, and the idempotency key
(BILLING_RULES §1, "facts of the event alone"). Does not belong here: whatever needs the catalog (see `metering`).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet

from .numbers import event_value_fault, floor_to_scale, parse_number

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_EVENT = datetime(2000, 1, 1, tzinfo=UTC)  # the reference data of time zones begins here
LATEST_EVENT = datetime(2038, 1, 1, tzinfo=UTC)  # and ends here

# Columns of CSV and Parquet files that are no properties.
EVENT_COLUMNS = {
    "transaction_id",
    "external_subscription_id",
    "external_customer_id",
    "code",
    "timestamp",
    "properties",
    "precise_total_amount_cents",
    "user_id",
    "event_type",
    "quantity",
}


@dataclass(frozen=True)
class Event:
    """One event as its line states it. `at` is UTC, to the microsecond."""

    transaction_key: tuple[str, ...]
    content: tuple[str, ...]
    external_subscription_id: str | None
    external_customer_id: str | None
    code: str
    at: datetime
    quantity: Decimal | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a file with its verdict: accepted, duplicate, conflict, or rejected (then with a reason)."""

    batch_number: int
    file_hash: str
    line_number: int
    verdict: str
    reason: str | None
    event: Event | None


class Rejection(Exception):
    """A line that is no event; `reason` is one of the product's words for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
    owners: dict[tuple[str, ...], tuple[str, ...]] = {}
    lines: list[Line] = []
    for batch_number, file_hash, path in _files_in_load_order(batches):
        occurrences: Counter[tuple[str, ...]] = Counter()
        received_at = _received_at(path)
        for line_number, record in enumerate(_records(path), start=1):
            event, reason = _read_event(record, received_at, occurrences)
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


def _object_of_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row by column name as the JSON object of its shape: blank cells absent, other columns under `properties`."""
    given = {name: value for name, value in row.items() if value is not None and value != ""}
    record = {name: value for name, value in given.items() if name in EVENT_COLUMNS}
    extra = {name: value for name, value in given.items() if name not in EVENT_COLUMNS}
    if extra:
        stated = _properties(record.get("properties"))
        record["properties"] = {**stated, **extra}
    return record


# Shapes: what a line's object must hold.


def _read_event(
    record: str | dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> tuple[Event | None, str | None]:
    """The event of a record, or the reason why it is none. `occurrences` counts lines without an id in their file."""
    try:
        return _event(_parsed(record), received_at, occurrences), None
    except Rejection as rejection:
        return None, rejection.reason


def _parsed(record: str | dict[str, Any]) -> dict[str, Any]:
    """The object of a line, numbers as exact decimals."""
    if isinstance(record, dict):
        return _object_of_row(record)
    try:
        parsed = json.loads(
            record, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant
        )
    except ValueError as error:
        raise Rejection("not_json") from error
    if not isinstance(parsed, dict):
        raise Rejection("unknown_shape")
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _event(
    record: dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> Event:
    """Read the three shapes: Lago's {"event": {…}}, the short form with `event_type`, the flat one with `code`."""
    if isinstance(record.get("event"), dict):
        return _full_event(record["event"], received_at)
    if "event_type" in record:
        return _short_event(record, received_at, occurrences)
    if "code" in record:
        return _full_event(record, received_at)
    raise Rejection("unknown_shape")


def _full_event(record: dict[str, Any], received_at: datetime) -> Event:
    """The flat shape, and Lago's inner object, which has the same keys."""
    code = _required_text(record, "code")
    transaction_id = _required_text(record, "transaction_id")
    subscription = _text(record.get("external_subscription_id"))
    customer = _text(record.get("external_customer_id"))
    if subscription is None and customer is None:
        raise Rejection("missing_external_subscription_id")
    stated_at = _instant(record.get("timestamp"))
    properties = _properties(record.get("properties"))
    return Event(
        transaction_key=_key_of(subscription, customer, transaction_id),
        content=_content(code, stated_at, None, properties),
        external_subscription_id=subscription,
        external_customer_id=customer,
        code=code,
        at=stated_at or received_at,
        quantity=None,
        properties=properties,
    )


def _key_of(subscription: str | None, customer: str | None, transaction_id: str) -> tuple[str, ...]:
    """An id counts within its subscription, or within its customer where only that is named."""
    if subscription is not None:
        return ("subscription", subscription, transaction_id)
    return ("customer", customer or "", transaction_id)


def _short_event(
    record: dict[str, Any], received_at: datetime, occurrences: Counter[tuple[str, ...]]
) -> Event:
    """The short form {"user_id", "event_type", "quantity", "timestamp"}: names a customer, needs no id.

    Without an id it needs a timestamp: with neither, the same use of another day could not be told from a duplicate.
    Source: BILLING_RULES §1 "Without any id (short form): content hash + occurrence number within its file is the id".
    """
    code = _required_text(record, "event_type")
    customer = _required_text(record, "user_id")
    transaction_id = _text(record.get("transaction_id"))
    stated_at = _instant(record.get("timestamp"))
    if transaction_id is None and stated_at is None:
        raise Rejection("missing_timestamp")
    properties = _properties(record.get("properties"))
    quantity = _quantity(record.get("quantity"))
    content = _content(code, stated_at, quantity, properties)
    if transaction_id is not None:
        key: tuple[str, ...] = _key_of(None, customer, transaction_id)
    else:
        occurrences[(customer, *content)] += 1
        key = ("content", customer, *content, str(occurrences[(customer, *content)]))
    return Event(
        transaction_key=key,
        content=content,
        external_subscription_id=None,
        external_customer_id=customer,
        code=code,
        at=stated_at or received_at,
        quantity=quantity,
        properties=properties,
    )


# Fields.


def _text(value: object) -> str | None:
    """A text that says something; numbers as their digits."""
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _required_text(record: dict[str, Any], name: str) -> str:
    value = _text(record.get(name))
    if value is None:
        raise Rejection(f"missing_{name}")
    return value


def _instant(value: object) -> datetime | None:
    """The UTC instant of a timestamp, None if it is absent.

    Source: BILLING_RULES §1 "ISO 8601 with offset, or epoch seconds with fraction, microseconds kept".
    """
    if value is None or value == "":
        return None
    epoch_seconds = parse_number(value)
    if epoch_seconds is not None:
        if epoch_seconds and epoch_seconds.adjusted() > 11:
            raise Rejection("timestamp_out_of_range")
        microseconds = int(floor_to_scale(epoch_seconds, 6).scaleb(6))
        try:
            instant = UNIX_EPOCH + timedelta(microseconds=microseconds)
        except OverflowError as error:
            raise Rejection("timestamp_out_of_range") from error
    else:
        instant = _iso_instant(value)
    if not EARLIEST_EVENT <= instant < LATEST_EVENT:
        raise Rejection("timestamp_out_of_range")
    return instant


def _iso_instant(value: object) -> datetime:
    try:
        parsed = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise Rejection("bad_timestamp") from error
    if parsed.tzinfo is None:
        raise Rejection("timestamp_without_offset")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise Rejection("timestamp_out_of_range") from error


def _properties(value: object) -> dict[str, Any]:
    """The properties object; a CSV cell or Parquet text holds it as JSON."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal, parse_int=Decimal)
        except ValueError as error:
            raise Rejection("properties_not_object") from error
    if not isinstance(value, dict):
        raise Rejection("properties_not_object")
    return value


def _quantity(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    quantity = parse_number(value)
    if quantity is None:
        raise Rejection("bad_quantity")
    fault = event_value_fault(quantity)
    if fault is not None:
        raise Rejection(fault)
    return quantity


def _content(
    code: str, stated_at: datetime | None, quantity: Decimal | None, properties: dict[str, Any]
) -> tuple[str, ...]:
    """What two lines of one key must share to be duplicates.

    A number and the text of it are the same content, as CSV knows only texts; the order of keys does not matter.
    Source: BILLING_RULES §1 "A timestamp that *we* stamped is not part of the content compared".
    """
    return (
        code,
        "" if stated_at is None else stated_at.isoformat(),
        "" if quantity is None else format(quantity.normalize(), "f"),
        json.dumps(properties, sort_keys=True, default=_plain_digits),
    )


def _plain_digits(number: Decimal) -> str:
    """A JSON number without exponent, as a CSV file would write it: 0.000000001, not 1E-9."""
    return format(number, "f") if abs(number.adjusted()) < 100 else str(number)


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
