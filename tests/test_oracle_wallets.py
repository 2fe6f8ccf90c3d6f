"""The oracle's wallets, by hand and by the worked cases: buckets, scopes, the order of lots, and their expiry."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bill import Bill
from tests.oracle.catalog import Lot, Wallet
from tests.oracle.hand_coupons import coupon, with_coupons
from tests.oracle.hand_written import (
    ALWAYS,
    Cells,
    Tables,
    charge,
    event,
    hand_bill,
    plan,
    subscription,
)
from tests.oracle.wallets import Owed, buckets_of, draw_from_lots

CASES = {
    one["id"]: one
    for one in json.loads((Path(__file__).parent / "cases/cases.json").read_text())
    if one["kind"] == "wallet"
}
DAY = date(2025, 6, 1)


# Worked cases.


def wallet(name: str, number: int, cells: dict[str, Any]) -> Wallet:
    """A wallet of a worked case, with one lot of its balance."""
    amount = Decimal(cells["balance_cents"]) / 100
    return Wallet(
        wallet_id=name,
        customer_id="atlas",
        currency=cells["currency"],
        priority=cells["priority"],
        position=number,
        lots=(Lot(name, "granted", amount, DAY, 0),),
        fee_types=frozenset(cells["allowed_fee_types"]),
        metric_codes=frozenset(cells.get("limited_to_metrics", ())),
    )


@pytest.mark.parametrize(
    "case_id", [one for one, case in CASES.items() if case["subkind"] == "wallet_allocation"]
)
def test_case_of_an_allocation(case_id: str) -> None:
    """What wallets pay, or are left with, where it is stated."""
    inputs, expected = CASES[case_id]["inputs"], CASES[case_id]["expected"]
    wallets = [
        wallet(one["id"], number, one)
        for number, one in enumerate(inputs["wallets_in_created_order"])
    ]
    wallets.sort(key=lambda one: (one.priority, one.position))
    owed = [
        Owed(
            (one["type"], one.get("metric", "")),
            DAY,
            (Fraction(one["amount_cents"]) + Fraction(one["precise_tax_cents"])) / 100,
        )
        for one in inputs["fees"]
    ]
    total = Decimal(inputs["invoice_total_cents"]) / 100
    lots = [(own, lot) for own in wallets for lot in own.lots]
    left = {lot.lot_id: lot.amount for _, lot in lots}
    draws = draw_from_lots(total, buckets_of(owed, Fraction(total), 2), lots, left, scale=2)
    paid = {draw.lot_id: int(draw.amount * 100) for draw in draws}
    assert sum(paid.values()) == int(inputs["invoice_total_cents"])
    for name, stated in expected.items():
        if name == "total":
            assert sum(paid.values()) == int(stated)
        elif name.endswith("_balance_after_cents"):
            own = name.removesuffix("_balance_after_cents")
            assert int(left[own] * 100) - paid[own] == int(stated)
        else:
            assert paid[name] == int(stated)


# Rounding.


def draws_of(owed: dict[str, str], scopes: list[str], total: str) -> list[str]:
    """What wallets of 100, one per scope, pay of buckets by fee type."""
    cells = {"balance_cents": 10000, "currency": "EUR", "priority": 1, "limited_to_metrics": ()}
    wallets = [
        wallet(str(number), number, {**cells, "allowed_fee_types": [scope] if scope else []})
        for number, scope in enumerate(scopes)
    ]
    buckets = buckets_of(
        [Owed((key, ""), DAY, Fraction(amount)) for key, amount in owed.items()],
        Fraction(total),
        2,
    )
    lots = [(own, lot) for own in wallets for lot in own.lots]
    left = {lot.lot_id: lot.amount for _, lot in lots}
    return [
        f"{draw.lot_id}: {draw.amount:.2f}"
        for draw in draw_from_lots(Decimal(total), buckets, lots, left, scale=2)
    ]


def test_wallets_that_cover_an_invoice_together_pay_all_of_it() -> None:
    """Buckets of 10.004, 10.004 and 10.002 are 10.00 each, and the cent to 30.01 is the largest's, the first of two."""
    owed = {"charge": "10.004", "add_on": "10.004", "subscription": "10.002"}
    paid = draws_of(owed, ["add_on", "charge", "subscription"], "30.01")
    assert paid == ["0: 10.01", "1: 10.00", "2: 10.00"]


