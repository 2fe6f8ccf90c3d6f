"""Writes random examples as one company: a catalog folder, and batches of usage files of every format.

Belongs here: files. Does not belong here: what is in them (see `random_companies`).

Each example stands twice. Copy a is written as drawn; copy b has its lines shuffled, its files split, and exact
duplicates of many lines in one more file, which must change no amount.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pyarrow.parquet

from .catalog_columns import COLUMNS, LIFE_COLUMNS
from .entities import entity_rows, shared_taxes
from .numbers import parse_number
from .periods import ONE_DAY
from .random_credits import entity_taxes
from .random_rows import (
    ALWAYS,
    COPY,
    ENTITIES,
    PRICES,
    RECORDED,
    Example,
    JsonNumber,
    UsageLine,
    Window,
)

PROPERTY_FIELDS = ("amount", "gb", "note", "item", "operation_type", "region", "level")
CENTS = "precise_total_amount_cents"
FLAT_COLUMNS = (
    "transaction_id",
    "external_subscription_id",
    "external_customer_id",
    "code",
    "timestamp",
    "retracts",
    "amends",
    CENTS,
    *PROPERTY_FIELDS,
)
SHORT_COLUMNS = ("user_id", "event_type", "quantity", "timestamp")
CLOUD_NAMES = {
    "transaction_id": "id",
    "code": "type",
    "timestamp": "time",
    "external_subscription_id": "subscription",
    "external_customer_id": "subject",
}
CLOCK_PREFIX = "clock"
DAYS = tuple(number * ONE_DAY for number in range(7))
Owned = tuple[str, UsageLine]  # an example's prefix, and one of its lines


@dataclass(frozen=True)
class Company:
    """A generated company: its folders and the examples in it, by their prefix.

    `batches`: the folders of usage in the order in which they arrive; a landing folder takes them in turn.
    `earlier_catalog`: what closes through the window's middle know, where some example's life is known late.
    `stages`: (through, catalog) of closes that know less than `catalog`, where some example has a past.
    """

    catalog: Path
    batches: tuple[Path, ...]
    window: Window
    examples: dict[str, Example]
    earlier_catalog: Path | None = None
    stages: tuple[tuple[date, Path], ...] = ()


def prefix_of(number: int) -> str:
    """What the ids of the example at that place begin with."""
    return f"e{number:05d}"


def customer_of(prefix: str, copy: str) -> str:
    """The customer id of a copy (a or b) of an example."""
    return f"{prefix}{copy}_customer"


def write_company(
    folder: Path,
    examples: Sequence[Example],
    window: Window,
    *,
    batch_count: int = 1,
    left_out: Collection[str] = (),
) -> Company:
    """Write catalog/ and the batches of usage below `folder`. The same examples give the same bytes.

    An example's prefix is its place in `examples`, also where others are left out.

    With two batches, the lines that are late arrive in the second one, and the repeated lines of the first as well.
    """
    prefixed = {prefix_of(number): example for number, example in enumerate(examples)}
    own_examples = {name: one for name, one in prefixed.items() if name not in left_out}
    batches = tuple(folder / f"batch{number}" for number in range(1, batch_count + 1))
    company = Company(folder / "catalog", batches, window, own_examples)
    write_catalog(company.catalog, window, own_examples)
    early = {name: known_early(one) for name, one in own_examples.items()}
    if batch_count > 1 and early != own_examples:
        company = replace(company, earlier_catalog=folder / "earlier_catalog")
        write_catalog(folder / "earlier_catalog", window, early)
    company = replace(company, stages=write_stages(folder, window, own_examples))
    owned = [(prefix, line) for prefix, one in own_examples.items() for line in one.lines]
    for number, batch in enumerate(batches):
        own = [one for one in owned if batch_count == 1 or one[1].is_late == (number == 1)]
        write_lines(window, batch / "a", own)
        for part, lines in _permuted(own).items():
            arrives = batches[-1] if part == "again" else batch
            write_lines(window, arrives / "b" / f"{part}{number}", lines)
    return company


# Catalog.


def write_stages(
    folder: Path, window: Window, examples: Mapping[str, Example]
) -> tuple[tuple[date, Path], ...]:
    """What closes know that do not know all yet: (through, catalog), in order."""
    found = []
    days = sorted({past.through for one in examples.values() for past in one.pasts})
    for number, day in enumerate(days):
        known = {prefix: one.known_on(day) for prefix, one in examples.items()}
        found.append((day, folder / f"stage{number}"))
        write_catalog(found[-1][1], window, known)
    return tuple(found)


def write_catalog(
    folder: Path,
    window: Window,
    examples: Mapping[str, Example],
    copies: Sequence[str] = ("a", "b"),
    *,
    taxes_changed_on: date | None = None,
) -> None:
    """The catalog of the examples, by prefix, and of the clock.

    `taxes_changed_on`: the day on which taxes change that examples share (None: the window's middle).
    """
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in (*COLUMNS, *LIFE_COLUMNS)}
    for prefix, example in {CLOCK_PREFIX: clock_example(window), **examples}.items():
        for name, own_rows in example.rows.items():
            for row in own_rows:
                own_copies = copies if any(COPY in value for value in row.values()) else copies[:1]
                rows[name].extend(_marked(row, prefix, copy) for copy in own_copies)
    used = {row["billing_entity_code"] for row in rows["accounts/customers"]}
    rows["accounts/billing_entities"] = entity_rows(used)
    if rows["tax/assigned_taxes"]:
        for name, shared in entity_taxes().items():
            rows[name].extend(shared)
    if any("automatic_tax" in row for row in rows["accounts/billing_entities"]):
        for name, shared in shared_taxes(used, taxes_changed_on or window.middle).items():
            rows[name].extend(shared)
    for name, own in rows.items():
        columns = _columns(name, own)
        if columns:
            path = folder / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(own)


def _columns(name: str, rows: Sequence[dict[str, str]]) -> list[str]:
    """The columns of a file: those of every company, and those of a life that any row has; none: there is no file."""
    given = {column for row in rows for column in row}
    life = [column for column in LIFE_COLUMNS.get(name, "").split() if column in given]
    if name in COLUMNS:
        return [*COLUMNS[name].split(), *life]
    return LIFE_COLUMNS[name].split() if rows else []


def known_early(example: Example) -> Example:
    """The example as closes through the window's middle know it."""
    rows = {
        table: [row for row in own if _id_of(row) not in example.late_rows]
        for table, own in example.rows.items()
    }
    if "accounts/subscriptions" in rows:
        rows["accounts/subscriptions"] = [
            {**row, "ended_at": ""} if row["subscription_id"] in example.late_ends else row
            for row in rows["accounts/subscriptions"]
        ]
    return replace(example, rows=rows)


def _id_of(row: Mapping[str, str]) -> str:
    """The subscription or one-off fee that a row is of, if any."""
    return row.get("one_off_fee_id") or row.get("subscription_id", "")


def _marked(row: dict[str, Any], prefix: str, copy: str) -> dict[str, Any]:
    """The row with its marks replaced by the names of this example and copy."""
    return {
        name: type(value)(named(value, prefix, copy)) if isinstance(value, str) else value
        for name, value in row.items()
    }


def named(text: str, prefix: str, copy: str) -> str:
    return text.replace(PRICES, f"{prefix}_").replace(COPY, f"{prefix}{copy}_")


def clock_example(window: Window) -> Example:
    """A customer with something due on every close date, so that a smaller company has the same closes.

    Where closes are daily, weeks begin on each of seven days.
    """
    rows: dict[str, list[dict[str, str]]] = {
        "accounts/customers": [
            {"customer_id": f"{COPY}customer", "customer_name": "A clock"}
            | {"billing_entity_code": ENTITIES[0][0]}
        ],
        "accounts/subscriptions": [],
        "prices/plans": [],
    }
    week_ago = window.first - 7 * ONE_DAY
    starts = {
        "weekly": next(day for day in map(week_ago.__add__, DAYS) if day.weekday() == 0),
        "monthly": (window.first - ONE_DAY).replace(day=1),
    }
    named_starts = {interval: (interval, start) for interval, start in starts.items()}
    if window.is_daily:
        named_starts = {f"day{day}": ("weekly", week_ago + day * ONE_DAY) for day in range(7)}
    for name, (interval, start) in named_starts.items():
        rows["accounts/subscriptions"].append(
            {
                "subscription_id": f"{COPY}{name}",
                "external_subscription_id": f"{COPY}{name}",
                "customer_id": f"{COPY}customer",
                "plan_code": f"{PRICES}{interval}",
                "started_at": f"{start.isoformat()}T00:00:00Z",
                "recorded_at": RECORDED,
                **({"billing_time": "anniversary"} if window.is_daily else {}),
            }
        )
    for interval in dict.fromkeys(interval for interval, _ in named_starts.values()):
        rows["prices/plans"].append(
            {
                "plan_code": f"{PRICES}{interval}",
                "plan_name": "A clock",
                "interval": interval,
                "is_pay_in_advance": "false",
                "amount": "1",
                "currency": "USD",
                "valid_from": ALWAYS,
                "recorded_at": RECORDED,
            }
        )
    return Example(rows, (), is_permutable=True)


# Landing files.


def _permuted(owned: Sequence[Owned]) -> dict[str, list[Owned]]:
    """Lines shuffled and dealt to two parts, and a third part of repeated ones.

    Lines of one identity stay together and in order. Lines without an id all stay in one part: their number within
    their file is their id.
    """
    random = Random(20251026)
    shuffled = random.sample(owned, len(owned))
    originals: dict[tuple[str, str], list[Owned]] = {}
    for prefix, line in owned:
        originals.setdefault((prefix, line.identity), []).append((prefix, line))
    in_order = {key: iter(lines) for key, lines in originals.items()}
    parts: dict[str, list[Owned]] = {"one": [], "two": [], "again": []}
    for prefix, line in shuffled:
        kept = next(in_order[(prefix, line.identity)])
        lines_of_identity = originals[(prefix, line.identity)]
        is_second = line.shape != "short" and hash_free_parity(prefix + line.identity)
        parts["two" if is_second else "one"].append(kept)
        is_plain = kept[1].shape != "raw" and len(lines_of_identity) == 1
        if (is_plain or kept[1].shape == "short") and random.random() < 0.3:
            parts["again"].append(kept)
    return parts


def hash_free_parity(text: str) -> bool:
    """A coin that falls the same way in every run, unlike `hash`."""
    return sum(text.encode()) % 2 == 1


def write_lines(window: Window, folder: Path, owned: Sequence[Owned]) -> None:
    """One file per kind: jsonl, jsonl.gz, csv (flat and short), parquet; all received at the same instant.

    The folder's path holds the copy's letter.
    """
    copy = "a" if folder.name == "a" else "b"
    lines = [
        replace(
            line, record=_marked(line.record, prefix, copy), text=named(line.text, prefix, copy)
        )
        for prefix, line in owned
    ]
    folder.mkdir(parents=True, exist_ok=True)
    by_kind: dict[str, list[UsageLine]] = {}
    for line in lines:
        kind = f"{line.shape}.csv" if line.file_kind == "csv" else line.file_kind
        by_kind.setdefault(kind, []).append(line)
    for kind, own_lines in by_kind.items():
        path = folder / (kind if kind.endswith(".csv") else f"usage.{kind}")
        if kind == "parquet":
            pyarrow.parquet.write_table(_parquet_table(own_lines), path)
        elif kind.endswith(".csv"):
            columns = SHORT_COLUMNS if kind == "short.csv" else FLAT_COLUMNS
            _write_csv(path, columns, own_lines)
        else:
            data = "".join(f"{json_line(line)}\n" for line in own_lines).encode()
            path.write_bytes(gzip.compress(data, mtime=0) if kind.endswith(".gz") else data)
        seconds = window.received_at.timestamp()
        os.utime(path, (seconds, seconds))


def json_line(line: UsageLine) -> str:
    """The JSON text of a line in its shape."""
    if line.shape == "raw":
        return line.text
    if line.shape == "short":
        return json_text(line.record)
    is_cloud = line.shape == "cloud"
    inner = (*PROPERTY_FIELDS, CENTS) if is_cloud else PROPERTY_FIELDS
    properties = {name: line.record[name] for name in inner if name in line.record}
    record = {name: value for name, value in line.record.items() if name not in inner}
    if is_cloud:
        record = {CLOUD_NAMES.get(name, name): value for name, value in record.items()}
        return json_text({"specversion": "1.0", **record, "data": properties})
    if properties:
        record["properties"] = properties
    return json_text({"event": record} if line.shape == "lago" else record)


def json_text(value: Any) -> str:
    """JSON in which a JsonNumber stands as it is written."""
    if isinstance(value, JsonNumber):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}: {json_text(member)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    return json.dumps(value)


def _write_csv(path: Path, columns: Iterable[str], lines: Iterable[UsageLine]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(line.record for line in lines)


def _parquet_table(lines: Sequence[UsageLine]) -> pyarrow.Table:
    """Typed columns: instants with zone, `gb` as a decimal, `amount` as text."""
    types = {
        "timestamp": pyarrow.timestamp("us", tz="UTC"),
        "gb": pyarrow.decimal128(24, 9),
    }
    arrays = {
        column: pyarrow.array(
            [_parquet_value(column, line.record.get(column)) for line in lines],
            types.get(column, pyarrow.string()),
        )
        for column in FLAT_COLUMNS
        if column != "external_customer_id"
    }
    return pyarrow.table(arrays)


def _parquet_value(column: str, value: str | None) -> datetime | Decimal | str | None:
    if value is None:
        return None
    if column == "timestamp":
        return _instant(value)
    if column == "gb":
        return parse_number(str(value))
    return str(value)


def _instant(text: str) -> datetime:
    seconds = parse_number(text)
    if seconds is None:
        return datetime.fromisoformat(text).astimezone(UTC)
    whole, fraction = divmod(seconds, 1)
    return datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(fraction * 1_000_000))
