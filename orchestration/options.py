"""The options that every command takes: the four folders, and answers as JSON.

Belongs here: an option's name, variable and help, and how a date is read. Does not belong here: commands (`cli`,
`look.commands`), and what the folders are used for (`workspace`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer


def _folder(name: str, meaning: str) -> Any:
    return typer.Option(
        f"--{name}",
        envvar=f"METERHOUSE_{name.upper()}",
        metavar="FOLDER",
        help=meaning,
        show_default=False,
        rich_help_panel="Folders",
    )


Catalog = Annotated[Path | None, _folder("catalog", "CSV files of prices and accounts.")]
Landing = Annotated[Path | None, _folder("landing", "Usage files: .jsonl, .csv, .parquet; .gz.")]
Warehouse = Annotated[Path | None, _folder("warehouse", "Where warehouse.duckdb lies.")]
Published = Annotated[Path | None, _folder("published", "Parquet files and finance.duckdb.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]


def parse_date(text: str) -> date:
    """The date of an option.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-01-01.") from error
