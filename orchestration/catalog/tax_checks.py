"""What the files of taxes must say: taxes of something that there is.

Belongs here: checks of the rows in `tax/`, beyond keys and references. Does not belong here: days between the rows of a
tax (`lint`), and who of all customers is charged none (`lint`, which warns).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.catalog.charge_rows import ADD_ONS, CHARGES, ONE_OFF_FEES, PLANS, Tables

ASSIGNED_TAXES = "tax/assigned_taxes.csv"

# What the code of a level names: table and column, and where rows of it stand.
_NAMED = {
    "one_off_fee": ("one_off_fees", "one_off_fee_id", ONE_OFF_FEES),
    "charge": ("charges", "charge_code", CHARGES),
    "add_on": ("add_ons", "add_on_code", ADD_ONS),
    "commitment": ("plans", "plan_code", PLANS),
    "plan": ("plans", "plan_code", PLANS),
    "entity": ("billing_entities", "billing_entity_code", "accounts/billing_entities.csv"),
}


def assigned_tax_problems(tables: Tables) -> Iterator[str]:
    """Codes of a level that name nothing, such as a charge that no plan has."""
    known = {
        level: {row[column] for row in tables[table]}
        for level, (table, column, _) in _NAMED.items()
    }
    for row in tables["assigned_taxes"]:
        level, code = row["level"], row["code"]
        where = f"{ASSIGNED_TAXES} row {row.line}:"
        _, column, file = _NAMED[level]
        if code not in known[level]:
            noun = column.removesuffix("_code").removesuffix("_id").replace("_", " ")
            yield f"{where} unknown {noun} '{code}' at level {level}; add it to {file} or correct code"
