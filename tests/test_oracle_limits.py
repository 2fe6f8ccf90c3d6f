"""The oracle's commitments and maximums, by hand and by the worked cases.

Belongs here: the least and the most of a charge, a period, a plan. Does not belong here: a charge's minimum alone
(`test_oracle_usage_lines`).
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.bill import Bill
from tests.oracle.hand_written import (
    BASE,
    Cells,
    Tables,
    charge,
    event,
    fees,
    fixed_charge,
    hand_bill,
    plan,
    subscription,
)

ALL = (
    "subscription",
    "charge",
    "charge_in_advance",
    "charge_maximum",
    "period_maximum",
    "charge_true_up",
    "fixed_charge",
    "fixed_charge_in_advance",
    "commitment_true_up",
)
IN_ADVANCE = {"is_pay_in_advance": "true"}


def own(
    *rows: Cells,
    amount: str = "0",
    interval: str = "monthly",
    since: str = "2025-06-01",
    **cells: str,
) -> Tables:
    """A plan with charges of its own, subscribed from a day on."""
    return {
        "prices/plans": [plan("p", amount, interval, **cells)],
        "prices/charges": [{**row, "plan_code": "p"} for row in rows],
        "accounts/subscriptions": [subscription("s", "p", since)],
    }


def amounts(result: Bill, close_date: str, *fee_types: str) -> list[str]:
    return [one[2] for one in fees(result, *(fee_types or ALL)) if one[0] == close_date]


def used(units: int, day: str = "2025-06-20", name: str = "u") -> dict[str, Any]:
    return event(name, day, "tokens", amount=units)


TOKENS = charge("tokens", unit_amount="1")

# Maximums of a charge.


def test_a_maximum_takes_what_is_above_it(tmp_path: Path) -> None:
    tables = own(charge("tokens", unit_amount="1", maximum_amount="30"))
    for units, expected in ((29, ["29.00"]), (30, ["30.00"]), (31, ["31.00", "-1.00"])):
        result = hand_bill(tmp_path, tables, [[used(units)]], "2025-07-01")
        assert amounts(result, "2025-07-01", "charge", "charge_maximum") == expected


def test_a_maximum_is_prorated_by_days(tmp_path: Path) -> None:
    """From 16 June: 15 of 30 days of 25.01 are 12.505; 20 are 7.495 above, rounded 7.50."""
    tables = own(charge("tokens", unit_amount="1", maximum_amount="25.01"), since="2025-06-16")
    result = hand_bill(tmp_path, tables, [[used(20)]], "2025-07-01")
    assert amounts(result, "2025-07-01", "charge_maximum") == ["-7.50"]


def test_a_maximum_that_changes_counts_each_by_its_days(tmp_path: Path) -> None:
    """30 for 15 days, 60 for 15: 45 at most. Without a maximum on a part of the period there is none."""
    for maximum, expected in (("60", ["-55.00"]), ("", [])):
        rows = [
            charge("tokens", unit_amount="1", maximum_amount="30", valid_to="2025-06-16"),
            charge("tokens", unit_amount="1", maximum_amount=maximum, valid_from="2025-06-16"),
        ]
        result = hand_bill(tmp_path, own(*rows), [[used(100)]], "2025-07-01")
        assert amounts(result, "2025-07-01", "charge_maximum") == expected


def test_a_maximum_of_nothing_takes_all(tmp_path: Path) -> None:
    tables = own(charge("tokens", unit_amount="1", maximum_amount="0"))
    result = hand_bill(tmp_path, tables, [[used(7)]], "2025-07-01")
    assert amounts(result, "2025-07-01", "charge_maximum") == ["-7.00"]


def test_a_maximum_comes_before_the_minimum(tmp_path: Path) -> None:
    """50 cut to 30, then raised to 40."""
    tables = own(charge("tokens", unit_amount="1", maximum_amount="30", minimum_amount="40"))
    result = hand_bill(tmp_path, tables, [[used(50)]], "2025-07-01")
    expected = ["50.00", "-20.00", "10.00"]
    assert amounts(result, "2025-07-01", "charge", "charge_maximum", "charge_true_up") == expected


# Maximums of a period.


def test_the_maximum_of_a_period_counts_base_usage_and_fixed_fees(tmp_path: Path) -> None:
    """10 + 50 − 20 + 5 are 45, 15 above 30; the charge's minimum of 35 comes after that."""
    row = charge("tokens", unit_amount="1", maximum_amount="30", minimum_amount="35")
    tables = own(row, amount="10", maximum_amount="30")
    tables["prices/fixed_charges"] = [fixed_charge("seat", "1", "5")]
    result = hand_bill(tmp_path, tables, [[used(50)]], "2025-07-01")
    assert amounts(result, "2025-07-01") == ["10.00", "50.00", "-20.00", "5.00", "5.00", "-15.00"]


