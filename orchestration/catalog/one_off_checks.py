"""What add-ons, one-off fees and manual lines must say: an amount and a currency, and how much they come to.

Belongs here: checks of one add-on, and of a one-off fee with its add-on. Does not belong here: units of an add-on that
a plan bills (`fixed_charge_checks`), and fees that are billed already (`history`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal
from math import ceil

from orchestration.catalog.charge_rows import ADD_ONS, MANUAL_LINES, ONE_OFF_FEES, Tables
from orchestration.catalog.validate import Row

# With tax, and with what else stands on the invoice, the amount still has room in decimal(20,4).
MOST_DIGITS = 15
_EXACT = Context(prec=80)


def add_on_problems(tables: Tables) -> Iterator[str]:
    """An amount is one of a currency, and a pack is not empty."""
    for row in tables["add_ons"]:
        where = f"{ADD_ONS} row {row.line}: add-on '{row['add_on_code']}'"
        if row["unit_amount"] is not None and row["currency"] is None:
            yield f"{where} has a unit_amount and no currency; fill it in"
        if row["pack_units"] == 0:
            yield (
                f"{where} is sold in packs of 0 units; write how many a pack has, or leave pack_units empty for units "
                "sold one by one"
            )


def one_off_problems(tables: Tables) -> Iterator[str]:
    """Each fee has an amount and a currency, its own or its add-on's, and comes to an amount that can be billed."""
    add_ons = {row["add_on_code"]: row for row in tables["add_ons"]}
    for row in tables["one_off_fees"]:
        add_on = add_ons.get(row["add_on_code"])
        # What names no add-on has been told already.
        if add_on is not None:
            where = f"{ONE_OFF_FEES} row {row.line}: one-off fee '{row['one_off_fee_id']}'"
            yield from (f"{where} {problem}" for problem in _problems(row, add_on))


def manual_line_problems(tables: Tables) -> Iterator[str]:
    """Each line bills an amount above 0 that has room, under an id that no one-off fee has: taxes name both alike."""
    fees = {row["one_off_fee_id"]: row.line for row in tables["one_off_fees"]}
    for row in tables["manual_lines"]:
        name, amount = row["manual_line_id"], row["amount"]
        where = f"{MANUAL_LINES} row {row.line}: manual line '{name}'"
        if amount == 0:
            yield f"{where} bills nothing; write an amount above 0, or remove it"
        if amount >= 10**MOST_DIGITS:
            yield f"{where} bills {amount:f}; an amount may not have more than {MOST_DIGITS} digits before the point"
        if name in fees:
            yield (
                f"{where} has the id of the one-off fee in row {fees[name]} of {ONE_OFF_FEES}, and taxes name both by "
                "their ids; give it another"
            )


def _problems(row: Row, add_on: Row) -> Iterator[str]:
    named = f"add-on '{add_on['add_on_code']}' (row {add_on.line} of {ADD_ONS})"
    currency = row["currency"] or add_on["currency"]
    if currency is None:
        yield f"has no currency, and neither has {named}; fill in one of them"
    amount = row["unit_amount"]
    if amount is None:
        amount = add_on["unit_amount"]
        if amount is not None and currency != add_on["currency"] and add_on["currency"] is not None:
            yield (
                f"is in {currency}, and the unit_amount of {named} is in {add_on['currency']}; fill in the fee's own "
                "unit_amount"
            )
    if amount is None:
        yield f"has no unit_amount, and neither has {named}; fill in one of them"
        return
    quantity = _quantity(row["units"], add_on["pack_units"])
    total = _EXACT.multiply(quantity, amount)
    if max(quantity, total) >= 10**MOST_DIGITS:
        noun = "packs" if add_on["pack_units"] else "units"
        yield (
            f"bills {quantity:f} {noun} at {amount:f}, which comes to {total:f}; neither may have more than "
            f"{MOST_DIGITS} digits before the point, so correct units or price"
        )


def _quantity(units: Decimal, pack_units: Decimal | None) -> Decimal:
    """Whole packs, or units as they are where the add-on is not sold in packs (an empty pack has been told already)."""
    return units if not pack_units else Decimal(ceil(_EXACT.divide(units, pack_units)))
