"""What top-up rules must say: what sets them off, how much they put in, and that they do not meet on one wallet.

Belongs here: checks on `credits/top_up_rules.csv` and the limits of paid top-ups. Does not belong here: wallets and
lots (`wallet_checks`), and what a rule finds at a close (the models of settlement).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations

from orchestration.catalog.charge_rows import Tables, by_key
from orchestration.catalog.validate import Row
from orchestration.texts import number

RULES = "credits/top_up_rules.csv"
WALLETS = "credits/wallets.csv"
LOTS = "credits/wallet_lots.csv"
# What the ids of lots begin with that rules put in.
TOPPED_UP = "top_up/"


def top_up_problems(tables: Tables) -> Iterator[str]:
    """Each rule says when and how much, within its wallet's limits; rules of one wallet leave each other alone."""
    for row in tables["wallets"]:
        least, most = row["paid_top_up_min_amount"], row["paid_top_up_max_amount"]
        if least is not None and most is not None and least > most:
            yield (
                f"{WALLETS} row {row.line}: paid_top_up_min_amount {number(least)} is above paid_top_up_max_amount "
                f"{number(most)}; correct one of them"
            )
    for row in tables["wallet_lots"]:
        if str(row["lot_id"]).startswith(TOPPED_UP):
            yield (
                f"{LOTS} row {row.line}: lot_id begins with {TOPPED_UP}, as the lots of top-up rules do; choose another"
            )
    wallets = {row["wallet_id"]: row for row in tables["wallets"]}
    minor_units = {row["currency"]: row["minor_unit"] for row in tables["currencies"]}
    rules = []
    for row in tables["top_up_rules"]:
        if row["wallet_id"] not in wallets:
            continue
        if wallets[row["wallet_id"]]["metric_code"] is None:
            rules.append(row)
        else:
            yield f"{_where(row)} is of a wallet of units; top up wallets of money, or sell units as lots"
    for row in rules:
        wallet = wallets[row["wallet_id"]]
        problems = [
            *_trigger_problems(row),
            *_method_problems(row),
            *_worth_problems(row, wallet, minor_units.get(wallet["currency"])),
            *_date_problems(row, wallet),
        ]
        yield from (f"{_where(row)} {problem}" for problem in problems)
    for _, own in by_key(rules, lambda row: row["wallet_id"]).items():
        yield from _meeting_problems(own)


def _where(rule: Row) -> str:
    return f"{RULES} row {rule.line}: rule '{rule['top_up_rule_id']}'"


def _trigger_problems(rule: Row) -> Iterator[str]:
    """The column of the trigger is filled in, that of the other is not."""
    needed, other = ("threshold_credits", "interval")
    if rule["trigger_type"] == "interval":
        needed, other = other, needed
    if rule[needed] is None:
        yield f"has no {needed}; a rule by {rule['trigger_type']} needs it"
    if rule[other] is not None:
        yield f"is by {rule['trigger_type']} and has {other}; leave it empty"


def _method_problems(rule: Row) -> Iterator[str]:
    target, threshold = rule["target_ongoing_balance"], rule["threshold_credits"]
    credits = rule["paid_credits"] + rule["granted_credits"]
    if rule["method"] == "fixed":
        if not credits:
            yield "is fixed and has neither paid_credits nor granted_credits; fill in one of them"
        if target is not None or rule["grants_target_top_up"]:
            yield (
                "is fixed and has target_ongoing_balance or grants_target_top_up; leave them empty"
            )
        return
    if credits:
        yield "has a target, and paid_credits or granted_credits; leave them empty"
    if target is None:
        yield "has no target_ongoing_balance; method target needs it"
    elif threshold is not None and target <= threshold:
        yield (
            f"has target_ongoing_balance {number(target)}, which is not above threshold_credits {number(threshold)}; "
            "correct one of them"
        )


def _worth_problems(rule: Row, wallet: Row, decimals: int | None) -> Iterator[str]:
    """What a fixed rule puts in at once is money of the wallet's currency, within its limits."""
    if rule["method"] != "fixed" or decimals is None:
        return
    for column in ("paid_credits", "granted_credits"):
        worth = rule[column] * wallet["rate"]
        said = f"{column} {number(rule[column])} at rate {number(wallet['rate'])}"
        if rule[column] and worth < Decimal(5).scaleb(-decimals - 1):
            yield f"has {said}, which come to nothing in {wallet['currency']}; write more"
        elif worth >= Decimal(10) ** 15:
            yield f"has {said}, which have more than 15 digits before the point; write fewer"
    paid = rule["paid_credits"] * wallet["rate"]
    if not paid or rule["ignores_paid_top_up_limits"]:
        return
    least, most = wallet["paid_top_up_min_amount"], wallet["paid_top_up_max_amount"]
    for limit, is_broken, column in (
        (least, least is not None and paid < least, "paid_top_up_min_amount"),
        (most, most is not None and paid > most, "paid_top_up_max_amount"),
    ):
        if is_broken:
            side = "below" if limit == least else "above"
            yield (
                f"sells {number(paid)} {wallet['currency']}, {side} {column} {number(limit)} of wallet "
                f"'{wallet['wallet_id']}'; correct paid_credits, or let the rule ignore the limits"
            )


def _date_problems(rule: Row, wallet: Row) -> Iterator[str]:
    for ends_on, where in (
        (rule["ends_on"], "ends_on"),
        (wallet["expires_on"], f"expires_on of wallet '{wallet['wallet_id']}'"),
    ):
        if ends_on is not None and ends_on <= rule["starts_on"]:
            yield f"has {where} {ends_on}, which is not after starts_on {rule['starts_on']}; correct one of them"


def _meeting_problems(rules: list[Row]) -> Iterator[str]:
    """Rules that would count the same gap: two of one trigger, or a dated one with a target beside a threshold."""
    for first, second in combinations(rules, 2):
        both = first["trigger_type"] == second["trigger_type"]
        dated = [one for one in (first, second) if one["trigger_type"] == "interval"]
        aims = any(one["method"] == "target" for one in dated)
        if (both or aims) and _overlap(first, second):
            yield (
                f"{_where(second)} is in force together with rule '{first['top_up_rule_id']}' (row {first.line}) of "
                f"wallet '{first['wallet_id']}', and both would fill the same gap; let one end before the other starts"
            )


def _overlap(first: Row, second: Row) -> bool:
    ends = [one["ends_on"] or date.max for one in (first, second)]
    return first["starts_on"] < ends[1] and second["starts_on"] < ends[0]
