"""The oracle's own tests: worked cases and arithmetic done by hand.

Belongs here: what proves that the second computation is right before it judges the first. Does not belong here: the
product; nothing of it is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.catalog import Lot, Wallet, in_force
from tests.oracle.cells import Validity
from tests.oracle.charge_models import Tier, graduated, package, standard, units_in_tier
from tests.oracle.invoicing import prorated
from tests.oracle.numbers import event_value_fault, minor_unit, parse_number, round_half_away
from tests.oracle.periods import (
    Period,
    calendar_period,
    due_on,
    first_instant,
    local_date,
    periods_of,
)
from tests.oracle.settlement import Draw, tax_rows
from tests.oracle.wallets import Owed, buckets_of, draw_from_lots

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "cases" / "cases.json").read_text())
}


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and expected values of a worked case."""
    return CASES[case_id]["inputs"], CASES[case_id]["expected"]


def cents(amount: Fraction, currency: str = "EUR") -> str:
    """A rounded amount as a case states it: in the currency's smallest coin."""
    scale = minor_unit(currency)
    return str(int(round_half_away(amount, scale).scaleb(scale)))


def tiers_of(ranges: Iterable[dict[str, Any]]) -> list[Tier]:
    """A case's ranges: its `to` is our inclusive `up_to`."""
    return [
        Tier(
            up_to=None if one["to"] is None else Decimal(one["to"]),
            unit_amount=Decimal(one["per_unit_amount"]),
            flat_amount=Decimal(one["flat_amount"]),
        )
        for one in ranges
    ]


# Worked cases.


@pytest.mark.parametrize("case_id", ["std-10", "std-est-20"])
def test_case_standard(case_id: str) -> None:
    inputs, expected = case(case_id)
    amount = standard(Fraction(inputs["units"]), Decimal(inputs["amount"]))
    assert amount == Fraction(expected["amount"])
    if "unit_amount" in expected:
        assert amount / Fraction(inputs["units"]) == Fraction(expected["unit_amount"])


def test_case_standard_prices_by_filter() -> None:
    inputs, expected = case("std-usage-filters")
    prices = {one["cloud"]: Decimal(one["amount"]) for one in inputs["filters"]}
    amounts = {
        one["cloud"]: standard(Fraction(one["units"]), prices[one["cloud"]])
        for one in inputs["usage"]
    }
    for one in expected["filters"]:
        assert cents(amounts[one["cloud"]]) == one["amount_cents"]
    assert cents(sum(amounts.values(), Fraction(0))) == expected["total_amount_cents"]


@pytest.mark.parametrize(
    "case_id",
    [
        "grad-zero-units-flat",
        "grad-1",
        "grad-10-tier-edge",
        "grad-12",
        "grad-21",
        "grad-fixed-charge-21",
    ],
)
def test_case_graduated(case_id: str) -> None:
    inputs, expected = case(case_id)
    units = Fraction(inputs["units"])
    amount = graduated(units, tiers_of(inputs["ranges"]))
    assert amount == Fraction(expected["amount"])
    if "unit_amount" in expected:
        decimals = len(expected["unit_amount"].partition(".")[2])
        unit_amount = amount / units if units else Fraction(0)
        assert round_half_away(unit_amount, decimals) == Decimal(expected["unit_amount"])


def test_case_graduated_contribution_of_one_tier() -> None:
    inputs, expected = case("grad-range-adjacent-full")
    tier = inputs["single_range"]
    units = units_in_tier(
        Fraction(inputs["total_units"]), Fraction(tier["from"]), Fraction(tier["to"])
    )
    assert units == Fraction(expected["range_units"])
    amount = standard(units, Decimal(tier["per_unit_amount"]))
    assert amount == Fraction(expected["per_unit_total_amount"])


def test_case_graduated_fees_of_running_totals() -> None:
    inputs, expected = case("grad-pia-sum-3-1-2")
    tiers = tiers_of(inputs["ranges"])
    total, billed, fees = Fraction(0), Fraction(0), []
    for value in inputs["event_values"]:
        total += Fraction(value)
        known = Fraction(round_half_away(graduated(total, tiers), 2))
        fees.append(cents(known - billed))
        billed = known
    assert fees == expected["fee_amount_cents"]


