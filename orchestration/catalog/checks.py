"""What must hold between the rows of a catalog, else it cannot be loaded.

Belongs here: the list of all checks, and those on keys, references, plans and entities; each gives lines that name
file, row and mend. Does not belong here: reading and types (`reader`, `validate`), metrics, charges, tiers, fixed
charges, one-off fees, limits, coupons, wallets, subscriptions, payers and taxes (`metric_checks`, `charge_checks`,
`tier_checks`, `fixed_charge_checks`, `one_off_checks`, `limit_checks`, `coupon_checks`, `wallet_checks`,
`unit_wallet_checks`, `top_up_checks`, `subscription_checks`, `payer_checks`, `tax_checks`), what can be loaded but is
hardly meant (`lint`), and checks on usage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestration.catalog.charge_checks import (
    charge_problems,
    filter_problems,
    override_problems,
    plans_of_subscriptions,
)
from orchestration.catalog.charge_rows import CHARGES, MANUAL_LINES, OPENING_NOTES, PLANS, Tables
from orchestration.catalog.coupon_checks import coupon_problems
from orchestration.catalog.fixed_charge_checks import fixed_charge_problems, fixed_tier_problems
from orchestration.catalog.limit_checks import limit_problems, threshold_problems
from orchestration.catalog.manual_credit_checks import manual_credit_problems
from orchestration.catalog.metric_checks import metric_problems
from orchestration.catalog.one_off_checks import (
    add_on_problems,
    manual_line_problems,
    one_off_problems,
)
from orchestration.catalog.opening_note_checks import opening_note_problems
from orchestration.catalog.payer_checks import payer_problems
from orchestration.catalog.reader import CatalogFile
from orchestration.catalog.subscription_checks import subscription_problems
from orchestration.catalog.tax_checks import (
    assigned_tax_problems,
    eu_vat_problems,
    exchange_rate_problems,
    sales_tax_problems,
)
from orchestration.catalog.tier_checks import tier_problems
from orchestration.catalog.top_up_checks import top_up_problems
from orchestration.catalog.unit_wallet_checks import unit_wallet_problems
from orchestration.catalog.validate import Row
from orchestration.catalog.validity_checks import validity_problems
from orchestration.catalog.wallet_checks import wallet_problems
from orchestration.contracts import TableContract

# What a running subscription cannot change: the rows of a plan differ in price only.
_PLAN_TERMS = (
    "interval",
    "currency",
    "is_pay_in_advance",
    "trial_days",
    "bills_charges_monthly",
    "bills_fixed_charges_monthly",
    "adjustment_days",
    "adjustment_minimum_amount",
)


def all_checks(
    files: Mapping[str, CatalogFile], tables: Tables
) -> Iterator[tuple[str, Iterator[str]]]:
    """Every problem between rows: what it is about, and lines `file row N: what; mend`."""
    for name, file in files.items():
        yield "keys", key_problems(file, tables[name])
        if file.contract.meta.get("validity"):
            yield "validity", validity_problems(file, tables[name])
        yield "references", reference_problems(file, tables)
    yield "metrics", metric_problems(tables)
    yield "plans", plan_problems(tables)
    yield "charges", charge_problems(tables)
    yield "filters", filter_problems(tables)
    yield "tiers", tier_problems(tables)
    yield "fixed charges", fixed_charge_problems(tables)
    yield "tiers", fixed_tier_problems(tables)
    yield "one-off fees", add_on_problems(tables)
    yield "one-off fees", one_off_problems(tables)
    yield "manual lines", manual_line_problems(tables)
    yield "manual credits", manual_credit_problems(tables)
    yield "opening credit notes", opening_note_problems(tables)
    yield "amounts", limit_problems(tables)
    yield "thresholds", threshold_problems(tables)
    yield "amounts", minor_unit_problems(tables)
    yield "coupons", coupon_problems(tables)
    yield "wallets", wallet_problems(tables)
    yield "wallets", unit_wallet_problems(tables)
    yield "wallets", top_up_problems(tables)
    yield "subscriptions", subscription_problems(tables)
    yield "payers", payer_problems(tables)
    yield "entities", prefix_problems(tables)
    yield "taxes", assigned_tax_problems(tables)
    yield "taxes", eu_vat_problems(tables)
    yield "taxes", sales_tax_problems(tables)
    yield "exchange rates", exchange_rate_problems(tables)


def key_problems(file: CatalogFile, rows: Sequence[Row]) -> Iterator[str]:
    """Two rows with the same key (and, where rows are effective-dated, the same validity and recording)."""
    key = _full_key(file.contract)
    if not key:
        return
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        values = tuple(row[column] for column in key)
        if values in seen:
            named = ", ".join(f"{name} {row[name]}" for name in key if row[name] is not None)
            yield (
                f"{file.file_name} row {row.line}: duplicate key ({named}), which row {seen[values]} "
                "has too; remove one, or give the correction a later recorded_at"
            )
        seen.setdefault(values, row.line)


def _full_key(contract: TableContract) -> list[str]:
    key = list(contract.meta["key"])
    return [*key, "valid_from", "recorded_at"] if contract.meta.get("validity") else key


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


def plan_problems(tables: Tables) -> Iterator[str]:
    """The rows of one plan differ in price only: a running subscription cannot change its calendar."""
    plans = plans_of_subscriptions(tables)
    first: dict[str, Row] = {}
    for row in tables["plans"]:
        yield from override_problems(PLANS, row, plans)
        held = first.setdefault(row["plan_code"], row)
        for column in _PLAN_TERMS:
            if row[column] != held[column]:
                yield (
                    f"{PLANS} row {row.line}: {column} of plan '{row['plan_code']}' differs from "
                    f"row {held.line}; give the new terms a plan code of their own"
                )
        for column in ("bills_charges_monthly", "bills_fixed_charges_monthly"):
            if row[column] and row["interval"] in ("weekly", "monthly"):
                yield (
                    f"{PLANS} row {row.line}: {column} is for an interval longer than a month, and this plan is billed "
                    f"{row['interval']}; write false"
                )


def minor_unit_problems(tables: Tables) -> Iterator[str]:
    """Amounts that are billed as they stand have no more decimals than their currency."""
    minor_units = {row["currency"]: row["minor_unit"] for row in tables["currencies"]}
    wallets = {row["wallet_id"]: row["currency"] for row in tables["wallets"]}
    currencies = {row["plan_code"]: row["currency"] for row in tables["plans"]}
    billed = [(PLANS, row, "amount", row["currency"]) for row in tables["plans"]]
    billed += [
        ("credits/wallet_lots.csv", row, "amount", wallets.get(row["wallet_id"]))
        for row in tables["wallet_lots"]
        if row["amount"] is not None
    ]
    billed += [
        ("credits/wallets.csv", row, column, row["currency"])
        for row in tables["wallets"]
        for column in ("paid_top_up_min_amount", "paid_top_up_max_amount")
        if row[column] is not None
    ]
    billed += [
        ("credits/coupons.csv", row, "amount", row["currency"])
        for row in tables["coupons"]
        if row["amount"] is not None
    ]
    billed += [
        (file, row, column, currencies.get(row["plan_code"]))
        for file, table, column in (
            (CHARGES, "charges", "minimum_amount"),
            (CHARGES, "charges", "maximum_amount"),
            (PLANS, "plans", "minimum_commitment_amount"),
            (PLANS, "plans", "maximum_amount"),
        )
        for row in tables[table]
        if row[column] is not None
    ]
    billed += [(MANUAL_LINES, row, "amount", row["currency"]) for row in tables["manual_lines"]]
    billed += [
        (OPENING_NOTES, row, "amount", row["currency"]) for row in tables["opening_credit_notes"]
    ]
    for file, row, column, currency in billed:
        decimals = minor_units.get(currency)
        if decimals is not None and round(row[column], decimals) != row[column]:
            yield (
                f"{file} row {row.line}: {column} {row[column]} has more decimals than {currency} has "
                f"({decimals}); round it"
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
