"""`meterhouse checks`: the checks of a close, the gate's and the statistical ones.

Belongs here: how they are shown in the terminal. Does not belong here: what they found (`statistics.report`), and the
page of a published close (`statistics.page`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, offenders, plain, print_json
from orchestration.errors import BadInput, OffenderTable
from orchestration.statistics.outcomes import StatisticalOutcome
from orchestration.statistics.page import STAGES, file_of
from orchestration.statistics.report import CloseChecks, read_checks
from orchestration.texts import counted
from orchestration.warehouse import connect
from orchestration.workspace import Workspace

ROWS_SHOWN = 10
_STYLES = {
    "pass": "green",
    "warn": "yellow",
    "held": "yellow",
    "tripped": "yellow",
    "fail": "red",
    "not_run": "red",
}


def show(ws: Workspace, close_date: date | None = None, as_json: bool = False) -> None:
    """Print the checks of a close of `ws`, by default of its last one, as tables or as JSON.

    Raises:
        BadInput: no close of that date ever ran, or there is no warehouse.
    """
    close = _read(ws, close_date)
    page = file_of(ws.published, close.close_date)
    shown_page = page if page.exists() else None
    if as_json:
        print_json({**plain(close), "page": shown_page})
        return
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    _draw(console, close)
    if shown_page:
        console.print(Text(f"\nPage: {shown_page}"), soft_wrap=True)


def _read(ws: Workspace, close_date: date | None) -> CloseChecks:
    with connect(ws, read_only=True) as con:
        try:
            dates = [
                row[0]
                for row in con.execute(
                    "select close_date from control.closes order by 1"
                ).fetchall()
            ]
            close = read_checks(con, close_date or dates[-1]) if dates else None
        except duckdb.CatalogException as error:
            raise BadInput(
                f"{ws.warehouse_file}: it is of an older release; run `meterhouse init` to add what lacks."
            ) from error
    if not dates:
        raise BadInput("Nothing is closed yet; run `meterhouse close --through DATE`.")
    if close is None:
        near = ", ".join(str(day) for day in dates[-3:])
        raise BadInput(f"{close_date} was never closed; the last closes are {near}.")
    return close


def _draw(console: Console, close: CloseChecks) -> None:
    console.print(
        Text(f"Close {close.close_sequence} of {close.close_date}: {close.status}", style="bold")
    )
    if close.message:
        console.print(Text(close.message, style="red"), soft_wrap=True)
    if close.gate:
        console.print()
        console.print(_gate(close))
        passed = sum(check.result == "pass" for check in close.gate)
        console.print(Text(f"{passed} of {counted(len(close.gate), 'check')} of the gate passed."))
    if close.statistics:
        console.print()
        console.print(_statistics(close.statistics))
        for outcome in close.statistics:
            if outcome.offenders:
                console.print()
                console.print(offenders(_offender_table(outcome)))
        for one in close.decisions:
            console.print(
                Text(f"{one.check_name}: {one.result} by {one.decided_by}: {one.reason}"),
                soft_wrap=True,
            )
        for name in close.warnings:
            console.print(
                Text(
                    f"\nOnce somebody has looked: meterhouse acknowledge {name} --close {close.close_date}"
                    " --by NAME --reason TEXT"
                ),
                soft_wrap=True,
            )
    elif close.status == "published":
        console.print("Nothing was compared with earlier closes: a release before made this close.")


def _gate(close: CloseChecks) -> Table:
    table = _table("stage", "check", "result")
    table.add_column("offenders", justify="right")
    for check in sorted(close.gate, key=lambda one: (_place(one.stage), one.name)):
        count = "" if check.offender_count is None else f"{check.offender_count:,}"
        table.add_row(check.stage, Text(check.name), _result(check.result), count)
    return table


def _statistics(outcomes: Sequence[StatisticalOutcome]) -> Table:
    table = _table("against earlier closes", "result", "")
    for outcome in outcomes:
        table.add_row(Text(outcome.name), _result(outcome.result), Text(outcome.message))
    return table


def _table(*headers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _result(result: str) -> Text:
    return Text(result, style=_STYLES.get(result, ""))


def _place(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _offender_table(outcome: StatisticalOutcome) -> OffenderTable:
    rows = outcome.offenders[:ROWS_SHOWN]
    title = outcome.name
    if len(outcome.offenders) > len(rows):
        title += f" (first {len(rows)} of {len(outcome.offenders):,} rows)"
    return OffenderTable(title, outcome.columns, rows)
