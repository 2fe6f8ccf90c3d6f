"""What wallets that hold units of a metric must say, and what the charges must be whose usage they pay.

Belongs here: checks on wallets with a `metric_code`, their lots, and the plans that their customers pay for. Does not
belong here: wallets of money, and what is asked of every lot (`wallet_checks`).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.catalog.charge_rows import CHARGES, Tables, by_key
from orchestration.catalog.limit_checks import not_superseded
from orchestration.catalog.payer_checks import payer_of
from orchestration.catalog.validate import Row
from orchestration.catalog.validity_checks import valid_until

WALLETS = "credits/wallets.csv"
LOTS = "credits/wallet_lots.csv"
# Aggregations whose units add up over time, so that each is used once.
ADDING_METRICS = ("count", "sum")
# As `int_rating__unit_parts` reads them: the number of units alone decides the amount.
UNIT_MODELS = ("standard", "graduated", "graduated_percentage", "package", "volume")


def unit_wallet_problems(tables: Tables) -> Iterator[str]:
    """A wallet holds money or units; units are those of a metric that adds up, on charges that bill their number."""
    metrics = {row["metric_code"]: row for row in tables["billable_metrics"]}
    limited = {row["wallet_id"] for row in tables["wallet_targets"]}
    wallets = {row["wallet_id"]: row for row in tables["wallets"]}
    for row in tables["wallets"]:
        for problem in _wallet_problems(row, limited, metrics.get(row["metric_code"])):
            yield f"{WALLETS} row {row.line}: {problem}"
    for row in tables["wallet_lots"]:
        if row["wallet_id"] in wallets:
            for problem in _lot_problems(row, wallets[row["wallet_id"]]):
                yield f"{LOTS} row {row.line}: {problem}"
    lots = by_key(tables["wallet_lots"], lambda row: row["wallet_id"])
    customers = {row["customer_id"]: row for row in tables["customers"]}
    # Who is no customer has been told already.
    known = [row for row in tables["subscriptions"] if row["customer_id"] in customers]
    paid_by = by_key(known, lambda row: payer_of(row, customers))
    for row in tables["wallets"]:
        own = lots.get(row["wallet_id"])
        if row["metric_code"] in metrics and own:
            yield from _charge_problems(tables, row, own, paid_by.get(row["customer_id"], []))


def _wallet_problems(wallet: Row, limited: set[str], metric: Row | None) -> Iterator[str]:
    if (wallet["currency"] is None) == (wallet["metric_code"] is None):
        has = "neither currency nor" if wallet["currency"] is None else "both currency and"
        yield f"it has {has} metric_code; fill in one of them"
    if wallet["metric_code"] is None:
        return
    if wallet["scope_fee_types"] is not None or wallet["wallet_id"] in limited:
        yield (
            "it holds units, which pay usage of their metric alone; leave scope_fee_types empty, and it out of "
            "credits/wallet_targets.csv"
        )
    if wallet["rate"] != 1:
        yield "it holds units, which have no rate; leave it empty"
    if metric is not None and (
        metric["aggregation_type"] not in ADDING_METRICS or metric["is_recurring"]
    ):
        kind = ("recurring " if metric["is_recurring"] else "") + metric["aggregation_type"]
        yield (
            f"it holds units of '{metric['metric_code']}', a {kind} metric, whose units are not used up; "
            "take a count or sum that is not recurring"
        )


def _lot_problems(lot: Row, wallet: Row) -> Iterator[str]:
    if wallet["metric_code"] is None:
        if lot["units"] is not None:
            yield f"wallet '{wallet['wallet_id']}' holds money; leave units empty"
        return
    if lot["units"] is None:
        yield (
            f"wallet '{wallet['wallet_id']}' holds units of '{wallet['metric_code']}'; "
            "say how many in units"
        )
    if lot["amount"] is not None or lot["credits"] is not None:
        yield (
            f"wallet '{wallet['wallet_id']}' holds units of '{wallet['metric_code']}'; "
            "leave amount and credits empty"
        )


def _charge_problems(
    tables: Tables, wallet: Row, lots: list[Row], subscriptions: list[Row]
) -> Iterator[str]:
    """What keeps the usage of `subscriptions`, for which the wallet's customer is invoiced, from being prepaid."""
    metric, customer = wallet["metric_code"], wallet["customer_id"]
    names = {row["subscription_id"] for row in subscriptions} | {None}
    plans = {row["plan_code"] for row in subscriptions}
    since = min(lot["granted_on"] for lot in lots)
    charges = [
        row
        for row in not_superseded(tables["charges"])
        if row["metric_code"] == metric
        and row["plan_code"] in plans
        and row["subscription_id"] in names
        and valid_until(row) > since
    ]
    for row in charges:
        fault = _charge_fault(row)
        if fault:
            yield (
                f"{CHARGES} row {row.line}: wallet '{wallet['wallet_id']}' of customer '{customer}' holds units of "
                f"'{metric}', and this charge is {fault}; bill it in arrears by the number of units, or give the "
                "customer a wallet of money"
            )
    charging = {row["plan_code"] for row in charges}
    early = {row["plan_code"] for row in tables["usage_thresholds"]}
    for rows in by_key(subscriptions, lambda row: row["external_subscription_id"]).values():
        of_use = {row["plan_code"] for row in rows}
        if of_use & charging and of_use & early:
            yield (
                f"{WALLETS} row {wallet.line}: it holds units of '{metric}', and plan "
                f"'{min(of_use & early)}', which customer '{customer}' pays for, bills usage at thresholds, before "
                "units are drawn; leave out its usage_thresholds, or give the customer a wallet of money"
            )


def _charge_fault(charge: Row) -> str | None:
    if charge["is_pay_in_advance"]:
        return "paid in advance"
    if charge["is_prorated"]:
        return "prorated"
    if charge["charge_model"] not in UNIT_MODELS:
        return f"of the model {charge['charge_model']}"
    return None
