"""Random maximums of charges.

Belongs here: which charges have one. Does not belong here: the charges themselves (`random_charges`), and plans.
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from .random_charges import Rows

MAXIMUMS = st.sampled_from(["0", "5", "31", "100", "1000"])


def not_below(maximum: str, minimum: str) -> str:
    """A maximum that its minimum allows; blank is none."""
    return max(maximum, minimum, key=Decimal) if maximum and minimum else maximum


@st.composite
def with_maximums(draw: st.DrawFn, charges: Rows) -> Rows:
    """The charges, some of which have a maximum: on all rows of a code, none of them in advance."""
    rows = charges.get("prices/charges", [])
    codes = {row["charge_code"] for row in rows}
    in_advance = {row["charge_code"] for row in rows if row.get("is_pay_in_advance") == "true"}
    chosen = {code for code in sorted(codes - in_advance) if draw(st.integers(0, 2)) == 0}
    limited = [
        {**row, "maximum_amount": not_below(draw(MAXIMUMS), row.get("minimum_amount", ""))}
        if row["charge_code"] in chosen
        else row
        for row in rows
    ]
    return {**charges, "prices/charges": limited}
