"""Small companies written by hand: catalog rows and usage lines as files, and the lines of their bill.

Belongs here: what saves a test from repeating what does not matter to it. Does not belong here: expected amounts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from .bill import Bill, bill
from .catalog import Catalog, read_catalog
from .invoices import Payment
from .timelines import with_timelines

Cells = dict[str, str]
Tables = dict[str, list[Cells]]
ALWAYS = {"valid_from": "2020-01-01", "recorded_at": "2020-01-01T00:00:00Z"}

UNTIL_15 = {"valid_to": "2025-06-16"}
FROM_16 = {"valid_from": "2025-06-16"}

# One customer in UTC with a monthly plan of 0 from June 2025, and one whose weekly plan makes the company close on
# every Monday.
BASE: Tables = {
    "prices/billable_metrics": [
        {"metric_code": "calls", "aggregation_type": "count"},
        {"metric_code": "tokens", "aggregation_type": "sum", "field_name": "amount"},
        {"metric_code": "seats", "aggregation_type": "sum", "field_name": "amount"}
        | {"is_recurring": "true"},
        {"metric_code": "users", "aggregation_type": "unique_count", "field_name": "user"}
        | {"is_recurring": "true"},
        {"metric_code": "storage", "aggregation_type": "weighted_sum", "field_name": "amount"}
        | {"is_recurring": "true"},
    ],
    "prices/plans": [
        {"plan_code": "pro", "interval": "monthly", "amount": "0", "currency": "EUR", **ALWAYS},
        {"plan_code": "week", "interval": "weekly", "amount": "0", "currency": "EUR", **ALWAYS},
    ],
    "accounts/billing_entities": [
        {"billing_entity_code": "us", "net_payment_days": "30", "grace_days": "0"}
    ],
    "accounts/customers": [
        {"customer_id": "atlas", "billing_entity_code": "us"},
        {"customer_id": "clock", "billing_entity_code": "us"},
    ],
    "accounts/subscriptions": [
        {"subscription_id": "s1", "external_subscription_id": "ext", "customer_id": "atlas"}
        | {"plan_code": "pro", "started_at": "2025-06-01T00:00:00Z"}
        | {"recorded_at": "2020-01-01T00:00:00Z"},
        {"subscription_id": "s2", "external_subscription_id": "clock", "customer_id": "clock"}
        | {"plan_code": "week", "started_at": "2025-06-01T00:00:00Z"}
        | {"recorded_at": "2020-01-01T00:00:00Z"},
    ],
}


def charge(metric_code: str, charge_model: str = "standard", **cells: str) -> Cells:
    """A charge row of the monthly plan; its code is that of its metric."""
    return {
        "plan_code": "pro",
        "charge_code": metric_code,
        "metric_code": metric_code,
        "charge_model": charge_model,
        **ALWAYS,
        **cells,
    }


def event(transaction_id: str, day: str, code: str, /, **properties: Any) -> dict[str, Any]:
    """A flat event at noon of a day (YYYY-MM-DD), or at the instant that is given."""
    return {
        "transaction_id": transaction_id,
        "external_subscription_id": "ext",
        "code": code,
        "timestamp": day if "T" in day else f"{day}T12:00:00Z",
        "properties": properties,
    }


def write_tables(folder: Path, tables: Mapping[str, Sequence[Cells]]) -> Path:
    """One CSV file per table, with the columns that its rows name."""
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = dict.fromkeys(column for row in rows for column in row)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(columns), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def write_lines(path: Path, records: Sequence[dict[str, Any] | str]) -> Path:
    """A JSONL file; a text is a line as it stands."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def hand_bill(
    folder: Path,
    tables: Tables,
    batches: Sequence[Sequence[dict[str, Any] | str]],
    through: str,
    *,
    batches_known_on: Callable[[date], int] | None = None,
    earlier: Mapping[str, Tables] | None = None,
    payments: Iterable[Payment] = (),
) -> Bill:
    """The bill of the base company, some of whose tables are replaced; one file per batch.

    `earlier`: the tables that closes knew before, by the last date of such a close.
    """
    catalog = write_tables(folder / "catalog", {**BASE, **tables})
    earlier_catalogs = {
        date.fromisoformat(until): write_tables(folder / until, {**BASE, **own})
        for until, own in (earlier or {}).items()
    }
    files = [
        [write_lines(folder / f"batch{number}.jsonl", records)]
        for number, records in enumerate(batches)
    ]
    return bill(
        catalog,
        files,
        date.fromisoformat(through),
        batches_known_on=batches_known_on,
        earlier_catalogs=earlier_catalogs,
        payments=payments,
    )