def test_the_maximum_of_a_period_counts_what_was_issued_for_it(tmp_path: Path) -> None:
    """July's base fee and fixed charge, billed on 1 July beside June's usage, belong to July: each month has its 25."""
    tables = own(TOKENS, amount="20", maximum_amount="30", **IN_ADVANCE)
    tables["prices/fixed_charges"] = [fixed_charge("seat", "1", "5", **IN_ADVANCE)]
    events = [used(4), used(6, "2025-07-04", "v")]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert amounts(result, "2025-07-01", "charge", "period_maximum") == ["4.00"]
    assert amounts(result, "2025-08-01", "charge", "period_maximum") == ["6.00", "-1.00"]


def test_the_maximum_of_a_period_takes_no_more_than_this_close_bills(tmp_path: Path) -> None:
    """The base fee of 50 in advance is above 30 alone; only the usage of 4 can be taken."""
    tables = own(TOKENS, amount="50", maximum_amount="30", **IN_ADVANCE)
    result = hand_bill(tmp_path, tables, [[used(4)]], "2025-07-01")
    assert amounts(result, "2025-07-01", "charge", "period_maximum") == ["4.00", "-4.00"]


def test_usage_in_advance_counts_too(tmp_path: Path) -> None:
    """10 paid in advance on Monday 9 June, 25 in arrears: 5 above 30."""
    tables = own(
        charge("calls", unit_amount="10", **IN_ADVANCE), TOKENS, amount="0", maximum_amount="30"
    )
    tables["prices/plans"].append(BASE["prices/plans"][1])
    tables["accounts/subscriptions"].append(BASE["accounts/subscriptions"][1])
    events = [event("c", "2025-06-03", "calls"), used(25)]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert amounts(result, "2025-06-09", "charge_in_advance") == ["10.00"]
    assert amounts(result, "2025-07-01", "charge", "period_maximum") == ["25.00", "-5.00"]


def test_the_maximum_of_a_year_is_reached_month_by_month(tmp_path: Path) -> None:
    """40 at most in 2025: 25 in January, 25 in February of which 10 are taken, then all 25 of March."""
    tables = own(
        TOKENS,
        interval="yearly",
        since="2025-01-01",
        maximum_amount="40",
        bills_charges_monthly="true",
    )
    events = [used(25, f"2025-0{month}-10", f"u{month}") for month in (1, 2, 3)]
    result = hand_bill(tmp_path, tables, [events], "2025-04-01")
    found = fees(result, "charge", "period_maximum")
    assert found == [
        ("2025-02-01", "s", "25.00"),
        ("2025-03-01", "s", "25.00"),
        ("2025-03-01", "s", "-10.00"),
        ("2025-04-01", "s", "25.00"),
        ("2025-04-01", "s", "-25.00"),
    ]


def test_the_maximum_of_a_period_is_prorated(tmp_path: Path) -> None:
    tables = own(TOKENS, maximum_amount="30", since="2025-06-16")
    result = hand_bill(tmp_path, tables, [[used(20)]], "2025-07-01")
    assert amounts(result, "2025-07-01", "period_maximum") == ["-5.00"]


# Commitments.


def test_a_commitment_counts_every_fee_of_its_period(tmp_path: Path) -> None:
    """10 + 5 in advance + 20 + 3 in arrears − 8 + 2 lifted are 32: 68 lack to 100."""
    row = charge("tokens", unit_amount="1", maximum_amount="12", minimum_amount="14")
    tables = own(row, amount="10", minimum_commitment_amount="100", **IN_ADVANCE)
    tables["prices/fixed_charges"] = [
        fixed_charge("seat", "1", "5", **IN_ADVANCE),
        fixed_charge("desk", "1", "3"),
    ]
    result = hand_bill(tmp_path, tables, [[used(20)]], "2025-07-01")
    assert amounts(result, "2025-06-01") == ["10.00", "5.00"]
    found = amounts(
        result, "2025-07-01", "charge", "charge_maximum", "charge_true_up", "fixed_charge"
    )
    assert found == ["20.00", "-8.00", "2.00", "3.00"]
    assert amounts(result, "2025-07-01", "commitment_true_up") == ["68.00"]


