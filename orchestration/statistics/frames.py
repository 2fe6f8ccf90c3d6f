"""The rows that the statistical checks judge, computed by DuckDB.

Belongs here: which SQL gives them, with which thresholds. Does not belong here: the judging. What is usual is made of
floats, for shape and drift; what stands in a row, values and bounds alike, is decimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.close_run import CloseRun
from orchestration.statistics.thresholds import (
    Arrivals,
    InvoiceTotals,
    LineShares,
    MetricVolumes,
)

SQL = Path(__file__).parent / "sql"

Row = Mapping[str, Any]


def invoice_totals(
    con: duckdb.DuckDBPyConnection, run: CloseRun, limits: InvoiceTotals
) -> Sequence[Row]:
    """Draft invoices with enough history, by document_key; `history` and `history_dates` are oldest first.

    Amounts are in the invoice's currency, at scale 4.
    """
    by_currency = dict(limits.smallest_change)
    default = by_currency.pop("default")
    # Codes are three capital letters and amounts numbers: the file was checked.
    cases = "".join(f" when '{code}' then {change}" for code, change in by_currency.items())
    smallest = f"case with_median.currency{cases} else {default} end" if cases else str(default)
    return _rows(
        con,
        run,
        "invoice_totals",
        {
            "catalog_version": run.catalog_version,
            "invoice_types": list(limits.invoice_types),
            "history": limits.history,
            "minimum_history": limits.minimum_history,
            "highest_ratio": limits.highest_ratio,
            "lowest_ratio": limits.lowest_ratio,
            "spreads": limits.spreads,
        },
        smallest_change=smallest,
    )


def metric_volumes(
    con: duckdb.DuckDBPyConnection, run: CloseRun, limits: MetricVolumes
) -> Sequence[Row]:
    """Whole UTC days of due periods by metric, with the same weekday of earlier weeks; quantities at scale 9."""
    values = limits.model_dump(exclude={"is_on"})
    return _rows(con, run, "metric_volumes", values)


def line_shares(con: duckdb.DuckDBPyConnection, run: CloseRun, limits: LineShares) -> Sequence[Row]:
    """Kinds of lines that were not accepted, as shares of the lines since the last close, from 0 to 1 at scale 6."""
    values = limits.model_dump(exclude={"is_on", "highest_share"})
    values |= {"close_date": run.close_date, "cutoff_batch": run.cutoff_batch}
    highest = limits.highest_share
    cases = (
        f"case shares.kind when 'rejected' then {highest.rejected}"
        f" when 'conflict' then {highest.conflict} else {highest.duplicate} end"
    )
    return _rows(con, run, "line_shares", values, highest_share=cases)


def arrival_days(con: duckdb.DuckDBPyConnection, run: CloseRun, limits: Arrivals) -> Sequence[Row]:
    """UTC days since the last close of metrics and sources that usually have events every day, with their events."""
    values = limits.model_dump(exclude={"is_on"})
    values |= {"close_date": run.close_date, "cutoff_batch": run.cutoff_batch}
    return _rows(con, run, "arrival_days", values)


def _rows(
    con: duckdb.DuckDBPyConnection,
    run: CloseRun,
    name: str,
    values: Mapping[str, Any],
    **expressions: str,
) -> list[Row]:
    query = _sql(name).format(earlier_publications=_sql("earlier_publications"), **expressions)
    cursor = con.execute(query, {**values, "close_sequence": run.close_sequence})
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")
