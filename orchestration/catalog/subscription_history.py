"""What earlier closes billed a subscription as: who it is and how its periods are counted may not change any more.

Belongs here: rows of accounts/subscriptions.csv against those of the last publication. Does not belong here: starts and
ends, which may be corrected (R-REOPEN bills the difference), and prices (`history`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.catalog.charge_rows import Tables, shown
from orchestration.catalog.subscription_checks import current_subscriptions
from orchestration.catalog.validate import Row
from orchestration.control import last_billed_days

SUBSCRIPTIONS = "accounts/subscriptions.csv"
# Whose it is, what it is billed by, and from what its periods are counted.
FACTS = ("external_subscription_id", "customer_id", "plan_code", "billing_time")
_MEND = "put it back, end this subscription, and begin another one"
_GONE_MEND = "put it back; if nothing was to be billed, give it a billing_starts_at after the last day that was"


def subscription_changes(con: duckdb.DuckDBPyConnection, old: Tables, new: Tables) -> Iterator[str]:
    """Subscriptions with registered periods that are gone, or are another's, of another plan or calendar now.

    Args:
        con: the warehouse.
        old: the typed rows of the last publication's catalog version, by table.
        new: those of the folder.
    """
    last_days = last_billed_days(con)
    now = {row["subscription_id"]: row for row in current_subscriptions(new)}
    for row in current_subscriptions(old):
        name = row["subscription_id"]
        if name not in last_days:
            continue
        if name not in now:
            yield (
                f"{SUBSCRIPTIONS}: subscription '{name}' is gone, but days through {last_days[name]} were billed for "
                f"it; {_GONE_MEND}"
            )
            continue
        for column in FACTS:
            was, is_now = _fact(row, column), _fact(now[name], column)
            if was != is_now:
                yield (
                    f"{SUBSCRIPTIONS} row {now[name].line}: {column} of subscription '{name}' was {shown(was)} when "
                    f"days through {last_days[name]} were billed, and is {shown(is_now)} now; {_MEND}"
                )


def _fact(row: Row, column: str) -> str | None:
    value: str | None = row[column]
    return value or "calendar" if column == "billing_time" else value