@pytest.mark.parametrize(
    "case_id", ["pkg-usage-free5-3", "pkg-usage-3", "pkg-arrears-monthly", "pkg-pia-monthly"]
)
def test_case_package(case_id: str) -> None:
    inputs, expected = case(case_id)
    amount = package(
        Fraction(inputs["units"]),
        package_amount=Decimal(inputs["amount"]),
        package_size=Decimal(inputs["package_size"]),
        free_units=Decimal(inputs["free_units"]),
    )
    assert cents(amount) == expected["amount_cents"]


@pytest.mark.parametrize(
    "case_id",
    [
        "sub-new-after-upgrade-pia",
        "sub-weekly-monday",
        "sub-full-month",
        "sub-weekly-wednesday-pia",
        "sub-monthly-15th-pia",
        "sub-already-billed",
    ],
)
def test_case_subscription_fee(case_id: str) -> None:
    inputs, expected = case(case_id)
    first_day = local_date(datetime.fromisoformat(inputs["started_at"]), inputs["timezone"])
    wanted = local_date(datetime.fromisoformat(inputs["period_from"]), inputs["timezone"])
    period = next(
        one for one in periods_of(inputs["interval"], first_day, None) if one.start == wanted
    )
    assert (period.days, period.period_days) == (inputs["days_to_bill"], inputs["period_days"])
    fee = prorated(
        Decimal(inputs["plan_amount_cents"]) / 100,
        days=period.days,
        period_days=period.period_days,
    )
    assert cents(fee) == expected["fee_amount_cents"]
    stated = Decimal(expected["precise_amount_cents"])
    assert round_half_away(fee * 100, 14) == round_half_away(stated, 14)


def test_case_taxes_add_and_never_compound() -> None:
    inputs, expected = case("tax-explicit-codes")
    rates = {f"tax{rate}": Decimal(rate) for rate in inputs["explicit_tax_rates"]}
    rows = tax_rows(Decimal(inputs["fee_amount_cents"]) / 100, rates, scale=2)
    assert cents(sum(Fraction(row.tax_amount) for row in rows)) == expected["taxes_amount_cents"]


def lot(lot_id: str, amount: str, kind: str = "granted", granted_on: str = "2025-01-01") -> Lot:
    return Lot(lot_id, kind, Decimal(amount), date.fromisoformat(granted_on), 0)


def draws_of(amount: Decimal, lots: list[Lot], left: dict[str, Decimal]) -> list[Draw]:
    """What lots of a wallet without a scope pay of an invoice in euros."""
    wallet = Wallet("w", "atlas", "EUR", 1, 0, tuple(lots))
    buckets = buckets_of([Owed(("charge", ""), date.min, Fraction(amount))], Fraction(amount), 2)
    return draw_from_lots(amount, buckets, [(wallet, one) for one in lots], left, scale=2)


def test_case_wallet_pays_invoices_with_tax_in_turn() -> None:
    inputs, expected = case("wal-scn-24pct")
    credits = lot("credits", inputs["granted_credits"])
    left = {"credits": credits.amount}
    for number, invoice in enumerate(inputs["invoices"]):
        charge = Decimal(invoice["charge"])
        [tax] = tax_rows(charge, {"vat": Decimal(invoice["tax_rate_percent"])}, scale=2)
        total = charge + tax.tax_amount
        assert total == Decimal(expected["invoice_totals_incl_tax"][number])
        [draw] = draws_of(total, [credits], left)
        assert draw.amount == Decimal(expected["prepaid"][number])
        left["credits"] -= draw.amount
        assert left["credits"] == Decimal(expected["balance_after"][number])


