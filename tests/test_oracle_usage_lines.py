"""The oracle's usage lines of whole periods, by hand: filters, groups, segments, state, minimums."""

from __future__ import annotations

from pathlib import Path

from tests.oracle.hand_written import (
    ALWAYS,
    BASE,
    FROM_16,
    UNTIL_15,
    Tables,
    charge,
    charge_lines,
    event,
    hand_bill,
    of_row,
    plain_lines,
    tier,
)

QUANTITY_AND_AMOUNT = ("quantity", "amount")


# Filters and groups.


def test_a_fee_per_filter_and_the_default(tmp_path: Path) -> None:
    """100 on aws at 0.08, 200 on gcp at 0.10; nothing else was used, at 0.12: its fee is there."""
    row = charge("tokens", unit_amount="0.12")
    tables: Tables = {
        "prices/charges": [row],
        "prices/charge_filters": [
            of_row(row, filter_code="gcp", unit_amount="0.10"),
            of_row(row, filter_code="aws", unit_amount="0.08"),
        ],
        "prices/charge_filter_values": [
            of_row(row, filter_code="gcp", property_name="cloud", property_value="gcp"),
            of_row(row, filter_code="aws", property_name="cloud", property_value="aws"),
        ],
    }
    events = [
        event("1", "2025-06-02", "tokens", amount=100, cloud="aws"),
        event("2", "2025-06-03", "tokens", amount=200, cloud="gcp"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, "filter_code", *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "gcp", "200", "20"),
        ("2025-07-01", "aws", "100", "8"),
        ("2025-07-01", "", "0", "0"),
    ]


def test_filters_have_tiers_of_their_own(tmp_path: Path) -> None:
    """12 large ones at 2 to 10 and 1 above: 22; 12 others at 5."""
    row = charge("tokens", "graduated")
    tables: Tables = {
        "prices/charges": [row],
        "prices/charge_filters": [of_row(row, filter_code="large")],
        "prices/charge_filter_values": [
            of_row(row, filter_code="large", property_name="size", property_value="4")
        ],
        "prices/charge_tiers": [
            tier(row, "", "5"),
            tier(row, "10", "2", filter_code="large"),
            tier(row, "", "1", filter_code="large"),
        ],
    }
    events = [
        event("1", "2025-06-02", "tokens", amount=12, size=4),
        event("2", "2025-06-03", "tokens", amount=12),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, "filter_code", "amount") == [
        ("2025-07-01", "large", "22"),
        ("2025-07-01", "", "60"),
    ]


def test_each_group_is_priced_and_rounded_alone(tmp_path: Path) -> None:
    """1 unit at 0.005 in each of three groups: a cent each. No fee without a group that occurs."""
    row = charge("tokens", unit_amount="0.005", pricing_group_keys="region; tier")
    tables: Tables = {"prices/charges": [row]}
    events = [
        event("1", "2025-06-02", "tokens", amount=1, region="eu", tier=1),
        event("2", "2025-06-03", "tokens", amount=1, region="eu"),
        event("3", "2025-06-03", "tokens", amount=1),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert plain_lines(result, "group_key", "amount") == [
        ("2025-07-01", '{"region":"eu","tier":"1"}', "0.01"),
        ("2025-07-01", '{"region":"eu","tier":null}', "0.01"),
        ("2025-07-01", '{"region":null,"tier":null}', "0.01"),
    ]


# A price that changes inside a period.


def test_a_new_price_applies_to_what_comes_after_it(tmp_path: Path) -> None:
    """80 until the 15th at 1 = 80, flat 5. Then 50: by the new tiers 130 cost 7 + 200 + 30, 80 cost 7 + 160: 70 more.

    The base fee: 30 × 15/30, then 60 × 15/30.
    """
    old = charge("tokens", "graduated", **UNTIL_15)
    new = charge("tokens", "graduated", **FROM_16)
    plan = {"plan_code": "pro", "interval": "monthly", "currency": "EUR", **ALWAYS}
    tables: Tables = {
        "prices/charges": [old, new],
        "prices/charge_tiers": [
            tier(old, "", "1", "5"),
            tier(new, "100", "2", "7"),
            tier(new, "", "1"),
        ],
        "prices/plans": [
            {**plan, "amount": "30", **UNTIL_15},
            {**plan, "amount": "60", **FROM_16},
            BASE["prices/plans"][1],
        ],
    }
    events = [
        event("1", "2025-06-02", "tokens", amount=80),
        event("2", "2025-06-16T00:00:00Z", "tokens", amount=50),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "80", "85"),
        ("2025-07-01", "50", "70"),
    ]
    [invoice] = [one for one in result.invoices if one.customer_id == "atlas"]
    base = [line for line in invoice.lines if line.fee_type == "subscription"]
    assert [str(line.amount) for line in base] == ["15.00", "30.00"]
    assert [line.service_period_start.day for line in base] == [1, 16]


