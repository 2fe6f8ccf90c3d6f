"""What minimums, maximums and thresholds of charges and plans must say.

Belongs here: limits that contradict each other, or that a charge cannot have; thresholds of 0, or two recurring ones.
Does not belong here: their decimals (`checks`, with all other amounts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestration.catalog.charge_rows import (
    CHARGES,
    FIXED_CHARGES,
    PLANS,
    THRESHOLDS,
    Tables,
    by_key,
)
from orchestration.catalog.validate import Row
from orchestration.catalog.validity_checks import valid_until

# Rows of these terms price the same; of two that hold on a day the one recorded last does.
_SAME_PRICE = (
    "plan_code",
    "charge_code",
    "fixed_charge_code",
    "subscription_id",
    "first_month",
    "last_month",
)


def limit_problems(tables: Tables) -> Iterator[str]:
    """A minimum is not above the maximum of its row, and nothing that is paid in advance may exceed a maximum."""
    named = (
        (CHARGES, tables["charges"], "minimum_amount"),
        (PLANS, tables["plans"], "minimum_commitment_amount"),
    )
    for file, rows, minimum in named:
        for row in rows:
            least, most = row[minimum], row["maximum_amount"]
            if least is not None and most is not None and least > most:
                yield (
                    f"{file} row {row.line}: {minimum} {least:f} is above maximum_amount {most:f}; "
                    "correct one of them"
                )
    for row in tables["charges"]:
        if row["is_pay_in_advance"] and row["maximum_amount"] is not None:
            yield (
                f"{CHARGES} row {row.line}: a charge paid in advance has no maximum_amount; leave it empty"
            )
    yield from _plan_maximum_problems(tables)


def _plan_maximum_problems(tables: Tables) -> Iterator[str]:
    """A maximum takes off what is billed after it is reached: what was paid before may not exceed it by itself."""
    in_advance = [
        (file, row)
        for file, rows in ((CHARGES, tables["charges"]), (FIXED_CHARGES, tables["fixed_charges"]))
        for row in not_superseded(rows)
        if row["is_pay_in_advance"]
    ]
    for row in not_superseded(tables["plans"]):
        most = row["maximum_amount"]
        if most is None:
            continue
        where = f"{PLANS} row {row.line}: plan '{row['plan_code']}'"
        if row["is_pay_in_advance"] and row["amount"] > most:
            yield (
                f"{where} is paid in advance, and its amount {row['amount']:f} is above maximum_amount {most:f}; "
                "correct one of them"
            )
        beside = next(
            (f"{file} row {one.line}" for file, one in in_advance if _may_meet(row, one)), None
        )
        if beside:
            yield (
                f"{where} has a maximum_amount, and {beside} is billed in advance, before the maximum is reached; "
                "bill it in arrears, or leave the maximum out"
            )


def not_superseded(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows without those all of whose days a later recorded row prices: a row that has billed stays in its file."""
    groups = by_key(rows, lambda row: tuple(row.values.get(column) for column in _SAME_PRICE))
    for row in rows:
        own = groups[tuple(row.values.get(column) for column in _SAME_PRICE)]
        if not any(
            one["recorded_at"] > row["recorded_at"]
            and one["valid_from"] <= row["valid_from"]
            and valid_until(one) >= valid_until(row)
            for one in own
        ):
            yield row


def _may_meet(plan: Row, charge: Row) -> bool:
    """Whether some subscription on some day has the terms of both rows."""
    scopes = {plan["subscription_id"], charge["subscription_id"]} - {None}
    return (
        plan["plan_code"] == charge["plan_code"]
        and len(scopes) <= 1
        and plan["valid_from"] < valid_until(charge)
        and charge["valid_from"] < valid_until(plan)
    )


def threshold_problems(tables: Tables) -> Iterator[str]:
    """A threshold is above 0, and a plan has one recurring one at most."""
    recurring: dict[str, int] = {}
    for row in tables["usage_thresholds"]:
        where = f"{THRESHOLDS} row {row.line}: plan '{row['plan_code']}'"
        if row["threshold_amount"] == 0:
            yield f"{where} has a threshold_amount of 0, which no usage passes; correct it or remove the row"
        if row["is_recurring"]:
            first = recurring.setdefault(row["plan_code"], row.line)
            if first != row.line:
                yield f"{where} has a recurring threshold in row {first} already; remove one"
