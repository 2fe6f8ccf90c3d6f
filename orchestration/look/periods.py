"""`meterhouse periods SUBSCRIPTION`: its billing periods, those that are billed and those that are to come.

Belongs here: registered periods with the invoice of each, and scheduled ones with the date of their close. Does not
belong here: the calendar itself, which the models compute and this reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.close_run import due_dates
from orchestration.dbt_runner import SCHEDULE_MODEL
from orchestration.errors import BadInput
from orchestration.look.source import near_numbers, print_json, rows
from orchestration.warehouse import connect, writer_lock
from orchestration.workspace import Workspace

# Local time is UTC plus the offset of the period's zone at that instant, an end included.
_PERIODS = f"""
    with

    subscriptions as (
        select subscription_id, external_subscription_id from staging.stg_catalog__subscriptions
        where subscription_id = $name or external_subscription_id = $name
    ),

    invoices as (
        select document_key, invoice_number from issued.invoices
        where publication_sequence in (select publication_sequence from issued.publications)
    ),

    periods as (
        select
            billed.subscription_id, fee_family, period_start_date, period_end_date, period_starts_at, period_ends_at,
            days, period_days, timezone, 'billed' as state, close_date, invoice_number
        from issued.billed_periods as billed
        inner join issued.publications as publications
            on billed.publication_sequence = publications.publication_sequence
        left join invoices on billed.document_key = invoices.document_key
        union all
        select
            subscription_id, fee_family, period_start_date, period_end_date, period_starts_at, period_ends_at,
            days, period_days, timezone, 'to come' as state, due_date as close_date, null as invoice_number
        from subscriptions.{SCHEDULE_MODEL}
        where period_start_date <= $through
    )

    select
        periods.subscription_id,
        periods.fee_family,
        periods.period_start_date,
        periods.period_end_date,
        periods.timezone,
        periods.period_starts_at + starts.offset_seconds * interval '1 second' as local_starts_at,
        periods.period_ends_at + ends.offset_seconds * interval '1 second' as local_ends_at,
        periods.period_starts_at as starts_at,
        periods.period_ends_at as ends_at,
        periods.days,
        periods.period_days,
        periods.state,
        case
            when periods.state = 'to come' and periods.close_date <= $closed then null else periods.close_date
        end as close_date,
        periods.invoice_number
    from periods
    inner join subscriptions on periods.subscription_id = subscriptions.subscription_id
    inner join staging.stg_reference__tz_offsets as starts
        on periods.timezone = starts.timezone
        and periods.period_starts_at >= starts.offset_starts_at and periods.period_starts_at < starts.offset_ends_at
    inner join staging.stg_reference__tz_offsets as ends
        on periods.timezone = ends.timezone
        and periods.period_ends_at >= ends.offset_starts_at and periods.period_ends_at < ends.offset_ends_at
    order by periods.period_starts_at, periods.subscription_id, periods.fee_family
"""
_NAMES = "select subscription_id, external_subscription_id from staging.stg_catalog__subscriptions"


def show(ws: Workspace, subscription: str, through: date, as_json: bool = False) -> None:
    """Print the periods of a subscription, or of all that have its external id, as a table or as a JSON list.

    Args:
        ws: the workspace; its catalog is loaded as a close would do.
        subscription: a subscription's id or external id.
        through: the local date through which periods to come are shown; one that is open then is shown whole.
        as_json: for a program; local times and UTC instants, ends exclusive.

    Raises:
        BadInput: no such subscription; near ids are named. Or the catalog cannot be loaded.
    """
    periods = read(ws, subscription, through)
    if as_json:
        print_json([{**row, **_local_texts(row)} for row in periods])
    elif periods:
        _draw(Console(), periods)
    else:
        Console().print(f"No period of {escape(subscription)} begins by {through}.")


def read(ws: Workspace, subscription: str, through: date) -> list[dict[str, Any]]:
    """The rows that `show` prints, by start. `close_date` is empty where the next close, whichever it is, bills."""
    from orchestration.catalog import load_catalog
    from orchestration.migrate import init
    from orchestration.prepare import prepare_views

    with writer_lock(ws, "periods"):
        init(ws)
        load_catalog(ws)
        prepare_views(ws)
        with connect(ws) as con:
            due_dates(con, through)
            names = {name for row in con.execute(_NAMES).fetchall() for name in row}
            if subscription not in names:
                raise BadInput(_unknown(subscription, sorted(names)))
            return rows(con, _PERIODS, _parameters(con, subscription, through))


def _parameters(con: duckdb.DuckDBPyConnection, subscription: str, through: date) -> dict[str, Any]:
    (closed,) = con.execute("select max(close_date) from issued.publications").fetchone() or (None,)
    return {"name": subscription, "through": through, "closed": closed or date.min}


def _unknown(subscription: str, names: Sequence[str]) -> str:
    near = near_numbers(subscription, names)
    return f"subscription '{subscription}' is not in the catalog" + (f"; {near}" if near else ".")


def _local_texts(row: dict[str, Any]) -> dict[str, str]:
    """Local times without the Z that instants have."""
    return {name: row[name].isoformat() for name in ("local_starts_at", "local_ends_at")}


def _draw(console: Console, periods: Sequence[dict[str, Any]]) -> None:
    several = len({row["subscription_id"] for row in periods}) > 1
    zones = sorted({row["timezone"] for row in periods})
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    if several:
        table.add_column("subscription", no_wrap=True)
    table.add_column("fees", no_wrap=True)
    table.add_column(f"from ({', '.join(zones)})", no_wrap=True)
    table.add_column("until", no_wrap=True)
    table.add_column("from (UTC)", no_wrap=True)
    table.add_column("until", no_wrap=True)
    table.add_column("days", justify="right", no_wrap=True)
    table.add_column("close", no_wrap=True)
    table.add_column("invoice", no_wrap=True)
    for row in periods:
        instants = ("local_starts_at", "local_ends_at", "starts_at", "ends_at")
        cells = [f"{row[name]:%Y-%m-%d %H:%M}" for name in instants]
        table.add_row(
            *([escape(row["subscription_id"])] if several else []),
            row["fee_family"].replace("_", " "),
            *cells,
            f"{row['days']} of {row['period_days']}",
            str(row["close_date"] or "the next"),
            row["invoice_number"] or ("none" if row["state"] == "billed" else ""),
            style="" if row["state"] == "billed" else "dim",
        )
    console.print(table)