def charge_lines(result: Bill, *fields: str, customer_id: str = "atlas") -> list[tuple[str, ...]]:
    """Close date and the named fields of every line that is not a base fee, as texts ('' where there is nothing)."""
    return [
        (invoice.close_date.isoformat(), *(_text(getattr(line, name)) for name in fields))
        for invoice in result.invoices
        if invoice.customer_id == customer_id
        for line in invoice.lines
        if line.fee_type != "subscription"
    ]


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return "" if value is None else str(value)


def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Numbers without the zeros at their end."""
    return tuple(
        text.rstrip("0").rstrip(".") if "." in text and text[-1].isdigit() else text
        for text in texts
    )


def plain_lines(result: Bill, *fields: str) -> list[tuple[str, ...]]:
    return [_plain(line) for line in charge_lines(result, *fields)]


def of_row(row: Cells, **cells: str) -> Cells:
    """The columns by which a tier, a filter or a value names its charge row."""
    names = ("plan_code", "charge_code", "subscription_id", "first_month", "valid_from")
    key = {name: row.get(name, "") for name in (*names, "recorded_at")}
    return {**key, **cells}


def tier(row: Cells, up_to: str, unit_amount: str, flat_amount: str = "", **cells: str) -> Cells:
    return of_row(row, up_to=up_to, unit_amount=unit_amount, flat_amount=flat_amount, **cells)


# A life: plans and subscriptions.


def plan(plan_code: str, amount: str, interval: str = "monthly", **cells: str) -> Cells:
    """A plan row in euros that always holds."""
    return {
        "plan_code": plan_code,
        "interval": interval,
        "amount": amount,
        "currency": "EUR",
        **ALWAYS,
        **cells,
    }


def subscription(
    subscription_id: str, plan_code: str, started_at: str, ended_at: str = "", **cells: str
) -> Cells:
    """A row of the customer atlas under the external id `ext`; a date is its midnight in UTC."""
    instants = (
        text if "T" in text or not text else f"{text}T00:00Z" for text in (started_at, ended_at)
    )
    return {
        "subscription_id": subscription_id,
        "external_subscription_id": "ext",
        "customer_id": "atlas",
        "plan_code": plan_code,
        **dict(zip(("started_at", "ended_at"), instants, strict=True)),
        "recorded_at": "2020-01-01T00:00:00Z",
        **cells,
    }


def fixed_charge(add_on_code: str, units: str, unit_amount: str = "", **cells: str) -> Cells:
    """A fixed charge row of the plan `p`, standard and in arrears; its code is that of its add-on."""
    return {
        "fixed_charge_code": add_on_code,
        "plan_code": "p",
        "add_on_code": add_on_code,
        "charge_model": "standard",
        "units": units,
        "unit_amount": unit_amount,
        **ALWAYS,
        **cells,
    }


def in_zone(timezone: str) -> list[Cells]:
    """The customers, atlas in a zone."""
    atlas, clock = BASE["accounts/customers"]
    return [{**atlas, "timezone": timezone}, clock]


def hand_catalog(folder: Path, tables: Tables) -> Catalog:
    """The catalog of the base company with its subscriptions as they began and ended."""
    return with_timelines(read_catalog(write_tables(folder / "catalog", {**BASE, **tables})))


def fees(result: Bill, *fee_types: str) -> list[tuple[str, str, str]]:
    """Close date, subscription and amount of every line of some fee types (none named: of base fees)."""
    return [
        (invoice.close_date.isoformat(), line.subscription_id, format(line.amount, "f"))
        for invoice in result.invoices
        for line in invoice.lines
        if line.fee_type in (fee_types or ("subscription",)) and invoice.customer_id == "atlas"
    ]
