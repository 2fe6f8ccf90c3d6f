"""`meterhouse preview`: drafts of the next invoices, in a table or as the customer would read them.

Belongs here: how drafts and failed checks look. Does not belong here: drafting (`orchestration.preview`).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, offenders
from orchestration.look.invoice import draw
from orchestration.look.source import minor_units, print_json
from orchestration.texts import counted, money
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.preview import PreviewReport
    from orchestration.preview.run import FailedCheck

_AMOUNTS = ("fees_amount", "tax_amount", "total_amount", "amount_due")


def show(ws: Workspace, customer_id: str | None, as_json: bool = False) -> None:
    """Make a preview of `ws` and print it: all drafts as a table, those of one customer as statements, or JSON.

    Raises:
        BadInput, Refused: as `orchestration.preview.preview`.
    """
    from orchestration.preview import preview

    err = Console(stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH)
    if err.is_terminal and not as_json:
        with err.status("drafting"):
            report = preview(ws, customer_id)
    else:
        report = preview(ws, customer_id)
    if as_json:
        print_json(_plain(report, customer_id))
        return
    console = Console()
    if customer_id is None:
        _draw_table(console, report)
    for statement in report.statements:
        draw(console, statement)
    if not report.invoices:
        console.print(_nothing(report, customer_id))
    _say_of_what(console, report)
    for check in report.failed_checks:
        _warn(err, check)


def _plain(report: PreviewReport, customer_id: str | None) -> dict[str, Any]:
    return {
        "is_draft": True,
        "previewed_at": report.previewed_at,
        "cutoff_batch": report.cutoff_batch,
        "catalog_version": report.catalog_version,
        "customer_id": customer_id,
        "file": str(report.file) if report.file else None,
        "locked_seconds": round(report.locked_seconds, 1),
        "invoices": list(report.invoices) if customer_id is None else list(report.statements),
        "totals": [
            {"currency": currency, "invoice_count": count, **sums}
            for currency, (count, sums) in sorted(_totals(report).items())
        ],
        "failed_checks": [
            {name: value for name, value in asdict(check).items() if name != "offenders"}
            for check in report.failed_checks
        ],
    }


def _totals(report: PreviewReport) -> dict[str, tuple[int, dict[str, Decimal]]]:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    counts: dict[str, int] = defaultdict(int)
    for invoice in report.invoices:
        counts[invoice["currency"]] += 1
        for name in _AMOUNTS:
            sums[invoice["currency"]][name] += invoice[name]
    return {currency: (counts[currency], dict(sums[currency])) for currency in sums}


def _nothing(report: PreviewReport, customer_id: str | None) -> str:
    if customer_id is None:
        return "Nothing is open: no subscription has begun that is not billed to its end."
    if report.close_dates:
        return f"{customer_id}: the open periods come to no invoice."
    return (
        f"{customer_id}: nothing is open; no subscription has begun that is not billed to its end."
    )


def _draw_table(console: Console, report: PreviewReport) -> None:
    if not report.invoices:
        return
    decimals = minor_units()
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("DRAFT of", no_wrap=True)
    table.add_column("customer", no_wrap=True, min_width=8)
    table.add_column("", no_wrap=True, min_width=3)
    for name in ("fees", "tax", "total", "due"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for invoice in report.invoices:
        currency = invoice["currency"]
        kind = invoice["invoice_type"]
        table.add_row(
            str(invoice["close_date"]),
            escape(invoice["customer_name"] or invoice["payer_customer_id"]),
            currency,
            *(money(invoice[name], decimals[currency]) for name in _AMOUNTS),
            "" if kind == "subscription" else f"[dim]{kind.replace('_', '-')}[/]",
        )
    table.add_section()
    for currency, (count, sums) in sorted(_totals(report).items()):
        cells = (money(sums[name], decimals[currency]) for name in _AMOUNTS)
        table.add_row(counted(count, "draft"), "", currency, *cells, "", style="bold")
    console.print(table)


def _say_of_what(console: Console, report: PreviewReport) -> None:
    made = report.previewed_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    console.print(
        f"[dim]Drafts of {made}: usage through batch {report.cutoff_batch}, catalog "
        f"{report.catalog_version[:12]}; nothing is issued. `meterhouse ingest` and `meterhouse catalog load` bring "
        "what is newer.[/]"
    )
    yesterday = report.previewed_at.date() - timedelta(days=1)
    if report.close_dates and report.close_dates[0] <= yesterday:
        console.print(
            f"[yellow]{report.close_dates[0]} is due and not closed: periods after it show once "
            f"`meterhouse close --through {yesterday}` is done.[/]"
        )
    if report.file:
        console.print(f"[dim]{report.file}[/]", soft_wrap=True)


def _warn(err: Console, check: FailedCheck) -> None:
    if check.is_blocking:
        would = f"The close of {check.close_date} would be refused"
    else:
        would = f"The close of {check.close_date} would warn"
    err.print(Text(f"{would}: {check.check_name} ({check.result})", style="yellow"), soft_wrap=True)
    err.print(offenders(check.offenders))
