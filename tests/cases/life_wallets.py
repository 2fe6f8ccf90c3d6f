"""Wallets of a life: their pieces and rows.

Belongs here: wallets with their lots, and files of `credits/`. Does not belong here: what a case says of them
(`translate_wallets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .company_rows import VALID_FROM, Rows
from .reading import plain

# A metric of nobody whom a case is about.
FOREIGN = "host_0_units"
COLUMNS = {"credits/wallet_targets": "wallet_id metric_code"}


@dataclass(frozen=True)
class LotTerms:
    """What a lot holds: money in currency units, or credits."""

    kind: str = "granted"
    amount: Decimal | None = None
    credits: Decimal | None = None
    priority: int | None = None
    expires_on: date | None = None


@dataclass(frozen=True)
class WalletTerms:
    """A wallet, limited to fee types or to metrics by their codes, or not; `rate`: currency units per credit."""

    currency: str
    lots: tuple[LotTerms, ...]
    priority: int = 50
    rate: Decimal = Decimal(1)
    fee_types: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def lot_id(name: str, wallet: int, lot: int) -> str:
    """The id of a lot by the places of its wallet and of itself, from 0."""
    return f"{name}_wallet_{wallet:02d}_{lot:02d}"


def places_of_lots(name: str, wallets: Sequence[WalletTerms]) -> dict[str, tuple[int, int]]:
    """The places of wallet and lot, from 0, by the ids of lots."""
    return {
        lot_id(name, place, number): (place, number)
        for place, wallet in enumerate(wallets)
        for number in range(len(wallet.lots))
    }


def add_wallets(rows: Rows, name: str, wallets: Sequence[WalletTerms]) -> None:
    """Add the wallets in their order, with what they are limited to and what they hold."""
    for place, wallet in enumerate(wallets):
        wallet_id = f"{name}_wallet_{place:02d}"
        row = {
            "wallet_id": wallet_id,
            "customer_id": name,
            "wallet_name": wallet_id,
            "currency": wallet.currency,
            "priority": str(wallet.priority),
        }
        if wallet.rate != 1:
            row["rate"] = plain(wallet.rate)
        if wallet.fee_types:
            row["scope_fee_types"] = ",".join(wallet.fee_types)
        rows["credits/wallets"].append(row)
        for metric in wallet.metrics:
            rows.setdefault("credits/wallet_targets", []).append(
                {
                    "wallet_id": wallet_id,
                    "metric_code": FOREIGN if metric == FOREIGN else f"{name}_{metric}",
                }
            )
        for number, lot in enumerate(wallet.lots):
            own = {
                "lot_id": lot_id(name, place, number),
                "wallet_id": wallet_id,
                "lot_kind": lot.kind,
                "granted_on": VALID_FROM,
            }
            if lot.amount is not None:
                own["amount"] = plain(lot.amount)
            if lot.credits is not None:
                own["credits"] = plain(lot.credits)
            if lot.priority is not None:
                own["priority"] = str(lot.priority)
            if lot.expires_on is not None:
                own["expires_on"] = lot.expires_on.isoformat()
            rows["credits/wallet_lots"].append(own)
