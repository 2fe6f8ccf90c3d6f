"""What rules put into wallets, as the oracle and the product have it.

Belongs here: the table of top-ups, and naming their lots alike on both sides. Does not belong here: how tables differ
(`comparison`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .bill import Bill
from .numbers import minor_unit, round_half_away

Rows = dict[tuple[Any, ...], dict[str, Any]]
Query = Callable[[str], list[tuple[Any, ...]]]

COLUMNS = ("credits", "amount", "ongoing_balance_amount")


def expected_top_ups(bill: Bill) -> dict[str, Rows]:
    """The oracle's lots of rules, with the ongoing balance that each rule found, as money."""
    currencies = {wallet.wallet_id: wallet.currency for wallet in bill.catalog.wallets}
    rows: Rows = {}
    for one in bill.top_ups:
        scale = minor_unit(currencies[one.wallet_id])
        ongoing = None if one.ongoing is None else round_half_away(one.ongoing, scale)
        key = (one.customer_id, one.close_date, one.wallet_id, one.rule_id, one.lot_kind)
        rows[key] = dict(zip(COLUMNS, (one.credits, one.amount, ongoing), strict=True))
    return {"top_ups": rows}


def published_top_ups(finance: Query) -> dict[str, Rows]:
    """The same table as finance reads it."""
    columns = ", ".join(COLUMNS)
    rows = finance(
        f"select customer_id, close_date, wallet_id, top_up_rule_id, lot_kind, {columns} from top_ups"
    )
    return {"top_ups": {row[:5]: dict(zip(COLUMNS, row[5:], strict=True)) for row in rows}}


def with_oracle_lots(
    finance: Query, rows: Iterable[tuple[Any, ...]], place: int
) -> Iterator[tuple[Any, ...]]:
    """Rows whose column at a place names a lot: those of rules as the oracle names them."""
    names = {
        lot_id: f"{rule_id} {close_date} {lot_kind}"
        for lot_id, rule_id, close_date, lot_kind in finance(
            "select lot_id, top_up_rule_id, close_date, lot_kind from top_ups"
        )
    }
    for row in rows:
        yield (*row[:place], names.get(row[place], row[place]), *row[place + 1 :])
