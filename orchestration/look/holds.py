"""`meterhouse holds`: which documents are held, why, and what was decided about those of before.

Belongs here: reading and showing `issued.holds`. Does not belong here: holding (`orchestration.holds`), and the
commands that decide (`orchestration.hold_commands`).
"""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, print_json
from orchestration.texts import money
from orchestration.warehouse import connect
from orchestration.workspace import Workspace

_HOLDS = """
    select
        'H' || holds.hold_sequence as hold,
        holds.close_date,
        holds.document_key,
        holds.document_kind,
        holds.payer_customer_id,
        holds.currency,
        holds.total_amount,
        coalesce(currencies.minor_unit, 2) as minor_unit,
        holds.check_names,
        'H' || holds.follows_hold_sequence as follows,
        coalesce(ends.outcome, 'held') as state,
        ends.decided_by,
        ends.reason,
        ends.decided_on
    from issued.holds as holds
    left join issued.hold_ends as ends on holds.hold_sequence = ends.hold_sequence
    left join (select currency, max(minor_unit) as minor_unit from reference.currencies group by currency) as currencies
        on holds.currency = currencies.currency
    where ends.hold_sequence is null or ?
    order by holds.hold_sequence desc, holds.document_key
"""


def show(ws: Workspace, is_all: bool = False, as_json: bool = False) -> None:
    """Print what is held in `ws`, and with `is_all` what was released or discarded too, as a table or as JSON."""
    found = _read(ws, is_all) if ws.warehouse_file.exists() else []
    if as_json:
        print_json(found)
        return
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    if not found:
        console.print("No document is held." if not is_all else "No document was ever held.")
        return
    console.print(_table(found, is_all))
    waiting = sorted({str(row["hold"]) for row in found if row["state"] == "held"})
    if waiting:
        console.print(
            Text(
                f"\nmeterhouse release {waiting[0]} --by NAME --reason TEXT   publish it, with its number"
                f"\nmeterhouse discard {waiting[0]} --by NAME --reason TEXT   undo it; its periods are due again"
            )
        )


def _read(ws: Workspace, is_all: bool) -> list[dict[str, Any]]:
    with connect(ws, read_only=True) as con:
        there = con.execute(
            "select 1 from information_schema.tables"
            " where table_catalog = current_database() and table_schema = 'issued' and table_name = 'holds'"
        ).fetchone()
        if there is None:
            return []
        cursor = con.execute(_HOLDS, [is_all])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _table(found: list[dict[str, Any]], is_all: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("Hold", "Close", "Payer"):
        table.add_column(name, no_wrap=True)
    table.add_column("Total", justify="right", no_wrap=True)
    table.add_column("Document", overflow="fold")
    table.add_column("Why", overflow="fold")
    if is_all:
        table.add_column("Decision", overflow="fold")
    for row in found:
        total = f"{row['currency']} {money(row['total_amount'], row['minor_unit'])}"
        cells = [row["hold"], str(row["close_date"]), row["payer_customer_id"], total]
        cells += [row["document_key"], _why(row)]
        if is_all:
            cells.append(_decision(row))
        table.add_row(*map(Text, cells))
    return table


def _why(row: dict[str, Any]) -> str:
    if row["follows"]:
        return f"corrects or credits what {row['follows']} holds"
    if row["check_names"]:
        return str(row["check_names"]).replace(",", ", ")
    return f"bills what the others of {row['hold']} bill"


def _decision(row: dict[str, Any]) -> str:
    if row["state"] == "held":
        return "held"
    return f"{row['state']} {row['decided_on']} by {row['decided_by']}: {row['reason']}"
