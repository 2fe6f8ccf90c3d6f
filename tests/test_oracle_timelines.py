"""The oracle's timelines, by hand: upgrades, downgrades, ends and returns of one external id, and the days they share.

Belongs here: what became of rows of subscriptions, and base fees that follow from it. Does not belong here: intervals
and trials (`test_oracle_periods`).
"""

from __future__ import annotations

from pathlib import Path

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
from tests.oracle.terms import terms_of

PLANS = [
    plan("small", "30"),
    plan("middle", "60"),
    plan("large", "90"),
    plan("week", "7", "weekly"),
    plan("week_large", "14", "weekly"),
    plan("quarter", "90", "quarterly"),
    plan("half", "180", "semiannual"),
    plan("year", "360", "yearly"),
]


def lives(
    folder: Path, rows: list[Cells], *, timezone: str = "", plans: list[Cells] = PLANS
) -> list[tuple[str, str, str, str]]:
    """Subscription, start, end and kind of the end of all that began; midnights as dates."""
    tables = {
        "prices/plans": plans,
        "accounts/subscriptions": rows,
        "accounts/customers": in_zone(timezone),
    }
    return [
        (
            one.subscription_id,
            one.started_at.strftime("%m-%d %H:%M").removesuffix(" 00:00"),
            one.ended_at.strftime("%m-%d %H:%M").removesuffix(" 00:00") if one.ended_at else "",
            one.end_kind or "",
        )
        for one in hand_catalog(folder, tables).subscriptions
    ]


def test_an_upgrade_is_at_once_and_a_downgrade_at_the_end_of_the_period(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-01-10"),
        subscription("b", "large", "2025-02-05T12:00Z"),
        subscription("c", "middle", "2025-03-15"),
    ]
    assert lives(tmp_path, rows) == [
        ("a", "01-10", "02-05 12:00", "upgrade"),
        ("b", "02-05 12:00", "04-01", "downgrade"),
        ("c", "04-01", "", ""),
    ]


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        ("small", "upgrade"),  # the same plan: 30 × 12 is not less than 30 × 12
        ("quarter", "upgrade"),  # 90 × 4 = 360
        ("half", "upgrade"),  # 180 × 2 = 360
        ("year", "upgrade"),  # 360 × 1
        ("week", "upgrade"),  # 7 × 52 = 364
    ],
)
def test_amounts_are_compared_by_the_year(tmp_path: Path, new: str, kind: str) -> None:
    rows = [subscription("a", "small", "2025-01-10"), subscription("b", new, "2025-01-20")]
    assert lives(tmp_path, rows)[0] == ("a", "01-10", "01-20", kind)


def test_a_week_at_seven_is_more_than_a_month_at_thirty(tmp_path: Path) -> None:
    """364 a year down to 360: at the end of the week, Monday 27 January."""
    rows = [subscription("a", "week", "2025-01-10"), subscription("b", "small", "2025-01-21")]
    assert lives(tmp_path, rows)[0] == ("a", "01-10", "01-27", "downgrade")


def test_amounts_are_those_of_the_day_of_the_request(tmp_path: Path) -> None:
    """The new plan costs 20 until 15 January, then 40."""
    plans = [
        *PLANS,
        plan("raised", "20", valid_to="2025-01-15"),
        plan("raised", "40", valid_from="2025-01-15"),
    ]
    for day, kind in (("2025-01-14T23:59Z", "downgrade"), ("2025-01-15", "upgrade")):
        rows = [subscription("a", "small", "2025-01-10"), subscription("b", "raised", day)]
        assert lives(tmp_path, rows, plans=plans)[0][3] == kind


def test_a_later_request_replaces_the_pending_one(tmp_path: Path) -> None:
    """b would begin on 1 February; c replaces it, and is compared with a, not with b."""
    rows = [
        subscription("a", "large", "2025-01-10"),
        subscription("b", "small", "2025-01-12"),
        subscription("c", "middle", "2025-01-20"),
    ]
    assert lives(tmp_path, rows) == [
        ("a", "01-10", "02-01", "downgrade"),
        ("c", "02-01", "", ""),
    ]


