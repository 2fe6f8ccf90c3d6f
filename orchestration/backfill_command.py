"""`meterhouse backfill`: the command's arguments and help.

Belongs here: its options, and what it says when there was nothing to do. Does not belong here: which dates are looked
at and closed (`backfill`), and how a close is shown (`cli` hands that over).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from orchestration.options import AsJson, Catalog, Landing, Published, Warehouse, parse_date
from orchestration.workspace import Workspace

FirstDate = Annotated[
    date, typer.Argument(parser=parse_date, metavar="FROM", help="The first billing date.")
]
LastDate = Annotated[
    date,
    typer.Argument(
        parser=parse_date, metavar="TO", help="The last one, included; it must have ended in UTC."
    ),
]


def add_command(app: typer.Typer, make_reporter: Callable[[bool], Any]) -> None:
    """Add the command to `app`; `make_reporter` gives a context that shows closes, as JSON or as they come."""

    @app.command("backfill", epilog="Example:  meterhouse backfill 2025-11-01 2026-01-01")
    def backfill(
        first: FirstDate,
        last: LastDate,
        catalog: Catalog = None,
        landing: Landing = None,
        warehouse: Warehouse = None,
        published: Published = None,
        as_json: AsJson = False,
    ) -> None:
        """Compute the published closes from FROM to TO again and compare, in date order; then close what is due by TO.

        Each close has a line: unchanged, differs, or what was billed. What is published never changes. If a published
        close differs, the others are still compared, nothing new is closed, the rows are shown, and the exit code is 1.
        """
        if first > last:
            raise typer.BadParameter(f"FROM is {first}, TO is {last}: give the earlier date first.")
        from orchestration.backfill import backfill as compare_and_close

        ws = Workspace.resolve(catalog, landing, warehouse, published)
        with make_reporter(as_json) as reporter:
            compare_and_close(ws, first, last, reporter, progress=reporter.progress)
        if not reporter.reports and not as_json:
            typer.echo(f"No close is published, and nothing is due, from {first} to {last}.")
