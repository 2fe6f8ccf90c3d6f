"""What wallets and their lots must say: what a wallet pays, what a lot holds and how long, how many are drawn from.

Belongs here: checks on the files of `credits/`. Does not belong here: decimals of their amounts (`checks`, with all
other amounts), what wallets of units ask for (`unit_wallet_checks`), and what lots pay (the models of settlement).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from orchestration.catalog.charge_rows import Tables, by_key
from orchestration.catalog.validate import Row
from orchestration.texts import number

WALLETS = "credits/wallets.csv"
LOTS = "credits/wallet_lots.csv"
SCOPE_FEE_TYPES = ("subscription", "fixed_charge", "charge", "commitment", "add_on", "manual")
# As many as `int_settlement__step_draws` goes through.
MOST_STEPS = 8
# As the macro `last_lot_priority` says.
LAST_LOT_PRIORITY = 50


def wallet_problems(tables: Tables) -> Iterator[str]:
    """Scopes name fee types; a lot holds something, and ends after it was granted; not too many are drawn from."""
    for row in tables["wallets"]:
        words = [word.strip() for word in (row["scope_fee_types"] or "").split(",")]
        for word in words if row["scope_fee_types"] is not None else []:
            if word not in SCOPE_FEE_TYPES:
                yield (
                    f"{WALLETS} row {row.line}: scope_fee_types names '{word}'; "
                    f"it must be one or more of {', '.join(SCOPE_FEE_TYPES)}, parted by commas"
                )
    wallets = {row["wallet_id"]: row for row in tables["wallets"]}
    minor_units = {row["currency"]: row["minor_unit"] for row in tables["currencies"]}
    lots = [row for row in tables["wallet_lots"] if row["wallet_id"] in wallets]
    for row in lots:
        wallet = wallets[row["wallet_id"]]
        yield from (
            f"{LOTS} row {row.line}: {problem}"
            for problem in _worth_problems(row, wallet, minor_units.get(wallet["currency"]))
        )
        yield from _expiry_problems(row, wallets[row["wallet_id"]])
        yield from _void_problems(row)
    rules = [
        row
        for row in tables["top_up_rules"]
        if row["wallet_id"] in wallets and wallets[row["wallet_id"]]["metric_code"] is None
    ]
    yield from _step_problems(lots, rules, wallets)


def _worth_problems(lot: Row, wallet: Row, decimals: int | None) -> Iterator[str]:
    if lot["paid_on"] is not None and lot["lot_kind"] != "purchased":
        yield "paid_on is for purchased lots; leave it empty"
    if wallet["metric_code"] is not None:
        return
    if (lot["amount"] is None) == (lot["credits"] is None):
        has = "neither amount nor" if lot["amount"] is None else "both amount and"
        yield f"it has {has} credits; fill in one of them"
    elif lot["credits"] is not None and decimals is not None:
        worth = lot["credits"] * wallet["rate"]
        if worth < Decimal(5).scaleb(-decimals - 1):
            yield (
                f"credits {number(lot['credits'])} at rate {number(wallet['rate'])} come to nothing in "
                f"{wallet['currency']}; grant more, or correct the rate"
            )
        elif worth >= Decimal(10) ** 16:
            yield (
                f"credits {number(lot['credits'])} at rate {number(wallet['rate'])} have more than 16 digits before "
                "the point; grant fewer, or correct the rate"
            )


def _expiry_problems(lot: Row, wallet: Row) -> Iterator[str]:
    for expires_on, where in (
        (lot["expires_on"], "expires_on"),
        (wallet["expires_on"], f"expires_on of wallet '{wallet['wallet_id']}'"),
    ):
        if expires_on is not None and expires_on <= lot["granted_on"]:
            yield (
                f"{LOTS} row {lot.line}: {where} {expires_on} is not after granted_on {lot['granted_on']}; "
                "correct one of them"
            )


def _void_problems(lot: Row) -> Iterator[str]:
    if lot["voided_on"] is not None and lot["voided_on"] < lot["granted_on"]:
        yield (
            f"{LOTS} row {lot.line}: voided_on {lot['voided_on']} is before granted_on {lot['granted_on']}; correct "
            "one of them, or remove the lot"
        )


def _step_problems(lots: list[Row], rules: list[Row], wallets: dict[str, Row]) -> Iterator[str]:
    """Wallets are drawn one after the other, and in a wallet each priority of lots: so many steps, and no more."""

    def holder(row: Row) -> tuple[str, str]:
        wallet = wallets[row["wallet_id"]]
        if wallet["metric_code"] is not None:
            return wallet["customer_id"], f"units of '{wallet['metric_code']}'"
        return wallet["customer_id"], wallet["currency"]

    ruled = by_key(rules, holder)
    for (customer, held), rows in by_key(lots, holder).items():
        for row in rows:
            day = row["granted_on"]
            steps = {
                (lot["wallet_id"], lot["priority"])
                for lot in rows
                if lot["granted_on"] <= day < _end(lot, wallets)
            }
            # What a rule puts in stays, also when the rule ends, and has the priority of lots that state none.
            steps |= {
                (rule["wallet_id"], LAST_LOT_PRIORITY)
                for rule in ruled.get((customer, held), [])
                if day < (wallets[rule["wallet_id"]]["expires_on"] or date.max)
            }
            if len(steps) > MOST_STEPS:
                yield (
                    f"{LOTS} row {row.line}: on {day} customer '{customer}' has {len(steps)} wallets, "
                    f"or priorities of lots in them, in {held}, and at most {MOST_STEPS} are drawn from; "
                    "let one expire, or put its lots into another"
                )
                break


def _end(lot: Row, wallets: dict[str, Row]) -> date:
    ends = (lot["expires_on"], lot["voided_on"], wallets[lot["wallet_id"]]["expires_on"])
    return min((end for end in ends if end is not None), default=date.max)
