"""The oracle's periods and base fees, by hand and by the worked cases: intervals, anniversaries, trials, long plans.

Belongs here: periods of one subscription. Does not belong here: changes of plan (`test_oracle_timelines`), random
subscriptions (`test_oracle_tiling`).
"""

from __future__ import annotations

import itertools
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.hand_written import (
    Cells,
    Tables,
    charge,
    event,
    fees,
    hand_bill,
    hand_catalog,
    in_zone,
    plan,
    subscription,
)
from tests.oracle.invoicing import base_fee_lines
from tests.oracle.periods import ONE_DAY, Period, anniversary_period, calendar_period
from tests.oracle.terms import Terms, terms_of

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "cases" / "cases.json").read_text())
}


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("interval", "on", "start", "end"),
    [
        ("quarterly", "2025-03-31", "2025-01-01", "2025-04-01"),
        ("quarterly", "2025-12-31", "2025-10-01", "2026-01-01"),
        ("semiannual", "2025-06-30", "2025-01-01", "2025-07-01"),
        ("semiannual", "2025-07-01", "2025-07-01", "2026-01-01"),
        ("yearly", "2024-02-29", "2024-01-01", "2025-01-01"),
    ],
)
def test_calendar_periods(interval: str, on: str, start: str, end: str) -> None:
    assert calendar_period(interval, day(on)) == (day(start), day(end))


