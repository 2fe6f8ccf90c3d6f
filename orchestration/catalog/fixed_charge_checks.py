"""What a fixed charge row and its tiers must say: price columns, terms that stay the same, and how much they come to.

Belongs here: checks of one fixed charge row, between the rows of one fixed charge, and of their tiers. Does not belong
here: charges of usage (`charge_checks`), and when a row is in force (`validity_checks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal

from orchestration.catalog.charge_checks import override_problems, plans_of_subscriptions
from orchestration.catalog.charge_rows import (
    FIXED_CHARGE_ROW,
    FIXED_CHARGES,
    FIXED_TIERS,
    Key,
    Tables,
    by_key,
    fixed_charge_key,
    key_words,
)
from orchestration.catalog.tier_checks import order_problems
from orchestration.catalog.validate import Row

# What decides when a fixed charge is due, and what an upgrade finds paid: rows of one differ in units and price only.
TERMS = ("add_on_code", "is_pay_in_advance", "is_prorated")
# Times the days of the longest period, the amount still has room in decimal(38,21).
MOST_DIGITS = 14
_EXACT = Context(prec=80)


def fixed_charge_problems(tables: Tables) -> Iterator[str]:
    """Each row has the price of its charge model, and the terms of the first row of its code."""
    plans = plans_of_subscriptions(tables)
    tiers = by_key(tables["fixed_charge_tiers"], fixed_charge_key)
    first: dict[Key, Row] = {}
    for row in tables["fixed_charges"]:
        where = f"{FIXED_CHARGES} row {row.line}: "
        own = tiers.get(fixed_charge_key(row), [])
        yield from (where + problem for problem in _price_problems(row, own))
        held = first.setdefault((row["plan_code"], row["fixed_charge_code"]), row)
        for column in TERMS:
            if row[column] != held[column]:
                yield (
                    f"{where}{column} of fixed charge '{row['fixed_charge_code']}' differs from row {held.line}; "
                    "give the new terms a fixed_charge_code of their own"
                )
        yield from override_problems(FIXED_CHARGES, row, plans)


def _price_problems(row: Row, tiers: Sequence[Row]) -> Iterator[str]:
    model = row["charge_model"]
    if model == "standard":
        if row["unit_amount"] is None:
            yield "a standard fixed charge needs unit_amount; fill it in"
        if tiers:
            yield f"a standard fixed charge has no tiers; remove them from {FIXED_TIERS}"
    else:
        if row["unit_amount"] is not None:
            yield f"a {model} fixed charge does not use unit_amount; leave it empty"
        if not tiers:
            yield (
                f"{model} fixed charge '{row['fixed_charge_code']}' has no tiers; add them to {FIXED_TIERS}"
            )
    most = _most(row, tiers)
    if most >= 10**MOST_DIGITS:
        yield (
            f"units {row['units']:f} come to {most:f}, with more than {MOST_DIGITS} digits before the point; "
            "correct units or price"
        )


def _most(row: Row, tiers: Sequence[Row]) -> Decimal:
    """An amount that the row's price cannot exceed, whichever tiers its units reach."""
    prices = [tier["unit_amount"] for tier in tiers if tier["unit_amount"] is not None]
    prices += [row["unit_amount"]] if row["unit_amount"] is not None else []
    flats = [tier["flat_amount"] for tier in tiers if tier["flat_amount"] is not None]
    units = _EXACT.multiply(row["units"], max(prices, default=Decimal(0)))
    return sum(flats, units)


def fixed_tier_problems(tables: Tables) -> Iterator[str]:
    """Tiers belong to a fixed charge row, ascend in file order, exactly the last is open, and each has its price."""
    known = {fixed_charge_key(row) for row in tables["fixed_charges"]}
    for key, rows in by_key(tables["fixed_charge_tiers"], fixed_charge_key).items():
        if key not in known:
            yield (
                f"{FIXED_TIERS} row {rows[0].line}: no fixed charge row has {key_words(key, FIXED_CHARGE_ROW)}; copy "
                "plan_code, fixed_charge_code, subscription_id, first_month, valid_from and recorded_at from "
                f"{FIXED_CHARGES}"
            )
        for row in rows:
            if row["unit_amount"] is None:
                yield f"{FIXED_TIERS} row {row.line}: a tier needs unit_amount; fill it in"
        yield from order_problems(FIXED_TIERS, rows)
