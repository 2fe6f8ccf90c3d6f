"""Commands that only look: at what is published, at the schedule, and at what would be billed.

Belongs here: their arguments and help. Does not belong here: what they show (the module of each), and the commands that
write (`cli`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from orchestration.options import AsJson, Catalog, Landing, Published, Warehouse, parse_date
from orchestration.workspace import Workspace


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("checks", epilog="Example:  meterhouse checks 2026-01-01")(checks)
    app.command("credit-notes", epilog="Example:  meterhouse credit-notes US-CN-000001")(
        credit_notes
    )
    app.command("doctor", epilog="Example:  meterhouse doctor --json")(doctor)
    app.command(
        "preview", epilog="Examples:  meterhouse preview;  meterhouse preview cust_atlas --json"
    )(preview)
    app.command("periods", epilog="Example:  meterhouse periods sub_atlas --through 2026-12-31")(
        periods
    )


def checks(
    close_date: Annotated[
        date | None,
        typer.Argument(
            parser=parse_date,
            metavar="[CLOSE_DATE]",
            help="A billing date that was closed, or refused; by default the last one.",
            show_default=False,
        ),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Show every check of a close: what the gate looked at, and what is unusual against earlier closes.

    A check of the gate is a statement that must never be true; its offenders are the rows of which it is. The
    statistical checks compare invoice totals, usage, lines that were not accepted and days without usage with what
    earlier closes had; orchestration/statistics/thresholds.yml says from when on something is unusual. Of a published
    close there is a page, too: published/checks/CLOSE_DATE.html.
    """
    from orchestration.look import checks as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), close_date, as_json)


def credit_notes(
    number: Annotated[
        str | None,
        typer.Argument(
            help="A credit note's number; without one, all are listed.", show_default=False
        ),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """List the published credit notes with what is left of them, or show one: its days, its tax, and where it went."""
    from orchestration.look import credit_notes as look

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    if number is None:
        look.show_all(ws, as_json)
    else:
        look.show(ws, number, as_json)


def doctor(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Say whether all is well, and what to do where it is not: packages, folders, lock, usage, closes, published files.

    Nothing is mended. While another process writes the warehouse, what stands in it is not looked at. The exit code is
    1 with an error and 0 without.
    """
    from orchestration.look import doctor as look

    if not look.show(Workspace.resolve(catalog, landing, warehouse, published), as_json):
        raise typer.Exit(1)


def periods(
    subscription: Annotated[
        str,
        typer.Argument(help="A subscription's id or external id.", show_default=False),
    ],
    through: Annotated[
        date | None,
        typer.Option(
            parser=parse_date,
            metavar="DATE",
            help="Show periods to come that begin by this date; by default, by today.",
        ),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Show a subscription's billing periods: local and UTC bounds, days, and what was or will be billed.

    A billed period shows its invoice, the amount before tax, and what adjustments and credit notes changed of it since.
    One to come shows its close, what is billed already, and a base fee's list price on its first day, for all its days.

    SUBSCRIPTION is an id, or an external id, which shows all its subscriptions. Billed periods are facts; those to come
    follow from the catalog as it is now, which is loaded as a close would do, and from what is billed.
    """
    from orchestration.look import periods as look

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    look.show(ws, subscription, through or datetime.now(UTC).date(), as_json)


def preview(
    customer: Annotated[
        str | None,
        typer.Argument(help="A customer's id; without one, all are drafted.", show_default=False),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Draft the next invoices: what each would say if its periods ended as scheduled with the usage known now.

    Each subscription is drafted at its own next close date: a weekly plan for its week, a yearly one for its year; a
    base fee in advance that falls due on that date is on it. Coupons, tax, credit notes and prepaid credit are applied
    as a close would. A date that is due but not closed comes first. A draft has no number and is not issued.

    It looks at what is loaded: `meterhouse ingest` and `meterhouse catalog load` bring what is newer. The warehouse
    is not changed, but held until the drafts are made. Without CUSTOMER they are also written to preview.duckdb in the
    published folder, as preview_invoices and preview_invoice_lines. Checks that fail are shown and stop nothing.
    """
    from orchestration.look import preview as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), customer, as_json)
