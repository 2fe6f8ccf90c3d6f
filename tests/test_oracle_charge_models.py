"""The oracle's charge models against arithmetic done by hand, at their edges."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.charge_models import (
    Measure,
    Prices,
    Step,
    Tier,
    advance_fees,
    charge_amount,
    dynamic,
    first_fees,
    graduated_percentage,
    graduated_walk,
    high_water_marks,
    percentage,
    percentage_per_transaction,
    tiers_by_property,
    true_up,
    volume,
)


def fractions(*texts: str | int) -> list[Fraction]:
    return [Fraction(text) for text in texts]


def decimals(*texts: str | int) -> list[Decimal]:
    return [Decimal(text) for text in texts]


# Up to 100 units at 2 with a flat 10; up to 200 at 1 with a flat 7; then 0.5 with a flat 50.
TIERS = (
    Tier(Decimal(100), Decimal(2), Decimal(10)),
    Tier(Decimal(200), Decimal(1), Decimal(7)),
    Tier(None, Decimal("0.5"), Decimal(50)),
)


@pytest.mark.parametrize(
    ("units", "amount"),
    [
        ("0", "10"),
        ("100", "210"),  # 100 × 2 + 10: the bound belongs to its tier
        ("100.000000001", "107.000000001"),  # the whole quantity at the second tier
        ("200", "207"),
        ("201", "150.5"),  # 201 × 0.5 + 50
    ],
)
def test_volume_edges(units: str, amount: str) -> None:
    assert volume(Fraction(units), TIERS) == Fraction(amount)


def test_prorated_volume_takes_its_tier_by_full_units() -> None:
    """300 full units are in the open tier, of which 198.6 count: 198.6 × 0.5 + 50 = 149.3; none count: the flat."""
    assert volume(Fraction(300), TIERS, prorated_units=Fraction("198.6")) == Fraction("149.3")
    measure = Measure(Fraction(300), prorated_units=Fraction(-1))
    assert charge_amount("volume", Prices(tiers=TIERS), measure) == 50


@pytest.mark.parametrize(
    ("units", "amount"),
    [
        ("0", "200"),
        ("10", "200.1"),  # 10 × 1 % + 200
        ("10.5", "500.11"),  # + 0.5 × 2 % + 300
        ("20", "500.3"),
        ("21", "900.33"),  # + 1 × 3 % + 400
    ],
)
def test_graduated_percentage_edges(units: str, amount: str) -> None:
    tiers = [
        Tier(Decimal(10), flat_amount=Decimal(200), rate=Decimal(1)),
        Tier(Decimal(20), flat_amount=Decimal(300), rate=Decimal(2)),
        Tier(None, flat_amount=Decimal(400), rate=Decimal(3)),
    ]
    assert graduated_percentage(Fraction(units), tiers) == Fraction(amount)


@pytest.mark.parametrize(
    ("model", "amount"),
    [("standard", 0), ("graduated", 10), ("volume", 10), ("package", 0), ("percentage", 0)],
)
def test_negative_units_are_none(model: str, amount: int) -> None:
    prices = Prices(
        unit_amount=Decimal(3),
        package_amount=Decimal(5),
        package_size=Decimal(10),
        rate=Decimal(1),
        fixed_amount=Decimal(2),
        tiers=TIERS,
    )
    assert charge_amount(model, prices, Measure(Fraction(-4), values=(Fraction(-4),))) == amount


# Percentage.


def percent(**limits: Any) -> Prices:
    """1 % and 2 per event."""
    return Prices(rate=Decimal(1), fixed_amount=Decimal(2), **limits)


@pytest.mark.parametrize(
    ("values", "limits", "amount"),
    [
        ([100, 50], {}, "5.5"),  # 150 × 1 % + 2 × 2
        ([], {}, "0"),
        ([100, -100], {}, "0"),  # nothing used: no fixed part
        ([100, 50], {"free_units_per_events": 1}, "2.5"),  # 100 free, one event paid
        ([100, 50], {"free_units_per_events": 2}, "0"),
        ([100, 50], {"free_units_per_events": 9}, "0"),
        # F = 120: totals 100, 150; 120 units are free, and one event, below 120: 40 × 1 % + 2 × 2.
        ([100, 50, 10], {"free_units_per_total_aggregation": Decimal(120)}, "4.4"),
        # F = 100 is met exactly by the first event, which is not below it: it pays its fixed part.
        ([100, 50], {"free_units_per_total_aggregation": Decimal(100)}, "4.5"),
        ([100, 50], {"free_units_per_total_aggregation": Decimal(0)}, "5.5"),
        # Both: totals of the first 2 events 100, 150; 100 < 120: one free event, 120 free units.
        (
            [100, 50, 10],
            {"free_units_per_events": 2, "free_units_per_total_aggregation": Decimal(120)},
            "4.4",
        ),
        # Both, the first event beyond F: no total is below it, so N is the smallest that is not zero.
        (
            [200, 50],
            {"free_units_per_events": 1, "free_units_per_total_aggregation": Decimal(120)},
            "3.3",  # 130 × 1 % + 2
        ),
        # A correction makes the running total negative: free units are never negative.
        ([-10, 50], {"free_units_per_events": 1}, "2.4"),
    ],
)
def test_percentage_with_free_units_and_events(
    values: list[int], limits: dict[str, Any], amount: str
) -> None:
    used = fractions(*values)
    units = max(sum(used, Fraction(0)), Fraction(0))
    assert percentage(units, used, percent(**limits)) == Fraction(amount)


@pytest.mark.parametrize(
    ("values", "limits", "amount"),
    [
        # 1 % + 2, at least 3, at most 5: 50 → 2.5 → 3; 200 → 4; 900 → 11 → 5.
        ([50, 200, 900], {}, "12"),
        ([50, 200, 900], {"free_units_per_events": 1}, "9"),
        # F = 100: 50 free (left 50), 200 pays 150: 3.5; 900: 5. N is ignored.
        (
            [50, 200, 900],
            {"free_units_per_events": 3, "free_units_per_total_aggregation": Decimal(100)},
            "8.5",
        ),
        # What is left must exceed the value: 50 and 50 of 100: the second pays for 0 units: 2 → 3.
        ([50, 50, 50], {"free_units_per_total_aggregation": Decimal(100)}, "6"),
        ([50], {"free_units_per_total_aggregation": Decimal(100)}, "0"),
        ([50, 200], {"free_units_per_total_aggregation": Decimal(0)}, "7"),
        ([], {}, "0"),
        ([-500], {}, "3"),  # −5 + 2 raised to the minimum
    ],
)
def test_percentage_per_transaction(values: list[int], limits: dict[str, Any], amount: str) -> None:
    prices = percent(
        per_transaction_min_amount=Decimal(3), per_transaction_max_amount=Decimal(5), **limits
    )
    assert percentage_per_transaction(fractions(*values), prices) == Fraction(amount)


def test_percentage_per_transaction_without_minimum_is_not_negative() -> None:
    prices = percent(per_transaction_max_amount=Decimal(5))
    assert percentage_per_transaction(fractions(-500, 100), prices) == 0  # −3 + 3
    assert percentage_per_transaction(fractions(-500), prices) == 0


# Amounts that come with the events, conversion.


def test_dynamic_is_the_sum_of_given_cents() -> None:
    assert dynamic(Fraction(2), decimals("10.105", "-0.1")) == Fraction("0.10005")
    assert dynamic(Fraction(0), decimals(10)) == 0
    assert dynamic(Fraction(2), decimals(-10)) == 0


RANGES = {
    "property": "certif",
    "ranges": [
        {"up_to": "10", "first": "0.3", "third": "0.5"},
        {"up_to": "20", "first": "0.2", "third": "0.4"},
        {"up_to": None, "first": "0.1", "third": "0.1"},
    ],
}


def test_custom_tiers_take_their_price_from_a_property() -> None:
    """8 first at 0.3; 4 third: 2 at 0.5, 2 at 0.4; 18 first: 8 at 0.2, 10 at 0.1. 2.4 + 1.8 + 2.6 = 6.8."""
    walked = [(Fraction(8), "first"), (Fraction(4), "third"), (Fraction(18), "first")]
    events = [(units, {"certif": name}) for units, name in walked]
    assert tiers_by_property(events, RANGES) == Fraction("6.8")
    assert charge_amount("custom", Prices(custom_properties=RANGES), Measure(Fraction(0))) == 0


def test_custom_tiers_walk_back_through_the_ranges() -> None:
    """12 first: 10 × 0.3 + 2 × 0.2 = 3.4; −4 third: −2 × 0.4 − 2 × 0.5 = −1.8."""
    events = [(Fraction(12), {"certif": "first"}), (Fraction(-4), {"certif": "third"})]
    assert tiers_by_property(events, RANGES) == Fraction("1.6")


def test_pricing_units_are_converted_whatever_the_model() -> None:
    """1,000 tokens at 2 credits, 1 credit = 0.0025: 5. 1 % of 100 and 2 for one event: 3 credits: 0.0075."""
    rate = Decimal("0.0025")
    standard = Prices(unit_amount=Decimal(2))
    assert charge_amount("standard", standard, Measure(Fraction(1000)), conversion_rate=rate) == 5
    used = Measure(Fraction(100), values=(Fraction(100),))
    amount = charge_amount("percentage", percent(), used, conversion_rate=rate)
    assert amount == Fraction("0.0075")


def test_a_missing_price_is_an_error() -> None:
    with pytest.raises(ValueError, match="no price"):
        charge_amount("standard", Prices(), Measure(Fraction(1)))


# Prorated graduated.

WALK_TIERS = (Tier(Decimal(5), Decimal(10), Decimal(100)), Tier(None, Decimal(5), Decimal(50)))


def test_walk_splits_an_event_over_its_tiers() -> None:
    """2 at 0.7 of the period: 1.4 × 10. 5 at 0.5: 3 to tier one (1.5 × 10), 2 to tier two (1 × 5). Flats 150.

    14 + 15 + 5 + 150 = 184. Then −6 at 0.1: 2 from tier two (−0.2 × 5 = −1), 4 from tier one (−0.4 × 10 = −4): 179.
    """
    steps = [Step(Fraction(2), Fraction("0.7")), Step(Fraction(5), Fraction("0.5"))]
    assert graduated_walk(steps, WALK_TIERS) == 184
    back = Step(Fraction(-6), Fraction("0.1"))
    assert graduated_walk([*steps, back], WALK_TIERS) == 179


@pytest.mark.parametrize(
    ("steps", "amount"),
    [
        ([], 100),  # the first tier's flat
        ([(5, "1")], 150),  # at the bound: 50 + 100
        ([("5.5", "1")], "202.5"),  # 50 + 2.5 + both flats
        ([(-3, "1")], 100),  # units together are never less than nothing
        ([(-3, "1"), (3, "0.5")], 100),  # −30 + 15
        ([(6, "1"), (-6, "1")], 150),  # the highest total reached both tiers
    ],
)
def test_walk_edges(steps: list[tuple[str, str]], amount: str) -> None:
    walk = [Step(Fraction(units), Fraction(share)) for units, share in steps]
    assert graduated_walk(walk, WALK_TIERS) == Fraction(amount)


# Minimum and pay in advance.


def test_true_up_is_what_lacks_to_the_prorated_minimum() -> None:
    """100 for 10 of 30 days and 60 for 20 of 30: 33.333… + 40; fees of 50.01 and 3: 20.32333… lack."""
    minimums = [(Decimal(100), 10), (Decimal(60), 20)]
    lacking = true_up(minimums, decimals("50.01", "3"), period_days=30)
    assert lacking == Fraction(100, 3) + 40 - Fraction("53.01")
    assert true_up([(Decimal(100), 30)], decimals("100"), period_days=30) == 0
    assert true_up([(Decimal(100), 30)], decimals("100.01"), period_days=30) == 0


def test_fees_of_events_add_up_to_the_rounded_whole() -> None:
    """Three calls at 0.005: marks 1, 2, 3 cost 0.005, 0.01, 0.015, rounded 0.01, 0.01, 0.02."""
    amounts = [mark * Fraction("0.005") for mark in fractions(1, 2, 3)]
    assert first_fees(amounts, scale=2) == decimals("0.01", "0.00", "0.01")


def test_units_removed_and_added_again_are_free() -> None:
    """10, 5, 7, 12 units: only what passes the mark is paid; the mark may begin at the carried-over state."""
    quantities = fractions(10, 5, 7, 12)
    assert high_water_marks(quantities) == [10, 10, 10, 12]
    assert high_water_marks(quantities, start=Fraction(11)) == [11, 11, 11, 12]
    assert first_fees(high_water_marks(quantities), scale=0) == decimals(10, 0, 0, 2)


def test_a_second_close_issues_the_rest() -> None:
    """The first close knew events 1 and 3 (of 5 and 4 units at 1) and issued 5 and 4. Event 2 of 3 units comes late.

    Known now: 12; issued: 9; event 2 alone waits and gets what is left, 3.
    """
    issued = [*decimals(5), None, *decimals(4)]
    assert advance_fees(fractions(5, 8, 12), issued, scale=2) == [None, Decimal(3), None]


def test_a_close_never_issues_below_nothing() -> None:
    """10 were issued; a correction dated before it lets the mark stand at 7 only: the events that wait pay nothing."""
    assert advance_fees(fractions(0, 7, 7), [None, Decimal(10), None], scale=2) == [
        Decimal(0),
        None,
        Decimal(0),
    ]


def test_events_that_wait_share_what_is_left() -> None:
    """10 were issued for what costs 6 today; 6 + 5 + 4 = 15 are known: 5 are left. The first gets its 5, then 0."""
    fees = advance_fees(fractions(6, 11, 15), [Decimal(10), None, None], scale=2)
    assert fees == [None, Decimal(5), Decimal(0)]


def test_a_fee_below_nothing_counts_as_none() -> None:
    """A = 3, 2, 4: own fees 3, −1, 2; known 4: 3, then 0, then what is left, 1."""
    assert advance_fees(fractions(3, 2, 4), [None] * 3, scale=2) == decimals(3, 0, 1)


def test_what_precedes_a_segment_is_not_billed_in_it() -> None:
    """A new price from the middle of a period: 100 units before it cost 20 by it, 150 cost 30: the event pays 10."""
    assert advance_fees(fractions(30), [None], scale=2, before=Fraction(20)) == decimals(10)
