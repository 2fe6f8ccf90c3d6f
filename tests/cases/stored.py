"""What the product stored for the trials, as facts.

Belongs here: reading quantities, lines, invoices and single events from the warehouse and from finance.duckdb. Does not
belong here: what is expected of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb

from .company import subscription_id
from .company_rows import transaction_id
from .facts import Facts, Line, Point, total
from .trials import Trial

Row = dict[str, Any]
QUANTITIES = "metering.fct_usage_quantities"
CHARGE_EVENTS = "metering.fct_charge_events"
FREE_EVENTS = "rating.int_rating__free_events"
_POINT_KEY = ("charge_code", "filter_code", "group_key", "segment_starts_at", "point_number")


@dataclass
class Stored:
    """Rows by subscription; those of a later close take the place of earlier ones with the same key."""

    points: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: defaultdict(dict))
    event_totals: dict[str, dict[tuple[str, str | None], tuple[int, Decimal]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    running_totals: dict[str, list[Decimal]] = field(default_factory=dict)
    lines: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    invoices: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    minor_units: dict[str, int] = field(default_factory=dict)

    def take_metering(self, file: Path) -> None:
        """Take the quantities that stand in the warehouse: those of the last close, or of the last dbt run."""
        # Between two closes whoever closes has the file open for writing, and DuckDB opens it in one way only.
        with _reading(file, read_only=False) as con:
            self.minor_units = dict(
                con.execute("select currency, minor_unit from reference.currencies").fetchall()
            )
            for row in _rows(con, f"select * from {QUANTITIES}"):
                period = (row["subscription_id"], row["period_starts_at"])
                key = tuple(row.get(name) for name in _POINT_KEY)
                self.points[row["subscription_id"]][(*period, *key)] = row
            if _exists(con, CHARGE_EVENTS):
                self._take_events(con)
            if _exists(con, FREE_EVENTS):
                self._take_running_totals(con)

    def _take_events(self, con: duckdb.DuckDBPyConnection) -> None:
        """Count and sum of the values of the events that each charge measures through its period's end."""
        query = f"""
            select subscription_id, charge_code, filter_code, period_starts_at, count(*), sum(event_value)
            from {CHARGE_EVENTS}
            group by subscription_id, charge_code, filter_code, period_starts_at
            order by period_starts_at
        """
        for owner, charge, filter_code, _, count, value in con.execute(query).fetchall():
            self.event_totals[owner][(charge, filter_code)] = (count, value or Decimal(0))

    def _take_running_totals(self, con: duckdb.DuckDBPyConnection) -> None:
        """The running totals of percentages, through the last event that counts towards what is free."""
        query = f"""
            select subscription_id, value_towards_free, value_towards_free <> 0 or below_free_total_count > 0
            from {FREE_EVENTS}
            order by subscription_id, period_starts_at, filter_code nulls first, event_count
        """
        values: dict[str, list[tuple[Decimal, bool]]] = defaultdict(list)
        for owner, value, is_counted in con.execute(query).fetchall():
            values[owner].append((value, is_counted))
        for owner, judged in values.items():
            last = max(
                (number for number, (_, is_counted) in enumerate(judged, 1) if is_counted),
                default=0,
            )
            self.running_totals[owner] = list(accumulate(value for value, _ in judged[:last]))

    def take_published(self, finance: Path) -> None:
        """Take lines and invoices that were published."""
        with _reading(finance) as con:
            for row in _rows(con, "select * from invoice_lines"):
                self.lines[row["subscription_id"]].append(row)
            for row in _rows(con, "select * from invoices"):
                self.invoices[row["customer_id"]].append(row)

    def take_drafts(self, file: Path, subscriptions: Iterable[str]) -> None:
        """Take the draft lines of these subscriptions instead of what was published for them."""
        wanted = set(subscriptions)
        for name in wanted:
            self.lines.pop(name, None)
        with _reading(file) as con:
            for row in _rows(con, "select * from invoicing.fct_invoice_lines"):
                if row["subscription_id"] in wanted:
                    self.lines[row["subscription_id"]].append(row)

    def facts(self, name: str, trial: Trial) -> Facts:
        """What came out for a trial, in its own period."""
        owner = subscription_id(name)
        starts_at = trial.span.starts_at.replace(tzinfo=None)
        positions = {
            transaction_id(name, metric.code, position): position
            for metric in trial.metrics
            for position in range(len(trial.events))
        }
        invoices = [] if trial.given else self.invoices.get(name, [])
        return Facts(
            points=[
                _point(row, positions)
                for row in self.points.get(owner, {}).values()
                if _naive(row["period_starts_at"]) == starts_at
            ],
            lines=[
                _line(row, positions)
                for row in self.lines.get(owner, [])
                if _naive(row["service_period_start"]) >= starts_at
            ],
            minor_unit=self.minor_units.get(trial.currency, 2),
            total_amount=total([row["total_amount"] for row in invoices]),
            tax_amount=total([row["tax_amount"] for row in invoices]),
            event_totals=self.event_totals.get(owner, {}),
            running_totals=self.running_totals.get(owner),
        )


def _point(row: Row, positions: Mapping[str, int]) -> Point:
    return Point(
        charge_code=row["charge_code"],
        filter_code=row["filter_code"],
        group=_group(row["group_key"]),
        point_number=row.get("point_number", 1),
        quantity=row["quantity"],
        rated_quantity=row.get("rated_quantity", row["quantity"]),
        event_count=row["event_count"],
        given_amount=row.get("given_amount_unrounded"),
        event_position=positions.get(row.get("transaction_id") or ""),
    )


def _line(row: Row, positions: Mapping[str, int]) -> Line:
    return Line(
        charge_code=row["charge_code"],
        filter_code=row["filter_code"],
        group=_group(row["group_key"]),
        fee_type=row["fee_type"],
        quantity=row["quantity"],
        unit_amount=row["unit_amount"],
        amount_unrounded=row["amount_unrounded"],
        amount=row["amount"],
        event_position=positions.get(row.get("event_id") or ""),
    )


def _group(text: str | None) -> dict[str, str | None] | None:
    return None if text is None else json.loads(text)


def _naive(instant: Any) -> Any:
    return instant.replace(tzinfo=None)


def _reading(file: Path, *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(file), read_only=read_only)
    con.execute("set TimeZone = 'UTC'")
    return con


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _exists(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    schema, table = relation.split(".")
    query = (
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
    )
    found = con.execute(query, [schema, table]).fetchone()
    return found is not None and found[0] > 0
