"""`meterhouse invoice NUMBER`: one invoice as a statement that answers "why this amount?".

Belongs here: lines with the prices as applied, taxes, credits drawn, amount due. Does not belong here: recomputing any
of it; every figure is read from what was published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from orchestration.errors import BadInput
from orchestration.look.price_details import detail_rows
from orchestration.look.source import (
    finance,
    long_date,
    minor_units,
    near_numbers,
    print_json,
    reported,
    rows,
)
from orchestration.reference.zones import zone
from orchestration.texts import counted, grouped, money, number
from orchestration.workspace import Workspace

# Fees that are an amount and no price of something counted.
_WITHOUT_UNITS = (
    "subscription",
    "charge_maximum",
    "period_maximum",
    "commitment_true_up",
    "manual",
)
_TITLES = {
    "subscription": "Invoice",
    "one_off": "One-off invoice",
    "progressive": "Progressive invoice",
    "top_up": "Top-up invoice",
}


def show(ws: Workspace, invoice_number: str, as_json: bool = False) -> None:
    """Print invoice `invoice_number` of `ws`, as a statement or as JSON.

    Raises:
        BadInput: no such invoice is published; near numbers are named.
    """
    with finance(ws) as con:
        if con is None:
            raise BadInput("Nothing is published yet; run `meterhouse close --through DATE` first.")
        statement = _read(con, invoice_number)
    if as_json:
        print_json(statement)
    else:
        draw(Console(), statement)


def _read(con: duckdb.DuckDBPyConnection, invoice_number: str) -> dict[str, Any]:
    found = rows(con, "select * from invoices where invoice_number = ?", [invoice_number])
    if not found:
        known = [row["invoice_number"] for row in rows(con, "select invoice_number from invoices")]
        hint = near_numbers(invoice_number, known) or "`meterhouse invoices` lists them."
        raise BadInput(f"No invoice {invoice_number} is published; {hint}")
    invoice = found[0]
    lines = rows(
        con,
        "select * from invoice_lines where invoice_number = ? order by line_number",
        [invoice_number],
    )
    for line in lines:
        line["price_details"] = json.loads(line["price_details"], parse_float=Decimal)
    return {
        "invoice": invoice,
        "customer": rows(
            con, "select * from customers where customer_id = ?", [invoice["payer_customer_id"]]
        )[0],
        "lines": lines,
        "users": rows(
            con,
            "select * from customers where customer_id in"
            " (select customer_id from invoice_lines where invoice_number = ?) order by customer_id",
            [invoice_number],
        ),
        "taxes": rows(
            con,
            "select * from invoice_taxes where invoice_number = ? order by tax_code, tax_rate",
            [invoice_number],
        ),
        "coupons": rows(
            con,
            "select * from coupon_uses where invoice_number = ? order by coupon_rank",
            [invoice_number],
        ),
        "credit_notes_used": rows(con, _NOTES_USED, [invoice_number]),
        "credits": rows(
            con,
            """
            select draws.lot_id, draws.wallet_id, draws.amount as used_amount, ledger.closing_amount
            from credit_movements as draws
            inner join credit_ledger as ledger
                on
                    draws.lot_id = ledger.lot_id
                    and draws.close_date = ledger.close_date
                    and draws.publication_no = ledger.publication_no
            where draws.movement_kind = 'used' and draws.metric_code is null and draws.invoice_number = ?
            order by draws.lot_id
            """,
            [invoice_number],
        ),
        "unit_draws": rows(con, _UNITS_DRAWN, [invoice_number]),
        "credit_notes": rows(con, _NOTES_OF, [invoice_number]),
        "payments": rows(
            con,
            "select * from payments where invoice_number = ? order by paid_on, payment_id",
            [invoice_number],
        ),
    }


# Which lots of units paid what of which line, and what is left of each once the invoice's publication was out.
_UNITS_DRAWN = """
    select draws.line_number, draws.lot_id, draws.wallet_id, draws.metric_code, draws.units, ledger.closing_units
    from unit_draws as draws
    inner join credit_ledger as ledger
        on
            draws.lot_id = ledger.lot_id
            and draws.close_date = ledger.close_date
            and draws.publication_no = ledger.publication_no
    where draws.invoice_number = ?
    order by draws.line_number, draws.lot_id