def test_a_gap_goes_to_the_largest_bucket() -> None:
    """10.004 and 5.004 with tax are 15.01 on the invoice: 10.00 and 5.00, and the cent that is left."""
    owed = {"charge": "10.004", "subscription": "5.004"}
    assert draws_of(owed, ["charge"], "15.01") == ["0: 10.01"]
    assert draws_of(owed, ["subscription"], "15.01") == ["0: 5.00"]


def test_a_wallet_without_scope_pays_the_largest_first() -> None:
    """Of equal buckets that of the first word."""
    lots = draws_of({"subscription": "150", "charge": "50"}, ["", "charge", "subscription"], "200")
    assert lots == ["0: 100.00", "1: 50.00", "2: 50.00"]
    lots = draws_of({"subscription": "100", "charge": "100"}, ["", "charge", "subscription"], "200")
    assert lots == ["0: 100.00", "2: 100.00"]


# Companies.


def wallet_row(name: str, priority: str = "1", **cells: str) -> Cells:
    return {
        "wallet_id": name,
        "customer_id": "atlas",
        "wallet_name": "Credits",
        "currency": "EUR",
        "priority": priority,
        **cells,
    }


def lot_row(name: str, wallet_id: str, amount: str, kind: str = "granted", **cells: str) -> Cells:
    return {
        "lot_id": name,
        "wallet_id": wallet_id,
        "lot_kind": kind,
        "amount": amount,
        "granted_on": "2025-06-01",
        **cells,
    }


def tables_of(
    wallets: list[Cells], lots: list[Cells], targets: list[Cells] | None = None
) -> Tables:
    """A month of 10 with tokens at 1; 20 % tax."""
    return {
        "prices/plans": [plan("pro", "10")],
        "prices/charges": [charge("tokens", unit_amount="1"), charge("calls", unit_amount="1")],
        "accounts/subscriptions": [subscription("s", "pro", "2025-06-01")],
        "credits/wallets": wallets,
        "credits/wallet_lots": lots,
        "credits/wallet_targets": targets or [],
        "tax/taxes": [{"tax_code": "vat", "rate_percent": "20", **ALWAYS}],
        "tax/customer_taxes": [{"customer_id": "atlas", "tax_code": "vat"}],
    }


def paid(result: Bill) -> list[tuple[str, ...]]:
    """Close date and what each lot pays."""
    return [
        (one.close_date.isoformat(), *(f"{draw.lot_id} {draw.amount:.2f}" for draw in one.draws))
        for one in result.invoices
    ]


TOKENS = [event("t", "2025-06-05", "tokens", amount=20), event("c", "2025-06-05", "calls")]


def test_fee_types_and_metrics_admit_either(tmp_path: Path) -> None:
    """Base 12, tokens 24, calls 1.20 with tax: a wallet for base fees and tokens pays 36."""
    tables = tables_of(
        [
            wallet_row("base", scope_fee_types="subscription, add_on"),
            wallet_row("fixed", scope_fee_types="fixed_charge"),
        ],
        [lot_row("b", "base", "100"), lot_row("f", "fixed", "100")],
        [{"wallet_id": "base", "metric_code": "tokens"}],
    )
    result = hand_bill(tmp_path, tables, [TOKENS], "2025-07-01")
    assert paid(result) == [("2025-07-01", "b 36.00")]
    assert result.invoices[0].amount_due == Decimal("1.20")


def test_a_bucket_is_less_its_coupons(tmp_path: Path) -> None:
    """Half of 31 off: tokens ask for 20 × 0.5 × 1.2 = 12."""
    tables = {
        **tables_of(
            [wallet_row("w")],
            [lot_row("l", "w", "100")],
        ),
        **with_coupons(coupon("c", "percentage", "50")),
    }
    tables["credits/wallets"][0]["scope_fee_types"] = ""
    tables["credits/wallet_targets"] = [{"wallet_id": "w", "metric_code": "tokens"}]
    assert paid(hand_bill(tmp_path, tables, [TOKENS], "2025-07-01")) == [("2025-07-01", "l 12.00")]