def test_an_upgrade_replaces_the_pending_one_too(tmp_path: Path) -> None:
    rows = [
        subscription("a", "middle", "2025-01-10"),
        subscription("b", "small", "2025-01-12"),
        subscription("c", "large", "2025-01-20"),
    ]
    assert lives(tmp_path, rows) == [("a", "01-10", "01-20", "upgrade"), ("c", "01-20", "", "")]


def test_one_that_ends_before_its_boundary_leaves_no_pending_one(tmp_path: Path) -> None:
    rows = [
        subscription("a", "large", "2025-01-10", "2025-01-31T23:59Z"),
        subscription("b", "small", "2025-01-12"),
    ]
    assert lives(tmp_path, rows) == [("a", "01-10", "01-31 23:59", "terminated")]


def test_one_that_ends_at_its_boundary_is_followed_by_the_pending_one(tmp_path: Path) -> None:
    rows = [
        subscription("a", "large", "2025-01-10", "2025-02-01"),
        subscription("b", "small", "2025-01-12"),
    ]
    assert lives(tmp_path, rows) == [("a", "01-10", "02-01", "downgrade"), ("b", "02-01", "", "")]


def test_a_request_at_a_boundary_is_at_once(tmp_path: Path) -> None:
    rows = [subscription("a", "large", "2025-01-10"), subscription("b", "small", "2025-02-01")]
    assert lives(tmp_path, rows) == [("a", "01-10", "02-01", "downgrade"), ("b", "02-01", "", "")]
    rows[1] = subscription("b", "small", "2025-02-01T00:00:00.000001Z")
    assert lives(tmp_path, rows)[0] == ("a", "01-10", "03-01", "downgrade")


def test_a_boundary_is_local(tmp_path: Path) -> None:
    """31 January 18:00 UTC is 1 February 00:00 and more in Kathmandu (+05:45): the next boundary is 1 March there."""
    rows = [
        subscription("a", "large", "2025-01-10"),
        subscription("b", "small", "2025-01-31T18:15:01Z"),
    ]
    assert lives(tmp_path, rows, timezone="Asia/Kathmandu")[1] == ("b", "02-28 18:15", "", "")


def test_a_downgrade_of_an_anniversary_plan_waits_for_its_anniversary(tmp_path: Path) -> None:
    """A year from 31 January 2024; the request of 30 January 2025 waits for the next day."""
    rows = [
        subscription("a", "year", "2024-01-31", billing_time="anniversary"),
        subscription("b", "small", "2025-01-30", billing_time="anniversary"),
    ]
    plans = [one | {"amount": "720"} if one["plan_code"] == "year" else one for one in PLANS]
    assert lives(tmp_path, rows, plans=plans)[1] == ("b", "01-31", "", "")


def test_a_change_does_not_move_the_anchor(tmp_path: Path) -> None:
    """From the 31st; upgraded on 10 March: the downgrade of the 12th waits for 31 March."""
    rows = [
        subscription("a", "small", "2025-01-31", billing_time="anniversary"),
        subscription("b", "large", "2025-03-10", billing_time="anniversary"),
        subscription("c", "middle", "2025-03-12", billing_time="anniversary"),
        subscription("d", "small", "2025-04-01", billing_time="anniversary"),
    ]
    assert lives(tmp_path, rows) == [
        ("a", "01-31", "03-10", "upgrade"),
        ("b", "03-10", "03-31", "downgrade"),
        ("c", "03-31", "04-30", "downgrade"),
        ("d", "04-30", "", ""),
    ]


def test_a_return_begins_at_once_whatever_it_costs(tmp_path: Path) -> None:
    rows = [
        subscription("a", "large", "2025-01-10", "2025-01-20"),
        subscription("b", "small", "2025-01-20", "2025-02-10T09:00Z"),
        subscription("c", "small", "2025-05-05"),
    ]
    assert lives(tmp_path, rows) == [
        ("a", "01-10", "01-20", "terminated"),
        ("b", "01-20", "02-10 09:00", "terminated"),
        ("c", "05-05", "", ""),
    ]


def test_an_upgrade_overtakes_an_end_that_was_to_come(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-01-10", "2025-03-20"),
        subscription("b", "large", "2025-02-05", "2025-02-09"),
    ]
    assert lives(tmp_path, rows) == [
        ("a", "01-10", "02-05", "upgrade"),
        ("b", "02-05", "02-09", "terminated"),
    ]


