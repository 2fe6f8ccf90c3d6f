"""Random payers that change between closes, for customers drawn with credits.

Belongs here: who pays for whom, as closes before and after know it. Does not belong here: what the other draws leave in
an example, and payers that stay (see `random_credits`).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from .random_charges import Rows
from .random_credits import payers_of
from .random_rows import COPY, ZONES, Example, Past, Window

Cells = dict[str, str]

CUSTOMERS = "accounts/customers"
SUBSCRIPTIONS = "accounts/subscriptions"
COLUMN = "payer_customer_id"
OWN = f"{COPY}customer"
PAYER, HEIR = f"{OWN}_payer", f"{OWN}_heir"
# Of a customer, or of a subscription: nobody else, or one of two.
PAYERS = ("", PAYER, PAYER, HEIR, HEIR)


@st.composite
def with_other_payers(
    draw: st.DrawFn, examples: st.SearchStrategy[Example], window: Window
) -> Example:
    """An example in which two others may pay, and who does is another one after each of one or two closes."""
    example = draw(examples)
    rows: Rows = {table: list(own) for table, own in example.rows.items()}
    if len(rows[CUSTOMERS]) == 1:
        rows = draw(payers_of(rows))
    heir = rows[CUSTOMERS][1] | {"customer_id": HEIR, "timezone": draw(st.sampled_from(ZONES))}
    rows[CUSTOMERS] = [*rows[CUSTOMERS], heir]
    for table in ("credits/wallets", "credits/applied_coupons"):
        owners = st.sampled_from([OWN, PAYER, HEIR, HEIR])
        rows[table] = [row | {"customer_id": draw(owners)} for row in rows.get(table, [])]
    taxes = rows.get("tax/customer_taxes", [])
    own = [row for row in taxes if row["customer_id"] == OWN and draw(st.booleans())]
    rows["tax/customer_taxes"] = [*taxes, *(row | {"customer_id": HEIR} for row in own)]
    rows |= draw(payers_known(rows))
    days = sorted(window.close_dates)[:-1]
    through = draw(st.lists(st.sampled_from(days), min_size=1, max_size=2, unique=True))
    pasts = [Past(day, draw(payers_known(rows))) for day in sorted(through)]
    return replace(example, rows=rows, pasts=tuple(pasts))


@st.composite
def payers_known(draw: st.DrawFn, rows: Rows) -> Rows:
    """The customers and subscriptions with payers. Who pays for others has no payer."""
    customers, subscriptions = [], []
    for row in rows[CUSTOMERS]:
        is_payer = row["customer_id"] in (PAYER, HEIR)
        customers.append(row | {COLUMN: "" if is_payer else draw(st.sampled_from(PAYERS))})
    own: dict[str, str] = {}
    for row in rows[SUBSCRIPTIONS]:
        # Rows of one subscription have one payer.
        choices = ["", "", "", "", row["customer_id"], PAYER, HEIR]
        payer = own.setdefault(row["subscription_id"], draw(st.sampled_from(choices)))
        subscriptions.append(row | {COLUMN: payer})
    return {CUSTOMERS: customers, SUBSCRIPTIONS: subscriptions}
