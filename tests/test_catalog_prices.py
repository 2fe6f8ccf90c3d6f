"""Metrics, charges, filters and tiers that contradict themselves are named with file, row and mend.

Each case takes the good price book, changes one row, and reads all that is said. The row's line is its index and 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.price_book import (  # noqa: F401  a fixture
    Book,
    C,
    F,
    M,
    P,
    T,
    V,
    charge,
    detail,
    errors_of,
    metric,
    price_book,
    write_book,
)

CALLS, TOKENS, _, PACKS, SEATS, FEES, GIVEN, SPECIAL, STORAGE, STOCK = range(10)
MODELS = 12

# name: file, index of the row, its changed columns, and the message without `file row N: `.
METRICS: dict[str, tuple[int, dict[str, str], str]] = {
    "count of a field": (0, {"field_name": "x"}, "a count has no field_name; leave it empty"),
    "count by expression": (0, {"expression": "a"}, "a count has no expression; leave it empty"),
    "sum of nothing": (
        1, {"field_name": ""},
        "a sum needs a value; name the property that holds it in field_name, or write an expression",
    ),
    "weighted sum of nothing": (
        3, {"field_name": ""},
        "a weighted sum needs a value; name the property that holds it in field_name, or write an expression",
    ),
    "sum of both": (1, {"expression": "a"}, "a sum has field_name or expression, not both; leave one empty"),
    "unique count of nothing": (
        2, {"field_name": ""}, "a unique count needs field_name; name the property whose values are counted",
    ),
    "unique count by expression": (2, {"expression": "a"}, "a unique count has no expression; leave it empty"),
    "broken expression": (
        4, {"expression": "prompt + * 4"},
        "expression, at character 10: '*' is not expected here; write a property, a number or a parenthesis",
    ),
    "expression of three properties": (
        4, {"expression": "a * b * c"},
        "expression, at character 7: this multiplies 3 properties; two are the most; split the metric",
    ),
    "quote in a name": (
        1, {"field_name": 'a"b'},
        "field_name 'a\"b' holds a quote, a backslash or a character that cannot be seen; correct it",
    ),
    "wildcard as a name": (1, {"field_name": "*"}, "field_name '*' stands for every property; correct it"),
    "recurring count": (
        0, {"is_recurring": "true"},
        "a count cannot be recurring; set is_recurring to false, or aggregate by sum or unique_count",
    ),
    "recurring maximum": (
        5, {"is_recurring": "true"},
        "a max cannot be recurring; set is_recurring to false, or aggregate by sum or unique_count",
    ),
    "precision without a function": (
        1, {"rounding_precision": "2"},
        "rounding_precision needs rounding_function; fill in round, ceil or floor, or leave both empty",
    ),
    "precision out of range": (1, {"rounding_precision": "10"}, "rounding_precision is 10; it must be 9 or less"),
    "unknown function": (
        1, {"rounding_function": "up"}, "rounding_function is 'up'; it must be one of round, ceil, floor",
    ),
    "unknown aggregation": (
        1, {"aggregation_type": "avg"},
        "aggregation_type is 'avg'; it must be one of count, sum, max, latest, unique_count, weighted_sum, custom",
    ),
    "custom without a model": (
        7, {"custom_model": ""},
        "a custom metric needs custom_model; name an entry of custom_aggregations in dbt_project.yml",
    ),
    "custom by an unknown model": (
        7, {"custom_model": "other"},
        "unknown custom_model 'other'; add it to custom_aggregations in dbt_project.yml, which has tiers_by_property",
    ),
    "custom by expression": (7, {"expression": "a"}, "a custom has no expression; leave it empty"),
    "model without custom": (0, {"custom_model": "tiers_by_property"}, "a count has no custom_model; leave it empty"),
}  # fmt: skip

CHARGES: dict[str, tuple[int, dict[str, str], str]] = {
    "standard without a price": (CALLS, {"unit_amount": ""}, "a standard charge needs unit_amount; fill it in"),
    "default price beside filters": (MODELS, {"unit_amount": ""}, "a standard charge needs unit_amount; fill it in"),
    "graduated with a price": (
        TOKENS, {"unit_amount": "1"}, "a graduated charge does not use unit_amount; leave it empty",
    ),
    "package without its size": (PACKS, {"package_size": ""}, "a package charge needs package_size; fill it in"),
    "package with a rate": (PACKS, {"rate": "1"}, "a package charge does not use rate; leave it empty"),
    "percentage without a rate": (FEES, {"rate": ""}, "a percentage charge needs rate; fill it in"),
    "percentage with free units": (
        FEES, {"free_units": "1"}, "a percentage charge does not use free_units; leave it empty",
    ),
    "dynamic with a price": (GIVEN, {"unit_amount": "1"}, "a dynamic charge does not use unit_amount; leave it empty"),
    "properties without custom": (
        CALLS, {"custom_properties": "{}"}, "a standard charge does not use custom_properties; leave it empty",
    ),
    "properties that are a list": (
        SPECIAL, {"custom_properties": "[1]"}, 'custom_properties is no JSON object; write one, like {"rate": "0.5"}',
    ),
    "properties that are not JSON": (
        SPECIAL, {"custom_properties": '{"a": NaN}'},
        'custom_properties is no JSON object; write one, like {"rate": "0.5"}',
    ),
    "properties with a name twice": (
        SPECIAL, {"custom_properties": '{"a": 1, "a": 2}'},
        'custom_properties is no JSON object; write one, like {"rate": "0.5"}',
    ),
    "minimum above maximum": (
        FEES, {"per_transaction_min_amount": "10.5"},
        "per_transaction_min_amount 10.5 is above per_transaction_max_amount 10; correct one of them",
    ),
    "custom charge of a count": (
        SPECIAL, {"metric_code": "calls"},
        "a custom charge needs a custom metric, but metric 'calls' is count; choose another charge_model",
    ),
    "standard charge of a custom metric": (
        CALLS, {"metric_code": "special"},
        "metric 'special' is custom, which only a custom charge prices; set charge_model to custom",
    ),
    "dynamic charge of a maximum": (
        GIVEN, {"metric_code": "peak"},
        "a dynamic charge needs a metric that counts or sums, but metric 'peak' is max; choose another",
    ),
    "volume in advance": (
        SEATS, {"is_pay_in_advance": "true"},
        "a volume charge cannot be paid in advance; set is_pay_in_advance to false",
    ),
    "weighted sum in advance": (
        STORAGE, {"is_pay_in_advance": "true"},
        "metric 'storage' is weighted_sum, which cannot be paid in advance; set is_pay_in_advance to false",
    ),
    "custom in advance": (
        SPECIAL, {"is_pay_in_advance": "true"},
        "metric 'special' is custom, which cannot be paid in advance; set is_pay_in_advance to false",
    ),
    "minimum in advance": (
        FEES, {"minimum_amount": "5"}, "a charge paid in advance has no minimum_amount; leave it empty",
    ),
    "minimum finer than the currency": (
        TOKENS, {"minimum_amount": "5.001"}, "minimum_amount 5.001 has more decimals than USD has (2); round it",
    ),
    "prorated package of a count": (
        STOCK, {"charge_model": "percentage", "unit_amount": "", "rate": "1"},
        "a percentage charge cannot be prorated, only standard, graduated or volume; set is_prorated to false",
    ),
    "prorated and not recurring": (
        STOCK, {"metric_code": "tokens"},
        "a prorated charge needs a recurring sum or unique_count, but metric 'tokens' is sum and not recurring; "
        "set is_prorated to false, or choose another metric",
    ),
    "prorated weighted sum": (
        STORAGE, {"is_prorated": "true"},
        "a prorated charge needs a recurring sum or unique_count, but metric 'storage' is weighted_sum and recurring; "
        "set is_prorated to false, or choose another metric",
    ),
    "maximum per event of carried-over units": (
        FEES, {"metric_code": "stock", "per_transaction_min_amount": ""},
        "per_transaction_max_amount goes by single events, but metric 'stock' is recurring, and what it carries over "
        "is none; leave it empty",
    ),
    "free events of a maximum": (
        FEES, {"metric_code": "peak", "per_transaction_min_amount": "", "per_transaction_max_amount": ""},
        "free_units_per_events goes by single events, but metric 'peak' is max; leave it empty",
    ),
    "group key twice": (
        CALLS, {"pricing_group_keys": "region;tier; region"}, "pricing_group_keys names 'region' twice; remove one",
    ),
    "empty group key": (
        CALLS, {"pricing_group_keys": "region;"}, "a name in pricing_group_keys is empty; part the names by ;",
    ),
    "quoted group key": (
        CALLS, {"pricing_group_keys": "'region'"},
        "a name in pricing_group_keys ''region'' holds a quote, a backslash or a character that cannot be seen; "
        "part the names by ;",
    ),
    "unit without a rate": (
        STORAGE, {"conversion_rate": ""},
        "prices in 'credit' need conversion_rate; fill in what one is worth in the plan's currency",
    ),
    "rate without a unit": (
        CALLS, {"conversion_rate": "2"},
        "conversion_rate needs pricing_unit_code; name the unit, or leave both empty",
    ),
    "dynamic in a unit": (
        GIVEN, {"pricing_unit_code": "credit", "conversion_rate": "2"},
        "a dynamic charge has no pricing unit, its amounts come with the events; leave it empty",
    ),
    "converted price too fine": (
        STORAGE, {"unit_amount": "0.000000000001"},
        "unit_amount 0.000000000001 × conversion_rate 0.5 = 0.0000000000005, with more than 12 decimals; prices are "
        "never rounded, choose another rate",
    ),
    "converted price too large": (
        STORAGE, {"unit_amount": "99999999", "conversion_rate": "2"},
        "unit_amount 99999999 × conversion_rate 2 = 199999998, with more than 8 digits before the point; choose "
        "another unit",
    ),
    "unknown unit": (
        STORAGE, {"pricing_unit_code": "coin"},
        "unknown pricing unit 'coin'; add it to pricing_units or correct pricing_unit_code",
    ),
    "first month after the last": (
        CALLS, {"first_month": "4", "last_month": "3"}, "first_month 4 is after last_month 3; correct one of them",
    ),
    "month zero": (CALLS, {"first_month": "0"}, "first_month is 0; it must be 1 or more"),
    "override of nobody": (
        CALLS, {"subscription_id": "sub_9"},
        "unknown subscription 'sub_9'; add it to subscriptions or correct subscription_id",
    ),
}  # fmt: skip

FILTERS: dict[str, tuple[int, dict[str, str], str]] = {
    "without its price": (0, {"unit_amount": ""}, "a standard filter needs unit_amount; fill it in"),
    "with another model's price": (0, {"rate": "1"}, "a standard filter does not use rate; leave it empty"),
    "tiered with a price": (2, {"unit_amount": "1"}, "a volume filter does not use unit_amount; leave it empty"),
}  # fmt: skip

TIERS: dict[str, tuple[int, dict[str, str], str]] = {
    "percentage tier without a rate": (2, {"rate": ""}, "a graduated_percentage tier needs rate; fill it in"),
    "percentage tier with an amount": (
        2, {"unit_amount": "1"}, "a graduated_percentage tier does not use unit_amount; leave it empty",
    ),
    "graduated tier without an amount": (0, {"unit_amount": ""}, "a graduated tier needs unit_amount; fill it in"),
    "volume tier with a rate": (4, {"rate": "1"}, "a volume tier does not use rate; leave it empty"),
    "first bound zero": (0, {"up_to": "0"}, "up_to 0 is not above 0; tiers must ascend"),
    "last tier bounded": (1, {"up_to": "2000"}, "the last tier must be open; leave its up_to empty"),
}  # fmt: skip

CASES = {
    f"{file}: {name}": (file, *case)
    for file, cases in ((M, METRICS), (C, CHARGES), (F, FILTERS), (T, TIERS))
    for name, case in cases.items()
}


def said(folder: Path, rows: Book) -> list[str]:
    return errors_of(write_book(folder, rows))


def test_the_book_that_the_cases_spoil_is_good(tmp_path: Path, book: Book) -> None:
    assert said(tmp_path, book) == []


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_names_file_row_and_mend(
    tmp_path: Path,
    book: Book,
    case: str,
) -> None:
    file, index, changes, message = CASES[case]
    book[file][index] |= changes
    problems = said(tmp_path, book)
    assert problems[0] == f"{file}.csv row {index + 2}: {message}"
    # A changed key also orphans the details of the row; nothing else is said twice.
    assert len(problems) == 1 or "is_pay_in_advance" not in changes


@pytest.mark.parametrize("expression", ["a", "a - b", "3 + a * b / 2.5", "`x y`"])
def test_a_value_may_be_an_expression_for_every_aggregation_of_values(
    tmp_path: Path,
    book: Book,
    expression: str,
) -> None:
    for index in (1, 3, 5, 6):
        book[M][index] |= {"field_name": "", "expression": expression}
    assert said(tmp_path, book) == []


KEY = "plan_code pro, charge_code {}, valid_from 2025-01-01, recorded_at 2025-01-01T00:00:00Z"
COPY = "copy plan_code, charge_code, subscription_id, first_month, valid_from and recorded_at from prices/charges.csv"

DETAILS: dict[str, tuple[str, dict[str, Any], str]] = {
    "filter of no charge": (
        F, detail("nope", filter_code="x", display_name="X"), f"no charge row has {KEY.format('nope')}; {COPY}",
    ),
    "value of no charge": (
        V, detail("nope", filter_code="x", property_name="a", property_value="b"),
        f"no charge row has {KEY.format('nope')}; {COPY}",
    ),
    "value of no filter": (
        V, detail("models", filter_code="small", property_name="a", property_value="b"),
        "charge 'models' has no filter 'small' in this row; add it to prices/charge_filters.csv with the same key, or "
        "correct filter_code",
    ),
    "value of a wildcard": (
        V, detail("models", filter_code="large", property_name="*", property_value="b"),
        "property_name '*' stands for every property; correct it",
    ),
    "value twice": (
        V, detail("models", filter_code="large", property_name="model", property_value="l"),
        "duplicate key (plan_code pro, charge_code models",
    ),
    "filter twice": (
        F, detail("models", filter_code="large", display_name="Again", unit_amount="2"),
        "duplicate key (plan_code pro, charge_code models",
    ),
    "tier of no charge": (T, detail("nope", unit_amount="1"), f"no charge row has {KEY.format('nope')}; {COPY}"),
    "tier of a standard charge": (
        T, detail("calls", unit_amount="1"), "charge 'calls' is standard, which has no tiers; remove them",
    ),
    "tier of no filter": (
        T, detail("bulk", filter_code="us", unit_amount="1"),
        "charge 'bulk' has no filter 'us' in this row; add it to prices/charge_filters.csv with the same key, or "
        "correct filter_code",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DETAILS)
def test_a_detail_belongs_to_a_charge_row(tmp_path: Path, book: Book, case: str) -> None:
    file, row, message = DETAILS[case]
    book[file].append(row)
    problems = said(tmp_path, book)
    assert problems[0].startswith(f"{file}.csv row {len(book[file]) + 1}: {message}")


def test_a_detail_repeats_all_six_columns_of_its_charge_row(tmp_path: Path, book: Book) -> None:
    row = charge("tokens", "tokens", "graduated", subscription_id="sub_1", first_month="2")
    book[C].append(row)
    book[T].append(detail("tokens", subscription_id="sub_1", unit_amount="1"))
    assert said(tmp_path, book) == [
        "prices/charge_tiers.csv row 11: no charge row has plan_code pro, charge_code tokens, subscription_id sub_1, "
        f"valid_from 2025-01-01, recorded_at 2025-01-01T00:00:00Z; {COPY}",
        "prices/charges.csv row 16: graduated charge 'tokens' has no tiers; add them to prices/charge_tiers.csv",
    ]
    book[T][-1] |= {"first_month": "2"}
    assert said(tmp_path, book) == []


def test_a_filter_of_a_tiered_charge_has_tiers_of_its_own(tmp_path: Path, book: Book) -> None:
    book[F].append(detail("bulk", filter_code="us", display_name="US"))
    book[V].append(detail("bulk", filter_code="us", property_name="region", property_value="us"))
    assert said(tmp_path, book) == [
        "prices/charge_filters.csv row 5: filter 'us' of volume charge 'bulk' has no tiers; "
        "add them to prices/charge_tiers.csv"
    ]


def test_tiers_in_a_unit_are_converted_too(tmp_path: Path, book: Book) -> None:
    book[C][TOKENS] |= {"pricing_unit_code": "credit", "conversion_rate": "0.000000001"}
    assert said(tmp_path, book) == []
    book[T][0] |= {"unit_amount": "0.0002"}
    assert said(tmp_path, book)[0].startswith(
        "prices/charge_tiers.csv row 2: unit_amount 0.0002 × conversion_rate 0.000000001 = 0.0000000000002, with more "
        "than 12 decimals"
    )


def test_a_converted_rate_keeps_ten_decimals(tmp_path: Path, book: Book) -> None:
    book[C][FEES] |= {
        "pricing_unit_code": "credit",
        "conversion_rate": "0.1",
        "rate": "0.000000001",
    }
    assert said(tmp_path, book) == []
    book[C][FEES] |= {"rate": "0.0000000001"}
    assert (
        "rate 0.0000000001 × conversion_rate 0.1 = 0.00000000001, with more than 10 decimals"
        in (said(tmp_path, book)[0])
    )


def test_an_override_is_of_a_subscription_on_the_plan(tmp_path: Path, book: Book) -> None:
    book[P].append(book[P][0] | {"plan_code": "free", "plan_name": "Free", "subscription_id": ""})
    book[C].append(charge("calls", "calls", "standard", unit_amount="1", subscription_id="sub_1"))
    assert said(tmp_path, book) == []
    book[C][-1] |= {"plan_code": "free"}
    assert said(tmp_path, book) == [
        "prices/charges.csv row 16: subscription 'sub_1' is not on plan 'free'; correct subscription_id or plan_code"
    ]


# first and last month of two rows of one charge, and whether they can hold in one month.
PHASES = [
    (("1", "3"), ("4", ""), False),
    (("1", "3"), ("3", ""), True),
    (("", "3"), ("4", "6"), False),
    (("2", "5"), ("3", "4"), True),
    (("", ""), ("1", "3"), False),
]


@pytest.mark.parametrize(("one", "other", "is_refused"), PHASES)
def test_phases_of_one_recording_may_not_overlap(
    tmp_path: Path,
    book: Book,
    one: tuple[str, str],
    other: tuple[str, str],
    is_refused: bool,
) -> None:
    for first, last in (one, other):
        months = {"first_month": first, "last_month": last}
        book[C].append(charge("ramp", "calls", "standard", unit_amount="1", **months))
    problem = (
        "prices/charges.csv row 17: its months and validity overlap those of row 16 at the same recorded_at; "
        "part the months, or record the correction later"
    )
    assert said(tmp_path, book) == ([problem] if is_refused else [])
    book[C][-1] |= {"recorded_at": "2025-02-01T00:00:00Z"}
    assert said(tmp_path, book) == []


def test_overrides_of_two_subscriptions_do_not_meet(tmp_path: Path, book: Book) -> None:
    for subscription in ("sub_1", "sub_2"):
        row = charge("calls", "calls", "standard", unit_amount="1", subscription_id=subscription)
        book[C].append(row)
    assert said(tmp_path, book) == []
    later = book[C][-1] | {"valid_from": "2025-06-01"}
    book[C].append(later)
    assert said(tmp_path, book) == [
        "prices/charges.csv row 18: its validity overlaps that of row 17 at the same recorded_at; "
        "end the earlier one, or record the correction later"
    ]