def test_of_two_at_one_instant_the_first_never_begins_if_the_second_costs_as_much(
    tmp_path: Path,
) -> None:
    rows = [subscription("a", "small", "2025-01-10"), subscription("b", "large", "2025-01-10")]
    assert lives(tmp_path, rows) == [("b", "01-10", "", "")]


def test_rows_may_stand_in_any_order(tmp_path: Path) -> None:
    rows = [subscription("b", "large", "2025-02-05"), subscription("a", "small", "2025-01-10")]
    assert lives(tmp_path, rows) == [("b", "02-05", "", ""), ("a", "01-10", "02-05", "upgrade")]


# Days and fees.


def base_fees(folder: Path, rows: list[Cells], through: str, **tables: list[Cells]) -> list[str]:
    """Subscription and amount of every base fee, in the order of the closes."""
    all_tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        **{name.replace("__", "/"): own for name, own in tables.items()},
    }
    return [f"{one[1]} {one[2]}" for one in fees(hand_bill(folder, all_tables, [], through))]


def test_the_day_of_an_upgrade_is_the_new_plans(tmp_path: Path) -> None:
    """June has 30 days: 9 at 30 ÷ 30, then 10 to 30 June, 21 days, at 90 ÷ 30."""
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "large", "2025-06-10T23:59Z"),
    ]
    assert base_fees(tmp_path, rows, "2025-07-01") == ["a 9.00", "b 63.00"]


def test_cancel_and_return_on_one_day_is_billed_once(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-06-01", "2025-06-10T09:00Z"),
        subscription("b", "small", "2025-06-10T18:00Z"),
    ]
    assert base_fees(tmp_path, rows, "2025-07-01") == ["a 9.00", "b 21.00"]


def test_an_end_at_midnight_shares_no_day(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-06-01", "2025-06-10"),
        subscription("b", "small", "2025-06-10"),
    ]
    assert base_fees(tmp_path, rows, "2025-07-01") == ["a 9.00", "b 21.00"]


def test_a_return_on_the_next_day_shares_no_day(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-06-01", "2025-06-10T09:00Z"),
        subscription("b", "small", "2025-06-11T00:00Z"),
    ]
    assert base_fees(tmp_path, rows, "2025-07-01") == ["a 10.00", "b 20.00"]


def test_the_shared_day_is_local(tmp_path: Path) -> None:
    """Ended on 10 June 03:00 UTC, which is the 9th in New York, returned on the 10th there: no day is shared."""
    rows = [
        subscription("a", "small", "2025-06-01T04:00Z", "2025-06-10T03:00Z"),
        subscription("b", "small", "2025-06-10T05:00Z"),
    ]
    customers = in_zone("America/New_York")
    found = base_fees(tmp_path, rows, "2025-07-01", accounts__customers=customers)
    assert found == ["a 9.00", "b 21.00"]


def test_of_several_plans_of_a_day_the_last_one_has_it(tmp_path: Path) -> None:
    """b has no day of its own: no base fee, though its usage is billed, and falls due on the day after."""
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "middle", "2025-06-10T09:00Z"),
        subscription("c", "large", "2025-06-10T15:00Z"),
    ]
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [charge("calls", unit_amount="1", plan_code="middle")],
    }
    result = hand_bill(
        tmp_path,
        tables,
        [
            [
                event("1", "2025-06-10T08:59:59Z", "calls"),
                event("2", "2025-06-10T09:00:00Z", "calls"),
                event("3", "2025-06-10T14:59:59Z", "calls"),
                event("4", "2025-06-10T15:00:00Z", "calls"),
            ]
        ],
        "2025-07-01",
    )
    assert fees(result, "subscription", "charge") == [
        ("2025-06-11", "a", "9.00"),
        ("2025-06-11", "b", "2.00"),
        ("2025-07-01", "c", "63.00"),
    ]
    [first, second, _] = hand_catalog(tmp_path, tables).subscriptions[:3]
    assert first.is_last_day_shared
    assert second.is_last_day_shared


