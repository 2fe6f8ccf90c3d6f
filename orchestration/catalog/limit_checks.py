"""What minimums, maximums and thresholds of charges and plans must say.

Belongs here: limits that contradict each other, or that a charge cannot have; thresholds of 0, or two recurring ones.
Does not belong here: their decimals (`checks`, with all other amounts).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.catalog.charge_rows import CHARGES, FIXED_CHARGES, PLANS, THRESHOLDS, Tables


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
    in_advance = {
        row["plan_code"]: f"{file} row {row.line}"
        for file, name in ((FIXED_CHARGES, "fixed_charges"), (CHARGES, "charges"))
        for row in reversed(tables[name])
        if row["is_pay_in_advance"]
    }
    for row in tables["plans"]:
        most = row["maximum_amount"]
        if most is None:
            continue
        where = f"{PLANS} row {row.line}: plan '{row['plan_code']}'"
        if row["is_pay_in_advance"] and row["amount"] > most:
            yield (
                f"{where} is paid in advance, and its amount {row['amount']:f} is above maximum_amount {most:f}; "
                "correct one of them"
            )
        if row["plan_code"] in in_advance:
            yield (
                f"{where} has a maximum_amount, and {in_advance[row['plan_code']]} is billed in advance, before the "
                "maximum is reached; bill it in arrears, or leave the maximum out"
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
