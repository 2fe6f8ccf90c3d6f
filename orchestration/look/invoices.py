"""`meterhouse invoices`: every published invoice, one line each.

Belongs here: the list. Does not belong here: what one invoice consists of (`invoice`).
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.look.source import finance, minor_units, print_json, rows
from orchestration.texts import counted, money
from orchestration.workspace import Workspace

AMOUNTS = ("fees", "tax", "total", "credits", "due")
WIDE = 100
# An invoice is published as it was issued: what was paid or set off since stands beside it.
_INVOICES = """
    select
        invoices.* replace (
            case when amount_due <= coalesce(paid.amount, 0) + coalesce(set_off.amount, 0) then 'paid' else status end
            as status
        ),
        coalesce(paid.amount, 0) as paid_amount,
        coalesce(set_off.amount, 0) as offset_amount
    from invoices
    left join (select invoice_number, sum(amount) as amount from payments group by invoice_number) as paid
        on invoices.invoice_number = paid.invoice_number
    left join (select invoice_number, sum(offset_amount) as amount from credit_notes group by invoice_number) as set_off
        on invoices.invoice_number = set_off.invoice_number
    order by close_date, invoices.invoice_number
"""
NOTHING_YET = "Nothing is published yet. Run `meterhouse close --through DATE` first."


def show(ws: Workspace, as_json: bool = False) -> None:
    """Print the published invoices of `ws`, as a table or as a JSON list."""
    with finance(ws) as con:
        if con is None:
            if as_json:
                print_json([])
            else:
                Console().print(NOTHING_YET)
            return
        invoices = rows(con, _INVOICES)
        names = {row["customer_id"]: row["customer_name"] for row in rows(con, "from customers")}
    if as_json:
        print_json(invoices)
    else:
        _draw(invoices, names)


def _draw(invoices: list[dict[str, Any]], names: dict[str, str]) -> None:
    console = Console()
    # A narrow terminal leaves out how the total came about; `meterhouse invoice NUMBER` has it.
    names_of_amounts = AMOUNTS if console.width >= WIDE else AMOUNTS[2:]
    decimals = minor_units()
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("number", no_wrap=True)
    table.add_column("customer", no_wrap=True, min_width=8)
    table.add_column("issued", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=3)
    for name in names_of_amounts:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True, min_width=6)
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for invoice in invoices:
        currency = invoice["currency"]
        amounts = _amounts(invoice)
        for key, amount in amounts.items():
            sums[currency][key] += amount
        paid = invoice["status"] == "paid"
        table.add_row(
            invoice["invoice_number"],
            escape(names.get(invoice["payer_customer_id"], invoice["payer_customer_id"])),
            str(invoice["issue_date"]),
            currency,
            *(money(amounts[name], decimals[currency]) for name in names_of_amounts),
            "[green]paid[/]" if paid else "open",
        )
    table.add_section()
    for currency, totals in sorted(sums.items()):
        count = sum(1 for invoice in invoices if invoice["currency"] == currency)
        cells = (money(totals[name], decimals[currency]) for name in names_of_amounts)
        table.add_row(counted(count, "invoice"), "", "", currency, *cells, "", style="bold")
    console.print(table)


def _amounts(invoice: dict[str, Any]) -> dict[str, Decimal]:
    credits = invoice["credit_note_amount"] + invoice["prepaid_credit_amount"]
    return {
        "fees": invoice["fees_amount"],
        "tax": invoice["tax_amount"],
        "total": invoice["total_amount"],
        "credits": -credits if credits else credits,
        "due": invoice["amount_due"],
    }