def test_a_minimum_does_not_count_the_shared_day(tmp_path: Path) -> None:
    """9 of 30 days of 30, then 21 of 30."""
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "small", "2025-06-10T12:00Z"),
    ]
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [
            charge("calls", unit_amount="1", plan_code="small", minimum_amount="30")
        ],
    }
    assert fees(hand_bill(tmp_path, tables, [], "2025-07-01"), "charge_true_up") == [
        ("2025-06-11", "a", "9.00"),
        ("2025-07-01", "b", "21.00"),
    ]


def test_usage_of_the_shared_day_has_the_price_of_that_day(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "small", "2025-06-10T12:00Z"),
    ]
    own = {"plan_code": "small"}
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [
            charge("calls", **own, unit_amount="1", valid_to="2025-06-10"),
            charge("calls", **own, unit_amount="5", valid_from="2025-06-10"),
        ],
    }
    events = [event("1", "2025-06-09", "calls"), event("2", "2025-06-10T11:00:00Z", "calls")]
    result = hand_bill(tmp_path, tables, [events], "2025-06-11")
    assert fees(result, "charge") == [("2025-06-11", "a", "1.00"), ("2025-06-11", "a", "5.00")]


def test_prorated_seats_of_the_shared_day_count_for_no_day(tmp_path: Path) -> None:
    """3 seats from the 1st count 9 of 30 days; 4 of the 10th count for no day of the old plan."""
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "small", "2025-06-10T12:00Z"),
    ]
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [
            charge("seats", unit_amount="10", plan_code="small", is_prorated="true"),
            charge("users", unit_amount="30", plan_code="small", is_prorated="true"),
        ],
    }
    events = [
        event("1", "2025-06-01", "seats", amount=3),
        event("2", "2025-06-10T11:00:00Z", "seats", amount=4),
        event("3", "2025-06-05", "users", user="x"),
        event("4", "2025-06-10T11:00:00Z", "users", user="y"),
        event("5", "2025-06-10T11:30:00Z", "users", user="x", operation_type="remove"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-06-11")
    assert fees(result, "charge") == [("2025-06-11", "a", "9.00"), ("2025-06-11", "a", "5.00")]


def test_an_upgrade_leaves_state_to_the_new_plan(tmp_path: Path) -> None:
    """Seats are billed whole on the new plan alone; users, which only the old plan charges, on the old one."""
    rows = [
        subscription("a", "small", "2025-06-01"),
        subscription("b", "large", "2025-06-10T12:00Z"),
    ]
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [
            charge("seats", unit_amount="10", plan_code="small", minimum_amount="500"),
            charge("users", unit_amount="1", plan_code="small"),
            charge("seats", unit_amount="20", plan_code="large"),
        ],
    }
    events = [
        event("1", "2025-06-03", "seats", amount=3),
        event("2", "2025-06-03", "users", user="x"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert fees(result, "charge", "charge_true_up") == [
        ("2025-06-11", "a", "1.00"),
        ("2025-07-01", "b", "60.00"),
    ]


def test_an_end_without_upgrade_bills_the_state(tmp_path: Path) -> None:
    rows = [subscription("a", "small", "2025-06-01", "2025-06-10T12:00Z")]
    tables: Tables = {
        "prices/plans": PLANS,
        "accounts/subscriptions": rows,
        "prices/charges": [charge("seats", unit_amount="10", plan_code="small")],
    }
    result = hand_bill(
        tmp_path, tables, [[event("1", "2025-06-03", "seats", amount=3)]], "2025-07-01"
    )
    assert fees(result, "charge") == [("2025-06-11", "a", "30.00")]


def test_terms_know_the_first_start(tmp_path: Path) -> None:
    rows = [
        subscription("a", "small", "2025-01-31", "2025-02-10", billing_time="anniversary"),
        subscription("b", "small", "2025-03-15T12:00Z", billing_time="anniversary"),
    ]
    tables: Tables = {"prices/plans": PLANS, "accounts/subscriptions": rows}
    catalog = hand_catalog(tmp_path, tables)
    terms = terms_of(catalog, catalog.subscriptions[1])
    period = next(terms.periods("base"))
    assert [period.start.isoformat(), period.end.isoformat()] == ["2025-03-15", "2025-03-31"]
    assert (period.whole_start.isoformat(), period.period_days) == ("2025-02-28", 31)
