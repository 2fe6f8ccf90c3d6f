"""Commands that decide: about held documents, and about warnings.

Belongs here: options and what is said. Does not belong here: doing it (`holds.decisions`, `acknowledgements`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.answers import plain, print_json
from orchestration.options import AsJson, Catalog, Landing, Published, Warehouse, parse_date
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.holds.decisions import Decision

Document = Annotated[
    str,
    typer.Argument(help="A hold (H-1) or a document key, as `meterhouse holds` lists them."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
On = Annotated[
    date | None,
    typer.Option(
        "--on",
        parser=parse_date,
        metavar="DATE",
        help="The day of the decision; by default, today.",
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("holds", epilog="Example:  meterhouse holds --all")(holds)
    app.command(
        "release",
        epilog='Example:  meterhouse release H-1 --by "A. Lovelace" --reason "Volume confirmed"',
    )(release)
    app.command(
        "discard",
        epilog='Example:  meterhouse discard H-1 --by "A. Lovelace" --reason "Wrong price list"',
    )(discard)

    app.command(
        "acknowledge",
        epilog="Example:  meterhouse acknowledge usage_arrives_every_day"
        ' --by "A. Lovelace" --reason "Maintenance"',
    )(acknowledge)


def holds(
    is_all: Annotated[
        bool, typer.Option("--all", help="Show what was released or discarded, too.")
    ] = False,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """List the documents that are held, and the checks that named them.

    A document that a check names is kept back, and the rest of its close is published. What it drew stays reserved.
    """
    from orchestration.look import holds as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), is_all, as_json)


def release(
    document: Document,
    by: By,
    reason: Reason,
    on: On = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Publish a held document, with its number from here and today as its issue date.

    It goes out in a supplementary publication of its close, with the documents that are held with it. What corrects or
    credits it is discarded, and made anew by the next close.
    """
    from orchestration.holds import decisions

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    _say(decisions.release(ws, document, by, reason, on), as_json)


def discard(
    document: Document,
    by: By,
    reason: Reason,
    on: On = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Undo a held document: what it drew is free again, and the next close bills its periods anew.

    So do this to mend a price, a customer or usage first: change the catalog, discard, and close again.
    """
    from orchestration.holds import decisions

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    _say(decisions.discard(ws, document, by, reason, on), as_json)


def acknowledge(
    check: Annotated[
        str, typer.Argument(help="A statistical check, as `meterhouse checks` names it.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who has looked.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why it is no matter; it is published.")
    ],
    close_date: Annotated[
        date | None,
        typer.Option(
            "--close",
            parser=parse_date,
            metavar="DATE",
            help="The close; by default the oldest whose warning waits.",
        ),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Say that somebody has looked at the warning of a close, and why it is no matter.

    A statistical check that finds something unusual and names no document is a warning: its close is published, and
    `doctor` and `status` tell of it until it is acknowledged. That is a row of close_checks, in a supplementary
    publication of the close.
    """
    from orchestration import acknowledgements

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    done = acknowledgements.acknowledge(ws, check, by, reason, close_date)
    if as_json:
        print_json(plain(done))
    else:
        typer.echo(
            f"{done.check_name} of the close of {done.close_date} is acknowledged: {done.message}."
        )


def _say(decision: Decision, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "hold": decision.hold.name,
                "outcome": decision.outcome,
                "documents": decision.hold.document_keys,
                "numbers": decision.numbers,
                "discarded": [hold.name for hold in decision.discarded],
            }
        )
        return
    if decision.outcome == "released":
        typer.echo(f"{decision.hold.name} is published: {', '.join(decision.numbers)}.")
    for hold in decision.discarded:
        keys = ", ".join(hold.document_keys)
        typer.echo(f"{hold.name} is discarded; the next close bills anew what {keys} billed.")
