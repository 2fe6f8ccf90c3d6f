"""Fixed charges as the catalog has them: units of an add-on that a plan bills each period.

Belongs here: reading their rows and tiers. Does not belong here: lines (see `fixed_charges`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from .cells import (
    Row,
    day_in,
    decimal_in,
    flag_in,
    integer_in,
    required_instant_in,
    rows_of,
    text_in,
)
from .charge_models.prices import Prices, Tier
from .price_rows import Scope, scope_in

RowKey = tuple[str, str, str | None, int | None, date, datetime]


@dataclass(frozen=True)
class FixedCharge:
    plan_code: str
    fixed_charge_code: str
    add_on_code: str
    charge_model: str
    is_pay_in_advance: bool
    is_prorated: bool
    units: Decimal
    prices: Prices
    scope: Scope


def read_fixed_charges(folder: Path) -> list[FixedCharge]:
    """All rows with their tiers, in the order of the file; none where there is no file."""
    tiers: dict[RowKey, list[Tier]] = {}
    for row in rows_of(folder / "prices" / "fixed_charge_tiers.csv"):
        tiers.setdefault(_row_key(row), []).append(
            Tier(
                up_to=decimal_in(row, "up_to"),
                unit_amount=decimal_in(row, "unit_amount") or Decimal(0),
                flat_amount=decimal_in(row, "flat_amount") or Decimal(0),
            )
        )
    return [
        _fixed_charge(row, position, tiers.get(_row_key(row), ()))
        for position, row in enumerate(rows_of(folder / "prices" / "fixed_charges.csv"))
    ]


def _row_key(row: Row) -> RowKey:
    """What tiers name the row of their fixed charge by."""
    return (
        text_in(row, "plan_code"),
        text_in(row, "fixed_charge_code"),
        row.get("subscription_id"),
        integer_in(row, "first_month"),
        day_in(row, "valid_from"),
        required_instant_in(row, "recorded_at"),
    )


def _fixed_charge(row: Row, position: int, tiers: Sequence[Tier]) -> FixedCharge:
    return FixedCharge(
        plan_code=text_in(row, "plan_code"),
        fixed_charge_code=text_in(row, "fixed_charge_code"),
        add_on_code=text_in(row, "add_on_code"),
        charge_model=text_in(row, "charge_model"),
        is_pay_in_advance=flag_in(row, "is_pay_in_advance"),
        is_prorated=flag_in(row, "is_prorated"),
        units=Decimal(text_in(row, "units")),
        prices=Prices(unit_amount=decimal_in(row, "unit_amount"), tiers=tuple(tiers)),
        scope=scope_in(row, position),
    )
