"""What the tiers of a charge row, or of one of its filters, must say.

Belongs here: to whom tiers belong, their order and their price columns. Does not belong here: tiers that are in order
but out of reach (`lint`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestration.catalog.charge_checks import conversion_problems, no_charge_row, unknown_filter
from orchestration.catalog.charge_rows import (
    CHARGES,
    FILTERS,
    TIERED_MODELS,
    TIERS,
    Tables,
    by_key,
    charge_key,
    filter_key,
)
from orchestration.catalog.validate import Row


def tier_problems(tables: Tables) -> Iterator[str]:
    """Tiers belong to a tiered price, ascend in file order, exactly the last is open, and each has its price."""
    charges = {charge_key(row): row for row in tables["charges"]}
    filters = {filter_key(row) for row in tables["charge_filters"]}
    tiers = by_key(tables["charge_tiers"], filter_key)
    for rows in tiers.values():
        first = rows[0]
        charge = charges.get(charge_key(first))
        where = f"{TIERS} row {first.line}: "
        if charge is None:
            yield where + no_charge_row(first)
        elif first["filter_code"] is not None and filter_key(first) not in filters:
            yield where + unknown_filter(first)
        elif charge["charge_model"] not in TIERED_MODELS:
            yield (
                f"{where}charge '{first['charge_code']}' is {charge['charge_model']}, which has no tiers; "
                "remove them"
            )
        else:
            yield from _price_problems(rows, charge)
        yield from order_problems(TIERS, rows)
    priced = [(CHARGES, row, (*charge_key(row), None)) for row in tables["charges"]]
    priced += [(FILTERS, row, filter_key(row)) for row in tables["charge_filters"]]
    for file, row, key in priced:
        charge = charges.get(charge_key(row))
        if charge and charge["charge_model"] in TIERED_MODELS and key not in tiers:
            named = f"filter '{key[-1]}' of " if key[-1] is not None else ""
            yield (
                f"{file} row {row.line}: {named}{charge['charge_model']} charge '{row['charge_code']}' has no "
                f"tiers; add them to {TIERS}"
            )


def _price_problems(rows: Sequence[Row], charge: Row) -> Iterator[str]:
    model = charge["charge_model"]
    is_rate = model == "graduated_percentage"
    needed, other = ("rate", "unit_amount") if is_rate else ("unit_amount", "rate")
    for row in rows:
        where = f"{TIERS} row {row.line}: "
        if row[needed] is None:
            yield f"{where}a {model} tier needs {needed}; fill it in"
        if row[other] is not None:
            yield f"{where}a {model} tier does not use {other}; leave it empty"
        for problem in conversion_problems(row, charge["conversion_rate"]):
            yield where + problem


def order_problems(file: str, rows: Sequence[Row]) -> Iterator[str]:
    """The tiers of one price, in the order of `file`: bounds ascend from above 0, and the last one is open."""
    previous = None
    for row in rows[:-1]:
        where = f"{file} row {row.line}: "
        if row["up_to"] is None:
            yield f"{where}an open tier (empty up_to) must be the last; give it its bound"
            return
        if row["up_to"] <= (previous or 0):
            below = "the tier before" if previous is not None else "0"
            yield f"{where}up_to {row['up_to']} is not above {below}; tiers must ascend"
        previous = row["up_to"]
    if rows[-1]["up_to"] is not None:
        yield f"{file} row {rows[-1].line}: the last tier must be open; leave its up_to empty"
