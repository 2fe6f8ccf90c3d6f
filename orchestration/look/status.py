"""`meterhouse status`: where this workspace stands.

Belongs here: a short read of the warehouse and of what is published. Does not belong here: mending anything.
"""

from __future__ import annotations

from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.accounting_locks import locked_months, recorded_locks
from orchestration.acknowledgements import open_warnings
from orchestration.answers import plain
from orchestration.holds.groups import ACTIVE_HOLDS
from orchestration.look.source import finance, minor_units, print_json, rows
from orchestration.texts import counted, money
from orchestration.warehouse import connect
from orchestration.workspace import Workspace


def show(ws: Workspace, as_json: bool = False) -> None:
    """Print catalog, usage, closes and totals of `ws`, as tables or as one JSON object."""
    status = read(ws)
    if as_json:
        print_json(status)
    else:
        _draw(Console(), status)


def read(ws: Workspace) -> dict[str, Any]:
    """What `status` shows, as plain data; empty parts where nothing has run yet."""
    status: dict[str, Any] = {
        "folders": {
            "catalog": str(ws.catalog),
            "landing": str(ws.landing),
            "warehouse": str(ws.warehouse),
            "published": str(ws.published),
        },
        "catalog": None,
        "usage": None,
        "verdicts": [],
        "closes": [],
        "locked_months": [],
        "held_documents": 0,
        "open_warnings": [],
        "totals": [],
    }
    if ws.warehouse_file.exists():
        with connect(ws, read_only=True) as con:
            status.update(_warehouse_part(con))
    with finance(ws) as con:
        if con is not None:
            status["totals"] = rows(
                con,
                """
                select
                    currency, count(*) as invoice_count, sum(total_amount) as total_amount,
                    sum(amount_due) as amount_due
                from invoices
                group by currency
                order by currency
                """,
            )
    return status


def _warehouse_part(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    tables = {row["name"] for row in rows(con, _TABLES)}
    if "control.closes" not in tables:
        return {}
    usage = {
        "batches": 0,
        "files": 0,
        "lines": 0,
        "accepted": 0,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 0,
    }
    usage |= rows(con, "select count(*) as batches from landing.batches")[0]
    usage |= rows(
        con, "select count(*) as files, coalesce(sum(line_count), 0) as lines from landing.files"
    )[0]
    usage |= rows(con, _VERDICTS)[0]
    verdicts = []
    if "metering.fct_event_verdicts" in tables:
        verdicts = rows(
            con,
            "select verdict, sum(event_count) as event_count from metering.fct_event_verdicts "
            "group by verdict order by event_count desc",
        )
    catalog = rows(con, _CATALOG)
    closes = rows(
        con,
        "select close_date, close_sequence, status, cutoff_batch, message from control.closes order by close_date",
    )
    locked: list[str] = []
    if "control.accounting_locks" in tables:
        locked = [f"{month:%Y-%m}" for month in locked_months(recorded_locks(con))]
    held, warnings = 0, []
    if {"issued.holds", "control.statistics_results"} <= tables:
        held = rows(con, f"select count(*) as held from {ACTIVE_HOLDS} as holds")[0]["held"]
        warnings = [plain(one) for one in open_warnings(con)]
    return {
        "catalog": catalog[0] if catalog else None,
        "usage": {name: int(value) for name, value in usage.items()},
        "verdicts": [{**row, "event_count": int(row["event_count"])} for row in verdicts],
        "closes": closes,
        "locked_months": locked,
        "held_documents": held,
        "open_warnings": warnings,
    }


_TABLES = "select table_schema || '.' || table_name as name from information_schema.tables"
_VERDICTS = """
    select
        coalesce(sum(accepted_count), 0) as accepted,
        coalesce(sum(duplicate_count), 0) as duplicate,
        coalesce(sum(conflict_count), 0) as conflict,
        coalesce(sum(rejected_count), 0) as rejected
    from landing.fct_file_verdicts
"""
_CATALOG = """
    select versions.catalog_version, versions.version_number, loads.loaded_at
    from control.catalog_loads as loads
    inner join catalog.versions as versions on loads.catalog_version = versions.catalog_version
    order by loads.loaded_at desc
    limit 1
"""


def _draw(console: Console, status: dict[str, Any]) -> None:
    facts = Table.grid(padding=(0, 2))
    for name, folder in status["folders"].items():
        facts.add_row(f"[bold]{name}[/]", folder)
    catalog, usage = status["catalog"], status["usage"]
    if catalog:
        facts.add_row(
            "[bold]prices[/]",
            f"version {catalog['version_number']} ({catalog['catalog_version'][:12]})",
        )
    if usage:
        facts.add_row(
            "[bold]usage[/]",
            f"{counted(usage['lines'], 'line')} in {counted(usage['files'], 'file')}, loaded in "
            f"{usage['batches']} batch{'' if usage['batches'] == 1 else 'es'}: "
            f"{usage['accepted']:,} accepted, {usage['duplicate']:,} duplicate, "
            f"{usage['conflict']:,} in conflict, {usage['rejected']:,} rejected",
        )
    if status["verdicts"]:
        words = (
            f"{row['event_count']:,} {row['verdict'].replace('_', ' ')}"
            for row in status["verdicts"]
        )
        facts.add_row("[bold]of the accepted[/]", ", ".join(words))
    if status["locked_months"]:
        facts.add_row("[bold]locked[/]", ", ".join(status["locked_months"]))
    console.print(facts)
    if not status["closes"]:
        console.print("\nNothing is closed yet. Run `meterhouse close --through DATE`.")
        return
    _draw_closes(console, status["closes"])
    if status["held_documents"]:
        console.print(
            f"[yellow]{counted(status['held_documents'], 'document')} held[/]: `meterhouse holds` lists them"
        )
    for warning in status["open_warnings"]:
        console.print(
            f"[yellow]warning of {warning['close_date']}[/]: {warning['check_name']}: {warning['message']}"
        )
    decimals = minor_units()
    for row in status["totals"]:
        currency = row["currency"]
        console.print(
            f"[bold]{currency}[/] {money(row['total_amount'], decimals[currency])} on {row['invoice_count']} "
            f"invoices, {money(row['amount_due'], decimals[currency])} due"
        )


def _draw_closes(console: Console, closes: list[dict[str, Any]]) -> None:
    published = [close for close in closes if close["status"] == "published"]
    console.print(f"\n{len(published)} closes published", end="")
    console.print(f", the last for {published[-1]['close_date']}" if published else "")
    for close in closes:
        if close["status"] != "published":
            console.print(
                f"[red]{close['close_date']} {close['status']}[/]: {close['message'] or ''}"
            )
