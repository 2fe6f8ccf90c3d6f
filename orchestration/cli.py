"""The `meterhouse` command: what can be asked for, in which folders, and what the answer's exit code is.

Belongs here: options, help, exit codes, and showing what a command reports. Does not belong here: doing any of it; each
command imports its module when it runs, because dbt and Dagster take seconds to import and `--help` must not.

Exit codes: 0 done or nothing to do; 1 refused, by the gate or by a business rule; 2 bad input or usage. Anything else
that goes wrong is a defect, and shows its stack trace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, offenders, print_json
from orchestration.backfill_command import add_command as add_backfill_command
from orchestration.catalog_commands import add_commands as add_catalog_commands
from orchestration.disk import no_room
from orchestration.errors import MeterhouseError, Refused
from orchestration.hold_commands import add_commands as add_hold_commands
from orchestration.lock_commands import add_commands as add_lock_commands
from orchestration.look.commands import add_commands
from orchestration.options import AsJson, Catalog, Landing, Published, Warehouse, parse_date
from orchestration.workspace import Workspace

if TYPE_CHECKING:
    from orchestration.catalog import CatalogVersion
    from orchestration.close_steps import CloseReport
    from orchestration.ingest import IngestReport

# Nothing phones home, for users too, unless they have said otherwise themselves.
TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}

app = typer.Typer(
    name="meterhouse",
    help=(
        "Usage billing in the warehouse: raw usage in, invoices out.\n\n"
        "A company is four folders: a catalog of prices and accounts, a landing folder of usage files, a warehouse "
        "and what is published. Every command takes them as options or from METERHOUSE_* variables."
    ),
    epilog=(
        "Start here:  meterhouse demo;  meterhouse close --through 2026-01-01;  meterhouse invoices"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
catalog_app = typer.Typer(
    help="The catalog: prices, accounts, credits and taxes.", no_args_is_help=True
)
app.add_typer(catalog_app, name="catalog")
add_catalog_commands(catalog_app)


@app.command(epilog="Example:  meterhouse init --warehouse /data/acme/warehouse")
def init(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Make the warehouse, or add to an older one what this version has more.

    Nothing is ever removed or changed. Every writing command does this first; on its own it is good for looking.
    """
    from orchestration.migrate import init as init_warehouse
    from orchestration.warehouse import writer_lock

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with writer_lock(ws, "init"):
        report = init_warehouse(ws)
    if as_json:
        print_json(report)
        return
    changes = [f"made {name}" for name in report.created]
    changes += [f"added column {name}" for name in report.added_columns]
    for change in changes:
        _say(change)
    _say(f"{ws.warehouse_file}: " + ("ready." if changes else "up to date."))


@app.command(epilog="Example:  meterhouse demo --landing /tmp/usage")
def demo(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Write the demo company's usage files, three months of them, into the landing folder.

    The same files to the byte every time. Its catalog comes with the repository and is the default of --catalog.
    """
    from orchestration.demo import generate

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with _working("writing usage"):
        report = generate(ws.landing)
    if as_json:
        print_json(report)
    else:
        done = "wrote" if report.is_new else "already there:"
        _say(f"{done} {report.line_count:,} lines in {len(report.files)} files, in {ws.landing}")


@catalog_app.command(
    "load", epilog="Example:  meterhouse catalog load --catalog /data/acme/catalog"
)
def catalog_load(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Check the catalog's files row by row and load them as one version, under the hash of their content.

    A close does this by itself. On its own it tells whether an edit is good before anything is billed by it.
    """
    from orchestration.catalog import load_catalog
    from orchestration.migrate import init as init_warehouse
    from orchestration.warehouse import writer_lock

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with writer_lock(ws, "catalog load"):
        init_warehouse(ws)
        version = load_catalog(ws)
    if as_json:
        print_json(version)
    else:
        _say(_catalog_line(version))
        _warn(version.warnings)


@catalog_app.command(
    "check", epilog="Example:  meterhouse catalog check --catalog /data/acme/catalog"
)
def catalog_check(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with the catalog and what is hardly meant; nothing is loaded.

    An error keeps a catalog from being loaded, so that no close uses it:
    a value, key or reference that is wrong; rows between which nobody could
    decide; days between two rows of a plan, charge or tax on which none
    holds; a filter without values, or hidden behind those above it; a row
    that billed a registered period and was changed or removed.

    A warning does not: a metric without a charge; a volume tier that no
    quantity reaches; a correction or a plan that ends too early; a currency
    in which no customer is taxed.

    The exit code is 2 with an error and 0 without.
    """
    from orchestration.look import catalog as look

    if look.show(Workspace.resolve(catalog, landing, warehouse, published), as_json):
        raise typer.Exit(2)


@app.command(epilog="Example:  meterhouse ingest --landing /data/acme/usage")
def ingest(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Load every usage file that is not loaded yet, as one numbered batch.

    A file is known by its content: renamed or copied, it is not loaded twice. A bad line is kept in the reject table
    with its file, line number and reason; a file that cannot be read is reported and tried again next time.
    """
    from orchestration.ingest import ingest as ingest_files
    from orchestration.ingest.progress import ingest_progress
    from orchestration.migrate import init as init_warehouse
    from orchestration.warehouse import writer_lock

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with writer_lock(ws, "ingest"), ingest_progress(_err(), not as_json) as progress:
        init_warehouse(ws)
        report = ingest_files(ws, progress=progress)
    if as_json:
        print_json(report)
    else:
        _say(_usage_line(report))
    _warn_of_files(report)


@app.command(
    epilog="Examples:  meterhouse close --through 2026-01-01;  meterhouse close --date 2025-11-01"
)
def close(
    through: Annotated[
        date | None,
        typer.Option(
            parser=parse_date,
            metavar="DATE",
            help="Close every billing date that is due by this one, in order.",
        ),
    ] = None,
    one_date: Annotated[
        date | None,
        typer.Option(
            "--date",
            parser=parse_date,
            metavar="DATE",
            help="Close this billing date; a published one is computed again and compared.",
        ),
    ] = None,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Bill what is due: load catalog and usage, compute the drafts, check them, publish the invoices.

    A date must have ended in UTC. Which dates there are follows from the subscriptions: a day on which nothing is due
    has no close. A failing check publishes nothing and shows the rows that it names.
    """
    if (through is None) == (one_date is None):
        raise typer.BadParameter(
            "give either --through DATE, to close all that is due, or --date DATE, for one date."
        )
    from orchestration.close import close_date, close_through

    ws = Workspace.resolve(catalog, landing, warehouse, published)
    with _CloseReporter(as_json) as reporter:
        if through is not None:
            close_through(ws, through, reporter, progress=reporter.progress)
        elif one_date is not None:
            close_date(ws, one_date, reporter, progress=reporter.progress)
    if not reporter.reports and not as_json:
        when = f"through {through}" if through else f"on {one_date}"
        _say(f"Nothing is due {when}.")


@app.command(epilog="Example:  meterhouse status")
def status(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Show what is loaded, what is closed, and what a failed close said."""
    from orchestration.look import status as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), as_json)


@app.command(epilog="Example:  meterhouse invoices --json")
def invoices(
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """List the published invoices: customer, dates, total, amount due."""
    from orchestration.look import invoices as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), as_json)


