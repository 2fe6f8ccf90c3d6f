"""What must hold between the rows of a catalog: keys, validity, references, and what a charge model asks for.

Belongs here: checks that need more than one value; each gives lines that name file, row and mend. Does not belong
here: reading and types (`reader`, `validate`), and checks on usage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from orchestration.catalog.reader import CatalogFile
from orchestration.catalog.validate import Row
from orchestration.contracts import TableContract

Tables = Mapping[str, Sequence[Row]]

# The columns that each charge model needs and may have; every other pricing column must be blank.
CHARGE_COLUMNS = {
    "standard": (("unit_amount",), ()),
    "graduated": ((), ()),
    "package": (("package_amount", "package_size"), ("free_units",)),
}
PRICING_COLUMNS = ("unit_amount", "package_amount", "package_size", "free_units")


def all_checks(files: Mapping[str, CatalogFile], tables: Tables) -> Iterator[str]:
    """Every problem between rows, as lines `file row N: what; mend`."""
    for name, file in files.items():
        yield from key_problems(file, tables[name])
        if file.contract.meta.get("validity"):
            yield from validity_problems(file, tables[name])
        yield from reference_problems(file, tables)
    yield from metric_problems(tables)
    yield from plan_problems(tables)
    yield from charge_problems(tables)
    yield from tier_problems(tables)
    yield from minor_unit_problems(tables)
    yield from subscription_problems(tables)
    yield from prefix_problems(tables)


def key_problems(file: CatalogFile, rows: Sequence[Row]) -> Iterator[str]:
    """Two rows with the same key (and, where rows are effective-dated, the same validity and recording)."""
    key = _full_key(file.contract)
    if not key:
        return
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        values = tuple(row[column] for column in key)
        if values in seen:
            named = ", ".join(f"{column} {row[column]}" for column in key)
            yield (
                f"{file.file_name} row {row.line}: duplicate key ({named}), which row {seen[values]} "
                "has too; remove one, or give the correction a later recorded_at"
            )
        seen.setdefault(values, row.line)


def _full_key(contract: TableContract) -> list[str]:
    key = list(contract.meta["key"])
    return [*key, "valid_from", "recorded_at"] if contract.meta.get("validity") else key


def validity_problems(file: CatalogFile, rows: Sequence[Row]) -> Iterator[str]:
    """Validities that are empty, or overlap at an equal recorded_at (so that none is the later correction)."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]:
            yield (
                f"{file.file_name} row {row.line}: valid_to {row['valid_to']} is not after valid_from "
                f"{row['valid_from']}; valid_to is the first day on which the row no longer holds"
            )
        groups[(*(row[column] for column in file.contract.meta["key"]), row["recorded_at"])].append(
            row
        )
    for group in groups.values():
        ordered = sorted(group, key=lambda row: row["valid_from"])
        for earlier, later in pairwise(ordered):
            ends = earlier["valid_to"] or date.max
            if earlier["valid_from"] < later["valid_from"] < ends:
                yield (
                    f"{file.file_name} row {later.line}: its validity overlaps that of row {earlier.line} "
                    "at the same recorded_at; end the earlier one, or record the correction later"
                )


def reference_problems(file: CatalogFile, tables: Tables) -> Iterator[str]:
    """Values that name a row which does not exist: a subscription on an unknown plan, an unknown currency."""
    for column in file.contract.columns:
        target = column.meta.get("references")
        if not target:
            continue
        table, _, target_column = target.partition(".")
        known = {row[target_column] for row in tables[table]}
        for row in tables[file.contract.name]:
            value = row[column.name]
            if value is not None and value not in known:
                noun = column.name.removesuffix("_code").removesuffix("_id").replace("_", " ")
                yield (
                    f"{file.file_name} row {row.line}: unknown {noun} '{value}'; "
                    f"add it to {table} or correct {column.name}"
                )


def metric_problems(tables: Tables) -> Iterator[str]:
    """A sum needs the field it sums; a count has none."""
    for row in tables["billable_metrics"]:
        where = f"prices/billable_metrics.csv row {row.line}"
        if row["aggregation_type"] == "sum" and row["field_name"] is None:
            yield f"{where}: a sum needs field_name; name the property that holds the value"
        if row["aggregation_type"] == "count" and row["field_name"] is not None:
            yield f"{where}: a count has no field_name; leave it empty"


def plan_problems(tables: Tables) -> Iterator[str]:
    """The rows of one plan differ in price only: a running subscription cannot change its calendar."""
    first: dict[str, Row] = {}
    for row in tables["plans"]:
        held = first.setdefault(row["plan_code"], row)
        for column in ("interval", "currency", "is_pay_in_advance"):
            if row[column] != held[column]:
                yield (
                    f"prices/plans.csv row {row.line}: {column} of plan '{row['plan_code']}' differs from "
                    f"row {held.line}; give the new terms a plan code of their own"
                )