def test_a_weighted_sum_is_cut_at_the_new_price(tmp_path: Path) -> None:
    """10 held all June. Through the 15th: 10 × 15/30 = 5 at 1. Through the end: 10 at 2, less 5 at 2: 10."""
    tables: Tables = {
        "prices/charges": [
            charge("storage", unit_amount="1", **UNTIL_15),
            charge("storage", unit_amount="2", **FROM_16),
        ]
    }
    events = [event("1", "2025-06-01T00:00:00Z", "storage", amount=10)]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "5", "5"),
        ("2025-07-01", "5", "10"),
    ]


def test_a_charge_that_begins_late_bills_what_comes_after(tmp_path: Path) -> None:
    """1 call before the charge began and 2 after: 2 at 0.5; the first is not charged."""
    tables: Tables = {"prices/charges": [charge("calls", unit_amount="0.5", **FROM_16)]}
    events = [event(day, f"2025-06-{day}", "calls") for day in ("15", "16", "17")]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "2", "1")]
    assert result.event_verdicts == {("billed", "calls"): 2, ("not_charged", "calls"): 1}


# Recurring state.


def test_seats_carry_over_and_are_prorated(tmp_path: Path) -> None:
    """June: 3 seats from the 16th: 3 × 15/30 = 1.5 at 10. July: 3 in full, 2 more from the 31st: 2/31.

    3 + 2/31 = 3.0645161290 → 30.6451612… → 30.65; its unit amount is 30.645… ÷ 5 full seats.
    """
    tables: Tables = {
        "prices/charges": [charge("seats", unit_amount="10", is_prorated="true")],
    }
    events = [
        event("1", "2025-06-16", "seats", amount=3),
        event("2", "2025-07-31", "seats", amount=2),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert charge_lines(result, "quantity", "amount", "unit_amount") == [
        ("2025-07-01", "1.500000000", "15.00", "5.000000000000"),  # 15 ÷ 3 full seats
        ("2025-08-01", "3.064516129", "30.65", "6.129032258065"),
    ]


def test_users_of_before_the_billing_start_are_there(tmp_path: Path) -> None:
    """a and b came in May, before billing began; b left on 10 June, c came on the 21st: 30 + 10 + 10 of 30 days."""
    subscriptions = [
        {**BASE["accounts/subscriptions"][0], "started_at": "2025-05-01T00:00:00Z"}
        | {"billing_starts_at": "2025-06-01T00:00:00Z"},
        BASE["accounts/subscriptions"][1],
    ]
    tables: Tables = {
        "accounts/subscriptions": subscriptions,
        "prices/charges": [charge("users", unit_amount="3", is_prorated="true")],
    }
    events = [
        event("1", "2025-05-05", "users", user="a"),
        event("2", "2025-05-06", "users", user="b"),
        event("3", "2025-06-10", "users", user="b", operation_type="remove"),
        event("4", "2025-06-21", "users", user="c", operation_type="add"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert charge_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "1.666666667", "5.00")]
    assert result.event_verdicts == {("before_start", "users"): 2, ("billed", "users"): 2}


def test_state_passes_from_one_subscription_to_the_next(tmp_path: Path) -> None:
    """5 seats under s1, which ends on 30 June; s3 of the same external id has them in July, 2 of them given back."""
    first, clock = BASE["accounts/subscriptions"]
    subscriptions = [
        {**first, "ended_at": "2025-07-01T00:00:00Z"},
        {**first, "subscription_id": "s3", "started_at": "2025-07-01T00:00:00Z"},
        clock,
    ]
    tables: Tables = {
        "accounts/subscriptions": subscriptions,
        "prices/charges": [charge("seats", unit_amount="10")],
    }
    events = [
        event("1", "2025-06-16", "seats", amount=5),
        event("2", "2025-07-31", "seats", amount=-2),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert plain_lines(result, "subscription_id", *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "s1", "5", "50"),
        ("2025-08-01", "s3", "3", "30"),
    ]


def test_prorated_graduated_walks_through_carried_over_seats(tmp_path: Path) -> None:
    """4 seats from June. July, 31 days: +4 on the 1st (in full), −1 on the 31st (1/31).

    Up to 5 at 10 with flat 1, then 4 with flat 2. 4 × 10; 1 × 10 + 3 × 4; −1/31 × 4; flats 3: 65 − 0.129… = 64.87.
    """
    row = charge("seats", "graduated", is_prorated="true")
    tables: Tables = {
        "prices/charges": [row],
        "prices/charge_tiers": [tier(row, "5", "10", "1"), tier(row, "", "4", "2")],
    }
    events = [
        event("1", "2025-06-01", "seats", amount=4),
        event("2", "2025-07-01", "seats", amount=4),
        event("3", "2025-07-31", "seats", amount=-1),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert charge_lines(result, "amount")[-1] == ("2025-08-01", "64.87")


# Models that look at events; expressions; pricing units; rounding functions.


def test_dynamic_prices_come_with_the_events(tmp_path: Path) -> None:
    """10.105 and 0.4 cents = 0.10505; an event without a price is not numeric and in no quantity."""
    tables: Tables = {"prices/charges": [charge("tokens", "dynamic")]}
    events = [
        event("1", "2025-06-02", "tokens", amount=5) | {"precise_total_amount_cents": "10.105"},
        event("2", "2025-06-02", "tokens", amount=2) | {"precise_total_amount_cents": 0.4},
        event("3", "2025-06-02", "tokens", amount=100),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "7", "0.11")]
    assert result.event_verdicts == {("billed", "tokens"): 2, ("not_numeric", "tokens"): 1}


def test_percentages_see_the_events_in_time_order(tmp_path: Path) -> None:
    """1 %, at least 1 each, the first event free: by time that is the one of 500; 20 → 1, 300 → 3: 4 credits of 0.5."""
    cells = {"free_units_per_events": "1", "per_transaction_min_amount": "1"}
    units = {"pricing_unit_code": "credit", "conversion_rate": "0.5"}
    tables: Tables = {
        "prices/charges": [charge("tokens", "percentage", rate="1", **cells, **units)],
        "prices/pricing_units": [{"pricing_unit_code": "credit", "pricing_unit_name": "Credit"}],
    }
    events = [
        event("1", "2025-06-03", "tokens", amount=20),
        event("2", "2025-06-04", "tokens", amount=300),
        event("3", "2025-06-02", "tokens", amount=500),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "820", "2")]