def test_lots_by_priority_expiry_kind_and_age(tmp_path: Path) -> None:
    """37.20 is asked for; the wallet with priority 1 first, in it the lots of priority 2 and then the other ones."""
    never = {"priority": "50"}
    tables = tables_of(
        [wallet_row("second", "2"), wallet_row("first", "1")],
        [
            lot_row("other", "second", "100"),
            lot_row("purchased", "first", "1", "purchased"),
            lot_row("young", "first", "2", granted_on="2025-06-02"),
            lot_row("old", "first", "3", **never),
            lot_row("later", "first", "4", "purchased", expires_on="2026-06-01"),
            lot_row("soon", "first", "5", "purchased", expires_on="2026-05-31"),
            lot_row("important", "first", "6", "purchased", priority="2"),
            lot_row("unborn", "first", "7", granted_on="2025-07-02"),
        ],
    )
    [own] = paid(hand_bill(tmp_path, tables, [TOKENS], "2025-07-01"))
    assert own[1:] == (
        "important 6.00",
        "soon 5.00",
        "later 4.00",
        "old 3.00",
        "young 2.00",
        "purchased 1.00",
        "other 16.20",
    )


@pytest.mark.parametrize(
    ("expires_on", "expected"),
    [
        ("2025-06-01", []),
        ("2025-06-02", ["l 36.00"]),
        ("2025-07-01", ["l 36.00"]),
        ("2025-07-02", ["l 36.00", "l 12.00"]),
    ],
)
def test_a_lot_pays_for_service_that_starts_before_its_expiry(
    tmp_path: Path, expires_on: str, expected: list[str]
) -> None:
    """June's 36 also when it is billed later; July's 12 if it expires after its first day."""
    tables = tables_of([wallet_row("w")], [lot_row("l", "w", "100", expires_on=expires_on)])
    result = hand_bill(tmp_path, tables, [TOKENS[:1]], "2025-08-01")
    assert [draw for _, *draws in paid(result) for draw in draws] == expected
    tables["credits/wallets"][0]["expires_on"] = expires_on
    tables["credits/wallet_lots"][0]["expires_on"] = "2030-01-01"
    again = hand_bill(tmp_path, tables, [TOKENS[:1]], "2025-08-01")
    assert paid(again) == paid(result)


def test_an_expiring_lot_pays_only_its_part_of_a_bucket(tmp_path: Path) -> None:
    """The price changes on 16 June: 31 × 15 ÷ 30 = 15.50 start before the expiry, 62 × 15 ÷ 30 = 31 after it.

    Another lot pays the rest, of which 18.60 with tax were paid.
    """
    june = {"valid_from": "2020-01-01", "valid_to": "2025-06-16"}
    tables = tables_of(
        [wallet_row("w")],
        [
            lot_row("expires", "w", "100", expires_on="2025-06-16"),
            lot_row("stays", "w", "100"),
        ],
    )
    tables["prices/plans"] = [
        plan("pro", "31", **june),
        plan("pro", "62", valid_from="2025-06-16"),
    ]
    result = hand_bill(tmp_path, tables, [], "2025-07-01")
    assert paid(result) == [("2025-07-01", "expires 18.60", "stays 37.20")]


def test_what_notes_leave_is_all_that_lots_pay(tmp_path: Path) -> None:
    """A note of 19.20 pays of August's 37.20: 18 are left, whatever the bucket asks for."""
    row = subscription("s", "p", "2025-06-15")
    other = subscription("o", "q", "2025-07-01", external_subscription_id="other")
    before: Tables = {
        **tables_of([wallet_row("w")], [lot_row("l", "w", "100", granted_on="2025-08-01")]),
        "prices/plans": [plan("p", "31", is_pay_in_advance="true"), plan("q", "31")],
        "prices/charges": [],
        "accounts/subscriptions": [row, other],
    }
    ended = {**row, "ended_at": "2025-07-15T10:00Z"}
    after = {**before, "accounts/subscriptions": [ended, other]}
    result = hand_bill(tmp_path, after, [], "2025-08-01", earlier={"2025-07-05": before})
    assert paid(result)[-1] == ("2025-08-01", "l 18.00")