def test_a_commitment_counts_what_a_maximum_took(tmp_path: Path) -> None:
    tables = own(TOKENS, maximum_amount="30", minimum_commitment_amount="40")
    result = hand_bill(tmp_path, tables, [[used(50)]], "2025-07-01")
    assert amounts(result, "2025-07-01", "period_maximum", "commitment_true_up") == [
        "-20.00",
        "10.00",
    ]


def test_a_commitment_is_prorated_by_the_rows_in_force(tmp_path: Path) -> None:
    """From 11 June 60 for 10 of 30 days, then 90 for 10 of 30 days: 20 + 30, less 20 days of the base fee of 15."""
    tables = own(since="2025-06-11")
    tables["prices/plans"] = [
        plan("p", "15", minimum_commitment_amount="60", valid_to="2025-06-21"),
        plan("p", "15", minimum_commitment_amount="90", valid_from="2025-06-21"),
    ]
    result = hand_bill(tmp_path, tables, [], "2025-07-01")
    assert amounts(result, "2025-07-01", "commitment_true_up") == ["40.00"]


def test_a_commitment_is_rounded_before_it_is_compared(tmp_path: Path) -> None:
    """1 of 30 days of 1 is 0.03, less than the base fee of 0.04: nothing lacks. Without base fee 0.03 do."""
    for amount, expected in (("1.2", []), ("0", ["0.03"])):
        tables = own(amount=amount, since="2025-06-30", minimum_commitment_amount="1")
        result = hand_bill(tmp_path, tables, [], "2025-07-01")
        assert amounts(result, "2025-07-01", "commitment_true_up") == expected


def test_a_yearly_commitment_with_monthly_charges_is_billed_once(tmp_path: Path) -> None:
    """1,200 less 12 × 10 in arrears and a base fee of 100 in advance."""
    tables = own(
        charge("tokens", unit_amount="1", minimum_amount="10"),
        amount="100",
        interval="yearly",
        since="2024-01-01",
        bills_charges_monthly="true",
        minimum_commitment_amount="1200",
        **IN_ADVANCE,
    )
    result = hand_bill(tmp_path, tables, [], "2025-01-01")
    assert fees(result, "commitment_true_up") == [("2025-01-01", "s", "980.00")]


def test_a_commitment_counts_used_days_unless_nothing_comes_back(tmp_path: Path) -> None:
    """15 of 30 days are committed to 45. 20 + 10 were billed, the 10 for days after the end: with `skip` they count."""
    plans = [
        plan("p", "40", minimum_commitment_amount="90", valid_to="2025-06-16", **IN_ADVANCE),
        plan("p", "20", minimum_commitment_amount="90", valid_from="2025-06-16", **IN_ADVANCE),
    ]
    for on_termination, expected in (("credit", ["25.00"]), ("skip", ["15.00"])):
        row = subscription("s", "p", "2025-06-01", on_termination=on_termination)
        before = own() | {"prices/plans": plans, "accounts/subscriptions": [row]}
        ends = [row | {"ended_at": "2025-06-15T12:00Z"}]
        known_late = {"2025-06-05": before}
        after = before | {"accounts/subscriptions": ends}
        result = hand_bill(tmp_path, after, [], "2025-07-01", earlier=known_late)
        assert amounts(result, "2025-06-01") == ["20.00", "10.00"]
        assert amounts(result, "2025-06-16", "commitment_true_up") == expected


def test_each_plan_of_an_upgrade_has_its_own_commitment(tmp_path: Path) -> None:
    """June: 20 days of 30 on p, 10 days of 60 on q."""
    tables = own()
    tables["prices/plans"] = [
        plan("p", "0", minimum_commitment_amount="30"),
        plan("q", "0", minimum_commitment_amount="60"),
    ]
    tables["accounts/subscriptions"].append(subscription("t", "q", "2025-06-21T12:00Z"))
    result = hand_bill(tmp_path, tables, [], "2025-07-01")
    assert fees(result, "commitment_true_up") == [
        ("2025-06-22", "s", "20.00"),
        ("2025-07-01", "t", "20.00"),
    ]


