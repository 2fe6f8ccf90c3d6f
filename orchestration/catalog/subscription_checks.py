"""What must hold between subscriptions: their spans, and who may follow whom under one external id.

Belongs here: rows of accounts/subscriptions.csv against each other. Does not belong here: which request is an upgrade
and when it takes effect, which the models decide (R-TIMELINE), and plans themselves (`checks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from orchestration.catalog.charge_rows import Tables, by_key
from orchestration.catalog.validate import Row

_FILE = "accounts/subscriptions.csv row"


def subscription_problems(tables: Tables) -> Iterator[str]:
    """A subscription ends after it starts, and a change of plan keeps customer and currency."""
    for row in tables["subscriptions"]:
        if row["ended_at"] is not None and row["ended_at"] <= row["started_at"]:
            yield f"{_FILE} {row.line}: ended_at is not after started_at; correct one of them"
    currencies = {row["plan_code"]: row["currency"] for row in tables["plans"]}
    current = current_subscriptions(tables)
    for rows in by_key(current, lambda row: (row["external_subscription_id"],)).values():
        yield from _change_problems(rows, currencies)


def current_subscriptions(tables: Tables) -> list[Row]:
    """The row of each subscription that holds: the one recorded last, of several the last in the file."""
    last: dict[str, Row] = {}
    for row in tables["subscriptions"]:
        held = last.get(row["subscription_id"])
        if held is None or row["recorded_at"] >= held["recorded_at"]:
            last[row["subscription_id"]] = row
    return list(last.values())


def _change_problems(rows: Sequence[Row], currencies: Mapping[str, str]) -> Iterator[str]:
    """A row that starts before an earlier one has ended is a change of plan: of one customer, in one currency."""
    ordered = sorted(rows, key=lambda row: (row["started_at"], row.line))
    for earlier, later in combinations(ordered, 2):
        if earlier["ended_at"] is not None and earlier["ended_at"] <= later["started_at"]:
            continue
        named = f"external_subscription_id '{later['external_subscription_id']}'"
        if earlier["customer_id"] != later["customer_id"]:
            yield (
                f"{_FILE} {later.line}: {named} is still that of row {earlier.line} at its start, and of another "
                "customer; end that one first, or use another external id"
            )
            continue
        before, after = currencies.get(earlier["plan_code"]), currencies.get(later["plan_code"])
        if before != after and None not in (before, after):
            yield (
                f"{_FILE} {later.line}: {named} changes from plan '{earlier['plan_code']}' in {before} (row "
                f"{earlier.line}) to '{later['plan_code']}' in {after}; end that one first, or use another external id"
            )
