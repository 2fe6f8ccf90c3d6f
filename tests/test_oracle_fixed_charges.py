"""The oracle's fixed charges, by hand: units of add-ons, whole and by days, in advance and in arrears, upgraded.

Belongs here: their lines. Does not belong here: commitments and maximums (`test_oracle_limits`).
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.hand_written import (
    Cells,
    Tables,
    fees,
    fixed_charge,
    hand_bill,
    plain_lines,
    plan,
    subscription,
)

IN_ADVANCE = {"is_pay_in_advance": "true"}
PRORATED = {"is_prorated": "true"}
BOTH = ("fixed_charge", "fixed_charge_in_advance")


def tables_of(*rows: Cells, started_at: str = "2025-06-16", **more: list[Cells]) -> Tables:
    """A monthly plan of 0 with fixed charges, subscribed from a day of June 2025, which has 30."""
    return {
        "prices/plans": [plan("p", "0")],
        "prices/fixed_charges": list(rows),
        "accounts/subscriptions": [subscription("s", "p", started_at)],
        **{name.replace("__", "/"): own for name, own in more.items()},
    }


def test_in_arrears_and_not_prorated_a_part_of_a_period_pays_in_full(tmp_path: Path) -> None:
    result = hand_bill(tmp_path, tables_of(fixed_charge("seat", "3", "10")), [], "2025-08-01")
    assert fees(result, *BOTH) == [("2025-07-01", "s", "30.00"), ("2025-08-01", "s", "30.00")]


def test_in_advance_it_is_billed_at_the_start(tmp_path: Path) -> None:
    """The period in which the subscription starts, then July: 15 of 30 days, then all."""
    row = fixed_charge("seat", "3", "10", **IN_ADVANCE, **PRORATED)
    result = hand_bill(tmp_path, tables_of(row), [], "2025-07-01")
    assert fees(result, *BOTH) == [("2025-06-16", "s", "15.00"), ("2025-07-01", "s", "30.00")]
    assert plain_lines(result, "fee_type", "charge_code", "quantity", "unit_amount")[0] == (
        "2025-06-16",
        "fixed_charge_in_advance",
        "seat",
        "3",
        "5",
    )


def test_units_of_the_last_day_count_in_arrears_and_of_the_first_in_advance(tmp_path: Path) -> None:
    """3 until the 20th, 5 from then on."""
    for more, amount in (({}, "50.00"), (IN_ADVANCE, "30.00")):
        rows = [
            fixed_charge("seat", "3", "10", valid_to="2025-06-20", **more),
            fixed_charge("seat", "5", "10", valid_from="2025-06-20", **more),
        ]
        result = hand_bill(tmp_path, tables_of(*rows), [], "2025-07-01")
        assert fees(result, *BOTH)[0][2] == amount


def test_prorated_each_part_of_the_period_has_its_line(tmp_path: Path) -> None:
    """3 × 10 for 4 of 30 days, 5 × 10 for 11."""
    rows = [
        fixed_charge("seat", "3", "10", valid_to="2025-06-20", **PRORATED),
        fixed_charge("seat", "5", "10", valid_from="2025-06-20", **PRORATED),
    ]
    result = hand_bill(tmp_path, tables_of(*rows), [], "2025-07-01")
    found = plain_lines(result, "quantity", "amount", "service_period_start")
    assert [(one[1], one[2], one[3][:10]) for one in found] == [
        ("3", "4", "2025-06-16"),
        ("5", "18.33", "2025-06-20"),
    ]


def test_one_that_begins_or_ends_inside_a_period_counts_its_days(tmp_path: Path) -> None:
    """From 26 June prorated: 5 of 30 days of 30. Whole, it is there on the last day; one that has ended is not."""
    rows = [
        fixed_charge("seat", "3", "10", valid_from="2025-06-26", **PRORATED),
        fixed_charge("desk", "1", "7", valid_from="2025-06-26"),
        fixed_charge("room", "1", "9", valid_to="2025-06-26"),
        fixed_charge("shelf", "1", "30", valid_to="2025-06-26", **PRORATED),
    ]
    result = hand_bill(tmp_path, tables_of(*rows), [], "2025-07-01")
    assert [(one[1], one[2]) for one in plain_lines(result, "charge_code", "amount")] == [
        ("desk", "7"),
        ("seat", "5"),
        ("shelf", "10"),
    ]


@pytest.mark.parametrize(
    ("charge_model", "units", "amount"),
    [
        ("graduated", "21", "131.00"),  # 10 × 5 + 5, 11 × 6 + 10
        ("graduated", "0", "5.00"),  # the first tier's flat
        ("volume", "21", "136.00"),  # 21 × 6 + 10
        ("volume", "10", "55.00"),
        ("standard", "0", "0.00"),  # a line nevertheless
    ],
)
def test_charge_models(tmp_path: Path, charge_model: str, units: str, amount: str) -> None:
    row = fixed_charge("seat", units, "1", charge_model=charge_model)
    key = {
        name: row[name] for name in ("plan_code", "fixed_charge_code", "valid_from", "recorded_at")
    }
    tiers = [
        {**key, "up_to": "10", "unit_amount": "5", "flat_amount": "5"},
        {**key, "up_to": "", "unit_amount": "6", "flat_amount": "10"},
    ]
    tables = tables_of(row, prices__fixed_charge_tiers=tiers)
    assert fees(hand_bill(tmp_path, tables, [], "2025-07-01"), *BOTH)[0][2] == amount


def test_an_override_of_a_subscription_wins(tmp_path: Path) -> None:
    rows = [fixed_charge("seat", "3", "10"), fixed_charge("seat", "4", "10", subscription_id="s")]
    result = hand_bill(tmp_path, tables_of(*rows), [], "2025-07-01")
    assert fees(result, *BOTH) == [("2025-07-01", "s", "40.00")]


def test_a_long_plan_may_bill_them_every_month(tmp_path: Path) -> None:
    """June whole, 15 of 30 days; by the quarter 15 of 91 days of April to June."""
    rows = [fixed_charge("seat", "91", "1", **PRORATED)]
    for monthly, amount in (("true", "45.50"), ("false", "15.00")):
        own = plan("p", "0", "quarterly", bills_fixed_charges_monthly=monthly)
        result = hand_bill(tmp_path, tables_of(*rows, prices__plans=[own]), [], "2025-07-01")
        assert fees(result, *BOTH) == [("2025-07-01", "s", amount)]


def test_a_trial_does_not_spare_them(tmp_path: Path) -> None:
    own = plan("p", "30", trial_days="60")
    tables = tables_of(fixed_charge("seat", "3", "10", **PRORATED), prices__plans=[own])
    result = hand_bill(tmp_path, tables, [], "2025-07-01")
    assert fees(result, "subscription", *BOTH) == [("2025-07-01", "s", "15.00")]


# Changes of plan.


def upgraded(*rows: Cells) -> tuple[Tables, Tables]:
    """The tables before and after an upgrade from p to q at noon of 21 June."""
    before = tables_of(*rows, started_at="2025-06-01")
    before["prices/plans"] = [plan("p", "0"), plan("q", "30")]
    subscriptions = [*before["accounts/subscriptions"], subscription("t", "q", "2025-06-21T12:00Z")]
    return before, {**before, "accounts/subscriptions": subscriptions}


def test_the_shared_day_is_the_new_plans(tmp_path: Path) -> None:
    """20 of 30 days of 30, then 10 of 30 days of 60."""
    rows = [
        fixed_charge("seat", "3", "10", **PRORATED),
        fixed_charge("seat", "3", "20", plan_code="q", **PRORATED),
    ]
    result = hand_bill(tmp_path, upgraded(*rows)[1], [], "2025-07-01")
    assert fees(result, *BOTH) == [("2025-06-22", "s", "20.00"), ("2025-07-01", "t", "20.00")]


def test_what_the_old_plan_was_paid_in_advance_is_taken_off(tmp_path: Path) -> None:
    """Paid 30.01 for June, 10 of 30 days unused: 10.00. The new one owes 20.01, and then 60.02.

    The add-on `desk` was paid too, but in arrears; `lamp` is the same on both plans, and cheaper on the new one.
    """
    rows = [
        fixed_charge("seat", "1", "30.01", **PRORATED, **IN_ADVANCE),
        fixed_charge("seat", "1", "60.02", plan_code="q", **PRORATED, **IN_ADVANCE),
        fixed_charge("desk", "1", "30", **PRORATED),
        fixed_charge("desk", "1", "30", plan_code="q", **PRORATED, **IN_ADVANCE),
        fixed_charge("lamp", "1", "9", **PRORATED, **IN_ADVANCE),
        fixed_charge("lamp", "1", "6", plan_code="q", **PRORATED, **IN_ADVANCE),
    ]
    before, after = upgraded(*rows)
    result = hand_bill(tmp_path, after, [], "2025-07-01", earlier={"2025-06-10": before})
    found = plain_lines(result, "subscription_id", "charge_code", "amount")
    assert [one for one in found if one[1] == "t"] == [
        ("2025-06-21", "t", "desk", "10"),
        ("2025-06-21", "t", "lamp", "0"),
        ("2025-06-21", "t", "seat", "10.01"),
        ("2025-07-01", "t", "desk", "30"),
        ("2025-07-01", "t", "lamp", "6"),
        ("2025-07-01", "t", "seat", "60.02"),
    ]


def test_an_upgrade_known_beforehand_leaves_nothing_to_take_off(tmp_path: Path) -> None:
    rows = [
        fixed_charge("seat", "1", "30", **PRORATED, **IN_ADVANCE),
        fixed_charge("seat", "1", "60", plan_code="q", **PRORATED, **IN_ADVANCE),
    ]
    result = hand_bill(tmp_path, upgraded(*rows)[1], [], "2025-06-30")
    assert fees(result, *BOTH) == [("2025-06-01", "s", "20.00"), ("2025-06-21", "t", "20.00")]


def test_a_whole_new_fixed_charge_pays_in_full(tmp_path: Path) -> None:
    rows = [
        fixed_charge("seat", "1", "30", **PRORATED, **IN_ADVANCE),
        fixed_charge("seat", "1", "60", plan_code="q", **IN_ADVANCE),
    ]
    before, after = upgraded(*rows)
    result = hand_bill(tmp_path, after, [], "2025-06-30", earlier={"2025-06-10": before})
    assert fees(result, *BOTH)[-1] == ("2025-06-21", "t", "60.00")


def test_one_that_has_no_day_of_its_own_has_no_line(tmp_path: Path) -> None:
    """t begins and is replaced on one day."""
    rows = [
        fixed_charge("seat", "1", "60", plan_code="q"),
        fixed_charge("desk", "1", "60", plan_code="q", **IN_ADVANCE),
    ]
    _, after = upgraded(*rows)
    after["prices/plans"] = [*after["prices/plans"], plan("r", "30")]
    after["accounts/subscriptions"].append(subscription("u", "r", "2025-06-21T13:00Z"))
    assert fees(hand_bill(tmp_path, after, [], "2025-07-01"), *BOTH) == []


# The worked case.


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    cases = json.loads((Path(__file__).parent / "cases" / "cases.json").read_text())
    [found] = [one for one in cases if one["id"] == case_id]
    return found["inputs"], found["expected"]


def test_case_fixed_charges_in_advance_after_an_upgrade(tmp_path: Path) -> None:
    """Our old plan's base fee falls due on the day after the upgrade's."""
    inputs, expected = case("fixed-charges-advance-prorated")
    rows = [
        fixed_charge(
            one["add_on"], one["units"], one["amount"], plan_code=code, **PRORATED, **IN_ADVANCE
        )
        for code, name in (("p", "fixed_charges_old"), ("q", "fixed_charges_new"))
        for one in inputs[name]
    ]
    amounts = [
        str(Decimal(inputs[name]["amount_cents"]) / 100) for name in ("plan", "upgrade_plan")
    ]
    before: Tables = {
        "prices/plans": [plan("p", amounts[0]), plan("q", amounts[1])],
        "prices/fixed_charges": rows,
        "accounts/subscriptions": [subscription("s", "p", inputs["subscription_at"])],
    }
    new = subscription("t", "q", inputs["upgraded_at"])
    after = {**before, "accounts/subscriptions": [*before["accounts/subscriptions"], new]}
    result = hand_bill(tmp_path, after, [], "2023-09-01", earlier={"2023-08-20": before})
    found: dict[str, list[str]] = {}
    for close_date, _, amount in fees(result, *BOTH):
        found.setdefault(close_date, []).append(str(int(Decimal(amount) * 100)))
    assert found == {
        "2023-07-19": expected["on_2023_07_19"],
        "2023-08-01": expected["on_2023_08_01"],
        "2023-08-21": expected["on_2023_08_21_fixed"],
        "2023-09-01": expected["on_2023_09_01"],
    }
    base = {close_date: amount for close_date, name, amount in fees(result) if name == "s"}
    assert Decimal(base["2023-08-22"]) * 100 == Decimal(expected["on_2023_08_21_subscription_fee"])
