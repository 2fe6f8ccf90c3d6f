"""What the files of taxes must say: taxes of something that there is, and VAT ids that could be valid.

Belongs here: checks of the rows in `tax/`, beyond keys and references, and of what taxes need of entities and of
customers. Does not belong here: whether a VAT id is valid, which a registry says (`tax/tax_checks.csv`); days between
the rows of a tax, and who of all customers is charged none (`lint`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.catalog.charge_rows import ADD_ONS, CHARGES, ONE_OFF_FEES, PLANS, Tables

ASSIGNED_TAXES = "tax/assigned_taxes.csv"
TAX_CHECKS = "tax/tax_checks.csv"
SALES_TAXES = "tax/us_sales_taxes.csv"
EXCHANGE_RATES = "tax/exchange_rates.csv"
EXEMPTIONS = "tax/tax_exemptions.csv"
CUSTOMERS = "accounts/customers.csv"
ENTITIES = "accounts/billing_entities.csv"

# What the code of a level names: table and column, and where rows of it stand.
_NAMED = {
    "one_off_fee": ("one_off_fees", "one_off_fee_id", ONE_OFF_FEES),
    "charge": ("charges", "charge_code", CHARGES),
    "add_on": ("add_ons", "add_on_code", ADD_ONS),
    "commitment": ("plans", "plan_code", PLANS),
    "plan": ("plans", "plan_code", PLANS),
    "entity": ("billing_entities", "billing_entity_code", ENTITIES),
}


def assigned_tax_problems(tables: Tables) -> Iterator[str]:
    """Codes of a level that name nothing, such as a charge that no plan has."""
    known = {
        level: {row[column] for row in tables[table]}
        for level, (table, column, _) in _NAMED.items()
    }
    known["one_off_fee"] |= {row["manual_line_id"] for row in tables["manual_lines"]}
    for row in tables["assigned_taxes"]:
        level, code = row["level"], row["code"]
        where = f"{ASSIGNED_TAXES} row {row.line}:"
        _, column, file = _NAMED[level]
        if code not in known[level]:
            noun = column.removesuffix("_code").removesuffix("_id").replace("_", " ")
            yield f"{where} unknown {noun} '{code}' at level {level}; add it to {file} or correct code"


def eu_vat_problems(tables: Tables) -> Iterator[str]:
    """Entities outside the EU that charge its VAT, and VAT ids that no member state gives."""
    states = {row["member_state"] for row in tables["eu_vat_rates"]} - {None}
    for row in tables["billing_entities"]:
        if row["automatic_tax"] == "eu_vat" and row["country"].upper() not in states:
            yield (
                f"{ENTITIES} row {row.line}: automatic_tax is eu_vat, but {row['country']} is no member state of the "
                "EU; correct country, or state taxes in tax/"
            )
    ids = [(CUSTOMERS, row) for row in tables["customers"]]
    for file, row in [*ids, *((TAX_CHECKS, row) for row in tables["tax_checks"])]:
        problem = row["vat_id"] and _vat_id_problem(row["vat_id"], states)
        if problem:
            yield f"{file} row {row.line}: vat_id {problem}"


def exchange_rate_problems(tables: Tables) -> Iterator[str]:
    """Rates that are not above 0, and rates of the euro, which is worth 1."""
    for row in tables["exchange_rates"]:
        where = f"{EXCHANGE_RATES} row {row.line}:"
        if row["units_per_euro"] <= 0:
            yield f"{where} units_per_euro is {row['units_per_euro']:f}; it must be above 0"
        if row["currency"] == "EUR":
            yield f"{where} a rate of EUR is always 1; remove the row"


def _vat_id_problem(vat_id: str, states: set[str]) -> str | None:
    """What is wrong with the form of a VAT id; ids of countries outside the EU are taken as they are."""
    # Only catalogs that have VAT ids need it.
    from stdnum.eu import vat

    plain = re.sub("[^A-Z0-9]", "", vat_id.upper())
    state = plain[:2]
    if not state.isalpha():
        return f"is '{vat_id}'; it must begin with its country, like DE136695976"
    if state not in states | {"EL", "XI"}:
        return None
    if not vat.is_valid(plain):
        return f"is '{vat_id}', which no registry of {state} gives: its length or check digits are wrong; correct it"
    written = f"EL{plain[2:]}" if state == "GR" else plain
    return None if vat_id == written else f"is '{vat_id}'; write it as {written}"


def sales_tax_problems(tables: Tables) -> Iterator[str]:
    """Rows that hold on no day, and certificates for a tax that nobody knows."""
    for file, table in ((SALES_TAXES, "us_sales_taxes"), (EXEMPTIONS, "tax_exemptions")):
        for row in tables[table]:
            if row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]:
                yield f"{file} row {row.line}: valid_to is not after valid_from; correct one of them"
    known = {row["tax_code"] for row in (*tables["taxes"], *tables["eu_vat_rates"])} | {None}
    for row in tables["tax_exemptions"]:
        if row["tax_code"] not in known:
            yield (
                f"{EXEMPTIONS} row {row.line}: unknown tax '{row['tax_code']}'; correct tax_code, or leave it empty "
                "if the customer is exempt of all"
            )
