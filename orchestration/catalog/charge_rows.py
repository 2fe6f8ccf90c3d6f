"""What a row of the price files is called: the six columns that its tiers and filters repeat, and words for messages.

Belongs here: identity of charge and fixed charge rows, and which rows of other files belong to them. Does not belong
here: any check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestration.catalog.validate import Row
from orchestration.texts import number

Tables = Mapping[str, Sequence[Row]]

# The columns of a charge row that its filters, filter values and tiers repeat.
CHARGE_ROW = (
    "plan_code",
    "charge_code",
    "subscription_id",
    "first_month",
    "valid_from",
    "recorded_at",
)
FILTER = (*CHARGE_ROW, "filter_code")
# The columns of a fixed charge row that its tiers repeat.
FIXED_CHARGE_ROW = (
    "plan_code",
    "fixed_charge_code",
    "subscription_id",
    "first_month",
    "valid_from",
    "recorded_at",
)

CHARGES = "prices/charges.csv"
FILTERS = "prices/charge_filters.csv"
VALUES = "prices/charge_filter_values.csv"
TIERS = "prices/charge_tiers.csv"
FIXED_CHARGES = "prices/fixed_charges.csv"
FIXED_TIERS = "prices/fixed_charge_tiers.csv"
PLANS = "prices/plans.csv"
METRICS = "prices/billable_metrics.csv"
ADD_ONS = "prices/add_ons.csv"
THRESHOLDS = "prices/usage_thresholds.csv"
ONE_OFF_FEES = "accounts/one_off_fees.csv"
MANUAL_LINES = "accounts/manual_lines.csv"
OPENING_NOTES = "credits/opening_credit_notes.csv"
MANUAL_CREDITS = "accounts/manual_credits.csv"

TIERED_MODELS = ("graduated", "graduated_percentage", "volume")

Key = tuple[Any, ...]


def charge_key(row: Row) -> Key:
    """The charge row that a charge, filter, filter value or tier belongs to."""
    return tuple(row[column] for column in CHARGE_ROW)


def filter_key(row: Row) -> Key:
    """The price that a filter, filter value or tier belongs to: charge row and filter_code (None: default)."""
    return tuple(row[column] for column in FILTER)


def fixed_charge_key(row: Row) -> Key:
    """The fixed charge row that a fixed charge or one of its tiers belongs to."""
    return tuple(row[column] for column in FIXED_CHARGE_ROW)


def by_key(rows: Sequence[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Rows in groups, in file order."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def property_names(text: str | None) -> list[str]:
    """The names in a `pricing_group_keys`, which `;` parts; blanks around one do not count."""
    return [name.strip() for name in text.split(";")] if text is not None else []


def key_words(key: Key, columns: Sequence[str] = CHARGE_ROW) -> str:
    """A row's key as it stands in its file, for a message: only what is filled in."""
    named = (
        (column, f"{value:%Y-%m-%dT%H:%M:%SZ}" if column == "recorded_at" else value)
        for column, value in zip(columns, key, strict=False)
    )
    return ", ".join(f"{column} {value}" for column, value in named if value is not None)


def shown(value: Any) -> str:
    """A typed value as a file states it, for a message."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, Decimal) else str(value)
