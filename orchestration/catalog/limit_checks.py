"""What minimums, maximums and thresholds of charges and plans must say.

Belongs here: limits that contradict each other, or that a charge cannot have; thresholds of 0, or two recurring ones.
Does not belong here: their decimals (`checks`, with all other amounts).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.catalog.charge_rows import CHARGES, PLANS, THRESHOLDS, Tables


def limit_problems(tables: Tables) -> Iterator[str]:
    """A minimum is not above the maximum of its row, and a charge paid in advance has no maximum."""
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