def charge_problems(tables: Tables) -> Iterator[str]:
    """Each charge has the price columns that its model uses, and no other."""
    for row in tables["charges"]:
        needed, possible = CHARGE_COLUMNS[row["charge_model"]]
        where = f"prices/charges.csv row {row.line}: a {row['charge_model']} charge"
        for column in PRICING_COLUMNS:
            if column in needed and row[column] is None:
                yield f"{where} needs {column}; fill it in"
            if column not in (*needed, *possible) and row[column] is not None:
                yield f"{where} does not use {column}; leave it empty"


def tier_problems(tables: Tables) -> Iterator[str]:
    """Tiers belong to a graduated charge row, ascend in file order, and exactly the last one is open."""
    charges = {_charge_row(row): row for row in tables["charges"]}
    tiers: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in tables["charge_tiers"]:
        tiers[_charge_row(row)].append(row)
    file = "prices/charge_tiers.csv row"
    for key, rows in tiers.items():
        if key not in charges:
            yield (
                f"{file} {rows[0].line}: no charge row has plan_code {key[0]}, charge_code {key[1]}, "
                f"valid_from {key[2]} and this recorded_at; copy the four from prices/charges.csv"
            )
        elif charges[key]["charge_model"] != "graduated":
            yield (
                f"{file} {rows[0].line}: charge '{key[1]}' is {charges[key]['charge_model']}, which has no "
                "tiers; remove them"
            )
        yield from _order_problems(file, rows)
    for key, row in charges.items():
        if row["charge_model"] == "graduated" and key not in tiers:
            yield (
                f"prices/charges.csv row {row.line}: graduated charge '{row['charge_code']}' has no tiers; "
                "add them to prices/charge_tiers.csv"
            )


def _charge_row(row: Row) -> tuple[Any, ...]:
    return (row["plan_code"], row["charge_code"], row["valid_from"], row["recorded_at"])


def _order_problems(file: str, rows: Sequence[Row]) -> Iterator[str]:
    previous = 0
    for row in rows[:-1]:
        if row["up_to"] is None:
            yield f"{file} {row.line}: an open tier (empty up_to) must be the last; give it its bound"
            return
        if row["up_to"] <= previous:
            yield f"{file} {row.line}: up_to {row['up_to']} is not above the tier before; tiers must ascend"
        previous = row["up_to"]
    if rows[-1]["up_to"] is not None:
        yield f"{file} {rows[-1].line}: the last tier must be open; leave its up_to empty"


def minor_unit_problems(tables: Tables) -> Iterator[str]:
    """Amounts that are billed as they stand have no more decimals than their currency."""
    minor_units = {row["currency"]: row["minor_unit"] for row in tables["currencies"]}
    wallets = {row["wallet_id"]: row["currency"] for row in tables["wallets"]}
    billed = [("prices/plans.csv", row, row["currency"]) for row in tables["plans"]]
    billed += [
        ("credits/wallet_lots.csv", row, wallets.get(row["wallet_id"]))
        for row in tables["wallet_lots"]
    ]
    for file, row, currency in billed:
        decimals = minor_units.get(currency)
        if decimals is not None and round(row["amount"], decimals) != row["amount"]:
            yield (
                f"{file} row {row.line}: amount {row['amount']} has more decimals than {currency} has "
                f"({decimals}); round it"
            )


def subscription_problems(tables: Tables) -> Iterator[str]:
    """A subscription ends after it starts, and no two active ones answer to the same external id."""
    file = "accounts/subscriptions.csv row"
    last: dict[str, Row] = {}
    for row in tables["subscriptions"]:
        if row["ended_at"] is not None and row["ended_at"] <= row["started_at"]:
            yield f"{file} {row.line}: ended_at is not after started_at; correct one of them"
        held = last.get(row["subscription_id"])
        if held is None or row["recorded_at"] >= held["recorded_at"]:
            last[row["subscription_id"]] = row
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in last.values():
        by_name[row["external_subscription_id"]].append(row)
    for rows in by_name.values():
        ordered = sorted(rows, key=lambda row: row["started_at"])
        for earlier, later in pairwise(ordered):
            if earlier["ended_at"] is None or earlier["ended_at"] > later["started_at"]:
                yield (
                    f"{file} {later.line}: external_subscription_id '{later['external_subscription_id']}' is "
                    f"still that of row {earlier.line} at its start; end that one first"
                )


def prefix_problems(tables: Tables) -> Iterator[str]:
    """Invoice numbers of two entities must not collide."""
    seen: dict[str, int] = {}
    for row in tables["billing_entities"]:
        prefix = row["invoice_prefix"]
        if prefix in seen:
            yield (
                f"accounts/billing_entities.csv row {row.line}: invoice_prefix '{prefix}' is that of row "
                f"{seen[prefix]} too; invoice numbers must differ"
            )
        seen.setdefault(prefix, row.line)