@pytest.mark.parametrize(
    ("interval", "anchor", "starts"),
    [
        ("weekly", "2025-01-01", ["2025-01-01", "2025-01-08", "2025-01-15"]),
        ("monthly", "2025-01-31", ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]),
        ("monthly", "2024-01-30", ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"]),
        ("quarterly", "2025-01-31", ["2025-01-31", "2025-04-30", "2025-07-31", "2025-10-31"]),
        ("semiannual", "2024-08-31", ["2024-08-31", "2025-02-28", "2025-08-31", "2026-02-28"]),
        ("yearly", "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
        ("yearly", "2027-02-28", ["2027-02-28", "2028-02-28"]),
    ],
)
def test_anniversary_periods(interval: str, anchor: str, starts: list[str]) -> None:
    for start, end in itertools.pairwise(starts):
        for on in (day(start), day(end) - ONE_DAY):
            assert anniversary_period(interval, on, day(anchor)) == (day(start), day(end))


def test_a_leap_day_returns_after_four_years() -> None:
    start, end = anniversary_period("yearly", day("2028-02-29"), day("2024-02-29"))
    assert (start, end) == (day("2028-02-29"), day("2029-02-28"))


# Worked cases.


def case(case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return CASES[case_id]["inputs"], CASES[case_id]["expected"]


def instant(text: str) -> str:
    return text if "T" in text else f"{text}T00:00:00Z"


def terms_of_case(folder: Path, inputs: dict[str, Any]) -> tuple[Any, Terms]:
    """The catalog and terms of a case's subscription; its anchor is made by an earlier, ended one where it says so."""
    trial = str(inputs.get("trial_days", 0))
    in_advance = str(inputs.get("pay_in_advance", False)).lower()
    amount = str(Decimal(inputs.get("plan_amount_cents", 0)) / 100)
    first_start = instant(inputs.get("subscription_at", inputs.get("started_at", "")))
    started_at = instant(inputs.get("started_at", first_start))
    rows = [
        subscription("s", "own", started_at, inputs.get("terminated_at", ""))
        | {"billing_time": inputs["billing_time"]}
    ]
    if first_start != started_at:
        ended = (datetime.fromisoformat(first_start) + timedelta(hours=1)).isoformat()
        rows.insert(
            0, {**rows[0], "subscription_id": "r", "started_at": first_start, "ended_at": ended}
        )
    own = plan("own", amount, inputs["interval"], is_pay_in_advance=in_advance, trial_days=trial)
    tables: Tables = {
        "prices/plans": [own | {"valid_from": "2001-01-01"}],
        "accounts/subscriptions": rows,
        "accounts/customers": in_zone(inputs["timezone"]),
    }
    catalog = hand_catalog(folder, tables)
    return catalog, terms_of(catalog, catalog.subscriptions[-1])


def period_on(terms: Terms, on: date, fee_family: str = "base") -> Period:
    return next(one for one in terms.periods(fee_family) if one.start <= on < one.end)


@pytest.mark.parametrize(
    ("case_id", "on"),
    [
        ("bnd-q-31-may", "2022-05-31"),
        ("bnd-q-30-may", "2021-05-31"),
        ("bnd-leap-closing", "2025-02-20"),
        (
            "bnd-year-common-to",
            "2022-02-27",
        ),  # arrears, billed on 1 March: the period that ended before
    ],
)
def test_case_period_boundaries(tmp_path: Path, case_id: str, on: str) -> None:
    inputs, expected = case(case_id)
    _, terms = terms_of_case(tmp_path, inputs)
    starts_at, ends_at = terms.bounds(period_on(terms, day(on)))
    if "from" in expected:
        assert starts_at == datetime.fromisoformat(expected["from"])
    if "to" in expected:
        last_second = ends_at - timedelta(seconds=1)
        assert last_second == datetime.fromisoformat(expected["to"])


DAY_CASES = [name for name, one in CASES.items() if one["subkind"] == "single_day_price"]


@pytest.mark.parametrize("case_id", DAY_CASES)
def test_case_price_of_a_day(tmp_path: Path, case_id: str) -> None:
    """In arrears: the period that had ended when it was billed."""
    inputs, expected = case(case_id)
    _, terms = terms_of_case(tmp_path, inputs)
    billing_at = day(inputs["billing_at"])
    ended = [one for one in _through(terms, billing_at) if one.end <= billing_at]
    period = ended[-1] if ended else period_on(terms, billing_at)
    assert str(period.period_days) == expected["period_days"]
    cents, days = expected["single_day_price_cents"].split("/")
    assert (inputs["plan_amount_cents"], period.period_days) == (int(cents), int(days))


def _through(terms: Terms, last: date) -> list[Period]:
    found = []
    for period in terms.periods("base"):
        if period.start > last:
            break
        found.append(period)
    return found


FEE_CASES = [name for name, one in CASES.items() if one["subkind"] == "subscription_fee"]


@pytest.mark.parametrize("case_id", FEE_CASES)
def test_case_subscription_fee(tmp_path: Path, case_id: str) -> None:
    inputs, expected = case(case_id)
    catalog, terms = terms_of_case(tmp_path, inputs)
    period = period_on(terms, day(inputs["period_from"][:10]))
    [line] = base_fee_lines(catalog, terms, period)
    assert period.period_days == inputs["period_days"]
    amount = Fraction(inputs["plan_amount_cents"], 100)
    assert line.exact_amount == amount * inputs["days_to_bill"] / inputs["period_days"]
    assert line.amount * 100 == Decimal(expected["fee_amount_cents"])
    stated = Decimal(expected["precise_amount_cents"])
    assert abs(line.exact_amount * 100 - Fraction(stated)) < Fraction(1, 10**13)


@pytest.mark.parametrize(
    "case_id", ["term-quarterly-anniv-after-upgrade", "term-quarterly-calendar"]
)
def test_case_terminated(tmp_path: Path, case_id: str) -> None:
    inputs, expected = case(case_id)
    catalog, terms = terms_of_case(tmp_path, {"subscription_at": inputs["started_at"], **inputs})
    [line] = base_fee_lines(catalog, terms, period_on(terms, day("2024-06-20")))
    assert line.amount * 100 == Decimal(expected["fee_amount_cents"])


def test_case_upgrade_during_the_trial(tmp_path: Path) -> None:
    inputs, expected = case("trial-upgrade-during-trial")
    amounts = [str(inputs[name]["amount_cents"] // 100) for name in ("from_plan", "to_plan")]
    trials = [str(inputs[name]["trial_days"]) for name in ("from_plan", "to_plan")]
    in_advance = {"is_pay_in_advance": "true"}
    tables: Tables = {
        "prices/plans": [
            plan("from", amounts[0], trial_days=trials[0], **in_advance),
            plan("to", amounts[1], trial_days=trials[1], **in_advance),
        ],
        "accounts/subscriptions": [
            subscription("a", "from", inputs["started_at"]),
            subscription("b", "to", inputs["upgraded_at"]),
        ],
    }
    [(_, subscription_id, amount)] = fees(hand_bill(tmp_path, tables, [], "2024-03-31"))
    assert (subscription_id, Decimal(amount) * 100) == ("b", Decimal(expected["fee_amount_cents"]))


# Trials, by hand.


def one_plan(own: Cells, *rows: Cells, **tables: list[Cells]) -> Tables:
    return {
        "prices/plans": [own],
        "accounts/subscriptions": list(rows),
        **{name.replace("__", "/"): cells for name, cells in tables.items()},
    }


def test_a_trial_over_a_bound_leaves_the_rest_of_the_next_period(tmp_path: Path) -> None:
    """From 20 June, 14 days: until 3 July. June owes nothing and has no line; July owes 28 of 31 days."""
    tables = one_plan(plan("p", "31", trial_days="14"), subscription("s", "p", "2025-06-20"))
    result = hand_bill(tmp_path, tables, [], "2025-08-01")
    assert fees(result) == [("2025-08-01", "s", "28.00")]


def test_a_trial_bills_usage_and_minimums(tmp_path: Path) -> None:
    tables = one_plan(
        plan("p", "30", trial_days="30"),
        subscription("s", "p", "2025-06-16"),
        prices__charges=[charge("calls", unit_amount="1", plan_code="p", minimum_amount="10")],
    )
    result = hand_bill(tmp_path, tables, [[event("1", "2025-06-20", "calls")]], "2025-07-01")
    assert fees(result, "subscription", "charge", "charge_true_up") == [
        ("2025-07-01", "s", "1.00"),
        ("2025-07-01", "s", "4.00"),  # 15 of 30 days of 10 less 1
    ]


def test_a_trial_counts_from_the_first_start_also_after_a_return(tmp_path: Path) -> None:
    """30 days from 1 June: the return of 20 June owes nothing until the end of June."""
    tables = one_plan(
        plan("p", "31", trial_days="30"),
        subscription("a", "p", "2025-06-01", "2025-06-10"),
        subscription("b", "p", "2025-06-20"),
    )
    assert fees(hand_bill(tmp_path, tables, [], "2025-08-01")) == [("2025-08-01", "b", "31.00")]


def test_a_trial_counts_from_the_start_and_not_from_where_billing_begins(tmp_path: Path) -> None:
    """Begun on 20 May, billed from 1 June, 14 days of trial until 2 June: 28 of June's 30 days at 30."""
    tables = one_plan(
        plan("p", "30", trial_days="14"),
        subscription("s", "p", "2025-05-20", billing_starts_at="2025-06-01T00:00Z"),
    )
    assert fees(hand_bill(tmp_path, tables, [], "2025-07-01")) == [("2025-07-01", "s", "28.00")]


def test_a_trial_and_a_price_change_cut_a_period(tmp_path: Path) -> None:
    """June at 30, from the 16th at 60; the trial ends with the 10th: 5 days at 1, then 15 days at 2."""
    first = plan("p", "30", trial_days="10", valid_to="2025-06-16")
    second = plan("p", "60", trial_days="10", valid_from="2025-06-16")
    tables = one_plan(first, subscription("s", "p", "2025-06-01")) | {
        "prices/plans": [first, second]
    }
    found = hand_bill(tmp_path, tables, [], "2025-07-01")
    assert [amount for _, _, amount in fees(found)] == ["5.00", "30.00"]
    lines = [line for one in found.invoices for line in one.lines if one.customer_id == "atlas"]
    assert [line.service_period_start.date() for line in lines] == [
        day("2025-06-11"),
        day("2025-06-16"),
    ]


# Long plans.


def test_a_yearly_plan_may_bill_its_charges_every_month(tmp_path: Path) -> None:
    """From 31 January: usage until 28 February and 31 March; the base fee at the year's end alone."""
    tables = one_plan(
        plan("p", "365", "yearly", bills_charges_monthly="true"),
        subscription("s", "p", "2025-01-31", billing_time="anniversary"),
        prices__charges=[charge("calls", unit_amount="1", plan_code="p", minimum_amount="31")],
    )
    events = [event("1", "2025-02-28", "calls"), event("2", "2025-03-30T23:59:59Z", "calls")]
    result = hand_bill(tmp_path, tables, [events], "2025-04-30")
    assert fees(result, "subscription", "charge", "charge_true_up") == [
        ("2025-02-28", "s", "0.00"),
        ("2025-02-28", "s", "31.00"),
        ("2025-03-31", "s", "2.00"),
        ("2025-03-31", "s", "29.00"),
        ("2025-04-30", "s", "0.00"),
        ("2025-04-30", "s", "31.00"),
    ]
    assert fees(hand_bill(tmp_path, tables, [], "2026-01-31")) == [("2026-01-31", "s", "365.00")]


def test_a_quarterly_plan_in_advance_bills_its_charges_by_the_quarter(tmp_path: Path) -> None:
    tables = one_plan(
        plan("p", "91", "quarterly", is_pay_in_advance="true"),
        subscription("s", "p", "2025-04-02"),
        prices__charges=[charge("calls", unit_amount="1", plan_code="p")],
    )
    result = hand_bill(tmp_path, tables, [[event("1", "2025-05-01", "calls")]], "2025-07-01")
    assert fees(result, "subscription", "charge") == [
        ("2025-04-02", "s", "90.00"),
        ("2025-07-01", "s", "91.00"),
        ("2025-07-01", "s", "1.00"),
    ]


def test_anniversary_periods_are_local(tmp_path: Path) -> None:
    """Started on 31 January 03:00 UTC, which is the 30th in New York: months from the 30th, in its midnights."""
    tables = one_plan(
        plan("p", "28", is_pay_in_advance="false"),
        subscription("s", "p", "2025-01-31T03:00Z", billing_time="anniversary"),
        accounts__customers=in_zone("America/New_York"),
    )
    catalog = hand_catalog(tmp_path, tables)
    terms = terms_of(catalog, catalog.subscriptions[0])
    bounds = [terms.bounds(one) for one in _through(terms, day("2025-03-31"))]
    assert [start.isoformat()[:16] for start, _ in bounds] == [
        "2025-01-31T03:00",
        "2025-02-28T05:00",
        "2025-03-30T04:00",
    ]
