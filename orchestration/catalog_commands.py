"""Commands that write files of the catalog.

Belongs here: options and what is said. Does not belong here: doing it, and commands that load or check (`cli`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from orchestration.answers import print_json
from orchestration.options import AsJson, Catalog, parse_date
from orchestration.workspace import Workspace


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command(
        "exchange-rates",
        epilog="Example:  meterhouse catalog exchange-rates USD GBP --since 2026-01-01",
    )(exchange_rates)


def exchange_rates(
    currencies: Annotated[list[str], typer.Argument(help="ISO 4217 codes.", show_default=False)],
    since: Annotated[
        date,
        typer.Option(parser=parse_date, metavar="DATE", help="The first day.", show_default=False),
    ],
    source: Annotated[
        Path | None,
        typer.Option(help="The bank's eurofxref-hist.zip; else the rates of the release."),
    ] = None,
    catalog: Catalog = None,
    as_json: AsJson = False,
) -> None:
    """Add the European Central Bank's rates to tax/exchange_rates.csv; rows that stand there are kept.

    Billing entities with a reporting_currency need them for invoices in other currencies.
    """
    from orchestration.catalog.exchange_rates import add_rates

    ws = Workspace.resolve(catalog, None, None, None)
    report = add_rates(ws.catalog, currencies, since, source)
    if as_json:
        print_json(report)
    else:
        typer.echo(
            f"{report.file}: {report.added} rates added, {report.kept} kept; "
            f"the bank's file ends {report.last_date}."
        )
