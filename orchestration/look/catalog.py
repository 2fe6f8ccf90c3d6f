"""`meterhouse catalog check`: what is to be said of a catalog folder, errors first.

Belongs here: how findings are shown. Does not belong here: what is found (`orchestration.catalog`).
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, print_json
from orchestration.catalog import check_catalog
from orchestration.catalog.findings import ERROR, Finding
from orchestration.texts import counted
from orchestration.workspace import Workspace

STYLES = {"error": "red", "warning": "yellow"}


def show(ws: Workspace, as_json: bool = False) -> int:
    """Print the findings on the catalog of `ws`, as a table or as JSON; returns how many of them are errors.

    Raises:
        BadInput: there is no such folder.
    """
    found = check_catalog(ws)
    errors = sum(1 for finding in found if finding.severity == ERROR)
    if as_json:
        print_json(
            {
                "catalog": ws.catalog,
                "can_be_loaded": errors == 0,
                "error_count": errors,
                "warning_count": len(found) - errors,
                "findings": found,
            }
        )
        return errors
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    if found:
        console.print(_table(found))
    console.print(Text(_verdict(str(ws.catalog), errors, len(found) - errors)), soft_wrap=True)
    return errors


def _table(found: list[Finding]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("about", no_wrap=True)
    table.add_column("where, what, and the mend", overflow="fold")
    for finding in found:
        severity = Text(finding.severity, style=STYLES[finding.severity])
        table.add_row(severity, finding.subject, Text(finding.text))
    return table


def _verdict(folder: str, errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return f"{folder}: nothing to say, it can be loaded."
    counts = ", ".join(
        counted(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count
    )
    return f"{folder}: {counts}; {'it cannot be loaded' if errors else 'it can be loaded'}."