def test_an_expression_takes_the_place_of_a_field(tmp_path: Path) -> None:
    """(10 + 4 × 2.5) + (1 + 4 × 1) = 25, rounded up to tens: 30 at 0.1."""
    metric = {"metric_code": "weighted", "aggregation_type": "sum", "rounding_function": "ceil"}
    metric |= {"expression": "prompt + 4 * completion", "rounding_precision": "-1"}
    tables: Tables = {
        "prices/billable_metrics": [*BASE["prices/billable_metrics"], metric],
        "prices/charges": [charge("weighted", unit_amount="0.1")],
    }
    events = [
        event("1", "2025-06-03", "weighted", prompt=10, completion="2.5"),
        event("2", "2025-06-04", "weighted", prompt=1, completion=1),
        event("3", "2025-06-04", "weighted", prompt=1),
        event("4", "2025-06-04", "weighted", prompt=1, completion="0.0000000001"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "30", "3")]
    assert result.event_verdicts == {
        ("billed", "weighted"): 2,
        ("not_numeric", "weighted"): 1,
        ("too_precise", "weighted"): 1,
    }


def test_a_custom_charge_takes_prices_from_a_property(tmp_path: Path) -> None:
    """8 first at 0.3, then 4 third: 2 at 0.5 and 2 at 0.4: 2.4 + 1.8."""
    metric = {"metric_code": "checks", "aggregation_type": "custom", "field_name": "amount"}
    properties = """{"property": "certif", "ranges": [
        {"up_to": "10", "first": "0.3", "third": "0.5"},
        {"up_to": null, "first": "0.2", "third": "0.4"}]}"""
    tables: Tables = {
        "prices/billable_metrics": [{**metric, "custom_model": "tiers_by_property"}],
        "prices/charges": [charge("checks", "custom", custom_properties=properties)],
    }
    events = [
        event("2", "2025-06-04", "checks", amount=4, certif="third"),
        event("1", "2025-06-03", "checks", amount=8, certif="first"),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, *QUANTITY_AND_AMOUNT) == [("2025-07-01", "12", "4.2")]


