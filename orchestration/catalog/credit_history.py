"""Prepaid credit and coupons that closes have used: what was granted or given stays as it was.

Belongs here: rows of `credits/` against what is issued. Does not belong here: what a folder must say by itself
(`wallet_checks`, `coupon_checks`), and opening credit notes (`opening_note_checks`).

A grant is a fact, and so is what a coupon gives. Without its row, or with another one, what is left of a lot would be
lost to the customer without a word. What may change: priorities, scopes, rates for lots to come, ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.catalog.charge_rows import Tables, shown
from orchestration.catalog.issued import issued_rows
from orchestration.catalog.validate import Row

WALLETS = "credits/wallets.csv"
LOTS = "credits/wallet_lots.csv"
COUPONS = "credits/coupons.csv"
APPLIED = "credits/applied_coupons.csv"
VOIDED = "credits/voided_top_ups.csv"

WALLET_FACTS = ("customer_id", "currency", "metric_code")
LOT_FACTS = ("wallet_id", "lot_kind", "amount", "credits", "units", "granted_on", "paid_on")
COUPON_FACTS = (
    "coupon_type",
    "amount",
    "currency",
    "rate_percent",
    "frequency",
    "frequency_duration",
    "is_per_invoice",
)
APPLIED_FACTS = ("coupon_code", "customer_id", "applied_on", "used_amount", "used_periods")

_WALLET_MEND = "put it back; wallets end by expires_on, and lots by voided_on"
_LOT_MEND = "put it back; more credit is a lot of its own, and voided_on takes back what is left"
_COUPON_MEND = "put it back; what it shall give from now on is a coupon of its own"
_APPLIED_MEND = "put it back; ended_on ends it"


def changed_wallets(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Wallets with lots that are gone, or are another's, of another currency or metric.

    Args:
        con: the warehouse.
        tables: the folder's typed rows, by table.
    """
    facts = {
        wallet: dict(zip(WALLET_FACTS, values, strict=True))
        for table in ("top_ups", "credit_movements")
        for wallet, *values in issued_rows(con, table, "wallet_id", *WALLET_FACTS)
    }
    now = {row["wallet_id"]: row for row in tables["wallets"]}
    for wallet, were in facts.items():
        subject = (WALLETS, f"wallet '{wallet}'", "credit was put into it", _WALLET_MEND)
        yield from _changes(subject, were, now.get(wallet))


def changed_lots(
    con: duckdb.DuckDBPyConnection, old: Sequence[Row], tables: Tables
) -> Iterator[str]:
    """Lots of the catalog that a close has granted, and that are gone or are otherwise now.

    Args:
        con: the warehouse.
        old: the lots of the last publication's catalog version.
        tables: the folder's typed rows, by table.
    """
    granted = {
        lot: day
        for lot, kind, day in issued_rows(
            con, "credit_movements", "lot_id", "movement_kind", "movement_date"
        )
        if kind == "granted"
    }
    now = {row["lot_id"]: row for row in tables["wallet_lots"]}
    for row in old:
        lot = row["lot_id"]
        if lot in granted:
            subject = (LOTS, f"lot '{lot}'", f"it was granted on {granted[lot]}", _LOT_MEND)
            yield from _changes(subject, {name: row[name] for name in LOT_FACTS}, now.get(lot))


def voids_of_nothing(con: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[str]:
    """Voids of lots that no top-up rule put in, or of a day before that."""
    days = dict(issued_rows(con, "top_ups", "lot_id", "topped_up_on"))
    for row in tables["voided_top_ups"]:
        lot, voided_on = row["lot_id"], row["voided_on"]
        where = f"{VOIDED} row {row.line}"
        if lot not in days:
            yield f"{where}: no top-up put in a lot '{lot}'; correct lot_id (a lot of {LOTS} has voided_on there)"
        elif voided_on < days[lot]:
            yield f"{where}: voided_on {voided_on} is before lot '{lot}' was put in, on {days[lot]}; correct it"


def changed_coupons(con: duckdb.DuckDBPyConnection, old: Tables, tables: Tables) -> Iterator[str]:
    """Coupons that discounted an invoice, and that are gone or give something else now.

    Args:
        con: the warehouse.
        old: the typed rows of the last publication's catalog version, by table.
        tables: those of the folder.
    """
    used: dict[str, str] = {}
    for name, invoice in issued_rows(con, "coupon_uses", "applied_coupon_id", "invoice_number"):
        used.setdefault(name, invoice)
    now = {row["applied_coupon_id"]: row for row in tables["applied_coupons"]}
    invoices: dict[str, str] = {}
    for row in old["applied_coupons"]:
        name = row["applied_coupon_id"]
        if name in used:
            invoices.setdefault(row["coupon_code"], used[name])
            subject = (APPLIED, f"applied coupon '{name}'", f"{used[name]} used it", _APPLIED_MEND)
            yield from _changes(subject, {fact: row[fact] for fact in APPLIED_FACTS}, now.get(name))
    coupons = {row["coupon_code"]: row for row in tables["coupons"]}
    for row in old["coupons"]:
        code = row["coupon_code"]
        # A coupon that is gone is named by those who have it already.
        if code in invoices and code in coupons:
            subject = (COUPONS, f"coupon '{code}'", f"{invoices[code]} used it", _COUPON_MEND)
            yield from _changes(subject, {fact: row[fact] for fact in COUPON_FACTS}, coupons[code])


def _changes(
    subject: tuple[str, str, str, str], were: Mapping[str, Any], row: Row | None
) -> Iterator[str]:
    """What is told of one row. `subject`: its file, how it is named, what made it a fact, and the mend."""
    file, named, fact, mend = subject
    if row is None:
        yield f"{file}: {named} is gone, but {fact}; {mend}"
        return
    for column, was in were.items():
        if was != row[column]:
            yield (
                f"{file} row {row.line}: {column} of {named} was {shown(was)} when {fact}, and is "
                f"{shown(row[column])} now; {mend}"
            )
