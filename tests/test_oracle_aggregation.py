"""The oracle's aggregations, filters, groups and expressions against arithmetic done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.aggregation import (
    Expression,
    ExpressionError,
    Filter,
    aggregate,
    days_present,
    expression_value,
    group_key,
    matching_filter,
    prorated_unique_count,
    rounded_quantity,
    sum_steps,
    text_of,
    unique_count,
    unique_counts,
    unique_steps,
    weighted_sum,
)
from tests.oracle.aggregation.selection import WrittenNumber


@pytest.mark.parametrize(
    ("aggregation_type", "none", "some", "negative"),
    [
        ("count", 0, 3, 2),
        ("sum", 0, 6, -7),
        ("max", 0, 4, -2),
        ("latest", 0, 3, 0),  # a negative last value is none
        ("custom", 0, 6, -7),
    ],
)
def test_aggregations_of_values(aggregation_type: str, none: int, some: int, negative: int) -> None:
    def quantity(*values: int) -> Fraction:
        return aggregate(aggregation_type, map(Fraction, values))

    assert quantity() == none
    assert quantity(-1, 4, 3) == some
    assert quantity(-2, -5) == negative


@pytest.mark.parametrize(
    ("quantity", "function", "precision", "rounded"),
    [
        ("123.456", None, 0, "123.456"),
        ("123.456", "round", 2, "123.46"),
        ("123.456", "floor", 2, "123.45"),
        ("123.451", "ceil", 2, "123.46"),
        ("123.45", "ceil", 2, "123.45"),
        ("150", "round", -2, "200"),
        ("149.999999999", "round", -2, "100"),
        ("101", "ceil", -2, "200"),
        ("199", "floor", -2, "100"),
        ("-150", "round", -2, "-200"),  # halves away from zero
        ("-101", "ceil", -2, "-100"),
        ("-101", "floor", -2, "-200"),
        ("0.000000001", "ceil", -9, "1000000000"),
    ],
)
def test_rounding_functions(
    quantity: str, function: str | None, precision: int, rounded: str
) -> None:
    assert rounded_quantity(Fraction(quantity), function, precision) == Fraction(rounded)


# Unique counts.


def test_adding_a_value_again_or_removing_an_absent_one_changes_nothing() -> None:
    changes = [("a", "add"), ("a", "add"), ("b", "remove"), ("b", "add"), ("a", "remove")]
    assert unique_counts(changes) == [1, 1, 1, 2, 1]
    assert unique_count(changes) == 1
    assert unique_count(changes, present=["a", "c"]) == 2  # c stays, b came, a left
    assert unique_count([]) == 0


def june(day: int) -> date:
    return date(2025, 6, day)


def test_a_day_counts_once_however_often_a_value_came_and_went() -> None:
    """a: before the period to the 3rd, then the 3rd again to the 5th: 5 days. b: 10th to 10th twice: 1 day. c: from
    the 29th: 2 days. 8 of 30 days.
    """
    changes = [
        (june(3), "a", "remove"),
        (june(3), "a", "add"),
        (june(5), "a", "remove"),
        (june(10), "b", "add"),
        (june(10), "b", "remove"),
        (june(10), "b", "add"),
        (june(10), "b", "remove"),
        (june(29), "c", "add"),
    ]
    period: dict[str, Any] = {"first_day": june(1), "last_day": june(30), "present": ["a"]}
    days = days_present(changes, **period)
    assert {value: len(own) for value, own in days.items()} == {"a": 5, "b": 1, "c": 2}
    assert prorated_unique_count(changes, period_days=30, **period) == Fraction(8, 30)
    steps = unique_steps(changes, period_days=30, **period)
    assert [(int(step.units), step.share) for step in steps] == [
        (1, Fraction(1)),
        (-1, Fraction(25, 30)),  # a's last day is the 5th: gone from the 6th on
        (1, Fraction(21, 30)),
        (-1, Fraction(20, 30)),
        (1, Fraction(2, 30)),
    ]
    assert sum(step.prorated_units for step in steps) == Fraction(8, 30)


def test_a_value_counts_to_the_end_of_a_period_that_is_cut_short() -> None:
    """Ended on the 16th of a month of 30 days: 16 ÷ 30."""
    period: dict[str, Any] = {"first_day": june(1), "last_day": june(16), "period_days": 30}
    assert prorated_unique_count([], present=["a"], **period) == Fraction(16, 30)
    assert prorated_unique_count([(june(16), "b", "add")], **period) == Fraction(1, 30)


def test_prorated_sum_counts_from_the_local_day_to_the_end() -> None:
    """5 before; 12 on the 26th of 30 days (5 days), 4 on the 30th (1 day), −5 on the 1st (30): 5 + 2 + 4/30 − 5."""
    values = [(june(1), Fraction(-5)), (june(26), Fraction(12)), (june(30), Fraction(4))]
    june_days: dict[str, Any] = {"first_day": june(1), "last_day": june(30), "period_days": 30}
    steps = sum_steps(values, carried_over=Fraction(5), **june_days)
    assert sum(step.prorated_units for step in steps) == 2 + Fraction(4, 30)


def test_what_is_carried_over_counts_for_the_days_that_are_billed() -> None:
    """An upgrade on the 10th: 9 days of the old plan's period and 21 of the new one's are one seat for a month."""
    old = sum_steps(
        [], first_day=june(1), last_day=june(9), period_days=30, carried_over=Fraction(1)
    )
    new = sum_steps(
        [], first_day=june(10), last_day=june(30), period_days=30, carried_over=Fraction(1)
    )
    assert [step.prorated_units for step in (*old, *new)] == [Fraction(9, 30), Fraction(21, 30)]


# Weighted sums.


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


JUNE = (at("2025-06-01T00:00:00Z"), at("2025-07-01T00:00:00Z"))


def test_weighted_sum_holds_the_running_value() -> None:
    """30 days, 3 carried over; +10 from the 4th, +5 from the 16th, −15 from the 22nd.

    3 for 3 days = 9; 13 for 12 days = 156; 18 for 6 days = 108; 3 for 9 days = 27. 300 ÷ 30 = 10.
    """
    changes = [
        (at("2025-06-04T00:00:00Z"), Fraction(10)),
        (at("2025-06-16T00:00:00Z"), Fraction(5)),
        (at("2025-06-22T00:00:00Z"), Fraction(-15)),
    ]
    period: dict[str, Any] = {"starts_at": JUNE[0], "ends_at": JUNE[1], "whole_period": JUNE}
    assert weighted_sum(changes, carried_over=Fraction(3), **period) == 10
    assert weighted_sum(changes, **period) == 7  # 3 less, all month


def test_weighted_sum_divides_by_the_whole_period() -> None:
    """1 from the 30th at noon, half a day of 30: 0.01666… → 0.016666667; the subscription began on the 21st."""
    units = weighted_sum(
        [(at("2025-06-30T12:00:00Z"), Fraction(1))],
        starts_at=at("2025-06-21T00:00:00Z"),
        ends_at=JUNE[1],
        whole_period=JUNE,
    )
    assert units == Fraction("0.016666667")


def test_weighted_sum_counts_real_time_where_clocks_change() -> None:
    """October 2025 in Berlin has 745 hours; 1 held from the 31st 00:00 local time: 24 ÷ 745 = 0.032214765…"""
    whole = (at("2025-10-01T00:00:00+02:00"), at("2025-11-01T00:00:00+01:00"))
    units = weighted_sum(
        [(at("2025-10-31T00:00:00+01:00"), Fraction(1))],
        starts_at=whole[0],
        ends_at=whole[1],
        whole_period=whole,
    )
    assert units == Fraction("0.032214765")


# Filters and groups.

FILTERS = [
    Filter("eu", {"region": frozenset({"eu", "uk"})}),
    Filter("eu again", {"region": frozenset({"eu"})}),
    Filter("eu big", {"region": frozenset({"eu"}), "size": frozenset({"2", "4"})}),
    Filter("cached", {"cached": frozenset({"true"})}),
]


@pytest.mark.parametrize(
    ("properties", "filter_code"),
    [
        ({}, None),
        ({"region": "us"}, None),
        ({"region": "uk"}, "eu"),
        ({"region": "eu"}, "eu"),  # as many keys: the one that stands first
        ({"region": "eu", "size": WrittenNumber("2")}, "eu big"),
        ({"region": "eu", "size": WrittenNumber("2.0")}, "eu"),  # a number is compared as written
        ({"size": "2"}, None),
        ({"region": None, "cached": True}, "cached"),
        ({"region": "eu", "cached": True}, "eu"),
    ],
)
def test_the_filter_with_most_keys_wins(
    properties: dict[str, Any], filter_code: str | None
) -> None:
    found = matching_filter(FILTERS, properties)
    assert (found.filter_code if found else None) == filter_code


def test_group_keys_are_json_in_the_order_of_the_charge() -> None:
    properties = {"tier": WrittenNumber("1.50"), "region": 'é"', "other": "x"}
    assert group_key(["region", "tier"], properties) == '{"region":"é\\"","tier":"1.50"}'
    assert group_key(["tier", "region"], {"tier": False}) == '{"tier":"false","region":null}'
    assert group_key([], properties) is None


def test_values_as_text() -> None:
    assert text_of({"a": [WrittenNumber("1e3"), None, "x"]}) == '{"a":[1e3,null,"x"]}'


# Expressions.


@pytest.mark.parametrize(
    ("expression", "properties", "value"),
    [
        ("prompt_tokens + 4 * completion_tokens", {"p": 1}, None),
        ("a + 4 * b", {"a": Decimal(10), "b": "2.5"}, "20"),
        ("bytes / 1e9", {"bytes": Decimal(1)}, "0.000000001"),
        ("(a + b) * (a - b)", {"a": "5", "b": "3"}, "16"),
        ("a - b - 1", {"a": "5", "b": "3"}, "1"),  # from left to right
        ("a / 4 / 2", {"a": "1"}, "0.125"),
        ("a / (2 * 2 + 1)", {"a": "1"}, "0.2"),
        ("-a + +3", {"a": "-2"}, "5"),
        (".5*a", {"a": "3"}, "1.5"),
    ],
)
def test_expressions(expression: str, properties: dict[str, Any], value: str | None) -> None:
    expected = (None, "not_numeric") if value is None else (Fraction(value), None)
    assert expression_value(expression, properties) == expected


@pytest.mark.parametrize(
    ("expression", "properties", "fault"),
    [
        ("a / 1e9", {"a": "0.5"}, "too_precise"),
        ("a * b", {"a": "0.00001", "b": "0.00001"}, "too_precise"),
        ("a * b", {"a": "1e8", "b": "1e7"}, "out_of_range"),
        ("a * 10", {"a": "99999999999999.9999999999"}, None),
        ("a", {"a": True}, "not_numeric"),
        ("a", {"a": "many"}, "not_numeric"),
        ("a", {"a": None}, "not_numeric"),
        ("a", {"a": Decimal("1e999999")}, "out_of_range"),
        ("a", {"a": Decimal("1e-999999")}, "too_precise"),
    ],
)
def test_faults_of_expressions(
    expression: str, properties: dict[str, Any], fault: str | None
) -> None:
    assert expression_value(expression, properties)[1] == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "(a",
        "a)",
        "a b",
        "a / 3",
        "a / 0",
        "a / b",
        "a ^ 2",
        "* a",
        "a / (1 - 1)",
        "1.2.3",
    ],
)
def test_texts_that_are_no_expressions(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.read(text)