# Minimum.


def test_one_true_up_for_all_fees_of_a_charge(tmp_path: Path) -> None:
    """From 16 June: 100 × 15/30 = 50; the default's fee is 20, the filter's 10: 20 lack. July's fees are 0: 100."""
    row = charge("tokens", unit_amount="2", minimum_amount="100")
    tables: Tables = {
        "accounts/subscriptions": [
            {**BASE["accounts/subscriptions"][0], "started_at": "2025-06-16T08:00:00Z"},
            BASE["accounts/subscriptions"][1],
        ],
        "prices/charges": [row],
        "prices/charge_filters": [of_row(row, filter_code="eu", unit_amount="1")],
        "prices/charge_filter_values": [
            of_row(row, filter_code="eu", property_name="region", property_value="eu")
        ],
    }
    events = [
        event("1", "2025-06-17", "tokens", amount=10, region="eu"),
        event("2", "2025-06-17", "tokens", amount=10),
    ]
    result = hand_bill(tmp_path, tables, [events], "2025-08-01")
    assert plain_lines(result, "fee_type", "filter_code", *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "charge", "eu", "10", "10"),
        ("2025-07-01", "charge", "", "10", "20"),
        ("2025-07-01", "charge_true_up", "", "1", "20"),
        ("2025-08-01", "charge", "eu", "0", "0"),
        ("2025-08-01", "charge", "", "0", "0"),
        ("2025-08-01", "charge_true_up", "", "1", "100"),
    ]


def test_a_minimum_of_0_does_not_lift_negative_fees(tmp_path: Path) -> None:
    """A model of one's own may take back: 10 units at −2 are −20, and a minimum of 0 is none."""
    properties = '{"property": "region", "ranges": [{"up_to": null, "eu": "-2"}]}'
    metric = {"metric_code": "checks", "aggregation_type": "custom", "field_name": "amount"}
    row = charge("checks", "custom", custom_properties=properties, minimum_amount="0.00")
    tables: Tables = {
        "prices/billable_metrics": [{**metric, "custom_model": "tiers_by_property"}],
        "prices/charges": [row],
    }
    events = [event("1", "2025-06-17", "checks", amount=10, region="eu")]
    result = hand_bill(tmp_path, tables, [events], "2025-07-01")
    assert plain_lines(result, "fee_type", *QUANTITY_AND_AMOUNT) == [
        ("2025-07-01", "charge", "10", "-20")
    ]
