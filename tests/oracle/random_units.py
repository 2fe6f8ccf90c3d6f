"""Random wallets of units, for customers drawn with credits.

Belongs here: wallets and lots that are added to an example, and what it may not have beside them. Does not belong here:
wallets of money (see `random_credits`).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from .periods import ONE_DAY
from .random_charges import Rows
from .random_rows import COPY, Example, Window, decimals_of

Cells = dict[str, str]

CHARGES = "prices/charges"
PAID = ("accounts/customers", "accounts/subscriptions")
THRESHOLDS = "prices/usage_thresholds"
MODELS = ("standard", "graduated", "package", "volume")
UNITS = ("0.000000001", "0.5", "1", "2", "3", "5", "10", "40", "1000", "1000000")


@st.composite
def with_unit_wallets(
    draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window
) -> Example:
    """An example with up to two wallets of units of each metric that may be prepaid; no plan has thresholds then."""
    example = draw(examples)
    rows: Rows = {table: list(own) for table, own in example.rows.items()}
    users = list(dict.fromkeys(row["customer_id"] for row in rows["accounts/subscriptions"]))
    payers = [
        row["payer_customer_id"]
        for table in PAID
        for row in rows[table]
        if row.get("payer_customer_id")
    ]
    # What is paid in advance may not be prepaid: most of it is billed in arrears here.
    rows[CHARGES] = [
        row | {"is_pay_in_advance": "false"} if row["charge_model"] in MODELS else row
        for row in rows.get(CHARGES, [])
    ]
    wallets, lots = [], []
    for metric_code in prepayable(rows):
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            name = f"{COPY}units{len(wallets)}"
            wallets.append(
                {
                    "wallet_id": name,
                    "customer_id": draw(st.sampled_from([*users, *payers])),
                    "wallet_name": "Units",
                    "metric_code": metric_code,
                    "currency": "",
                    "priority": str(draw(st.sampled_from([1, 2, 50]))),
                }
            )
            lots.extend(draw(lots_of(name, window)))
    if wallets:
        rows.pop(THRESHOLDS, None)
    for table, own in (("credits/wallets", wallets), ("credits/wallet_lots", lots)):
        rows[table] = [*rows.get(table, []), *own]
    return replace(example, rows=rows)


def prepayable(rows: Rows) -> list[str]:
    """Metrics that add up and are not recurring, all of whose charges go by the number of units, in arrears."""
    charged = [row["metric_code"] for row in rows[CHARGES]]
    refused = {
        row["metric_code"]
        for row in rows[CHARGES]
        if row["charge_model"] not in MODELS
        or row.get("is_pay_in_advance") == "true"
        or row.get("is_prorated") == "true"
    }
    return [
        row["metric_code"]
        for row in rows["prices/billable_metrics"]
        if row["aggregation_type"] in ("count", "sum")
        and row.get("is_recurring") != "true"
        and row["metric_code"] in charged
        and row["metric_code"] not in refused
    ]


@st.composite
def lots_of(draw: st.DrawFn, wallet_id: str, window: Window) -> list[Cells]:
    """Up to three lots, some granted within the window or after it, and some that expire."""
    days = (window.through - window.first).days
    found = []
    for number in range(draw(st.integers(1, 3))):
        granted_on = window.first + draw(st.integers(-30, days + 3)) * ONE_DAY
        units = draw(st.one_of(st.sampled_from(UNITS), decimals_of(30, 3)))
        row = {
            "lot_id": f"{wallet_id}_lot{number}",
            "wallet_id": wallet_id,
            "lot_kind": draw(st.sampled_from(["granted", "purchased"])),
            "units": units if units.strip("0.") else "1",
            "granted_on": granted_on.isoformat(),
        }
        if draw(st.booleans()):
            expires_on = granted_on + draw(st.integers(1, days + 30)) * ONE_DAY
            row["expires_on"] = expires_on.isoformat()
        if draw(st.integers(0, 3)) == 0:
            row["priority"] = str(draw(st.sampled_from([1, 49, 50])))
        found.append(row)
    return found
