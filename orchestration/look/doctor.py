"""`meterhouse doctor`: whether a workspace is well, and what to do where it is not.

Belongs here: how the signs are shown. Does not belong here: what is looked at (`orchestration.health`).
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.answers import PIPE_WIDTH, print_json
from orchestration.health import BAD, Sign, signs
from orchestration.texts import counted
from orchestration.workspace import Workspace

STYLES = {"ok": "green", "warning": "yellow", "error": "red"}


def show(ws: Workspace, as_json: bool = False) -> bool:
    """Print what `health.signs` says of `ws`, as a table or as JSON; returns whether nothing is an error."""
    found = signs(ws)
    is_well = all(sign.state != BAD for sign in found)
    if as_json:
        print_json({"is_well": is_well, "signs": found})
        return is_well
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(_table(found))
    console.print(Text(_verdict(found)))
    return is_well


def _table(found: list[Sign]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold")
    for sign in found:
        text = Text(sign.text)
        if sign.mend:
            text.append(f"; {sign.mend}", style="bold")
        table.add_row(Text(sign.state, style=STYLES[sign.state]), sign.subject, text)
    return table


def _verdict(found: list[Sign]) -> str:
    counts = [
        counted(count, noun)
        for noun in ("error", "warning")
        if (count := sum(sign.state == noun for sign in found))
    ]
    return ", ".join(counts) + "." if counts else f"All {counted(len(found), 'sign')} are well."
