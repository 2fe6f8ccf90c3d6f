"""What minimums and maximums of charges and plans must say.

Belongs here: limits that contradict each other, or that a charge cannot have. Does not belong here: their decimals
(`checks`, with all other amounts).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.catalog.charge_rows import CHARGES, PLANS, Tables


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