# Worked cases.


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    cases = json.loads((Path(__file__).parent / "cases" / "cases.json").read_text())
    [found] = [one for one in cases if one["id"] == case_id]
    return found["inputs"], found["expected"]


def money(cents: int) -> str:
    return str(Decimal(cents) / 100)


def commitments(result: Bill) -> list[str]:
    return [str(int(Decimal(one[2]) * 100)) for one in fees(result, "commitment_true_up")]


@pytest.mark.parametrize(
    "case_id", ["com-monthly-30of31", "com-weekly-6of7", "com-quarterly-90of91"]
)
def test_case_commitment_prorated(tmp_path: Path, case_id: str) -> None:
    inputs, expected = case(case_id)
    commitment = money(inputs["commitment_amount_cents"])
    row = subscription("s", "p", inputs["from"], inputs["to"], billing_time=inputs["billing_time"])
    tables: Tables = {
        "prices/plans": [plan("p", "0", inputs["interval"], minimum_commitment_amount=commitment)],
        "accounts/subscriptions": [row],
    }
    result = hand_bill(tmp_path, tables, [], "2024-04-01")
    assert commitments(result) == [expected["commitment_amount_cents"]]


@pytest.mark.parametrize(
    "case_id", ["comtu-monthly-cal", "comtu-quarterly-anniv", "comtu-monthly-anniv"]
)
def test_case_commitment_true_up(tmp_path: Path, case_id: str) -> None:
    inputs, expected = case(case_id)
    own_plan = plan(
        "p",
        money(inputs["plan_amount_cents"]),
        inputs["interval"],
        minimum_commitment_amount=money(inputs["commitment_amount_cents"]),
    )
    row = subscription("s", "p", inputs["subscribed_at"], billing_time=inputs["billing_time"])
    tables: Tables = {"prices/plans": [own_plan], "accounts/subscriptions": [row]}
    result = hand_bill(tmp_path, tables, [], inputs["billed_at"])
    assert commitments(result) == [expected["true_up_fee_amount_cents"]]


def test_case_commitment_reached(tmp_path: Path) -> None:
    inputs, expected = case("comtu-reached")
    by_type = {one["type"]: money(one["amount_cents"]) for one in inputs["fees"]}
    tables = own(
        charge("tokens", unit_amount=by_type["charge"]),
        amount=by_type["subscription"],
        interval=inputs["interval"],
        since="2024-01-01",
        minimum_commitment_amount=money(inputs["commitment_amount_cents"]),
    )
    tables["prices/fixed_charges"] = [fixed_charge("seat", "1", by_type["fixed_charge"])]
    result = hand_bill(tmp_path, tables, [[used(1, "2024-05-01")]], "2025-01-01")
    assert amounts(result, "2025-01-01") == ["2.00", "3.00", "1.50"]
    assert expected["true_up_fee_amount_cents"] == "0"


@pytest.mark.parametrize("case_id", ["comtu-arrears-charges", "comtu-arrears-charges-coupon"])
def test_case_commitment_with_charges_of_every_kind(tmp_path: Path, case_id: str) -> None:
    """A coupon changes no true-up, and the oracle has none."""
    inputs, expected = case(case_id)
    metrics, charges, events = [], [], []
    for number, one in enumerate(inputs["charges"]):
        code = f"m{number}"
        recurring = str("recurring" in one["metric"]).lower()
        metrics.append(
            {"metric_code": code, "aggregation_type": "sum", "field_name": "amount"}
            | {"is_recurring": recurring}
        )
        in_advance = str(one["pay_in_advance"]).lower()
        charges.append(charge(code, unit_amount=one["amount"], is_pay_in_advance=in_advance))
        events.append(event(code, "2024-02-28", code, amount=int(one["units"])))
    tables = own(
        *charges,
        amount=money(inputs["plan_amount_cents"]),
        since=inputs["subscribed_at"],
        minimum_commitment_amount=money(inputs["commitment_amount_cents"]),
    )
    tables["prices/billable_metrics"] = [*BASE["prices/billable_metrics"], *metrics]
    result = hand_bill(tmp_path, tables, [events], "2024-04-01")
    assert commitments(result) == [
        expected["first_period_true_up_cents"],
        expected["second_period_true_up_cents"],
    ]
