"""`meterhouse credit-notes [NUMBER]`: what was credited, why, and which invoices it has paid.

Belongs here: the list, and one note as a statement. Does not belong here: recomputing any of it; every figure is read
from what was published.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from orchestration.errors import BadInput
from orchestration.look.invoices import NOTHING_YET, WIDE
from orchestration.look.source import (
    finance,
    long_date,
    minor_units,
    near_numbers,
    print_json,
    reported,
    rows,
)
from orchestration.texts import money, number
from orchestration.workspace import Workspace

AMOUNTS = ("total", "refund", "offset", "returned", "credit", "left")


def show_all(ws: Workspace, as_json: bool = False) -> None:
    """Print the published credit notes of `ws`, as a table or as a JSON list."""
    with finance(ws) as con:
        if con is None:
            if as_json:
                print_json([])
            else:
                Console().print(NOTHING_YET)
            return
        notes = rows(con, "select * from credit_notes order by issue_date, credit_note_number")
        names = {row["customer_id"]: row["customer_name"] for row in rows(con, "from customers")}
    if as_json:
        print_json(notes)
    elif notes:
        _draw_all(notes, names)
    else:
        Console().print("No credit note is published.")


def show(ws: Workspace, credit_note_number: str, as_json: bool = False) -> None:
    """Print one credit note of `ws`, as a statement or as JSON.

    Raises:
        BadInput: no such credit note is published; near numbers are named.
    """
    with finance(ws) as con:
        if con is None:
            raise BadInput(NOTHING_YET)
        statement = _read(con, credit_note_number)
    if as_json:
        print_json(statement)
    else:
        _draw(Console(), statement)


def _read(con: duckdb.DuckDBPyConnection, credit_note_number: str) -> dict[str, Any]:
    found = rows(
        con, "select * from credit_notes where credit_note_number = ?", [credit_note_number]
    )
    if not found:
        known = [row["credit_note_number"] for row in rows(con, "from credit_notes")]
        hint = near_numbers(credit_note_number, known) or "`meterhouse credit-notes` lists them."
        raise BadInput(f"No credit note {credit_note_number} is published; {hint}")
    note = found[0]
    of_note = "where credit_note_number = ?"
    lines = rows(
        con,
        f"select * from credit_note_lines {of_note} order by line_number",
        [credit_note_number],
    )
    for line in lines:
        line["price_details"] = json.loads(line["price_details"], parse_float=Decimal)
    return {
        "credit_note": note,
        "customer": rows(
            con, "select * from customers where customer_id = ?", [note["payer_customer_id"]]
        )[0],
        "lines": lines,
        "taxes": rows(
            con,
            f"select * from credit_note_taxes {of_note} order by tax_code, tax_rate",
            [credit_note_number],
        ),
        "returns": rows(
            con,
            f"select lot_id, wallet_id, amount from credit_movements {of_note} order by lot_id",
            [credit_note_number],
        ),
        "uses": rows(
            con,
            f"select * from credit_note_uses {of_note} order by close_date, invoice_number",
            [credit_note_number],
        ),
    }


def _draw_all(notes: list[dict[str, Any]], names: dict[str, str]) -> None:
    console = Console()
    # A narrow terminal leaves out what became of a note; `meterhouse credit-notes NUMBER` has it.
    shown = AMOUNTS if console.width >= WIDE else (AMOUNTS[0], AMOUNTS[-1])
    decimals = minor_units()
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in ("number", "customer", "issued", "of invoice", ""):
        table.add_column(name, no_wrap=True)
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for note in notes:
        amounts = _amounts(note)
        table.add_row(
            note["credit_note_number"],
            escape(names.get(note["payer_customer_id"], note["payer_customer_id"])),
            str(note["issue_date"]),
            note["invoice_number"] or "",
            note["currency"],
            *(money(amounts[name], decimals[note["currency"]]) for name in shown),
        )
    console.print(table)


def _amounts(note: dict[str, Any]) -> dict[str, Decimal]:
    return {
        "total": note["total_amount"],
        "refund": note["refund_amount"],
        "offset": note["offset_amount"],
        "returned": note["returned_amount"],
        "credit": note["credit_amount"],
        "left": note["balance_amount"],
    }


def _draw(console: Console, statement: dict[str, Any]) -> None:
    note, customer = statement["credit_note"], statement["customer"]
    decimals = minor_units()[note["currency"]]
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        f"[bold]{escape(customer['billing_entity_name'])}[/]",
        f"[bold]Credit note {note['credit_note_number']}[/]",
    )
    head.add_row(
        f"to {escape(customer['customer_name'])}", f"issued {long_date(note['issue_date'])}"
    )
    is_brought_over = note["reason"] == "opening_balance"
    of = "brought over" if is_brought_over else f"of {note['invoice_number']}"
    head.add_row(f"[dim]{escape(customer['customer_id'])}[/]", of)
    console.print(Panel(head))
    if not is_brought_over:
        console.print(_lines_table(statement["lines"], decimals))
    console.print(_totals_table(statement, decimals))
    if not is_brought_over:
        console.print(f"[dim]Seal {note['document_hash'][:16]}…[/]")


def _lines_table(lines: list[dict[str, Any]], decimals: int) -> Table:
    table = Table(box=None, expand=True, header_style="bold", pad_edge=False)
    table.add_column("description", ratio=1)
    table.add_column("amount", justify="right", no_wrap=True)
    for line in lines:
        details, named = line["price_details"], escape(line["description"])
        if "manual_credit_id" in details:
            table.add_row(named, money(line["amount"], decimals))
            table.add_row(f"[dim]  {escape(details['reason'])} ({escape(details['author'])})[/]")
            continue
        why = f"{line['cause']}, {escape(line['subscription_id'])}"
        if "from" in details:
            first, end = (instant[:10] for instant in (details["from"], details["until"]))
            table.add_row(f"{named} [dim]{first} to {end} UTC[/]", money(line["amount"], decimals))
            table.add_row(f"[dim]  billed too much ({why})[/]")
            continue
        first = date.fromisoformat(details["from_date"])
        last = date.fromisoformat(details["until_date"]) - timedelta(days=1)
        table.add_row(
            f"{named}, unused [dim]{_days(first, last)}[/]", money(line["amount"], decimals)
        )
        plan = money(Decimal(details["plan_amount"]), decimals)
        unused = f"{details['unused_days']} of {details['period_days']} days at {plan}"
        table.add_row(f"[dim]  {unused} ({why})[/]")
    return table


def _totals_table(statement: dict[str, Any], decimals: int) -> Table:
    note = statement["credit_note"]
    table = Table.grid(expand=True, padding=(0, 0, 0, 2))
    table.add_column(ratio=1, justify="right")
    table.add_column(justify="right", no_wrap=True)
    table.add_row("", "")
    coupons = sum((line["coupon_amount"] for line in statement["lines"]), Decimal(0))
    if coupons:
        table.add_row("Less coupons", money(-coupons, decimals))
    if note["subtotal_amount"] is not None:
        table.add_row("Credited", money(note["subtotal_amount"], decimals))
    for tax in statement["taxes"]:
        base = money(tax["taxable_amount"], decimals)
        label = f"{escape(tax['tax_name'])} {number(tax['tax_rate'])} % on {base}"
        table.add_row(label, money(tax["tax_amount"], decimals))
    table.add_row("[bold]Total[/]", f"[bold]{money(note['total_amount'], decimals)}[/]")
    if note["reporting_currency"] not in (None, note["currency"]):
        table.add_row(*(f"[dim]{cell}[/]" for cell in reported(note)))
    if note["refund_amount"]:
        table.add_row("Paid back", money(-note["refund_amount"], decimals))
    if note["offset_amount"]:
        label = f"Set off against {note['invoice_number']}"
        table.add_row(label, money(-note["offset_amount"], decimals))
    for one in statement["returns"]:
        label = f"Returned to prepaid credit {escape(one['lot_id'])}"
        table.add_row(label, money(-one["amount"], decimals))
    for use in statement["uses"]:
        label = f"Used by {use['invoice_number']} [dim]({use['close_date']})[/]"
        table.add_row(label, money(-use["amount"], decimals))
    left = f"{note['currency']} {money(note['balance_amount'], decimals)}"
    table.add_row("[bold]Left[/]", f"[bold]{left}[/]")
    return table


def _days(first: date, last: date) -> str:
    """Local days, both included."""
    if first == last:
        return f"{first.day} {first:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"