@pytest.mark.parametrize("case_id", ["wal-traceable-split", "wal-traceable-two-wallets"])
def test_case_lots_pay_in_order(case_id: str) -> None:
    inputs, expected = case(case_id)
    wallets = inputs.get("wallets", [inputs])
    lots = [
        lot(one["kind"], str(Decimal(one["remaining_cents"]) / 100), one["kind"])
        for wallet in wallets
        for one in wallet["inbound"]
    ]
    left = {one.lot_id: one.amount for one in lots}
    draws = draws_of(Decimal(inputs["invoice_total_cents"]) / 100, lots, left)
    assert [(draw.lot_id, cents(Fraction(draw.amount))) for draw in draws] == [
        ("granted", expected["prepaid_granted_cents"]),
        ("purchased", expected["prepaid_purchased_cents"]),
    ]


def test_case_currency_decimals() -> None:
    inputs, expected = case("cur-exponent-kwd")
    assert cents(Fraction(inputs["amount"]), inputs["currency"]) == expected["amount_cents"]


# Numbers.


@pytest.mark.parametrize(
    ("value", "scale", "rounded"),
    [
        ("0.004999999", 2, "0.00"),
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "-0.01"),
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("0.0625", 3, "0.063"),
        ("150", -2, "200"),
        ("12345678901234567890123456789.5", 0, "12345678901234567890123456790"),
    ],
)
def test_rounding_is_half_away_from_zero(value: str, scale: int, rounded: str) -> None:
    assert round_half_away(Fraction(value), scale) == Decimal(rounded)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0.000000001", None),
        ("0.0000000001", "too_precise"),
        ("1.0000000000", None),
        ("999999999999999.999999999", None),
        ("1000000000000000", "out_of_range"),
        ("-1000000000000000", "out_of_range"),
        ("0e-50", None),
        ("1e-999999", "too_precise"),
        ("1e999999", "out_of_range"),
    ],
)
def test_event_values_have_fifteen_digits_and_nine_decimals(text: str, fault: str | None) -> None:
    value = parse_number(text)
    assert value is not None
    assert event_value_fault(value) == fault


# Charge models, at their edges.


def test_graduated_edges() -> None:
    """10,000 at 0.01, the next 90,000 at 0.008, then 0.005; the second tier has a flat amount of 3."""
    tiers = [
        Tier(Decimal(10_000), Decimal("0.01"), Decimal(0)),
        Tier(Decimal(100_000), Decimal("0.008"), Decimal(3)),
        Tier(None, Decimal("0.005"), Decimal(0)),
    ]
    assert graduated(Fraction(0), tiers) == 0
    assert graduated(Fraction(9_999), tiers) == Fraction("99.99")
    assert graduated(Fraction(10_000), tiers) == 100  # the bound is inclusive: no flat amount yet
    assert graduated(Fraction(10_001), tiers) == 100 + Fraction("0.008") + 3
    assert graduated(Fraction(100_000), tiers) == 100 + 720 + 3
    assert graduated(Fraction(100_001), tiers) == 100 + 720 + 3 + Fraction("0.005")
    assert graduated(Fraction("10000.000000001"), tiers) == 103 + Fraction("0.000000000008")


@pytest.mark.parametrize(
    ("units", "packages"),
    [("0", 0), ("5", 0), ("5.000000001", 1), ("15", 1), ("15.000000001", 2), ("25", 2)],
)
def test_package_edges(units: str, packages: int) -> None:
    amount = package(
        Fraction(units),
        package_amount=Decimal("1.5"),
        package_size=Decimal(10),
        free_units=Decimal(5),
    )
    assert amount == packages * Fraction("1.5")


# Periods and zones.