@app.command(epilog="Example:  meterhouse invoice US-000001")
def invoice(
    number: str,
    catalog: Catalog = None,
    landing: Landing = None,
    warehouse: Warehouse = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Show one invoice as its customer reads it: lines, quantities, tiers, tax, credits, amount due.

    NUMBER is one of those that `meterhouse invoices` lists.
    """
    from orchestration.look import invoice as look

    look.show(Workspace.resolve(catalog, landing, warehouse, published), number, as_json)


add_commands(app)
add_hold_commands(app)
add_lock_commands(app)


class _CloseReporter:
    """Shows inputs and closes as they come. JSON comes once, at the end, also when a later close is refused.

    `progress` is the bar to hand to ingest; it makes way for the spinner of the first close.
    """

    def __init__(self, as_json: bool) -> None:
        self.reports: list[CloseReport] = []
        self.progress: Any = None
        self._as_json = as_json
        self._bar = ExitStack()
        self._spinner = _err().status("")

    def __enter__(self) -> _CloseReporter:
        from orchestration.ingest.progress import ingest_progress

        self.progress = self._bar.enter_context(ingest_progress(_err(), not self._as_json))
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        self._spinner.stop()
        if self._as_json:
            print_json({"closes": self.reports})

    def inputs_read(self, catalog: CatalogVersion, usage: IngestReport) -> None:
        self._bar.close()
        if not self._as_json:
            if catalog.is_new:
                _say(_catalog_line(catalog))
                _warn(catalog.warnings)
            if usage.batch_number is not None:
                _say(_usage_line(usage))
        _warn_of_files(usage)

    def date_looked_at(self, close_date: date) -> None:
        self._working(f"thresholds at {close_date}")

    def close_begins(self, close_date: date) -> None:
        self._working(f"closing {close_date}")

    def _working(self, what: str) -> None:
        self._spinner.update(what)
        if _err().is_terminal:
            self._spinner.start()

    def close_ended(self, report: CloseReport) -> None:
        self._spinner.stop()
        self.reports.append(report)
        if not self._as_json:
            _say(report.line())


add_backfill_command(app, _CloseReporter)


@contextmanager
def _working(what: str) -> Iterator[None]:
    if not _err().is_terminal:
        yield
        return
    with _err().status(what):
        yield


def _catalog_line(version: CatalogVersion) -> str:
    name = f"catalog version {version.version_number} ({version.catalog_version[:12]})"
    if not version.is_new:
        return f"{name}: loaded before"
    return f"{name}: {sum(version.row_counts.values()):,} rows in {len(version.row_counts)} tables"


def _usage_line(usage: IngestReport) -> str:
    if usage.batch_number is None:
        return "no new usage files"
    return (
        f"batch {usage.batch_number}: {len(usage.files)} files, {usage.line_count:,} lines = "
        f"{usage.accepted:,} accepted + {usage.duplicate:,} duplicate + {usage.conflict:,} conflicting"
        f" + {usage.rejected:,} rejected"
    )


def _warn_of_files(usage: IngestReport) -> None:
    _warn(f"{problem.file}: {problem.reason}; {problem.mend}" for problem in usage.problems)


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        _err().print(Text(line, style="yellow"), soft_wrap=True)


def _say(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def _err() -> Console:
    # In a pipe rich assumes 80 columns, which would cut the rows that explain a refusal.
    return Console(stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH)


def show_error(error: MeterhouseError) -> None:
    """Print the message in red on stderr, one line per fault, and under it the rows that a refusal names."""
    console = _err()
    console.print(Text(str(error), style="red"), soft_wrap=True)
    if isinstance(error, Refused):
        for table in error.tables:
            console.print(offenders(table))


def main() -> None:
    """Run the command line and exit with its code."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except Exception as error:
        # Also of a refusal: a model that could not be written did not fail by its SQL.
        shown = no_room(error) or error
        if not isinstance(shown, MeterhouseError):
            raise
        show_error(shown)
        sys.exit(shown.exit_code)


if __name__ == "__main__":
    main()
