"""Wallets of a life: their pieces and rows.

Belongs here: wallets with their lots, and files of `credits/`. Does not belong here: what a case says of them
(`translate_wallets`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .company_rows import VALID_FROM, Rows
from .reading import plain
from .trials import DAY

# A metric of nobody whom a case is about.
FOREIGN = "host_0_units"
COLUMNS = {
    "credits/wallet_targets": "wallet_id metric_code",
    "credits/top_up_rules": "top_up_rule_id wallet_id trigger_type threshold_credits method paid_credits "
    "granted_credits target_ongoing_balance grants_target_top_up ignores_paid_top_up_limits starts_on ends_on",
}
# What ids of lots begin with that a rule put in, and the place of the first of these in its wallet.
TOPPED_UP = "top_up/"
_TOPPED_UP_FROM = 1000
_LIMITS = ("paid_top_up_min_amount", "paid_top_up_max_amount")


@dataclass(frozen=True)
class LotTerms:
    """What a lot holds: money in currency units, or credits."""

    kind: str = "granted"
    amount: Decimal | None = None
    credits: Decimal | None = None
    priority: int | None = None
    expires_on: date | None = None


@dataclass(frozen=True)
class RuleTerms:
    """A top-up rule with a threshold, which only the first close looks at. Credits, as the catalog has them."""

    threshold_credits: Decimal
    method: str
    paid_credits: Decimal = Decimal(0)
    granted_credits: Decimal = Decimal(0)
    target: Decimal | None = None
    is_granted: bool = False
    ignores_limits: bool = False


@dataclass(frozen=True)
class WalletTerms:
    """A wallet, limited to fee types or to metrics by their codes, or not; `rate`: currency units per credit.

    `top_up_limits`: the least and the largest amount of a paid top-up, in currency units.
    """

    currency: str
    lots: tuple[LotTerms, ...]
    priority: int = 50
    rate: Decimal = Decimal(1)
    fee_types: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    rule: RuleTerms | None = None
    top_up_limits: tuple[Decimal | None, Decimal | None] = (None, None)


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


def places_of_topped_up(rows: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """The places of lots that rules put in, by their ids: those of their wallet and, after all others, their own.

    `rows`: ids of lots and of the wallets that hold them.
    """
    return {
        lot: (int(wallet.rsplit("_", 1)[1]), _TOPPED_UP_FROM + number)
        for number, (lot, wallet) in enumerate(rows)
        if lot.startswith(TOPPED_UP)
    }


def add_wallets(rows: Rows, name: str, wallets: Sequence[WalletTerms], first_close: date) -> None:
    """Add the wallets in their order, with what they are limited to and what they hold.

    `first_close`: the only date on which their rules are in force.
    """
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
        for column, limit in zip(_LIMITS, wallet.top_up_limits, strict=True):
            if limit is not None:
                row[column] = plain(limit)
        rows["credits/wallets"].append(row)
        if wallet.rule is not None:
            rows.setdefault("credits/top_up_rules", []).append(
                _rule_row(wallet_id, wallet.rule, first_close)
            )
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


def _rule_row(wallet_id: str, rule: RuleTerms, day: date) -> dict[str, str]:
    row = {
        "top_up_rule_id": wallet_id,
        "wallet_id": wallet_id,
        "trigger_type": "threshold",
        "threshold_credits": plain(rule.threshold_credits),
        "method": rule.method,
        "starts_on": day.isoformat(),
        "ends_on": (day + DAY).isoformat(),
    }
    if rule.target is not None:
        row["target_ongoing_balance"] = plain(rule.target)
    for column, credits in (
        ("paid_credits", rule.paid_credits),
        ("granted_credits", rule.granted_credits),
    ):
        if credits:
            row[column] = plain(credits)
    for column, is_so in (
        ("grants_target_top_up", rule.is_granted),
        ("ignores_paid_top_up_limits", rule.ignores_limits),
    ):
        if is_so:
            row[column] = "true"
    return row
