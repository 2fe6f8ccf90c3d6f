"""Writing the demo's usage files, the same bytes at every run.

Belongs here: which customer's usage arrives in which file and shape, with which defects. Does not belong here: totals
(`story`) and instants (`events`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo.events import Event, events_of
from orchestration.demo.model_usage import model_events
from orchestration.demo.single_events import SINGLE_EVENTS
from orchestration.demo.story import DEFECTS, MONTHS, STORY
from orchestration.errors import BadInput

# Events without a timestamp happened when their file was written.
WRITTEN_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class DemoReport:
    """What stands in the landing folder: files, lines, and the lines beside the designed usage by kind."""

    files: tuple[str, ...]
    line_count: int
    defects: Mapping[str, int]
    is_new: bool


def generate(landing: Path) -> DemoReport:
    """Write the demo's usage into `landing`; a folder that has it already is left as it is.

    Raises:
        BadInput: another file stands where one of the demo's belongs, and nothing was written; or the folder cannot be
            written.
    """
    files = _files()
    try:
        missing = [
            name for name, (content, _) in files.items() if not _stands(landing / name, content)
        ]
        for name in missing:
            _write(landing / name, files[name][0])
    except OSError as error:
        raise BadInput(
            f"{error.filename or landing}: cannot write the demo here ({error.strerror}); give it a folder of its own "
            "by --landing"
        ) from error
    return DemoReport(
        tuple(files), sum(count for _, count in files.values()), DEFECTS, is_new=bool(missing)
    )


def _stands(path: Path, content: bytes) -> bool:
    """Whether the file is there already; another one in its place is refused."""
    if not path.exists():
        return False
    if path.is_file() and path.read_bytes() == content:
        return True
    kind = "file" if path.is_file() else "folder"
    raise BadInput(
        f"{path}: another {kind} has this name; move it away, or give the demo a folder of its own by --landing"
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.utime(part, (WRITTEN_AT.timestamp(), WRITTEN_AT.timestamp()))
    part.replace(path)


Content = tuple[bytes, int]


def _files() -> dict[str, Content]:
    """Content and line count of every file, by its path in the landing folder."""
    files: dict[str, Content] = {}
    for month in MONTHS:
        folder = f"{month:%Y-%m}"
        writers = {
            "api/atlas.jsonl.gz": ("atlas", _atlas),
            "api/beacon.csv": ("beacon", _csv),
            "api/koi.csv.gz": ("koi", lambda events, _: _gzipped(_csv(events, _))),
            "edge/everest.jsonl": ("everest", _everest),
            "tokens/delta.parquet": ("delta", _parquet),
            "tokens/hanse.jsonl": ("hanse", _hanse),
            "tokens/iris.jsonl": ("iris", _flat_text),
            "lago/fable.jsonl": ("fable", _lago),
            "lago/granite.jsonl": ("granite", _granite),
        }
        for name, (customer, write) in writers.items():
            files[f"{folder}/{name}"] = write(events_of(STORY[customer], month), month)
        files[f"{folder}/gateway/quill.jsonl"] = _cloud_events(model_events(month))
    files["weekly/cinder.jsonl"] = _cinder()
    files["quarter/platform.jsonl"] = _platform()
    files["2025-12/resent/atlas.jsonl"] = _resent()
    return files


def _flat(event: Event, properties: Mapping[str, object]) -> str:
    return _flat_line(event.id, event.subscription, event.code, event.local_iso(), properties)


def _flat_line(
    event_id: str, subscription: str, code: str, timestamp: str, properties: Mapping[str, object]
) -> str:
    return json.dumps(
        {
            "transaction_id": event_id,
            "external_subscription_id": subscription,
            "code": code,
            "timestamp": timestamp,
            "properties": properties,
        }
    )


def _text(lines: list[str]) -> Content:
    return ("\n".join(lines) + "\n").encode(), len(lines)


def _gzipped(content: Content) -> Content:
    return gzip.compress(content[0], compresslevel=6, mtime=0), content[1]


def _atlas(events: Iterable[Event], month: date) -> Content:
    """Flat JSON lines, gzipped. October repeats its first 600 lines; December brings what nobody can bill."""
    drawn = list(events)
    lines = [_flat(event, {"endpoint": "/v1/answers"}) for event in drawn]
    if month == MONTHS[0]:
        lines += lines[:600]
    if month == MONTHS[2]:
        lines += _unbillable(drawn[0])
    return _gzipped(_text(lines))


def _unbillable(model: Event) -> list[str]:
    """Unknown metrics and subscriptions, events before the start, and some without a timestamp."""
    lines = [
        _flat(replace(model, id=f"gpu-{n}", code="gpu_minutes"), {})
        for n in range(DEFECTS["unknown_metric"])
    ]
    lines += [
        _flat(replace(model, id=f"ghost-{n}", subscription="ghost-main"), {}) for n in range(30)
    ]
    # One microsecond before the subscription starts, and further back.
    start = datetime(2025, 10, 1, 4, tzinfo=UTC) - timedelta(microseconds=1)
    lines += [
        _flat(replace(model, id=f"early-{n}", at=start - timedelta(hours=n)), {}) for n in range(25)
    ]
    for number in range(DEFECTS["without_timestamp"]):
        line = json.loads(_flat(replace(model, id=f"untimed-{number}"), {}))
        del line["timestamp"]
        lines.append(json.dumps(line))
    return lines


def _csv(events: Iterable[Event], _: date) -> Content:
    """CSV with a column for the endpoint, which becomes a property."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["transaction_id", "external_subscription_id", "code", "timestamp", "endpoint"])
    drawn = list(events)
    for event in drawn:
        writer.writerow([event.id, event.subscription, event.code, event.utc_iso(), "/v1/answers"])
    return text.getvalue().encode(), len(drawn)


