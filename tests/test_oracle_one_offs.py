"""The oracle's one-off fees, by hand: packs, whose price and currency, late ones, and how their invoices settle."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.bill import Bill
from tests.oracle.hand_written import ALWAYS, Cells, Tables, hand_bill, in_zone

ADD_ONS: list[Cells] = [
    {"add_on_code": "setup", "unit_amount": "500", "currency": "EUR"},
    {"add_on_code": "packs", "unit_amount": "20", "currency": "EUR", "pack_units": "1000"},
    {"add_on_code": "open"},
]


def fee(name: str, add_on_code: str, billed_on: str, units: str = "1", **cells: str) -> Cells:
    return {
        "one_off_fee_id": name,
        "customer_id": "atlas",
        "add_on_code": add_on_code,
        "billed_on": billed_on,
        "units": units,
        **cells,
    }


def tables_of(*fees: Cells, **more: list[Cells]) -> Tables:
    return {
        "prices/add_ons": ADD_ONS,
        "accounts/one_off_fees": list(fees),
        **{name.replace("__", "/"): own for name, own in more.items()},
    }


def one_offs(result: Bill) -> list[tuple[str, str, str, str]]:
    return [
        (one.close_date.isoformat(), one.currency, str(line.quantity.normalize()), f"{line.amount:f}")
        for one in result.invoices
        if one.invoice_type == "one_off"
        for line in one.lines
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("units", "packs"),
    [("0", "0"), ("0.000000001", "1"), ("999.999999999", "1"), ("1000", "1"), ("1000.000000001", "2")],
)  # fmt: skip
def test_packs_are_whole(tmp_path: Path, units: str, packs: str) -> None:
    """BILLING_RULES §4, and the pack of an add-on: rounded up, priced by the pack."""
    (line,) = one_offs(
        hand_bill(tmp_path, tables_of(fee("f", "packs", "2025-06-02", units)), [], "2025-06-02")
    )
    assert line == ("2025-06-02", "EUR", packs, f"{20 * int(packs)}.00")  # fmt: skip


def test_units_without_packs_are_as_they_are_and_rounded_once(tmp_path: Path) -> None:
    rows = fee("f", "open", "2025-06-04", "1.5", unit_amount="133.333", currency="JPY")
    assert one_offs(hand_bill(tmp_path, tables_of(rows), [], "2025-06-30")) == [
        ("2025-06-04", "JPY", "1.5", "200")
    ]


def test_one_that_is_recorded_late_waits_for_the_next_close(tmp_path: Path) -> None:
    """The base company closes on Mondays and firsts; on 4 June because of a fee."""
    known = fee("known", "setup", "2025-06-04")
    late = fee("late", "setup", "2025-05-01", unit_amount="7")
    result = hand_bill(
        tmp_path,
        tables_of(known, late),
        [],
        "2025-06-30",
        earlier={"2025-06-05": tables_of(known)},
    )
    assert one_offs(result) == [
        ("2025-06-04", "EUR", "1", "500.00"),
        ("2025-06-09", "EUR", "1", "7.00"),
    ]


def test_it_is_for_its_local_day(tmp_path: Path) -> None:
    tables = tables_of(
        fee("f", "setup", "2025-06-04"), accounts__customers=in_zone("Asia/Kathmandu")
    )
    result = hand_bill(tmp_path, tables, [], "2025-06-04")
    (line,) = result.invoices[-1].lines
    assert line.service_period_start.isoformat() == "2025-06-03T18:15:00+00:00"
    assert line.service_period_end.isoformat() == "2025-06-04T18:15:00+00:00"


def test_taxed_by_itself_and_paid_before_the_subscription_s(tmp_path: Path) -> None:
    """Two invoices of 1 July: 500.00 + 20 %, then a month of 40.00 + 20 %; a lot of 610.00 pays the first one whole."""
    month = [
        {"plan_code": code, "interval": interval, "amount": amount, "currency": "EUR", **ALWAYS}
        for code, interval, amount in (("pro", "monthly", "40"), ("week", "weekly", "0"))
    ]
    lot = {"lot_id": "lot", "wallet_id": "w", "lot_kind": "granted", "amount": "610"}
    tables = tables_of(
        fee("f", "setup", "2025-07-01"),
        prices__plans=month,
        tax__taxes=[{"tax_code": "vat", "rate_percent": "20", **ALWAYS}],
        tax__customer_taxes=[{"customer_id": "atlas", "tax_code": "vat"}],
        credits__wallets=[
            {"wallet_id": "w", "customer_id": "atlas", "currency": "EUR", "priority": "1"}
        ],
        credits__wallet_lots=[lot | {"granted_on": "2025-06-01"}],
    )
    found = [
        (one.invoice_type, one.tax_amount, one.prepaid_credit_amount, one.amount_due)
        for one in hand_bill(tmp_path, tables, [], "2025-07-01").invoices
        if one.customer_id == "atlas"
    ]
    assert found == [
        ("one_off", Decimal(100), Decimal(600), Decimal(0)),
        ("subscription", Decimal(8), Decimal(10), Decimal(38)),
    ]
