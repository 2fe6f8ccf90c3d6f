"""Units that lots paid and that are left, as the oracle and the product have them.

Belongs here: the tables of wallets of units that are compared. Does not belong here: how tables differ (`comparison`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .bill import Bill
from .numbers import round_half_away
from .unit_wallets import UNIT_SCALE

Rows = dict[tuple[Any, ...], dict[str, Any]]
Query = Callable[[str], list[tuple[Any, ...]]]


def expected_units(bill: Bill) -> dict[str, Rows]:
    """The oracle's draws by line and lot, and every lot that existed at the last close."""
    zero = Decimal(0).scaleb(-UNIT_SCALE)
    expired: dict[str, Decimal] = defaultdict(lambda: zero)
    for lapse in bill.units.lapses:
        if not lapse.is_voided:
            expired[lapse.lot_id] += lapse.amount
    draws: Rows = {
        (
            one.customer_id,
            one.close_date,
            *(part or "" for part in one.key[:-1]),
            one.key[-1].replace(tzinfo=None),
            one.lot_id,
        ): {"units": one.units}
        for one in bill.units.draws
    }
    lots: Rows = {
        (wallet.customer_id, lot.lot_id): {
            "granted_units": lot.amount,
            "expired_units": expired[lot.lot_id],
            "remaining_units": _left(bill, lot.lot_id, lot.amount),
        }
        for wallet in bill.catalog.unit_wallets
        for lot in wallet.lots
        if bill.last_close_date is not None and lot.granted_on <= bill.last_close_date
    }
    return {"unit_draws": draws, "unit_lots": lots}


def _left(bill: Bill, lot_id: str, granted: Decimal) -> Decimal:
    left = bill.units.left.get(lot_id)
    return granted if left is None else round_half_away(left, UNIT_SCALE)


def published_units(finance: Query) -> dict[str, Rows]:
    """The same tables as finance reads them."""
    draws = finance(
        "select customer_id, close_date, subscription_id, charge_code, coalesce(filter_code, ''), "
        "coalesce(group_key, ''), service_period_start, lot_id, units from unit_draws"
    )
    lots = finance(
        "select customer_id, lot_id, granted_units, expired_units, remaining_units from wallet_lots "
        "where metric_code is not null"
    )
    return {
        "unit_draws": {row[:-1]: {"units": row[-1]} for row in draws},
        "unit_lots": {
            row[:2]: dict(
                zip(("granted_units", "expired_units", "remaining_units"), row[2:], strict=True)
            )
            for row in lots
        },
    }
