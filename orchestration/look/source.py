"""Reading the published `finance.duckdb`.

Belongs here: opening the file BI reads, its rows, and JSON of them. Does not belong here: the warehouse, which these
views leave alone so that they work while a close runs; numbers as a person writes them (`texts`).
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.errors import BadInput
from orchestration.publish.finance_db import FILE_NAME
from orchestration.texts import money, number
from orchestration.workspace import Workspace


@contextmanager
def finance(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """A read-only connection to what is published, or None before the first publication.

    Raises:
        BadInput: the file is broken, or a program holds it for writing.
    """
    file = ws.published / FILE_NAME
    if not file.exists():
        yield None
        return
    try:
        con = duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        raise BadInput(
            f"{file}: cannot be read ({str(error).splitlines()[0]}); close the program that holds it, "
            "or delete it: the next `meterhouse close` builds it anew."
        ) from error
    with con:
        con.execute("set TimeZone = 'UTC'")
        yield con


def rows(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()
) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries; decimals stay `Decimal`. Parameters by place, or by name."""
    cursor = con.execute(sql, parameters if isinstance(parameters, dict) else list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def print_json(value: Any) -> None:
    """Print for a program: decimals and dates as strings, so that no reader makes floats of money."""
    json.dump(value, sys.stdout, default=_as_text, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return number(value) if isinstance(value, Decimal) else str(value)


def long_date(value: date) -> str:
    """A date as a letter has it: 1 November 2025."""
    return f"{value.day} {value:%B %Y}"


def near_numbers(number: str, known: Sequence[str]) -> str:
    """A question after the known numbers that look like `number`; empty if none does."""
    near = difflib.get_close_matches(number, known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else ""


def minor_units() -> dict[str, int]:
    """Decimals of each currency, from the reference data of this release."""
    import csv

    from orchestration.workspace import REFERENCE

    with (REFERENCE / "currencies.csv").open(encoding="utf-8", newline="") as file:
        return {row["currency"]: int(row["minor_unit"]) for row in csv.DictReader(file)}


def reported(document: dict[str, Any]) -> tuple[str, str]:
    """The total of an invoice or credit note in the currency in which the billing entity reports, with what made it."""
    currency = document["reporting_currency"]
    decimals = minor_units()[currency]
    tax = money(document["reporting_tax_amount"], decimals)
    label = f"Total reported at {number(document['fx_rate'])} of {document['fx_date']}, tax {tax}"
    return label, f"{currency} {money(document['reporting_amount'], decimals)}"
