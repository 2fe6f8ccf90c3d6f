"""Writes random examples as one company: a catalog folder, and landing files of every format.

Belongs here: files. Does not belong here: what is in them (see `random_companies`).

Each example stands twice. Copy a is written as drawn; copy b has its lines shuffled, its files split, and exact
duplicates of many lines in one more file, which must change no amount.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pyarrow.parquet

from .numbers import parse_number
from .random_rows import COPY, ENTITIES, PRICES, Example, JsonNumber, UsageLine, Window

PROPERTY_FIELDS = ("amount", "gb", "note")
COLUMNS = {
    "prices/billable_metrics": "metric_code metric_name aggregation_type field_name unit_name",
    "prices/plans": "plan_code plan_name interval is_pay_in_advance amount currency valid_from "
    "valid_to recorded_at",
    "prices/charges": "charge_code plan_code metric_code charge_model display_name unit_amount "
    "package_amount package_size free_units valid_from valid_to recorded_at",
    "prices/charge_tiers": "plan_code charge_code valid_from recorded_at up_to unit_amount "
    "flat_amount",
    "accounts/billing_entities": "billing_entity_code entity_name country timezone "
    "invoice_prefix net_payment_days grace_days",
    "accounts/customers": "customer_id customer_name billing_entity_code country timezone "
    "purchase_order metadata",
    "accounts/subscriptions": "subscription_id external_subscription_id customer_id plan_code "
    "started_at ended_at billing_starts_at recorded_at",
    "credits/wallets": "wallet_id customer_id wallet_name currency priority",
    "credits/wallet_lots": "lot_id wallet_id lot_kind amount granted_on",
    "tax/taxes": "tax_code tax_name rate_percent valid_from valid_to recorded_at",
    "tax/customer_taxes": "customer_id tax_code",
}
ROWS_OF_EACH_COPY = ("accounts/", "credits/", "tax/customer_taxes")
FLAT_COLUMNS = (
    "transaction_id",
    "external_subscription_id",
    "external_customer_id",
    "code",
    "timestamp",
    *PROPERTY_FIELDS,
)
SHORT_COLUMNS = ("user_id", "event_type", "quantity", "timestamp")
Owned = tuple[str, UsageLine]  # an example's prefix, and one of its lines


@dataclass(frozen=True)
class Company:
    """A generated company: its folders and the examples in it, by their prefix."""

    catalog: Path
    landing: Path
    window: Window
    examples: dict[str, Example]


def customer_of(prefix: str, copy: str) -> str:
    """The customer id of a copy (a or b) of an example."""
    return f"{prefix}{copy}_customer"


def write_company(folder: Path, examples: Sequence[Example], window: Window) -> Company:
    """Write catalog/ and landing/ below `folder`. The same examples give the same bytes."""
    named = {f"e{number:05d}": example for number, example in enumerate(examples)}
    company = Company(folder / "catalog", folder / "landing", window, named)
    _write_catalog(company)
    owned = [(prefix, line) for prefix, example in named.items() for line in example.lines]
    _write_lines(company, "a", owned)
    for part, lines in _permuted(owned).items():
        _write_lines(company, f"b/{part}", lines)
    return company


# Catalog.


def _write_catalog(company: Company) -> None:
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in COLUMNS}
    rows["accounts/billing_entities"] = [
        {
            "billing_entity_code": code,
            "entity_name": code.title(),
            "country": "US",
            "timezone": zone_name,
            "invoice_prefix": f"{code.upper()}-",
            "net_payment_days": str(net_payment_days),
            "grace_days": str(grace_days),
        }
        for code, zone_name, net_payment_days, grace_days in ENTITIES
    ]
    for prefix, example in company.examples.items():
        for name, own_rows in example.rows.items():
            copies = ("a", "b") if name.startswith(ROWS_OF_EACH_COPY) else ("a",)
            for copy in copies:
                rows[name].extend(_marked(row, prefix, copy) for row in own_rows)
    for name, columns in COLUMNS.items():
        path = company.catalog / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns.split(), restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[name])


def _marked(row: dict[str, Any], prefix: str, copy: str) -> dict[str, Any]:
    """The row with its marks replaced by the names of this example and copy."""
    return {
        name: type(value)(named(value, prefix, copy)) if isinstance(value, str) else value
        for name, value in row.items()
    }


def named(text: str, prefix: str, copy: str) -> str:
    return text.replace(PRICES, f"{prefix}_").replace(COPY, f"{prefix}{copy}_")


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


def _write_lines(company: Company, name: str, owned: Sequence[Owned]) -> None:
    """One file per kind: jsonl, jsonl.gz, csv (flat and short), parquet; all received at the same instant."""
    copy = name[0]
    lines = [
        replace(
            line, record=_marked(line.record, prefix, copy), text=named(line.text, prefix, copy)
        )
        for prefix, line in owned
    ]
    folder = company.landing / name
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
        seconds = company.window.received_at.timestamp()
        os.utime(path, (seconds, seconds))


def json_line(line: UsageLine) -> str:
    """The JSON text of a line in its shape."""
    if line.shape == "raw":
        return line.text
    if line.shape == "short":
        return json_text(line.record)
    properties = {name: line.record[name] for name in PROPERTY_FIELDS if name in line.record}
    record = {name: value for name, value in line.record.items() if name not in PROPERTY_FIELDS}
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