@pytest.mark.parametrize(
    ("zone_name", "day", "instant"),
    [
        ("UTC", "2025-10-01", "2025-10-01T00:00"),
        ("Asia/Kathmandu", "2025-10-01", "2025-09-30T18:15"),
        ("Europe/Berlin", "2025-10-26", "2025-10-25T22:00"),
        ("Europe/Berlin", "2025-10-27", "2025-10-26T23:00"),
        ("America/New_York", "2025-11-03", "2025-11-03T05:00"),
        ("America/Havana", "2025-03-09", "2025-03-09T05:00"),  # 00:00 is skipped: begins at 01:00
        ("America/Havana", "2025-11-02", "2025-11-02T04:00"),  # 00:00 comes twice: the first
        ("America/Havana", "2025-11-03", "2025-11-03T05:00"),
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30"),
        ("Australia/Lord_Howe", "2025-10-06", "2025-10-05T13:00"),  # half an hour of summer time
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # a day that Apia left out
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Pacific/Apia", "2025-10-01", "2025-09-30T11:00"),
    ],
)
def test_first_instant_of_a_local_day(zone_name: str, day: str, instant: str) -> None:
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert first_instant(zone_name, date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("interval", "day", "start", "end"),
    [
        ("weekly", "2025-09-29", "2025-09-29", "2025-10-06"),
        ("weekly", "2025-10-05", "2025-09-29", "2025-10-06"),
        ("monthly", "2024-02-29", "2024-02-01", "2024-03-01"),
        ("monthly", "2025-12-31", "2025-12-01", "2026-01-01"),
        ("monthly", "2025-01-31", "2025-01-01", "2025-02-01"),
        ("yearly", "2025-12-31", "2025-01-01", "2026-01-01"),
    ],
)
def test_calendar_periods(interval: str, day: str, start: str, end: str) -> None:
    expected = (date.fromisoformat(start), date.fromisoformat(end))
    assert calendar_period(interval, date.fromisoformat(day)) == expected


def test_first_and_last_day_of_a_subscription_count() -> None:
    periods = list(periods_of("monthly", date(2025, 9, 15), date(2025, 11, 1)))
    assert [(one.days, one.period_days) for one in periods] == [(16, 30), (31, 31), (1, 30)]
    assert [one.end for one in periods] == [date(2025, 10, 1), date(2025, 11, 1), date(2025, 11, 2)]


def test_arrears_fall_due_at_the_end_and_advance_at_the_start() -> None:
    period = Period(date(2025, 10, 15), date(2025, 11, 1), date(2025, 10, 1), date(2025, 11, 1))
    assert due_on(period, is_in_advance=False, grace_days=0) == date(2025, 11, 1)
    assert due_on(period, is_in_advance=True, grace_days=3) == date(2025, 10, 18)


# Effective dating, tax, wallets.


def test_the_row_recorded_last_holds() -> None:
    rows = [
        DatedName("first", "2025-01-01", "2025-10-01", "2025-01-01"),
        DatedName("second", "2025-10-01", None, "2025-01-01"),
        DatedName("corrected", "2025-10-01", None, "2025-11-01"),
    ]
    named = {
        day: getattr(in_force(rows, date.fromisoformat(day)), "name", None)
        for day in ("2024-12-31", "2025-01-01", "2025-09-30", "2025-10-01")
    }
    assert named == {
        "2024-12-31": None,
        "2025-01-01": "first",
        "2025-09-30": "first",
        "2025-10-01": "corrected",
    }


class DatedName:
    """A row that has nothing but a name and a validity."""

    def __init__(self, name: str, valid_from: str, valid_to: str | None, recorded: str) -> None:
        self.name = name
        self.validity = Validity(
            date.fromisoformat(valid_from),
            None if valid_to is None else date.fromisoformat(valid_to),
            datetime.fromisoformat(recorded).replace(tzinfo=UTC),
        )


def test_tax_of_an_invoice_is_rounded_once_and_allotted() -> None:
    """10.10 at 8.875 % and 4.5 %: 0.896375 + 0.4545 = 1.350875, so 1.35; cut 0.89 + 0.45 lack one cent.

    0.896375 lost 0.006375 by the cut and 0.4545 lost 0.0045: the cent goes to the first.
    """
    rows = tax_rows(
        Decimal("10.10"), {"county": Decimal("4.5"), "state": Decimal("8.875")}, scale=2
    )
    assert [(row.tax_code, row.tax_amount) for row in rows] == [
        ("county", Decimal("0.45")),
        ("state", Decimal("0.90")),
    ]


def test_tax_need_not_be_the_sum_of_rounded_taxes() -> None:
    """0.30 at three times 1.5 %: 0.0045 each rounds to nothing, 0.0135 together to one cent."""
    rows = tax_rows(Decimal("0.30"), dict.fromkeys("abc", Decimal("1.5")), scale=2)
    assert [row.tax_amount for row in rows] == [Decimal("0.01"), Decimal(0), Decimal(0)]