def _everest(events: Iterable[Event], month: date) -> Content:
    """The short form, which names the customer. October has ten quantities that no exact number type should round."""
    lines = [
        json.dumps(
            {
                "user_id": event.customer,
                "event_type": event.code,
                "quantity": 1,
                "timestamp": event.local_iso(),
            }
        )
        for event in events
    ]
    if month == MONTHS[0]:
        line = json.loads(lines[0])
        lines += [
            json.dumps(line).replace('"quantity": 1', f'"quantity": 0.00000000000{n}')
            for n in range(1, DEFECTS["too_precise"])
        ]
        lines.append(json.dumps({**line, "quantity": "1.0000000000001"}))
    return _text(lines)


def _parquet(events: Iterable[Event], _: date) -> Content:
    """Parquet with decimals and instants typed."""
    drawn = list(events)
    table = pa.table(
        {
            "transaction_id": pa.array([event.id for event in drawn], pa.string()),
            "external_subscription_id": pa.array(
                [event.subscription for event in drawn], pa.string()
            ),
            "code": pa.array([event.code for event in drawn], pa.string()),
            "timestamp": pa.array([event.at for event in drawn], pa.timestamp("us", tz="UTC")),
            "tokens": pa.array(
                [Decimal(event.value_text) for event in drawn], pa.decimal128(24, 9)
            ),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=50_000)
    return sink.getvalue().to_pybytes(), len(drawn)


def _hanse(events: Iterable[Event], month: date) -> Content:
    """Flat JSON lines in local time. October has four kinds of lines that are no events."""
    lines = [
        _flat(event, {"tokens": int(event.value_text), "model": "lumen-1"}) for event in events
    ]
    if month == MONTHS[0]:
        good = json.loads(lines[0])
        for n in range(10):
            broken = {**good, "transaction_id": f"broken-{n}"}
            lines.append(json.dumps(broken)[: -1 - n])
            lines.append(json.dumps({**broken, "code": None}))
            lines.append(json.dumps({**broken, "timestamp": "yesterday"}))
            lines.append(json.dumps({**broken, "timestamp": "2025-10-05T12:00:00"}))
    return _text(lines)


def _flat_text(events: Iterable[Event], _: date) -> Content:
    """Flat JSON lines whose values are text."""
    return _text([_flat(event, {event.field: event.value_text}) for event in events])


def _lago(events: Iterable[Event], _: date) -> Content:
    """Lago's body, with the instant in epoch seconds and fraction."""
    return _text([_lago_line(event) for event in events])


def _lago_line(event: Event) -> str:
    body = {
        "transaction_id": event.id,
        "external_subscription_id": event.subscription,
        "code": event.code,
        "timestamp": f"{int(event.at.timestamp())}.{event.at.microsecond:06}",
        "properties": {event.field: event.value_text},
    }
    return json.dumps({"event": body})


def _granite(events: Iterable[Event], month: date) -> Content:
    """Lago's body for two metrics; values of the second have up to 24 digits, in turn as JSON number and as text."""
    lines = [_lago_line(event) for event in events]
    for number, event in enumerate(events_of(STORY["granite-training"], month)):
        line = _lago_line(event)
        if number % 2 == 0:
            line = line.replace(f': "{event.value_text}"', f": {event.value_text}")
        lines.append(line)
    return _text(lines)


def _cloud_events(events: Iterable[Event]) -> Content:
    """CloudEvents as OpenMeter takes them: the customer is the subject; every third names the subscription as well."""
    lines = []
    for number, event in enumerate(events):
        body = {
            "specversion": "1.0",
            "id": event.id,
            "source": "urn:lumen:gateway",
            "type": event.code,
            "time": event.utc_iso(),
            "subject": event.customer,
            "data": {**event.properties, event.field: int(event.value_text)},
        }
        if number % 3 == 0:
            body["subscription"] = event.subscription
        lines.append(json.dumps(body))
    return _text(lines)


def _platform() -> Content:
    """Flat JSON lines of the customers whose usage is told event by event."""
    lines = [
        _flat_line(
            f"{one.account}-{number:02}", f"{one.account}-main", one.metric, one.at, one.properties
        )
        for number, one in enumerate(SINGLE_EVENTS)
    ]
    return _text(lines)


def _cinder() -> Content:
    """Five weeks whose values are JSON numbers with up to nine decimals, and a few events before billing starts."""
    usage = STORY["cinder"]
    lines = []
    for week in usage.totals:
        for event in events_of(usage, week):
            line = _flat(event, {"gb": 0})
            lines.append(line.replace('"gb": 0', f'"gb": {event.value_text}'))
    first = next(events_of(usage, next(iter(usage.totals))))
    for n in range(DEFECTS["before_start"]):
        at = first.at - timedelta(microseconds=1) - timedelta(hours=n)
        lines.append(_flat(replace(first, id=f"before-{n}", at=at), {"gb": "1"}))
    return _text(lines)


def _resent() -> Content:
    """A later delivery: 600 lines of October again, and 60 events whose ids are taken by others."""
    october = list(events_of(STORY["atlas"], MONTHS[0]))
    lines = [_flat(event, {"endpoint": "/v1/answers"}) for event in october[1000:1600]]
    changed = october[2000 : 2000 + DEFECTS["conflict"]]
    lines += [_flat(event, {"endpoint": "/v2/answers"}) for event in changed]
    return _text(lines)
