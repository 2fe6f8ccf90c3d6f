"""Commands of the accounting lock: lock-month, unlock-month, locks.

Belongs here: options and what is said. Does not belong here: what a lock refuses (`accounting_locks`).
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, print_json
from orchestration.options import AsJson, Catalog, Landing, Published, Warehouse
from orchestration.workspace import Workspace

Month = Annotated[str, typer.Argument(help="A month as 2025-11.", show_default=False)]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.", show_default=False)]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("lock-month", epilog='Example:  meterhouse lock-month 2025-11 --by "J. Kent"')(
        lock_month
    )
    app.command(
        "unlock-month",
        epilog='Example:  meterhouse unlock-month 2025-11 --by "J. Kent" --reason "missed a close"',
    )(unlock_month)
    app.command("locks", epilog="Example:  meterhouse locks --json")(locks)


def lock_month(
    month: Month,
    by: By,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Lock a month for accounting: no invoice or credit note may be dated in it any more.

    A close whose date lies in a locked month is refused before anything is computed, and publication asks again. What
    is published stays as it is. Corrections of the month's usage are dated by the close that makes them, so they go
    into the month after. Who locked what, when and why is kept, and finance reads it in accounting_locks.
    """
    from orchestration.accounting_locks import LOCK, change_lock, parse_month, unclosed_dates

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    first_day = parse_month(month)
    row = change_lock(ws, first_day, LOCK, by=by, reason=reason)
    waiting = unclosed_dates(ws, first_day)
    if as_json:
        print_json({"lock": row, "unclosed_dates": waiting})
        return
    typer.echo(f"{row.month_name} is locked by {row.recorded_by}.")
    if waiting:
        shown = ", ".join(map(str, waiting[:3])) + (", ..." if len(waiting) > 3 else "")
        text = (
            f"Due by its end and not closed: {shown}. No close goes past a date in a locked month; unlock it, close "
            f"through {waiting[-1]}, and lock it again."
        )
        err = Console(stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH)
        err.print(Text(text, style="yellow"), soft_wrap=True)


def unlock_month(
    month: Month,
    by: By,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)
    ],
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Open a locked month again, so that documents may be dated in it. The lock stays on record, with who opened it."""
    from orchestration.accounting_locks import UNLOCK, change_lock, parse_month

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    row = change_lock(ws, parse_month(month), UNLOCK, by=by, reason=reason)
    if as_json:
        print_json({"lock": row})
    else:
        typer.echo(f"{row.month_name} is open again, by {row.recorded_by}: {row.reason}")


def locks(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """List the accounting locks as they were recorded: who locked or opened which month, when and why."""
    from orchestration.accounting_locks import LOCK, locked_months, recorded_locks
    from orchestration.migrate import has_table
    from orchestration.warehouse import connect

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with connect(ws, read_only=True) as con:
        # A warehouse of an older release has none.
        rows = recorded_locks(con) if has_table(con, "control.accounting_locks") else []
    locked = locked_months(rows)
    if as_json:
        print_json({"locked_months": [f"{month:%Y-%m}" for month in locked], "locks": rows})
        return
    if not rows:
        typer.echo("No month was ever locked.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in ("month", "", "by", "on", "reason"):
        table.add_column(name)
    for row in rows:
        is_in_force = row.action == LOCK and locked.get(row.month) == row
        table.add_row(
            row.month_name,
            Text("locked" if row.action == LOCK else "opened", style="bold" if is_in_force else ""),
            Text(row.recorded_by),
            f"{row.recorded_at:%Y-%m-%d %H:%M}",
            Text(row.reason or ""),
        )
    Console().print(table)
    shown = ", ".join(f"{month:%Y-%m}" for month in locked)
    typer.echo(f"Locked now: {shown}." if shown else "No month is locked now.")