"""
# What was left of a note once the invoice's publication was out, as for lots of prepaid credit.
_NOTES_USED = """
    select
        uses.credit_note_number,
        uses.amount as used_amount,
        notes.credit_amount - (
            select sum(earlier.amount)
            from credit_note_uses as earlier
            where
                earlier.credit_note_number = uses.credit_note_number
                and (earlier.close_date, earlier.publication_no) <= (uses.close_date, uses.publication_no)
        ) as balance_amount
    from credit_note_uses as uses
    inner join credit_notes as notes on uses.credit_note_number = notes.credit_note_number
    where uses.invoice_number = ?
    order by notes.issue_date, notes.credit_note_number
"""
_NOTES_OF = """
    select credit_note_number, issue_date, total_amount, credit_amount, refund_amount, offset_amount
    from credit_notes
    where invoice_number = ?
    order by issue_date, credit_note_number
"""


def draw(console: Console, statement: dict[str, Any]) -> None:
    """Draw a statement: an invoice that is published, or a draft of one (`is_draft`), which has no number or seal."""
    invoice, customer = statement["invoice"], statement["customer"]
    decimals = minor_units()[invoice["currency"]]
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        f"[bold]{escape(customer['billing_entity_name'])}[/]",
        f"[bold]{_title(invoice)}[/]",
    )
    issued = "would be issued" if invoice.get("is_draft") else "issued"
    head.add_row(
        f"to {escape(customer['customer_name'])}", f"{issued} {long_date(invoice['issue_date'])}"
    )
    order = (
        f"order {invoice['purchase_order']}"
        if invoice["purchase_order"]
        else customer["customer_id"]
    )
    head.add_row(f"[dim]{escape(order)}[/]", f"due {long_date(invoice['due_date'])}")
    console.print(Panel(head))
    console.print(_lines_table(statement, decimals))
    console.print(_totals_table(statement, decimals))
    zones = " and ".join(sorted({user["timezone"] for user in statement["users"]}))
    if invoice.get("is_draft"):
        closing = f"A draft: usage as of batch {invoice['cutoff_batch']}, nothing is issued."
    else:
        closing = f"Seal {invoice['document_hash'][:16]}…"
    console.print(f"[dim]Periods are local to {zones}. {closing}[/]")


def _title(invoice: dict[str, Any]) -> str:
    title = _TITLES[invoice["invoice_type"]]
    return (
        f"DRAFT {title.lower()}"
        if invoice.get("is_draft")
        else f"{title} {invoice['invoice_number']}"
    )


def _lines_table(statement: dict[str, Any], decimals: int) -> Table:
    payer = statement["customer"]["customer_id"]
    users = {user["customer_id"]: user for user in statement["users"]}
    table = Table(box=None, expand=True, header_style="bold", pad_edge=False)
    table.add_column("description", ratio=1)
    table.add_column("quantity", justify="right", no_wrap=True)
    table.add_column("unit price", justify="right", no_wrap=True)
    table.add_column("amount", justify="right", no_wrap=True)
    unused_count = 0
    for line in statement["lines"]:
        if line["fee_type"] == "progressive_credit":
            continue
        if _is_unused_filter(line):
            unused_count += 1
            continue
        user = users[line["customer_id"]]
        period = _period(
            line["service_period_start"], line["service_period_end"], zone(user["timezone"])
        )
        has_no_units = line["fee_type"] in _WITHOUT_UNITS
        table.add_row(
            f"{escape(line['description'])} [dim]{period}[/]",
            "" if has_no_units else grouped(line["quantity"]),
            "" if has_no_units else number(line["unit_amount"]),
            money(line["amount"], decimals),
        )
        if line["customer_id"] != payer:
            table.add_row(f"[dim]  for {escape(user['customer_name'])}[/]")
        if line["cause"]:
            corrected = line["original_invoice_number"]
            of_invoice = f", corrects {corrected}" if corrected else ""
            table.add_row(f"[dim]  {line['cause'].replace(',', ', ')}{of_invoice}[/]")
        if line["event_id"]:
            table.add_row(f"[dim]  event {escape(line['event_id'])}[/]")
        if line["group_key"]:
            table.add_row(f"[dim]  {escape(line['group_key'])}[/]")
        for draw in statement["unit_draws"]:
            if draw["line_number"] == line["line_number"]:
                left = grouped(draw["closing_units"])
                lot = f"[dim]  prepaid by {escape(draw['lot_id'])} ({left} left)[/]"
                table.add_row(lot, f"[dim]{grouped(draw['units'])}[/]")
        for detail in detail_rows(line["price_details"], decimals):
            table.add_row(*(f"[dim]{cell}[/]" for cell in detail))
    if unused_count:
        note = f"[dim]{counted(unused_count, 'price')} without usage[/]"
        table.add_row(note, "", "", money(Decimal(0), decimals))
    return table


def _is_unused_filter(line: dict[str, Any]) -> bool:
    """A price list has a line for each of its prices; those of nothing are told in one."""
    return line["filter_code"] is not None and line["quantity"] == 0 and line["amount"] == 0


def _totals_table(statement: dict[str, Any], decimals: int) -> Table:
    invoice = statement["invoice"]
    table = Table.grid(expand=True, padding=(0, 0, 0, 2))
    table.add_column(ratio=1, justify="right")
    table.add_column(justify="right", no_wrap=True)
    table.add_row("", "")
    table.add_row("Fees", money(invoice["fees_amount"], decimals))
    for line in statement["lines"]:
        if line["fee_type"] == "progressive_credit":
            notes = [row[0].strip() for row in detail_rows(line["price_details"], decimals)]
            label = " ".join([escape(line["description"]), *(f"[dim]{note}[/]" for note in notes)])
            table.add_row(label, money(line["amount"], decimals))
    for label, amount in _coupons(statement):
        table.add_row(label, money(-amount, decimals))
    for tax in statement["taxes"]:
        base = money(tax["taxable_amount"], decimals)
        label = f"{escape(tax['tax_name'])} {number(tax['tax_rate'])} % on {base}"
        table.add_row(label, money(tax["tax_amount"], decimals))
    table.add_row("[bold]Total[/]", f"[bold]{money(invoice['total_amount'], decimals)}[/]")
    for note in statement["credit_notes_used"]:
        left = money(note["balance_amount"], decimals)
        label = f"Credit note {note['credit_note_number']} [dim]({left} left)[/]"
        table.add_row(label, money(-note["used_amount"], decimals))
    for credit in statement["credits"]:
        left = money(credit["closing_amount"], decimals)
        label = f"Prepaid credit {escape(credit['lot_id'])} [dim]({left} left)[/]"
        table.add_row(label, money(-credit["used_amount"], decimals))
    due = f"{invoice['currency']} {money(invoice['amount_due'], decimals)}"
    table.add_row("[bold]Amount due[/]", f"[bold]{due}[/]")
    if invoice["reporting_currency"] not in (None, invoice["currency"]):
        table.add_row(*(f"[dim]{cell}[/]" for cell in reported(invoice)))
    for label, amount in _paid_since(statement):
        table.add_row(label, money(-amount, decimals))
    for note in statement["credit_notes"]:
        label = f"[dim]Credited by {note['credit_note_number']}[/]"
        table.add_row(label, f"[dim]{money(note['total_amount'], decimals)}[/]")
    return table


def _coupons(statement: dict[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """What each coupon credits, and what adjustments bear of the coupons of the invoices that they correct."""
    for coupon in statement["coupons"]:
        yield f"Coupon {escape(coupon['coupon_name'])}", coupon["amount"]
    used = sum((coupon["amount"] for coupon in statement["coupons"]), Decimal(0))
    corrected = statement["invoice"]["coupon_amount"] - used
    if corrected:
        yield "Coupons of the corrected invoice", corrected


def _paid_since(statement: dict[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """What has come off the amount due since the invoice was issued."""
    for payment in statement["payments"]:
        yield f"Paid [dim]{payment['paid_on']}[/]", payment["amount"]
    for note in statement["credit_notes"]:
        if note["offset_amount"]:
            yield f"Set off by {note['credit_note_number']}", note["offset_amount"]


def _period(starts_at: datetime, ends_at: datetime, tz: ZoneInfo) -> str:
    """A half-open period of UTC instants as the local days it covers, the last one included; a day is just that day."""
    first = starts_at.replace(tzinfo=UTC).astimezone(tz).date()
    last = (ends_at.replace(tzinfo=UTC) - timedelta(microseconds=1)).astimezone(tz).date()
    if first == last:
        return f"{first.day} {first:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"
